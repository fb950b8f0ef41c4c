//! Users as `GET /sandbox/users` shows them: everything but the password itself.

use serde::{Deserialize, Serialize};

use crate::clock;
use crate::identity::IdentityKind;
use crate::users::User;

/// One user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserView {
    /// The id at Kinde.
    pub id: String,
    /// The id in the old system.
    pub provided_id: Option<String>,
    /// The first e-mail address.
    pub email: Option<String>,
    /// Whether it is verified.
    pub email_verified: bool,
    /// The first username.
    pub username: Option<String>,
    /// The first phone number.
    pub phone: Option<String>,
    /// Whether it is verified.
    pub phone_verified: bool,
    /// The given name.
    pub first_name: Option<String>,
    /// The family name.
    pub last_name: Option<String>,
    /// Where the picture is.
    pub picture: Option<String>,
    /// The organisation joined at creation.
    pub organization_code: Option<String>,
    /// How the password was set: `plaintext`, or the hashing method; none without a password.
    pub password_method: Option<String>,
    /// Whether it was set as temporary.
    pub is_temporary_password: bool,
    /// How many times a password was set by a call.
    pub sets: u32,
    /// Whether a reset was requested.
    pub is_password_reset_requested: bool,
    /// Whether the user is suspended.
    pub is_suspended: bool,
    /// Sign-ins that succeeded.
    pub total_sign_ins: u32,
    /// Sign-ins that failed since the last that did not.
    pub failed_sign_ins: u32,
    /// The last sign-in, ISO 8601.
    pub last_signed_in: Option<String>,
    /// The creation, ISO 8601.
    pub created_on: String,
    /// All identities.
    pub identities: Vec<IdentityView>,
}

/// An identity of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityView {
    /// `email`, `phone` or `username`.
    pub r#type: String,
    /// The value.
    pub identity: String,
    /// Whether it is verified.
    pub is_verified: bool,
}

impl UserView {
    pub(crate) fn of(user: &User) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let verified = |kind| user.first(kind).is_some_and(|identity| identity.verified);
        let password = user.password.as_deref();
        Self {
            id: user.id.to_string(),
            provided_id: owned(user.provided_id.as_deref()),
            email: owned(user.first_value(IdentityKind::Email)),
            email_verified: verified(IdentityKind::Email),
            username: owned(user.first_value(IdentityKind::Username)),
            phone: owned(user.first_value(IdentityKind::Phone)),
            phone_verified: verified(IdentityKind::Phone),
            first_name: owned(user.given_name.as_deref()),
            last_name: owned(user.family_name.as_deref()),
            picture: owned(user.picture.as_deref()),
            organization_code: owned(user.organization_code.as_deref()),
            password_method: password.map(|password| password.secret.method().to_owned()),
            is_temporary_password: password.is_some_and(|password| password.temporary),
            sets: user.sets,
            is_password_reset_requested: user.is_password_reset_requested,
            is_suspended: user.is_suspended,
            total_sign_ins: user.total_sign_ins,
            failed_sign_ins: user.failed_sign_ins,
            last_signed_in: user.last_signed_in.map(clock::iso),
            created_on: clock::iso(user.created_on),
            identities: user
                .identities
                .iter()
                .map(|identity| IdentityView {
                    r#type: identity.kind.name().to_owned(),
                    identity: identity.value.to_string(),
                    is_verified: identity.verified,
                })
                .collect(),
        }
    }
}
