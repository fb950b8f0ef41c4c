//! When to call again, pure: time and randomness come in as arguments.
//!
//! Kinde limits calls a minute and calls in flight, publishes neither number, and answers 429 with
//! `RateLimit-Reset`, the seconds until the limit resets. What is here so far repeats a failed call, holds everybody
//! back until a reset, and leaves a Kinde alone that is down; learning the limits has its place beside it.

mod backoff;
mod breaker;
mod reset;

pub(crate) use backoff::delay;
pub(crate) use breaker::{Admission, Breaker};
pub(crate) use reset::{LONGEST_RESET, parse_reset};
