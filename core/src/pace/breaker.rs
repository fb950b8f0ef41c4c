//! The breaker: while Kinde is known to be down, nobody waits for it; now and then one call tries it
//! (Nygard, "Release It!", 2nd ed., 5.4: open, half-open, closed).

/// So much in a row, of all processes, is no accident: at a tenth of all calls failing by chance, one in 100,000.
pub(crate) const FAILURES: u32 = 5;
/// What a time-out counts: somebody waited for it, so three of them are enough.
pub(crate) const TIME_OUT: u32 = 2;
/// The first time it is left alone for this long; doubled each time it is found down again.
pub(crate) const FIRST: i64 = 500;
/// Never left alone for longer: what is owed should go soon after it is back.
pub(crate) const LONGEST: i64 = 10_000;
/// The same where it answers, but with errors, which may be one user's: to ask costs nobody much.
pub(crate) const LONGEST_ANSWERED: i64 = 2_000;
/// Whoever may find out nothing by a failure leaves the probe to others for so long.
const AFTER_OTHERS: i64 = 2_000;
/// A probe that has not ended by then is given to another.
const PROBE: i64 = 5_000;

/// What all callers know. Times are milliseconds of a clock that the caller keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Breaker {
    /// Failures in a row.
    pub(crate) failures: u32,
    /// How often in a row it was found down.
    pub(crate) opened: u32,
    pub(crate) open_until: i64,
    pub(crate) probe_until: i64,
}

/// Whether a call may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It is up, as far as anybody knows.
    Closed,
    /// It is time to try it: one caller may, after [`Breaker::probing`].
    HalfOpen,
    /// It is down; in so many milliseconds it is to be tried again.
    Open(i64),
}

impl Breaker {
    /// `first`: what this call comes to says something of Kinde, whatever it is. The others come later, so that a user for
    /// whom Kinde has nothing but errors keeps nobody out.
    pub(crate) fn admit(&self, now: i64, first: bool) -> Admission {
        // A time farther off than any that is set here was written before the host was started anew.
        let left = |until: i64, most: i64| if (0..=most).contains(&(until - now)) { until - now } else { 0 };
        if self.opened == 0 {
            return Admission::Closed;
        }
        let later = if first { 0 } else { AFTER_OTHERS };
        match left(self.open_until + later, LONGEST + later).max(left(self.probe_until, PROBE)) {
            0 => Admission::HalfOpen,
            left => Admission::Open(left),
        }
    }

    /// One caller tries it; the others go on waiting.
    pub(crate) fn probing(self, now: i64) -> Breaker {
        Breaker { probe_until: now + PROBE, ..self }
    }

    /// A call found it down, which counts so much. It is left alone for `most` milliseconds at most. `random` is from 0
    /// to 1.
    pub(crate) fn failed(self, now: i64, counts: u32, most: i64, random: f64) -> Breaker {
        let failures = self.failures.saturating_add(counts);
        let open = matches!(self.admit(now, true), Admission::Open(_)) && self.probe_until <= now;
        if failures < FAILURES || open {
            // Calls that were under way when it opened add nothing.
            return Breaker { failures, ..self };
        }
        let longest = FIRST.saturating_mul(1 << self.opened.min(10)).min(most);
        #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "at most 10,000")]
        let wait = (longest as f64 * (0.5 + 0.5 * random.clamp(0.0, 1.0))) as i64;
        Breaker { failures, opened: self.opened.saturating_add(1), open_until: now + wait, probe_until: 0 }
    }

    /// A call found it up.
    pub(crate) fn answered(self) -> Breaker {
        Breaker::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down() -> Breaker {
        (0..FAILURES).fold(Breaker::default(), |breaker, _| breaker.failed(10_000, 1, LONGEST, 1.0))
    }

    #[test]
    fn opens_after_failures_in_a_row_only() {
        let mut breaker = Breaker::default();
        for _ in 0..100 {
            for _ in 1..FAILURES {
                breaker = breaker.failed(10_000, 1, LONGEST, 1.0);
            }
            assert_eq!(breaker.admit(10_000, true), Admission::Closed);
            breaker = breaker.answered();
        }
        assert_eq!(down().admit(10_000, true), Admission::Open(FIRST));
    }

    #[test]
    fn one_probe_at_a_time_decides() {
        let breaker = down();
        let later = 10_000 + FIRST;
        assert_eq!(breaker.admit(later, true), Admission::HalfOpen);
        let breaker = breaker.probing(later);
        assert_eq!(breaker.admit(later + 1, true), Admission::Open(PROBE - 1));
        assert_eq!(breaker.answered().admit(later + 1, true), Admission::Closed);
        assert_eq!(
            breaker.failed(later + 1, 1, LONGEST, 1.0).admit(later + 1, true),
            Admission::Open(2 * FIRST)
        );
        assert_eq!(breaker.admit(later + PROBE, true), Admission::HalfOpen, "the probe was lost");
    }

    #[test]
    fn calls_that_were_under_way_do_not_lengthen_it() {
        let breaker = down();
        assert_eq!(breaker.failed(10_001, 1, LONGEST, 1.0).open_until, breaker.open_until);
    }

    #[test]
    fn never_longer_than_the_longest_and_never_by_a_clock_set_back() {
        let mut breaker = down();
        let mut now = 10_000;
        for _ in 0..20 {
            now = breaker.open_until;
            breaker = breaker.probing(now).failed(now, 1, LONGEST, 1.0);
            assert!(breaker.open_until - now <= LONGEST);
        }
        assert_eq!(breaker.admit(now - 10_000_000, true), Admission::HalfOpen);
    }

    #[test]
    fn three_time_outs_open_it_and_errors_open_it_for_short() {
        let timed_out = |breaker: Breaker| breaker.failed(10_000, TIME_OUT, LONGEST, 1.0);
        assert_eq!(timed_out(timed_out(Breaker::default())).admit(10_000, true), Admission::Closed);
        let mut breaker = timed_out(timed_out(timed_out(Breaker::default())));
        assert_eq!(breaker.admit(10_000, true), Admission::Open(FIRST));
        for _ in 0..20 {
            let now = breaker.open_until;
            breaker = breaker.probing(now).failed(now, 1, LONGEST_ANSWERED, 1.0);
            assert!(breaker.open_until - now <= LONGEST_ANSWERED);
        }
    }

    #[test]
    fn who_says_nothing_of_kinde_comes_after_the_others() {
        let breaker = down();
        let later = 10_000 + FIRST;
        assert_eq!(breaker.admit(later, true), Admission::HalfOpen);
        assert_eq!(breaker.admit(later, false), Admission::Open(AFTER_OTHERS));
        assert_eq!(breaker.admit(later + AFTER_OTHERS, false), Admission::HalfOpen);
    }
}
