//! What is known of a format: one row of the table.

use serde::{Deserialize, Serialize};

use super::table::{COUNT, FORMATS, Kind, of};

/// How sure a mapping (or a refusal) is: of what is known of the format, not of the value at hand, whose look does not
/// say what was hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Kinde documents it.
    Certain,
    /// It follows from what Kinde documents.
    Likely,
    /// Exact by construction, but nothing that Kinde documents promises it: off unless switched on.
    Guess,
}

impl Confidence {
    /// `certain`, `likely` or `guess`, as every report writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Confidence::Certain => "certain",
            Confidence::Likely => "likely",
            Confidence::Guess => "guess",
        }
    }
}

/// What becomes of a format at Kinde.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mapping {
    /// Fields of the set-password call; the text says how they are made.
    Call(&'static str),
    /// Fields which only the dashboard's import file takes (`salt_format`), not the set-password call.
    ImportFile(&'static str),
    /// No fields exist; the text says why.
    Never(&'static str),
    /// The account has no password; the text says how that shows.
    NoPassword(&'static str),
}

impl Mapping {
    /// The explanation, whichever way it goes.
    pub const fn text(self) -> &'static str {
        match self {
            Mapping::Call(text)
            | Mapping::ImportFile(text)
            | Mapping::Never(text)
            | Mapping::NoPassword(text) => text,
        }
    }
}

/// The code that handles a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Argon2,
    Aspnet,
    Bcrypt,
    Crypt,
    Digest,
    /// Known by name only: refused with its own reason, and not checked.
    Foreign,
    Keycloak,
    Ldap,
    Magento,
    Pbkdf2,
    Phpass,
    Scrypt,
    Unusable,
}

/// One legacy format: who writes it, how it is told, and what becomes of it.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The stable id, used in every report and setting.
    pub id: &'static str,
    /// The applications which write it.
    pub applications: &'static str,
    /// Its shape, or that it has none of its own.
    pub recognised_by: &'static str,
    /// What becomes of it.
    pub mapping: Mapping,
    /// How sure that is.
    pub confidence: Confidence,
    /// Where this is known from.
    pub source: &'static str,
    /// What to do if it is not importable, or what to test first if it is.
    pub advice: &'static str,
    /// What can be wrong although nothing in the hash shows it.
    pub traps: &'static [&'static str],
    pub(super) kind: Kind,
    pub(super) family: Family,
    pub(super) like: &'static [Kind],
}

impl Format {
    /// Whether any value of this format can be carried over (guesses included).
    pub const fn importable(&self) -> bool {
        matches!(self.mapping, Mapping::Call(_) | Mapping::ImportFile(_))
    }

    /// Other formats which write exactly the same shape, and which either give the same fields or are traps
    /// that no look at the hash can find.
    pub fn lookalikes(&self) -> impl Iterator<Item = &'static Format> + use<> {
        self.like.iter().map(|kind| of(*kind))
    }
}

/// All formats, importable or not.
pub fn formats() -> &'static [Format] {
    FORMATS
}

/// The format with this id.
pub fn format(id: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.id == id)
}

/// What [`recognise`](super::recognise) says of a stored value.
#[derive(Clone, Copy, Debug)]
pub enum Recognition {
    /// This format; see also its [`lookalikes`](Format::lookalikes).
    One(&'static Format),
    /// A shape without a mark of its own, shared by these formats: one of them must be named, even where the
    /// table knows only one.
    Several(&'static [&'static Format]),
    /// No format of the table.
    None,
}

impl Recognition {
    /// Every format that writes such a value.
    pub fn candidates(&self) -> impl Iterator<Item = &'static Format> + use<> {
        let (one, several): (Option<&'static Format>, &'static [&'static Format]) = match *self {
            Recognition::One(format) => (Some(format), &[]),
            Recognition::Several(formats) => (None, formats),
            Recognition::None => (None, &[]),
        };
        one.into_iter().chain(one.into_iter().flat_map(Format::lookalikes)).chain(several.iter().copied())
    }
}

/// The formats whose mapping is a guess and may be used all the same: none unless switched on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guesses {
    all: bool,
    // One bit for each row of the table.
    some: [u64; COUNT.div_ceil(64)],
}

impl Guesses {
    /// No guesses: the default.
    pub const fn none() -> Guesses {
        Guesses { all: false, some: [0; COUNT.div_ceil(64)] }
    }

    /// All guesses.
    pub const fn all() -> Guesses {
        Guesses { all: true, some: [0; COUNT.div_ceil(64)] }
    }

    /// Switches one format on. An id that no guess has is refused, so that a typing error cannot hide.
    pub fn allow(&mut self, id: &str) -> Result<(), super::HashError> {
        let Some(format) = format(id) else { return Err(super::map::unknown_format()) };
        if format.confidence != Confidence::Guess || !format.importable() {
            return Err(super::HashError::new(
                super::code::GUESS_UNKNOWN,
                "the mapping of this format is not a guess",
                "leave it out of the guesses allowed",
            )
            .of(format));
        }
        let (word, bit) = place(format);
        if let Some(word) = self.some.get_mut(word) {
            *word |= bit;
        }
        Ok(())
    }

    /// Whether this format's guess may be used.
    pub fn allows(&self, format: &Format) -> bool {
        let (word, bit) = place(format);
        self.all || self.some.get(word).is_some_and(|word| word & bit != 0)
    }
}

/// The word and the bit of a row.
const fn place(format: &Format) -> (usize, u64) {
    (format.kind as usize / 64, 1 << (format.kind as usize % 64))
}
