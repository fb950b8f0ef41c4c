//! `kinde-migrate completions` and `kinde-migrate man`: made of the same description as `--help`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Command;
use clap_complete::Shell;

use crate::failed::Failed;

/// What `completions --help` says.
pub(crate) const COMPLETIONS_ABOUT: &str = "\
Print the completions for a shell

  bash  kinde-migrate completions bash > /etc/bash_completion.d/kinde-migrate
  zsh   kinde-migrate completions zsh > \"${fpath[1]}/_kinde-migrate\"
  fish  kinde-migrate completions fish > ~/.config/fish/completions/kinde-migrate.fish";

/// What `man --help` says.
pub(crate) const MAN_ABOUT: &str = "\
Print the man page, or write one for each command into a folder

  kinde-migrate man | man -l -";

/// The shell.
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell that is to complete the command line
    shell: Shell,
}

/// Where to.
#[derive(Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// Write kinde-migrate.1 and a page for each command into this folder, which exists
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
}

/// Prints the completions.
pub(crate) fn completions(args: &CompletionsArgs, command: &mut Command) -> Result<ExitCode, Failed> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, command, "kinde-migrate", &mut script);
    print(&script)
}

/// Prints the page, or writes all of them.
pub(crate) fn man(args: &ManArgs, command: Command) -> Result<ExitCode, Failed> {
    if let Some(folder) = &args.into {
        clap_mangen::generate_to(command, folder).map_err(|error| {
            Failed::because(format!("the man pages cannot be written into {}: {error}", folder.display()))
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    print(&page)
}

fn print(text: &[u8]) -> Result<ExitCode, Failed> {
    let mut out = io::stdout().lock();
    out.write_all(text).and_then(|()| out.flush())?;
    Ok(ExitCode::SUCCESS)
}
