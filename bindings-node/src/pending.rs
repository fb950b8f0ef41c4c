//! The calls that have not ended, for whoever has to wait for them without an event loop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How many calls have not ended, and whether they are to end now.
#[derive(Default)]
pub(crate) struct Pending {
    interrupted: Arc<AtomicBool>,
    calls: Mutex<usize>,
    ended: Condvar,
}

/// One call; it ends when this is dropped.
pub(crate) struct PendingCall(Arc<Pending>);

impl Pending {
    pub(crate) fn begin(self: &Arc<Self>) -> PendingCall {
        *self.calls.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        PendingCall(Arc::clone(self))
    }

    /// The flag that the calls look at.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.interrupted)
    }

    /// Tells the calls to wait for Kinde no longer and to go on from the outbox.
    pub(crate) fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
    }

    /// Blocks until every call has ended, or for so long.
    pub(crate) fn wait(&self, longest: Duration) {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.ended.wait_timeout_while(calls, longest, |calls| *calls > 0);
    }
}

impl Drop for PendingCall {
    fn drop(&mut self) {
        let mut calls = self.0.calls.lock().unwrap_or_else(PoisonError::into_inner);
        *calls = calls.saturating_sub(1);
        self.0.ended.notify_all();
    }
}
