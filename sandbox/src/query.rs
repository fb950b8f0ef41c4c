//! Form-encoded text, read strictly: a broken escape is refused, never guessed at.

use std::borrow::Cow;

/// The names and values of a form, decoded.
pub(crate) type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Why a query string or a form was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BadForm {
    /// A `%` that is not followed by two hexadecimal digits, or bytes that are no UTF-8.
    Encoding,
    /// A name that came twice.
    Repeated(String),
}

/// The pairs of a form, decoded (`+` is a space), each name at most once.
pub(crate) fn parse(text: &str) -> Result<Pairs<'_>, BadForm> {
    let mut pairs = Pairs::new();
    for piece in text.split('&').filter(|piece| !piece.is_empty()) {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        let name = decode(name)?;
        if pairs.iter().any(|(known, _)| *known == name) {
            return Err(BadForm::Repeated(name.into_owned()));
        }
        pairs.push((name, decode(value)?));
    }
    Ok(pairs)
}

/// Decodes one name or value of a form.
fn decode(text: &str) -> Result<Cow<'_, str>, BadForm> {
    if !text.bytes().any(|byte| byte == b'%' || byte == b'+') {
        return Ok(Cow::Borrowed(text));
    }
    decode_bytes(text, true).map(Cow::Owned)
}

/// Decodes one segment of a path, where `+` is a plus.
pub(crate) fn decode_segment(text: &str) -> Result<Cow<'_, str>, BadForm> {
    if !text.bytes().any(|byte| byte == b'%') {
        return Ok(Cow::Borrowed(text));
    }
    decode_bytes(text, false).map(Cow::Owned)
}

fn decode_bytes(text: &str, plus_is_space: bool) -> Result<String, BadForm> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' if plus_is_space => b' ',
            b'%' => {
                let high = bytes.next().and_then(hex_digit).ok_or(BadForm::Encoding)?;
                let low = bytes.next().and_then(hex_digit).ok_or(BadForm::Encoding)?;
                high << 4 | low
            }
            other => other,
        });
    }
    String::from_utf8(decoded).map_err(|_| BadForm::Encoding)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_pairs() {
        let pairs = parse("email=a%2Bb%40x.org%2Cc+d&page_size=10&flag").unwrap();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(k, v)| (&**k, &**v)).collect();
        assert_eq!(pairs, [("email", "a+b@x.org,c d"), ("page_size", "10"), ("flag", "")]);
    }

    #[test]
    fn refuses_broken_escapes_and_repeats() {
        assert_eq!(parse("email=100%"), Err(BadForm::Encoding));
        assert_eq!(parse("email=%zz"), Err(BadForm::Encoding));
        assert_eq!(parse("email=%ff"), Err(BadForm::Encoding));
        assert_eq!(parse("a=1&%61=2"), Err(BadForm::Repeated("a".into())));
    }

    #[test]
    fn a_plus_in_a_path_is_a_plus() {
        assert_eq!(decode_segment("a+b%20c").unwrap(), "a+b c");
    }
}
