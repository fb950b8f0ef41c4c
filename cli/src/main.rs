//! The command line of kinde-migrate.

mod dead;
mod documents;
mod failed;
mod hash;
mod open;
mod sandbox;
mod status;
mod work;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// Carries a legacy application's users into Kinde.
#[derive(Debug, Parser)]
#[command(name = "kinde-migrate", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Deliver what is owed, until a signal ends it
    #[command(long_about = work::ABOUT, after_help = open::SETTINGS_HELP)]
    Work(work::Args),
    /// Say what is carried over, owed and dead, and how Kinde does
    #[command(long_about = status::ABOUT, after_help = open::SETTINGS_HELP)]
    Status(status::Args),
    /// List, retry or drop what Kinde has refused for good
    #[command(long_about = dead::ABOUT, after_help = open::SETTINGS_HELP)]
    Dead(dead::Args),
    /// Say what Kinde can take of stored password hashes, and prove it
    #[command(long_about = hash::ABOUT)]
    Hash(Box<hash::Args>),
    /// Run a local Kinde, for trying out and for tests
    #[command(long_about = sandbox::ABOUT)]
    Sandbox(Box<sandbox::Args>),
    /// Print the completions for a shell
    #[command(long_about = documents::COMPLETIONS_ABOUT)]
    Completions(documents::CompletionsArgs),
    /// Print the man page
    #[command(long_about = documents::MAN_ABOUT)]
    Man(documents::ManArgs),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Work(args) => work::run(&args),
        Command::Status(args) => status::run(&args),
        Command::Dead(args) => dead::run(&args),
        Command::Hash(args) => hash::run(&args),
        Command::Sandbox(args) => return sandbox::run(*args),
        Command::Completions(args) => documents::completions(&args, &mut Cli::command()),
        Command::Man(args) => documents::man(&args, Cli::command()),
    };
    done.unwrap_or_else(|failed| failed.complain())
}

/// Prints a line, or several. Whoever started this may wait for it, so it has to leave the buffer at once.
fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// A line for whoever looks on. There is nowhere left to say that stderr is closed.
fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
