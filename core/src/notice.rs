//! Things that are said once, for the host's log: the library has no log of its own to write to.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

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

/// What is to be said and has been said in this process.
#[derive(Default)]
pub(crate) struct Notices {
    waiting: AtomicBool,
    inner: Mutex<(Vec<Code>, Vec<Notice>)>,
}

impl Notices {
    /// Says it, unless something of that code has been said.
    pub(crate) fn say(&self, code: Code, message: impl FnOnce() -> String) {
        let mut inner = lock(&self.inner);
        let (said, waiting) = &mut *inner;
        if !said.contains(&code) {
            said.push(code);
            let message = message();
            tracing::warn!(code = code.as_str(), "{message}");
            waiting.push(Notice { code, message });
            self.waiting.store(true, Ordering::Release);
        }
    }

    /// What has not been handed over yet.
    pub(crate) fn take(&self) -> Vec<Notice> {
        if !self.waiting.swap(false, Ordering::Acquire) {
            return Vec::new();
        }
        std::mem::take(&mut lock(&self.inner).1)
    }
}
