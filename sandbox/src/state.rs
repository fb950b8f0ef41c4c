//! All that a sandbox knows, in one place and on one thread.

use std::time::Instant;

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::answer::{Answer, Refusal};
use crate::fault::draw;
use crate::limiter::Limiter;
use crate::options::{Options, ResetHeader};
use crate::seed::Seeds;
use crate::stats::{Counters, Stats};
use crate::token::Tokens;
use crate::users::Directory;

/// The one header by which a limit makes itself known.
const RATE_LIMIT_RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// What a sandbox knows.
#[derive(Debug)]
pub(crate) struct State {
    /// What it was started with, which a reset goes back to.
    started_with: Options,
    pub(crate) options: Options,
    pub(crate) url: String,
    pub(crate) directory: Directory,
    pub(crate) tokens: Tokens,
    pub(crate) counters: Counters,
    limiter: Option<Limiter>,
    in_flight: u32,
    /// Tells calls of before a reset from those of after it.
    epoch: u64,
    /// When time began: at the start, and again at each reset.
    began: Instant,
}

/// The body of `POST /sandbox/reset`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ResetRequest {
    options: Map<String, Value>,
    keep_tokens: bool,
    users: Seeds,
}

/// A call that was admitted, and in which epoch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Admitted(u64);

impl State {
    pub(crate) fn new(options: Options, url: String) -> Result<Self, getrandom::Error> {
        let mut key = [0; 8];
        getrandom::fill(&mut key)?;
        let mut state = Self {
            started_with: options.clone(),
            options,
            url,
            directory: Directory::new(u64::from_le_bytes(key)),
            tokens: Tokens::new()?,
            counters: Counters::new(),
            limiter: None,
            in_flight: 0,
            epoch: 0,
            began: Instant::now(),
        };
        state.fit_limiter();
        Ok(state)
    }

    /// Milliseconds since the last reset.
    pub(crate) fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The figures to show.
    pub(crate) fn stats(&self) -> Stats {
        self.counters.stats(self.in_flight, self.directory.len())
    }

    /// Lets an API call in, or answers 429.
    pub(crate) fn admit(&mut self) -> Result<Admitted, Box<Answer>> {
        if self.options.max_in_flight.is_some_and(|most| self.in_flight >= most) {
            self.counters.throttled += 1;
            self.counters.throttled_in_flight += 1;
            let reset = self.options.in_flight_reset.then_some(1000);
            return Err(self.throttled(reset));
        }
        let now = self.began.elapsed();
        if let Some(limiter) = &mut self.limiter
            && let Err(wait) = limiter.admit(now)
        {
            self.counters.throttled += 1;
            // In whole milliseconds and never too early.
            let millis = wait.as_micros().div_ceil(1000);
            return Err(self.throttled(Some(u64::try_from(millis).unwrap_or(u64::MAX))));
        }
        self.in_flight += 1;
        self.counters.in_flight_high = self.counters.in_flight_high.max(self.in_flight);
        Ok(Admitted(self.epoch))
    }

    /// Takes back what `admit` gave.
    pub(crate) fn leave(&mut self, admitted: Admitted) {
        if admitted.0 == self.epoch {
            self.in_flight = self.in_flight.saturating_sub(1);
        }
    }

    fn throttled(&self, reset_ms: Option<u64>) -> Box<Answer> {
        let answer = Answer::error(
            StatusCode::TOO_MANY_REQUESTS,
            "TOO_MANY_REQUESTS",
            "Too many requests. Request was throttled.",
        );
        let value = reset_ms.and_then(|millis| match self.options.reset_header {
            ResetHeader::Seconds => Some(millis.div_ceil(1000)),
            ResetHeader::Milliseconds => Some(millis),
            ResetHeader::Absent => None,
            // 0 to 120 s, whatever the truth.
            ResetHeader::Wrong => {
                Some((draw(self.options.seed, u64::MAX, self.counters.throttled) * 121.0) as u64)
            }
        });
        Box::new(match value {
            Some(value) => answer.with_header(RATE_LIMIT_RESET, HeaderValue::from(value)),
            None => answer,
        })
    }

    /// Lays changes over the options in force and clears nothing.
    pub(crate) fn change_options(&mut self, changes: &Map<String, Value>) -> Result<(), Refusal> {
        self.options = self.options.with(changes).map_err(|error| invalid(&error))?;
        self.fit_limiter();
        Ok(())
    }

    /// Clears everything, lays options over those of the start, and puts users in place.
    pub(crate) fn reset(&mut self, request: ResetRequest) -> Result<(), Refusal> {
        self.options = self.started_with.with(&request.options).map_err(|error| invalid(&error))?;
        self.directory.clear();
        if !request.keep_tokens {
            self.tokens.revoke_all();
        }
        self.counters = Counters::new();
        self.limiter = None;
        self.in_flight = 0;
        self.epoch += 1;
        self.began = Instant::now();
        self.fit_limiter();
        for user in request.users.0 {
            user.plant(&mut self.directory)?;
        }
        Ok(())
    }

    /// Makes the limiter what the options say; one of the same model keeps what it counted.
    fn fit_limiter(&mut self) {
        let Options { limit_per_minute, limit_model, limit_burst, .. } = self.options;
        let Some(limit) = limit_per_minute else {
            self.limiter = None;
            return;
        };
        match &mut self.limiter {
            Some(limiter) if limiter.model() == limit_model => {
                limiter.set_limit(limit, limit_burst);
            }
            limiter => *limiter = Some(Limiter::new(limit_model, limit, limit_burst)),
        }
    }
}

fn invalid(error: &crate::options::OptionError) -> Refusal {
    Refusal::bad("INVALID_OPTION", error.to_string())
}
