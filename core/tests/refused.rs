//! A client secret that Kinde does not accept, or a scope that is missing: nobody waits, nobody asks again and again, and
//! it is said.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::{Duration, Instant};

use kinde_migrate::{Code, Credential, KindeState, Migrator, Outcome, Settings, Status, User};
use kinde_migrate_sandbox::{Options, Sandbox};
use serde_json::json;

const HASH: &str = "$2a$04$abcdefghijklmnopqrstuuBmsLQfF5CPCu3VPeI3kSLIXFbcQeBOi";
const SCOPES: [&str; 4] = ["read:users", "create:users", "update:user_passwords", "update:users"];

fn migrator(sandbox: &Sandbox, ledger: &Path, more: &[(&str, &str)]) -> Migrator {
    let settings = [
        ("domain", sandbox.url()),
        ("client_id", "sandbox-client"),
        ("client_secret", "sandbox-secret"),
        ("ledger", ledger.to_str().unwrap()),
    ];
    let set = |settings: Settings, (name, value): &(&str, &str)| settings.with(name, value).unwrap();
    Migrator::new(settings.iter().chain(more).fold(Settings::new(), set)).unwrap()
}

fn without(scope: &str) -> Vec<&str> {
    SCOPES.into_iter().filter(|granted| *granted != scope).collect()
}

fn sign_in(migrator: &Migrator, name: &str) -> Outcome {
    migrator.migrate(&User::with_email(format!("{name}@example.com")), &Credential::hash(HASH))
}

/// So many threads sign users in for so long; the outcomes, and the longest that one of the last ones took.
fn busy(migrator: &Migrator, threads: usize, time: Duration) -> (Vec<Outcome>, Duration) {
    let began = Instant::now();
    let one = |thread: usize| {
        let (mut outcomes, mut longest) = (Vec::new(), Duration::ZERO);
        for n in 0.. {
            if began.elapsed() >= time {
                break;
            }
            let at = Instant::now();
            outcomes.push(sign_in(migrator, &format!("u{thread}-{n}")));
            if began.elapsed() > time / 2 {
                longest = longest.max(at.elapsed());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        (outcomes, longest)
    };
    std::thread::scope(|scope| {
        let one = &one;
        let threads: Vec<_> = (0..threads).map(|thread| scope.spawn(move || one(thread))).collect();
        let (mut outcomes, mut longest) = (Vec::new(), Duration::ZERO);
        for thread in threads {
            let (some, time) = thread.join().unwrap();
            outcomes.extend(some);
            longest = longest.max(time);
        }
        (outcomes, longest)
    })
}

#[test]
fn a_wrong_secret_is_asked_with_once_in_a_while() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let more = [("client_secret", "mistyped"), ("drain_in_background", "true")];
    let migrator = migrator(&sandbox, &folder.path().join("ledger.db"), &more);
    let (outcomes, longest) = busy(&migrator, 20, Duration::from_secs(8));
    let stats = sandbox.stats().unwrap();
    eprintln!("{} sign-ins, {} token requests, longest {longest:?}", outcomes.len(), stats.token_calls);
    assert!(stats.token_calls <= 2, "{stats:?}");
    assert_eq!(stats.total, 0);
    let queued =
        |outcome: &Outcome| (outcome.status, outcome.reason) == (Status::Queued, Some(Code::ClientRefused));
    assert!(outcomes.iter().all(queued), "{outcomes:?}");
    assert!(longest < Duration::from_millis(900), "{longest:?}");
    let notices = migrator.notices();
    assert_eq!(notices.iter().filter(|notice| notice.code == Code::ClientRefused).count(), 1, "{notices:?}");
    let status = migrator.status();
    assert_eq!((status.kinde, status.last_error.as_deref()), (KindeState::Refused, Some("client_refused")));
    assert!(matches!(status.retry_in_seconds, Some(1..=60)), "{status:?}");
}

#[test]
fn a_missing_scope_is_asked_for_once_in_a_while() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    sandbox.set_options(json!({"scopes": without("update:user_passwords")})).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let more = [("drain_in_background", "true")];
    let migrator = migrator(&sandbox, &folder.path().join("ledger.db"), &more);
    let (outcomes, longest) = busy(&migrator, 20, Duration::from_secs(8));
    let stats = sandbox.stats().unwrap();
    eprintln!("{} sign-ins, {:?}, longest {longest:?}", outcomes.len(), stats.calls);
    assert!(stats.calls.set_password <= 2, "{stats:?}");
    let queued =
        |outcome: &Outcome| (outcome.status, outcome.reason) == (Status::Queued, Some(Code::MissingScope));
    assert!(outcomes.iter().all(queued), "{outcomes:?}");
    assert!(longest < Duration::from_millis(900), "{longest:?}");
    let notices = migrator.notices();
    let said: Vec<_> = notices.iter().filter(|notice| notice.code == Code::MissingScope).collect();
    assert!(said.len() == 1 && said[0].message.contains("update:user_passwords"), "{notices:?}");
    let status = migrator.status();
    assert_eq!((status.kinde, status.last_error.as_deref()), (KindeState::Refused, Some("missing_scope")));
}
