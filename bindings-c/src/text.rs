//! Texts that come from C.

use std::ffi::{CStr, CString, c_char};

use kinde_migrate::{Code, Error};

/// The error for a pointer that must not be `NULL`.
pub(crate) fn missing(argument: &str) -> Error {
    Error::new(Code::ArgumentMissing, format!("{argument} is NULL"))
}

/// A NUL-terminated name. Bytes that are not UTF-8 make it an unknown one.
///
/// # Safety
/// `name` is `NULL` or points to a NUL-terminated string that outlives `'a`.
pub(crate) unsafe fn name<'a>(name: *const c_char) -> Result<std::borrow::Cow<'a, str>, Error> {
    if name.is_null() {
        return Err(missing("name"));
    }
    // SAFETY: not NULL; the rest is the caller's promise.
    Ok(unsafe { CStr::from_ptr(name) }.to_string_lossy())
}

/// A pointer and a length. `NULL` with the length 0 is an empty text.
///
/// # Safety
/// `value` is `NULL` or points to `len` bytes that outlive `'a` and do not change meanwhile.
pub(crate) unsafe fn bytes<'a>(value: *const c_char, len: usize) -> Result<&'a [u8], Error> {
    if len == 0 {
        return Ok(&[]);
    }
    if value.is_null() {
        return Err(missing("value"));
    }
    if isize::try_from(len).is_err() {
        return Err(Error::new(Code::ArgumentType, "value_len is larger than any object can be"));
    }
    // SAFETY: not NULL, and no longer than a slice may be; the rest is the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(value.cast(), len) })
}

/// A text for C to read. None of the core's holds a NUL; one that did would end there.
pub(crate) fn c_string(text: &str) -> CString {
    CString::new(text.split('\0').next().unwrap_or_default()).unwrap_or_default()
}
