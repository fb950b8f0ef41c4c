//! `$P$`: the portable hashes of phpass, as WordPress wrote them.

use md5::{Digest, Md5};

use super::Verdict;
use super::encoding::{bits, push};

/// The largest logarithm of rounds that is computed: 16 million.
const DEAREST: u32 = 24;

/// Checks a password against a whole `$P$…`.
pub(super) fn verify(hash: &str, password: &[u8]) -> Verdict {
    let bytes = hash.as_bytes();
    let (Some(cost), Some(salt), Some(expected)) =
        (bytes.get(3).copied().and_then(bits), bytes.get(4..12), hash.get(12..))
    else {
        return Verdict::Wrong;
    };
    if cost > DEAREST {
        return Verdict::TooCostly;
    }
    let mut digest: [u8; 16] = Md5::new().chain_update(salt).chain_update(password).finalize().into();
    for _ in 0..1u32 << cost {
        digest = Md5::new().chain_update(digest).chain_update(password).finalize().into();
    }
    (encode(&digest) == expected).into()
}

/// Three bytes at a time, the first the lowest; the last byte alone makes two characters.
fn encode(digest: &[u8; 16]) -> String {
    let mut out = String::with_capacity(22);
    for chunk in digest.chunks(3) {
        let value = chunk.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
        push(&mut out, value, chunk.len() + 1);
    }
    out
}
