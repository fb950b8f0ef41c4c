//! The main way, in-process, against the sandbox over real HTTP.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use kinde_migrate::{Answer, Credential, Later, Migrator, Settings, Status, User, Verb};
use kinde_migrate_sandbox::{Options, Sandbox};

fn migrator(sandbox: &Sandbox, ledger: &std::path::Path) -> Migrator {
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

#[test]
fn a_new_user_a_repeated_sign_in_and_a_change() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let migrator = migrator(&sandbox, &folder.path().join("deep/ledger.db"));
    let user = User::with_email("Ann@Example.com");

    let outcome = migrator.migrate(&user, &Credential::password("first").version("1"));
    assert_eq!((outcome.status, outcome.calls), (Status::Created, 3), "{outcome:?}");
    assert!(sandbox.sign_in("ann@example.com", "first").unwrap().ok);

    let outcome = migrator.migrate(&user, &Credential::password("first").version("1"));
    assert_eq!((outcome.status, outcome.calls), (Status::Unchanged, 0), "{outcome:?}");

    let outcome = migrator.change_password(&user, &Credential::password("second").version("2"));
    assert_eq!((outcome.status, outcome.calls), (Status::Updated, 2), "{outcome:?}");
    assert!(sandbox.sign_in("ann@example.com", "second").unwrap().ok);
    assert_eq!(sandbox.stats().unwrap().tokens, 1);
    assert!(migrator.notices().is_empty());
}

#[test]
fn without_a_version_the_hash_made_here_serves() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let migrator = migrator(&sandbox, &folder.path().join("ledger.db"));
    let user = User::with_email("ann@example.com");
    let calls = |password: &str| {
        let outcome = migrator.migrate(&user, &Credential::password(password));
        (outcome.status, outcome.calls)
    };
    assert_eq!(calls("first"), (Status::Created, 3));
    assert_eq!(calls("first"), (Status::Unchanged, 0));
    assert_eq!(calls("second"), (Status::Updated, 2));
    assert_eq!(calls("second"), (Status::Unchanged, 0));
    assert!(sandbox.sign_in("ann@example.com", "second").unwrap().ok);
}

#[test]
fn what_could_not_be_delivered_waits_in_the_outbox_over_a_restart() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let user = User::with_email("ann@example.com");
    sandbox.reset(serde_json::json!({"options": {"script": [{"call": "check", "nth": "all", "fault": "error_503"}]}})).unwrap();
    {
        let migrator = migrator(&sandbox, &ledger);
        for password in ["old", "new"] {
            let outcome = migrator.change_password(&user, &Credential::password(password).version(password));
            assert_eq!(outcome.status, Status::Queued, "{outcome:?}");
        }
        assert_eq!(migrator.status().owed, 1);
    }
    sandbox.reset(serde_json::json!({})).unwrap();
    let migrator = migrator(&sandbox, &ledger);
    let drained = migrator.drain(10, std::time::Duration::from_secs(5), &|| false);
    assert_eq!((drained.delivered, drained.left), (1, 0), "{drained:?}");
    assert!(sandbox.sign_in("ann@example.com", "new").unwrap().ok);
    let bytes = std::fs::read(&ledger).unwrap();
    assert!(!bytes.windows(15).any(|w| w == b"ann@example.com"));
}

/// A call for somebody who is not known yet.
fn later(migrator: &Migrator, user: User, credential: Credential) -> Later {
    match migrator.ask(Verb::Migrate, user, credential) {
        Answer::Later(later) => later,
        Answer::Now(outcome) => panic!("answered at once: {outcome:?}"),
    }
}

#[test]
fn many_calls_on_the_background_thread() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let migrator = migrator(&sandbox, &folder.path().join("ledger.db"));
    let (tell, told) = std::sync::mpsc::channel();
    for n in 0..200 {
        let tell = tell.clone();
        let user = User::with_email(format!("u{n}@example.com"));
        let credential = Credential::hash("$2a$04$abcdefghijklmnopqrstuuBmsLQfF5CPCu3VPeI3kSLIXFbcQeBOi");
        later(&migrator, user, credential).then(move |outcome| tell.send(outcome).unwrap());
    }
    drop(tell);
    let outcomes: Vec<_> = told.iter().collect();
    assert_eq!(outcomes.len(), 200);
    assert!(
        outcomes.iter().all(|o| o.status == Status::Created),
        "{:?}",
        outcomes.iter().find(|o| o.status != Status::Created)
    );
    drop(migrator);
}

#[test]
fn a_host_with_a_runtime_of_its_own_may_call_too() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let migrator = migrator(&sandbox, &folder.path().join("ledger.db"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let outcome = runtime.block_on(async {
        migrator.migrate(&User::with_email("ann@example.com"), &Credential::password("first").version("1"))
    });
    assert_eq!(outcome.status, Status::Created, "{outcome:?}");
}

#[test]
fn what_was_begun_is_done_though_the_migrator_is_dropped() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let migrator = migrator(&sandbox, &folder.path().join("ledger.db"));
    let (tell, told) = std::sync::mpsc::channel();
    for n in 0..20 {
        let tell = tell.clone();
        let user = User::with_email(format!("u{n}@example.com"));
        let credential = Credential::password("first");
        later(&migrator, user, credential).then(move |outcome| tell.send(outcome).unwrap());
    }
    drop((migrator, tell));
    let outcomes: Vec<_> = told.iter().collect();
    assert_eq!(outcomes.len(), 20);
    assert!(outcomes.iter().all(|outcome| outcome.status == Status::Created), "{outcomes:?}");
}

/// A migrator with settings of its own.
fn with(sandbox: &Sandbox, ledger: &std::path::Path, more: &[(&str, &str)]) -> Migrator {
    let settings = [
        ("domain", sandbox.url()),
        ("client_id", "sandbox-client"),
        ("client_secret", "sandbox-secret"),
        ("bcrypt_cost", "4"),
        ("ledger", ledger.to_str().unwrap()),
    ];
    let settings = settings.iter().chain(more);
    Migrator::new(settings.fold(Settings::new(), |s, (name, value)| s.with(name, value).unwrap())).unwrap()
}

#[test]
fn an_address_that_went_to_another_user_of_the_application_is_not_handed_over() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let migrator = migrator(&sandbox, &folder.path().join("ledger.db"));
    let user = |id: &str| {
        let mut user = User::with_email("ann@example.com");
        user.provided_id = Some(id.into());
        user
    };
    assert_eq!(migrator.migrate(&user("1"), &Credential::password("hers")).status, Status::Created);
    let outcome = migrator.migrate(&user("2"), &Credential::password("his"));
    assert_eq!(outcome.reason, Some(kinde_migrate::Code::ProvidedIdConflict), "{outcome:?}");
    assert!(sandbox.sign_in("ann@example.com", "hers").unwrap().ok);
}

#[test]
fn a_user_half_made_is_finished_though_existing_ones_are_kept() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let migrator = with(&sandbox, &folder.path().join("ledger.db"), &[("on_existing", "keep")]);
    let user = User::with_email("ann@example.com");
    let script = serde_json::json!([{"call": "set_password", "nth": "all", "fault": "error_503"}]);
    sandbox.reset(serde_json::json!({"options": {"script": script}})).unwrap();
    let first = migrator.migrate(&user, &Credential::password("hers").version("1"));
    assert_eq!(first.status, Status::Queued, "{first:?}");
    sandbox.set_options(serde_json::json!({"script": []})).unwrap();
    let second = migrator.migrate(&user, &Credential::password("hers").version("1"));
    assert_eq!(second.status, Status::Updated, "{second:?}");
    assert!(sandbox.sign_in("ann@example.com", "hers").unwrap().ok);
}

#[test]
fn a_version_without_a_password_is_not_remembered() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let migrator = migrator(&sandbox, &folder.path().join("ledger.db"));
    let user = User::with_email("ann@example.com");
    assert_eq!(migrator.migrate(&user, &Credential::none().version("1")).status, Status::Created);
    assert_eq!(migrator.migrate(&user, &Credential::password("hers").version("1")).status, Status::Updated);
    assert!(sandbox.sign_in("ann@example.com", "hers").unwrap().ok);
}

#[test]
fn a_rotated_secret_loses_nothing_even_if_the_old_one_is_given_late() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let script = serde_json::json!([{"call": "check", "nth": "all", "fault": "error_503"}]);
    sandbox.reset(serde_json::json!({"options": {"script": script}})).unwrap();
    let owed = |migrator: &Migrator, email: &str, password: &str| {
        let outcome = migrator.migrate(&User::with_email(email), &Credential::password(password));
        assert_eq!(outcome.status, Status::Queued, "{outcome:?}");
    };
    owed(&migrator(&sandbox, &ledger), "ann@example.com", "hers");
    owed(&migrator(&sandbox, &ledger), "both@example.com", "older");
    let rotated = serde_json::json!({"client_secret": "second", "script": script});
    sandbox.set_options(rotated).unwrap();
    owed(&with(&sandbox, &ledger, &[("client_secret", "second")]), "bob@example.com", "his");
    owed(&with(&sandbox, &ledger, &[("client_secret", "second")]), "both@example.com", "newer");
    sandbox.set_options(serde_json::json!({"script": []})).unwrap();
    let both = [("client_secret", "second"), ("previous_client_secret", "sandbox-secret")];
    let migrator = with(&sandbox, &ledger, &both);
    let drained = migrator.drain(10, std::time::Duration::from_secs(20), &|| false);
    assert_eq!(drained.left, 0, "{drained:?}");
    for (email, password) in
        [("ann@example.com", "hers"), ("bob@example.com", "his"), ("both@example.com", "newer")]
    {
        assert!(sandbox.sign_in(email, password).unwrap().ok, "{email}");
    }
}

#[test]
fn what_is_sealed_under_a_secret_that_is_not_known_is_said_once() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let script = serde_json::json!([{"call": "check", "nth": "all", "fault": "error_503"}]);
    sandbox.reset(serde_json::json!({"options": {"script": script}})).unwrap();
    let user = User::with_email("ann@example.com");
    let owed = with(&sandbox, &ledger, &[("deadline", "0.4")]).migrate(&user, &Credential::password("hers"));
    assert_eq!(owed.status, Status::Queued, "{owed:?}");
    let rotated = with(&sandbox, &ledger, &[("client_secret", "second"), ("deadline", "0.4")]);
    for _ in 0..2 {
        rotated.drain(10, std::time::Duration::ZERO, &|| false);
    }
    let said: Vec<_> = rotated.notices().into_iter().map(|notice| notice.code.as_str()).collect();
    assert_eq!(said, ["ledger_sealed"]);
    let both = [("client_secret", "second"), ("previous_client_secret", "sandbox-secret")];
    let both = with(&sandbox, &ledger, &both);
    both.drain(10, std::time::Duration::ZERO, &|| false);
    assert!(both.notices().is_empty(), "{:?}", both.notices());
}

/// Processes that open a new ledger at once: this test starts itself as each of them.
#[test]
fn many_may_open_a_new_ledger_at_once() {
    const LEDGER: &str = "KINDE_TEST_LEDGER";
    if let Some(ledger) = std::env::var_os(LEDGER) {
        let settings = [("domain", "http://127.0.0.1:9"), ("client_id", "a"), ("client_secret", "b")];
        let settings =
            settings.into_iter().fold(Settings::new(), |s, (name, value)| s.with(name, value).unwrap());
        let migrator = Migrator::new(settings.with("ledger", ledger.to_str().unwrap()).unwrap()).unwrap();
        assert!(!migrator.status().in_memory, "{:?}", migrator.notices());
        return;
    }
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let start = || {
            std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "many_may_open_a_new_ledger_at_once", "--quiet"])
                .env(LEDGER, folder.path().join("ledger.db"))
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        };
        let children: Vec<_> = (0..12).map(|_| start()).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
    }
}

#[test]
fn a_ledger_is_opened_while_somebody_writes_to_it() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let user = User::with_email("ann@example.com");
    migrator(&sandbox, &ledger).migrate(&user, &Credential::password("first").version("1"));
    let writer = rusqlite::Connection::open(&ledger).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let status = migrator(&sandbox, &ledger).status();
    assert!(!status.in_memory);
    assert_eq!(status.carried, 1);
}

#[test]
fn a_delivery_that_cannot_be_noted_is_made_once_more_and_that_is_said() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let script = serde_json::json!([{"call": "check", "nth": "all", "fault": "error_503"}]);
    sandbox.reset(serde_json::json!({"options": {"script": script}})).unwrap();
    let migrator = with(&sandbox, &ledger, &[("deadline", "0.5")]);
    let user = User::with_email("ann@example.com");
    assert_eq!(migrator.migrate(&user, &Credential::password("hers").version("1")).status, Status::Queued);
    sandbox.set_options(serde_json::json!({"script": []})).unwrap();
    let db = rusqlite::Connection::open(&ledger).unwrap();
    db.execute_batch("CREATE TRIGGER full BEFORE DELETE ON outbox BEGIN SELECT RAISE(ABORT, 'full'); END")
        .unwrap();
    let drain = || {
        let drained = migrator.drain(10, std::time::Duration::from_secs(8), &|| false);
        (drained.delivered, drained.dropped, drained.left)
    };
    assert_eq!(drain(), (0, 0, 1));
    let said = migrator.notices();
    assert!(said.iter().any(|notice| notice.message.contains("delivered once more")), "{said:?}");
    // As after the ends of the leases.
    db.execute_batch(
        "DROP TRIGGER full; UPDATE outbox SET lease = 0; DELETE FROM turns WHERE address <> x''",
    )
    .unwrap();
    assert_eq!(drain(), (1, 0, 0));
    assert!(sandbox.sign_in("ann@example.com", "hers").unwrap().ok);
}

/// A sign-in that the old system accepted before a change of password, and whose call comes after the change has returned.
#[test]
fn a_sign_in_that_comes_late_does_not_bring_an_older_password_back() {
    let forms: [fn(&str) -> Credential; 3] = [
        |password| Credential::password(password).version(format!("version of {password}")),
        |password| Credential::password(password),
        |password| match password {
            "older" => Credential::hash("$2a$04$abcdefghijklmnopqrstuuBmsLQfF5CPCu3VPeI3kSLIXFbcQeBOi"),
            _ => Credential::password(password),
        },
    ];
    let down = serde_json::json!({"script": [{"call": "check", "nth": "all", "fault": "error_503"}]});
    for (form, credential) in forms.iter().enumerate() {
        for (queued, carried) in [(false, false), (true, false), (false, true), (true, true)] {
            let what = format!("form {form}, queued {queued}, carried {carried}");
            let sandbox = Sandbox::start(Options::default()).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let migrator = with(&sandbox, &folder.path().join("ledger.db"), &[("deadline", "0.4")]);
            let user = User::with_email("ann@example.com");
            if carried {
                assert_eq!(migrator.migrate(&user, &credential("oldest")).status, Status::Created, "{what}");
                sandbox
                    .set_options(serde_json::json!({"faults": {"error_503": if queued { 1.0 } else { 0.0 }}}))
                    .unwrap();
            } else if queued {
                sandbox.set_options(down.clone()).unwrap();
            }
            let change = migrator.change_password(&user, &credential("newest"));
            assert_eq!(change.status == Status::Queued, queued, "{what}: {change:?}");
            sandbox.set_options(serde_json::json!({"script": [], "faults": {}})).unwrap();
            for _ in 0..2 {
                let late = migrator.migrate(&user, &credential("older"));
                assert!(matches!(late.status, Status::Unchanged | Status::Queued), "{what}: {late:?}");
                let present = migrator.migrate(&user, &credential("newest"));
                assert!(!matches!(present.status, Status::Skipped | Status::Rejected), "{what}: {present:?}");
            }
            migrator.drain(10, std::time::Duration::from_secs(30), &|| false);
            assert_eq!(migrator.status().owed, 0, "{what}");
            assert!(sandbox.sign_in("ann@example.com", "newest").unwrap().ok, "{what}");
        }
    }
}

#[test]
fn why_an_address_with_a_comma_was_refused_is_said_plainly() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let migrator = migrator(&sandbox, &folder.path().join("ledger.db"));
    let outcome = migrator.migrate(&User::with_email("eve,ann@example.com"), &Credential::password("hers"));
    assert_eq!(outcome.reason, Some(kinde_migrate::Code::KindeRefused), "{outcome:?}");
    let letters = migrator.dead_letters(1);
    let why = letters.first().and_then(|letter| letter.message.as_deref()).unwrap_or_default();
    assert!(why.contains("comma") && !why.contains("eve"), "{why}");
}
