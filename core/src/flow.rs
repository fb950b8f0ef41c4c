//! One user's way through check, create, set password and remember.
//!
//! Every step may be repeated without harm, and nothing is taken for undone that may have been done: after
//! a create whose answer was lost, the check comes before another create.

use std::time::{Duration, Instant};

use crate::api::{Caller, Connections, Created, Failure, Found};
use crate::code::Code;
use crate::engine::Engine;
use crate::job::{Job, Verb, hash_key};
use crate::ledger::{Carried, Intent};
use crate::outcome::Status;
use crate::pace::{Class, delay};
use crate::settings::OnExisting;
use crate::user::{Identity, User};
use crate::watch::Gate;

/// Repeats of one step; what fails longer goes on from the outbox.
const TRIES: u32 = 4;

/// A request that is given less than this may well time out though nothing is wrong.
const FAIR: Duration = Duration::from_millis(200);

/// A way that came to its end.
pub(crate) struct Arrived {
    pub(crate) status: Status,
    pub(crate) carried: Carried,
}

/// A way that ended before.
pub(crate) enum Stopped {
    /// A policy or a conflict; with what is to be remembered of it.
    Skipped { code: Code, message: String, id: Option<String>, remember: Option<Box<Carried>> },
    /// Kinde refuses for good.
    Rejected { code: Code, message: String, id: Option<String> },
    /// Not now.
    PutOff(Failure),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        match failure.code {
            Code::KindeRefused | Code::UserGone | Code::Internal => {
                Stopped::Rejected { code: failure.code, message: failure.message, id: None }
            }
            _ => Stopped::PutOff(failure),
        }
    }
}

/// One way under way.
pub(crate) struct Way<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) connections: &'a Connections,
    pub(crate) class: Class,
    pub(crate) calls: u32,
    pub(crate) ends: Instant,
    /// The time that one request may take.
    pub(crate) per_request: Duration,
}

/// One step, repeated while that can help.
macro_rules! step {
    ($way:expr, $user:expr, $caller:ident => $call:expr) => {{
        let mut attempt = 0;
        loop {
            $way.gate()?;
            let tried = {
                let mut $caller = $way.caller($user);
                $call.await
            };
            match tried {
                Err(failure) if failure.unasked => break Err(failure),
                Err(failure) if failure.code.retryable() => {
                    attempt += 1;
                    $way.heed(&failure);
                    if attempt == TRIES {
                        break Err(failure);
                    }
                    $way.rest(attempt, &failure).await?;
                }
                other => {
                    $way.engine.watch.answered(&$way.engine.ledger);
                    break other;
                }
            }
        }
    }};
}

/// What a call that is not made because Kinde is down comes to.
pub(crate) fn down(left: Duration) -> Failure {
    let message = "Kinde is known to be down; nothing is lost, it is delivered when it is back";
    Failure { reset: Some(left), unasked: true, ..Failure::new(Code::KindeDown, message) }
}

/// Kinde's list of users takes several values with commas between them, encoded or not.
fn with_comma(identity: &Identity, failure: Failure) -> Failure {
    if !identity.value.contains(',') {
        return failure;
    }
    let message = format!(
        "{}. There is a comma in this {}, by which Kinde cannot look a user up; if he is there already, set his password in \
         Kinde, and drop this",
        failure.message, identity.kind
    );
    Failure { message, ..failure }
}

impl Way<'_> {
    /// The whole way of one job.
    pub(crate) async fn go(&mut self, job: &mut Job) -> Result<Arrived, Stopped> {
        match job.verb.intent() {
            Intent::Password => self.carry(job).await,
            Intent::Reset => self.reset(job).await,
        }
    }

    async fn carry(&mut self, job: &mut Job) -> Result<Arrived, Stopped> {
        let known = job.known.take().filter(|carried| !carried.kept);
        // Whoever has been carried over needs no check, unless the policy asks what he has done since.
        let policy = self.engine.config.on_existing;
        if let Some(known) = known
            && (policy != OnExisting::UpdateUnclaimed || job.verb == Verb::ChangePassword)
        {
            if !job.password.is_some() {
                return Ok(self.arrived(job, Status::Unchanged, known.kinde_id).await);
            }
            match self.set_password(job, &known.kinde_id).await {
                Ok(()) => return Ok(self.arrived(job, Status::Updated, known.kinde_id).await),
                Err(Stopped::Rejected { code: Code::UserGone, .. }) => self.engine.ledger.forget(job.key),
                Err(stopped) => return Err(stopped),
            }
        }
        let found = match job.found.take() {
            Some(found) => found,
            None => self.find(&job.user, &job.identity).await?,
        };
        let (id, status) = match found {
            Some(found) => self.accept(job, found)?,
            None => self.create(job).await?,
        };
        if !job.password.is_some() {
            let status = if status == Status::Created { status } else { Status::Unchanged };
            return Ok(self.arrived(job, status, id).await);
        }
        match self.set_password(job, &id).await {
            Ok(()) => Ok(self.arrived(job, status, id).await),
            // Deleted since he was found: the outbox begins anew.
            Err(Stopped::Rejected { code: code @ Code::UserGone, message, .. }) => {
                Err(Stopped::PutOff(Failure::new(code, message)))
            }
            Err(stopped) => Err(stopped),
        }
    }

    /// What is remembered: the version that the application gave, else the hash made here and its salt.
    async fn arrived(&mut self, job: &mut Job, status: Status, id: String) -> Arrived {
        // Without a password there is no version either, or the password would never follow.
        let version = job.version.filter(|_| job.password.is_some());
        let mut carried = Carried {
            kinde_id: id,
            version,
            salt: None,
            kept: false,
            provided: job.provided,
            changed: job.changed,
        };
        if carried.version.is_none()
            && let Some(salt) = job.password.salt
            // Sent as plaintext, it may not be hashed in time: then it is sent once more another time.
            && let Ok(Some(fields)) = tokio::time::timeout_at(self.ends.into(), job.password.hash()).await
            && let Some(key) = self.engine.ledger.key()
        {
            carried.version = Some(hash_key(&key, job.key, &fields));
            carried.salt = Some(salt);
        }
        Arrived { status, carried }
    }

    /// The one user of exactly this e-mail (user name, phone).
    pub(crate) async fn find(&mut self, user: &User, identity: &Identity) -> Result<Option<Found>, Stopped> {
        let found = step!(self, user, caller => caller.check(identity))?;
        let several = found.len() > 1;
        match found.into_iter().next() {
            Some(_) if several => Err(Stopped::Skipped {
                code: Code::SeveralUsers,
                message: format!("Kinde has several users of this {}; merge them there", identity.kind),
                id: None,
                remember: None,
            }),
            first => Ok(first),
        }
    }

    /// Whether a user who is there may be touched.
    fn accept(&self, job: &Job, found: Found) -> Result<(String, Status), Stopped> {
        let ours_by_id = match (&found.provided_id, &job.user.provided_id) {
            (Some(theirs), Some(wanted)) if !theirs.is_empty() && theirs != wanted => {
                return Err(Stopped::Skipped {
                    code: Code::ProvidedIdConflict,
                    message: format!(
                        "the Kinde user of this {} carries another provided_id, so he may be somebody else; \
                         compare the two and merge or rename one",
                        job.identity.kind
                    ),
                    id: Some(found.id),
                    remember: None,
                });
            }
            (Some(theirs), Some(wanted)) => theirs == wanted,
            _ => false,
        };
        // Nobody has signed in as a user whom this job, or one before it, has only just made.
        let made = !found.claimed() && (job.ours || self.keeps() && self.begun_before(job));
        let ours = made || ours_by_id;
        let always = ours && job.verb == Verb::ChangePassword;
        let (code, message) = match self.engine.config.on_existing {
            OnExisting::Keep if !ours => {
                (Code::Exists, "the user is in Kinde already and on_existing is keep")
            }
            OnExisting::UpdateUnclaimed if found.claimed() && !always => {
                (Code::Claimed, "the user has signed in at Kinde already and on_existing is update_unclaimed")
            }
            _ if made && job.ours => return Ok((found.id, Status::Created)),
            _ => return Ok((found.id, Status::Updated)),
        };
        let kinde_id = found.id.clone();
        let (version, provided) = (job.version, job.provided);
        let kept = Carried { kinde_id, version, salt: None, kept: true, provided, changed: None };
        Err(Stopped::Skipped {
            code,
            message: message.into(),
            id: Some(found.id),
            remember: Some(Box::new(kept)),
        })
    }

    /// Only where users who are there are kept does it matter who made one.
    fn keeps(&self) -> bool {
        self.engine.config.on_existing == OnExisting::Keep
    }

    /// Whether an earlier call for this user, which was killed or is still owed, has sent a create.
    fn begun_before(&self, job: &Job) -> bool {
        let ledger = &self.engine.ledger;
        let owed = || {
            let (text, _) = ledger.pending(job.key, Intent::Password)?;
            Job::from_rest(&text, job.key, 0)
        };
        ledger.create_begun(job.key) || owed().is_some_and(|before| before.ours)
    }

    async fn create(&mut self, job: &mut Job) -> Result<(String, Status), Stopped> {
        // Whether a create that may have been done was sent since the last check.
        let mut unsure = false;
        for attempt in 1..=TRIES {
            self.gate()?;
            // Said before the call, so that a deadline which cuts it short leaves the truth behind; and written, for who is killed.
            job.ours |= self.keeps() && !self.engine.ledger.begin_create(job.key);
            let was_ours = std::mem::replace(&mut job.ours, true);
            let created = self.caller(&job.user).create().await;
            let failure = match created {
                Ok(Created::New(id)) => {
                    self.engine.watch.answered(&self.engine.ledger);
                    return Ok((id, Status::Created));
                }
                Ok(Created::There) => {
                    job.ours = was_ours;
                    Failure::new(Code::KindeRefused, "the user is there")
                }
                Err(failure) => {
                    job.ours = was_ours || failure.perhaps_done;
                    unsure |= failure.perhaps_done;
                    failure
                }
            };
            self.heed(&failure);
            if self.keeps() && !job.ours {
                self.engine.ledger.drop_create(job.key);
            }
            match failure.code {
                _ if failure.unasked => return Err(failure.into()),
                // Perhaps somebody else created him since the check: the code for that is not documented.
                Code::KindeRefused => match self.find(&job.user, &job.identity).await? {
                    Some(found) => return self.accept(job, found),
                    None => return Err(with_comma(&job.identity, failure).into()),
                },
                code if code.retryable() && attempt < TRIES => {
                    self.rest(attempt, &failure).await?;
                    if std::mem::take(&mut unsure)
                        && let Some(found) = self.find(&job.user, &job.identity).await?
                    {
                        return self.accept(job, found);
                    }
                }
                _ => return Err(failure.into()),
            }
        }
        Err(Failure { perhaps_done: true, ..Failure::new(Code::KindeUnavailable, "Kinde keeps failing") }
            .into())
    }

    async fn set_password(&mut self, job: &mut Job, id: &str) -> Result<(), Stopped> {
        let Some(password) = job.password.sendable().await else {
            let message = "the password could not be hashed".into();
            return Err(Stopped::Rejected { code: Code::Internal, message, id: Some(id.into()) });
        };
        step!(self, &job.user, caller => caller.set_password(id, &password)).map_err(|failure| {
            match Stopped::from(failure) {
                Stopped::Rejected { code, message, .. } => {
                    Stopped::Rejected { code, message, id: Some(id.into()) }
                }
                other => other,
            }
        })
    }

    async fn reset(&mut self, job: &mut Job) -> Result<Arrived, Stopped> {
        let engine = self.engine;
        if let Some(known) = job.known.take() {
            match step!(self, &job.user, caller => caller.ask_for_reset(&known.kinde_id, &engine.reset)) {
                Ok(()) => return Ok(Arrived { status: Status::Updated, carried: known }),
                Err(failure) if failure.code == Code::UserGone => engine.ledger.forget(job.key),
                Err(failure) => return Err(failure.into()),
            }
        }
        let Some(found) = self.find(&job.user, &job.identity).await? else {
            let message = "Kinde has no such user, so there is no password to be reset".into();
            return Err(Stopped::Skipped { code: Code::NotInKinde, message, id: None, remember: None });
        };
        // The conflicts hold for a reset too; the policy on existing users is about passwords.
        let id = match self.accept(job, found) {
            Ok((id, _)) | Err(Stopped::Skipped { code: Code::Exists | Code::Claimed, id: Some(id), .. }) => {
                id
            }
            Err(stopped) => return Err(stopped),
        };
        step!(self, &job.user, caller => caller.ask_for_reset(&id, &engine.reset))?;
        let carried =
            Carried { kinde_id: id, version: None, salt: None, kept: true, provided: None, changed: None };
        Ok(Arrived { status: Status::Updated, carried })
    }

    fn caller<'b>(&'b mut self, user: &'b User) -> Caller<'b> {
        Caller {
            config: &self.engine.config,
            ledger: &self.engine.ledger,
            tokens: &self.engine.tokens,
            connections: self.connections,
            turnstile: &self.engine.turnstile,
            class: self.class,
            ends: self.ends,
            timeout: self.per_request,
            calls: &mut self.calls,
            user,
        }
    }

    /// While Kinde is down nobody calls it.
    fn gate(&self) -> Result<(), Stopped> {
        match self.engine.watch.gate(&self.engine.ledger) {
            Gate::Go => Ok(()),
            Gate::Down(left) => Err(Stopped::PutOff(down(left))),
        }
    }

    /// What a failure tells everybody.
    fn heed(&self, failure: &Failure) {
        let (watch, ledger) = (&self.engine.watch, &self.engine.ledger);
        match failure.code {
            _ if failure.unasked => {}
            Code::RateLimited => watch.answered(ledger),
            // Who gave Kinde no time to answer has found out nothing.
            Code::KindeTimeout if self.ends.saturating_duration_since(Instant::now()).is_zero() => {}
            Code::KindeTimeout if self.per_request < FAIR => {}
            Code::KindeUnavailable | Code::KindeTimeout | Code::KindeUnreachable => {
                watch.failed(ledger, self.engine.random());
            }
            _ => {}
        }
    }

    /// The wait before a repeat; after a 429 the turnstile knows how long.
    async fn rest(&self, attempt: u32, failure: &Failure) -> Result<(), Stopped> {
        let wait = delay(attempt, None, self.engine.random());
        if Instant::now() + wait >= self.ends {
            return Err(Stopped::PutOff(failure.clone()));
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }
}
