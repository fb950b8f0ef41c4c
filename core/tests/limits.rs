//! Many processes' worth of migrators on one ledger, under the sandbox's limits.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::Duration;

use kinde_migrate::{Credential, KindeState, Migrator, Outcome, Settings, Status, User};
use kinde_migrate_sandbox::{LimitModel, Options, Sandbox};

const HASH: &str = "$2a$04$abcdefghijklmnopqrstuuBmsLQfF5CPCu3VPeI3kSLIXFbcQeBOi";

fn migrator(sandbox: &Sandbox, ledger: &Path, more: &[(&str, &str)]) -> Migrator {
    let settings = [
        ("domain", sandbox.url()),
        ("client_id", "sandbox-client"),
        ("client_secret", "sandbox-secret"),
        ("ledger", ledger.to_str().unwrap()),
    ];
    let set = |settings: Settings, (name, value): &(&str, &str)| settings.with(name, value).unwrap();
    let settings = settings.iter().chain(more).fold(Settings::new(), set);
    Migrator::new(settings).unwrap()
}

/// Signs up users of their own through every migrator, in so many threads each.
fn crowd(name: &str, migrators: &[Migrator], threads: usize, users: usize) -> Vec<Outcome> {
    std::thread::scope(|scope| {
        let mut at_work = Vec::new();
        for (m, migrator) in migrators.iter().enumerate() {
            for thread in 0..threads {
                at_work.push(scope.spawn(move || {
                    let one = |n| User::with_email(format!("{name}-{m}-{thread}-{n}@example.org"));
                    let carry = |n| migrator.migrate(&one(n), &Credential::hash(HASH));
                    (0..users).map(carry).collect::<Vec<_>>()
                }));
            }
        }
        at_work.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn one_token_serves_all_processes_and_is_replaced_once() {
    let sandbox = Sandbox::start(Options { latency_ms: 20, ..Options::default() }).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let migrators: Vec<_> = (0..8).map(|_| migrator(&sandbox, &ledger, &[("deadline", "20")])).collect();
    crowd("user", &migrators, 2, 1);
    assert_eq!(sandbox.stats().unwrap().tokens, 1);
    sandbox.revoke_tokens().unwrap();
    let again = crowd("again", &migrators, 3, 1);
    assert!(again.iter().all(|outcome| outcome.calls <= 4), "{again:?}");
    assert_eq!(sandbox.stats().unwrap().tokens, 2);
    assert_eq!(migrators[0].status().tokens_this_month, 2);
}

#[test]
fn a_token_endpoint_that_limits_is_asked_once_by_all_who_wait() {
    let faults = serde_json::json!({"latency_ms": 50, "script": [
        {"call": "token", "nth": "all", "fault": {"status": 429, "reset": "30"}},
    ]});
    let sandbox = Sandbox::start(serde_json::from_value(faults).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let migrators: Vec<_> = (0..4).map(|_| migrator(&sandbox, &ledger, &[])).collect();
    let began = std::time::Instant::now();
    let outcomes = crowd("user", &migrators, 4, 2);
    assert!(outcomes.iter().all(|outcome| outcome.status == Status::Queued), "{outcomes:?}");
    assert!(began.elapsed() < Duration::from_secs(3), "nobody waits for his deadline: {:?}", began.elapsed());
    assert_eq!(sandbox.stats().unwrap().token_calls, 1);
}

#[test]
fn each_process_may_have_a_token_of_its_own() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let migrators: Vec<_> =
        (0..3).map(|_| migrator(&sandbox, &ledger, &[("share_token", "false")])).collect();
    crowd("user", &migrators, 2, 2);
    assert_eq!(sandbox.stats().unwrap().tokens, 3);
    assert_eq!(migrators[0].status().tokens_this_month, 3);
}

#[test]
fn who_is_told_a_limit_tells_all_and_nobody_calls_before_the_reset() {
    let sandbox = Sandbox::start(Options { limit_per_minute: Some(60), ..Options::default() }).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let first = migrator(&sandbox, &ledger, &[]);
    let others: Vec<_> = (0..4).map(|_| migrator(&sandbox, &ledger, &[])).collect();
    let outcomes = crowd("first", std::slice::from_ref(&first), 1, 21);
    let (created, queued) = outcomes.split_at(20);
    assert!(created.iter().all(|outcome| outcome.status == Status::Created), "{created:?}");
    assert_eq!((queued[0].status, queued[0].calls), (Status::Queued, 1));
    let outcomes = crowd("other", &others, 2, 5);
    let called = outcomes.iter().find(|outcome| (outcome.status, outcome.calls) != (Status::Queued, 0));
    assert!(called.is_none(), "{called:?}");
    assert_eq!(sandbox.stats().unwrap().throttled, 1);
    // What was learnt is there for whoever comes.
    let status = migrator(&sandbox, &ledger, &[]).status();
    assert_eq!((status.kinde, status.rate_limited, status.owed), (KindeState::Limited, 1, 41));
    let learnt = status.limit_per_minute.unwrap();
    assert!((58..=60).contains(&learnt), "{learnt}");
}

#[test]
fn calls_in_flight_are_kept_to_the_ceiling_by_all() {
    let sandbox = Sandbox::start(Options { latency_ms: 30, ..Options::default() }).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let settings = [("max_in_flight", "2"), ("deadline", "60")];
    let migrators: Vec<_> = (0..4).map(|_| migrator(&sandbox, &ledger, &settings)).collect();
    let outcomes = crowd("user", &migrators, 3, 2);
    assert!(outcomes.iter().all(|outcome| outcome.status == Status::Created), "{outcomes:?}");
    let high = sandbox.stats().unwrap().in_flight_high;
    assert!((1..=2).contains(&high), "{high}");
}

#[test]
fn a_limit_of_calls_in_flight_is_learnt() {
    let options = Options { latency_ms: 30, max_in_flight: Some(3), ..Options::default() };
    let sandbox = Sandbox::start(options).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let migrators: Vec<_> = (0..4).map(|_| migrator(&sandbox, &ledger, &[("deadline", "60")])).collect();
    let outcomes = crowd("user", &migrators, 4, 6);
    assert!(outcomes.iter().all(|outcome| outcome.status == Status::Created), "{outcomes:?}");
    let learnt = migrators[0].status().limit_in_flight.unwrap();
    assert!((1..16).contains(&learnt), "{learnt}");
    // 288 calls of sixteen at once: a client that learns nothing is refused hundreds of times.
    let throttled = sandbox.stats().unwrap().throttled;
    assert!(throttled < 60, "{throttled}");
}

#[test]
fn a_ceiling_by_the_minute_is_kept_by_all() {
    for model in [LimitModel::Fixed, LimitModel::Sliding] {
        let options = Options { limit_per_minute: Some(90), limit_model: model, ..Options::default() };
        let sandbox = Sandbox::start(options).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger.db");
        let settings = [("max_calls_per_minute", "90"), ("deadline", "1")];
        let migrators: Vec<_> = (0..4).map(|_| migrator(&sandbox, &ledger, &settings)).collect();
        crowd("user", &migrators, 2, 6);
        let drained = migrators[0].drain(1000, Duration::from_secs(2), &|| false);
        let stats = sandbox.stats().unwrap();
        assert_eq!(stats.throttled, 0, "{model:?}");
        assert!(stats.total >= 3, "{stats:?}");
        assert!(drained.left > 0, "{drained:?}");
    }
}

#[test]
fn under_more_than_there_is_room_for_those_who_begin_can_finish() {
    let sandbox = Sandbox::start(Options { latency_ms: 10, ..Options::default() }).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.db");
    let settings = [("max_calls_per_minute", "900"), ("deadline", "2")];
    let migrators: Vec<_> = (0..4).map(|_| migrator(&sandbox, &ledger, &settings)).collect();
    // Twenty-four at once want 15 calls a second: room for five of them in each.
    let outcomes = crowd("user", &migrators, 6, 3);
    let created = outcomes.iter().filter(|outcome| outcome.status == Status::Created).count();
    let stats = sandbox.stats().unwrap();
    assert!(created * 2 >= stats.calls.check as usize, "{created} of {stats:?}");
    assert!(created >= 10, "{created} of {stats:?}");
}
