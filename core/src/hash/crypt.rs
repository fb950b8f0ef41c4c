//! crypt(3): MD5-crypt `$1$`, SHA-crypt `$5$` and `$6$`, DES and BSDi's extended DES.
//!
//! All are sent as they stand. Kinde does not say which of them its `crypt` takes.

use sha2::{Sha256, Sha512};

use super::des;
use super::digests::equal;
use super::encoding::{Class, all, atoi64, number};
use super::error::Fault;
use super::fields::{KindeFields, Method};
use super::limits::{MAX_DES_COUNT, MAX_SHA_CRYPT_WORK};
use super::map::Case;
use super::md5_crypt::md5_crypt;
use super::preimage::fed;
use super::sha_crypt::{SHA256, SHA512, sha_crypt};
use super::table::Kind;

/// A hash taken apart: what makes the digest characters, and these.
struct Parts<'a> {
    scheme: Scheme<'a>,
    digest: &'a str,
}

enum Scheme<'a> {
    Md5 { salt: &'a str },
    Sha256 { salt: &'a str, rounds: u32 },
    Sha512 { salt: &'a str, rounds: u32 },
    Des { count: u32, salt: u32, long: bool },
}

pub(super) fn to_kinde(case: Case<'_>) -> Result<KindeFields, Fault> {
    let known = match (case.format.kind, parse(case.stored)?.scheme) {
        (Kind::CryptMd5, Scheme::Md5 { .. })
        | (Kind::CryptSha256, Scheme::Sha256 { .. })
        | (Kind::CryptSha512, Scheme::Sha512 { .. }) => true,
        (kind, Scheme::Des { long, .. }) => kind == if long { Kind::CryptExtDes } else { Kind::CryptDes },
        _ => false,
    };
    if !known {
        return Err(Fault::Malformed("the value is a crypt(3) hash of another format"));
    }
    Ok(KindeFields::new(Method::Crypt, case.stored.to_owned()))
}

pub(super) fn verify(case: Case<'_>, password: &[u8]) -> Result<bool, Fault> {
    for fed in fed(case, password)? {
        if check(case.stored, &fed)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What Kinde's `crypt` checks, taking it that it knows every form here.
pub(super) fn verify_kinde(fields: &KindeFields, password: &[u8]) -> Result<bool, Fault> {
    check(&fields.hashed_password, password)
}

fn parse(stored: &str) -> Result<Parts<'_>, Fault> {
    if let Some(rest) = stored.strip_prefix("$1$") {
        let (salt, digest) = salt_and_digest(rest, 8, 22, 4)?;
        return Ok(Parts { scheme: Scheme::Md5 { salt }, digest });
    }
    if let Some(rest) = stored.strip_prefix("$5$") {
        let (rounds, rest) = rounds(rest)?;
        let (salt, digest) = salt_and_digest(rest, 16, 43, 16)?;
        return Ok(Parts { scheme: Scheme::Sha256 { salt, rounds }, digest });
    }
    if let Some(rest) = stored.strip_prefix("$6$") {
        let (rounds, rest) = rounds(rest)?;
        let (salt, digest) = salt_and_digest(rest, 16, 86, 4)?;
        return Ok(Parts { scheme: Scheme::Sha512 { salt, rounds }, digest });
    }
    parse_des(stored)
}

/// `rounds=N$`, if it is there: what crypt(3) writes is within its own bounds.
fn rounds(rest: &str) -> Result<(u32, &str), Fault> {
    const ROUNDS: Fault = Fault::Malformed("SHA-crypt rounds are 1000 to 999999999");
    let Some(rest) = rest.strip_prefix("rounds=") else { return Ok((5000, rest)) };
    let (count, rest) = rest.split_once('$').ok_or(ROUNDS)?;
    let count = number(count).filter(|count| (1000..=999_999_999).contains(count)).ok_or(ROUNDS)?;
    Ok((count, rest))
}

/// `salt$digest`. The last character of the digest holds fewer than six bits: less than `below`.
fn salt_and_digest(rest: &str, salt_max: usize, digits: usize, below: u32) -> Result<(&str, &str), Fault> {
    let (salt, digest) = rest.split_once('$').ok_or(Fault::Malformed("not the shape $id$salt$digest"))?;
    if salt.len() > salt_max || !salt.bytes().all(|b| b.is_ascii_graphic() && b != b':') {
        return Err(Fault::Malformed(
            "the salt is longer than the format's, or has characters that crypt(3) refuses",
        ));
    }
    let last = digest.bytes().last().and_then(atoi64);
    if digest.len() != digits
        || !all(digest.as_bytes(), Class::Crypt64)
        || last.is_none_or(|last| last >= below)
    {
        return Err(Fault::Malformed(
            "the digest is cut, too long, or has characters that crypt(3) does not write",
        ));
    }
    Ok((salt, digest))
}

/// `ssddddddddddd`, or `_ccccssssddddddddddd` with a count.
fn parse_des(stored: &str) -> Result<Parts<'_>, Fault> {
    const SHAPE: Fault = Fault::Malformed("a DES hash is 13 characters of ./0-9A-Za-z, or _ and 19");
    let value =
        |text: &str| text.bytes().rev().try_fold(0u32, |value, b| Some(value << 6 | atoi64(b)?)).ok_or(SHAPE);
    let (scheme, digest) = if let Some(rest) = stored.strip_prefix('_') {
        let (count, rest) = rest.split_at_checked(4).ok_or(SHAPE)?;
        let (salt, digest) = rest.split_at_checked(4).ok_or(SHAPE)?;
        (Scheme::Des { count: value(count)?, salt: value(salt)?, long: true }, digest)
    } else {
        let (salt, digest) = stored.split_at_checked(2).ok_or(SHAPE)?;
        (Scheme::Des { count: 25, salt: value(salt)?, long: false }, digest)
    };
    // 11 characters hold 66 bits, a DES block 64: highest bits first, so that the last two are zero.
    let last = digest.bytes().last().and_then(atoi64);
    if digest.len() != 11 || !all(digest.as_bytes(), Class::Crypt64) || last.is_none_or(|last| last % 4 != 0)
    {
        return Err(SHAPE);
    }
    if matches!(scheme, Scheme::Des { count: 0, .. }) {
        return Err(Fault::Malformed("the count of extended DES is zero"));
    }
    Ok(Parts { scheme, digest })
}

fn check(stored: &str, password: &[u8]) -> Result<bool, Fault> {
    let Parts { scheme, digest } = parse(stored)?;
    // crypt(3) takes C strings; some callers stop at a NUL and some refuse it.
    if password.contains(&0) {
        return Err(Fault::Nul);
    }
    let computed = match scheme {
        Scheme::Md5 { salt } => md5_crypt(password, salt.as_bytes()),
        Scheme::Sha256 { salt, rounds } => {
            affordable(rounds, password)?;
            sha_crypt::<Sha256>(password, salt.as_bytes(), rounds, &SHA256)
        }
        Scheme::Sha512 { salt, rounds } => {
            affordable(rounds, password)?;
            sha_crypt::<Sha512>(password, salt.as_bytes(), rounds, &SHA512)
        }
        Scheme::Des { count, salt, long } => {
            if count > MAX_DES_COUNT {
                return Err(Fault::TooCostly(
                    "so many iterations of extended DES take too long to check here",
                ));
            }
            des::crypt(password, salt, count, long)
        }
    };
    Ok(equal(&computed, digest.as_bytes()))
}

fn affordable(rounds: u32, password: &[u8]) -> Result<(), Fault> {
    // A round hashes the password up to twice, beside digest, salt and padding.
    if u64::from(rounds) * (2 * password.len() as u64 + 128) > MAX_SHA_CRYPT_WORK {
        return Err(Fault::TooCostly("so many SHA-crypt rounds take too long to check here"));
    }
    Ok(())
}
