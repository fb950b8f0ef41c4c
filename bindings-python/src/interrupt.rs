//! Ctrl-C while a call blocks.

use std::sync::{Mutex, OnceLock, PoisonError};

use pyo3::prelude::*;

/// Asked by the core about every 100 ms, on the calling thread, without the GIL. Python runs signal
/// handlers on its main thread only, so others do not take the GIL for it.
#[derive(Default)]
pub(crate) struct Interrupt {
    on_main_thread: OnceLock<bool>,
    raised: Mutex<Option<PyErr>>,
}

impl Interrupt {
    /// Whether a signal handler has raised, as Ctrl-C's does.
    pub(crate) fn asked(&self) -> bool {
        if self.on_main_thread.get() == Some(&false) {
            return false;
        }
        Python::try_attach(|py| {
            if !*self.on_main_thread.get_or_init(|| on_main_thread(py).unwrap_or(false)) {
                return false;
            }
            let mut raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
            if raised.is_none() {
                *raised = py.check_signals().err();
            }
            raised.is_some()
        })
        .unwrap_or(false)
    }

    /// What the handler raised.
    pub(crate) fn raised(self) -> Option<PyErr> {
        self.raised.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

fn on_main_thread(py: Python<'_>) -> PyResult<bool> {
    let threading = py.import("threading")?;
    let main = threading.call_method0("main_thread")?.getattr("ident")?;
    threading.call_method0("get_ident")?.eq(main)
}
