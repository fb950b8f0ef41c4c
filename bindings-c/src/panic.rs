//! The boundary that no panic crosses. A panic that reached `extern "C"` would abort the host.

use std::panic::{AssertUnwindSafe, catch_unwind};

use kinde_migrate::{Code, Error};

use crate::{ErrorOut, kinde_code};

/// The whole body of every export, one of
/// - `boundary!(error, { … })`: the block is a `Result<(), Error>`; the function answers a `kinde_code`
///   and hands the error over through its parameter `error`;
/// - `boundary!(else fallback, { … })`: the block is the answer, `fallback` what a panic turns into.
macro_rules! boundary {
    (else $fallback:expr, $body:block) => {
        $crate::panic::or_else($fallback, || $body)
    };
    ($error:ident, $body:block) => {
        $crate::panic::or_error($error, || $body)
    };
}
pub(crate) use boundary;

pub(crate) fn or_error(error: ErrorOut<'_>, body: impl FnOnce() -> Result<(), Error>) -> kinde_code {
    let result = or_else(None, || Some(body()));
    // Its text is not taken from the panic, which may show anything.
    let result = result
        .unwrap_or_else(|| Err(Error::new(Code::Internal, "a defect of kinde-migrate; please report it")));
    match result {
        Ok(()) => 0,
        Err(raised) => or_else(Code::Internal.number(), || crate::error::hand_over(raised, error)),
    }
}

pub(crate) fn or_else<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    // Unwind safe: what a panic leaves half done is the core's, which keeps its locks usable.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        // Dropping what was thrown could panic once more.
        std::mem::forget(payload);
        fallback
    })
}
