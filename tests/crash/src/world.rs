//! A sandbox, a ledger, and the processes that use them.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use kinde_migrate::{Migrator, Settings};
use kinde_migrate_sandbox::{Options, Sandbox};
use tempfile::TempDir;

use crate::op::{Op, Said};
use crate::{SECRET, monotonic};

/// Nobody takes this long, on however busy a machine: it hangs.
const HANGS: Duration = Duration::from_secs(180);

/// One sandbox and one ledger.
pub struct World {
    /// The Kinde.
    pub sandbox: Sandbox,
    /// The ledger's file, in a folder that the library makes.
    pub ledger: PathBuf,
    /// The child's program.
    program: &'static str,
    settings: Vec<(&'static str, String)>,
    /// What the workers that deliver all in the end are told besides.
    pub at_last: Vec<(&'static str, String)>,
    _folder: TempDir,
}

/// How a child ends.
#[derive(Clone, Debug)]
pub enum Kill {
    /// By itself.
    Never,
    /// By itself, with SIGKILL, at a step, the so-manieth time.
    At(&'static str, u32),
    /// By SIGKILL from outside, so long after it said that it is there.
    After(Duration),
}

/// One child's work.
#[derive(Clone, Debug)]
pub struct Task {
    /// `call`, `drain`, `work` or `empty`.
    pub mode: &'static str,
    /// For how long, where that is asked.
    pub time: Duration,
    /// The calls of `call`.
    pub ops: Vec<Op>,
    /// How it ends.
    pub kill: Kill,
    /// More of the environment.
    pub environment: Vec<(&'static str, String)>,
}

impl Task {
    /// A caller that lives until it has made all its calls.
    pub fn calls(ops: Vec<Op>) -> Task {
        Task { mode: "call", time: Duration::ZERO, ops, kill: Kill::Never, environment: Vec::new() }
    }

    /// A worker.
    pub fn worker(mode: &'static str, time: Duration) -> Task {
        Task { mode, time, ops: Vec::new(), kill: Kill::Never, environment: Vec::new() }
    }

    /// The same, killed.
    pub fn killed(self, kill: Kill) -> Task {
        Task { kill, ..self }
    }
}

/// What became of a child.
#[derive(Debug)]
pub struct Ran {
    /// What it said.
    pub said: Vec<Said>,
    /// Whether SIGKILL ended it.
    pub killed: bool,
    /// When it was certainly gone.
    pub gone: u64,
}

impl World {
    /// A healthy sandbox and no ledger yet. `program` is the child's.
    pub fn start(program: &'static str, folder: TempDir) -> World {
        let options =
            Options { client_secret: SECRET.into(), stall_ms: 150, drip_ms: 2, ..Options::default() };
        let sandbox = Sandbox::start(options).unwrap();
        let ledger = folder.path().join("state/ledger.db");
        let settings = vec![
            ("KINDE_MIGRATE_DOMAIN", sandbox.url().to_owned()),
            ("KINDE_MIGRATE_CLIENT_ID", "sandbox-client".into()),
            ("KINDE_MIGRATE_CLIENT_SECRET", SECRET.into()),
            ("KINDE_MIGRATE_LEDGER", ledger.to_str().unwrap().into()),
            ("KINDE_MIGRATE_BCRYPT_COST", "4".into()),
        ];
        World { sandbox, ledger, program, settings, at_last: Vec::new(), _folder: folder }
    }

    /// The same with another setting, for every child.
    pub fn with(mut self, name: &'static str, value: &str) -> World {
        self.settings.push((name, value.into()));
        self
    }

    /// The ledger's folder.
    pub fn folder(&self) -> &Path {
        self.ledger.parent().unwrap()
    }

    /// The ids in the old system of those who have dead letters.
    pub fn dead_letters(&self) -> Vec<String> {
        let named = |(name, value): &(&str, String)| {
            (name.trim_start_matches("KINDE_MIGRATE_").to_lowercase(), value.clone())
        };
        let set = |settings: Settings, (name, value): (String, String)| settings.with(&name, &value).unwrap();
        let migrator = Migrator::new(self.settings.iter().map(named).fold(Settings::new(), set)).unwrap();
        migrator.dead_letters(u32::MAX).into_iter().filter_map(|letter| letter.provided_id).collect()
    }

    /// Lets two workers deliver until nothing is owed; what is wrong then.
    pub fn deliver_all(&self) -> Option<String> {
        // Leases, back-offs, and a breaker that is still open.
        let mut task = Task::worker("empty", Duration::from_secs(120));
        task.environment.clone_from(&self.at_last);
        for _ in 0..5 {
            let said: Vec<Said> = std::thread::scope(|scope| {
                let two = [scope.spawn(|| self.run(&task)), scope.spawn(|| self.run(&task))];
                two.into_iter().flat_map(|worker| worker.join().unwrap().said).collect()
            });
            // Whoever came second at an address is a dead letter, and nobody else is.
            let dead = |status: &str| {
                let reasons =
                    status.split("dead_by_reason: [").nth(1).and_then(|rest| rest.split(']').next());
                reasons.is_none_or(|reasons| {
                    reasons.split('(').skip(1).any(|one| !one.contains("provided_id_conflict"))
                })
            };
            let is_done = |said: &Said| matches!(said, Said::Drained(status) if status.contains("owed: 0,") && !dead(status));
            let expected = |said: &Said| {
                is_done(said) || matches!(said, Said::Notice(text) if text.starts_with("ledger_sealed"))
            };
            if said.iter().all(expected) {
                return None;
            }
            // A disk that is so busy that a worker saw nothing of the ledger.
            let is_busy = |said: &Said| matches!(said, Said::Notice(text) if text.contains("locked"));
            if !said.iter().any(is_busy) {
                return Some(format!("the workers said {said:?}"));
            }
        }
        Some("the ledger is always locked".into())
    }

    /// Runs a child to its end.
    pub fn run(&self, task: &Task) -> Ran {
        let mut command = Command::new(self.program);
        command.args([task.mode, &task.time.as_millis().to_string()]);
        command.env_clear().envs(self.settings.iter().cloned()).envs(task.environment.iter().cloned());
        if let Kill::At(step, nth) = task.kill {
            command.env("KINDE_MIGRATE_DIE_AT", format!("{step}:{nth}"));
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines: String = task.ops.iter().map(|op| op.line() + "\n").collect();
        // Fewer bytes than a pipe holds; and a child that is gone already reads none.
        let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
        let output = BufReader::new(child.stdout.take().unwrap());
        let (tell, told) = channel();
        let reader = std::thread::spawn(move || {
            for line in output.lines() {
                let _ = tell.send(Said::read(&line.unwrap()));
            }
        });
        let mut said = Vec::new();
        let mut ends = Instant::now() + HANGS;
        loop {
            match told.recv_timeout(ends.saturating_duration_since(Instant::now())) {
                Ok(Said::Ready) => {
                    if let Kill::After(time) = task.kill {
                        ends = Instant::now() + time;
                    }
                }
                Ok(other) => said.push(other),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    child.kill().unwrap();
                    if !matches!(task.kill, Kill::After(_)) {
                        panic!("a child hangs: {task:?}; it said {said:?}");
                    }
                    ends = Instant::now() + HANGS;
                }
            }
        }
        let status = child.wait().unwrap();
        reader.join().unwrap();
        let killed = status.signal() == Some(9);
        assert!(killed || status.success(), "a child ended with {status}: {task:?}; it said {said:?}");
        Ran { said, killed, gone: monotonic() }
    }
}
