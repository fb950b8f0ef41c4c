//! PBKDF2 (RFC 8018) in the forms of Django, Werkzeug, passlib and Node.
//!
//! Kinde takes three of its functions, under FusionAuth's names: HMAC-SHA256 with a key of 32 or 64 bytes, and
//! HMAC-SHA512 with one of 64; salt and key in base64. The blocks of a PBKDF2 key do not depend on each other,
//! so that the first bytes of a longer key are exactly the shorter one.

use sha1::Sha1;
use sha2::Sha512;
use zeroize::Zeroizing;

use super::digests::equal;
use super::encoding::{Bytes, base64, number, unab64, unbase64, unhex};
use super::error::Fault;
use super::extra::{Digest, Encoding, Extra};
use super::fields::{KindeFields, Method, Variant};
use super::limits::{MAX_ITERATIONS, MAX_PBKDF2_WORK, MAX_SALT};
use super::map::Case;
use super::preimage::fed;
use super::stretch::pbkdf2_sha256;
use super::table::Kind;

/// A derived key and all that made it, except the password.
pub(super) struct Derived<'a> {
    pub(super) digest: Digest,
    pub(super) iterations: u32,
    pub(super) salt: Salt<'a>,
    pub(super) key: Bytes,
}

/// Salt bytes: a part of the stored text, or decoded.
#[expect(clippy::large_enum_variant, reason = "on the stack, so that mapping allocates its output only")]
pub(super) enum Salt<'a> {
    Text(&'a str),
    Bytes(Bytes),
}

impl std::ops::Deref for Salt<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Salt::Text(text) => text.as_bytes(),
            Salt::Bytes(bytes) => bytes,
        }
    }
}

impl<'a> Salt<'a> {
    /// The salt column, read as the format does unless the caller says otherwise.
    pub(super) fn column(extra: &'a Extra, habit: Encoding) -> Result<Salt<'a>, Fault> {
        let text = extra.salt.as_ref().ok_or(Fault::Missing("`salt` is missing"))?;
        // Whoever says that it is text has looked at it.
        if extra.salt_encoding.is_none() && habit == Encoding::Text && text.ends_with(' ') {
            return Err(Fault::Invalid(
                "the salt ends with spaces, as a padded CHAR column's does: cut them off, or say `salt_encoding` = text \
                 where they were hashed",
            ));
        }
        Salt::read(text, extra.salt_encoding.unwrap_or(habit))
    }

    pub(super) fn read(text: &'a str, encoding: Encoding) -> Result<Salt<'a>, Fault> {
        let bytes = match encoding {
            Encoding::Text => return Ok(Salt::Text(text)),
            Encoding::Hex => unhex(text).ok_or(Fault::Invalid("the salt is not hex of at most 520 bytes"))?,
            Encoding::Base64 => {
                unbase64(text).ok_or(Fault::Invalid("the salt is not base64 of at most 520 bytes"))?
            }
        };
        Ok(Salt::Bytes(bytes))
    }
}

pub(super) fn to_kinde(case: Case<'_>) -> Result<KindeFields, Fault> {
    let derived = parse(case)?;
    if case.format.kind == Kind::ExpressPbkdf2Sha1Salt16 { aspnet_v2(&derived) } else { derived.fields() }
}

pub(super) fn verify(case: Case<'_>, password: &[u8]) -> Result<bool, Fault> {
    let derived = parse(case)?;
    for fed in fed(case, password)? {
        if derived.verify(&fed)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn parse(case: Case<'_>) -> Result<Derived<'_>, Fault> {
    match case.format.kind {
        Kind::DjangoPbkdf2Sha256 => django(case.stored, "pbkdf2_sha256$", Digest::Sha256),
        Kind::DjangoPbkdf2Sha512 => django(case.stored, "pbkdf2_sha512$", Digest::Sha512),
        Kind::PhcPbkdf2Sha256 => phc(case.stored, Digest::Sha256),
        Kind::PhcPbkdf2Sha512 => phc(case.stored, Digest::Sha512),
        Kind::PhcPbkdf2Sha1 => phc(case.stored, Digest::Sha1),
        Kind::LdapPbkdf2Sha256 => ldap(case.stored, Digest::Sha256),
        Kind::LdapPbkdf2Sha512 => ldap(case.stored, Digest::Sha512),
        Kind::LdapPbkdf2Sha1 => ldap(case.stored, Digest::Sha1),
        Kind::GrubPbkdf2 => grub(case.stored),
        Kind::MediawikiPbkdf2 => mediawiki(case.stored),
        Kind::SpringPbkdf2 => blob(unhex(after_scheme(case.stored)), 16, Digest::Sha256, 310_000),
        Kind::SpringPbkdf2Sha1 => blob(unhex(after_scheme(case.stored)), 8, Digest::Sha1, 185_000),
        Kind::Atlassian => blob(unbase64(after_scheme(case.stored)), 16, Digest::Sha1, 10_000),
        Kind::DiscoursePbkdf2 => {
            if case.extra.iterations.is_none() {
                return Err(Fault::Missing("`iterations` is missing: Discourse's differ from row to row"));
            }
            column(case, Digest::Sha256, 600_000)
        }
        Kind::DjangoPbkdf2Sha1 => django(case.stored, "pbkdf2_sha1$", Digest::Sha1),
        Kind::WerkzeugPbkdf2Sha256 => werkzeug(case.stored, "pbkdf2:sha256:", Digest::Sha256),
        Kind::WerkzeugPbkdf2Sha512 => werkzeug(case.stored, "pbkdf2:sha512:", Digest::Sha512),
        Kind::WerkzeugPbkdf2Sha1 => werkzeug(case.stored, "pbkdf2:sha1:", Digest::Sha1),
        Kind::PasslibPbkdf2Sha256 => passlib(case.stored, "$pbkdf2-sha256$", Digest::Sha256),
        Kind::PasslibPbkdf2Sha512 | Kind::FlaskSecurityPbkdf2 => {
            passlib(case.stored, "$pbkdf2-sha512$", Digest::Sha512)
        }
        Kind::PasslibPbkdf2Sha1 => passlib(case.stored, "$pbkdf2$", Digest::Sha1),
        Kind::PassportLocalMongoose => column(case, Digest::Sha256, 25_000),
        Kind::PassportTutorial => {
            if case.extra.salt.is_some() && case.extra.salt_encoding.is_none() {
                return Err(Fault::Missing(
                    "the salt is raw bytes: `salt_hex` or `salt_base64` is missing (or `salt_encoding`)",
                ));
            }
            column(case, Digest::Sha256, 310_000)
        }
        Kind::ExpressPbkdf2Sha512 => column(case, Digest::Sha512, 1000),
        _ => column(case, Digest::Sha1, 1000),
    }
}

/// `algorithm$iterations$salt$base64`, the salt used as text.
fn django<'a>(stored: &'a str, mark: &str, digest: Digest) -> Result<Derived<'a>, Fault> {
    const SHAPE: Fault = Fault::Malformed("not the shape algorithm$iterations$salt$base64");
    let mut parts = stored.strip_prefix(mark).ok_or(SHAPE)?.splitn(3, '$');
    let (Some(iterations), Some(salt), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(SHAPE);
    };
    let key = unbase64(key).ok_or(Fault::Malformed("the key is not base64"))?;
    Derived::whole(digest, iterations, Salt::Text(salt), key)
}

/// `pbkdf2:digest:iterations$salt$hex`, the salt used as text.
fn werkzeug<'a>(stored: &'a str, mark: &str, digest: Digest) -> Result<Derived<'a>, Fault> {
    const SHAPE: Fault = Fault::Malformed("not the shape pbkdf2:digest:iterations$salt$hex");
    let mut parts = stored.strip_prefix(mark).ok_or(SHAPE)?.splitn(3, '$');
    let (Some(iterations), Some(salt), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(SHAPE);
    };
    let key = unhex(key).ok_or(Fault::Malformed("the key is not hex"))?;
    Derived::whole(digest, iterations, Salt::Text(salt), key)
}

/// `$pbkdf2-digest$iterations$salt$key` in passlib's base64.
fn passlib<'a>(stored: &'a str, mark: &str, digest: Digest) -> Result<Derived<'a>, Fault> {
    const SHAPE: Fault = Fault::Malformed("not the shape $pbkdf2-digest$iterations$salt$key");
    let mut parts = stored.strip_prefix(mark).ok_or(SHAPE)?.splitn(3, '$');
    let (Some(iterations), Some(salt), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(SHAPE);
    };
    let salt = unab64(salt).ok_or(Fault::Malformed("the salt is not passlib's base64"))?;
    let key = unab64(key).ok_or(Fault::Malformed("the key is not passlib's base64"))?;
    Derived::whole(digest, iterations, Salt::Bytes(salt), key)
}

/// `$pbkdf2-sha256$i=iterations,l=length$salt$key` or `$pbkdf2$f=SHA256,w=iterations,l=length$salt$key`.
fn phc(stored: &str, digest: Digest) -> Result<Derived<'_>, Fault> {
    const SHAPE: Fault = Fault::Malformed("not the shape $pbkdf2-digest$i=iterations,l=length$salt$key");
    let mut parts = stored.strip_prefix("$pbkdf2").ok_or(SHAPE)?.split('$');
    let (Some(_), Some(parameters), Some(salt), Some(key), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(SHAPE);
    };
    let (mut iterations, mut length) = (None, None);
    for parameter in parameters.split(',') {
        match parameter.split_once('=').ok_or(SHAPE)? {
            ("i" | "w", value) => iterations = number(value),
            ("l", value) => length = number(value),
            ("f", name) if name.eq_ignore_ascii_case(digest.as_str()) => {}
            _ => return Err(SHAPE),
        }
    }
    let salt = unab64(salt).ok_or(Fault::Malformed("the salt is not base64"))?;
    let key = unab64(key).ok_or(Fault::Malformed("the key is not base64"))?;
    let whole = length.map_or(Ok(digest.len()), usize::try_from);
    if whole != Ok(key.len()) {
        return Err(Fault::Malformed("the key has not the length of the digest, or what `l` says"));
    }
    let iterations = iterations.ok_or(Fault::Malformed("PBKDF2 iterations are 1 to 2147483647"))?;
    Derived::new(digest, iterations, Salt::Bytes(salt), key)
}

/// `{PBKDF2-SHA256}iterations$salt$key` in passlib's base64.
fn ldap(stored: &str, digest: Digest) -> Result<Derived<'_>, Fault> {
    const SHAPE: Fault = Fault::Malformed("not the shape {scheme}iterations$salt$key");
    let mut parts = after_scheme(stored).splitn(3, '$');
    let (Some(iterations), Some(salt), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(SHAPE);
    };
    let salt = unab64(salt).ok_or(Fault::Malformed("the salt is not passlib's base64"))?;
    let key = unab64(key).ok_or(Fault::Malformed("the key is not passlib's base64"))?;
    Derived::whole(digest, iterations, Salt::Bytes(salt), key)
}

/// What follows a scheme in braces.
fn after_scheme(stored: &str) -> &str {
    stored.split_once('}').map_or("", |(_, rest)| rest)
}

/// `grub.pbkdf2.sha512.iterations.salt.key`, in hex.
fn grub(stored: &str) -> Result<Derived<'_>, Fault> {
    const SHAPE: Fault = Fault::Malformed("not the shape grub.pbkdf2.sha512.iterations.salt.key");
    let mut parts = stored.strip_prefix("grub.pbkdf2.sha512.").ok_or(SHAPE)?.split('.');
    let (Some(iterations), Some(salt), Some(key), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(SHAPE);
    };
    let salt = unhex(salt).ok_or(Fault::Malformed("the salt is not hex"))?;
    let key = unhex(key).ok_or(Fault::Malformed("the key is not hex"))?;
    Derived::whole(Digest::Sha512, iterations, Salt::Bytes(salt), key)
}

/// `:pbkdf2:digest:iterations:length:salt:key`, in base64.
fn mediawiki(stored: &str) -> Result<Derived<'_>, Fault> {
    const SHAPE: Fault = Fault::Malformed("not the shape :pbkdf2:digest:iterations:length:salt:key");
    let mut parts = stored.strip_prefix(":pbkdf2:").ok_or(SHAPE)?.split(':');
    let mut part = || parts.next().ok_or(SHAPE);
    let (name, iterations, length, salt, key) = (part()?, part()?, part()?, part()?, part()?);
    if parts.next().is_some() {
        return Err(SHAPE);
    }
    let digest = match name {
        "sha1" => Digest::Sha1,
        "sha256" => Digest::Sha256,
        "sha512" => Digest::Sha512,
        _ => return Err(Fault::NotImportable("Kinde's pbkdf2 has no variant with this digest")),
    };
    let salt = unbase64(salt).ok_or(Fault::Malformed("the salt is not base64"))?;
    let key = unbase64(key).ok_or(Fault::Malformed("the key is not base64"))?;
    if number(length).map(usize::try_from) != Some(Ok(key.len())) {
        return Err(Fault::Malformed("the key has not the length that the value says"));
    }
    let iterations = number(iterations).ok_or(Fault::Malformed("PBKDF2 iterations are 1 to 2147483647"))?;
    Derived::new(digest, iterations, Salt::Bytes(salt), key)
}

/// Salt and a key of 32 bytes in one.
fn blob(
    bytes: Option<Bytes>,
    salt: usize,
    digest: Digest,
    iterations: u32,
) -> Result<Derived<'static>, Fault> {
    const SHAPE: Fault = Fault::Malformed("not salt and a key of 32 bytes behind the scheme");
    let bytes = bytes.filter(|bytes| bytes.len() == salt + 32).ok_or(SHAPE)?;
    let (salt, key) = bytes.split_at_checked(salt).ok_or(SHAPE)?;
    let (Some(salt), Some(key)) = (Bytes::copy(salt), Bytes::copy(key)) else { return Err(SHAPE) };
    Derived::new(digest, iterations, Salt::Bytes(salt), key)
}

/// Key and salt in columns of their own, everything else in the application's source code: what is usual, unless
/// `extra` says otherwise. A declared digest counts, since the id only names the usual one.
fn column(case: Case<'_>, usual_digest: Digest, usual_iterations: u32) -> Result<Derived<'_>, Fault> {
    let extra = case.extra;
    let digest = extra.digest.unwrap_or(usual_digest);
    let key = match extra.encoding.unwrap_or(Encoding::Hex) {
        Encoding::Base64 => unbase64(case.stored).ok_or(Fault::Malformed("the key is not base64"))?,
        _ => unhex(case.stored).ok_or(Fault::Malformed("the key is not hex"))?,
    };
    match extra.keylen {
        Some(keylen) if usize::try_from(keylen) != Ok(key.len()) => {
            return Err(Fault::Malformed("the key has another length than `keylen` says"));
        }
        // Without a declared length, the usual one: a cut value must not pass for a shorter key.
        None if key.len() != usual_length(case.format.kind) => {
            return Err(Fault::Malformed(
                "the key has not the format's usual length; if that is so, give `keylen`",
            ));
        }
        _ => {}
    }
    let iterations = extra.iterations.unwrap_or(usual_iterations);
    Derived::new(digest, iterations, Salt::column(extra, Encoding::Text)?, key)
}

const fn usual_length(kind: Kind) -> usize {
    match kind {
        Kind::PassportLocalMongoose => 512,
        Kind::PassportTutorial | Kind::DiscoursePbkdf2 => 32,
        _ => 64,
    }
}

impl<'a> Derived<'a> {
    pub(super) fn new(digest: Digest, iterations: u32, salt: Salt<'a>, key: Bytes) -> Result<Self, Fault> {
        if !(1..=MAX_ITERATIONS).contains(&iterations) {
            return Err(Fault::Malformed("PBKDF2 iterations are 1 to 2147483647"));
        }
        if salt.is_empty() {
            return Err(Fault::Malformed("the salt is empty"));
        }
        if salt.len() > MAX_SALT {
            return Err(Fault::Malformed("the salt is longer than 512 bytes"));
        }
        if key.is_empty() {
            return Err(Fault::Malformed("the key is empty"));
        }
        Ok(Derived { digest, iterations, salt, key })
    }

    /// For formats whose key is always as long as the digest.
    fn whole(digest: Digest, iterations: &str, salt: Salt<'a>, key: Bytes) -> Result<Self, Fault> {
        if key.len() != digest.len() {
            return Err(Fault::Malformed("the key has not the length of the digest"));
        }
        let iterations =
            number(iterations).ok_or(Fault::Malformed("PBKDF2 iterations are 1 to 2147483647"))?;
        Derived::new(digest, iterations, salt, key)
    }

    /// The fields of Kinde's `pbkdf2`.
    pub(super) fn fields(&self) -> Result<KindeFields, Fault> {
        let (variant, len) = match (self.digest, self.key.len()) {
            (Digest::Sha256, 64) => (Variant::Sha256_512, 64),
            (Digest::Sha256, 32..) => (Variant::Sha256, 32),
            (Digest::Sha512, 64..) => (Variant::Sha512_512, 64),
            (Digest::Sha256, _) => {
                return Err(Fault::NotImportable("the key is shorter than the 32 bytes of Kinde's variant"));
            }
            (Digest::Sha512, _) => {
                return Err(Fault::NotImportable("the key is shorter than the 64 bytes of Kinde's variant"));
            }
            (Digest::Sha1 | Digest::Md5, _) => {
                return Err(Fault::NotImportable("Kinde's pbkdf2 has no variant with this digest"));
            }
        };
        let mut fields = KindeFields::new(Method::Pbkdf2, base64(self.key.get(..len).unwrap_or_default()));
        fields.salt = Some(base64(&self.salt));
        fields.iterations = Some(self.iterations);
        fields.variant = Some(variant);
        Ok(fields)
    }

    pub(super) fn verify(&self, password: &[u8]) -> Result<bool, Fault> {
        check(self.digest, self.iterations, &self.salt, &self.key, password)
    }
}

/// PBKDF2-SHA1 with 1000 iterations and 16 bytes of salt is the function of ASP.NET Identity v2: 00, salt, 32
/// bytes of key.
fn aspnet_v2(derived: &Derived<'_>) -> Result<KindeFields, Fault> {
    if derived.digest != Digest::Sha1 {
        return Err(Fault::Invalid("`digest` is not the one of this format: name the format of that digest"));
    }
    if derived.iterations != 1000 {
        return Err(Fault::NotImportable(
            "only exactly 1000 iterations of PBKDF2-HMAC-SHA1 have a place at Kinde",
        ));
    }
    if derived.salt.len() != 16 {
        return Err(Fault::NotImportable("only a salt of exactly 16 bytes has a place at Kinde"));
    }
    let Some(key) = derived.key.get(..32) else {
        return Err(Fault::NotImportable("the key is shorter than the 32 bytes of Kinde's method"));
    };
    let blob = super::digests::concat(&[&[0], &derived.salt, key]);
    Ok(KindeFields::new(Method::AspnetIdentityV2, base64(&blob)))
}

/// Whether the password derives this key.
pub(super) fn check(
    digest: Digest,
    iterations: u32,
    salt: &[u8],
    key: &[u8],
    password: &[u8],
) -> Result<bool, Fault> {
    let blocks = key.len().div_ceil(digest.len());
    if u64::from(iterations) * blocks as u64 > MAX_PBKDF2_WORK {
        return Err(Fault::TooCostly("so many PBKDF2 iterations take too long to check here"));
    }
    let mut computed = Zeroizing::new(vec![0; key.len()]);
    match digest {
        Digest::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, iterations, &mut computed),
        Digest::Sha256 => pbkdf2_sha256(password, salt, iterations, &mut computed),
        Digest::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, iterations, &mut computed),
        Digest::Md5 => return Err(Fault::Invalid("`digest`: PBKDF2 with MD5 is of no known format")),
    }
    Ok(equal(&computed, key))
}

/// What Kinde's `pbkdf2` checks: base64 of salt and key, the variant's digest and key length, and 24000
/// iterations where none are given.
pub(super) fn verify_kinde(fields: &KindeFields, password: &[u8]) -> Result<bool, Fault> {
    let (digest, len) = match fields.variant {
        Some(Variant::Sha256) => (Digest::Sha256, 32),
        Some(Variant::Sha256_512) => (Digest::Sha256, 64),
        Some(Variant::Sha512_512) => (Digest::Sha512, 64),
        None => return Err(Fault::Malformed("pbkdf2 needs `variant`")),
    };
    let salt =
        fields.salt.as_deref().and_then(unbase64).ok_or(Fault::Malformed("pbkdf2 needs `salt` in base64"))?;
    let key = unbase64(&fields.hashed_password)
        .filter(|key| key.len() == len)
        .ok_or(Fault::Malformed("pbkdf2 needs a key of the variant's length in base64"))?;
    let iterations = fields.iterations.unwrap_or(24_000);
    if iterations == 0 {
        return Err(Fault::Malformed("PBKDF2 iterations are 1 to 2147483647"));
    }
    check(digest, iterations, &salt, &key, password)
}
