//! How many calls a second the sandbox carries: check, create and set password over connections
//! that are kept alive.
//!
//! Server and client are two processes, so that each can have a core of its own:
//!
//! ```sh
//! taskset -c 0 cargo run --release -p kinde-migrate-sandbox --example load -- serve
//! taskset -c 1 cargo run --release -p kinde-migrate-sandbox --example load -- http://127.0.0.1:PORT
//! ```
//!
//! The client takes a number of connections (16) and of seconds (10) after the URL.

use std::error::Error;
use std::io::{self, Write};
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use kinde_migrate_sandbox::{Options, Sandbox};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::LocalSet;

type Failure = Box<dyn Error>;

/// A bcrypt hash, as any: the server does not compute it.
const HASH: &str = "$2b$10$UCWiQRKQNXYJLgt.0Wo6JeHWSx.g3Ni.qWTzBP/u/2hTSxTEaU8ue";

fn main() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        Some("serve") => serve(),
        Some(url) => {
            let connections = args.next().map_or(Ok(16), |text| text.parse())?;
            let seconds = args.next().map_or(Ok(10), |text| text.parse())?;
            tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(
                LocalSet::new().run_until(load(url.to_owned(), connections, Duration::from_secs(seconds))),
            )
        }
        None => Err("say serve, or the URL of a server".into()),
    }
}

/// Serves until it is killed.
fn serve() -> Result<(), Failure> {
    let sandbox = Sandbox::start(Options::default())?;
    let mut out = io::stdout();
    writeln!(out, "listening on {}", sandbox.url())?;
    out.flush()?;
    loop {
        std::thread::park();
    }
}

async fn load(url: String, connections: usize, time: Duration) -> Result<(), Failure> {
    let host: Rc<str> = url.strip_prefix("http://").ok_or("the URL must begin with http://")?.into();
    let token: Rc<str> = token(&host).await?.into();
    let began = Instant::now();
    let workers: Vec<_> = (0..connections)
        .map(|worker| {
            let (host, token) = (Rc::clone(&host), Rc::clone(&token));
            tokio::task::spawn_local(async move {
                users(&host, &token, worker, began + time).await.map_err(|error| error.to_string())
            })
        })
        .collect();
    let mut carried = 0;
    for worker in workers {
        carried += worker.await??;
    }
    let seconds = began.elapsed().as_secs_f64();
    writeln!(
        io::stdout(),
        "{} calls in {seconds:.1} s over {connections} connections: {:.0} calls/s",
        carried * 3,
        (carried * 3) as f64 / seconds
    )?;
    Ok(())
}

/// Carries users over, one after the other; answers how many.
async fn users(host: &str, token: &str, worker: usize, until: Instant) -> Result<u64, Failure> {
    let mut connection = connect(host).await?;
    // Differs from run to run, so that users of an earlier one are in nobody's way.
    let run = std::process::id();
    let mut carried = 0;
    while Instant::now() < until {
        let email = format!("user{carried}.{worker}.{run}@example.org");
        let path = format!("/api/v1/users?email={}", email.replace('@', "%40"));
        call(&mut connection, host, Some(token), Method::GET, &path, String::new()).await?;
        let body = format!(
            r#"{{"profile":{{"given_name":"Ada"}},"provided_id":"{carried}","identities":[{{"type":"email","is_verified":true,"details":{{"email":"{email}"}}}}]}}"#
        );
        let created = call(&mut connection, host, Some(token), Method::POST, "/api/v1/user", body).await?;
        let id = created.get("id").and_then(Value::as_str).ok_or("no id")?;
        let path = format!("/api/v1/users/{id}/password");
        let body = format!(r#"{{"hashed_password":"{HASH}","hashing_method":"bcrypt"}}"#);
        call(&mut connection, host, Some(token), Method::PUT, &path, body).await?;
        carried += 1;
    }
    Ok(carried)
}

async fn token(host: &str) -> Result<String, Failure> {
    let mut connection = connect(host).await?;
    let body = format!(
        "grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox-secret\
         &audience=http%3A%2F%2F{}%2Fapi",
        host.replace(':', "%3A")
    );
    let answer = call(&mut connection, host, None, Method::POST, "/oauth2/token", body).await?;
    let token = answer.get("access_token").and_then(Value::as_str);
    Ok(token.ok_or("no token")?.to_owned())
}

async fn connect(host: &str) -> Result<SendRequest<Full<Bytes>>, Failure> {
    let stream = TcpStream::connect(host).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::task::spawn_local(connection);
    Ok(sender)
}

async fn call(
    connection: &mut SendRequest<Full<Bytes>>,
    host: &str,
    token: Option<&str>,
    method: Method,
    path: &str,
    body: String,
) -> Result<Value, Failure> {
    let request = Request::builder().method(method).uri(path).header(HOST, host);
    let request = match token {
        Some(token) => {
            request.header(AUTHORIZATION, format!("Bearer {token}")).header(CONTENT_TYPE, "application/json")
        }
        None => request.header(CONTENT_TYPE, "application/x-www-form-urlencoded"),
    };
    connection.ready().await?;
    let response = connection.send_request(request.body(Full::from(body))?).await?;
    let status = response.status();
    let bytes = response.into_body().collect().await?.to_bytes();
    if !status.is_success() {
        return Err(format!("{path}: {status}").into());
    }
    Ok(serde_json::from_slice(&bytes)?)
}
