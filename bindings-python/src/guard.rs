//! The boundary that no panic crosses.
//!
//! PyO3 turns a panic into `PanicException`, a `BaseException`, which the `except Exception` of a login
//! handler does not see. Here it becomes an ordinary `InternalError`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::prelude::*;

use crate::error;

/// Runs what Python called. Every function that Python can call and that does more than hand out a field
/// begins with it; a test looks for one that does not.
pub(crate) fn guard<T>(work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    // Nothing of ours is looked at again that the panic may have left half done: locks are not poisoned
    // on purpose, and the core's own state is its transaction's.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(error::internal()))
}

/// Panics inside the boundary, for the test of it.
#[pyfunction]
pub(crate) fn _provoke_panic() -> PyResult<()> {
    guard(|| std::panic::resume_unwind(Box::new("provoked")))
}
