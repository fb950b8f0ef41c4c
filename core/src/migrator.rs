//! The migrator: the three verbs, and what is owed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::Verb;
use crate::api::Connections;
use crate::call::{Admitted, Call, Interrupted, Prepared, Reach};
use crate::code::{Code, Error};
use crate::credential::Credential;
use crate::deliver::{Amount, Drained, drain};
use crate::engine::Engine;
use crate::job::Asked;
use crate::ledger::{Carried, Which, watch_forks};
use crate::notice::{Notice, Notices};
use crate::outcome::{Outcome, Status};
use crate::process::{Driver, NotRun, PerProcess, drive_bare, lock};
use crate::settings::{Config, Settings};
use crate::status::{self, DeadLetter, LedgerStatus};
use crate::user::User;

/// Deliveries at the same time, where nobody says otherwise.
const AT_ONCE: usize = 4;

/// Carries users into one Kinde domain.
///
/// Building one opens nothing: connections, threads and the ledger are made at the first verb, and anew in
/// a forked child. It may be used from any number of threads at once. Verbs block the caller's thread for
/// the deadline at most; [`Migrator::ask`] does not block.
///
/// Nothing that Kinde, the network or the user's data does is an error; it is an [`Outcome`].
pub struct Migrator {
    config: Arc<Config>,
    engine: PerProcess<Engine>,
    notices: PerProcess<Notices>,
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
        let call = Call { engine, verb, user, credential, interrupted, started: Instant::now() };
        let prepared = match call.prepare() {
            Prepared::Answered(outcome) => return outcome,
            Prepared::Ready(asked, known) => (asked, known),
        };
        let _under_way = engine.desk.under_way();
        let place = match drive_bare(call.admit(&prepared)) {
            Admitted::Goes(place) => place,
            Admitted::Waits(why) => return drive_bare(call.record(prepared, why)),
            Admitted::Answered(outcome) => return outcome,
        };
        let run = engine.lanes.run(
            || engine.connections(),
            async |connections: &Connections| call.perform(Reach::Kinde(connections), prepared).await,
        );
        drop(place);
        run.unwrap_or_else(|why| drive_bare(call.record_instead(&why)))
    }

    /// A verb for an event loop. What can be answered without waiting for anybody is answered at once, in microseconds:
    /// input that is refused, and a user who has been carried over under this version already.
    pub fn ask(&self, verb: Verb, user: User, credential: Credential) -> Answer {
        let engine = self.engine();
        let started = Instant::now();
        let interrupted: Interrupted<'_> = &|| false;
        let call = Call { engine, verb, user: &user, credential: &credential, interrupted, started };
        match call.prepare() {
            Prepared::Answered(outcome) => Answer::Now(outcome),
            Prepared::Ready(asked, known) => {
                let engine = Arc::clone(engine);
                let prepared = (asked, known);
                Answer::Later(Later { engine, verb, user, credential, started, prepared, interrupted: None })
            }
        }
    }

    /// Delivers at most `max` entries of the outbox that are due before the deadline. Interrupted, it puts back what
    /// it has in hand.
    pub fn drain(&self, max: u32, deadline: Duration, interrupted: Interrupted<'_>) -> Drained {
        let drained =
            self.deliver(Amount { max, deadline, at_once: AT_ONCE, finish: false, wait: true }, interrupted);
        Drained { left: self.engine().ledger.owed(), ..drained }
    }

    /// Delivers what is owed until it is stopped: the work of a daemon. `at_once` deliveries go at the same time. What
    /// is in hand when `stop` says so, about every 100 ms, is finished.
    pub fn work(&self, at_once: usize, stop: Interrupted<'_>) -> Drained {
        const LOOK: Duration = Duration::from_millis(100);
        let mut sum = Drained::default();
        while !stop() {
            let drained = self.deliver(daemon(at_once, true), stop);
            sum.delivered = sum.delivered.saturating_add(drained.delivered);
            sum.dropped = sum.dropped.saturating_add(drained.dropped);
            sum.reason = drained.reason;
            if !stop() {
                std::thread::sleep(LOOK);
            }
        }
        Drained { left: self.engine().ledger.owed(), ..sum }
    }

    /// Delivers what is due now, and waits for nothing that is due later: the work of a cron job.
    pub fn work_once(&self, at_once: usize, stop: Interrupted<'_>) -> Drained {
        let drained = self.deliver(daemon(at_once, false), stop);
        Drained { left: self.engine().ledger.owed(), ..drained }
    }

    fn deliver(&self, amount: Amount, interrupted: Interrupted<'_>) -> Drained {
        let engine = self.engine();
        let run = engine.lanes.run(
            || engine.connections(),
            async |connections: &Connections| drain(engine, connections, amount, interrupted).await,
        );
        run.unwrap_or_else(|why| Drained::not_run(engine, &why))
    }

    /// How the ledger and Kinde stand.
    pub fn status(&self) -> LedgerStatus {
        status::status(self.engine())
    }

    /// The dead letters, oldest first; at most `limit`.
    pub fn dead_letters(&self, limit: u32) -> Vec<DeadLetter> {
        status::dead_letters(self.engine(), limit)
    }

    /// Owes dead letters anew, after what was in the way has been mended: a secret or a scope that was refused is asked for
    /// again at once, too. How many they were.
    pub fn retry_dead_letters(&self, which: Which<'_>) -> u64 {
        let engine = self.engine();
        let retried = engine.ledger.retry(which);
        engine.holdoffs.cut_short(&engine.ledger);
        engine.wake_drain();
        retried
    }

    /// Gives dead letters up for good: their users stay as they are in Kinde. How many they were.
    pub fn drop_dead_letters(&self, which: Which<'_>) -> u64 {
        self.engine().ledger.discard(which)
    }

    /// Gives up what waits sealed under client secrets of this application that are not known here, mistyped ones or lost ones:
    /// nobody will ever open it. How many entries there were.
    pub fn drop_sealed(&self) -> u64 {
        self.engine().ledger.drop_sealed()
    }

    /// What the host's log should say and has not been handed over yet.
    pub fn notices(&self) -> Vec<Notice> {
        self.said().take()
    }

    /// For the benchmark: how long the pacer takes to let a call through by way of the ledger, and to hear of its end.
    #[cfg(feature = "measure")]
    #[doc(hidden)]
    pub fn measure_decision(&self) -> (Duration, Duration) {
        let engine = self.engine();
        engine.turnstile.measure(&engine.ledger)
    }

    fn engine(&self) -> &Arc<Engine> {
        let engine = self.engine.get_or_make(|_| Engine::start(&self.config, self.said()));
        engine.begin();
        engine
    }

    fn said(&self) -> &Arc<Notices> {
        self.notices.get_or_make(|_| Notices::default())
    }
}

/// What [`Migrator::ask`] answers.
#[allow(clippy::large_enum_variant, reason = "taken apart at once")]
pub enum Answer {
    /// Nobody had to be waited for.
    Now(Outcome),
    /// Kinde is to be called.
    Later(Later),
}

/// A verb that has been checked and is to be begun.
pub struct Later {
    engine: Arc<Engine>,
    verb: Verb,
    user: User,
    credential: Credential,
    started: Instant,
    prepared: (Asked, Option<Carried>),
    interrupted: Option<Arc<AtomicBool>>,
}

impl Later {
    /// Once the flag is set, the call waits no longer: its work goes on from the outbox, and the outcome is `queued`,
    /// reason `interrupted`. It is looked at about every 100 ms.
    pub fn interrupted_by(mut self, flag: Arc<AtomicBool>) -> Self {
        self.interrupted = Some(flag);
        self
    }

    /// Goes on with it on the library's one background thread, which is started at first need. `done` is called there,
    /// once; it lives until then, so nothing that was accepted is forgotten. Where that thread cannot be had, the call is
    /// written down on this one, and `done` is called before this returns.
    pub fn then(self, done: impl FnOnce(Outcome) + Send + 'static) {
        let answer = Once(Some(done));
        let engine = Arc::clone(&self.engine);
        let mut driver = lock(&engine.driver);
        if driver.as_ref().is_none_or(|driver| !driver.runs()) {
            let connections = engine.connections();
            let start = Driver::start(move || connections);
            *driver = start.map_err(|error| NotRun::Lacking(error).say(&engine.notices)).ok();
        }
        let Some(running) = &*driver else {
            drop(driver);
            let lacking =
                NotRun::Lacking(std::io::Error::other("the background thread could not be started"));
            return answer.say(drive_bare(self.call().record_instead(&lacking)));
        };
        running.spawn(move |connections| async move {
            let Later { engine, verb, user, credential, started, prepared, interrupted } = self;
            let interrupted = || interrupted.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed));
            let call = Call {
                engine: &engine,
                verb,
                user: &user,
                credential: &credential,
                interrupted: &interrupted,
                started,
            };
            let outcome = call.go(&connections, prepared).await;
            drop(engine);
            answer.say(outcome);
        });
    }

    fn call(&self) -> Call<'_> {
        Call {
            engine: &self.engine,
            verb: self.verb,
            user: &self.user,
            credential: &self.credential,
            interrupted: &|| false,
            started: self.started,
        }
    }
}

/// Whoever waits for an answer gets one, even if the call panics.
struct Once<F: FnOnce(Outcome)>(Option<F>);

impl<F: FnOnce(Outcome)> Once<F> {
    fn say(mut self, outcome: Outcome) {
        if let Some(done) = self.0.take() {
            done(outcome);
        }
    }
}

impl<F: FnOnce(Outcome)> Drop for Once<F> {
    fn drop(&mut self) {
        if let Some(done) = self.0.take() {
            done(Outcome::because(Status::Rejected, Code::Internal, "the call panicked"));
        }
    }
}

fn daemon(at_once: usize, wait: bool) -> Amount {
    let deadline = Duration::from_secs(3600);
    Amount { max: u32::MAX, deadline, at_once: at_once.max(1), finish: true, wait }
}

impl Drop for Migrator {
    /// The background drain is stopped and waited for, so that the library may be unloaded afterwards.
    fn drop(&mut self) {
        if let Some(engine) = self.engine.get() {
            engine.background.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_comes_once_even_if_nobody_says_it() {
        let said = std::cell::RefCell::new(Vec::new());
        let once = || Once(Some(|outcome: Outcome| said.borrow_mut().push(outcome.status)));
        once().say(Outcome::done(Status::Created, None, 3));
        drop(once());
        assert_eq!(*said.borrow(), [Status::Created, Status::Rejected]);
    }
}
