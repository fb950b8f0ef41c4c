//! bcrypt in its modular crypt form, bare, behind a prefix, or over a hash of the password.
//!
//! `$2a$`, `$2b$` and `$2y$` name one algorithm (the bugs they tell apart were in some implementations of `$2a$`
//! long ago). Kinde documents `$2b$` and writes it as `$2a$`; `$2y$` is written `$2a$` here, since it is PHP's
//! own name. `$2x$` (a bug with signed characters) and `$2$` (no NUL at the end) are other functions: refused.

use std::borrow::Cow;

use ::bcrypt::bcrypt;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use sha2::{Sha256, Sha384};
use zeroize::Zeroizing;

use super::digests::{equal, hash, hmac};
use super::encoding::{Class, all, base64, number, unbase64};
use super::error::Fault;
use super::extra::Scheme;
use super::fields::{KindeFields, Method};
use super::limits::{MAX_BCRYPT_COST, MAX_SENT_COST};
use super::map::Case;
use super::preimage::fed;
use super::table::Kind;

/// A bcrypt hash taken apart.
struct Parts<'a> {
    cost: u32,
    /// 22 characters.
    salt: &'a str,
    /// 31 characters.
    digest: &'a str,
}

const WITHDRAWN: Fault = Fault::NotImportable(
    "a bcrypt hash of a withdrawn version ($2x$, $2$), which differs for some passwords",
);
const LENGTH: Fault = Fault::Malformed("a bcrypt hash has 60 characters");

fn parse(text: &str) -> Result<Parts<'_>, Fault> {
    if text.starts_with("$2x$") || text.starts_with("$2$") {
        return Err(WITHDRAWN);
    }
    let Some(rest) = ["$2a$", "$2b$", "$2y$"].iter().find_map(|mark| text.strip_prefix(mark)) else {
        return Err(Fault::Malformed("a bcrypt hash begins with $2a$, $2b$ or $2y$"));
    };
    let (cost, rest) = rest.split_once('$').ok_or(LENGTH)?;
    let (salt, digest) = rest.split_at_checked(22).ok_or(LENGTH)?;
    if cost.len() != 2 || digest.len() != 31 {
        return Err(LENGTH);
    }
    let cost = number(cost)
        .filter(|cost| (4..=31).contains(cost))
        .ok_or(Fault::Malformed("a bcrypt cost is 04 to 31"))?;
    if !all(salt.as_bytes(), Class::Crypt64) || !all(digest.as_bytes(), Class::Crypt64) {
        return Err(Fault::Malformed("the hash has characters outside ./A-Za-z0-9"));
    }
    if !ends(digest) {
        return Err(Fault::Malformed("the last character is none that bcrypt writes"));
    }
    Ok(Parts { cost, salt, digest })
}

/// Whether a digest ends as bcrypt ends it. 31 characters hold 186 bits, the digest has 184: no implementation sets the
/// other two. (The same does not hold for salts: some applications made theirs up, and crypt(3) ignores the bits.)
pub(super) fn ends(digest: &str) -> bool {
    digest.ends_with(['.', 'C', 'G', 'K', 'O', 'S', 'W', 'a', 'e', 'i', 'm', 'q', 'u', 'y', '2', '6'])
}

/// The part of the stored value that is a bcrypt hash, or the hash that its parts make.
fn inner(case: Case<'_>) -> Result<Cow<'_, str>, Fault> {
    let prefix = match case.format.kind {
        Kind::AdonisBcrypt => return phc(case.stored).map(Cow::Owned),
        Kind::MediawikiBcrypt => return mediawiki(case.stored).map(Cow::Owned),
        Kind::FusionauthBcrypt => return columns(case),
        Kind::DjangoBcrypt => "bcrypt$",
        Kind::DjangoBcryptSha256 => "bcrypt_sha256$",
        Kind::Wordpress68Bcrypt => "$wp",
        _ => "",
    };
    case.stored
        .strip_prefix(prefix)
        .map(Cow::Borrowed)
        .ok_or(Fault::Malformed("the value does not begin with the format's prefix"))
}

/// `$bcrypt$v=98$r=10$salt$key`: the version is the letter's code, salt and key are in the usual base64.
fn phc(stored: &str) -> Result<String, Fault> {
    const SHAPE: Fault = Fault::Malformed("not the shape $bcrypt$v=98$r=10$salt$key");
    let mut parts = stored.strip_prefix("$bcrypt$v=").ok_or(SHAPE)?.split('$');
    let mut part = || parts.next().ok_or(SHAPE);
    let (version, cost, salt, key) = (part()?, part()?, part()?, part()?);
    let letter = match version {
        "97" => 'a',
        "98" => 'b',
        "121" => 'y',
        _ => return Err(SHAPE),
    };
    let cost = cost.strip_prefix("r=").and_then(number).ok_or(SHAPE)?;
    let salt = unbase64(salt).filter(|salt| salt.len() == 16).ok_or(SHAPE)?;
    let key = unbase64(key).filter(|key| key.len() == 23).ok_or(SHAPE)?;
    if parts.next().is_some() {
        return Err(SHAPE);
    }
    let mut out = format!("$2{letter}${cost:02}$");
    ALPHABET.encode_string(salt.as_slice(), &mut out);
    ALPHABET.encode_string(key.as_slice(), &mut out);
    Ok(out)
}

/// `:bcrypt:9!salt!key`, in bcrypt's own alphabet.
fn mediawiki(stored: &str) -> Result<String, Fault> {
    const SHAPE: Fault = Fault::Malformed("not the shape :bcrypt:cost!salt!key");
    let mut parts = stored.strip_prefix(":bcrypt:").ok_or(SHAPE)?.split('!');
    match (parts.next().and_then(number), parts.next(), parts.next(), parts.next()) {
        (Some(cost), Some(salt), Some(key), None) => Ok(format!("$2y${cost:02}${salt}{key}")),
        _ => Err(SHAPE),
    }
}

/// The key, and beside it the salt with `factor`, or the salt as `$2a$10$` and 22 characters. The whole hash in one
/// column does as well.
fn columns(case: Case<'_>) -> Result<Cow<'_, str>, Fault> {
    if case.extra.scheme.as_ref().is_some_and(|scheme| *scheme != Scheme::Bcrypt) {
        return Err(Fault::Invalid(
            "`encryptionScheme` is not the one of this format: name the format of that scheme",
        ));
    }
    if case.stored.starts_with("$2") {
        return Ok(Cow::Borrowed(case.stored));
    }
    let salt = case.extra.salt.as_ref().ok_or(Fault::Missing("`salt` is missing"))?;
    if salt.starts_with("$2") {
        return Ok(Cow::Owned(format!("{}{}", salt.as_str(), case.stored)));
    }
    let cost = case.extra.iterations.ok_or(Fault::Missing("`factor`, the cost of bcrypt, is missing"))?;
    if salt.len() != 22 {
        return Err(Fault::Invalid("the salt of a bcrypt hash has 22 characters"));
    }
    Ok(Cow::Owned(format!("$2a${cost:02}${}{}", salt.as_str(), case.stored)))
}

pub(super) fn to_kinde(case: Case<'_>) -> Result<KindeFields, Fault> {
    let hash = inner(case)?;
    if parse(&hash)?.cost > MAX_SENT_COST {
        return Err(Fault::NotImportable(
            "a bcrypt cost above 20, minutes for each sign-in, which no server checks",
        ));
    }
    let mut sent = hash.into_owned();
    if sent.starts_with("$2y$") {
        // In its place: a copy would stay behind.
        sent.replace_range(..4, "$2a$");
    }
    Ok(KindeFields::new(Method::Bcrypt, sent))
}

pub(super) fn verify(case: Case<'_>, password: &[u8]) -> Result<bool, Fault> {
    if case.format.kind == Kind::PasslibBcryptSha256 {
        return verify_passlib(case, password);
    }
    let hash_text = inner(case)?;
    let parts = parse(&hash_text)?;
    match case.format.kind {
        Kind::DjangoBcryptSha256 => {
            let hashed = Zeroizing::new(hex::encode(hash::<Sha256>(&[password])));
            check(&parts, hashed.as_bytes())
        }
        Kind::Wordpress68Bcrypt => {
            let hashed = Zeroizing::new(base64(&hmac::<Sha384>(b"wp-sha384", password)));
            check(&parts, hashed.as_bytes())
        }
        _ => {
            for fed in fed(case, password)? {
                if check(&parts, &fed)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

/// What Kinde's `bcrypt` checks.
pub(super) fn verify_kinde(fields: &KindeFields, password: &[u8]) -> Result<bool, Fault> {
    let parts = parse(&fields.hashed_password)?;
    check(&parts, password)
}

/// `$bcrypt-sha256$v=2,t=2b,r=12$salt$digest`, and before version 2 `$bcrypt-sha256$2b,12$salt$digest`.
fn verify_passlib(case: Case<'_>, password: &[u8]) -> Result<bool, Fault> {
    const SHAPE: Fault = Fault::Malformed("not the shape $bcrypt-sha256$v=2,t=2b,r=12$salt$digest");
    let mut fields = case.stored.strip_prefix("$bcrypt-sha256$").ok_or(SHAPE)?.split('$');
    let (Some(settings), Some(salt), Some(digest), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(SHAPE);
    };
    let (keyed, minor, cost) = match settings.strip_prefix("v=2,t=") {
        Some(rest) => rest.split_once(",r=").map(|(minor, cost)| (true, minor, cost)),
        None => settings.split_once(',').map(|(minor, cost)| (false, minor, cost)),
    }
    .ok_or(SHAPE)?;
    let Some(cost) =
        number(cost).filter(|cost| matches!(minor, "2a" | "2b" | "2y") && (4..=31).contains(cost))
    else {
        return Err(SHAPE);
    };
    let whole = Zeroizing::new(format!("$2b${cost:02}${salt}{digest}"));
    let parts = parse(&whole)?;
    let hashed = if keyed { hmac::<Sha256>(salt.as_bytes(), password) } else { hash::<Sha256>(&[password]) };
    check(&parts, Zeroizing::new(base64(&hashed)).as_bytes())
}

/// bcrypt's alphabet; the two spare bits of a salt's last character are ignored, as crypt(3) ignores them.
const ALPHABET: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

fn check(parts: &Parts<'_>, password: &[u8]) -> Result<bool, Fault> {
    if parts.cost > MAX_BCRYPT_COST {
        return Err(Fault::TooCostly("a bcrypt cost above 16 takes too long to check here"));
    }
    // Where the implementations do not agree: some refuse, some stop at the NUL, some hash it.
    if password.contains(&0) {
        return Err(Fault::Nul);
    }
    let (mut salt, mut digest) = ([0u8; 18], [0u8; 24]);
    if ALPHABET.decode_slice(parts.salt, &mut salt) != Ok(16)
        || ALPHABET.decode_slice(parts.digest, &mut digest) != Ok(23)
    {
        return Err(Fault::Malformed("the hash has characters outside ./A-Za-z0-9"));
    }
    let Some(salt) = salt.first_chunk::<16>() else { return Ok(false) };
    let computed = raw(parts.cost, *salt, password);
    Ok(equal(computed.get(..23).unwrap_or_default(), digest.get(..23).unwrap_or_default()))
}

/// bcrypt itself: the first 72 bytes of the password and its closing NUL.
fn raw(cost: u32, salt: [u8; 16], password: &[u8]) -> Zeroizing<[u8; 24]> {
    let mut key = Zeroizing::new([0u8; 72]);
    let used = password.len().min(72);
    for (to, from) in key.iter_mut().zip(password) {
        *to = *from;
    }
    Zeroizing::new(bcrypt(cost, salt, key.get(..(used + 1).min(72)).unwrap_or_default()))
}

/// The modular crypt form `$2a$` of a password: the caller has seen to length, NUL bytes and cost.
pub(super) fn hash_2a(cost: u32, salt: [u8; 16], password: &[u8]) -> String {
    let digest = raw(cost, salt, password);
    let mut out = String::with_capacity(60);
    out.push_str("$2a$");
    out.push(char::from(b'0' + (cost / 10 % 10) as u8));
    out.push(char::from(b'0' + (cost % 10) as u8));
    out.push('$');
    ALPHABET.encode_string(salt, &mut out);
    ALPHABET.encode_string(digest.get(..23).unwrap_or_default(), &mut out);
    out
}
