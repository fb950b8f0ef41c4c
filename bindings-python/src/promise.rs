//! What asyncio, gevent and eventlet wait for: told whatever happens, and counted until it has been.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;

use crate::error;

thread_local! {
    static TELLING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this is the library's own thread, in the midst of telling somebody.
pub(crate) fn telling() -> bool {
    TELLING.get()
}

/// The calls of one process that were begun and have not reported yet.
pub(crate) struct Pending {
    pid: u32,
    count: Mutex<usize>,
    none: Condvar,
}

impl Pending {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Pending { pid: std::process::id(), count: Mutex::new(0), none: Condvar::new() })
    }

    /// Whether it is this process's. A parent's is never touched: its lock may have been taken at the fork,
    /// and nobody is left to report.
    pub(crate) fn current(&self) -> bool {
        self.pid == std::process::id()
    }

    /// Waits until all have reported: for a verb's deadline at most, as each has one.
    pub(crate) fn wait(&self) {
        if !self.current() {
            return;
        }
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        while *count > 0 {
            count = self.none.wait(count).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn change(&self, change: impl FnOnce(usize) -> usize) {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count = change(*count);
        if *count == 0 {
            self.none.notify_all();
        }
    }
}

/// Somebody awaits this: they are told the result, or `None` if a defect lost it.
pub(crate) struct Promise {
    done: Option<Py<PyAny>>,
    pending: Arc<Pending>,
}

impl Promise {
    pub(crate) fn new(done: Py<PyAny>, pending: Arc<Pending>) -> Self {
        pending.change(|count| count.saturating_add(1));
        Promise { done: Some(done), pending }
    }

    pub(crate) fn keep<T>(mut self, result: T)
    where
        T: for<'py> IntoPyObject<'py, Error: Into<PyErr>>,
    {
        self.tell(|py| result.into_py_any(py));
    }

    /// Nobody needs to be told.
    pub(crate) fn forget(mut self) {
        self.done = None;
    }

    fn tell(&mut self, result: impl FnOnce(Python<'_>) -> PyResult<Py<PyAny>>) {
        let Some(done) = self.done.take() else { return };
        TELLING.set(true);
        // Where there is no interpreter any more, nobody is left to be told.
        let told = catch_unwind(AssertUnwindSafe(|| {
            Python::try_attach(|py| {
                if let Err(error) = result(py).and_then(|result| done.call1(py, (result,))) {
                    error::unraisable(py, error);
                }
                drop(done);
            })
        }));
        drop(told);
        TELLING.set(false);
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.tell(|py| Ok(py.None()));
        self.pending.change(|count| count.saturating_sub(1));
    }
}
