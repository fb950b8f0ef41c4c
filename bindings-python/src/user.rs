//! `User`.

use kinde_migrate::USER_FIELDS;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::error;
use crate::fields::{each, keywords_only, missing};
use crate::guard::guard;
use crate::text::{flag, text};

const CURE: &str = "User(email=...)";

/// A user as the application knows them. All fields are keywords; `None` and an empty text count as not
/// given.
#[pyclass(frozen, module = "kinde_migrate")]
pub(crate) struct User {
    core: kinde_migrate::User,
}

#[pymethods]
impl User {
    #[new]
    #[pyo3(
        signature = (*args, **fields),
        text_signature = "(*, email=None, username=None, phone=None, phone_country_id=None, given_name=None, \
            family_name=None, picture=None, provided_id=None, email_verified=None, organization_code=None)"
    )]
    fn new(args: &Bound<'_, PyTuple>, fields: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        guard(|| {
            keywords_only(args, CURE)?;
            let core = fields.map_or_else(|| Ok(kinde_migrate::User::default()), |fields| collect(fields))?;
            Ok(User { core })
        })
    }

    /// E-mail address; compared without case.
    #[getter]
    fn email(&self) -> Option<&str> {
        self.core.email.as_deref()
    }

    /// User name; compared without case.
    #[getter]
    fn username(&self) -> Option<&str> {
        self.core.username.as_deref()
    }

    /// Phone number with its country code, as in `+61426148233`.
    #[getter]
    fn phone(&self) -> Option<&str> {
        self.core.phone.as_deref()
    }

    /// The country of the phone number, as in `au`.
    #[getter]
    fn phone_country_id(&self) -> Option<&str> {
        self.core.phone_country_id.as_deref()
    }

    /// First name.
    #[getter]
    fn given_name(&self) -> Option<&str> {
        self.core.given_name.as_deref()
    }

    /// Last name.
    #[getter]
    fn family_name(&self) -> Option<&str> {
        self.core.family_name.as_deref()
    }

    /// URL of a picture.
    #[getter]
    fn picture(&self) -> Option<&str> {
        self.core.picture.as_deref()
    }

    /// The user's id in the old system. It proves later that a Kinde user is this one.
    #[getter]
    fn provided_id(&self) -> Option<&str> {
        self.core.provided_id.as_deref()
    }

    /// Whether the old system knows the e-mail to be the user's own. Left out, Kinde decides.
    #[getter]
    fn email_verified(&self) -> Option<bool> {
        self.core.email_verified
    }

    /// The Kinde organisation that a new user joins.
    #[getter]
    fn organization_code(&self) -> Option<&str> {
        self.core.organization_code.as_deref()
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.texts() == other.texts() && self.core.email_verified == other.core.email_verified
    }

    /// Names the fields that are given and shows none of them: a repr ends up in logs.
    fn __repr__(&self) -> String {
        let texts = self.texts().into_iter().filter_map(|(name, value)| value.map(|_| name));
        let flag = self.core.email_verified.map(|_| "email_verified");
        let given: Vec<String> = texts.chain(flag).map(|name| format!("{name}=...")).collect();
        format!("User({})", given.join(", "))
    }
}

impl User {
    fn texts(&self) -> [(&'static str, Option<&str>); 9] {
        [
            ("email", self.email()),
            ("username", self.username()),
            ("phone", self.phone()),
            ("phone_country_id", self.phone_country_id()),
            ("given_name", self.given_name()),
            ("family_name", self.family_name()),
            ("picture", self.picture()),
            ("provided_id", self.provided_id()),
            ("organization_code", self.organization_code()),
        ]
    }
}

/// The core's user of a `User` or a mapping.
pub(crate) fn user(value: &Bound<'_, PyAny>) -> PyResult<kinde_migrate::User> {
    if let Ok(user) = value.cast::<User>() {
        return Ok(user.get().core.clone());
    }
    if value.is_none() {
        return Err(missing("user is None; pass User(email=...) or a mapping"));
    }
    if value.is_instance_of::<PyString>() {
        return Err(error::argument(format!("user is a str; pass {CURE} or {{\"email\": ...}}")));
    }
    collect(value)
}

fn collect(fields: &Bound<'_, PyAny>) -> PyResult<kinde_migrate::User> {
    let mut core = kinde_migrate::User::default();
    each("user", fields, |name, value| {
        let set = match name {
            "email_verified" => core.set(name, flag(name, value)?),
            // A field that does not exist is told before a value of the wrong type.
            _ if !USER_FIELDS.contains(&name) => core.set(name, ""),
            _ => core.set(name, text(name, value)?),
        };
        set.map_err(error::raise)
    })?;
    Ok(core)
}
