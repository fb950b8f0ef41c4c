//! LDAP's salted digests (RFC 2307 and later schemes): base64 of digest and salt, over password and salt.
//!
//! The salt is raw bytes. Kinde's import file takes those (`salt_format` hex), its call does not.

use super::digest::salted;
use super::encoding::{Bytes, unbase64};
use super::error::Fault;
use super::extra::Digest;
use super::fields::{KindeFields, Method, SaltFormat, SaltPosition};
use super::map::Case;
use super::table::Kind;

/// Digest and salt, one after the other.
struct Parts {
    digest: Digest,
    bytes: Bytes,
}

impl Parts {
    fn split(&self) -> (&[u8], &[u8]) {
        self.bytes.split_at_checked(self.digest.len()).unwrap_or_default()
    }
}

fn parse(case: Case<'_>) -> Result<Parts, Fault> {
    let (scheme, digest) = match case.format.kind {
        Kind::LdapSaltedSha256 => ("{SSHA256}", Digest::Sha256),
        Kind::LdapSaltedMd5 => ("{SMD5}", Digest::Md5),
        _ => ("{SSHA}", Digest::Sha1),
    };
    let (start, text) = case
        .stored
        .split_at_checked(scheme.len())
        .ok_or(Fault::Malformed("the value does not begin with the format's scheme"))?;
    if !start.eq_ignore_ascii_case(scheme) {
        return Err(Fault::Malformed("the value does not begin with the format's scheme"));
    }
    let bytes = unbase64(text).ok_or(Fault::Malformed("what follows the scheme is not base64"))?;
    if bytes.len() <= digest.len() {
        return Err(Fault::Malformed("the value is too short for digest and salt"));
    }
    Ok(Parts { digest, bytes })
}

pub(super) fn to_kinde(case: Case<'_>) -> Result<KindeFields, Fault> {
    let parts = parse(case)?;
    let method = if parts.digest == Digest::Md5 { Method::Md5 } else { Method::Sha256 };
    let (digest, salt) = parts.split();
    let mut fields = KindeFields::new(method, hex::encode(digest));
    fields.salt = Some(hex::encode(salt));
    fields.salt_position = Some(SaltPosition::Suffix);
    fields.salt_format = Some(SaltFormat::Hex);
    Ok(fields)
}

pub(super) fn verify(case: Case<'_>, password: &[u8]) -> Result<bool, Fault> {
    let parts = parse(case)?;
    let (digest, salt) = parts.split();
    Ok(salted(parts.digest, SaltPosition::Suffix, salt, password, digest))
}
