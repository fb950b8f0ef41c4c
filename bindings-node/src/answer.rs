//! What goes back, as plain objects. The names are the same in every language.

use napi_derive::napi;

/// The answer of a verb.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Outcome {
    #[napi(ts_type = "'created' | 'updated' | 'unchanged' | 'queued' | 'skipped' | 'rejected'")]
    pub status: &'static str,
    #[napi(js_name = "kinde_id")]
    pub kinde_id: Option<String>,
    pub calls: u32,
    #[napi(ts_type = "string")]
    pub reason: Option<&'static str>,
    pub message: Option<String>,
}

impl From<kinde_migrate::Outcome> for Outcome {
    fn from(outcome: kinde_migrate::Outcome) -> Self {
        Outcome {
            status: outcome.status.as_str(),
            kinde_id: outcome.kinde_id,
            calls: outcome.calls,
            reason: outcome.reason.map(kinde_migrate::Code::as_str),
            message: outcome.message,
        }
    }
}

/// What `drain` did.
#[napi(object, object_from_js = false)]
pub struct Drained {
    pub delivered: u32,
    pub dropped: u32,
    pub left: i64,
}

impl From<kinde_migrate::Drained> for Drained {
    fn from(drained: kinde_migrate::Drained) -> Self {
        Drained { delivered: drained.delivered, dropped: drained.dropped, left: whole(drained.left) }
    }
}

/// How the ledger stands.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct LedgerStatus {
    pub carried: i64,
    pub owed: i64,
    pub dead: i64,
    #[napi(js_name = "oldest_owed_seconds")]
    pub oldest_owed_seconds: Option<i64>,
    #[napi(js_name = "in_memory")]
    pub in_memory: bool,
}

impl From<kinde_migrate::LedgerStatus> for LedgerStatus {
    fn from(status: kinde_migrate::LedgerStatus) -> Self {
        LedgerStatus {
            carried: whole(status.carried),
            owed: whole(status.owed),
            dead: whole(status.dead),
            oldest_owed_seconds: status.oldest_owed_seconds.map(whole),
            in_memory: status.in_memory,
        }
    }
}

/// Something that is said once.
#[napi(object, object_from_js = false)]
pub struct Notice {
    #[napi(ts_type = "string")]
    pub code: &'static str,
    pub message: String,
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
