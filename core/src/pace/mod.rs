//! When to call, pure: time and randomness come in as arguments. Public for the simulator under `bench/`, and for those
//! who pace by themselves.
//!
//! Kinde limits calls a minute and calls in flight, publishes neither number, and answers 429 with
//! `RateLimit-Reset`, the seconds until the limit resets. [`Pacer`] learns both and says for each call when it goes;
//! it is one plain value, kept in the ledger and shared by all processes of a host.
//!
//! | file | what it knows |
//! |---|---|
//! | `pacer` | whether a call goes now, or when |
//! | `rate`, `refusal` | the limit by the minute: keeping and trying it; what a 429 says of it |
//! | `start` | how fast it goes while nothing is learnt |
//! | `concurrency` | the limit in flight |
//! | `schedule` | who of those that wait goes when |
//! | `recent` | how many calls went out lately |
//! | `blob` | a pacer at rest |
//! | `reset` | the header |
//! | `backoff` | how long to wait before a failed call is repeated |
//! | `breaker` | leaving a Kinde alone that is down |
//! | `holdoff` | not asking again at once for what Kinde refuses |

mod backoff;
mod blob;
mod breaker;
mod concurrency;
mod holdoff;
mod pacer;
mod rate;
mod recent;
mod refusal;
mod reset;
mod schedule;
mod start;

pub(crate) use backoff::delay;
pub(crate) use breaker::{Admission, Breaker, FAILURES, FIRST, LONGEST, LONGEST_ANSWERED, TIME_OUT};
pub(crate) use holdoff::{Holdoff, Standing};
pub use pacer::{Answer, Ceilings, Class, Heard, Learnt, Pacer, Ticket};
pub use reset::parse_reset;
