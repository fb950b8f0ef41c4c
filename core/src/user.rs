//! A user as the application knows him.

use serde::{Deserialize, Serialize};

use crate::code::{Code, Error};

/// The longest e-mail address taken: 64 + `@` + 255 octets (RFC 5321, 4.5.3.1).
const EMAIL_MAX: usize = 320;
/// The longest other field taken. Kinde documents no limit.
const FIELD_MAX: usize = 2048;

/// The names of a user's fields, the same in every language.
pub const USER_FIELDS: &[&str] = &[
    "email",
    "username",
    "phone",
    "phone_country_id",
    "given_name",
    "family_name",
    "picture",
    "provided_id",
    "email_verified",
    "organization_code",
];

/// A user of the legacy application. `email` is required, or `username` or `phone` where the
/// application has no e-mail. An empty text counts as not given.
///
/// Fields that cannot be carried (not UTF-8, no `@`, control characters) are not raised here but make
/// the verb answer `rejected`, because they are data and a login handler must not stumble over data.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct User {
    /// E-mail address; compared without case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// User name; compared without case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Phone number with its country code, as in `+61426148233`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The country of the phone number, as in `au`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_country_id: Option<String>,
    /// First name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// Last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// URL of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// The user's id in the old system. It proves later that a Kinde user is this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provided_id: Option<String>,
    /// Whether the old system knows the e-mail to be the user's own. Left out, Kinde decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// The Kinde organisation that a new user joins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_code: Option<String>,
    #[serde(skip)]
    not_utf8: Option<&'static str>,
    #[serde(skip)]
    not_bool: bool,
}

/// What a user is looked up by in Kinde, and known by in the ledger.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// `email`, `username` or `phone`: Kinde's name of the query parameter and of the identity's type.
    pub(crate) kind: &'static str,
    /// The value as the application wrote it.
    pub(crate) value: String,
}

impl Identity {
    /// E-mails and user names are compared without case by Kinde.
    pub(crate) fn folded(&self) -> String {
        fold(&self.value)
    }

    pub(crate) fn is(&self, other: Option<&str>) -> bool {
        other.is_some_and(|other| other == self.value || fold(other) == self.folded())
    }
}

impl User {
    /// A user with that e-mail.
    pub fn with_email(email: impl Into<String>) -> Self {
        User { email: Some(email.into()), ..User::default() }
    }

    /// Sets a field by its name (see [`USER_FIELDS`]) from bytes that should be UTF-8. `email_verified`
    /// takes `true`, `false`, `1` and `0`. Raises [`Code::UserFieldUnknown`] only.
    pub fn set(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
        let Some(name) = USER_FIELDS.iter().find(|known| **known == name) else {
            return Err(Error::new(
                Code::UserFieldUnknown,
                format!(
                    "a user has no field {:?}; there are {}",
                    crate::text::cut(name),
                    USER_FIELDS.join(", ")
                ),
            ));
        };
        let Ok(text) = std::str::from_utf8(crate::bounded::field(value.as_ref())) else {
            self.not_utf8 = Some(name);
            return Ok(());
        };
        let text = (!text.is_empty()).then(|| text.to_owned());
        match *name {
            "email" => self.email = text,
            "username" => self.username = text,
            "phone" => self.phone = text,
            "phone_country_id" => self.phone_country_id = text,
            "given_name" => self.given_name = text,
            "family_name" => self.family_name = text,
            "picture" => self.picture = text,
            "provided_id" => self.provided_id = text,
            "organization_code" => self.organization_code = text,
            _ => {
                self.email_verified = match text.as_deref() {
                    None => None,
                    Some("true" | "1") => Some(true),
                    Some("false" | "0") => Some(false),
                    Some(_) => {
                        self.not_bool = true;
                        None
                    }
                }
            }
        }
        Ok(())
    }

    /// What the user is known by, or why he cannot be carried.
    pub(crate) fn identity(&self) -> Result<Identity, Error> {
        if let Some(field) = self.not_utf8 {
            return Err(Error::new(
                Code::InvalidUtf8,
                format!("{field} is not valid UTF-8; convert it first"),
            ));
        }
        if self.not_bool {
            return Err(Error::new(Code::FieldInvalid, "email_verified is neither true nor false"));
        }
        if let Some(email) = given(&self.email) {
            check_email(email)?;
        }
        for (name, value) in [
            ("username", &self.username),
            ("phone", &self.phone),
            ("phone_country_id", &self.phone_country_id),
            ("given_name", &self.given_name),
            ("family_name", &self.family_name),
            ("picture", &self.picture),
            ("provided_id", &self.provided_id),
            ("organization_code", &self.organization_code),
        ] {
            let Some(value) = value else { continue };
            if value.len() > FIELD_MAX {
                let message = format!("{name} has {} bytes; at most {FIELD_MAX} are taken", value.len());
                return Err(Error::new(Code::FieldInvalid, message));
            }
            if value.chars().any(char::is_control) {
                return Err(Error::new(Code::FieldInvalid, format!("{name} holds a control character")));
            }
        }
        [("email", &self.email), ("username", &self.username), ("phone", &self.phone)]
            .into_iter()
            .find_map(|(kind, value)| given(value).map(|value| Identity { kind, value: value.to_owned() }))
            .ok_or_else(|| Error::new(Code::UserMissing, "the user has neither email nor username nor phone"))
    }

    /// The texts that name a person and must not show in a message.
    pub(crate) fn personal(&self) -> impl Iterator<Item = &str> {
        [&self.email, &self.username, &self.phone, &self.given_name, &self.family_name, &self.provided_id]
            .into_iter()
            .filter_map(|field| field.as_deref())
            .filter(|field| !field.is_empty())
    }
}

/// Without case; but the Kelvin sign, the one letter outside ASCII whose lower case is in it, is no `k`: two
/// addresses must not become one.
fn fold(text: &str) -> String {
    text.split('\u{212a}').map(str::to_lowercase).collect::<Vec<_>>().join("\u{212a}")
}

fn given(field: &Option<String>) -> Option<&str> {
    field.as_deref().filter(|text| !text.is_empty())
}

fn check_email(email: &str) -> Result<(), Error> {
    let invalid = |what: &str| Err(Error::new(Code::EmailInvalid, format!("email {what}")));
    if email.len() > EMAIL_MAX {
        return invalid(&format!("has {} bytes; an address has at most {EMAIL_MAX}", email.len()));
    }
    if email.chars().any(char::is_control) {
        return invalid("holds a control character");
    }
    if email.trim() != email {
        return invalid("begins or ends with a space; trim it first");
    }
    match email.rsplit_once('@') {
        None => invalid("has no @"),
        Some((local, domain)) if local.is_empty() || domain.is_empty() => {
            invalid("has nothing on one side of its @")
        }
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(email: &str) -> Option<Code> {
        User::with_email(email).identity().err().map(|e| e.code)
    }

    #[test]
    fn odd_but_real_addresses_are_taken() {
        for email in
            ["a+b@x.org", "o'brien@x.org", "\"a b\"@x.org", "a,b@x.org", "a&b%20@x.org", "жук@пример.рф"]
        {
            assert_eq!(code_of(email), None, "{email}");
        }
    }

    #[test]
    fn absurd_addresses_are_refused() {
        let long = format!("{}@x.org", "a".repeat(10_240));
        for email in ["nobody", "@x.org", "a@", "a\0@x.org", "a@x.org\r\nBcc: b", " a@x.org", long.as_str()] {
            assert_eq!(code_of(email), Some(Code::EmailInvalid), "{email:?}");
        }
        assert_eq!(code_of(""), Some(Code::UserMissing));
    }

    #[test]
    fn case_does_not_tell_addresses_apart_and_look_alikes_do() {
        let is = |a: &str, b: &str| User::with_email(a).identity().unwrap().is(Some(b));
        assert!(is("Ann@X.org", "aNN@x.ORG"));
        assert!(is("ЖУК@пример.рф", "жук@ПРИМЕР.рф"));
        assert!(!is("\u{212a}ate@x.org", "kate@x.org"));
    }

    #[test]
    fn bytes_that_are_not_utf8_are_data_and_not_an_error_of_the_caller() {
        let mut user = User::default();
        user.set("email", b"\xff@x.org").unwrap();
        assert_eq!(user.identity().err().map(|e| e.code), Some(Code::InvalidUtf8));
        assert_eq!(user.set("e-mail", "x").unwrap_err().code, Code::UserFieldUnknown);
    }
}
