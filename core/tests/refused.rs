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

#[test]
fn a_missing_create_stops_no_password_of_who_is_there() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    sandbox
        .reset(json!({"options": {"scopes": without("create:users")}, "users": [{"email": "there@example.com"}]}))
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let migrator = migrator(&sandbox, &folder.path().join("ledger.db"), &[]);
    for n in 0..3 {
        let outcome = sign_in(&migrator, &format!("new{n}"));
        assert_eq!(
            (outcome.status, outcome.reason),
            (Status::Queued, Some(Code::MissingScope)),
            "{outcome:?}"
        );
        assert!(outcome.message.unwrap().contains("create:users"));
    }
    assert_eq!(sandbox.stats().unwrap().calls.create, 1);
    assert_eq!(sign_in(&migrator, "there").status, Status::Updated);
    assert_eq!(migrator.status().kinde, KindeState::Refused);
    // What waits for the scope is not even looked up.
    let checks = sandbox.stats().unwrap().calls.check;
    migrator.drain(10, Duration::from_secs(2), &|| false);
    assert_eq!(sandbox.stats().unwrap().calls.check, checks);
}

#[test]
fn a_missing_update_of_users_stops_no_password() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    sandbox.set_options(json!({"scopes": without("update:users")})).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let migrator = migrator(&sandbox, &folder.path().join("ledger.db"), &[]);
    assert_eq!(sign_in(&migrator, "ann").status, Status::Created);
    for _ in 0..3 {
        let outcome = migrator.request_reset(&User::with_email("ann@example.com"));
        assert_eq!(
            (outcome.status, outcome.reason),
            (Status::Queued, Some(Code::MissingScope)),
            "{outcome:?}"
        );
    }
    assert_eq!(sandbox.stats().unwrap().calls.reset, 1);
    assert_eq!(sign_in(&migrator, "bob").status, Status::Created);
    let notices = migrator.notices();
    assert!(notices.len() == 1 && notices[0].message.contains("update:users"), "{notices:?}");
}

#[test]
fn the_right_secret_is_not_held_off_by_a_wrong_one() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    // As in a rotation: the new secret is mistyped, and both share the ledger's key.
    let right = migrator(&sandbox, &ledger, &[]);
    assert_eq!(right.status().owed, 0);
    let more = [("client_secret", "mistyped"), ("previous_client_secret", "sandbox-secret")];
    let wrong = migrator(&sandbox, &ledger, &more);
    assert_eq!(sign_in(&wrong, "ann").reason, Some(Code::ClientRefused));
    assert_eq!(sign_in(&wrong, "bob").calls, 0);
    assert_eq!(wrong.status().kinde, KindeState::Refused);
    assert_eq!(sign_in(&right, "eve").status, Status::Created);
    assert_eq!(right.status().kinde, KindeState::Up);
    assert_eq!(right.status().last_error, None);
    assert!(right.notices().iter().all(|notice| notice.code != Code::ClientRefused));
}

#[test]
fn what_has_been_mended_goes_on_after_a_restart_or_a_retry() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    sandbox.set_options(json!({"scopes": without("update:user_passwords")})).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let first = migrator(&sandbox, &ledger, &[]);
    for name in ["ann", "bob", "eve"] {
        assert_eq!(sign_in(&first, name).reason, Some(Code::MissingScope));
    }
    sandbox.set_options(json!({"scopes": SCOPES})).unwrap();
    // It need not wait for the end of the hold-off, and needs no token to be revoked.
    let anew = migrator(&sandbox, &ledger, &[]);
    let drained = anew.drain(10, Duration::from_secs(12), &|| false);
    assert_eq!((drained.delivered, drained.left), (3, 0), "{drained:?}");
    assert_eq!(anew.status().kinde, KindeState::Up);
    assert_eq!(first.status().last_error, None);
    assert_eq!(sign_in(&first, "joe").status, Status::Created);

    sandbox.set_options(json!({"scopes": without("update:user_passwords")})).unwrap();
    sandbox.revoke_tokens().unwrap();
    assert_eq!(sign_in(&first, "zoe").reason, Some(Code::MissingScope));
    assert_eq!(sign_in(&first, "max").reason, Some(Code::MissingScope));
    sandbox.set_options(json!({"scopes": SCOPES})).unwrap();
    first.retry_dead_letters(kinde_migrate::Which::All);
    let drained = first.drain(10, Duration::from_secs(5), &|| false);
    assert_eq!((drained.delivered, drained.left), (2, 0), "{drained:?}");
}

#[test]
fn many_processes_ask_once() {
    let sandbox = Sandbox::start(Options { latency_ms: 30, ..Options::default() }).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let migrators: Vec<_> =
        (0..8).map(|_| migrator(&sandbox, &ledger, &[("client_secret", "mistyped")])).collect();
    std::thread::scope(|scope| {
        for (n, migrator) in migrators.iter().enumerate() {
            scope.spawn(move || {
                for call in 0..5 {
                    let outcome = sign_in(migrator, &format!("u{n}-{call}"));
                    assert_eq!(outcome.reason, Some(Code::ClientRefused), "{outcome:?}");
                }
            });
        }
    });
    assert_eq!(sandbox.stats().unwrap().token_calls, 1);
    // Each of them has a log of its own.
    assert!(migrators.iter().all(|migrator| migrator.notices().len() == 1));
}
