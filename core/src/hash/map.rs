//! A stored hash to Kinde's fields: the way in, and what holds for every format.

use super::container::unpacked;
use super::encoding::{Class, all};
use super::error::{CAPTURE, Fault, HashError, code};
use super::extra::{Charset, Extra};
use super::fields::KindeFields;
use super::format::{Confidence, Family, Format, Guesses, Mapping, Recognition, format};
use super::peel::{escaped, ordinary, peel};
use super::recognise::{inner, recognise};
use super::state::{self, State};
use super::table::{Kind, of};
use super::{
    aspnet, bcrypt, columns, crypt, digest, keycloak, ldap, limits, magento, pbkdf2, phpass, scrypt,
};

/// One stored value and what is known of it, on its way through a family.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) format: &'static Format,
    pub(super) stored: &'a str,
    pub(super) extra: &'a Extra,
}

/// The format to use for a stored value: the one named, else the one recognised.
///
/// Errors: `hash_format_unknown`, `hash_ambiguous` (naming the candidates), `hash_not_recognised`, and
/// `hash_not_importable` for shapes known to be broken (`$2x$`, `$2$`).
///
/// What stands beside the hash may name the format as well: [`resolve_beside`].
pub fn resolve(stored: &str, named: Option<&str>) -> Result<&'static Format, HashError> {
    resolve_beside(stored, named, &Extra::default())
}

/// The format named, recognised, or told by the columns beside the hash: Keycloak's `credential_data`, FusionAuth's
/// `encryptionScheme`, the salt and cost of a bcrypt hash in two columns. With `allow_locked`, that of a locked
/// account's hash.
///
/// Errors: as [`resolve`].
pub fn resolve_beside(
    stored: &str,
    named: Option<&str>,
    extra: &Extra,
) -> Result<&'static Format, HashError> {
    if let Some(id) = named {
        return format(id).ok_or_else(unknown_format);
    }
    let mut recognition = recognise(stored);
    if let Recognition::One(format) = recognition {
        let unusable = format.family == Family::Unusable;
        let peeled = (unusable && extra.allow_locked).then(|| peel(stored));
        match peeled.as_ref().and_then(|peeled| state::of(&peeled.text)) {
            Some(State::Locked(hash)) => recognition = inner(hash),
            _ => return Ok(format),
        }
    }
    if !matches!(recognition, Recognition::One(_))
        && let Some(format) = columns::named(&peel(stored).text, extra)
    {
        return Ok(format);
    }
    match recognition {
        Recognition::One(format) => Ok(format),
        Recognition::Several(formats) => {
            let ids: Vec<&str> = formats.iter().map(|format| format.id).collect();
            let advice = if formats.iter().any(|format| format.importable()) {
                "name the format, and prove it with one known password"
            } else {
                "none of them is importable: hand the plaintext password over at the next sign-in, or ask the user \
                 for a reset"
            };
            Err(HashError::new(
                code::AMBIGUOUS,
                format!("the value has no mark of its own and may be {}", ids.join(", ")),
                advice,
            ))
        }
        Recognition::None => Err(not_recognised(stored)),
    }
}

/// A stored value as text, which every format is.
pub(crate) fn text(stored: &[u8]) -> Result<&str, HashError> {
    std::str::from_utf8(stored).map_err(|_| Fault::Malformed("the value is not valid UTF-8").error())
}

pub(super) fn unknown_format() -> HashError {
    HashError::new(code::FORMAT_UNKNOWN, "no format has this id", "use an id of the table of formats")
}

/// Why nothing was recognised, as far as the shape tells.
fn not_recognised(stored: &str) -> HashError {
    let bytes = stored.as_bytes();
    let advice = "name the format, or hand the plaintext password over at the next sign-in";
    let around = peel(stored).around;
    if stored.starts_with("$2x$") || stored.starts_with("$2$") {
        return HashError::new(
            code::NOT_IMPORTABLE,
            "a bcrypt hash of a withdrawn version ($2x$, $2$), which differs for some passwords",
            CAPTURE,
        );
    }
    let reason = if let Err(Fault::Malformed(reason)) = check_length(stored) {
        reason
    } else if bytes.contains(&0) {
        "the value holds a NUL byte"
    } else if let Some(around) = around {
        let reason = format!("{around}; what is inside is no known hash");
        return HashError::new(code::NOT_RECOGNISED, reason, advice);
    } else if bytes.first().is_some_and(u8::is_ascii_whitespace)
        || bytes.last().is_some_and(u8::is_ascii_whitespace)
    {
        "the value begins or ends with white space"
    } else if all(bytes, Class::Hex) {
        "hex of a length that no known hash has"
    } else {
        "no known format has this shape"
    };
    HashError::new(code::NOT_RECOGNISED, reason, advice)
}

/// The fields of Kinde's set-password call for a stored hash, or why there are none and what to do instead.
///
/// Nothing is tried out here: see [`verify_kinde`](super::verify_kinde) for a proof with a known password.
pub fn to_kinde(
    format: &'static Format,
    stored: &str,
    extra: &Extra,
    guesses: &Guesses,
) -> Result<KindeFields, HashError> {
    if !ordinary(stored) {
        return wrapped(Case { format, stored, extra }, guesses);
    }
    let mapped = mapped(Case { format, stored, extra }, guesses);
    match &mapped {
        Err(error) if error.code == code::MALFORMED && escaped(stored) => {
            wrapped(Case { format, stored, extra }, guesses)
        }
        _ => mapped,
    }
}

/// A value with something round it, or one that says that there is no password.
#[cold]
fn wrapped(case: Case<'_>, guesses: &Guesses) -> Result<KindeFields, HashError> {
    let Case { format, stored, extra } = case;
    let peeled = peel(stored);
    let stored = match state::of(&peeled.text) {
        Some(State::Locked(hash)) if extra.allow_locked => hash,
        Some(state) if format.family != Family::Unusable => {
            let format = of(if state == State::NoPassword { Kind::NoPassword } else { Kind::LockedAccount });
            return mapped(Case { format, ..case }, guesses);
        }
        _ => &peeled.text,
    };
    mapped(Case { stored: unpacked(stored), ..case }, guesses)
}

fn mapped(case: Case<'_>, guesses: &Guesses) -> Result<KindeFields, HashError> {
    let Case { format, stored, extra } = case;
    match format.mapping {
        Mapping::NoPassword(reason) => {
            return Err(HashError::new(code::NO_PASSWORD, reason, format.advice).of(format));
        }
        Mapping::Never(reason) => {
            let error = HashError::new(code::NOT_IMPORTABLE, reason, format.advice).of(format);
            return Err(HashError { confidence: format.confidence, ..error });
        }
        Mapping::Call(_) | Mapping::ImportFile(_) => {}
    }
    check_length(stored).map_err(|fault| fault.of(format))?;
    if one_case(stored) {
        let reason = "all its letters are of one case: something on the way has changed them";
        return Err(Fault::Malformed(reason).of(format));
    }
    if extra.value.as_ref().is_some_and(|value| unpacked(&peel(value).text) != stored) {
        let reason = "`secret_data` holds another hash than the one given: rows may be mixed up";
        return Err(Fault::Invalid(reason).of(format));
    }
    if extra.pepper.is_some() {
        let reason = "a pepper is part of the password, and Kinde has no place for it";
        return Err(Fault::NotImportable(reason).of(format));
    }
    if extra.charset.is_some_and(|charset| charset != Charset::Utf8) {
        return Err(HashError::new(
            code::NOT_IMPORTABLE,
            "the application does not hash UTF-8, and Kinde does",
            "leave `charset` out to import them all the same: passwords of ASCII characters only will work, and \
             the others need a reset",
        )
        .of(format));
    }
    let fields = match format.family {
        Family::Aspnet => aspnet::to_kinde(case),
        Family::Bcrypt => bcrypt::to_kinde(case),
        Family::Crypt => crypt::to_kinde(case),
        Family::Digest => digest::to_kinde(case),
        Family::Keycloak => keycloak::to_kinde(case),
        Family::Ldap => ldap::to_kinde(case),
        Family::Magento => magento::to_kinde(case),
        Family::Pbkdf2 => pbkdf2::to_kinde(case),
        Family::Phpass => phpass::to_kinde(case),
        Family::Scrypt => scrypt::to_kinde(case),
        // Never mapped: answered above.
        Family::Argon2 | Family::Foreign | Family::Unusable => {
            Err(Fault::NotImportable(format.mapping.text()))
        }
    }
    .map_err(|fault| fault.of(format))?;
    if format.confidence == Confidence::Guess && !guesses.allows(format) {
        return Err(HashError {
            confidence: Confidence::Guess,
            ..HashError::new(
                code::GUESS_NOT_ALLOWED,
                "the mapping is a guess, and guesses of this format are not switched on",
                "switch it on by its id after a test user has signed in at Kinde, or hand the plaintext password \
                 over at the next sign-in",
            )
            .of(format)
        });
    }
    Ok(fields)
}

/// Whether a base64 or crypt(3) part has letters of one case only. By chance alone one in many millions has.
fn one_case(stored: &str) -> bool {
    let part = stored.rsplit(['$', '}']).next().unwrap_or_default().as_bytes();
    let count = |is: fn(&u8) -> bool| part.iter().filter(|byte| is(byte)).count();
    let (upper, lower) = (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase));
    upper.min(lower) == 0 && upper + lower >= 20 && !part.contains(&b':') && !all(part, Class::Hex)
}

pub(super) fn check_length(stored: &str) -> Result<(), Fault> {
    if stored.is_empty() {
        return Err(Fault::Malformed("the value is empty"));
    }
    if stored.len() > limits::MAX_STORED {
        return Err(Fault::Malformed("the value is longer than any known hash (4096 bytes)"));
    }
    Ok(())
}
