//! Numbered steps at which the crash tests kill the process; in what ships, nothing.

/// Every step, in about the order of a call, then of a delivery.
#[cfg(feature = "steps")]
pub const STEPS: &[&str] = &[
    "before_open",
    "after_file_made",
    "after_signed",
    "after_connected",
    "after_schema",
    "before_key_kept",
    "after_key_kept",
    "before_enter",
    "after_enter",
    "before_take_turn",
    "after_take_turn",
    "before_hash",
    "after_hash",
    "before_token",
    "after_token",
    "before_token_kept",
    "after_token_kept",
    "before_check",
    "after_check",
    "before_create",
    "after_create",
    "before_set_password",
    "after_set_password",
    "before_reset",
    "after_reset",
    "before_remember",
    "after_remember",
    "before_release",
    "after_release",
    "before_drop",
    "after_drop",
    "before_forget",
    "after_forget",
    "before_owe",
    "after_owe",
    "before_claim",
    "after_claim",
    "before_renew",
    "after_renew",
    "before_settle",
    "after_settle",
    "before_put_back",
    "after_put_back",
    "before_hand_back",
    "after_hand_back",
    "before_adopt",
    "between_adopt",
    "after_adopt",
    "before_commit",
    "after_commit",
];

/// Told of every step, on the thread that is there.
#[cfg(feature = "steps")]
pub static STEP_WATCHER: std::sync::OnceLock<fn(&str)> = std::sync::OnceLock::new();

/// The process is at a step. With `KINDE_MIGRATE_DIE_AT=name:nth` it kills itself there the nth time.
#[cfg(feature = "steps")]
pub(crate) fn reached(step: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    static DIE_AT: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static TIMES: AtomicU64 = AtomicU64::new(0);
    debug_assert!(STEPS.contains(&step), "{step} is not in the list");
    let die_at = DIE_AT.get_or_init(|| {
        let text = std::env::var("KINDE_MIGRATE_DIE_AT").ok()?;
        let (name, nth) = text.split_once(':')?;
        Some((name.to_owned(), nth.parse().ok()?))
    });
    if let Some(watcher) = STEP_WATCHER.get() {
        watcher(step);
    }
    if let Some((name, nth)) = die_at
        && name == step
        && TIMES.fetch_add(1, Ordering::Relaxed) + 1 == *nth
    {
        die();
    }
}

/// As from outside: nothing is flushed, dropped or handled.
#[cfg(feature = "steps")]
#[allow(unsafe_code, reason = "no safe way ends a process so abruptly")]
fn die() {
    // SAFETY: raise takes a number and touches no memory of ours; SIGKILL does not return.
    unsafe {
        libc::raise(libc::SIGKILL);
    }
}

#[cfg(not(feature = "steps"))]
#[inline]
pub(crate) fn reached(_step: &str) {}
