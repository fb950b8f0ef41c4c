//! MD5-crypt, `$1$`: Poul-Henning Kamp, FreeBSD `crypt-md5.c`.

use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

use super::digests::hash;
use super::encoding::itoa64;

/// The 22 digest characters for a password and a salt of at most 8 bytes.
pub(super) fn md5_crypt(password: &[u8], salt: &[u8]) -> Zeroizing<Vec<u8>> {
    let mixed = hash::<Md5>(&[password, salt, password]);
    let mut hasher = Md5::new();
    hasher.update(password);
    hasher.update(b"$1$");
    hasher.update(salt);
    let mut left = password.len();
    while left > 0 {
        let used = left.min(mixed.len());
        hasher.update(mixed.get(..used).unwrap_or_default());
        left -= used;
    }
    // One bit of the length at a time: a zero byte or the first character. Odd, and so since 1994.
    let mut bits = password.len();
    while bits > 0 {
        if bits & 1 == 1 {
            hasher.update([0])
        } else {
            hasher.update(password.get(..1).unwrap_or_default())
        }
        bits >>= 1;
    }
    let mut state = hasher.finalize();
    for round in 0..1000 {
        let mut hasher = Md5::new();
        let odd = round & 1 == 1;
        if odd {
            hasher.update(password)
        } else {
            hasher.update(state)
        }
        if round % 3 != 0 {
            hasher.update(salt);
        }
        if round % 7 != 0 {
            hasher.update(password);
        }
        if odd {
            hasher.update(state)
        } else {
            hasher.update(password)
        }
        state = hasher.finalize();
    }
    let byte = |place: usize| u32::from(state.get(place).copied().unwrap_or_default());
    let mut out = Zeroizing::new(Vec::with_capacity(22));
    for [a, b, c] in [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]] {
        let value = byte(a) << 16 | byte(b) << 8 | byte(c);
        out.extend((0..4).map(|place| itoa64(value >> (6 * place))));
    }
    out.extend((0..2).map(|place| itoa64(byte(11) >> (6 * place))));
    out
}
