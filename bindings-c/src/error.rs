//! Errors: misuse and misconfiguration.

use std::ffi::{CStr, CString, c_char};
use std::mem::MaybeUninit;

use kinde_migrate::{Code, Error};

use crate::kinde_code;
use crate::panic::boundary;
use crate::text::c_string;

/// What went wrong: a code, and a message that names the thing and the cure and shows no secret.
///
/// Functions that can fail take a `kinde_error **error` as their last parameter. It may be `NULL`.
/// Otherwise `*error` is overwritten on failure, and only then, with an error that the caller frees
/// with kinde_error_free(). An error does not change: any thread may read it.
pub struct kinde_error {
    code: Code,
    message: CString,
    /// Format, reason and advice, where a stored hash cannot be carried over.
    hash: Option<(Option<CString>, CString, CString)>,
}

/// Where an error goes.
pub(crate) type ErrorOut<'a> = Option<&'a mut MaybeUninit<Box<kinde_error>>>;

impl kinde_error {
    pub(crate) fn boxed(code: Code, message: &str) -> Box<kinde_error> {
        Box::new(kinde_error { code, message: c_string(message), hash: None })
    }
}

pub(crate) fn hand_over(raised: Error, error: ErrorOut<'_>) -> kinde_code {
    if let Some(error) = error {
        let mut boxed = kinde_error::boxed(raised.code, &raised.message);
        boxed.hash = raised
            .hash
            .map(|hash| (hash.format.map(c_string), c_string(&hash.reason), c_string(&hash.advice)));
        error.write(boxed);
    }
    raised.code.number()
}

/// The code of an error; `KINDE_OK` if `error` is `NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_error_code(error: Option<&kinde_error>) -> kinde_code {
    boundary!(else Code::Internal.number(), { error.map_or(0, |error| error.code.number()) })
}

/// The message of an error, UTF-8 and NUL-terminated; "" if `error` is `NULL`. It belongs to the
/// error and is gone with it.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_error_message(error: Option<&kinde_error>) -> *const c_char {
    boundary!(else c"".as_ptr(), { error.map_or(c"".as_ptr(), |error| error.message.as_ptr()) })
}

/// The format of a stored hash that cannot be carried over, as in "node_argon2id"; `NULL` where it is not
/// known and for errors of another kind. This and the next two belong to the error and are gone with it.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_error_format(error: Option<&kinde_error>) -> *const c_char {
    boundary!(else std::ptr::null(), {
        let hash = error.and_then(|error| error.hash.as_ref());
        hash.and_then(|(format, _, _)| format.as_deref()).map_or(std::ptr::null(), CStr::as_ptr)
    })
}

/// Why that hash cannot be carried over, in words; `NULL` for errors of another kind.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_error_reason(error: Option<&kinde_error>) -> *const c_char {
    boundary!(else std::ptr::null(), {
        let hash = error.and_then(|error| error.hash.as_ref());
        hash.map_or(std::ptr::null(), |(_, reason, _)| reason.as_ptr())
    })
}

/// What to do instead, in words; `NULL` for errors of another kind.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_error_advice(error: Option<&kinde_error>) -> *const c_char {
    boundary!(else std::ptr::null(), {
        let hash = error.and_then(|error| error.hash.as_ref());
        hash.map_or(std::ptr::null(), |(_, _, advice)| advice.as_ptr())
    })
}

/// Whether the same call may succeed later without anybody changing anything.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_error_retryable(error: Option<&kinde_error>) -> bool {
    boundary!(else false, { error.is_some_and(|error| error.code.retryable()) })
}

/// Frees an error. `NULL` is fine.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_error_free(error: Option<Box<kinde_error>>) {
    boundary!(else (), { drop(error) })
}
