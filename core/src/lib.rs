//! Carries a legacy application's users into [Kinde](https://kinde.com), at the moment when they sign in,
//! sign up or change their password.
//!
//! ```no_run
//! use kinde_migrate::{Credential, Migrator, Settings, User};
//!
//! # fn main() -> Result<(), kinde_migrate::Error> {
//! # let (typed, stored) = ("", "");
//! let migrator = Migrator::new(Settings::new())?; // KINDE_DOMAIN, KINDE_MANAGEMENT_CLIENT_ID, …_SECRET
//! // In the login handler, after the legacy system has accepted the password:
//! let outcome = migrator.migrate(&User::with_email("ann@example.com"), &Credential::password(typed).version(stored));
//! println!("{}", outcome.status);
//! # Ok(())
//! # }
//! ```
//!
//! Knowledge flows one way:
//!
//! | module | what it knows |
//! |---|---|
//! | `migrator` | the public face: verbs, drain, status |
//! | `call`, `flight` | one call of a verb: its deadline, its turn, its outcome; calls that ask for the same |
//! | `deliver`, `background` | the outbox's delivery, by whatever process |
//! | `flow` | one user's way: check, create, set password, remember |
//! | `job` | what is asked for, and its sealed form |
//! | `watch` | whether Kinde is up, as all processes see it |
//! | `holdoff` | what Kinde refuses until somebody mends it |
//! | `turnstile` | when each call goes, at the pace that all processes keep |
//! | `engine`, `process` | what belongs to one process, and forks |
//! | `places`, `hashing`, `desk`, `pool` | what many calls at once share: ways to Kinde, hashes, the ledger, threads |
//! | `api` | Kinde over HTTP |
//! | [`hash`] | legacy formats to Kinde's fields, pure |
//! | [`pace`] | when to call, pure |
//! | `pages`, `scrub` | memory for secrets, and a stack without them |
//! | `proxy` | the HTTP proxy and its password |
//! | `bounded` | values that are longer than can be meant |
//! | `explain` | a credential's stored hash, explained |
//! | `ledger` | what is done and what is owed, on the disk |
//! | `identity` | who a user is: which e-mails, names and phones are one; fields made fit to be sent |
//! | `settings`, `user`, `credential`, `outcome`, `status`, `code`, `notice` | what callers see |

mod api;
mod background;
mod bounded;
mod call;
mod code;
mod credential;
mod deliver;
mod desk;
mod engine;
mod explain;
mod flight;
mod flow;
pub mod hash;
mod hashing;
mod holdoff;
mod identity;
mod job;
mod ledger;
mod migrator;
mod notice;
mod outcome;
pub mod pace;
mod pages;
mod places;
mod pool;
mod process;
mod proxy;
mod scrub;
mod settings;
mod status;
mod steps;
mod text;
mod turnstile;
mod user;
mod watch;

pub use call::Interrupted;
pub use code::{CODES, Code, Error};
pub use credential::{CREDENTIAL_FIELDS, Credential, PASSWORD_MAX};
pub use deliver::Drained;
pub use hash::Explanation;
pub use job::Verb;
pub use ledger::Which;
pub use migrator::{Answer, Later, Migrator};
pub use notice::Notice;
pub use outcome::{FieldNotice, Outcome, Status};
pub use settings::{Places, SETTINGS, Setting, Settings};
pub use status::{DeadLetter, KindeState, LedgerStatus};
#[cfg(feature = "steps")]
pub use steps::{STEP_WATCHER, STEPS};
pub use user::{USER_FIELDS, User};

/// The version of this library.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
