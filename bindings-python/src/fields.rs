//! Keywords and mappings, one field at a time.

use kinde_migrate::{Code, Error};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString, PyTuple};

use crate::error;
use crate::text::kind;

/// Hands every field of a mapping that is not `None` to `set`. `what` is how messages call the mapping.
pub(crate) fn each(
    what: &str,
    source: &Bound<'_, PyAny>,
    mut set: impl FnMut(&str, &Bound<'_, PyAny>) -> PyResult<()>,
) -> PyResult<()> {
    let mut one = |name: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>| {
        let Ok(name) = name.cast::<PyString>() else {
            return Err(error::argument(format!("{what} has a key {}; its keys are str", kind(name))));
        };
        if value.is_none() {
            return Ok(());
        }
        set(&name.to_string_lossy(), value)
    };
    // A subclass may mean something else by its items than what it stores (Django's QueryDict does).
    if let Ok(dict) = source.cast_exact::<PyDict>() {
        return dict.iter().try_for_each(|(name, value)| one(&name, &value));
    }
    let mapping = source.cast::<PyMapping>().map_err(|_| {
        error::argument(format!(
            "{what} is {}; pass {what_class}(...) or a mapping",
            kind(source),
            what_class = class(what)
        ))
    })?;
    for item in mapping.items()?.iter() {
        let (name, value) = item.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
        one(&name, &value)?;
    }
    Ok(())
}

/// Refuses positional arguments where only keywords make the meaning plain.
pub(crate) fn keywords_only(args: &Bound<'_, PyTuple>, cure: &str) -> PyResult<()> {
    match args.is_empty() {
        true => Ok(()),
        false => Err(error::argument(format!("only keywords are taken: {cure}"))),
    }
}

/// An argument that must be given.
pub(crate) fn missing(message: &str) -> PyErr {
    error::raise(Error::new(Code::ArgumentMissing, message))
}

fn class(what: &str) -> &'static str {
    if what.contains("user") { "User" } else { "Credential" }
}
