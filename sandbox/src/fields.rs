//! A JSON object taken apart field by field: every field known, every type exact.
//!
//! Messages name the field and the type it must have and never repeat a value, since a value may
//! be a password.

use serde_json::{Map, Value};

use crate::answer::Refusal;

/// The fields of an object that have not been taken yet.
#[derive(Debug)]
pub(crate) struct Fields {
    map: Map<String, Value>,
    /// What stands before a field's name in a message: empty, or `profile.`
    prefix: String,
}

impl Fields {
    /// Reads a body that must be an object.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(map)) => Ok(Self::of(map, "")),
            Ok(_) => Err(Refusal::bad("INVALID_BODY", "the body must be a JSON object")),
            Err(error) => Err(Refusal::bad(
                "INVALID_JSON",
                format!("the body is not valid JSON (line {}, column {})", error.line(), error.column()),
            )),
        }
    }

    /// The fields of an object at hand.
    pub(crate) fn of(map: Map<String, Value>, prefix: &str) -> Self {
        Self { map, prefix: prefix.to_owned() }
    }

    /// Whether a field is there and not taken yet.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// Takes a text.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self.map.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong_type(name, "a string")),
        }
    }

    /// Takes a truth value.
    pub(crate) fn boolean(&mut self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.map.remove(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(_) => Err(self.wrong_type(name, "a boolean")),
        }
    }

    /// Takes a whole number.
    pub(crate) fn integer(&mut self, name: &str) -> Result<Option<i64>, Refusal> {
        match self.map.remove(name) {
            None => Ok(None),
            Some(value) => match value.as_i64() {
                Some(number) => Ok(Some(number)),
                None => Err(self.wrong_type(name, "an integer")),
            },
        }
    }

    /// Takes an object.
    pub(crate) fn object(&mut self, name: &str) -> Result<Option<Self>, Refusal> {
        match self.map.remove(name) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Self::of(map, &format!("{}{name}.", self.prefix)))),
            Some(_) => Err(self.wrong_type(name, "an object")),
        }
    }

    /// Takes a list of objects.
    pub(crate) fn objects(&mut self, name: &str) -> Result<Vec<Self>, Refusal> {
        match self.map.remove(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => list
                .into_iter()
                .enumerate()
                .map(|(index, item)| match item {
                    Value::Object(map) => Ok(Self::of(map, &format!("{}{name}[{index}].", self.prefix))),
                    _ => Err(self.wrong_type(&format!("{name}[{index}]"), "an object")),
                })
                .collect(),
            Some(_) => Err(self.wrong_type(name, "an array")),
        }
    }

    /// Refuses whatever has not been taken.
    pub(crate) fn finish(self) -> Result<(), Refusal> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(name) => Err(Refusal::bad(
                "UNKNOWN_FIELD",
                format!("{}{name} is not a field that is known here", self.prefix),
            )),
        }
    }

    /// The refusal of a field's value.
    pub(crate) fn refuse(&self, name: &str, must: &str) -> Refusal {
        Refusal::bad("INVALID_FIELD", format!("{}{name} {must}", self.prefix))
    }

    fn wrong_type(&self, name: &str, expected: &str) -> Refusal {
        Refusal::bad("INVALID_TYPE", format!("{}{name} must be {expected}", self.prefix))
    }
}
