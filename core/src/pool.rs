//! A few threads for work that must not be done on the thread that drives the calls: hashing, and transactions of the
//! ledger. No more of them than were asked for, none while there is nothing to do, and no panic where the system has none
//! to give.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::process::lock;

/// A thread without work ends soon: whoever forks or unloads the library finds none. Starting one costs little compared
/// with what it is started for.
const KEEP: Duration = Duration::from_millis(2);

/// Work of a lower rank goes first; within a rank, what came first.
pub(crate) type Rank = usize;
pub(crate) const RANKS: usize = 4;

type Work = Box<dyn FnOnce() + Send>;

/// Threads of one process, ended and joined when dropped. What has not been begun by then is dropped.
pub(crate) struct Pool {
    name: &'static str,
    most: usize,
    shared: Arc<(Mutex<State>, Condvar)>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Default)]
struct State {
    waiting: [VecDeque<Work>; RANKS],
    /// Threads that live, and those of them that wait for work.
    alive: usize,
    idle: usize,
    stop: bool,
}

impl State {
    fn next(&mut self) -> Option<Work> {
        self.waiting.iter_mut().find_map(VecDeque::pop_front)
    }

    fn count(&self) -> usize {
        self.waiting.iter().map(VecDeque::len).sum()
    }
}

impl Pool {
    pub(crate) fn new(name: &'static str, most: usize) -> Pool {
        Pool { name, most, shared: Arc::default(), threads: Mutex::default() }
    }

    /// Hands work to a thread; the receiver gets what it returns, or an error where it panicked or the pool ended. Work that
    /// nobody waits for any more when its turn comes is not begun. Where there is no thread and none can be had, it is done at
    /// once on this one.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        rank: Rank,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        self.give(rank, false, work)
    }

    /// The same for work that is done in any case.
    pub(crate) fn run_surely<T: Send + 'static>(
        &self,
        rank: Rank,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        self.give(rank, true, work)
    }

    fn give<T: Send + 'static>(
        &self,
        rank: Rank,
        surely: bool,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (done, result) = oneshot::channel();
        let work: Work = Box::new(move || {
            if (surely || !done.is_closed())
                && let Ok(made) = catch_unwind(AssertUnwindSafe(work))
            {
                // Nobody may want it any more.
                let _ = done.send(made);
            }
        });
        if let Some(work) = self.push(rank, work) {
            work();
        }
        result
    }

    /// The work itself, where no thread will do it.
    fn push(&self, rank: Rank, work: Work) -> Option<Work> {
        let (state, more) = &*self.shared;
        let mut guard = lock(state);
        if guard.stop {
            return Some(work);
        }
        let Some(queue) = guard.waiting.get_mut(rank) else { return Some(work) };
        queue.push_back(work);
        if guard.idle < guard.count() && guard.alive < self.most {
            match self.start() {
                Ok(()) => guard.alive += 1,
                Err(error) if guard.alive == 0 => {
                    tracing::debug!(pool = self.name, %error, "no thread can be had; the caller's does the work");
                    return guard.waiting.get_mut(rank).and_then(VecDeque::pop_back);
                }
                Err(error) => tracing::debug!(pool = self.name, %error, "no further thread can be had"),
            }
        }
        more.notify_one();
        None
    }

    fn start(&self) -> std::io::Result<()> {
        let shared = Arc::clone(&self.shared);
        let thread = std::thread::Builder::new().name(self.name.into()).spawn(move || serve(&shared))?;
        let mut threads = lock(&self.threads);
        threads.retain(|thread| !thread.is_finished());
        threads.push(thread);
        Ok(())
    }
}

fn serve((state, more): &(Mutex<State>, Condvar)) {
    let mut guard = lock(state);
    while !guard.stop {
        if let Some(work) = guard.next() {
            drop(guard);
            work();
            guard = lock(state);
            continue;
        }
        guard.idle += 1;
        let (woken, waited) = more.wait_timeout(guard, KEEP).unwrap_or_else(PoisonError::into_inner);
        guard = woken;
        guard.idle -= 1;
        if waited.timed_out() && guard.count() == 0 {
            break;
        }
    }
    guard.alive -= 1;
}

impl Drop for Pool {
    fn drop(&mut self) {
        let (state, more) = &*self.shared;
        let mut guard = lock(state);
        guard.stop = true;
        let waiting = std::mem::take(&mut guard.waiting);
        drop(guard);
        drop(waiting);
        more.notify_all();
        for thread in lock(&self.threads).drain(..) {
            // An engine may end on one of its own threads.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn lower_ranks_go_first_and_within_one_who_came_first() {
        let pool = Pool::new("test", 1);
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let first = pool.run(3, move || wait.recv().unwrap());
        let order = Arc::new(Mutex::new(Vec::new()));
        let rest: Vec<_> = [(2, 'c'), (0, 'a'), (2, 'd'), (1, 'b')]
            .into_iter()
            .map(|(rank, name)| {
                let order = Arc::clone(&order);
                pool.run(rank, move || lock(&order).push(name))
            })
            .collect();
        go.send(()).unwrap();
        first.blocking_recv().unwrap();
        rest.into_iter().for_each(|done| done.blocking_recv().unwrap());
        assert_eq!(*lock(&order), ['a', 'b', 'c', 'd']);
    }

    #[test]
    fn never_more_threads_than_were_asked_for_and_none_in_the_end() {
        static NOW: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        let pool = Pool::new("test", 3);
        let all: Vec<_> = (0..60)
            .map(|_| {
                pool.run(0, || {
                    MOST.fetch_max(NOW.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(2));
                    NOW.fetch_sub(1, Ordering::SeqCst);
                })
            })
            .collect();
        all.into_iter().for_each(|done| done.blocking_recv().unwrap());
        assert!(MOST.load(Ordering::SeqCst) <= 3);
        let began = std::time::Instant::now();
        while lock(&pool.shared.0).alive > 0 {
            assert!(began.elapsed() < Duration::from_secs(20));
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_panic_is_an_error_and_the_next_goes() {
        let pool = Pool::new("test", 1);
        assert!(pool.run(0, || -> u8 { panic!("on purpose") }).blocking_recv().is_err());
        assert_eq!(pool.run(0, || 7).blocking_recv().unwrap(), 7);
    }

    #[test]
    fn what_nobody_wants_is_not_done() {
        let pool = Pool::new("test", 1);
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let first = pool.run(0, move || wait.recv().unwrap());
        let done = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&done);
        drop(pool.run(0, move || counted.fetch_add(1, Ordering::SeqCst)));
        let surely = Arc::clone(&done);
        drop(pool.run_surely(0, move || surely.fetch_add(10, Ordering::SeqCst)));
        go.send(()).unwrap();
        first.blocking_recv().unwrap();
        pool.run(0, || ()).blocking_recv().unwrap();
        assert_eq!(done.load(Ordering::SeqCst), 10);
    }

    #[test]
    fn dropped_it_waits_for_what_was_begun_and_drops_the_rest() {
        let pool = Pool::new("test", 1);
        let begun = Arc::new(AtomicUsize::new(0));
        let (tell, told) = std::sync::mpsc::channel();
        let counted = Arc::clone(&begun);
        let first = pool.run(0, move || {
            tell.send(()).unwrap();
            std::thread::sleep(Duration::from_millis(20));
            counted.fetch_add(1, Ordering::SeqCst);
        });
        told.recv().unwrap();
        let second = pool.run(0, || ());
        drop(pool);
        assert_eq!(begun.load(Ordering::SeqCst), 1);
        first.blocking_recv().unwrap();
        assert!(second.blocking_recv().is_err());
    }
}
