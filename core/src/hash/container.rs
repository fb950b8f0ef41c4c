//! Containers that applications and directories write round a hash of another format, and schemes in braces.

use super::encoding::{Class, all};
use super::table::Kind;

/// The hash inside a container; none where this is no container.
pub(super) fn container(text: &str) -> Option<&str> {
    match text.as_bytes().first()? {
        b'{' => {
            let (name, inside) = text.get(1..)?.split_once('}')?;
            let holds = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
            if holds(&["ldap"]) {
                return inside.starts_with('{').then_some(inside);
            }
            let crypt = holds(&[
                "crypt",
                "bcrypt",
                "blf-crypt",
                "md5-crypt",
                "sha256-crypt",
                "sha512-crypt",
                "des-crypt",
                "argon2",
                "argon2i",
                "argon2id",
                "argon2d",
                "argon2@SpringSecurity_v5_2",
                "argon2@SpringSecurity_v5_8",
                "phpass",
            ]);
            // 389 Directory Server puts it before what names itself as well.
            let marked = inside.starts_with(['$', '_'])
                || inside.len() == 13 && all(inside.as_bytes(), Class::Crypt64);
            (crypt && marked).then_some(inside)
        }
        // Nextcloud's and ownCloud's version of the hash.
        b'0'..=b'9' => {
            let inside = text.get(1..)?.strip_prefix('|')?;
            inside.starts_with('$').then_some(inside)
        }
        // XenForo's serialised array with the hash alone: with a salt beside it, the hash is over another.
        b'a' => {
            let (_, rest) = text.strip_prefix("a:1:{")?.split_once("s:4:\"hash\";s:")?;
            let (length, rest) = rest.split_once(":\"")?;
            let (inside, end) = rest.split_at_checked(length.parse().ok()?)?;
            (end == "\";}" && inside.starts_with('$')).then_some(inside)
        }
        // MediaWiki's.
        b':' => text.strip_prefix(":argon2:").filter(|inside| inside.starts_with('$')),
        _ => None,
    }
}

/// What is inside all the containers round it.
pub(super) fn unpacked(text: &str) -> &str {
    let inside = container(text).unwrap_or(text);
    container(inside).unwrap_or(inside)
}

/// The format of a scheme in braces that is none of [`container`].
pub(super) fn scheme(text: &str) -> Option<Kind> {
    let (name, inside) = text.strip_prefix('{')?.split_once('}')?;
    let mut lower = [0; 32];
    let known = lower.get_mut(..name.len())?;
    known.copy_from_slice(name.as_bytes());
    known.make_ascii_lowercase();
    // Dovecot writes an encoding behind the scheme.
    let plain = known.split(|b| *b == b'.').next()?;
    let hex = |len: usize| inside.len() == len && all(inside.as_bytes(), Class::Hex);
    let salted = inside.starts_with('{') && inside.contains('}');
    Some(match plain {
        b"ssha256" => Kind::LdapSaltedSha256,
        b"ssha512" => Kind::LdapSaltedSha512,
        b"smd5" => Kind::LdapSaltedMd5,
        b"ssha" => Kind::LdapSaltedSha1,
        b"md5" if salted => Kind::SpringSaltedMd5,
        b"md5" | b"plain-md5" | b"ldap-md5" if !inside.starts_with('$') => Kind::LdapMd5,
        b"sha-256" if salted => Kind::SpringSaltedSha256,
        b"sha256" if inside.split_once(':').is_some_and(|(hash, _)| hash.len() == 64) => Kind::JoomlaSha256,
        b"sha256" if name.starts_with('s') && hex(80) => Kind::SpringStandard,
        b"sha256" | b"sha-256" => Kind::LdapSha256,
        b"sha-1" | b"sha-512" | b"sha" if salted => Kind::SpringSaltedSha1,
        b"sha" | b"sha1" | b"sha-1" => Kind::LdapSha1,
        b"sha512" | b"sha-512" => Kind::LdapSha512,
        b"pbkdf2" if hex(80) || hex(112) => Kind::SpringPbkdf2Sha1,
        b"pbkdf2@springsecurity_v5_8" => Kind::SpringPbkdf2,
        b"pbkdf2-sha256" | b"pbkdf2_sha256" => Kind::LdapPbkdf2Sha256,
        b"pbkdf2-sha512" | b"pbkdf2_sha512" => Kind::LdapPbkdf2Sha512,
        b"pbkdf2" | b"pbkdf2-sha1" => Kind::LdapPbkdf2Sha1,
        b"pkcs5s2" => Kind::Atlassian,
        b"scrypt" | b"scrypt@springsecurity_v5_8" => Kind::SpringScrypt,
        b"noop" | b"plain" | b"clear" | b"cleartext" => Kind::Plaintext,
        b"scram-sha-1" | b"scram-sha-256" | b"scram-sha-512" => Kind::Scram,
        b"ntlm" | b"nt" => Kind::NtCrypt,
        b"cram-md5"
        | b"digest-md5"
        | b"lanman"
        | b"hmac-md5"
        | b"rpa"
        | b"otp"
        | b"skey"
        | b"sasl"
        | b"gssapi"
        | b"pbkdf2-hmac-sha256"
        | b"pbkdf2-hmac-sha512"
        | b"md4"
        | b"plain-md4"
        | b"3des"
        | b"aes"
        | b"rc4"
        | b"base64"
        | b"gost-yescrypt"
        | b"x-nthash"
        | b"x-lmhash"
        | b"x-xor"
        | b"x-isi-bcrypt" => Kind::DirectoryOther,
        _ if plain.starts_with(b"fshp") => Kind::Fshp,
        _ => return None,
    })
}
