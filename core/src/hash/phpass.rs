//! Portable phpass hashes (`$P$`, `$H$`) and Drupal 7's SHA-512 variant (`$S$`).
//!
//! Shape: mark, one character for log2 of the rounds, eight of salt, then the digest in phpass's base64.
//! Source: Openwall, phpass 0.3 `PasswordHash.php`; Drupal 7 `includes/password.inc`.

use md5::Md5;
use sha2::digest::Digest;
use sha2::{Sha512, digest::Output};
use zeroize::Zeroizing;

use super::digests::{equal, hash};
use super::encoding::{Class, all, atoi64, itoa64};
use super::error::Fault;
use super::fields::{KindeFields, Method};
use super::limits::MAX_PHPASS_LOG2;
use super::map::Case;
use super::preimage::fed;
use super::table::Kind;

/// A hash taken apart.
struct Parts<'a> {
    log2: u32,
    salt: &'a str,
    digest: &'a str,
}

const PREFIX: Fault = Fault::Malformed("the value does not begin with the format's prefix");

/// Splits a hash with this mark and this number of digest characters.
fn parse<'a>(text: &'a str, mark: &str, digits: usize) -> Result<Parts<'a>, Fault> {
    const LENGTH: Fault = Fault::Malformed("a phpass hash has 34 characters ($P$, $H$) or 55 ($S$)");
    let rest = text.strip_prefix(mark).ok_or(PREFIX)?;
    if !all(rest.as_bytes(), Class::Crypt64) {
        return Err(Fault::Malformed("the hash has characters outside ./0-9A-Za-z"));
    }
    let (log2, rest) = rest.split_at_checked(1).ok_or(LENGTH)?;
    let (salt, digest) = rest.split_at_checked(8).ok_or(LENGTH)?;
    if digest.len() != digits {
        return Err(LENGTH);
    }
    // phpass itself refuses others.
    let log2 = log2
        .bytes()
        .next()
        .and_then(atoi64)
        .filter(|log2| (7..=30).contains(log2))
        .ok_or(Fault::Malformed("phpass rounds are 2^7 to 2^30"))?;
    Ok(Parts { log2, salt, digest })
}

fn parse_md5<'a>(text: &'a str, mark: &str) -> Result<Parts<'a>, Fault> {
    let parts = parse(text, mark, 22)?;
    // 22 characters hold 132 bits, MD5 has 128.
    if !parts.digest.ends_with(['.', '/', '0', '1']) {
        return Err(Fault::Malformed("the last character is none that phpass writes"));
    }
    Ok(parts)
}

pub(super) fn to_kinde(case: Case<'_>) -> Result<KindeFields, Fault> {
    let mark = case.stored.get(..3).filter(|mark| matches!(*mark, "$P$" | "$H$")).unwrap_or("$P$");
    parse_md5(case.stored, mark)?;
    let mut sent = String::with_capacity(case.stored.len());
    sent.push_str("$P$");
    sent.push_str(case.stored.get(3..).unwrap_or_default());
    Ok(KindeFields::new(Method::Wordpress, sent))
}

pub(super) fn verify(case: Case<'_>, password: &[u8]) -> Result<bool, Fault> {
    let stored = match case.format.kind {
        Kind::Drupal7UpgradedMd5 => case.stored.strip_prefix('U').ok_or(PREFIX)?,
        Kind::Typo3Upgraded => case.stored.strip_prefix(['M', 'C']).ok_or(PREFIX)?,
        _ => case.stored,
    };
    for fed in fed(case, password)? {
        if portable(case, stored, &fed)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What Kinde's `wordpress` checks: phpass with MD5, `$P$`.
pub(super) fn verify_kinde(fields: &KindeFields, password: &[u8]) -> Result<bool, Fault> {
    let parts = parse_md5(&fields.hashed_password, "$P$")?;
    check::<Md5>(&parts, password)
}

fn portable(case: Case<'_>, stored: &str, password: &[u8]) -> Result<bool, Fault> {
    let drupal = matches!(case.format.kind, Kind::Drupal7Sha512 | Kind::Drupal7UpgradedMd5);
    let mark = stored.get(..3).unwrap_or_default();
    if drupal && mark == "$S$" {
        // 86 characters, cut where Drupal's column ends.
        let parts = parse(stored, mark, 43)?;
        return check::<Sha512>(&parts, password);
    }
    let mark = if mark == "$H$" { mark } else { "$P$" };
    let parts = parse_md5(stored, mark)?;
    check::<Md5>(&parts, password)
}

fn check<D: Digest>(parts: &Parts<'_>, password: &[u8]) -> Result<bool, Fault> {
    if parts.log2 > MAX_PHPASS_LOG2 {
        return Err(Fault::TooCostly("more than 2^23 phpass rounds take too long to check here"));
    }
    let mut state: Output<D> = hash::<D>(&[parts.salt.as_bytes(), password]);
    for _ in 0..1u32 << parts.log2 {
        state = hash::<D>(&[state.as_slice(), password]);
    }
    let text = encode64(&state);
    // The lengths are known to whoever sees the hash; only the comparison must not tell more.
    Ok(equal(text.get(..parts.digest.len()).unwrap_or_default(), parts.digest.as_bytes()))
}

/// phpass's base64: three bytes to four characters, lowest bits first, no padding.
fn encode64(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(bytes.len().div_ceil(3) * 4));
    for chunk in bytes.chunks(3) {
        let value = chunk.iter().rev().fold(0u32, |value, b| value << 8 | u32::from(*b));
        for place in 0..=chunk.len() {
            out.push(itoa64(value >> (6 * place)));
        }
    }
    out
}
