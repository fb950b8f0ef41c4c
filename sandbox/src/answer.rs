//! Answers as values, before they become HTTP.

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

/// The media type of an answer.
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// A status, headers and a body.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// 200 with a JSON body.
    pub(crate) fn ok(body: &Value) -> Self {
        Self::json(StatusCode::OK, body)
    }

    /// A JSON body with any status.
    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self::json_bytes(status, body.to_string().into_bytes())
    }

    /// A JSON body that is already written.
    pub(crate) fn json_bytes(status: StatusCode, body: Vec<u8>) -> Self {
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(CONTENT_TYPE, JSON);
        Self { status, headers, body }
    }

    /// The documented errors body.
    pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Self {
        Self::json(status, &json!({"errors": [{"code": code, "message": message}]}))
    }

    /// The token endpoint's errors body, as RFC 6749 has it.
    pub(crate) fn oauth_error(status: StatusCode, error: &str, description: &str) -> Self {
        Self::json(status, &json!({"error": error, "error_description": description}))
    }

    /// The body documented for a route that does not exist: one error, not a list.
    pub(crate) fn no_route() -> Self {
        Self::json(
            StatusCode::NOT_FOUND,
            &json!({"errors": {
                "code": "ROUTE_NOT_FOUND",
                "message": "The requested API route does not exist",
            }}),
        )
    }

    /// The same answer with a header more.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

/// Why a call was refused: a code and a message that never repeats a value from the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Refusal {
    /// A 400.
    pub(crate) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message: message.into() }
    }

    /// The 404 for a user that is not there.
    pub(crate) fn no_user() -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: "USER_NOT_FOUND",
            message: "no user has this id".to_owned(),
        }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::error(refusal.status, refusal.code, &refusal.message)
    }
}
