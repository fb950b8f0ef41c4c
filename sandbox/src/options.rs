//! What a sandbox can be told, with defaults, and the check that it makes sense.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::fault::{Fault, FaultKind, ScriptedFault};
use crate::limiter::LimitModel;

/// The scopes that the calls of a migration need.
pub const NEEDED_SCOPES: [&str; 4] = ["read:users", "create:users", "update:user_passwords", "update:users"];

/// Everything a sandbox can be told. Field names are the names in JSON; the command line has the
/// same ones with hyphens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The client id that the token endpoint accepts.
    pub client_id: String,
    /// The client secret that goes with it.
    pub client_secret: String,
    /// The audience a token must be asked for; `{url}/api` unless given.
    pub audience: Option<String>,
    /// How long a token is good for, in seconds.
    pub token_lifetime: u64,
    /// The scopes the client has been granted: a list, or a text with commas or spaces.
    #[serde(deserialize_with = "list_or_text")]
    pub scopes: Vec<String>,
    /// Milliseconds added to every call, the token's included. The work is done on arrival, the
    /// answer is what waits.
    pub latency_ms: u64,
    /// How many API calls a minute are admitted; no limit unless given. Tokens are not counted.
    pub limit_per_minute: Option<u32>,
    /// How they are counted.
    pub limit_model: LimitModel,
    /// How many calls GCRA admits at once; a second's worth unless given.
    pub limit_burst: Option<u32>,
    /// How many API calls may be in flight; no limit unless given.
    pub max_in_flight: Option<u32>,
    /// Whether a 429 for too many calls in flight announces a reset (of one second).
    pub in_flight_reset: bool,
    /// How a 429 announces its reset.
    pub reset_header: ResetHeader,
    /// Which of the two documented ways of asking for a reset exists.
    pub reset_path: ResetPath,
    /// How the e-mail of a query is compared with the users'.
    pub email_matching: EmailMatching,
    /// Whether an empty list of users is written as `null`.
    pub users_null: bool,
    /// Whether a plaintext `password` is refused, as the OpenAPI file would have it.
    pub refuse_password: bool,
    /// Faults by share of the calls, 0 to 1 each, at most 1 in all.
    pub faults: BTreeMap<FaultKind, f64>,
    /// What the shares are drawn from; one seed gives one course of events.
    pub seed: u64,
    /// How long a stalled answer is held back.
    pub stall_ms: u64,
    /// The time between two bytes of a dripping answer.
    pub drip_ms: u64,
    /// Faults at named calls.
    pub script: Vec<ScriptedFault>,
}

/// How a 429 announces its reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetHeader {
    /// Seconds, as documented.
    #[default]
    Seconds,
    /// No header at all.
    Absent,
    /// Milliseconds, as some gateways do.
    Milliseconds,
    /// Seconds that have nothing to do with the truth.
    Wrong,
}

/// Which of the two documented ways of asking for a reset exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetPath {
    /// Both.
    #[default]
    Both,
    /// `PATCH /api/v1/user?id=`; the other path is unknown (404).
    Openapi,
    /// `PATCH /api/v1/users/{id}`; the other path does not know the method (405).
    Guide,
}

/// How the e-mail of a query is compared with the users'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailMatching {
    /// Without case, as documented.
    #[default]
    Case,
    /// As some databases do: without accents, compatibility variants and any mapping of case, so that an answer may hold
    /// somebody whose address only looks like the one asked for.
    Loose,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            client_id: "sandbox-client".to_owned(),
            client_secret: "sandbox-secret".to_owned(),
            audience: None,
            token_lifetime: 3600,
            scopes: NEEDED_SCOPES.map(str::to_owned).to_vec(),
            latency_ms: 0,
            limit_per_minute: None,
            limit_model: LimitModel::default(),
            limit_burst: None,
            max_in_flight: None,
            in_flight_reset: true,
            reset_header: ResetHeader::default(),
            reset_path: ResetPath::default(),
            email_matching: EmailMatching::default(),
            users_null: false,
            refuse_password: false,
            faults: BTreeMap::new(),
            seed: 0,
            stall_ms: 60_000,
            drip_ms: 100,
            script: Vec::new(),
        }
    }
}

/// An option that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("option {option}: {problem}")]
pub struct OptionError {
    /// The option's name in JSON.
    pub option: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

impl OptionError {
    fn new(option: &str, problem: &str) -> Self {
        Self { option: option.to_owned(), problem: problem.to_owned() }
    }
}

/// The longest time an option may ask for: a day.
pub(crate) const LONGEST_MS: u64 = 86_400_000;

impl Options {
    /// Says what is wrong, if anything is.
    pub fn validate(&self) -> Result<(), OptionError> {
        let refuse = |option, problem| Err(OptionError::new(option, problem));
        if self.client_id.is_empty() {
            return refuse("client_id", "must not be empty");
        }
        if self.client_secret.is_empty() {
            return refuse("client_secret", "must not be empty");
        }
        if self.audience.as_deref() == Some("") {
            return refuse("audience", "must not be empty; leave it out for {url}/api");
        }
        if !(1..=31_536_000).contains(&self.token_lifetime) {
            return refuse("token_lifetime", "must be 1 to 31536000 seconds");
        }
        if self
            .scopes
            .iter()
            .any(|scope| scope.is_empty() || scope.chars().any(|c| c.is_whitespace() || c == ','))
        {
            return refuse("scopes", "must be names such as read:users");
        }
        for (option, value) in [
            ("limit_per_minute", self.limit_per_minute),
            ("limit_burst", self.limit_burst),
            ("max_in_flight", self.max_in_flight),
        ] {
            if value == Some(0) {
                return refuse(option, "must be at least 1; leave it out for no limit");
            }
        }
        for (option, value) in
            [("latency_ms", self.latency_ms), ("stall_ms", self.stall_ms), ("drip_ms", self.drip_ms)]
        {
            if value > LONGEST_MS {
                return refuse(option, "must be at most 86400000, which is a day");
            }
        }
        if self.faults.values().any(|share| !(0.0..=1.0).contains(share)) {
            return refuse("faults", "a share must be a number from 0 to 1");
        }
        // A little over 1 is what adding ten shares of 0.1 gives.
        if self.faults.values().sum::<f64>() > 1.0 + 1e-9 {
            return refuse("faults", "the shares add up to more than 1");
        }
        for scripted in &self.script {
            if let Fault::Raw(raw) = &scripted.fault
                && let Some(problem) = raw.problem()
            {
                return refuse("script", problem);
            }
        }
        Ok(())
    }

    /// These options with those of `changes` laid over them.
    pub fn with(&self, changes: &Map<String, Value>) -> Result<Self, OptionError> {
        let wrong = |error: serde_json::Error| OptionError::new("options", &error.to_string());
        let mut merged = match serde_json::to_value(self).map_err(wrong)? {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        for (name, value) in changes {
            // One at a time, so that the message can name the option whose value is wrong.
            let mut single = Map::new();
            single.insert(name.clone(), value.clone());
            serde_json::from_value::<Self>(Value::Object(single))
                .map_err(|error| OptionError::new(name, &error.to_string()))?;
            merged.insert(name.clone(), value.clone());
        }
        let options: Self = serde_json::from_value(Value::Object(merged)).map_err(wrong)?;
        options.validate()?;
        Ok(options)
    }
}

/// Splits a list of scopes written as one text.
pub fn split_scopes(text: &str) -> Vec<String> {
    text.split([',', ' ']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

fn list_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum ListOrText {
        List(Vec<String>),
        Text(String),
    }
    match ListOrText::deserialize(deserializer) {
        Ok(ListOrText::List(list)) => Ok(list),
        Ok(ListOrText::Text(text)) => Ok(split_scopes(&text)),
        Err(_) => Err(D::Error::custom("must be a list of names, or one text with commas or spaces")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(changes: Value) -> Result<Options, OptionError> {
        let Value::Object(changes) = changes else { panic!("not an object") };
        Options::default().with(&changes)
    }

    #[test]
    fn changes_are_laid_over() {
        let options = with(json!({
            "latency_ms": 5, "scopes": "read:users,create:users", "limit_model": "gcra",
            "limit_per_minute": 60, "faults": {"error_500": 0.5},
            "script": [{"call": "create", "nth": 1, "fault": "reset_after"}],
        }))
        .unwrap();
        assert_eq!(options.latency_ms, 5);
        assert_eq!(options.scopes, ["read:users", "create:users"]);
        assert_eq!(options.limit_per_minute, Some(60));
        assert_eq!(options.client_id, Options::default().client_id);
        let back = options.with(json!({"limit_per_minute": null}).as_object().unwrap()).unwrap();
        assert_eq!(back.limit_per_minute, None);
        assert_eq!(back.script, options.script);
    }

    #[test]
    fn the_readme_tells_of_every_option_and_shows_a_script_that_works() {
        let readme = include_str!("../README.md");
        let Value::Object(all) = serde_json::to_value(Options::default()).unwrap() else {
            panic!("not an object")
        };
        for name in all.keys() {
            assert!(readme.contains(&format!("`{name}`")), "{name}");
        }
        let script = readme.split("```json").nth(1).unwrap().split("```").next().unwrap();
        let script: Value = serde_json::from_str(script).unwrap();
        assert_eq!(with(json!({ "script": script })).unwrap().script.len(), 2);
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (changes, option) in [
            (json!({"latency": 5}), "latency"),
            (json!({"latency_ms": "5"}), "latency_ms"),
            (json!({"latency_ms": -1}), "latency_ms"),
            (json!({"limit_per_minute": 0}), "limit_per_minute"),
            (json!({"limit_model": "leaky"}), "limit_model"),
            (json!({"faults": {"error_418": 0.1}}), "faults"),
            (json!({"faults": {"error_500": 1.5}}), "faults"),
            (json!({"faults": {"error_500": 0.6, "html": 0.6}}), "faults"),
            (json!({"script": [{"call": "creat", "fault": "html"}]}), "script"),
            (json!({"script": [{"call": "create", "fault": {"status": 42}}]}), "script"),
            (json!({"script": [{"call": "create", "fault": "html", "when": 1}]}), "script"),
            (json!({"script": [{"call": "create", "nth": 0, "fault": "html"}]}), "script"),
            (json!({"script": [{"call": "create", "nth": "some", "fault": "html"}]}), "script"),
            (json!({"script": [{"call": "create", "fault": 500}]}), "script"),
            (json!({"script": [{"call": "create", "fault": {"status": 429, "reset": "\n"}}]}), "script"),
            (
                json!({"script": [{"call": "create", "fault": {"status": 429, "headers": {"a b": "c"}}}]}),
                "script",
            ),
            (
                json!({"script": [{"call": "create", "fault": {"status": 429, "headers": {"content-length": "1"}}}]}),
                "script",
            ),
            (json!({"scopes": 3}), "scopes"),
            (json!({"scopes": ["a b"]}), "scopes"),
            (json!({"token_lifetime": 0}), "token_lifetime"),
            (json!({"client_secret": ""}), "client_secret"),
        ] {
            let error = with(changes.clone()).unwrap_err();
            assert_eq!(error.option, option, "{changes}: {error}");
        }
    }
}
