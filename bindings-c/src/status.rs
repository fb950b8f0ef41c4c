//! How the ledger and Kinde stand.

use std::ffi::{CStr, CString, c_char};
use std::mem::{MaybeUninit, offset_of};

use kinde_migrate::{Code, Error, LedgerStatus};

use crate::migrator::check_size;
use crate::panic::boundary;
use crate::text::{c_string, missing};
use crate::{kinde_code, kinde_error, kinde_migrator};

/// Whether Kinde is called just now: one of the constants above.
pub type kinde_state = i32;

/// How the ledger and Kinde stand. Set `size` to `sizeof(kinde_ledger_status)` first, as
/// `KINDE_LEDGER_STATUS_INIT` does: a later version may have more members. kinde_migrator_status_json() has
/// what does not fit in a structure.
#[repr(C)]
pub struct kinde_ledger_status {
    /// The size of the caller's structure.
    pub size: usize,
    /// Users who have been carried over.
    pub carried: u64,
    /// What waits to be delivered.
    pub owed: u64,
    /// What Kinde has refused for good; kinde_migrator_dead_by_reason() says why.
    pub dead: u64,
    /// The age of the oldest entry that is owed; -1 if there is none.
    pub oldest_owed_seconds: i64,
    /// The ledger is held in memory, because it was set so or because the file cannot be used.
    pub in_memory: bool,
    /// How Kinde does, as far as anybody on this host knows.
    pub kinde: kinde_state,
    /// In how many seconds Kinde is called again, where it is limited or down; else -1.
    pub retry_in_seconds: i64,
    /// Answers of 429 (too many calls) so far.
    pub rate_limited: u64,
    /// Access tokens fetched since the month began, by UTC. Kinde meters them.
    pub tokens_this_month: u64,
    /// Calls a minute that Kinde takes, as far as has been learnt; -1 before it has refused any.
    pub limit_per_minute: i64,
    /// Calls at the same time that Kinde takes, as far as has been learnt; -1 before it has refused any.
    pub limit_in_flight: i64,
    /// Of those that wait, how many are sealed under a client secret that is not known here.
    pub sealed: u64,
    /// Of those that wait, how many would be lost: held in this process's memory, or in a folder for temporary files.
    pub not_durable: u64,
    /// Users whose password was carried as a stored hash that no typed password has proven yet.
    pub unproven: u64,
    /// The last thing that went wrong with Kinde or the ledger, until it goes well again; else `KINDE_OK`.
    pub last_error: kinde_code,
}

/// What the structure was in the first version: a caller's is never smaller. `kinde` lies in what was padding.
const FIRST: usize = offset_of!(kinde_ledger_status, retry_in_seconds);

/// How many there are of one reason, as of dead letters.
#[repr(C)]
pub struct kinde_dead_count {
    /// Why they were given up, or wait; kinde_code_name() has its name. -1 for one that a later version has
    /// written.
    pub reason: kinde_code,
    /// How many they are.
    pub count: u64,
}

/// How many of those that wait have one reason.
pub type kinde_pending_count = kinde_dead_count;

/// Says how the ledger and Kinde stand. It calls nobody. What a smaller structure, of a program compiled
/// against an older header, has no room for is left out.
///
/// Errors: `KINDE_ARGUMENT_MISSING`, `KINDE_ARGUMENT_TYPE` (a `size` that is not set).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kinde_migrator_status(
    migrator: Option<&kinde_migrator>,
    out: *mut kinde_ledger_status,
    error: Option<&mut MaybeUninit<Box<kinde_error>>>,
) -> kinde_code {
    boundary!(error, {
        let migrator = migrator.ok_or_else(|| missing("migrator"))?;
        if out.is_null() {
            return Err(missing("out"));
        }
        // SAFETY: not NULL, and the caller's structure begins with its size. No reference is made to the
        // rest, which may be shorter than ours.
        let size = unsafe { (&raw const (*out).size).read() };
        check_size(size, FIRST)?;
        let status = migrator.core.status();
        let or_none = |count: Option<u64>| count.map_or(-1, |n| i64::try_from(n).unwrap_or(i64::MAX));
        let status = kinde_ledger_status {
            size,
            carried: status.carried,
            owed: status.owed,
            dead: status.dead,
            oldest_owed_seconds: or_none(status.oldest_owed_seconds),
            in_memory: status.in_memory,
            kinde: status.kinde as kinde_state,
            retry_in_seconds: or_none(status.retry_in_seconds),
            rate_limited: status.rate_limited,
            tokens_this_month: status.tokens_this_month,
            limit_per_minute: or_none(status.limit_per_minute),
            limit_in_flight: or_none(status.limit_in_flight),
            sealed: status.sealed,
            not_durable: status.not_durable,
            unproven: status.unproven,
            last_error: status.last_error.as_deref().map_or(0, code_of),
        };
        let fits = size.min(size_of::<kinde_ledger_status>());
        // SAFETY: `fits` bytes are within both structures.
        unsafe { (&raw const status).cast::<u8>().copy_to_nonoverlapping(out.cast(), fits) };
        migrator.said.deliver(&migrator.core);
        Ok(())
    })
}

/// A code by its name; -1 for one of a later version that shares the ledger.
fn code_of(name: impl AsRef<str>) -> kinde_code {
    Code::named(name.as_ref()).map_or(-1, Code::number)
}

/// Counts the dead letters by reason. `out` is an array with room for `room` of them, which the caller owns
/// and need not initialise; `*len` is how many reasons there are, which may be more than were written.
/// There are no more reasons than codes. `out` may be `NULL` if `room` is 0.
///
/// Errors: `KINDE_ARGUMENT_MISSING`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kinde_migrator_dead_by_reason(
    migrator: Option<&kinde_migrator>,
    out: *mut kinde_dead_count,
    room: usize,
    len: Option<&mut MaybeUninit<usize>>,
    error: Option<&mut MaybeUninit<Box<kinde_error>>>,
) -> kinde_code {
    boundary!(error, {
        // SAFETY: the caller hands over room for so many.
        unsafe { count(migrator, out, room, len, |status| status.dead_by_reason) }
    })
}

/// Counts by their reason those that wait to be delivered. Otherwise as kinde_migrator_dead_by_reason().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kinde_migrator_pending_by_reason(
    migrator: Option<&kinde_migrator>,
    out: *mut kinde_pending_count,
    room: usize,
    len: Option<&mut MaybeUninit<usize>>,
    error: Option<&mut MaybeUninit<Box<kinde_error>>>,
) -> kinde_code {
    boundary!(error, {
        // SAFETY: the caller hands over room for so many.
        unsafe { count(migrator, out, room, len, |status| status.pending_by_reason) }
    })
}

/// # Safety
/// `out` is `NULL` or has room for `room` counts.
unsafe fn count(
    migrator: Option<&kinde_migrator>,
    out: *mut kinde_dead_count,
    room: usize,
    len: Option<&mut MaybeUninit<usize>>,
    which: fn(LedgerStatus) -> Vec<(String, u64)>,
) -> Result<(), Error> {
    let migrator = migrator.ok_or_else(|| missing("migrator"))?;
    let len = len.ok_or_else(|| missing("len"))?;
    if out.is_null() && room > 0 {
        return Err(missing("out"));
    }
    let counts = which(migrator.core.status());
    for (place, (reason, count)) in counts.iter().enumerate().take(room) {
        // SAFETY: not NULL, and `place` is less than `room`.
        unsafe { out.add(place).write(kinde_dead_count { reason: code_of(reason), count: *count }) };
    }
    len.write(counts.len());
    Ok(())
}

/// How the ledger and Kinde stand, as JSON. It does not change: any thread may read it. Free it with
/// kinde_status_json_free().
pub struct kinde_status_json(CString);

/// Says how the ledger and Kinde stand, in the form that `kinde-migrate status --json` and every language
/// have. It calls nobody. On success `*out` is a status that the caller frees with kinde_status_json_free().
///
/// Errors: `KINDE_ARGUMENT_MISSING`.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_migrator_status_json(
    migrator: Option<&kinde_migrator>,
    out: Option<&mut MaybeUninit<Box<kinde_status_json>>>,
    error: Option<&mut MaybeUninit<Box<kinde_error>>>,
) -> kinde_code {
    boundary!(error, {
        let migrator = migrator.ok_or_else(|| missing("migrator"))?;
        let out = out.ok_or_else(|| missing("out"))?;
        out.write(Box::new(kinde_status_json(c_string(&migrator.core.status().to_json()))));
        migrator.said.deliver(&migrator.core);
        Ok(())
    })
}

/// The status as one JSON object, UTF-8 and NUL-terminated: the members of kinde_ledger_status by their
/// names ("kinde" and "last_error" as texts, null where there is nothing), and "pending_by_reason" and
/// "dead_by_reason" (objects of counts) and "left_behind" (paths of ledgers with pending entries that are
/// not used any more). Its length goes to `*len`, which may be `NULL`. It belongs to the status and is gone
/// with it; `NULL` if `status` is.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_status_json_text(
    status: Option<&kinde_status_json>,
    len: Option<&mut MaybeUninit<usize>>,
) -> *const c_char {
    boundary!(else std::ptr::null(), {
        let json = status.map(|status| status.0.as_c_str());
        if let Some(len) = len {
            len.write(json.map_or(0, CStr::count_bytes));
        }
        json.map_or(std::ptr::null(), CStr::as_ptr)
    })
}

/// Frees a status. `NULL` is fine.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_status_json_free(status: Option<Box<kinde_status_json>>) {
    boundary!(else (), { drop(status) })
}

/// A state as every language writes it, as in "limited"; "unknown" for a number that is none.
///
/// The text is static. Any thread may call this, and a forked child.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_state_name(state: kinde_state) -> *const c_char {
    boundary!(else c"unknown".as_ptr(), {
        match state {
            1 => c"up",
            2 => c"limited",
            3 => c"down",
            4 => c"refused",
            _ => c"unknown",
        }
        .as_ptr()
    })
}
