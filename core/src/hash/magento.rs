//! Magento 2: `hash:salt:version`, and chains of versions where an old hash was wrapped in place.
//!
//! Version 0 is md5(salt + password), 1 sha256(salt + password), 2 Argon2id as libsodium's interactive setting,
//! 3 the same with its parameters written out. A chain `0:1` hashes the hash. Source: magento2
//! `Encryption/Encryptor.php`.

use argon2::{Algorithm, Version};
use md5::Md5;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::argon2::{Settings, derive};
use super::digests::{concat, equal, hash};
use super::encoding::{lower_hex, number};
use super::error::Fault;
use super::fields::{KindeFields, Method, SaltPosition};
use super::map::Case;
use super::shape::magento_version;
use super::table::Kind;

const SHAPE: Fault = Fault::Malformed("not the shape hash:salt:version");

/// The first field, all between, and the last.
fn parse(stored: &str) -> Result<(&str, &str, &str), Fault> {
    let (hash, rest) = stored.split_once(':').ok_or(SHAPE)?;
    let (salt, version) = rest.rsplit_once(':').ok_or(SHAPE)?;
    Ok((hash, salt, version))
}

fn chained(salt: &str) -> bool {
    salt.rsplit_once(':').is_some_and(|(_, previous)| magento_version(previous.as_bytes()))
}

pub(super) fn to_kinde(case: Case<'_>) -> Result<KindeFields, Fault> {
    let (hash, salt, version) = parse(case.stored)?;
    // Rows of several versions stand in one table: a row is refused for what it is, not sent as what was named.
    if !magento_version(version.as_bytes()) {
        return Err(SHAPE);
    }
    if chained(salt) {
        return Err(Fault::NotImportable("this row is a chain of versions: a hash over another hash"));
    }
    let (method, len) = match version {
        "0" => (Method::Md5, 32),
        "1" => (Method::Sha256, 64),
        _ => return Err(Fault::NotImportable("this row is Argon2, for which Kinde has no method")),
    };
    let hex = lower_hex(hash, len).ok_or(Fault::Malformed("the hash is not hex of the version's length"))?;
    if salt.contains('\0') {
        return Err(Fault::NotImportable("the salt holds a NUL byte, which no text at Kinde can hold"));
    }
    let mut fields = KindeFields::new(method, hex);
    // Upgraded in place from a digest without a salt.
    if salt.is_empty() {
        return Ok(fields);
    }
    fields.salt = Some(salt.to_owned());
    fields.salt_position = Some(SaltPosition::Prefix);
    Ok(fields)
}

pub(super) fn verify(case: Case<'_>, password: &[u8]) -> Result<bool, Fault> {
    let (stored, mut salt, version) = parse(case.stored)?;
    let mut versions = version;
    if case.format.kind == Kind::Magento2Chained {
        // Magento splits at the first two colons: its own salts hold none.
        (salt, versions) =
            case.stored.split_once(':').and_then(|(_, rest)| rest.split_once(':')).ok_or(SHAPE)?;
    }
    if versions.split(':').count() > 8 {
        return Err(Fault::TooCostly("a chain of more than eight versions takes too long to check here"));
    }
    let mut value = concat(&[password]);
    for version in versions.split(':') {
        value = Zeroizing::new(
            match version {
                "0" => hex::encode(hash::<Md5>(&[salt.as_bytes(), &value])),
                "1" => hex::encode(hash::<Sha256>(&[salt.as_bytes(), &value])),
                // libsodium's OPSLIMIT_INTERACTIVE and MEMLIMIT_INTERACTIVE.
                "2" => argon2id(&value, salt, 32, 2, 64 << 20)?,
                _ => {
                    let mut numbers = version.strip_prefix("3_").ok_or(SHAPE)?.split('_').map(number);
                    let mut next = || numbers.next().flatten().ok_or(SHAPE);
                    argon2id(&value, salt, next()?, next()?, next()?)?
                }
            }
            .into_bytes(),
        );
    }
    let stored = stored.to_ascii_lowercase();
    Ok(equal(&value, stored.as_bytes()))
}

/// libsodium's `crypto_pwhash` with one lane, in hex; memory in bytes.
fn argon2id(value: &[u8], salt: &str, len: u32, passes: u32, memory: u32) -> Result<String, Fault> {
    if !(16..=128).contains(&len) {
        return Err(Fault::Malformed("the Argon2 key has not 16 to 128 bytes"));
    }
    if salt.is_empty() {
        return Err(Fault::Malformed("the salt is empty"));
    }
    // Magento cuts or repeats the salt to libsodium's 16 bytes.
    let salt: Vec<u8> = salt.bytes().cycle().take(16).collect();
    let settings = Settings {
        algorithm: Algorithm::Argon2id,
        version: Version::V0x13,
        memory: memory / 1024,
        passes,
        lanes: 1,
    };
    Ok(hex::encode(derive(&settings, value, &salt, len as usize)?.as_slice()))
}
