//! How many calls went out lately.

use super::blob::fields;

/// Calls are counted by the quarter of a second: fine enough to tell a hundredth of a minute's calls, and a minute
/// of them is half a kilobyte.
const BUCKET: i64 = 250_000;
/// 64 s: a minute, and what is lost by rounding a reset to seconds.
const BUCKETS: usize = 256;
/// The limit is one by the minute.
pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Recent {
    /// The number of the newest bucket, counted from time zero.
    newest: i64,
    /// When the newest call went.
    last: i64,
    /// The bucket of number `n` is at `n % BUCKETS`.
    counts: [u16; BUCKETS],
}
fields!(Recent { newest, last, counts });

impl Default for Recent {
    fn default() -> Self {
        Recent { newest: 0, last: 0, counts: [0; BUCKETS] }
    }
}

fn bucket(at: i64) -> i64 {
    at.div_euclid(BUCKET)
}

fn begin(number: i64) -> i64 {
    number.saturating_mul(BUCKET)
}

fn place(number: i64) -> usize {
    number.rem_euclid(BUCKETS as i64) as usize
}

impl Recent {
    pub(crate) fn add(&mut self, at: i64, calls: u32) {
        let number = bucket(at);
        if number > self.newest {
            let empty = number.saturating_sub(self.newest).min(BUCKETS as i64);
            for n in 0..empty {
                self.set(number - n, 0);
            }
            self.newest = number;
        }
        self.last = self.last.max(at);
        if number >= self.oldest() {
            let calls = u16::try_from(calls).unwrap_or(u16::MAX);
            self.set(number, self.get(number).saturating_add(calls));
        }
    }

    /// Calls between two times, as if those of a bucket had been spread evenly over it.
    pub(crate) fn between(&self, from: i64, to: i64) -> f64 {
        let (from, to) = (from.max(begin(self.oldest())), to.min(self.last.saturating_add(1)));
        if from >= to {
            return 0.0;
        }
        let mut sum = 0.0;
        for number in bucket(from)..=bucket(to - 1) {
            let count = self.get(number);
            if count > 0 {
                let begins = begin(number);
                let end = begin(number + 1).min(self.last.saturating_add(1));
                let (part, whole) = (to.min(end) - from.max(begins), end - begins);
                let share = if part == whole { 1.0 } else { part.max(0) as f64 / whole.max(1) as f64 };
                sum += f64::from(count) * share;
            }
        }
        sum
    }

    /// All that may have gone in the minute before `now`: never fewer than it was.
    pub(crate) fn at_most(&self, now: i64) -> u32 {
        let from = bucket(now.saturating_sub(MINUTE)).max(self.oldest());
        (from..=self.newest).map(|number| u32::from(self.get(number))).sum()
    }

    /// When the minute's calls since `since`, if no more are made, are fewer than `limit`.
    pub(crate) fn fewer_at(&self, now: i64, since: i64, limit: f64) -> i64 {
        let mut from = now.saturating_sub(MINUTE).max(since).max(begin(self.oldest()));
        let mut left = self.between(from, now.saturating_add(1));
        if left < limit {
            return now;
        }
        while left >= limit && from < self.last {
            let end = begin(bucket(from) + 1);
            let there = self.between(from, end);
            if left - there < limit && there > 0.0 {
                let part = ((left - limit) / there).clamp(0.0, 1.0);
                return from + ((end - from) as f64 * part) as i64 + 1 + MINUTE;
            }
            left -= there;
            from = end;
        }
        if left >= limit { now.saturating_add(MINUTE) } else { now.max(from.saturating_add(MINUTE)) }
    }

    /// When at most fewer than `limit` may have gone in the minute before.
    pub(crate) fn surely_fewer_at(&self, now: i64, limit: f64) -> i64 {
        let mut left = self.at_most(now);
        if f64::from(left) < limit || limit.is_nan() {
            return now;
        }
        let mut number = bucket(now.saturating_sub(MINUTE)).max(self.oldest());
        while f64::from(left) >= limit && number <= self.newest {
            left = left.saturating_sub(u32::from(self.get(number)));
            number += 1;
        }
        now.max(begin(number).saturating_add(MINUTE))
    }

    /// For how long of a time there were calls: from the first one on.
    pub(crate) fn busy(&self, from: i64, to: i64) -> i64 {
        let first = (bucket(from).max(self.oldest())..=self.newest).find(|number| self.get(*number) > 0);
        first.map_or(0, |number| to.saturating_sub(from.max(begin(number))))
    }

    /// Whether it can be what was counted up to `latest`.
    pub(crate) fn is_sound(&self, latest: i64) -> bool {
        self.newest == bucket(self.last) && self.last <= latest.max(0)
    }

    fn oldest(&self) -> i64 {
        self.newest.saturating_sub(BUCKETS as i64 - 1)
    }

    fn get(&self, number: i64) -> u16 {
        self.counts.get(place(number)).copied().unwrap_or(0)
    }

    fn set(&mut self, number: i64, count: u16) {
        if let Some(there) = self.counts.get_mut(place(number)) {
            *there = count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn even(calls: i64, apart: i64) -> Recent {
        let mut recent = Recent::default();
        (0..calls).for_each(|n| recent.add(n * apart, 1));
        recent
    }

    #[test]
    fn counts_as_if_evenly_spread() {
        let recent = even(600, 100_000);
        assert!((recent.between(0, 60 * SECOND) - 600.0).abs() < 1.0);
        assert!((recent.between(10 * SECOND, 20 * SECOND + SECOND / 20) - 100.5).abs() < 1.0);
        assert_eq!(recent.between(50 * SECOND, 50 * SECOND), 0.0);
        assert_eq!(recent.at_most(59 * SECOND), 600);
    }

    #[test]
    fn forgets_what_is_older_than_it_reaches() {
        let mut recent = even(600, 100_000);
        recent.add(1000 * SECOND, 3);
        assert_eq!(recent.between(0, 2000 * SECOND), 3.0);
        recent.add(10 * SECOND, 7);
        assert_eq!(recent.between(0, 2000 * SECOND), 3.0);
    }

    #[test]
    fn says_when_there_is_room() {
        let recent = even(600, 100_000);
        let now = 60 * SECOND;
        assert_eq!(recent.fewer_at(now, i64::MIN, 601.0), now);
        // A hundred of them leave within ten seconds.
        let at = recent.fewer_at(now, i64::MIN, 500.0);
        assert!((at - 70 * SECOND).abs() < SECOND / 2, "{at}");
        assert!(recent.surely_fewer_at(now, 500.0) >= at);
        assert_eq!(recent.fewer_at(now, now, 1.0), now, "what went before does not count");
    }

    #[test]
    fn knows_since_when_there_are_calls() {
        let mut recent = Recent::default();
        recent.add(100 * SECOND, 1);
        assert_eq!(recent.busy(0, 103 * SECOND), 3 * SECOND);
        assert_eq!(Recent::default().busy(0, 103 * SECOND), 0);
    }
}
