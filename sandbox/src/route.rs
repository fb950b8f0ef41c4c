//! Which call a method and a path name.

use std::borrow::Cow;

use hyper::Method;

use crate::fault::CallKind;
use crate::options::ResetPath;
use crate::query::decode_segment;

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    Token,
    Check,
    Get,
    Create,
    SetPassword {
        id: Cow<'a, str>,
    },
    Identities {
        id: Cow<'a, str>,
    },
    /// The id is in the query unless it is in the path.
    Update {
        id: Option<Cow<'a, str>>,
    },
    /// The path is known and the method is not; the methods that are.
    WrongMethod {
        allow: &'static str,
    },
    Unknown,
}

impl<'a> Route<'a> {
    /// Reads a method and a path.
    pub(crate) fn of(method: &Method, path: &'a str, reset_path: ResetPath) -> Self {
        if path == "/oauth2/token" {
            return match *method {
                Method::POST => Self::Token,
                _ => Self::WrongMethod { allow: "POST" },
            };
        }
        let Some(rest) = path.strip_prefix("/api/v1/") else {
            return Self::Unknown;
        };
        match rest {
            "users" => match *method {
                Method::GET => Self::Check,
                _ => Self::WrongMethod { allow: "GET" },
            },
            "user" => match *method {
                Method::GET => Self::Get,
                Method::POST => Self::Create,
                Method::PATCH if reset_path != ResetPath::Guide => Self::Update { id: None },
                _ if reset_path == ResetPath::Guide => Self::WrongMethod { allow: "GET, POST" },
                _ => Self::WrongMethod { allow: "GET, POST, PATCH" },
            },
            _ => Self::of_user(method, rest, reset_path),
        }
    }

    fn of_user(method: &Method, rest: &'a str, reset_path: ResetPath) -> Self {
        let Some(rest) = rest.strip_prefix("users/") else {
            return Self::Unknown;
        };
        let (segment, tail) = match rest.split_once('/') {
            Some((segment, tail)) => (segment, Some(tail)),
            None => (rest, None),
        };
        let Some(id) = decode_segment(segment).ok().filter(|id| !id.is_empty()) else {
            return Self::Unknown;
        };
        match tail {
            Some("password") => match *method {
                Method::PUT => Self::SetPassword { id },
                _ => Self::WrongMethod { allow: "PUT" },
            },
            Some("identities") => match *method {
                Method::GET => Self::Identities { id },
                _ => Self::WrongMethod { allow: "GET" },
            },
            None if reset_path != ResetPath::Openapi => match *method {
                Method::PATCH => Self::Update { id: Some(id) },
                _ => Self::WrongMethod { allow: "PATCH" },
            },
            _ => Self::Unknown,
        }
    }

    /// Under which name the call is counted.
    pub(crate) fn kind(&self) -> CallKind {
        match self {
            Self::Token => CallKind::Token,
            Self::Check => CallKind::Check,
            Self::Create => CallKind::Create,
            Self::SetPassword { .. } => CallKind::SetPassword,
            Self::Update { .. } => CallKind::Reset,
            Self::Get | Self::Identities { .. } | Self::WrongMethod { .. } | Self::Unknown => CallKind::Other,
        }
    }

    /// The scope that the call needs.
    pub(crate) fn scope(&self) -> Option<&'static str> {
        match self {
            Self::Check | Self::Get => Some("read:users"),
            Self::Create => Some("create:users"),
            Self::Identities { .. } => Some("read:user_identities"),
            Self::SetPassword { .. } => Some("update:user_passwords"),
            Self::Update { .. } => Some("update:users"),
            Self::Token | Self::WrongMethod { .. } | Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route<'a>(method: &str, path: &'a str, reset_path: ResetPath) -> Route<'a> {
        Route::of(&method.parse().unwrap(), path, reset_path)
    }

    #[test]
    fn reads_the_calls() {
        let both = ResetPath::Both;
        assert_eq!(route("POST", "/oauth2/token", both), Route::Token);
        assert_eq!(route("GET", "/api/v1/users", both), Route::Check);
        assert_eq!(route("POST", "/api/v1/user", both), Route::Create);
        assert_eq!(
            route("PUT", "/api/v1/users/kp%5F1/password", both),
            Route::SetPassword { id: "kp_1".into() }
        );
        assert_eq!(
            route("GET", "/api/v1/users/kp_1/identities", both),
            Route::Identities { id: "kp_1".into() }
        );
        assert_eq!(route("PATCH", "/api/v1/users/kp_1", both), Route::Update { id: Some("kp_1".into()) });
        for path in ["/", "/api/v1", "/api/v1/users/", "/api/v1/users/a/b", "/api/v2/users"] {
            assert_eq!(route("GET", path, both), Route::Unknown, "{path}");
        }
    }

    #[test]
    fn one_of_the_reset_paths_can_be_missing() {
        assert_eq!(route("PATCH", "/api/v1/users/kp_1", ResetPath::Openapi), Route::Unknown);
        assert_eq!(
            route("PATCH", "/api/v1/user", ResetPath::Guide),
            Route::WrongMethod { allow: "GET, POST" }
        );
    }
}
