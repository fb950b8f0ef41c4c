//! Settings.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use kinde_migrate::{Code, Error, Settings};

use crate::panic::boundary;
use crate::text::{bytes, missing, name};
use crate::{kinde_code, kinde_error};

/// What a migrator is built from, by name: "domain", "client_id", "client_secret", "ledger",
/// "deadline" and so on; kinde_migrate(3) lists them. What is not set here is read from the
/// environment when the migrator is built, and only then.
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
/// Errors: `KINDE_SETTING_UNKNOWN`, `KINDE_SETTING_INVALID` (not UTF-8), `KINDE_ARGUMENT_MISSING`.
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
        let value = std::str::from_utf8(value);
        let value =
            value.map_err(|_| Error::new(Code::SettingInvalid, format!("{name} is not valid UTF-8")))?;
        settings.0.set(&name, value)
    })
}

/// Frees settings and wipes them. `NULL` is fine. A migrator built from them is not affected.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_settings_free(settings: Option<Box<kinde_settings>>) {
    boundary!(else (), { drop(settings) })
}
