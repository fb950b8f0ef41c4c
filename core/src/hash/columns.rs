//! Formats that the columns beside a hash name: Keycloak's `algorithm`, FusionAuth's `encryptionScheme`, bcrypt in two
//! columns.

use super::encoding::{Class, all};
use super::extra::{Algorithm, Digest, Extra, Scheme};
use super::fields::Variant;
use super::format::Format;
use super::table::{Kind, of};

/// The format that these columns name for a value without a mark of its own.
pub(super) fn named(stored: &str, extra: &Extra) -> Option<&'static Format> {
    if let Some(algorithm) = &extra.algorithm {
        return Some(of(match algorithm {
            Algorithm::Pbkdf2(Digest::Sha256) => Kind::KeycloakSha256,
            Algorithm::Pbkdf2(Digest::Sha512) => Kind::KeycloakSha512,
            Algorithm::Pbkdf2(_) => Kind::KeycloakSha1,
            Algorithm::Argon2 => Kind::KeycloakArgon2,
            Algorithm::Bcrypt | Algorithm::Other => Kind::KeycloakOther,
        }));
    }
    if let Some(scheme) = &extra.scheme {
        return Some(of(match scheme {
            Scheme::Pbkdf2(Variant::Sha256) => Kind::FusionauthSha256,
            Scheme::Pbkdf2(Variant::Sha256_512) => Kind::FusionauthSha256Long,
            Scheme::Pbkdf2(Variant::Sha512_512) => Kind::FusionauthSha512Long,
            Scheme::Bcrypt => Kind::FusionauthBcrypt,
            Scheme::Other(_) => Kind::FusionauthOther,
        }));
    }
    let salt = extra.salt.as_ref()?;
    let split = stored.len() == 31
        && all(stored.as_bytes(), Class::Crypt64)
        && (salt.len() == 29 && salt.starts_with("$2")
            || salt.len() == 22 && all(salt.as_bytes(), Class::Crypt64) && extra.iterations.is_some());
    split.then(|| of(Kind::FusionauthBcrypt))
}
