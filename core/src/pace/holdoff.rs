//! A hold-off: what Kinde has refused (a client secret, a scope) and only somebody's hand can mend is asked for again from
//! time to time, by one caller, and by nobody in between.

/// The first wait, in milliseconds; doubled each time it is refused again.
const FIRST: i64 = 30_000;
/// Never longer: once it has been mended, what waits should go.
const LONGEST: i64 = 10 * 60_000;
/// A caller that asks and has not been answered by then leaves it to another.
const PROBE: i64 = 5_000;
/// A process that has just begun and has not asked yet need not wait: whoever mends a secret starts anew, and looks. But not
/// sooner after a refusal than this, or than this share of the wait, or many that begin would ask again and again.
const ANEW: i64 = 5_000;
const ANEW_SHARE: i64 = 10;

/// What all processes know of one thing that is refused. Times are milliseconds of a clock that the caller keeps. All
/// zeroes: it is not refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Holdoff {
    /// Refusals in a row.
    pub(crate) failures: u32,
    /// When it was refused last.
    pub(crate) refused_at: i64,
    pub(crate) until: i64,
    pub(crate) probe_until: i64,
}

/// Whether a caller may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is not refused, as far as anybody knows.
    Free,
    /// The wait is over: one caller may ask, after [`Holdoff::probing`].
    Due,
    /// Nobody asks for so many milliseconds.
    Held(i64),
}

impl Holdoff {
    /// `anew`: the caller's process has not asked yet.
    pub(crate) fn stands(&self, now: i64, anew: bool) -> Standing {
        if self.failures == 0 {
            return Standing::Free;
        }
        // A time farther off than any that is set here was written before the host was started anew.
        let left = |until: i64, most: i64| if (0..=most).contains(&(until - now)) { until - now } else { 0 };
        let probed = left(self.probe_until, PROBE);
        let mut held = left(self.until, LONGEST);
        if anew {
            let wait = (self.until - self.refused_at).clamp(0, LONGEST);
            held = held.min(left(self.refused_at + ANEW.max(wait / ANEW_SHARE), LONGEST));
        }
        match probed.max(held) {
            0 => Standing::Due,
            left => Standing::Held(left),
        }
    }

    /// One caller asks; the others go on waiting.
    pub(crate) fn probing(self, now: i64) -> Holdoff {
        Holdoff { probe_until: now + PROBE, ..self }
    }

    /// It was refused. `random` is from 0 to 1.
    pub(crate) fn refused(self, now: i64, random: f64) -> Holdoff {
        // Calls that were under way when it was refused first add nothing.
        if matches!(self.stands(now, false), Standing::Held(_)) && self.probe_until <= now {
            return self;
        }
        let longest = FIRST.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
        #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "at most 600,000")]
        let wait = (longest as f64 * (0.9 + 0.1 * random.clamp(0.0, 1.0))) as i64;
        let failures = self.failures.saturating_add(1);
        Holdoff { failures, refused_at: now, until: now + wait, probe_until: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_asks_ever_more_rarely_and_the_first_success_ends_it() {
        let mut holdoff = Holdoff::default();
        assert_eq!(holdoff.stands(0, false), Standing::Free);
        let (mut now, mut asked) = (1_000, 0);
        while now < 24 * 3_600_000 {
            match holdoff.stands(now, false) {
                Standing::Free | Standing::Due => {
                    holdoff = holdoff.probing(now).refused(now + 100, 1.0);
                    asked += 1;
                }
                Standing::Held(left) => assert!(left <= LONGEST),
            }
            now += 1_000;
        }
        assert!((140..160).contains(&asked), "{asked}");
        assert_eq!(Holdoff::default().stands(now, false), Standing::Free);
    }

    #[test]
    fn many_that_were_under_way_count_once_and_one_at_a_time_asks() {
        let first = Holdoff::default().refused(1_000, 1.0);
        assert_eq!(first.stands(1_000, false), Standing::Held(FIRST));
        assert_eq!(first.refused(1_050, 1.0), first);
        let now = 1_000 + FIRST;
        assert_eq!(first.stands(now, false), Standing::Due);
        let probing = first.probing(now);
        assert_eq!(probing.stands(now + 1, false), Standing::Held(PROBE - 1));
        assert_eq!(probing.stands(now + PROBE, false), Standing::Due, "who asked was killed");
        assert_eq!(probing.refused(now + 1, 1.0).stands(now + 1, false), Standing::Held(2 * FIRST));
    }

    #[test]
    fn a_process_that_begins_need_not_wait() {
        let mut holdoff = Holdoff::default();
        for _ in 0..20 {
            holdoff = holdoff.probing(holdoff.until).refused(holdoff.until + 1, 1.0);
        }
        let refused = holdoff.refused_at;
        assert_eq!(holdoff.stands(refused, false), Standing::Held(LONGEST));
        assert_eq!(holdoff.stands(refused, true), Standing::Held(LONGEST / ANEW_SHARE));
        assert_eq!(holdoff.stands(refused + LONGEST / ANEW_SHARE, true), Standing::Due);
        let first = Holdoff::default().refused(1_000, 1.0);
        assert_eq!(first.stands(1_000 + ANEW, true), Standing::Due);
    }

    #[test]
    fn a_clock_that_began_anew_holds_nobody_up() {
        assert_eq!(Holdoff::default().refused(90_000_000, 1.0).stands(1_000, false), Standing::Due);
    }
}
