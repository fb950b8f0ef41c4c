//! `Drained` and `LedgerStatus`: what is owed, and what became of it.

use std::collections::BTreeMap;

use pyo3::prelude::*;

use crate::guard::guard;

/// What one `drain` did.
#[pyclass(frozen, eq, get_all, module = "kinde_migrate")]
#[derive(PartialEq, Eq)]
pub(crate) struct Drained {
    /// How many were delivered.
    delivered: u32,
    /// How many turned out to be refused for good, and are dead letters now.
    dropped: u32,
    /// How many are still pending.
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
    /// How many users have been carried over.
    carried: u64,
    /// How many deliveries wait in the outbox.
    owed: u64,
    /// The same by what they wait for, a code.
    pending_by_reason: BTreeMap<String, u64>,
    /// Of those that wait, how many are sealed under a client secret that is not known here.
    sealed: u64,
    /// Of those that wait, how many would be lost: held in this process's memory, or in a folder for
    /// temporary files.
    not_durable: u64,
    /// Users whose password was carried as a stored hash that no typed password has proven yet.
    unproven: u64,
    /// How long the oldest delivery has been waiting, in seconds.
    oldest_owed_seconds: Option<u64>,
    /// How many were refused for good.
    dead: u64,
    /// The same by their reason, a code.
    dead_by_reason: BTreeMap<String, u64>,
    /// Whether the ledger is lost with this process.
    in_memory: bool,
    /// Ledgers with pending entries at places that are not used any more: their paths.
    left_behind: Vec<String>,
    /// The last thing that went wrong with Kinde or the ledger, until it goes well again: a code.
    last_error: Option<String>,
    /// Whether Kinde is called just now, as far as anybody on this host knows. `refused`: it does not
    /// accept the client secret, or a scope is missing.
    kinde: &'static str,
    /// In how many seconds Kinde is called again, where it is limited or down.
    retry_in_seconds: Option<u64>,
    /// Answers of 429 (too many calls) so far.
    rate_limited: u64,
    /// Access tokens fetched since the month began, by UTC.
    tokens_this_month: u64,
    /// Calls a minute that Kinde takes, as far as has been learnt.
    limit_per_minute: Option<u64>,
    /// Calls at the same time that Kinde takes, as far as has been learnt.
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
