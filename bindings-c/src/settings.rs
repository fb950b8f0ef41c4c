//! Settings.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use kinde_migrate::Settings;

use crate::panic::boundary;
use crate::text::{bytes, missing, name};
use crate::{kinde_code, kinde_error};

/// What a migrator is built from, by name: "domain", "client_id", "client_secret", "ledger",
/// "deadline" and so on; kinde_migrate(3) lists them. What is not set here is read from the
/// environment when the migrator is built, and only then; what is not there either is taken from
/// kinde_settings_set_default().
///
/// One thread at a time. The values are wiped when the settings are freed.
pub struct kinde_settings(pub(crate) Settings);

/// Empty settings, to be freed with kinde_settings_free().
#[unsafe(no_mangle)]
pub extern "C" fn kinde_settings_new() -> Option<Box<kinde_settings>> {
    boundary!(else None, { Some(Box::new(kinde_settings(Settings::new()))) })
}

/// Sets one. `name` is NUL-terminated; `value` is `value_len` bytes of UTF-8, which are copied. An
/// empty value unsets it. Values are checked when the migrator is built.
///
/// Errors: `KINDE_SETTING_UNKNOWN`, `KINDE_SETTING_INVALID` (not UTF-8, or longer than 16384 bytes),
/// `KINDE_ARGUMENT_MISSING`, `KINDE_ARGUMENT_TYPE` (a length that no object has).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kinde_settings_set(
    settings: Option<&mut kinde_settings>,
    name: *const c_char,
    value: *const c_char,
    value_len: usize,
    error: Option<&mut MaybeUninit<Box<kinde_error>>>,
) -> kinde_code {
    boundary!(error, {
        let settings = settings.ok_or_else(|| missing("settings"))?;
        // SAFETY: the caller hands over a NUL-terminated name and `value_len` bytes.
        let (name, value) = unsafe { (self::name(name)?, bytes(value, value_len)?) };
        settings.0.set(&name, value)
    })
}

/// Sets what is taken where neither kinde_settings_set() nor the environment has this setting: for what a
/// program reads from a configuration of its own. Otherwise as kinde_settings_set().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kinde_settings_set_default(
    settings: Option<&mut kinde_settings>,
    name: *const c_char,
    value: *const c_char,
    value_len: usize,
    error: Option<&mut MaybeUninit<Box<kinde_error>>>,
) -> kinde_code {
    boundary!(error, {
        let settings = settings.ok_or_else(|| missing("settings"))?;
        // SAFETY: the caller hands over a NUL-terminated name and `value_len` bytes.
        let (name, value) = unsafe { (self::name(name)?, bytes(value, value_len)?) };
        settings.0.set_default(&name, value)
    })
}

/// Frees settings and wipes them. `NULL` is fine. A migrator built from them is not affected.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_settings_free(settings: Option<Box<kinde_settings>>) {
    boundary!(else (), { drop(settings) })
}
