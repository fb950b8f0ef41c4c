//! `$1$`: Poul-Henning Kamp's MD5 crypt.

use md5::{Digest, Md5};

use super::encoding::{push, push_three};

/// The places of the digest in the order in which they are written.
const ORDER: [(usize, usize, usize); 5] = [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)];

/// Checks a password against a whole `$1$salt$hash`.
pub(super) fn verify(hash: &str, password: &[u8]) -> bool {
    hash.strip_prefix("$1$")
        .and_then(|rest| rest.split_once('$'))
        .is_some_and(|(salt, expected)| compute(salt.as_bytes(), password) == expected)
}

fn compute(salt: &[u8], password: &[u8]) -> String {
    let inner: [u8; 16] =
        Md5::new().chain_update(password).chain_update(salt).chain_update(password).finalize().into();
    let mut outer = Md5::new().chain_update(password).chain_update(b"$1$").chain_update(salt);
    for byte in inner.iter().cycle().take(password.len()) {
        outer.update([*byte]);
    }
    // The historic oddity: one byte for each bit of the length, NUL or the password's first.
    let mut length = password.len();
    while length > 0 {
        let byte = if length & 1 == 1 { 0 } else { password.first().copied().unwrap_or(0) };
        outer.update([byte]);
        length >>= 1;
    }
    let mut digest: [u8; 16] = outer.finalize().into();
    for round in 0..1000 {
        let mut md5 = Md5::new();
        let odd = round % 2 == 1;
        md5.update(if odd { password } else { &digest[..] });
        if round % 3 != 0 {
            md5.update(salt);
        }
        if round % 7 != 0 {
            md5.update(password);
        }
        md5.update(if odd { &digest[..] } else { password });
        digest = md5.finalize().into();
    }
    let mut out = String::with_capacity(22);
    for places in ORDER {
        push_three(&mut out, &digest, places);
    }
    push(&mut out, digest.get(11).copied().map_or(0, u32::from), 2);
    out
}
