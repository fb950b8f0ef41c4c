//! The header `RateLimit-Reset`.

use std::time::Duration;

/// A limiter by the minute cannot ask for longer; a larger number is not seconds.
pub(crate) const LONGEST_RESET: Duration = Duration::from_secs(120);

/// How long until the limit resets.
///
/// Kinde says whole seconds. Fractions are taken too, and a number that is too large for seconds but not for
/// milliseconds is milliseconds, as some gateways send. Where the header came several times (its values joined by
/// commas) the longest counts: a pause too long costs seconds, one too short costs a 429. A number that is negative,
/// larger still (a time since 1970 is: it cannot be told without that clock) or none at all is as if it were not there.
pub fn parse_reset(header: &str) -> Option<Duration> {
    header.split(',').filter_map(one).max()
}

fn one(value: &str) -> Option<Duration> {
    let number: f64 = value.trim().trim_matches('"').parse().ok()?;
    let longest = LONGEST_RESET.as_secs_f64();
    let seconds = if number > longest { number / 1000.0 } else { number };
    (0.0..=longest).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds() {
        assert_eq!(parse_reset("7"), Some(Duration::from_secs(7)));
        assert_eq!(parse_reset("0"), Some(Duration::ZERO));
        assert_eq!(parse_reset(" 0.5 "), Some(Duration::from_millis(500)));
        assert_eq!(parse_reset("120"), Some(LONGEST_RESET));
    }

    #[test]
    fn milliseconds_where_it_cannot_be_seconds() {
        assert_eq!(parse_reset("30000"), Some(Duration::from_secs(30)));
        assert_eq!(parse_reset("121"), Some(Duration::from_millis(121)));
        assert_eq!(parse_reset("120000"), Some(LONGEST_RESET));
    }

    #[test]
    fn the_longest_of_several() {
        assert_eq!(parse_reset("1, 2"), Some(Duration::from_secs(2)));
        assert_eq!(parse_reset("5, soon, -1"), Some(Duration::from_secs(5)));
        assert_eq!(parse_reset("7, 7"), Some(Duration::from_secs(7)));
    }

    #[test]
    fn anything_else_is_as_if_it_were_not_there() {
        let date = "Wed, 21 Oct 2026 07:28:00 GMT";
        for absurd in
            ["-1", "1e9", "120001", "1792567680", "NaN", "inf", "-inf", "soon", "", ",", date, "<html>"]
        {
            assert_eq!(parse_reset(absurd), None, "{absurd}");
        }
    }
}
