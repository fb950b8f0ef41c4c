//! Hashes for Kinde, made on as many threads as there are cores and in an order that was decided beforehand.
//!
//! bcrypt takes some 50 ms of a core, so two cores make 35 or 40 hashes a second, and of 500 users who sign in at once most cannot
//! have theirs within a deadline of two seconds. What is known of the work that waits decides, when a hash is asked for, what is
//! made: the hash itself, a cheaper one for the outbox (the stop-gap, a few milliseconds), or nothing.
//!
//! Changes of password go before sign-ins. Within each of the two the stop-gaps go first, since they hold nobody up, and
//! then who came first.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use tokio::sync::oneshot;

use crate::hash::{self, KindeFields, OWN_PBKDF2_ITERATIONS, STOP_GAP};
use crate::pages::Secret;
use crate::pool::{Pool, RANKS, Rank};
use crate::process::lock;

/// More threads than this are of no use to anybody: it is a sign-in's share of a host that has other work.
const MOST: usize = 16;
/// While others wait, a hash is begun only where it will be ready in this share of the time there is. The rest is for
/// those whose hashes are not.
const SHARE_FOR_FULL: f64 = 0.5;
/// Estimates are taken this much longer than they are: others use the cores, too.
const CAUTION: f64 = 1.25;
/// The first estimate of a hash that has not been made yet: bcrypt of cost 6, PBKDF2 of 10,000 iterations.
const FIRST: Duration = Duration::from_millis(4);

/// What is known when a hash is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// It will be made in time.
    Full,
    /// There is time for a stop-gap only, because of its cost alone or because of others.
    StopGap { alone: bool },
    /// Not even for that.
    TooLate,
}

/// A hash that was made.
pub(crate) struct Made {
    pub(crate) fields: KindeFields,
    /// It is the cheaper one.
    pub(crate) stop_gap: bool,
}

/// Who wants a hash, and until when.
#[derive(Clone, Copy)]
pub(crate) struct Wish {
    /// For a change of password.
    pub(crate) change: bool,
    /// It must be made, if too late: a change, or a sign-in that is no part of a burst.
    pub(crate) surely: bool,
    pub(crate) by: Instant,
}

/// The hashing of one process.
pub(crate) struct Hashers {
    pool: Pool,
    cores: usize,
    bcrypt_cost: u32,
    load: Arc<Mutex<Load>>,
}

/// How long hashes take, and how much of them is waited for.
struct Load {
    /// Seconds for the stop-gap by bcrypt and by PBKDF2.
    unit: [f64; 2],
    /// Seconds of what was asked for and is not ready, by rank.
    ahead: [f64; RANKS],
}

/// Work that was asked for; it counts until it is dropped.
struct Counted {
    load: Arc<Mutex<Load>>,
    rank: Rank,
    seconds: f64,
}

impl Drop for Counted {
    fn drop(&mut self) {
        if let Some(ahead) = lock(&self.load).ahead.get_mut(self.rank) {
            *ahead = (*ahead - self.seconds).max(0.0);
        }
    }
}

fn rank(change: bool, stop_gap: bool) -> Rank {
    match (change, stop_gap) {
        (true, true) => 0,
        (true, false) => 1,
        (false, true) => 2,
        (false, false) => 3,
    }
}

/// How many times a stop-gap's time a hash of this password takes, and which of the two units it is.
fn weight(len: usize, bcrypt_cost: u32) -> (usize, f64) {
    match hash::bcrypt_sees(len) {
        true => (0, 2_f64.powi(i32::try_from(bcrypt_cost).unwrap_or(31) - STOP_GAP.0.cast_signed())),
        false => (1, f64::from(OWN_PBKDF2_ITERATIONS) / f64::from(STOP_GAP.1)),
    }
}

impl Load {
    fn times(&self, len: usize, bcrypt_cost: u32) -> (f64, f64) {
        let (unit, weight) = weight(len, bcrypt_cost);
        let stop_gap = self.unit.get(unit).copied().unwrap_or(FIRST.as_secs_f64());
        (stop_gap * weight, stop_gap)
    }

    /// A hash took so long; one that was held up by something else counts less.
    fn learn(&mut self, unit: usize, seconds: f64) {
        if let Some(known) = self.unit.get_mut(unit) {
            *known += (seconds.clamp(*known / 8.0, *known * 4.0) - *known) / 4.0;
        }
    }

    /// When work of this rank would be begun, in seconds.
    fn begins(&self, rank: Rank, cores: usize, full: f64) -> f64 {
        let (before, after) = self.ahead.split_at((rank + 1).min(RANKS));
        // What goes after it may have been begun already.
        let begun = if after.iter().any(|seconds| *seconds > 0.0) { full } else { 0.0 };
        before.iter().sum::<f64>() / cores as f64 + begun
    }

    fn outlook(&self, len: usize, bcrypt_cost: u32, cores: usize, wish: Wish) -> Outlook {
        let left = wish.by.saturating_duration_since(Instant::now()).as_secs_f64();
        let (full, stop_gap) = self.times(len, bcrypt_cost);
        let begins = self.begins(rank(wish.change, false), cores, full);
        let nobody_waits = self.ahead.iter().sum::<f64>() < full * cores as f64;
        let share = if nobody_waits { 1.0 } else { SHARE_FOR_FULL };
        if (begins + full) * CAUTION <= left * share {
            return Outlook::Full;
        }
        let ready = (self.begins(rank(wish.change, true), cores, full) + stop_gap) * CAUTION;
        match ready <= left || wish.surely {
            true => Outlook::StopGap { alone: full * CAUTION > left },
            false => Outlook::TooLate,
        }
    }
}

impl Hashers {
    pub(crate) fn new(bcrypt_cost: u32) -> Hashers {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).min(MOST);
        let load = Load { unit: [FIRST.as_secs_f64(); 2], ahead: [0.0; RANKS] };
        Hashers {
            pool: Pool::new("kinde-migrate-h", cores),
            cores,
            bcrypt_cost,
            load: Arc::new(Mutex::new(load)),
        }
    }

    /// What would come of a wish for the hash of a password of this length.
    pub(crate) fn outlook(&self, len: usize, wish: Wish) -> Outlook {
        lock(&self.load).outlook(len, self.bcrypt_cost, self.cores, wish)
    }

    /// Whether a hash takes longer than there is time, though nobody else waits.
    pub(crate) fn is_too_costly(&self, len: usize, wish: Wish) -> bool {
        let left = wish.by.saturating_duration_since(Instant::now()).as_secs_f64();
        lock(&self.load).times(len, self.bcrypt_cost).0 * CAUTION > left
    }

    /// Begins to hash a password, or to make a stop-gap of it, as things stand.
    pub(crate) fn make(&self, password: Secret, salt: [u8; 16], wish: Wish) -> Hashing {
        let outlook = self.outlook(password.expose_secret().len(), wish);
        self.ask(password, salt, wish, outlook != Outlook::Full, true)
    }

    /// Makes a stop-gap, in place of a hash that was not ready.
    pub(crate) fn make_stop_gap(&self, password: Secret, salt: [u8; 16], wish: Wish) -> Hashing {
        self.ask(password, salt, wish, true, true)
    }

    /// Hashes a password with a salt that is known, for a comparison; nothing where there is no time.
    pub(crate) fn compare(&self, password: Secret, salt: [u8; 16], wish: Wish) -> Hashing {
        match self.outlook(password.expose_secret().len(), wish) {
            Outlook::Full => self.ask(password, salt, wish, false, false),
            _ => Hashing::none(),
        }
    }

    /// Work of another kind that computes, as long as nobody waits for it in vain.
    pub(crate) fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        self.pool.run(rank(false, false), move || crate::scrub::scrubbed(work))
    }

    fn ask(
        &self,
        password: Secret,
        salt: [u8; 16],
        wish: Wish,
        stop_gap: bool,
        may_be_stop_gap: bool,
    ) -> Hashing {
        let (len, cost, load) = (password.expose_secret().len(), self.bcrypt_cost, Arc::clone(&self.load));
        let rank = rank(wish.change, stop_gap);
        let counted = {
            let mut now = lock(&load);
            let (full, cheap) = now.times(len, cost);
            let seconds = if stop_gap { cheap } else { full };
            if let Some(ahead) = now.ahead.get_mut(rank) {
                *ahead += seconds;
            }
            Counted { load: Arc::clone(&load), rank, seconds }
        };
        let work = move || {
            // Not a binding that is dropped before: it counts as long as it lasts.
            let _counted = counted;
            let (full, _) = lock(&load).times(len, cost);
            let left = wish.by.saturating_duration_since(Instant::now()).as_secs_f64();
            // It waited longer than was foreseen.
            let stop_gap = stop_gap || full > left;
            if stop_gap && (!may_be_stop_gap || !wish.surely && left == 0.0) {
                return None;
            }
            let began = Instant::now();
            let fields = crate::scrub::scrubbed(|| match stop_gap {
                true => hash::stop_gap(password.expose_secret(), salt),
                false => hash::hash_password(password.expose_secret(), salt, cost),
            });
            let (unit, weight) = weight(len, cost);
            let took = began.elapsed().as_secs_f64() / if stop_gap { 1.0 } else { weight };
            lock(&load).learn(unit, took);
            Some(Made { fields: fields.ok()?, stop_gap })
        };
        Hashing { stop_gap, made: Some(self.pool.run(rank, work)) }
    }
}

/// A hash that is being made. If nobody waits for it any more when its turn comes, it is not begun.
pub(crate) struct Hashing {
    /// It is asked for as the cheaper one.
    pub(crate) stop_gap: bool,
    made: Option<oneshot::Receiver<Option<Made>>>,
}

impl Hashing {
    fn none() -> Hashing {
        Hashing { stop_gap: false, made: None }
    }

    /// May be asked again after it was given up, not after it has come.
    pub(crate) async fn done(&mut self) -> Option<Made> {
        let made = self.made.as_mut()?.await.ok().flatten();
        self.made = None;
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::secret;

    fn wish(change: bool, millis: u64) -> Wish {
        Wish { change, surely: change, by: Instant::now() + Duration::from_millis(millis) }
    }

    fn load(ahead: [f64; RANKS]) -> Load {
        Load { unit: [0.003; 2], ahead }
    }

    #[test]
    fn what_cannot_be_ready_in_time_is_not_begun() {
        let idle = load([0.0; RANKS]);
        assert_eq!(idle.outlook(8, 10, 2, wish(false, 1850)), Outlook::Full);
        // 64 times a stop-gap: 192 ms.
        assert_eq!(idle.outlook(8, 12, 2, wish(false, 200)), Outlook::StopGap { alone: true });
        assert_eq!(idle.outlook(8, 12, 2, wish(false, 1)), Outlook::TooLate);
        assert_eq!(idle.outlook(8, 12, 2, wish(true, 1)), Outlook::StopGap { alone: true });
        // A password for PBKDF2 takes 60 times a stop-gap.
        assert_eq!(idle.outlook(80, 4, 2, wish(false, 100)), Outlook::StopGap { alone: true });
    }

    #[test]
    fn half_of_the_time_is_for_those_who_get_a_stop_gap() {
        let busy = load([0.0, 0.0, 0.0, 1.6]);
        assert_eq!(busy.outlook(8, 10, 2, wish(false, 1850)), Outlook::StopGap { alone: false });
        assert_eq!(busy.outlook(8, 10, 2, wish(false, 4000)), Outlook::Full);
        assert_eq!(busy.outlook(8, 10, 2, wish(true, 1850)), Outlook::Full, "changes go before");
        let crowded = load([0.0, 0.0, 3.4, 1.6]);
        assert_eq!(crowded.outlook(8, 10, 2, wish(false, 1850)), Outlook::TooLate);
        assert_eq!(crowded.outlook(8, 10, 2, wish(true, 1850)), Outlook::Full);
    }

    #[test]
    fn a_burst_is_answered_in_the_order_of_what_it_costs() {
        let hashers = Hashers::new(10);
        let end = wish(false, 60_000);
        let mut all: Vec<Hashing> =
            (0..30).map(|n| hashers.make(secret(format!("password {n}")), [7; 16], end)).collect();
        let late = wish(false, 40);
        let mut last = hashers.make(secret("last"), [7; 16], late);
        let change = wish(true, 1);
        let mut change = hashers.make(secret("change"), [7; 16], change);
        let made = crate::process::drive_bare(async {
            let change = change.done().await;
            let last = last.done().await;
            let mut made = Vec::new();
            for one in &mut all {
                made.extend(one.done().await);
            }
            (change, last, made)
        });
        assert!(made.0.unwrap().stop_gap, "a change is always hashed");
        assert!(made.1.is_none_or(|made| made.stop_gap));
        assert!(made.2.len() == 30 && made.2.iter().all(|made| !made.stop_gap));
        assert!(lock(&hashers.load).ahead.iter().all(|ahead| *ahead < 1e-6));
    }

    #[test]
    fn the_time_that_hashes_take_is_learnt() {
        let mut load = load([0.0; RANKS]);
        for _ in 0..40 {
            load.learn(0, 0.008);
        }
        assert!((load.times(8, 10).0 - 0.128).abs() < 0.002);
        // A single one that was held up changes little.
        load.learn(0, 10.0);
        assert!(load.times(8, 6).0 < 0.02);
    }
}
