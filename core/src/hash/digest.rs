//! One round (or a few) of MD5, SHA-1, SHA-256 or SHA-512, bare or with a salt.
//!
//! Kinde hashes salt and password (or the reverse) once with MD5 or SHA-256 and compares hex. What nests, keys
//! (HMAC) or repeats has no place there. Hex is sent in lower case; a salt is sent as the text that was hashed.

use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use super::digests::{concat, equal, hash, hmac};
use super::encoding::{Bytes, lower_hex, unbase64, unhex};
use super::error::Fault;
use super::extra::{Digest, Encoding};
use super::fields::{KindeFields, Method, SaltPosition};
use super::map::Case;
use super::pbkdf2::Salt;
use super::table::Kind;

/// A stored value taken apart: hex digest and salt.
struct Parts<'a> {
    digest: Digest,
    hex: &'a str,
    salt: Option<Salt<'a>>,
    position: SaltPosition,
    /// Spring Security 3 hashes the salt in braces, and stores it without.
    braced: bool,
}

pub(super) fn to_kinde(case: Case<'_>) -> Result<KindeFields, Fault> {
    if case.format.kind == Kind::RawSha256Base64 {
        return Ok(KindeFields::new(Method::Sha256, hex::encode(base64_digest(case)?.as_slice())));
    }
    let parts = parse(case)?;
    let hex = lower_hex(parts.hex, parts.digest.len() * 2).ok_or(not_hex(parts.digest))?;
    let method = match parts.digest {
        Digest::Md5 => Method::Md5,
        Digest::Sha256 => Method::Sha256,
        Digest::Sha1 | Digest::Sha512 => {
            return Err(Fault::NotImportable("Kinde has no method for this digest"));
        }
    };
    let mut fields = KindeFields::new(method, hex);
    if let Some(salt) = parts.salt {
        let Salt::Text(salt) = salt else {
            return Err(Fault::NotImportable(
                "the salt is raw bytes, and Kinde's call takes a salt of text only",
            ));
        };
        if salt.contains('\0') {
            return Err(Fault::NotImportable("the salt holds a NUL byte, which no text at Kinde can hold"));
        }
        fields.salt = Some(if parts.braced { format!("{{{salt}}}") } else { salt.to_owned() });
        fields.salt_position = Some(parts.position);
    }
    Ok(fields)
}

fn not_hex(digest: Digest) -> Fault {
    Fault::Malformed(match digest {
        Digest::Md5 => "the digest is not 32 hex characters",
        Digest::Sha1 => "the digest is not 40 hex characters",
        Digest::Sha256 => "the digest is not 64 hex characters",
        Digest::Sha512 => "the digest is not 128 hex characters",
    })
}

/// Digest and salt of the formats that hash once.
fn parse(case: Case<'_>) -> Result<Parts<'_>, Fault> {
    match case.format.kind {
        Kind::DjangoMd5 | Kind::WerkzeugHmacMd5 => marked(case.stored, "md5$", Digest::Md5),
        Kind::DjangoSha1 => marked(case.stored, "sha1$", Digest::Sha1),
        Kind::WerkzeugHmacSha256 => marked(case.stored, "sha256$", Digest::Sha256),
        Kind::DjangoUnsaltedMd5 | Kind::DjangoUnsaltedMd5Prefixed => {
            // Django reads both shapes with either hasher.
            bare(case, case.stored.strip_prefix("md5$$").unwrap_or(case.stored), Digest::Md5)
        }
        Kind::DjangoUnsaltedSha1 => {
            bare(case, case.stored.strip_prefix("sha1$$").unwrap_or(case.stored), Digest::Sha1)
        }
        Kind::RawSha1Hex => bare(case, case.stored, Digest::Sha1),
        Kind::RawSha256Hex => bare(case, case.stored, Digest::Sha256),
        Kind::RawSha512Hex => bare(case, case.stored, Digest::Sha512),
        Kind::JoomlaMd5 => colon(case, case.stored, Digest::Md5, SaltPosition::Suffix),
        Kind::OscommerceMd5 | Kind::Magento1Md5 => {
            colon(case, case.stored, Digest::Md5, SaltPosition::Prefix)
        }
        Kind::JoomlaSha256 => {
            let (name, rest) = case.stored.split_at_checked(8).unwrap_or_default();
            let plain = if name.eq_ignore_ascii_case("{SHA256}") { rest } else { case.stored };
            colon(case, plain, Digest::Sha256, SaltPosition::Suffix)
        }
        Kind::Magento1EeSha256 => colon(case, case.stored, Digest::Sha256, SaltPosition::Prefix),
        Kind::OpenmrsSha512 => colon(case, case.stored, Digest::Sha512, SaltPosition::Suffix),
        Kind::AuthlogicSha512 => column(case, case.stored, Digest::Sha512, SaltPosition::Suffix),
        Kind::MediawikiA => {
            let hex = case.stored.strip_prefix(":A:").ok_or(Fault::Malformed("not the shape :A:hex"))?;
            bare(case, hex, Digest::Md5)
        }
        Kind::MediawikiB => mediawiki_b(case.stored),
        Kind::SpringSaltedSha256 => spring(case.stored, "{SHA-256}", Digest::Sha256),
        Kind::SpringSaltedMd5 => spring(case.stored, "{MD5}", Digest::Md5),
        Kind::Spring3Sha256 => braced(case, Digest::Sha256),
        Kind::Spring3Md5 => braced(case, Digest::Md5),
        Kind::PaddedSalt => {
            let digest = if case.stored.len() == 32 { Digest::Md5 } else { Digest::Sha256 };
            let salt = case.extra.salt.as_ref().ok_or(Fault::Missing("`salt` is missing"))?;
            let position = case.extra.position.unwrap_or(SaltPosition::Prefix);
            Ok(Parts { digest, hex: case.stored, salt: Some(Salt::Text(salt)), position, braced: false })
        }
        Kind::ExpressSha256Suffix => {
            let position = case.extra.position.unwrap_or(SaltPosition::Suffix);
            column(case, case.stored, Digest::Sha256, position)
        }
        Kind::Sha1Salted => {
            let position = case.extra.position.unwrap_or(SaltPosition::Prefix);
            column(case, case.stored, Digest::Sha1, position)
        }
        Kind::VbulletinMd5 | Kind::MybbMd5 => column(case, case.stored, Digest::Md5, SaltPosition::Prefix),
        _ => bare(case, case.stored, Digest::Md5),
    }
}

/// `algorithm$salt$hex`, as Django and Werkzeug split it.
fn marked<'a>(stored: &'a str, mark: &str, digest: Digest) -> Result<Parts<'a>, Fault> {
    let (salt, hex) = stored
        .strip_prefix(mark)
        .and_then(|rest| rest.split_once('$'))
        .ok_or(Fault::Malformed("not the shape algorithm$salt$hex"))?;
    let salt = (!salt.is_empty()).then_some(Salt::Text(salt));
    Ok(Parts { digest, hex, salt, position: SaltPosition::Prefix, braced: false })
}

/// Without a salt: one that is given all the same belongs to another format.
fn bare<'a>(case: Case<'a>, hex: &'a str, digest: Digest) -> Result<Parts<'a>, Fault> {
    if case.extra.salt.is_some() {
        return Err(Fault::Invalid("`salt` is given, but this format has none: name the salted format"));
    }
    Ok(Parts { digest, hex, salt: None, position: SaltPosition::Prefix, braced: false })
}

/// `hex:salt`, split at the first colon, since salts may hold others; or a salt column beside the hex.
fn colon<'a>(
    case: Case<'a>,
    stored: &'a str,
    digest: Digest,
    position: SaltPosition,
) -> Result<Parts<'a>, Fault> {
    if case.extra.position.is_some_and(|given| given != position) {
        return Err(Fault::Invalid("the order of salt and password is not the one of this format"));
    }
    match stored.split_once(':') {
        Some((_, "")) => Err(Fault::Malformed("the salt after the colon is missing")),
        // A line's end or a padded column rather than a salt. Where it is a salt, a salt column can say so.
        Some((_, salt))
            if salt.trim_matches(|c: char| c.is_ascii_whitespace() || c.is_ascii_control()) != salt =>
        {
            Err(Fault::Malformed(
                "the salt begins or ends with white space: cut it off, or give it as `salt`",
            ))
        }
        Some((hex, salt)) => Ok(Parts { digest, hex, salt: Some(Salt::Text(salt)), position, braced: false }),
        None => column(case, stored, digest, position),
    }
}

fn column<'a>(
    case: Case<'a>,
    hex: &'a str,
    digest: Digest,
    position: SaltPosition,
) -> Result<Parts<'a>, Fault> {
    let salt = Salt::column(case.extra, Encoding::Text)?;
    Ok(Parts { digest, hex, salt: Some(salt), position, braced: false })
}

/// `{SHA-256}{salt}hex`: the braces belong to what is hashed.
fn spring<'a>(stored: &'a str, scheme: &str, digest: Digest) -> Result<Parts<'a>, Fault> {
    const SHAPE: Fault = Fault::Malformed("not the shape {scheme}{salt}hex");
    let (name, rest) = stored.split_at_checked(scheme.len()).ok_or(SHAPE)?;
    // The salt is base64; the digest follows the last brace.
    let end = rest.rfind('}').ok_or(SHAPE)? + 1;
    let (salt, hex) = rest.split_at_checked(end).ok_or(SHAPE)?;
    if !name.eq_ignore_ascii_case(scheme) || !salt.starts_with('{') || salt.len() < 3 {
        return Err(SHAPE);
    }
    Ok(Parts { digest, hex, salt: Some(Salt::Text(salt)), position: SaltPosition::Suffix, braced: false })
}

/// The salt column, which Spring Security 3 puts in braces before it hashes.
fn braced(case: Case<'_>, digest: Digest) -> Result<Parts<'_>, Fault> {
    let parts = column(case, case.stored, digest, SaltPosition::Suffix)?;
    if parts.salt.as_ref().is_some_and(|salt| salt.starts_with(b"{")) {
        return Err(Fault::Invalid("the salt is in braces already: give it as the column holds it"));
    }
    Ok(Parts { braced: true, ..parts })
}

/// `:B:salt:hex`.
fn mediawiki_b(stored: &str) -> Result<Parts<'_>, Fault> {
    let (salt, hex) = stored
        .strip_prefix(":B:")
        .and_then(|rest| rest.split_once(':'))
        .ok_or(Fault::Malformed("not the shape :B:salt:hex"))?;
    let salt = Some(Salt::Text(salt));
    Ok(Parts { digest: Digest::Md5, hex, salt, position: SaltPosition::Prefix, braced: false })
}

fn base64_digest(case: Case<'_>) -> Result<Bytes, Fault> {
    if case.extra.salt.is_some() {
        return Err(Fault::Invalid("`salt` is given, but this format has none: name the salted format"));
    }
    unbase64(case.stored)
        .filter(|digest| digest.len() == 32)
        .ok_or(Fault::Malformed("not base64 of 32 bytes"))
}

pub(super) fn verify(case: Case<'_>, password: &[u8]) -> Result<bool, Fault> {
    match case.format.kind {
        Kind::RawSha256Base64 => {
            return Ok(equal(&hash::<Sha256>(&[password]), &base64_digest(case)?));
        }
        Kind::SymfonySha512 => return verify_symfony(case, password),
        _ => {}
    }
    let parts = parse(case)?;
    let stored =
        unhex(parts.hex).filter(|stored| stored.len() == parts.digest.len()).ok_or(not_hex(parts.digest))?;
    let salt = parts.salt.as_deref().unwrap_or_default();
    Ok(match case.format.kind {
        Kind::WerkzeugHmacMd5 => equal(&hmac::<Md5>(salt, password), &stored),
        Kind::WerkzeugHmacSha256 => equal(&hmac::<Sha256>(salt, password), &stored),
        Kind::VbulletinMd5 => equal(&hash::<Md5>(&[hex_md5(password).as_bytes(), salt]), &stored),
        Kind::MybbMd5 => {
            equal(&hash::<Md5>(&[hex_md5(salt).as_bytes(), hex_md5(password).as_bytes()]), &stored)
        }
        Kind::MediawikiB => equal(&hash::<Md5>(&[salt, b"-", hex_md5(password).as_bytes()]), &stored),
        Kind::AuthlogicSha512 => {
            let mut state = hex::encode(hash::<Sha512>(&[password, salt]));
            for _ in 1..20 {
                state = hex::encode(hash::<Sha512>(&[state.as_bytes()]));
            }
            equal(state.as_bytes(), parts.hex.to_ascii_lowercase().as_bytes())
        }
        Kind::PaddedSalt => {
            let cut = salt.trim_ascii_end();
            cut.len() < salt.len()
                && [SaltPosition::Prefix, SaltPosition::Suffix]
                    .iter()
                    .any(|position| salted(parts.digest, *position, cut, password, &stored))
        }
        _ if parts.braced => {
            salted(parts.digest, parts.position, &concat(&[b"{", salt, b"}"]), password, &stored)
        }
        _ => salted(parts.digest, parts.position, salt, password, &stored),
    })
}

fn hex_md5(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(hex::encode(hash::<Md5>(&[bytes])))
}

/// One digest of salt and password in this order, or the reverse.
pub(super) fn salted(
    digest: Digest,
    position: SaltPosition,
    salt: &[u8],
    password: &[u8],
    stored: &[u8],
) -> bool {
    let parts = match position {
        SaltPosition::Prefix => [salt, password],
        SaltPosition::Suffix => [password, salt],
    };
    match digest {
        Digest::Md5 => equal(&hash::<Md5>(&parts), stored),
        Digest::Sha1 => equal(&hash::<Sha1>(&parts), stored),
        Digest::Sha256 => equal(&hash::<Sha256>(&parts), stored),
        Digest::Sha512 => equal(&hash::<Sha512>(&parts), stored),
    }
}

/// SHA-512 of `password{salt}`, then 4999 times of the digest and that text again; base64 or hex.
fn verify_symfony(case: Case<'_>, password: &[u8]) -> Result<bool, Fault> {
    let salt = case.extra.salt.as_deref().map(|salt| salt.as_bytes()).unwrap_or_default();
    let merged = if salt.is_empty() { concat(&[password]) } else { concat(&[password, b"{", salt, b"}"]) };
    let iterations = case.extra.iterations.unwrap_or(5000);
    if u64::from(iterations) * (merged.len() as u64 + 64) > super::limits::MAX_SHA_CRYPT_WORK {
        return Err(Fault::TooCostly("so many iterations take too long to check here"));
    }
    let mut state = hash::<Sha512>(&[&merged]);
    for _ in 1..iterations {
        state = hash::<Sha512>(&[&state, &merged]);
    }
    if case.stored.len() == 128 {
        let stored = unhex(case.stored).ok_or(not_hex(Digest::Sha512))?;
        return Ok(equal(&state, &stored));
    }
    let stored = unbase64(case.stored).filter(|stored| stored.len() == 64);
    Ok(equal(&state, &stored.ok_or(Fault::Malformed("not base64 of 64 bytes"))?))
}

/// What Kinde's `md5` and `sha256` check: hex in lower case of one digest, the salt at its position.
pub(super) fn verify_kinde(fields: &KindeFields, password: &[u8]) -> Result<bool, Fault> {
    let digest = if fields.hashing_method == Method::Md5 { Digest::Md5 } else { Digest::Sha256 };
    let stored = unhex(&fields.hashed_password)
        .filter(|stored| stored.len() == digest.len())
        .ok_or(not_hex(digest))?;
    if fields.hashed_password.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(Fault::Malformed("the digest is not in lower case"));
    }
    let salt = match (&fields.salt, fields.salt_format) {
        (None, _) => return Ok(salted(digest, SaltPosition::Prefix, b"", password, &stored)),
        (Some(salt), None) => Salt::Text(salt),
        (Some(salt), Some(_)) => Salt::read(salt, Encoding::Hex)?,
    };
    let position = fields.salt_position.ok_or(Fault::Malformed("a salt needs `salt_position`"))?;
    Ok(salted(digest, position, &salt, password, &stored))
}
