//! The settings of the commands that work on a ledger, and the ledger itself.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use kinde_migrate::{Migrator, Places, SETTINGS, Settings};

use crate::failed::Failed;
use crate::note;

pub(crate) const SETTINGS_HELP: &str = "\
Settings come from the environment, as in the applications: KINDE_DOMAIN, KINDE_MANAGEMENT_CLIENT_ID,
KINDE_MANAGEMENT_CLIENT_SECRET, KINDE_MIGRATE_LEDGER and so on. Run it as the applications' user: the
ledger is his alone.";

/// Secrets are no options: everybody on the machine could read them.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The ledger that the applications write [env: KINDE_MIGRATE_LEDGER]
    #[arg(long, global = true, value_name = "PATH")]
    ledger: Option<String>,

    /// The Kinde domain [env: KINDE_DOMAIN]
    #[arg(long, global = true)]
    domain: Option<String>,

    /// A file of KEY=VALUE lines that stand before the environment's; nobody else may be able to read it
    #[arg(long, global = true, value_name = "FILE")]
    env_file: Option<PathBuf>,
}

/// Whether a ledger that is not there is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    IsMade,
    IsAnError,
}

/// A migrator whose ledger is open, and what it works on.
pub(crate) struct Opened {
    pub(crate) migrator: Migrator,
    pub(crate) domain: String,
    pub(crate) ledger: PathBuf,
}

impl Options {
    pub(crate) fn open(&self, missing: Missing) -> Result<Opened, Failed> {
        let settings = self.settings()?;
        let Places { domain, ledger } = settings.places()?;
        let ledger = ledger.ok_or_else(|| {
            Failed::usage(
                "the ledger is kept in memory, where no other process sees it: name the applications' file with \
                 --ledger or KINDE_MIGRATE_LEDGER",
            )
        })?;
        if missing == Missing::IsAnError && ledger.try_exists().is_ok_and(|there| !there) {
            return Err(Failed::because(format!(
                "there is no ledger at {}: the first sign-in makes it; if the applications keep theirs elsewhere, \
                 name it with --ledger or KINDE_MIGRATE_LEDGER",
                ledger.display()
            )));
        }
        let migrator = Migrator::new(settings)?;
        if migrator.status().in_memory {
            let notices = migrator.notices();
            let why = notices.iter().map(|notice| match notice.message.split_once(": ") {
                // An application would go on in memory; this ends.
                Some((_, why)) => why,
                None => &notice.message,
            });
            return Err(Failed::because(format!(
                "the ledger cannot be used: {}; run this as the applications' user, and name the ledger with --ledger \
                 or KINDE_MIGRATE_LEDGER",
                why.collect::<Vec<_>>().join("; ")
            )));
        }
        warn(&migrator);
        Ok(Opened { migrator, domain, ledger })
    }

    /// Options first, then the file; the library asks the environment for the rest.
    fn settings(&self) -> Result<Settings, Failed> {
        let mut settings = Settings::new();
        if let Some(path) = &self.env_file {
            from_file(&mut settings, path)?;
        }
        for (name, value) in [("ledger", &self.ledger), ("domain", &self.domain)] {
            if let Some(value) = value {
                settings.set(name, value)?;
            }
        }
        Ok(settings)
    }
}

/// Reads the settings out of a file such as systemd's `EnvironmentFile`. What else stands there is not for us.
fn from_file(settings: &mut Settings, path: &Path) -> Result<(), Failed> {
    let shown = path.display();
    let refused = |why: std::io::Error| Failed::because(format!("{shown}: {why}"));
    let mut file = File::open(path).map_err(refused)?;
    if file.metadata().map_err(refused)?.permissions().mode() & 0o007 != 0 {
        return Err(Failed::because(format!(
            "{shown} holds a secret, and others may use it: chmod o= {shown}"
        )));
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(refused)?;
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            return Err(Failed::usage(format!("{shown}: line {number} is not KEY=VALUE")));
        };
        found.push((key.trim_end(), unquoted(value.trim_start())));
    }
    for setting in SETTINGS {
        let named = setting.env.iter().find_map(|name| found.iter().rfind(|(key, _)| key == name));
        if let Some((_, value)) = named {
            settings.set(setting.name, value)?;
        }
    }
    Ok(())
}

fn unquoted(value: &str) -> &str {
    let within = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).unwrap_or(value)
}

/// What the library has to say, once each.
pub(crate) fn warn(migrator: &Migrator) {
    for notice in migrator.notices() {
        note(&format!("warning: {} [{}]", notice.message, notice.code));
    }
}
