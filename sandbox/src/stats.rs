//! What was called, and what came of it.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::fault::CallKind;

/// How many calls the ring remembers.
const RING: usize = 1000;

/// The figures of `GET /sandbox/stats`, since the last reset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Tokens issued.
    pub tokens: u64,
    /// Calls to the token endpoint, whatever came of them.
    pub token_calls: u64,
    /// API calls by kind.
    pub calls: CallCounts,
    /// API calls of no such kind: `GET /api/v1/user`, unknown routes, wrong methods.
    pub other: u64,
    /// API calls in all, without the token's.
    pub total: u64,
    /// Answers to API calls by status; a connection that was reset has none.
    pub statuses: BTreeMap<u16, u64>,
    /// API calls refused by one of the limits.
    pub throttled: u64,
    /// Of these, the ones refused for too many in flight.
    pub throttled_in_flight: u64,
    /// API calls admitted and not yet answered.
    pub in_flight: u64,
    /// The most of them at one time.
    pub in_flight_high: u64,
    /// Connections on which something came that is not HTTP.
    pub malformed: u64,
    /// Faults by name, the token endpoint's included.
    pub faults: BTreeMap<String, u64>,
    /// Users there are.
    pub users: u64,
    /// Sign-ins that succeeded.
    pub sign_ins: u64,
    /// Sign-ins that did not.
    pub failed_sign_ins: u64,
}

/// API calls by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallCounts {
    /// `GET /api/v1/users`
    pub check: u64,
    /// `POST /api/v1/user`
    pub create: u64,
    /// `PUT /api/v1/users/{id}/password`
    pub set_password: u64,
    /// `PATCH /api/v1/user`, `PATCH /api/v1/users/{id}`
    pub reset: u64,
}

/// One call, as `GET /sandbox/calls` shows it. Bodies are never kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// The kind.
    pub call: CallKind,
    /// Which of its kind since the last reset.
    pub nth: u64,
    /// The method as sent.
    pub method: String,
    /// The path as sent.
    pub path: String,
    /// The query as sent.
    pub query: Option<String>,
    /// The status answered; none where the connection was reset.
    pub status: Option<u16>,
    /// The fault played.
    pub fault: Option<String>,
    /// Milliseconds since the last reset.
    pub at_ms: u64,
}

/// The counters behind the figures: arrays, since they are touched by every call.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) tokens: u64,
    by_kind: [u64; CallKind::COUNT],
    /// Answers by status less 200.
    statuses: Box<[u64; 400]>,
    pub(crate) throttled: u64,
    pub(crate) throttled_in_flight: u64,
    pub(crate) in_flight_high: u32,
    pub(crate) malformed: u64,
    faults: BTreeMap<&'static str, u64>,
    pub(crate) sign_ins: u64,
    pub(crate) failed_sign_ins: u64,
    ring: VecDeque<CallRecord>,
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            tokens: 0,
            by_kind: [0; CallKind::COUNT],
            statuses: Box::new([0; 400]),
            throttled: 0,
            throttled_in_flight: 0,
            in_flight_high: 0,
            malformed: 0,
            faults: BTreeMap::new(),
            sign_ins: 0,
            failed_sign_ins: 0,
            ring: VecDeque::with_capacity(RING),
        }
    }

    /// Counts a call and says which of its kind it is.
    pub(crate) fn begin(&mut self, call: CallKind) -> u64 {
        match self.by_kind.get_mut(call.index()) {
            Some(count) => {
                *count += 1;
                *count
            }
            None => 0,
        }
    }

    /// Counts what came of a call.
    pub(crate) fn record(&mut self, record: CallRecord, fault: Option<&'static str>) {
        if let Some(name) = fault {
            *self.faults.entry(name).or_default() += 1;
        }
        if record.call != CallKind::Token
            && let Some(count) = record
                .status
                .and_then(|status| usize::from(status).checked_sub(200))
                .and_then(|place| self.statuses.get_mut(place))
        {
            *count += 1;
        }
        if self.ring.len() == RING {
            self.ring.pop_front();
        }
        self.ring.push_back(record);
    }

    /// The last calls, the oldest first.
    pub(crate) fn last(&self, count: usize) -> Vec<CallRecord> {
        let skipped = self.ring.len().saturating_sub(count);
        self.ring.iter().skip(skipped).cloned().collect()
    }

    /// The figures to show.
    pub(crate) fn stats(&self, in_flight: u32, users: usize) -> Stats {
        let count = |call: CallKind| self.by_kind.get(call.index()).copied().unwrap_or(0);
        let calls = CallCounts {
            check: count(CallKind::Check),
            create: count(CallKind::Create),
            set_password: count(CallKind::SetPassword),
            reset: count(CallKind::Reset),
        };
        let other = count(CallKind::Other);
        Stats {
            tokens: self.tokens,
            token_calls: count(CallKind::Token),
            total: calls.check + calls.create + calls.set_password + calls.reset + other,
            calls,
            other,
            statuses: (200..)
                .zip(self.statuses.iter())
                .filter(|(_, count)| **count > 0)
                .map(|(status, count)| (status, *count))
                .collect(),
            throttled: self.throttled,
            throttled_in_flight: self.throttled_in_flight,
            in_flight: u64::from(in_flight),
            in_flight_high: u64::from(self.in_flight_high),
            malformed: self.malformed,
            faults: self.faults.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
            users: users as u64,
            sign_ins: self.sign_ins,
            failed_sign_ins: self.failed_sign_ins,
        }
    }
}
