//! Users that a test puts in place, as `POST /sandbox/reset` takes them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::answer::Refusal;
use crate::clock;
use crate::fields::Fields;
use crate::identity::{IdentityKind, NewIdentity};
use crate::password::{self, Password};
use crate::users::{Directory, NewUser, Taken};

/// Users to put in place. They are read one by one: a million of them as JSON values would take
/// gigabytes.
#[derive(Default)]
pub(crate) struct Seeds(pub(crate) Vec<SeedUser>);

impl<'de> Deserialize<'de> for Seeds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = Seeds;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a list of users")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Seeds, A::Error> {
                let mut users = Vec::new();
                while let Some(map) = list.next_element::<Map<String, Value>>()? {
                    let fields = Fields::of(map, &format!("users[{}].", users.len()));
                    let user = SeedUser::read(fields).map_err(|refusal| A::Error::custom(refusal.message))?;
                    users.push(user);
                }
                Ok(Seeds(users))
            }
        }

        deserializer.deserialize_seq(List)
    }
}

/// A user to put in place.
///
/// Identities are taken as they come: a test may need an address that the API would refuse.
pub(crate) struct SeedUser {
    new: NewUser,
    password: Option<Password>,
    is_suspended: bool,
    reset_requested: bool,
    total_sign_ins: u32,
    failed_sign_ins: u32,
    last_signed_in: Option<i64>,
    created_on: Option<i64>,
}

impl SeedUser {
    /// Reads one user.
    pub(crate) fn read(mut fields: Fields) -> Result<Self, Refusal> {
        let mut new = NewUser {
            id: fields.text("id")?,
            provided_id: fields.text("provided_id")?,
            given_name: first_of(&mut fields, ["given_name", "first_name"])?,
            family_name: first_of(&mut fields, ["family_name", "last_name"])?,
            picture: fields.text("picture")?,
            organization_code: fields.text("organization_code")?,
            identities: Vec::new(),
        };
        for (kind, flag) in [
            (IdentityKind::Email, "email_verified"),
            (IdentityKind::Phone, "phone_verified"),
            (IdentityKind::Username, "username_verified"),
        ] {
            let verified = fields.boolean(flag)?.unwrap_or(true);
            if let Some(value) = fields.text(kind.name())? {
                new.identities.push(NewIdentity { kind, value, verified });
            }
        }
        let verified = fields.boolean("second_email_verified")?.unwrap_or(true);
        if let Some(value) = fields.text("second_email")? {
            new.identities.push(NewIdentity { kind: IdentityKind::Email, value, verified });
        }
        Ok(Self {
            new,
            is_suspended: fields.boolean("is_suspended")?.unwrap_or(false),
            reset_requested: fields.boolean("is_password_reset_requested")?.unwrap_or(false),
            total_sign_ins: count(&mut fields, "total_sign_ins")?,
            failed_sign_ins: count(&mut fields, "failed_sign_ins")?,
            last_signed_in: date(&mut fields, "last_signed_in")?,
            created_on: date(&mut fields, "created_on")?,
            password: if fields.has("password") || fields.has("hashed_password") {
                Some(password::from_fields(fields, false)?)
            } else {
                fields.finish()?;
                None
            },
        })
    }

    /// Puts the user in place.
    pub(crate) fn plant(self, directory: &mut Directory) -> Result<(), Refusal> {
        let user = directory.add(self.new).map_err(|taken| {
            let what = match taken {
                Taken::Id => "id",
                Taken::Identity(kind) => kind.name(),
            };
            Refusal::bad("INVALID_FIELD", format!("users: two have the same {what}"))
        })?;
        user.password = self.password.map(Box::new);
        user.is_suspended = self.is_suspended;
        user.is_password_reset_requested = self.reset_requested;
        user.total_sign_ins = self.total_sign_ins;
        user.failed_sign_ins = self.failed_sign_ins;
        user.last_signed_in = self.last_signed_in;
        user.created_on = self.created_on.unwrap_or(user.created_on);
        Ok(())
    }
}

fn first_of(fields: &mut Fields, names: [&str; 2]) -> Result<Option<String>, Refusal> {
    let [one, other] = names;
    Ok(match fields.text(one)? {
        Some(text) => Some(text),
        None => fields.text(other)?,
    })
}

fn count(fields: &mut Fields, name: &str) -> Result<u32, Refusal> {
    let number = fields.integer(name)?.unwrap_or(0);
    u32::try_from(number).map_err(|_| fields.refuse(name, "must be 0 or more"))
}

fn date(fields: &mut Fields, name: &str) -> Result<Option<i64>, Refusal> {
    match fields.text(name)? {
        None => Ok(None),
        Some(text) => clock::parse_iso(&text)
            .map(Some)
            .ok_or_else(|| fields.refuse(name, "must be a date in ISO 8601 format")),
    }
}
