//! A sandbox and a client that hides nothing: one connection a call, plain sockets, so that a
//! reset is seen as a reset.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use kinde_migrate_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// The bytes after the headers, up to the end of the connection.
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The values of a header.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The code of the first of the errors.
    pub(crate) fn code(&self) -> String {
        self.json()["errors"][0]["code"]
            .as_str()
            .unwrap_or_else(|| panic!("no code in {}", String::from_utf8_lossy(&self.body)))
            .to_owned()
    }

    /// Its message.
    pub(crate) fn message(&self) -> String {
        self.json()["errors"][0]["message"].as_str().unwrap().to_owned()
    }
}

/// A sandbox with a token for it.
pub(crate) struct Kinde {
    pub(crate) sandbox: Sandbox,
    pub(crate) token: String,
}

impl Kinde {
    pub(crate) fn start() -> Self {
        Self::with(json!({}))
    }

    /// With options laid over the defaults.
    pub(crate) fn with(options: Value) -> Self {
        let options = Options::default().with(options.as_object().unwrap()).unwrap();
        let sandbox = Sandbox::start(options).unwrap();
        let mut kinde = Self { sandbox, token: String::new() };
        kinde.token = kinde.new_token();
        kinde
    }

    /// Resets the sandbox; tokens stay good.
    pub(crate) fn reset(&self, mut body: Value) {
        body["keep_tokens"] = json!(true);
        self.sandbox.reset(body).unwrap();
    }

    pub(crate) fn new_token(&self) -> String {
        let reply = self.ask_token(&self.token_form());
        assert_eq!(reply.status, 200, "{:?}", reply.json());
        reply.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// The form a proper client sends.
    pub(crate) fn token_form(&self) -> String {
        format!(
            "grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox-secret\
             &audience={}%2Fapi",
            self.sandbox.url().replace(':', "%3A").replace('/', "%2F")
        )
    }

    pub(crate) fn ask_token(&self, form: &str) -> Reply {
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        self.send("POST", "/oauth2/token", &headers, form.as_bytes()).unwrap()
    }

    /// An API call with the token, and with a JSON body unless it is null.
    pub(crate) fn call(&self, method: &str, path: &str, body: Value) -> Reply {
        self.try_call(method, path, body).unwrap()
    }

    /// The same, where the connection may be lost.
    pub(crate) fn try_call(&self, method: &str, path: &str, body: Value) -> io::Result<Reply> {
        let authorization = format!("Bearer {}", self.token);
        let mut headers = vec![("Authorization", authorization.as_str())];
        let bytes = match body {
            Value::Null => Vec::new(),
            body => {
                headers.push(("Content-Type", "application/json"));
                body.to_string().into_bytes()
            }
        };
        self.send(method, path, &headers, &bytes)
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.call("GET", path, Value::Null)
    }

    /// Asks for users by a query and answers their e-mail addresses.
    pub(crate) fn emails(&self, query: &str) -> Vec<String> {
        let reply = self.get(&format!("/api/v1/users?{query}"));
        assert_eq!(reply.status, 200, "{}", reply.json());
        reply.json()["users"]
            .as_array()
            .unwrap()
            .iter()
            .map(|user| user["email"].as_str().unwrap_or("").to_owned())
            .collect()
    }

    /// Creates a user with an e-mail address and answers the id.
    pub(crate) fn create(&self, email: &str) -> String {
        let reply = self.call("POST", "/api/v1/user", with_email(email));
        assert_eq!(reply.status, 200, "{}", reply.json());
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    /// Sets a password.
    pub(crate) fn set(&self, id: &str, fields: Value) -> Reply {
        self.call("PUT", &format!("/api/v1/users/{id}/password"), fields)
    }

    /// Sends a request on a connection of its own and reads until the server closes it.
    pub(crate) fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Reply> {
        exchange(self.sandbox.port(), method, target, headers, body)
    }
}

/// The body that creates a user with an e-mail address.
pub(crate) fn with_email(email: &str) -> Value {
    json!({"identities": [{"type": "email", "is_verified": true, "details": {"email": email}}]})
}

/// Opens a connection that gives up after a while, so that a test cannot hang.
pub(crate) fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

pub(crate) fn exchange(
    port: u16,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Reply> {
    let mut stream = connect(port);
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\nConnection: close\r\n\r\n", body.len()));
    stream.write_all(&[head.as_bytes(), body].concat())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    parse(&bytes).ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))
}

fn parse(bytes: &[u8]) -> Option<Reply> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Some(Reply { status, headers, body: bytes[end + 4..].to_vec() })
}
