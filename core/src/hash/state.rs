//! Whether a stored value says that there is no password, told before anything is recognised.

use super::encoding::{Class, all};
use super::format::Recognition;
use super::recognise::inner;

/// What a column says instead of holding a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State<'a> {
    /// There is no password.
    NoPassword,
    /// A mark stands before this hash: the account is locked.
    Locked(&'a str),
}

/// None: the value is to be recognised.
pub(super) fn of(text: &str) -> Option<State<'_>> {
    let bytes = text.as_bytes();
    match bytes.first() {
        None => Some(State::NoPassword),
        Some(b'!' | b'*') => marked(text),
        // NULL, None, nil, \N, (null), <null>; Moodle's `not cached` and `restored`; Solaris' `NP`.
        Some(b'N' | b'n' | b'\\' | b'(' | b'<' | b'r' | b'{') => {
            let plain = without_scheme(text);
            let none = matches!(plain, "\\N" | "\\\\N" | "None" | "nil" | "NP" | "not cached" | "restored")
                || ["null", "(null)", "<null>"].iter().any(|word| plain.eq_ignore_ascii_case(word));
            if none {
                Some(State::NoPassword)
            } else {
                (plain.len() < text.len()).then(|| of(plain)).flatten()
            }
        }
        Some(_) => None,
    }
}

/// `{CRYPT}` before `!` or `*`, as directories write it.
fn without_scheme(text: &str) -> &str {
    let inside = text.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("{crypt}")).and(text.get(7..));
    inside.filter(|rest| rest.starts_with(['!', '*'])).unwrap_or(text)
}

fn marked(text: &str) -> Option<State<'_>> {
    // What crypt(3) returns on an error, and what no hash begins with.
    if matches!(text, "*LK*" | "*NP*" | "*LOCKED*" | "*0" | "*1")
        || text.bytes().all(|b| b == b'!' || b == b'*')
    {
        return Some(State::NoPassword);
    }
    let rest = ["*LK*", "*LOCKED*", "*NP*"].iter().find_map(|mark| text.strip_prefix(mark));
    let rest = rest.unwrap_or_else(|| text.trim_start_matches(['!', '*']));
    let hash = match inner(rest) {
        Recognition::None => false,
        Recognition::One(_) => true,
        // MySQL's own hashes begin with the star.
        Recognition::Several(_) => text.starts_with('!') || !all(rest.as_bytes(), Class::Hex),
    };
    if hash {
        return Some(State::Locked(rest));
    }
    // Django's set_unusable_password().
    (text.starts_with('!') && all(rest.as_bytes(), Class::Alnum)).then_some(State::NoPassword)
}
