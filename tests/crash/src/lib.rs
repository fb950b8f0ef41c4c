//! What the crash tests are made of.
//!
//! | module | what it knows |
//! |---|---|
//! | `op` | one call of a verb, and how it is told to a child and back |
//! | `world` | a sandbox, a ledger, and the processes that use them |
//! | `history` | what each user's calls came to, and what may be in Kinde in the end |
//! | `inspect` | what lies on the disk |
//! | `mounts` | filesystems of a test's own |
//! | `random` | numbers of one seed |

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

pub mod history;
pub mod inspect;
pub mod mounts;
pub mod op;
pub mod random;
pub mod world;

/// Stands in every password.
pub const PASSWORD_MARK: &str = "Pw~Mark~";
/// Ends every e-mail address.
pub const EMAIL_MARK: &str = "@crash-mark.example";
/// The client secret.
pub const SECRET: &str = "client-secret-mark";
/// Begins every token of the sandbox: `{"alg":` in base64.
pub const TOKEN_MARK: &str = "eyJhbGci";

/// Nanoseconds of a clock that all processes share and nobody sets.
pub fn monotonic() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
