//! An object's fields, one at a time.

use kinde_migrate::{Code, Error};
use napi::bindgen_prelude::{FromNapiValue, Object, Uint8ArraySlice, Unknown, Utf16String};
use napi::{JsValue, ValueType};
use zeroize::Zeroizing;

use crate::refusal::{Refusal, argument};

/// A field's bytes; wiped, since it may be a password.
pub(crate) type Text = Zeroizing<Vec<u8>>;

/// What a field may be besides a string or a `Uint8Array`.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Also {
    Nothing,
    /// A whole number, as its decimal text.
    Whole,
    BooleanOrWhole,
    /// What a setting is: any number, or a boolean.
    BooleanOrNumber,
}

/// Above it JavaScript rounds: `Number.MAX_SAFE_INTEGER`.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// The object that an argument should be. `cure` says what to pass instead of a bare text.
pub(crate) fn object<'env>(what: &str, value: &Unknown<'env>, cure: &str) -> Result<Object<'env>, Refusal> {
    let found = match value.get_type()? {
        ValueType::Undefined | ValueType::Null => {
            return Err(Refusal::Ours(Error::new(
                Code::ArgumentMissing,
                format!("{what} is missing: pass {cure}"),
            )));
        }
        ValueType::Object if value.is_array()? => "an array",
        ValueType::Object if value.is_typedarray()? || value.is_arraybuffer()? => "bytes",
        ValueType::Object if value.is_promise()? => "a Promise (await it first)",
        ValueType::Object => return Ok(value.coerce_to_object()?),
        ValueType::String => "a string",
        other => named(other),
    };
    Err(argument(format!("{what} is {found}: pass {cure}")))
}

/// Hands every field that is neither undefined nor null to `set`, and the name of every other one to `absent`, since
/// a misspelt name is misuse whatever its value.
pub(crate) fn each(
    what: &str,
    object: &Object<'_>,
    also: impl Fn(&str) -> Also,
    mut set: impl FnMut(&str, Text) -> Result<(), Refusal>,
    absent: impl Fn(&str) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    for name in Object::keys(object)? {
        match text(what, object, &name, also(&name))? {
            Some(value) => set(&name, value)?,
            None => absent(&name)?,
        }
    }
    Ok(())
}

/// One field, read once. A string that is not well-formed becomes bytes that are not UTF-8 either, so that the core
/// refuses it as data and nothing is replaced silently.
pub(crate) fn text(what: &str, object: &Object<'_>, name: &str, also: Also) -> Result<Option<Text>, Refusal> {
    let Some(value) = object.get::<Unknown>(name)? else { return Ok(None) };
    let kind = value.get_type()?;
    let text = match kind {
        ValueType::Undefined | ValueType::Null => return Ok(None),
        ValueType::String => string(value)?,
        ValueType::Object if value.is_typedarray()? => match Uint8ArraySlice::from_unknown(value) {
            Ok(bytes) => bytes.to_vec(),
            Err(_) => return Err(wrong(what, name, kind, also)),
        },
        ValueType::Boolean if matches!(also, Also::BooleanOrWhole | Also::BooleanOrNumber) => {
            bool::from_unknown(value)?.to_string().into_bytes()
        }
        ValueType::Number if also != Also::Nothing => {
            number(what, name, f64::from_unknown(value)?, also)?.into_bytes()
        }
        ValueType::BigInt if also != Also::Nothing => {
            value.coerce_to_string()?.into_utf8()?.as_str()?.as_bytes().to_vec()
        }
        _ => return Err(wrong(what, name, kind, also)),
    };
    Ok(Some(Zeroizing::new(text)))
}

fn wrong(what: &str, name: &str, kind: ValueType, also: Also) -> Refusal {
    let wanted = match also {
        Also::Nothing => "pass a string or a Uint8Array",
        Also::Whole => "pass a string, a Uint8Array or a whole number",
        Also::BooleanOrWhole => "pass true or false",
        Also::BooleanOrNumber => "pass a string, a number or a boolean",
    };
    argument(format!("{what}.{name} is {}: {wanted}", named(kind)))
}

/// A number's decimal text, if the number is certainly the one that was meant.
fn number(what: &str, name: &str, number: f64, also: Also) -> Result<String, Refusal> {
    let cure = "pass a string or a BigInt";
    if number.is_finite() && number.fract() == 0.0 {
        if number.abs() > MAX_SAFE {
            return Err(argument(format!(
                "{what}.{name} is a number beyond Number.MAX_SAFE_INTEGER, where JavaScript rounds: {cure}"
            )));
        }
        // Without the sign of -0.
        return Ok((number + 0.0).to_string());
    }
    match also {
        Also::BooleanOrNumber => Ok(number.to_string()),
        _ => Err(argument(format!("{what}.{name} is a number, and not a whole one: {cure}"))),
    }
}

fn string(value: Unknown<'_>) -> Result<Vec<u8>, Refusal> {
    let text = String::from_unknown(value)?;
    if !text.contains('\u{fffd}') {
        return Ok(text.into_bytes());
    }
    let units = Utf16String::from_unknown(value)?;
    let broken = char::decode_utf16(units.iter().copied()).any(|unit| unit.is_err());
    let mut bytes = text.into_bytes();
    if broken {
        bytes.push(0xff);
    }
    Ok(bytes)
}

fn named(kind: ValueType) -> &'static str {
    match kind {
        ValueType::Undefined => "undefined",
        ValueType::Null => "null",
        ValueType::Boolean => "a boolean",
        ValueType::Number => "a number",
        ValueType::String => "a string",
        ValueType::Symbol => "a symbol",
        ValueType::Function => "a function",
        ValueType::BigInt => "a bigint",
        _ => "an object",
    }
}
