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
    watch();
    INSIDE.read().unwrap_or_else(PoisonError::into_inner)
}

/// Asks to be told of forks. A fork that is under way at that moment is not told of, so this is done when a
/// migrator is made and not first when a thread is about to enter SQLite.
pub(crate) fn watch() {
    // Two threads may both ask. Neither waits for the other, which may be missing in a child.
    if !WATCHED.load(Ordering::Acquire) {
        register();
        WATCHED.store(true, Ordering::Release);
    }
}

extern "C" fn before() {
    // At a thread's very end there is nowhere to keep the guard; then nothing is kept still.
    let _ = FORKING.try_with(|kept| {
        // What was asked for twice is told twice.
        let guard = kept.take().unwrap_or_else(|| INSIDE.write().unwrap_or_else(PoisonError::into_inner));
        kept.set(Some(guard));
    });
}

extern "C" fn after() {
    let _ = FORKING.try_with(Cell::take);
}

extern "C" fn after_in_child() {
    crate::process::forked();
    after();
}

#[allow(unsafe_code, reason = "libc's own way of being told of a fork")]
fn register() {
    // SAFETY: the functions are static, do not panic, and are unregistered when the library is unloaded.
    unsafe {
        libc::pthread_atfork(Some(before), Some(after), Some(after_in_child));
    }
}
