//! The migrator: the three verbs, and the delivery of what is owed.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;

use crate::api::Connections;
use crate::code::{Code, Error};
use crate::credential::Credential;
use crate::engine::Engine;
use crate::flow::{Arrived, Stopped, Way};
use crate::job::{
    self, Asked, Job, LEASE, Verb, Wanted, hash_key, known, provided_key, user_key, version_key,
};
use crate::ledger::{Carried, Digest, Intent, LedgerStatus, watch_forks};
use crate::notice::{Notice, Notices};
use crate::outcome::{Outcome, Status};
use crate::pace::delay;
use crate::process::{Driver, PerProcess, lock};
use crate::settings::{Config, OnExisting, Settings};
use crate::user::User;

/// A request gets this share of the verb's deadline, so that a stalled one can be repeated within it.
const SHARE_OF_DEADLINE: f64 = 0.45;
/// A request of a delivery from the outbox, where nobody waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// A longer deadline of a drain is cut to this.
const LONGEST_DRAIN: Duration = Duration::from_secs(24 * 60 * 60);

/// How often a call looks whether it has been interrupted.
const TICK: Duration = Duration::from_millis(100);

/// Asked about every 100 ms during a call whether to stop waiting.
pub type Interrupted<'a> = &'a (dyn Fn() -> bool + Sync);

/// Carries users into one Kinde domain.
///
/// Building one opens nothing: connections, threads and the ledger are made at the first verb, and anew in
/// a forked child. It may be used from any number of threads at once. Verbs block the caller's thread for
/// the deadline at most; [`Migrator::start`] does not block.
///
/// Nothing that Kinde, the network or the user's data does is an error; it is an [`Outcome`].
pub struct Migrator {
    config: Arc<Config>,
    engine: PerProcess<Engine>,
    notices: PerProcess<Notices>,
}

/// What [`Migrator::drain`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Entries that were delivered.
    pub delivered: u32,
    /// Entries that were given up: refused for good (kept as dead letters), or left alone by a policy.
    pub dropped: u32,
    /// Entries that still wait.
    pub left: u64,
}

impl Migrator {
    /// Reads the settings, then the environment for what they leave out, and raises what is missing or
    /// cannot be used (codes 1xx).
    pub fn new(settings: Settings) -> Result<Migrator, Error> {
        let config = Arc::new(settings.with_environment()?.resolve()?);
        watch_forks();
        Ok(Migrator { config, engine: PerProcess::new(), notices: PerProcess::new() })
    }

    /// The same, but one migrator for equal settings as long as the process lives: for hosts that end every
    /// object with a request, as PHP does.
    pub fn persistent(settings: Settings) -> Result<Arc<Migrator>, Error> {
        type Kept = Mutex<Vec<(Settings, Arc<Migrator>)>>;
        static KEPT: PerProcess<Kept> = PerProcess::new();
        let settings = settings.with_environment()?;
        let mut kept = lock(KEPT.get_or_make(|_| Mutex::default()));
        if let Some((_, migrator)) = kept.iter().find(|(known, _)| *known == settings) {
            return Ok(Arc::clone(migrator));
        }
        let migrator = Arc::new(Migrator::new(settings.clone())?);
        kept.push((settings, Arc::clone(&migrator)));
        Ok(migrator)
    }

    /// [`Verb::Migrate`], on this thread.
    pub fn migrate(&self, user: &User, credential: &Credential) -> Outcome {
        self.call(Verb::Migrate, user, credential, &|| false)
    }

    /// [`Verb::ChangePassword`], on this thread.
    pub fn change_password(&self, user: &User, credential: &Credential) -> Outcome {
        self.call(Verb::ChangePassword, user, credential, &|| false)
    }

    /// [`Verb::RequestReset`], on this thread.
    pub fn request_reset(&self, user: &User) -> Outcome {
        self.call(Verb::RequestReset, user, &Credential::none(), &|| false)
    }

    /// A verb on this thread, without a background thread. `interrupted` is asked every 100 ms; once it
    /// says yes, the work goes on from the outbox and the outcome is `queued`, reason `interrupted`.
    pub fn call(
        &self,
        verb: Verb,
        user: &User,
        credential: &Credential,
        interrupted: Interrupted<'_>,
    ) -> Outcome {
        let engine = self.engine();
        let prepared = match prepare(engine, verb, user, credential) {
            Prepared::Answered(outcome) => return outcome,
            Prepared::Ready(asked, known) => (asked, known),
        };
        let notices = self.said();
        let run = engine.lanes.run(
            || engine.connections(),
            async |connections: &Connections| {
                perform(engine, notices, connections, prepared, verb, user, credential, interrupted).await
            },
        );
        run.unwrap_or_else(|error| {
            // Not a file descriptor left, or no memory.
            Outcome::because(
                Status::Rejected,
                Code::Internal,
                format!("the call could not be started: {error}"),
            )
        })
    }

    /// What can be answered without waiting for anybody: input that is refused, and a user who has been
    /// carried over under this version already. It takes microseconds and suits an event loop.
    pub fn recall(&self, verb: Verb, user: &User, credential: &Credential) -> Option<Outcome> {
        match prepare(self.engine(), verb, user, credential) {
            Prepared::Answered(outcome) => Some(outcome),
            Prepared::Ready(..) => None,
        }
    }

    /// A verb on the library's one background thread, which is started at first need. `done` is called
    /// there, once.
    pub fn start(
        &self,
        verb: Verb,
        user: User,
        credential: Credential,
        done: impl FnOnce(Outcome) + Send + 'static,
    ) {
        let engine = Arc::clone(self.engine());
        let notices = Arc::clone(self.said());
        let driver = engine.driver.get_or_init(|| {
            let config = Arc::clone(&engine.config);
            Driver::start(move || crate::api::Connector::default().connections(&config)).ok()
        });
        let Some(driver) = driver else {
            let message = "the background thread could not be started";
            return done(Outcome::because(Status::Rejected, Code::Internal, message));
        };
        // The engine lives until the last job is done, so nothing that was accepted is forgotten.
        let inner = Arc::clone(&engine);
        driver.spawn(move |connections| async move {
            let outcome = match prepare(&inner, verb, &user, &credential) {
                Prepared::Answered(outcome) => outcome,
                Prepared::Ready(asked, known) => {
                    let alone = || false;
                    perform(&inner, &notices, &connections, (asked, known), verb, &user, &credential, &alone)
                        .await
                }
            };
            drop(inner);
            done(outcome);
        });
    }

    /// Delivers at most `max` entries of the outbox that are due before the deadline.
    pub fn drain(&self, max: u32, deadline: Duration, interrupted: Interrupted<'_>) -> Drained {
        let engine = self.engine();
        let ends = Instant::now() + deadline.min(LONGEST_DRAIN);
        let run = engine.lanes.run(
            || engine.connections(),
            async |connections: &Connections| {
                let mut drained = Drained::default();
                while drained.delivered + drained.dropped < max && Instant::now() < ends && !interrupted() {
                    match deliver_one(engine, connections, ends).await {
                        Some(Delivery::Done) => drained.delivered += 1,
                        Some(Delivery::Dropped) => drained.dropped += 1,
                        Some(Delivery::PutOff) => {}
                        None => match engine.ledger.next_due() {
                            Some(wait) if Instant::now() + wait < ends => {
                                tokio::time::sleep(wait.clamp(TICK / 20, TICK)).await;
                            }
                            _ => break,
                        },
                    }
                }
                drained
            },
        );
        let mut drained = run.unwrap_or_default();
        drained.left = engine.ledger.status().owed;
        drained
    }

    /// How the ledger stands.
    pub fn status(&self) -> LedgerStatus {
        self.engine().ledger.status()
    }

    /// What the host's log should say and has not been handed over yet.
    pub fn notices(&self) -> Vec<Notice> {
        self.said().take()
    }

    fn engine(&self) -> &Arc<Engine> {
        self.engine.get_or_make(|_| Engine::start(&self.config, self.said()))
    }

    fn said(&self) -> &Arc<Notices> {
        self.notices.get_or_make(|_| Notices::default())
    }
}

/// A call after its checks.
enum Prepared {
    Answered(Outcome),
    Ready(Asked, Option<Carried>),
}

/// The part of a verb that waits for nobody.
fn prepare(engine: &Engine, verb: Verb, user: &User, credential: &Credential) -> Prepared {
    let asked = match job::check(&engine.config, verb, user, credential) {
        Ok(asked) => asked,
        Err(error) => {
            // An older password must not follow a newer one, even one that cannot be carried.
            if verb == Verb::ChangePassword
                && let (Ok(identity), Some(key)) = (user.identity(), engine.ledger.key())
            {
                let seq = engine.ledger.next_seq();
                engine.ledger.drop_owed(user_key(key, &identity), Intent::Password, seq);
            }
            return Prepared::Answered(Outcome::because(Status::Rejected, error.code, error.message));
        }
    };
    let Some(key) = engine.ledger.key() else { return Prepared::Ready(asked, None) };
    let provided = provided_key(key, user);
    let user = user_key(key, &asked.identity);
    let Some(carried) = known(&engine.ledger, user, provided) else { return Prepared::Ready(asked, None) };
    let version = credential.effective_version().map(|version| version_key(key, user, version));
    let nothing_to_set = credential.password.is_none() && credential.hash.is_none();
    match verb {
        Verb::Migrate => match remembered(engine, &carried, version, nothing_to_set) {
            Some(outcome) => Prepared::Answered(outcome),
            None => Prepared::Ready(asked, Some(carried)),
        },
        Verb::ChangePassword | Verb::RequestReset => Prepared::Ready(asked, Some(carried)),
    }
}

/// The answer that the ledger has for a sign-in, if it has one.
fn remembered(
    engine: &Engine,
    carried: &Carried,
    version: Option<Digest>,
    nothing_to_set: bool,
) -> Option<Outcome> {
    let id = Some(carried.kinde_id.clone());
    if !carried.kept {
        let same = version.is_some() && carried.version == version;
        return (nothing_to_set || same).then(|| Outcome::done(Status::Unchanged, id, 0));
    }
    let (code, message) = match engine.config.on_existing {
        OnExisting::Update => return None,
        OnExisting::Keep => (Code::Exists, "the user was in Kinde already and on_existing is keep"),
        OnExisting::UpdateUnclaimed => {
            (Code::Claimed, "the user had signed in at Kinde already and on_existing is update_unclaimed")
        }
    };
    let same = version.is_none() || carried.version == version;
    same.then(|| Outcome { kinde_id: id, ..Outcome::because(Status::Skipped, code, message) })
}

/// The part of a verb that calls Kinde.
#[allow(clippy::too_many_arguments, reason = "one call's whole context, used once")]
async fn perform(
    engine: &Engine,
    notices: &Notices,
    connections: &Connections,
    (asked, known): (Asked, Option<Carried>),
    verb: Verb,
    user: &User,
    credential: &Credential,
    interrupted: Interrupted<'_>,
) -> Outcome {
    let started = Instant::now();
    let Some(key) = engine.ledger.key() else {
        return Outcome::because(Status::Rejected, Code::Internal, "the system has no random bytes to give");
    };
    let user_key = user_key(key, &asked.identity);
    let mut job = Job {
        verb,
        user: user.clone(),
        identity: asked.identity,
        key: user_key,
        seq: engine.ledger.next_seq(),
        version: credential.effective_version().map(|version| version_key(key, user_key, version)),
        password: asked.mapped.map_or_else(Wanted::default, Wanted::ready),
        provided: provided_key(key, user),
        known,
        ours: false,
    };
    let mut unless_same = None;
    if verb != Verb::RequestReset
        && let Some(password) = &credential.password
    {
        let password = password.expose_secret();
        if job.version.is_none() && verb == Verb::Migrate {
            unless_same = before(engine, &job, password);
        }
        match Wanted::plaintext(engine, password) {
            Some(wanted) => job.password = wanted,
            None => {
                return Outcome::because(
                    Status::Rejected,
                    Code::Internal,
                    "the system has no random bytes to give",
                );
            }
        }
    }
    let deadline = engine.config.deadline;
    let mut way = Way {
        engine,
        connections,
        calls: 0,
        ends: started + deadline,
        per_request: deadline.mul_f64(SHARE_OF_DEADLINE),
    };
    let went = {
        let going = async {
            if let Some((hashing, carried)) = unless_same
                && let Some(fields) = hashing.await.ok().flatten()
                && carried.version == Some(hash_key(key, user_key, &fields))
            {
                return Ok(Arrived { status: Status::Unchanged, carried });
            }
            way.go(&mut job).await
        };
        tokio::pin!(going);
        let deadline = tokio::time::sleep_until((started + deadline).into());
        tokio::pin!(deadline);
        loop {
            tokio::select! {
                biased;
                went = &mut going => break went,
                () = &mut deadline => break Err(put_off(Code::Deadline, "the deadline passed")),
                () = tokio::time::sleep(TICK) => {
                    if interrupted() {
                        break Err(put_off(Code::Interrupted, "the caller was interrupted"));
                    }
                }
            }
        }
    };
    let calls = way.calls;
    let mut outcome = match went {
        Ok(Arrived { status, carried }) => {
            match job.verb {
                _ if status == Status::Unchanged && calls == 0 => {}
                Verb::RequestReset => engine.ledger.drop_owed(job.key, Intent::Reset, job.seq),
                Verb::Migrate | Verb::ChangePassword => {
                    engine.ledger.remember(&engine.config, job.key, &carried, job.seq, notices);
                    if job.verb == Verb::ChangePassword {
                        engine.ledger.drop_owed(job.key, Intent::Reset, job.seq);
                    }
                }
            }
            Outcome::done(status, Some(carried.kinde_id), calls)
        }
        Err(Stopped::Skipped { code, message, id, remember }) => {
            if let Some(carried) = remember {
                engine.ledger.remember(&engine.config, job.key, &carried, job.seq, notices);
            }
            Outcome { kinde_id: id, ..Outcome::because(Status::Skipped, code, message) }
        }
        Err(Stopped::Rejected { code, message, id }) => {
            owe(engine, notices, &mut job, Duration::ZERO, true, code).await;
            Outcome { kinde_id: id, ..Outcome::because(Status::Rejected, code, message) }
        }
        Err(Stopped::PutOff(failure)) => {
            let wait = failure.reset.unwrap_or_default();
            if owe(engine, notices, &mut job, wait, false, failure.code).await {
                Outcome::because(Status::Queued, failure.code, failure.message)
            } else {
                let message = format!("{}, and it could not be recorded either", failure.message);
                Outcome::because(Status::Rejected, Code::LedgerUnavailable, message)
            }
        }
    };
    outcome.calls = calls;
    tracing::debug!(
        verb = ?verb,
        status = outcome.status.as_str(),
        kinde_id = outcome.kinde_id.as_deref().unwrap_or_default(),
        reason = outcome.reason.map(Code::as_str).unwrap_or_default(),
        calls,
        "verb"
    );
    outcome
}

/// For applications that name no version: begins to hash this plaintext with the salt of the hash that was sent before,
/// to see whether it is the same.
fn before(engine: &Engine, job: &Job, password: &[u8]) -> Option<(Hashing, Carried)> {
    let carried = job.known.clone().filter(|carried| !carried.kept)?;
    Some((job::hash_aside(engine, password, carried.salt?), carried))
}

type Hashing = tokio::task::JoinHandle<Option<crate::hash::KindeFields>>;

fn put_off(code: Code, message: &str) -> Stopped {
    Stopped::PutOff(crate::api::Failure { code, message: message.into(), reset: None, perhaps_done: true })
}

/// Records a job in the outbox.
async fn owe(
    engine: &Engine,
    notices: &Notices,
    job: &mut Job,
    wait: Duration,
    dead: bool,
    code: Code,
) -> bool {
    let Some(text) = job.at_rest().await else { return false };
    engine.ledger.owe(&engine.config, job.key, job.verb.intent(), &text, job.seq, wait, dead, code, notices)
}

enum Delivery {
    Done,
    Dropped,
    PutOff,
}

/// Delivers the entry that has been due longest. `None` where none is due.
async fn deliver_one(engine: &Engine, connections: &Connections, ends: Instant) -> Option<Delivery> {
    let (owed, text) = engine.ledger.claim(LEASE)?;
    let (user, seq, attempts) = (owed.claim.user, owed.claim.seq, owed.claim.attempts);
    let Some((mut job, key)) = Job::from_rest(&text, user, seq).zip(engine.ledger.key()) else {
        owed.put_back(&text, Duration::ZERO, true, Code::Internal);
        return Some(Delivery::Dropped);
    };
    // The entry may have been written under a key from before a rotation.
    job.key = user_key(key, &job.identity);
    job.provided = provided_key(key, &job.user);
    if engine.ledger.superseded(job.key, job.verb.intent(), seq) {
        owed.settle(job.key, None);
        return Some(Delivery::Dropped);
    }
    job.known = known(&engine.ledger, job.key, job.provided);
    let ends = ends.min(Instant::now() + LEASE - PATIENCE);
    let mut way = Way { engine, connections, calls: 0, ends, per_request: PATIENCE };
    let went = tokio::time::timeout_at(ends.into(), way.go(&mut job)).await;
    let went = went.unwrap_or_else(|_| Err(put_off(Code::Deadline, "the deadline passed")));
    Some(match went {
        Ok(Arrived { carried, .. }) => {
            owed.settle(job.key, (job.verb.intent() == Intent::Password).then_some(&carried));
            Delivery::Done
        }
        Err(Stopped::Skipped { remember, .. }) => {
            owed.settle(job.key, remember.as_deref());
            Delivery::Dropped
        }
        Err(Stopped::Rejected { code, .. }) => {
            owed.put_back(&text, Duration::ZERO, true, code);
            Delivery::Dropped
        }
        Err(Stopped::PutOff(failure)) => {
            let text = job.at_rest().await.unwrap_or(text);
            // Nobody waits here, so the repeats come ten times slower than a caller's: up to 20 s apart.
            let slower = if failure.reset.is_some() { 1 } else { 10 };
            let wait = delay(attempts, failure.reset, engine.random()).saturating_mul(slower);
            owed.put_back(&text, wait, false, failure.code);
            Delivery::PutOff
        }
    })
}
