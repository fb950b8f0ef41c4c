//! What Kinde refuses until somebody mends it: this client's secret, or one of its scopes. One caller of all processes asks
//! again from time to time; the others go straight to the outbox meanwhile.
//!
//! What is kept in the ledger goes by a digest of the client's id, its secret, the audience and the scope. So a process with
//! the right secret is not held off by one with a wrong secret, and a missing scope stops only what needs it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use tokio::sync::MutexGuard;

use crate::api::Failure;
use crate::code::Code;
use crate::ledger::{Digest, Ledger, uptime};
use crate::notice::Notices;
use crate::pace::{Holdoff, Standing};
use crate::process::lock;
use crate::settings::Config;

/// What the ledger said is believed for this long: a look at it costs as much as the rest of a call.
const BELIEVED: Duration = Duration::from_millis(50);

/// The scopes without which something is left undone.
const SCOPES: [&str; 4] = ["read:users", Thing::CREATE, "update:user_passwords", "update:users"];

/// Something that Kinde may refuse.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thing {
    /// The client's id and secret, or its audience.
    Client,
    Scope(&'static str),
}

impl Thing {
    /// The scope by which users are created.
    pub(crate) const CREATE: &str = "create:users";

    /// The scope of that name. None where all goes on without it.
    pub(crate) fn scope(name: &str) -> Option<Thing> {
        SCOPES.into_iter().find(|known| *known == name).map(Thing::Scope)
    }

    fn all() -> impl Iterator<Item = Thing> {
        std::iter::once(Thing::Client).chain(SCOPES.map(Thing::Scope))
    }

    fn place(self) -> usize {
        Thing::all().position(|thing| thing == self).unwrap_or_default()
    }

    fn code(self) -> Code {
        match self {
            Thing::Client => Code::ClientRefused,
            Thing::Scope(_) => Code::MissingScope,
        }
    }

    fn about(self) -> &'static str {
        match self {
            Thing::Client => "",
            Thing::Scope(scope) => scope,
        }
    }

    /// What is the case and what to do about it.
    pub(crate) fn words(self) -> String {
        match self {
            Thing::Client => {
                "Kinde does not accept the client id or the client secret, or does not give this client the \
                              Management API: check client_id, client_secret and audience"
                    .into()
            }
            Thing::Scope(scope) => {
                format!(
                    "the application in Kinde lacks the scope {scope}; grant it there, nothing is lost meanwhile"
                )
            }
        }
    }
}

/// What a call will need, as far as that is known before it begins.
#[derive(Clone, Copy, Default)]
pub(crate) struct Needs {
    pub(crate) check: bool,
    pub(crate) create: bool,
    pub(crate) password: bool,
    pub(crate) reset: bool,
}

impl Needs {
    fn things(self) -> impl Iterator<Item = Thing> {
        let needed = [self.check, self.create, self.password, self.reset];
        SCOPES.into_iter().zip(needed).filter(|(_, needed)| *needed).map(|(scope, _)| Thing::Scope(scope))
    }
}

/// Who may ask now.
pub(crate) enum Admitted {
    /// Nothing is known against it.
    Freely,
    /// One caller of all: it was refused before.
    ToProbe,
}

/// What the ledger said, and when.
type Seen = (Instant, Vec<(Digest, Holdoff)>);

/// One process's view.
pub(crate) struct Holdoffs {
    config: Arc<Config>,
    notices: Arc<Notices>,
    seen: Mutex<Option<Seen>>,
    /// By [`Thing::place`]: what this process has asked for; what Kinde has granted it; who finds out whether it does.
    asked: [AtomicBool; 5],
    granted: [AtomicBool; 5],
    first: [tokio::sync::Mutex<()>; 5],
    /// Whether this process has delivered anything.
    begun: AtomicBool,
}

impl Holdoffs {
    pub(crate) fn new(config: &Arc<Config>, notices: &Arc<Notices>) -> Holdoffs {
        Holdoffs {
            config: Arc::clone(config),
            notices: Arc::clone(notices),
            seen: Mutex::default(),
            asked: Default::default(),
            granted: Default::default(),
            first: Default::default(),
            begun: AtomicBool::new(false),
        }
    }

    /// Whether a call need not begin: something that it needs is refused.
    pub(crate) fn bars(&self, ledger: &Ledger, needs: Needs) -> Option<Failure> {
        needs.things().find_map(|thing| self.held(ledger, thing))
    }

    /// The same for one thing.
    pub(crate) fn held(&self, ledger: &Ledger, thing: Thing) -> Option<Failure> {
        if self.seen(ledger, |all| all.is_empty()) {
            return None;
        }
        let what = self.what(ledger, thing)?;
        let known = self.seen(ledger, |all| find(all, what))?;
        match known.stands(uptime(), self.is_new(thing)) {
            Standing::Held(left) => Some(self.put_off(thing, left)),
            Standing::Free | Standing::Due => None,
        }
    }

    /// Whether anything at all is refused.
    pub(crate) fn any(&self, ledger: &Ledger) -> bool {
        !self.seen(ledger, |all| all.is_empty())
    }

    /// Asked before something is asked for at Kinde. `fresh`: what the ledger says now counts.
    pub(crate) fn admit(&self, ledger: &Ledger, thing: Thing, fresh: bool) -> Result<Admitted, Failure> {
        if fresh {
            *lock(&self.seen) = None;
        }
        let anew = self.is_new(thing);
        let asks = || {
            if anew {
                self.asked.get(thing.place()).inspect(|asked| asked.store(true, Ordering::Relaxed));
            }
        };
        if self.seen(ledger, |all| all.is_empty()) {
            asks();
            return Ok(Admitted::Freely);
        }
        let what = self.what(ledger, thing);
        let Some((what, _)) = what.and_then(|what| Some((what, self.seen(ledger, |all| find(all, what))?)))
        else {
            asks();
            return Ok(Admitted::Freely);
        };
        let stood = std::cell::Cell::new(Standing::Free);
        ledger.change_holdoff(what, |known| {
            let now = uptime();
            stood.set(known.stands(now, anew));
            if stood.get() == Standing::Due { known.probing(now) } else { known }
        });
        *lock(&self.seen) = None;
        match stood.get() {
            Standing::Held(left) => Err(self.put_off(thing, left)),
            Standing::Free => {
                asks();
                Ok(Admitted::Freely)
            }
            Standing::Due => {
                asks();
                Ok(Admitted::ToProbe)
            }
        }
    }

    /// Kinde refuses it. How long nobody asks again; `random` is from 0 to 1.
    pub(crate) fn refused(&self, ledger: &Ledger, thing: Thing, random: f64) -> Option<Duration> {
        let what = self.what(ledger, thing)?;
        let now = uptime();
        let known = ledger.change_holdoff(what, |known| known.refused(now, random));
        *lock(&self.seen) = None;
        self.granted.get(thing.place()).inspect(|granted| granted.store(false, Ordering::Relaxed));
        let left = Duration::from_millis(u64::try_from(known.until - now).unwrap_or(0));
        self.say(thing);
        Some(left)
    }

    /// Kinde grants it: what waits for it may go.
    pub(crate) fn granted(&self, ledger: &Ledger, thing: Thing) {
        self.granted.get(thing.place()).inspect(|granted| granted.store(true, Ordering::Relaxed));
        if self.seen(ledger, |all| all.is_empty()) {
            return;
        }
        let Some(what) = self.what(ledger, thing) else { return };
        if self.seen(ledger, |all| find(all, what)).is_some() {
            ledger.end_holdoff(what);
            ledger.wake_refused(thing.code().as_str());
            *lock(&self.seen) = None;
            self.notices.well(thing.code(), thing.about());
        }
    }

    /// As long as it is not known whether Kinde grants it, one call of this process finds out; the others wait for that.
    pub(crate) async fn first(&self, thing: Thing) -> Option<MutexGuard<'_, ()>> {
        let granted =
            || self.granted.get(thing.place()).is_none_or(|granted| granted.load(Ordering::Relaxed));
        if granted() {
            return None;
        }
        let first = self.first.get(thing.place())?.lock().await;
        (!granted()).then_some(first)
    }

    /// Deliveries begin in this process: what waits because something was refused is looked at anew, once. The secret may be
    /// another one by now.
    pub(crate) fn begin(&self, ledger: &Ledger) {
        if !self.begun.swap(true, Ordering::Relaxed) {
            for code in [Code::ClientRefused, Code::MissingScope] {
                ledger.wake_refused(code.as_str());
            }
        }
    }

    /// Something has been mended: the next caller may ask.
    pub(crate) fn cut_short(&self, ledger: &Ledger) {
        if self.any(ledger) {
            ledger.cut_holdoffs_short();
            for code in [Code::ClientRefused, Code::MissingScope] {
                ledger.wake_refused(code.as_str());
            }
            *lock(&self.seen) = None;
        }
    }

    /// What is refused, for people, and when it is asked for again.
    pub(crate) fn look(&self, ledger: &Ledger) -> Option<(Code, Duration)> {
        let all = ledger.holdoffs();
        let refused = |thing: Thing| {
            let known = find(&all, self.what(ledger, thing)?)?;
            let left = match known.stands(uptime(), false) {
                Standing::Free => return None,
                Standing::Due => 0,
                Standing::Held(left) => left,
            };
            Some((thing.code(), Duration::from_millis(u64::try_from(left).unwrap_or(0))))
        };
        Thing::all().find_map(refused)
    }

    /// Whether this process knows that Kinde grants it.
    pub(crate) fn is_granted(&self, thing: Thing) -> bool {
        self.granted.get(thing.place()).is_some_and(|granted| granted.load(Ordering::Relaxed))
    }

    fn is_new(&self, thing: Thing) -> bool {
        self.asked.get(thing.place()).is_some_and(|asked| !asked.load(Ordering::Relaxed))
    }

    fn put_off(&self, thing: Thing, left: i64) -> Failure {
        let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
        self.say(thing);
        let message = format!("{}; it is asked again in {} s", thing.words(), left.as_secs().max(1));
        Failure { reset: Some(left), unasked: true, ..Failure::new(thing.code(), message) }
    }

    fn say(&self, thing: Thing) {
        self.notices.remind(thing.code(), thing.about(), || {
            format!("{}; everything that needs it waits in the outbox", thing.words())
        });
    }

    fn what(&self, ledger: &Ledger, thing: Thing) -> Option<Digest> {
        let Config { client_id, client_secret, audience, .. } = &*self.config;
        let secret = client_secret.expose_secret();
        let about = thing.about();
        ledger.digest(&[b"refused", client_id.as_bytes(), secret, audience.as_bytes(), about.as_bytes()])
    }

    fn seen<T>(&self, ledger: &Ledger, look: impl FnOnce(&[(Digest, Holdoff)]) -> T) -> T {
        let mut seen = lock(&self.seen);
        let all = match &mut *seen {
            Some((at, all)) if at.elapsed() < BELIEVED => all,
            _ => &mut seen.insert((Instant::now(), ledger.holdoffs())).1,
        };
        look(all)
    }
}

fn find(all: &[(Digest, Holdoff)], what: Digest) -> Option<Holdoff> {
    all.iter().find(|(known, _)| *known == what).map(|(_, holdoff)| *holdoff)
}
