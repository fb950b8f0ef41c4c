//! The delivery of what is owed, by whatever process.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::api::{Connections, Failure};
use crate::call::{Interrupted, TICK, failure};
use crate::code::Code;
use crate::engine::Engine;
use crate::flow::{Arrived, Stopped, Way};
use crate::holdoff::{Needs, Thing};
use crate::job::{Job, Verb, person};
use crate::ledger::{DataKey, Intent, Known, Owed, Person, Task, owner};
use crate::pace::{Class, delay};
use crate::process::NotRun;
use crate::turnstile::Turnstile;

/// A lease on an entry and on its user's turn; kept up by heartbeats while the delivery lasts, so that another can go on
/// soon after a worker was killed.
const LEASE: Duration = Duration::from_secs(10);
const HEARTBEAT: Duration = Duration::from_secs(3);
/// A request of a delivery, where nobody waits.
const PATIENCE: Duration = Duration::from_secs(10);
/// An entry whose user is in another call's hands comes again after this.
const BUSY: Duration = Duration::from_millis(200);
/// A reset waits for the user's password to be delivered first.
const AFTER_PASSWORD: Duration = Duration::from_secs(1);
/// What fails for one user while Kinde is well for others comes again after this, then after twice as long and so on, up to
/// the longest; …
const ALONE: Duration = Duration::from_secs(5);
const ALONE_LONGEST: Duration = Duration::from_secs(60);
/// … and is given up after so many times, about an hour later.
const ALONE_MOST: u32 = 64;
/// Entries that wait for the same thing are spread over this share of the wait.
const SPREAD: f64 = 0.1;
/// A longer deadline of a drain is cut to this.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What [`crate::Migrator::drain`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Entries that were delivered.
    pub delivered: u32,
    /// Entries that were given up: refused for good (kept as dead letters), or left alone by a policy.
    pub dropped: u32,
    /// Entries that still wait.
    pub left: u64,
    /// Why nothing could be delivered, where this process could not even begin: [`Code::ResourcesExhausted`] or
    /// [`Code::Internal`].
    pub reason: Option<Code>,
}

impl Drained {
    /// Nothing was delivered, since it could not be driven.
    pub(crate) fn not_run(engine: &Engine, why: &NotRun) -> Drained {
        why.say(&engine.notices);
        Drained { reason: Some(why.failure().code), ..Drained::default() }
    }
}

/// How much is to be delivered.
#[derive(Clone, Copy)]
pub(crate) struct Amount {
    pub(crate) max: u32,
    pub(crate) deadline: Duration,
    /// Deliveries at the same time.
    pub(crate) at_once: usize,
    /// Whether what is in hand is finished when it is interrupted, for as long as one request may take.
    pub(crate) finish: bool,
    /// Whether what is due later is waited for.
    pub(crate) wait: bool,
}

enum Delivery {
    Done,
    Dropped,
    PutOff,
    /// Its calls have no time before this has passed, and neither have others'.
    Paced(Duration),
}

/// Delivers what is due.
pub(crate) async fn drain(
    engine: &Arc<Engine>,
    connections: &Connections,
    amount: Amount,
    interrupted: Interrupted<'_>,
) -> Drained {
    let ends = Instant::now() + amount.deadline.min(LONGEST);
    let grace = if amount.finish { PATIENCE } else { Duration::ZERO };
    let asked = Cell::new(None);
    let given_up = |now: Instant| {
        if !interrupted() {
            return (now >= ends + grace).then_some(Code::Deadline);
        }
        let since = asked.get().unwrap_or(now);
        asked.set(Some(since));
        (now >= since + grace).then_some(Code::Interrupted)
    };
    let mut drained = Drained::default();
    let mut under_way = FuturesUnordered::new();
    let mut paced = Instant::now();
    engine.holdoffs.begin(&engine.ledger);
    loop {
        let more = Instant::now() < ends && !interrupted();
        // What is known to have to wait is not taken in hand. While nobody knows whether Kinde is back, one delivery finds
        // out.
        let wait = || Some(paced.saturating_duration_since(Instant::now())).filter(|wait| !wait.is_zero());
        let barred = engine.barred(Class::Outbox, Needs::default());
        let barred = barred.map(|failure| failure.reset.unwrap_or(TICK));
        let is_down = barred.or_else(|| Turnstile::paused(&engine.ledger)).or_else(wait);
        let is_well = engine.watch.is_well(&engine.ledger) && !engine.holdoffs.any(&engine.ledger);
        let at_once = if is_well { amount.at_once } else { 1 };
        while more
            && is_down.is_none()
            && under_way.len() < at_once
            && (drained.delivered + drained.dropped) as usize + under_way.len() < amount.max as usize
        {
            let Some((owed, text)) = engine.ledger.claim(LEASE) else { break };
            under_way.push(deliver(engine, connections, owed, text, ends + grace, given_up));
        }
        if under_way.is_empty() {
            let left = is_down.or_else(|| engine.ledger.next_due());
            match left {
                Some(left)
                    if more
                        && amount.wait
                        && drained.delivered + drained.dropped < amount.max
                        && Instant::now() + left < ends =>
                {
                    tokio::time::sleep(left.clamp(TICK / 10, TICK)).await;
                    continue;
                }
                _ => return drained,
            }
        }
        tokio::select! {
            delivery = under_way.next() => match delivery {
                Some(Delivery::Done) => drained.delivered += 1,
                Some(Delivery::Dropped) => drained.dropped += 1,
                Some(Delivery::Paced(wait)) => paced = paced.max(Instant::now() + wait),
                Some(Delivery::PutOff) | None => {}
            },
            // What has become due meanwhile does not wait for a slow one.
            () = tokio::time::sleep(TICK), if under_way.len() < at_once => {}
        }
    }
}

async fn deliver(
    engine: &Arc<Engine>,
    connections: &Connections,
    owed: Owed,
    text: zeroize::Zeroizing<Vec<u8>>,
    ends: Instant,
    given_up: impl Fn(Instant) -> Option<Code>,
) -> Delivery {
    let ledger = &engine.ledger;
    let (seq, attempts) = (owed.claim.seq, owed.claim.attempts);
    let address = Person { address: owed.claim.address, provided: None };
    let Some((mut job, key)) = Job::from_rest(&text, address, seq).zip(ledger.key()) else {
        owed.put_back(owed.claim.task(owner()), &text, Duration::ZERO, true, Code::Internal);
        return Delivery::Dropped;
    };
    job.shield = owed.claim.shield;
    // The entry may have been written under a key from before a rotation.
    job.person = person(&key, &job.identity, &job.user);
    job.fallback = owed.is_a_fallback(ledger);
    let task = job.task();
    // Who is not in Kinde yet cannot be asked for a new password there.
    if task.intent == Intent::Reset
        && ledger.pending(job.person, Intent::Password).is_some_and(|pending| !pending.dead)
    {
        owed.hand_back(AFTER_PASSWORD);
        return Delivery::PutOff;
    }
    if !owed.take_turn(task, LEASE) {
        owed.hand_back(BUSY.mul_f64(0.5 + engine.random()));
        return Delivery::PutOff;
    }
    // Under a key from before or after a rotation something later may have been done too.
    let anywhere =
        |key: &DataKey| ledger.overtaken(Task { person: person(key, &job.identity, &job.user), ..task });
    if ledger.keys().iter().any(|key| anywhere(key)) {
        return settled(ledger.settle(&owed, task, None), Delivery::Dropped);
    }
    let mut way = Way {
        engine,
        connections,
        class: Class::Outbox,
        calls: 0,
        who: job.person.address,
        ends,
        per_request: PATIENCE,
    };
    let known = ledger.recall(job.person);
    let refused = engine.holdoffs.bars(ledger, needs(&job, matches!(known, Known::Person(_))));
    let went = if matches!(known, Known::Another | Known::Several) {
        let message = "this address is known as another person's, by their provided_id".into();
        Err(Stopped::Skipped { code: Code::ProvidedIdConflict, message, id: None, remember: None })
    } else if let Some(failure) = refused {
        Err(Stopped::PutOff(failure))
    } else {
        job.known = match known {
            Known::Person(carried) => Some(carried),
            _ => None,
        };
        let going = way.go(&mut job);
        tokio::pin!(going);
        let mut beat = Instant::now() + HEARTBEAT;
        loop {
            // The time first: a worker that was stopped for longer than its lease must not go on with it.
            tokio::select! {
                biased;
                () = tokio::time::sleep(TICK) => {}
                went = &mut going => break went,
            }
            if let Some(code) = given_up(Instant::now()) {
                break Err(Stopped::PutOff(failure(code, "the drain ended before it")));
            }
            if Instant::now() >= beat {
                beat = Instant::now() + HEARTBEAT;
                // Somebody else has it, or something newer is owed: this one's part is over.
                if !(owed.renew(LEASE) && owed.take_turn(task, LEASE)) {
                    ledger.release_turn(task);
                    return Delivery::PutOff;
                }
            }
        }
    };
    match went {
        Ok(Arrived { carried, .. }) => {
            let carried = (task.intent == Intent::Password).then_some(&carried);
            settled(ledger.settle(&owed, task, carried), Delivery::Done)
        }
        // Whose password it is has to be found out by somebody; until then nothing of it is thrown away.
        Err(Stopped::Skipped { code, message, .. }) if code.is_conflict() => {
            let text = job.at_rest(Some(&message)).await.unwrap_or(text);
            owed.put_back(task, &text, Duration::ZERO, true, code);
            Delivery::Dropped
        }
        Err(Stopped::Skipped { remember, .. }) => {
            settled(ledger.settle(&owed, task, remember.as_deref()), Delivery::Dropped)
        }
        Err(Stopped::Rejected { code, message, .. }) => {
            let text = job.at_rest(Some(&message)).await.unwrap_or(text);
            owed.put_back(task, &text, Duration::ZERO, true, code);
            Delivery::Dropped
        }
        // Nothing was sent: it is as it was.
        Err(Stopped::PutOff(Failure { unasked: true, code: Code::RateLimited, reset, .. }))
            if way.calls == 0 =>
        {
            let wait = reset.unwrap_or_default();
            ledger.release_turn(task);
            owed.hand_back(wait);
            Delivery::Paced(wait)
        }
        // It was not asked for, since it is refused: that is no attempt.
        Err(Stopped::PutOff(Failure {
            unasked: true,
            code: code @ (Code::ClientRefused | Code::MissingScope),
            reset,
            message,
            ..
        })) => {
            let wait = reset.unwrap_or_default().mul_f64(1.0 + SPREAD * engine.random());
            let text = job.at_rest(Some(&message)).await.unwrap_or(text);
            owed.put_back(task, &text, wait, false, code);
            owed.hand_back(wait);
            Delivery::PutOff
        }
        // For this user alone Kinde has nothing but errors.
        Err(Stopped::PutOff(failure))
            if matches!(failure.code, Code::KindeUnavailable | Code::KindeNonsense)
                && !failure.of_everybody
                && engine.watch.is_well_for_others(ledger, job.person.address) =>
        {
            job.failed_alone = job.failed_alone.saturating_add(1);
            let dead = job.failed_alone >= ALONE_MOST;
            let wait = alone(job.failed_alone).mul_f64(0.5 + 0.5 * engine.random());
            let message = match dead {
                true => format!("{}, again and again, while others were carried over", failure.message),
                false => failure.message,
            };
            let text = job.at_rest(Some(&message)).await.unwrap_or(text);
            owed.put_back(task, &text, wait, dead, failure.code);
            if dead { Delivery::Dropped } else { Delivery::PutOff }
        }
        Err(Stopped::PutOff(failure)) => {
            let text = job.at_rest(Some(&failure.message)).await.unwrap_or(text);
            let wait = match failure.code {
                Code::Deadline | Code::Interrupted => Duration::ZERO,
                // Nobody waits here, so the repeats come ten times slower than a caller's: up to 20 s apart.
                _ => {
                    let slower = if failure.reset.is_some() { 1 } else { 10 };
                    delay(attempts, failure.reset, engine.random()).saturating_mul(slower)
                }
            };
            owed.put_back(task, &text, wait, false, failure.code);
            Delivery::PutOff
        }
    }
}

/// What a delivery will need of Kinde, as far as that can be told. Whether there is somebody to be created is known only
/// where that has been tried before.
fn needs(job: &Job, known: bool) -> Needs {
    let create = job.why.as_deref().is_some_and(|why| why.contains(Thing::CREATE));
    let reset = job.verb == Verb::RequestReset;
    Needs { check: !known, create: create && !known, password: !reset && job.password.is_some(), reset }
}

/// The wait after so many failures.
fn alone(failures: u32) -> Duration {
    ALONE.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(10))).min(ALONE_LONGEST)
}

/// A delivery counts once it is written down.
fn settled(settled: bool, delivery: Delivery) -> Delivery {
    if settled { delivery } else { Delivery::PutOff }
}
