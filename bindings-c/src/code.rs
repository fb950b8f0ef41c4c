//! The stable codes. Their constants are written into the header from the core's table.

use std::ffi::{CStr, CString, c_char};

use kinde_migrate::CODES;
use once_cell::race::OnceBox;

use crate::panic::boundary;
use crate::text::c_string;

/// What a function answers, what an error is, and why an outcome is what it is: one of the constants
/// above, `KINDE_OK` being 0. Names and numbers are never reused; a later version may add to them.
pub type kinde_code = i32;

/// The stable name of a code, the same in every language, as in "domain_missing"; "ok" for
/// `KINDE_OK` and "unknown" for a number that is no code.
///
/// The text is static. Any thread may call this, and a forked child.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_code_name(code: kinde_code) -> *const c_char {
    boundary!(else c"unknown".as_ptr(), { name_of(code).as_ptr() })
}

fn name_of(code: kinde_code) -> &'static CStr {
    // No lock is held while it is filled: a child forked in that instant would find it closed for ever.
    static NAMES: OnceBox<Vec<(kinde_code, CString)>> = OnceBox::new();
    if code == 0 {
        return c"ok";
    }
    NAMES
        .get_or_init(|| Box::new(CODES.iter().map(|(code, name)| (code.number(), c_string(name))).collect()))
        .iter()
        .find(|(known, _)| *known == code)
        .map_or(c"unknown", |(_, name)| name)
}
