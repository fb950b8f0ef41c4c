//! Whether a password is the one behind a stored hash, as the legacy application would decide.

use zeroize::Zeroizing;

use super::container::unpacked;
use super::error::{Fault, HashError, code};
use super::extra::{Charset, Extra};
use super::format::{Family, Format};
use super::limits::MAX_PASSWORD;
use super::map::{Case, check_length};
use super::peel::peel;
use super::preimage::peppered;
use super::state::{self, State};
use super::table::Kind;
use super::{argon2, aspnet, bcrypt, crypt, digest, keycloak, ldap, magento, pbkdf2, phpass, scrypt};

/// Whether `password` (UTF-8, as typed) is the one behind a stored hash of this format, importable or not.
///
/// Comparisons take constant time. Work and memory are bounded: what costs more is `hash_too_costly`, not a
/// hang. Where implementations of a format do not agree on NUL bytes (bcrypt, crypt), such a password is
/// refused as `hash_password_invalid`.
pub fn verify(
    format: &'static Format,
    stored: &str,
    extra: &Extra,
    password: &[u8],
) -> Result<bool, HashError> {
    let peeled = peel(stored);
    let mut stored = &*peeled.text;
    match state::of(stored) {
        Some(State::Locked(hash)) if extra.allow_locked => stored = hash,
        // Who has no password, or is locked, is let in by none.
        Some(_) => return Ok(false),
        None => {}
    }
    let stored = unpacked(stored);
    let case = Case { format, stored, extra };
    check_length(stored).map_err(|fault| fault.of(format))?;
    check_password(password).map_err(|error| error.of(format))?;
    if extra.pepper.is_some() && !peppered(format.kind) {
        return Err(HashError::extra_invalid(
            "a pepper can be checked with the formats only that have one (devise_bcrypt_peppered, bcrypt_peppered, \
             moodle_sha512_peppered, flask_security_bcrypt, flask_security_pbkdf2_sha512)",
        )
        .of(format));
    }
    let latin1 = format.kind == Kind::RawMd5HexLatin1 || extra.charset == Some(Charset::Latin1);
    let converted;
    let password = if latin1 {
        // A password that the charset cannot write is not the one behind the hash.
        let Some(bytes) = to_latin1(password) else { return Ok(false) };
        converted = bytes;
        converted.as_slice()
    } else {
        if extra.charset == Some(Charset::Other) && !password.is_ascii() {
            return Err(HashError::extra_invalid(
                "`charset`: only UTF-8 and ISO-8859-1 can be checked beyond ASCII",
            )
            .of(format));
        }
        password
    };
    match format.family {
        Family::Argon2 => argon2::verify(case, password),
        Family::Aspnet => aspnet::verify(case, password),
        Family::Bcrypt => bcrypt::verify(case, password),
        Family::Crypt => crypt::verify(case, password),
        Family::Digest => digest::verify(case, password),
        Family::Keycloak => keycloak::verify(case, password),
        Family::Ldap => ldap::verify(case, password),
        Family::Magento => magento::verify(case, password),
        Family::Pbkdf2 => pbkdf2::verify(case, password),
        Family::Phpass => phpass::verify(case, password),
        Family::Scrypt => scrypt::verify(case, password),
        Family::Foreign => Err(Fault::NotImportable(
            "the format is known by its name only, and no password is checked against it",
        )),
        Family::Unusable => Ok(false),
    }
    .map_err(|fault| fault.of(format))
}

pub(super) fn check_password(password: &[u8]) -> Result<(), HashError> {
    if password.len() > MAX_PASSWORD {
        return Err(HashError::new(
            code::PASSWORD_INVALID,
            "the password is longer than 4096 bytes",
            "no application takes such a password; check what was passed",
        ));
    }
    Ok(())
}

/// UTF-8 to ISO-8859-1, where every character has a place there.
fn to_latin1(password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = std::str::from_utf8(password).ok()?;
    let mut out = Zeroizing::new(Vec::with_capacity(password.len()));
    for c in text.chars() {
        out.push(u8::try_from(c).ok()?);
    }
    Some(out)
}
