//! A user.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use kinde_migrate::User;

use crate::panic::boundary;
use crate::text::{bytes, missing, name};
use crate::{kinde_code, kinde_error};

/// A user as the application knows them, by field: "email" (or "username" or "phone" where there is
/// none), "phone_country_id", "given_name", "family_name", "picture", "provided_id" (the id in the old
/// system), "email_verified" ("true" or "false"), "organization_code".
///
/// One thread at a time may set fields; any number may pass it to verbs.
pub struct kinde_user(pub(crate) User);

/// A user without fields, to be freed with kinde_user_free().
#[unsafe(no_mangle)]
pub extern "C" fn kinde_user_new() -> Option<Box<kinde_user>> {
    boundary!(else None, { Some(Box::new(kinde_user(User::default()))) })
}

/// Sets one field. `name` is NUL-terminated; `value` is `value_len` bytes of UTF-8, which are copied.
/// An empty value counts as not given. What is wrong with a value is not an error here but makes the
/// verb answer `KINDE_STATUS_REJECTED`: a login handler must not stumble over data. What is longer than the
/// field takes is neither read nor copied.
///
/// Errors: `KINDE_USER_FIELD_UNKNOWN`, `KINDE_ARGUMENT_MISSING`, `KINDE_ARGUMENT_TYPE` (a length that no object has).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kinde_user_set(
    user: Option<&mut kinde_user>,
    name: *const c_char,
    value: *const c_char,
    value_len: usize,
    error: Option<&mut MaybeUninit<Box<kinde_error>>>,
) -> kinde_code {
    boundary!(error, {
        let user = user.ok_or_else(|| missing("user"))?;
        // SAFETY: the caller hands over a NUL-terminated name and `value_len` bytes.
        let (name, value) = unsafe { (self::name(name)?, bytes(value, value_len)?) };
        user.0.set(&name, value)
    })
}

/// Frees a user. `NULL` is fine.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_user_free(user: Option<Box<kinde_user>>) {
    boundary!(else (), { drop(user) })
}
