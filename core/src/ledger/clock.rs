//! The two clocks: the host's uptime for leases and waits, the time of day for people and for Kinde.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(super) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 4)
}

/// Milliseconds of [`uptime_micros`].
pub(crate) fn uptime() -> i64 {
    uptime_micros() / 1000
}

/// Microseconds on a clock that all processes of a host share and nobody sets, for leases and waits: two processes that
/// disagree on the time of day would take each other's leases for over. It begins anew with the host; what it leaves
/// behind then is in the far future at most, or waits for minutes.
#[allow(unsafe_code, reason = "std has no clock that processes share but the one that is set")]
#[allow(clippy::useless_conversion, reason = "the fields have 32 bits on some systems")]
pub(crate) fn uptime_micros() -> i64 {
    #[cfg(target_os = "linux")]
    const CLOCK: libc::clockid_t = libc::CLOCK_BOOTTIME;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes to the one struct that it is given, and every kernel that Rust runs on knows these clocks.
    unsafe { libc::clock_gettime(CLOCK, &mut time) };
    time.tv_sec * 1_000_000 + time.tv_nsec / 1000
}

/// Milliseconds since 1970.
pub(crate) fn now() -> i64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// Months since 1970, by UTC: "days_from_civil" backwards (Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms").
pub(super) fn month() -> i64 {
    let days = now() / 86_400_000 + 719_468;
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let year = year_of_era + days.div_euclid(146_097) * 400;
    (year - 1970) * 12 + from_march + 2
}
