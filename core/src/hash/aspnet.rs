//! ASP.NET Identity's binary layouts, in base64.
//!
//! v2: 00, 16 bytes of salt, 32 bytes of key (PBKDF2-HMAC-SHA1, 1000 iterations). v3: 01, then PRF (0 SHA-1, 1
//! SHA-256, 2 SHA-512), iterations and salt length as big-endian 32-bit numbers, salt, key. Kinde takes v2 as it
//! stands; v3 comes apart into PBKDF2's fields. Source: dotnet/aspnetcore `PasswordHasher.cs`.

use super::encoding::{Bytes, base64, unbase64};
use super::error::Fault;
use super::extra::Digest;
use super::fields::{KindeFields, Method};
use super::map::Case;
use super::pbkdf2::{Derived, Salt, check};
use super::table::Kind;

/// Bytes before the salt of v3.
const HEADER: usize = 13;
/// The framework itself refuses shorter salts and keys (128 bits).
const SHORTEST: usize = 16;

/// Which layout the base64 text (without its padding) holds, if any.
pub(super) fn recognise(body: &[u8]) -> Option<Kind> {
    let start = unbase64(std::str::from_utf8(body.get(..20)?).ok()?)?;
    let bytes = body.len() * 3 / 4;
    match start.first()? {
        0 if bytes == 49 => Some(Kind::AspnetIdentityV2),
        1 => {
            let salt = usize::try_from(word(&start, 9)?).ok()?;
            let key = bytes.checked_sub(HEADER)?.checked_sub(salt)?;
            if salt < SHORTEST || key < SHORTEST {
                return None;
            }
            Some(match (word(&start, 1)?, key) {
                (1, 32..) => Kind::AspnetIdentityV3Sha256,
                (2, 64..) => Kind::AspnetIdentityV3Sha512Long,
                (2, 32) => Kind::AspnetIdentityV3Sha512,
                (0..=2, _) => Kind::AspnetIdentityV3Other,
                _ => return None,
            })
        }
        _ => None,
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk::<4>().map(|word| u32::from_be_bytes(*word))
}

pub(super) fn to_kinde(case: Case<'_>) -> Result<KindeFields, Fault> {
    if case.format.kind == Kind::AspnetIdentityV2 {
        let blob = v2(case.stored)?;
        return Ok(KindeFields::new(Method::AspnetIdentityV2, base64(&blob)));
    }
    // By what the value says, not by the id: the same table of users may hold several settings.
    v3(case.stored)?.fields()
}

pub(super) fn verify(case: Case<'_>, password: &[u8]) -> Result<bool, Fault> {
    if case.format.kind == Kind::AspnetIdentityV2 {
        return verify_v2(&v2(case.stored)?, password);
    }
    v3(case.stored)?.verify(password)
}

/// What Kinde's `aspnet-identity-v2` checks; it refuses the fields of other methods.
pub(super) fn verify_kinde(fields: &KindeFields, password: &[u8]) -> Result<bool, Fault> {
    if fields.salt.is_some()
        || fields.salt_position.is_some()
        || fields.iterations.is_some()
        || fields.variant.is_some()
    {
        return Err(Fault::Malformed(
            "aspnet-identity-v2 takes no salt, salt_position, iterations or variant",
        ));
    }
    verify_v2(&v2(&fields.hashed_password)?, password)
}

fn v2(stored: &str) -> Result<Bytes, Fault> {
    unbase64(stored)
        .filter(|blob| blob.len() == 49 && blob.first() == Some(&0))
        .ok_or(Fault::Malformed("not base64 of 00, 16 bytes of salt and 32 bytes of key"))
}

fn verify_v2(blob: &Bytes, password: &[u8]) -> Result<bool, Fault> {
    let (salt, key) = (blob.get(1..17).unwrap_or_default(), blob.get(17..).unwrap_or_default());
    check(Digest::Sha1, 1000, salt, key, password)
}

fn v3(stored: &str) -> Result<Derived<'static>, Fault> {
    const SHAPE: Fault = Fault::Malformed("not base64 of 01, PRF, iterations, salt length, salt and key");
    let blob = unbase64(stored).filter(|blob| blob.first() == Some(&1)).ok_or(SHAPE)?;
    let (Some(prf), Some(iterations), Some(salt)) = (word(&blob, 1), word(&blob, 5), word(&blob, 9)) else {
        return Err(SHAPE);
    };
    let digest = match prf {
        0 => Digest::Sha1,
        1 => Digest::Sha256,
        2 => Digest::Sha512,
        _ => return Err(Fault::Malformed("the PRF is none of 0, 1, 2")),
    };
    let rest = blob.get(HEADER..).ok_or(SHAPE)?;
    let salt = usize::try_from(salt).map_err(|_| SHAPE)?;
    let (salt, key) = rest.split_at_checked(salt).ok_or(SHAPE)?;
    if salt.len() < SHORTEST || key.len() < SHORTEST {
        return Err(Fault::Malformed("salt or key is shorter than 16 bytes"));
    }
    let (Some(salt), Some(key)) = (Bytes::copy(salt), Bytes::copy(key)) else { return Err(SHAPE) };
    Derived::new(digest, iterations, Salt::Bytes(salt), key)
}
