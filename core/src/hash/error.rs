//! What can be wrong with a stored hash, its parameters or a password.

use std::borrow::Cow;

use super::format::{Confidence, Format};

/// The stable codes of [`HashError`], the same in every language.
pub mod code {
    /// No format has this shape.
    pub const NOT_RECOGNISED: &str = "hash_not_recognised";
    /// Several formats share the shape, or it carries no mark of its own: the format must be named.
    pub const AMBIGUOUS: &str = "hash_ambiguous";
    /// Kinde has no method that would accept the password for this hash.
    pub const NOT_IMPORTABLE: &str = "hash_not_importable";
    /// The value is not a whole, well-formed hash of its format.
    pub const MALFORMED: &str = "hash_malformed";
    /// The mapping is a guess, and guesses of this format are switched off.
    pub const GUESS_NOT_ALLOWED: &str = "hash_guess_not_allowed";
    /// A format was switched on as a guess, but its mapping is none.
    pub const GUESS_UNKNOWN: &str = "hash_guess_unknown";
    /// No format has this id.
    pub const FORMAT_UNKNOWN: &str = "hash_format_unknown";
    /// A parameter which the format needs was not given.
    pub const EXTRA_MISSING: &str = "hash_extra_missing";
    /// A parameter has a wrong name, type or value, or contradicts the format.
    pub const EXTRA_INVALID: &str = "hash_extra_invalid";
    /// The value says that the account has no password.
    pub const NO_PASSWORD: &str = "hash_no_password";
    /// Checking it here would take more time or memory than a caller should spend.
    pub const TOO_COSTLY: &str = "hash_too_costly";
    /// The password cannot be hashed this way without changing it (NUL bytes, absurd length).
    pub const PASSWORD_INVALID: &str = "hash_password_invalid";
}

/// Why a stored hash was not mapped or checked, and what to do instead.
///
/// Neither the text nor the `Debug` form ever holds a part of the hash, the salt or the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashError {
    /// One of [`code`]: stable, for programs.
    pub code: &'static str,
    /// The id of the format, where it is known.
    pub format: Option<&'static str>,
    /// What is wrong, for people.
    pub reason: Cow<'static, str>,
    /// What to do instead, for people.
    pub advice: Cow<'static, str>,
    /// How sure the verdict is.
    pub confidence: Confidence,
}

impl HashError {
    pub(super) fn new(
        code: &'static str,
        reason: impl Into<Cow<'static, str>>,
        advice: impl Into<Cow<'static, str>>,
    ) -> HashError {
        HashError {
            code,
            format: None,
            reason: reason.into(),
            advice: advice.into(),
            confidence: Confidence::Certain,
        }
    }

    pub(super) fn of(mut self, format: &'static Format) -> HashError {
        self.format = Some(format.id);
        self
    }

    pub(super) fn extra_invalid(reason: impl Into<Cow<'static, str>>) -> HashError {
        HashError::new(code::EXTRA_INVALID, reason, CHECK_EXTRA)
    }
}

/// What a family finds wrong, before it is said of which format.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    Malformed(&'static str),
    NotImportable(&'static str),
    Missing(&'static str),
    Invalid(&'static str),
    TooCostly(&'static str),
    /// A NUL byte in the password, where implementations do not agree what it means.
    Nul,
}

impl Fault {
    pub(super) fn error(self) -> HashError {
        match self {
            Fault::Malformed(reason) => HashError::new(code::MALFORMED, reason, CHECK_VALUE),
            Fault::NotImportable(reason) => HashError::new(code::NOT_IMPORTABLE, reason, CAPTURE),
            Fault::Missing(reason) => HashError::new(code::EXTRA_MISSING, reason, GIVE_EXTRA),
            Fault::Invalid(reason) => HashError::extra_invalid(reason),
            Fault::TooCostly(reason) => HashError::new(code::TOO_COSTLY, reason, PROVE_ELSEWHERE),
            Fault::Nul => HashError::new(
                code::PASSWORD_INVALID,
                "the password holds a NUL byte, which implementations of this hash treat differently",
                "refuse such passwords",
            ),
        }
    }

    pub(super) fn of(self, format: &'static Format) -> HashError {
        self.error().of(format)
    }
}

impl std::fmt::Display for HashError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(format) = self.format {
            write!(f, "{format}: ")?;
        }
        write!(f, "{}; {} [{}]", self.reason, self.advice, self.code)
    }
}

impl std::error::Error for HashError {}

/// Advice where a password can still be caught.
pub(super) const CAPTURE: &str =
    "hand the plaintext password over at the next sign-in, or ask the user for a reset";
const CHECK_VALUE: &str =
    "compare with the value in the database: it may be cut, padded, or of another format";
const GIVE_EXTRA: &str = "give it in `extra` beside the hash";
const CHECK_EXTRA: &str = "correct the `extra` given beside the hash";
const PROVE_ELSEWHERE: &str = "prove the mapping with a cheaper hash of the same format";
