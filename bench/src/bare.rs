//! The least that can be done: hyper, one kept connection, the same three calls with the same bodies, and
//! no more read out of an answer than the next call needs.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

use crate::Failure;
use crate::users::{CLIENT_ID, CLIENT_SECRET, HASH, email};

/// A client on a runtime of the caller's thread, as the library has one.
pub(crate) struct Bare {
    runtime: Runtime,
    connection: SendRequest<Full<Bytes>>,
    host: String,
    bearer: HeaderValue,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

#[derive(Deserialize)]
pub(crate) struct Page {
    pub(crate) users: Option<Vec<serde::de::IgnoredAny>>,
}

#[derive(Deserialize)]
pub(crate) struct Made {
    pub(crate) id: String,
}

impl Bare {
    pub(crate) fn connect(url: &str) -> Result<Bare, Failure> {
        let host = url.strip_prefix("http://").ok_or("the URL must begin with http://")?.to_owned();
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let (connection, token) = runtime.block_on(async {
            let stream = TcpStream::connect(&host).await?;
            stream.set_nodelay(true)?;
            let (mut connection, driver) = handshake(TokioIo::new(stream)).await?;
            tokio::spawn(driver);
            let body = format!(
                "grant_type=client_credentials&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}\
                 &audience=http%3A%2F%2F{}%2Fapi",
                host.replace(':', "%3A")
            );
            let request = Request::post("/oauth2/token")
                .header(HOST, &host)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Full::from(body))?;
            let token: Token = serde_json::from_slice(&send(&mut connection, request).await?)?;
            Ok::<_, Failure>((connection, token))
        })?;
        let bearer = HeaderValue::from_str(&format!("Bearer {}", token.access_token))?;
        Ok(Bare { runtime, connection, host, bearer })
    }

    /// The access token, as it is sent.
    pub(crate) fn bearer(&self) -> &HeaderValue {
        &self.bearer
    }

    /// Check, create, set the password; answers the number of calls.
    pub(crate) fn carry(&mut self, who: &str, n: usize) -> Result<u32, Failure> {
        let Bare { runtime, connection, host, bearer } = self;
        runtime.block_on(async {
            let email = email(who, n);
            let path = format!("/api/v1/users?email={}", email.replace('@', "%40"));
            let request = asking(Method::GET, &path, host, bearer).body(Full::default())?;
            let page: Page = serde_json::from_slice(&send(connection, request).await?)?;
            if page.users.is_some_and(|users| !users.is_empty()) {
                return Err("the user is there already".into());
            }
            let body = new_user(who, n);
            let request = asking(Method::POST, "/api/v1/user", host, bearer).body(Full::from(body))?;
            let made: Made = serde_json::from_slice(&send(connection, request).await?)?;
            let path = format!("/api/v1/users/{}/password", made.id);
            let body = new_password();
            let request = asking(Method::PUT, &path, host, bearer).body(Full::from(body))?;
            send(connection, request).await?;
            Ok(3)
        })
    }
}

pub(crate) fn new_user(who: &str, n: usize) -> String {
    let email = email(who, n);
    format!(
        r#"{{"profile":{{"given_name":"Ada","family_name":"Lovelace"}},"identities":[{{"type":"email","is_verified":true,"details":{{"email":"{email}"}}}}],"provided_id":"{who}-{n}"}}"#
    )
}

pub(crate) fn new_password() -> String {
    format!(r#"{{"hashed_password":"{HASH}","hashing_method":"bcrypt","is_temporary_password":false}}"#)
}

fn asking(method: Method, path: &str, host: &str, bearer: &HeaderValue) -> hyper::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, host)
        .header(ACCEPT, "application/json")
        .header(AUTHORIZATION, bearer)
        .header(CONTENT_TYPE, "application/json")
}

async fn send(
    connection: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<Bytes, Failure> {
    connection.ready().await?;
    let response = connection.send_request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    if !status.is_success() {
        return Err(format!("the sandbox answered {status}: {}", String::from_utf8_lossy(&body)).into());
    }
    Ok(body)
}
