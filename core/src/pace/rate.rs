//! How many calls a minute: a learner anchored on the reset.
//!
//! Before the first 429 the lower classes start slowly. A 429 whose reset is seconds away comes from a limiter that
//! counts a minute's calls: those sent since the minute began are the limit. A shorter one comes from a bucket that
//! has run empty: the calls between two such moments, by the time between them, are the limit. From then on calls are
//! spaced evenly just below it. Something higher is tried seldom, since each trial that fails costs 429s: a little
//! after a long hold, then more and more while it goes well. After a cut the old limit is looked for sooner.

use super::blob::fields;
use super::recent::{MINUTE, Recent};

const SECOND: i64 = 1_000_000;
/// Calls go at this share of the limit: between two arrivals a minute's calls apart there is then 0.2 s to spare for
/// what the network shifts.
const MARGIN: f64 = 0.9965;
/// No limit is believed to be lower: one call every 6 s.
const LEAST: f64 = 10.0;
/// Nor higher.
const MOST: f64 = 10e6;

/// The first calls of the lower classes: an outbox of five entries is not held up.
pub(crate) const BURST: f64 = 15.0;
/// Then so many a minute, …
const START: f64 = 600.0;
/// … doubled in this time: 1,000 a second after 14 s.
const DOUBLING: f64 = 2e6;
/// Whoever has been idle for so long starts anew (as TCP does, RFC 2861).
const IDLE: i64 = 60 * SECOND;

/// A reset that is farther away comes from a limiter that counts a minute's calls; a bucket asks for less, and so does
/// a limiter of calls in flight.
pub(crate) const LONG: i64 = 2 * SECOND;
/// A count of fewer than this share of what is known does not fit the reset that it was taken by.
const FITS: f64 = 0.2;
/// A limit that appears to be this share of what is known is the same limit.
const SAME: f64 = 0.98;
/// A 429 without a trial: this much less.
const LESS: f64 = 0.995;
/// Less than this share of the former limit is a cut, and the former one may return.
const CUT: f64 = 0.9;
/// A bucket's 429s in one run: not farther apart than this.
const RUN: i64 = 60 * SECOND;
/// What is tried first when a bucket's limit is not known: the rate at which it ran empty was above it.
const BUCKET: f64 = 0.7;

/// A trial lasts a whole minute whatever the limiter's phase, and a round trip.
const TRIAL: i64 = 62 * SECOND;
/// A trial, or the time before one, counts only where so much of what was allowed was used.
const USED: f64 = 0.95;
/// The first step up; doubled while it goes well, since a quota may have been raised by any factor.
const STEP: f64 = 0.01;
const LONGEST_STEP: f64 = 0.5;
/// A limit that is known to a hundredth is kept so long; twice as long after each trial that fails.
const HOLD: i64 = 20 * 60 * SECOND;
const LONGEST_HOLD: i64 = 60 * 60 * SECOND;
/// One that is not known so well is tried after this.
const SOON: i64 = 30 * SECOND;
/// The former limit is looked for after this, so that it is used again within five minutes of its return, …
const CUT_HOLD: i64 = 205 * SECOND;
/// … by this step up.
const CUT_STEP: f64 = 0.04;

/// The wait after a 429 without a reset; doubled while nothing goes through.
const PATIENCE: i64 = SECOND;
const LONGEST_PATIENCE: i64 = 8 * SECOND;
/// When nothing went through for so long, it was no bucket but a minute's limiter.
const CLOSED: i64 = 5 * SECOND;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rate {
    /// The limit as it is known, in calls a minute; 0: nothing is known.
    limit: f64,
    /// A higher one that is being tried; 0: none.
    trial: f64,
    trial_since: i64,
    /// The next trial: by how much, when, and how long the hold before it is.
    step: f64,
    next: i64,
    hold: i64,
    /// The limit before a cut; 0: there was none.
    former: f64,
    /// When a 429 was last learnt from.
    event: i64,
    /// When a bucket ran empty first in this run, and 429s since then.
    empty: i64,
    refused: u32,
    /// Since when nothing has gone through; 0: it does.
    closed: i64,
    patience: i64,
    pause_until: i64,
    /// The slow start's rate, in calls a minute, and its last call.
    start: f64,
    started: i64,
}
fields!(Rate {
    limit,
    trial,
    trial_since,
    step,
    next,
    hold,
    former,
    event,
    empty,
    refused,
    closed,
    patience,
    pause_until,
    start,
    started
});

impl Default for Rate {
    fn default() -> Self {
        Rate {
            limit: 0.0,
            trial: 0.0,
            trial_since: 0,
            step: STEP,
            next: 0,
            hold: HOLD,
            former: 0.0,
            event: i64::MIN,
            empty: 0,
            refused: 0,
            closed: 0,
            patience: PATIENCE,
            pause_until: i64::MIN,
            start: START,
            started: i64::MIN,
        }
    }
}

/// What a 429 says about time.
#[derive(Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) now: i64,
    pub(crate) sent_at: i64,
    pub(crate) reset: Option<i64>,
    pub(crate) random: f64,
}

impl Rate {
    /// The limit in force: the one that is tried, or the one that is known.
    pub(crate) fn limit(&self) -> Option<f64> {
        (self.limit > 0.0).then_some(self.trial.max(self.limit))
    }

    /// At what rate calls go, in calls a minute.
    pub(crate) fn pace(&self) -> Option<f64> {
        self.limit().map(|limit| limit * MARGIN)
    }

    /// The slow start's rate, in calls a minute.
    pub(crate) fn start(&self) -> f64 {
        self.start
    }

    pub(crate) fn paused_until(&self, now: i64) -> Option<i64> {
        (self.pause_until > now).then_some(self.pause_until)
    }

    /// Nothing goes until the reset, which says nothing of these calls.
    pub(crate) fn pause(&mut self, now: i64, reset: Option<i64>) {
        let pause = reset.unwrap_or(PATIENCE).clamp(0, 2 * MINUTE);
        self.pause_until = self.pause_until.max(now.saturating_add(pause));
    }

    /// Whether a higher limit is being tried.
    pub(crate) fn trying(&self) -> bool {
        self.trial > 0.0
    }

    /// A call of a lower class goes.
    pub(crate) fn goes(&mut self, now: i64) {
        if self.limit > 0.0 {
            return;
        }
        let idle = now.saturating_sub(self.started);
        self.start = match idle {
            ..0 => self.start,
            0..IDLE => (self.start * 2f64.powf(idle.min(500_000) as f64 / DOUBLING)).min(MOST),
            IDLE.. => START,
        };
        self.started = now;
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
        if self.trying() {
            if now.saturating_sub(self.trial_since) < TRIAL {
                return;
            }
            if used(now - TRIAL, self.trial) {
                self.succeeded(now);
            } else {
                // Nothing has been tried yet.
                self.trial_since = now;
            }
        } else if now >= self.next && used(now - SOON, self.limit) {
            self.trial = (self.limit * (1.0 + self.step)).min(MOST);
            self.trial_since = now;
        }
    }

    fn succeeded(&mut self, now: i64) {
        self.limit = self.trial.max(self.former);
        self.step = if self.former > 0.0 { STEP } else { (self.step * 2.0).min(LONGEST_STEP) };
        self.next = if self.former > 0.0 { now.saturating_add(HOLD) } else { now };
        self.hold = HOLD;
        (self.trial, self.former) = (0.0, 0.0);
    }

    /// The trial was too high, or the limit itself: back to what is known, and a longer hold.
    fn missed(&mut self, refusal: Refusal) {
        if !self.trying() {
            self.limit = (self.limit * LESS).max(LEAST);
        } else if self.former > 0.0 {
            self.hold = self.hold.saturating_add(self.hold / 4);
            if self.hold >= HOLD {
                (self.former, self.step) = (0.0, STEP);
            }
        } else if self.step > 2.0 * STEP {
            (self.step, self.hold) = ((self.step / 4.0).max(STEP), SOON);
        } else {
            (self.step, self.hold) = (STEP, self.hold.max(HOLD / 2).saturating_mul(2).min(LONGEST_HOLD));
        }
        self.held(refusal);
    }

    /// No trial for as long as is held.
    fn held(&mut self, Refusal { now, random, .. }: Refusal) {
        self.trial = 0.0;
        self.next = now.saturating_add((self.hold as f64 * (1.0 + 0.1 * random)) as i64);
    }

    /// The limit is this, and how it is looked for from here.
    fn learnt(&mut self, limit: f64, step: f64, hold: i64, refusal: Refusal) {
        let limit = limit.clamp(LEAST, MOST);
        if limit < CUT * self.limit {
            self.former = self.former.max(self.limit);
            (self.step, self.hold) = (CUT_STEP, CUT_HOLD);
        } else if self.former == 0.0 {
            (self.step, self.hold) = (step, hold);
        }
        self.limit = limit;
        self.held(refusal);
    }

    /// A 429 for the calls of a minute.
    pub(crate) fn limited(&mut self, refusal: Refusal, recent: &Recent) {
        let Refusal { now, sent_at, reset, .. } = refusal;
        self.refused = self.refused.saturating_add(1);
        let told = reset.unwrap_or(0).clamp(0, 2 * MINUTE);
        let fits = told >= LONG && self.fits(refusal, told, recent);
        let repeated = self.closed != 0 && sent_at > self.event;
        if sent_at > self.event {
            if fits {
                self.minute(refusal, Self::began(refusal, told), sent_at, recent);
            } else if !repeated {
                self.bucket(refusal, recent);
            }
            self.event = now;
        }
        let pause = if fits {
            told
        } else {
            if self.closed == 0 {
                (self.closed, self.patience) = (sent_at.max(1), PATIENCE);
            } else if repeated {
                self.patience = self.patience.saturating_mul(2).min(LONGEST_PATIENCE);
            }
            match reset {
                Some(_) if told < LONG && !repeated => told.max(100_000),
                _ => self.patience,
            }
        };
        self.pause_until = self.pause_until.max(now.saturating_add(pause));
    }

    /// When the minute began that ends with the reset: the call reached Kinde half a round trip after it was sent.
    fn began(Refusal { now, sent_at, .. }: Refusal, told: i64) -> i64 {
        let arrived = sent_at.saturating_add(now.saturating_sub(sent_at) / 2);
        arrived.saturating_add(told).saturating_sub(MINUTE)
    }

    /// Whether the calls since the minute began can be a limit.
    fn fits(&self, refusal: Refusal, told: i64, recent: &Recent) -> bool {
        let began = Self::began(refusal, told).saturating_sub(SECOND);
        let known = if self.limit > 0.0 {
            self.limit
        } else {
            recent.between(refusal.sent_at.saturating_sub(MINUTE), refusal.sent_at)
        };
        told <= MINUTE + SECOND && recent.between(began, refusal.sent_at) >= FITS * known
    }

    /// A minute that began at `began` was used up by `end`.
    fn minute(&mut self, refusal: Refusal, began: i64, end: i64, recent: &Recent) {
        // A reset in whole seconds is up to one too late.
        let most = recent.between(began.saturating_sub(SECOND), end);
        let least = recent.between(began, end);
        // If nothing went before, the first call opened the minute, or came later than it did.
        let opened = recent.between(began.saturating_sub(3 * SECOND), began.saturating_sub(SECOND)) < 0.5;
        let count = if opened { most } else { least };
        if self.limit > 0.0 && most >= SAME * self.limit {
            self.missed(refusal);
        } else if self.limit > 0.0 {
            self.learnt(count, CUT_STEP, CUT_HOLD, refusal);
        } else if opened {
            self.learnt(count, STEP, HOLD, refusal);
        } else {
            self.learnt(count, 2.0 * STEP, SOON, refusal);
        }
        self.empty = 0;
    }

    /// A bucket ran empty.
    fn bucket(&mut self, refusal: Refusal, recent: &Recent) {
        let Refusal { now, sent_at, .. } = refusal;
        let run = sent_at.saturating_sub(self.empty);
        if self.empty == 0 || !(0..=RUN).contains(&run) {
            (self.empty, self.refused) = (sent_at, 1);
            if self.limit > 0.0 {
                self.missed(refusal);
            } else {
                let lately = recent.between(now.saturating_sub(5 * SECOND), now);
                let seconds = recent.busy(now.saturating_sub(5 * SECOND), now).max(SECOND) as f64 / 1e6;
                self.learnt(BUCKET * lately / seconds * 60.0, 2.0 * STEP, SOON, refusal);
            }
            return;
        }
        if run < SECOND {
            return;
        }
        // What went between two moments when it was empty is what it let through.
        let through = recent.between(self.empty, sent_at) - f64::from(self.refused) - 1.0;
        let limit = through * MINUTE as f64 / run as f64;
        if limit < LESS * self.limit {
            self.learnt(limit.max(0.5 * self.limit), 2.0 * STEP, SOON, refusal);
        } else {
            self.missed(refusal);
        }
    }

    /// A call went through.
    pub(crate) fn went_well(&mut self, now: i64, sent_at: i64, random: f64, recent: &Recent) {
        if self.closed == 0 || sent_at <= self.closed || sent_at <= self.event {
            return;
        }
        let closed = std::mem::take(&mut self.closed);
        if sent_at.saturating_sub(closed) >= CLOSED {
            let refusal = Refusal { now, sent_at, reset: None, random };
            self.minute(refusal, sent_at.saturating_sub(MINUTE), closed, recent);
        }
    }

    /// Where calls are refused without a reset, one at a time finds out whether they still are.
    pub(crate) fn tries(&mut self, now: i64, trip: f64) {
        if self.closed != 0 {
            self.pause_until =
                self.pause_until.max(now.saturating_add((2.0 * trip) as i64).saturating_add(SECOND / 4));
        }
    }

    /// The clock began anew.
    pub(crate) fn forget_times(&mut self, now: i64) {
        (self.trial, self.empty, self.closed) = (0.0, 0, 0);
        (self.event, self.pause_until, self.started) = (i64::MIN, i64::MIN, i64::MIN);
        self.next = now.saturating_add(self.hold);
    }
}
