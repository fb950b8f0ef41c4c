//! What goes wrong: by share and seed, or by a script that names the very call.

use std::collections::BTreeMap;

use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::options::LONGEST_MS;

/// The calls that are counted, faulted and reported by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallKind {
    /// `POST /oauth2/token`
    Token,
    /// `GET /api/v1/users`
    Check,
    /// `POST /api/v1/user`
    Create,
    /// `PUT /api/v1/users/{id}/password`
    SetPassword,
    /// `PATCH /api/v1/user` and `PATCH /api/v1/users/{id}`
    Reset,
    /// Anything else: `GET /api/v1/user`, unknown routes, wrong methods
    Other,
}

impl CallKind {
    /// How many kinds there are.
    pub(crate) const COUNT: usize = 6;

    /// The kind's place in a table of counters.
    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

/// A fault that can be drawn by share or played by a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// 500 with an errors body; the call is not carried out.
    #[serde(rename = "error_500")]
    Error500,
    /// 503 with an errors body; the call is not carried out.
    #[serde(rename = "error_503")]
    Error503,
    /// The TCP connection is reset; the call is not carried out.
    ResetBefore,
    /// The call is carried out, then the TCP connection is reset without an answer.
    ResetAfter,
    /// The call is carried out, its answer held back for `stall_ms`.
    Stall,
    /// The call is carried out, its answer ends half-way and the connection is closed.
    Truncated,
    /// The call is carried out, its answer is not valid JSON.
    Malformed,
    /// The call is carried out, its answer is an HTML page with the same status.
    Html,
    /// The call is carried out, its answer comes one byte every `drip_ms`.
    Drip,
}

impl FaultKind {
    /// Every kind, in the order in which shares are laid out.
    pub const ALL: [Self; 9] = [
        Self::Error500,
        Self::Error503,
        Self::ResetBefore,
        Self::ResetAfter,
        Self::Stall,
        Self::Truncated,
        Self::Malformed,
        Self::Html,
        Self::Drip,
    ];

    /// The name used in options and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error500 => "error_500",
            Self::Error503 => "error_503",
            Self::ResetBefore => "reset_before",
            Self::ResetAfter => "reset_after",
            Self::Stall => "stall",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::Html => "html",
            Self::Drip => "drip",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// An answer played as written, however strange.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawAnswer {
    /// The status, 200 to 599.
    pub status: u16,
    /// The value of `RateLimit-Reset`, sent as it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<String>,
    /// More headers; a list of values repeats the header.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, HeaderValues>,
    /// A string is sent as it stands, anything else as JSON; without one, an errors body for a
    /// status from 400, an empty object below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// How long the answer is held back, on top of the latency.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub delay_ms: u64,
    /// Whether the call is carried out all the same.
    #[serde(default, skip_serializing_if = "is_false")]
    pub done: bool,
}

impl RawAnswer {
    /// The headers to add, in order, as they are sent.
    pub(crate) fn header_lines(&self) -> impl Iterator<Item = (&str, &str)> {
        let reset = self.reset.iter().map(|value| ("ratelimit-reset", &**value));
        let others = self.headers.iter().flat_map(|(name, values)| {
            let values = match values {
                HeaderValues::One(value) => std::slice::from_ref(value),
                HeaderValues::Many(values) => values,
            };
            values.iter().map(move |value| (&**name, &**value))
        });
        reset.chain(others)
    }

    /// What keeps the answer from being sent, if anything does.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        if !(200..=599).contains(&self.status) {
            return Some("a status must be 200 to 599");
        }
        if self.delay_ms > LONGEST_MS {
            return Some("delay_ms must be at most 86400000, which is a day");
        }
        for (name, value) in self.header_lines() {
            match HeaderName::from_bytes(name.as_bytes()) {
                Err(_) => return Some("the name of a header has a character it must not have"),
                // The body's length is the server's affair, or the connection is unusable.
                Ok(CONTENT_LENGTH | TRANSFER_ENCODING) => {
                    return Some("content-length and transfer-encoding cannot be scripted");
                }
                Ok(_) => {}
            }
            if HeaderValue::from_str(value).is_err() {
                return Some("the value of a header has a character it must not have");
            }
        }
        None
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde calls it with a reference
fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde calls it with a reference
fn is_false(value: &bool) -> bool {
    !*value
}

/// One value of a header, or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum HeaderValues {
    /// The header is sent once.
    One(String),
    /// The header is repeated.
    Many(Vec<String>),
}

/// What a script plays.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Fault {
    /// One of the named faults.
    Kind(FaultKind),
    /// An answer as written.
    Raw(Box<RawAnswer>),
}

// By hand, since serde says of an untagged enum only that nothing matched.
impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(name) => FaultKind::from_name(&name).map(Self::Kind).ok_or_else(|| {
                let names = FaultKind::ALL.map(FaultKind::name).join(", ");
                D::Error::custom(format!("{name} is no kind of fault; there are {names}"))
            }),
            object @ Value::Object(_) => {
                serde_json::from_value(object).map(Self::Raw).map_err(D::Error::custom)
            }
            _ => Err(D::Error::custom("a fault must be the name of one, or an answer with a status")),
        }
    }
}

impl Fault {
    /// The name under which the fault is reported.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Kind(kind) => kind.name(),
            Self::Raw(_) => "raw",
        }
    }
}

/// Which calls of a kind a scripted fault is for; the first is number 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nth {
    /// That one.
    One(u64),
    /// Those.
    Some(Vec<u64>),
    /// `"all"`
    All,
}

impl Serialize for Nth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(number) => number.serialize(serializer),
            Self::Some(numbers) => numbers.serialize(serializer),
            Self::All => "all".serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Nth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = |value: &Value| value.as_u64().filter(|number| *number > 0);
        let value = Value::deserialize(deserializer)?;
        let nth = match &value {
            Value::String(word) if word == "all" => Some(Self::All),
            Value::Array(list) => list.iter().map(number).collect::<Option<_>>().map(Self::Some),
            other => number(other).map(Self::One),
        };
        nth.ok_or_else(|| {
            D::Error::custom(
                "nth must be the number of a call, the first being 1, a list of them, or \"all\"",
            )
        })
    }
}

impl Default for Nth {
    fn default() -> Self {
        Self::One(1)
    }
}

impl Nth {
    fn includes(&self, nth: u64) -> bool {
        match self {
            Self::One(one) => *one == nth,
            Self::Some(list) => list.contains(&nth),
            Self::All => true,
        }
    }
}

/// A fault at a named call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedFault {
    /// The kind of call.
    pub call: CallKind,
    /// Which of them, counted since the last reset (1 unless given).
    #[serde(default)]
    pub nth: Nth,
    /// What goes wrong.
    pub fault: Fault,
}

/// The fault for the `nth` call of a kind, if any: the script first, then the shares.
///
/// A draw depends on the seed, the kind and the number of the call and on nothing else, so that
/// one seed gives one course of events however calls of different kinds interleave.
pub(crate) fn choose(
    script: &[ScriptedFault],
    shares: &BTreeMap<FaultKind, f64>,
    seed: u64,
    call: CallKind,
    nth: u64,
) -> Option<Fault> {
    if let Some(scripted) = script.iter().find(|scripted| scripted.call == call && scripted.nth.includes(nth))
    {
        return Some(scripted.fault.clone());
    }
    if shares.is_empty() {
        return None;
    }
    let mut left = draw(seed, call.index() as u64, nth);
    for (kind, share) in shares {
        if left < *share {
            return Some(Fault::Kind(*kind));
        }
        left -= share;
    }
    None
}

/// A number from 0 up to 1, the same for the same arguments.
pub(crate) fn draw(seed: u64, stream: u64, nth: u64) -> f64 {
    let mixed = mix(mix(mix(seed).wrapping_add(stream)).wrapping_add(nth));
    // The upper 53 bits: as many as an f64 holds exactly.
    (mixed >> 11) as f64 / (1u64 << 53) as f64
}

/// The finishing step of splitmix64.
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn script(value: Value) -> Vec<ScriptedFault> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_script_names_the_very_call() {
        let script = script(json!([
            {"call": "create", "nth": 2, "fault": "reset_after"},
            {"call": "check", "nth": "all", "fault": "html"},
            {"call": "token", "nth": [1, 3], "fault": {"status": 429, "reset": "2"}},
        ]));
        let none = BTreeMap::new();
        let chosen = |call, nth| choose(&script, &none, 0, call, nth).map(|f| f.name());
        assert_eq!(chosen(CallKind::Create, 1), None);
        assert_eq!(chosen(CallKind::Create, 2), Some("reset_after"));
        assert_eq!(chosen(CallKind::Check, 99), Some("html"));
        assert_eq!(chosen(CallKind::Token, 1), Some("raw"));
        assert_eq!(chosen(CallKind::Token, 2), None);
        assert_eq!(chosen(CallKind::Token, 3), Some("raw"));
    }

    #[test]
    fn shares_are_kept_and_one_seed_gives_one_course() {
        let shares = BTreeMap::from([(FaultKind::Error500, 0.1), (FaultKind::Stall, 0.2)]);
        let course = |seed| {
            (1..=20_000)
                .map(|nth| choose(&[], &shares, seed, CallKind::Check, nth).map(|f| f.name()))
                .collect::<Vec<_>>()
        };
        let first = course(7);
        assert_eq!(first, course(7));
        assert_ne!(first, course(8));
        let count = |name| first.iter().filter(|f| **f == Some(name)).count();
        assert!((1_800..2_200).contains(&count("error_500")));
        assert!((3_700..4_300).contains(&count("stall")));
    }

    #[test]
    fn names_are_the_same_in_both_directions() {
        for kind in FaultKind::ALL {
            assert_eq!(FaultKind::from_name(kind.name()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), json!(kind.name()));
        }
    }
}
