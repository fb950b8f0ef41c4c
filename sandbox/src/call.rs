//! One call's way: fault, limit, token, work, latency, answer.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::answer::{Answer, Refusal};
use crate::body::AnswerBody;
use crate::fault::{self, CallKind, Fault, FaultKind, RawAnswer};
use crate::route::Route;
use crate::state::{Admitted, State};
use crate::stats::CallRecord;
use crate::{admin, api};

/// The largest body of a call.
const LARGEST_CALL: usize = 1 << 20;
/// The largest body of one of the sandbox's own routes, which may bring a million users.
const LARGEST_SEED: usize = 1 << 30;

/// The connection is given up without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is reset on purpose")]
pub(crate) struct HangUp;

/// A call that counts as in flight until this is dropped, however the call ends.
struct InFlight<'a> {
    state: &'a RefCell<State>,
    admitted: Admitted,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if let Ok(mut state) = self.state.try_borrow_mut() {
            state.leave(self.admitted);
        }
    }
}

/// Serves one request. `reset` is raised where the connection has to end with a TCP reset.
pub(crate) async fn serve(
    state: Rc<RefCell<State>>,
    reset: Rc<Cell<bool>>,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, HangUp> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    if path.starts_with("/sandbox/") {
        let answer = match read(body, LARGEST_SEED).await {
            Ok(body) => admin::answer(&state, &parts.method, path, parts.uri.query(), &body).await,
            Err(refusal) => refusal.into(),
        };
        return Ok(response(answer));
    }

    let reset_path = state.borrow().options.reset_path;
    let route = Route::of(&parts.method, path, reset_path);
    let call = Call::begin(&state, &parts, route.kind());
    if matches!(call.fault, Some(Fault::Kind(FaultKind::ResetBefore))) {
        call.record(None);
        reset.set(true);
        return Err(HangUp);
    }
    let (answer, _in_flight) = call.answer(&route, body).await;
    let hangs_up = matches!(call.fault, Some(Fault::Kind(FaultKind::ResetAfter)));
    call.record((!hangs_up).then_some(answer.status));

    let latency = state.borrow().options.latency_ms;
    if latency > 0 {
        sleep(Duration::from_millis(latency)).await;
    }
    if hangs_up {
        reset.set(true);
        return Err(HangUp);
    }
    Ok(call.deliver(answer).await)
}

/// A call to the API or the token endpoint.
struct Call<'a> {
    state: &'a RefCell<State>,
    parts: &'a Parts,
    kind: CallKind,
    nth: u64,
    fault: Option<Fault>,
}

impl<'a> Call<'a> {
    /// Counts the call and finds its fault.
    fn begin(state: &'a RefCell<State>, parts: &'a Parts, kind: CallKind) -> Self {
        let mut now = state.borrow_mut();
        let nth = now.counters.begin(kind);
        let options = &now.options;
        let fault = fault::choose(&options.script, &options.faults, options.seed, kind, nth);
        Self { state, parts, kind, nth, fault }
    }

    /// Lets the call in and does its work, unless a fault or a limit answers instead.
    async fn answer(&self, route: &Route<'_>, body: Incoming) -> (Answer, Option<InFlight<'a>>) {
        if let Some(answer) = self.fault.as_ref().and_then(answer_instead) {
            return (answer, None);
        }
        // The limits are the API's; the token endpoint is not part of it.
        let in_flight = if self.kind == CallKind::Token {
            None
        } else {
            match self.state.borrow_mut().admit() {
                Ok(admitted) => Some(InFlight { state: self.state, admitted }),
                Err(refused) => return (*refused, None),
            }
        };
        let body = match read(body, LARGEST_CALL).await {
            Ok(body) => body,
            Err(refusal) => return (refusal.into(), in_flight),
        };
        let answer = work(&mut self.state.borrow_mut(), route, self.parts, &body);
        match &self.fault {
            Some(Fault::Raw(raw)) => (raw_answer(raw), in_flight),
            _ => (answer, in_flight),
        }
    }

    /// Notes what came of the call.
    fn record(&self, status: Option<StatusCode>) {
        let mut state = self.state.borrow_mut();
        let fault = self.fault.as_ref().map(Fault::name);
        let record = CallRecord {
            call: self.kind,
            nth: self.nth,
            method: self.parts.method.to_string(),
            path: self.parts.uri.path().to_owned(),
            query: self.parts.uri.query().map(str::to_owned),
            status: status.map(|status| status.as_u16()),
            fault: fault.map(str::to_owned),
            at_ms: state.now_ms(),
        };
        state.counters.record(record, fault);
    }

    /// Sends the answer, or what the fault makes of it.
    async fn deliver(&self, mut answer: Answer) -> Response<AnswerBody> {
        let (stall, drip) = {
            let options = &self.state.borrow().options;
            (options.stall_ms, options.drip_ms)
        };
        let kind = match &self.fault {
            None => return response(answer),
            Some(Fault::Raw(raw)) => {
                sleep(Duration::from_millis(raw.delay_ms)).await;
                return response(answer);
            }
            Some(Fault::Kind(kind)) => kind,
        };
        match kind {
            FaultKind::Stall => sleep(Duration::from_millis(stall)).await,
            FaultKind::Malformed => answer.body.splice(..0, *b"{'").for_each(drop),
            FaultKind::Html => {
                answer.headers.insert(CONTENT_TYPE, HTML);
                answer.body = PAGE.to_vec();
            }
            FaultKind::Truncated => {
                let whole = answer.body.len();
                answer.headers.insert(CONTENT_LENGTH, HeaderValue::from(whole));
                return build(answer, AnswerBody::half);
            }
            FaultKind::Drip => {
                let pause = Duration::from_millis(drip);
                return build(answer, |body| AnswerBody::drip(body, pause));
            }
            FaultKind::Error500 | FaultKind::Error503 | FaultKind::ResetBefore | FaultKind::ResetAfter => {}
        }
        response(answer)
    }
}

/// What comes in place of JSON, as from a proxy that thinks it knows better.
const PAGE: &[u8] = b"<!DOCTYPE html>\n<html><head><title>One moment, please</title></head>\
<body><h1>One moment, please</h1></body></html>\n";
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// The answer of a fault that keeps the call from being carried out.
fn answer_instead(fault: &Fault) -> Option<Answer> {
    match fault {
        Fault::Kind(FaultKind::Error500) => Some(Answer::error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL_SERVER_ERROR",
            "Something went wrong",
        )),
        Fault::Kind(FaultKind::Error503) => Some(Answer::error(
            StatusCode::SERVICE_UNAVAILABLE,
            "SERVICE_UNAVAILABLE",
            "The service is not available",
        )),
        Fault::Raw(raw) if !raw.done => Some(raw_answer(raw)),
        _ => None,
    }
}

/// An answer as the script wrote it; that it can be sent was seen when the options came.
fn raw_answer(raw: &RawAnswer) -> Answer {
    let status = StatusCode::from_u16(raw.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = match &raw.body {
        Some(Value::String(text)) => Answer::json_bytes(status, text.clone().into_bytes()),
        Some(body) => Answer::json(status, body),
        None if raw.status < 400 => Answer::json(status, &json!({})),
        None => Answer::error(status, "SCRIPTED", "This answer was scripted"),
    };
    for (name, value) in raw.header_lines() {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            // A content type of the script's replaces ours; anything else is added.
            if name == CONTENT_TYPE {
                answer.headers.insert(name, value);
            } else {
                answer.headers.append(name, value);
            }
        }
    }
    answer
}

/// Carries out a call that was let in.
fn work(state: &mut State, route: &Route<'_>, parts: &Parts, body: &[u8]) -> Answer {
    let content_type = parts.headers.get(CONTENT_TYPE);
    if let Some(scope) = route.scope()
        && let Err(denied) = state.tokens.admit(parts.headers.get(AUTHORIZATION), scope)
    {
        return denied.answer(scope);
    }
    let query = parts.uri.query();
    let done = match route {
        Route::Token => {
            let answer = state.tokens.answer(&state.options, &state.url, content_type, body);
            if answer.status == StatusCode::OK {
                state.counters.tokens += 1;
            }
            Ok(answer)
        }
        Route::Check => {
            api::check(&state.directory, query, state.options.users_null, state.options.email_matching)
        }
        Route::Get => api::get(&state.directory, query),
        Route::Identities { id } => api::identities(&state.directory, id, query),
        Route::Create => api::create(&mut state.directory, query, content_type, body),
        Route::SetPassword { id } => api::set_password(
            &mut state.directory,
            id,
            query,
            content_type,
            body,
            state.options.refuse_password,
        ),
        Route::Update { id } => api::update(&mut state.directory, id.as_deref(), query, content_type, body),
        Route::WrongMethod { allow } => Ok(Answer::error(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            &format!("this route takes {allow}"),
        )
        .with_header(ALLOW, HeaderValue::from_static(allow))),
        Route::Unknown => Ok(Answer::no_route()),
    };
    done.unwrap_or_else(Answer::from)
}

/// Reads a body up to a length.
async fn read(body: Incoming, longest: usize) -> Result<Bytes, Refusal> {
    match Limited::new(body, longest).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(_) => Err(Refusal::bad(
            "INVALID_BODY",
            format!("the body broke off, or is longer than {longest} bytes"),
        )),
    }
}

fn response(answer: Answer) -> Response<AnswerBody> {
    build(answer, AnswerBody::Whole)
}

fn build(answer: Answer, body: impl FnOnce(Bytes) -> AnswerBody) -> Response<AnswerBody> {
    let mut response = Response::new(body(Bytes::from(answer.body)));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}
