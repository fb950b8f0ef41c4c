//! DES as crypt(3) uses it: with salted expansion, traditional and extended (BSDi).
//!
//! Sources: FIPS 46-3 for the cipher and its tables; FreeSec `crypt-des.c` for salt, count and long passwords.
//! Bits are numbered from 1 at the top, as in FIPS 46-3.

use zeroize::{Zeroize, Zeroizing};

use super::encoding::itoa64;

const IP: [u8; 64] = [
    58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4, 62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48,
    40, 32, 24, 16, 8, 57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3, 61, 53, 45, 37, 29, 21,
    13, 5, 63, 55, 47, 39, 31, 23, 15, 7,
];

/// The inverse of [`IP`].
const FP: [u8; 64] = [
    40, 8, 48, 16, 56, 24, 64, 32, 39, 7, 47, 15, 55, 23, 63, 31, 38, 6, 46, 14, 54, 22, 62, 30, 37, 5, 45,
    13, 53, 21, 61, 29, 36, 4, 44, 12, 52, 20, 60, 28, 35, 3, 43, 11, 51, 19, 59, 27, 34, 2, 42, 10, 50, 18,
    58, 26, 33, 1, 41, 9, 49, 17, 57, 25,
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

const P: [u8; 32] = [
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6,
    22, 11, 4, 25,
];

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

/// S-boxes with the permutation P behind them, by the six bits that go in.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses a wrong index")]
static SP: [[u32; 64]; 8] = {
    let mut sp = [[0u32; 64]; 8];
    let mut s = 0;
    while s < 8 {
        let mut six = 0;
        while six < 64 {
            let row = (six >> 4 & 2) | (six & 1);
            let column = six >> 1 & 15;
            let nibble = (S[s][row * 16 + column] as u32) << (28 - 4 * s);
            let mut bit = 0;
            while bit < 32 {
                sp[s][six] |= (nibble >> (32 - P[bit]) & 1) << (31 - bit);
                bit += 1;
            }
            six += 1;
        }
        s += 1;
    }
    sp
};

/// The bits of `value` (of `width` bits) in the order of a table.
fn permute(value: u64, width: u32, table: &[u8]) -> u64 {
    table.iter().fold(0, |out, place| out << 1 | (value >> (width - u32::from(*place)) & 1))
}

/// Sixteen round keys, each in two halves of 24 bits.
fn schedule(key: u64) -> Zeroizing<[(u32, u32); 16]> {
    const HALF: u64 = (1 << 28) - 1;
    let both = permute(key, 64, &PC1);
    let (mut c, mut d) = (both >> 28, both & HALF);
    let mut keys = Zeroizing::new([(0, 0); 16]);
    for (key, shift) in keys.iter_mut().zip(SHIFTS) {
        c = (c << shift | c >> (28 - shift)) & HALF;
        d = (d << shift | d >> (28 - shift)) & HALF;
        let both = permute(c << 28 | d, 56, &PC2);
        *key = ((both >> 24) as u32, both as u32 & 0xff_ffff);
    }
    keys
}

/// `count` encryptions of a block, one after the other. `swap` marks the bits of the two halves of the
/// expansion that change places: the salt.
fn encrypt(block: u64, keys: &[(u32, u32); 16], count: u32, swap: u32) -> u64 {
    let block = permute(block, 64, &IP);
    let (mut l, mut r) = ((block >> 32) as u32, block as u32);
    for _ in 0..count {
        for (key_l, key_r) in keys {
            let mut high = (r & 1) << 23
                | (r & 0xf800_0000) >> 9
                | (r & 0x1f80_0000) >> 11
                | (r & 0x01f8_0000) >> 13
                | (r & 0x001f_8000) >> 15;
            let mut low = (r & 0x0001_f800) << 7
                | (r & 0x0000_1f80) << 5
                | (r & 0x0000_01f8) << 3
                | (r & 0x0000_001f) << 1
                | r >> 31;
            let change = (high ^ low) & swap;
            high ^= change ^ key_l;
            low ^= change ^ key_r;
            let groups = [high >> 18, high >> 12, high >> 6, high, low >> 18, low >> 12, low >> 6, low];
            let f = SP
                .iter()
                .zip(groups)
                .fold(0, |f, (boxed, six)| f ^ boxed.get((six & 63) as usize).copied().unwrap_or_default());
            (l, r) = (r, l ^ f);
        }
        (l, r) = (r, l);
    }
    permute(u64::from(l) << 32 | u64::from(r), 64, &FP)
}

/// Eight characters, seven bits of each, above an empty parity bit.
fn block_of(characters: &[u8]) -> u64 {
    (0..8).fold(0, |block, place| {
        block << 8 | u64::from(characters.get(place).copied().unwrap_or_default() << 1)
    })
}

/// The eleven digest characters. `long` folds in what is beyond the first eight characters of the password, as
/// BSDi does; the traditional crypt(3) ignores it.
pub(super) fn crypt(password: &[u8], salt: u32, count: u32, long: bool) -> Zeroizing<Vec<u8>> {
    let mut chunks = password.chunks(8);
    let mut key = block_of(chunks.next().unwrap_or_default());
    if long {
        for chunk in chunks {
            key = encrypt(key, &schedule(key), 1, 0) ^ block_of(chunk);
        }
    }
    // The lowest bit of the salt stands for the first bit of the expansion.
    let swap = salt.reverse_bits() >> 8;
    let mut block = encrypt(0, &schedule(key), count, swap);
    key.zeroize();
    let mut out = Zeroizing::new(Vec::with_capacity(11));
    for place in (0..10).rev() {
        out.push(itoa64((block >> (4 + 6 * place)) as u32));
    }
    out.push(itoa64((block << 2) as u32));
    block.zeroize();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(password: &str, salt: u32, count: u32, long: bool) -> String {
        String::from_utf8(crypt(password.as_bytes(), salt, count, long).to_vec()).unwrap()
    }

    /// FIPS 81's first example, and what libxcrypt writes for the inputs of its own tests.
    #[test]
    fn known_answers() {
        let key = schedule(0x0123_4567_89ab_cdef);
        assert_eq!(encrypt(0x4e6f_7720_6973_2074, &key, 1, 0), 0x3fa4_0e8a_984d_4815);
        let (cc, cccc) = (14 << 6 | 14, (14 << 6 | 14) << 12 | 14 << 6 | 14);
        assert_eq!(text("U*U*U*U*", cc, 25, false), "Nf8Sbh3HDfQ");
        assert_eq!(text("", cc, 25, false), "HYKxYMMLQN2");
        assert_eq!(text("0123456789ABCDEFGH", cccc, 725, true), "5OEesK7bPQE");
        assert_eq!(text("", cccc, 725, true), "BeguG7nmIew");
    }
}
