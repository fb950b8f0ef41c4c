//! A process that has no descriptor or no thread left: what the ledger can take is taken.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::time::Duration;

use kinde_migrate::Verb;
use kinde_migrate_crash::history::History;
use kinde_migrate_crash::op::{Form, Op, Said};
use kinde_migrate_crash::world::{Ran, Task, World};
use kinde_migrate_crash::{EMAIL_MARK, PASSWORD_MARK};

const CALLS: usize = 20;

/// Makes every thread of the standard library's and of tokio's fail as it does where the system gives no more.
const NO_THREADS: (&str, &str) = ("RUST_MIN_STACK", "70368744177664");
const NO_DESCRIPTORS: (&str, &str) = ("CRASH_NO_DESCRIPTORS", "1");

fn changes() -> Vec<Op> {
    let op = |id| {
        let form = [Form::Versioned, Form::Plain, Form::Stored][id % 3];
        let (email, password) = (format!("u{id}{EMAIL_MARK}"), format!("{PASSWORD_MARK}{id}"));
        Op { id, verb: Verb::ChangePassword, email, provided_id: None, password, form, at: 0, blind: false }
    };
    (0..CALLS).map(op).collect()
}

/// Every change is done or queued, and all arrive once the limits are gone.
fn nothing_is_lost(environment: &[(&'static str, &str)]) -> Ran {
    let world = World::start(env!("CARGO_BIN_EXE_crash-child"), tempfile::tempdir().unwrap());
    let ops = changes();
    let mut task = Task { mode: "limited", ..Task::calls(ops.clone()) };
    task.environment = environment.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let ran = world.run(&task);
    let returned: Vec<_> = ran.said.iter().filter(|said| matches!(said, Said::Returned(..))).collect();
    assert_eq!(returned.len(), CALLS, "{:?}", ran.said);
    for said in returned {
        let Said::Returned(_, _, status, reason, durable) = said else { continue };
        assert!(*durable, "{status} {reason}");
        assert!(["created", "updated", "queued"].contains(&status.as_str()), "{status} {reason}");
    }
    let mut history = History::default();
    history.note(&ops, &ran);
    assert_eq!((history.accepted(), history.in_memory()), (CALLS, 0), "{:?}", ran.said);
    let mut wrong: Vec<String> = world.deliver_all().into_iter().collect();
    wrong.extend(history.check(&world.sandbox, &[]));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    ran
}

#[test]
fn without_descriptors_every_change_is_recorded_and_no_drain_succeeds() {
    let ran = nothing_is_lost(&[NO_DESCRIPTORS]);
    let says = |text: &str| {
        ran.said
            .iter()
            .any(|said| matches!(said, Said::Notice(told) | Said::Drained(told) if told.contains(text)))
    };
    assert!(says("resources_exhausted: ") && says("reason: Some(ResourcesExhausted)"), "{:?}", ran.said);
    let reasons = ran.said.iter().filter_map(|said| match said {
        Said::Returned(.., reason, _) => Some(reason.as_str()),
        _ => None,
    });
    assert!(reasons.into_iter().all(|reason| reason == "resources_exhausted"), "{:?}", ran.said);
}

#[test]
fn without_threads_every_change_is_done_or_recorded() {
    nothing_is_lost(&[NO_THREADS]);
}

#[test]
fn without_either() {
    nothing_is_lost(&[NO_THREADS, NO_DESCRIPTORS]);
}

/// A worker needs no thread.
#[test]
fn without_threads_what_is_owed_is_delivered() {
    let world = World::start(env!("CARGO_BIN_EXE_crash-child"), tempfile::tempdir().unwrap());
    world.sandbox.set_options(serde_json::json!({"faults": {"error_503": 1.0}})).unwrap();
    let ops = changes();
    let mut history = History::default();
    history.note(&ops, &world.run(&Task::calls(ops.clone())));
    world.sandbox.set_options(serde_json::json!({"faults": {}})).unwrap();
    let mut task = Task::worker("empty", Duration::from_secs(120));
    task.environment.push((NO_THREADS.0, NO_THREADS.1.to_owned()));
    let ran = world.run(&task);
    assert!(matches!(&ran.said[..], [.., Said::Drained(sum)] if sum.contains("owed: 0,")), "{:?}", ran.said);
    let wrong = history.check(&world.sandbox, &[]);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
