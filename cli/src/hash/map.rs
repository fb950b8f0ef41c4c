//! `kinde-migrate hash map`: a stream of stored hashes to Kinde's fields.

use std::io::{BufWriter, Write, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use kinde_migrate::hash::{self, Confidence, Extra, HashError, KindeFields};
use serde::Serialize;
use serde_json::Value;

use super::described::{Described, Known};
use super::lines::Lines;
use super::row::Row;
use crate::failed::{Failed, complain};

/// What `--help` says before the options.
pub(super) const ABOUT: &str = "\
Map a stream of stored hashes to Kinde's fields, for pipelines

In comes one JSON object a line: stored_hash, and where they are needed format (an id) and extra (an
object); an id is handed through, and other members are left alone. Out goes one line for each, in the same
order: format, importable, kinde (the fields of the set-password call, in clear) or code, reason and
advice, confidence, candidates (every format of this shape), notices (what stood round the value). A line that cannot be read is answered by one
with the code line_invalid, which says where it is.

Exit status: 0 if every line was answered, importable or not; 1 if some could not be read; 2 if an option
is wrong.";

/// The code of a line that is no row.
const LINE_INVALID: &str = "line_invalid";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file to read; stdin unless given
    file: Option<PathBuf>,

    #[command(flatten)]
    described: Described,
}

#[derive(Default, Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "Value::is_null")]
    id: Value,
    format: Option<&'static str>,
    importable: bool,
    kinde: Option<KindeFields>,
    /// Only the dashboard's import file takes these fields.
    import_file_only: bool,
    code: Option<&'static str>,
    reason: Option<&'a str>,
    advice: Option<&'a str>,
    confidence: Option<Confidence>,
    candidates: Vec<&'static str>,
    /// What was taken off before the value could be read.
    notices: Vec<&'static str>,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let known = args.described.read()?;
    let mut lines = Lines::open(args.file.as_deref())?;
    let mut out = BufWriter::new(stdout().lock());
    let (mut read, mut failed) = (0, 0u64);
    while let Some((number, line)) = lines.next()? {
        read = number;
        let answered = match line.and_then(Row::read) {
            Ok(row) => answer(row, number, &known, &mut out)?,
            Err(why) => {
                let reason = format!("line {number} {why}");
                let advice = "correct the line; the other lines are answered";
                write(&mut out, &unread(Value::Null, LINE_INVALID, &reason, advice))?;
                false
            }
        };
        failed += u64::from(!answered);
        // Whoever asks line by line gets his answer before the next question.
        if lines.is_drained() {
            out.flush()?;
        }
    }
    out.flush()?;
    if failed > 0 {
        complain(&format!("{failed} of {read} lines could not be read"));
        return Ok(ExitCode::from(1));
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the answer to one row. `false`: what it says beside the hash could not be read.
fn answer(row: Row<'_>, number: u64, known: &Known, out: &mut impl Write) -> Result<bool, Failed> {
    let Row { stored_hash: stored, format, extra, id } = row;
    let candidates = hash::recognise(&stored).candidates().map(|format| format.id).collect();
    let named = format.as_deref().or(known.format.as_deref());
    // A wrong name is a fault of the line; what is wrong with the hash is an answer.
    let described = match named {
        Some(id) if hash::format(id).is_none() => hash::resolve(&stored, named).map(|_| Extra::default()),
        _ => known.beside(extra),
    };
    let notices = hash::notices(&stored);
    let mapped = match described {
        Ok(extra) => hash::resolve_beside(&stored, named, &extra).and_then(|format| {
            let fields = hash::to_kinde(format, &stored, &extra, &known.guesses)?;
            Ok((format, fields))
        }),
        Err(error) => {
            let reason = format!("line {number}: {}", error.reason);
            write(out, &Answer { candidates, ..unread(id, error.code, &reason, &error.advice) })?;
            return Ok(false);
        }
    };
    match mapped {
        Ok((format, fields)) => {
            let answer = Answer {
                id,
                format: Some(format.id),
                importable: true,
                import_file_only: fields.import_file_only(),
                kinde: Some(fields),
                confidence: Some(format.confidence),
                candidates,
                notices,
                ..Answer::default()
            };
            write(out, &answer)?;
        }
        Err(error) => {
            let HashError { code, format, reason, advice, confidence } = &error;
            let answer = Answer {
                format: *format,
                confidence: format.map(|_| *confidence),
                candidates,
                notices,
                ..unread(id, code, reason, advice)
            };
            write(out, &answer)?;
        }
    }
    Ok(true)
}

fn unread<'a>(id: Value, code: &'static str, reason: &'a str, advice: &'a str) -> Answer<'a> {
    Answer { id, code: Some(code), reason: Some(reason), advice: Some(advice), ..Answer::default() }
}

fn write(out: &mut impl Write, answer: &Answer<'_>) -> Result<(), Failed> {
    serde_json::to_writer(&mut *out, answer).map_err(std::io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(())
}
