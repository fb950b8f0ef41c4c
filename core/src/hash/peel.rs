//! What transport, containers and locks put round a stored value: taken off first, so that what is inside is
//! recognised.
//!
//! Exports and databases wrap values: quotes, a byte order mark, padding, `\x…` of bytea, HTML entities, base64 of the
//! text. A wrapping comes off only if what is inside is then a known hash (or says that there is no password), and
//! never from the end of `hash:salt`, whose salt may be any text.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::encoding::{Class, all, base64 as to_base64, unbase64, unhex};
use super::format::Recognition;
use super::recognise::inner;
use super::state;

/// More layers than anybody has put round a hash.
const MAX_LAYERS: usize = 4;

/// A text out of a stored value, wiped where it is a copy.
pub(super) enum Text<'a> {
    Part(&'a str),
    Copy(Zeroizing<String>),
}

impl<'a> From<Cow<'a, str>> for Text<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Text::Part(text),
            Cow::Owned(text) => Text::Copy(Zeroizing::new(text)),
        }
    }
}

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Text::Part(text) => text,
            Text::Copy(text) => text,
        }
    }
}

/// A stored value without what was round it.
pub(super) struct Peeled<'a> {
    pub(super) text: Text<'a>,
    /// What was taken off that no application writes itself.
    pub(super) notices: Vec<&'static str>,
    /// What seems to be round it, where that was left because what is inside is not known.
    pub(super) around: Option<&'static str>,
}

/// Takes off what can be taken off.
pub(super) fn peel(stored: &str) -> Peeled<'_> {
    if ordinary(stored) && !escaped(stored) {
        return Peeled { text: Text::Part(stored), notices: Vec::new(), around: None };
    }
    layers(stored)
}

/// What stands round a stored value that no application writes there, and is taken off before the value is read:
/// quotes, a byte order mark, padding, escapes of a transport.
pub fn notices(stored: &str) -> Vec<&'static str> {
    peel(stored).notices
}

/// Whether a value has nothing round it that its ends could show, no container either, and does not say that there is no
/// password. Nearly all are so, and this is all that they cost; what is [`escaped`] in the middle is not recognised or
/// not mapped, and looked at again then.
#[inline]
pub(super) fn ordinary(stored: &str) -> bool {
    let bytes = stored.as_bytes();
    let begins = match bytes {
        [b'$', second, ..] => *second != b'$',
        [b'0', b'x' | b'X', ..] | [b'2', b'4', ..] | [b'a', b':', ..] | [_, b'\'' | b'"' | b'|', ..] => false,
        // LDAP's salted digests are frequent, and no container.
        [b'{', b'S' | b's', b'S' | b's' | b'M' | b'm', ..] => true,
        [b'0'..=b'9' | b'_', ..] => true,
        [b'N' | b'n' | b'r' | b'x' | b'X', ..] => false,
        [b'I'..=b'Z' | b'a'..=b'f', ..] => !text_in_base64(bytes),
        [b'A'..=b'H' | b'g'..=b'z', ..] => true,
        _ => false,
    };
    begins && matches!(bytes, [.., b'!'..=b'~'])
}

/// Whether something in a value may be escaped.
pub(super) fn escaped(stored: &str) -> bool {
    // Without an early end, so that the compiler takes many bytes at a time.
    stored.bytes().fold(false, |so_far, b| so_far | (b == b'&') | (b == b'\\'))
}

/// Whether the first three bytes that this is the base64 of are printable, as those of a text are.
#[inline]
fn text_in_base64(bytes: &[u8]) -> bool {
    let Some(start) = bytes.first_chunk::<4>().filter(|_| bytes.len() >= 24) else { return false };
    let mut value = 0u32;
    for b in start {
        let six = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return false,
        };
        value = value << 6 | u32::from(six);
    }
    value.to_be_bytes().iter().skip(1).all(|b| matches!(b, b' '..=b'~'))
}

fn layers(stored: &str) -> Peeled<'_> {
    let untouched = |around| Peeled { text: Text::Part(stored), notices: Vec::new(), around };
    let Some((text, what)) = layer(stored) else { return untouched(None) };
    let mut text = Text::from(text);
    let mut notices = vec![what];
    while notices.len() < MAX_LAYERS {
        let next = layer(&text).map(|(inside, what)| (Zeroizing::new(inside.into_owned()), what));
        let Some((inside, what)) = next else { break };
        text = Text::Copy(inside);
        if !notices.contains(&what) {
            notices.push(what);
        }
    }
    if known(&text) { Peeled { text, notices, around: None } } else { untouched(Some(what)) }
}

/// Whether this is a hash, or says that there is none.
fn known(text: &str) -> bool {
    state::of(text).is_some() || !matches!(inner(text), Recognition::None)
}

type Layer<'a> = (Cow<'a, str>, &'static str);

/// The outermost layer and what is under it.
fn layer(text: &str) -> Option<Layer<'_>> {
    let bytes = text.as_bytes();
    let (first, last) = (*bytes.first()?, *bytes.last()?);
    if first <= b' ' || first >= 0x80 {
        return ahead(text);
    }
    if last <= b' ' || last >= 0x80 {
        return behind(text);
    }
    match first {
        b'\'' | b'"' | b'`' => return quoted(text, text),
        b'b' | b'B' | b'n' | b'N' | b'u' | b'U' | b'E' | b'e'
            if matches!(bytes.get(1), Some(b'\'' | b'"')) =>
        {
            let (inside, _) = quoted(text, text.get(1..)?)?;
            return Some((inside, "the value was written as a literal, b'...'"));
        }
        b'\\' | b'0' | b'x' | b'X' => {
            if let Some(layer) = hexadecimal(text) {
                return Some(layer);
            }
        }
        b'&' => return entities(text),
        b'%' => return percent(text),
        _ => {}
    }
    // One look at all of it, for what may stand inside.
    let mut odd = false;
    for b in bytes {
        odd |= matches!(b, b'&' | b'\\');
    }
    if odd {
        return entities(text).or_else(|| backslashes(text));
    }
    match first {
        b'$' => doubled(text),
        b'2' => hex_of_text(text),
        b'A'..=b'Z' | b'a'..=b'z' => base64_of_text(text),
        _ => None,
    }
}

/// White space and marks that nobody sees, before the value. No value begins with them.
fn ahead(text: &str) -> Option<Layer<'_>> {
    const BOM: &str = "a byte order mark stood before the value";
    for mark in ["\u{feff}", "\u{ef}\u{bb}\u{bf}"] {
        if let Some(rest) = text.strip_prefix(mark) {
            return Some((rest.into(), BOM));
        }
    }
    let rest = text.trim_start_matches(unseen);
    (rest.len() < text.len()).then_some((rest.into(), "white space stood before the value"))
}

/// The same behind it: a line's end, or the padding of a CHAR column.
fn behind(text: &str) -> Option<Layer<'_>> {
    let rest = text.trim_end_matches(unseen);
    if rest.len() == text.len() || ends_in_salt(rest) {
        return None;
    }
    Some((rest.into(), "white space stood behind the value (a line's end, or a padded column)"))
}

/// White space and format characters. Not NUL, which never stands there by itself.
fn unseen(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// `hash:salt`, bare or behind a scheme: the salt may be any text.
fn salted(text: &str) -> bool {
    let plain = text.strip_prefix('{').and_then(|rest| rest.split_once('}')).map_or(text, |(_, rest)| rest);
    plain.split_once(':').is_some_and(|(hash, salt)| {
        matches!(hash.len(), 32 | 40 | 64 | 128) && all(hash.as_bytes(), Class::Hex) && !salt.is_empty()
    })
}

/// Whether it ends in such a salt. Magento 2 writes a version behind it.
fn ends_in_salt(text: &str) -> bool {
    salted(text) && (text.starts_with('{') || !matches!(inner(text), Recognition::One(_)))
}

/// Whether what looks escaped in a value is so: a salt of any text may hold the same characters. It is where nothing is
/// recognised otherwise, and behind the last `$`, where keys stand.
fn only_escaped(text: &str) -> bool {
    let end = text.rfind('$').filter(|_| !salted(text));
    let before = end.and_then(|end| text.get(..end));
    before.is_some_and(|before| !escaped(before)) || matches!(inner(text), Recognition::None)
}

fn quoted<'a>(whole: &'a str, text: &'a str) -> Option<Layer<'a>> {
    let mark = *text.as_bytes().first()?;
    let inside = text.get(1..text.len().checked_sub(1)?)?;
    if text.len() < 2 || whole.as_bytes().last() != Some(&mark) || inside.as_bytes().contains(&mark) {
        return None;
    }
    Some((inside.into(), "the value stood in quotes"))
}

/// `\x…` of PostgreSQL's bytea, `0x…` of SQL Server and MySQL, `x'…'`.
fn hexadecimal(text: &str) -> Option<Layer<'_>> {
    const WHAT: &str = "the value was written as hex, \\x... or 0x...";
    let plain = text.strip_prefix('\\').unwrap_or(text);
    let digits =
        ["\\x", "\\X", "0x", "0X", "x'", "X'", "x"].iter().find_map(|mark| plain.strip_prefix(mark))?;
    let digits = digits.strip_suffix('\'').unwrap_or(digits);
    if digits.len() < 16 || !all(digits.as_bytes(), Class::Hex) || super::shape::mssql(text) {
        return None;
    }
    let bytes = hex::decode(digits).ok()?;
    if let Some(text) = printable(&bytes) {
        return Some((text.into(), WHAT));
    }
    // The bytes of a digest, of which the hex is a form of its own; or of ASP.NET's layout.
    let blob = to_base64(&bytes);
    if matches!(bytes.first(), Some(0 | 1)) && matches!(inner(&blob), Recognition::One(_)) {
        return Some((blob.into(), WHAT));
    }
    Some((digits.into(), WHAT))
}

/// ASCII, or UTF-16 of ASCII.
fn printable(bytes: &[u8]) -> Option<String> {
    let narrow: Vec<u8> = match bytes.get(1) {
        Some(0) if bytes.len().is_multiple_of(2) && bytes.chunks(2).all(|pair| pair.get(1) == Some(&0)) => {
            bytes.iter().step_by(2).copied().collect()
        }
        _ => bytes.to_vec(),
    };
    let ends = narrow.iter().rposition(|b| *b != b' ' && *b != b'\n' && *b != b'\r').map_or(0, |at| at + 1);
    let narrow = narrow.get(..ends)?;
    (!narrow.is_empty() && narrow.iter().all(|b| matches!(b, b' '..=b'~')))
        .then(|| narrow.iter().map(|b| char::from(*b)).collect())
}

/// Hex of a text that begins with `$`, without a mark.
fn hex_of_text(text: &str) -> Option<Layer<'_>> {
    if !text.starts_with("24") || text.len() < 40 || !all(text.as_bytes(), Class::Hex) {
        return None;
    }
    let inside = printable(&hex::decode(text).ok()?)?;
    matches!(inner(&inside), Recognition::One(_))
        .then(|| (inside.into(), "the value was the hex of its text"))
}

/// Base64 of a text that is a hash, which no digest is by chance.
fn base64_of_text(text: &str) -> Option<Layer<'_>> {
    let bytes = text.as_bytes();
    if !text_in_base64(bytes) {
        return None;
    }
    let inside = printable(&unbase64(text)?)?;
    let hex = inside.len() >= 32 && all(inside.as_bytes(), Class::Hex);
    let known = match inner(&inside) {
        Recognition::One(_) => true,
        Recognition::Several(_) => hex,
        Recognition::None => false,
    };
    known.then(|| (inside.into(), "the value was the base64 of its text"))
}

/// `&#36;` and the like.
fn entities(text: &str) -> Option<Layer<'_>> {
    if !only_escaped(text) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut any) = (text, false);
    while let Some((before, behind)) = rest.split_once('&') {
        out.push_str(before);
        let decoded = behind.split_once(';').and_then(|(name, after)| Some((entity(name)?, after)));
        match decoded {
            Some((c, after)) => {
                out.push(c);
                (rest, any) = (after, true);
            }
            None => {
                out.push('&');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    any.then(|| (out.into(), "the value held HTML entities, such as &#36;"))
}

fn entity(name: &str) -> Option<char> {
    let code = match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        },
        None => {
            let named = [
                ("amp", '&'),
                ("dollar", '$'),
                ("sol", '/'),
                ("period", '.'),
                ("plus", '+'),
                ("equals", '='),
                ("colon", ':'),
                ("lbrace", '{'),
                ("lcub", '{'),
                ("rbrace", '}'),
                ("rcub", '}'),
                ("quot", '"'),
                ("comma", ','),
            ];
            return named.iter().find(|(known, _)| *known == name).map(|(_, c)| *c);
        }
    };
    char::from_u32(code).filter(char::is_ascii_graphic)
}

/// `%24` and the like.
fn percent(text: &str) -> Option<Layer<'_>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('%') {
        out.extend_from_slice(before.as_bytes());
        let (code, after) = behind.split_at_checked(2)?;
        out.extend_from_slice(&unhex(code)?);
        rest = after;
    }
    out.extend_from_slice(rest.as_bytes());
    Some((printable(&out)?.into(), "the value was percent-encoded"))
}

/// `\$` of shells and `\/` or `\u0024` of JSON.
fn backslashes(text: &str) -> Option<Layer<'_>> {
    if !only_escaped(text) {
        return None;
    }
    let out = text.replace("\\$", "$").replace("\\/", "/").replace("\\u0024", "$").replace("\\u002F", "/");
    (out.len() < text.len()).then(|| (out.into(), "the value held backslashes before $ or /"))
}

/// `$$2b$$10$$…`, as Compose files write a dollar sign.
fn doubled(text: &str) -> Option<Layer<'_>> {
    if !text.starts_with("$$") {
        return None;
    }
    let out = text.replace("$$", "$");
    Some((out.into(), "the value held doubled dollar signs"))
}
