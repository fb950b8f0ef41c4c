//! One call of a verb, from what the application hands over to the outcome.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::api::{Connections, Failure};
use crate::code::{Code, Error};
use crate::credential::Credential;
use crate::desk;
use crate::engine::Engine;
use crate::flight::{Boarding, follow};
use crate::flow::{Arrived, Stopped, Way, crowded};
use crate::hash::KindeFields;
use crate::hashing::{Outlook, Wish};
use crate::holdoff::{Needs, Thing};
use crate::identity::Identity;
use crate::job::{self, Asked, Job, Verb, Wanted, hash_key, person, prove, tags, version_key};
use crate::ledger::{
    Carried, DataKey, Digest, Entered, Intent, Known, NOBODY, Person, STALE_FOR, Task, UNFINISHED, owner,
    uptime,
};
use crate::outcome::{FieldNotice, Outcome, Status};
use crate::pace::Class;
use crate::pages::secret;
use crate::places::Place;
use crate::process::{NotRun, is_bare, say_lack};
use crate::scrub::digested;
use crate::settings::OnExisting;
use crate::user::User;

/// A request gets this share of the verb's deadline, so that a stalled one can be repeated within it; and whoever finds out
/// by one that Kinde is down is back before half of the deadline has passed.
const SHARE_OF_DEADLINE: f64 = 0.4;
/// This share is kept for the outbox: what is not done by then has still to be written down.
const SHARE_FOR_OUTBOX: f64 = 0.1;
/// The most that is kept for it.
const MOST_FOR_OUTBOX: Duration = Duration::from_millis(150);
/// Another call for the same user is waited for this share of the deadline; after that there must be time to hash.
const SHARE_FOR_TURN: f64 = 0.6;
/// A turn outlasts its call by this much: whoever is killed keeps nobody waiting for longer.
const AFTER_DEADLINE: Duration = Duration::from_secs(1);
/// A busy ledger is waited for until so long after the deadline.
const LAST_MOMENT: Duration = Duration::from_millis(40);
/// The same for a change of password: what it has promised goes before the deadline.
const LAST_MOMENT_OF_A_CHANGE: Duration = Duration::from_secs(5);
/// How often a turn is tried again, at most and at least.
const TURN: (Duration, Duration) = (Duration::from_millis(4), Duration::from_millis(12));

/// How often a call looks whether it has been interrupted.
pub(crate) const TICK: Duration = Duration::from_millis(100);

/// Asked about every 100 ms during a call whether to stop waiting.
pub type Interrupted<'a> = &'a (dyn Fn() -> bool + Sync);

/// A call after its checks.
#[allow(clippy::large_enum_variant, reason = "on the stack, and taken apart at once")]
pub(crate) enum Prepared {
    Answered(Outcome),
    Ready(Asked, Option<Carried>),
}

/// A call that the ledger knows of.
enum Begun {
    Answered(Outcome),
    Ready(Box<Job>, Turn),
}

/// Whether it is this call's turn with the user.
enum Turn {
    AtOnce,
    Waited,
    /// It goes on from the outbox.
    None(Failure),
}

/// How far a call gets.
#[allow(clippy::large_enum_variant, reason = "on the stack, and taken apart at once")]
pub(crate) enum Reach<'a> {
    /// To Kinde.
    Kinde(&'a Connections),
    /// Into the outbox, and why no further.
    Outbox(Failure),
}

/// What becomes of a call that would have to go to Kinde, as things stand in this process.
#[allow(clippy::large_enum_variant, reason = "on the stack, and taken apart at once")]
pub(crate) enum Admitted {
    Goes(Place),
    /// It is only written down.
    Waits(Failure),
    /// A sign-in for which there is not even time for that.
    Answered(Outcome),
}

/// What became of a job that was to be written down.
enum Recorded {
    As {
        durable: bool,
    },
    /// A sign-in whose time was over before its turn at the disk came.
    NotInTime,
    Nowhere,
}

/// What an application asks for.
pub(crate) struct Call<'a> {
    pub(crate) engine: &'a Arc<Engine>,
    pub(crate) verb: Verb,
    pub(crate) user: &'a User,
    pub(crate) credential: &'a Credential,
    pub(crate) interrupted: Interrupted<'a>,
    pub(crate) started: Instant,
}

impl Call<'_> {
    /// The part that waits for nobody.
    pub(crate) fn prepare(&self) -> Prepared {
        let mut notices = Vec::new();
        match self.checked(&mut notices) {
            Prepared::Answered(outcome) => Prepared::Answered(Outcome { notices, ..outcome }),
            Prepared::Ready(asked, known) => Prepared::Ready(Asked { notices, ..asked }, known),
        }
    }

    fn checked(&self, notices: &mut Vec<FieldNotice>) -> Prepared {
        let (engine, ledger) = (self.engine, &self.engine.ledger);
        let mut asked = match job::check(&engine.config, self.verb, self.user, self.credential, notices) {
            Ok(asked) => asked,
            Err(error) => return Prepared::Answered(self.refused(error)),
        };
        let mut known = None;
        if let Some(key) = ledger.key() {
            let person = person(&key, &asked.identity, asked.user(self.user));
            known = match ledger.recall(person) {
                Known::Person(carried) => Some(carried),
                Known::Nobody => None,
                Known::Another => return Prepared::Answered(another_person()),
                Known::Several => return Prepared::Answered(several_persons()),
            };
            let remembered = known
                .as_ref()
                .and_then(|carried| self.remembered(carried, person, self.version(&key, person)));
            if let Some(outcome) = remembered {
                if outcome.status == Status::Unchanged {
                    let (intent, seq, shield) = (self.verb.intent(), i64::MAX, None);
                    let task = Task { person, intent, seq, shield, owner: NOBODY };
                    self.drop_sealed(&asked.identity, asked.user(self.user), task);
                }
                return Prepared::Answered(outcome);
            }
        }
        // A stored hash that is set already is not mapped again.
        match asked.map(&engine.config, self.verb, self.credential) {
            Ok(()) => Prepared::Ready(asked, known),
            Err(error) => Prepared::Answered(self.refused(error)),
        }
    }

    /// The answer to what cannot be carried.
    fn refused(&self, error: Error) -> Outcome {
        let ledger = &self.engine.ledger;
        // An older password must not follow a newer one, even one that cannot be carried.
        let cleaned = self.user.cleaned(&mut Vec::new()).ok().and_then(|cleaned| cleaned.user);
        let user = cleaned.as_deref().unwrap_or(self.user);
        if self.verb == Verb::ChangePassword
            && error.code != Code::CredentialMissing
            && let (Ok(identity), Some(key)) = (user.identity(), ledger.key())
        {
            let (seq, person) = (ledger.next_seq(), person(&key, &identity, user));
            let (intent, shield) = (Intent::Password, Some(UNFINISHED));
            ledger.drop_owed(Task { person, intent, seq, shield, owner: owner() });
        }
        let policy = matches!(error.code, Code::EmailNotVerified | Code::ProvidedIdMissing);
        let status = if policy { Status::Skipped } else { Status::Rejected };
        Outcome::because(status, error.code, error.message)
    }

    fn version(&self, key: &DataKey, person: Person) -> Option<Digest> {
        self.credential.effective_version().map(|version| version_key(key, person.address, version))
    }

    /// What waits for this user under a client secret that is not known here has been overtaken; if it is ours that is the
    /// right one.
    fn drop_sealed(&self, identity: &Identity, user: &User, task: Task) {
        let engine = self.engine;
        if engine.ledger.has_sealed() && engine.holdoffs.is_granted(Thing::Client) {
            engine.ledger.drop_sealed_of(task, &tags(&engine.config, identity, user));
        }
    }

    /// The answer that the ledger has for a sign-in, if it has one.
    fn remembered(&self, carried: &Carried, person: Person, version: Option<Digest>) -> Option<Outcome> {
        // An id or an address that the ledger has not seen with this user is a question for Kinde.
        let seen = person.provided.is_none() || carried.provided == person.provided;
        if self.verb != Verb::Migrate || !seen || carried.address != person.address {
            return None;
        }
        let id = Some(carried.kinde_id.clone());
        if !carried.kept {
            let nothing_to_set = self.credential.password.is_none() && self.credential.hash.is_none();
            let same = version.is_some() && carried.version == version;
            // A typed password settles whether the stored hash that was set is mapped rightly.
            let settles = same && carried.unproven.is_some() && self.credential.password.is_some();
            // With the new password there is nothing to do, and with another one it is older.
            let changed = just_now(carried.changed);
            let done = nothing_to_set || ((same || changed) && !settles);
            return done.then(|| Outcome::done(Status::Unchanged, id, 0));
        }
        let (code, message) = match self.engine.config.on_existing {
            OnExisting::Update => return None,
            OnExisting::Keep => (Code::Exists, "the user was in Kinde already and on_existing is keep"),
            OnExisting::UpdateUnclaimed => {
                (Code::Claimed, "the user had signed in at Kinde already and on_existing is update_unclaimed")
            }
        };
        let same = version.is_none() || carried.version == version;
        same.then(|| Outcome { kinde_id: id, ..Outcome::because(Status::Skipped, code, message) })
    }

    /// All that is left after the checks, on a thread that drives many calls.
    pub(crate) async fn go(&self, connections: &Connections, prepared: (Asked, Option<Carried>)) -> Outcome {
        let _under_way = self.engine.desk.under_way();
        let place = match self.admit(&prepared).await {
            Admitted::Goes(place) => place,
            Admitted::Waits(why) => return self.record(prepared, why).await,
            Admitted::Answered(outcome) => return outcome,
        };
        let way = AssertUnwindSafe(self.perform(Reach::Kinde(connections), prepared)).catch_unwind().await;
        drop(place);
        match way {
            Ok(outcome) => outcome,
            Err(_) => self.record_instead(&NotRun::Panicked).await,
        }
    }

    /// What the ledger can take is taken, where the call goes no further.
    pub(crate) async fn record(&self, prepared: (Asked, Option<Carried>), why: Failure) -> Outcome {
        let recording = AssertUnwindSafe(self.perform(Reach::Outbox(why), prepared)).catch_unwind();
        recording.await.unwrap_or_else(|_| panicked())
    }

    /// The same for a call that was not driven to its end.
    pub(crate) async fn record_instead(&self, why: &NotRun) -> Outcome {
        why.say(&self.engine.notices);
        match self.prepare() {
            Prepared::Answered(outcome) => outcome,
            Prepared::Ready(asked, known) => self.record((asked, known), why.failure()).await,
        }
    }

    /// Whether it goes to Kinde: not where it could not be hashed in time, or where too many others are on their way
    /// until then.
    pub(crate) async fn admit(&self, (asked, known): &(Asked, Option<Carried>)) -> Admitted {
        let engine = self.engine;
        let change = self.verb == Verb::ChangePassword;
        if let Some(password) = &self.credential.password
            && self.verb != Verb::RequestReset
            && !engine.config.send_plaintext
        {
            match engine.hashing.outlook(password.expose_secret().len(), self.wish()) {
                Outlook::Full => {}
                Outlook::TooLate => return Admitted::Answered(self.overloaded()),
                Outlook::StopGap { alone: true } => return Admitted::Waits(too_costly()),
                Outlook::StopGap { .. }
                    if engine.ledger.key().is_some_and(|key| {
                        let user = asked.user.as_deref().unwrap_or(self.user);
                        let person = person(&key, &asked.identity, user);
                        self.is_to_be_compared(&key, person, known.as_ref())
                    }) =>
                {
                    return Admitted::Answered(self.overloaded());
                }
                Outlook::StopGap { .. } => return Admitted::Waits(crowded()),
            }
        }
        match engine.places.take(change) {
            Ok(place) => Admitted::Goes(place),
            Err(waiting) => match self.until(self.turn_ends(self.started), waiting).await {
                Ok(Ok(place)) => Admitted::Goes(place),
                Err(cut) if cut.code == Code::Interrupted => Admitted::Waits(cut),
                _ => Admitted::Waits(crowded()),
            },
        }
    }

    /// Whether what is known of a user can only be compared with what a sign-in of a burst brings by hashing: it names no version, or the
    /// stored hash that was set is still to be proven.
    fn is_to_be_compared(&self, key: &DataKey, person: Person, known: Option<&Carried>) -> bool {
        let seen = |known: &&Carried| {
            (person.provided.is_none() || known.provided == person.provided)
                && known.address == person.address
        };
        self.may_come_again()
            && self.credential.password.is_some()
            && known.filter(seen).is_some_and(|known| {
                let without_version = self.credential.effective_version().is_none() && known.salt.is_some();
                let unproven = known.unproven.is_some() && known.version == self.version(key, person);
                !known.kept && (without_version || unproven)
            })
    }

    fn wish(&self) -> Wish {
        let ends = self.started + self.engine.config.deadline - self.for_outbox();
        Wish { change: self.verb == Verb::ChangePassword, surely: !self.may_come_again(), by: ends }
    }

    /// A sign-in in a burst. It is not worth holding anybody up for; by itself it is recorded, if late.
    fn may_come_again(&self) -> bool {
        self.verb == Verb::Migrate && self.engine.desk.is_busy()
    }

    /// The part that calls Kinde, or writes down what is to be carried there.
    pub(crate) async fn perform(
        &self,
        reach: Reach<'_>,
        (mut asked, known): (Asked, Option<Carried>),
    ) -> Outcome {
        let (cleaned, notices) = (asked.user.take(), std::mem::take(&mut asked.notices));
        let call = Call { user: cleaned.as_deref().unwrap_or(self.user), ..*self };
        let mut outcome = call.performed(reach, (asked, known)).await;
        outcome.notices.splice(..0, notices);
        tracing::debug!(
            verb = ?self.verb,
            status = outcome.status.as_str(),
            kinde_id = outcome.kinde_id.as_deref().unwrap_or_default(),
            reason = outcome.reason.map(Code::as_str).unwrap_or_default(),
            calls = outcome.calls,
            "verb"
        );
        outcome
    }

    async fn performed(&self, reach: Reach<'_>, (asked, known): (Asked, Option<Carried>)) -> Outcome {
        let started = self.started;
        let Some(key) = self.engine.ledger.key() else { return no_random_bytes() };
        let person = person(&key, &asked.identity, self.user);
        let connections = match reach {
            Reach::Kinde(connections) => connections,
            Reach::Outbox(why) => {
                return match self.begin(started, &key, person, asked, known, Some(&why)).await {
                    Begun::Answered(outcome) => outcome,
                    Begun::Ready(mut job, _) => {
                        self.conclude(&mut job, Err(Stopped::PutOff(why)), 0, started).await
                    }
                };
            }
        };
        let Some(flight) = self.flight(&key, person) else {
            return self.alone(connections, started, &key, person, asked, known).await;
        };
        match self.engine.flights.board(flight) {
            Boarding::First(first) => {
                let outcome = self.alone(connections, started, &key, person, asked, known).await;
                first.land(&outcome);
                outcome
            }
            Boarding::Next(flight) => match self.until(self.turn_ends(started), follow(flight)).await {
                Ok(Some(outcome)) => outcome,
                _ => self.alone(connections, started, &key, person, asked, known).await,
            },
        }
    }

    /// What it will need of Kinde, as far as that can be told.
    fn needs(&self, known: bool) -> Needs {
        let password = self.credential.password.is_some() || self.credential.hash.is_some();
        let reset = self.verb == Verb::RequestReset;
        Needs { check: !known, create: false, password: password && !reset, reset }
    }

    /// What makes two sign-ins the same.
    fn flight(&self, key: &DataKey, person: Person) -> Option<Digest> {
        let credential = self.credential;
        let secret = credential.password.as_ref().or(credential.hash.as_ref())?.expose_secret();
        let version = credential.effective_version().unwrap_or_default();
        let provided = self.user.provided_id.as_deref().unwrap_or_default();
        (self.verb == Verb::Migrate).then(|| {
            digested(|| key.digest(&[b"flight", &person.address.0, provided.as_bytes(), version, secret]))
        })
    }

    fn turn_ends(&self, started: Instant) -> Instant {
        started + self.engine.config.deadline.mul_f64(SHARE_FOR_TURN)
    }

    async fn alone(
        &self,
        connections: &Connections,
        started: Instant,
        key: &DataKey,
        person: Person,
        asked: Asked,
        known: Option<Carried>,
    ) -> Outcome {
        let engine = self.engine;
        let deadline = engine.config.deadline;
        if let Some(outcome) = self.settled(started, key, person, known.as_ref()).await {
            return outcome;
        }
        let mut way = Way {
            engine,
            connections,
            class: Class::SignIn,
            calls: 0,
            who: person.address,
            ends: started + deadline - self.for_outbox(),
            per_request: deadline.mul_f64(SHARE_OF_DEADLINE),
        };
        // A user of whom nothing is known will have to be looked up: the ledger is written while that is under way.
        let new = known.is_none()
            && self.verb != Verb::RequestReset
            && engine.watch.is_well(&engine.ledger)
            && engine.barred(Class::SignIn, self.needs(false)).is_none();
        let identity = asked.identity.clone();
        let ends = way.ends;
        let looking = async {
            match new {
                true => Some(self.until(ends, way.find(self.user, &identity)).await),
                false => None,
            }
        };
        let beginning = async {
            if new {
                // Lets the check leave first.
                tokio::task::yield_now().await;
            }
            self.begin(started, key, person, asked, known, None).await
        };
        let (looked, begun) = tokio::join!(looking, beginning);
        let (mut job, turn) = match begun {
            Begun::Answered(outcome) => return Outcome { calls: way.calls, ..outcome },
            Begun::Ready(job, turn) => (job, turn),
        };
        let went = match (turn, looked) {
            (Turn::None(failure), _) => Err(Stopped::PutOff(failure)),
            (Turn::AtOnce, Some(Ok(Err(stopped)))) => Err(stopped),
            (Turn::AtOnce, Some(Err(cut))) => Err(Stopped::PutOff(cut)),
            (turn, looked) => {
                // What was found before a wait is out of date.
                job.found =
                    looked.and_then(Result::ok).and_then(Result::ok).filter(|_| matches!(turn, Turn::AtOnce));
                self.until(ends, way.go(&mut job)).await.unwrap_or_else(|cut| Err(Stopped::PutOff(cut)))
            }
        };
        let calls = way.calls;
        let outcome = self.conclude(&mut job, went, calls, started).await;
        Outcome { calls, ..outcome }
    }

    /// The part that the ledger decides: the call's number, its turn, and what is known by then. `only_owed` says why it goes
    /// no further, where that is known.
    async fn begin(
        &self,
        started: Instant,
        key: &DataKey,
        person: Person,
        asked: Asked,
        before: Option<Carried>,
        only_owed: Option<&Failure>,
    ) -> Begun {
        let (engine, ledger) = (self.engine, &self.engine.ledger);
        // While Kinde is down a sign-in is only owed.
        let needs = self.needs(before.is_some());
        let only_owed = only_owed.cloned().or_else(|| engine.barred(Class::SignIn, needs));
        let Some((entered, glanced)) = self.enter(person, only_owed.is_some()).await else {
            return Begun::Answered(if self.verb == Verb::Migrate { self.overloaded() } else { panicked() });
        };
        let only_owed = only_owed.filter(|why| glanced || why.code != Code::KindeDown);
        let mut job = Job {
            verb: self.verb,
            user: self.user.clone(),
            identity: asked.identity,
            person,
            seq: entered.seq,
            owner: entered.owner,
            changed: None,
            shield: (self.verb == Verb::ChangePassword).then_some(UNFINISHED),
            version: self.version(key, person),
            password: asked.mapped.map_or_else(Wanted::default, Wanted::stored),
            theirs: None,
            fallback: false,
            known: None,
            found: None,
            ours: false,
            failed_alone: 0,
            why: None,
        };
        let task = job.task();
        let answered = async |outcome| {
            self.release_turn(task).await;
            Begun::Answered(outcome)
        };
        let mut turn = Turn::AtOnce;
        let (mut known, mut owed) = (entered.known, entered.owed);
        if !entered.mine {
            turn = match &only_owed {
                Some(why) => Turn::None(why.clone()),
                None if self.wait_for_turn(&job, started).await => Turn::Waited,
                None => Turn::None(failure(
                    Code::Deadline,
                    "another call for this user did not end before the deadline",
                )),
            };
            // Whoever had it may have done what this call asks for, or something newer.
            (known, owed) = (ledger.recall(person), true);
            if ledger.overtaken(task) {
                let id = match known {
                    Known::Person(carried) => Some(carried.kinde_id),
                    Known::Nobody | Known::Another | Known::Several => None,
                };
                return answered(Outcome::done(Status::Unchanged, id, 0)).await;
            }
        }
        job.known = match known {
            Known::Person(carried) => Some(carried),
            Known::Nobody => None,
            Known::Another => return answered(another_person()).await,
            Known::Several => return answered(several_persons()).await,
        };
        if let Some(outcome) =
            job.known.as_ref().and_then(|known| self.remembered(known, person, job.version))
        {
            return answered(outcome).await;
        }
        if only_owed.as_ref().is_some_and(|why| why.code == Code::Overloaded)
            && self.is_to_be_compared(key, person, job.known.as_ref())
        {
            return answered(self.overloaded()).await;
        }
        let version = |carried: &Option<Carried>| carried.as_ref().and_then(|carried| carried.version);
        if version(&job.known) != version(&before)
            && let Some(outcome) = self.settled(started, key, person, job.known.as_ref()).await
        {
            return answered(outcome).await;
        }
        if owed && let Some(outcome) = self.more_is_owed(started, key, &mut job).await {
            return answered(outcome).await;
        }
        if let Some(failure) = only_owed.or_else(|| engine.barred(Class::SignIn, needs)) {
            if owed && let Some(durable) = self.is_owed_already(&job) {
                let queued = Outcome::because(Status::Queued, failure.code, failure.message);
                return answered(Outcome { durable, ..queued }).await;
            }
            turn = Turn::None(failure);
        }
        if self.verb != Verb::RequestReset
            && let Some(password) = &self.credential.password
        {
            match Wanted::plaintext(engine, self.credential, password.expose_secret(), self.wish()) {
                Some(wanted) => job.password = wanted,
                None => return answered(no_random_bytes()).await,
            }
        }
        Begun::Ready(Box::new(job), turn)
    }

    /// What a way came to: remembered, or written down to go on from the outbox.
    async fn conclude(
        &self,
        job: &mut Job,
        went: Result<Arrived, Stopped>,
        calls: u32,
        started: Instant,
    ) -> Outcome {
        let ledger = &self.engine.ledger;
        let task = job.task();
        let ends = started + self.engine.config.deadline;
        // A sign-in comes again. A change does not: it waits for the disk rather than for its caller's clock.
        let last_moment = if job.verb == Verb::Migrate { LAST_MOMENT } else { LAST_MOMENT_OF_A_CHANGE };
        let (ready_by, patience) = (ends - self.for_outbox() / 2, ends + last_moment);
        let outcome = match went {
            Ok(Arrived { status, carried, learnt }) => {
                if job.verb == Verb::RequestReset {
                    ledger.drop_owed(task);
                    self.release_turn(task).await;
                } else if status == Status::Unchanged && !learnt && (calls == 0 || self.is_known(job)) {
                    self.release_turn(task).await;
                } else if !self.remember(task, carried.clone(), patience).await
                    && let Some(text) = self.at_rest(job, None, ready_by).await
                {
                    let why = (false, Code::LedgerUnavailable);
                    self.owe(job, text, Duration::ZERO, why, patience).await;
                }
                Outcome::done(status, Some(carried.kinde_id), calls)
            }
            Err(Stopped::Skipped { code, message, id, remember }) => {
                match remember {
                    Some(carried) => _ = self.remember(task, *carried, patience).await,
                    None => self.release_turn(task).await,
                }
                Outcome { kinde_id: id, ..Outcome::because(Status::Skipped, code, message) }
            }
            Err(Stopped::Rejected { code, message, id }) => {
                match self.at_rest(job, Some(&message), ready_by).await {
                    Some(text) => _ = self.owe(job, text, Duration::ZERO, (true, code), patience).await,
                    None => self.release_turn(task).await,
                }
                Outcome { kinde_id: id, ..Outcome::because(Status::Rejected, code, message) }
            }
            Err(Stopped::PutOff(failure)) => {
                let wait = failure.reset.unwrap_or_default();
                if failure.code == Code::ResourcesExhausted {
                    say_lack(&self.engine.notices, &failure.message);
                }
                let Some(text) = self.at_rest(job, Some(&failure.message), ready_by).await else {
                    self.release_turn(task).await;
                    return match self.verb {
                        Verb::Migrate => self.overloaded(),
                        _ => panicked(),
                    };
                };
                let why = (false, failure.code);
                match self.owe(job, text, wait, why, patience).await {
                    Recorded::As { durable } => {
                        self.engine.wake_drain();
                        Outcome { durable, ..Outcome::because(Status::Queued, failure.code, failure.message) }
                    }
                    Recorded::NotInTime => return self.overloaded(),
                    Recorded::Nowhere => {
                        let message = format!("{}, and it could not be recorded either", failure.message);
                        self.engine.notices.say(Code::LedgerUnavailable, || message.clone());
                        return Outcome::because(Status::Rejected, Code::LedgerUnavailable, message);
                    }
                }
            }
        };
        if !matches!(outcome.status, Status::Skipped | Status::Rejected) {
            self.drop_sealed(&job.identity, &job.user, task);
        }
        outcome
    }

    /// A sign-in for which this process has no time.
    fn overloaded(&self) -> Outcome {
        self.engine.notices.say(Code::Overloaded, || {
            "more users signed in at the same moment than this process could hash and record in time; those who were left out \
             are carried over when they sign in again"
                .into()
        });
        let message = "more users sign in at the same moment than this process can hash and record in time; nothing was done \
                       for this one, and the next sign-in brings it again";
        Outcome::because(Status::Skipped, Code::Overloaded, message)
    }

    // The ledger's transactions, where it is best to do them.

    /// A sign-in of a burst is waited for until its deadline, all else as long as it takes.
    async fn at_the_desk<T: Send + 'static>(
        &self,
        rank: usize,
        surely: bool,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let desk = &self.engine.desk;
        let rank = if self.verb == Verb::Migrate { rank } else { desk::CHANGE };
        match self.may_come_again() {
            true => self.in_time(desk.run(rank, surely, work)).await.flatten(),
            false => desk.run(rank, surely, work).await,
        }
    }

    /// Drives a future until the deadline, whether the caller is interrupted or not.
    async fn in_time<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let ends = self.started + self.engine.config.deadline;
        match is_bare() {
            true => until_bare(ends, &|| false, pin!(future)).await.ok(),
            false => tokio::time::timeout_at(ends.into(), future).await.ok(),
        }
    }

    /// The call as the ledger accepts it, and whether it has only looked, since the call will only be owed.
    async fn enter(&self, person: Person, only_owed: bool) -> Option<(Entered, bool)> {
        let engine = Arc::clone(self.engine);
        let lease = engine.config.deadline + AFTER_DEADLINE;
        let desk = &self.engine.desk;
        if only_owed && self.verb == Verb::Migrate {
            let glance = move || engine.ledger.glance(person);
            if let Some(glanced) = self.at_the_desk(desk::BEGINNING, false, glance).await? {
                return Some((glanced, true));
            }
            let engine = Arc::clone(self.engine);
            return Some((
                desk.run(desk::BEGINNING, true, move || engine.ledger.enter(person, lease)).await?,
                false,
            ));
        }
        let rank = if self.verb == Verb::Migrate { desk::BEGINNING } else { desk::CHANGE };
        Some((desk.run(rank, true, move || engine.ledger.enter(person, lease)).await?, false))
    }

    async fn release_turn(&self, task: Task) {
        if task.owner == NOBODY {
            return;
        }
        let engine = Arc::clone(self.engine);
        self.at_the_desk(desk::END, true, move || engine.ledger.release_turn(task)).await;
    }

    /// Where that lasts too long, it is done later, and at worst a later sign-in costs its calls again.
    async fn remember(&self, task: Task, carried: Carried, patience: Instant) -> bool {
        let engine = Arc::clone(self.engine);
        let remember = move || engine.ledger.remember(task, &carried, patience);
        self.at_the_desk(desk::END, true, remember).await.unwrap_or(true)
    }

    async fn owe(
        &self,
        job: &Job,
        text: Zeroizing<Vec<u8>>,
        due: Duration,
        why: (bool, Code),
        patience: Instant,
    ) -> Recorded {
        let (task, [tag, _]) = (job.task(), tags(&self.engine.config, &job.identity, &job.user));
        let engine = Arc::clone(self.engine);
        let owe = move || engine.ledger.owe(task, tag, &text, due, why, patience);
        match self.at_the_desk(desk::END, false, owe).await {
            Some(Some(durable)) => Recorded::As { durable },
            // Whether it was part of a burst may have changed since.
            None if self.verb == Verb::Migrate => {
                self.release_turn(task).await;
                Recorded::NotInTime
            }
            Some(None) | None => Recorded::Nowhere,
        }
    }

    /// The job as the outbox keeps it. A hash that is not ready by then is not waited for. None where there is no time to hash a
    /// sign-in's password.
    async fn at_rest(
        &self,
        job: &mut Job,
        why: Option<&str>,
        ready_by: Instant,
    ) -> Option<Zeroizing<Vec<u8>>> {
        // In a burst a sign-in whose cheaper hash is late waits for no other.
        let gives_up = self.may_come_again() && job.password.is_making_stop_gap();
        let ready_by = if gives_up { self.wish().by } else { ready_by };
        let hashed = self.until(ready_by, job.password.hash()).await;
        if !matches!(hashed, Ok(Some(_)))
            && job.password.salt.is_some()
            && let Some(password) = &self.credential.password
        {
            // A sign-in that was too late for its turn is not hashed now either.
            if gives_up || hashed.is_ok() && self.may_come_again() {
                return None;
            }
            let wish = Wish { by: self.started + self.engine.config.deadline, ..self.wish() };
            let settling = job.settle_for_less(self.engine, password.expose_secret(), wish);
            match self.may_come_again() {
                true => _ = self.in_time(settling).await,
                false => settling.await,
            }
            if !job.password.is_stop_gap() {
                return None;
            }
        }
        if job.password.is_stop_gap() {
            self.say_stop_gap();
        }
        job.at_rest(why).await
    }

    fn say_stop_gap(&self) {
        self.engine.notices.say(Code::Deadline, || {
            "a password was not hashed by the deadline, so a cheaper hash of it waits in the outbox, and the next \
             sign-in sends another: lower bcrypt_cost, or raise deadline"
                .into()
        });
    }

    /// The time that is kept for the outbox.
    fn for_outbox(&self) -> Duration {
        self.engine.config.deadline.mul_f64(SHARE_FOR_OUTBOX).min(MOST_FOR_OUTBOX)
    }

    /// Whether a call without a password found whom the ledger knows, perhaps with one.
    fn is_known(&self, job: &Job) -> bool {
        !job.password.is_some()
            && matches!(self.engine.ledger.recall(job.person), Known::Person(carried) if !carried.kept)
    }

    /// Whether the password that is set is this one, by what the ledger keeps of it.
    async fn settled(
        &self,
        started: Instant,
        key: &DataKey,
        person: Person,
        carried: Option<&Carried>,
    ) -> Option<Outcome> {
        match self.same_hash(started, key, person, carried).await {
            None => self.proven(started, key, person, carried).await,
            same => same,
        }
    }

    /// For a user whose stored hash was set and never proven: whether this typed password, which the old system has
    /// accepted, fits that hash as it is mapped. If not, a hash of it takes that one's place.
    async fn proven(
        &self,
        started: Instant,
        key: &DataKey,
        person: Person,
        carried: Option<&Carried>,
    ) -> Option<Outcome> {
        let carried = carried.filter(|carried| {
            let seen = person.provided.is_none() || carried.provided == person.provided;
            !carried.kept && seen && carried.address == person.address
        })?;
        let unproven = carried.unproven?;
        if self.verb != Verb::Migrate || self.version(key, person) != carried.version {
            return None;
        }
        let stored = self.credential.brought_along()?;
        let proof = prove(self.engine, self.credential, stored)?;
        let fields = self.until(self.turn_ends(started), proof).await.ok()?.ok()??;
        if hash_key(key, person.address, &fields) != unproven {
            return None;
        }
        self.engine.ledger.proven(carried);
        Some(Outcome::done(Status::Unchanged, Some(carried.kinde_id.clone()), 0))
    }

    /// For applications that name no version: whether this plaintext, hashed with the salt of the hash that was sent
    /// before, is the same. Where many others keep that from being known in time, nothing says that it is another one, and
    /// nothing is set.
    async fn same_hash(
        &self,
        started: Instant,
        key: &DataKey,
        person: Person,
        carried: Option<&Carried>,
    ) -> Option<Outcome> {
        let carried = carried.filter(|carried| {
            let seen = person.provided.is_none() || carried.provided == person.provided;
            !carried.kept && seen && carried.address == person.address
        })?;
        if self.verb != Verb::Migrate || self.credential.effective_version().is_some() {
            return None;
        }
        let Some(fields) = self.hashed_with(started, carried.salt?).await else {
            let crowded = self.may_come_again() && self.is_crowded() && !(self.interrupted)();
            return crowded.then(|| self.overloaded());
        };
        (carried.version == Some(hash_key(key, person.address, &fields)))
            .then(|| Outcome::done(Status::Unchanged, Some(carried.kinde_id.clone()), 0))
    }

    /// Whether it is others, and not its own cost, that keep a hash from being ready in time.
    fn is_crowded(&self) -> bool {
        let len = self.credential.password.as_ref().map_or(0, |password| password.expose_secret().len());
        !self.engine.hashing.is_too_costly(len, self.wish())
    }

    /// This plaintext, hashed with a salt; none where there is no time to compare.
    async fn hashed_with(&self, started: Instant, salt: [u8; 16]) -> Option<KindeFields> {
        let password = self.credential.password.as_ref()?;
        let wish = Wish { by: self.turn_ends(started), ..self.wish() };
        let mut hashing = self.engine.hashing.compare(secret(password.expose_secret()), salt, wish);
        Some(self.until(wish.by, hashing.done()).await.ok().flatten()?.fields)
    }

    /// What is owed already and would be lost if this call took its place: a password, where this one brings none or an older
    /// one; and that it was a change.
    async fn more_is_owed(&self, started: Instant, key: &DataKey, job: &mut Job) -> Option<Outcome> {
        if job.verb != Verb::Migrate {
            return None;
        }
        let pending =
            self.engine.ledger.pending(job.person, Intent::Password).filter(|pending| !pending.dead)?;
        let mut before = Job::from_rest(&pending.text, job.person, 0)?;
        let durable = pending.durable;
        let owed = |message| {
            let queued = Outcome::because(Status::Queued, Code::KindeUnavailable, message);
            Some(Outcome { durable, ..queued })
        };
        if !job.password.is_some() && self.credential.password.is_none() && before.password.is_some() {
            return owed("an earlier call for this user is still owed, with a password");
        }
        if just_now(before.changed) {
            if !self.is_the_same(started, key, job, &mut before).await {
                return owed("a change of password is still owed, and this sign-in was accepted before it");
            }
            // It goes on as that change, so that an older sign-in takes its place no more than the change's.
            (job.verb, job.shield, job.changed) = (Verb::ChangePassword, Some(UNFINISHED), before.changed);
        } else if self.engine.config.on_existing == OnExisting::UpdateUnclaimed
            && before.verb == Verb::ChangePassword
        {
            job.verb = Verb::ChangePassword;
        }
        None
    }

    /// Whether a sign-in brings the password that is owed.
    async fn is_the_same(&self, started: Instant, key: &DataKey, job: &mut Job, owed: &mut Job) -> bool {
        if job.version.is_some() && owed.version.is_some() {
            return job.version == owed.version;
        }
        let Some(wanted) = owed.password.hash().await else { return false };
        let brought = match owed.password.salt {
            Some(salt) => self.hashed_with(started, salt).await,
            None => job.password.hash().await,
        };
        let digest = |fields: &KindeFields| hash_key(key, job.person.address, fields);
        brought.is_some_and(|brought| digest(&brought) == digest(&wanted))
    }

    /// Whether the outbox holds this very version already: then there is nothing to hash and to write. If it does, whether
    /// durably.
    fn is_owed_already(&self, job: &Job) -> Option<bool> {
        let pending =
            self.engine.ledger.pending(job.person, job.verb.intent()).filter(|pending| !pending.dead)?;
        let before = Job::from_rest(&pending.text, job.person, 0)?;
        // A typed password takes the place of a stored hash that it would have to prove.
        let settles = before.password.unproven && self.credential.password.is_some();
        let same = before.verb == job.verb && before.version.is_some() && before.version == job.version;
        (same && !settles).then_some(pending.durable)
    }

    /// Waits for another call's turn to end. `false`: it did not end in time, or Kinde is down anyway.
    async fn wait_for_turn(&self, job: &Job, started: Instant) -> bool {
        let engine = self.engine;
        let lease = engine.config.deadline + AFTER_DEADLINE;
        let waiting = async {
            loop {
                if engine.watch.down(&engine.ledger, Class::SignIn).is_some() {
                    return false;
                }
                let (least, most) = TURN;
                tokio::time::sleep(least + (most - least).mul_f64(engine.random())).await;
                if engine.ledger.take_turn(job.task(), lease) {
                    return true;
                }
            }
        };
        self.until(self.turn_ends(started), waiting).await.unwrap_or(false)
    }

    /// Drives a future until a moment, or until the caller is interrupted.
    async fn until<T>(&self, ends: Instant, future: impl Future<Output = T>) -> Result<T, Failure> {
        tokio::pin!(future);
        if is_bare() {
            return until_bare(ends, self.interrupted, future).await;
        }
        let ends = tokio::time::sleep_until(ends.into());
        tokio::pin!(ends);
        loop {
            tokio::select! {
                biased;
                done = &mut future => return Ok(done),
                () = &mut ends => return Err(failure(Code::Deadline, "the deadline passed")),
                () = tokio::time::sleep(TICK) => {
                    if (self.interrupted)() {
                        return Err(failure(Code::Interrupted, "the caller was interrupted"));
                    }
                }
            }
        }
    }
}

fn another_person() -> Outcome {
    let message = "this address is known as another person's, by another provided_id; if it has passed from one to the other, \
                   change the first one's e-mail in Kinde";
    Outcome::because(Status::Skipped, Code::ProvidedIdConflict, message)
}

fn several_persons() -> Outcome {
    let message = "several persons, by their provided_id, have this address, and this call does not say which of them it is \
                   about; give the provided_id";
    Outcome::because(Status::Skipped, Code::ProvidedIdConflict, message)
}

/// Drives a future until a moment, or until the caller is interrupted, without a runtime's timers.
async fn until_bare<T>(
    ends: Instant,
    interrupted: Interrupted<'_>,
    mut future: Pin<&mut impl Future<Output = T>>,
) -> Result<T, Failure> {
    let mut asked = Instant::now();
    std::future::poll_fn(move |context| {
        if let Poll::Ready(done) = future.as_mut().poll(context) {
            return Poll::Ready(Ok(done));
        }
        let now = Instant::now();
        if now >= ends {
            return Poll::Ready(Err(failure(Code::Deadline, "the deadline passed")));
        }
        if now >= asked + TICK {
            asked = now;
            if interrupted() {
                return Poll::Ready(Err(failure(Code::Interrupted, "the caller was interrupted")));
            }
        }
        Poll::Pending
    })
    .await
}

fn too_costly() -> Failure {
    let message = "the password's hash would not be ready by the deadline; it goes on from the outbox";
    Failure { unasked: true, ..Failure::new(Code::Deadline, message) }
}

pub(crate) fn panicked() -> Outcome {
    Outcome::because(Status::Rejected, Code::Internal, "the call panicked")
}

/// Whether a sign-in from before the change may still be under way.
fn just_now(changed: Option<i64>) -> bool {
    changed.is_some_and(|changed| (0..STALE_FOR).contains(&(uptime() - changed)))
}

pub(crate) fn failure(code: Code, message: &str) -> Failure {
    Failure { perhaps_done: true, ..Failure::new(code, message) }
}

fn no_random_bytes() -> Outcome {
    Outcome::because(Status::Rejected, Code::Internal, "the system has no random bytes to give")
}
