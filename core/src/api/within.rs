//! A time-out that tells Kinde's lateness from our own: where this process has no CPU, or its event loop is kept from its
//! work, an answer that is not there says nothing of Kinde.

use std::future::Future;
use std::time::{Duration, Instant};

/// How often it is looked whether the timers fire in time, during a request. Most are answered before the first look.
const LOOKS: u32 = 12;
/// A timer is up to this late by its own grain.
const GRAIN: Duration = Duration::from_millis(2);
/// So much lateness is no excuse for a request that had the rest, …
const EXCUSED: Duration = Duration::from_millis(25);
/// … nor is this share of its time.
const SHARE: u32 = 5;

/// The time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Elapsed {
    /// Whether this process itself was late, so that the other side has not had the time.
    pub(crate) late: bool,
}

/// What `work` comes to, if it does so within this time.
pub(crate) async fn within<T>(time: Duration, work: impl Future<Output = T>) -> Result<T, Elapsed> {
    let (began, step) = (Instant::now(), (time / LOOKS).max(GRAIN));
    let mut late = Duration::ZERO;
    tokio::pin!(work);
    loop {
        let due = (Instant::now() + step).min(began + time);
        tokio::select! {
            biased;
            done = &mut work => return Ok(done),
            () = tokio::time::sleep_until(due.into()) => {}
        }
        late += due.elapsed().saturating_sub(GRAIN);
        if began.elapsed() >= time {
            return Err(Elapsed { late: late > (time / SHARE).max(EXCUSED.min(time / 2)) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(busy: bool) -> Result<(), Elapsed> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let stalls = async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                if busy {
                    std::thread::sleep(Duration::from_millis(250));
                }
                std::future::pending::<()>().await;
            };
            tokio::select! {
                done = within(Duration::from_millis(400), std::future::pending()) => done,
                () = stalls => Ok(()),
            }
        })
    }

    #[test]
    fn a_thread_that_is_kept_from_its_work_is_late() {
        assert_eq!(run(true), Err(Elapsed { late: true }));
    }

    #[test]
    fn one_that_is_not_is_in_time() {
        // A loaded machine may be late by itself.
        assert!((0..20).any(|_| run(false) == Err(Elapsed { late: false })));
    }

    #[test]
    fn what_is_done_in_time_is_done() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        assert_eq!(runtime.block_on(within(Duration::from_secs(60), async { 7 })), Ok(7));
    }
}
