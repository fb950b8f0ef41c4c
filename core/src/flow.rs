//! One user's way through check, create, set password and remember.
//!
//! Every step may be repeated without harm, and nothing is taken for undone that may have been done: after
//! a create whose answer was lost, the check comes before another create.

use std::time::{Duration, Instant};

use crate::api::{Caller, Connections, Created, Failure, Found};
use crate::code::Code;
use crate::engine::Engine;
use crate::identity::Identity;
use crate::job::{Job, Sendable, Verb, hash_key, provided_key};
use crate::ledger::{Carried, Digest, Intent};
use crate::outcome::Status;
use crate::pace::{Class, delay};
use crate::settings::OnExisting;
use crate::user::User;
use crate::watch::Asker;

/// Repeats of one step; what fails longer goes on from the outbox.
const TRIES: u32 = 4;

/// A sign-in that tries whether Kinde is back gives it this share of the usual time.
const OF_A_PROBE: f64 = 0.75;
/// A request that is given less than this may well time out though nothing is wrong.
const FAIR: Duration = Duration::from_millis(200);

/// What waits for the ledger is looked at again after this.
const HELD: Duration = Duration::from_secs(60);

/// A way that came to its end.
pub(crate) struct Arrived {
    pub(crate) status: Status,
    pub(crate) carried: Carried,
    /// What it says of the person is new to the ledger, though nothing was to be done.
    pub(crate) learnt: bool,
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
    /// Whose way it is.
    pub(crate) who: Digest,
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
                    $way.answered();
                    break other;
                }
            }
        }
    }};
}

/// What a call comes to that would have to wait for others too long.
pub(crate) fn crowded() -> Failure {
    let message = "more users sign in at the same moment than can be hashed and carried over in time; it goes on from the \
                   outbox";
    Failure { unasked: true, ..Failure::new(Code::Overloaded, message) }
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

/// What is held in one process's memory, in place of a ledger that cannot be used, is not set over what another process may
/// have set since.
fn held_in_memory() -> Failure {
    let message = "the user is in Kinde already, and what is held in memory may be older than their password there; it waits \
                   for the ledger, or for the user's next sign-in";
    Failure { reset: Some(HELD), ..Failure::new(Code::LedgerUnavailable, message) }
}

fn unconfirmed(kind: &str, id: String) -> Stopped {
    Stopped::Skipped {
        code: Code::EmailChanged,
        message: format!(
            "this {kind} is a further identity of the Kinde user, and not known to be confirmed there (the scope \
             read:user_identities lets that be asked); nobody is touched"
        ),
        id: Some(id),
        remember: None,
    }
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
        if let Some(known) = job.known.take().filter(|carried| !carried.kept) {
            if let Some(arrived) = self.carry_known(job, known).await? {
                return Ok(arrived);
            }
            // Whoever it was is not this one: it is begun anew.
            self.engine.ledger.forget(job.person);
        }
        let found = match job.found.take() {
            Some(found) => found,
            None => self.find(&job.user, &job.identity).await?,
        };
        let (id, status) = match found {
            Some(found) => self.accept(job, found, false)?,
            None => self.create(job).await?,
        };
        if !job.password.is_some() {
            let status = if status == Status::Created { status } else { Status::Unchanged };
            return Ok(self.arrived(job, status, id).await);
        }
        match self.set_password(job, &id).await {
            Ok(()) => Ok(self.arrived(job, status, id).await),
            // Deleted since they were found: the outbox begins anew.
            Err(Stopped::Rejected { code: code @ Code::UserGone, message, .. }) => {
                Err(Stopped::PutOff(Failure::new(code, message)))
            }
            Err(stopped) => Err(stopped),
        }
    }

    /// Somebody whom the ledger knows. `None`: the Kinde user whom it names is gone, or is another person by now.
    async fn carry_known(&mut self, job: &mut Job, known: Carried) -> Result<Option<Arrived>, Stopped> {
        let Some(found) = self.confirm(job, &known).await? else { return Ok(None) };
        let (id, _) = self.accept(job, found, true)?;
        let same = job.version.is_some() && job.version == known.version && known.unproven.is_none();
        if !job.password.is_some() || (same && job.verb == Verb::Migrate) {
            let provided = job.person.provided.or(job.theirs).or(known.provided);
            let address = job.person.address;
            let learnt = (provided, address) != (known.provided, known.address);
            let carried = Carried { provided, address, ..known };
            return Ok(Some(Arrived { status: Status::Unchanged, carried, learnt }));
        }
        match self.set_password(job, &id).await {
            Ok(()) => Ok(Some(self.arrived(job, Status::Updated, id).await)),
            Err(Stopped::Rejected { code: Code::UserGone, .. }) => Ok(None),
            Err(stopped) => Err(stopped),
        }
    }

    /// The Kinde user whom the ledger remembers for this address, if it is theirs still: it may have become another
    /// person's since. Asked before anything is set, while the password is being hashed.
    async fn confirm(&mut self, job: &Job, known: &Carried) -> Result<Option<Found>, Stopped> {
        if job.fallback {
            return Err(Stopped::PutOff(held_in_memory()));
        }
        let id = &known.kinde_id;
        let Some(found) = step!(self, &job.user, caller => caller.look_up(id))? else { return Ok(None) };
        let kind = job.identity.kind;
        if job.identity.is(found.identity(kind)) {
            return Ok(Some(found));
        }
        let second = found.identities.iter().find(|one| one.r#type == kind && job.identity.is(one.value()));
        if let Some(second) = second {
            let confirmed = match second.is_confirmed {
                _ if kind == "username" => true,
                Some(confirmed) => confirmed,
                None => self.is_confirmed(job, id).await?,
            };
            return if confirmed { Ok(Some(found)) } else { Err(unconfirmed(kind, found.id)) };
        }
        let given = |id: &Option<String>| id.clone().filter(|id| !id.is_empty());
        let same_person = match (given(&found.provided_id), given(&job.user.provided_id)) {
            (Some(theirs), Some(ours)) => theirs == ours,
            // Kinde has none, so the ledger's word counts.
            (None, Some(_)) => known.provided == job.person.provided,
            (_, None) => false,
        };
        if !same_person {
            return Ok(None);
        }
        Err(Stopped::Skipped {
            code: Code::EmailChanged,
            message: format!(
                "the user of this provided_id is known in Kinde under another {kind}; change it there, and nobody else is \
                 touched meanwhile"
            ),
            id: Some(found.id),
            remember: None,
        })
    }

    /// Whether an identity that is not a user's first is confirmed. Where the scope to ask is missing, it is not.
    async fn is_confirmed(&mut self, job: &Job, id: &str) -> Result<bool, Stopped> {
        match step!(self, &job.user, caller => caller.identities(id)) {
            Ok(identities) => Ok(identities.iter().any(|one| {
                one.r#type == job.identity.kind
                    && one.is_confirmed == Some(true)
                    && job.identity.is(one.value())
            })),
            Err(failure) if matches!(failure.code, Code::MissingScope | Code::UserGone) => Ok(false),
            Err(failure) => Err(failure.into()),
        }
    }

    /// What is remembered: the version that the application gave, else the hash made here and its salt.
    async fn arrived(&mut self, job: &mut Job, status: Status, id: String) -> Arrived {
        // Without a password there is no version either, or the password would never follow.
        let version = job.version.filter(|_| job.password.is_some());
        let mut carried = Carried {
            kinde_id: id,
            address: job.person.address,
            provided: job.person.provided.or(job.theirs),
            version,
            salt: None,
            unproven: None,
            kept: false,
            changed: job.changed,
        };
        let made_here = carried.version.is_none() && job.password.salt.is_some();
        if (made_here || job.password.unproven)
            // Sent as plaintext, it may not be hashed in time: then it is sent once more another time.
            && let Ok(Some(fields)) = tokio::time::timeout_at(self.ends.into(), job.password.hash()).await
            && !job.password.is_stop_gap()
            && let Some(key) = self.engine.ledger.key()
        {
            let digest = Some(hash_key(&key, job.person.address, &fields));
            if made_here {
                (carried.version, carried.salt) = (digest, job.password.salt);
            }
            carried.unproven = digest.filter(|_| job.password.unproven);
        }
        Arrived { status, carried, learnt: false }
    }

    /// The one user of exactly this e-mail (user name, phone).
    pub(crate) async fn find(&mut self, user: &User, identity: &Identity) -> Result<Option<Found>, Stopped> {
        let found = step!(self, user, caller => caller.check(identity))?;
        let several = found.exact.len() > 1;
        match found.exact.into_iter().next() {
            None if found.alike => Err(Stopped::Skipped {
                code: Code::LookAlike,
                message: format!(
                    "Kinde found a user whose {0} only looks like this one; compare the two, and give one another {0}",
                    identity.kind
                ),
                id: None,
                remember: None,
            }),
            Some(_) if several => Err(Stopped::Skipped {
                code: Code::SeveralUsers,
                message: format!("Kinde has several users of this {}; merge them there", identity.kind),
                id: None,
                remember: None,
            }),
            first => Ok(first),
        }
    }

    /// Whether a user who is there may be touched. `known`: the ledger says that they were carried over from here.
    fn accept(&self, job: &mut Job, found: Found, known: bool) -> Result<(String, Status), Stopped> {
        let theirs = found.provided_id.as_deref().filter(|id| !id.is_empty());
        if job.person.provided.is_none() {
            job.theirs = self.engine.ledger.key().and_then(|key| provided_key(&key, theirs));
        }
        let ours_by_id = match (theirs, job.user.provided_id.as_deref().filter(|id| !id.is_empty())) {
            (Some(theirs), Some(wanted)) if theirs != wanted => {
                return Err(Stopped::Skipped {
                    code: Code::ProvidedIdConflict,
                    message: format!(
                        "the Kinde user of this {} carries another provided_id, so they may be somebody else; \
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
        if job.fallback && !made && job.verb != Verb::RequestReset {
            return Err(Stopped::PutOff(held_in_memory()));
        }
        let ours = made || ours_by_id || known;
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
        let kept = Carried {
            kinde_id: found.id.clone(),
            address: job.person.address,
            provided: job.person.provided.or(job.theirs),
            version: job.version,
            salt: None,
            unproven: None,
            kept: true,
            changed: None,
        };
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
            let pending = ledger.pending(job.person, Intent::Password)?;
            Job::from_rest(&pending.text, job.person, 0)
        };
        ledger.create_begun(job.person.address) || owed().is_some_and(|before| before.ours)
    }

    async fn create(&mut self, job: &mut Job) -> Result<(String, Status), Stopped> {
        // Whether a create that may have been done was sent since the last check.
        let mut unsure = false;
        for attempt in 1..=TRIES {
            self.gate()?;
            // Said before the call, so that a deadline which cuts it short leaves the truth behind; and written, for who is killed.
            job.ours |= self.keeps() && !self.engine.ledger.begin_create(job.person.address);
            let was_ours = std::mem::replace(&mut job.ours, true);
            let created = self.caller(&job.user).create().await;
            let failure = match created {
                Ok(Created::New(id)) => {
                    self.answered();
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
                self.engine.ledger.drop_create(job.person.address);
            }
            match failure.code {
                _ if failure.unasked => return Err(failure.into()),
                // Perhaps somebody else created him since the check: the code for that is not documented.
                Code::KindeRefused => match self.find(&job.user, &job.identity).await? {
                    Some(found) => return self.accept(job, found, false),
                    None => return Err(with_comma(&job.identity, failure).into()),
                },
                code if code.retryable() && attempt < TRIES => {
                    self.rest(attempt, &failure).await?;
                    if std::mem::take(&mut unsure)
                        && let Some(found) = self.find(&job.user, &job.identity).await?
                    {
                        return self.accept(job, found, false);
                    }
                }
                _ => return Err(failure.into()),
            }
        }
        Err(Failure { perhaps_done: true, ..Failure::new(Code::KindeUnavailable, "Kinde keeps failing") }
            .into())
    }

    async fn set_password(&mut self, job: &mut Job, id: &str) -> Result<(), Stopped> {
        let password = match job.password.sendable().await {
            Sendable::Now(password) => password,
            Sendable::NotNow => return Err(Stopped::PutOff(crowded())),
            Sendable::Never => {
                let message = "the password could not be hashed".into();
                return Err(Stopped::Rejected { code: Code::Internal, message, id: Some(id.into()) });
            }
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
            if let Some(found) = self.confirm(job, &known).await? {
                let id = self.accept_for_reset(job, found, true)?;
                match step!(self, &job.user, caller => caller.ask_for_reset(&id, &engine.reset)) {
                    Ok(()) => return Ok(Arrived { status: Status::Updated, carried: known, learnt: false }),
                    Err(failure) if failure.code == Code::UserGone => {}
                    Err(failure) => return Err(failure.into()),
                }
            }
            engine.ledger.forget(job.person);
        }
        let Some(found) = self.find(&job.user, &job.identity).await? else {
            let message = "Kinde has no such user, so there is no password to be reset".into();
            return Err(Stopped::Skipped { code: Code::NotInKinde, message, id: None, remember: None });
        };
        let id = self.accept_for_reset(job, found, false)?;
        step!(self, &job.user, caller => caller.ask_for_reset(&id, &engine.reset))?;
        let mut arrived = self.arrived(job, Status::Updated, id).await;
        arrived.carried.kept = true;
        Ok(arrived)
    }

    /// The conflicts hold for a reset too; the policy on existing users is about passwords.
    fn accept_for_reset(&self, job: &mut Job, found: Found, known: bool) -> Result<String, Stopped> {
        match self.accept(job, found, known) {
            Ok((id, _)) | Err(Stopped::Skipped { code: Code::Exists | Code::Claimed, id: Some(id), .. }) => {
                Ok(id)
            }
            Err(stopped) => Err(stopped),
        }
    }

    fn caller<'b>(&'b mut self, user: &'b User) -> Caller<'b> {
        Caller {
            config: &self.engine.config,
            ledger: &self.engine.ledger,
            tokens: &self.engine.tokens,
            connections: self.connections,
            turnstile: &self.engine.turnstile,
            holdoffs: &self.engine.holdoffs,
            class: self.class,
            ends: self.ends,
            timeout: self.timeout(),
            calls: &mut self.calls,
            user,
        }
    }

    /// While Kinde is down nobody calls it.
    fn gate(&self) -> Result<(), Stopped> {
        self.engine.watch.gate(&self.engine.ledger, self.asker()).map_err(Stopped::PutOff)
    }

    /// The time that the next request may take. While it is not known whether Kinde is up, a sign-in finds that out in
    /// less of its time.
    fn timeout(&self) -> Duration {
        let sure = self.class != Class::SignIn || self.engine.watch.is_well(&self.engine.ledger);
        self.per_request.mul_f64(if sure { 1.0 } else { OF_A_PROBE })
    }

    fn asker(&self) -> Asker {
        let brief = self.class == Class::SignIn && self.per_request < FAIR;
        Asker { user: self.who, class: self.class, brief }
    }

    fn answered(&self) {
        self.engine.watch.answered(&self.engine.ledger, self.asker());
    }

    /// What a failure tells everybody.
    fn heed(&self, failure: &Failure) {
        match failure.code {
            _ if failure.unasked => {}
            Code::RateLimited => self.answered(),
            // Who gave Kinde no time to answer has found out nothing.
            Code::KindeTimeout if self.ends.saturating_duration_since(Instant::now()).is_zero() => {}
            _ => self.engine.watch.failed(&self.engine.ledger, failure, self.asker(), self.engine.random()),
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
