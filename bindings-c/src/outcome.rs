//! Outcomes.

use std::ffi::{CStr, CString, c_char};
use std::mem::MaybeUninit;

use kinde_migrate::{Code, FieldNotice, Outcome, Status};

use crate::kinde_code;
use crate::panic::boundary;
use crate::text::c_string;

/// What became of one call of a verb: one of the constants above.
pub type kinde_status = i32;

/// The answer of a verb. It does not change: any thread may read it. Texts belong to it and are gone
/// with it. Free it with kinde_outcome_free().
pub struct kinde_outcome {
    status: Status,
    kinde_id: Option<CString>,
    calls: u32,
    reason: Option<Code>,
    message: Option<CString>,
    durable: bool,
    notices: Vec<(Code, CString)>,
}

impl kinde_outcome {
    pub(crate) fn boxed(outcome: Outcome) -> Box<kinde_outcome> {
        Box::new(kinde_outcome {
            status: outcome.status,
            kinde_id: outcome.kinde_id.as_deref().map(c_string),
            calls: outcome.calls,
            reason: outcome.reason,
            message: outcome.message.as_deref().map(c_string),
            durable: outcome.durable,
            notices: outcome
                .notices
                .iter()
                .map(|FieldNotice { code, field }| (*code, c_string(field)))
                .collect(),
        })
    }
}

/// What became of it; 0 if `outcome` is `NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_outcome_status(outcome: Option<&kinde_outcome>) -> kinde_status {
    boundary!(else 0, { outcome.map_or(0, |outcome| outcome.status as kinde_status) })
}

/// The user's id in Kinde, NUL-terminated, or `NULL` where it is not known. Its length goes to
/// `*len`, which may be `NULL`; without an id 0.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_outcome_kinde_id(
    outcome: Option<&kinde_outcome>,
    len: Option<&mut MaybeUninit<usize>>,
) -> *const c_char {
    boundary!(else std::ptr::null(), {
        let id = outcome.and_then(|outcome| outcome.kinde_id.as_deref());
        if let Some(len) = len {
            len.write(id.map_or(0, CStr::count_bytes));
        }
        id.map_or(std::ptr::null(), CStr::as_ptr)
    })
}

/// How many calls of Kinde's Management API were made, repeats included, the token's not.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_outcome_calls(outcome: Option<&kinde_outcome>) -> u32 {
    boundary!(else 0, { outcome.map_or(0, |outcome| outcome.calls) })
}

/// Why, for queued, skipped and rejected; `KINDE_OK` where there is nothing to be said.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_outcome_reason(outcome: Option<&kinde_outcome>) -> kinde_code {
    boundary!(else 0, { outcome.and_then(|outcome| outcome.reason).map_or(0, Code::number) })
}

/// The reason in words, with what to do about it, NUL-terminated, or `NULL`. It shows no secret and
/// no e-mail.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_outcome_message(outcome: Option<&kinde_outcome>) -> *const c_char {
    boundary!(else std::ptr::null(), {
        outcome.and_then(|outcome| outcome.message.as_deref()).map_or(std::ptr::null(), CStr::as_ptr)
    })
}

/// Of `KINDE_STATUS_QUEUED`: whether what is owed outlives this process and the host's next start. False
/// where it is held in memory or in a folder for temporary files. True for every other status; false if
/// `outcome` is `NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_outcome_durable(outcome: Option<&kinde_outcome>) -> bool {
    boundary!(else false, { outcome.is_some_and(|outcome| outcome.durable) })
}

/// How many of the user's fields were cleaned or left out on the way. None of that stopped the password.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_outcome_notice_count(outcome: Option<&kinde_outcome>) -> usize {
    boundary!(else 0, { outcome.map_or(0, |outcome| outcome.notices.len()) })
}

/// What was done to a field, as `KINDE_FIELD_CLEANED`; `index` counts from 0. `KINDE_OK` where there is no
/// such notice.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_outcome_notice_code(outcome: Option<&kinde_outcome>, index: usize) -> kinde_code {
    boundary!(else 0, {
        outcome.and_then(|outcome| outcome.notices.get(index)).map_or(0, |(code, _)| code.number())
    })
}

/// The field of that notice, as in "given_name", NUL-terminated; `NULL` where there is no such notice.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_outcome_notice_field(outcome: Option<&kinde_outcome>, index: usize) -> *const c_char {
    boundary!(else std::ptr::null(), {
        outcome
            .and_then(|outcome| outcome.notices.get(index))
            .map_or(std::ptr::null(), |(_, field)| field.as_ptr())
    })
}

/// Frees an outcome. `NULL` is fine.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_outcome_free(outcome: Option<Box<kinde_outcome>>) {
    boundary!(else (), { drop(outcome) })
}

/// A status as every language writes it, as in "created"; "unknown" for a number that is none.
///
/// The text is static. Any thread may call this, and a forked child.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_status_name(status: kinde_status) -> *const c_char {
    boundary!(else c"unknown".as_ptr(), {
        match status {
            1 => c"created",
            2 => c"updated",
            3 => c"unchanged",
            4 => c"queued",
            5 => c"skipped",
            6 => c"rejected",
            _ => c"unknown",
        }
        .as_ptr()
    })
}
