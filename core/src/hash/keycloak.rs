//! PBKDF2 as identity servers export it: Keycloak and FusionAuth, key and salt in base64.
//!
//! Sources: Keycloak `Pbkdf2PasswordHashProvider` (`pbkdf2` is SHA-1; the length of the key is a setting);
//! FusionAuth's documentation of its password hashes, whose scheme names are Kinde's variants.

use super::encoding::unbase64;
use super::error::Fault;
use super::extra::{Algorithm, Digest, Encoding, Scheme};
use super::fields::{KindeFields, Variant};
use super::map::Case;
use super::pbkdf2::{Derived, Salt};
use super::table::Kind;

pub(super) fn to_kinde(case: Case<'_>) -> Result<KindeFields, Fault> {
    parse(case)?.fields()
}

pub(super) fn verify(case: Case<'_>, password: &[u8]) -> Result<bool, Fault> {
    parse(case)?.verify(password)
}

fn parse(case: Case<'_>) -> Result<Derived<'_>, Fault> {
    let extra = case.extra;
    let (digest, scheme) = match case.format.kind {
        Kind::KeycloakSha256 => (Digest::Sha256, None),
        Kind::KeycloakSha512 => (Digest::Sha512, None),
        Kind::FusionauthSha256 => (Digest::Sha256, Some((Variant::Sha256, 32))),
        Kind::FusionauthSha256Long => (Digest::Sha256, Some((Variant::Sha256_512, 64))),
        Kind::FusionauthSha512Long => (Digest::Sha512, Some((Variant::Sha512_512, 64))),
        _ => (Digest::Sha1, None),
    };
    if extra.digest.is_some_and(|given| given != digest) {
        return Err(Fault::Invalid(
            "the algorithm is not the one of this format: name the format of that algorithm",
        ));
    }
    if extra.value.as_ref().is_some_and(|value| value.as_str() != case.stored) {
        return Err(Fault::Invalid(
            "`secret_data` holds another hash than the one given: rows may be mixed up",
        ));
    }
    let key = unbase64(case.stored).ok_or(Fault::Malformed("the key is not base64"))?;
    if matches!(extra.algorithm, Some(Algorithm::Argon2 | Algorithm::Other)) {
        return Err(Fault::NotImportable(
            "`credential_data` names another algorithm than PBKDF2 (Argon2, which Keycloak 24 and later write, or an \
             extension's)",
        ));
    }
    if extra.algorithm.is_some_and(|given| given != Algorithm::Pbkdf2(digest)) {
        return Err(Fault::Invalid(
            "the algorithm is not the one of this format: name the format of that algorithm",
        ));
    }
    match (scheme, &extra.scheme) {
        (Some((variant, _)), Some(given)) if *given != Scheme::Pbkdf2(variant) => {
            return Err(Fault::Invalid(
                "`encryptionScheme` is not the one of this format: name the format of that scheme",
            ));
        }
        (Some((_, len)), _) if key.len() != len => {
            return Err(Fault::Malformed("the key has not the length of the scheme"));
        }
        // Keycloak's providers derive 256 or 512 bits (SHA-1: 160 as well); a cut key has other lengths.
        (None, _) if !matches!(key.len(), 20 | 32 | 64) => {
            return Err(Fault::Malformed("the key has not 20, 32 or 64 bytes"));
        }
        _ => {}
    }
    let Some(iterations) = extra.iterations else {
        return Err(Fault::Missing(
            "the iterations are missing (Keycloak's `credential_data`, FusionAuth's `factor`)",
        ));
    };
    Derived::new(digest, iterations, Salt::column(extra, Encoding::Base64)?, key)
}
