//! How many calls a minute: a learner anchored on the reset.
//!
//! What a 429 says is read in `refusal`: the limit itself, mostly. From then on calls are spaced evenly just below it.
//! Something higher is tried seldom, since each trial that fails costs 429s: a little more after an hour, then more and
//! more while it goes well. After a cut the old limit is looked for sooner.

use super::blob::fields;
use super::recent::{MINUTE, Recent, SECOND};
use super::refusal::{PATIENCE, Refusal};

/// Calls go at this share of the limit: between two arrivals a minute's calls apart there is then 0.15 s to spare for
/// what the network shifts.
const MARGIN: f64 = 0.9975;
/// No limit is believed to be lower. Whoever is refused after fewer calls than these shares the limit with somebody who
/// has used it up, and learns nothing.
pub(super) const LEAST: f64 = 30.0;
/// Nor higher.
const MOST: f64 = 10e6;

/// A 429 without a trial: this much less; a bucket's, if there was one not long ago, more; if what went between
/// the two can be counted, still more, since with less a quota that was halved takes a fourth minute with 429s; and if it was
/// only just, most: then several learn alone.
pub(super) const LESS: f64 = 0.997;
pub(super) const MUCH_LESS: f64 = 0.97;
pub(super) const COUNTED_LESS: f64 = 0.95;
pub(super) const FAR_LESS: f64 = 0.88;
pub(super) const OFTEN: i64 = 2 * MINUTE;
/// Nor is it believed to be less than this share of what was known, at once: somebody else may have used it up.
const WORST: f64 = 0.45;
/// Less than this share of the former limit is a cut, and the former one may return.
pub(super) const CUT: f64 = 0.9;
/// A limit that is not much less than the one after it.
const NEAR: f64 = 0.97;
/// What is tried above a first measure, to take another.
pub(super) const GUESS_STEP: f64 = 0.04;

/// A trial lasts a whole minute whatever the limiter's phase, and a round trip.
const TRIAL: i64 = 62 * SECOND;
/// A limit that was used for so long without a 429 is one: a bucket of a second's calls lasts as long at half a
/// hundredth above its limit.
const SETTLES: i64 = 200 * SECOND;
/// A trial, or the time before one, counts only where so much of what was allowed was used.
const USED: f64 = 0.95;
/// The first step up; doubled while it goes well, since a quota may have been raised by any factor.
const STEP: f64 = 0.01;
const LONGEST_STEP: f64 = 0.5;
/// A limit is kept for an hour (and a quarter of it at random) before a trial: one that fails costs two or three 429s.
const HOLD: i64 = 60 * 60 * SECOND;
const SPREAD: f64 = 0.25;
/// Before a trial, so much time must have been used.
const SOON: i64 = 30 * SECOND;
/// The former limit is looked for four minutes after a pause, by this step up and for so long: of a minute's limiter
/// that began to count at the pause's end, the fifth minute is tried whole. So it is used again five minutes after the
/// last 429 at most, and each of these trials costs one minute with 429s, not two.
const CUT_HOLD: i64 = 238 * SECOND;
const CUT_STEP: f64 = 0.08;
const CUT_TRIAL: i64 = 59_500_000;
/// So often; then it is no longer looked for in particular.
const CUT_TRIALS: u8 = 8;

/// A limit that has neither been used whole nor refused for so long may be wrong: it is doubled. Whoever does not use it
/// loses nothing by that, and the next 429 measures it again.
const UNUSED: i64 = 30 * 60 * SECOND;
/// So much, in calls a minute, is as good as no limit.
const NONE: f64 = 60_000.0;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rate {
    /// The limit as it is known, in calls a minute; 0: nothing is known.
    pub(super) limit: f64,
    /// Since when it has not been used whole; 0: it is.
    pub(super) unused: i64,
    /// Whether it has been measured, or proved right.
    pub(super) known: u8,
    /// Guesses since then.
    pub(super) guesses: u8,
    /// Whether it has been used for a whole trial without a 429, and since when it is what it is.
    pub(super) settled: u8,
    pub(super) since: i64,
    /// The last one that settled.
    pub(super) sure: f64,
    /// A higher one that is being tried; 0: none.
    pub(super) trial: f64,
    pub(super) trial_since: i64,
    /// The next trial: by how much, and when.
    pub(super) step: f64,
    pub(super) next: i64,
    /// The limit before a cut; 0: there was none.
    pub(super) former: f64,
    pub(super) trials: u8,
    /// When a 429 was last learnt from.
    pub(super) event: i64,
    /// When the last pause ended: a minute's limiter counts from there.
    pub(super) reopened: i64,
    /// What went before does not count any more: a bucket does not remember a minute.
    pub(super) counts_from: i64,
    /// When a bucket ran empty first in this run, and 429s since then.
    pub(super) empty: i64,
    pub(super) refused: u32,
    /// Since when nothing has gone through; 0: it does.
    pub(super) closed: i64,
    pub(super) patience: i64,
    pub(super) pause_until: i64,
}
fields!(Rate {
    limit,
    unused,
    known,
    guesses,
    settled,
    since,
    sure,
    trial,
    trial_since,
    step,
    next,
    former,
    trials,
    event,
    reopened,
    counts_from,
    empty,
    refused,
    closed,
    patience,
    pause_until
});

impl Default for Rate {
    fn default() -> Self {
        Rate {
            limit: 0.0,
            unused: 0,
            known: 0,
            guesses: 0,
            settled: 0,
            since: 0,
            sure: 0.0,
            trial: 0.0,
            trial_since: 0,
            step: STEP,
            next: 0,
            former: 0.0,
            trials: 0,
            event: i64::MIN,
            reopened: i64::MIN,
            counts_from: i64::MIN,
            empty: 0,
            refused: 0,
            closed: 0,
            patience: PATIENCE,
            pause_until: i64::MIN,
        }
    }
}

impl Rate {
    /// The limit in force: the one that is tried, or the one that is known.
    pub(crate) fn limit(&self) -> Option<f64> {
        (self.limit > 0.0).then_some(self.trial.max(self.limit))
    }

    /// The limit as it is known, whatever is tried.
    pub(crate) fn found(&self) -> Option<f64> {
        (self.limit > 0.0).then_some(self.limit)
    }

    /// At what rate calls go, in calls a minute.
    pub(crate) fn pace(&self) -> Option<f64> {
        self.limit().map(|limit| limit * MARGIN)
    }

    pub(crate) fn paused_until(&self, now: i64) -> Option<i64> {
        (self.pause_until > now).then_some(self.pause_until)
    }

    /// Nothing goes until the reset, which says nothing of these calls.
    pub(crate) fn pause(&mut self, now: i64, reset: Option<i64>) {
        let pause = reset.unwrap_or(PATIENCE).clamp(0, 2 * MINUTE);
        self.pause_until = self.pause_until.max(now.saturating_add(pause));
    }

    /// When the limit of a minute allows one more, after those that went lately, and `left` to others.
    pub(crate) fn room_at(&self, now: i64, left: f64, recent: &Recent) -> i64 {
        let part = f64::midpoint(MARGIN, 1.0);
        self.limit().map_or(now, |limit| recent.fewer_at(now, self.counts_from, (limit - left) * part))
    }

    /// Whether a higher limit is being tried.
    pub(crate) fn trying(&self) -> bool {
        self.trial > 0.0
    }

    /// Begins and ends trials.
    pub(crate) fn tick(&mut self, now: i64, recent: &Recent) {
        if self.limit == 0.0 {
            return;
        }
        let used = |since: i64, limit: f64| {
            let minutes = now.saturating_sub(since) as f64 / MINUTE as f64;
            recent.between(since, now) >= USED * MARGIN * limit * minutes
        };
        if used(now - SOON, self.trial.max(self.limit)) {
            self.unused = 0;
        } else if self.unused == 0 {
            self.unused = now;
        } else if now.saturating_sub(self.unused) >= UNUSED {
            return self.doubted(now);
        }
        if self.trying() {
            let length = if self.former > 0.0 && self.known != 0 { CUT_TRIAL } else { TRIAL };
            if now.saturating_sub(self.trial_since) < length {
                return;
            }
            if used(now - length, self.trial) {
                self.succeeded(now);
            } else {
                // Nothing has been tried yet.
                self.trial_since = now;
            }
            return;
        }
        if self.settled == 0 && now.saturating_sub(self.since) >= SETTLES && used(now - TRIAL, self.limit) {
            (self.known, self.settled, self.sure) = (1, 1, self.limit);
        }
        if now >= self.next && used(now - SOON, self.limit) {
            self.trial = (self.limit * (1.0 + self.step)).min(MOST);
            self.trial_since = now;
        }
    }

    /// Nobody has tried the limit for long.
    fn doubted(&mut self, now: i64) {
        let limit = 2.0 * self.limit;
        let (event, reopened, pause_until) = (self.event, self.reopened, self.pause_until);
        *self = if limit < NONE {
            Rate { limit, unused: now, next: now.saturating_add(HOLD), ..Rate::default() }
        } else {
            Rate::default()
        };
        (self.event, self.reopened, self.pause_until) = (event, reopened, pause_until);
    }

    fn succeeded(&mut self, now: i64) {
        if self.former > 0.0 && self.known != 0 {
            (self.limit, self.settled, self.step) = (self.former.max(self.trial), 1, STEP);
            (self.former, self.next) = (0.0, now.saturating_add(HOLD));
        } else {
            (self.limit, self.settled, self.step) = (self.trial, 0, (self.step * 2.0).min(LONGEST_STEP));
            self.next = now;
        }
        (self.trial, self.since) = (0.0, now);
    }

    /// The trial was too high, or the limit itself: back to what is known, and a longer hold.
    pub(super) fn missed(&mut self, less: f64, refusal: Refusal) {
        // What has not settled was perhaps too high as well.
        let near = self.sure < self.limit && self.sure > NEAR * self.limit;
        let back = if self.settled == 0 && near { self.sure } else { self.limit };
        // A long step that failed is followed by a shorter one: something higher is known to go.
        let long = self.trying() && self.known != 0 && self.former == 0.0 && self.step > 2.0 * STEP;
        let shorter = (self.step / 4.0).max(STEP);
        self.limit = if self.trying() { back } else { back.min(self.limit * less).max(LEAST) };
        self.held(refusal);
        if long {
            (self.step, self.next) = (shorter, self.pause_until.max(refusal.now).saturating_add(SOON));
        }
    }

    /// The limit has been measured.
    pub(super) fn measured(&mut self, limit: f64, refusal: Refusal) {
        // What has been known and was refused all the same is a little too much.
        let most = if self.known != 0 && !self.trying() { self.limit * LESS } else { MOST };
        self.set(limit.min(most), refusal);
        self.known = 1;
        self.held(refusal);
    }

    /// The limit is about this; something higher is tried at once, that a 429 may measure it.
    pub(super) fn guessed(&mut self, limit: f64, trial: f64, refusal: Refusal) {
        self.set(limit, refusal);
        self.guesses = if self.known == 0 { self.guesses.saturating_add(1) } else { 1 };
        self.known = 0;
        (self.trial, self.step, self.unused) = (trial.clamp(LEAST, MOST), GUESS_STEP, 0);
        self.trial_since = self.pause_until.max(refusal.now);
    }

    fn set(&mut self, limit: f64, refusal: Refusal) {
        let limit = limit.max(WORST * self.limit).clamp(LEAST, MOST);
        if self.settled != 0 && limit < CUT * self.limit {
            self.former = self.former.max(self.limit);
            (self.trial, self.trials) = (0.0, 0);
        }
        (self.limit, self.settled, self.since) = (limit, 0, refusal.now);
    }

    /// No trial for as long as is held.
    fn held(&mut self, refusal: Refusal) {
        if self.trying() && self.former > 0.0 {
            self.trials = self.trials.saturating_add(1);
            if self.trials >= CUT_TRIALS {
                self.former = 0.0;
            }
        }
        let hold = if self.former > 0.0 {
            self.step = CUT_STEP;
            CUT_HOLD
        } else {
            self.step = STEP;
            // Those who learn alone do not try together.
            (HOLD as f64 * (1.0 + SPREAD * refusal.random)) as i64
        };
        (self.trial, self.unused) = (0.0, 0);
        self.next = self.pause_until.max(refusal.now).saturating_add(hold);
    }

    /// The clock began anew.
    pub(crate) fn forget_times(&mut self, now: i64) {
        (self.trial, self.empty, self.closed, self.unused) = (0.0, 0, 0, 0);
        (self.event, self.reopened, self.counts_from) = (i64::MIN, i64::MIN, i64::MIN);
        self.pause_until = i64::MIN;
        self.next = now.saturating_add(HOLD);
    }
}
