//! The ledger's transactions, where many calls are under way at once: on a thread of their own, so that the one which drives the
//! calls never waits for the disk while their timers run out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::pool::{Pool, Rank};

/// As long as no more calls than this are under way, each does its own: handing it over and back would cost more.
const FEW: usize = 16;

/// What goes first: changes of password, then the end of a sign-in, then its beginning.
pub(crate) const CHANGE: Rank = 0;
pub(crate) const END: Rank = 1;
pub(crate) const BEGINNING: Rank = 2;

/// One process's.
pub(crate) struct Desk {
    /// One thread: there is one writer at a time anyway.
    pool: Pool,
    calls: Arc<AtomicUsize>,
}

/// A call that is under way.
pub(crate) struct UnderWay(Arc<AtomicUsize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Desk {
    pub(crate) fn new() -> Desk {
        Desk { pool: Pool::new("kinde-migrate-l", 1), calls: Arc::default() }
    }

    pub(crate) fn under_way(&self) -> UnderWay {
        self.calls.fetch_add(1, Ordering::Relaxed);
        UnderWay(Arc::clone(&self.calls))
    }

    /// Whether there are more calls under way than a process has without a burst.
    pub(crate) fn is_busy(&self) -> bool {
        self.calls.load(Ordering::Relaxed) > FEW
    }

    /// Does it, here or there. Given up before its turn has come, it is not done, unless it is to be done `surely`. None only
    /// where it panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        rank: Rank,
        surely: bool,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        if !self.is_busy() {
            return Some(work());
        }
        match surely {
            true => self.pool.run_surely(rank, work).await.ok(),
            false => self.pool.run(rank, work).await.ok(),
        }
    }
}
