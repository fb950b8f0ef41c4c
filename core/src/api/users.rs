//! The four calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use percent_encoding::utf8_percent_encode;
use reqwest::{Method, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::MutexGuard;
use zeroize::Zeroizing;

use super::Failure;
use super::client::{Answer, Body, Connections, Request, UNRESERVED};
use super::token::{Fetch, Token, TokenSource};
use super::wire::{
    AskForReset, Errors, Found, FoundIdentity, Identities, NewUser, NewUserAnswer, Page, PageShape, Password,
    SetPassword,
};
use super::within::within;
use crate::code::Code;
use crate::holdoff::{Admitted, Holdoffs, Thing};
use crate::identity::{Identity, Likeness};
use crate::ledger::{Ledger, random};
use crate::pace::Class;
use crate::settings::Config;
use crate::steps::reached;
use crate::text::without;
use crate::turnstile::{TooLate, Turnstile};
use crate::user::User;

/// One value is asked for, so a second page would hold strangers; but a sandbox or a proxy may page as it likes.
const PAGES_MAX: usize = 5;

/// A call that has no time at all is tried again all the same: the ceiling that forbids it may be lifted.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Time for an answer.
const ANSWER: Duration = Duration::from_millis(200);

/// Room for a body: the longest hash with its parameters is well below.
const ROOM: usize = 2048;

/// What every call needs.
pub(crate) struct Caller<'a> {
    pub(crate) config: &'a Config,
    pub(crate) ledger: &'a Ledger,
    pub(crate) tokens: &'a TokenSource,
    pub(crate) connections: &'a Connections,
    pub(crate) turnstile: &'a Turnstile,
    pub(crate) holdoffs: &'a Holdoffs,
    pub(crate) class: Class,
    /// Until when it makes sense to call.
    pub(crate) ends: Instant,
    /// The time that one request may take.
    pub(crate) timeout: Duration,
    /// Counts requests of the Management API.
    pub(crate) calls: &'a mut u32,
    /// What names the person, to be struck out of Kinde's messages.
    pub(crate) user: &'a User,
}

/// What the check has found.
#[derive(Default)]
pub(crate) struct Checked {
    /// Users of exactly this identity.
    pub(crate) exact: Vec<Found>,
    /// Somebody's identity only looks like this one.
    pub(crate) alike: bool,
}

/// The answer of a create.
pub(crate) enum Created {
    /// The new user's id.
    New(String),
    /// Kinde says that it was there already.
    There,
}

/// Which of the two documented ways of asking for a reset this Kinde takes.
#[derive(Default)]
pub(crate) struct Reset {
    by_path: AtomicBool,
}

impl Caller<'_> {
    /// Users whose e-mail (user name, phone) is exactly this one, case aside, and whether others look like it. An answer that
    /// was not read to its end says nothing: a second user may be on a later page. `read:users`.
    pub(crate) async fn check(&mut self, identity: &Identity) -> Result<Checked, Failure> {
        let mut values = String::new();
        for spelling in identity.spellings() {
            // Kinde's parameter is a list with commas.
            if !values.is_empty() {
                values.push(',');
            }
            values.extend(utf8_percent_encode(&spelling, UNRESERVED));
        }
        let mut checked = Checked::default();
        let mut next: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let mut query = format!("{}={values}", identity.kind);
            if let Some(next) = &next {
                query.push_str("&next_token=");
                query.extend(utf8_percent_encode(next, UNRESERVED));
            }
            let url = self.url("/api/v1/users", Some(&query));
            reached("before_check");
            let answer = self.ask(Method::GET, url, None, "read:users").await?;
            reached("after_check");
            let page: Page = parsed(&answer)?;
            if page.users.is_empty() && !self.is_a_page(&answer) {
                return Err(Failure::new(
                    Code::KindeNonsense,
                    "Kinde's answer of the check is not what it documents",
                ));
            }
            for found in page.users {
                match identity.compare(found.identity(identity.kind)) {
                    Likeness::Same => checked.exact.push(found),
                    Likeness::Alike => checked.alike = true,
                    Likeness::Different => {}
                }
            }
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
        if next.is_some() {
            return Err(Failure::new(
                Code::KindeNonsense,
                format!("Kinde's answer of the check has more than {PAGES_MAX} pages"),
            ));
        }
        if checked.exact.iter().any(|found| !is_an_id(&found.id)) {
            return Err(Failure::new(
                Code::KindeNonsense,
                "Kinde's answer of the check holds an impossible id",
            ));
        }
        Ok(checked)
    }

    /// The user of this id, with all their identities; none if there is no such user. `read:users`.
    pub(crate) async fn look_up(&mut self, id: &str) -> Result<Option<Found>, Failure> {
        let mut next: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let mut query = format!("user_id={}", utf8_percent_encode(id, UNRESERVED));
            query.push_str("&expand=identities");
            if let Some(next) = &next {
                query.push_str("&next_token=");
                query.extend(utf8_percent_encode(next, UNRESERVED));
            }
            let url = self.url("/api/v1/users", Some(&query));
            reached("before_check");
            let answer = match self.ask(Method::GET, url, None, "read:users").await {
                Err(failure) if failure.code == Code::UserGone => return Ok(None),
                other => other?,
            };
            reached("after_check");
            let page: Page = parsed(&answer)?;
            if page.users.is_empty() && !self.is_a_page(&answer) {
                let message = "Kinde's answer of the check is not what it documents";
                return Err(Failure::new(Code::KindeNonsense, message));
            }
            if let Some(found) = page.users.into_iter().find(|found| found.id == id) {
                return Ok(Some(found));
            }
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(None);
            }
        }
        Err(Failure::new(Code::KindeNonsense, "Kinde's check pages through others without an end"))
    }

    /// All identities of a user, with what is known of their confirmation. `read:user_identities`.
    pub(crate) async fn identities(&mut self, id: &str) -> Result<Vec<FoundIdentity>, Failure> {
        let url = self.url(&format!("/api/v1/users/{id}/identities"), None);
        reached("before_check");
        let answer = self.ask(Method::GET, url, None, "read:user_identities").await?;
        reached("after_check");
        parsed::<Identities>(&answer).map(|answer| answer.identities)
    }

    /// `{}` may come from anywhere; an empty page has at least one of the documented members.
    fn is_a_page(&self, answer: &Answer) -> bool {
        let has_users = || {
            serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&answer.body)
                .is_ok_and(|object| object.contains_key("users"))
        };
        serde_json::from_slice::<PageShape>(&answer.body)
            .is_ok_and(|shape| shape.code.is_some() || shape.message.is_some())
            || has_users()
    }

    /// `create:users`.
    pub(crate) async fn create(&mut self) -> Result<Created, Failure> {
        let url = self.url("/api/v1/user", None);
        let body = json(&NewUser::from(self.user), ROOM)?;
        reached("before_create");
        let answer = self.ask(Method::POST, url, Some(body), "create:users").await?;
        reached("after_create");
        let made: NewUserAnswer = parsed(&answer).map_err(Failure::perhaps_done)?;
        if !is_an_id(&made.id) {
            return Err(Failure::new(
                Code::KindeNonsense,
                "Kinde's answer of the create holds an impossible id",
            )
            .perhaps_done());
        }
        Ok(if made.created == Some(false) { Created::There } else { Created::New(made.id) })
    }

    /// `update:user_passwords`.
    pub(crate) async fn set_password(&mut self, id: &str, password: &Password) -> Result<(), Failure> {
        let url = self.url(&format!("/api/v1/users/{id}/password"), None);
        // A buffer that grows leaves copies behind; a letter takes six bytes as `\\u0000` at most.
        let room = ROOM + if let Password::Plain(text) = password { 6 * text.len() } else { 0 };
        let body = match password {
            Password::Hash(fields) => {
                SetPassword { hash: Some(fields), password: None, is_temporary_password: false }
            }
            Password::Plain(text) => {
                SetPassword { hash: None, password: Some(text), is_temporary_password: false }
            }
        };
        reached("before_set_password");
        let answer = self.ask(Method::PUT, url, Some(json(&body, room)?), "update:user_passwords").await?;
        reached("after_set_password");
        parsed::<serde_json::Map<String, serde_json::Value>>(&answer).map(drop)
    }

    /// `update:users`. The OpenAPI file and the migration guide name different paths: the first is tried,
    /// on 404 or 405 the other, and the one that worked is remembered.
    pub(crate) async fn ask_for_reset(&mut self, id: &str, which: &Reset) -> Result<(), Failure> {
        let by_path = which.by_path.load(Ordering::Relaxed);
        let mut last = None;
        for by_path in [by_path, !by_path] {
            let url = match by_path {
                false => self.url("/api/v1/user", Some(&format!("id={id}"))),
                true => self.url(&format!("/api/v1/users/{id}"), None),
            };
            let body = json(&AskForReset { is_password_reset_requested: true }, ROOM)?;
            reached("before_reset");
            match self.ask(Method::PATCH, url, Some(body), "update:users").await {
                Ok(answer) => {
                    reached("after_reset");
                    which.by_path.store(by_path, Ordering::Relaxed);
                    return parsed::<serde_json::Map<String, serde_json::Value>>(&answer).map(drop);
                }
                Err(failure) if failure.code == Code::UserGone => last = Some(failure),
                Err(failure) => return Err(failure),
            }
        }
        Err(last.unwrap_or_else(|| Failure::new(Code::UserGone, "Kinde has no such user")))
    }

    async fn token(&self) -> Result<Arc<Token>, Failure> {
        let Caller { config, ledger, connections, turnstile, holdoffs, .. } = *self;
        let with = Fetch { config, ledger, connections, turnstile, holdoffs };
        self.tokens.get(with, self.time_left()).await
    }

    fn time_left(&self) -> Duration {
        self.timeout.min(self.ends.saturating_duration_since(Instant::now()))
    }

    /// Until when this call must have its turn. A sign-in that cannot be finished before its deadline must not take the
    /// turns of those that can: of the time left, the check may wait for a quarter and the create for a third, so that the
    /// call after it may wait as long; and the last one leaves time for its answer.
    fn latest(&self, scope: &str) -> Instant {
        let now = Instant::now();
        let left = self.ends.saturating_duration_since(now);
        match (self.class, scope) {
            (Class::SignIn, "read:users") => now + left / 4,
            (Class::SignIn, "create:users") => now + left / 3,
            (Class::SignIn, _) => now + left.saturating_sub(ANSWER.min(left / 4)),
            _ => self.ends,
        }
    }

    fn url(&self, path: &str, query: Option<&str>) -> Url {
        let mut url = self.config.base.clone();
        url.set_path(path);
        url.set_query(query);
        url
    }

    /// One call, with a fresh token in place of one that Kinde no longer takes.
    async fn ask(
        &mut self,
        method: Method,
        url: Url,
        body: Option<Body>,
        scope: &str,
    ) -> Result<Answer, Failure> {
        let by_id = url.query().is_some_and(|query| query.starts_with("user_id="));
        let thing = Thing::scope(scope);
        if let Some(failure) = thing.and_then(|thing| self.holdoffs.held(self.ledger, thing)) {
            return Err(failure);
        }
        for last_try in [false, true] {
            let latest = self.latest(scope);
            let entered = self.turnstile.enter(self.ledger, self.class, latest, self.timeout).await;
            let pass = entered.map_err(|TooLate(wait)| limited(wait))?;
            let mut token = self.token().await?;
            let _first = first(self.holdoffs, thing, self.time_left()).await?;
            if let Some(thing) = thing
                && let Admitted::ToProbe = self.holdoffs.admit(self.ledger, thing, false)?
            {
                // A token has the scopes of the time when it was given.
                self.tokens.refused(&token, self.ledger);
                token = self.token().await?;
            }
            let body = body.as_ref().map(|body| Body { kind: body.kind, text: body.text.clone() });
            *self.calls += 1;
            let request =
                Request { method: method.clone(), url: url.clone(), body, bearer: Some(&token.bearer) };
            let answer = self.connections.send(request, self.time_left()).await?;
            pass.answered(answer.status, answer.reset);
            if answer.status == 401 {
                self.tokens.refused(&token, self.ledger);
                // One new token finds out whether any is taken.
                if !last_try && self.holdoffs.held(self.ledger, Thing::Client).is_none() {
                    continue;
                }
            }
            if answer.status == 403
                && thing.is_some()
                && !last_try
                && self.tokens.lacks_scope(&token, self.ledger)
            {
                continue;
            }
            return self.heard(answer, scope, thing, by_id);
        }
        Err(Failure::new(Code::ClientRefused, "Kinde takes no token"))
    }

    /// What an answer says of the client and its scopes, to all processes.
    fn heard(
        &self,
        answer: Answer,
        scope: &str,
        thing: Option<Thing>,
        by_id: bool,
    ) -> Result<Answer, Failure> {
        let status = answer.status;
        let judged = self.judge(answer, scope, by_id);
        let refused = match (status, thing) {
            (401, _) => Some(Thing::Client),
            (403, thing) => thing,
            (500.. | 429, _) => None,
            (_, thing) => {
                if let Some(thing) = thing {
                    self.holdoffs.granted(self.ledger, thing);
                }
                None
            }
        };
        if matches!(status, 200..=299 | 403) {
            self.holdoffs.granted(self.ledger, Thing::Client);
        }
        let Some(refused) = refused else { return judged };
        let reset = self.holdoffs.refused(self.ledger, refused, random());
        judged.map_err(|failure| Failure { reset, ..failure })
    }

    /// What an HTTP status means.
    fn judge(&self, answer: Answer, scope: &str, by_id: bool) -> Result<Answer, Failure> {
        let said = |answer: &Answer| {
            let errors = serde_json::from_slice::<Errors>(&answer.body).unwrap_or_default().errors;
            let error = errors.into_iter().next().unwrap_or_default();
            // A message about a password may quote it; a code is a word.
            let message = error.message.filter(|_| scope != "update:user_passwords");
            let word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
            let code = error.code.map(|code| code.chars().filter(word).take(60).collect::<String>());
            let text = [code, message].into_iter().flatten().collect::<Vec<_>>().join(": ");
            without(&text, self.user.personal())
        };
        let status = answer.status;
        let failure = match status {
            200..=299 => return Ok(answer),
            401 => Failure::new(
                Code::ClientRefused,
                "Kinde refuses a token that it has just given; check audience",
            ),
            403 => Failure::new(
                Code::MissingScope,
                format!(
                    "the application in Kinde lacks the scope {scope}; grant it there, nothing is lost meanwhile"
                ),
            ),
            404 | 405 if scope.starts_with("update:") || scope == "read:user_identities" => {
                Failure::new(Code::UserGone, format!("Kinde answered {status} {}", said(&answer)))
            }
            429 => Failure {
                reset: answer.reset,
                ..Failure::new(Code::RateLimited, "Kinde limits the calls a minute or in flight")
            },
            // Of a user who is asked for by their id, and in the words of the API: not by somebody who knows no such path.
            404 if by_id && said_by_the_api(&answer) => {
                Failure::new(Code::UserGone, format!("Kinde answered {status} {}", said(&answer)))
            }
            404 | 405 => Failure::new(Code::KindeNonsense, format!("Kinde answered {status}; check domain")),
            408 | 425 => Failure::new(Code::KindeTimeout, format!("Kinde answered {status}")).perhaps_done(),
            400..=499 => {
                Failure::new(Code::KindeRefused, format!("Kinde answered {status} {}", said(&answer)))
            }
            500..=599 => {
                Failure::new(Code::KindeUnavailable, format!("Kinde answered {status}")).perhaps_done()
            }
            _ => Failure::new(Code::KindeNonsense, format!("Kinde answered {status}; check domain")),
        };
        Err(failure)
    }
}

/// Whether an error has the shape that Kinde documents.
fn said_by_the_api(answer: &Answer) -> bool {
    serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&answer.body)
        .is_ok_and(|object| object.contains_key("errors"))
}

/// As long as nobody knows whether this client has the scope, one call of this process finds out.
async fn first(
    holdoffs: &Holdoffs,
    thing: Option<Thing>,
    time: Duration,
) -> Result<Option<MutexGuard<'_, ()>>, Failure> {
    let Some(thing) = thing else { return Ok(None) };
    within(time, holdoffs.first(thing)).await.map_err(|elapsed| {
        let message = "Kinde did not answer another call in time";
        Failure { late: elapsed.late, ..Failure::new(Code::KindeTimeout, message) }
    })
}

/// What a call whose time would come too late comes to.
fn limited(wait: Duration) -> Failure {
    let wait = wait.min(LONGEST_WAIT);
    let message = format!("the limits leave this call no room for another {} s", wait.as_secs().max(1));
    Failure { reset: Some(wait), unasked: true, ..Failure::new(Code::RateLimited, message) }
}

/// Kinde's ids are letters, digits and underscores; anything else could widen a path.
fn is_an_id(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn parsed<T: DeserializeOwned>(answer: &Answer) -> Result<T, Failure> {
    serde_json::from_slice(&answer.body).map_err(|_| {
        Failure::new(Code::KindeNonsense, "Kinde's answer is not the JSON that it documents").perhaps_done()
    })
}

fn json<T: Serialize>(value: &T, room: usize) -> Result<Body, Failure> {
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    serde_json::to_writer(&mut *text, value)
        .map_err(|_| Failure::new(Code::Internal, "a request could not be written as JSON"))?;
    Ok(Body { kind: "application/json", text })
}
