//! What can be set as a password: every documented method, its fields and their forms.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::answer::Refusal;
use crate::fields::Fields;

/// A password as it was set.
#[derive(Debug, Clone)]
pub(crate) struct Password {
    pub(crate) secret: Secret,
    /// To be replaced by its owner after the next sign-in.
    pub(crate) temporary: bool,
}

/// What a sign-in is checked against.
#[derive(Debug, Clone)]
pub(crate) enum Secret {
    /// Set in plain; only a salted digest is kept.
    Plain {
        salt: [u8; 16],
        digest: [u8; 32],
    },
    /// `$2a$`
    Bcrypt(Box<str>),
    /// Any of the classic formats of crypt(3).
    Crypt(Box<str>),
    /// A hex digest over the password and perhaps a salt.
    Digest {
        algorithm: DigestAlgorithm,
        hash: Box<[u8]>,
        salt: Box<str>,
        position: SaltPosition,
    },
    /// phpass's portable format.
    Wordpress(Box<str>),
    Pbkdf2 {
        hash: Box<[u8]>,
        salt: Box<[u8]>,
        iterations: u32,
        variant: Pbkdf2Variant,
    },
    FirebaseScrypt {
        hash: Box<[u8]>,
        salt: Box<[u8]>,
        separator: Box<[u8]>,
        signer_key: Box<[u8]>,
        rounds: u8,
        mem_cost: u8,
    },
    /// The 49 bytes of ASP.NET Identity's version 2.
    AspNetV2(Box<[u8]>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DigestAlgorithm {
    Md5,
    Sha256,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SaltPosition {
    Prefix,
    Suffix,
}

/// FusionAuth's names: the digest, then the length of the key in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pbkdf2Variant {
    Sha256,
    Sha256Key512,
    Sha512Key512,
}

/// What PBKDF2 takes where no number of iterations was sent.
pub(crate) const DEFAULT_ITERATIONS: u32 = 24_000;

/// The names of the methods, as documented.
const METHODS: &str = "bcrypt, crypt, md5, sha256, wordpress, pbkdf2, firebase-scrypt, aspnet-identity-v2";

/// The alphabet of bcrypt, crypt(3) and phpass, whatever the order of its letters.
fn is_itoa64(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'/')
}

impl Secret {
    /// The method's name in reports.
    pub(crate) fn method(&self) -> &'static str {
        match self {
            Self::Plain { .. } => "plaintext",
            Self::Bcrypt(_) => "bcrypt",
            Self::Crypt(_) => "crypt",
            Self::Digest { algorithm, .. } => match algorithm {
                DigestAlgorithm::Md5 => "md5",
                DigestAlgorithm::Sha256 => "sha256",
            },
            Self::Wordpress(_) => "wordpress",
            Self::Pbkdf2 { .. } => "pbkdf2",
            Self::FirebaseScrypt { .. } => "firebase-scrypt",
            Self::AspNetV2(_) => "aspnet-identity-v2",
        }
    }

    /// The digest kept of a password set in plain.
    pub(crate) fn plain_digest(salt: &[u8; 16], password: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update(salt).chain_update(password).finalize().into()
    }

    fn plain(password: &str) -> Result<Self, Refusal> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt)
            .map_err(|_| Refusal::bad("INVALID_FIELD", "password could not be stored"))?;
        let digest = Self::plain_digest(&salt, password.as_bytes());
        Ok(Self::Plain { salt, digest })
    }
}

/// Reads the body of a call that sets a password.
pub(crate) fn from_fields(mut fields: Fields, refuse_plain: bool) -> Result<Password, Refusal> {
    let temporary = fields.boolean("is_temporary_password")?.unwrap_or(false);
    let plain = fields.text("password")?;
    let hashed = fields.text("hashed_password")?;
    let secret = match (plain, hashed) {
        (Some(_), _) if refuse_plain => {
            return Err(Refusal::bad("UNKNOWN_FIELD", "password is not a field that is known here"));
        }
        (Some(_), Some(_)) => {
            return Err(Refusal::bad("INVALID_FIELD", "password and hashed_password exclude each other"));
        }
        (None, None) => {
            return Err(Refusal::bad("MISSING_FIELD", "hashed_password is required"));
        }
        (Some(plain), None) if plain.is_empty() => {
            return Err(fields.refuse("password", "must not be empty"));
        }
        (Some(plain), None) => Secret::plain(&plain)?,
        (None, Some(hashed)) => hashed_secret(&mut fields, hashed)?,
    };
    fields.finish()?;
    Ok(Password { secret, temporary })
}

fn hashed_secret(fields: &mut Fields, hashed: String) -> Result<Secret, Refusal> {
    let method = fields.text("hashing_method")?.unwrap_or_else(|| "bcrypt".to_owned());
    let sent = Sent::take(fields)?;
    match method.as_str() {
        "bcrypt" => {
            // Documented as not required rather than rejected: taken and not used.
            sent.refuse_all_but(&["salt", "salt_position"], "bcrypt")?;
            bcrypt(&hashed)
        }
        "crypt" => {
            sent.refuse_all_but(&[], "crypt")?;
            crypt(hashed)
        }
        "md5" => digest(&hashed, &sent, DigestAlgorithm::Md5),
        "sha256" => digest(&hashed, &sent, DigestAlgorithm::Sha256),
        "wordpress" => {
            sent.refuse_all_but(&[], "wordpress")?;
            wordpress(hashed)
        }
        "pbkdf2" => pbkdf2(&hashed, &sent),
        "firebase-scrypt" => firebase(&hashed, &sent),
        "aspnet-identity-v2" => {
            sent.refuse_all_but(&[], "aspnet-identity-v2")?;
            aspnet_v2(&hashed)
        }
        _ => Err(fields.refuse("hashing_method", &format!("must be one of {METHODS}"))),
    }
}

/// The fields beside the hash, as they were sent.
struct Sent {
    salt: Option<String>,
    salt_position: Option<SaltPosition>,
    iterations: Option<i64>,
    variant: Option<String>,
    signer_key: Option<String>,
    salt_separator: Option<String>,
    rounds: Option<i64>,
    mem_cost: Option<i64>,
}

impl Sent {
    fn take(fields: &mut Fields) -> Result<Self, Refusal> {
        let salt_position = match fields.text("salt_position")?.as_deref() {
            None => None,
            Some("prefix") => Some(SaltPosition::Prefix),
            Some("suffix") => Some(SaltPosition::Suffix),
            Some(_) => return Err(fields.refuse("salt_position", "must be prefix or suffix")),
        };
        Ok(Self {
            salt: fields.text("salt")?,
            salt_position,
            iterations: fields.integer("iterations")?,
            variant: fields.text("variant")?,
            signer_key: fields.text("signer_key")?,
            salt_separator: fields.text("salt_separator")?,
            rounds: fields.integer("rounds")?,
            mem_cost: fields.integer("mem_cost")?,
        })
    }

    /// Refuses every field that the method has no use for.
    fn refuse_all_but(&self, used: &[&str], method: &str) -> Result<(), Refusal> {
        let sent = [
            ("salt", self.salt.is_some()),
            ("salt_position", self.salt_position.is_some()),
            ("iterations", self.iterations.is_some()),
            ("variant", self.variant.is_some()),
            ("signer_key", self.signer_key.is_some()),
            ("salt_separator", self.salt_separator.is_some()),
            ("rounds", self.rounds.is_some()),
            ("mem_cost", self.mem_cost.is_some()),
        ];
        match sent.iter().find(|(name, present)| *present && !used.contains(name)) {
            None => Ok(()),
            Some((name, _)) => {
                Err(Refusal::bad("FIELD_NOT_ALLOWED", format!("{name} must not be sent with {method}")))
            }
        }
    }
}

fn form(name: &str, must: &str) -> Refusal {
    Refusal::bad("INVALID_FIELD", format!("{name} {must}"))
}

fn missing(name: &str, method: &str) -> Refusal {
    Refusal::bad("MISSING_FIELD", format!("{name} is required for {method}"))
}

fn base64_field(name: &str, text: &str) -> Result<Box<[u8]>, Refusal> {
    STANDARD
        .decode(text)
        .map(Into::into)
        .map_err(|_| form(name, "must be base64, of the standard alphabet and padded"))
}

/// `$2a$` as it is, `$2b$` rewritten to it.
fn bcrypt(hashed: &str) -> Result<Secret, Refusal> {
    let wrong =
        || form("hashed_password", "must be a bcrypt hash: $2a$ or $2b$, a cost of 04 to 31, 53 characters");
    let rest = hashed.strip_prefix("$2a$").or_else(|| hashed.strip_prefix("$2b$")).ok_or_else(wrong)?;
    let (cost, tail) = rest.split_once('$').ok_or_else(wrong)?;
    let cost_ok = cost.len() == 2
        && cost.bytes().all(|b| b.is_ascii_digit())
        && cost.parse().is_ok_and(|cost: u8| (4..=31).contains(&cost));
    if !cost_ok || tail.len() != 53 || !is_itoa64(tail) {
        return Err(wrong());
    }
    Ok(Secret::Bcrypt(format!("$2a${rest}").into()))
}

fn crypt(hashed: String) -> Result<Secret, Refusal> {
    let known = if let Some(rest) = hashed.strip_prefix("$1$") {
        is_salted(rest, 8, 22)
    } else if let Some(rest) = hashed.strip_prefix("$5$") {
        is_salted(without_rounds(rest), 16, 43)
    } else if let Some(rest) = hashed.strip_prefix("$6$") {
        is_salted(without_rounds(rest), 16, 86)
    } else if let Some(rest) = hashed.strip_prefix('_') {
        rest.len() == 19 && is_itoa64(rest)
    } else {
        hashed.len() == 13 && is_itoa64(&hashed)
    };
    if known {
        Ok(Secret::Crypt(hashed.into()))
    } else {
        Err(form("hashed_password", "must be a crypt hash: $1$, $5$, $6$, _ or 13 characters of DES"))
    }
}

/// A salt, `$`, and a hash of exactly that length.
fn is_salted(text: &str, longest_salt: usize, hash_length: usize) -> bool {
    text.split_once('$').is_some_and(|(salt, hash)| {
        salt.len() <= longest_salt
            && salt.bytes().all(|b| b.is_ascii_graphic() && b != b':')
            && hash.len() == hash_length
            && is_itoa64(hash)
    })
}

fn without_rounds(text: &str) -> &str {
    match text.strip_prefix("rounds=").and_then(|rest| rest.split_once('$')) {
        Some((rounds, rest))
            if (1..=9).contains(&rounds.len()) && rounds.bytes().all(|b| b.is_ascii_digit()) =>
        {
            rest
        }
        _ => text,
    }
}

fn digest(hashed: &str, sent: &Sent, algorithm: DigestAlgorithm) -> Result<Secret, Refusal> {
    let (method, length) = match algorithm {
        DigestAlgorithm::Md5 => ("md5", 32),
        DigestAlgorithm::Sha256 => ("sha256", 64),
    };
    sent.refuse_all_but(&["salt", "salt_position"], method)?;
    let lower_hex = hashed.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let hash = hex::decode(hashed).ok().filter(|_| lower_hex);
    let Some(hash) = hash.filter(|_| hashed.len() == length) else {
        return Err(form(
            "hashed_password",
            &format!("must be {length} hexadecimal digits in lower case for {method}"),
        ));
    };
    Ok(Secret::Digest {
        algorithm,
        hash: hash.into(),
        salt: sent.salt.clone().unwrap_or_default().into(),
        position: sent.salt_position.unwrap_or(SaltPosition::Prefix),
    })
}

fn wordpress(hashed: String) -> Result<Secret, Refusal> {
    // The fourth character is the logarithm of the rounds, 7 to 30: `5` to `S`.
    let good = hashed.strip_prefix("$P$").is_some_and(|rest| {
        rest.len() == 31
            && is_itoa64(rest)
            && rest.bytes().next().is_some_and(|b| (b'5'..=b'9').contains(&b) || (b'A'..=b'S').contains(&b))
    });
    if good {
        Ok(Secret::Wordpress(hashed.into()))
    } else {
        Err(form("hashed_password", "must be a portable phpass hash: $P$ and 31 characters"))
    }
}

fn pbkdf2(hashed: &str, sent: &Sent) -> Result<Secret, Refusal> {
    sent.refuse_all_but(&["salt", "iterations", "variant"], "pbkdf2")?;
    let salt = match sent.salt.as_deref() {
        None | Some("") => return Err(missing("salt", "pbkdf2")),
        Some(salt) => base64_field("salt", salt)?,
    };
    let (variant, length) = match sent.variant.as_deref() {
        None => return Err(missing("variant", "pbkdf2")),
        Some("salted-pbkdf2-hmac-sha256") => (Pbkdf2Variant::Sha256, 32),
        Some("salted-pbkdf2-hmac-sha256-512") => (Pbkdf2Variant::Sha256Key512, 64),
        Some("salted-pbkdf2-hmac-sha512-512") => (Pbkdf2Variant::Sha512Key512, 64),
        Some(_) => {
            return Err(form(
                "variant",
                "must be salted-pbkdf2-hmac-sha256, salted-pbkdf2-hmac-sha256-512 \
                 or salted-pbkdf2-hmac-sha512-512",
            ));
        }
    };
    let iterations = match sent.iterations {
        None => DEFAULT_ITERATIONS,
        Some(number) => u32::try_from(number)
            .ok()
            .filter(|number| (1..=i32::MAX.unsigned_abs()).contains(number))
            .ok_or_else(|| form("iterations", "must be 1 to 2147483647"))?,
    };
    let hash = base64_field("hashed_password", hashed)?;
    if hash.len() != length {
        return Err(form("hashed_password", &format!("must be {length} bytes in base64 for this variant")));
    }
    Ok(Secret::Pbkdf2 { hash, salt, iterations, variant })
}

fn firebase(hashed: &str, sent: &Sent) -> Result<Secret, Refusal> {
    const METHOD: &str = "firebase-scrypt";
    sent.refuse_all_but(&["salt", "signer_key", "salt_separator", "rounds", "mem_cost"], METHOD)?;
    let binary = |name: &str, text: Option<&str>| match text {
        None | Some("") => Err(missing(name, METHOD)),
        Some(text) => base64_field(name, text),
    };
    let within = |name: &str, number: Option<i64>, most: u8| {
        let number = number.ok_or_else(|| missing(name, METHOD))?;
        u8::try_from(number)
            .ok()
            .filter(|number| (1..=most).contains(number))
            .ok_or_else(|| form(name, &format!("must be 1 to {most}")))
    };
    let salt = binary("salt", sent.salt.as_deref())?;
    let signer_key = binary("signer_key", sent.signer_key.as_deref())?;
    let separator = binary("salt_separator", sent.salt_separator.as_deref())?;
    let rounds = within("rounds", sent.rounds, 16)?;
    let mem_cost = within("mem_cost", sent.mem_cost, 20)?;
    let hash = base64_field("hashed_password", hashed)?;
    if hash.len() != signer_key.len() {
        return Err(form("hashed_password", "must be as long as the signer key, in base64"));
    }
    Ok(Secret::FirebaseScrypt { hash, salt, separator, signer_key, rounds, mem_cost })
}

fn aspnet_v2(hashed: &str) -> Result<Secret, Refusal> {
    let bytes = base64_field("hashed_password", hashed)?;
    if bytes.len() != 49 || bytes.first() != Some(&0) {
        return Err(form(
            "hashed_password",
            "must be an ASP.NET Identity version 2 hash: 49 bytes in base64, the first of them 0",
        ));
    }
    Ok(Secret::AspNetV2(bytes))
}
