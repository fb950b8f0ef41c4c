//! The library's version.

use std::ffi::{CStr, c_char};

use crate::panic::boundary;

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

/// The version of the library that is loaded, as in "1.2.3"; the header's is
/// `KINDE_MIGRATE_VERSION`. The text is static. Any thread may call this, and a forked child.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_version() -> *const c_char {
    boundary!(else c"".as_ptr(), { VERSION.as_ptr() })
}
