//! How many calls may be in flight at once: hold and probe.

use super::blob::fields;

/// Until a limit is known, so many of the lower classes' calls are in flight at first: as many as are lost when the
/// minute's limit is met for the first time.
const START: f64 = 2.0;
/// It grows by half in this time while it is reached, so that a distant Kinde (0.8 s a call) is asked 10 times a
/// second after half a minute, …
const GROWTH_TIME: f64 = 8e6;
const GROWTH: f64 = 1.5;
/// … and by one for every so many calls that went well: in flight are then never more than a six-hundredth of what the
/// limit has proved to be, beyond the growth by time.
const PROOF: f64 = 1.0 / 600.0;
/// So much is as good as no limit.
const MOST: f64 = 4096.0;
/// How long a limit is kept before one more is tried; doubled each time that fails, up to the longest: some twelve trials
/// in the first hour, then six (measured by the simulator: see bench/README.md).
const HOLD: i64 = 20_000_000;
const LONGEST_HOLD: i64 = 600_000_000;
/// So many calls that went well with as many in flight prove that a 429 is not for their number.
const PROVEN: u16 = 10;
/// And they prove it for so long.
const PROOF_HOLDS: i64 = 60_000_000;
/// The share of a new round trip in the average (RFC 6298, 2.3).
const GAIN: f64 = 0.125;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Concurrency {
    /// How many may be in flight.
    cap: f64,
    /// Whether that has been learnt from a 429.
    learnt: u8,
    /// The next raise.
    step: f64,
    hold: i64,
    /// When the next raise may be tried, or the first growth.
    next: i64,
    /// Whether the last change was a raise.
    raised: u8,
    /// When a 429 was last taken for this kind.
    event: i64,
    /// The most in flight that went well lately, how often, and since when that counts.
    peak: u32,
    peak_seen: u16,
    peak_since: i64,
    /// The average round trip, in microseconds.
    trip: f64,
}
fields!(Concurrency { cap, learnt, step, hold, next, raised, event, peak, peak_seen, peak_since, trip });

impl Default for Concurrency {
    fn default() -> Self {
        Concurrency {
            cap: START,
            learnt: 0,
            step: 1.0,
            hold: HOLD,
            next: 0,
            raised: 0,
            event: 0,
            peak: 0,
            peak_seen: 0,
            peak_since: 0,
            trip: 0.0,
        }
    }
}

impl Concurrency {
    pub(crate) fn learnt(&self) -> Option<f64> {
        (self.learnt != 0).then_some(self.cap)
    }

    /// How many may be in flight, learnt or not.
    pub(crate) fn cap(&self) -> f64 {
        self.cap
    }

    /// The average round trip, in microseconds.
    pub(crate) fn trip(&self) -> f64 {
        self.trip
    }

    /// A call went well.
    pub(crate) fn went_well(&mut self, now: i64, sent_at: i64, in_flight: u32) {
        let trip = now.saturating_sub(sent_at).clamp(0, 60_000_000) as f64;
        self.trip = if self.trip > 0.0 { self.trip + GAIN * (trip - self.trip) } else { trip.max(1.0) };
        if now.saturating_sub(self.peak_since) > PROOF_HOLDS || in_flight > self.peak {
            (self.peak, self.peak_seen, self.peak_since) = (in_flight, 0, now);
        }
        if in_flight == self.peak {
            self.peak_seen = self.peak_seen.saturating_add(1);
        }
        if f64::from(in_flight) + 1.0 <= self.cap {
            return;
        }
        if self.learnt == 0 {
            let since = now.saturating_sub(self.next).clamp(0, 250_000) as f64;
            self.next = now;
            self.cap = (self.cap * GROWTH.powf(since / GROWTH_TIME) + PROOF).min(MOST);
        } else if now >= self.next && sent_at > self.event {
            if self.raised != 0 {
                self.step = (self.step * 2.0).min(self.cap);
            }
            self.cap = (self.cap + self.step).min(MOST);
            self.raised = 1;
            self.next = now.saturating_add(HOLD);
        }
    }

    /// Whether a 429 that names no reset worth the name may be for the number in flight.
    pub(crate) fn suspect(&self, in_flight: u32) -> bool {
        in_flight > 1
            && (in_flight > self.peak
                || (in_flight == self.peak && self.peak_seen < PROVEN)
                || self.raised != 0)
    }

    /// A 429 for the number in flight. `random` is from 0 to 1.
    pub(crate) fn limited(&mut self, now: i64, sent_at: i64, in_flight: u32, random: f64) {
        if sent_at <= self.event {
            return;
        }
        self.event = now;
        let below = f64::from(in_flight.max(2) - 1);
        if self.raised != 0 {
            self.hold = self.hold.saturating_mul(2).min(LONGEST_HOLD);
            self.cap = (self.cap - self.step).max(1.0);
        } else {
            self.hold = HOLD;
            self.cap = if self.learnt != 0 { below.min((self.cap - 1.0).max(1.0)) } else { below };
        }
        self.learnt = 1;
        self.step = 1.0;
        self.raised = 0;
        self.next = now.saturating_add((self.hold as f64 * (1.0 + 0.1 * random)) as i64);
    }

    /// The clock began anew.
    pub(crate) fn forget_times(&mut self, now: i64) {
        (self.event, self.peak, self.peak_seen, self.peak_since) = (0, 0, 0, now);
        self.next = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    /// As many in flight as are allowed, for so long, against a server that takes `most` at once; counts what it refused.
    fn run(learner: &mut Concurrency, from: i64, seconds: i64, most: u32) -> u32 {
        let mut refused = 0;
        for tenth in 0..seconds * 10 {
            let now = from + tenth * SECOND / 10;
            let in_flight = learner.cap() as u32;
            if in_flight > most {
                refused += 1;
                learner.limited(now, now - SECOND / 10, in_flight, 0.5);
            } else {
                learner.went_well(now, now - SECOND / 10, in_flight);
            }
        }
        refused
    }

    #[test]
    fn grows_while_it_is_reached_and_holds_below_the_limit() {
        for most in [5, 20] {
            let mut learner = Concurrency::default();
            assert_eq!(
                run(&mut learner, SECOND, 300, most),
                run(&mut Concurrency::default(), SECOND, 300, most)
            );
            let refused = run(&mut learner, 301 * SECOND, 3600, most);
            assert!(refused <= 13, "{refused} of {most}");
            assert!(
                learner.cap() >= f64::from(most - 1) && learner.cap() <= f64::from(most),
                "{}",
                learner.cap()
            );
        }
    }

    #[test]
    fn does_not_grow_unused() {
        let mut learner = Concurrency { cap: 10.0, ..Concurrency::default() };
        (0..1000).for_each(|n| learner.went_well(n * SECOND, n * SECOND - 1000, 1));
        assert_eq!(learner.cap(), 10.0);
    }

    #[test]
    fn what_went_well_often_is_not_suspected() {
        let mut learner = Concurrency::default();
        assert!(!learner.suspect(1), "one alone is no crowd");
        assert!(learner.suspect(3));
        (0..20).for_each(|n| learner.went_well(n * 1000, n * 1000 - 500, 3));
        assert!(!learner.suspect(3));
        assert!(learner.suspect(4));
    }
}
