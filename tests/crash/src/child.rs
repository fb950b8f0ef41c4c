//! A caller or a worker, to be killed. Everything it says goes out before it goes on.
//!
//! `crash-child call` reads lines of calls, `crash-child timed` makes each on a thread of its own and at its time, `crash-child drain MILLIS` delivers for so long, `crash-child empty MILLIS`
//! until nothing is owed or the time is over, `crash-child work MILLIS` as the daemon does, and `crash-child limited` makes
//! each call on a thread of its own or on the library's, when no descriptor is to be had any more. Settings come from the
//! environment.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::Cell;
use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use kinde_migrate::{Migrator, Outcome, STEP_WATCHER, Settings};
use kinde_migrate_crash::monotonic;
use kinde_migrate_crash::op::Op;

fn say(line: String) {
    // One write a line, so that none is torn. Nobody listens any more: then there is nobody to go on for.
    let line = format!("{line}\n");
    if std::io::stdout().lock().write_all(line.as_bytes()).is_err() {
        std::process::exit(1);
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mode = arguments.next().unwrap();
    let time = Duration::from_millis(arguments.next().map_or(0, |text| text.parse().unwrap()));
    say("ready".into());
    let migrator = Migrator::new(Settings::new()).unwrap();
    let until = Instant::now() + time;
    match mode.as_str() {
        "call" => {
            let remove_after = std::env::var("CRASH_REMOVE_AFTER").ok().and_then(|text| text.parse().ok());
            for (n, line) in std::io::stdin().lock().lines().enumerate() {
                call(&line.unwrap(), &migrator, |_| {});
                lack_descriptors();
                if remove_after == Some(n + 1) {
                    remove_the_ledger();
                }
            }
        }
        "timed" => {
            let start: u64 = std::env::var("CRASH_START").unwrap().parse().unwrap();
            let _ = STEP_WATCHER.set(at_a_step);
            let lines: Vec<_> = std::io::stdin().lock().lines().map(Result::unwrap).collect();
            std::thread::scope(|scope| {
                let migrator = &migrator;
                for line in &lines {
                    let wait = move |at: u64| {
                        let left = (start + 1000 * at).saturating_sub(monotonic());
                        std::thread::sleep(Duration::from_nanos(left));
                    };
                    scope.spawn(move || call(line, migrator, wait));
                }
            });
        }
        "limited" => limited(&migrator),
        "drain" => drop(migrator.drain(u32::MAX, time, &|| false)),
        "work" => drop(migrator.work(3, &|| Instant::now() >= until)),
        _ => {
            while migrator.status().owed > 0 && Instant::now() < until {
                migrator.drain(u32::MAX, Duration::from_secs(1), &|| false);
            }
            say(format!("drained\t{:?}", migrator.status()));
        }
    }
    notices(&migrator);
}

thread_local! {
    static CALL: Cell<usize> = const { Cell::new(0) };
}

fn at_a_step(step: &str) {
    if ["after_enter", "before_remember", "before_owe"].contains(&step) {
        say(format!("at\t{}\t{}\t{step}", CALL.get(), monotonic()));
    }
}

fn call(line: &str, migrator: &Migrator, wait: impl FnOnce(u64)) {
    let (id, outcome) = Op::call(line, migrator, |id, at| {
        wait(at);
        CALL.set(id);
        say(format!("begun\t{id}\t{}", monotonic()));
    });
    notices(migrator);
    returned(id, &outcome);
}

fn returned(id: usize, outcome: &Outcome) {
    let (status, reason) = (outcome.status, outcome.reason.map_or("", |code| code.as_str()));
    say(format!("returned\t{id}\t{}\t{status}\t{reason}\t{}", monotonic(), outcome.durable));
}

/// From now on no descriptor is to be had, where the test wants it so.
fn lack_descriptors() {
    if std::env::var_os("CRASH_NO_DESCRIPTORS").is_some() {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, rustix::process::Rlimit { current: Some(3), ..limit }).unwrap();
    }
}

/// The ledger is open; from now on there is no descriptor left.
fn limited(migrator: &Migrator) {
    let lines: Vec<_> = std::io::stdin().lock().lines().map(Result::unwrap).collect();
    migrator.status();
    lack_descriptors();
    let (blocking, asked) = lines.split_at(lines.len() / 2);
    let threads: Vec<_> = std::thread::scope(|scope| {
        let on_its_own =
            |line| std::thread::Builder::new().spawn_scoped(scope, move || call(line, migrator, |_| {}));
        blocking.iter().map(|line| on_its_own(line).map(drop).map_err(|_| line)).collect()
    });
    // Where there are no threads either, one after the other.
    threads.into_iter().filter_map(Result::err).for_each(|line| call(line, migrator, |_| {}));
    let (tell, told) = std::sync::mpsc::channel();
    for line in asked {
        let tell = tell.clone();
        Op::ask(
            line,
            migrator,
            |id| say(format!("begun\t{id}\t{}", monotonic())),
            move |id, outcome| {
                returned(id, &outcome);
                tell.send(()).unwrap();
            },
        );
    }
    drop(tell);
    told.iter().for_each(drop);
    let drained = migrator.drain(u32::MAX, Duration::from_millis(50), &|| false);
    say(format!("drained\t{drained:?}"));
}

/// As somebody else may do while this process has it open.
fn remove_the_ledger() {
    let ledger = std::env::var("KINDE_MIGRATE_LEDGER").unwrap();
    for suffix in ["", "-wal", "-shm"] {
        std::fs::remove_file(format!("{ledger}{suffix}")).unwrap();
    }
}

fn notices(migrator: &Migrator) {
    for notice in migrator.notices() {
        say(format!("notice\t{}: {}", notice.code.as_str(), notice.message.replace(['\t', '\n'], " ")));
    }
}
