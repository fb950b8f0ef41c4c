//! `work`, `status` and `dead` as whoever types them sees them: real processes on one ledger.

// What clippy.toml allows in tests, for their helpers too.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod dead;
mod place;
mod settings;
mod status;
mod unit;
mod work;
