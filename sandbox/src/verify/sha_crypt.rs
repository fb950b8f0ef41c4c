//! `$5$` and `$6$`: Ulrich Drepper's SHA-crypt, after his specification.

use sha2::{Digest, Sha256, Sha512};

use super::Verdict;
use super::encoding::{push, push_three};

const DEFAULT_ROUNDS: u32 = 5000;
const FEWEST_ROUNDS: u32 = 1000;
const MOST_ROUNDS: u32 = 999_999_999;
/// Beyond this a sandbox does not compute.
const MOST_COMPUTED: u32 = 10_000_000;

/// Checks a password against a whole `$5$…`.
pub(super) fn verify_sha256(hash: &str, password: &[u8]) -> Verdict {
    verify::<Sha256>(hash.strip_prefix("$5$"), password, |digest| {
        let mut out = String::with_capacity(43);
        let mut places = (0, 10, 20);
        for _ in 0..10 {
            push_three(&mut out, digest, places);
            places = (places.2 + 1, places.0 + 1, places.1 + 1);
        }
        let last = |place: usize| digest.get(place).copied().map_or(0, u32::from);
        push(&mut out, last(31) << 8 | last(30), 3);
        out
    })
}

/// Checks a password against a whole `$6$…`.
pub(super) fn verify_sha512(hash: &str, password: &[u8]) -> Verdict {
    verify::<Sha512>(hash.strip_prefix("$6$"), password, |digest| {
        let mut out = String::with_capacity(86);
        let mut places = (0, 21, 42);
        for _ in 0..21 {
            push_three(&mut out, digest, places);
            places = (places.1 + 1, places.2 + 1, places.0 + 1);
        }
        push(&mut out, digest.get(63).copied().map_or(0, u32::from), 2);
        out
    })
}

fn verify<D: Digest + Clone>(
    rest: Option<&str>,
    password: &[u8],
    encode: impl Fn(&[u8]) -> String,
) -> Verdict {
    let Some(rest) = rest else {
        return Verdict::Wrong;
    };
    let (rounds, rest) = match rest
        .strip_prefix("rounds=")
        .and_then(|rest| rest.split_once('$'))
        .and_then(|(rounds, rest)| Some((rounds.parse::<u32>().ok()?, rest)))
    {
        Some((rounds, rest)) => (rounds.clamp(FEWEST_ROUNDS, MOST_ROUNDS), rest),
        None => (DEFAULT_ROUNDS, rest),
    };
    let Some((salt, expected)) = rest.split_once('$') else {
        return Verdict::Wrong;
    };
    if rounds > MOST_COMPUTED {
        return Verdict::TooCostly;
    }
    let digest = compute::<D>(salt.as_bytes(), password, rounds);
    (encode(&digest) == expected).into()
}

fn compute<D: Digest + Clone>(salt: &[u8], password: &[u8], rounds: u32) -> Vec<u8> {
    let inner = D::new().chain_update(password).chain_update(salt).chain_update(password).finalize();
    let mut outer = D::new().chain_update(password).chain_update(salt);
    outer.update(stretched(&inner, password.len()));
    let mut length = password.len();
    while length > 0 {
        if length & 1 == 1 {
            outer.update(&inner);
        } else {
            outer.update(password);
        }
        length >>= 1;
    }
    let mut digest = outer.finalize();

    let mut over_password = D::new();
    for _ in 0..password.len() {
        over_password.update(password);
    }
    let p = stretched(&over_password.finalize(), password.len());

    let times = 16 + usize::from(digest.first().copied().unwrap_or(0));
    let mut over_salt = D::new();
    for _ in 0..times {
        over_salt.update(salt);
    }
    let s = stretched(&over_salt.finalize(), salt.len());

    for round in 0..rounds {
        let mut hasher = D::new();
        let odd = round % 2 == 1;
        hasher.update(if odd { &p[..] } else { &digest[..] });
        if round % 3 != 0 {
            hasher.update(&s);
        }
        if round % 7 != 0 {
            hasher.update(&p);
        }
        hasher.update(if odd { &digest[..] } else { &p[..] });
        digest = hasher.finalize();
    }
    digest.to_vec()
}

/// A digest repeated until it is that long.
fn stretched(digest: &[u8], length: usize) -> Vec<u8> {
    digest.iter().copied().cycle().take(length).collect()
}
