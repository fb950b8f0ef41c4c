//! `Migrator`, without its coroutines: those are Python's (`_migrator.py`).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kinde_migrate::{Answer, Code, Error, Migrator as Core, Settings, Verb};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};

use crate::credential::credential;
use crate::error;
use crate::fields::{each, keywords_only};
use crate::guard::guard;
use crate::interrupt::Interrupt;
use crate::ledger::{Drained, LedgerStatus};
use crate::outcome::Outcome;
use crate::promise::{Pending, Promise, telling};
use crate::text::setting;
use crate::user::user;

/// Carries users over. Settings are keywords; those left out come from the environment.
#[pyclass(frozen, subclass, weakref, module = "kinde_migrate._native")]
pub(crate) struct Migrator {
    // Both are taken for a moment only, and only with the GIL held, so that no fork can find them taken.
    core: Mutex<Option<Arc<Core>>>,
    pending: Mutex<Arc<Pending>>,
}

#[pymethods]
impl Migrator {
    #[new]
    // Python is shown the names. Which of them there are, the core says.
    #[pyo3(
        signature = (*args, **settings),
        text_signature = "(*, domain=None, client_id=None, client_secret=None, previous_client_secret=None, \
            audience=None, ledger=None, share_token=None, deadline=None, max_calls_per_minute=None, \
            max_in_flight=None, use_at_most=None, on_existing=None, require_verified_email=None, \
            require_provided_id=None, drain_in_background=None, send_plaintext=None, \
            bcrypt_cost=None, verify_mapping=None, allow_guesses=None, proxy=None)"
    )]
    fn new(args: &Bound<'_, PyTuple>, settings: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        guard(|| {
            keywords_only(args, "Migrator(domain=..., client_id=..., client_secret=...)")?;
            let mut core = Settings::new();
            if let Some(settings) = settings {
                each("settings", settings, |name, value| {
                    core.set(name, &setting(name, value)?).map_err(error::raise)
                })?;
            }
            let core = Core::new(core).map_err(error::raise)?;
            Ok(Migrator { core: Mutex::new(Some(Arc::new(core))), pending: Mutex::new(Pending::new()) })
        })
    }

    /// A migrator with all settings from the environment.
    #[classmethod]
    fn from_env<'py>(cls: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
        guard(|| cls.call0())
    }

    /// To be called after the application has accepted a sign-in or written a sign-up.
    ///
    /// Checks, creates if absent, sets the password, remembers. Blocks at most for the deadline, without
    /// the GIL; what is not done by then goes on from the outbox.
    #[pyo3(signature = (user, credential=None))]
    fn migrate(&self, user: &Bound<'_, PyAny>, credential: Option<&Bound<'_, PyAny>>) -> PyResult<Outcome> {
        guard(|| self.call(Verb::Migrate, user, credential))
    }

    /// To be called after the application has changed a password: always sets it, and drops any older one
    /// still waiting. Without a password or a hash it raises `ArgumentError`, `credential_missing`.
    #[pyo3(signature = (user, credential=None))]
    fn change_password(
        &self,
        user: &Bound<'_, PyAny>,
        credential: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Outcome> {
        guard(|| self.call(Verb::ChangePassword, user, credential))
    }

    /// Kinde asks for a new password at the next sign-in.
    fn request_reset(&self, user: &Bound<'_, PyAny>) -> PyResult<Outcome> {
        guard(|| self.call(Verb::RequestReset, user, None))
    }

    /// Delivers at most `max` of what is pending, for at most `deadline` seconds.
    #[pyo3(signature = (max=100, deadline=5.0))]
    fn drain(&self, py: Python<'_>, max: u32, deadline: f64) -> PyResult<Drained> {
        guard(|| {
            let deadline = seconds(deadline)?;
            self.blocking(py, |core, interrupt| core.drain(max, deadline, &|| interrupt.asked()).into())
        })
    }

    /// How the ledger and Kinde stand. It calls nobody.
    fn status(&self, py: Python<'_>) -> PyResult<LedgerStatus> {
        guard(|| self.blocking(py, |core, _| core.status().into()))
    }

    /// Finishes what asyncio has begun and lets go of everything. A verb then raises `ClosedError`.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        guard(|| {
            let (core, pending) = (self.take(), self.pending());
            if let Some(core) = &core {
                log_notices(py, core);
            }
            py.detach(|| {
                pending.wait();
                drop(core);
            });
            Ok(())
        })
    }

    /// The migrator itself, which is closed at the end of the block.
    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    /// Closes the migrator, whatever was raised.
    #[pyo3(signature = (*_raised))]
    fn __exit__(&self, py: Python<'_>, _raised: &Bound<'_, PyTuple>) -> PyResult<()> {
        guard(|| self.close(py))
    }

    /// The outcome, where it needs no waiting. Otherwise the verb is begun, and `done` is called with the
    /// outcome (with `None` if a defect lost it) on the library's thread.
    fn _begin(
        &self,
        py: Python<'_>,
        verb: &str,
        user: &Bound<'_, PyAny>,
        credential: Option<&Bound<'_, PyAny>>,
        done: Py<PyAny>,
    ) -> PyResult<Option<Outcome>> {
        guard(|| {
            let verb = match verb {
                "migrate" => Verb::Migrate,
                "change_password" => Verb::ChangePassword,
                "request_reset" => Verb::RequestReset,
                _ => return Err(error::argument("verb is none of the three")),
            };
            let core = self.open()?;
            let (user, credential) = arguments(verb, user, credential)?;
            let promise = Promise::new(done, self.pending());
            let recalled = py.detach(move || match core.ask(verb, user, credential) {
                Answer::Now(outcome) => {
                    promise.forget();
                    Some(outcome)
                }
                Answer::Later(later) => {
                    later.then(move |outcome| promise.keep(Outcome::from(outcome)));
                    None
                }
            });
            Ok(recalled.map(Outcome::from))
        })
    }

    /// Begins a `drain` on a thread of its own, and `done` is called there with its result (with `None` if a defect lost
    /// it). Where there is no thread to be had, it is done here, and this is its result.
    fn _begin_drain(
        &self,
        py: Python<'_>,
        max: u32,
        deadline: f64,
        done: Py<PyAny>,
    ) -> PyResult<Option<Drained>> {
        guard(|| {
            let (core, deadline) = (self.open()?, seconds(deadline)?);
            let promise = Promise::new(done, self.pending());
            Ok(begin(py, promise, move || core.drain(max, deadline, &|| false).into()))
        })
    }

    /// Begins a `status` in the way of `_begin_drain`.
    fn _begin_status(&self, py: Python<'_>, done: Py<PyAny>) -> PyResult<Option<LedgerStatus>> {
        guard(|| {
            let core = self.open()?;
            let promise = Promise::new(done, self.pending());
            Ok(begin(py, promise, move || core.status().into()))
        })
    }

    /// Begins a `close` in the way of `_begin_drain`; its result is `True`.
    fn _begin_close(&self, py: Python<'_>, done: Py<PyAny>) -> PyResult<Option<bool>> {
        guard(|| {
            let (core, pending) = (self.take(), self.pending());
            if let Some(core) = &core {
                log_notices(py, core);
            }
            // Not counted among those that it waits for.
            let promise = Promise::new(done, Pending::new());
            Ok(begin(py, promise, move || {
                pending.wait();
                drop(core);
                true
            }))
        })
    }

    /// Hands what the library has to say, once, to the application's log.
    fn _log_notices(&self, py: Python<'_>) -> PyResult<()> {
        guard(|| {
            // Closed meanwhile: nobody's outcome is spoilt for it.
            if let Ok(core) = self.open() {
                log_notices(py, &core);
            }
            Ok(())
        })
    }
}

impl Migrator {
    fn open(&self) -> PyResult<Arc<Core>> {
        let core = self.core.lock().unwrap_or_else(PoisonError::into_inner).clone();
        core.ok_or_else(|| {
            error::raise(Error::new(Code::Closed, "this Migrator has been closed; make another one"))
        })
    }

    fn take(&self) -> Option<Arc<Core>> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn pending(&self) -> Arc<Pending> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if !pending.current() {
            *pending = Pending::new();
        }
        Arc::clone(&pending)
    }

    fn call(
        &self,
        verb: Verb,
        user: &Bound<'_, PyAny>,
        credential: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Outcome> {
        let py = user.py();
        let (user, credential) = arguments(verb, user, credential)?;
        self.blocking(py, move |core, interrupt| {
            core.call(verb, &user, &credential, &|| interrupt.asked()).into()
        })
    }

    /// Works without the GIL, then raises what a signal handler has raised meanwhile. What the work could
    /// not finish because of it is in the outbox by then.
    fn blocking<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&Core, &Interrupt) -> T + Send,
    ) -> PyResult<T> {
        let core = self.open()?;
        let (core, done, raised) = py.detach(move || {
            let interrupt = Interrupt::default();
            let done = work(&core, &interrupt);
            (core, done, interrupt.raised())
        });
        log_notices(py, &core);
        // Closed meanwhile by another thread, this is the last handle, and letting go of it may wait.
        py.detach(|| drop(core));
        raised.map_or(Ok(done), Err)
    }
}

impl Drop for Migrator {
    /// Letting go of the core waits for its thread, which needs the GIL to report, and must not be done
    /// on that thread itself.
    fn drop(&mut self) {
        let Some(core) = self.take() else { return };
        if telling() {
            // Where no thread can be had, it is let go of here: a thread does not wait for itself.
            let _ = std::thread::Builder::new().name("kinde-migrate-c".into()).spawn(move || drop(core));
        } else {
            Python::try_attach(|py| py.detach(|| drop(core)));
        }
    }
}

fn arguments(
    verb: Verb,
    user: &Bound<'_, PyAny>,
    credential: Option<&Bound<'_, PyAny>>,
) -> PyResult<(kinde_migrate::User, kinde_migrate::Credential)> {
    let (user, credential) = (self::user(user)?, self::credential(credential)?);
    verb.check_credential(&credential).map_err(error::raise)?;
    Ok((user, credential))
}

fn seconds(deadline: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(deadline)
        .map_err(|_| error::argument("deadline is not a number of seconds, 0 or more"))
}

/// Does the work on a thread of its own, or here where there is none to be had.
fn begin<T, W>(py: Python<'_>, promise: Promise, work: W) -> Option<T>
where
    T: Send + for<'py> IntoPyObject<'py, Error: Into<PyErr>>,
    W: FnOnce() -> T + Send + 'static,
{
    let here = Arc::new(Mutex::new(Some((promise, work))));
    let there = Arc::clone(&here);
    let take =
        |shared: &Mutex<Option<(Promise, W)>>| shared.lock().unwrap_or_else(PoisonError::into_inner).take();
    let spawned = std::thread::Builder::new().name("kinde-migrate".to_owned()).spawn(move || {
        let Some((promise, work)) = take(&there) else { return };
        // A panic drops the promise, which tells that.
        if let Ok(result) = catch_unwind(AssertUnwindSafe(work)) {
            promise.keep(result);
        }
    });
    if spawned.is_ok() {
        return None;
    }
    let (promise, work) = take(&here)?;
    promise.forget();
    Some(py.detach(work))
}

fn log_notices(py: Python<'_>, core: &Core) {
    for notice in core.notices() {
        let logged = py.import("logging").and_then(|logging| {
            let logger = logging.call_method1("getLogger", ("kinde_migrate",))?;
            logger.call_method1("warning", ("%s [%s]", notice.message, notice.code.as_str()))
        });
        // A handler that raises must not break a sign-in.
        if let Err(error) = logged {
            error::unraisable(py, error);
        }
    }
}
