//! `Drained` and `LedgerStatus`: what is owed, and what became of it.

use pyo3::prelude::*;

/// What one `drain` did.
#[pyclass(frozen, eq, get_all, module = "kinde_migrate")]
#[derive(PartialEq, Eq)]
pub(crate) struct Drained {
    delivered: u32,
    dropped: u32,
    left: u64,
}

impl From<kinde_migrate::Drained> for Drained {
    fn from(core: kinde_migrate::Drained) -> Self {
        Drained { delivered: core.delivered, dropped: core.dropped, left: core.left }
    }
}

#[pymethods]
impl Drained {
    fn __repr__(&self) -> String {
        format!("Drained(delivered={}, dropped={}, left={})", self.delivered, self.dropped, self.left)
    }
}

/// What the ledger holds.
#[pyclass(frozen, eq, get_all, module = "kinde_migrate")]
#[derive(PartialEq, Eq)]
pub(crate) struct LedgerStatus {
    carried: u64,
    owed: u64,
    dead: u64,
    oldest_owed_seconds: Option<u64>,
    in_memory: bool,
}

impl From<kinde_migrate::LedgerStatus> for LedgerStatus {
    fn from(core: kinde_migrate::LedgerStatus) -> Self {
        LedgerStatus {
            carried: core.carried,
            owed: core.owed,
            dead: core.dead,
            oldest_owed_seconds: core.oldest_owed_seconds,
            in_memory: core.in_memory,
        }
    }
}

#[pymethods]
impl LedgerStatus {
    fn __repr__(&self) -> String {
        let oldest =
            self.oldest_owed_seconds.map_or_else(|| "None".to_owned(), |seconds| seconds.to_string());
        let memory = if self.in_memory { "True" } else { "False" };
        format!(
            "LedgerStatus(carried={}, owed={}, dead={}, oldest_owed_seconds={oldest}, in_memory={memory})",
            self.carried, self.owed, self.dead
        )
    }
}
