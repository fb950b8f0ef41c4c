//! Whether Kinde is up: the breaker, kept in the ledger for all processes of the host.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::ledger::{Health, Ledger, uptime};
use crate::pace::{Admission, Breaker};
use crate::process::lock;

/// What the ledger said is believed for this long: a look at it costs as much as the rest of a call.
const BELIEVED: Duration = Duration::from_millis(50);

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    Go,
    /// Kinde is down; it is tried again after this.
    Down(Duration),
}

/// One process's view.
#[derive(Default)]
pub(crate) struct Watch {
    seen: Mutex<Option<(Instant, Health)>>,
}

impl Watch {
    /// Asked before every call. Where Kinde is to be tried after it was down, one caller of all processes gets
    /// through.
    pub(crate) fn gate(&self, ledger: &Ledger) -> Gate {
        let health = self.seen(ledger);
        let now = uptime();
        match breaker(health).admit(now) {
            Admission::Closed => Gate::Go,
            Admission::Open(left) => Gate::Down(wait(left)),
            Admission::HalfOpen => {
                let mine = std::cell::Cell::new(false);
                let health = ledger.change_health(|health| match breaker(health).admit(now) {
                    Admission::HalfOpen => {
                        mine.set(true);
                        with(breaker(health).probing(now))
                    }
                    _ => health,
                });
                self.keep(health);
                match breaker(health).admit(now) {
                    Admission::Closed => Gate::Go,
                    _ if mine.get() => Gate::Go,
                    Admission::Open(left) => Gate::Down(wait(left)),
                    Admission::HalfOpen => Gate::Down(BELIEVED),
                }
            }
        }
    }

    /// For how long Kinde is left alone, if it is known to be down.
    pub(crate) fn down(&self, ledger: &Ledger) -> Option<Duration> {
        match breaker(self.seen(ledger)).admit(uptime()) {
            Admission::Open(left) => Some(wait(left)),
            Admission::Closed | Admission::HalfOpen => None,
        }
    }

    /// Whether there is no doubt that Kinde is up.
    pub(crate) fn is_well(&self, ledger: &Ledger) -> bool {
        breaker(self.seen(ledger)).admit(uptime()) == Admission::Closed
    }

    /// How it stands, for people.
    pub(crate) fn look(ledger: &Ledger) -> Gate {
        match breaker(ledger.health()).admit(uptime()) {
            Admission::Open(left) => Gate::Down(wait(left)),
            Admission::HalfOpen => Gate::Down(Duration::ZERO),
            Admission::Closed => Gate::Go,
        }
    }

    /// Kinde has answered.
    pub(crate) fn answered(&self, ledger: &Ledger) {
        let clean = lock(&self.seen).is_some_and(|(_, health)| breaker(health) == Breaker::default());
        if !clean {
            self.keep(ledger.change_health(|health| with(breaker(health).answered())));
        }
    }

    /// Kinde could not be reached, or answered that it is down. `random` is from 0 to 1.
    pub(crate) fn failed(&self, ledger: &Ledger, random: f64) {
        self.keep(ledger.change_health(|health| with(breaker(health).failed(uptime(), random))));
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

fn breaker(health: Health) -> Breaker {
    Breaker {
        failures: health.failures,
        opened: health.opened,
        open_until: health.open_until,
        probe_until: health.probe_until,
    }
}

fn with(breaker: Breaker) -> Health {
    Health {
        failures: breaker.failures,
        opened: breaker.opened,
        open_until: breaker.open_until,
        probe_until: breaker.probe_until,
    }
}

fn wait(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}
