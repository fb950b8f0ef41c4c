//! A user as the application knows them.

use serde::{Deserialize, Serialize};

use crate::code::{Code, Error};

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
/// Nothing that a field holds is raised here, because it is data and a login handler must not stumble over data. The verb
/// answers `rejected` if the identity that it looks up (the first that is given of `email`, `username`, `phone`) or
/// `provided_id` cannot be carried. Every other field is cleaned or left out, and the outcome's notices say so.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct User {
    /// E-mail address; compared without case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// User name; compared without case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Phone number with its country code, as in `+61426148233`; or as it is written in its country, which
    /// `phone_country_id` then names.
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
    /// URL of a picture, `http` or `https`.
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
    /// Fields that were set to bytes which are not UTF-8, a bit for each of [`USER_FIELDS`].
    #[serde(skip)]
    not_utf8: u16,
    /// `email_verified` was set to what is neither true nor false.
    #[serde(skip)]
    not_bool: bool,
}

impl User {
    /// A user with that e-mail.
    pub fn with_email(email: impl Into<String>) -> Self {
        User { email: Some(email.into()), ..User::default() }
    }

    /// Sets a field by its name (see [`USER_FIELDS`]) from bytes that should be UTF-8. Numbers are given as their decimal
    /// text. `email_verified` takes what databases write: `true`, `false`, `1`, `0`, `t`, `f`, `yes`, `no`, `on`, `off`,
    /// `y`, `n`, in any case. Raises [`Code::UserFieldUnknown`] only.
    pub fn set(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
        let Some((name, bit)) = field(name) else {
            return Err(Error::new(
                Code::UserFieldUnknown,
                format!(
                    "a user has no field {:?}; there are {}",
                    crate::text::cut(name),
                    USER_FIELDS.join(", ")
                ),
            ));
        };
        let text = std::str::from_utf8(crate::bounded::field(value.as_ref()));
        match text {
            Ok(_) => self.not_utf8 &= !bit,
            Err(_) => self.not_utf8 |= bit,
        }
        let text = text.ok().filter(|text| !text.is_empty());
        match self.text_mut(name) {
            Some(place) => *place = text.map(str::to_owned),
            None => {
                self.email_verified = text.and_then(truth);
                self.not_bool = self.not_utf8 & bit != 0 || text.is_some() && self.email_verified.is_none();
            }
        }
        Ok(())
    }

    /// A field that holds a text, by its name.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match name {
            "email" => self.email.as_deref(),
            "username" => self.username.as_deref(),
            "phone" => self.phone.as_deref(),
            "phone_country_id" => self.phone_country_id.as_deref(),
            "given_name" => self.given_name.as_deref(),
            "family_name" => self.family_name.as_deref(),
            "picture" => self.picture.as_deref(),
            "provided_id" => self.provided_id.as_deref(),
            "organization_code" => self.organization_code.as_deref(),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub(crate) fn text_mut(&mut self, name: &str) -> Option<&mut Option<String>> {
        match name {
            "email" => Some(&mut self.email),
            "username" => Some(&mut self.username),
            "phone" => Some(&mut self.phone),
            "phone_country_id" => Some(&mut self.phone_country_id),
            "given_name" => Some(&mut self.given_name),
            "family_name" => Some(&mut self.family_name),
            "picture" => Some(&mut self.picture),
            "provided_id" => Some(&mut self.provided_id),
            "organization_code" => Some(&mut self.organization_code),
            _ => None,
        }
    }

    /// Whether a field was set to bytes that are not UTF-8.
    pub(crate) fn is_not_utf8(&self, name: &str) -> bool {
        self.not_utf8 != 0 && field(name).is_some_and(|(_, bit)| self.not_utf8 & bit != 0)
    }

    /// Whether `email_verified` was set to what is neither true nor false.
    pub(crate) fn verified_is_unclear(&self) -> bool {
        self.not_bool
    }

    /// The texts that name a person and must not show in a message.
    pub(crate) fn personal(&self) -> impl Iterator<Item = &str> {
        [&self.email, &self.username, &self.phone, &self.given_name, &self.family_name, &self.provided_id]
            .into_iter()
            .filter_map(|field| field.as_deref())
            .filter(|field| !field.is_empty())
    }
}

/// A field's name and its bit.
fn field(name: &str) -> Option<(&'static str, u16)> {
    USER_FIELDS.iter().zip(0..).find(|(known, _)| **known == name).map(|(known, bit)| (*known, 1 << bit))
}

/// A truth value as databases write it; MySQL's BIT comes as a byte.
fn truth(text: &str) -> Option<bool> {
    let text = text.trim();
    let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_one_of(&["true", "1", "t", "yes", "on", "y", "\u{1}"]) {
        Some(true)
    } else if is_one_of(&["false", "0", "f", "no", "off", "n", "\0"]) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_utf8_are_data_and_not_an_error_of_the_caller() {
        let mut user = User::default();
        user.set("email", b"\xff@x.org").unwrap();
        assert_eq!(user.identity().err().map(|e| e.code), Some(Code::InvalidUtf8));
        assert_eq!(user.set("e-mail", "x").unwrap_err().code, Code::UserFieldUnknown);
    }

    #[test]
    fn numbers_come_as_text() {
        let mut user = User::with_email("ann@x.org");
        user.set("provided_id", "7").unwrap();
        user.set("email_verified", "1").unwrap();
        assert_eq!((user.provided_id.as_deref(), user.email_verified), (Some("7"), Some(true)));
    }
}
