//! `Outcome`.

use std::borrow::Cow;

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::guard::guard;

/// The answer of a verb. Applications may make their own, for their tests.
#[pyclass(frozen, eq, hash, get_all, module = "kinde_migrate")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Outcome {
    status: Cow<'static, str>,
    kinde_id: Option<String>,
    calls: u32,
    reason: Option<Cow<'static, str>>,
    message: Option<String>,
}

impl From<kinde_migrate::Outcome> for Outcome {
    fn from(core: kinde_migrate::Outcome) -> Self {
        Outcome {
            status: core.status.as_str().into(),
            kinde_id: core.kinde_id,
            calls: core.calls,
            reason: core.reason.map(|code| code.as_str().into()),
            message: core.message,
        }
    }
}

#[pymethods]
impl Outcome {
    #[classattr]
    fn __match_args__() -> (&'static str, &'static str, &'static str, &'static str, &'static str) {
        ("status", "kinde_id", "calls", "reason", "message")
    }

    #[new]
    #[pyo3(signature = (status, kinde_id=None, calls=0, reason=None, message=None))]
    fn new(
        status: String,
        kinde_id: Option<String>,
        calls: u32,
        reason: Option<String>,
        message: Option<String>,
    ) -> PyResult<Self> {
        guard(|| {
            Ok(Outcome { status: status.into(), kinde_id, calls, reason: reason.map(Cow::from), message })
        })
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        guard(|| {
            let mut out = format!("Outcome(status={}", py_repr(py, &self.status)?);
            for (name, value) in [
                ("kinde_id", self.kinde_id.as_deref()),
                ("reason", self.reason.as_deref()),
                ("message", self.message.as_deref()),
            ] {
                if let Some(value) = value {
                    out += &format!(", {name}={}", py_repr(py, value)?);
                }
            }
            Ok(out + &format!(", calls={})", self.calls))
        })
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        guard(|| {
            let Outcome { status, kinde_id, calls, reason, message } = slf.get();
            let fields =
                (status.as_ref(), kinde_id, calls, reason.as_deref(), message).into_pyobject(slf.py())?;
            Ok((slf.get_type().into_any(), fields))
        })
    }
}

fn py_repr(py: Python<'_>, text: &str) -> PyResult<String> {
    Ok(text.into_pyobject(py)?.repr()?.to_string_lossy().into_owned())
}
