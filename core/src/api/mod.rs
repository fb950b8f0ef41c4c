//! Kinde over HTTP: the only place that knows a URL.
//!
//! | file | what it knows |
//! |---|---|
//! | `client` | connections, TLS, sizes, what an HTTP answer means |
//! | `resolve` | the address of a name |
//! | `lack` | what is this process's own fault |
//! | `token` | the access token: one fetch however many wait |
//! | `users` | check, create, set the password, ask for a reset |
//! | `wire` | the JSON of requests and answers |
//! | `trust` | why there is no connection: a certificate, a proxy, or the network |
//! | `within` | a time-out that tells Kinde's lateness from our own |

mod client;
mod lack;
mod resolve;
mod token;
mod trust;
mod users;
mod wire;
mod within;

use std::time::Duration;

use crate::code::Code;
pub(crate) use client::{Connections, Connector};
pub(crate) use token::TokenSource;
pub(crate) use users::{Caller, Created, Reset};
pub(crate) use wire::{Found, Password};

/// Why a call did not succeed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    pub(crate) message: String,
    /// When Kinde says that the limit resets.
    pub(crate) reset: Option<Duration>,
    /// Whether Kinde may have carried the request out all the same.
    pub(crate) perhaps_done: bool,
    /// Whether Kinde was not even asked.
    pub(crate) unasked: bool,
    /// Whether this process itself was late, so that Kinde has not had the time to answer.
    pub(crate) late: bool,
    /// Whether it has nothing to do with the user whom the call was about.
    pub(crate) of_everybody: bool,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Failure {
        Failure {
            code,
            message: message.into(),
            reset: None,
            perhaps_done: false,
            unasked: false,
            late: false,
            of_everybody: false,
        }
    }

    fn perhaps_done(mut self) -> Failure {
        self.perhaps_done = true;
        self
    }
}
