//! Values of any length, of which no more is looked at than can be meant.

/// The most that may be asked of [`bounded`].
const MOST: usize = 4096;

/// The value; or, for one of more than `most` bytes, another that is too long as well. A value that cannot be meant is
/// neither read nor copied, whatever its length, and is refused for it all the same.
pub(crate) fn bounded(value: &[u8], most: usize) -> &[u8] {
    const TOO_LONG: &[u8] = &[b'-'; MOST + 1];
    match value.len() <= most {
        true => value,
        false => TOO_LONG.get(..=most).unwrap_or(TOO_LONG),
    }
}

/// A user's field, of which none takes so much.
pub(crate) fn field(value: &[u8]) -> &[u8] {
    bounded(value, MOST)
}

#[cfg(test)]
mod tests {
    use super::bounded;

    #[test]
    fn what_is_too_long_stays_too_long_and_is_not_looked_at() {
        for most in [0, 1, 320, 4096] {
            let value = vec![b'a'; most + 2];
            assert_eq!(bounded(&value[..most], most), &value[..most]);
            for length in [most + 1, most + 2] {
                let instead = bounded(&value[..length], most);
                assert!(instead.len() == most + 1 && !instead.contains(&b'a'));
            }
        }
    }
}
