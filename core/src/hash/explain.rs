//! One stored value, explained: what it is, what of it goes to Kinde, and what nobody can see in it.

use std::borrow::Cow;

use serde::Serialize;

use super::error::HashError;
use super::extra::Extra;
use super::fields::Masked;
use super::format::{Confidence, Format, Guesses, Recognition, format};
use super::map::{resolve_beside, text, to_kinde};
use super::peel::peel;
use super::recognise::recognise;

/// What to try first where the format itself asks for nothing.
const SIGN_IN: &str = "let one carried-over user sign in at Kinde before importing the rest";

/// What is known of one stored value, for people and for programs.
///
/// Serialised, it is the answer of `explain_hash` in every language and of `kinde-migrate hash explain --json`:
/// always all of these names, `null` where there is nothing. It never holds a hash, a salt or a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The format that was named, or that the value can only be. None where there are several or none.
    pub format: Option<&'static str>,
    /// Every format that writes such a value, by its shape alone.
    pub candidates: Vec<&'static str>,
    /// The applications which write this format.
    pub applications: Option<&'static str>,
    /// Whether it can be carried over as it stands, with the guesses that are allowed.
    pub importable: bool,
    /// How sure the mapping of the format is; none where the format is not known. Of this value see `proven`.
    pub confidence: Option<Confidence>,
    /// What would be sent, with hash, salt and keys masked; none where it is not importable.
    pub kinde: Option<Masked>,
    /// Only the dashboard's import file takes these fields, not the set-password call.
    pub import_file_only: bool,
    /// Why it is not importable: one of [`code`](super::code).
    pub code: Option<&'static str>,
    /// The same for people.
    pub reason: Option<Cow<'static, str>>,
    /// What to do instead.
    pub advice: Option<Cow<'static, str>>,
    /// What to test before the rest is imported.
    pub test_first: Option<&'static str>,
    /// What can be wrong although nothing in the value shows it.
    pub traps: Vec<&'static str>,
    /// What has been tried of this value: the confidence is only that of its format's mapping.
    pub proven: Proven,
    /// What was taken off before the value could be read: quotes, a byte order mark, padding and the like.
    pub notices: Vec<&'static str>,
}

/// What a password has shown of a stored value. Its look shows nothing of what was hashed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Proven {
    /// Nothing: no password was tried.
    #[default]
    None,
    /// That the stored hash is of a known password, as the legacy application checks it; not that Kinde takes it.
    Hash,
    /// That Kinde takes this password once the fields are set.
    Mapping,
}

impl Proven {
    /// `none`, `hash` or `mapping`, as every report writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Proven::None => "none",
            Proven::Hash => "hash",
            Proven::Mapping => "mapping",
        }
    }
}

/// Explains a stored value, as the database holds it, of the format named or recognised.
///
/// Pure, like [`to_kinde`]: nothing is tried out, and a value of any bytes and length gets an answer.
pub fn explain(stored: &[u8], named: Option<&str>, extra: &Extra, guesses: &Guesses) -> Explanation {
    let stored = match text(stored) {
        Ok(stored) => stored,
        Err(error) => return Explanation::from(error),
    };
    let recognition = recognise(stored);
    let resolved = resolve_beside(stored, named, extra);
    let mapped = resolved.and_then(|format| Ok((format, to_kinde(format, stored, extra, guesses)?)));
    let explained = match mapped {
        Ok((format, fields)) => Explanation {
            importable: true,
            kinde: Some(fields.masked()),
            import_file_only: fields.import_file_only(),
            test_first: Some(if format.advice.is_empty() { SIGN_IN } else { format.advice }),
            ..Explanation::of(format)
        },
        Err(error) => Explanation::from(error),
    };
    Explanation { notices: peel(stored).notices, ..explained.seen_as(recognition) }
}

impl Explanation {
    /// As one JSON object.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What the table knows of a format.
    fn of(format: &'static Format) -> Explanation {
        Explanation {
            format: Some(format.id),
            applications: Some(format.applications),
            confidence: Some(format.confidence),
            traps: format.traps.to_vec(),
            ..Explanation::nothing()
        }
    }

    fn nothing() -> Explanation {
        Explanation {
            format: None,
            candidates: Vec::new(),
            applications: None,
            importable: false,
            confidence: None,
            kinde: None,
            import_file_only: false,
            code: None,
            reason: None,
            advice: None,
            test_first: None,
            traps: Vec::new(),
            proven: Proven::None,
            notices: Vec::new(),
        }
    }

    fn seen_as(mut self, recognition: Recognition) -> Explanation {
        self.candidates = recognition.candidates().map(|format| format.id).collect();
        self
    }
}

/// A refusal, explained: also where what stands beside the hash could not even be read.
impl From<HashError> for Explanation {
    fn from(error: HashError) -> Explanation {
        let known = error.format.and_then(format).map(Explanation::of);
        Explanation {
            confidence: known.as_ref().map(|_| error.confidence),
            code: Some(error.code),
            reason: Some(error.reason),
            advice: Some(error.advice),
            ..known.unwrap_or_else(Explanation::nothing)
        }
    }
}
