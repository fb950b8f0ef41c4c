//! What proves who a user is: a password, a stored hash, or nothing.

use secrecy::ExposeSecret;

use crate::code::{Code, Error};
use crate::hash::{Confidence, Extra, HashError};
use crate::pages::{Secret, secret};

/// The longest password taken, in bytes; the same limit as Django's and PHP's frameworks use against
/// hashing being used to tie up a server.
pub const PASSWORD_MAX: usize = 4096;

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
        Credential { password: Some(secret(password)), ..Credential::default() }
    }

    /// The hash as the legacy database holds it.
    pub fn hash(stored: impl AsRef<[u8]>) -> Self {
        let mut credential = Credential::default();
        credential.set_hash(stored.as_ref());
        credential
    }

    /// An empty column is no hash.
    fn set_hash(&mut self, stored: &[u8]) {
        self.no_hash = stored.is_empty();
        self.hash = (!stored.is_empty()).then(|| secret(stored));
    }

    /// The same with a version.
    pub fn version(mut self, version: impl AsRef<[u8]>) -> Self {
        self.version = Some(secret(version));
        self
    }

    /// Sets a field by its name (see [`CREDENTIAL_FIELDS`]). Raises [`Code::CredentialFieldUnknown`]
    /// only; what is wrong with a value makes the verb answer `rejected`.
    pub fn set(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
        let value = value.as_ref();
        match name {
            "password" => self.password = Some(secret(value)),
            "hash" => self.set_hash(value),
            "version" => self.version = (!value.is_empty()).then(|| secret(value)),
            "format" => {
                self.format = (!value.is_empty()).then(|| String::from_utf8_lossy(value).into_owned())
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
                match std::str::from_utf8(value) {
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
        [&self.version, &self.hash]
            .into_iter()
            .flatten()
            .map(|v| &**v.expose_secret())
            .find(|v| !v.is_empty())
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
