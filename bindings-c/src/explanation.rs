//! What is known of a stored hash.

use std::ffi::{CStr, CString, c_char};
use std::mem::MaybeUninit;

use kinde_migrate::{Credential, Error, Explanation};

use crate::panic::boundary;
use crate::text::{c_string, missing, optional};
use crate::{kinde_code, kinde_credential, kinde_error};

/// What is known of a stored hash. It does not change: any thread may read it. Free it with
/// kinde_explanation_free().
pub struct kinde_explanation(CString);

/// Explains a stored hash: the field "hash" of `credential`, with its "format" and "extra.NAME" where it
/// has them. It asks nobody and needs no migrator. `allow_guesses` is written as the setting of that
/// name, NUL-terminated; `NULL` allows none. On success `*out` is an explanation that the caller frees
/// with kinde_explanation_free().
///
/// What is wrong with the hash, its format or what is stored beside it is no error but explained.
/// Errors: `KINDE_ARGUMENT_MISSING` (also where there is no hash), `KINDE_SETTING_INVALID`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kinde_explain_hash(
    credential: Option<&kinde_credential>,
    allow_guesses: *const c_char,
    out: Option<&mut MaybeUninit<Box<kinde_explanation>>>,
    error: Option<&mut MaybeUninit<Box<kinde_error>>>,
) -> kinde_code {
    boundary!(error, {
        // SAFETY: the caller hands over NULL or a NUL-terminated text.
        unsafe { explain(credential, allow_guesses, out, Credential::explain_hash) }
    })
}

/// The same, but what a verb would answer `KINDE_STATUS_REJECTED` for is an error, with the code that
/// would be the outcome's reason, as `KINDE_HASH_NOT_IMPORTABLE`; kinde_error_format(),
/// kinde_error_reason() and kinde_error_advice() say more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kinde_require_importable(
    credential: Option<&kinde_credential>,
    allow_guesses: *const c_char,
    out: Option<&mut MaybeUninit<Box<kinde_explanation>>>,
    error: Option<&mut MaybeUninit<Box<kinde_error>>>,
) -> kinde_code {
    boundary!(error, {
        // SAFETY: the caller hands over NULL or a NUL-terminated text.
        unsafe { explain(credential, allow_guesses, out, Credential::require_importable) }
    })
}

/// # Safety
/// `allow_guesses` is `NULL` or points to a NUL-terminated text.
unsafe fn explain(
    credential: Option<&kinde_credential>,
    allow_guesses: *const c_char,
    out: Option<&mut MaybeUninit<Box<kinde_explanation>>>,
    how: impl FnOnce(&Credential, &str) -> Result<Explanation, Error>,
) -> Result<(), Error> {
    let credential = credential.ok_or_else(|| missing("credential"))?;
    let out = out.ok_or_else(|| missing("out"))?;
    // SAFETY: the caller's promise.
    let allow_guesses = unsafe { optional("allow_guesses", allow_guesses)? };
    let explained = how(&credential.0, &allow_guesses)?;
    out.write(Box::new(kinde_explanation(c_string(&explained.to_json()))));
    Ok(())
}

/// An explanation as one JSON object, UTF-8 and NUL-terminated: "format", "candidates", "applications",
/// "importable", "confidence", "kinde" (what would be sent, its secret parts masked), "import_file_only",
/// "code", "reason", "advice", "test_first", "traps", "proven" and "notices"; all of them always, null where there is
/// nothing.
/// No part of the hash or of a salt is in it. Its length goes to `*len`, which may be `NULL`. It belongs
/// to the explanation and is gone with it; `NULL` if `explanation` is.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_explanation_json(
    explanation: Option<&kinde_explanation>,
    len: Option<&mut MaybeUninit<usize>>,
) -> *const c_char {
    boundary!(else std::ptr::null(), {
        let json = explanation.map(|explanation| explanation.0.as_c_str());
        if let Some(len) = len {
            len.write(json.map_or(0, CStr::count_bytes));
        }
        json.map_or(std::ptr::null(), CStr::as_ptr)
    })
}

/// Frees an explanation. `NULL` is fine.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_explanation_free(explanation: Option<Box<kinde_explanation>>) {
    boundary!(else (), { drop(explanation) })
}
