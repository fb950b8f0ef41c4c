//! `Credential`.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use zeroize::Zeroizing;

use crate::error;
use crate::fields::{each, keywords_only};
use crate::guard::guard;
use crate::text::text;

const CURE: &str =
    "Credential(password=...) for what the user typed, Credential(hash=...) for what the database holds";

/// A typed password, a stored hash, or both, with an optional version. It shows, compares and pickles
/// nothing of what it holds.
#[pyclass(frozen, module = "kinde_migrate")]
pub(crate) struct Credential {
    // Not the core's credential, which one call consumes and which cannot be copied.
    fields: Fields,
}

type Fields = Vec<(String, Zeroizing<Vec<u8>>)>;

#[pymethods]
impl Credential {
    #[new]
    #[pyo3(
        signature = (*args, **fields),
        text_signature = "(*, password=None, hash=None, format=None, extra=None, version=None)"
    )]
    fn new(args: &Bound<'_, PyTuple>, fields: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        guard(|| {
            keywords_only(args, CURE)?;
            let fields = fields.map_or_else(|| Ok(Fields::new()), |fields| collect(fields))?;
            // A name that does not exist is told here, not at the first sign-in.
            build(&fields)?;
            Ok(Credential { fields })
        })
    }

    fn __repr__(&self) -> String {
        let given: Vec<String> = self.fields.iter().map(|(name, _)| format!("{name}=...")).collect();
        format!("Credential({})", given.join(", "))
    }

    fn __reduce_ex__(&self, _protocol: &Bound<'_, PyAny>) -> PyResult<()> {
        guard(|| {
            let message = "a Credential is not pickled or copied: it holds a secret; hand over what identifies the user";
            Err(PyTypeError::new_err(message))
        })
    }
}

/// The core's credential of a `Credential`, a mapping or `None`.
pub(crate) fn credential(value: Option<&Bound<'_, PyAny>>) -> PyResult<kinde_migrate::Credential> {
    let Some(value) = value.filter(|value| !value.is_none()) else {
        return Ok(kinde_migrate::Credential::none());
    };
    if let Ok(credential) = value.cast::<Credential>() {
        return build(&credential.get().fields);
    }
    if value.is_instance_of::<PyString>() {
        return Err(error::argument(format!("credential is a str, which may be either: pass {CURE}")));
    }
    build(&collect(value)?)
}

fn build(fields: &Fields) -> PyResult<kinde_migrate::Credential> {
    let mut core = kinde_migrate::Credential::none();
    for (name, value) in fields {
        core.set(name, value).map_err(error::raise)?;
    }
    Ok(core)
}

fn collect(source: &Bound<'_, PyAny>) -> PyResult<Fields> {
    let mut fields = Fields::new();
    each("credential", source, |name, value| {
        if name == "extra" {
            return each("credential's extra", value, |name, value| {
                let name = format!("extra.{name}");
                let value = text(&name, value)?;
                fields.push((name, value));
                Ok(())
            });
        }
        fields.push((name.to_owned(), text(name, value)?));
        Ok(())
    })?;
    Ok(fields)
}
