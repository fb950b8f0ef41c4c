//! What goes back, as plain objects. The names are the same in every language.

use std::collections::HashMap;

use napi_derive::napi;

/// The answer of a verb.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Outcome {
    #[napi(ts_type = "'created' | 'updated' | 'unchanged' | 'queued' | 'skipped' | 'rejected'")]
    pub status: &'static str,
    #[napi(js_name = "kinde_id")]
    pub kinde_id: Option<String>,
    pub calls: u32,
    #[napi(ts_type = "import('./index.js').Code")]
    pub reason: Option<&'static str>,
    pub message: Option<String>,
    pub durable: bool,
    pub notices: Vec<FieldNotice>,
}

impl Outcome {
    /// The outcome of a call in which a defect of this library was caught.
    pub(crate) fn defect(message: &str) -> Self {
        Outcome {
            status: kinde_migrate::Status::Rejected.as_str(),
            kinde_id: None,
            calls: 0,
            reason: Some(kinde_migrate::Code::Internal.as_str()),
            message: Some(message.to_owned()),
            durable: true,
            notices: Vec::new(),
        }
    }
}

/// What was done to one of the user's fields on the way.
#[napi(object, object_from_js = false)]
pub struct FieldNotice {
    #[napi(ts_type = "'field_cleaned' | 'field_left_out'")]
    pub code: &'static str,
    #[napi(ts_type = "string")]
    pub field: &'static str,
}

impl From<kinde_migrate::Outcome> for Outcome {
    fn from(outcome: kinde_migrate::Outcome) -> Self {
        let told = |notice: kinde_migrate::FieldNotice| FieldNotice {
            code: notice.code.as_str(),
            field: notice.field,
        };
        Outcome {
            status: outcome.status.as_str(),
            kinde_id: outcome.kinde_id,
            calls: outcome.calls,
            reason: outcome.reason.map(kinde_migrate::Code::as_str),
            message: outcome.message,
            durable: outcome.durable,
            notices: outcome.notices.into_iter().map(told).collect(),
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

/// What `close` leaves.
#[napi(object, object_from_js = false)]
pub struct Closed {
    pub left: i64,
}

/// How the ledger and Kinde stand.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct LedgerStatus {
    pub carried: i64,
    pub owed: i64,
    #[napi(js_name = "pending_by_reason", ts_type = "Record<string, number>")]
    pub pending_by_reason: HashMap<String, i64>,
    pub sealed: i64,
    #[napi(js_name = "not_durable")]
    pub not_durable: i64,
    pub unproven: i64,
    #[napi(js_name = "oldest_owed_seconds")]
    pub oldest_owed_seconds: Option<i64>,
    pub dead: i64,
    #[napi(js_name = "dead_by_reason", ts_type = "Record<string, number>")]
    pub dead_by_reason: HashMap<String, i64>,
    #[napi(js_name = "in_memory")]
    pub in_memory: bool,
    #[napi(js_name = "left_behind")]
    pub left_behind: Vec<String>,
    #[napi(js_name = "last_error", ts_type = "import('./index.js').Code")]
    pub last_error: Option<String>,
    #[napi(ts_type = "'up' | 'limited' | 'down' | 'refused'")]
    pub kinde: &'static str,
    #[napi(js_name = "retry_in_seconds")]
    pub retry_in_seconds: Option<i64>,
    #[napi(js_name = "rate_limited")]
    pub rate_limited: i64,
    #[napi(js_name = "tokens_this_month")]
    pub tokens_this_month: i64,
    #[napi(js_name = "limit_per_minute")]
    pub limit_per_minute: Option<i64>,
    #[napi(js_name = "limit_in_flight")]
    pub limit_in_flight: Option<i64>,
}

impl From<kinde_migrate::LedgerStatus> for LedgerStatus {
    fn from(status: kinde_migrate::LedgerStatus) -> Self {
        let counts = |counts: Vec<(String, u64)>| {
            counts.into_iter().map(|(reason, count)| (reason, whole(count))).collect()
        };
        LedgerStatus {
            carried: whole(status.carried),
            owed: whole(status.owed),
            pending_by_reason: counts(status.pending_by_reason),
            sealed: whole(status.sealed),
            not_durable: whole(status.not_durable),
            unproven: whole(status.unproven),
            oldest_owed_seconds: status.oldest_owed_seconds.map(whole),
            dead: whole(status.dead),
            dead_by_reason: counts(status.dead_by_reason),
            in_memory: status.in_memory,
            left_behind: status.left_behind,
            last_error: status.last_error,
            kinde: status.kinde.as_str(),
            retry_in_seconds: status.retry_in_seconds.map(whole),
            rate_limited: whole(status.rate_limited),
            tokens_this_month: whole(status.tokens_this_month),
            limit_per_minute: status.limit_per_minute.map(whole),
            limit_in_flight: status.limit_in_flight.map(whole),
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

pub(crate) fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
