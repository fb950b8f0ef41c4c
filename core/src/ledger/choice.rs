//! Where the ledger's file is: at the path that the settings name, else at the first default that this user can use.
//!
//! | default | for |
//! |---|---|
//! | `$XDG_STATE_HOME/kinde-migrate/ledger.db` | whoever follows the XDG Base Directory Specification |
//! | `$HOME/.local/state/kinde-migrate/ledger.db` | the same by its default |
//! | `/var/lib/kinde-migrate/UID/ledger.db`, if `/var/lib/kinde-migrate` is there | services, whose home is not writable |
//! | `/var/tmp/kinde-migrate-UID/ledger.db`, not durable | all others: it may be cleaned away, and a service may have its own |

use std::path::{Path, PathBuf};

use super::place;
use crate::code::{Code, Error};

const NAME: &str = "ledger.db";
const FOLDER: &str = "kinde-migrate";
const SERVICES: &str = "/var/lib/kinde-migrate";
const TEMPORARY: &str = "/var/tmp";

/// What the settings say of the ledger.
pub(crate) enum LedgerPlace {
    Memory,
    File(PathBuf),
    /// Nothing: the environment's folders, as they were when the settings were read.
    Default {
        xdg: Option<PathBuf>,
        home: Option<PathBuf>,
    },
}

/// Where a ledger's file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    /// Whether it is not cleaned away by the system.
    pub(crate) durable: bool,
}

/// Reads the setting.
pub(crate) fn ledger_place(text: Option<&str>) -> Result<LedgerPlace, Error> {
    match text {
        Some("memory") => Ok(LedgerPlace::Memory),
        Some(url) if url.contains("://") => {
            let message =
                "ledger takes a path on a local disk or `memory`; a shared database is not supported yet";
            Err(Error::new(Code::SettingInvalid, message))
        }
        Some(path) if path.contains('\0') => Err(Error::new(Code::SettingInvalid, "ledger holds a NUL byte")),
        Some(path) => Ok(LedgerPlace::File(PathBuf::from(path))),
        None => {
            let from = |variable: &str| {
                std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
            };
            Ok(LedgerPlace::Default { xdg: from("XDG_STATE_HOME"), home: from("HOME") })
        }
    }
}

impl LedgerPlace {
    /// The place to use; a default's folder is made if it is not there. None for memory, and where no default can be used.
    pub(crate) fn choose(&self) -> Option<Place> {
        match self {
            LedgerPlace::Memory => None,
            LedgerPlace::File(path) => Some(Place { path: path.clone(), durable: true }),
            LedgerPlace::Default { xdg, home } => {
                let candidates = candidates(xdg.as_deref(), home.as_deref());
                candidates.into_iter().find(|place| match place::prepare_folder(&place.path) {
                    Ok(()) => true,
                    Err(why) => {
                        tracing::debug!("no ledger in {}: {why}", place.path.display());
                        false
                    }
                })
            }
        }
    }

    /// The other places where a ledger may lie that was used before the settings or the environment changed.
    pub(crate) fn others(&self, chosen: Option<&Path>) -> Vec<PathBuf> {
        let (xdg, home) = match self {
            LedgerPlace::Default { xdg, home } => (xdg.clone(), home.clone()),
            LedgerPlace::Memory | LedgerPlace::File(_) => (None, None),
        };
        // The home of the user of this process, where the environment does not name it.
        let home = home.or_else(std::env::home_dir);
        let mut others: Vec<_> = candidates(xdg.as_deref(), home.as_deref())
            .into_iter()
            .map(|place| place.path)
            .filter(|path| Some(path.as_path()) != chosen)
            .collect();
        others.dedup();
        others
    }
}

fn candidates(xdg: Option<&Path>, home: Option<&Path>) -> Vec<Place> {
    let me = place::me();
    let state = |folder: PathBuf| Place { path: folder.join(FOLDER).join(NAME), durable: true };
    let mut candidates = Vec::new();
    candidates.extend(xdg.map(|folder| state(folder.to_owned())));
    candidates.extend(home.map(|folder| state(folder.join(".local/state"))));
    if Path::new(SERVICES).is_dir() {
        let path = Path::new(SERVICES).join(me.to_string()).join(NAME);
        candidates.push(Place { path, durable: true });
    }
    let path = Path::new(TEMPORARY).join(format!("{FOLDER}-{me}")).join(NAME);
    candidates.push(Place { path, durable: false });
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_default_that_can_be_used_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let (blocked, home) = (folder.path().join("file"), folder.path().join("home"));
        std::fs::write(&blocked, "").unwrap();
        std::fs::create_dir(&home).unwrap();
        let chosen = |xdg: &Path, home: &Path| {
            LedgerPlace::Default { xdg: Some(xdg.into()), home: Some(home.into()) }.choose().unwrap()
        };
        let state = folder.path().join("state/kinde-migrate/ledger.db");
        assert_eq!(chosen(&folder.path().join("state"), &home), Place { path: state, durable: true });
        let at_home = home.join(".local/state/kinde-migrate/ledger.db");
        assert_eq!(chosen(&blocked, &home), Place { path: at_home.clone(), durable: true });
        let elsewhere = chosen(&blocked, &blocked);
        assert!(elsewhere.path.starts_with("/var"), "{elsewhere:?}");
        assert_eq!(elsewhere.durable, elsewhere.path.starts_with(SERVICES));
        let place = LedgerPlace::Default { xdg: Some(blocked.clone()), home: Some(home) };
        assert!(place.others(Some(&elsewhere.path)).contains(&at_home));
        assert!(!place.others(Some(&at_home)).contains(&at_home));
    }
}
