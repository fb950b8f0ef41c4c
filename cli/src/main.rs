//! The command line of kinde-migrate.

mod sandbox;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Carries a legacy application's users into Kinde.
#[derive(Debug, Parser)]
#[command(name = "kinde-migrate", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a local Kinde, for trying out and for tests
    #[command(long_about = sandbox::ABOUT)]
    Sandbox(Box<sandbox::Args>),
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Sandbox(args) => sandbox::run(*args),
    }
}
