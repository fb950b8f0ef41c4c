//! `kinde-migrate hash`: what Kinde can take of stored hashes. It needs no settings, no ledger and no Kinde.

mod decoded;
mod described;
mod explain;
mod lines;
mod map;
mod password;
mod prove;
mod row;
mod source;
mod survey;
mod tally;

use std::process::ExitCode;

use crate::failed::Failed;

/// What `--help` says before the options.
pub(crate) const ABOUT: &str = "\
Say what Kinde can take of stored password hashes, and prove it

Nothing is sent anywhere. Formats go by the ids that every report uses, such as django_pbkdf2_sha256. A
value without a mark of its own (hex, base64, hash:salt) is never guessed: name its format with --format,
and prove it with one known password.

What stands beside a hash goes by these names: salt (or salt_hex, salt_base64), salt_encoding, order or
salt_position, iterations or factor, digest, keylen, encoding, N, r, p, signer_key, salt_separator, rounds,
mem_cost, encryptionScheme, secret_data, credential_data, pepper, charset, username, allow_locked.";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Explain one stored value: its format, what would be sent, what to test first
    #[command(long_about = explain::ABOUT)]
    Explain(explain::Args),
    /// Prove a mapping with one known password, before anything is sent
    #[command(long_about = prove::ABOUT)]
    Prove(prove::Args),
    /// Count the formats of a file or a table, and say what to do about each
    #[command(long_about = survey::ABOUT)]
    Survey(survey::Args),
    /// Map a stream of stored hashes to Kinde's fields, for pipelines
    #[command(long_about = map::ABOUT)]
    Map(map::Args),
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    match &args.action {
        Action::Explain(args) => explain::run(args),
        Action::Prove(args) => prove::run(args),
        Action::Survey(args) => survey::run(args),
        Action::Map(args) => map::run(args),
    }
}

/// A value as one line of JSON.
fn json(value: &impl serde::Serialize) -> Result<String, Failed> {
    serde_json::to_string(value).map_err(|error| Failed::because(error.to_string()))
}

/// Names and what is said of them, one below the other; a name that was just said is not said again.
fn columns(rows: &[(&str, String)]) -> Vec<String> {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let names = std::iter::once("").chain(rows.iter().map(|(name, _)| *name));
    let lines = rows.iter().zip(names).map(|((name, said), before)| {
        let name = if *name == before { "" } else { name };
        format!("{name:width$}  {said}")
    });
    lines.collect()
}
