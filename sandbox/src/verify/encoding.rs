//! The base64 of crypt(3): its own alphabet, and the low bits first.

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The character for the low six bits.
fn character(bits: u32) -> char {
    ALPHABET.get((bits & 63) as usize).copied().map_or('.', char::from)
}

/// The six bits of a character.
pub(super) fn bits(character: u8) -> Option<u32> {
    ALPHABET.iter().position(|known| *known == character).and_then(|position| u32::try_from(position).ok())
}

/// Appends `count` characters of a value, its low bits first.
pub(super) fn push(out: &mut String, mut value: u32, count: usize) {
    for _ in 0..count {
        out.push(character(value));
        value >>= 6;
    }
}

/// Reads a value written low bits first.
pub(super) fn read(text: &[u8]) -> Option<u32> {
    text.iter().rev().try_fold(0, |value, byte| Some(value << 6 | bits(*byte)?))
}

/// Appends the bytes at three places of a digest as four characters, the first the highest.
pub(super) fn push_three(out: &mut String, digest: &[u8], places: (usize, usize, usize)) {
    let byte = |place: usize| u32::from(digest.get(place).copied().unwrap_or(0));
    let value = byte(places.0) << 16 | byte(places.1) << 8 | byte(places.2);
    push(out, value, 4);
}
