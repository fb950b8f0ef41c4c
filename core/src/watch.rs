//! Whether Kinde may be called just now: the breaker and the pause after a 429, kept in the ledger for all
//! processes of the host.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::ledger::{Health, Ledger, uptime};
use crate::pace::{Admission, Breaker, LONGEST_RESET};
use crate::process::lock;

/// What the ledger said is believed for this long: a look at it costs as much as the rest of a call.
const BELIEVED: Duration = Duration::from_millis(50);

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    Go,
    /// After a 429: not before this has passed.
    Paused(Duration),
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
        if let Some(pause) = paused(health, now) {
            return Gate::Paused(pause);
        }
        match breaker(health).admit(now) {
            Admission::Closed => Gate::Go,
            Admission::Open(left) => Gate::Down(wait(left)),
            Admission::HalfOpen => {
                let mine = std::cell::Cell::new(false);
                let health = ledger.change_health(|health| match breaker(health).admit(now) {
                    Admission::HalfOpen => {
                        mine.set(true);
                        with(health, breaker(health).probing(now))
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
    pub(crate) fn look(ledger: &Ledger) -> (Gate, u64) {
        let health = ledger.health();
        let pause = paused(health, uptime());
        let gate = match breaker(health).admit(uptime()) {
            Admission::Open(left) => Gate::Down(wait(left)),
            Admission::HalfOpen => Gate::Down(Duration::ZERO),
            Admission::Closed => pause.map_or(Gate::Go, Gate::Paused),
        };
        (gate, health.limited)
    }

    /// Kinde has answered.
    pub(crate) fn answered(&self, ledger: &Ledger) {
        let clean = lock(&self.seen).is_some_and(|(_, health)| breaker(health) == Breaker::default());
        if !clean {
            self.keep(ledger.change_health(|health| with(health, breaker(health).answered())));
        }
    }

    /// Kinde could not be reached, or answered that it is down. `random` is from 0 to 1.
    pub(crate) fn failed(&self, ledger: &Ledger, random: f64) {
        self.keep(ledger.change_health(|health| with(health, breaker(health).failed(uptime(), random))));
    }

    /// Kinde has answered 429: everybody waits for the reset, if there is one.
    pub(crate) fn limited(&self, ledger: &Ledger, reset: Option<Duration>) {
        let until = reset.map_or(0, |reset| uptime() + i64::try_from(reset.as_millis()).unwrap_or(0));
        self.keep(ledger.change_health(|health| Health {
            // A shorter pause does not cut a longer one.
            pause_until: paused(health, uptime()).map_or(until, |_| health.pause_until.max(until)),
            limited: health.limited.saturating_add(1),
            ..with(health, breaker(health).answered())
        }));
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

/// A pause longer than any that is believed was written before the host was started anew.
fn paused(health: Health, now: i64) -> Option<Duration> {
    let pause = wait(health.pause_until - now);
    (!pause.is_zero() && pause <= LONGEST_RESET).then_some(pause)
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

fn wait(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}
