//! The C interface of kinde-migrate: the core's types as opaque handles, behind one panic boundary.
//! It translates and decides nothing.
//!
//! Ownership is in the signatures, which the C caller sees as plain pointers: `Option<&T>` is an input
//! that may be `NULL`, `Option<&mut MaybeUninit<…>>` an output that is written on success only,
//! `Option<Box<T>>` a handle that changes hands. What is left of raw pointers are texts ([`text`]).
#![allow(unsafe_code, reason = "a C interface: exports, and texts that come as raw pointers")]
#![allow(non_camel_case_types, reason = "these are the names that C sees")]
#![allow(clippy::missing_safety_doc, reason = "the doc comments are the C header's and say it in C's words")]

mod code;
mod credential;
mod error;
mod explanation;
mod migrator;
mod notice;
mod outcome;
mod panic;
mod settings;
mod status;
mod stderr;
#[cfg(test)]
mod tests;
mod text;
mod user;
mod version;

pub use code::*;
pub use credential::*;
pub use error::*;
pub use explanation::*;
pub use migrator::*;
pub use notice::*;
pub use outcome::*;
pub use settings::*;
pub use status::*;
pub use user::*;
pub use version::*;
