//! `kinde-migrate hash explain`: one stored value.

use std::io::{IsTerminal, stdin};
use std::process::ExitCode;

use kinde_migrate::hash::{self, Explanation, format};

use super::described::{Described, Known};
use super::lines::Lines;
use super::row::Row;
use super::{columns, json};
use crate::failed::Failed;
use crate::{note, say};

/// What `--help` says before the options.
pub(super) const ABOUT: &str = "\
Explain one stored value: its format, what would be sent, what to test first

The value is read from stdin unless it is given: a stored hash is a secret too, and others see a command
line. A line of `map` does as well: {\"stored_hash\": …, \"format\": …, \"extra\": {…}}. What is printed
shows no part of hash, salt or keys.

Exit status: 0 if it is explained, importable or not; 2 if an option or the value's line is wrong.";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The value, as the database holds it; from stdin unless given
    #[arg(allow_hyphen_values = true)]
    stored: Option<String>,

    /// Print one JSON object, the same as explain_hash in every language
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    described: Described,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let known = args.described.read()?;
    let value = Value::read(args.stored.as_deref(), &known)?;
    let named = value.format.as_deref();
    let explained = hash::explain(&value.stored, named, &value.extra, &known.guesses);
    say(&if args.json { json(&explained)? } else { table(&explained) })?;
    Ok(ExitCode::SUCCESS)
}

/// One stored value with what is known of it.
pub(super) struct Value {
    pub(super) stored: Vec<u8>,
    pub(super) format: Option<String>,
    pub(super) extra: hash::Extra,
}

impl Value {
    /// Of the command line, or the first line of stdin; plain, or as a row of `map`.
    pub(super) fn read(given: Option<&str>, known: &Known) -> Result<Value, Failed> {
        let stored = match given.filter(|text| *text != "-") {
            Some(text) => text.as_bytes().to_owned(),
            None => {
                if stdin().is_terminal() {
                    note("the stored hash, and Enter:");
                }
                let mut lines = Lines::open(None)?;
                let (_, line) = lines.next()?.unwrap_or((0, Ok(&[])));
                line.map_err(|why| Failed::usage(format!("the value's line {why}")))?.to_owned()
            }
        };
        // No hash begins so.
        if !stored.starts_with(b"{\"") {
            let extra = known.beside(serde_json::Value::Null).map_err(usage)?;
            return Ok(Value { stored, format: known.format.clone(), extra });
        }
        let row = Row::read(&stored).map_err(|why| Failed::usage(format!("the value's line {why}")))?;
        Ok(Value {
            format: row.format.map(|id| id.into_owned()).or_else(|| known.format.clone()),
            extra: known.beside(row.extra).map_err(usage)?,
            stored: row.stored_hash.into_owned().into_bytes(),
        })
    }
}

fn usage(error: hash::HashError) -> Failed {
    Failed::usage(error.to_string())
}

fn table(explained: &Explanation) -> String {
    let mut rows: Vec<(&str, String)> = Vec::new();
    match (explained.format, explained.applications) {
        (Some(format), Some(applications)) => {
            rows.push(("format", format.to_owned()));
            rows.push(("written by", applications.to_owned()));
        }
        _ if explained.candidates.is_empty() => rows.push(("format", "not known".to_owned())),
        _ => rows.push(("format", format!("one of {}", explained.candidates.len()))),
    }
    for id in explained.candidates.iter().filter(|id| Some(**id) != explained.format) {
        let candidate = format(id).map(|format| (format.applications, format.importable()));
        let (applications, importable) = candidate.unwrap_or(("", false));
        let verdict = if importable { "importable" } else { "not importable" };
        rows.push(("perhaps", format!("{id}: {applications}; {verdict}")));
    }
    let confidence = explained.confidence.map(|confidence| format!(" ({})", confidence.as_str()));
    let verdict = if explained.importable { "yes" } else { "no" };
    rows.push(("importable", format!("{verdict}{}", confidence.unwrap_or_default())));
    if explained.importable {
        rows.push((
            "proven",
            "nothing yet: only a known password shows what was hashed (see `prove`)".to_owned(),
        ));
    }
    rows.extend(explained.notices.iter().map(|notice| ("noticed", (*notice).to_owned())));
    if explained.import_file_only {
        rows.push(("", "by the dashboard's import file only".to_owned()));
    }
    let fields = explained.kinde.as_ref().and_then(|fields| serde_json::to_value(fields).ok());
    for (name, value) in fields.iter().filter_map(serde_json::Value::as_object).flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        rows.push(("would be sent", format!("{name} = {value}")));
    }
    let why = explained.reason.as_ref().zip(explained.code);
    rows.extend(why.map(|(reason, code)| ("because", format!("{reason} [{code}]"))));
    rows.extend(explained.advice.as_ref().map(|advice| ("instead", advice.to_string())));
    rows.extend(explained.test_first.map(|test| ("test first", test.to_owned())));
    rows.extend(explained.traps.iter().map(|trap| ("not to be seen", (*trap).to_owned())));
    columns(&rows).join("\n")
}
