//! Texts that come from C.

use std::borrow::Cow;
use std::ffi::{CString, c_char};

use kinde_migrate::{Code, Error};

/// The error for a pointer that must not be `NULL`.
pub(crate) fn missing(argument: &str) -> Error {
    Error::new(Code::ArgumentMissing, format!("{argument} is NULL"))
}

/// The longest name looked at; no setting and no field has a longer one.
const NAME_MAX: usize = 256;

/// A NUL-terminated name. Bytes that are not UTF-8 make it an unknown one, and of a longer one only the beginning is
/// taken, which is unknown as well.
///
/// # Safety
/// `name` is `NULL` or points to a NUL-terminated string that outlives `'a`.
pub(crate) unsafe fn name<'a>(name: *const c_char) -> Result<Cow<'a, str>, Error> {
    if name.is_null() {
        return Err(missing("name"));
    }
    // SAFETY: not NULL; the rest is the caller's promise.
    Ok(String::from_utf8_lossy(unsafe { begun(name, NAME_MAX) }))
}

/// The longest NUL-terminated text looked at that is not a name.
const TEXT_MAX: usize = 16_384;

/// A NUL-terminated text; `NULL` is an empty one.
///
/// # Safety
/// `text` is `NULL` or points to a NUL-terminated string that outlives `'a`.
pub(crate) unsafe fn optional<'a>(what: &str, text: *const c_char) -> Result<Cow<'a, str>, Error> {
    if text.is_null() {
        return Ok(Cow::Borrowed(""));
    }
    // SAFETY: not NULL; the rest is the caller's promise.
    let bytes = unsafe { begun(text, TEXT_MAX) };
    if bytes.len() > TEXT_MAX {
        let message = format!("{what} is longer than {TEXT_MAX} bytes");
        return Err(Error::new(Code::SettingInvalid, message));
    }
    Ok(String::from_utf8_lossy(bytes))
}

/// Its bytes up to the NUL, and of more than `most` one more than that.
///
/// # Safety
/// `text` points to a NUL-terminated string that outlives `'a`.
unsafe fn begun<'a>(text: *const c_char, most: usize) -> &'a [u8] {
    let text: *const u8 = text.cast();
    // SAFETY: nothing behind the NUL is read.
    let len = (0..=most).take_while(|at| unsafe { text.add(*at).read() } != 0).count();
    // SAFETY: so many bytes have just been read.
    unsafe { std::slice::from_raw_parts(text, len) }
}

/// A pointer and a length. `NULL` with the length 0 is an empty text. No byte is read here: whoever takes the value
/// compares its length with what can be meant before they look at it.
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
