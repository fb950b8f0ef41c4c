//! `kinde-migrate hash prove`: one known password against a stored hash and against what would be sent.

use std::process::ExitCode;

use kinde_migrate::hash::{self, Extra, Format, HashError, Proven};
use serde::Serialize;

use super::described::Described;
use super::explain::Value;
use super::{json, password};
use crate::failed::Failed;
use crate::say;

/// What `--help` says before the options.
pub(super) const ABOUT: &str = "\
Prove a mapping with one known password, before anything is sent

The password is asked for on the terminal, unseen, or read from a file descriptor:

    kinde-migrate hash prove --password-fd 3 3<password.txt <stored-hash.txt

It is tried against the stored hash, as the old system does, and independently against the fields that
would be sent, as Kinde documents its checks. Where the format is neither named nor to be seen, every
format of this shape is tried in turn, which finds it; so is what an application may have hashed in place
of the password (a hash of it, the user name before it, a pepper: give username and pepper as --extra). The value is read as by `explain`.

Exit status: 0 if it is proved; 1 if not; 2 if an option or the value's line is wrong; 130 after Ctrl-C.";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The value, as the database holds it; from stdin unless given
    #[arg(allow_hyphen_values = true)]
    stored: Option<String>,

    /// Read the password from this file descriptor, which must be open
    #[arg(long, value_name = "N")]
    password_fd: Option<u32>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    described: Described,
}

#[derive(Serialize)]
struct Report {
    proved: bool,
    /// What is proven: `mapping`, `hash` (the hash is of this password, but is not carried over) or `none`.
    proven: Proven,
    /// The format that is proved.
    format: Option<&'static str>,
    tried: Vec<Tried>,
}

#[derive(Serialize)]
struct Tried {
    format: &'static str,
    proved: bool,
    /// The stored hash, as the old system checks it.
    legacy: Check,
    /// The fields, as Kinde will check them.
    kinde: Check,
}

/// Whether it verifies; or why that could not be told.
#[derive(Serialize)]
struct Check {
    verifies: Option<bool>,
    code: Option<&'static str>,
    reason: Option<String>,
    advice: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failed> {
    if args.password_fd == Some(0) && args.stored.as_deref().is_none_or(|text| text == "-") {
        return Err(Failed::usage("--password-fd 0: the stored hash is read from stdin, too; take another"));
    }
    let known = args.described.read()?;
    let value = Value::read(args.stored.as_deref(), &known)?;
    let Ok(stored) = std::str::from_utf8(&value.stored) else {
        return Err(Failed::because("the stored hash is not valid UTF-8"));
    };
    let formats = formats(stored, value.format.as_deref(), &value.extra)?;
    let typed = match args.password_fd {
        Some(fd) => password::from_fd(fd)?,
        None => password::ask()?,
    };
    let mut report = Report { proved: false, proven: Proven::None, format: None, tried: Vec::new() };
    for format in formats {
        let proof = hash::prove(format, stored, &value.extra, &known.guesses, &typed);
        report.tried.push(Tried {
            format: format.id,
            proved: proof.holds(),
            legacy: check(&proof.legacy),
            kinde: check(&proof.kinde),
        });
        if proof.proven() == Proven::Hash {
            report.proven = Proven::Hash;
        }
        if proof.holds() {
            (report.proved, report.proven, report.format) = (true, Proven::Mapping, Some(format.id));
            break;
        }
    }
    say(&if args.json { json(&report)? } else { table(&report) })?;
    Ok(if report.proved { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The format named, or told by what stands beside the hash, and what looks like it; or every one of this shape.
fn formats(stored: &str, named: Option<&str>, extra: &Extra) -> Result<Vec<&'static Format>, Failed> {
    let resolved = hash::resolve_beside(stored, named, extra);
    let mut formats: Vec<&'static Format> = match &resolved {
        Ok(format) => std::iter::once(*format).chain(format.lookalikes()).collect(),
        Err(_) => Vec::new(),
    };
    if named.is_none() {
        for format in hash::recognise(stored).candidates() {
            if formats.iter().all(|known| known.id != format.id) {
                formats.push(format);
            }
        }
    }
    match resolved {
        Err(error) if formats.is_empty() => Err(Failed::because(error.to_string())),
        _ => Ok(formats),
    }
}

fn check(checked: &Result<bool, HashError>) -> Check {
    match checked {
        Ok(verifies) => Check { verifies: Some(*verifies), code: None, reason: None, advice: None },
        Err(error) => Check {
            verifies: None,
            code: Some(error.code),
            reason: Some(error.reason.to_string()),
            advice: Some(error.advice.to_string()),
        },
    }
}

fn table(report: &Report) -> String {
    let mut lines = Vec::new();
    for Tried { format, legacy, kinde, .. } in &report.tried {
        lines.push(format!(
            "{format}\n  the old system  {}\n  Kinde           {}",
            said(legacy),
            said(kinde)
        ));
    }
    lines.push(
        match (report.format, report.tried.iter().find(|tried| tried.legacy.verifies == Some(true))) {
            (Some(format), _) => format!("proved: {format}, and its mapping"),
            (None, Some(tried)) => {
                format!("not proved: the stored hash is {}, and not carried over so", tried.format)
            }
            (None, None) => "not proved: it is another password's, or of another format".to_owned(),
        },
    );
    lines.join("\n")
}

fn said(check: &Check) -> String {
    match (check.verifies, &check.reason, &check.advice) {
        (Some(true), ..) => "accepts this password".to_owned(),
        (Some(false), ..) => "does not accept this password".to_owned(),
        (None, Some(reason), Some(advice)) => {
            format!("{reason}; {advice} [{}]", check.code.unwrap_or_default())
        }
        (None, ..) => String::new(),
    }
}
