//! Many users at the same moment: none waits beyond the deadline by much, whatever there is to hash, and nothing that was
//! accepted is lost. Other work slows the machine, so what is looked for is generous; `bench/burst.mjs` says how exact it is.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::{Barrier, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use kinde_migrate::{Answer, Code, Credential, Migrator, Outcome, Settings, Status, User, Verb};
use kinde_migrate_sandbox::{Options, Sandbox};

const HASH: &str = "$2a$04$abcdefghijklmnopqrstuuBmsLQfF5CPCu3VPeI3kSLIXFbcQeBOi";
const DEADLINE: Duration = Duration::from_secs(2);
const LATE: Duration = DEADLINE.saturating_mul(2);
const THREADS: usize = 40;

/// Threads are counted, and cores shared: one burst at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn migrator(domain: &str, ledger: &Path) -> Migrator {
    let settings = [
        ("domain", domain),
        ("client_id", "sandbox-client"),
        ("client_secret", "sandbox-secret"),
        ("ledger", ledger.to_str().unwrap()),
    ];
    let settings =
        settings.into_iter().fold(Settings::new(), |s, (name, value)| s.with(name, value).unwrap());
    Migrator::new(settings).unwrap()
}

struct Called {
    n: usize,
    took: Duration,
    outcome: Outcome,
}

fn email(n: usize) -> String {
    format!("u{n}@example.com")
}

fn password(n: usize) -> String {
    // Some are hashed with PBKDF2.
    if n % 10 == 3 { format!("{}{n}", "x".repeat(80)) } else { format!("password {n}") }
}

/// Every fifth call is a change.
fn verb(n: usize) -> Verb {
    if n % 5 == 4 { Verb::ChangePassword } else { Verb::Migrate }
}

fn ask_all(
    migrator: &Migrator,
    count: usize,
    credential: impl Fn(usize) -> Credential,
) -> (Vec<Called>, usize) {
    let (tell, told) = mpsc::channel();
    for n in 0..count {
        let (tell, began) = (tell.clone(), Instant::now());
        let done = move |outcome| tell.send(Called { n, took: began.elapsed(), outcome }).unwrap();
        match migrator.ask(verb(n), User::with_email(email(n)), credential(n)) {
            Answer::Now(outcome) => done(outcome),
            Answer::Later(later) => later.then(done),
        }
    }
    drop(tell);
    let mut most = 0;
    let calls = told.iter().inspect(|_| most = most.max(threads())).collect();
    (calls, most)
}

#[cfg(target_os = "linux")]
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

#[cfg(not(target_os = "linux"))]
fn threads() -> usize {
    0
}

/// None is late, no change is left out, and what was accepted is in Kinde in the end.
fn all_arrive(migrator: &Migrator, sandbox: &Sandbox, calls: &[Called], count: usize) {
    assert_eq!(calls.len(), count);
    for Called { n, took, outcome } in calls {
        assert!(*took < LATE, "{n} took {took:?}: {outcome:?}");
        assert_ne!(outcome.reason, Some(Code::KindeDown), "{n}");
        match outcome.status {
            Status::Created | Status::Queued => {}
            Status::Skipped => {
                assert_eq!((verb(*n), outcome.reason), (Verb::Migrate, Some(Code::Overloaded)), "{n}");
            }
            _ => unreachable!("{n}: {outcome:?}"),
        }
    }
    let drained = migrator.drain(u32::MAX, Duration::from_secs(60), &|| false);
    assert_eq!((drained.left, drained.reason), (0, None), "{drained:?}");
    assert_eq!(migrator.status().dead, 0);
    for Called { n, outcome, .. } in calls {
        if outcome.status != Status::Skipped {
            assert!(sandbox.sign_in(&email(*n), &password(*n)).unwrap().ok, "{n}: {outcome:?}");
        }
    }
}

#[test]
fn three_hundred_on_an_event_loop() {
    let _alone = alone();
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let migrator = migrator(sandbox.url(), &folder.path().join("ledger.db"));
    let (calls, most) = ask_all(&migrator, 300, |n| Credential::password(password(n)).version("1"));
    all_arrive(&migrator, &sandbox, &calls, 300);
    assert!(most <= THREADS, "{most} threads");
    assert!(calls.iter().filter(|call| call.outcome.status != Status::Skipped).count() >= 60);
    // Nothing stays behind for a fork or the library's end to find.
    let before = threads();
    drop(migrator);
    assert!(threads() <= before);
}

#[test]
fn two_hundred_threads_that_call() {
    let _alone = alone();
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let migrator = migrator(sandbox.url(), &folder.path().join("ledger.db"));
    let (calls, ready) = (Mutex::new(Vec::new()), Barrier::new(200));
    std::thread::scope(|scope| {
        for n in 0..200 {
            let (migrator, calls, ready) = (&migrator, &calls, &ready);
            scope.spawn(move || {
                ready.wait();
                let began = Instant::now();
                let credential = Credential::password(password(n)).version("1");
                let outcome = migrator.call(verb(n), &User::with_email(email(n)), &credential, &|| false);
                calls.lock().unwrap().push(Called { n, took: began.elapsed(), outcome });
            });
        }
    });
    all_arrive(&migrator, &sandbox, &calls.into_inner().unwrap(), 200);
}

/// Nothing is hashed, but Kinde takes its time: more than may be on their way at once are written down in time.
#[test]
fn stored_hashes_and_a_slow_kinde() {
    let _alone = alone();
    let sandbox = Sandbox::start(Options { latency_ms: 400, ..Options::default() }).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let migrator = migrator(sandbox.url(), &folder.path().join("ledger.db"));
    let (calls, most) = ask_all(&migrator, 300, |_| Credential::hash(HASH).version("1"));
    for Called { n, took, outcome } in &calls {
        assert!(*took < LATE, "{n} took {took:?}: {outcome:?}");
        let carried = [Status::Created, Status::Queued].contains(&outcome.status);
        assert!(
            carried || verb(*n) == Verb::Migrate && outcome.reason == Some(Code::Overloaded),
            "{n}: {outcome:?}"
        );
        assert_ne!(outcome.reason, Some(Code::KindeDown), "{n}");
    }
    assert!(most <= THREADS, "{most} threads");
}

/// Who signs in again and names no version is told apart by their hash: no time for that is no reason to set anything.
#[test]
fn a_repeated_sign_in_without_a_version_replaces_no_good_hash_by_a_cheap_one() {
    let _alone = alone();
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let migrator = migrator(sandbox.url(), &folder.path().join("ledger.db"));
    let credential = |n| Credential::password(password(n));
    let first = migrator.migrate(&User::with_email(email(0)), &credential(0));
    assert_eq!(first.status, Status::Created, "{first:?}");
    let (tell, told) = mpsc::channel();
    // 0 comes last, after more than can be hashed.
    for n in (0..200).rev() {
        let tell = tell.clone();
        let done = move |outcome: Outcome| tell.send((n, outcome)).unwrap();
        match migrator.ask(Verb::Migrate, User::with_email(email(n)), credential(n)) {
            Answer::Now(outcome) => done(outcome),
            Answer::Later(later) => later.then(done),
        }
    }
    drop(tell);
    let outcome = told.iter().find(|(n, _)| *n == 0).unwrap().1;
    let unharmed = match outcome.status {
        Status::Unchanged => true,
        Status::Skipped => outcome.reason == Some(Code::Overloaded),
        _ => false,
    };
    assert!(unharmed, "{outcome:?}");
}
