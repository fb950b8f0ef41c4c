//! LDAP's and Dovecot's digests (RFC 2307 and later schemes): base64 of digest and salt, over password and salt; or of
//! a digest alone.
//!
//! The salt is raw bytes. Kinde's import file takes those (`salt_format` hex), its call does not.

use super::container::scheme;
use super::digest::salted;
use super::encoding::{Bytes, unbase64, unhex};
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
    let (digest, salted) = match case.format.kind {
        Kind::LdapSaltedSha256 => (Digest::Sha256, true),
        Kind::LdapSaltedSha512 => (Digest::Sha512, true),
        Kind::LdapSaltedMd5 => (Digest::Md5, true),
        Kind::LdapMd5 => (Digest::Md5, false),
        Kind::LdapSha256 => (Digest::Sha256, false),
        Kind::LdapSha1 => (Digest::Sha1, false),
        Kind::LdapSha512 => (Digest::Sha512, false),
        _ => (Digest::Sha1, true),
    };
    if scheme(case.stored) != Some(case.format.kind) {
        return Err(Fault::Malformed("the value does not begin with the format's scheme"));
    }
    let (name, text) = case.stored.split_once('}').unwrap_or_default();
    // Dovecot names the encoding behind the scheme; a digest alone is told by its length.
    let as_hex = name.to_ascii_lowercase().ends_with(".hex") || !salted && text.len() == 2 * digest.len();
    let bytes = if as_hex { unhex(text) } else { unbase64(text) };
    let bytes = bytes.ok_or(Fault::Malformed("what follows the scheme is not base64"))?;
    if bytes.len() < digest.len() || salted != (bytes.len() > digest.len()) {
        return Err(Fault::Malformed("the value has not the length of the digest, or of digest and salt"));
    }
    Ok(Parts { digest, bytes })
}

pub(super) fn to_kinde(case: Case<'_>) -> Result<KindeFields, Fault> {
    let parts = parse(case)?;
    let method = if parts.digest == Digest::Md5 { Method::Md5 } else { Method::Sha256 };
    let (digest, salt) = parts.split();
    let mut fields = KindeFields::new(method, hex::encode(digest));
    if salt.is_empty() {
        return Ok(fields);
    }
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
