//! What lies on the disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::{EMAIL_MARK, PASSWORD_MARK, SECRET, TOKEN_MARK};

/// `PRAGMA integrity_check`, or why it cannot be asked. A ledger that was only just begun has no tables yet.
pub fn integrity(ledger: &Path) -> Result<(), String> {
    let db = open(ledger).map_err(|error| error.to_string())?;
    let said: String = db
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .map_err(|error| format!("integrity_check: {error}"))?;
    if said == "ok" { Ok(()) } else { Err(said) }
}

/// A connection that waits for others.
pub fn open(ledger: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(ledger, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    db.busy_timeout(Duration::from_secs(20))?;
    Ok(db)
}

/// One number out of a ledger.
pub fn count(ledger: &Path, sql: &str) -> i64 {
    open(ledger).and_then(|db| db.query_row(sql, [], |row| row.get(0))).unwrap()
}

/// The farthest lease of all, in seconds from now.
pub fn farthest_lease(ledger: &Path) -> i64 {
    let farthest = count(
        ledger,
        "SELECT max(coalesce((SELECT max(until) FROM turns), 0), coalesce((SELECT max(lease) FROM outbox), 0))",
    );
    farthest / 1000 - rustix::time::clock_gettime(rustix::time::ClockId::Boottime).tv_sec
}

/// Every file under a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// The files of that name a folder or two below.
pub fn files_named(folder: &Path, name: &str) -> Vec<PathBuf> {
    let below = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let folders = below(folder).into_iter().flat_map(|folder| [folder.join("faketime"), folder]);
    folders.map(|folder| folder.join(name)).filter(|path| path.is_file()).collect()
}

/// What is wrong with the files of a ledger's folder: modes, and secrets that can be read.
pub fn wrong_files(folder: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    for path in files(folder) {
        // A file may go while the folder is read: SQLite's last user takes two of them away.
        let (Ok(found), Ok(bytes)) = (fs::metadata(&path), fs::read(&path)) else { continue };
        let mode = found.permissions().mode() & 0o7777;
        if mode != 0o600 {
            wrong.push(format!("{} has mode {mode:o}", path.display()));
        }
        for secret in secrets_in(&bytes) {
            wrong.push(format!("{} holds {secret}", path.display()));
        }
    }
    wrong
}

/// What must not stand anywhere and does.
pub fn secrets_in(bytes: &[u8]) -> Vec<&'static str> {
    let lower = bytes.to_ascii_lowercase();
    [
        (PASSWORD_MARK, "a password"),
        (EMAIL_MARK, "an e-mail"),
        (SECRET, "the client secret"),
        (TOKEN_MARK, "a token"),
    ]
    .into_iter()
    .filter(|(mark, _)| {
        let mark = mark.to_ascii_lowercase();
        lower.windows(mark.len()).any(|window| window == mark.as_bytes())
    })
    .map(|(_, what)| what)
    .collect()
}
