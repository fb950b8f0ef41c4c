//! Kinde as the simulator imagines it: a limit by the minute, perhaps one in flight, and the header.

use std::collections::VecDeque;
use std::time::Duration;

const MINUTE: i64 = 60_000_000;
const SECOND: i64 = 1_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    /// Minutes that begin with the clock's, wherever the run begins in one.
    Fixed,
    /// Minutes that begin with the first call after the last.
    Opened,
    /// At most the limit in any 60 s.
    Sliding,
    /// A call every 60 s / limit, and a second's worth in advance.
    Gcra,
}

pub(crate) const MODELS: [Model; 4] = [Model::Fixed, Model::Opened, Model::Sliding, Model::Gcra];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// Whole seconds, rounded up, as the documentation says.
    Seconds,
    Milliseconds,
    Absent,
    /// 0 to 120, whatever the truth.
    Wrong,
}

/// An answer of 429, with the header as it stands.
pub(crate) struct Refused(pub(crate) Option<String>);

pub(crate) struct Server {
    model: Model,
    header: Header,
    limit: f64,
    in_flight_limit: Option<u32>,
    in_flight: u32,
    /// When the minute began, and its calls.
    minute: i64,
    used: f64,
    /// When GCRA's next call is due.
    due: f64,
    admitted: VecDeque<i64>,
    /// Where the run begins in a clock's minute.
    phase: i64,
    wrong: u64,
}

impl Server {
    pub(crate) fn new(
        model: Model,
        header: Header,
        limit: f64,
        in_flight_limit: Option<u32>,
        phase: i64,
    ) -> Server {
        Server {
            model,
            header,
            limit,
            in_flight_limit,
            in_flight: 0,
            minute: -2 * MINUTE,
            used: 0.0,
            due: 0.0,
            admitted: VecDeque::new(),
            phase,
            wrong: 7,
        }
    }

    pub(crate) fn set_limit(&mut self, limit: f64) {
        self.limit = limit;
    }

    /// A call arrives.
    pub(crate) fn admit(&mut self, now: i64) -> Result<(), Refused> {
        if self.in_flight_limit.is_some_and(|most| self.in_flight >= most) {
            return Err(Refused(self.says(None)));
        }
        if let Err(wait) = self.count(now) {
            return Err(Refused(self.says(Some(wait))));
        }
        self.in_flight += 1;
        Ok(())
    }

    /// A call's answer leaves.
    pub(crate) fn leave(&mut self) {
        self.in_flight -= 1;
    }

    fn count(&mut self, now: i64) -> Result<(), i64> {
        match self.model {
            Model::Fixed | Model::Opened => {
                if now >= self.minute + MINUTE {
                    let clock = (now + self.phase).div_euclid(MINUTE) * MINUTE - self.phase;
                    self.minute = if self.model == Model::Fixed { clock } else { now };
                    self.used = 0.0;
                }
                if self.used + 1.0 > self.limit {
                    return Err(self.minute + MINUTE - now);
                }
                self.used += 1.0;
            }
            Model::Sliding => {
                while self.admitted.front().is_some_and(|first| first + MINUTE <= now) {
                    self.admitted.pop_front();
                }
                let surplus = self.admitted.len().checked_sub(self.limit as usize);
                if let Some(blocking) = surplus.and_then(|index| self.admitted.get(index)) {
                    return Err(blocking + MINUTE - now);
                }
                self.admitted.push_back(now);
            }
            Model::Gcra => {
                let interval = MINUTE as f64 / self.limit;
                let tolerance = interval * ((self.limit / 60.0).ceil() - 1.0).max(0.0);
                let earliest = self.due - tolerance;
                if (now as f64) < earliest {
                    return Err((earliest - now as f64).ceil() as i64);
                }
                self.due = self.due.max(now as f64) + interval;
            }
        }
        Ok(())
    }

    /// None: too many in flight, where a server may say a second or nothing; here it says nothing.
    fn says(&mut self, wait: Option<i64>) -> Option<String> {
        let wait = wait?;
        match self.header {
            Header::Seconds => {
                Some(wait.div_euclid(SECOND) + i64::from(wait % SECOND > 0)).map(|s| s.to_string())
            }
            Header::Milliseconds => Some((wait / 1000 + 1).to_string()),
            Header::Absent => None,
            Header::Wrong => {
                self.wrong = self
                    .wrong
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                Some(((self.wrong >> 33) % 121).to_string())
            }
        }
    }
}

/// The header as the library reads it.
pub(crate) fn reset(refused: &Refused) -> Option<Duration> {
    refused.0.as_deref().and_then(kinde_migrate::pace::parse_reset)
}
