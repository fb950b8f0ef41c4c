//! How commands end: the exit statuses, and what ends one before its time.

use std::io;
use std::process::ExitCode;

use kinde_migrate::Error;

use crate::note;

/// Some of it failed, or somebody should look.
pub(crate) const LOOK: u8 = 1;
/// An option or a setting makes no sense, the same as clap's own. Trying again cannot help.
pub(crate) const USAGE: u8 = 2;
/// It is not finished; nothing is lost, and it goes on from there another time.
pub(crate) const UNFINISHED: u8 = 3;
/// Kinde does not accept the client's secret, or a scope is missing.
pub(crate) const NOT_AUTHORISED: u8 = 4;
/// Ctrl-C.
pub(crate) const INTERRUPTED: u8 = 130;

/// The exit status, and what is said on stderr.
#[derive(Debug)]
pub(crate) struct Failed {
    status: u8,
    message: String,
}

impl Failed {
    /// Something that is not as it should be on this machine.
    pub(crate) fn because(message: impl Into<String>) -> Self {
        Failed { status: LOOK, message: message.into() }
    }

    /// Something that was asked for wrongly.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Failed { status: USAGE, message: message.into() }
    }

    pub(crate) fn complain(&self) -> ExitCode {
        complain(&self.message);
        ExitCode::from(self.status)
    }
}

/// Settings are all that the library raises here.
impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Failed::usage(error.to_string())
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Failed::because(error.to_string())
    }
}

pub(crate) fn complain(message: &str) {
    note(&format!("error: {message}"));
}
