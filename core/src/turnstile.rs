//! Lets every call to Kinde through at its time: the pacer, kept in the ledger for all processes of the host.
//!
//! While nothing has been learnt of a limit and none is set, a sign-in passes without a look at the ledger's lock, and
//! what it did is told a little later.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::ledger::{Caller, Ledger, Step, fill, uptime_micros};
use crate::pace::{Answer, Ceilings, Class, Heard, Pacer, Ticket};
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
    /// Calls that passed freely and that it has not been told of.
    sent: u32,
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
    heard: Heard,
}

impl Turnstile {
    pub(crate) fn new(ceilings: Ceilings) -> Turnstile {
        let mut id = [0; 8];
        let _ = fill(&mut id);
        let caller = Caller { id: i64::from_le_bytes(id), in_flight: 0, until: 0 };
        let local = Local { caller, told: (0, Instant::now()), sent: 0, open: None };
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
            let pass = |sent_at| Pass { turnstile: self, ledger, sent_at, heard: Heard::Other };
            let lease = micros(timeout + AFTER_CALL);
            if class == Class::SignIn && self.pass_freely(ledger, lease) {
                return Ok(pass(uptime_micros()));
            }
            let left = micros(ends.saturating_duration_since(Instant::now()));
            match self.ask(ledger, class, ticket, left, lease) {
                (now, Answer::Go) => return Ok(pass(now)),
                (now, Answer::NotBefore { due, .. }) if due - now >= left => {
                    return Err(TooLate(time(due - now)));
                }
                (now, Answer::NotBefore { at, ticket: place, .. }) => {
                    ticket = place;
                    tokio::time::sleep(time(at - now)).await;
                }
            }
        }
    }

    /// What has been learnt, for people.
    pub(crate) fn look(ledger: &Ledger) -> Learnt {
        let pacer = pacer(ledger);
        Learnt {
            per_minute: pacer.learnt().calls_per_minute.map(|limit| limit as u64),
            in_flight: pacer.learnt().in_flight.map(u64::from),
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
        self.step(ledger, |pacer, now, _| pacer.pause(now, reset));
    }

    /// How long it takes to be let through and to say that the call has ended.
    #[cfg(feature = "measure")]
    pub(crate) fn measure(&self, ledger: &Ledger) -> (Duration, Duration) {
        let began = Instant::now();
        let (sent_at, answer) = self.ask(ledger, Class::SignIn, None, micros(AFTER_CALL), micros(AFTER_CALL));
        let asked = began.elapsed();
        if answer == Answer::Go {
            drop(Pass { turnstile: self, ledger, sent_at, heard: Heard::Ok });
        }
        (asked, began.elapsed().saturating_sub(asked))
    }

    fn pass_freely(&self, ledger: &Ledger, lease: i64) -> bool {
        let mut local = lock(&self.local);
        if local.open.is_none_or(|at| at.elapsed() >= TELL) {
            let open = pacer(ledger).unlimited(uptime_micros(), &self.ceilings);
            local.open = open.then(Instant::now);
        }
        if local.open.is_some() {
            local.caller = local.caller.with_another(uptime_micros() + lease);
            local.sent += 1;
        }
        local.open.is_some()
    }

    /// The answer, and when it was given. `left` is how long the caller can wait.
    fn ask(
        &self,
        ledger: &Ledger,
        class: Class,
        ticket: Option<Ticket>,
        left: i64,
        lease: i64,
    ) -> (i64, Answer) {
        let mut local = lock(&self.local);
        let (mine, sent) = (local.caller, std::mem::take(&mut local.sent));
        let answer = ledger.pace(mine.id, |now, state, others| {
            let mut pacer = Pacer::from_bytes(state);
            tell(&mut pacer, now, sent);
            let mut asked = pacer.clone();
            let answer = asked.ask(now, class, others.saturating_add(mine.in_flight), &self.ceilings, ticket);
            let caller = if answer == Answer::Go { mine.with_another(now + lease) } else { mine };
            match answer {
                // Who cannot wait that long takes no place from those who can.
                Answer::NotBefore { due, .. } if due - now >= left => {
                    if let Some(ticket) = ticket {
                        pacer.give_back(ticket);
                    }
                }
                _ => pacer = asked,
            }
            Step { answer: (now, answer), state: pacer.to_bytes(), caller }
        });
        let (now, answer) = answer.unwrap_or_else(|| (uptime_micros(), Answer::Go));
        if answer == Answer::Go {
            local.caller = mine.with_another(now + lease);
        }
        local.told = (local.caller.in_flight, Instant::now());
        (now, answer)
    }

    /// A call has ended.
    fn end(&self, ledger: &Ledger, sent_at: i64, heard: Heard) {
        let mut local = lock(&self.local);
        local.caller.in_flight = local.caller.in_flight.saturating_sub(1);
        let (told, told_at) = local.told;
        let somebody_may_wait = told > local.caller.in_flight;
        drop(local);
        let limited = matches!(heard, Heard::Limited { .. });
        if limited || somebody_may_wait || told_at.elapsed() >= TELL {
            // It was on its way until now.
            let ended = |pacer: &mut Pacer, now, in_flight: u32| {
                pacer.done(now, sent_at, heard, in_flight.saturating_add(1), random());
            };
            self.step(ledger, ended);
        }
    }

    /// Tells the ledger what it has not been told, and does what `change` does.
    fn step(&self, ledger: &Ledger, change: impl Fn(&mut Pacer, i64, u32)) {
        let mut local = lock(&self.local);
        let (caller, sent) = (local.caller, std::mem::take(&mut local.sent));
        let open = ledger.pace(caller.id, |now, state, others| {
            let mut pacer = Pacer::from_bytes(state);
            tell(&mut pacer, now, sent);
            change(&mut pacer, now, others.saturating_add(caller.in_flight));
            let open = pacer.unlimited(now, &self.ceilings);
            Step { answer: open, state: pacer.to_bytes(), caller }
        });
        local.told = (caller.in_flight, Instant::now());
        local.open = open.filter(|open| *open).map(|_| Instant::now());
    }
}

fn tell(pacer: &mut Pacer, now: i64, sent: u32) {
    if sent > 0 {
        pacer.sent(now, sent);
    }
}

impl Pass<'_> {
    /// Kinde has answered the call with this status and, perhaps, `RateLimit-Reset`.
    pub(crate) fn answered(mut self, status: u16, reset: Option<Duration>) {
        self.heard = match status {
            429 => Heard::Limited { reset },
            500.. => Heard::Other,
            _ => Heard::Ok,
        };
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.turnstile.end(self.ledger, self.sent_at, self.heard);
    }
}

/// The pacer as it stands. One that cannot be read has learnt nothing.
fn pacer(ledger: &Ledger) -> Pacer {
    Pacer::from_bytes(&ledger.pace_state())
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
