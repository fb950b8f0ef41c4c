//! The exceptions. Their classes are Python's own (`_errors.py`), so that they can be subclassed, pickled
//! and read like any others.

use kinde_migrate::{Code, Error};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

/// The exception of an error of the core's.
pub(crate) fn raise(error: Error) -> PyErr {
    let code = error.code.as_str();
    Python::attach(|py| match (class(py, &error), error.hash) {
        (Ok(class), Some(hash)) => {
            PyErr::from_type(class, (code, error.message, hash.format, hash.reason, hash.advice))
        }
        (Ok(class), None) => PyErr::from_type(class, (code, error.message)),
        (Err(cause), _) => cause,
    })
}

/// An argument of the wrong type. `message` names it and the cure, and shows no value.
pub(crate) fn argument(message: impl Into<String>) -> PyErr {
    raise(Error::new(Code::ArgumentType, message))
}

/// A panic, caught.
pub(crate) fn internal() -> PyErr {
    let message = "a defect of kinde-migrate was caught; nothing of the application is touched by it. \
        Please report it with the lines on stderr";
    raise(Error::new(Code::Internal, message))
}

fn class<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyType>> {
    static SETTINGS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    static ARGUMENT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    static CLOSED: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    static INTERNAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    static HASH: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let (cell, name) = match error.code {
        _ if error.hash.is_some() => (&HASH, "HashNotImportableError"),
        Code::Internal => (&INTERNAL, "InternalError"),
        Code::Closed => (&CLOSED, "ClosedError"),
        code if code.number() >= 200 && code.number() < 300 => (&ARGUMENT, "ArgumentError"),
        _ => (&SETTINGS, "SettingsError"),
    };
    cell.import(py, "kinde_migrate._errors", name).cloned()
}

/// What went wrong where nobody can be told by an exception, as Python itself does it.
pub(crate) fn unraisable(py: Python<'_>, error: PyErr) {
    error.write_unraisable(py, None);
}
