//! How long to wait before a call is repeated.

use std::time::Duration;

/// The first wait is drawn from up to this long: about one round trip.
const BASE: Duration = Duration::from_millis(50);
/// No wait that the server did not ask for is longer.
const CAP: Duration = Duration::from_secs(2);
/// After a reset the callers are spread over this long, so that they do not return as one.
const SPREAD: Duration = Duration::from_millis(100);

/// The wait before repeat number `attempt` (the first is 1): full jitter over an exponential window, the
/// variant that finishes earliest with the fewest calls in "Exponential Backoff And Jitter" (AWS
/// Architecture Blog, 2015); or the server's own reset plus a little jitter. `random` is from 0 to 1.
pub(crate) fn delay(attempt: u32, reset: Option<Duration>, random: f64) -> Duration {
    let random = random.clamp(0.0, 1.0);
    match reset {
        Some(reset) => reset + SPREAD.mul_f64(random),
        None => BASE.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(CAP).mul_f64(random),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_doubles_up_to_the_cap() {
        assert_eq!(delay(1, None, 1.0), Duration::from_millis(50));
        assert_eq!(delay(3, None, 1.0), Duration::from_millis(200));
        assert_eq!(delay(60, None, 1.0), CAP);
        assert_eq!(delay(3, None, 0.0), Duration::ZERO);
    }

    #[test]
    fn a_reset_is_honoured_whole() {
        let reset = Duration::from_secs(7);
        assert!(delay(1, Some(reset), 0.0) >= reset);
        assert!(delay(1, Some(reset), 1.0) <= reset + SPREAD);
    }
}
