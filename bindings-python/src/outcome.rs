//! `Outcome`.

use std::borrow::Cow;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::error;
use crate::guard::guard;

/// The answer of a verb. Applications may make their own, for their tests.
#[pyclass(frozen, eq, hash, module = "kinde_migrate")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Outcome {
    /// What became of it.
    #[pyo3(get)]
    status: Cow<'static, str>,
    /// The user's id in Kinde, where it is known.
    #[pyo3(get)]
    kinde_id: Option<String>,
    /// How many calls of Kinde's Management API were made, repeats included, the token's not.
    #[pyo3(get)]
    calls: u32,
    /// The code of why, for `queued`, `skipped` and `rejected`.
    #[pyo3(get)]
    reason: Option<Cow<'static, str>>,
    /// The reason in words, with what to do about it. It shows no secret and no e-mail.
    #[pyo3(get)]
    message: Option<String>,
    /// Of `queued`: whether the work outlives this process and the host's next start. `False` where it is
    /// held in memory or in a folder for temporary files. `True` for every other status.
    #[pyo3(get)]
    durable: bool,
    notices: Vec<FieldNotice>,
}

/// `{"code": ..., "field": ...}` in Python.
#[derive(PartialEq, Eq, Hash)]
struct FieldNotice {
    code: Cow<'static, str>,
    field: Cow<'static, str>,
}

impl From<kinde_migrate::Outcome> for Outcome {
    fn from(core: kinde_migrate::Outcome) -> Self {
        Outcome {
            status: core.status.as_str().into(),
            kinde_id: core.kinde_id,
            calls: core.calls,
            reason: core.reason.map(|code| code.as_str().into()),
            message: core.message,
            durable: core.durable,
            notices: core
                .notices
                .into_iter()
                .map(|notice| FieldNotice { code: notice.code.as_str().into(), field: notice.field.into() })
                .collect(),
        }
    }
}

#[pymethods]
impl Outcome {
    #[classattr]
    fn __match_args__(py: Python<'_>) -> PyResult<Py<PyTuple>> {
        guard(|| {
            let names = ["status", "kinde_id", "calls", "reason", "message", "durable", "notices"];
            Ok(PyTuple::new(py, names)?.unbind())
        })
    }

    #[new]
    #[pyo3(signature = (status, kinde_id=None, calls=0, reason=None, message=None, durable=true, notices=None))]
    fn new(
        status: String,
        kinde_id: Option<String>,
        calls: u32,
        reason: Option<String>,
        message: Option<String>,
        durable: bool,
        notices: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        guard(|| {
            Ok(Outcome {
                status: status.into(),
                kinde_id,
                calls,
                reason: reason.map(Cow::from),
                message,
                durable,
                notices: notices.map_or_else(|| Ok(Vec::new()), read_notices)?,
            })
        })
    }

    /// What was done to the user's fields on the way: none of it stopped the password.
    #[getter]
    fn notices<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        guard(|| {
            let notice = |notice: &FieldNotice| {
                let shown = PyDict::new(py);
                shown.set_item("code", &*notice.code)?;
                shown.set_item("field", &*notice.field)?;
                Ok(shown)
            };
            self.notices.iter().map(notice).collect()
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
            out += &format!(", calls={}", self.calls);
            if !self.durable {
                out += ", durable=False";
            }
            if !self.notices.is_empty() {
                out += &format!(", notices={}", self.notices(py)?.into_pyobject(py)?.repr()?);
            }
            Ok(out + ")")
        })
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        guard(|| {
            let Outcome { status, kinde_id, calls, reason, message, durable, .. } = slf.get();
            let (reason, notices) = (reason.as_deref(), slf.get().notices(slf.py())?);
            let fields = (status.as_ref(), kinde_id, calls, reason, message, durable, notices)
                .into_pyobject(slf.py())?;
            Ok((slf.get_type().into_any(), fields))
        })
    }
}

fn read_notices(notices: &Bound<'_, PyAny>) -> PyResult<Vec<FieldNotice>> {
    let read = |notice: PyResult<Bound<'_, PyAny>>| {
        let notice = notice?;
        let member = |name: &str| notice.get_item(name)?.extract::<String>();
        Ok(FieldNotice { code: member("code")?.into(), field: member("field")?.into() })
    };
    let refused = |_: PyErr| error::argument("notices is not a list of {\"code\": ..., \"field\": ...}");
    notices.try_iter().and_then(|notices| notices.map(read).collect()).map_err(refused)
}

fn py_repr(py: Python<'_>, text: &str) -> PyResult<String> {
    Ok(text.into_pyobject(py)?.repr()?.to_string_lossy().into_owned())
}
