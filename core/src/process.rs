//! What belongs to one process, and how a forked child comes to its own.
//!
//! A runtime, a socket, a database handle or a mutex that was carried over a `fork` is dead or dangerous
//! in the child. [`PerProcess`] therefore keeps a value together with the process that made it, and compares
//! that before it touches anything, a lock above all. A child never uses and never drops what its
//! parent made: dropping would join threads that are not there.

use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

use once_cell::race::OnceBox;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

use crate::api::Failure;
use crate::code::Code;
use crate::notice::Notices;

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

/// Why something was not driven to its end.
#[derive(Debug)]
pub(crate) enum NotRun {
    /// The system had no descriptor, no thread or no memory to give: nothing was begun.
    Lacking(std::io::Error),
    /// A defect, which was caught.
    Panicked,
}

impl NotRun {
    /// What a call comes to that was to be driven.
    pub(crate) fn failure(&self) -> Failure {
        let (code, message) = match self {
            NotRun::Lacking(error) => (
                Code::ResourcesExhausted,
                format!("this process has no descriptor, thread or memory left for a call to Kinde: {error}"),
            ),
            NotRun::Panicked => {
                (Code::Internal, "a defect of kinde-migrate was caught; please report it".into())
            }
        };
        Failure { perhaps_done: true, ..Failure::new(code, message) }
    }

    /// Tells whoever runs the application, once.
    pub(crate) fn say(&self, notices: &Notices) {
        let Failure { code, message, .. } = self.failure();
        match self {
            NotRun::Lacking(_) => say_lack(notices, &message),
            NotRun::Panicked => {
                notices.say(code, || format!("{message}; what was accepted waits in the outbox"));
            }
        }
    }
}

/// Tells whoever runs the application, once, what this process lacks.
pub(crate) fn say_lack(notices: &Notices, message: &str) {
    notices.say(Code::ResourcesExhausted, || {
        format!(
            "{message}; what was accepted waits in the outbox: raise this process's limits (ulimit -n, ulimit -u, TasksMax \
             of systemd, pids of a container)"
        )
    });
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
    ) -> Result<T, NotRun>
    where
        C: Send,
    {
        if tokio::runtime::Handle::try_current().is_err() {
            return self.drive(connect, work);
        }
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new()
                .spawn_scoped(scope, || self.drive(connect, work))
                .map_err(NotRun::Lacking)?;
            thread.join().unwrap_or(Err(NotRun::Panicked))
        })
    }

    fn drive<T>(&self, connect: impl FnOnce() -> C, work: impl AsyncFnOnce(&C) -> T) -> Result<T, NotRun> {
        let kept = lock(&self.idle).pop();
        let (runtime, connections) = match kept {
            Some(lane) => lane,
            None => {
                let runtime = current_thread().map_err(NotRun::Lacking)?;
                (runtime, connect())
            }
        };
        // A panic is a defect, perhaps of a library below, and no login is to break by it. What was under way in that lane is
        // not used again.
        // Pinned here: a verb's future has tens of kilobytes, which the runtime would move.
        let done = catch_unwind(AssertUnwindSafe(|| runtime.block_on(pin!(work(&connections)))));
        let Ok(done) = done else {
            runtime.shutdown_background();
            return Err(NotRun::Panicked);
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

thread_local! {
    static BARE: Cell<bool> = const { Cell::new(false) };
}

/// How often a future is looked at that no timer wakes.
const LOOK: Duration = Duration::from_millis(20);

/// Whether this thread drives a future without a runtime: it has no timers then, and looks at the clock itself.
pub(crate) fn is_bare() -> bool {
    BARE.get()
}

/// Drives a future on this thread without a runtime, for which there may be no descriptor left. The future must use no
/// timer and no connection; what it waits for is looked at every [`LOOK`] at least.
pub(crate) fn drive_bare<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    /// Also where the future panics.
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            BARE.set(self.0);
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    let _before = Before(BARE.replace(true));
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return done;
        }
        std::thread::park_timeout(LOOK);
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

    /// Whether the thread is there to take what it is given.
    pub(crate) fn runs(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
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

/// Nothing that is driven here asks for a thread of the runtime's own: it panics where the system has none to give.
fn current_thread() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_io().enable_time().build()
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
    fn without_a_runtime_a_future_ends_too() {
        let (tell, told) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(5));
            tell.send(7).unwrap();
        });
        assert_eq!(drive_bare(async { (is_bare(), told.await.unwrap()) }), (true, 7));
        assert!(!is_bare());
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
