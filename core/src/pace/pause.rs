//! A pause that all callers of one process keep after a 429.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Until when nobody calls, in milliseconds of a clock that the caller keeps.
#[derive(Default)]
pub(crate) struct Pause(AtomicU64);

impl Pause {
    /// Holds everybody until `now + reset`. A shorter pause does not cut a longer one.
    pub(crate) fn hold(&self, now: Duration, reset: Duration) {
        self.0.fetch_max(millis(now + reset), Ordering::Relaxed);
    }

    /// How long a call has still to wait.
    pub(crate) fn left(&self, now: Duration) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed).saturating_sub(millis(now)))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_pause_counts() {
        let pause = Pause::default();
        let at = Duration::from_secs;
        pause.hold(at(10), at(5));
        pause.hold(at(11), at(1));
        assert_eq!(pause.left(at(12)), at(3));
        assert_eq!(pause.left(at(16)), at(0));
    }
}
