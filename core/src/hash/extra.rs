//! What an application stores beside the hash, or only knows in its source code.

use serde_json::Value;
use zeroize::Zeroizing;

use super::error::HashError;
use super::fields::{SaltPosition, Variant};

/// No salt, key or pepper of a real application is longer.
const MAX_TEXT: usize = 4096;

/// How bytes are written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Text,
    Hex,
    Base64,
}

/// The hash function inside a scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digest {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

/// The character set in which the application hashed what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    Utf8,
    Latin1,
    Other,
}

/// What Keycloak's `credential_data` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Pbkdf2(Digest),
    Argon2,
    Bcrypt,
    /// An extension's.
    Other,
}

/// What FusionAuth's `encryptionScheme` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Pbkdf2(Variant),
    Bcrypt,
    Other(String),
}

/// What an application stores beside the hash: the salt column and its encoding, iterations, digest, key length,
/// Firebase's project parameters, and so on.
///
/// Keyed by strings, so that every language and the command line can fill it: [`Extra::set`] one by one or
/// [`Extra::from_json`] at once. The names:
///
/// | name | value |
/// |---|---|
/// | `salt` | the salt column; text, unless the format (Keycloak, FusionAuth, Firebase) defines base64 |
/// | `salt_hex`, `salt_base64` | the salt column where it holds raw bytes |
/// | `salt_encoding` | `text`, `hex` or `base64`: what `salt` is, where it differs from the format's habit |
/// | `order`, `salt_position` | `password+salt` or `salt+password`; `suffix` or `prefix` |
/// | `iterations`, `factor` | 1 to 4294967295 |
/// | `digest` | `md5`, `sha1`, `sha256`, `sha512` |
/// | `keylen` | length of the derived key in bytes |
/// | `encoding` | `hex` or `base64`: how the stored hash is written |
/// | `N`, `r`, `p` | scrypt's parameters |
/// | `signer_key`, `salt_separator`, `rounds`, `mem_cost` | the Firebase project's password hash parameters |
/// | `encryptionScheme` | FusionAuth's name of the scheme |
/// | `secret_data`, `credential_data` (or `secretData`, `credentialData`) | Keycloak's columns, as JSON |
/// | `pepper` | a secret of the application's that it adds to every password: refused by every mapping |
/// | `username` | the name that SMF 2.1 hashes before the password |
/// | `allow_locked` | `true` takes the hash of a locked account (`!` before it) |
/// | `charset` | what the application hashed passwords in, where that is not UTF-8 |
///
/// An empty text is as good as none. Unknown names are refused: a typing error would lock users out.
#[derive(Clone, Default)]
pub struct Extra {
    pub(super) salt: Option<Zeroizing<String>>,
    pub(super) salt_encoding: Option<Encoding>,
    pub(super) position: Option<SaltPosition>,
    pub(super) iterations: Option<u32>,
    pub(super) digest: Option<Digest>,
    pub(super) keylen: Option<u32>,
    pub(super) encoding: Option<Encoding>,
    pub(super) n: Option<u32>,
    pub(super) r: Option<u32>,
    pub(super) p: Option<u32>,
    pub(super) signer_key: Option<Zeroizing<String>>,
    pub(super) salt_separator: Option<Zeroizing<String>>,
    pub(super) rounds: Option<u32>,
    pub(super) mem_cost: Option<u32>,
    pub(super) scheme: Option<Scheme>,
    pub(super) algorithm: Option<Algorithm>,
    // Keycloak repeats the hash in its secret data: kept to find mixed-up rows.
    pub(super) value: Option<Zeroizing<String>>,
    pub(super) pepper: Option<Zeroizing<String>>,
    pub(super) charset: Option<Charset>,
    pub(super) username: Option<Zeroizing<String>>,
    pub(super) allow_locked: bool,
}

impl Extra {
    /// From a JSON object (or null) with the names above.
    pub fn from_json(value: &Value) -> Result<Extra, HashError> {
        let mut extra = Extra::default();
        match value {
            Value::Null => {}
            Value::Object(entries) => {
                for (name, value) in entries {
                    extra.set_value(name, value)?;
                }
            }
            _ => return Err(HashError::extra_invalid("`extra` is not a JSON object")),
        }
        Ok(extra)
    }

    /// Sets one value from its text.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), HashError> {
        let known = NAMES.iter().find(|known| **known == name).copied();
        let Some(name) = known else {
            return Err(HashError::extra_invalid(format!("unknown name {:?} in `extra`", shown(name))));
        };
        if value.is_empty() {
            return Ok(());
        }
        if value.len() > MAX_TEXT {
            return Err(invalid(name, "is longer than 4096 bytes"));
        }
        match name {
            "salt" => self.salt = Some(secret(value)),
            "salt_hex" => (self.salt, self.salt_encoding) = (Some(secret(value)), Some(Encoding::Hex)),
            "salt_base64" => (self.salt, self.salt_encoding) = (Some(secret(value)), Some(Encoding::Base64)),
            "salt_encoding" => self.salt_encoding = Some(encoding(name, value, true)?),
            "order" | "salt_position" => self.position = Some(position(name, value)?),
            "iterations" | "factor" => self.iterations = Some(number(name, value)?),
            "digest" => self.digest = Some(digest(name, value)?),
            "keylen" => self.keylen = Some(number(name, value)?),
            "encoding" => self.encoding = Some(encoding(name, value, false)?),
            "N" => self.n = Some(number(name, value)?),
            "r" => self.r = Some(number(name, value)?),
            "p" => self.p = Some(number(name, value)?),
            "signer_key" => self.signer_key = Some(secret(value)),
            "salt_separator" => self.salt_separator = Some(secret(value)),
            "rounds" => self.rounds = Some(number(name, value)?),
            "mem_cost" => self.mem_cost = Some(number(name, value)?),
            "encryptionScheme" => self.scheme = Some(scheme(value)),
            "pepper" => self.pepper = Some(secret(value)),
            "charset" => self.charset = Some(charset(value)),
            "username" => self.username = Some(secret(value)),
            "allow_locked" => self.allow_locked = truth(name, value)?,
            // What remains are Keycloak's two columns.
            _ => {
                let parsed: Value =
                    serde_json::from_str(value).map_err(|_| invalid(name, "is not a JSON object"))?;
                self.set_column(name, &parsed)?;
            }
        }
        Ok(())
    }

    fn set_value(&mut self, name: &str, value: &Value) -> Result<(), HashError> {
        match value {
            Value::Null => Ok(()),
            Value::String(text) => self.set(name, text),
            Value::Number(number) => self.set(name, &number.to_string()),
            Value::Bool(truth) if name == "allow_locked" => {
                self.allow_locked = *truth;
                Ok(())
            }
            Value::Object(_) if COLUMNS.contains(&name) => self.set_column(name, value),
            _ => Err(HashError::extra_invalid(format!("{:?} has a wrong type in `extra`", shown(name)))),
        }
    }

    /// Keycloak's `secret_data {value, salt}` and `credential_data {hashIterations, algorithm}`; other entries
    /// (`additionalParameters`) mean nothing for PBKDF2.
    fn set_column(&mut self, name: &str, value: &Value) -> Result<(), HashError> {
        let Value::Object(entries) = value else { return Err(invalid(name, "is not a JSON object")) };
        for (key, value) in entries {
            match (key.as_str(), value) {
                ("value", Value::String(text)) if text.len() <= MAX_TEXT => self.value = Some(secret(text)),
                ("salt", value @ Value::String(_)) => self.set_value("salt", value)?,
                ("hashIterations", value @ (Value::Number(_) | Value::String(_))) => {
                    self.set_value("iterations", value)?;
                }
                ("algorithm", Value::String(text)) => {
                    let algorithm = match text.as_str() {
                        "pbkdf2" | "pbkdf2-sha1" => Algorithm::Pbkdf2(Digest::Sha1),
                        "pbkdf2-sha256" => Algorithm::Pbkdf2(Digest::Sha256),
                        "pbkdf2-sha512" => Algorithm::Pbkdf2(Digest::Sha512),
                        "argon2" => Algorithm::Argon2,
                        "bcrypt" => Algorithm::Bcrypt,
                        _ => Algorithm::Other,
                    };
                    if let Algorithm::Pbkdf2(digest) = algorithm {
                        self.digest = Some(digest);
                    }
                    self.algorithm = Some(algorithm);
                }
                ("value" | "salt" | "hashIterations" | "algorithm", _) => {
                    return Err(invalid(name, "has an entry of a wrong type"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Keycloak's two columns, as its tables and its export spell them.
const COLUMNS: [&str; 4] = ["secret_data", "credential_data", "secretData", "credentialData"];

const NAMES: [&str; 27] = [
    "salt",
    "salt_hex",
    "salt_base64",
    "salt_encoding",
    "order",
    "salt_position",
    "iterations",
    "factor",
    "digest",
    "keylen",
    "encoding",
    "N",
    "r",
    "p",
    "signer_key",
    "salt_separator",
    "rounds",
    "mem_cost",
    "encryptionScheme",
    "pepper",
    "charset",
    "secret_data",
    "credential_data",
    "secretData",
    "credentialData",
    "username",
    "allow_locked",
];

fn secret(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

/// A name as far as a message should repeat it.
fn shown(name: &str) -> String {
    name.chars().take(40).collect()
}

fn invalid(name: &str, what: &str) -> HashError {
    HashError::extra_invalid(format!("`{name}` {what}"))
}

fn number(name: &str, text: &str) -> Result<u32, HashError> {
    // `+5`, ` 5` and `5.0` are not what an application stores.
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(invalid(name, "is not a whole number"));
    }
    match text.parse::<u32>() {
        Ok(0) | Err(_) => Err(invalid(name, "is outside 1 to 4294967295")),
        Ok(number) => Ok(number),
    }
}

fn encoding(name: &str, text: &str, with_text: bool) -> Result<Encoding, HashError> {
    match text {
        "hex" => Ok(Encoding::Hex),
        "base64" => Ok(Encoding::Base64),
        "text" | "string" | "utf8" if with_text => Ok(Encoding::Text),
        _ if with_text => Err(invalid(name, "is none of text, hex, base64")),
        _ => Err(invalid(name, "is none of hex, base64")),
    }
}

fn position(name: &str, text: &str) -> Result<SaltPosition, HashError> {
    match text {
        "suffix" | "password+salt" => Ok(SaltPosition::Suffix),
        "prefix" | "salt+password" => Ok(SaltPosition::Prefix),
        _ => Err(invalid(name, "is none of password+salt (suffix), salt+password (prefix)")),
    }
}

fn digest(name: &str, text: &str) -> Result<Digest, HashError> {
    const DIGESTS: [(&str, Digest); 4] = [
        ("md5", Digest::Md5),
        ("sha1", Digest::Sha1),
        ("sha256", Digest::Sha256),
        ("sha512", Digest::Sha512),
    ];
    // Node takes any case and a dash after `SHA`.
    let plain: String = text.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect();
    DIGESTS
        .iter()
        .find(|(known, _)| *known == plain)
        .map(|(_, digest)| *digest)
        .ok_or_else(|| invalid(name, "is none of md5, sha1, sha256, sha512"))
}

/// Plug-ins of FusionAuth's have names of their own, so that any name is one.
fn scheme(text: &str) -> Scheme {
    let variants = [Variant::Sha256, Variant::Sha256_512, Variant::Sha512_512];
    match variants.into_iter().find(|variant| variant.as_str() == text) {
        Some(variant) => Scheme::Pbkdf2(variant),
        None if text == "bcrypt" => Scheme::Bcrypt,
        None => Scheme::Other(text.to_owned()),
    }
}

fn truth(name: &str, text: &str) -> Result<bool, HashError> {
    match text {
        "true" | "True" | "1" => Ok(true),
        "false" | "False" | "0" => Ok(false),
        _ => Err(invalid(name, "is none of true, false")),
    }
}

impl Scheme {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Scheme::Pbkdf2(variant) => variant.as_str(),
            Scheme::Bcrypt => "bcrypt",
            Scheme::Other(text) => text,
        }
    }
}

impl Algorithm {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Algorithm::Pbkdf2(Digest::Sha256) => "pbkdf2-sha256",
            Algorithm::Pbkdf2(Digest::Sha512) => "pbkdf2-sha512",
            Algorithm::Pbkdf2(_) => "pbkdf2",
            Algorithm::Argon2 => "argon2",
            Algorithm::Bcrypt => "bcrypt",
            Algorithm::Other => "another",
        }
    }
}

fn charset(text: &str) -> Charset {
    match text.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "utf8mb4" | "ascii" | "us-ascii" => Charset::Utf8,
        "latin1" | "latin-1" | "iso-8859-1" | "iso8859-1" | "iso_8859-1" => Charset::Latin1,
        _ => Charset::Other,
    }
}

impl Encoding {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Encoding::Text => "text",
            Encoding::Hex => "hex",
            Encoding::Base64 => "base64",
        }
    }
}

impl Digest {
    /// Bytes of output.
    pub(super) const fn len(self) -> usize {
        match self {
            Digest::Md5 => 16,
            Digest::Sha1 => 20,
            Digest::Sha256 => 32,
            Digest::Sha512 => 64,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Digest::Md5 => "md5",
            Digest::Sha1 => "sha1",
            Digest::Sha256 => "sha256",
            Digest::Sha512 => "sha512",
        }
    }
}

impl Charset {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Charset::Utf8 => "utf-8",
            Charset::Latin1 => "iso-8859-1",
            Charset::Other => "other",
        }
    }
}
