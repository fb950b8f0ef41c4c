//! An object's fields, one at a time.

use kinde_migrate::{Code, Error};
use napi::bindgen_prelude::{Either5, Null, Object, Uint8ArraySlice, Unknown, Utf16String};
use napi::{JsValue, ValueType};
use zeroize::Zeroizing;

use crate::refusal::{Refusal, argument};

/// A field's bytes; wiped, since it may be a password.
pub(crate) type Text = Zeroizing<Vec<u8>>;

/// What a field may be besides a string or a `Uint8Array`.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Also {
    Nothing,
    Boolean,
    BooleanOrNumber,
}

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

/// Hands every field that is neither undefined nor null to `set`.
pub(crate) fn each(
    what: &str,
    object: &Object<'_>,
    also: impl Fn(&str) -> Also,
    mut set: impl FnMut(&str, Text) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    for name in Object::keys(object)? {
        if let Some(value) = text(what, object, &name, also(&name))? {
            set(&name, value)?;
        }
    }
    Ok(())
}

/// One field. A string that is not well-formed becomes bytes that are not UTF-8 either, so that the core
/// refuses it as data and nothing is replaced silently.
pub(crate) fn text(what: &str, object: &Object<'_>, name: &str, also: Also) -> Result<Option<Text>, Refusal> {
    type Value<'a> = Either5<String, Uint8ArraySlice<'a>, bool, f64, Null>;
    let text = match object.get::<Value>(name) {
        Ok(None | Some(Either5::E(Null))) => return Ok(None),
        Ok(Some(Either5::A(text))) if text.contains('\u{fffd}') => well_formed(object, name, text)?,
        Ok(Some(Either5::A(text))) => text.into_bytes(),
        Ok(Some(Either5::B(bytes))) => bytes.to_vec(),
        Ok(Some(Either5::C(flag))) if also != Also::Nothing => flag.to_string().into_bytes(),
        Ok(Some(Either5::D(number))) if also == Also::BooleanOrNumber => number.to_string().into_bytes(),
        Err(error) if error.status == napi::Status::PendingException => return Err(error.into()),
        Ok(Some(_)) | Err(_) => {
            let found =
                object.get::<Unknown>(name)?.map_or(Ok(ValueType::Undefined), |value| value.get_type())?;
            let wanted = match also {
                Also::Nothing => "pass a string or a Uint8Array",
                Also::Boolean => "pass true or false",
                Also::BooleanOrNumber => "pass a string, a number or a boolean",
            };
            return Err(argument(format!("{what}.{name} is {}: {wanted}", named(found))));
        }
    };
    Ok(Some(Zeroizing::new(text)))
}

fn well_formed(object: &Object<'_>, name: &str, text: String) -> Result<Vec<u8>, Refusal> {
    let units = object.get::<Utf16String>(name)?;
    let broken =
        units.is_some_and(|units| char::decode_utf16(units.iter().copied()).any(|unit| unit.is_err()));
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
