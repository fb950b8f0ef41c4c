//! The access token: kept, fetched anew before it ends or when Kinde answers 401, by one caller of one process of the
//! ledger while the others go on with the old one or wait (RFC 6749, 4.4: the client credentials grant).

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use reqwest::Method;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::Failure;
use super::client::{Answer, Body, Connections, Request};
use super::wire::{TokenAnswer, TokenError};
use super::within::within;
use crate::code::Code;
use crate::holdoff::{Holdoffs, Thing};
use crate::ledger::{Fetching, Ledger, SharedToken, TokenTurn, random};
use crate::pages::{Secret, header};
use crate::process::lock;
use crate::settings::Config;
use crate::steps::reached;
use crate::turnstile::Turnstile;

/// A token is not used in its last minute, or last tenth where it lives for less than ten minutes: a call
/// under way must still find it valid.
const MARGIN: Duration = Duration::from_secs(60);
/// One that ends sooner than this may end on its way to Kinde.
const LAST_SECONDS: Duration = Duration::from_secs(5);
/// RFC 6750.
const SCHEME: &str = "Bearer ";
/// What Kinde's documentation shows, where the answer does not say.
const USUAL_LIFETIME: f64 = 3600.0;

/// The token of one process, shared by its threads and, sealed, by the processes of the ledger.
#[derive(Default)]
pub(crate) struct TokenSource {
    kept: Mutex<Option<Arc<Token>>>,
    fetching: tokio::sync::Mutex<()>,
}

pub(crate) struct Token {
    /// As it is sent; every request shares these bytes.
    pub(crate) bearer: HeaderValue,
    /// Its number in the ledger, where it is kept there.
    serial: Option<i64>,
    fresh_until: SystemTime,
    expires: SystemTime,
    /// When this process came by it.
    since: Instant,
}

/// A token that has been here for so long may have been given before its client got a scope.
const SCOPES_MAY_CHANGE: Duration = Duration::from_secs(30);

/// What a caller of the token endpoint has to do with.
#[derive(Clone, Copy)]
pub(crate) struct Fetch<'a> {
    pub(crate) config: &'a Config,
    pub(crate) ledger: &'a Ledger,
    pub(crate) connections: &'a Connections,
    pub(crate) turnstile: &'a Turnstile,
    pub(crate) holdoffs: &'a Holdoffs,
}

/// A fetch that takes longer may be another's, too: its process may have been killed.
const LONGEST_TURN: Duration = Duration::from_secs(3);
/// A turn to fetch outlasts the request by this much.
const AFTER_REQUEST: Duration = Duration::from_millis(500);
/// How often it is looked whether another process has fetched one.
const LOOK: Duration = Duration::from_millis(10);

impl TokenSource {
    /// A token that Kinde takes, as far as anybody on this host knows.
    pub(crate) async fn get(&self, with: Fetch<'_>, timeout: Duration) -> Result<Arc<Token>, Failure> {
        if let Some(token) = self.fresh() {
            return Ok(token);
        }
        let Fetch { ledger, holdoffs, .. } = with;
        let began = Instant::now();
        let ends = began + timeout;
        // Who has more time than this caller may be waiting for an answer: that Kinde gives none is found out here, too.
        let one = within(timeout, self.fetching.lock()).await;
        let _one = one.map_err(|elapsed| Failure { late: elapsed.late, ..unanswered() })?;
        let left = || ends.saturating_duration_since(Instant::now());
        loop {
            if let Some(token) = self.fresh() {
                return Ok(token);
            }
            // Whoever asked meanwhile may have been told to wait.
            if let Some(wait) = Turnstile::paused(ledger) {
                let limited = || Failure {
                    reset: Some(wait),
                    unasked: true,
                    ..Failure::new(Code::RateLimited, "Kinde limits the calls; none is made before its reset")
                };
                return self.valid().ok_or_else(limited);
            }
            if let Some(held) = holdoffs.held(ledger, Thing::Client) {
                return self.valid().ok_or(held);
            }
            match ledger.token(timeout.min(LONGEST_TURN) + AFTER_REQUEST) {
                Some(TokenTurn::Use(shared)) => {
                    let unusable = || Failure::new(Code::Internal, "the token in the ledger cannot be sent");
                    return Token::shared(&shared).map(|token| self.keep(token)).ok_or_else(unusable);
                }
                Some(TokenTurn::Fetch(turn)) => return self.fetched(with, left(), Some(turn)).await,
                None => return self.fetched(with, left(), None).await,
                Some(TokenTurn::Wait(left)) => {
                    // Near its end the old one still serves, while another process fetches the next.
                    if let Some(token) = self.valid() {
                        return Ok(token);
                    }
                    if Instant::now() + LOOK >= ends {
                        return Err(unanswered());
                    }
                    tokio::time::sleep(LOOK.min(left)).await;
                }
            }
        }
    }

    async fn fetched(
        &self,
        Fetch { config, ledger, connections, turnstile, holdoffs }: Fetch<'_>,
        timeout: Duration,
        turn: Option<Fetching>,
    ) -> Result<Arc<Token>, Failure> {
        // Another process may have been refused meanwhile.
        holdoffs.admit(ledger, Thing::Client, true)?;
        reached("before_token");
        let mut fetched = fetch(config, connections, timeout).await;
        // Told before the turn ends, or the next one would ask at once.
        match &mut fetched {
            Err(Failure { code: Code::RateLimited, reset, .. }) => turnstile.pause(ledger, *reset),
            Err(failure @ Failure { code: Code::ClientRefused, .. }) => {
                failure.reset = holdoffs.refused(ledger, Thing::Client, random());
            }
            _ => {}
        }
        let mut token = fetched?;
        reached("after_token");
        token.serial = turn.and_then(|turn| turn.keep(token.text(), token.fresh_until, token.expires));
        ledger.count_token();
        Ok(self.keep(token))
    }

    /// Kinde does not take this token any more.
    pub(crate) fn refused(&self, token: &Arc<Token>, ledger: &Ledger) {
        let mut kept = lock(&self.kept);
        if kept.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, token)) {
            *kept = None;
            if let Some(serial) = token.serial {
                ledger.drop_token(serial);
            }
        }
    }

    /// This token lacks a scope. Whether another may have it: then this one is not used again.
    pub(crate) fn lacks_scope(&self, token: &Arc<Token>, ledger: &Ledger) -> bool {
        let replaced = token.serial.is_some_and(|serial| ledger.has_newer_token(serial));
        let may_change = replaced || token.since.elapsed() >= SCOPES_MAY_CHANGE;
        if may_change {
            self.refused(token, ledger);
        }
        may_change
    }

    /// Whether there is one that need not be fetched.
    pub(crate) fn is_fresh(&self) -> bool {
        self.fresh().is_some()
    }

    fn fresh(&self) -> Option<Arc<Token>> {
        lock(&self.kept).clone().filter(|token| token.fresh_until > SystemTime::now())
    }

    /// One that is to be replaced soon, but holds still.
    fn valid(&self) -> Option<Arc<Token>> {
        lock(&self.kept).clone().filter(|token| token.expires > SystemTime::now() + LAST_SECONDS)
    }

    fn keep(&self, token: Token) -> Arc<Token> {
        let token = Arc::new(token);
        *lock(&self.kept) = Some(Arc::clone(&token));
        token
    }
}

impl Token {
    /// None if it cannot stand in a header.
    fn new(text: &Secret, fresh_until: SystemTime, expires: SystemTime) -> Option<Token> {
        let bearer = header(&[SCHEME, text.expose_secret().text()])?;
        Some(Token { bearer, serial: None, fresh_until, expires, since: Instant::now() })
    }

    fn shared(shared: &SharedToken) -> Option<Token> {
        let token = Token::new(&shared.text, shared.fresh_until, shared.expires)?;
        Some(Token { serial: Some(shared.serial), ..token })
    }

    fn text(&self) -> &str {
        self.bearer.to_str().ok().and_then(|text| text.strip_prefix(SCHEME)).unwrap_or_default()
    }
}

async fn fetch(config: &Config, connections: &Connections, timeout: Duration) -> Result<Token, Failure> {
    let mut url = config.base.clone();
    url.set_path("/oauth2/token");
    let mut text = Zeroizing::new(String::with_capacity(512));
    for (name, value) in [
        ("grant_type", "client_credentials"),
        ("client_id", config.client_id.as_str()),
        ("client_secret", config.client_secret.expose_secret().text()),
        ("audience", config.audience.as_str()),
    ] {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.extend(percent_encoding::utf8_percent_encode(value, super::client::UNRESERVED));
    }
    let body =
        Body { kind: "application/x-www-form-urlencoded", text: Zeroizing::new(text.as_bytes().to_vec()) };
    let request = Request { method: Method::POST, url, body: Some(body), bearer: None };
    let answer = connections.send(request, timeout).await.map_err(|failure| Failure {
        perhaps_done: false,
        of_everybody: true,
        ..failure
    })?;
    read(&answer).map_err(|failure| Failure { of_everybody: true, ..failure })
}

/// Somebody else's request for a token has not been answered, in all the time that this call could give one.
fn unanswered() -> Failure {
    let message = "Kinde's token endpoint did not answer in time";
    Failure { of_everybody: true, ..Failure::new(Code::KindeTimeout, message) }
}

fn read(answer: &Answer) -> Result<Token, Failure> {
    match answer.status {
        200 => {
            let nonsense =
                || Failure::new(Code::KindeNonsense, "Kinde's answer of a token is not what it documents");
            let parsed: TokenAnswer = serde_json::from_slice(&answer.body).map_err(|_| nonsense())?;
            let seconds = parsed.expires_in.unwrap_or(USUAL_LIFETIME);
            if parsed.access_token.expose_secret().is_empty() || !(0.0..1e9).contains(&seconds) {
                return Err(nonsense());
            }
            let lifetime = Duration::from_secs_f64(seconds);
            let fresh = lifetime.saturating_sub(MARGIN.min(lifetime / 10));
            let now = SystemTime::now();
            Token::new(&parsed.access_token, now + fresh, now + lifetime).ok_or_else(nonsense)
        }
        429 => Err(Failure {
            reset: answer.reset,
            ..Failure::new(Code::RateLimited, "Kinde limits the requests for a token")
        }),
        status @ (400 | 401 | 403) => {
            let error = serde_json::from_slice::<TokenError>(&answer.body).unwrap_or_default().error;
            let error: String = error
                .unwrap_or_default()
                .chars()
                .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
                .take(60)
                .collect();
            let message = format!("{} (its token endpoint answered {status} {error})", Thing::Client.words());
            Err(Failure::new(Code::ClientRefused, message))
        }
        status if status >= 500 => {
            Err(Failure::new(Code::KindeUnavailable, format!("Kinde's token endpoint answered {status}")))
        }
        status => Err(Failure::new(
            Code::KindeNonsense,
            format!("the token endpoint answered {status}; check domain"),
        )),
    }
}
