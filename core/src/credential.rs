//! What proves who a user is: a password, a stored hash, or nothing.

use secrecy::ExposeSecret;

use crate::bounded::bounded;
use crate::code::{Code, Error};
use crate::hash::{Confidence, Extra, HashError};
use crate::pages::{Secret, secret};

/// The longest password taken, in bytes; the same limit as Django's and PHP's frameworks use against
/// hashing being used to tie up a server.
pub const PASSWORD_MAX: usize = 4096;
/// The longest stored hash taken: what [`crate::hash`] looks at.
const HASH_MAX: usize = 4096;
/// The longest value of `extra` taken: what [`Extra`] looks at.
const EXTRA_MAX: usize = 4096;
/// The longest name of a format looked at.
const FORMAT_MAX: usize = 256;
/// The longest version taken. A longer one counts as not given.
const VERSION_MAX: usize = 65_536;

/// The names of a credential's fields, the same in every language. What is stored beside a hash is set
/// under `extra.` and its own name, as in `extra.salt`.
pub const CREDENTIAL_FIELDS: &[&str] = &["password", "hash", "format", "version", "extra.…"];

/// A plaintext password, a stored legacy hash, or none; with an optional version.
///
/// The version is any text that changes when the password changes; the stored hash itself serves, and
/// is taken where no other is given. Only a keyed digest of it is kept. It makes a repeated sign-in cost
/// no call and no hashing. With a password and neither version nor hash, a repeated sign-in costs no
/// call either, but one bcrypt: the ledger keeps that bcrypt's salt and a keyed digest of its result.
///
/// Where both password and hash are given, the password is what is carried and the hash is its version. With the
/// setting `verify_mapping` the hash is carried, once the password has proved that it is mapped rightly.
#[derive(Default)]
pub struct Credential {
    pub(crate) password: Option<Secret>,
    pub(crate) hash: Option<Secret>,
    pub(crate) format: Option<String>,
    pub(crate) extra: Extra,
    version: Option<Secret>,
    /// A stored hash was given, and it is empty: as good as none, which `explain_hash` says.
    pub(crate) no_hash: bool,
    /// What a setter found wrong with the data; said by the verb, as an outcome.
    pub(crate) defect: Option<HashError>,
}

impl Credential {
    /// No password: the user is carried over without one.
    pub fn none() -> Self {
        Credential::default()
    }

    /// The password that the user typed and the legacy system has accepted. The bytes are copied and
    /// wiped when the credential is dropped.
    pub fn password(password: impl AsRef<[u8]>) -> Self {
        Credential { password: Some(limited(password.as_ref(), PASSWORD_MAX)), ..Credential::default() }
    }

    /// The hash as the legacy database holds it.
    pub fn hash(stored: impl AsRef<[u8]>) -> Self {
        let mut credential = Credential::default();
        credential.set_hash(stored.as_ref());
        credential
    }

    /// The stored hash that the credential brings along: as the hash, or as the version.
    pub(crate) fn brought_along(&self) -> Option<&Secret> {
        self.hash.as_ref().or(self.version.as_ref())
    }

    /// Whether it holds neither a password nor a hash.
    pub(crate) fn is_empty(&self) -> bool {
        self.password.is_none() && self.hash.is_none()
    }

    /// An empty column is no hash.
    fn set_hash(&mut self, stored: &[u8]) {
        self.no_hash = stored.is_empty();
        self.hash = (!stored.is_empty()).then(|| limited(stored, HASH_MAX));
    }

    /// The same with a version.
    pub fn version(mut self, version: impl AsRef<[u8]>) -> Self {
        self.version = version_of(version.as_ref());
        self
    }

    /// Sets a field by its name (see [`CREDENTIAL_FIELDS`]). Raises [`Code::CredentialFieldUnknown`]
    /// only; what is wrong with a value makes the verb answer `rejected`.
    pub fn set(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
        let value = value.as_ref();
        match name {
            "password" => self.password = Some(limited(value, PASSWORD_MAX)),
            "hash" => self.set_hash(value),
            "version" => self.version = version_of(value),
            "format" => {
                let value = String::from_utf8_lossy(bounded(value, FORMAT_MAX));
                self.format = (!value.is_empty()).then(|| value.into_owned())
            }
            _ => {
                let Some(extra) = name.strip_prefix("extra.") else {
                    return Err(Error::new(
                        Code::CredentialFieldUnknown,
                        format!(
                            "a credential has no field {:?}; there are {}",
                            crate::text::cut(name),
                            CREDENTIAL_FIELDS.join(", ")
                        ),
                    ));
                };
                match std::str::from_utf8(bounded(value, EXTRA_MAX)) {
                    Ok(text) => {
                        if let Err(error) = self.extra.set(extra, text) {
                            self.defect = Some(error);
                        }
                    }
                    Err(_) => {
                        self.defect = Some(HashError {
                            code: Code::InvalidUtf8.as_str(),
                            format: None,
                            reason: format!("{} is not valid UTF-8", crate::text::cut(name)).into(),
                            advice: "give it as text, or as salt_hex or salt_base64 where it is raw bytes"
                                .into(),
                            confidence: Confidence::Certain,
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// The version, or the stored hash in its place.
    pub(crate) fn effective_version(&self) -> Option<&[u8]> {
        // Two hashes that are too long to be looked at must not pass for one version.
        given(&self.version, VERSION_MAX).or_else(|| given(&self.hash, HASH_MAX))
    }

    /// Whether the password can be carried at all.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if let Some(defect) = &self.defect {
            return Err(defect.clone().into());
        }
        let Some(password) = &self.password else { return Ok(()) };
        let password: &[u8] = password.expose_secret();
        if password.is_empty() {
            return Err(Error::new(Code::PasswordEmpty, "the password is empty"));
        }
        if password.len() > PASSWORD_MAX {
            let message = format!("the password has more than {PASSWORD_MAX} bytes");
            return Err(Error::new(Code::PasswordTooLong, message));
        }
        if password.contains(&0) {
            return Err(Error::new(
                Code::PasswordNul,
                "the password holds a NUL byte, which bcrypt would cut it at",
            ));
        }
        if std::str::from_utf8(password).is_err() {
            let message =
                "the password is not valid UTF-8; Kinde's sign-in page sends UTF-8, so it would never match";
            return Err(Error::new(Code::InvalidUtf8, message));
        }
        Ok(())
    }
}

fn given(field: &Option<Secret>, most: usize) -> Option<&[u8]> {
    let field = field.as_ref().map(|field| &**field.expose_secret());
    field.filter(|field| !field.is_empty() && field.len() <= most)
}

fn limited(value: &[u8], most: usize) -> Secret {
    secret(bounded(value, most))
}

fn version_of(value: &[u8]) -> Option<Secret> {
    if value.len() > VERSION_MAX {
        tracing::warn!("a version of more than {VERSION_MAX} bytes is not used; take a digest of it");
        return None;
    }
    (!value.is_empty()).then(|| secret(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_refused_as_that_and_is_nobody_s_version() {
        let long = vec![b'a'; VERSION_MAX + 1];
        for name in ["password", "hash", "format", "version", "extra.salt", "extra.iterations"] {
            let mut credential = Credential::none();
            credential.set(name, &long).unwrap();
            assert_eq!(credential.effective_version(), None, "{name}");
            let refused = credential.check().err().map(|error| error.code);
            let reason = match name {
                "password" => Some(Code::PasswordTooLong),
                "extra.salt" | "extra.iterations" => Some(Code::HashExtraInvalid),
                _ => None,
            };
            assert_eq!(refused, reason, "{name}");
        }
        let refused = |credential: Credential| credential.require_importable("all").unwrap_err().code;
        assert_eq!(refused(Credential::hash(&long)), Code::HashNotRecognised);
        let mut named = Credential::hash("x");
        named.set("format", &long).unwrap();
        assert_eq!(refused(named), Code::HashFormatUnknown);
        let credential = Credential::hash(&long).version("7");
        assert_eq!(credential.effective_version(), Some(&b"7"[..]));
    }

    #[test]
    fn the_limits_are_those_of_the_hashes() {
        let longest = "x".repeat(HASH_MAX);
        let said = |stored: &str| Credential::hash(stored).require_importable("").unwrap_err().message;
        assert_ne!(said(&longest), said(&format!("{longest}x")));
        let mut extra = Extra::default();
        assert!(extra.set("salt", &"x".repeat(EXTRA_MAX)).is_ok());
        assert!(extra.set("salt", &"x".repeat(EXTRA_MAX + 1)).is_err());
    }
}
