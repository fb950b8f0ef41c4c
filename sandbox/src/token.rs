//! The token endpoint: client credentials in, a signed JWT out.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use hyper::StatusCode;
use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use serde_json::json;
use sha2::Sha256;

use crate::answer::Answer;
use crate::clock;
use crate::options::Options;
use crate::query::{self, BadForm};

/// Every token that is good, and what signs them.
#[derive(Debug)]
pub(crate) struct Tokens {
    key: [u8; 32],
    issued: HashMap<String, Grant>,
    /// Expired ones are swept when the table has grown to this size.
    sweep_at: usize,
}

/// What a token allows, and until when.
#[derive(Debug)]
struct Grant {
    expires: Instant,
    scopes: Vec<String>,
}

/// Why a token does not let a call through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// No token, an unknown one, a revoked or an expired one.
    Unauthorised,
    /// A good token without the scope.
    Scope,
}

impl Tokens {
    /// No tokens yet, and a signing key that nobody else has.
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self { key, issued: HashMap::new(), sweep_at: 1024 })
    }

    /// Makes every token bad.
    pub(crate) fn revoke_all(&mut self) {
        self.issued.clear();
    }

    /// Lets the bearer of a header through, or not.
    pub(crate) fn admit(&self, authorization: Option<&HeaderValue>, scope: &str) -> Result<(), Denied> {
        let grant = authorization
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .and_then(|(_, token)| self.issued.get(token))
            .filter(|grant| Instant::now() < grant.expires)
            .ok_or(Denied::Unauthorised)?;
        if grant.scopes.iter().any(|granted| granted == scope) { Ok(()) } else { Err(Denied::Scope) }
    }

    /// Answers a call to the token endpoint.
    pub(crate) fn answer(
        &mut self,
        options: &Options,
        url: &str,
        content_type: Option<&HeaderValue>,
        body: &[u8],
    ) -> Answer {
        match self.grant(options, url, content_type, body) {
            Ok(answer) => answer,
            Err((status, error, description)) => Answer::oauth_error(status, error, &description),
        }
    }

    fn grant(
        &mut self,
        options: &Options,
        url: &str,
        content_type: Option<&HeaderValue>,
        body: &[u8],
    ) -> Result<Answer, (StatusCode, &'static str, String)> {
        let invalid =
            |description: &str| (StatusCode::BAD_REQUEST, "invalid_request", description.to_owned());
        if !is_media_type(content_type, "application/x-www-form-urlencoded") {
            return Err(invalid("the body must be application/x-www-form-urlencoded"));
        }
        let text = std::str::from_utf8(body).map_err(|_| invalid("the body is not UTF-8"))?;
        let form = query::parse(text).map_err(|bad| match bad {
            BadForm::Encoding => invalid("the body is not form-encoded"),
            BadForm::Repeated(name) => invalid(&format!("{name} must not be repeated")),
        })?;
        let field = |name: &str| {
            form.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| &**value)
        };
        match field("grant_type") {
            Some("client_credentials") => {}
            Some(_) => {
                return Err((
                    StatusCode::BAD_REQUEST,
                    "unsupported_grant_type",
                    "grant_type must be client_credentials".to_owned(),
                ));
            }
            None => return Err(invalid("grant_type is missing")),
        }
        if field("client_id") != Some(&options.client_id)
            || field("client_secret") != Some(&options.client_secret)
        {
            return Err((
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                "client authentication failed: unknown client, or wrong secret".to_owned(),
            ));
        }
        let audience = field("audience").ok_or_else(|| invalid("audience is missing"))?;
        if !is_audience(options, url, audience) {
            return Err((
                StatusCode::FORBIDDEN,
                "insufficient_scope",
                "the client has not been granted this audience".to_owned(),
            ));
        }
        let scopes = match field("scope") {
            None => options.scopes.clone(),
            Some(asked) => {
                let asked: Vec<String> = asked.split_whitespace().map(str::to_owned).collect();
                if !asked.iter().all(|scope| options.scopes.contains(scope)) {
                    return Err((
                        StatusCode::BAD_REQUEST,
                        "invalid_scope",
                        "the client has not been granted all of these scopes".to_owned(),
                    ));
                }
                asked
            }
        };
        self.issue(options, url, audience, scopes).ok_or_else(|| {
            (StatusCode::INTERNAL_SERVER_ERROR, "server_error", "no random bytes could be had".to_owned())
        })
    }

    fn issue(&mut self, options: &Options, url: &str, audience: &str, scopes: Vec<String>) -> Option<Answer> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).ok()?;
        let issued_at = clock::now_micros() / 1_000_000;
        let lifetime = options.token_lifetime;
        let header = json!({"alg": "HS256", "kid": "sandbox", "typ": "JWT"});
        let scope = scopes.join(" ");
        let payload = json!({
            "aud": [audience],
            "azp": options.client_id,
            "exp": issued_at.saturating_add_unsigned(lifetime),
            "gty": ["client_credentials"],
            "iat": issued_at,
            "iss": url,
            "jti": hex::encode(id),
            "scope": scope,
            "scp": scopes,
            "v": "2",
        });
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(payload.to_string())
        );
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(signed.as_bytes());
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
        self.sweep();
        let expires = Instant::now() + Duration::from_secs(lifetime);
        self.issued.insert(token.clone(), Grant { expires, scopes });
        Some(Answer::ok(&json!({
            "access_token": token,
            "expires_in": lifetime,
            "scope": scope,
            "token_type": "Bearer",
        })))
    }

    fn sweep(&mut self) {
        if self.issued.len() >= self.sweep_at {
            let now = Instant::now();
            self.issued.retain(|_, grant| now < grant.expires);
            self.sweep_at = (self.issued.len() * 2).max(1024);
        }
    }
}

impl Denied {
    /// The answer to a call that was not let through.
    pub(crate) fn answer(self, scope: &str) -> Answer {
        match self {
            Self::Unauthorised => Answer::error(
                StatusCode::UNAUTHORIZED,
                "TOKEN_INVALID",
                "the access token is missing, unknown, revoked or expired",
            )
            .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\"")),
            Self::Scope => Answer::error(
                StatusCode::FORBIDDEN,
                "INSUFFICIENT_SCOPE",
                &format!("the access token lacks the scope {scope}"),
            ),
        }
    }
}

/// Whether the media type of a header is that one, whatever its parameters.
pub(crate) fn is_media_type(header: Option<&HeaderValue>, expected: &str) -> bool {
    header
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(expected))
}

/// Without an audience of its own, the sandbox goes by either of its names.
fn is_audience(options: &Options, url: &str, asked: &str) -> bool {
    match &options.audience {
        Some(audience) => asked == audience,
        None => asked
            .strip_suffix("/api")
            .is_some_and(|base| base == url || base == url.replace("127.0.0.1", "localhost")),
    }
}
