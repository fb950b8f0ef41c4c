//! A credential.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use kinde_migrate::Credential;

use crate::panic::boundary;
use crate::text::{bytes, missing, name};
use crate::{kinde_code, kinde_error};

/// What proves who a user is, by field: "password" (what they typed), "hash" (what the old system
/// stores), "format" (the hash's, where it is not recognised by itself), "extra.NAME" (what is stored
/// beside a hash, as in "extra.salt"), "version" (any text that changes when the password changes; the
/// hash itself where none is given). With password and hash, the password is carried over and the
/// hash is its version, so that a repeated sign-in costs no call.
///
/// One thread at a time may set fields; any number may pass it to verbs. Wiped when freed.
pub struct kinde_credential(pub(crate) Credential);

/// A credential without fields, to be freed with kinde_credential_free().
#[unsafe(no_mangle)]
pub extern "C" fn kinde_credential_new() -> Option<Box<kinde_credential>> {
    boundary!(else None, { Some(Box::new(kinde_credential(Credential::none()))) })
}

/// Sets one field. `name` is NUL-terminated; `value` is `value_len` bytes, which are copied and may
/// be any. What is wrong with a value (a NUL in a password, say) is not an error here but makes the verb
/// answer `KINDE_STATUS_REJECTED`. What is longer than the field takes (4096 bytes; a version 65536) is
/// neither read nor copied; a version that is too long counts as not given.
///
/// Errors: `KINDE_CREDENTIAL_FIELD_UNKNOWN`, `KINDE_ARGUMENT_MISSING`, `KINDE_ARGUMENT_TYPE` (a length that
/// no object has).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kinde_credential_set(
    credential: Option<&mut kinde_credential>,
    name: *const c_char,
    value: *const c_char,
    value_len: usize,
    error: Option<&mut MaybeUninit<Box<kinde_error>>>,
) -> kinde_code {
    boundary!(error, {
        let credential = credential.ok_or_else(|| missing("credential"))?;
        // SAFETY: the caller hands over a NUL-terminated name and `value_len` bytes.
        let (name, value) = unsafe { (self::name(name)?, bytes(value, value_len)?) };
        credential.0.set(&name, value)
    })
}

/// Frees a credential and wipes what it held. `NULL` is fine.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_credential_free(credential: Option<Box<kinde_credential>>) {
    boundary!(else (), { drop(credential) })
}
