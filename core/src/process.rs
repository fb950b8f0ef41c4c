//! What belongs to one process, and how a forked child comes to its own.
//!
//! A runtime, a socket, a database handle or a mutex that was carried over a `fork` is dead or dangerous
//! in the child. [`PerProcess`] therefore keeps a value together with the process that made it, and compares
//! that before it touches anything, a lock above all. A child never uses and never drops what its
//! parent made: dropping would join threads that are not there.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use once_cell::race::OnceBox;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

/// A value for each process, made at first use. Lock-free: a chain with one link for each generation of
/// forks, of which only the last can be the current process's.
pub(crate) struct PerProcess<T> {
    first: OnceBox<Link<T>>,
}

struct Link<T> {
    process: Process,
    value: Arc<T>,
    next: OnceBox<Link<T>>,
}

/// Which process this is. A pid alone may have been a dead ancestor's.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Process {
    pid: u32,
    generation: u32,
}

/// How many forks lie between the first process and this one, as far as `forked` was told.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// To be called in a forked child, by the handler that libc runs there.
pub(crate) fn forked() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

impl Process {
    fn current() -> Self {
        Process { pid: std::process::id(), generation: GENERATION.load(Ordering::Relaxed) }
    }
}

impl<T> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        PerProcess { first: OnceBox::new() }
    }

    /// This process's value; `make` gets the parent's, to close what can be closed of it.
    pub(crate) fn get_or_make(&self, make: impl Fn(Option<&Arc<T>>) -> T) -> &Arc<T> {
        let process = Process::current();
        let mut made = None;
        loop {
            let last = self.last();
            if let Some(link) = last.filter(|link| link.process == process) {
                return &link.value;
            }
            let value = made.take().unwrap_or_else(|| Arc::new(make(last.map(|link| &link.value))));
            let link = Box::new(Link { process, value, next: OnceBox::new() });
            let end = last.map_or(&self.first, |link| &link.next);
            // Lost to another thread of this process: what it made is used.
            if let Err(link) = end.set(link) {
                made = Some(Arc::clone(&link.value));
            }
        }
    }

    /// This process's value, if it has been made.
    pub(crate) fn get(&self) -> Option<&Arc<T>> {
        self.last().filter(|link| link.process == Process::current()).map(|link| &link.value)
    }

    fn last(&self) -> Option<&Link<T>> {
        let mut link = self.first.get()?;
        while let Some(next) = link.next.get() {
            link = next;
        }
        Some(link)
    }
}

impl<T> Drop for Link<T> {
    fn drop(&mut self) {
        if self.process != Process::current() {
            std::mem::forget(Arc::clone(&self.value));
        }
    }
}

/// A lock that a panic elsewhere does not close for good.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A runtime on the caller's own thread, with what is kept for its next call (`C`: the connections).
/// A caller borrows a lane for the time of one call, so as many threads may call as like to, and no
/// thread runs between calls.
pub(crate) struct Lanes<C> {
    idle: Mutex<Vec<(Runtime, C)>>,
}

/// More lanes than this are not kept for later: each holds a connection.
const IDLE_LANES: usize = 32;

impl<C> Lanes<C> {
    pub(crate) fn new() -> Self {
        Lanes { idle: Mutex::new(Vec::new()) }
    }

    /// Drives a future on this thread; on a thread of its own where this one is a runtime's already.
    pub(crate) fn run<T: Send>(
        &self,
        connect: impl FnOnce() -> C + Send,
        work: impl AsyncFnOnce(&C) -> T + Send,
    ) -> std::io::Result<T>
    where
        C: Send,
    {
        if tokio::runtime::Handle::try_current().is_err() {
            return self.drive(connect, work);
        }
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().spawn_scoped(scope, || self.drive(connect, work))?;
            thread.join().unwrap_or_else(|_| Err(std::io::Error::other("the call panicked")))
        })
    }

    fn drive<T>(&self, connect: impl FnOnce() -> C, work: impl AsyncFnOnce(&C) -> T) -> std::io::Result<T> {
        let kept = lock(&self.idle).pop();
        let (runtime, connections) = match kept {
            Some(lane) => lane,
            None => {
                let runtime = current_thread()?;
                let connections = {
                    let _inside = runtime.enter();
                    connect()
                };
                (runtime, connections)
            }
        };
        // A panic is a defect, of a library below at that (tokio, where the system has no thread to give), and no login is
        // to break by it. What was under way in that lane is not used again.
        let done = catch_unwind(AssertUnwindSafe(|| runtime.block_on(work(&connections))));
        let Ok(done) = done else {
            runtime.shutdown_background();
            return Err(std::io::Error::other("the call panicked"));
        };
        let mut idle = lock(&self.idle);
        if idle.len() < IDLE_LANES {
            idle.push((runtime, connections));
        } else {
            drop(idle);
            runtime.shutdown_background();
        }
        Ok(done)
    }
}

impl<C> Drop for Lanes<C> {
    /// Without waiting: the last user of an engine may be a task, which must not.
    fn drop(&mut self) {
        for (runtime, connections) in lock(&self.idle).drain(..) {
            drop(connections);
            runtime.shutdown_background();
        }
    }
}

/// Turns at the cores, for work that only computes: of fifty hashes at once none would be ready before the last.
pub(crate) struct Turns {
    free: Mutex<usize>,
    freed: Condvar,
}

impl Turns {
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Turns { free: Mutex::new(cores), freed: Condvar::new() }
    }

    /// Waits for a turn, blocking the thread.
    pub(crate) fn take<T>(&self, work: impl FnOnce() -> T) -> T {
        let mut free = lock(&self.free);
        while *free == 0 {
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        drop(free);
        let _back = GiveBack(self);
        work()
    }
}

struct GiveBack<'a>(&'a Turns);

impl Drop for GiveBack<'_> {
    fn drop(&mut self) {
        *lock(&self.0.free) += 1;
        self.0.freed.notify_one();
    }
}

/// One background thread for callers that cannot block: asyncio and Node. Started at first need; stopped
/// and joined when dropped, so that the library may be unloaded afterwards.
pub(crate) struct Driver<C> {
    jobs: Option<mpsc::UnboundedSender<Job<C>>>,
    thread: Option<JoinHandle<()>>,
}

type Job<C> = Box<dyn FnOnce(&Arc<C>) + Send>;

impl<C: Send + Sync + 'static> Driver<C> {
    pub(crate) fn start(connect: impl FnOnce() -> C + Send + 'static) -> std::io::Result<Self> {
        let runtime = current_thread()?;
        let (jobs, mut inbox) = mpsc::unbounded_channel::<Job<C>>();
        let thread = std::thread::Builder::new().name("kinde-migrate".into()).spawn(move || {
            let local = tokio::task::LocalSet::new();
            runtime.block_on(local.run_until(async move {
                let connections = Arc::new(connect());
                while let Some(job) = inbox.recv().await {
                    job(&connections);
                }
            }));
            // What was begun is finished: each verb has its deadline.
            runtime.block_on(local);
        })?;
        Ok(Driver { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Hands a future to the background thread. `work` makes it there.
    pub(crate) fn spawn<F: Future<Output = ()> + 'static>(
        &self,
        work: impl FnOnce(Arc<C>) -> F + Send + 'static,
    ) {
        if let Some(jobs) = &self.jobs {
            // The receiver lives as long as this handle.
            let _ = jobs.send(Box::new(move |connections| {
                tokio::task::spawn_local(work(Arc::clone(connections)));
            }));
        }
    }
}

impl<C> Drop for Driver<C> {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

fn current_thread() -> std::io::Result<Runtime> {
    // The blocking threads resolve names and hash passwords; none stays behind.
    Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .thread_name("kinde-migrate-b")
        .thread_keep_alive(Duration::from_millis(1))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_makes_one_value() {
        let cell = PerProcess::<u32>::new();
        std::thread::scope(|scope| {
            for n in 0..8 {
                let cell = &cell;
                scope.spawn(move || {
                    cell.get_or_make(|before| {
                        assert!(before.is_none());
                        n
                    })
                });
            }
        });
        let first = **cell.get_or_make(|_| 99);
        assert!(first < 8);
        assert_eq!(**cell.get_or_make(|_| 98), first);
    }

    #[test]
    fn a_lane_is_used_again() {
        let lanes = Lanes::<u8>::new();
        assert_eq!(lanes.run(|| 7, async |kept| *kept).unwrap(), 7);
        assert_eq!(lanes.run(|| 8, async |kept| *kept).unwrap(), 7);
    }

    #[test]
    fn a_call_that_panics_is_an_error_and_the_next_one_goes() {
        let lanes = Lanes::<u8>::new();
        assert!(lanes.run(|| 7, async |_| -> u8 { panic!("on purpose") }).is_err());
        assert_eq!(lanes.run(|| 8, async |kept| *kept).unwrap(), 8);
    }

    #[test]
    fn a_driver_finishes_what_was_begun() {
        let driver = Driver::start(|| ()).unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        driver.spawn(move |_| async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            tell.send(()).unwrap();
        });
        drop(driver);
        told.try_recv().unwrap();
    }
}
