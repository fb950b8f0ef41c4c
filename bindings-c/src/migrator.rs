//! The migrator and its verbs.

use std::mem::MaybeUninit;
use std::sync::Arc;
use std::time::Duration;

use kinde_migrate::{Code, Credential, Error, Migrator, Settings, User, Verb};

use crate::notice::Said;
use crate::panic::boundary;
use crate::text::missing;
use crate::{kinde_code, kinde_credential, kinde_error, kinde_outcome, kinde_settings, kinde_user};

/// Carries users over. Nothing is opened until the first verb; no thread runs between calls, unless the
/// setting "drain_in_background" asks for one.
///
/// Any number of threads may use one migrator at the same time. It may be built before a fork and used
/// in the parent and in every child; each process opens its own connections. Free it with
/// kinde_migrator_free() when no thread uses it any more.
pub struct kinde_migrator {
    pub(crate) core: Arc<Migrator>,
    pub(crate) said: Said,
}

/// What a kinde_migrator_drain() has done. Set `size` to `sizeof(kinde_drained)` first, as
/// `KINDE_DRAINED_INIT` does: a later version may have more members.
#[repr(C)]
pub struct kinde_drained {
    /// The size of the caller's structure.
    pub size: usize,
    /// What has reached Kinde.
    pub delivered: u32,
    /// What Kinde refused for good; it stays in the ledger as a dead letter.
    pub dropped: u32,
    /// What is still owed.
    pub left: u64,
}

/// Builds a migrator from `settings`, which are copied and may be `NULL`, and the environment. On
/// success `*out` is a migrator that the caller frees with kinde_migrator_free().
///
/// Errors: what is wrong with the settings, `KINDE_SETTING_INVALID` to `KINDE_CLIENT_SECRET_MISSING`;
/// `KINDE_ARGUMENT_MISSING` if `out` is `NULL`. It makes no call, so a domain that cannot be reached
/// is no error here.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_migrator_new(
    settings: Option<&kinde_settings>,
    out: Option<&mut MaybeUninit<Box<kinde_migrator>>>,
    error: Option<&mut MaybeUninit<Box<kinde_error>>>,
) -> kinde_code {
    boundary!(error, { build(settings, out, |settings| Migrator::new(settings).map(Arc::new)) })
}

/// The same, but for the life of the process: equal settings share one migrator, with its
/// connections and its token. For hosts that build one for each request. kinde_migrator_free() gives
/// back the reference only.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_migrator_persistent(
    settings: Option<&kinde_settings>,
    out: Option<&mut MaybeUninit<Box<kinde_migrator>>>,
    error: Option<&mut MaybeUninit<Box<kinde_error>>>,
) -> kinde_code {
    boundary!(error, { build(settings, out, Migrator::persistent) })
}

fn build(
    settings: Option<&kinde_settings>,
    out: Option<&mut MaybeUninit<Box<kinde_migrator>>>,
    make: impl FnOnce(Settings) -> Result<Arc<Migrator>, Error>,
) -> Result<(), Error> {
    let out = out.ok_or_else(|| missing("out"))?;
    let core = make(settings.map(|settings| settings.0.clone()).unwrap_or_default())?;
    out.write(Box::new(kinde_migrator { core, said: Said::default() }));
    Ok(())
}

/// Frees a migrator. `NULL` is fine. What is owed stays in the ledger. The background drain's thread is
/// ended and joined. In a forked child it leaves alone what its parent opened.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_migrator_free(migrator: Option<Box<kinde_migrator>>) {
    boundary!(else (), {
        if let Some(migrator) = &migrator {
            migrator.said.deliver(&migrator.core);
        }
        drop(migrator)
    })
}

/// To be called when the old system has accepted a sign-in or written a sign-up: sees to it that the
/// user is in Kinde with this password. `credential` may be `NULL`: the user is then carried over
/// without a password.
///
/// It blocks this thread, at most for the setting "deadline". What Kinde, the network or the data do
/// is no error but an outcome. On success `*out` is an outcome that the caller frees with
/// kinde_outcome_free().
///
/// Errors: `KINDE_ARGUMENT_MISSING`, `KINDE_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_migrator_migrate(
    migrator: Option<&kinde_migrator>,
    user: Option<&kinde_user>,
    credential: Option<&kinde_credential>,
    out: Option<&mut MaybeUninit<Box<kinde_outcome>>>,
    error: Option<&mut MaybeUninit<Box<kinde_error>>>,
) -> kinde_code {
    boundary!(error, { call(Verb::Migrate, migrator, user, credential, out) })
}

/// To be called when the old system has changed a password: as kinde_migrator_migrate(), but the
/// password is always set, and an older one that still waits to be delivered is dropped.
///
/// Errors: those of kinde_migrator_migrate(), and `KINDE_CREDENTIAL_MISSING` where `credential` is `NULL` or
/// has neither "password" nor "hash". One that is there and empty is no error: the outcome is
/// `KINDE_STATUS_REJECTED`.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_migrator_change_password(
    migrator: Option<&kinde_migrator>,
    user: Option<&kinde_user>,
    credential: Option<&kinde_credential>,
    out: Option<&mut MaybeUninit<Box<kinde_outcome>>>,
    error: Option<&mut MaybeUninit<Box<kinde_error>>>,
) -> kinde_code {
    boundary!(error, { call(Verb::ChangePassword, migrator, user, credential, out) })
}

/// To be called when a password is known to be out of date: Kinde asks for a new one at the next
/// sign-in. Otherwise as kinde_migrator_migrate().
#[unsafe(no_mangle)]
pub extern "C" fn kinde_migrator_request_reset(
    migrator: Option<&kinde_migrator>,
    user: Option<&kinde_user>,
    out: Option<&mut MaybeUninit<Box<kinde_outcome>>>,
    error: Option<&mut MaybeUninit<Box<kinde_error>>>,
) -> kinde_code {
    boundary!(error, { call(Verb::RequestReset, migrator, user, None, out) })
}

fn call(
    verb: Verb,
    migrator: Option<&kinde_migrator>,
    user: Option<&kinde_user>,
    credential: Option<&kinde_credential>,
    out: Option<&mut MaybeUninit<Box<kinde_outcome>>>,
) -> Result<(), Error> {
    let migrator = migrator.ok_or_else(|| missing("migrator"))?;
    let user: &User = &user.ok_or_else(|| missing("user"))?.0;
    let out = out.ok_or_else(|| missing("out"))?;
    let none = Credential::none();
    let credential = credential.map_or(&none, |credential| &credential.0);
    verb.check_credential(credential)?;
    out.write(kinde_outcome::boxed(migrator.core.call(verb, user, credential, &|| false)));
    migrator.said.deliver(&migrator.core);
    Ok(())
}

/// Delivers what is owed, `max` entries at most and for `deadline_seconds` at most; for a cron job or
/// the quiet moments of a server. It blocks this thread.
///
/// Errors: `KINDE_ARGUMENT_MISSING`, `KINDE_ARGUMENT_TYPE` (a deadline that is no number of seconds,
/// a `size` that is not set).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_migrator_drain(
    migrator: Option<&kinde_migrator>,
    max: u32,
    deadline_seconds: f64,
    out: Option<&mut kinde_drained>,
    error: Option<&mut MaybeUninit<Box<kinde_error>>>,
) -> kinde_code {
    boundary!(error, {
        let migrator = migrator.ok_or_else(|| missing("migrator"))?;
        let out = out.ok_or_else(|| missing("out"))?;
        check_size(out.size, size_of::<kinde_drained>())?;
        let deadline = Duration::try_from_secs_f64(deadline_seconds)
            .map_err(|_| Error::new(Code::ArgumentType, "deadline_seconds is not a number of seconds"))?;
        let drained = migrator.core.drain(max, deadline, &|| false);
        out.delivered = drained.delivered;
        out.dropped = drained.dropped;
        out.left = drained.left;
        migrator.said.deliver(&migrator.core);
        Ok(())
    })
}

/// A caller's structure may be larger than ours (compiled against a later header), not smaller than the first.
pub(crate) fn check_size(theirs: usize, least: usize) -> Result<(), Error> {
    if theirs < least {
        return Err(Error::new(
            Code::ArgumentType,
            "out->size is not set; initialise the structure with its _INIT macro",
        ));
    }
    Ok(())
}
