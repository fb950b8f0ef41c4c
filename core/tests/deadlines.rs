//! No login is held up, whatever Kinde or the network does. The faults here last for ever and the deadline is short: what
//! is looked for is that a call ends at all, so a slow machine does not fail. `bench/` says how exact it is.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use kinde_migrate::{Code, Credential, KindeState, Migrator, Settings, Status, User, Verb};
use kinde_migrate_sandbox::{Options, Sandbox};

const HASH: &str = "$2a$04$abcdefghijklmnopqrstuuBmsLQfF5CPCu3VPeI3kSLIXFbcQeBOi";
/// The deadline is half a second; the faults last for ever.
const LONG: Duration = Duration::from_secs(5);

fn migrator(domain: &str, ledger: &Path) -> Migrator {
    let settings = [
        ("domain", domain),
        ("client_id", "sandbox-client"),
        ("client_secret", "sandbox-secret"),
        ("bcrypt_cost", "4"),
        ("deadline", "0.5"),
        ("ledger", ledger.to_str().unwrap()),
    ];
    let settings =
        settings.into_iter().fold(Settings::new(), |s, (name, value)| s.with(name, value).unwrap());
    Migrator::new(settings).unwrap()
}

/// Every verb comes back in time, with the work written down.
fn all_verbs_return(domain: &str) {
    let folder = tempfile::tempdir().unwrap();
    let migrator = migrator(domain, &folder.path().join("ledger.db"));
    for verb in [Verb::Migrate, Verb::ChangePassword, Verb::RequestReset] {
        let user = User::with_email(format!("{}@example.com", verb.as_str()));
        let began = Instant::now();
        let outcome = match verb {
            Verb::Migrate => migrator.migrate(&user, &Credential::password("correct horse").version("1")),
            Verb::ChangePassword => migrator.change_password(&user, &Credential::hash(HASH)),
            Verb::RequestReset => migrator.request_reset(&user),
        };
        assert!(began.elapsed() < LONG, "{verb:?} took {:?}", began.elapsed());
        assert_eq!(outcome.status, Status::Queued, "{verb:?}: {outcome:?}");
    }
    let status = migrator.status();
    assert_eq!((status.owed, status.in_memory), (3, false), "{status:?}");
}

/// A server that does the same with every connection, for ever.
fn server(behaviour: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || behaviour(stream));
        }
    });
    url
}

fn for_ever() {
    std::thread::sleep(Duration::from_secs(3600));
}

#[test]
fn a_server_that_never_answers() {
    all_verbs_return(&server(|_open| for_ever()));
}

#[test]
fn an_answer_that_stalls_after_its_headers() {
    all_verbs_return(&server(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{");
        for_ever();
    }));
}

#[test]
fn an_answer_that_drips_a_byte_a_second() {
    all_verbs_return(&server(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n");
        while stream.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_secs(1));
        }
    }));
}

#[test]
fn headers_that_never_end() {
    all_verbs_return(&server(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"X: y\r\n").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    }));
}

/// A listener whose queue is full: the kernel drops what else would connect, as a firewall does.
#[test]
fn a_connection_into_a_black_hole() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        waiting.push(stream);
        assert!(waiting.len() < 10_000, "the queue never fills");
    }
    all_verbs_return(&format!("http://{address}"));
}

/// A name whose resolution never ends: this test starts itself where the name server is a socket that nobody answers.
#[test]
fn a_name_that_resolves_slowly() {
    const INSIDE: &str = "KINDE_TEST_RESOLVER";
    if std::env::var_os(INSIDE).is_some() {
        return all_verbs_return("https://team.kinde-migrate-test.com");
    }
    let server = UdpSocket::bind("127.0.0.53:53").or_else(|_| UdpSocket::bind("127.0.0.54:53")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("resolv.conf");
    let address = server.local_addr().unwrap().ip();
    std::fs::write(&file, format!("nameserver {address}\noptions timeout:30 attempts:3\n")).unwrap();
    // A mount namespace of its own: only there /etc/resolv.conf is this file.
    let script = "mount --bind \"$0\" \"$(readlink -f /etc/resolv.conf)\" && exec \"$@\"";
    let output = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", script])
        .arg(&file)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "a_name_that_resolves_slowly", "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    server.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    assert!(server.recv(&mut [0; 512]).is_ok(), "nobody asked the name server");
}

#[test]
fn while_kinde_is_down_calls_go_straight_to_the_outbox_in_every_process() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let user = |n: u32| User::with_email(format!("u{n}@example.com"));
    sandbox.set_options(serde_json::json!({"faults": {"error_503": 1.0}})).unwrap();
    let first = migrator(sandbox.url(), &ledger);
    while first.status().kinde == KindeState::Up {
        assert_eq!(first.migrate(&user(0), &Credential::hash(HASH)).status, Status::Queued);
    }
    // Two migrators share what one has found out, as two processes do. Some calls try whether it is back.
    let second = migrator(sandbox.url(), &ledger);
    let straight = (1..40)
        .map(|n| if n % 2 == 0 { &first } else { &second }.migrate(&user(n), &Credential::hash(HASH)))
        .inspect(|outcome| assert_eq!(outcome.status, Status::Queued, "{outcome:?}"))
        .filter(|outcome| outcome.reason == Some(Code::KindeDown) && outcome.calls == 0)
        .count();
    assert!(straight >= 30, "{straight} of 39 went straight to the outbox");
    let status = second.status();
    assert_eq!((status.kinde, status.owed), (KindeState::Down, 40), "{status:?}");

    sandbox.set_options(serde_json::json!({"faults": {}})).unwrap();
    let drained = second.drain(100, Duration::from_secs(60), &|| false);
    assert_eq!((drained.delivered, drained.left), (40, 0), "{drained:?}");
    assert_eq!(first.status().kinde, KindeState::Up);
    assert_eq!(first.migrate(&user(99), &Credential::hash(HASH)).status, Status::Created);
    assert_eq!(sandbox.stats().unwrap().calls.create, 41);
}

#[test]
fn what_is_owed_is_delivered_in_the_background_where_that_is_switched_on() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        ("domain", sandbox.url()),
        ("client_id", "sandbox-client"),
        ("client_secret", "sandbox-secret"),
        ("deadline", "0.5"),
        ("drain_in_background", "true"),
        ("ledger", folder.path().join("ledger.db").to_str().unwrap()),
    ]
    .into_iter()
    .fold(Settings::new(), |s, (name, value)| s.with(name, value).unwrap());
    sandbox.set_options(serde_json::json!({"faults": {"stall": 1.0}})).unwrap();
    let migrator = Migrator::new(settings).unwrap();
    let user = User::with_email("ann@example.com");
    assert_eq!(migrator.migrate(&user, &Credential::hash(HASH)).status, Status::Queued);
    sandbox.set_options(serde_json::json!({"faults": {}})).unwrap();
    let began = Instant::now();
    while migrator.status().owed > 0 {
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", migrator.status());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(migrator.migrate(&user, &Credential::hash(HASH)).status, Status::Unchanged);
    drop(migrator);
}

/// Hashes that take seconds each, and more of them than there are cores.
#[test]
fn a_hash_that_is_not_ready_is_not_waited_for() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let settings = [
        ("domain", sandbox.url()),
        ("client_id", "sandbox-client"),
        ("client_secret", "sandbox-secret"),
        ("bcrypt_cost", "15"),
        ("deadline", "0.5"),
        ("ledger", ledger.to_str().unwrap()),
    ];
    let settings =
        settings.into_iter().fold(Settings::new(), |s, (name, value)| s.with(name, value).unwrap());
    let migrator = Migrator::new(settings).unwrap();
    let email = |n: usize| format!("u{n}@example.com");
    let password = |n: usize| if n == 0 { "x".repeat(80) } else { format!("password {n}") };
    let calls = 2 + 6 * std::thread::available_parallelism().unwrap().get();
    std::thread::scope(|scope| {
        for n in 0..calls {
            let migrator = &migrator;
            scope.spawn(move || {
                let began = Instant::now();
                let credential = Credential::password(password(n)).version("1");
                let outcome = migrator.change_password(&User::with_email(email(n)), &credential);
                assert!(began.elapsed() < LONG, "{n} took {:?}", began.elapsed());
                assert!([Status::Queued, Status::Created].contains(&outcome.status), "{outcome:?}");
            });
        }
    });
    assert!(migrator.notices().iter().any(|notice| notice.message.contains("lower bcrypt_cost")));
    let drained = migrator.drain(1000, Duration::from_secs(60), &|| false);
    assert_eq!(drained.left, 0, "{drained:?}");
    for n in 0..calls {
        assert!(sandbox.sign_in(&email(n), &password(n)).unwrap().ok, "{n}");
    }
}
