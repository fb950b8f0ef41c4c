//! crypt(3)'s DES: the traditional 13 characters and BSDi's extended `_` format.
//!
//! Straight from the tables of FIPS 46-3. Bits are numbered as there: 1 is the highest.

use super::Verdict;
use super::encoding::{bits, read};

const FP: [u8; 64] = [
    40, 8, 48, 16, 56, 24, 64, 32, 39, 7, 47, 15, 55, 23, 63, 31, 38, 6, 46, 14, 54, 22, 62, 30, 37, 5, 45,
    13, 53, 21, 61, 29, 36, 4, 44, 12, 52, 20, 60, 28, 35, 3, 43, 11, 51, 19, 59, 27, 34, 2, 42, 10, 50, 18,
    58, 26, 33, 1, 41, 9, 49, 17, 57, 25,
];

const IP: [u8; 64] = [
    58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4, 62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48,
    40, 32, 24, 16, 8, 57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3, 61, 53, 45, 37, 29, 21,
    13, 5, 63, 55, 47, 39, 31, 23, 15, 7,
];

const E: [u8; 48] = [
    32, 1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9, 8, 9, 10, 11, 12, 13, 12, 13, 14, 15, 16, 17, 16, 17, 18, 19, 20,
    21, 20, 21, 22, 23, 24, 25, 24, 25, 26, 27, 28, 29, 28, 29, 30, 31, 32, 1,
];

const P: [u8; 32] = [
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6,
    22, 11, 4, 25,
];

const PC1: [u8; 56] = [
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44,
    36, 63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20,
    12, 4,
];

const PC2: [u8; 48] = [
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37,
    47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];

const SHIFTS: [u32; 16] = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];

const S: [[u8; 64]; 8] = [
    [
        14, 4, 13, 1, 2, 15, 11, 8, 3, 10, 6, 12, 5, 9, 0, 7, 0, 15, 7, 4, 14, 2, 13, 1, 10, 6, 12, 11, 9, 5,
        3, 8, 4, 1, 14, 8, 13, 6, 2, 11, 15, 12, 9, 7, 3, 10, 5, 0, 15, 12, 8, 2, 4, 9, 1, 7, 5, 11, 3, 14,
        10, 0, 6, 13,
    ],
    [
        15, 1, 8, 14, 6, 11, 3, 4, 9, 7, 2, 13, 12, 0, 5, 10, 3, 13, 4, 7, 15, 2, 8, 14, 12, 0, 1, 10, 6, 9,
        11, 5, 0, 14, 7, 11, 10, 4, 13, 1, 5, 8, 12, 6, 9, 3, 2, 15, 13, 8, 10, 1, 3, 15, 4, 2, 11, 6, 7, 12,
        0, 5, 14, 9,
    ],
    [
        10, 0, 9, 14, 6, 3, 15, 5, 1, 13, 12, 7, 11, 4, 2, 8, 13, 7, 0, 9, 3, 4, 6, 10, 2, 8, 5, 14, 12, 11,
        15, 1, 13, 6, 4, 9, 8, 15, 3, 0, 11, 1, 2, 12, 5, 10, 14, 7, 1, 10, 13, 0, 6, 9, 8, 7, 4, 15, 14, 3,
        11, 5, 2, 12,
    ],
    [
        7, 13, 14, 3, 0, 6, 9, 10, 1, 2, 8, 5, 11, 12, 4, 15, 13, 8, 11, 5, 6, 15, 0, 3, 4, 7, 2, 12, 1, 10,
        14, 9, 10, 6, 9, 0, 12, 11, 7, 13, 15, 1, 3, 14, 5, 2, 8, 4, 3, 15, 0, 6, 10, 1, 13, 8, 9, 4, 5, 11,
        12, 7, 2, 14,
    ],
    [
        2, 12, 4, 1, 7, 10, 11, 6, 8, 5, 3, 15, 13, 0, 14, 9, 14, 11, 2, 12, 4, 7, 13, 1, 5, 0, 15, 10, 3, 9,
        8, 6, 4, 2, 1, 11, 10, 13, 7, 8, 15, 9, 12, 5, 6, 3, 0, 14, 11, 8, 12, 7, 1, 14, 2, 13, 6, 15, 0, 9,
        10, 4, 5, 3,
    ],
    [
        12, 1, 10, 15, 9, 2, 6, 8, 0, 13, 3, 4, 14, 7, 5, 11, 10, 15, 4, 2, 7, 12, 9, 5, 6, 1, 13, 14, 0, 11,
        3, 8, 9, 14, 15, 5, 2, 8, 12, 3, 7, 0, 4, 10, 1, 13, 11, 6, 4, 3, 2, 12, 9, 5, 15, 10, 11, 14, 1, 7,
        6, 0, 8, 13,
    ],
    [
        4, 11, 2, 14, 15, 0, 8, 13, 3, 12, 9, 7, 5, 10, 6, 1, 13, 0, 11, 7, 4, 9, 1, 10, 14, 3, 5, 12, 2, 15,
        8, 6, 1, 4, 11, 13, 12, 3, 7, 14, 10, 15, 6, 8, 0, 5, 9, 2, 6, 11, 13, 8, 1, 4, 10, 7, 9, 5, 0, 15,
        14, 2, 3, 12,
    ],
    [
        13, 2, 8, 4, 6, 15, 11, 1, 10, 9, 3, 14, 5, 0, 12, 7, 1, 15, 13, 8, 10, 3, 7, 4, 12, 5, 6, 11, 0, 14,
        9, 2, 7, 11, 4, 1, 9, 12, 14, 2, 0, 6, 10, 13, 15, 3, 5, 8, 2, 1, 14, 7, 4, 10, 8, 13, 15, 12, 9, 0,
        3, 5, 6, 11,
    ],
];

/// Beyond this an extended hash is not computed: a few seconds' work.
const MOST_ITERATIONS: u32 = 1_000_000;

/// Checks a password against 13 characters, or 20 that begin with `_`.
pub(super) fn verify(hash: &str, password: &[u8]) -> Verdict {
    let bytes = hash.as_bytes();
    match bytes.first() {
        Some(b'_') => verify_extended(bytes, password).unwrap_or(Verdict::Wrong),
        _ => verify_traditional(bytes, password).unwrap_or(false).into(),
    }
}

fn verify_traditional(hash: &[u8], password: &[u8]) -> Option<bool> {
    let salt = read(hash.get(..2)?)?;
    let block = iterate(&Schedule::new(key_of(password)), 0, salt, 25);
    Some(block == read_block(hash.get(2..)?)?)
}

fn verify_extended(hash: &[u8], password: &[u8]) -> Option<Verdict> {
    let iterations = read(hash.get(1..5)?)?;
    let salt = read(hash.get(5..9)?)?;
    if iterations > MOST_ITERATIONS {
        return Some(Verdict::TooCostly);
    }
    // Longer passwords are folded: the key encrypts itself, then the next eight bytes join.
    let mut key = key_of(password);
    for chunk in password.chunks(8).skip(1) {
        key = iterate(&Schedule::new(key), key, 0, 1) ^ key_of(chunk);
    }
    let block = iterate(&Schedule::new(key), 0, salt, iterations);
    Some((block == read_block(hash.get(9..)?)?).into())
}

/// The first eight bytes, each without its highest bit, which makes room for a parity bit.
fn key_of(password: &[u8]) -> u64 {
    password
        .iter()
        .copied()
        .chain(std::iter::repeat(0))
        .take(8)
        .fold(0, |key, byte| key << 8 | u64::from(byte << 1))
}

/// Eleven characters, six bits each from the highest on; the last two bits are padding.
fn read_block(text: &[u8]) -> Option<u64> {
    if text.len() != 11 {
        return None;
    }
    let value = text.iter().try_fold(0u128, |value, byte| Some(value << 6 | u128::from(bits(*byte)?)))?;
    // A hash whose padding is not zero was not written by crypt.
    (value & 3 == 0).then(|| u64::try_from(value >> 2).ok()).flatten()
}

/// Picks bits of a value that is `width` bits wide.
fn permute(value: u64, width: u32, table: &[u8]) -> u64 {
    table.iter().fold(0, |out, bit| out << 1 | (value >> (width - u32::from(*bit)) & 1))
}

/// The sixteen round keys.
struct Schedule([u64; 16]);

impl Schedule {
    fn new(key: u64) -> Self {
        let picked = permute(key, 64, &PC1);
        let (mut c, mut d) = (picked >> 28, picked & 0x0fff_ffff);
        let rotate = |half: u64, by: u32| (half << by | half >> (28 - by)) & 0x0fff_ffff;
        Self(SHIFTS.map(|by| {
            c = rotate(c, by);
            d = rotate(d, by);
            permute(c << 28 | d, 56, &PC2)
        }))
    }
}

/// Encrypts a block so many times, with the salt swapping bits of the expansion.
fn iterate(schedule: &Schedule, block: u64, salt: u32, times: u32) -> u64 {
    // Salt bit 0 exchanges the first bit of each half of the 48, bit 1 the second, and so on.
    let mask = u64::from(salt.reverse_bits() >> 8);
    let start = permute(block, 64, &IP);
    let (mut left, mut right) = (start >> 32, start & 0xffff_ffff);
    for _ in 0..times {
        for key in &schedule.0 {
            let expanded = permute(right, 32, &E);
            let exchanged = (expanded >> 24 ^ expanded) & mask;
            let salted = expanded ^ exchanged ^ exchanged << 24;
            let mixed = left ^ substitute(salted ^ key);
            (left, right) = (right, mixed);
        }
        (left, right) = (right, left);
    }
    permute(left << 32 | right, 64, &FP)
}

/// The S-boxes and the permutation after them.
fn substitute(value: u64) -> u64 {
    let boxed = S.iter().enumerate().fold(0, |out, (place, table)| {
        let six = value >> (42 - 6 * place) & 63;
        let row = six >> 4 & 2 | six & 1;
        let column = six >> 1 & 15;
        let entry = table.get((row << 4 | column) as usize).copied();
        out << 4 | u64::from(entry.unwrap_or(0))
    });
    permute(boxed, 32, &P)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encrypts_as_the_standard_does() {
        let schedule = Schedule::new(0x1334_5779_9bbc_dff1);
        assert_eq!(iterate(&schedule, 0x0123_4567_89ab_cdef, 0, 1), 0x85e8_1354_0f0a_b405);
    }

    #[test]
    fn refuses_what_is_no_hash() {
        for hash in ["", "0", "0hXvTUVzzfI3", "_J9..m2Nydtmka3Agof", "0hXvTUVzzfI3\u{e9}"] {
            assert_eq!(verify(hash, b"x"), Verdict::Wrong, "{hash}");
        }
    }
}
