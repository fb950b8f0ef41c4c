//! What a stored value may be, by its shape alone.
//!
//! What was put round it comes off first ([`peel`](super::peel)), then it is asked whether there is a password at all
//! ([`state`]). Formats with a mark of their own are told by it, even when the rest is damaged:
//! [`to_kinde`](super::to_kinde) then says what is wrong. Values without a mark (hex, base64, `hash:salt`) are never
//! taken for one format, however few candidates the table has.

use super::container::container;
use super::encoding::{Class, all};
use super::format::{Format, Recognition};
use super::limits::MAX_STORED;
use super::peel::{escaped, ordinary, peel};
use super::shape::{several, shape};
use super::state::{self, State};
use super::table::{Kind, of};

/// What a stored value may be. Never guesses; a value with nothing round it is looked at once, and nothing is allocated.
pub fn recognise(stored: &str) -> Recognition {
    if stored.len() > MAX_STORED {
        return Recognition::None;
    }
    if ordinary(stored) {
        match inner(stored) {
            Recognition::None if escaped(stored) => {}
            found => return found,
        }
    }
    wrapped(stored)
}

#[cold]
fn wrapped(stored: &str) -> Recognition {
    let peeled = peel(stored);
    let text = &*peeled.text;
    let Some(state) = state::of(text) else { return inner(text) };
    // Django writes `!` and letters or digits.
    let behind = text.strip_prefix('!').unwrap_or_default().as_bytes();
    Recognition::One(of(match state {
        _ if !behind.is_empty() && all(behind, Class::Alnum) => Kind::DjangoUnusable,
        State::NoPassword => Kind::NoPassword,
        State::Locked(_) => Kind::LockedAccount,
    }))
}

/// The same of a value without anything round it but the container that its application writes.
pub(super) fn inner(text: &str) -> Recognition {
    if text.len() > MAX_STORED {
        return Recognition::None;
    }
    let bytes = text.as_bytes();
    let marked = match bytes.first() {
        None => return Recognition::None,
        Some(b'$') => return one(dollar(bytes)),
        Some(b'{') => return braces(text),
        Some(b':') => return one(colon(bytes)),
        Some(b'_') => ext_des(bytes),
        Some(b'U' | b'M' | b'C') => upgraded(bytes),
        Some(b'*') => (bytes.len() == 41 && all(bytes.get(1..).unwrap_or_default(), Class::Hex))
            .then(|| Recognition::One(of(Kind::Mysql41))),
        Some(b'0'..=b'9') => digits(text),
        Some(b'a') if text.starts_with("a:") => return contained(text),
        Some(_) => word(bytes),
    };
    match marked {
        Some(Recognition::None) | None => shape(text),
        Some(found) => found,
    }
}

fn one(kind: Option<Kind>) -> Recognition {
    kind.map_or(Recognition::None, |kind| Recognition::One(of(kind)))
}

/// What is in a container, which no other format looks like.
fn contained(text: &str) -> Recognition {
    match container(text) {
        Some(inside) => match inner(inside) {
            // The scheme says that it is a hash of crypt(3).
            Recognition::Several(_) if inside.len() == 13 => Recognition::One(of(Kind::CryptDes)),
            Recognition::Several(_) => Recognition::None,
            found => found,
        },
        None if text.starts_with("a:") && text.contains("\"hash\"") => Recognition::One(of(Kind::Xenforo1)),
        None => Recognition::None,
    }
}

fn dollar(text: &[u8]) -> Option<Kind> {
    // By the character behind the dollar sign: what is frequent is found at once.
    let marks: &[(&[u8], Kind)] = match text.get(1)? {
        b'2' => &[(b"$2b$", Kind::NodeBcrypt2b), (b"$2a$", Kind::NodeBcrypt2a), (b"$2y$", Kind::PhpBcrypt2y)],
        b'P' => &[(b"$P$", Kind::WordpressPhpass)],
        b'H' => &[(b"$H$", Kind::Phpbb3Phpass)],
        b'S' => &[(b"$S$", Kind::Drupal7Sha512)],
        b'1' => &[(b"$1$", Kind::CryptMd5)],
        b'3' => &[(b"$3$$", Kind::NtCrypt)],
        b'5' => &[(b"$5$", Kind::CryptSha256)],
        b'6' => &[(b"$6$", Kind::CryptSha512)],
        b'7' => &[(b"$7$", Kind::Scrypt7)],
        b'y' => &[(b"$y$", Kind::Yescrypt)],
        b'g' => &[(b"$gy$", Kind::GostYescrypt)],
        b'w' => &[
            (b"$wp$2y$", Kind::Wordpress68Bcrypt),
            (b"$wcf1$", Kind::Phpbb31Other),
            (b"$wcf2$", Kind::Phpbb31Other),
        ],
        b'p' => &[
            (b"$pbkdf2-sha256$i=", Kind::PhcPbkdf2Sha256),
            (b"$pbkdf2-sha512$i=", Kind::PhcPbkdf2Sha512),
            (b"$pbkdf2-sha1$i=", Kind::PhcPbkdf2Sha1),
            (b"$pbkdf2-sha256$", Kind::PasslibPbkdf2Sha256),
            (b"$pbkdf2-sha512$", Kind::PasslibPbkdf2Sha512),
            (b"$pbkdf2$f=SHA256,", Kind::PhcPbkdf2Sha256),
            (b"$pbkdf2$f=SHA512,", Kind::PhcPbkdf2Sha512),
            (b"$pbkdf2$f=SHA1,", Kind::PhcPbkdf2Sha1),
            (b"$pbkdf2$", Kind::PasslibPbkdf2Sha1),
        ],
        b'a' => {
            if text.starts_with(b"$argon2id$") {
                return Some(if node_order(text) { Kind::NodeArgon2id } else { Kind::PhpArgon2id });
            }
            &[(b"$argon2i$", Kind::PhpArgon2i), (b"$argon2d$", Kind::Argon2d), (b"$apr1$", Kind::Apr1)]
        }
        b'b' => &[(b"$bcrypt-sha256$", Kind::PasslibBcryptSha256), (b"$bcrypt$v=", Kind::AdonisBcrypt)],
        b'f' => &[(b"$fbscrypt$", Kind::SupabaseFbscrypt)],
        b's' => &[
            (b"$scrypt$ln=", Kind::PasslibScrypt),
            (b"$scrypt$n=", Kind::AdonisScrypt),
            (b"$sha1_smf$", Kind::Phpbb31Other),
            (b"$sha_xf1$", Kind::Phpbb31Other),
            (b"$sha1$", Kind::Sha1Crypt),
            (b"$shiro1$", Kind::Shiro),
            (b"$shiro2$", Kind::Shiro),
            (b"$smf$", Kind::Phpbb31Other),
        ],
        b'm' => &[
            (b"$md5_vb$", Kind::Phpbb31Other),
            (b"$md5_mybb$", Kind::Phpbb31Other),
            (b"$md5_phpbb2$", Kind::Phpbb31Other),
            (b"$md5,", Kind::SunMd5),
            (b"$md5$", Kind::SunMd5),
        ],
        b'C' => &[(b"$CP$", Kind::Phpbb31Other)],
        b'x' => &[(b"$xf1$", Kind::Phpbb31Other)],
        _ => &[],
    };
    marks.iter().find(|(mark, _)| text.starts_with(mark)).map(|(_, kind)| *kind).or_else(|| combined(text))
}

/// Node's argon2 writes m, p, t since 0.43; PHP and the others write m, t, p.
fn node_order(text: &[u8]) -> bool {
    let at = |name: &[u8]| text.windows(3).position(|window| window == name);
    matches!((at(b",p="), at(b",t=")), (Some(p), Some(t)) if p < t)
}

/// phpBB's hashes over hashes: `$H\2y$`, the marks with a backslash between them.
fn combined(text: &[u8]) -> Option<Kind> {
    let marks = text.get(1..)?.split(|b| *b == b'$').next()?;
    marks.contains(&b'\\').then_some(Kind::Phpbb31Other)
}

/// `{SCHEME}` of directories, mail servers and Spring. RFC 2307 leaves the case open; OpenLDAP and passlib ignore it.
fn braces(text: &str) -> Recognition {
    if let Some(kind) = super::container::scheme(text) {
        return Recognition::One(of(kind));
    }
    contained(text)
}

/// MediaWiki's `:type:…`.
fn colon(text: &[u8]) -> Option<Kind> {
    const TYPES: [(&[u8], Kind); 5] = [
        (b":pbkdf2:", Kind::MediawikiPbkdf2),
        (b":bcrypt:", Kind::MediawikiBcrypt),
        (b":A:", Kind::MediawikiA),
        (b":B:", Kind::MediawikiB),
        (b":pbkdf2-legacy", Kind::MediawikiOther),
    ];
    if text.starts_with(b":argon2:$argon2") {
        return dollar(text.get(8..)?);
    }
    TYPES.iter().find(|(mark, _)| text.starts_with(mark)).map(|(_, kind)| *kind)
}

fn ext_des(text: &[u8]) -> Option<Recognition> {
    let rest = text.get(1..)?;
    (rest.len() == 19 && all(rest, Class::Crypt64)).then(|| Recognition::One(of(Kind::CryptExtDes)))
}

/// Drupal's and TYPO3's hashes over hashes.
fn upgraded(text: &[u8]) -> Option<Recognition> {
    let (first, rest) = text.split_first()?;
    let kind = match first {
        b'U' => [b"$S$", b"$P$", b"$H$"]
            .iter()
            .any(|mark| rest.starts_with(*mark))
            .then_some(Kind::Drupal7UpgradedMd5),
        _ => [b"$P$", b"$1$", b"$2y", b"$2a"]
            .iter()
            .any(|mark| rest.starts_with(*mark))
            .then_some(Kind::Typo3Upgraded),
    };
    kind.map(|kind| Recognition::One(of(kind)))
}

/// Values that begin with a digit and are more than hex: Nextcloud's `1|`, Authlogic's scrypt, SQL Server's.
fn digits(text: &str) -> Option<Recognition> {
    let second = text.as_bytes().get(1)?;
    match second {
        b'|' => Some(contained(text)),
        b'x' if super::shape::mssql(text) => Some(Recognition::One(of(Kind::MssqlLogin))),
        _ if text.as_bytes().iter().take(9).any(|b| *b == b'$') => {
            let mut parts = text.get(..24).unwrap_or(text).split('$');
            let small = |part: Option<&str>| {
                part.is_some_and(|part| (1..=8).contains(&part.len()) && all(part.as_bytes(), Class::Hex))
            };
            let scrypt =
                small(parts.next()) && small(parts.next()) && small(parts.next()) && parts.next().is_some();
            scrypt.then(|| Recognition::One(of(Kind::AuthlogicScrypt)))
        }
        _ => None,
    }
}

/// Formats that begin with the name of their method.
fn word(text: &[u8]) -> Option<Recognition> {
    let words: &[(&[u8], Kind)] = match text.first()? {
        b'p' => &[
            (b"pbkdf2_sha256$", Kind::DjangoPbkdf2Sha256),
            (b"pbkdf2_sha1$", Kind::DjangoPbkdf2Sha1),
            (b"pbkdf2_sha512$", Kind::DjangoPbkdf2Sha512),
            (b"pbkdf2_wrapped_", Kind::DjangoWrapped),
            (b"pbkdf2:sha256:", Kind::WerkzeugPbkdf2Sha256),
            (b"pbkdf2:sha512:", Kind::WerkzeugPbkdf2Sha512),
            (b"pbkdf2:sha1:", Kind::WerkzeugPbkdf2Sha1),
        ],
        b'a' => &[(b"argon2$argon2", Kind::DjangoArgon2)],
        b'b' => &[(b"bcrypt$$2", Kind::DjangoBcrypt), (b"bcrypt_sha256$$2", Kind::DjangoBcryptSha256)],
        b'g' => &[(b"grub.pbkdf2.sha512.", Kind::GrubPbkdf2)],
        b'm' => {
            if text.starts_with(b"md5$$") {
                return Some(Recognition::One(of(Kind::DjangoUnsaltedMd5Prefixed)));
            }
            if text.starts_with(b"md5$") {
                return Some(several!(DjangoMd5, WerkzeugHmacMd5));
            }
            let hex = text.strip_prefix(b"md5")?;
            let role = hex.len() == 32 && all(hex, Class::Hex);
            return role.then(|| Recognition::One(of(Kind::PostgresMd5)));
        }
        b's' => &[
            (b"scrypt$", Kind::DjangoScrypt),
            (b"scrypt:", Kind::WerkzeugScrypt),
            (b"sha1$$", Kind::DjangoUnsaltedSha1),
            (b"sha1$", Kind::DjangoSha1),
            (b"sha256$", Kind::WerkzeugHmacSha256),
            (b"sha224$", Kind::WerkzeugHmacOther),
            (b"sha384$", Kind::WerkzeugHmacOther),
            (b"sha512$", Kind::WerkzeugHmacOther),
            (b"sha256:", Kind::Crackstation),
            (b"s2:", Kind::LuciaScrypt),
        ],
        b'S' => &[(b"SCRAM-SHA-", Kind::Scram)],
        _ => return None,
    };
    if let Some(rest) = text.strip_prefix(b"sha1:") {
        // defuse/password-hashing writes the length of the key before salt and key.
        let fields = rest.split(|b| *b == b':').count();
        return Some(Recognition::One(of(if fields == 4 { Kind::Defuse } else { Kind::Crackstation })));
    }
    words.iter().find(|(mark, _)| text.starts_with(mark)).map(|(_, kind)| Recognition::One(of(*kind)))
}
