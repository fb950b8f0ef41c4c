//! The sandbox over real HTTP: every rule of it, one test each.

// What clippy.toml allows in tests, for their helpers too.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod faults;
mod limits;
mod own_routes;
mod passwords;
mod support;
mod tokens;
mod users;
