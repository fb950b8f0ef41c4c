//! What is queued says whether it is durable, and what only memory holds does not take the place of what another process
//! has set.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::Duration;

use kinde_migrate::{Code, Credential, Migrator, Outcome, Settings, Status, User};
use kinde_migrate_sandbox::{Options, Sandbox};
use serde_json::json;

const LONG: Duration = Duration::from_secs(30);

fn migrator(sandbox: &Sandbox, ledger: &Path) -> Migrator {
    let settings = [
        ("domain", sandbox.url()),
        ("client_id", "sandbox-client"),
        ("client_secret", "sandbox-secret"),
        ("bcrypt_cost", "4"),
        ("ledger", ledger.to_str().unwrap()),
    ];
    let settings =
        settings.into_iter().fold(Settings::new(), |s, (name, value)| s.with(name, value).unwrap());
    Migrator::new(settings).unwrap()
}

fn is_down(sandbox: &Sandbox, down: bool) {
    let script =
        if down { json!([{"call": "check", "nth": "all", "fault": "error_503"}]) } else { json!([]) };
    sandbox.set_options(json!({ "script": script })).unwrap();
}

fn change(migrator: &Migrator, email: &str, password: &str) -> Outcome {
    migrator.change_password(&User::with_email(email), &Credential::password(password).version(password))
}

/// A path where no ledger can be: below a regular file.
fn unusable(folder: &Path) -> std::path::PathBuf {
    std::fs::write(folder.join("file"), "").unwrap();
    folder.join("file/ledger.db")
}

fn codes(migrator: &Migrator) -> Vec<Code> {
    migrator.notices().into_iter().map(|notice| notice.code).collect()
}

#[test]
fn what_only_memory_holds_says_so() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    is_down(&sandbox, true);
    let in_file = migrator(&sandbox, &folder.path().join("ledger.db"));
    let outcome = change(&in_file, "ann@example.com", "first");
    assert_eq!((outcome.status, outcome.durable), (Status::Queued, true), "{outcome:?}");
    assert_eq!(in_file.status().not_durable, 0);
    assert!(!codes(&in_file).contains(&Code::LedgerNotDurable));

    let in_memory = migrator(&sandbox, &unusable(folder.path()));
    for _ in 0..2 {
        let outcome = change(&in_memory, "ann@example.com", "first");
        assert_eq!((outcome.status, outcome.durable), (Status::Queued, false), "{outcome:?}");
    }
    let status = in_memory.status();
    assert_eq!((status.owed, status.not_durable, status.in_memory), (1, 1, true), "{status:?}");
    assert_eq!(codes(&in_memory).iter().filter(|code| **code == Code::LedgerNotDurable).count(), 1);

    // Who asked for it is not warned of it.
    let chosen = migrator(&sandbox, Path::new("memory"));
    let outcome = change(&chosen, "ann@example.com", "first");
    assert_eq!((outcome.status, outcome.durable), (Status::Queued, false), "{outcome:?}");
    assert_eq!(chosen.status().not_durable, 1);
    assert!(!codes(&chosen).contains(&Code::LedgerNotDurable));
}

/// As with php-fpm, whose workers have no place for a ledger: a password that waits in one's memory is older than what
/// another has set since.
#[test]
fn what_only_memory_holds_does_not_overwrite() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let nowhere = unusable(folder.path());
    let (one, other) = (migrator(&sandbox, &nowhere), migrator(&sandbox, &nowhere));
    is_down(&sandbox, true);
    assert_eq!(change(&one, "ann@example.com", "older").status, Status::Queued);
    assert_eq!(change(&one, "new@example.com", "only one").status, Status::Queued);
    is_down(&sandbox, false);
    assert_eq!(change(&other, "ann@example.com", "newer").status, Status::Created);
    let drained = one.drain(10, LONG, &|| false);
    assert_eq!((drained.delivered, drained.left), (1, 1), "who is not in Kinde yet is carried: {drained:?}");
    assert!(sandbox.sign_in("ann@example.com", "newer").unwrap().ok);
    assert!(sandbox.sign_in("new@example.com", "only one").unwrap().ok);
    assert_eq!(one.status().pending_by_reason, [("ledger_unavailable".to_owned(), 1)]);
}

/// Within one process a ledger in memory is as good as another.
#[test]
fn a_ledger_in_memory_by_choice_delivers() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let chosen = migrator(&sandbox, Path::new("memory"));
    assert_eq!(change(&chosen, "ann@example.com", "first").status, Status::Created);
    is_down(&sandbox, true);
    assert_eq!(change(&chosen, "ann@example.com", "second").status, Status::Queued);
    is_down(&sandbox, false);
    let drained = chosen.drain(10, LONG, &|| false);
    assert_eq!((drained.delivered, drained.left), (1, 0), "{drained:?}");
    assert!(sandbox.sign_in("ann@example.com", "second").unwrap().ok);
}
