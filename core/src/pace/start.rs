//! The slow start: how fast the lower classes go while nothing is learnt.

use super::blob::fields;
use super::recent::SECOND;

/// The first calls of the lower classes: an outbox of five entries is not held up.
pub(crate) const BURST: f64 = 15.0;
/// Then so many a minute, …
const START: f64 = 600.0;
/// … doubled in this time: 1,000 a second after 14 s.
const DOUBLING: f64 = 2e6;
/// Whoever has been idle for so long starts anew (as TCP does, RFC 2861).
const IDLE: i64 = 60 * SECOND;

/// A call counts for as long as this, however long it is since the last.
const STRIDE: i64 = SECOND / 2;
/// So many a minute is as good as no limit.
const MOST: f64 = 10e6;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Start {
    /// In calls a minute.
    rate: f64,
    /// When the last call went.
    last: i64,
}
fields!(Start { rate, last });

impl Default for Start {
    fn default() -> Self {
        Start { rate: START, last: i64::MIN }
    }
}

impl Start {
    /// In calls a minute.
    pub(crate) fn pace(&self) -> f64 {
        self.rate
    }

    /// A call goes.
    pub(crate) fn goes(&mut self, now: i64) {
        let idle = now.saturating_sub(self.last).max(0);
        self.rate = if idle < IDLE {
            (self.rate * 2f64.powf(idle.min(STRIDE) as f64 / DOUBLING)).min(MOST)
        } else {
            START
        };
        self.last = now;
    }
}
