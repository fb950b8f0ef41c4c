//! `kinde-migrate status`: how the ledger and Kinde stand.

use std::process::ExitCode;

use kinde_migrate::{KindeState, LedgerStatus};

use crate::failed::{Failed, LOOK, NOT_AUTHORISED};
use crate::open::{Missing, Opened, Options};
use crate::say;

/// What `--help` says before the options.
pub(crate) const ABOUT: &str = "\
Say what is carried over, owed and dead, and how Kinde does

It calls nobody: it says what the processes of this host have seen.

Exit status: 0 if it could be said; 1 if there is no ledger to read; 2 if an option or a setting is wrong.
With --check also 1 if somebody should look: there are dead letters, or something has been owed for longer
than so many seconds; and 4 if Kinde does not accept the client secret, or a scope is missing. What is owed
for a while is no fault: it waits for Kinde's limits.";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print one JSON object, whose names are the same in every language's status()
    #[arg(long)]
    json: bool,

    /// End with 1 if there are dead letters, or if anything has been owed for longer than this; with 4 if Kinde refuses the
    /// client secret or a scope is missing
    #[arg(long, value_name = "SECONDS")]
    check: Option<u64>,

    #[command(flatten)]
    options: Options,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let opened = args.options.open(Missing::IsAnError)?;
    let status = opened.migrator.status();
    if args.json {
        say(&serde_json::to_string(&status).map_err(|error| Failed::because(error.to_string()))?)?;
    } else {
        say(&table(&opened, &status))?;
    }
    let late = |longest| status.dead > 0 || status.oldest_owed_seconds.is_some_and(|age| age > longest);
    Ok(match args.check {
        Some(_) if status.kinde == KindeState::Refused => ExitCode::from(NOT_AUTHORISED),
        Some(longest) if late(longest) => ExitCode::from(LOOK),
        _ => ExitCode::SUCCESS,
    })
}

fn table(opened: &Opened, status: &LedgerStatus) -> String {
    let owed = match status.oldest_owed_seconds {
        Some(oldest) => format!("{}, the oldest for {}", status.owed, time(oldest)),
        None => status.owed.to_string(),
    };
    let mut rows = vec![
        ("ledger", opened.ledger.display().to_string()),
        ("domain", opened.domain.clone()),
        ("carried over", status.carried.to_string()),
        ("owed", owed),
        ("dead letters", status.dead.to_string()),
    ];
    let reasons: Vec<_> =
        status.dead_by_reason.iter().map(|(reason, count)| (format!("  {reason}"), count)).collect();
    rows.extend(reasons.iter().map(|(reason, count)| (reason.as_str(), count.to_string())));
    rows.push(("kinde", kinde(status)));
    if let Some(error) = status.last_error.as_ref().filter(|_| status.kinde != KindeState::Refused) {
        rows.push(("last error", error.clone()));
    }
    rows.push(("answers of 429", status.rate_limited.to_string()));
    let learnt = |limit: Option<u64>| limit.map_or_else(|| "not learnt".into(), |limit| limit.to_string());
    rows.push(("calls a minute", learnt(status.limit_per_minute)));
    rows.push(("calls at once", learnt(status.limit_in_flight)));
    rows.push(("tokens this month", status.tokens_this_month.to_string()));
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let lines: Vec<_> = rows.iter().map(|(name, value)| format!("{name:width$}  {value}")).collect();
    lines.join("\n")
}

/// How Kinde does, in words.
pub(crate) fn kinde(status: &LedgerStatus) -> String {
    let again = status.retry_in_seconds.map(time).unwrap_or_default();
    match status.kinde {
        KindeState::Up => "up".to_owned(),
        KindeState::Limited => format!("limited: called again in {again}"),
        KindeState::Down => format!("down: tried again in {again}"),
        KindeState::Refused => {
            format!(
                "refused ({}): asked again in {again}",
                status.last_error.as_deref().unwrap_or("see the log")
            )
        }
    }
}

/// A time in its largest unit.
pub(crate) fn time(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
