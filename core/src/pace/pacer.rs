//! One pacer for all callers of a host: whether a call goes now, or when.

use std::time::Duration;

use super::blob::{Field, fields};
use super::concurrency::Concurrency;
use super::rate::Rate;
use super::recent::{MINUTE, Recent};
use super::refusal::{LONG, Refusal};
use super::schedule::Line;
use super::start::{BURST, Start};

/// The first byte of a pacer at rest; another one's is not read.
const VERSION: u8 = 1;
/// A clock that goes back by more than callers are late with it (they read it before they wait for each other) began
/// anew.
const BACK: i64 = 10_000_000;
/// Calls that come late make up for it within this time, or every delay of a timer would be lost.
const LATE: i64 = 100_000;
/// A sign-in's calls go at once when as many could have gone before: so many, …
const SIGN_IN: f64 = 3.0;
/// … or this share of a minute's.
const SIGN_IN_SHARE: f64 = 0.01;
/// While a higher class waits, a lower one gets one slot of so many.
const SHARE: i64 = 20;
/// While there have been sign-ins within this time, the lower classes leave that many calls of a minute to them, and a
/// slot in flight.
const SIGN_INS: i64 = 60_000_000;
/// No pause or minute's room lasts longer.
const FAR: i64 = 2 * MINUTE;
/// Nobody sleeps longer than this, in case the line goes faster meanwhile: a higher class has gone, or a limit has risen.
const SLEEP: i64 = 2_000_000;
/// No clock goes farther: 36,000 years.
const FARTHEST: i64 = 1 << 60;
/// How long to wait where nothing may go at all.
const NEVER: i64 = MINUTE;

/// Whose call it is; the first goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A user waits.
    SignIn,
    /// Something is owed.
    Outbox,
    /// Many users are carried over; nobody waits.
    Bulk,
}

/// What may be used of what is learnt, and whatever is learnt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ceilings {
    /// In any 60 seconds. 0: none go.
    pub max_calls_per_minute: Option<f64>,
    /// At once. 0: none go.
    pub max_in_flight: Option<u32>,
    /// The share of what is learnt, from 0 to 1. Less than 1 leaves room for others; what is learnt is then not tried
    /// but doubted every half hour.
    pub use_at_most: f64,
}

impl Default for Ceilings {
    fn default() -> Self {
        Ceilings { max_calls_per_minute: None, max_in_flight: None, use_at_most: 1.0 }
    }
}

/// A waiting caller's place. The caller keeps it and shows it when it asks again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    class: Class,
    slot: u32,
    /// Of this pacer's clock; a ticket of another one is not known.
    era: u32,
}

/// The answer to a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The call goes now; it is counted as sent.
    Go,
    /// Not before this time; then to be asked again, with the ticket if there is one.
    NotBefore {
        /// By the clock of the question.
        at: i64,
        /// When the call is likely to go, as things stand: for whoever would rather not wait that long.
        due: i64,
        /// None where nothing goes at all, or too many wait.
        ticket: Option<Ticket>,
    },
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Kinde took it: any answer but 429 and those of a server that is down.
    Ok,
    /// 429, with the reset if one was named.
    Limited {
        /// From the answer on.
        reset: Option<Duration>,
    },
    /// It failed in a way that says nothing of a limit.
    Other,
}

/// What is learnt so far, for people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Learnt {
    /// The limit by the minute.
    pub calls_per_minute: Option<f64>,
    /// The limit in flight.
    pub in_flight: Option<u32>,
}

/// Everything that is learnt, and who goes when. Times are microseconds of one clock that all callers share; random
/// numbers are from 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pacer {
    era: u32,
    /// The latest time that was ever told.
    latest: i64,
    /// When the next call would go if all came evenly.
    even: i64,
    /// When a sign-in's call went last.
    sign_in: i64,
    sign_in_line: Line,
    outbox_line: Line,
    bulk_line: Line,
    /// When the outbox and the bulk run have their share again.
    outbox_share: i64,
    bulk_share: i64,
    recent: Recent,
    start: Start,
    rate: Rate,
    concurrency: Concurrency,
    /// Answers of 429 so far.
    limited: u64,
}
fields!(Pacer {
    era,
    latest,
    even,
    sign_in,
    sign_in_line,
    outbox_line,
    bulk_line,
    outbox_share,
    bulk_share,
    recent,
    start,
    rate,
    concurrency,
    limited,
});

impl Pacer {
    /// As it is kept: less than a kilobyte.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1024);
        VERSION.put(&mut bytes);
        self.put(&mut bytes);
        bytes
    }

    /// As it was kept; a new one if that cannot be read.
    pub fn from_bytes(mut bytes: &[u8]) -> Pacer {
        let read =
            u8::take(&mut bytes).filter(|version| *version == VERSION).and_then(|_| Pacer::take(&mut bytes));
        read.filter(|pacer| bytes.is_empty() && pacer.is_sound()).unwrap_or_default()
    }

    /// What is learnt so far.
    pub fn learnt(&self) -> Learnt {
        Learnt {
            calls_per_minute: self.rate.found(),
            in_flight: self.concurrency.learnt().map(|cap| cap as u32),
        }
    }

    /// When the pause after a 429 ends, if there is one.
    pub fn paused_until(&self, now: i64) -> Option<i64> {
        self.rate.paused_until(now.max(self.latest)).filter(|_| !self.began_anew(now))
    }

    /// Answers of 429 so far.
    pub fn limited(&self) -> u64 {
        self.limited
    }

    /// Nobody calls before this has passed: something else than these calls was limited, the token's endpoint.
    pub fn pause(&mut self, now: i64, reset: Option<Duration>) {
        let now = self.clock(now);
        self.limited = self.limited.saturating_add(1);
        self.rate.pause(now, reset.map(|reset| i64::try_from(reset.as_micros()).unwrap_or(i64::MAX)));
    }

    /// Whether a sign-in may go without asking: nothing is learnt, nothing pauses and there is no ceiling. What goes so is
    /// told to [`Pacer::sent`].
    pub fn unlimited(&self, now: i64, ceilings: &Ceilings) -> bool {
        self.rate.limit().is_none()
            && self.concurrency.learnt().is_none()
            && self.paused_until(now).is_none()
            && ceilings.max_calls_per_minute.is_none()
            && ceilings.max_in_flight.is_none()
    }

    /// So many calls of sign-ins went without asking.
    pub fn sent(&mut self, now: i64, calls: u32) {
        let now = self.clock(now);
        self.recent.add(now, calls);
        self.sign_in = now;
    }

    /// Whether a call may go now. `in_flight` are the calls that are on their way already.
    pub fn ask(
        &mut self,
        now: i64,
        class: Class,
        in_flight: u32,
        ceilings: &Ceilings,
        ticket: Option<Ticket>,
    ) -> Answer {
        let now = self.clock(now);
        self.rate.tick(now, &self.recent);
        let Some(interval) = self.interval(now, class, ceilings) else {
            let at = now.saturating_add(NEVER);
            return Answer::NotBefore { at, due: at, ticket: None };
        };
        let crowded = self.crowded(now, class, interval);
        let spacing = if crowded { interval.saturating_mul(SHARE) } else { self.spacing(now, interval) };
        let era = self.era;
        let slot = ticket
            .filter(|ticket| {
                ticket.era == era && ticket.class == class && self.line(class).knows(ticket.slot)
            })
            .map(|ticket| ticket.slot);
        let due = match slot {
            Some(slot) => self.line(class).due(slot, spacing),
            None => self.line(class).due_next(now, spacing),
        };
        let at =
            if due > now { due } else { self.earliest(now, class, in_flight, ceilings, interval, crowded) };
        let at = if due > now { at } else { at.min(now.saturating_add(FAR)) };
        if at <= now {
            if let Some(slot) = slot {
                self.line(class).used(slot, spacing);
            }
            self.goes(now, class, interval);
            return Answer::Go;
        }
        let slot = match slot {
            Some(slot) => {
                self.line(class).put_off(slot, at, spacing);
                slot
            }
            None => self.line(class).draw(now, at, spacing),
        };
        let due = at.max(self.line(class).due(slot, spacing));
        let at = due.min(now.saturating_add(SLEEP));
        Answer::NotBefore { at, due, ticket: Some(Ticket { class, slot, era }) }
    }

    /// A caller will not wait. Slots that were drawn last are used again, so that impatient callers leave no gaps.
    pub fn give_back(&mut self, ticket: Ticket) {
        if ticket.era == self.era {
            self.line(ticket.class).give_back(ticket.slot);
        }
    }

    /// What became of a call that was sent at `sent_at`. `in_flight` are the calls on their way, with this one.
    pub fn done(&mut self, now: i64, sent_at: i64, heard: Heard, in_flight: u32, random: f64) {
        let now = self.clock(now);
        let sent_at = sent_at.clamp(now.saturating_sub(MINUTE), now);
        let random = if random.is_finite() { random.clamp(0.0, 1.0) } else { 0.5 };
        match heard {
            Heard::Other => {}
            Heard::Ok => {
                self.concurrency.went_well(now, sent_at, in_flight);
                self.rate.went_well(now, sent_at, random, &self.recent);
                self.rate.tick(now, &self.recent);
            }
            Heard::Limited { reset } => {
                self.limited = self.limited.saturating_add(1);
                let reset = reset.map(|reset| i64::try_from(reset.as_micros()).unwrap_or(i64::MAX));
                let short = reset.unwrap_or(0) < LONG;
                if short && !self.rate.trying() && self.concurrency.suspect(in_flight) {
                    self.concurrency.limited(now, sent_at, in_flight, random);
                } else {
                    self.rate.limited(Refusal { now, sent_at, reset, random }, &self.recent);
                    // Nobody is late for a pause.
                    self.even = self.even.max(self.rate.paused_until(now).unwrap_or(now));
                }
            }
        }
    }

    /// The time, never going back but when the clock began anew: what was learnt stays, what was to come is dropped.
    fn clock(&mut self, now: i64) -> i64 {
        let now = now.clamp(-FARTHEST, FARTHEST);
        if self.began_anew(now) {
            self.era = self.era.wrapping_add(1);
            (self.latest, self.even, self.sign_in) = (now, now, i64::MIN);
            (self.outbox_share, self.bulk_share) = (now, now);
            for class in [Class::SignIn, Class::Outbox, Class::Bulk] {
                self.line(class).clear();
            }
            (self.recent, self.start) = (Recent::default(), Start::default());
            self.rate.forget_times(now);
            self.concurrency.forget_times(now);
        }
        self.latest = self.latest.max(now);
        self.latest
    }

    /// Whether it can have been written here.
    fn is_sound(&self) -> bool {
        (-FARTHEST..=FARTHEST).contains(&self.latest) && self.recent.is_sound(self.latest)
    }

    fn began_anew(&self, now: i64) -> bool {
        self.latest.saturating_sub(now) > BACK
    }

    fn line(&mut self, class: Class) -> &mut Line {
        match class {
            Class::SignIn => &mut self.sign_in_line,
            Class::Outbox => &mut self.outbox_line,
            Class::Bulk => &mut self.bulk_line,
        }
    }

    /// The time between two calls of all classes; 0: they are not spaced. None: nothing may go at all.
    fn interval(&self, now: i64, class: Class, ceilings: &Ceilings) -> Option<i64> {
        let share = if ceilings.use_at_most.is_nan() { 1.0 } else { ceilings.use_at_most.clamp(0.0, 1.0) };
        let learnt = match (self.rate.pace(), class) {
            (Some(pace), Class::SignIn) => Some(pace * share),
            (Some(pace), _) => Some((pace - self.left_to_sign_ins(now, pace)) * share),
            (None, Class::SignIn) => None,
            (None, _) => Some(self.start.pace()),
        };
        let ceiling = ceilings.max_calls_per_minute.filter(|ceiling| !ceiling.is_nan());
        let pace = match (learnt, ceiling) {
            (Some(learnt), Some(ceiling)) => Some(learnt.min(ceiling)),
            (learnt, ceiling) => learnt.or(ceiling),
        };
        if share == 0.0 || ceilings.max_in_flight == Some(0) || ceiling.is_some_and(|ceiling| ceiling < 1.0) {
            return None;
        }
        Some(pace.map_or(0, |pace| (MINUTE as f64 / pace).ceil() as i64))
    }

    /// The time between two of a line's slots: as calls go (closer where some are late), or as they come back where
    /// that takes longer.
    fn spacing(&self, now: i64, interval: i64) -> i64 {
        let late = self.even < now.saturating_sub(interval);
        let even = if late { interval / 4 } else { interval };
        even.max((self.concurrency.trip() / self.concurrency.cap()) as i64)
    }

    /// Whether a higher class waits.
    fn crowded(&self, now: i64, class: Class, interval: i64) -> bool {
        let spacing = self.spacing(now, interval);
        (class > Class::SignIn && self.sign_in_line.waiting(now, spacing))
            || (class > Class::Outbox && self.outbox_line.waiting(now, spacing))
    }

    /// When a call whose turn it is may go.
    fn earliest(
        &self,
        now: i64,
        class: Class,
        in_flight: u32,
        ceilings: &Ceilings,
        interval: i64,
        crowded: bool,
    ) -> i64 {
        let mut at = self.rate.paused_until(now).unwrap_or(now);
        // Evenly, each class with what it may take in advance.
        let ahead = match class {
            Class::SignIn => at_once(MINUTE as f64 / interval.max(1) as f64),
            _ if crowded => 1.0,
            _ => 0.0,
        };
        if interval > 0 {
            at = at.max(self.even.saturating_sub((ahead * interval as f64) as i64));
        }
        if crowded {
            at = at.max(if class == Class::Outbox { self.outbox_share } else { self.bulk_share });
        }
        // Never more in a minute than the limit, whatever was before.
        let left = if class == Class::SignIn {
            0.0
        } else {
            self.left_to_sign_ins(now, self.rate.limit().unwrap_or(0.0))
        };
        at = at.max(self.rate.room_at(now, left, &self.recent));
        if let Some(ceiling) = ceilings.max_calls_per_minute {
            at = at.max(self.recent.surely_fewer_at(now, ceiling));
        }
        if in_flight >= self.cap(now, class, ceilings) {
            // Whoever is first looks a few times while a call comes back.
            at = at.max(now.saturating_add((self.spacing(now, 0) / 4).clamp(500, 50_000)));
        }
        at
    }

    fn signing_in(&self, now: i64) -> bool {
        now.saturating_sub(self.sign_in) < SIGN_INS
    }

    /// Of so many calls a minute.
    fn left_to_sign_ins(&self, now: i64, pace: f64) -> f64 {
        if self.signing_in(now) { at_once(pace).min(pace / 2.0) } else { 0.0 }
    }

    fn cap(&self, now: i64, class: Class, ceilings: &Ceilings) -> u32 {
        let share = ceilings.use_at_most.clamp(0.0, 1.0);
        let learnt = match (self.concurrency.learnt(), class) {
            (Some(cap), _) => cap * share,
            (None, Class::SignIn) => f64::INFINITY,
            (None, _) => self.concurrency.cap(),
        };
        let cap = (learnt as u32).max(1).min(ceilings.max_in_flight.unwrap_or(u32::MAX));
        let learnt = self.concurrency.learnt().is_some() || ceilings.max_in_flight.is_some();
        let one_less = learnt && class > Class::SignIn && self.signing_in(now) && cap > 1;
        if one_less { cap - 1 } else { cap }
    }

    fn goes(&mut self, now: i64, class: Class, interval: i64) {
        self.recent.add(now, 1);
        let learnt = self.rate.limit().is_some();
        let late = if learnt { LATE } else { (BURST * interval as f64) as i64 };
        if interval > 0 {
            self.even = self.even.max(now.saturating_sub(late)).saturating_add(interval);
        }
        let share = interval.saturating_mul(SHARE).saturating_add(now);
        match class {
            Class::SignIn => self.sign_in = now,
            Class::Outbox => self.outbox_share = share,
            Class::Bulk => self.bulk_share = share,
        }
        if class > Class::SignIn {
            self.start.goes(now);
        }
        self.rate.tries(now, self.concurrency.trip());
    }
}

/// How many of a sign-in's calls go at once, where so many go in a minute.
fn at_once(pace: f64) -> f64 {
    SIGN_IN.max(SIGN_IN_SHARE * pace)
}
