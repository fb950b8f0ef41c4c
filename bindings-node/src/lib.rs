//! kinde-migrate for Node. It translates types, keeps panics on this side and decides nothing.
//!
//! | module | what it does |
//! |---|---|
//! | `migrator` | the class that `index.cjs` wraps |
//! | `arguments` | a user, a credential and settings out of JavaScript objects |
//! | `fields` | an object's fields, one at a time; the only place that reads a JavaScript value |
//! | `explanation` | what is known of a stored hash |
//! | `answer` | what goes back, as plain objects |
//! | `delivery` | from the library's threads to the event loop |
//! | `pending` | the calls that have not ended, for whoever has to wait for them without an event loop |
//! | `refusal` | errors with their codes, and the boundary that no panic crosses |

mod answer;
mod arguments;
mod delivery;
#[allow(unreachable_pub, reason = "napi's macro takes public items only")]
mod explanation;
mod fields;
mod migrator;
mod pending;
mod refusal;

/// The addon's version, which has to be the package's.
#[allow(unreachable_pub, reason = "napi's macro takes public items only")]
mod version {
    use napi_derive::napi;

    /// The version of the addon.
    #[napi(js_name = "VERSION")]
    pub const VERSION: &str = env!("CARGO_PKG_VERSION");
}
