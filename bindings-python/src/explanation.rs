//! What is known of a stored hash.

use std::borrow::Cow;
use std::collections::BTreeMap;

use kinde_migrate::{Credential, Error};
use pyo3::prelude::*;
use serde_json::Value;

use crate::error;
use crate::fields::{each, missing};
use crate::guard::guard;
use crate::text::{setting, text};

/// The answer of `explain_hash` and `require_importable`.
#[pyclass(frozen, eq, get_all, module = "kinde_migrate")]
#[derive(PartialEq)]
pub(crate) struct Explanation {
    /// The format that was named, or that the value can only be.
    format: Option<&'static str>,
    /// Every format that writes such a value, by its shape alone.
    candidates: Vec<&'static str>,
    /// The applications which write this format.
    applications: Option<&'static str>,
    /// Whether it can be carried over as it stands, with the guesses that are allowed.
    importable: bool,
    /// How sure that is; `None` where the format is not known.
    confidence: Option<&'static str>,
    /// What would be sent, its secret parts masked.
    kinde: Option<BTreeMap<String, Field>>,
    /// Only the dashboard's import file takes it, and no verb does.
    import_file_only: bool,
    /// Why it is not importable, as in `hash_not_importable`.
    code: Option<&'static str>,
    /// The same in words.
    reason: Option<Cow<'static, str>>,
    /// What to do instead.
    advice: Option<Cow<'static, str>>,
    /// What to test before the rest is imported.
    test_first: Option<&'static str>,
    /// What can be wrong although nothing in the value shows it.
    traps: Vec<&'static str>,
    /// What a known password has shown of this value: `none`, since nothing is tried here.
    proven: &'static str,
    /// What was taken off before the value could be read: quotes, a byte order mark, padding.
    notices: Vec<&'static str>,
}

#[derive(Clone, PartialEq, IntoPyObject)]
enum Field {
    Number(u64),
    Text(String),
}

impl From<kinde_migrate::Explanation> for Explanation {
    fn from(core: kinde_migrate::Explanation) -> Self {
        let kinde = core.kinde.and_then(|masked| match serde_json::to_value(masked) {
            Ok(Value::Object(fields)) => Some(fields.into_iter().map(|(name, value)| (name, value.into()))),
            _ => None,
        });
        Explanation {
            format: core.format,
            candidates: core.candidates,
            applications: core.applications,
            importable: core.importable,
            confidence: core.confidence.map(|confidence| confidence.as_str()),
            kinde: kinde.map(Iterator::collect),
            import_file_only: core.import_file_only,
            code: core.code,
            reason: core.reason,
            advice: core.advice,
            test_first: core.test_first,
            traps: core.traps,
            proven: core.proven.as_str(),
            notices: core.notices,
        }
    }
}

impl From<Value> for Field {
    fn from(value: Value) -> Self {
        match (value.as_u64(), value) {
            (Some(number), _) => Field::Number(number),
            (None, Value::String(text)) => Field::Text(text),
            (None, other) => Field::Text(other.to_string()),
        }
    }
}

#[pymethods]
impl Explanation {
    fn __repr__(&self) -> String {
        let quoted = |text: Option<&str>| text.map_or_else(|| "None".to_owned(), |text| format!("'{text}'"));
        let importable = if self.importable { "True" } else { "False" };
        let (format, code) = (quoted(self.format), quoted(self.code));
        format!("Explanation(format={format}, importable={importable}, code={code})")
    }
}

/// What is known of a stored hash. It raises for misuse only.
#[pyfunction]
#[pyo3(signature = (stored, format=None, extra=None, allow_guesses=None))]
pub(crate) fn explain_hash(
    stored: &Bound<'_, PyAny>,
    format: Option<&Bound<'_, PyAny>>,
    extra: Option<&Bound<'_, PyAny>>,
    allow_guesses: Option<&Bound<'_, PyAny>>,
) -> PyResult<Explanation> {
    guard(|| explain(stored, format, extra, allow_guesses, Credential::explain_hash))
}

/// The same, but it raises `HashNotImportableError` for a hash that no verb would carry over.
#[pyfunction]
#[pyo3(signature = (stored, format=None, extra=None, allow_guesses=None))]
pub(crate) fn require_importable(
    stored: &Bound<'_, PyAny>,
    format: Option<&Bound<'_, PyAny>>,
    extra: Option<&Bound<'_, PyAny>>,
    allow_guesses: Option<&Bound<'_, PyAny>>,
) -> PyResult<Explanation> {
    guard(|| explain(stored, format, extra, allow_guesses, Credential::require_importable))
}

fn explain(
    stored: &Bound<'_, PyAny>,
    format: Option<&Bound<'_, PyAny>>,
    extra: Option<&Bound<'_, PyAny>>,
    allow_guesses: Option<&Bound<'_, PyAny>>,
    how: impl FnOnce(&Credential, &str) -> Result<kinde_migrate::Explanation, Error>,
) -> PyResult<Explanation> {
    if stored.is_none() {
        return Err(missing("stored is None; pass the hash as the database holds it"));
    }
    let mut credential = Credential::hash(&*text("stored", stored)?);
    if let Some(format) = format {
        credential.set("format", &*text("format", format)?).map_err(error::raise)?;
    }
    if let Some(extra) = extra {
        each("extra", extra, |name, value| {
            let name = format!("extra.{name}");
            credential.set(&name, &*text(&name, value)?).map_err(error::raise)
        })?;
    }
    let guesses = allow_guesses.map(|guesses| setting("allow_guesses", guesses)).transpose()?;
    let explained = how(&credential, guesses.as_deref().map_or("", String::as_str)).map_err(error::raise)?;
    Ok(explained.into())
}
