//! bcrypt in its modular crypt form, bare, behind a prefix, or over a hash of the password.
//!
//! `$2a$`, `$2b$` and `$2y$` name one algorithm (the bugs they tell apart were in some implementations of `$2a$`
//! long ago). Kinde documents `$2b$` and writes it as `$2a$`; `$2y$` is written `$2a$` here, since it is PHP's
//! own name. `$2x$` (a bug with signed characters) and `$2$` (no NUL at the end) are other functions: refused.

use ::bcrypt::bcrypt;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use sha2::{Sha256, Sha384};
use zeroize::Zeroizing;

use super::digests::{concat, equal, hash, hmac};
use super::encoding::{Class, all, base64, number};
use super::error::Fault;
use super::fields::{KindeFields, Method};
use super::limits::MAX_BCRYPT_COST;
use super::map::Case;
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
    // 31 characters hold 186 bits, the digest has 184: no implementation sets the other two. (The same does
    // not hold for salts: some applications made theirs up, and crypt(3) ignores the bits.)
    if !digest.ends_with(['.', 'C', 'G', 'K', 'O', 'S', 'W', 'a', 'e', 'i', 'm', 'q', 'u', 'y', '2', '6']) {
        return Err(Fault::Malformed("the last character is none that bcrypt writes"));
    }
    Ok(Parts { cost, salt, digest })
}

/// The part of the stored value that is a bcrypt hash.
fn inner<'a>(case: Case<'a>) -> Result<&'a str, Fault> {
    let prefix = match case.format.kind {
        Kind::DjangoBcrypt => "bcrypt$",
        Kind::DjangoBcryptSha256 => "bcrypt_sha256$",
        Kind::Wordpress68Bcrypt => "$wp",
        _ => "",
    };
    case.stored
        .strip_prefix(prefix)
        .ok_or(Fault::Malformed("the value does not begin with the format's prefix"))
}

pub(super) fn to_kinde(case: Case<'_>) -> Result<KindeFields, Fault> {
    let hash = inner(case)?;
    parse(hash)?;
    let sent = match hash.strip_prefix("$2y$") {
        Some(rest) => {
            let mut sent = String::with_capacity(hash.len());
            sent.push_str("$2a$");
            sent.push_str(rest);
            sent
        }
        None => hash.to_owned(),
    };
    Ok(KindeFields::new(Method::Bcrypt, sent))
}

pub(super) fn verify(case: Case<'_>, password: &[u8]) -> Result<bool, Fault> {
    if case.format.kind == Kind::PasslibBcryptSha256 {
        return verify_passlib(case, password);
    }
    let parts = parse(inner(case)?)?;
    match case.format.kind {
        Kind::DjangoBcryptSha256 => {
            let hashed = Zeroizing::new(hex::encode(hash::<Sha256>(&[password])));
            check(&parts, hashed.as_bytes())
        }
        Kind::Wordpress68Bcrypt => {
            let hashed = Zeroizing::new(base64(&hmac::<Sha384>(b"wp-sha384", password)));
            check(&parts, hashed.as_bytes())
        }
        Kind::DeviseBcryptPeppered => {
            let Some(pepper) = &case.extra.pepper else {
                return Err(Fault::Missing("`pepper` is missing"));
            };
            check(&parts, &concat(&[password, pepper.as_bytes()]))
        }
        _ => check(&parts, password),
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
