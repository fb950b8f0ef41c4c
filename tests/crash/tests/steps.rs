//! The process dies at every numbered step in turn, as a caller and as a worker, and others go on.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::time::Duration;

use kinde_migrate::{STEPS, Verb};
use kinde_migrate_crash::history::History;
use kinde_migrate_crash::op::{Form, Op};
use kinde_migrate_crash::world::{Kill, Task, World};
use kinde_migrate_crash::{EMAIL_MARK, PASSWORD_MARK, inspect};
use serde_json::{Value, json};

/// Steps of the beginning.
const BEGIN: &[&str] = &[
    "before_open",
    "after_file_made",
    "after_signed",
    "after_connected",
    "after_schema",
    "before_key_kept",
    "after_key_kept",
];
const TOKEN: &[&str] = &["before_token", "after_token", "before_token_kept", "after_token_kept"];
const CALLS: &[&str] = &[
    "before_check",
    "after_check",
    "before_create",
    "after_create",
    "before_set_password",
    "after_set_password",
    "before_reset",
    "after_reset",
];
/// Of a caller alone.
const ACCEPTING: &[&str] = &[
    "before_enter",
    "after_enter",
    "before_hash",
    "after_hash",
    "before_remember",
    "after_remember",
    "before_release",
    "after_release",
    "before_drop",
    "after_drop",
];
const OWING: &[&str] = &["before_owe", "after_owe"];
/// Of a worker alone.
const DELIVERING: &[&str] = &["before_claim", "after_claim", "before_settle", "after_settle"];
const PUTTING_BACK: &[&str] = &["before_put_back", "after_put_back"];
const RENEWING: &[&str] = &["before_renew", "after_renew"];
const HANDING_BACK: &[&str] = &["before_hand_back", "after_hand_back"];
const TURN: &[&str] = &["before_take_turn", "after_take_turn"];
const FORGETTING: &[&str] = &["before_forget", "after_forget"];
const ADOPTING: &[&str] = &["before_adopt", "between_adopt", "after_adopt"];
const COMMIT: &[&str] = &["before_commit", "after_commit"];

/// A step, the so-manieth time, in a caller (`call`) or a worker (`drain`).
type At = (&'static str, &'static str, u32);

fn at(mode: &'static str, steps: &[&[&'static str]], times: u32) -> Vec<At> {
    let steps = steps.concat();
    steps.into_iter().flat_map(|step| (1..=times).map(move |nth| (mode, step, nth))).collect()
}

fn well() -> Value {
    json!({"faults": {}, "script": [], "latency_ms": 0})
}

fn down() -> Value {
    json!({"faults": {"error_503": 1.0}, "script": [], "latency_ms": 0})
}

fn user_gone() -> Value {
    let gone = json!([{"call": "set_password", "nth": "all", "fault": {"status": 404}}]);
    json!({"faults": {}, "script": gone, "latency_ms": 0})
}

fn slow() -> Value {
    json!({"faults": {}, "script": [], "latency_ms": 3500})
}

/// One sandbox and ledger, and who was killed there.
struct Stage {
    world: World,
    history: History,
    ops: usize,
    died: BTreeSet<(&'static str, &'static str)>,
    kills: usize,
}

impl Stage {
    fn new() -> Stage {
        let world = World::start(env!("CARGO_BIN_EXE_crash-child"), tempfile::tempdir().unwrap());
        Stage { world, history: History::default(), ops: 0, died: BTreeSet::new(), kills: 0 }
    }

    fn op(&mut self, verb: Verb, user: &str, n: usize, form: Form) -> Op {
        let (email, password) = (format!("{user}{EMAIL_MARK}"), format!("{PASSWORD_MARK}{user}-{n}"));
        self.ops += 1;
        Op { id: self.ops, verb, email, provided_id: None, password, form, at: 0, blind: false }
    }

    /// All that a caller may do with a user.
    fn all_calls(&mut self, user: &str) -> Vec<Op> {
        [
            (Verb::Migrate, 1, Form::Plain),
            (Verb::Migrate, 1, Form::Plain),
            (Verb::RequestReset, 1, Form::Versioned),
            (Verb::ChangePassword, 2, Form::Versioned),
            (Verb::Migrate, 3, Form::Stored),
        ]
        .map(|(verb, n, form)| self.op(verb, user, n, form))
        .into()
    }

    fn change(&mut self, user: &str, n: usize) -> Vec<Op> {
        vec![self.op(Verb::ChangePassword, user, n, Form::Plain)]
    }

    /// A caller that lives.
    fn call(&mut self, weather: Value, ops: Vec<Op>) {
        self.run(weather, Task::calls(ops));
    }

    /// A process that dies, if it comes so far.
    fn kill(&mut self, weather: Value, (mode, step, nth): At, ops: Vec<Op>) {
        let task = match mode {
            "call" => Task::calls(ops),
            // The breaker leaves Kinde alone for 10 s at most.
            _ => Task::worker(mode, Duration::from_secs(25)),
        };
        if self.run(weather, task.killed(Kill::At(step, nth))) {
            self.kills += 1;
            self.died.insert((mode, step));
        }
    }

    fn run(&mut self, weather: Value, task: Task) -> bool {
        self.run_with("1.5", weather, task)
    }

    fn run_with(&mut self, deadline: &str, weather: Value, mut task: Task) -> bool {
        self.world.sandbox.set_options(weather).unwrap();
        task.environment.push(("KINDE_MIGRATE_DEADLINE", deadline.into()));
        let ran = self.world.run(&task);
        self.history.note(&task.ops, &ran);
        ran.killed
    }

    /// Others go on, and everything is there.
    fn ends(&self, what: &str) {
        if !self.world.ledger.exists() {
            return;
        }
        self.world.sandbox.set_options(well()).unwrap();
        let owed = self.world.deliver_all();
        let mut wrong = self.history.check(&self.world.sandbox, &[]);
        wrong.extend(owed);
        wrong.extend(inspect::integrity(&self.world.ledger).err());
        wrong.extend(inspect::wrong_files(self.world.folder()));
        assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
    }
}

/// What is done for each place to die at.
type Scene = (&'static str, Vec<At>, fn(&mut Stage, &str, At));

fn scenes() -> Vec<Scene> {
    let calls = at("call", &[ACCEPTING, CALLS, COMMIT], 3);
    let deliveries = at("drain", &[DELIVERING, CALLS, TURN, COMMIT], 2);
    vec![
        (
            "the first process",
            [at("call", &[BEGIN], 1), at("drain", &[BEGIN], 1)].concat(),
            |stage, user, at| {
                let _ = std::fs::remove_dir_all(stage.world.folder());
                // What was owed there is gone with it.
                stage.history = History::default();
                let ops = stage.all_calls(user);
                stage.kill(well(), at, ops);
                let ops = stage.all_calls(&format!("{user}-next"));
                stage.call(well(), ops);
            },
        ),
        ("calls", calls, |stage, user, at| {
            let ops = stage.all_calls(user);
            stage.kill(well(), at, ops);
        }),
        (
            "a token is fetched",
            [at("call", &[TOKEN], 1), at("drain", &[TOKEN], 1)].concat(),
            |stage, user, at| {
                // Until nobody who was killed is taken to be fetching it.
                std::thread::sleep(Duration::from_secs(4));
                let ops = stage.all_calls(user);
                // A worker needs something to deliver; a caller must not find Kinde to be down.
                stage.call(if at.0 == "call" { well() } else { down() }, ops);
                stage.world.sandbox.revoke_tokens().unwrap();
                let ops = stage.all_calls(&format!("{user}-other"));
                stage.kill(well(), at, ops);
            },
        ),
        ("deliveries", deliveries, |stage, user, at| {
            let ops = [stage.all_calls(user), stage.all_calls(&format!("{user}-other"))].concat();
            let ops: Vec<Op> = ops.into_iter().filter(|op| op.verb != Verb::RequestReset).collect();
            let (first, others) = ops.split_first().unwrap();
            stage.call(well(), vec![first.clone()]);
            stage.call(down(), others.to_vec());
            let ops = vec![stage.op(Verb::RequestReset, user, 3, Form::Plain)];
            stage.call(down(), ops);
            stage.kill(well(), at, Vec::new());
        }),
        (
            "Kinde is down",
            [at("call", &[OWING, COMMIT], 3), at("drain", &[PUTTING_BACK], 2)].concat(),
            |stage, user, at| {
                let ops = stage.all_calls(&format!("{user}-owed"));
                stage.call(down(), ops);
                let ops = stage.all_calls(user);
                stage.kill(down(), at, ops);
            },
        ),
        (
            "a user is gone",
            [at("call", &[FORGETTING], 1), at("drain", &[FORGETTING], 1)].concat(),
            |stage, user, at| {
                let ops = stage.all_calls(user);
                stage.call(well(), ops);
                let ops = stage.change(user, 4);
                match at.0 {
                    "call" => stage.kill(user_gone(), at, ops),
                    _ => {
                        stage.call(down(), ops);
                        stage.kill(user_gone(), at, Vec::new());
                    }
                }
            },
        ),
        ("Kinde is slow", at("drain", &[RENEWING], 2), |stage, user, at| {
            let ops = stage.change(user, 1);
            stage.call(down(), ops);
            stage.kill(slow(), at, Vec::new());
        }),
        (
            "a turn was lost",
            [at("call", &[TURN], 2), at("drain", &[HANDING_BACK], 1)].concat(),
            |stage, user, at| {
                // A worker needs something to deliver; a caller that knows Kinde to be down waits for no turn.
                if at.0 == "drain" {
                    let ops = stage.change(user, 1);
                    stage.call(down(), ops);
                }
                let ops = stage.change(user, 2);
                // A worker may have to wait until Kinde is tried again; the lock outlasts that.
                let deadline = if at.0 == "drain" { "20" } else { "1.5" };
                let killed = Task::calls(ops).killed(Kill::At("after_enter", 1));
                stage.run_with(deadline, well(), killed);
                let ops = stage.change(user, 3);
                stage.kill(well(), at, ops);
            },
        ),
        ("the ledger was lost", at("call", &[ADOPTING], 2), |stage, user, at| {
            // What a killed process had not taken over yet is gone with the lost file; what others owe later is not.
            stage.history = History::default();
            let lost = [
                stage.change(&format!("{user}-a"), 1),
                stage.change(&format!("{user}-b"), 1),
                stage.change(user, 1),
            ];
            stage.world.sandbox.set_options(down()).unwrap();
            let mut task = Task::calls(lost.concat()).killed(Kill::At(at.1, at.2));
            task.environment.push(("CRASH_REMOVE_AFTER", "2".into()));
            if stage.world.run(&task).killed {
                stage.kills += 1;
                stage.died.insert((at.0, at.1));
            }
            let ops = stage.change(&format!("{user}-b"), 2);
            stage.call(down(), ops);
        }),
    ]
}

#[test]
fn every_step_may_be_the_last() {
    let played: Vec<(Stage, Vec<At>)> = std::thread::scope(|scope| {
        let playing: Vec<_> = scenes()
            .into_iter()
            .map(|(what, places, play)| {
                scope.spawn(move || {
                    let mut stage = Stage::new();
                    for (n, at) in places.iter().enumerate() {
                        play(&mut stage, &format!("u{n}"), *at);
                    }
                    stage.ends(what);
                    (stage, places)
                })
            })
            .collect();
        playing.into_iter().map(|scene| scene.join().unwrap()).collect()
    });
    let kills: usize = played.iter().map(|(stage, _)| stage.kills).sum();
    let died: BTreeSet<_> = played.iter().flat_map(|(stage, _)| stage.died.clone()).collect();
    let places = played.iter().flat_map(|(_, places)| places);
    let missed: BTreeSet<_> =
        places.map(|(mode, step, _)| (*mode, *step)).filter(|place| !died.contains(place)).collect();
    println!("{kills} kills at {} places", died.len());
    assert!(missed.is_empty(), "nobody died at {missed:?}");
    let steps: BTreeSet<_> = died.iter().map(|(_, step)| *step).collect();
    let never: Vec<_> = STEPS.iter().filter(|step| !steps.contains(*step)).collect();
    assert!(never.is_empty(), "no scene has {never:?}");
}

/// Where users who are there already are left alone, one who was only just made by a process that died is none of them.
#[test]
fn a_user_whom_a_killed_process_has_made_gets_his_password() {
    let calls = ["before_create", "after_create", "before_set_password", "after_set_password"];
    std::thread::scope(|scope| {
        for policy in ["keep", "update_unclaimed"] {
            scope.spawn(move || {
                let mut stage = Stage::new();
                stage.world = stage.world.with("KINDE_MIGRATE_ON_EXISTING", policy);
                for step in calls.into_iter().chain(["before_remember"]) {
                    let ops = vec![stage.op(Verb::Migrate, &format!("{policy}-{step}"), 1, Form::Versioned)];
                    stage.kill(well(), ("call", step, 1), ops.clone());
                    stage.call(well(), ops);
                }
                for step in calls.into_iter().chain(["before_settle"]) {
                    let user = format!("{policy}-{step}-owed");
                    let ops = vec![stage.op(Verb::Migrate, &user, 1, Form::Versioned)];
                    stage.call(down(), ops);
                    stage.kill(well(), ("drain", step, 1), Vec::new());
                }
                stage.ends(policy);
                assert_eq!(stage.kills, 10);
                let dropped = inspect::count(&stage.world.ledger, "SELECT count(*) FROM begun");
                assert_eq!(dropped, 0, "what has come to its end is not noted any more");
            });
        }
    });
}
