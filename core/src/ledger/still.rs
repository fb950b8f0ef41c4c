//! Keeps SQLite still while the process forks.
//!
//! SQLite has mutexes of its own (for memory, files and its page cache) that belong to no connection. A
//! child forked while another thread holds one waits for it for ever, at its first allocation. So a fork
//! waits here until no thread is inside SQLite, and none enters before it is done.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Taken before any lock of a connection, and not twice by one thread.
static INSIDE: RwLock<()> = RwLock::new(());
static WATCHED: AtomicBool = AtomicBool::new(false);

thread_local! {
    static FORKING: Cell<Option<RwLockWriteGuard<'static, ()>>> = const { Cell::new(None) };
}

/// To be held by a thread for as long as it is inside SQLite.
pub(super) fn inside() -> RwLockReadGuard<'static, ()> {
    if !WATCHED.swap(true, Ordering::AcqRel) {
        watch();
    }
    INSIDE.read().unwrap_or_else(PoisonError::into_inner)
}

extern "C" fn before() {
    let guard = INSIDE.write().unwrap_or_else(PoisonError::into_inner);
    // At a thread's very end there is nowhere to keep it; then nothing is kept still.
    let _ = FORKING.try_with(|kept| kept.set(Some(guard)));
}

extern "C" fn after() {
    let _ = FORKING.try_with(Cell::take);
}

#[allow(unsafe_code, reason = "libc's own way of being told of a fork")]
fn watch() {
    // SAFETY: the three functions are static, do not panic, and are unregistered when the library is unloaded.
    unsafe {
        libc::pthread_atfork(Some(before), Some(after), Some(after));
    }
}
