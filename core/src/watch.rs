//! Whether Kinde is up: the breaker, kept in the ledger for all processes of the host.
//!
//! What one process may have to itself stays with it: that it does not trust Kinde's certificate, that its proxy does not
//! let it through, or that its deadline is too short for any answer.

use std::cell::Cell;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::api::Failure;
use crate::code::Code;
use crate::ledger::{Digest, Health, Ledger, uptime};
use crate::notice::Notices;
use crate::pace::{Admission, Breaker, Class, FAILURES, FIRST, LONGEST, LONGEST_ANSWERED, TIME_OUT};
use crate::process::lock;

/// What the ledger said is believed for this long: a look at it costs as much as the rest of a call.
const BELIEVED: Duration = Duration::from_millis(50);
/// That Kinde has answered is told to the others this often (milliseconds).
const TELL: i64 = 5_000;
/// As long as Kinde has answered others within this time (milliseconds), errors for one user are that user's.
const WELL: i64 = 15_000;
/// A user for whom Kinde had errors is known for that for so long (milliseconds), …
const KNOWN: i64 = 10 * 60_000;
/// … and so many of them are.
const MOST_KNOWN: usize = 1024;

/// Whose call it is.
#[derive(Clone, Copy)]
pub(crate) struct Asker {
    pub(crate) user: Digest,
    pub(crate) class: Class,
    /// Its requests have less time than a request can be expected to take.
    pub(crate) brief: bool,
}

/// One process's view.
pub(crate) struct Watch {
    notices: Arc<Notices>,
    seen: Mutex<Option<(Instant, Health)>>,
    own: Mutex<Own>,
}

/// What this process has to itself.
#[derive(Default)]
struct Own {
    /// Of calls that have little time.
    brief: Breaker,
    /// Of trust and the proxy, and what was wrong with them.
    way: Breaker,
    blocked: Option<(Code, String)>,
    /// Users for whom Kinde had errors, and when.
    unlucky: Vec<(Digest, i64)>,
    /// For whom Kinde answered well last, and for whom before that who is another one; and when.
    answered: Option<(Digest, i64)>,
    answered_another: Option<(Digest, i64)>,
}

/// What a call that is not made because Kinde is down comes to.
fn down(left: i64) -> Failure {
    let message = "Kinde is known to be down; nothing is lost, it is delivered when it is back";
    let reset = Some(time(left));
    Failure { reset, unasked: true, ..Failure::new(Code::KindeDown, message) }
}

impl Watch {
    pub(crate) fn new(notices: &Arc<Notices>) -> Watch {
        Watch { notices: Arc::clone(notices), seen: Mutex::default(), own: Mutex::default() }
    }

    /// Asked before every call. Where Kinde is to be tried after it was down, one caller of all processes gets
    /// through.
    pub(crate) fn gate(&self, ledger: &Ledger, asker: Asker) -> Result<(), Failure> {
        self.own_gate(asker)?;
        let health = self.seen(ledger);
        let now = uptime();
        if breaker(health).opened == 0 {
            return Ok(());
        }
        let first = asker.class == Class::SignIn && !self.is_unlucky(asker.user);
        match breaker(health).admit(now, first) {
            Admission::Closed => Ok(()),
            Admission::Open(left) => Err(down(left)),
            Admission::HalfOpen => {
                let mine = Cell::new(false);
                let health = ledger.change_health(|health| match breaker(health).admit(now, first) {
                    Admission::HalfOpen => {
                        mine.set(true);
                        with(health, breaker(health).probing(now))
                    }
                    _ => health,
                });
                self.keep(health);
                match breaker(health).admit(now, first) {
                    Admission::Closed => Ok(()),
                    _ if mine.get() => Ok(()),
                    Admission::Open(left) => Err(down(left)),
                    Admission::HalfOpen => Err(down(1)),
                }
            }
        }
    }

    /// The same for what this process has to itself.
    fn own_gate(&self, asker: Asker) -> Result<(), Failure> {
        let now = uptime();
        let mut own = lock(&self.own);
        let own = &mut *own;
        if own.way.opened > 0 {
            match own.way.admit(now, true) {
                Admission::Closed => {}
                Admission::HalfOpen => own.way = own.way.probing(now),
                Admission::Open(left) => return Err(own.is_blocked(left)),
            }
        }
        if asker.brief && own.brief.opened > 0 {
            match own.brief.admit(now, true) {
                Admission::Closed => {}
                Admission::HalfOpen => own.brief = own.brief.probing(now),
                Admission::Open(left) => return Err(down(left)),
            }
        }
        Ok(())
    }

    /// Why nobody of this class calls Kinde just now, if that is known.
    pub(crate) fn down(&self, ledger: &Ledger, class: Class) -> Option<Failure> {
        let now = uptime();
        let own = lock(&self.own);
        if let Admission::Open(left) = own.way.admit(now, true) {
            return Some(own.is_blocked(left));
        }
        if class == Class::SignIn
            && let Admission::Open(left) = own.brief.admit(now, true)
        {
            return Some(down(left));
        }
        drop(own);
        match breaker(self.seen(ledger)).admit(now, class == Class::SignIn) {
            Admission::Open(left) => Some(down(left)),
            Admission::Closed | Admission::HalfOpen => None,
        }
    }

    /// Whether there is no doubt that Kinde is up.
    pub(crate) fn is_well(&self, ledger: &Ledger) -> bool {
        let own = lock(&self.own);
        let fine = own.way.opened == 0 && own.brief.opened == 0;
        drop(own);
        fine && breaker(self.seen(ledger)).opened == 0
    }

    /// Whether Kinde is up for others, so that errors for one user are that user's.
    pub(crate) fn is_well_for_others(&self, ledger: &Ledger, user: Digest) -> bool {
        let health = self.seen(ledger);
        breaker(health).opened == 0 && self.has_answered_others(health, user)
    }

    /// How it stands, for people: when it is tried again if it is down, and what went wrong since it was well.
    pub(crate) fn look(ledger: &Ledger) -> (Option<Duration>, Option<Code>) {
        let health = ledger.health();
        let down = match breaker(health).admit(uptime(), true) {
            Admission::Open(left) => Some(time(left)),
            Admission::HalfOpen => Some(Duration::ZERO),
            Admission::Closed => None,
        };
        (down, Code::numbered(health.error))
    }

    /// Kinde has answered.
    pub(crate) fn answered(&self, ledger: &Ledger, asker: Asker) {
        let now = uptime();
        let mut own = lock(&self.own);
        if own.answered.is_some_and(|(user, _)| user != asker.user) {
            own.answered_another = own.answered;
        }
        own.answered = Some((asker.user, now));
        if asker.class == Class::SignIn {
            own.brief = Breaker::default();
        }
        if let Some((code, _)) = own.blocked.take() {
            own.way = Breaker::default();
            self.notices.well(code, "");
        }
        drop(own);
        let clean = lock(&self.seen).is_some_and(|(_, health)| {
            breaker(health) == Breaker::default()
                && health.error == 0
                && (0..TELL).contains(&(now - health.answered))
        });
        if !clean {
            let (answered, answered_for) = (now, short(asker.user));
            let well = |health| Health {
                answered,
                answered_for,
                error: 0,
                ..with(health, breaker(health).answered())
            };
            self.keep(ledger.change_health(well));
        }
    }

    /// Kinde could not be reached, or answered that it is down. `random` is from 0 to 1.
    pub(crate) fn failed(&self, ledger: &Ledger, failure: &Failure, asker: Asker, random: f64) {
        let now = uptime();
        let (counts, most) = match failure.code {
            // This process was too late itself, and has found out nothing.
            Code::KindeTimeout if failure.late => return,
            Code::CertificateUntrusted | Code::CertificateWrongHost | Code::ProxyRefused => {
                self.notices.remind(failure.code, "", || failure.message.clone());
                let mut own = lock(&self.own);
                own.way = own.way.failed(now, FAILURES, LONGEST, random);
                own.blocked = Some((failure.code, failure.message.clone()));
                drop(own);
                (0, 0)
            }
            Code::KindeTimeout if asker.brief => {
                let mut own = lock(&self.own);
                own.brief = own.brief.failed(now, TIME_OUT, LONGEST, random);
                return;
            }
            Code::KindeTimeout => (TIME_OUT, LONGEST),
            Code::KindeUnreachable => (1, LONGEST),
            Code::KindeUnavailable | Code::KindeNonsense if failure.of_everybody => (1, LONGEST),
            Code::KindeUnavailable => {
                let known = self.is_unlucky(asker.user);
                self.remember_unlucky(asker.user, now);
                match known && self.has_answered_others(self.seen(ledger), asker.user) {
                    true => (0, 0),
                    false if known || asker.class != Class::SignIn => (1, FIRST),
                    false => (1, LONGEST_ANSWERED),
                }
            }
            _ => return,
        };
        let error = failure.code.number();
        if counts == 0 && self.seen(ledger).error == error {
            return;
        }
        self.keep(ledger.change_health(|health| {
            let now_known = match counts {
                0 => breaker(health),
                _ => breaker(health).failed(now, counts, most, random),
            };
            // What opened it tells more than what one user meets.
            let error = if counts == 0 && health.error != 0 { health.error } else { error };
            Health { error, ..with(health, now_known) }
        }));
    }

    fn has_answered_others(&self, health: Health, user: Digest) -> bool {
        let now = uptime();
        let lately = |at: i64| (0..WELL).contains(&now.saturating_sub(at));
        let own = lock(&self.own);
        let mut mine = [own.answered, own.answered_another].into_iter().flatten();
        mine.any(|(other, at)| other != user && lately(at))
            || health.answered_for != short(user) && lately(health.answered)
    }

    fn is_unlucky(&self, user: Digest) -> bool {
        let now = uptime();
        let own = lock(&self.own);
        own.unlucky.iter().any(|(known, at)| *known == user && now.saturating_sub(*at) < KNOWN)
    }

    fn remember_unlucky(&self, user: Digest, now: i64) {
        let mut own = lock(&self.own);
        match own.unlucky.iter_mut().find(|(known, _)| *known == user) {
            Some((_, at)) => *at = now,
            None => {
                own.unlucky.retain(|(_, at)| now.saturating_sub(*at) < KNOWN);
                if own.unlucky.len() < MOST_KNOWN {
                    own.unlucky.push((user, now));
                }
            }
        }
    }

    fn seen(&self, ledger: &Ledger) -> Health {
        let kept = *lock(&self.seen);
        match kept {
            Some((at, health)) if at.elapsed() < BELIEVED => health,
            _ => self.keep(ledger.health()),
        }
    }

    fn keep(&self, health: Health) -> Health {
        *lock(&self.seen) = Some((Instant::now(), health));
        health
    }
}

impl Own {
    fn is_blocked(&self, left: i64) -> Failure {
        let (code, message) = self.blocked.clone().unwrap_or((Code::KindeUnreachable, String::new()));
        Failure { reset: Some(time(left)), unasked: true, ..Failure::new(code, message) }
    }
}

fn breaker(health: Health) -> Breaker {
    Breaker {
        failures: health.failures,
        opened: health.opened,
        open_until: health.open_until,
        probe_until: health.probe_until,
    }
}

fn with(health: Health, breaker: Breaker) -> Health {
    Health {
        failures: breaker.failures,
        opened: breaker.opened,
        open_until: breaker.open_until,
        probe_until: breaker.probe_until,
        ..health
    }
}

/// What tells users apart well enough.
fn short(user: Digest) -> i64 {
    user.0.first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes))
}

fn time(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}
