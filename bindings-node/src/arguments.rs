//! A user, a credential and settings out of JavaScript objects.

use std::borrow::Cow;

use kinde_migrate::{Code, Credential, Error, SETTINGS, Settings, USER_FIELDS, User};
use napi::ValueType;
use napi::bindgen_prelude::{Object, Unknown};

use crate::fields::{Also, Text, each, object, text};
use crate::refusal::{Refusal, argument};

const CURE: &str = "{ password } for what the user typed, { hash } for what the database holds";

pub(crate) fn user(value: &Unknown<'_>) -> Result<User, Refusal> {
    let object = object("user", value, "an object such as { email }")?;
    let mut user = User::default();
    let also = |name: &str| match name {
        "email_verified" | "emailVerified" => Also::BooleanOrWhole,
        _ => Also::Whole,
    };
    let known = |name: &str| USER_FIELDS.contains(&name);
    let set = |name: &str, value: Text| Ok(user.set(&snake(name, known), &*value)?);
    let absent = |name: &str| Ok(User::default().set(&snake(name, known), "")?);
    each("user", &object, also, set, absent)?;
    Ok(user)
}

/// `undefined` and `null` are no credential.
pub(crate) fn credential(value: &Unknown<'_>) -> Result<Credential, Refusal> {
    let mut credential = Credential::none();
    if matches!(value.get_type()?, ValueType::Undefined | ValueType::Null) {
        return Ok(credential);
    }
    let fields = object("credential", value, CURE)?;
    for name in Object::keys(&fields)? {
        if name == "extra" {
            extra("credential.extra", &fields, &mut credential)?;
            continue;
        }
        // As in the other languages: it is what the old system has checked.
        let also = if name == "format" { Also::Nothing } else { Also::Whole };
        match text("credential", &fields, &name, also)? {
            Some(value) => credential.set(&name, &*value)?,
            // A misspelt name is misuse whatever its value.
            None => Credential::none().set(&name, "")?,
        }
    }
    Ok(credential)
}

/// `{ hash }`, and what is known of it, as a credential; and the guesses allowed.
pub(crate) fn stored_hash(
    stored: &Unknown<'_>,
    options: &Unknown<'_>,
) -> Result<(Credential, String), Refusal> {
    let (mut credential, mut guesses) = (Credential::none(), String::new());
    let stored = object("stored", stored, "an object such as { hash }")?;
    if let Some(hash) = text("stored", &stored, "hash", Also::Nothing)? {
        credential.set("hash", &*hash)?;
    }
    if matches!(options.get_type()?, ValueType::Undefined | ValueType::Null) {
        return Ok((credential, guesses));
    }
    let fields = object("options", options, "an object such as { format }")?;
    for name in Object::keys(&fields)? {
        match name.as_str() {
            "extra" => extra("options.extra", &fields, &mut credential)?,
            "format" => {
                if let Some(value) = text("options", &fields, &name, Also::Nothing)? {
                    credential.set("format", &*value)?;
                }
            }
            "allow_guesses" | "allowGuesses" => {
                if let Some(value) = text("options", &fields, &name, Also::Nothing)? {
                    guesses = String::from_utf8_lossy(&value).into_owned();
                }
            }
            _ => {
                let message = format!("options has no {name}; there are format, extra, allowGuesses");
                return Err(argument(message));
            }
        }
    }
    Ok((credential, guesses))
}

/// What is stored beside a hash: the field `extra`, where it is given.
fn extra(what: &str, fields: &Object<'_>, credential: &mut Credential) -> Result<(), Refusal> {
    let Some(extra) = fields.get::<Unknown>("extra")? else { return Ok(()) };
    if extra.get_type()? == ValueType::Null {
        return Ok(());
    }
    let extra = object(what, &extra, "an object such as { salt }")?;
    let set = |name: &str, value: Text| Ok(credential.set(&format!("extra.{name}"), &*value)?);
    each(what, &extra, |_| Also::Whole, set, |_| Ok(()))
}

/// `undefined` and `null` leave all to the environment.
pub(crate) fn settings(value: &Unknown<'_>) -> Result<Settings, Refusal> {
    let mut settings = Settings::new();
    if matches!(value.get_type()?, ValueType::Undefined | ValueType::Null) {
        return Ok(settings);
    }
    let fields = object("settings", value, "an object such as { domain, client_id, client_secret }")?;
    let known = |name: &str| SETTINGS.iter().any(|setting| setting.name == name);
    let set = |name: &str, value: Text| {
        let name = snake(name, known);
        let value = std::str::from_utf8(&value)
            .map_err(|_| Error::new(Code::SettingInvalid, format!("{name} is not valid UTF-8")))?;
        Ok(settings.set(&name, value)?)
    };
    let absent = |name: &str| Ok(Settings::new().set(&snake(name, known), "")?);
    each("settings", &fields, |_| Also::BooleanOrNumber, set, absent)?;
    Ok(settings)
}

/// `clientId` is `client_id`. A name that is not known either way stays as it was written, for the message.
fn snake(name: &str, known: impl Fn(&str) -> bool) -> Cow<'_, str> {
    if !name.contains(|c: char| c.is_ascii_uppercase()) {
        return Cow::Borrowed(name);
    }
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    if known(&snake) { Cow::Owned(snake) } else { Cow::Borrowed(name) }
}
