//! `kinde-migrate sandbox` as whoever types it sees it.

// What clippy.toml allows in tests, for their helpers too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

fn sandbox(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kinde-migrate"));
    command.arg("sandbox").args(args);
    command
}

/// A sandbox in the background, ended with the test.
struct Running {
    child: Child,
    port: u16,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let port = line.strip_prefix("listening on http://127.0.0.1:").unwrap();
        let port = port.trim_end().parse().unwrap();
        Self { child, port }
    }

    fn post(&self, path: &str, content_type: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {content_type}\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn signal(&mut self, name: &str) -> Option<i32> {
        let killed = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn refused(args: &[&str], status: i32) -> String {
    let Output { status: ended, stdout, stderr } = sandbox(args).output().unwrap();
    assert_eq!(ended.code(), Some(status), "{args:?}");
    assert!(stdout.is_empty(), "{args:?}");
    String::from_utf8(stderr).unwrap()
}

#[test]
fn says_where_it_listens_and_ends_at_a_signal() {
    for signal in ["-TERM", "-INT"] {
        let mut running = Running::start(sandbox(&["--port", "0"]));
        assert_eq!(running.signal(signal), Some(0), "{signal}");
    }
}

#[test]
fn takes_its_client_from_options_or_the_environment() {
    let mut by_environment = sandbox(&[]);
    by_environment.env("SANDBOX_CLIENT_ID", "me").env("SANDBOX_CLIENT_SECRET", "mine");
    let by_option = sandbox(&["--client-id", "me", "--client-secret", "mine"]);
    for command in [by_environment, by_option] {
        let running = Running::start(command);
        let ask = |secret: &str| {
            let form = format!(
                "grant_type=client_credentials&client_id=me&client_secret={secret}\
                 &audience=http://127.0.0.1:{}/api",
                running.port
            );
            running.post("/oauth2/token", "application/x-www-form-urlencoded", &form)
        };
        assert!(ask("mine").starts_with("HTTP/1.1 200"));
        assert!(ask("other").starts_with("HTTP/1.1 401"));
    }
}

#[test]
fn every_option_is_taken() {
    let running = Running::start(sandbox(&[
        "--port=0",
        "--audience=https://team.kinde.com/api",
        "--token-lifetime=60",
        "--scopes=read:users,create:users",
        "--latency-ms=1",
        "--limit-per-minute=600",
        "--limit-model=gcra",
        "--limit-burst=5",
        "--max-in-flight=3",
        "--no-in-flight-reset",
        "--reset-header=milliseconds",
        "--reset-path=openapi",
        "--users-null",
        "--refuse-password",
        "--fault=error_500=0.1",
        "--fault",
        "stall=0.2",
        "--seed=7",
        "--stall-ms=10",
        "--drip-ms=1",
        r#"--script=[{"call": "token", "fault": {"status": 418}}]"#,
    ]));
    let answer = running.post("/oauth2/token", "application/x-www-form-urlencoded", "");
    assert!(answer.starts_with("HTTP/1.1 418"), "{answer}");
    let answer = running.post("/sandbox/reset", "application/json", "{}");
    assert!(answer.ends_with(r#"{"ok":true}"#), "{answer}");
}

#[test]
fn a_wrong_option_is_named_and_ends_with_2() {
    for (args, named) in [
        (&["--latency-ms=fast"][..], "--latency-ms"),
        (&["--limit-model=leaky"], "--limit-model"),
        (&["--reset-path=none"], "--reset-path"),
        (&["--reset-header=minutes"], "--reset-header"),
        (&["--fault=error_418=0.1"], "reset_before"),
        (&["--fault=stall"], "KIND=SHARE"),
        (&["--fault=stall=2"], "0 to 1"),
        (&["--fault=stall=0.7", "--fault=html=0.7"], "--fault: "),
        (&["--limit-per-minute=0"], "--limit-per-minute"),
        (&["--token-lifetime=0"], "--token-lifetime"),
        (&["--client-secret="], "--client-secret"),
        (&["--script={"], "--script"),
        (&["--script=[{\"call\": \"creat\", \"fault\": \"html\"}]"], "creat"),
        (&["--port=70000"], "--port"),
        (&["--pot=1"], "--pot"),
    ] {
        let message = refused(args, 2);
        assert!(message.contains(named), "{args:?}: {message}");
    }
}

#[test]
fn a_port_that_is_taken_is_named_with_the_cure() {
    let running = Running::start(sandbox(&[]));
    let port = running.port.to_string();
    let message = refused(&["--port", &port], 1);
    assert!(message.contains(&port) && message.contains("choose another"), "{message}");
}

#[test]
fn help_explains_itself() {
    let output = sandbox(&["--help"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["/sandbox/sign-in", "sandbox-client", "SANDBOX_CLIENT_SECRET", "--fault", "listening on"] {
        assert!(text.contains(part), "{part}");
    }
}
