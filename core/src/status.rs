//! How things stand, for people and their monitoring.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::code::Code;
use crate::engine::Engine;
use crate::job::{Job, Verb};
use crate::ledger::{Digest, Person};
use crate::turnstile::Turnstile;
use crate::watch::Watch;

/// How the ledger and Kinde stand. The names are the same in every language and in `kinde-migrate status --json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LedgerStatus {
    /// Users carried over.
    pub carried: u64,
    /// Entries of the outbox that wait to be delivered.
    pub owed: u64,
    /// The same by what they wait for (a code's name); an object in JSON.
    #[serde(serialize_with = "as_object")]
    pub pending_by_reason: Vec<(String, u64)>,
    /// Of those that wait, how many are sealed under a client secret that is not known here.
    pub sealed: u64,
    /// Of those that wait, how many would be lost: held in this process's memory, or in a folder for temporary files.
    pub not_durable: u64,
    /// Users whose password was carried as a stored hash that no typed password has proven yet.
    pub unproven: u64,
    /// Age of the oldest entry that waits, in seconds.
    pub oldest_owed_seconds: Option<u64>,
    /// Dead letters: entries that Kinde refused for good.
    pub dead: u64,
    /// Dead letters by their reason (a code's name); an object in JSON.
    #[serde(serialize_with = "as_object")]
    pub dead_by_reason: Vec<(String, u64)>,
    /// Whether anything is held in this process's memory because the ledger's file cannot be used.
    pub in_memory: bool,
    /// Ledgers with pending entries at places that are not used any more: their paths.
    pub left_behind: Vec<String>,
    /// The last thing that went wrong with Kinde or the ledger, until it goes well again: a code's name.
    pub last_error: Option<String>,
    /// How Kinde does, as far as anybody on this host knows.
    pub kinde: KindeState,
    /// In how many seconds Kinde is called again, where it is `limited` or `down`, or asked again where it `refused`.
    pub retry_in_seconds: Option<u64>,
    /// Answers of 429 (too many calls) so far.
    pub rate_limited: u64,
    /// Access tokens fetched since the month began, by UTC. Kinde meters them.
    pub tokens_this_month: u64,
    /// Calls a minute that Kinde takes, as far as has been learnt; none before it has refused any.
    pub limit_per_minute: Option<u64>,
    /// Calls at the same time that Kinde takes, as far as has been learnt; none before it has refused any.
    pub limit_in_flight: Option<u64>,
}

impl LedgerStatus {
    /// As one JSON object, with the names above.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn as_object<S: Serializer>(counts: &[(String, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(counts.iter().map(|(reason, count)| (reason, count)))
}

/// Whether Kinde is called just now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(i32)]
pub enum KindeState {
    /// It is called.
    #[default]
    Up = 1,
    /// It has answered 429, and everybody waits for the reset.
    Limited = 2,
    /// It did not answer, and is tried again from time to time.
    Down = 3,
    /// It does not accept the client secret, or a scope is missing: `last_error` says which.
    Refused = 4,
}

impl KindeState {
    /// The state as every language writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            KindeState::Up => "up",
            KindeState::Limited => "limited",
            KindeState::Down => "down",
            KindeState::Refused => "refused",
        }
    }
}

/// An entry of the outbox that was given up, until somebody retries or drops it.
#[derive(Clone, Debug, Serialize)]
pub struct DeadLetter {
    /// What names it to `retry` and `drop`. It says nothing of the user.
    pub id: String,
    /// The verb: `migrate`, `change_password` or `request_reset`; none if it was sealed under a secret that is not known.
    pub verb: Option<&'static str>,
    /// Why it was given up: a code's name.
    pub reason: String,
    /// The same in words.
    pub message: Option<String>,
    /// The application's own id of the user, where it gave one.
    pub provided_id: Option<String>,
    /// How often it was tried from the outbox.
    pub attempts: u32,
    /// Since when it was owed, in seconds.
    pub age_seconds: u64,
    /// The e-mail address (user name, phone). Never to be logged without need: it is left out of the JSON form.
    #[serde(skip)]
    pub address: Option<String>,
}

pub(crate) fn status(engine: &Arc<Engine>) -> LedgerStatus {
    let tally = engine.ledger.tally();
    let learnt = Turnstile::look(&engine.ledger);
    let (down, error) = Watch::look(&engine.ledger);
    let refused = engine.holdoffs.look(&engine.ledger);
    // First what somebody has to mend.
    let (kinde, retry_in) = match (refused, down, learnt.paused) {
        (Some((_, left)), ..) => (KindeState::Refused, Some(left)),
        (None, Some(left), _) => (KindeState::Down, Some(left)),
        (None, None, Some(left)) => (KindeState::Limited, Some(left)),
        (None, None, None) => (KindeState::Up, None),
    };
    let limited = learnt.paused.map(|_| Code::RateLimited);
    let in_memory = (tally.in_memory && !engine.ledger.by_choice()).then_some(Code::LedgerUnavailable);
    let last_error = refused.map(|(code, _)| code).or(error).or(limited).or(in_memory);
    LedgerStatus {
        carried: tally.carried,
        owed: tally.owed,
        pending_by_reason: tally.pending_by_reason,
        sealed: tally.sealed,
        not_durable: tally.not_durable,
        unproven: tally.unproven,
        oldest_owed_seconds: tally.oldest_owed.map(|age| age.as_secs()),
        dead: tally.dead.iter().map(|(_, count)| count).sum(),
        dead_by_reason: tally.dead,
        in_memory: tally.in_memory,
        left_behind: engine.ledger.left_behind().iter().map(|path| path.display().to_string()).collect(),
        last_error: last_error.map(|code| code.as_str().to_owned()),
        kinde,
        retry_in_seconds: retry_in.map(|left| left.as_secs_f64().ceil() as u64),
        rate_limited: learnt.limited,
        tokens_this_month: tally.tokens_this_month,
        limit_per_minute: learnt.per_minute,
        limit_in_flight: learnt.in_flight,
    }
}

pub(crate) fn dead_letters(engine: &Arc<Engine>, limit: u32) -> Vec<DeadLetter> {
    let letters = engine.ledger.dead(limit).into_iter().map(|dead| {
        let nobody = Person { address: Digest([0; 16]), provided: None };
        let job = dead.text.and_then(|text| Job::from_rest(&text, nobody, 0));
        DeadLetter {
            id: dead.id,
            verb: job.as_ref().map(|job| job.verb).map(Verb::as_str),
            reason: dead.reason,
            message: job.as_ref().and_then(|job| job.why.clone()),
            provided_id: job.as_ref().and_then(|job| job.user.provided_id.clone()),
            attempts: dead.attempts,
            age_seconds: dead.age.as_secs(),
            address: job.map(|job| job.identity.value),
        }
    });
    letters.collect()
}
