//! When to call again, pure: time and randomness come in as arguments.
//!
//! Kinde limits calls a minute and calls in flight, publishes neither number, and answers 429 with
//! `RateLimit-Reset`, the seconds until the limit resets. What is here so far repeats a failed call and
//! holds everybody back until a reset; learning the limits has its place beside it.

mod backoff;
mod pause;
mod reset;

pub(crate) use backoff::delay;
pub(crate) use pause::Pause;
pub(crate) use reset::parse_reset;
