//! scrypt (RFC 7914): Firebase's variant as Kinde documents it, and plain scrypt dressed as it.
//!
//! Firebase encrypts the project's signer key with AES-256-CTR (counter from 0) under the first 32 bytes of
//! scrypt(password, salt + separator, N = 2^mem_cost, r = rounds, p = 1). So a plain scrypt key of p = 1 becomes
//! Firebase's value by encrypting a signer key of our own with it: exact, but nothing that Kinde promises, hence
//! a guess. Source: github.com/firebase/scrypt.

use aes::Aes256;
use aes::cipher::{KeyIvInit as _, StreamCipher as _};
use ctr::Ctr128BE;
use zeroize::Zeroizing;

use super::digests::{concat, equal};
use super::encoding::{Bytes, base64, number, unab64, unbase64, unhex};
use super::error::Fault;
use super::extra::{Encoding, Extra};
use super::fields::{KindeFields, Method};
use super::limits::{MAX_SCRYPT_BLOCKS, MAX_SCRYPT_WORK};
use super::map::Case;
use super::pbkdf2::Salt;
use super::table::Kind;

/// The signer key sent with re-encoded hashes. Public and arbitrary: what protects the password is scrypt.
const SIGNER_KEY: &str =
    "2rGkz0vWq1Yb5m7t8u9wZ3x4c5v6b7n8a9s0d1f2g3h4j5k6l7q8w9e0r1t2y3u4i5o6p7a8s9d0f1g2h3j4kw==";

/// A plain scrypt key and all that made it, except the password.
struct Plain<'a> {
    /// log2 of N.
    log_n: u32,
    r: u32,
    p: u32,
    salt: Salt<'a>,
    key: Bytes,
}

pub(super) fn to_kinde(case: Case<'_>) -> Result<KindeFields, Fault> {
    match case.format.kind {
        Kind::FirebaseScrypt => return Ok(Firebase::from_export(case)?.fields()),
        Kind::SupabaseFbscrypt => return Ok(Firebase::from_supabase(case.stored)?.fields()),
        _ => {}
    }
    plain(case)?.fields()
}

pub(super) fn verify(case: Case<'_>, password: &[u8]) -> Result<bool, Fault> {
    match case.format.kind {
        Kind::FirebaseScrypt => return Firebase::from_export(case)?.verify(password),
        Kind::SupabaseFbscrypt => return Firebase::from_supabase(case.stored)?.verify(password),
        _ => {}
    }
    let plain = plain(case)?;
    let computed = derive(password, &plain.salt, plain.log_n, plain.r, plain.p, plain.key.len())?;
    Ok(equal(&computed, &plain.key))
}

/// What Kinde's `firebase-scrypt` checks.
pub(super) fn verify_kinde(fields: &KindeFields, password: &[u8]) -> Result<bool, Fault> {
    const BASE64: Fault =
        Fault::Malformed("firebase-scrypt needs salt, separator, signer key and hash in base64");
    if fields.iterations.is_some() || fields.variant.is_some() {
        return Err(Fault::Malformed("firebase-scrypt takes no iterations or variant"));
    }
    let read = |text: &Option<String>| text.as_deref().and_then(unbase64).ok_or(BASE64);
    Firebase {
        hash: unbase64(&fields.hashed_password).ok_or(BASE64)?,
        salt: read(&fields.salt)?,
        separator: read(&fields.salt_separator)?,
        signer_key: read(&fields.signer_key)?,
        rounds: fields.rounds.ok_or(Fault::Malformed("firebase-scrypt needs `rounds`"))?,
        mem_cost: fields.mem_cost.ok_or(Fault::Malformed("firebase-scrypt needs `mem_cost`"))?,
    }
    .checked()
    .map_err(|_| Fault::Malformed("firebase-scrypt wants `rounds` 1 to 16, `mem_cost` 1 to 20, and a hash as long as the signer key"))?
    .verify(password)
}

fn plain(case: Case<'_>) -> Result<Plain<'_>, Fault> {
    match case.format.kind {
        Kind::DjangoScrypt => django(case.stored),
        Kind::WerkzeugScrypt => werkzeug(case.stored),
        Kind::PasslibScrypt | Kind::AdonisScrypt => phc(case.stored),
        Kind::SpringScrypt => spring(case.stored),
        Kind::LuciaScrypt => {
            let stored =
                case.stored.strip_prefix("s2:").ok_or(Fault::Malformed("not the shape s2:salt:hex"))?;
            express(stored, case.extra, 16)
        }
        Kind::BetterAuthScrypt => express(case.stored, case.extra, 16),
        _ => express(case.stored, case.extra, 8),
    }
}

/// `scrypt$N$salt$r$p$base64`, the salt used as text.
fn django(stored: &str) -> Result<Plain<'_>, Fault> {
    const SHAPE: Fault = Fault::Malformed("not the shape scrypt$N$salt$r$p$base64");
    let mut parts = stored.strip_prefix("scrypt$").ok_or(SHAPE)?.split('$');
    let mut part = || parts.next().ok_or(SHAPE);
    let (n, salt, r, p, key) = (part()?, part()?, part()?, part()?, part()?);
    if parts.next().is_some() {
        return Err(SHAPE);
    }
    let key = unbase64(key).filter(|key| key.len() == 64).ok_or(KEY64)?;
    Plain::new(number(n), number(r), number(p), Salt::Text(salt), key)
}

/// `scrypt:N:r:p$salt$hex`, the salt used as text.
fn werkzeug(stored: &str) -> Result<Plain<'_>, Fault> {
    const SHAPE: Fault = Fault::Malformed("not the shape scrypt:N:r:p$salt$hex");
    let mut parts = stored.strip_prefix("scrypt:").ok_or(SHAPE)?.splitn(3, '$');
    let mut part = || parts.next().ok_or(SHAPE);
    let (settings, salt, key) = (part()?, part()?, part()?);
    let mut settings = settings.split(':');
    let mut setting = || settings.next().ok_or(SHAPE);
    let (n, r, p) = (setting()?, setting()?, setting()?);
    if settings.next().is_some() {
        return Err(SHAPE);
    }
    let key = unhex(key).filter(|key| key.len() == 64).ok_or(KEY64)?;
    Plain::new(number(n), number(r), number(p), Salt::Text(salt), key)
}

const KEY64: Fault = Fault::Malformed("the key is not 64 bytes in the format's encoding");

/// `$scrypt$ln=14,r=8,p=1$salt$key` (passlib), or with `n=`, which is N in AdonisJS and its log2 in @phc/scrypt: no
/// application has an N below 32.
fn phc(stored: &str) -> Result<Plain<'static>, Fault> {
    const SHAPE: Fault = Fault::Malformed("not the shape $scrypt$ln=...,r=...,p=...$salt$key");
    let mut parts = stored.strip_prefix("$scrypt$").ok_or(SHAPE)?.split('$');
    let (Some(parameters), Some(salt), Some(key), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(SHAPE);
    };
    let (mut n, mut r, mut p) = (None, None, None);
    for parameter in parameters.split(',') {
        let (name, value) = parameter.split_once('=').ok_or(SHAPE)?;
        let value = number(value);
        match name {
            "ln" => n = value.and_then(|log2| 1u32.checked_shl(log2)),
            "n" => n = value.and_then(|n| if n < 32 { 1u32.checked_shl(n) } else { Some(n) }),
            "r" => r = value,
            "p" => p = value,
            _ => return Err(SHAPE),
        }
    }
    let salt = unab64(salt).ok_or(Fault::Malformed("the salt is not base64"))?;
    let key = unab64(key).filter(|key| matches!(key.len(), 32 | 64)).ok_or(KEY32)?;
    Plain::new(n, r, p, Salt::Bytes(salt), key)
}

/// `{scrypt}$parameters$salt$key`: the parameters are log2 of N, r and p, a byte each but the first, in hex.
fn spring(stored: &str) -> Result<Plain<'static>, Fault> {
    const SHAPE: Fault = Fault::Malformed("not the shape {scrypt}$parameters$salt$key");
    let mut parts = stored.split_once("}$").ok_or(SHAPE)?.1.split('$');
    let (Some(parameters), Some(salt), Some(key), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(SHAPE);
    };
    let parameters = u32::from_str_radix(parameters, 16).map_err(|_| SHAPE)?;
    let salt = unbase64(salt).ok_or(Fault::Malformed("the salt is not base64"))?;
    let key = unbase64(key).filter(|key| matches!(key.len(), 32 | 64)).ok_or(KEY32)?;
    let n = 1u32.checked_shl(parameters >> 16);
    Plain::new(n, Some(parameters >> 8 & 255), Some(parameters & 255), Salt::Bytes(salt), key)
}

const KEY32: Fault = Fault::Malformed("the key is not 32 or 64 bytes in base64");

/// `salt:hex` (or the hex alone, with a salt column); the parameters are Node's and this r unless given.
fn express<'a>(stored: &'a str, extra: &'a Extra, r: u32) -> Result<Plain<'a>, Fault> {
    let (salt, key) = match stored.split_once(':') {
        Some((salt, key)) => (Salt::read(salt, extra.salt_encoding.unwrap_or(Encoding::Text))?, key),
        None => (Salt::column(extra, Encoding::Text)?, stored),
    };
    let key = match extra.encoding.unwrap_or(Encoding::Hex) {
        Encoding::Base64 => unbase64(key).ok_or(Fault::Malformed("the key is not base64"))?,
        _ => unhex(key).ok_or(Fault::Malformed("the key is not hex"))?,
    };
    let expected = extra.keylen.map_or(Ok(64), usize::try_from);
    if expected != Ok(key.len()) {
        return Err(Fault::Malformed("the key has not 64 bytes, or what `keylen` says"));
    }
    Plain::new(extra.n.or(Some(16_384)), extra.r.or(Some(r)), extra.p.or(Some(1)), salt, key)
}

impl<'a> Plain<'a> {
    fn new(
        n: Option<u32>,
        r: Option<u32>,
        p: Option<u32>,
        salt: Salt<'a>,
        key: Bytes,
    ) -> Result<Plain<'a>, Fault> {
        let n = n.filter(|n| *n >= 2 && n.is_power_of_two());
        let n = n.ok_or(Fault::Malformed("scrypt's N is a power of two from 2 on"))?;
        let positive = |value: Option<u32>| value.filter(|value| *value > 0);
        let (Some(r), Some(p)) = (positive(r), positive(p)) else {
            return Err(Fault::Malformed("scrypt's r and p are numbers from 1 on"));
        };
        if salt.is_empty() {
            return Err(Fault::Malformed("the salt is empty"));
        }
        Ok(Plain { log_n: n.ilog2(), r, p, salt, key })
    }

    fn fields(&self) -> Result<KindeFields, Fault> {
        if self.p != 1 {
            return Err(Fault::NotImportable(
                "scrypt with p other than 1, where Firebase's variant has p = 1",
            ));
        }
        if self.r > 16 {
            return Err(Fault::NotImportable("scrypt with r above 16, Kinde's limit"));
        }
        if self.log_n > 20 {
            return Err(Fault::NotImportable("scrypt with N above 2^20, Kinde's limit"));
        }
        let Some(key) = self.key.first_chunk::<32>() else {
            return Err(Fault::NotImportable("the key is shorter than the 32 bytes of Firebase's cipher"));
        };
        // Firebase appends the separator to the salt: cut anywhere, the two are the salt again.
        let Some((last, salt)) = self.salt.split_last().filter(|(_, salt)| !salt.is_empty()) else {
            return Err(Fault::NotImportable(
                "the salt is shorter than two bytes, and Kinde wants salt and separator",
            ));
        };
        let signer_key = unbase64(SIGNER_KEY).ok_or(Fault::Malformed("the signer key is not base64"))?;
        let mut fields = KindeFields::new(Method::FirebaseScrypt, base64(&encrypt(key, &signer_key)));
        fields.salt = Some(base64(salt));
        fields.salt_separator = Some(base64(std::slice::from_ref(last)));
        fields.signer_key = Some(SIGNER_KEY.to_owned());
        fields.rounds = Some(self.r);
        fields.mem_cost = Some(self.log_n);
        Ok(fields)
    }
}

/// Firebase's hash with the project's parameters.
struct Firebase {
    hash: Bytes,
    salt: Bytes,
    separator: Bytes,
    signer_key: Bytes,
    rounds: u32,
    mem_cost: u32,
}

impl Firebase {
    fn from_export(case: Case<'_>) -> Result<Firebase, Fault> {
        let extra = case.extra;
        let salt = match Salt::column(extra, Encoding::Base64)? {
            Salt::Bytes(bytes) => bytes,
            Salt::Text(text) => Bytes::copy(text.as_bytes()).ok_or(Fault::Invalid("`salt` is too long"))?,
        };
        let signer_key = extra.signer_key.as_ref().ok_or(Fault::Missing("`signer_key` is missing"))?;
        let separator = extra.salt_separator.as_ref().ok_or(Fault::Missing("`salt_separator` is missing"))?;
        Firebase {
            hash: unbase64(case.stored).ok_or(Fault::Malformed("the hash is not base64"))?,
            salt,
            separator: unbase64(separator).ok_or(Fault::Invalid("`salt_separator` is not base64"))?,
            signer_key: unbase64(signer_key).ok_or(Fault::Invalid("`signer_key` is not base64"))?,
            rounds: extra.rounds.ok_or(Fault::Missing("`rounds` is missing"))?,
            mem_cost: extra.mem_cost.ok_or(Fault::Missing("`mem_cost` is missing"))?,
        }
        .checked()
    }

    /// `$fbscrypt$v=1,n=14,r=8,p=1,ss=separator,sk=signer key$salt$hash`, n being log2 of N.
    fn from_supabase(stored: &str) -> Result<Firebase, Fault> {
        const SHAPE: Fault =
            Fault::Malformed("not the shape $fbscrypt$v=1,n=..,r=..,p=1,ss=..,sk=..$salt$hash");
        let mut parts = stored.strip_prefix("$fbscrypt$").ok_or(SHAPE)?.split('$');
        let (Some(parameters), Some(salt), Some(hash), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(SHAPE);
        };
        let (mut mem_cost, mut rounds, mut separator, mut signer_key) = (None, None, None, None);
        for parameter in parameters.split(',') {
            match parameter.split_once('=').ok_or(SHAPE)? {
                ("v" | "p", "1") => {}
                ("v", _) => return Err(SHAPE),
                ("p", _) => {
                    return Err(Fault::NotImportable(
                        "scrypt with p other than 1, where Firebase's variant has p = 1",
                    ));
                }
                ("n", value) => mem_cost = number(value),
                ("r", value) => rounds = number(value),
                ("ss", value) => separator = unbase64(value),
                ("sk", value) => signer_key = unbase64(value),
                _ => return Err(SHAPE),
            }
        }
        let salt = unbase64(salt).filter(|salt| !salt.is_empty());
        let salt = salt.ok_or(Fault::Malformed("the salt is not base64"))?;
        // Firebase appends the separator to the salt: cut anywhere, the two are the salt again.
        let (salt, separator) = match separator {
            Some(separator) => (salt, separator),
            None => {
                let (last, start) = salt.split_last().ok_or(SHAPE)?;
                (Bytes::copy(start).ok_or(SHAPE)?, Bytes::copy(&[*last]).ok_or(SHAPE)?)
            }
        };
        Firebase {
            hash: unbase64(hash).ok_or(Fault::Malformed("the hash is not base64"))?,
            salt,
            separator,
            signer_key: signer_key.ok_or(Fault::Malformed("the signer key (sk) is missing or not base64"))?,
            rounds: rounds.ok_or(SHAPE)?,
            mem_cost: mem_cost.ok_or(SHAPE)?,
        }
        .checked()
        .map_err(|_| {
            Fault::Malformed("r is 1 to 16, n is 1 to 20, and the hash is as long as the signer key")
        })
    }

    fn checked(self) -> Result<Firebase, Fault> {
        if !(1..=16).contains(&self.rounds) {
            return Err(Fault::Invalid("`rounds` is 1 to 16"));
        }
        if !(1..=20).contains(&self.mem_cost) {
            return Err(Fault::Invalid("`mem_cost` is 1 to 20"));
        }
        if self.signer_key.is_empty() || self.salt.is_empty() {
            return Err(Fault::Invalid("`signer_key` or `salt` is empty"));
        }
        // The hash is the encrypted signer key: another length means a cut hash or another project's key.
        if self.hash.len() != self.signer_key.len() {
            return Err(Fault::Malformed("the hash has not the length of the signer key"));
        }
        Ok(self)
    }

    fn fields(&self) -> KindeFields {
        let mut fields = KindeFields::new(Method::FirebaseScrypt, base64(&self.hash));
        fields.salt = Some(base64(&self.salt));
        fields.salt_separator = Some(base64(&self.separator));
        fields.signer_key = Some(base64(&self.signer_key));
        fields.rounds = Some(self.rounds);
        fields.mem_cost = Some(self.mem_cost);
        fields
    }

    fn verify(&self, password: &[u8]) -> Result<bool, Fault> {
        let salt = concat(&[&self.salt, &self.separator]);
        let key = derive(password, &salt, self.mem_cost, self.rounds, 1, 32)?;
        let Some(key) = key.first_chunk::<32>() else { return Ok(false) };
        Ok(equal(&encrypt(key, &self.signer_key), &self.hash))
    }
}

/// AES-256-CTR, counter from 0.
fn encrypt(key: &[u8; 32], plain: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(plain.to_vec());
    Ctr128BE::<Aes256>::new(key.into(), &[0; 16].into()).apply_keystream(&mut out);
    out
}

fn derive(
    password: &[u8],
    salt: &[u8],
    log_n: u32,
    r: u32,
    p: u32,
    len: usize,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    const COSTLY: Fault =
        Fault::TooCostly("these scrypt parameters take too much memory or time to check here");
    let blocks = 1u64.checked_shl(log_n).and_then(|n| n.checked_mul(u64::from(r))).ok_or(COSTLY)?;
    let work = blocks.checked_mul(u64::from(p)).ok_or(COSTLY)?;
    if blocks > MAX_SCRYPT_BLOCKS || work > MAX_SCRYPT_WORK {
        return Err(COSTLY);
    }
    let parameters = u8::try_from(log_n).ok().and_then(|log_n| scrypt::Params::new(log_n, r, p, 32).ok());
    let parameters = parameters.ok_or(Fault::Malformed("scrypt does not allow these parameters together"))?;
    let mut out = Zeroizing::new(vec![0; len]);
    scrypt::scrypt(password, salt, &parameters, &mut out)
        .map_err(|_| Fault::Malformed("the key is empty"))?;
    Ok(out)
}
