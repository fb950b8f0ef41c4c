//! Lets every call to Kinde through at its time: the pacer, kept in the ledger for all processes of the host.
//!
//! While nothing has been learnt of a limit and none is set, a sign-in passes without a look at the ledger's lock, and
//! what it did is told a little later.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::ledger::{Caller, Ledger, Step, fill, uptime_micros};
use crate::pace::{Admission, Ceilings, Class, Outcome, Pacer, Ticket};
use crate::process::lock;

/// What is not urgent is told to the ledger this late at most: a step there costs as much as the rest of a call that is
/// held up by nothing.
const TELL: Duration = Duration::from_millis(50);
/// A call's lease outlasts its time-out by this much.
const AFTER_CALL: Duration = Duration::from_secs(1);

/// One process's way to the pacer.
pub(crate) struct Turnstile {
    ceilings: Ceilings,
    local: Mutex<Local>,
}

struct Local {
    /// This process, as it is now.
    caller: Caller,
    /// The calls in flight that the ledger was told of last, and when that was.
    told: (u32, Instant),
    /// Successes that it has not been told of, and when the first of those calls was sent.
    answered: u32,
    sent_at: i64,
    /// When it was last seen that sign-ins may pass freely.
    open: Option<Instant>,
}

/// What has been learnt of Kinde's limits.
pub(crate) struct Learnt {
    pub(crate) per_minute: Option<u64>,
    pub(crate) in_flight: Option<u64>,
    /// Answers of 429 so far.
    pub(crate) limited: u64,
    pub(crate) paused: Option<Duration>,
}

/// The call's time comes only after this, which is too late.
#[derive(Debug)]
pub(crate) struct TooLate(pub(crate) Duration);

/// A call that may be made now. Dropped, it has ended without saying anything of the limits.
pub(crate) struct Pass<'a> {
    turnstile: &'a Turnstile,
    ledger: &'a Ledger,
    sent_at: i64,
    outcome: Outcome,
}

impl Turnstile {
    pub(crate) fn new(ceilings: Ceilings) -> Turnstile {
        let mut id = [0; 8];
        let _ = fill(&mut id);
        let caller = Caller { id: i64::from_le_bytes(id), in_flight: 0, until: 0 };
        let local = Local { caller, told: (0, Instant::now()), answered: 0, sent_at: 0, open: None };
        Turnstile { ceilings, local: Mutex::new(local) }
    }

    /// Waits for this call's time. Where that is not before `ends`, no place is kept for it.
    pub(crate) async fn enter<'a>(
        &'a self,
        ledger: &'a Ledger,
        class: Class,
        ends: Instant,
        timeout: Duration,
    ) -> Result<Pass<'a>, TooLate> {
        let mut ticket = None;
        loop {
            let now = uptime_micros();
            let pass = || Pass { turnstile: self, ledger, sent_at: now, outcome: Outcome::Other };
            let until = now.saturating_add(micros(timeout + AFTER_CALL));
            if class == Class::SignIn && self.pass_freely(ledger, until) {
                return Ok(pass());
            }
            let latest = now.saturating_add(micros(ends.saturating_duration_since(Instant::now())));
            match self.ask(ledger, class, ticket, (now, latest), until) {
                Admission::Go => return Ok(pass()),
                Admission::NotBefore { at, .. } if at >= latest => return Err(TooLate(time(at - now))),
                Admission::NotBefore { at, ticket: place } => {
                    ticket = Some(place);
                    tokio::time::sleep(time(at - now)).await;
                }
            }
        }
    }

    /// What has been learnt, for people.
    pub(crate) fn look(ledger: &Ledger) -> Learnt {
        let pacer = pacer(ledger);
        Learnt {
            per_minute: pacer.limit_per_minute(),
            in_flight: pacer.limit_in_flight(),
            limited: pacer.limited(),
            paused: Self::paused(ledger),
        }
    }

    /// For how long nobody calls Kinde, after a 429.
    pub(crate) fn paused(ledger: &Ledger) -> Option<Duration> {
        let now = uptime_micros();
        pacer(ledger).paused_until(now).map(|until| time(until - now))
    }

    /// Kinde gives no token before the reset: nobody can call it.
    pub(crate) fn pause(&self, ledger: &Ledger, reset: Option<Duration>) {
        self.step(ledger, |pacer, _| pacer.pause(uptime_micros(), reset));
    }

    fn pass_freely(&self, ledger: &Ledger, until: i64) -> bool {
        if !self.ceilings.are_none() {
            return false;
        }
        let mut local = lock(&self.local);
        if local.open.is_none_or(|at| at.elapsed() >= TELL) {
            local.open = pacer(ledger).unlimited(uptime_micros()).then(Instant::now);
        }
        if local.open.is_some() {
            local.begin(until);
        }
        local.open.is_some()
    }

    fn ask(
        &self,
        ledger: &Ledger,
        class: Class,
        ticket: Option<Ticket>,
        (now, latest): (i64, i64),
        until: i64,
    ) -> Admission {
        let mut local = lock(&self.local);
        let (answered, sent_at) = local.take_answered();
        let mine = local.caller;
        let admission = ledger.pace(mine.id, now, |state, others| {
            let mut pacer = Pacer::from_bytes(state).unwrap_or_default();
            let in_flight = others.saturating_add(mine.in_flight);
            pacer.done(now, sent_at, Outcome::Ok(answered), in_flight, 0.0);
            let mut asked = pacer.clone();
            let admission = asked.ask(now, class, in_flight, &self.ceilings, ticket);
            let caller = match admission {
                Admission::Go => mine.with_another(until),
                Admission::NotBefore { .. } => mine,
            };
            // Who cannot wait that long takes no place from those who can.
            if !matches!(admission, Admission::NotBefore { at, .. } if at >= latest) {
                pacer = asked;
            }
            Step { answer: admission, state: pacer.to_bytes(), caller }
        });
        let admission = admission.unwrap_or(Admission::Go);
        if admission == Admission::Go {
            local.begin(until);
        }
        local.told = (local.caller.in_flight, Instant::now());
        admission
    }

    fn end(&self, ledger: &Ledger, sent_at: i64, outcome: Outcome) {
        let mut local = lock(&self.local);
        local.caller.in_flight = local.caller.in_flight.saturating_sub(1);
        if let Outcome::Ok(answers) = outcome {
            if local.answered == 0 {
                local.sent_at = sent_at;
            }
            local.answered += answers;
        }
        let limited = matches!(outcome, Outcome::Limited { .. });
        let (told, told_at) = local.told;
        let somebody_may_wait = told > local.caller.in_flight;
        drop(local);
        if limited || somebody_may_wait || told_at.elapsed() >= TELL {
            self.step(ledger, |pacer, in_flight| {
                if limited {
                    pacer.done(uptime_micros(), sent_at, outcome, in_flight, random());
                }
            });
        }
    }

    /// Tells the ledger what it has not been told, and what `change` does.
    fn step(&self, ledger: &Ledger, change: impl Fn(&mut Pacer, u32)) {
        let mut local = lock(&self.local);
        let (answered, sent_at) = local.take_answered();
        let caller = local.caller;
        let now = uptime_micros();
        let open = ledger.pace(caller.id, now, |state, others| {
            let mut pacer = Pacer::from_bytes(state).unwrap_or_default();
            let in_flight = others.saturating_add(caller.in_flight);
            pacer.done(now, sent_at, Outcome::Ok(answered), in_flight, 0.0);
            change(&mut pacer, in_flight);
            Step { answer: pacer.unlimited(now), state: pacer.to_bytes(), caller }
        });
        local.told = (caller.in_flight, Instant::now());
        local.open = open.filter(|open| *open).map(|_| Instant::now());
    }
}

impl Local {
    fn begin(&mut self, until: i64) {
        self.caller = self.caller.with_another(until);
    }

    fn take_answered(&mut self) -> (u32, i64) {
        (std::mem::take(&mut self.answered), self.sent_at)
    }
}

impl Pass<'_> {
    /// Kinde has answered the call with this status and, perhaps, `RateLimit-Reset`.
    pub(crate) fn answered(mut self, status: u16, reset: Option<Duration>) {
        self.outcome = match status {
            429 => Outcome::Limited { reset },
            500.. => Outcome::Other,
            _ => Outcome::Ok(1),
        };
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.turnstile.end(self.ledger, self.sent_at, self.outcome);
    }
}

/// The pacer as it stands. One that cannot be read has learnt nothing.
fn pacer(ledger: &Ledger) -> Pacer {
    Pacer::from_bytes(&ledger.pace_state()).unwrap_or_default()
}

fn random() -> f64 {
    let mut bytes = [0; 4];
    let _ = fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

fn time(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}
