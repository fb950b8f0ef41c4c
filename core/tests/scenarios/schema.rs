//! As much of JSON Schema as `schema.json` uses. A rule that is not known here is a fault, so that none is
//! passed over.

use serde_json::{Map, Value};

/// What is wrong with a value, each with its place.
pub(crate) fn faults(rules: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    Check { root: rules, faults: &mut faults }.against(rules, value, "");
    faults
}

struct Check<'a> {
    root: &'a Value,
    faults: &'a mut Vec<String>,
}

impl Check<'_> {
    fn against(&mut self, rules: &Value, value: &Value, place: &str) {
        for (rule, wanted) in rules.as_object().unwrap() {
            let good = match rule.as_str() {
                "$schema" | "$defs" | "title" | "description" | "additionalProperties" => true,
                "$ref" => {
                    let target = self.root.pointer(wanted.as_str().unwrap().trim_start_matches('#'));
                    self.against(target.unwrap(), value, place);
                    true
                }
                "type" => match wanted {
                    Value::Array(types) => types.iter().any(|wanted| is_a(value, wanted)),
                    wanted => is_a(value, wanted),
                },
                "const" => value == wanted,
                "enum" => wanted.as_array().unwrap().contains(value),
                "minLength" => value.as_str().is_none_or(|text| text.chars().count() >= size(wanted)),
                "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().unwrap()),
                "minItems" => value.as_array().is_none_or(|items| items.len() >= size(wanted)),
                "pattern" => {
                    assert_eq!(wanted, "^[a-z0-9_]+$", "the one pattern that is known here");
                    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
                    value.as_str().is_none_or(|text| !text.is_empty() && text.chars().all(plain))
                }
                "required" => value.as_object().is_none_or(|object| {
                    wanted.as_array().unwrap().iter().all(|name| object.contains_key(name.as_str().unwrap()))
                }),
                "items" => {
                    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.against(wanted, item, &format!("{place}/{number}"));
                    }
                    true
                }
                "properties" => {
                    let others = rules.get("additionalProperties");
                    self.members(wanted.as_object().unwrap(), others, value, place);
                    true
                }
                "oneOf" => self.one_of(wanted.as_array().unwrap(), value, place),
                other => panic!("schema.json has the rule {other}, which is not known here"),
            };
            if !good {
                self.faults.push(format!("{place}: {rule} should be {wanted}"));
            }
        }
        if rules.get("properties").is_none()
            && let Some(others) = rules.get("additionalProperties")
        {
            self.members(&Map::new(), Some(others), value, place);
        }
    }

    fn members(&mut self, known: &Map<String, Value>, others: Option<&Value>, value: &Value, place: &str) {
        for (name, member) in value.as_object().into_iter().flatten() {
            let place = format!("{place}/{name}");
            match (known.get(name), others) {
                (Some(rules), _) => self.against(rules, member, &place),
                (None, Some(Value::Bool(false))) => self.faults.push(format!("{place}: is not known")),
                (None, Some(rules @ Value::Object(_))) => self.against(rules, member, &place),
                (None, _) => {}
            }
        }
    }

    /// Where none fits, the one that comes nearest says why.
    fn one_of(&mut self, choices: &[Value], value: &Value, place: &str) -> bool {
        let mut tried: Vec<Vec<String>> = Vec::new();
        for rules in choices {
            let mut faults = Vec::new();
            Check { root: self.root, faults: &mut faults }.against(rules, value, place);
            tried.push(faults);
        }
        if tried.iter().filter(|faults| faults.is_empty()).count() == 1 {
            return true;
        }
        let nearest = tried.into_iter().filter(|faults| !faults.is_empty()).min_by_key(Vec::len);
        self.faults.extend(nearest.unwrap_or_default());
        false
    }
}

fn size(wanted: &Value) -> usize {
    usize::try_from(wanted.as_u64().unwrap()).unwrap()
}

fn is_a(value: &Value, wanted: &Value) -> bool {
    match wanted.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        other => panic!("schema.json has the type {other}, which is not known here"),
    }
}

#[test]
fn a_fault_is_found_and_placed() {
    let rules = serde_json::json!({
        "type": "object", "additionalProperties": false, "required": ["a"],
        "properties": { "a": { "oneOf": [{ "type": "integer", "minimum": 1 }, { "$ref": "#/$defs/text" }] } },
        "$defs": { "text": { "type": "string", "pattern": "^[a-z0-9_]+$" } },
    });
    for good in [serde_json::json!({ "a": 1 }), serde_json::json!({ "a": "x_1" })] {
        assert_eq!(faults(&rules, &good), [""; 0]);
    }
    for (bad, place) in [
        (serde_json::json!({}), ""),
        (serde_json::json!({ "a": 0 }), "/a"),
        (serde_json::json!({ "a": "X" }), "/a"),
        (serde_json::json!({ "a": 1, "b": 2 }), "/b"),
        (serde_json::json!([]), ""),
    ] {
        let found = faults(&rules, &bad);
        assert!(found.iter().any(|fault| fault.starts_with(&format!("{place}:"))), "{bad}: {found:?}");
    }
}
