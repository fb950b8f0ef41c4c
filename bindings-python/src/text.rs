//! Python's texts as bytes.

use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyFloat, PyInt, PyString};
use zeroize::Zeroizing;

use kinde_migrate::{Code, Error};

use crate::error;

/// The bytes of a `str`, `bytes` or `bytearray`, wiped when dropped; any may be a secret. A whole number and a UUID
/// are taken as the text that Python writes for them: databases hand out ids and iterations so.
///
/// A `str` with lone surrogates is what Python makes of bytes that are not UTF-8. Such bytes are data,
/// not misuse, so they go on as they are and the core says so in the outcome.
pub(crate) fn text(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Zeroizing<Vec<u8>>> {
    if let Ok(string) = value.cast::<PyString>() {
        let encoded = match string.encode_utf8() {
            Ok(encoded) => encoded,
            Err(_) => string.call_method1("encode", ("utf-8", "surrogatepass"))?.cast_into::<PyBytes>()?,
        };
        return Ok(Zeroizing::new(encoded.as_bytes().to_vec()));
    }
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(Zeroizing::new(bytes.as_bytes().to_vec()));
    }
    if let Ok(bytes) = value.cast::<PyByteArray>() {
        return Ok(Zeroizing::new(bytes.to_vec()));
    }
    match other(name, value)? {
        Some(written) => text(name, &written),
        None => Err(error::argument(format!("{name} is {}; pass str or bytes", kind(value)))),
    }
}

/// A flag as the core reads it: a bool, 1 or 0, or one of these as text, as in Python's `str(True)`.
pub(crate) fn flag(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Zeroizing<Vec<u8>>> {
    let plain = plain(value)?;
    if let Ok(flag) = plain.cast::<PyBool>() {
        return Ok(Zeroizing::new(if flag.is_true() { b"true".to_vec() } else { b"false".to_vec() }));
    }
    let mut written = text(name, &plain)?;
    written.make_ascii_lowercase();
    Ok(written)
}

/// The text of a number or a UUID; none for what is neither.
fn other<'py>(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let value = plain(value)?;
    if value.is_instance_of::<PyBool>() {
        return Err(error::argument(format!("{name} is of type bool; pass the text or the number")));
    }
    if is_uuid(&value)? {
        return value.str().map(|text| Some(text.into_any()));
    }
    let whole = if value.is_instance_of::<PyInt>() {
        value
    } else if value.hasattr("as_integer_ratio")? {
        whole(name, &value)?
    } else {
        return Ok(None);
    };
    // Not the value's own `str`: an enumeration writes its name.
    let written = whole.py().get_type::<PyInt>().call_method1("__repr__", (&whole,));
    written.map(Some).map_err(|_| error::argument(format!("{name} is a number of too many digits; pass str")))
}

/// The whole number that a float or a decimal is. A float beyond 2^53 may have been another number before.
fn whole<'py>(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    const EXACT: f64 = 9_007_199_254_740_991.0;
    let refused =
        || error::argument(format!("{name} is {} and not a whole number; pass str or int", kind(value)));
    if value.cast::<PyFloat>().is_ok_and(|float| float.value().abs() > EXACT) {
        return Err(error::argument(format!(
            "{name} is a float beyond 2^53, which is not exact; pass str or int"
        )));
    }
    let py = value.py();
    match value.call_method0("as_integer_ratio") {
        Ok(ratio) => match ratio.extract::<(Bound<'py, PyAny>, Bound<'py, PyAny>)>() {
            Ok((number, parts)) if number.is_instance_of::<PyInt>() && parts.eq(1)? => Ok(number),
            _ => Err(refused()),
        },
        Err(error)
            if error.is_instance_of::<PyValueError>(py) || error.is_instance_of::<PyOverflowError>(py) =>
        {
            Err(refused())
        }
        Err(error) => Err(error),
    }
}

/// What Python's own types hold of a scalar of numpy's, which rows of a data frame are made of.
fn plain<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let module = value.get_type().module();
    match module.is_ok_and(|module| module == "numpy") && value.hasattr("item")? {
        true => value.call_method0("item"),
        false => Ok(value.clone()),
    }
}

fn is_uuid(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    // Whoever has one has imported the module, which is none of the light ones.
    let modules = value.py().import("sys")?.getattr("modules")?;
    let uuid = modules.call_method1("get", ("uuid",))?;
    if uuid.is_none() {
        return Ok(false);
    }
    value.is_instance(&uuid.getattr("UUID")?)
}

/// A setting's value as the text that the core reads: also a bool, a number or a path.
pub(crate) fn setting(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Zeroizing<String>> {
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(Zeroizing::new(if flag.is_true() { "true" } else { "false" }.to_owned()));
    }
    let bytes = if value.is_instance_of::<PyInt>() || value.is_instance_of::<PyFloat>() {
        text(name, value.str()?.as_any())?
    } else if value.hasattr("__fspath__")? {
        text(name, &value.call_method0("__fspath__")?)?
    } else {
        text(name, value)?
    };
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(error::raise(Error::new(Code::SettingInvalid, format!("{name} is not valid UTF-8")))),
    }
}

/// The type of a value, for messages: never the value itself.
pub(crate) fn kind(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "an object".to_owned(), |name| format!("of type {name}"))
}
