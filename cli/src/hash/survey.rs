//! `kinde-migrate hash survey`: what a user table holds, before anything is imported.

use std::process::ExitCode;

use kinde_migrate::hash::{self, Explanation, code};

use super::described::Described;
use super::source::Source;
use super::tally::{Group, Tally};
use super::{columns, json};
use crate::failed::{Failed, complain};
use crate::say;

/// What `--help` says before the options.
pub(super) const ABOUT: &str = "\
Count the formats of a file or a table, and say what to do about each

The file holds one stored hash a line; or is CSV, with the columns' names in the first row and commas,
semicolons or tabs between them; or NDJSON, as for `map`; or a shadow or htpasswd file. A byte order mark
and UTF-16 are read as what they are, and a row without the hash counts as one without a password. Or it is an SQLite database: --sqlite FILE --table users --column password. Bytes that are no
text (BLOB columns) are read as hex. No value is printed, only counts and the numbers of lines.

Of each format: how many there are and how many can be imported, what is wrong with the others, what to
test first, and what nobody can see in a hash. A confidence of `guess` is a mapping that nothing documents:
off unless it is allowed.

Exit status: 0 if everything was counted; 1 if some lines could not be read; 2 if an option is wrong.";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    source: Source,

    /// Print one JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    described: Described,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let known = args.described.read()?;
    let mut tally = Tally::default();
    let mut first_unreadable = None;
    args.source.each(&mut |place, stored| match stored {
        Ok(stored) if stored.value.is_empty() => tally.nothing(),
        Ok(stored) => tally.add(
            place,
            match known.beside(stored.extra) {
                Ok(extra) => {
                    let named = stored.format.or(known.format.as_deref());
                    hash::explain(stored.value, named, &extra, &known.guesses)
                }
                Err(error) => Explanation::from(error),
            },
        ),
        Err(why) => {
            tally.unreadable();
            first_unreadable.get_or_insert_with(|| format!("line {place} {why}"));
        }
    })?;
    tally.sort();
    say(&if args.json { json(&tally)? } else { table(&tally) })?;
    if let Some(first) = first_unreadable {
        complain(&format!("{} lines could not be read; the first: {first}", tally.unreadable));
        return Ok(ExitCode::from(1));
    }
    Ok(ExitCode::SUCCESS)
}

fn table(tally: &Tally) -> String {
    let mut lines = vec![format!("{:>10}  stored values", tally.values)];
    for (count, what) in [
        (tally.importable, "importable"),
        (tally.not_importable, "not importable"),
        (tally.ambiguous, "ambiguous: their format has to be named"),
        (tally.not_recognised, "not recognised"),
        (tally.no_password, "without a password"),
        (tally.unreadable, "not to be read"),
    ] {
        if count > 0 {
            lines.push(format!("{count:>10}  {what}"));
        }
    }
    for group in &tally.formats {
        lines.push(String::new());
        lines.push(format!("{:>10}  {}", group.count, title(group)));
        lines.extend(columns(&details(group)).into_iter().map(|line| format!("{:12}{line}", "")));
    }
    lines.join("\n")
}

fn title(group: &Group) -> String {
    match (group.format, group.applications) {
        (Some(format), Some(applications)) => format!("{format}: {applications}"),
        _ if group.candidates.is_empty() => "of no known format".to_owned(),
        _ => format!("one of {}", group.candidates.join(", ")),
    }
}

fn details(group: &Group) -> Vec<(&'static str, String)> {
    let mut said = Vec::new();
    if let Some(confidence) = group.confidence {
        let by = if group.import_file_only { ", by the dashboard's import file only" } else { "" };
        said.push(("importable", format!("{} ({confidence}){by}", group.importable)));
    }
    for refused in &group.refused {
        // Of an ambiguous one the title has said it.
        let why = if refused.code == code::AMBIGUOUS { "" } else { &refused.reason };
        let (count, first, code) = (refused.count, refused.first, refused.code);
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        said.push(("refused", format!("{count}, first in line {first}{why} [{code}]")));
        said.push(("  instead", refused.advice.clone()));
    }
    said.extend(group.test_first.map(|test| ("test first", test.to_owned())));
    said.extend(group.traps.iter().map(|trap| ("not to be seen", (*trap).to_owned())));
    said
}
