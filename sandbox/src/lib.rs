//! A local Kinde, strict, with limits and faults: for trying out and for tests.
//!
//! It follows the documented Management API where a migration touches it and goes no easier on a
//! client than the documentation does: unknown fields, wrong types and missing scopes are
//! refused, lists are split after decoding, page sizes count. Where the documentation leaves a
//! reading open, the one that forgives a client least is taken.
//!
//! ```
//! use kinde_migrate_sandbox::{Options, Sandbox};
//! use serde_json::json;
//!
//! let sandbox = Sandbox::start(Options::default())?;
//! sandbox.reset(json!({
//!     "options": {"script": [{"call": "create", "nth": 1, "fault": "reset_after"}]},
//!     "users": [{"email": "ada@example.org", "password": "correct horse"}],
//! }))?;
//! assert!(sandbox.sign_in("ada@example.org", "correct horse")?.ok);
//! assert_eq!(sandbox.stats()?.sign_ins, 1);
//! # Ok::<(), kinde_migrate_sandbox::SandboxError>(())
//! ```
//!
//! # The way through the code
//!
//! - `server` accepts connections, `call` leads one call through fault, limit, token, work and
//!   latency; `admin` has the routes under `/sandbox/`.
//! - `route` and `api/` are the API: one file a call. `token` is the token endpoint.
//! - `users` holds the users, `password` what may be set and in which form, `verify/` what a
//!   sign-in is checked by.
//! - `options`, `fault`, `limiter` and `stats` are what can be told and what can be asked.

mod admin;
mod answer;
mod api;
mod body;
mod call;
mod clock;
mod fault;
mod fields;
mod identity;
mod limiter;
mod options;
mod password;
mod query;
mod route;
mod sandbox;
mod seed;
mod server;
mod sign_in;
mod state;
mod stats;
mod token;
mod users;
mod verify;
mod view;

pub use fault::{CallKind, Fault, FaultKind, HeaderValues, Nth, RawAnswer, ScriptedFault};
pub use limiter::{LimitModel, Limiter};
pub use options::{EmailMatching, NEEDED_SCOPES, OptionError, Options, ResetHeader, ResetPath, split_scopes};
pub use sandbox::{Sandbox, SandboxError};
pub use sign_in::SignIn;
pub use stats::{CallCounts, CallRecord, Stats};
pub use view::{IdentityView, UserView};
