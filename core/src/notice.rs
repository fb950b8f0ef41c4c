//! Things that are said once, or from time to time while they last, for the host's log: the library has no log of its own
//! to write to.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::code::Code;
use crate::process::lock;

/// Something that whoever runs the application should know. It shows no secret and no e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it is about.
    pub code: Code,
    /// What is the case, and what to do about it.
    pub message: String,
}

/// What lasts is said again after this.
const AGAIN: Duration = Duration::from_secs(10 * 60);

/// What is to be said and has been said in this process.
#[derive(Default)]
pub(crate) struct Notices {
    waiting: AtomicBool,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    said: Vec<Said>,
    waiting: Vec<Notice>,
}

struct Said {
    code: Code,
    /// What of that code it was about; empty where there is only one thing.
    about: &'static str,
    at: Instant,
}

impl Notices {
    /// Says it, unless something of that code has been said.
    pub(crate) fn say(&self, code: Code, message: impl FnOnce() -> String) {
        self.speak(code, "", None, message);
    }

    /// Says that something is the case, now and from time to time, until it is [`well`](Notices::well) again.
    pub(crate) fn remind(&self, code: Code, about: &'static str, message: impl FnOnce() -> String) {
        self.speak(code, about, Some(AGAIN), message);
    }

    /// It is not the case any more: the next time it is said at once.
    pub(crate) fn well(&self, code: Code, about: &'static str) {
        lock(&self.inner).said.retain(|said| (said.code, said.about) != (code, about));
    }

    fn speak(
        &self,
        code: Code,
        about: &'static str,
        again: Option<Duration>,
        message: impl FnOnce() -> String,
    ) {
        let mut inner = lock(&self.inner);
        let known = inner.said.iter_mut().find(|said| (said.code, said.about) == (code, about));
        match known {
            Some(said) if again.is_none_or(|again| said.at.elapsed() < again) => return,
            Some(said) => said.at = Instant::now(),
            None => inner.said.push(Said { code, about, at: Instant::now() }),
        }
        let message = message();
        tracing::warn!(code = code.as_str(), "{message}");
        inner.waiting.push(Notice { code, message });
        self.waiting.store(true, Ordering::Release);
    }

    /// What has not been handed over yet.
    pub(crate) fn take(&self) -> Vec<Notice> {
        if !self.waiting.swap(false, Ordering::Acquire) {
            return Vec::new();
        }
        std::mem::take(&mut lock(&self.inner).waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_said_once_until_it_has_been_well() {
        let notices = Notices::default();
        let scope = |about| notices.remind(Code::MissingScope, about, || about.to_owned());
        for _ in 0..3 {
            notices.say(Code::LedgerSealed, || "sealed".into());
            scope("create:users");
            scope("update:users");
        }
        let said =
            |notices: &Notices| notices.take().into_iter().map(|said| said.message).collect::<Vec<_>>();
        assert_eq!(said(&notices), ["sealed", "create:users", "update:users"]);
        notices.well(Code::MissingScope, "update:users");
        scope("create:users");
        scope("update:users");
        assert_eq!(said(&notices), ["update:users"]);
    }
}
