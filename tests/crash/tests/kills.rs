//! Callers and workers are killed at any moment, and what they accepted is in Kinde in the end.
//!
//! `KINDE_CRASH_KILLS` says how often (2,000), `KINDE_CRASH_SEED` with which seed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kinde_migrate::{STEPS, Verb};
use kinde_migrate_crash::history::History;
use kinde_migrate_crash::mounts::{in_own_mounts, mount};
use kinde_migrate_crash::op::{Form, Op, Said};
use kinde_migrate_crash::random::Random;
use kinde_migrate_crash::world::{Kill, Task, World};
use kinde_migrate_crash::{EMAIL_MARK, PASSWORD_MARK, inspect};
use serde_json::json;

/// Worlds side by side: while one waits for leases, another goes on.
const WORLDS: u64 = 3;
/// Children at the same time in each.
const AT_ONCE: usize = 3;
/// Kills between two looks at everything.
const ROUND: usize = 250;
/// Users of a round.
const USERS: usize = 60;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn nothing_accepted_is_lost_however_processes_die() {
    kill(number("KINDE_CRASH_KILLS", 2000) as usize, None);
}

/// Each process has another time of day, and all of them jump by hours while they run.
#[test]
fn nor_however_their_clocks_disagree() {
    let library = ["/usr/lib", "/usr/lib64"].iter().find_map(|folder| {
        let found = inspect::files_named(Path::new(folder), "libfaketimeMT.so.1");
        found.into_iter().next()
    });
    kill(200, Some(library.expect("faketime is missing; tools/setup.sh installs it")));
}

/// A small disk fills and empties. What could not be written to it says that it is not durable; the rest is.
#[test]
fn nor_however_the_disk_fills_and_empties() {
    if !in_own_mounts("nor_however_the_disk_fills_and_empties") {
        return;
    }
    let seed = number("KINDE_CRASH_SEED", 1);
    let filling = Arc::new(AtomicBool::new(false));
    let mut kinde = Kinde::start(seed, 0, None);
    kinde.filling = Some(Arc::clone(&filling));
    let folder = kinde.world.folder().to_owned();
    std::fs::create_dir(&folder).unwrap();
    mount(&["-t", "tmpfs", "-o", "size=24m,mode=700", "none"], &folder);
    std::thread::spawn(move || {
        let mut random = Random::new(seed, 77);
        let filler = folder.join("filler");
        let mut pause =
            |least: u64| std::thread::sleep(Duration::from_millis(least + random.below(150) as u64));
        loop {
            if filling.load(Ordering::Relaxed) {
                let options =
                    OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&filler);
                // As much as there is room for.
                let _ = options.and_then(|mut file| file.write_all(&vec![0; 32 << 20]));
                pause(20);
                let _ = std::fs::remove_file(&filler);
            }
            pause(1500);
        }
    });
    let sum = kinde.kill(number("KINDE_CRASH_KILLS", 2000) as usize / 10);
    let Sum { kills, accepted, unseen, .. } = sum;
    println!("{kills} kills on a disk that fills, {accepted} calls accepted, {unseen} users not looked at");
}

fn kill(kills: usize, clocks: Option<PathBuf>) {
    let seed = number("KINDE_CRASH_SEED", 1);
    let begun = Instant::now();
    let sums: Vec<Sum> = std::thread::scope(|scope| {
        let worlds: Vec<_> = (0..WORLDS)
            .map(|world| {
                let kills = kills.div_ceil(WORLDS as usize);
                let clocks = clocks.clone();
                scope.spawn(move || Kinde::start(seed, world, clocks).kill(kills))
            })
            .collect();
        worlds.into_iter().map(|world| world.join().unwrap()).collect()
    });
    let sum = |of: fn(&Sum) -> usize| sums.iter().map(of).sum::<usize>();
    println!(
        "{} kills ({} of callers, {} of workers; {} at steps, {} at random), {} calls accepted, {} users not looked at, {} s, seed {seed}",
        sum(|sum| sum.kills),
        sum(|sum| sum.kills - sum.workers),
        sum(|sum| sum.workers),
        sum(|sum| sum.at_steps),
        sum(|sum| sum.kills - sum.at_steps),
        sum(|sum| sum.accepted),
        sum(|sum| sum.unseen),
        begun.elapsed().as_secs(),
    );
    assert!(sum(|sum| sum.kills) >= kills);
}

#[derive(Default)]
struct Sum {
    kills: usize,
    workers: usize,
    at_steps: usize,
    accepted: usize,
    /// Users who were not looked at, since the ledger was too busy for one of their calls.
    unseen: usize,
}

/// One sandbox and ledger, and what is done to them.
struct Kinde {
    world: World,
    seed: u64,
    stream: u64,
    /// What fakes the time of day, if it is to be faked.
    clocks: Option<PathBuf>,
    /// Whether the disk is being filled just now, where it is at all.
    filling: Option<Arc<AtomicBool>>,
}

/// What somebody has taken for the client secret for a while.
const MISTYPED: &str = "client-secret-mistyped";

/// Times of day that a process may have.
const CLOCKS: [&str; 5] = ["+0", "-5h", "-1h", "+3h", "+30h"];

/// A stack that no thread can be given, and no descriptor after the first call.
const LIMITS: [(&str, &str); 2] = [("RUST_MIN_STACK", "70368744177664"), ("CRASH_NO_DESCRIPTORS", "1")];

fn is_a_limit((name, _): &(&str, String)) -> bool {
    LIMITS.iter().any(|(limit, _)| limit == name)
}

/// What the children of a round have in common.
struct Round {
    random: Random,
    tasks: usize,
    ops: usize,
    kills: usize,
    users: Vec<User>,
    history: History,
    sum: Sum,
}

struct User {
    email: String,
    /// How many passwords they have had.
    passwords: usize,
    /// Whether several callers may have them at once; each call brings a new password then.
    shared: bool,
    /// Whether two persons of the old system have this address; each call is about one of them.
    persons: bool,
    busy: bool,
}

impl Kinde {
    fn start(seed: u64, stream: u64, clocks: Option<PathBuf>) -> Kinde {
        // All but one in memory, where there is such a place: a disk that is busy with others only makes them wait.
        let quick = Path::new("/dev/shm");
        let folder = match stream > 0 && quick.is_dir() {
            true => tempfile::tempdir_in(quick).or_else(|_| tempfile::tempdir()),
            false => tempfile::tempdir(),
        };
        let mut world = World::start(env!("CARGO_BIN_EXE_crash-child"), folder.unwrap());
        world.at_last.push(("KINDE_MIGRATE_PREVIOUS_CLIENT_SECRET", MISTYPED.into()));
        Kinde { world, seed, stream, clocks, filling: None }
    }

    fn kill(&self, kills: usize) -> Sum {
        let mut sum = Sum::default();
        let mut number = 0;
        while sum.kills < kills {
            let done = self.round(number, ROUND.min(kills - sum.kills));
            sum.kills += done.kills;
            sum.workers += done.workers;
            sum.at_steps += done.at_steps;
            sum.accepted += done.accepted;
            sum.unseen += done.unseen;
            number += 1;
        }
        sum
    }

    fn round(&self, number: u64, kills: usize) -> Sum {
        let what = format!("seed {}, world {}, round {number}", self.seed, self.stream);
        let random = Random::new(self.seed, self.stream * 1_000_000 + number);
        let users = (0..USERS)
            .map(|n| User {
                email: format!("u{n}-{number}{EMAIL_MARK}"),
                passwords: 0,
                shared: n % 6 == 0 || n % 10 == 3,
                persons: n % 10 == 3,
                busy: false,
            })
            .collect();
        let round = Mutex::new(Round {
            random,
            tasks: 0,
            ops: 0,
            kills,
            users,
            history: History::default(),
            sum: Sum::default(),
        });
        let fill = |fill| self.filling.iter().for_each(|filling| filling.store(fill, Ordering::Relaxed));
        fill(true);
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| while self.one(&round, &what) {});
            }
        });
        fill(false);
        if self.filling.is_some() {
            // Until there is room again.
            std::thread::sleep(Duration::from_millis(1000));
        }
        let round = round.into_inner().unwrap();
        let options = json!({"faults": {}});
        self.world.sandbox.set_options(options).unwrap();
        let owed = self.world.deliver_all();
        let mut wrong = round.history.check(&self.world.sandbox, &self.world.dead_letters());
        wrong.extend(owed);
        wrong.extend(inspect::integrity(&self.world.ledger).err());
        wrong.extend(inspect::wrong_files(self.world.folder()));
        let lease = inspect::farthest_lease(&self.world.ledger);
        if lease > 15 {
            wrong.push(format!("a lease ends in {lease} s"));
        }
        assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
        Sum { accepted: round.history.accepted(), unseen: round.history.in_memory(), ..round.sum }
    }

    /// One child; `false` if there have been enough.
    fn one(&self, round: &Mutex<Round>, what: &str) -> bool {
        let (task, held) = {
            let mut round = round.lock().unwrap();
            if round.sum.kills >= round.kills {
                return false;
            }
            self.weather(&mut round);
            let (mut task, held) = round.task();
            self.clock(&mut round, &mut task);
            secret(&round, &mut task);
            (task, held)
        };
        let ran = self.world.run(&task);
        if ran.killed {
            inspect::integrity(&self.world.ledger).unwrap_or_else(|wrong| {
                assert!(wrong.contains("unable to open"), "{what}, {task:?}: {wrong}")
            });
        }
        let mut round = round.lock().unwrap();
        for said in &ran.said {
            let is_known = |text: &str| {
                text.starts_with("ledger_unavailable") && (text.contains("locked") || self.filling.is_some())
                    || ["ledger_sealed", "client_refused"].iter().any(|code| text.starts_with(code))
                    || text.starts_with("resources_exhausted") && task.environment.iter().any(is_a_limit)
            };
            assert!(!matches!(said, Said::Notice(text) if !is_known(text)), "{what}: {said:?} of {task:?}");
        }
        for n in held {
            round.users[n].busy = false;
        }
        round.history.note(&task.ops, &ran);
        if ran.killed {
            round.sum.kills += 1;
            round.sum.workers += usize::from(task.mode != "call");
            round.sum.at_steps += usize::from(matches!(task.kill, Kill::At(..)));
        }
        true
    }

    /// A process's time of day: its own, or one of a file that changes under several.
    fn clock(&self, round: &mut Round, task: &mut Task) {
        let Some(library) = &self.clocks else { return };
        let time = round.random.one(&CLOCKS);
        let shared = self.world.folder().parent().unwrap().join("time");
        task.environment.extend([
            ("LD_PRELOAD", library.to_str().unwrap().to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
            ("DONT_FAKE_MONOTONIC", "1".into()),
        ]);
        if round.random.percent(40) {
            task.environment.push(("FAKETIME", time.into()));
            return;
        }
        let begun = shared.with_extension("new");
        std::fs::write(&begun, time).unwrap();
        std::fs::rename(&begun, &shared).unwrap();
        let shared = shared.to_str().unwrap().to_owned();
        task.environment.extend([("FAKETIME_TIMESTAMP_FILE", shared), ("FAKETIME_NO_CACHE", "1".into())]);
    }

    /// How Kinde does: well, with faults, or not at all.
    fn weather(&self, round: &mut Round) {
        const FAULTS: [&str; 9] = [
            "error_500",
            "error_503",
            "reset_before",
            "reset_after",
            "stall",
            "truncated",
            "malformed",
            "html",
            "drip",
        ];
        if !round.tasks.is_multiple_of(15) {
            return;
        }
        let share = round.random.one(&[0.0, 0.0, 0.01, 0.1, 0.1, 0.5]);
        let faults: BTreeMap<_, _> = match round.random.below(6) {
            0 => BTreeMap::from([(round.random.one(&["error_503", "reset_before"]), 1.0)]),
            _ => FAULTS.iter().map(|fault| (*fault, share / 9.0)).collect(),
        };
        let options = json!({"faults": faults, "seed": round.random.next() >> 12});
        self.world.sandbox.set_options(options).unwrap();
    }
}

/// For a while the secret is a mistyped one; after that it is right, and some time later the mistyped one is given as the
/// previous one, as the notice says.
fn secret(round: &Round, task: &mut Task) {
    match round.tasks % 120 {
        40..52 => {
            task.environment.push(("KINDE_MIGRATE_CLIENT_SECRET", MISTYPED.into()));
            task.ops.iter_mut().for_each(|op| op.blind = true);
        }
        70.. => task.environment.push(("KINDE_MIGRATE_PREVIOUS_CLIENT_SECRET", MISTYPED.into())),
        _ => {}
    }
}

impl Round {
    /// The next child's work, and the users whom nobody else may have meanwhile.
    fn task(&mut self) -> (Task, Vec<usize>) {
        self.tasks += 1;
        let random = &mut self.random;
        let kill = match random.below(20) {
            0..=8 => Kill::After(Duration::from_micros(random.below(30_000) as u64)),
            9..=18 => Kill::At(random.one(STEPS), 1 + random.below(4) as u32),
            _ => Kill::Never,
        };
        if random.percent(35) {
            let time = Duration::from_millis(50 + random.below(250) as u64);
            return (Task::worker(random.one(&["drain", "drain", "work"]), time).killed(kill), Vec::new());
        }
        let mut held: Vec<usize> = Vec::new();
        let mut ops = Vec::new();
        for _ in 0..1 + random.below(7) {
            let n = random.below(self.users.len());
            let user = &mut self.users[n];
            if user.busy && !held.contains(&n) {
                continue;
            }
            if !user.shared && !held.contains(&n) {
                user.busy = true;
                held.push(n);
            }
            let (verb, new) = match random.below(10) {
                0..=3 => (Verb::Migrate, user.passwords == 0 || user.shared),
                4 | 5 => (Verb::Migrate, true),
                6..=8 => (Verb::ChangePassword, true),
                _ => (Verb::RequestReset, false),
            };
            user.passwords += usize::from(new);
            let password = format!("{PASSWORD_MARK}{n}-{}", user.passwords);
            let form = random.one(&[Form::Versioned, Form::Versioned, Form::Plain, Form::Stored]);
            let provided_id = user
                .persons
                .then(|| format!("{}-{}", user.email.split('@').next().unwrap_or_default(), random.below(2)));
            ops.push(Op {
                id: self.ops,
                verb,
                email: user.email.clone(),
                provided_id,
                password,
                form,
                at: 0,
                blind: false,
            });
            self.ops += 1;
        }
        let mut task = Task::calls(ops).killed(kill);
        let deadline = random.one(&["0.4", "1", "2"]);
        task.environment.push(("KINDE_MIGRATE_DEADLINE", deadline.into()));
        if random.percent(20) {
            task.environment.push(("KINDE_MIGRATE_DRAIN_IN_BACKGROUND", "true".into()));
        }
        if random.percent(10) {
            let (name, value) = random.one(&LIMITS);
            task.environment.push((name, value.into()));
        }
        (task, held)
    }
}
