//! The sandbox's own routes, under `/sandbox/`: never limited, delayed or faulted.

use std::cell::RefCell;

use hyper::header::{ALLOW, HeaderValue};
use hyper::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal};
use crate::fields::Fields;
use crate::identity::IdentityKind;
use crate::query::{self, Pairs};
use crate::sign_in::Attempt;
use crate::state::{ResetRequest, State};
use crate::verify::Verdict;
use crate::view::UserView;

/// Answers one of the sandbox's own routes.
pub(crate) async fn answer(
    state: &RefCell<State>,
    method: &Method,
    path: &str,
    raw_query: Option<&str>,
    body: &[u8],
) -> Answer {
    let route = path.strip_prefix("/sandbox/").unwrap_or("");
    let allowed = match route {
        "stats" | "users" | "calls" => Method::GET,
        "sign-in" | "reset" | "options" | "revoke" => Method::POST,
        _ => return Answer::no_route(),
    };
    if *method != allowed {
        let answer = Answer::error(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            &format!("the method must be {allowed}"),
        );
        return match HeaderValue::from_str(allowed.as_str()) {
            Ok(allow) => answer.with_header(ALLOW, allow),
            Err(_) => answer,
        };
    }
    let answered = match route {
        "sign-in" => sign_in(state, body).await,
        "stats" => written(&state.borrow().stats()),
        "users" => users(&state.borrow(), raw_query),
        "calls" => calls(&state.borrow(), raw_query),
        "reset" => reset(&mut state.borrow_mut(), body),
        "options" => options(&mut state.borrow_mut(), body),
        _ => {
            state.borrow_mut().tokens.revoke_all();
            Ok(done())
        }
    };
    answered.unwrap_or_else(Answer::from)
}

fn done() -> Answer {
    Answer::ok(&json!({"ok": true}))
}

fn written(value: &impl Serialize) -> Result<Answer, Refusal> {
    serde_json::to_vec(value)
        .map(|body| Answer::json_bytes(StatusCode::OK, body))
        .map_err(|_| Refusal::bad("INTERNAL", "the answer could not be written"))
}

async fn sign_in(state: &RefCell<State>, body: &[u8]) -> Result<Answer, Refusal> {
    let attempt = Attempt::read(Fields::parse(body)?)?;
    let begun = attempt.begin(&mut state.borrow_mut());
    let outcome = match begun {
        Err(refused) => refused,
        Ok(check) => {
            let worked = tokio::task::spawn_blocking(move || {
                let verdict = check.verdict();
                (check, verdict)
            })
            .await;
            let (check, verdict): (_, Verdict) =
                worked.map_err(|_| Refusal::bad("INTERNAL", "the check was broken off"))?;
            check.finish(&mut state.borrow_mut(), verdict)
        }
    };
    written(&outcome)
}

/// All users, or the one with an `email` or an `id`.
fn users(state: &State, raw_query: Option<&str>) -> Result<Answer, Refusal> {
    let directory = &state.directory;
    let mut place = None;
    for (name, value) in pairs(raw_query)? {
        place = Some(match &*name {
            "email" => directory.place_of(IdentityKind::Email, &value),
            "id" => directory.place_of_id(&value),
            _ => return Err(unknown(&name)),
        });
    }
    let users: Vec<UserView> = match place {
        None => directory.from(0).map(|(_, user)| UserView::of(user)).collect(),
        Some(place) => place.and_then(|place| directory.at(place)).map(UserView::of).into_iter().collect(),
    };
    written(&users)
}

fn calls(state: &State, raw_query: Option<&str>) -> Result<Answer, Refusal> {
    let mut last = 100;
    for (name, value) in pairs(raw_query)? {
        match &*name {
            "last" => {
                last = value
                    .parse()
                    .map_err(|_| Refusal::bad("INVALID_PARAMETER", "last must be a number of calls"))?;
            }
            _ => return Err(unknown(&name)),
        }
    }
    written(&state.counters.last(last))
}

fn reset(state: &mut State, body: &[u8]) -> Result<Answer, Refusal> {
    let request = if body.is_empty() {
        ResetRequest::default()
    } else {
        serde_json::from_slice(body).map_err(|error| Refusal::bad("INVALID_BODY", error.to_string()))?
    };
    state.reset(request)?;
    Ok(done())
}

fn options(state: &mut State, body: &[u8]) -> Result<Answer, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(changes)) => {
            state.change_options(&changes)?;
            Ok(done())
        }
        _ => Err(Refusal::bad("INVALID_BODY", "the body must be a JSON object")),
    }
}

fn pairs(raw_query: Option<&str>) -> Result<Pairs<'_>, Refusal> {
    query::parse(raw_query.unwrap_or(""))
        .map_err(|_| Refusal::bad("INVALID_QUERY", "the query is not url-encoded"))
}

fn unknown(name: &str) -> Refusal {
    Refusal::bad("UNKNOWN_PARAMETER", format!("{name} is not a parameter of this route"))
}
