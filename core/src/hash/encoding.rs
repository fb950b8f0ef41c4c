//! Alphabets, hex and base64, on the stack.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD};
use zeroize::Zeroize;

/// Sets of characters.
#[derive(Clone, Copy)]
pub(super) enum Class {
    Digit,
    Alnum,
    Hex,
    Base64,
    Url64,
    /// `./0-9A-Za-z`, the set of crypt(3), bcrypt and phpass (each in an order of its own).
    Crypt64,
}

/// Whether every byte is of the class.
pub(super) fn all(text: &[u8], class: Class) -> bool {
    // Without an early end, so that the compiler takes many bytes at a time.
    fn every(text: &[u8], is: impl Fn(u8) -> bool) -> bool {
        text.iter().fold(true, |so_far, b| so_far & is(*b))
    }
    const fn alnum(b: u8) -> bool {
        b.is_ascii_digit() | (b | 0x20).is_ascii_lowercase()
    }
    match class {
        Class::Digit => every(text, |b| b.is_ascii_digit()),
        Class::Alnum => every(text, alnum),
        Class::Hex => every(text, |b| b.is_ascii_digit() | matches!(b | 0x20, b'a'..=b'f')),
        Class::Base64 => every(text, |b| alnum(b) | (b == b'+') | (b == b'/')),
        Class::Url64 => every(text, |b| alnum(b) | (b == b'-') | (b == b'_')),
        Class::Crypt64 => every(text, |b| alnum(b) | (b == b'.') | (b == b'/')),
    }
}

/// phpass's, md5-crypt's and sha-crypt's order of [`Class::Crypt64`].
pub(super) const ITOA64: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The place of a character in [`ITOA64`].
pub(super) fn atoi64(c: u8) -> Option<u32> {
    Some(match c {
        b'.' => 0,
        b'/' => 1,
        b'0'..=b'9' => u32::from(c - b'0') + 2,
        b'A'..=b'Z' => u32::from(c - b'A') + 12,
        b'a'..=b'z' => u32::from(c - b'a') + 38,
        _ => return None,
    })
}

/// The character at a place of [`ITOA64`]; only the lowest six bits count.
pub(super) fn itoa64(value: u32) -> u8 {
    ITOA64.get((value & 63) as usize).copied().unwrap_or(b'.')
}

const CAPACITY: usize = 520;

/// A few bytes decoded on the stack, wiped when dropped.
pub(super) struct Bytes {
    buffer: [u8; CAPACITY],
    len: usize,
}

impl Bytes {
    fn new() -> Bytes {
        Bytes { buffer: [0; CAPACITY], len: 0 }
    }

    /// A copy, if it fits.
    pub(super) fn copy(source: &[u8]) -> Option<Bytes> {
        let mut out = Bytes::new();
        out.buffer.get_mut(..source.len())?.copy_from_slice(source);
        out.len = source.len();
        Some(out)
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        if let Some(used) = self.buffer.get_mut(..self.len) {
            used.zeroize();
        }
    }
}

/// Hex of either case.
pub(super) fn unhex(text: &str) -> Option<Bytes> {
    let text = text.as_bytes();
    if !text.len().is_multiple_of(2) || text.len() / 2 > CAPACITY || !all(text, Class::Hex) {
        return None;
    }
    // The class is known: letters are 9 above their low four bits.
    let digit = |b: u8| (b & 15) + 9 * (b >> 6);
    let mut out = Bytes::new();
    for (byte, pair) in out.buffer.iter_mut().zip(text.chunks_exact(2)) {
        if let [high, low] = pair {
            *byte = digit(*high) << 4 | digit(*low);
        }
    }
    out.len = text.len() / 2;
    Some(out)
}

/// Hex in lower case, if it is hex of this many characters.
pub(super) fn lower_hex(text: &str, len: usize) -> Option<String> {
    (text.len() == len && all(text.as_bytes(), Class::Hex)).then(|| text.to_ascii_lowercase())
}

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_ANY_PADDING: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Base64, usual or URL-safe, with or without padding.
pub(super) fn unbase64(text: &str) -> Option<Bytes> {
    let engine = if text.bytes().any(|b| b == b'-' || b == b'_') { URL_ANY_PADDING } else { ANY_PADDING };
    let mut out = Bytes::new();
    out.len = engine.decode_slice(text, &mut out.buffer).ok()?;
    Some(out)
}

/// passlib's base64: `.` for `+`, no padding.
pub(super) fn unab64(text: &str) -> Option<Bytes> {
    let mut usual = Bytes::copy(text.as_bytes())?;
    let used = usual.buffer.get_mut(..text.len())?;
    for b in used.iter_mut() {
        match *b {
            b'.' => *b = b'+',
            b'=' => return None,
            _ => {}
        }
    }
    let mut out = Bytes::new();
    out.len = ANY_PADDING.decode_slice(used, &mut out.buffer).ok()?;
    Some(out)
}

/// The usual base64, padded: what Kinde documents.
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// A whole number without sign or leading blanks, as hash formats write it.
pub(super) fn number(text: &str) -> Option<u32> {
    if text.is_empty() || !all(text.as_bytes(), Class::Digit) { None } else { text.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_any_padding_and_alphabet() {
        for text in ["+/8=", "+/8", "-_8=", "-_8"] {
            assert_eq!(unbase64(text).unwrap().as_slice(), [0xfb, 0xff], "{text}");
        }
        for text in ["+_8=", "+/9=", "a", "+/8 ", "é"] {
            assert!(unbase64(text).is_none(), "{text}");
        }
        assert_eq!(unab64("./8").unwrap().as_slice(), [0xfb, 0xff]);
        assert!(unab64("./8=").is_none());
        assert!(unbase64(&"A".repeat(4096)).is_none());
    }

    #[test]
    fn hex_of_either_case() {
        assert_eq!(unhex("00ffA9f0").unwrap().as_slice(), [0, 255, 0xa9, 0xf0]);
        assert!(unhex("").unwrap().is_empty());
        for text in ["0", "0g", "@0", "G0", "`0", " 0", "é", "0x"] {
            assert!(unhex(text).is_none(), "{text}");
        }
        assert!(unhex(&"0".repeat(1042)).is_none());
        for b in 0..=255u8 {
            assert_eq!(all(&[b], Class::Hex), b.is_ascii_hexdigit());
            assert_eq!(all(&[b], Class::Alnum), b.is_ascii_alphanumeric());
            assert_eq!(all(&[b], Class::Crypt64), atoi64(b).is_some());
        }
    }

    #[test]
    fn numbers_are_plain() {
        assert_eq!(number("010"), Some(10));
        for text in ["", "+1", "-1", " 1", "1e3", "4294967296", "٣"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
