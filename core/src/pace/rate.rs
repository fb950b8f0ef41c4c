//! How many calls a minute: a learner anchored on the reset.
//!
//! Before the first 429 the lower classes start slowly. A 429 whose reset is seconds away comes from a limiter that
//! counts a minute's calls: those sent since the minute began are the limit. A shorter one comes from a bucket that
//! has run empty: the calls between two such moments, by the time between them, are the limit. From then on calls are
//! spaced evenly just below it. Something higher is tried seldom, since each trial that fails costs 429s: a little
//! after an hour, then more and more while it goes well. After a cut the old limit is looked for sooner.

use super::blob::fields;
use super::recent::{MINUTE, Recent};

const SECOND: i64 = 1_000_000;
/// Calls go at this share of the limit: between two arrivals a minute's calls apart there is then 0.15 s to spare for
/// what the network shifts.
const MARGIN: f64 = 0.9975;
/// No limit is believed to be lower. Whoever is refused after fewer calls than these shares the limit with somebody who
/// has used it up, and learns nothing.
const LEAST: f64 = 30.0;
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
/// A 429 without a trial: this much less; a bucket's, if there was one not long ago, more.
const LESS: f64 = 0.997;
const MUCH_LESS: f64 = 0.98;
const OFTEN: i64 = 2 * MINUTE;
/// Nor is it believed to be less than this share of what was known, at once: somebody else may have used it up.
const WORST: f64 = 0.45;
/// Less than this share of the former limit is a cut, and the former one may return.
const CUT: f64 = 0.9;
/// A limit that is not much less than the one after it.
const NEAR: f64 = 0.97;
/// A minute's limit that is met for the first time so soon may be a bucket's, and the header another unit; one that is so
/// low may be what somebody else has left. It is tried after this.
const DOUBTFUL: i64 = 6 * SECOND;
const LOW: f64 = 100.0;
const DOUBT: i64 = 5 * MINUTE;
/// A bucket's 429s in one run: not farther apart than this; and so far at least that the calls between them are as many
/// as a hundredth of the limit can be told by.
const RUN: i64 = 60 * SECOND;
const MEASURED: i64 = 15 * SECOND;
const COUNTED: f64 = 60.0;
/// What is measured by fewer calls is a few hundredths too low where the bucket is small and overflowed meanwhile: it is
/// tried sooner.
const PRECISE: f64 = 100.0;
const UNSURE: i64 = 2 * MINUTE;
/// So many guesses have to do.
const GUESSES: u8 = 4;
/// The rate at which a bucket ran empty is that of this time, and above the limit: of it, what is taken for the limit,
/// and what is tried to measure it.
const LATELY: i64 = 2 * SECOND;
const BELOW: f64 = 0.75;
const TRIED: f64 = 0.92;
/// What is tried above a first measure, to take another.
const GUESS_STEP: f64 = 0.04;
/// This is tried in order to meet a limit that is known about.
const ABOVE: f64 = 1.05;
/// A minute's calls less a bucket of a second's.
const HELD: f64 = 59.0 / 60.0;

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

/// The wait after a 429 without a reset; doubled while nothing goes through.
const PATIENCE: i64 = SECOND;
const LONGEST_PATIENCE: i64 = 8 * SECOND;
/// When nothing went through for so long, it was no bucket but a minute's limiter.
const CLOSED: i64 = 5 * SECOND;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rate {
    /// The limit as it is known, in calls a minute; 0: nothing is known.
    limit: f64,
    /// Whether it has been measured, or proved right.
    known: u8,
    /// Guesses since then.
    guesses: u8,
    /// Whether it has been used for a whole trial without a 429, and since when it is what it is.
    settled: u8,
    since: i64,
    /// The last one that settled.
    sure: f64,
    /// A higher one that is being tried; 0: none.
    trial: f64,
    trial_since: i64,
    /// The next trial: by how much, and when.
    step: f64,
    next: i64,
    /// The limit before a cut; 0: there was none.
    former: f64,
    trials: u8,
    /// When a 429 was last learnt from.
    event: i64,
    /// When the last pause ended: a minute's limiter counts from there.
    reopened: i64,
    /// What went before does not count any more: a bucket does not remember a minute.
    counts_from: i64,
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
    pause_until,
    start,
    started
});

impl Default for Rate {
    fn default() -> Self {
        Rate {
            limit: 0.0,
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

    /// When the limit of a minute allows one more, after those that went lately, and `left` to others.
    pub(crate) fn room_at(&self, now: i64, left: f64, recent: &Recent) -> i64 {
        let part = f64::midpoint(MARGIN, 1.0);
        self.limit().map_or(now, |limit| recent.fewer_at(now, self.counts_from, (limit - left) * part))
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
    fn missed(&mut self, less: f64, refusal: Refusal) {
        // What has not settled was perhaps too high as well.
        let near = self.sure < self.limit && self.sure > NEAR * self.limit;
        let back = if self.settled == 0 && near { self.sure } else { self.limit };
        self.limit = if self.trying() { back } else { back.min(self.limit * less).max(LEAST) };
        self.held(refusal);
    }

    /// The limit has been measured.
    fn measured(&mut self, limit: f64, refusal: Refusal) {
        // What has been known and was refused all the same is a little too much.
        let most = if self.known != 0 && !self.trying() { self.limit * LESS } else { MOST };
        self.set(limit.min(most), refusal);
        self.known = 1;
        self.held(refusal);
    }

    /// The limit is about this; something higher is tried at once, that a 429 may measure it.
    fn guessed(&mut self, limit: f64, trial: f64, refusal: Refusal) {
        self.set(limit, refusal);
        self.guesses = if self.known == 0 { self.guesses.saturating_add(1) } else { 1 };
        self.known = 0;
        (self.trial, self.step) = (trial.clamp(LEAST, MOST), GUESS_STEP);
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
        self.trial = 0.0;
        self.next = self.pause_until.max(refusal.now).saturating_add(hold);
    }

    /// A 429 for the calls of a minute.
    pub(crate) fn limited(&mut self, refusal: Refusal, recent: &Recent) {
        let Refusal { now, sent_at, reset, .. } = refusal;
        let told = reset.unwrap_or(0).clamp(0, 2 * MINUTE);
        let fits = told >= LONG && self.fits(refusal, told, recent);
        let news = sent_at > self.event;
        let repeated = self.closed != 0 && news;
        let reopened = self.reopened;
        let pause = if (LONG..=MINUTE + SECOND).contains(&told) {
            told
        } else {
            if self.closed == 0 {
                (self.closed, self.patience) = (sent_at.max(1), PATIENCE);
            } else if repeated {
                self.patience = self.patience.saturating_mul(2).min(LONGEST_PATIENCE);
            }
            match reset {
                Some(_) if told < LONG && !repeated => told.max(SECOND / 10),
                _ => self.patience,
            }
        };
        self.pause_until = self.pause_until.max(Self::arrived(refusal).saturating_add(pause));
        self.reopened = self.pause_until;
        // Those that were on their way when it was learnt say nothing new.
        if news && fits {
            self.minute(refusal, Self::began(refusal, told), sent_at, reopened, recent);
        } else if news && !repeated {
            self.bucket(refusal, recent);
        }
        if news {
            self.event = now;
        }
        self.refused = self.refused.saturating_add(u32::from(sent_at > self.empty));
    }

    /// When the call reached Kinde, which is when the reset was told: half a round trip after it was sent.
    fn arrived(Refusal { now, sent_at, .. }: Refusal) -> i64 {
        sent_at.saturating_add(now.saturating_sub(sent_at) / 2)
    }

    /// When the minute began that ends with the reset.
    fn began(refusal: Refusal, told: i64) -> i64 {
        Self::arrived(refusal).saturating_add(told).saturating_sub(MINUTE)
    }

    /// Whether the calls since the minute began can be a limit.
    fn fits(&self, refusal: Refusal, told: i64, recent: &Recent) -> bool {
        let began = Self::began(refusal, told).saturating_sub(SECOND);
        let known = if self.limit > 0.0 {
            self.limit
        } else {
            recent.between(refusal.sent_at.saturating_sub(MINUTE), refusal.sent_at)
        };
        told <= MINUTE + SECOND
            && recent.between(began, refusal.sent_at) >= FITS * known
    }

    /// A minute that began at `began` was used up by `end`.
    fn minute(&mut self, refusal: Refusal, began: i64, end: i64, reopened: i64, recent: &Recent) {
        // A reset in whole seconds is up to one too late.
        let early = began.saturating_sub(SECOND);
        let (least, most) = (recent.between(began, end), recent.between(early, end));
        // Unless nothing went before: then all since count, and the call that was refused does not.
        let quiet = recent.between(early.saturating_sub(2 * SECOND), early) < 0.5;
        let exact = if (early.saturating_sub(SECOND / 2)..=began).contains(&reopened) {
            Some(recent.between(reopened, end) - 1.0)
        } else {
            quiet.then_some(most - 1.0)
        };
        self.empty = 0;
        let doubtful = self.limit == 0.0 && (recent.busy(early, end) < DOUBTFUL || most < LOW);
        match exact {
            _ if self.limit == 0.0 && most < LEAST => return,
            Some(count) => self.measured(count, refusal),
            None if self.limit == 0.0 => self.guessed(least, most * ABOVE, refusal),
            None if most >= SAME * self.limit => self.missed(LESS, refusal),
            None => self.measured(least, refusal),
        }
        if doubtful {
            self.next = self.next.min(self.pause_until.saturating_add(DOUBT));
        }
    }

    /// A bucket ran empty.
    fn bucket(&mut self, refusal: Refusal, recent: &Recent) {
        let Refusal { now, sent_at, .. } = refusal;
        // No limiter lets through more than its limit in a minute, but what a bucket holds in the beginning.
        let minute = recent.between(sent_at.saturating_sub(MINUTE), sent_at) * HELD;
        let least = if self.sure == 0.0 { minute } else { 0.0 };
        if self.sure > 0.0 {
            self.counts_from = now;
        }
        let run = sent_at.saturating_sub(self.empty);
        if self.empty == 0 || !(0..=RUN).contains(&run) {
            let often = self.empty != 0 && run < OFTEN;
            (self.empty, self.refused) = (sent_at, 0);
            if self.known != 0 {
                self.missed(if often { MUCH_LESS } else { LESS }, refusal);
            } else if self.limit > 0.0 && self.guesses >= GUESSES {
                self.measured(self.limit, refusal);
            } else if self.limit > 0.0 {
                // Once more, to measure it from here.
                self.guessed(self.limit, (self.limit + self.trial.max(self.limit)) / 2.0, refusal);
            } else if minute >= LEAST / 2.0 {
                let from = now.saturating_sub(LATELY);
                let seconds = recent.busy(from, now).max(SECOND) as f64 / SECOND as f64;
                let rate = recent.between(from, now) / seconds * 60.0;
                self.guessed((BELOW * rate).max(least), (TRIED * rate).max(least * ABOVE), refusal);
            }
            return;
        }
        if run < SECOND {
            return;
        }
        // What went between two moments when it was empty is what it let through.
        let through = (recent.between(self.empty, sent_at) - f64::from(self.refused)).max(0.0) + 1.0;
        let limit = (through * MINUTE as f64 / run as f64).max(least).max(self.limit / 2.0);
        if self.known != 0 && limit > CUT * self.limit {
            self.measured(limit.min(self.limit * MUCH_LESS), refusal);
            self.empty = 0;
        } else if (run < MEASURED || through < COUNTED) && self.guesses < GUESSES {
            // One call more or less may be chance.
            self.guessed(limit, limit * (1.0 + GUESS_STEP.max(1.0 / through)), refusal);
        } else {
            self.empty = 0;
            self.measured(limit, refusal);
            if through < PRECISE {
                self.next = self.next.min(self.pause_until.saturating_add(UNSURE));
            }
        }
    }

    /// A call went through.
    pub(crate) fn went_well(&mut self, now: i64, sent_at: i64, random: f64, recent: &Recent) {
        if self.closed == 0 || sent_at <= self.closed || sent_at <= self.event {
            return;
        }
        let closed = std::mem::take(&mut self.closed);
        let refused_again = self.patience > PATIENCE;
        if refused_again && sent_at.saturating_sub(closed) >= CLOSED {
            let refusal = Refusal { now, sent_at, reset: None, random };
            self.minute(refusal, sent_at.saturating_sub(MINUTE), closed, self.reopened, recent);
        }
    }

    /// Where calls are refused again and again, one at a time finds out whether they still are.
    pub(crate) fn tries(&mut self, now: i64, trip: f64) {
        if self.closed != 0 && self.patience > PATIENCE {
            self.pause_until =
                self.pause_until.max(now.saturating_add((2.0 * trip) as i64).saturating_add(SECOND / 4));
        }
    }

    /// The clock began anew.
    pub(crate) fn forget_times(&mut self, now: i64) {
        (self.trial, self.empty, self.closed) = (0.0, 0, 0);
        (self.event, self.reopened, self.counts_from) = (i64::MIN, i64::MIN, i64::MIN);
        (self.pause_until, self.started) = (i64::MIN, i64::MIN);
        self.next = now.saturating_add(HOLD);
    }
}
