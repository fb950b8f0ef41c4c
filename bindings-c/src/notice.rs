//! What the library has to say for the host's log.

use std::collections::VecDeque;
use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};

use kinde_migrate::{Migrator, Notice};

use crate::panic::boundary;
use crate::text::{c_string, missing};
use crate::{kinde_code, kinde_error, kinde_migrator, stderr};

/// Is told what the library has to say for the host's log, such as a ledger that cannot be written: a code,
/// and a message, NUL-terminated, that shows no secret and no e-mail and is gone when it returns.
pub type kinde_notice_callback =
    Option<unsafe extern "C" fn(code: kinde_code, message: *const c_char, context: *mut c_void)>;

/// What the core of one migrator has said, on its way to the host.
#[derive(Default)]
pub(crate) struct Said {
    listener: Option<(unsafe extern "C" fn(kinde_code, *const c_char, *mut c_void), *mut c_void)>,
    /// kinde_migrator_notice() has been called: the host looks after them.
    is_fetched: AtomicBool,
    waiting: Mutex<Waiting>,
}

/// What nobody has fetched yet.
#[derive(Default)]
struct Waiting {
    notices: VecDeque<Notice>,
    /// How many of them, from the front, standard error has been told.
    told: usize,
}

impl Said {
    /// Not waited for: another thread has the notices then, or had them when this process was forked.
    fn waiting(&self, core: &Migrator) -> Option<MutexGuard<'_, Waiting>> {
        let mut waiting = match self.waiting.try_lock() {
            Ok(waiting) => waiting,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        waiting.notices.extend(core.notices());
        Some(waiting)
    }

    /// At the end of a call, on the thread that made it.
    pub(crate) fn deliver(&self, core: &Migrator) {
        if let Some((callback, context)) = self.listener {
            let notices = self.waiting(core).map(|mut waiting| std::mem::take(&mut *waiting).notices);
            for Notice { code, message } in notices.unwrap_or_default() {
                // SAFETY: the host's own function, with its own context and a text that lives through the call. No
                // lock is held, so it may call this library.
                unsafe { callback(code.number(), c_string(&message).as_ptr(), context) };
            }
        } else if !self.is_fetched.load(Ordering::Relaxed)
            && let Some(mut waiting) = self.waiting(core)
        {
            while let Some(Notice { code, message }) = waiting.notices.get(waiting.told)
                && stderr::say(&format!("kinde_migrate: {message} [{code}]"))
            {
                waiting.told += 1;
            }
        }
    }

    fn fetch(&self, core: &Migrator) -> Option<Notice> {
        self.is_fetched.store(true, Ordering::Relaxed);
        let mut waiting = self.waiting(core)?;
        waiting.told = waiting.told.saturating_sub(1);
        waiting.notices.pop_front()
    }
}

/// Says who is told what the library has to say for the host's log as a warning: `callback`, with `context`,
/// once for each notice, on the thread that has called a verb, kinde_migrator_drain(),
/// kinde_migrator_status() or kinde_migrator_free(), before that function returns. It is never called from a
/// thread of the library's, nor while a lock is held, so it may call functions of the library other than
/// kinde_migrator_free(). It must return: no longjmp(), no exception.
///
/// Without a callback (`NULL`), and as long as kinde_migrator_notice() has not been called for this migrator,
/// each notice is written to standard error once, as one line, at the same times.
///
/// To be called before other threads use the migrator. Errors: `KINDE_ARGUMENT_MISSING`.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_migrator_on_notice(
    migrator: Option<&mut kinde_migrator>,
    callback: kinde_notice_callback,
    context: *mut c_void,
    error: Option<&mut MaybeUninit<Box<kinde_error>>>,
) -> kinde_code {
    boundary!(error, {
        let migrator = migrator.ok_or_else(|| missing("migrator"))?;
        migrator.said.listener = callback.map(|callback| (callback, context));
        Ok(())
    })
}

/// Fetches one notice, for hosts that would rather ask than be called. True and an error in `*out`, to be
/// freed with kinde_error_free(), while there are any; ask after each verb, in a loop. Each is fetched once,
/// also one that standard error has been told. From the first call on, standard error is told no more. It
/// never waits.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_migrator_notice(
    migrator: Option<&kinde_migrator>,
    out: Option<&mut MaybeUninit<Box<kinde_error>>>,
) -> bool {
    boundary!(else false, {
        let (Some(migrator), Some(out)) = (migrator, out) else { return false };
        match migrator.said.fetch(&migrator.core) {
            Some(notice) => {
                out.write(kinde_error::boxed(notice.code, &notice.message));
                true
            }
            None => false,
        }
    })
}
