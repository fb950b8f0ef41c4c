//! Python's texts as bytes.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyFloat, PyInt, PyString};
use zeroize::Zeroizing;

use kinde_migrate::{Code, Error};

use crate::error;

/// The bytes of a `str`, `bytes` or `bytearray`, wiped when dropped; any may be a secret.
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
    Err(error::argument(format!("{name} is {}; pass str or bytes", kind(value))))
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
