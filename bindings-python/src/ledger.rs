//! `Drained` and `LedgerStatus`: what is owed, and what became of it.

use std::collections::BTreeMap;

use pyo3::prelude::*;

use crate::guard::guard;

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

/// How the ledger and Kinde stand.
#[pyclass(frozen, eq, get_all, module = "kinde_migrate")]
#[derive(PartialEq, Eq)]
pub(crate) struct LedgerStatus {
    carried: u64,
    owed: u64,
    pending_by_reason: BTreeMap<String, u64>,
    sealed: u64,
    not_durable: u64,
    unproven: u64,
    oldest_owed_seconds: Option<u64>,
    dead: u64,
    dead_by_reason: BTreeMap<String, u64>,
    in_memory: bool,
    left_behind: Vec<String>,
    last_error: Option<String>,
    kinde: &'static str,
    retry_in_seconds: Option<u64>,
    rate_limited: u64,
    tokens_this_month: u64,
    limit_per_minute: Option<u64>,
    limit_in_flight: Option<u64>,
}

impl From<kinde_migrate::LedgerStatus> for LedgerStatus {
    fn from(core: kinde_migrate::LedgerStatus) -> Self {
        LedgerStatus {
            carried: core.carried,
            owed: core.owed,
            pending_by_reason: core.pending_by_reason.into_iter().collect(),
            sealed: core.sealed,
            not_durable: core.not_durable,
            unproven: core.unproven,
            oldest_owed_seconds: core.oldest_owed_seconds,
            dead: core.dead,
            dead_by_reason: core.dead_by_reason.into_iter().collect(),
            in_memory: core.in_memory,
            left_behind: core.left_behind,
            last_error: core.last_error,
            kinde: core.kinde.as_str(),
            retry_in_seconds: core.retry_in_seconds,
            rate_limited: core.rate_limited,
            tokens_this_month: core.tokens_this_month,
            limit_per_minute: core.limit_per_minute,
            limit_in_flight: core.limit_in_flight,
        }
    }
}

#[pymethods]
impl LedgerStatus {
    /// Python writes its own values.
    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        guard(|| {
            let fields = FIELDS.iter().map(|name| Ok(format!("{name}={}", slf.getattr(name)?.repr()?)));
            Ok(format!("LedgerStatus({})", fields.collect::<PyResult<Vec<_>>>()?.join(", ")))
        })
    }
}

const FIELDS: [&str; 18] = [
    "carried",
    "owed",
    "pending_by_reason",
    "sealed",
    "not_durable",
    "unproven",
    "oldest_owed_seconds",
    "dead",
    "dead_by_reason",
    "in_memory",
    "left_behind",
    "last_error",
    "kinde",
    "retry_in_seconds",
    "rate_limited",
    "tokens_this_month",
    "limit_per_minute",
    "limit_in_flight",
];
