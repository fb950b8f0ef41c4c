//! Who is held up while Kinde does not answer, and who is not because it has errors for somebody else. What is counted is
//! how the calls ended; how long they took is held against limits that a busy machine keeps.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kinde_migrate::{Code, Credential, KindeState, Migrator, Outcome, Settings, Status, User};
use kinde_migrate_sandbox::{Options, Sandbox};
use serde_json::json;

const HASH: &str = "$2a$04$abcdefghijklmnopqrstuuBmsLQfF5CPCu3VPeI3kSLIXFbcQeBOi";

fn migrator(domain: &str, ledger: &Path, more: &[(&str, &str)]) -> Migrator {
    let settings = [
        ("domain", domain),
        ("client_id", "sandbox-client"),
        ("client_secret", "sandbox-secret"),
        ("ledger", ledger.to_str().unwrap()),
    ];
    let set = |settings: Settings, (name, value): &(&str, &str)| settings.with(name, value).unwrap();
    Migrator::new(settings.iter().chain(more).fold(Settings::new(), set)).unwrap()
}

fn sign_in(migrator: &Migrator, name: &str) -> (Outcome, Duration) {
    let began = Instant::now();
    let user = User::with_email(format!("{name}@example.com"));
    (migrator.migrate(&user, &Credential::hash(HASH)), began.elapsed())
}

/// Forty users one after the other; how many of them waited longer than this share of the deadline.
fn forty(migrator: &Migrator, deadline: f64) -> usize {
    let share = Duration::from_secs_f64(deadline * 0.45);
    let took = (0..40).map(|n| {
        std::thread::sleep(Duration::from_millis(100));
        let (outcome, took) = sign_in(migrator, &format!("u{n}"));
        assert_eq!(outcome.status, Status::Queued, "{outcome:?}");
        took
    });
    let took: Vec<_> = took.collect();
    eprintln!("{took:?}");
    took.into_iter().filter(|took| *took > share).count()
}

#[test]
fn a_drain_that_waits_for_a_token_blinds_nobody() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    sandbox.set_options(json!({"script": [{"call": "token", "nth": "all", "fault": "stall"}]})).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let more = [("deadline", "1"), ("drain_in_background", "true")];
    let first = migrator(sandbox.url(), &ledger, &more);
    let waited = forty(&first, 1.0);
    assert!(waited <= 2, "{waited}");
    assert_eq!(first.status().kinde, KindeState::Down);
    assert_eq!(first.status().last_error.as_deref(), Some("kinde_timeout"));
}

#[test]
fn another_process_that_waits_for_a_token_blinds_nobody() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    sandbox.set_options(json!({"script": [{"call": "token", "nth": "all", "fault": "stall"}]})).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let other = migrator(sandbox.url(), &ledger, &[("deadline", "20")]);
    let mine = migrator(sandbox.url(), &ledger, &[("deadline", "1")]);
    std::thread::scope(|scope| {
        scope.spawn(|| sign_in(&other, "other"));
        std::thread::sleep(Duration::from_millis(200));
        let waited = forty(&mine, 1.0);
        assert!(waited <= 2, "{waited}");
    });
}

#[test]
fn a_short_deadline_opens_it_too_for_this_process_alone() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let brief = migrator(sandbox.url(), &ledger, &[("deadline", "0.2")]);
    let patient = migrator(sandbox.url(), &ledger, &[("deadline", "10")]);
    assert_eq!(sign_in(&patient, "before").0.status, Status::Created);
    // Slow, but up.
    sandbox.set_options(json!({"latency_ms": 300})).unwrap();
    let straight = (0..25)
        .map(|n| sign_in(&brief, &format!("u{n}")).0)
        .inspect(|outcome| assert_eq!(outcome.status, Status::Queued, "{outcome:?}"))
        .filter(|outcome| (outcome.reason, outcome.calls) == (Some(Code::KindeDown), 0))
        .count();
    assert!(straight >= 15, "{straight} of 25 went straight to the outbox");
    assert_eq!(patient.status().kinde, KindeState::Up);
    assert_eq!(sign_in(&patient, "after").0.status, Status::Created);
}

/// A Kinde that has errors for some users: by their addresses at the check, or by their ids when their password is set.
struct Unfair {
    url: String,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Unfair {
    fn start(at_check: bool) -> Unfair {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(Mutex::new(Vec::new()));
        let known = Arc::new(Mutex::new(HashSet::new()));
        let all = Arc::clone(&calls);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (calls, known) = (Arc::clone(&all), Arc::clone(&known));
                std::thread::spawn(move || while serve(&stream, at_check, &calls, &known).is_some() {});
            }
        });
        Unfair { url, calls }
    }

    fn calls(&self, of: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|call| call.contains(of)).count()
    }
}

fn serve(
    mut stream: &TcpStream,
    at_check: bool,
    calls: &Mutex<Vec<String>>,
    known: &Mutex<HashSet<String>>,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|read| *read > 0)?;
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if header.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8_lossy(&body);
    // Ids are the names before the @.
    let name = |text: &str| text.split("%40").next().unwrap_or_default().to_owned();
    let (status, answer) = if line.contains("/oauth2/token") {
        (200, json!({"access_token": "token", "expires_in": 3600, "token_type": "bearer"}))
    } else if let Some((_, email)) = line.split_once("email=") {
        let name = name(email);
        let user = json!({"id": name, "email": format!("{name}@example.com")});
        let found = known.lock().unwrap().contains(&name);
        match at_check && name.starts_with("bad") {
            true => (500, json!({})),
            false => (200, json!({"code": "OK", "users": if found { vec![user] } else { vec![] }})),
        }
    } else if line.starts_with("POST") {
        let at = body.find("@example.com")?;
        let name = body.get(..at)?.rsplit('"').next()?.to_owned();
        known.lock().unwrap().insert(name.clone());
        (200, json!({"id": name, "created": true}))
    } else if line.contains("/bad") {
        (500, json!({}))
    } else {
        (200, json!({"code": "OK", "message": "done"}))
    };
    calls.lock().unwrap().push(line);
    let answer = answer.to_string();
    let head =
        format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}", answer.len());
    stream.write_all(format!("{head}\r\n\r\n{answer}").as_bytes()).ok()
}

#[test]
fn users_for_whom_a_check_fails_take_nobody_down() {
    unfair(true);
}

#[test]
fn users_for_whom_a_password_cannot_be_set_take_nobody_down() {
    unfair(false);
}

fn unfair(at_check: bool) {
    let kinde = Unfair::start(at_check);
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let migrator = migrator(&kinde.url, &ledger, &[("drain_in_background", "true"), ("deadline", "2")]);
    let began = Instant::now();
    let mut queued = 0;
    for n in 0..58 {
        // Twenty of them begin, three in a row at times, and they come again and again.
        if n < 20 || n % 3 == 0 {
            assert_eq!(sign_in(&migrator, &format!("bad{}", n % 20)).0.status, Status::Queued);
        }
        let (outcome, _) = sign_in(&migrator, &format!("good{n}"));
        queued += usize::from(outcome.status != Status::Created);
        std::thread::sleep(Duration::from_millis(50));
    }
    let bad = kinde.calls("bad");
    eprintln!("{queued} of 58 queued, {bad} calls for the others in {:?}", began.elapsed());
    assert!(queued <= 2, "{queued} of 58 were queued");
    assert!(bad <= 600, "{bad} calls");
    // Alone with them the drain comes ever more rarely.
    std::thread::sleep(Duration::from_secs(2));
    let before = kinde.calls("bad");
    std::thread::sleep(Duration::from_secs(2));
    let more = kinde.calls("bad") - before;
    assert!(more <= 80, "{more} calls in two seconds");
}
