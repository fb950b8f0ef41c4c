//! The JSON of requests and answers, by the names of Kinde's OpenAPI file.

use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroizing;

use crate::hash::KindeFields;
use crate::user::User;

/// A user as the check answers them.
#[derive(Deserialize)]
pub(crate) struct Found {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) provided_id: Option<String>,
    #[serde(default)]
    pub(crate) email: Option<String>,
    #[serde(default)]
    pub(crate) username: Option<String>,
    #[serde(default)]
    pub(crate) phone: Option<String>,
    #[serde(default)]
    pub(crate) total_sign_ins: Option<u64>,
    #[serde(default)]
    pub(crate) last_signed_in: Option<String>,
    /// Only where they were asked for.
    #[serde(default, deserialize_with = "null_is_none")]
    pub(crate) identities: Vec<FoundIdentity>,
}

/// An identity of a user. Two calls answer it under two names.
#[derive(Deserialize)]
pub(crate) struct FoundIdentity {
    #[serde(default)]
    pub(crate) r#type: String,
    #[serde(default)]
    identity: Option<String>,
    #[serde(default)]
    name: Option<String>,
    /// Not every answer says so.
    #[serde(default)]
    pub(crate) is_confirmed: Option<bool>,
}

impl FoundIdentity {
    pub(crate) fn value(&self) -> Option<&str> {
        self.identity.as_deref().or(self.name.as_deref())
    }
}

/// A user's identities, and whether there are more than the answer holds.
#[derive(Deserialize)]
pub(super) struct Identities {
    #[serde(default, deserialize_with = "null_is_none")]
    pub(super) identities: Vec<FoundIdentity>,
}

impl Found {
    /// The value that is looked up by, for one of Kinde's query parameters.
    pub(crate) fn identity(&self, kind: &str) -> Option<&str> {
        match kind {
            "email" => self.email.as_deref(),
            "username" => self.username.as_deref(),
            _ => self.phone.as_deref(),
        }
    }

    /// Whether somebody has signed in as this user at Kinde.
    pub(crate) fn claimed(&self) -> bool {
        self.total_sign_ins.is_some_and(|times| times > 0) || self.last_signed_in.is_some()
    }
}

/// A page of the check. `users` is null or missing where there are none.
#[derive(Deserialize)]
pub(super) struct Page {
    #[serde(default, deserialize_with = "null_is_none")]
    pub(super) users: Vec<Found>,
    #[serde(default)]
    pub(super) next_token: Option<String>,
}

fn null_is_none<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Option::<Vec<T>>::deserialize(from).map(Option::unwrap_or_default)
}

/// What a page must be, so that `{}` from somebody else is not taken for "no such user".
#[derive(Deserialize)]
pub(super) struct PageShape {
    #[serde(default)]
    pub(super) code: Option<serde_json::Value>,
    #[serde(default)]
    pub(super) message: Option<serde_json::Value>,
}

#[derive(Serialize)]
pub(super) struct NewUser<'a> {
    profile: Profile<'a>,
    identities: Vec<NewIdentity<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provided_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Profile<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<&'a str>,
}

#[derive(Serialize)]
struct NewIdentity<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_verified: Option<bool>,
    details: Details<'a>,
}

#[derive(Serialize, Default)]
struct Details<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_country_id: Option<&'a str>,
}

impl<'a> From<&'a User> for NewUser<'a> {
    fn from(user: &'a User) -> Self {
        let mut identities = Vec::new();
        if let Some(email) = user.email.as_deref().filter(|text| !text.is_empty()) {
            let details = Details { email: Some(email), ..Details::default() };
            identities.push(NewIdentity { r#type: "email", is_verified: user.email_verified, details });
        }
        if let Some(username) = user.username.as_deref().filter(|text| !text.is_empty()) {
            let details = Details { username: Some(username), ..Details::default() };
            identities.push(NewIdentity { r#type: "username", is_verified: None, details });
        }
        if let Some(phone) = user.phone.as_deref().filter(|text| !text.is_empty()) {
            let phone_country_id = user.phone_country_id.as_deref();
            let details = Details { phone: Some(phone), phone_country_id, ..Details::default() };
            identities.push(NewIdentity { r#type: "phone", is_verified: None, details });
        }
        NewUser {
            profile: Profile {
                given_name: user.given_name.as_deref(),
                family_name: user.family_name.as_deref(),
                picture: user.picture.as_deref(),
            },
            identities,
            organization_code: user.organization_code.as_deref(),
            provided_id: user.provided_id.as_deref(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct NewUserAnswer {
    pub(super) id: String,
    #[serde(default)]
    pub(super) created: Option<bool>,
}

/// A password as the set-password call takes it.
#[derive(Clone)]
pub(crate) enum Password {
    /// A hash with its method's parameters.
    Hash(KindeFields),
    /// The plaintext, as the migration guide shows it.
    Plain(Zeroizing<String>),
}

#[derive(Serialize)]
pub(super) struct SetPassword<'a> {
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(super) hash: Option<&'a KindeFields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) password: Option<&'a str>,
    pub(super) is_temporary_password: bool,
}

#[derive(Serialize)]
pub(super) struct AskForReset {
    pub(super) is_password_reset_requested: bool,
}

#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    pub(super) access_token: crate::pages::Secret,
    #[serde(default)]
    pub(super) expires_in: Option<f64>,
}

#[derive(Deserialize, Default)]
pub(super) struct TokenError {
    #[serde(default)]
    pub(super) error: Option<String>,
}

#[derive(Deserialize, Default)]
pub(super) struct Errors {
    #[serde(default)]
    pub(super) errors: Vec<OneError>,
}

#[derive(Deserialize, Default)]
pub(super) struct OneError {
    #[serde(default)]
    pub(super) code: Option<String>,
    #[serde(default)]
    pub(super) message: Option<String>,
}
