//! The header `RateLimit-Reset`.

use std::time::Duration;

/// A minute limiter cannot ask for longer; a larger number is not believed.
pub(crate) const LONGEST_RESET: Duration = Duration::from_secs(120);

/// Seconds until the limit resets. Negative, absurd, or not a number: as if there were none.
pub(crate) fn parse_reset(header: &str) -> Option<Duration> {
    let seconds: f64 = header.trim().parse().ok()?;
    (0.0..=LONGEST_RESET.as_secs_f64()).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_seconds_are_believed() {
        assert_eq!(parse_reset("7"), Some(Duration::from_secs(7)));
        assert_eq!(parse_reset(" 0.5 "), Some(Duration::from_millis(500)));
        for absurd in ["-1", "1e9", "NaN", "inf", "soon", "", "Wed, 21 Oct 2026 07:28:00 GMT", "1, 2"] {
            assert_eq!(parse_reset(absurd), None, "{absurd}");
        }
    }
}
