//! The limit on calls a minute, under the three models a gateway may use.
//!
//! Pure: the time comes in as an argument, counted from any fixed moment.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The window over which calls are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// How calls a minute are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitModel {
    /// A window of 60 s opens with the first call and admits `limit` calls.
    #[default]
    Fixed,
    /// At most `limit` calls in any 60 s.
    Sliding,
    /// One call every `60 / limit` seconds on average, with a small burst ahead of that.
    Gcra,
}

/// Counts admitted calls and says when a refused one may come again.
#[derive(Debug)]
pub struct Limiter {
    limit: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    Fixed {
        opened: Option<Duration>,
        used: u32,
    },
    Sliding {
        admitted: VecDeque<Duration>,
    },
    Gcra {
        burst: u32,
        /// When the next call would be due if calls came exactly at the limit.
        due: Duration,
    },
}

impl Limiter {
    /// A limiter that admits `limit` calls a minute; `burst` is how many calls GCRA lets come at
    /// once (`None`: a second's worth).
    pub fn new(model: LimitModel, limit: u32, burst: Option<u32>) -> Self {
        let state = match model {
            LimitModel::Fixed => State::Fixed { opened: None, used: 0 },
            LimitModel::Sliding => State::Sliding { admitted: VecDeque::new() },
            LimitModel::Gcra => State::Gcra { burst: burst_for(limit, burst), due: Duration::ZERO },
        };
        Self { limit, state }
    }

    /// The model in force.
    pub fn model(&self) -> LimitModel {
        match self.state {
            State::Fixed { .. } => LimitModel::Fixed,
            State::Sliding { .. } => LimitModel::Sliding,
            State::Gcra { .. } => LimitModel::Gcra,
        }
    }

    /// Changes the limit and keeps what was counted, as a quota changed in mid-run does.
    pub fn set_limit(&mut self, new_limit: u32, new_burst: Option<u32>) {
        self.limit = new_limit;
        if let State::Gcra { burst, .. } = &mut self.state {
            *burst = burst_for(new_limit, new_burst);
        }
    }

    /// Admits a call at `now`, or says how long it is until one would be admitted.
    pub fn admit(&mut self, now: Duration) -> Result<(), Duration> {
        let limit = self.limit.max(1);
        match &mut self.state {
            State::Fixed { opened, used } => {
                let start = match *opened {
                    Some(start) if now < start + WINDOW => start,
                    _ => {
                        *opened = Some(now);
                        *used = 0;
                        now
                    }
                };
                if *used < limit {
                    *used += 1;
                    Ok(())
                } else {
                    Err(start + WINDOW - now)
                }
            }
            State::Sliding { admitted } => {
                while admitted.front().is_some_and(|first| *first + WINDOW <= now) {
                    admitted.pop_front();
                }
                // After the limit was lowered, more than one call has to leave the window first.
                let surplus = admitted.len().checked_sub(limit as usize);
                match surplus.and_then(|index| admitted.get(index)) {
                    Some(blocking) => Err(*blocking + WINDOW - now),
                    None => {
                        admitted.push_back(now);
                        Ok(())
                    }
                }
            }
            State::Gcra { burst, due } => {
                let interval = WINDOW / limit;
                let tolerance = interval * burst.saturating_sub(1);
                let earliest = due.saturating_sub(tolerance);
                if now < earliest {
                    return Err(earliest - now);
                }
                *due = (*due).max(now) + interval;
                Ok(())
            }
        }
    }
}

fn burst_for(limit: u32, burst: Option<u32>) -> u32 {
    burst.unwrap_or_else(|| limit.div_ceil(60)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_fixed_window_opens_with_the_first_call() {
        let mut limiter = Limiter::new(LimitModel::Fixed, 2, None);
        assert_eq!(limiter.admit(at(30.0)), Ok(()));
        assert_eq!(limiter.admit(at(89.0)), Ok(()));
        assert_eq!(limiter.admit(at(89.5)), Err(at(0.5)));
        assert_eq!(limiter.admit(at(90.0)), Ok(()));
        assert_eq!(limiter.admit(at(90.0)), Ok(()));
        assert_eq!(limiter.admit(at(90.0)), Err(at(60.0)));
    }

    #[test]
    fn a_sliding_window_never_holds_more_than_its_limit() {
        let mut limiter = Limiter::new(LimitModel::Sliding, 2, None);
        assert_eq!(limiter.admit(at(30.0)), Ok(()));
        assert_eq!(limiter.admit(at(80.0)), Ok(()));
        assert_eq!(limiter.admit(at(85.0)), Err(at(5.0)));
        assert_eq!(limiter.admit(at(90.0)), Ok(()));
        assert_eq!(limiter.admit(at(90.0)), Err(at(50.0)));
    }

    #[test]
    fn gcra_spaces_calls_beyond_the_burst() {
        let mut limiter = Limiter::new(LimitModel::Gcra, 60, Some(2));
        assert_eq!(limiter.admit(at(10.0)), Ok(()));
        assert_eq!(limiter.admit(at(10.0)), Ok(()));
        assert_eq!(limiter.admit(at(10.25)), Err(at(0.75)));
        assert_eq!(limiter.admit(at(11.0)), Ok(()));
        assert_eq!(limiter.admit(at(11.5)), Err(at(0.5)));
    }

    #[test]
    fn gcra_bursts_a_second_of_calls_unless_told() {
        let mut limiter = Limiter::new(LimitModel::Gcra, 600, None);
        let admitted = (0..100).filter(|_| limiter.admit(at(5.0)).is_ok()).count();
        assert_eq!(admitted, 10);
    }

    #[test]
    fn a_lowered_limit_counts_what_was_admitted_before() {
        let mut fixed = Limiter::new(LimitModel::Fixed, 10, None);
        let mut sliding = Limiter::new(LimitModel::Sliding, 10, None);
        for second in 0..6 {
            assert_eq!(fixed.admit(at(f64::from(second))), Ok(()));
            assert_eq!(sliding.admit(at(f64::from(second))), Ok(()));
        }
        fixed.set_limit(2, None);
        sliding.set_limit(2, None);
        assert_eq!(fixed.admit(at(10.0)), Err(at(50.0)));
        // Five of the six have to leave: the fifth leaves at 64 s.
        assert_eq!(sliding.admit(at(10.0)), Err(at(54.0)));
    }

    #[test]
    fn an_hour_at_the_limit_is_admitted_whole() {
        for model in [LimitModel::Fixed, LimitModel::Sliding, LimitModel::Gcra] {
            let mut limiter = Limiter::new(model, 600, None);
            let refused = (0..36_000)
                .filter(|tenth| limiter.admit(Duration::from_millis(1000 + tenth * 100)).is_err())
                .count();
            assert_eq!(refused, 0, "{model:?}");
        }
    }

    #[test]
    fn no_model_admits_more_than_its_due_from_a_greedy_client() {
        for (model, most) in
            [(LimitModel::Fixed, 6_000), (LimitModel::Sliding, 6_000), (LimitModel::Gcra, 6_010)]
        {
            let mut limiter = Limiter::new(model, 600, None);
            let admitted =
                (0..600_000).filter(|millis| limiter.admit(Duration::from_millis(*millis)).is_ok()).count();
            assert!(admitted <= most && admitted >= 5_990, "{model:?}: {admitted}");
        }
    }
}
