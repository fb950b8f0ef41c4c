//! The class that `index.cjs` wraps.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kinde_migrate::{Code, Error, Migrator, Verb};
use napi::Env;
use napi::bindgen_prelude::{Either5, Function, Unknown};
use napi_derive::napi;

use crate::answer::{Closed, Drained, LedgerStatus, Notice, Outcome, whole};
use crate::arguments;
use crate::delivery::{Answer, Arguments, Delivery, Reply};
use crate::refusal::{Refusal, Result, argument, guard, guard_verb};

/// A migrator as the addon has it. A verb answers at once where nobody has to be waited for; else it
/// returns null, and `deliver` is called with the ticket later.
#[napi]
pub struct NativeMigrator {
    core: RefCell<Option<Arc<Migrator>>>,
    delivery: Delivery,
}

#[napi]
impl NativeMigrator {
    #[napi(constructor)]
    pub fn new(
        settings: Unknown<'_>,
        #[napi(
            ts_arg_type = "(ticket: number, answer: Outcome | Drained | LedgerStatus | Closed | undefined) => void"
        )]
        deliver: Function<'_, Arguments, ()>,
    ) -> Result<Self> {
        guard(|| {
            let core = Migrator::new(arguments::settings(&settings)?)?;
            Ok(NativeMigrator {
                core: RefCell::new(Some(Arc::new(core))),
                delivery: Delivery::new(&deliver)?,
            })
        })
    }

    #[napi]
    pub fn migrate(
        &self,
        env: Env,
        ticket: u32,
        user: Unknown<'_>,
        credential: Unknown<'_>,
    ) -> Result<Option<Outcome>> {
        guard_verb(|| self.call(env, Verb::Migrate, ticket, &user, Some(&credential)))
    }

    #[napi]
    pub fn change_password(
        &self,
        env: Env,
        ticket: u32,
        user: Unknown<'_>,
        credential: Unknown<'_>,
    ) -> Result<Option<Outcome>> {
        guard_verb(|| self.call(env, Verb::ChangePassword, ticket, &user, Some(&credential)))
    }

    #[napi]
    pub fn request_reset(&self, env: Env, ticket: u32, user: Unknown<'_>) -> Result<Option<Outcome>> {
        guard_verb(|| self.call(env, Verb::RequestReset, ticket, &user, None))
    }

    /// `deadline` is in seconds.
    #[napi]
    pub fn drain(&self, env: Env, ticket: u32, max: u32, deadline: f64) -> Result<Option<Drained>> {
        guard(|| {
            let deadline = Duration::try_from_secs_f64(deadline)
                .map_err(|_| argument("deadline is not a number of seconds, zero or more"))?;
            let flag = self.delivery.pending().flag();
            let interrupted = move || flag.load(Ordering::Relaxed);
            let work = move |core: &Migrator| Either5::B(core.drain(max, deadline, &interrupted).into());
            if self.aside(env, ticket, work)? {
                return Ok(None);
            }
            // Nothing was delivered, and nothing is lost.
            let left = self.core()?.status().owed;
            Ok(Some(kinde_migrate::Drained { left, ..Default::default() }.into()))
        })
    }

    #[napi]
    pub fn status(&self, env: Env, ticket: u32) -> Result<Option<LedgerStatus>> {
        guard(|| {
            if self.aside(env, ticket, |core| Either5::C(core.status().into()))? {
                return Ok(None);
            }
            Ok(Some(self.core()?.status().into()))
        })
    }

    /// What the host's log should say, or null.
    #[napi]
    pub fn notices(&self) -> Result<Option<Vec<Notice>>> {
        guard(|| {
            let notices = self.core.borrow().as_ref().map(|core| core.notices()).unwrap_or_default();
            let told = notices.into_iter().map(|n| Notice { code: n.code.as_str(), message: n.message });
            Ok(Some(told.collect::<Vec<_>>()).filter(|told| !told.is_empty()))
        })
    }

    /// The calls under way wait for Kinde no longer: they go on from the outbox.
    #[napi]
    pub fn interrupt(&self) -> Result<()> {
        guard(|| {
            self.delivery.pending().interrupt();
            Ok(())
        })
    }

    /// Blocks until no call is under way, or for so many seconds: for a process that exits.
    #[napi]
    pub fn wait(&self, seconds: f64) -> Result<()> {
        guard(|| {
            self.delivery.pending().wait(Duration::try_from_secs_f64(seconds).unwrap_or_default());
            Ok(())
        })
    }

    /// Lets go of the core; what is under way still ends. `used`: whether the ledger has been opened.
    #[napi]
    pub fn close(&self, env: Env, ticket: u32, used: bool) -> Result<Option<Closed>> {
        guard(|| {
            let core = self.core()?;
            self.core.borrow_mut().take();
            let left = move |core: &Migrator| if used { whole(core.status().owed) } else { 0 };
            let (held, reply) = (Arc::clone(&core), self.delivery.begin(&env, ticket));
            let started = start(move || {
                let left = catch_unwind(AssertUnwindSafe(|| left(&held))).unwrap_or_default();
                drop(held);
                reply.send(Either5::D(Closed { left }));
            });
            let closed = started.is_err().then(|| Closed { left: left(&core) });
            if closed.is_some() {
                self.delivery.withdraw(&env);
            }
            release(core);
            Ok(closed)
        })
    }
}

impl NativeMigrator {
    fn core(&self) -> Result<Arc<Migrator>, Refusal> {
        let core = self.core.borrow().as_ref().map(Arc::clone);
        Ok(core.ok_or_else(|| Error::new(Code::Closed, "the migrator has been closed"))?)
    }

    fn call(
        &self,
        env: Env,
        verb: Verb,
        ticket: u32,
        user: &Unknown<'_>,
        credential: Option<&Unknown<'_>>,
    ) -> Result<Option<Outcome>, Refusal> {
        let core = self.core()?;
        let user = arguments::user(user)?;
        let credential = credential.map(arguments::credential).transpose()?.unwrap_or_default();
        verb.check_credential(&credential)?;
        let later = match core.ask(verb, user, credential) {
            kinde_migrate::Answer::Now(outcome) => return Ok(Some(outcome.into())),
            kinde_migrate::Answer::Later(later) => later.interrupted_by(self.delivery.pending().flag()),
        };
        let reply = self.delivery.begin(&env, ticket);
        let held = Arc::clone(&core);
        later.then(move |outcome| {
            reply.send(Either5::A(outcome.into()));
            release(held);
        });
        Ok(None)
    }

    /// For what blocks and is rare: a thread of its own, so that neither the event loop nor libuv's few
    /// threads wait for it. `false`: the system has no thread to give.
    fn aside(
        &self,
        env: Env,
        ticket: u32,
        work: impl FnOnce(&Migrator) -> Answer + Send + 'static,
    ) -> Result<bool, Refusal> {
        let core = self.core()?;
        let reply: Reply = self.delivery.begin(&env, ticket);
        let spawned = start(move || {
            let answer = catch_unwind(AssertUnwindSafe(|| work(&core)));
            reply.send(answer.unwrap_or(Either5::E(())));
            release(core);
        });
        if spawned.is_err() {
            self.delivery.withdraw(&env);
        }
        Ok(spawned.is_ok())
    }
}

impl Drop for NativeMigrator {
    fn drop(&mut self) {
        if let Some(core) = self.core.get_mut().take() {
            release(core);
        }
    }
}

/// The last one to let go joins the background thread, which neither that thread itself nor the event
/// loop may do.
fn release(core: Arc<Migrator>) {
    if let Some(core) = Arc::into_inner(core) {
        let _ = start(move || drop(core));
    }
}

fn start(work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new().name("kinde-migrate-d".into()).spawn(work).map(drop)
}
