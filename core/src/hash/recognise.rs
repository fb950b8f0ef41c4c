//! What a stored value may be, by its shape alone.
//!
//! Formats with a mark of their own are told by it, even when the rest is damaged: [`to_kinde`](super::to_kinde)
//! then says what is wrong. Values without a mark (hex, base64, `hash:salt`) are never taken for one format,
//! however few candidates the table has.

use super::encoding::{Class, all};
use super::format::{Format, Recognition};
use super::limits::MAX_STORED;
use super::table::{Kind, of};

macro_rules! several {
    ($($kind:ident),*) => {{
        static CANDIDATES: &[&Format] = &[$(of(Kind::$kind)),*];
        Recognition::Several(CANDIDATES)
    }};
}

/// What a stored value may be. Never guesses; looks at the value once and allocates nothing.
pub fn recognise(stored: &str) -> Recognition {
    let text = stored.as_bytes();
    if text.len() > MAX_STORED {
        return Recognition::None;
    }
    let marked = match text.first() {
        None => return Recognition::None,
        Some(b'$') => return one(dollar(text)),
        Some(b'{') => return one(ldap(text)),
        Some(b'!') => {
            return one(text.get(1..).filter(|rest| all(rest, Class::Alnum)).map(|_| Kind::DjangoUnusable));
        }
        Some(b'_') => ext_des(text),
        Some(b'U') => drupal_upgraded(text),
        Some(_) => word(text),
    };
    match marked {
        Some(Recognition::None) | None => shape(stored),
        Some(found) => found,
    }
}

fn one(kind: Option<Kind>) -> Recognition {
    kind.map_or(Recognition::None, |kind| Recognition::One(of(kind)))
}

fn dollar(text: &[u8]) -> Option<Kind> {
    const MARKS: [(&[u8], Kind); 14] = [
        (b"$2b$", Kind::NodeBcrypt2b),
        (b"$2a$", Kind::NodeBcrypt2a),
        (b"$2y$", Kind::PhpBcrypt2y),
        (b"$P$", Kind::WordpressPhpass),
        (b"$H$", Kind::Phpbb3Phpass),
        (b"$S$", Kind::Drupal7Sha512),
        (b"$1$", Kind::CryptMd5),
        (b"$5$", Kind::CryptSha256),
        (b"$6$", Kind::CryptSha512),
        (b"$wp$2y$", Kind::Wordpress68Bcrypt),
        (b"$pbkdf2-sha256$", Kind::PasslibPbkdf2Sha256),
        (b"$pbkdf2-sha512$", Kind::PasslibPbkdf2Sha512),
        (b"$pbkdf2$", Kind::PasslibPbkdf2Sha1),
        (b"$bcrypt-sha256$", Kind::PasslibBcryptSha256),
    ];
    if text.starts_with(b"$argon2i$") {
        return Some(Kind::PhpArgon2i);
    }
    if text.starts_with(b"$argon2id$") {
        // Node's argon2 writes m, p, t since 0.43; PHP and the others write m, t, p.
        let at = |name: &[u8]| text.windows(3).position(|window| window == name);
        let node = matches!((at(b",p="), at(b",t=")), (Some(p), Some(t)) if p < t);
        return Some(if node { Kind::NodeArgon2id } else { Kind::PhpArgon2id });
    }
    MARKS.iter().find(|(mark, _)| text.starts_with(mark)).map(|(_, kind)| *kind)
}

fn ldap(text: &[u8]) -> Option<Kind> {
    // RFC 2307 leaves the case of the scheme open; OpenLDAP and passlib ignore it.
    const SCHEMES: [(&[u8], Kind); 3] = [
        (b"{SSHA256}", Kind::LdapSaltedSha256),
        (b"{SMD5}", Kind::LdapSaltedMd5),
        (b"{SSHA}", Kind::LdapSaltedSha1),
    ];
    SCHEMES
        .iter()
        .find(|(mark, _)| text.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark)))
        .map(|(_, kind)| *kind)
}

fn ext_des(text: &[u8]) -> Option<Recognition> {
    let rest = text.get(1..)?;
    (rest.len() == 19 && all(rest, Class::Crypt64)).then(|| Recognition::One(of(Kind::CryptExtDes)))
}

fn drupal_upgraded(text: &[u8]) -> Option<Recognition> {
    [b"U$S$", b"U$P$", b"U$H$"]
        .iter()
        .any(|mark| text.starts_with(*mark))
        .then(|| Recognition::One(of(Kind::Drupal7UpgradedMd5)))
}

/// Formats that begin with the name of their method.
fn word(text: &[u8]) -> Option<Recognition> {
    const WORDS: [(&[u8], Kind); 12] = [
        (b"pbkdf2_sha256$", Kind::DjangoPbkdf2Sha256),
        (b"pbkdf2_sha1$", Kind::DjangoPbkdf2Sha1),
        (b"pbkdf2:sha256:", Kind::WerkzeugPbkdf2Sha256),
        (b"pbkdf2:sha512:", Kind::WerkzeugPbkdf2Sha512),
        (b"pbkdf2:sha1:", Kind::WerkzeugPbkdf2Sha1),
        (b"argon2$argon2", Kind::DjangoArgon2),
        (b"bcrypt$$2", Kind::DjangoBcrypt),
        (b"bcrypt_sha256$$2", Kind::DjangoBcryptSha256),
        (b"scrypt$", Kind::DjangoScrypt),
        (b"scrypt:", Kind::WerkzeugScrypt),
        (b"sha1$", Kind::DjangoSha1),
        (b"sha256$", Kind::WerkzeugHmacSha256),
    ];
    if text.starts_with(b"md5$$") {
        return Some(Recognition::One(of(Kind::DjangoUnsaltedMd5Prefixed)));
    }
    if text.starts_with(b"md5$") {
        return Some(several!(DjangoMd5, WerkzeugHmacMd5));
    }
    if text.starts_with(b"sha1$$") {
        return Some(Recognition::One(of(Kind::DjangoUnsaltedSha1)));
    }
    WORDS.iter().find(|(mark, _)| text.starts_with(mark)).map(|(_, kind)| Recognition::One(of(*kind)))
}

/// Values without a mark: told by length and alphabet.
fn shape(stored: &str) -> Recognition {
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
                    RawMd5HexLatin1
                );
            }
            40 => return several!(RawSha1Hex, Sha1Salted),
            64 => return several!(RawSha256Hex, ExpressSha256Suffix, PassportTutorial),
            128 => {
                return several!(
                    RawSha512Hex,
                    ExpressPbkdf2Sha512,
                    ExpressPbkdf2Sha1,
                    ExpressPbkdf2Sha1Salt16
                );
            }
            1024 => return several!(PassportLocalMongoose),
            _ => {}
        }
    }
    if text.len() == 13 && all(text, Class::Crypt64) {
        return several!(CryptDes);
    }
    base64_shape(text)
}

/// `hash:salt` and `salt:hash`, split at the first colon.
fn with_colon(first: &[u8], rest: &[u8]) -> Recognition {
    let scrypt = rest.len() >= 64 && rest.len().is_multiple_of(2) && all(rest, Class::Hex);
    match first.len() {
        32 if scrypt => several!(ExpressScrypt, JoomlaMd5, OscommerceMd5, Magento1Md5),
        32 => match rest.strip_suffix(b":0") {
            // Magento's own salts; nobody else's hold a colon in this place.
            Some(salt) if salt.len() == 32 && all(salt, Class::Alnum) => {
                Recognition::One(of(Kind::Magento2Md5))
            }
            Some(_) => several!(JoomlaMd5, OscommerceMd5, Magento1Md5, Magento2Md5),
            None => several!(JoomlaMd5, OscommerceMd5, Magento1Md5),
        },
        64 if !scrypt => magento(rest),
        _ if scrypt && !first.is_empty() => several!(ExpressScrypt),
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
