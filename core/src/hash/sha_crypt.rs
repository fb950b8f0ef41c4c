//! SHA-crypt, `$5$` and `$6$`: Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512", steps as numbered there.

use sha2::digest::{Digest, Output};
use zeroize::Zeroizing;

use super::encoding::itoa64;

/// The digest characters for a password, a salt (at most 16 bytes count) and a number of rounds.
///
/// `order` is where each group of three digest bytes comes from, highest first; see [`SHA256`] and [`SHA512`].
pub(super) fn sha_crypt<D: Digest>(
    password: &[u8],
    salt: &[u8],
    rounds: u32,
    order: &[[Option<u8>; 3]],
) -> Zeroizing<Vec<u8>> {
    let salt = salt.get(..16).unwrap_or(salt);
    let size = <D as Digest>::output_size();

    // Steps 4 to 8: B.
    let b = super::digests::hash::<D>(&[password, salt, password]);

    // Steps 1 to 3 and 9 to 12: A.
    let mut hasher = D::new();
    hasher.update(password);
    hasher.update(salt);
    update_repeated(&mut hasher, &b, password.len());
    let mut bits = password.len();
    while bits > 0 {
        if bits & 1 == 1 {
            hasher.update(&b)
        } else {
            hasher.update(password)
        }
        bits >>= 1;
    }
    let mut a = hasher.finalize();

    // Steps 13 to 16: P, as long as the password.
    let mut hasher = D::new();
    for _ in 0..password.len() {
        hasher.update(password);
    }
    let p = repeated(&hasher.finalize(), password.len());

    // Steps 17 to 20: S, as long as the salt.
    let mut hasher = D::new();
    for _ in 0..16 + usize::from(a.first().copied().unwrap_or_default()) {
        hasher.update(salt);
    }
    let s = repeated(&hasher.finalize(), salt.len());

    // Step 21.
    for round in 0..rounds {
        let mut hasher = D::new();
        let odd = round & 1 == 1;
        if odd {
            hasher.update(&p)
        } else {
            hasher.update(&a)
        }
        if round % 3 != 0 {
            hasher.update(&s);
        }
        if round % 7 != 0 {
            hasher.update(&p);
        }
        if odd {
            hasher.update(&a)
        } else {
            hasher.update(&p)
        }
        a = hasher.finalize();
    }
    encode::<D>(&a, order, size)
}

/// Step 22: groups of three bytes, lowest six bits first.
fn encode<D: Digest>(digest: &Output<D>, order: &[[Option<u8>; 3]], size: usize) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(size * 4 / 3 + 1));
    for group in order {
        let bytes = group.iter().flatten().count();
        let mut value = group.iter().fold(0u32, |value, place| {
            let byte = place.and_then(|place| digest.get(usize::from(place))).copied().unwrap_or_default();
            value << 8 | u32::from(byte)
        });
        for _ in 0..=bytes {
            out.push(itoa64(value));
            value >>= 6;
        }
    }
    out
}

fn update_repeated<D: Digest>(hasher: &mut D, block: &[u8], mut len: usize) {
    while len > 0 {
        let used = len.min(block.len());
        hasher.update(block.get(..used).unwrap_or_default());
        len -= used;
    }
}

fn repeated(block: &[u8], len: usize) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(len));
    out.extend(block.iter().cycle().take(len));
    out
}

const fn group(a: u8, b: u8, c: u8) -> [Option<u8>; 3] {
    [Some(a), Some(b), Some(c)]
}

/// The order of SHA-256's bytes.
pub(super) const SHA256: [[Option<u8>; 3]; 11] = [
    group(0, 10, 20),
    group(21, 1, 11),
    group(12, 22, 2),
    group(3, 13, 23),
    group(24, 4, 14),
    group(15, 25, 5),
    group(6, 16, 26),
    group(27, 7, 17),
    group(18, 28, 8),
    group(9, 19, 29),
    [None, Some(31), Some(30)],
];

/// The order of SHA-512's bytes.
pub(super) const SHA512: [[Option<u8>; 3]; 22] = [
    group(0, 21, 42),
    group(22, 43, 1),
    group(44, 2, 23),
    group(3, 24, 45),
    group(25, 46, 4),
    group(47, 5, 26),
    group(6, 27, 48),
    group(28, 49, 7),
    group(50, 8, 29),
    group(9, 30, 51),
    group(31, 52, 10),
    group(53, 11, 32),
    group(12, 33, 54),
    group(34, 55, 13),
    group(56, 14, 35),
    group(15, 36, 57),
    group(37, 58, 16),
    group(59, 17, 38),
    group(18, 39, 60),
    group(40, 61, 19),
    group(62, 20, 41),
    [None, None, Some(63)],
];

#[cfg(test)]
mod tests {
    use super::*;

    /// What libxcrypt writes for the inputs of Drepper's own test programs.
    #[test]
    fn known_answers() {
        let text = |out: Zeroizing<Vec<u8>>| String::from_utf8(out.to_vec()).unwrap();
        let sha256 =
            |salt: &[u8], rounds| text(sha_crypt::<sha2::Sha256>(b"Hello world!", salt, rounds, &SHA256));
        assert_eq!(sha256(b"saltstring", 5000), "5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5");
        assert_eq!(sha256(b"saltstringsaltstring", 10_000), "3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA");
        assert_eq!(
            text(sha_crypt::<sha2::Sha512>(b"Hello world!", b"saltstring", 5000, &SHA512)),
            "svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"
        );
    }
}
