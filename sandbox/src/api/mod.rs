//! The calls of the management API, each from what was sent to its answer.

mod check;
mod create;
mod password;
mod update;

pub(crate) use check::{check, get, identities};
pub(crate) use create::create;
pub(crate) use password::set_password;
pub(crate) use update::update;

use hyper::header::HeaderValue;

use crate::answer::Refusal;
use crate::fields::Fields;
use crate::query::{self, BadForm, Pairs};
use crate::token::is_media_type;

/// A call's query, decoded, every name known to the call.
struct Query<'a> {
    pairs: Pairs<'a>,
}

impl<'a> Query<'a> {
    fn parse(raw: Option<&'a str>, known: &[&str]) -> Result<Self, Refusal> {
        let pairs = query::parse(raw.unwrap_or("")).map_err(|bad| match bad {
            BadForm::Encoding => Refusal::bad("INVALID_QUERY", "the query is not url-encoded UTF-8"),
            BadForm::Repeated(name) => Refusal::bad("INVALID_QUERY", format!("{name} must not be repeated")),
        })?;
        match pairs.iter().find(|(name, _)| !known.contains(&name.as_ref())) {
            None => Ok(Self { pairs }),
            Some((name, _)) => {
                Err(Refusal::bad("UNKNOWN_PARAMETER", format!("{name} is not a parameter of this call")))
            }
        }
    }

    /// A parameter; one without a value counts as not given.
    fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| &**value)
    }
}

/// Reads a body that has to be a JSON object and to say so.
fn json_body(content_type: Option<&HeaderValue>, body: &[u8]) -> Result<Fields, Refusal> {
    if !is_media_type(content_type, "application/json") {
        return Err(Refusal::bad("INVALID_CONTENT_TYPE", "the body must be application/json"));
    }
    Fields::parse(body)
}
