//! `kinde-migrate work`: the delivery of what is owed, as a daemon or by cron.

use std::process::{ExitCode, exit};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kinde_migrate::{Drained, KindeState, LedgerStatus, Migrator};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::failed::{Failed, INTERRUPTED, LOOK as FAILED, NOT_AUTHORISED, UNFINISHED};
use crate::open::{Missing, Options, warn};
use crate::status::{kinde, time};
use crate::{note, say};

/// What `--help` says before the options.
pub(crate) const ABOUT: &str = "\
Deliver what is owed, until a signal ends it

It runs in the foreground and prints a line when it begins and one when it ends; warnings, and while
anything waits a line of status, go to stderr. SIGTERM and SIGINT (Ctrl-C) let it finish what it has in
hand, which takes 10 seconds at most; a second one ends it at once. Either way nothing is lost. Several
may run on one ledger.

Exit status: 0 after SIGTERM, or with --once if nothing is left; 1 if the ledger cannot be used, or with
--once if something was refused for good; 2 if an option or a setting is wrong, so that trying again cannot
help; 3 if this process had no descriptor, thread or memory left to deliver with; with --once also 3 if
something is left, which goes on another time, and 4 if that is because Kinde
does not accept the client secret, or a scope is missing; 130 after Ctrl-C; 128 + its number after a second
signal.";

/// How often it looks for something to say.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Deliveries at the same time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    at_once: u16,

    /// Deliver what is due now and end, for cron
    #[arg(long)]
    once: bool,

    /// How often to say how things stand; 0 for never
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    report: u64,

    #[command(flatten)]
    options: Options,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(deliver(args))
}

/// The signals are listened for before anything is said: whoever reads the line may send one at once.
async fn deliver(args: &Args) -> Result<ExitCode, Failed> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let opened = args.options.open(Missing::IsMade)?;
    say(&format!("delivering the outbox of {} to {}", opened.ledger.display(), opened.domain))?;

    let migrator = Arc::new(opened.migrator);
    let stop = Arc::new(AtomicBool::new(false));
    let mut done = start(args, Arc::clone(&migrator), Arc::clone(&stop))?;
    let mut reporter = Reporter::new(args.report);
    let mut look = tokio::time::interval(LOOK);
    let dead = migrator.status().dead;
    let mut interrupted = false;
    let sum = loop {
        tokio::select! {
            sum = &mut done => break sum,
            number = either(&mut terminate, &mut interrupt) => {
                if stop.swap(true, Ordering::Relaxed) {
                    exit(128 + number);
                }
                interrupted = number == SignalKind::interrupt().as_raw_value();
            }
            _ = look.tick() => {
                warn(&migrator);
                reporter.look(&migrator);
            }
        }
    };
    let Ok(sum) = sum else { return Err(Failed::because("a defect ended the delivery; please report it")) };
    warn(&migrator);
    let Drained { delivered, dropped, left, reason } = sum;
    say(&format!("delivered {delivered}, gave up {dropped}, {left} left"))?;
    let status = migrator.status();
    Ok(match () {
        () if interrupted => ExitCode::from(INTERRUPTED),
        // What could not even be begun is no success; the warning has said why.
        () if reason.is_some() => ExitCode::from(UNFINISHED),
        () if !args.once => ExitCode::SUCCESS,
        () if status.owed > 0 && status.kinde == KindeState::Refused => ExitCode::from(NOT_AUTHORISED),
        () if status.dead > dead => ExitCode::from(FAILED),
        () if status.owed > 0 => ExitCode::from(UNFINISHED),
        () => ExitCode::SUCCESS,
    })
}

/// Works on a thread of its own; the sum comes when it ends, and none if it panics.
fn start(
    args: &Args,
    migrator: Arc<Migrator>,
    stop: Arc<AtomicBool>,
) -> std::io::Result<oneshot::Receiver<Drained>> {
    let (tell, told) = oneshot::channel();
    let (once, at_once) = (args.once, usize::from(args.at_once));
    std::thread::Builder::new().name("work".into()).spawn(move || {
        let stop = || stop.load(Ordering::Relaxed);
        let sum = match once {
            true => migrator.work_once(at_once, &stop),
            false => migrator.work(at_once, &stop),
        };
        drop(migrator);
        let _ = tell.send(sum);
    })?;
    Ok(told)
}

/// The number of the signal that came.
async fn either(terminate: &mut Signal, interrupt: &mut Signal) -> i32 {
    tokio::select! {
        _ = terminate.recv() => SignalKind::terminate().as_raw_value(),
        _ = interrupt.recv() => SignalKind::interrupt().as_raw_value(),
    }
}

/// Says from time to time how things stand, while there is something to say.
struct Reporter {
    every: u64,
    looks: u64,
    dead: u64,
}

impl Reporter {
    fn new(every: u64) -> Self {
        Reporter { every, looks: 0, dead: 0 }
    }

    fn look(&mut self, migrator: &Migrator) {
        self.looks += 1;
        if !self.looks.is_multiple_of(self.every) {
            return;
        }
        let status = migrator.status();
        if status.owed > 0 || status.kinde != KindeState::Up || status.dead != self.dead {
            note(&line(&status));
        }
        self.dead = status.dead;
    }
}

fn line(status: &LedgerStatus) -> String {
    let oldest = status.oldest_owed_seconds.map(|age| format!(", the oldest for {}", time(age)));
    let oldest = oldest.unwrap_or_default();
    format!("{} owed{oldest}; {} dead letters; kinde is {}", status.owed, status.dead, kinde(status))
}
