//! One user, one way at a time, in any number of threads and processes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use kinde_migrate::Verb;
use kinde_migrate_crash::op::{Form, Op, Said};
use kinde_migrate_crash::random::Random;
use kinde_migrate_crash::world::{Ran, Task, World};
use kinde_migrate_crash::{EMAIL_MARK, PASSWORD_MARK, monotonic};
use serde_json::json;

const PROCESSES: usize = 8;
const THREADS: usize = 16;

fn world() -> World {
    World::start(env!("CARGO_BIN_EXE_crash-child"), tempfile::tempdir().unwrap())
}

/// Runs processes whose calls are timed from one moment on.
fn at_once(world: &World, processes: &[Vec<Op>]) -> Vec<Ran> {
    // Time enough for all of them to be there.
    let start = monotonic() + 1_500_000_000;
    std::thread::scope(|scope| {
        let running: Vec<_> = processes
            .iter()
            .map(|ops| {
                let task = Task {
                    mode: "timed",
                    environment: vec![
                        ("CRASH_START", start.to_string()),
                        ("KINDE_MIGRATE_DEADLINE", "60".into()),
                    ],
                    ..Task::calls(ops.clone())
                };
                scope.spawn(move || world.run(&task))
            })
            .collect();
        running.into_iter().map(|process| process.join().unwrap()).collect()
    })
}

#[test]
fn one_new_user_signs_in_everywhere_at_once() {
    for form in [Form::Versioned, Form::Plain, Form::Stored] {
        let world = world();
        world.sandbox.set_options(json!({"latency_ms": 20})).unwrap();
        let op = |id| Op {
            id,
            verb: Verb::Migrate,
            email: format!("ann{EMAIL_MARK}"),
            provided_id: None,
            password: format!("{PASSWORD_MARK}1"),
            form,
            at: 0,
            blind: false,
        };
        let processes: Vec<Vec<Op>> =
            (0..PROCESSES).map(|p| (0..THREADS).map(|t| op(p * THREADS + t)).collect()).collect();
        let mut statuses = Vec::new();
        for said in at_once(&world, &processes).iter().flat_map(|ran| &ran.said) {
            match said {
                Said::Returned(_, _, status, reason, _) => statuses.push(format!("{status} {reason}")),
                Said::Begun(..) | Said::At(..) => {}
                other => panic!("{form:?}: {other:?}"),
            }
        }
        let calls = world.sandbox.stats().unwrap().calls;
        assert_eq!((calls.create, calls.set_password), (1, 1), "{form:?}: {statuses:?}");
        assert_eq!(statuses.len(), PROCESSES * THREADS);
        assert_eq!(
            statuses.iter().filter(|status| *status == "created ").count(),
            1,
            "{form:?}: {statuses:?}"
        );
        let known = ["created ", "unchanged ", "queued deadline"];
        assert!(statuses.iter().all(|status| known.contains(&status.as_str())), "{form:?}: {statuses:?}");
        assert_eq!(world.deliver_all(), None);
        assert!(world.sandbox.sign_in(&format!("ann{EMAIL_MARK}"), &format!("{PASSWORD_MARK}1")).unwrap().ok);
    }
}

/// Users of a race, and the time that each has for himself.
const RACES: usize = 150;
const APART: u64 = 40_000;

/// Sign-ins with the old password around a change to the new one: before it, at the same time, and after it has returned.
fn race(form: Form, carried: bool, weather: serde_json::Value, seed: u64) {
    let what = format!("{form:?}, carried {carried}, {weather}, seed {seed}");
    let world = world();
    let mut random = Random::new(seed, 0);
    let email = |n: usize| format!("u{n}{EMAIL_MARK}");
    let (old, new) = (format!("{PASSWORD_MARK}old"), format!("{PASSWORD_MARK}new"));
    let op = |id, verb, n: usize, password: &str, at| Op {
        id,
        verb,
        email: email(n),
        provided_id: None,
        password: password.to_owned(),
        form,
        at,
        blind: false,
    };
    if carried {
        let ops = (0..RACES).map(|n| op(n, Verb::Migrate, n, &old, 0)).collect();
        let ran = world.run(&Task::calls(ops));
        let created = |said: &&Said| matches!(said, Said::Returned(_, _, status, ..) if status == "created");
        assert_eq!(ran.said.iter().filter(created).count(), RACES, "{what}");
    }
    world.sandbox.set_options(weather).unwrap();
    let mut processes = vec![Vec::new(); 4];
    for n in 0..RACES {
        let moment = (n as u64 + 1) * APART;
        processes[n % 2].push(op(n, Verb::ChangePassword, n, &new, moment));
        for (other, process) in [(1 + n % 2) % 2, 2, 3].into_iter().enumerate() {
            let at = moment - 10_000 + random.below(30_000) as u64;
            processes[process].push(op((other + 1) * 10_000 + n, Verb::Migrate, n, &old, at));
        }
    }
    let ran = at_once(&world, &processes);
    world.sandbox.set_options(json!({"faults": {}, "latency_ms": 0})).unwrap();
    assert_eq!(world.deliver_all(), None);
    let said = |id: usize| {
        ran.iter().flat_map(|ran| &ran.said).filter(move |said| {
            matches!(said, Said::Begun(n, _) | Said::At(n, ..) | Said::Returned(n, ..) if *n == id)
        })
    };
    let at = |id: usize, steps: &[&str]| {
        said(id).find_map(|said| match said {
            Said::At(_, at, step) if steps.contains(&step.as_str()) => Some(*at),
            _ => None,
        })
    };
    let mut raced = 0;
    let mut wrong = Vec::new();
    for n in 0..RACES {
        if at(n, &["before_remember", "before_owe"]).is_none() {
            wrong.push(format!("u{n}: the change was given up: {:?}", said(n).collect::<Vec<_>>()));
            continue;
        }
        let mut change = said(n).filter_map(|said| match said {
            Said::Begun(_, at) | Said::Returned(_, at, ..) => Some(*at),
            _ => None,
        });
        let change = change.next().unwrap()..change.next().unwrap();
        let mut sign_ins = (1..4).flat_map(|k| said(k * 10_000 + n));
        raced += usize::from(sign_ins.any(|said| matches!(said, Said::Begun(_, at) if change.contains(at))));
        let has = |password: &str| world.sandbox.sign_in(&email(n), password).unwrap().ok;
        if !has(&new) {
            let all = [n, 10_000 + n, 20_000 + n, 30_000 + n].map(|id| said(id).cloned().collect::<Vec<_>>());
            wrong.push(format!("u{n}: {all:?}"));
        }
    }
    println!("{what}: {raced} of {RACES} raced");
    assert!(wrong.is_empty(), "{what}: {} of {RACES}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(raced > RACES / 20, "{what}: only {raced} raced");
}

#[test]
fn a_sign_in_never_overtakes_the_change_that_it_races_with() {
    let latency = || json!({"latency_ms": 10});
    race(Form::Versioned, true, latency(), 1);
    race(Form::Stored, true, latency(), 2);
    race(Form::Plain, true, latency(), 3);
    race(Form::Versioned, false, latency(), 4);
    race(Form::Plain, false, latency(), 5);
}

#[test]
fn nor_with_faults_and_deliveries_in_between() {
    let faults = json!({"latency_ms": 5, "seed": 3, "faults":
        {"error_503": 0.1, "reset_after": 0.1, "reset_before": 0.05, "truncated": 0.05, "malformed": 0.05}});
    race(Form::Versioned, true, faults.clone(), 6);
    race(Form::Plain, true, faults.clone(), 7);
    race(Form::Stored, false, faults, 8);
}
