//! What a value without a mark of its own may be, by its length and alphabet: never one format, however few there are.

use super::encoding::{Class, all};
use super::format::{Format, Recognition};
use super::table::{Kind, of};

macro_rules! several {
    ($($kind:ident),*) => {{
        static CANDIDATES: &[&Format] = &[$(of(Kind::$kind)),*];
        Recognition::Several(CANDIDATES)
    }};
}
pub(super) use several;

/// Values without a mark: told by length and alphabet.
pub(super) fn shape(stored: &str) -> Recognition {
    if let Some((first, rest)) = stored.split_once(':') {
        let (first, rest) = (first.as_bytes(), rest.as_bytes());
        return if all(first, Class::Hex) { with_colon(first, rest) } else { Recognition::None };
    }
    let text = stored.as_bytes();
    if all(text, Class::Hex) {
        match text.len() {
            32 => {
                return several!(
                    RawMd5Hex,
                    DjangoUnsaltedMd5,
                    OscommerceMd5,
                    JoomlaMd5,
                    VbulletinMd5,
                    MybbMd5,
                    Spring3Md5,
                    PaddedSalt,
                    RawMd5HexLatin1
                );
            }
            40 => return several!(RawSha1Hex, Sha1Salted),
            64 => {
                return several!(
                    RawSha256Hex,
                    ExpressSha256Suffix,
                    PassportTutorial,
                    DiscoursePbkdf2,
                    JoomlaSha256,
                    Magento1EeSha256,
                    Spring3Sha256,
                    PaddedSalt
                );
            }
            128 => {
                return several!(
                    RawSha512Hex,
                    ExpressPbkdf2Sha512,
                    ExpressPbkdf2Sha1,
                    ExpressPbkdf2Sha1Salt16,
                    OpenmrsSha512,
                    AuthlogicSha512
                );
            }
            1024 => return several!(PassportLocalMongoose),
            _ => {}
        }
    }
    if text.len() == 13 && all(text, Class::Crypt64) {
        return several!(CryptDes);
    }
    // The second column of a bcrypt hash; hex is a cut MD5.
    let bcrypt = text.len() == 31 && all(text, Class::Crypt64) && !all(text, Class::Hex);
    if bcrypt && super::bcrypt::ends(stored) {
        return several!(FusionauthBcrypt);
    }
    base64_shape(text)
}

/// `hash:salt` and `salt:hash`, split at the first colon.
fn with_colon(first: &[u8], rest: &[u8]) -> Recognition {
    let scrypt = rest.len() >= 64 && rest.len().is_multiple_of(2) && all(rest, Class::Hex);
    match first.len() {
        32 if scrypt => several!(ExpressScrypt, BetterAuthScrypt, JoomlaMd5, OscommerceMd5, Magento1Md5),
        32 => match rest.strip_suffix(b":0") {
            // Magento's own salts; nobody else's hold a colon in this place.
            Some(salt) if salt.len() == 32 && all(salt, Class::Alnum) => {
                Recognition::One(of(Kind::Magento2Md5))
            }
            // Magento 2, upgraded from a digest without a salt.
            Some(b"") => Recognition::One(of(Kind::Magento2Md5)),
            Some(_) => several!(JoomlaMd5, OscommerceMd5, Magento1Md5, Magento2Md5),
            None => several!(JoomlaMd5, OscommerceMd5, Magento1Md5),
        },
        64 if !scrypt => match magento(rest) {
            Recognition::None if !rest.is_empty() => several!(JoomlaSha256, Magento1EeSha256),
            found => found,
        },
        128 if !scrypt && !rest.is_empty() => Recognition::One(of(Kind::OpenmrsSha512)),
        _ if scrypt && !first.is_empty() => several!(ExpressScrypt, BetterAuthScrypt),
        _ => Recognition::None,
    }
}

/// Magento 2's `salt:version`, or a chain of versions where a hash was wrapped in place.
fn magento(rest: &[u8]) -> Recognition {
    let Some(colon) = rest.iter().rposition(|b| *b == b':') else { return Recognition::None };
    let (before, last) = rest.split_at(colon);
    let last = last.get(1..).unwrap_or_default();
    let previous = before.iter().rposition(|b| *b == b':').and_then(|colon| before.get(colon + 1..));
    if !magento_version(last) {
        return Recognition::None;
    }
    if previous.is_some_and(magento_version) {
        return Recognition::One(of(Kind::Magento2Chained));
    }
    match last {
        b"1" => Recognition::One(of(Kind::Magento2Sha256)),
        b"0" => Recognition::None,
        _ => Recognition::One(of(Kind::Magento2Argon2id)),
    }
}

/// `0`, `1`, `2`, or `3_bytes_operations_memory`.
pub(super) fn magento_version(text: &[u8]) -> bool {
    matches!(text, b"0" | b"1" | b"2")
        || text.strip_prefix(b"3_").is_some_and(|parameters| {
            parameters.split(|b| *b == b'_').count() == 3
                && parameters.split(|b| *b == b'_').all(|part| !part.is_empty() && all(part, Class::Digit))
        })
}

fn base64_shape(text: &[u8]) -> Recognition {
    let body = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let padding = text.len() - body.len();
    if !(all(body, Class::Base64) || all(body, Class::Url64))
        || (padding > 0 && !text.len().is_multiple_of(4))
    {
        return Recognition::None;
    }
    if let Some(kind) = super::aspnet::recognise(body) {
        return Recognition::One(of(kind));
    }
    match body.len() {
        27 => several!(KeycloakSha1),
        43 => several!(RawSha256Base64, FusionauthSha256, KeycloakSha256),
        86 => several!(
            FirebaseScrypt,
            KeycloakSha256,
            KeycloakSha512,
            KeycloakSha1,
            FusionauthSha256Long,
            FusionauthSha512Long,
            SymfonySha512
        ),
        _ => Recognition::None,
    }
}

/// SQL Server's `PWDENCRYPT()`: 0x0100, four bytes of salt and one or two SHA-1; or 0x0200 and a SHA-512.
pub(super) fn mssql(text: &str) -> bool {
    let Some((mark, digits)) = text.split_at_checked(6) else { return false };
    let fits = match mark {
        "0x0100" => matches!(digits.len(), 48 | 88),
        "0x0200" => digits.len() == 136,
        _ => false,
    };
    fits && all(digits.as_bytes(), Class::Hex)
}
