//! How the ledger and Kinde stand.

use std::ffi::c_char;
use std::mem::{MaybeUninit, offset_of};

use kinde_migrate::Code;

use crate::migrator::check_size;
use crate::panic::boundary;
use crate::text::missing;
use crate::{kinde_code, kinde_error, kinde_migrator};

/// Whether Kinde is called just now: one of the constants above.
pub type kinde_state = i32;

/// How the ledger and Kinde stand. Set `size` to `sizeof(kinde_ledger_status)` first, as
/// `KINDE_LEDGER_STATUS_INIT` does: a later version may have more members.
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
}

/// What the structure was in the first version: a caller's is never smaller. `kinde` lies in what was padding.
const FIRST: usize = offset_of!(kinde_ledger_status, retry_in_seconds);

/// Dead letters of one reason.
#[repr(C)]
pub struct kinde_dead_count {
    /// Why they were given up; kinde_code_name() has its name.
    pub reason: kinde_code,
    /// How many they are.
    pub count: u64,
}

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
        };
        let fits = size.min(size_of::<kinde_ledger_status>());
        // SAFETY: `fits` bytes are within both structures.
        unsafe { (&raw const status).cast::<u8>().copy_to_nonoverlapping(out.cast(), fits) };
        Ok(())
    })
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
        let migrator = migrator.ok_or_else(|| missing("migrator"))?;
        let len = len.ok_or_else(|| missing("len"))?;
        if out.is_null() && room > 0 {
            return Err(missing("out"));
        }
        let counts = migrator.core.status().dead_by_reason;
        for (place, (reason, count)) in counts.iter().enumerate().take(room) {
            // A later version that shares the ledger may have reasons that are not known here.
            let reason = Code::named(reason).map_or(-1, Code::number);
            // SAFETY: not NULL, and `place` is less than `room`.
            unsafe { out.add(place).write(kinde_dead_count { reason, count: *count }) };
        }
        len.write(counts.len());
        Ok(())
    })
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
            _ => c"unknown",
        }
        .as_ptr()
    })
}
