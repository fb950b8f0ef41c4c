//! `kinde-migrate dead`: what was given up, until somebody retries or drops it.

use std::process::ExitCode;

use kinde_migrate::{CODES, Code, DeadLetter, Which};
use serde_json::Value;

use crate::failed::Failed;
use crate::open::{Missing, Options};
use crate::say;
use crate::status::time;

/// What `--help` says before the options.
pub(crate) const ABOUT: &str = "\
List, retry or drop what Kinde has refused for good

A dead letter waits until somebody mends the cause and retries it, or drops it. The user's next sign-in
settles it too.

Exit status: 0 if it is done; 1 if there is no ledger to read or no such dead letter; 2 if an option or a
setting is wrong.";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,

    #[command(flatten)]
    options: Options,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Show them, oldest first
    List {
        /// Print a JSON array
        #[arg(long)]
        json: bool,
        /// Show the e-mail addresses (user names, phone numbers) too
        #[arg(long)]
        addresses: bool,
    },
    /// Owe them anew, after the cause has been mended; `kinde-migrate work` delivers them
    #[command(group = clap::ArgGroup::new("what").required(true).multiple(false).args(["all", "reason", "id"]))]
    Retry(Chosen),
    /// Give them up: their users stay in Kinde as they are
    Drop(Given),
}

#[derive(Debug, clap::Args)]
struct Chosen {
    /// All of them
    #[arg(long)]
    all: bool,
    /// Those of one reason, such as kinde_refused
    #[arg(long)]
    reason: Option<String>,
    /// The one of this id, as `list` shows it
    #[arg(long)]
    id: Option<String>,
}

/// What is given up.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(false).args(["all", "reason", "id", "sealed"]))]
struct Given {
    #[command(flatten)]
    chosen: Chosen,
    /// Pending entries that are sealed under a client secret which is not known here, such as a mistyped one; where you
    /// have that value, set previous_client_secret instead, and they are delivered
    #[arg(long)]
    sealed: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let migrator = args.options.open(Missing::IsAnError)?.migrator;
    match &args.action {
        Action::List { json, addresses } => {
            let letters = migrator.dead_letters(u32::MAX);
            if *json {
                let letters: Vec<_> = letters.iter().map(|letter| object(letter, *addresses)).collect();
                say(&Value::Array(letters).to_string())?;
            } else {
                for letter in &letters {
                    say(&paragraph(letter, *addresses))?;
                }
                say(&counted(letters.len() as u64))?;
            }
        }
        Action::Retry(chosen) => {
            let retried = chosen.found(migrator.retry_dead_letters(chosen.which()?))?;
            say(&format!("{} owed anew", counted(retried)))?;
        }
        Action::Drop(Given { sealed: true, .. }) => {
            let dropped = migrator.drop_sealed();
            let entries =
                if dropped == 1 { "1 sealed entry".into() } else { format!("{dropped} sealed entries") };
            say(&format!("{entries} dropped"))?;
        }
        Action::Drop(Given { chosen, .. }) => {
            let dropped = chosen.found(migrator.drop_dead_letters(chosen.which()?))?;
            say(&format!("{} dropped", counted(dropped)))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Chosen {
    fn which(&self) -> Result<Which<'_>, Failed> {
        match (&self.reason, &self.id) {
            (Some(reason), _) if Code::named(reason).is_none() => {
                let names: Vec<_> = CODES.iter().map(|(_, name)| *name).collect();
                Err(Failed::usage(format!("--reason: {reason} is no reason; there are {}", names.join(", "))))
            }
            (Some(reason), _) => Ok(Which::Reason(reason)),
            (None, Some(id)) => Ok(Which::Id(id)),
            (None, None) => Ok(Which::All),
        }
    }

    /// Whoever names one means that it is there.
    fn found(&self, count: u64) -> Result<u64, Failed> {
        match (&self.reason, &self.id) {
            (Some(reason), _) if count == 0 => {
                Err(Failed::because(format!("there is no dead letter of the reason {reason}")))
            }
            (_, Some(id)) if count == 0 => {
                Err(Failed::because(format!("there is no dead letter of the id {id}")))
            }
            _ => Ok(count),
        }
    }
}

fn counted(count: u64) -> String {
    if count == 1 { "1 dead letter".to_owned() } else { format!("{count} dead letters") }
}

fn object(letter: &DeadLetter, addresses: bool) -> Value {
    let mut object = serde_json::to_value(letter).unwrap_or_default();
    if addresses && let Some(members) = object.as_object_mut() {
        members.insert("address".to_owned(), letter.address.clone().into());
    }
    object
}

fn paragraph(letter: &DeadLetter, addresses: bool) -> String {
    let DeadLetter { id, reason, attempts, .. } = letter;
    let verb = letter.verb.unwrap_or("unknown verb");
    let mut said =
        format!("{id}  {reason}  {verb}, tried {attempts} times, {} old", time(letter.age_seconds));
    if let Some(provided_id) = &letter.provided_id {
        said += &format!(", provided_id {provided_id}");
    }
    if let Some(address) = letter.address.as_ref().filter(|_| addresses) {
        said += &format!(", {address}");
    }
    if let Some(message) = &letter.message {
        said += &format!("\n    {message}");
    }
    said
}
