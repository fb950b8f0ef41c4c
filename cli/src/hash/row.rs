//! One stored hash as a JSON object, and the line that it stands in.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::error::Category;
use serde_json::{Map, Value};

/// `{"stored_hash": …, "format": …, "extra": {…}}`. Other members are left alone.
#[derive(Default, Deserialize)]
pub(super) struct Row<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(super) stored_hash: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "name")]
    pub(super) format: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) extra: Value,
    /// The row's own name, handed through.
    #[serde(default)]
    pub(super) id: Value,
}

impl Row<'_> {
    /// Reads a line, or says what is wrong with it. Nothing of the line is repeated: it may be a hash.
    pub(super) fn read(line: &[u8]) -> Result<Row<'_>, String> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Err("is empty".to_owned());
        }
        if std::str::from_utf8(line).is_err() {
            return Err("is not valid UTF-8".to_owned());
        }
        const SHAPE: &str =
            "is not an object with a text `stored_hash`, and perhaps a text `format` and an object `extra`";
        // Serde would take an array's elements for the members.
        if line.trim_ascii_start().starts_with(b"[") {
            return Err(SHAPE.to_owned());
        }
        serde_json::from_slice(line).map_err(|error| match error.classify() {
            Category::Data => SHAPE.to_owned(),
            _ => format!("is not JSON (column {})", error.column()),
        })
    }
}

impl Row<'_> {
    /// The same for a survey: the hash may have another name, what stands beside it may be members of their own, and a row
    /// without the hash has none.
    pub(super) fn named(
        line: &[u8],
        name: &str,
        beside: &[(String, String)],
    ) -> Result<Row<'static>, String> {
        let mut members: Map<String, Value> =
            serde_json::from_slice(line).map_err(|error| match error.classify() {
                Category::Data => "is not a JSON object".to_owned(),
                _ if line.iter().all(u8::is_ascii_whitespace) => "is empty".to_owned(),
                _ => format!("is not JSON (column {})", error.column()),
            })?;
        let text = |value: Option<Value>| match value {
            Some(Value::String(text)) => Ok(Some(text.into())),
            None | Some(Value::Null) => Ok(None),
            Some(_) => Err("has a member of a wrong type".to_owned()),
        };
        let mut extra = match members.remove("extra").unwrap_or_default() {
            Value::Null => Map::new(),
            Value::Object(extra) => extra,
            _ => return Err("has a member of a wrong type".to_owned()),
        };
        for (name, member) in beside {
            extra.extend(members.get(member).map(|value| (name.clone(), value.clone())));
        }
        Ok(Row {
            stored_hash: text(members.remove(name))?.unwrap_or_default(),
            format: text(members.remove("format"))?,
            extra: if extra.is_empty() { Value::Null } else { Value::Object(extra) },
            id: Value::Null,
        })
    }
}

/// A column may hold NULL: nothing is stored.
fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, str>, D::Error> {
    Ok(name(deserializer)?.unwrap_or_default())
}

/// Borrowed where the line holds it as it is; serde's own `Option<Cow>` would copy.
fn name<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    Ok(Option::<Text<'de>>::deserialize(deserializer)?.map(|text| text.0))
}
