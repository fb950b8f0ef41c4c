//! The native half of the Python package `kinde_migrate`: it translates types, releases the GIL, catches
//! panics and decides nothing. What it gives to Python is written down in
//! `python/kinde_migrate/_native.pyi`.

mod credential;
mod error;
mod explanation;
mod fields;
mod guard;
mod interrupt;
mod ledger;
mod migrator;
mod outcome;
mod promise;
mod text;
mod user;

// Free-threaded builds of Python do not load abi3 wheels: said in the package's README rather than promised
// untested.
#[pyo3::pymodule(gil_used = true)]
mod _native {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use pyo3::exceptions::PyImportError;
    use pyo3::prelude::*;
    use pyo3::types::PyTuple;

    #[pymodule_export]
    use super::credential::Credential;
    #[pymodule_export]
    use super::explanation::{Explanation, explain_hash, require_importable};
    #[pymodule_export]
    use super::guard::_provoke_panic;
    #[pymodule_export]
    use super::ledger::{Drained, LedgerStatus};
    #[pymodule_export]
    use super::migrator::Migrator;
    #[pymodule_export]
    use super::outcome::Outcome;
    #[pymodule_export]
    use super::user::User;

    /// Classes and exceptions are static: a second interpreter would be handed those of the first. PyO3
    /// does not stop it from importing the module, so this does. `sys` is each interpreter's own.
    fn one_interpreter(py: Python<'_>) -> PyResult<()> {
        static FIRST: AtomicUsize = AtomicUsize::new(0);
        let sys = py.import("sys")?.as_ptr() as usize;
        match FIRST.compare_exchange(0, sys, Ordering::SeqCst, Ordering::SeqCst) {
            Err(first) if first != sys => Err(PyImportError::new_err(
                "kinde_migrate serves one interpreter of a process and is in use by another one; \
                 under mod_wsgi set WSGIApplicationGroup %{GLOBAL}",
            )),
            _ => Ok(()),
        }
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        one_interpreter(module.py())?;
        let names = kinde_migrate::SETTINGS.iter().map(|setting| setting.name);
        module.add("SETTINGS", PyTuple::new(module.py(), names.collect::<Vec<_>>())?)?;
        module.add("USER_FIELDS", PyTuple::new(module.py(), kinde_migrate::USER_FIELDS)?)?;
        module.add("__version__", kinde_migrate::VERSION)
    }
}
