//! Errors with their codes, and the boundary that no panic crosses.

use std::panic::{AssertUnwindSafe, catch_unwind};

use kinde_migrate::{Code, Error};

use crate::answer::Outcome;

const DEFECT: &str = "a defect of kinde-migrate was caught; nothing of the application is touched by it. Please report it \
    with the lines on stderr";

/// Why a call is refused.
pub(crate) enum Refusal {
    /// Misuse or misconfiguration.
    Ours(Error),
    /// Node-API failed, or JavaScript threw while an object was read.
    Node(napi::Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Ours(error)
    }
}

impl From<napi::Error> for Refusal {
    fn from(error: napi::Error) -> Self {
        Refusal::Node(error)
    }
}

/// An argument of the wrong type. `message` names it and the cure, and shows no value.
pub(crate) fn argument(message: impl Into<String>) -> Refusal {
    Refusal::Ours(Error::new(Code::ArgumentType, message))
}

/// What Node throws: the code is the error's `code`. `index.cjs` makes a `MigratorError` of it. (napi's
/// macro knows a result by this name.)
pub(crate) type Result<T, E = napi::Error<String>> = std::result::Result<T, E>;

/// Every exported function's body runs in here.
pub(crate) fn guard<T>(work: impl FnOnce() -> Result<T, Refusal>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(Refusal::Ours(error))) => Err(thrown(error.code, error.message)),
        Ok(Err(Refusal::Node(error))) => {
            Err(napi::Error::new(error.status.as_ref().to_owned(), error.reason.clone()))
        }
        Err(_) => Err(thrown(Code::Internal, DEFECT.to_owned())),
    }
}

/// A verb's body runs in here: what it meets besides misuse is an outcome, and so is a defect. Nobody may be watching the
/// promise.
pub(crate) fn guard_verb(work: impl FnOnce() -> Result<Option<Outcome>, Refusal>) -> Result<Option<Outcome>> {
    guard(|| catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Ok(Some(Outcome::defect(DEFECT)))))
}

fn thrown(code: Code, message: String) -> napi::Error<String> {
    napi::Error::new(code.as_str().to_owned(), message)
}
