//! What a 429 says of the limit by the minute.
//!
//! One whose reset is seconds away comes from a limiter that counts a minute's calls: those sent since the minute began
//! are the limit. One with a shorter reset comes from a bucket that has run empty: the calls between two such moments, by
//! the time between them, are the limit. One without a reset is taken for a bucket's until nothing goes through for
//! seconds.

use super::rate::{COUNTED_LESS, CUT, FAR_LESS, GUESS_STEP, LEAST, LESS, MUCH_LESS, OFTEN, Rate};
use super::recent::{MINUTE, Recent, SECOND};

/// A reset that is farther away comes from a limiter that counts a minute's calls; a bucket asks for less, and so does
/// a limiter of calls in flight.
pub(crate) const LONG: i64 = 2 * SECOND;
/// A count of fewer than this share of what is known does not fit the reset that it was taken by.
const FITS: f64 = 0.2;
/// The same where nothing is known: no limiter lets more than twice its limit through in a minute.
const FITS_FIRST: f64 = 0.5;
/// A limit that appears to be this share of what is known is the same limit.
const SAME: f64 = 0.98;
/// A minute's limit that is met for the first time so soon may be a bucket's, and the header another unit; one that is so
/// low may be what somebody else has left. It is tried after this.
const DOUBTFUL: i64 = 6 * SECOND;
const LOW: f64 = 100.0;
/// A minute's calls that were gone so soon were nobody's pace; this is tried to count them anew.
const RUSH: i64 = 3 * SECOND;
const RUSHED: f64 = 1.25;
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
const GUESSES: u8 = 3;
/// The rate at which a bucket ran empty is that of this time, and above the limit: of it, what is taken for the limit,
/// and what is tried to measure it.
const LATELY: i64 = 2 * SECOND;
const BELOW: f64 = 0.75;
const TRIED: f64 = 0.92;
/// This is tried in order to meet a limit that is known about.
const ABOVE: f64 = 1.05;
/// A minute's calls less a bucket of a second's.
const HELD: f64 = 59.0 / 60.0;

/// The wait after a 429 without a reset; doubled while nothing goes through.
pub(super) const PATIENCE: i64 = SECOND;
const LONGEST_PATIENCE: i64 = 8 * SECOND;
/// When nothing went through for so long, it was no bucket but a minute's limiter.
const CLOSED: i64 = 5 * SECOND;

/// What a 429 says about time.
#[derive(Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) now: i64,
    pub(crate) sent_at: i64,
    pub(crate) reset: Option<i64>,
    pub(crate) random: f64,
}

impl Rate {
    /// A 429 for the calls of a minute.
    pub(crate) fn limited(&mut self, refusal: Refusal, recent: &Recent) {
        let Refusal { now, sent_at, reset, .. } = refusal;
        let told = reset.unwrap_or(0).clamp(0, 2 * MINUTE);
        let fits = told >= LONG && self.fits(refusal, told, recent);
        let news = sent_at > self.event;
        let repeated = self.closed != 0 && news;
        let reopened = self.reopened;
        let pause = if told >= LONG {
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
        let least = if self.limit > 0.0 {
            FITS * self.limit
        } else {
            FITS_FIRST * recent.between(refusal.sent_at.saturating_sub(MINUTE), refusal.sent_at)
        };
        told <= MINUTE + SECOND && recent.between(began, refusal.sent_at) >= least
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
            // Sign-ins that passed freely are told of a little later, so the count is too low: it is taken again at once.
            Some(count) if self.limit == 0.0 && recent.busy(early, end) < RUSH => {
                return self.guessed(count, count * RUSHED, refusal);
            }
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
            let less = if run < MEASURED { FAR_LESS } else { COUNTED_LESS };
            self.measured(limit.min(self.limit * less), refusal);
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
}
