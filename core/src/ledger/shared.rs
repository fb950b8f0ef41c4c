//! What the processes of a host share besides: how Kinde does.

use rusqlite::{OptionalExtension, params};

use super::Health;
use super::book::Book;

impl Book {
    pub(super) fn health(&self, key: [u8; 8]) -> rusqlite::Result<Health> {
        self.read(|db| health(db, key))
    }

    /// Changes the health, if `change` gives another.
    pub(super) fn change_health(
        &self,
        key: [u8; 8],
        change: impl FnOnce(Health) -> Health,
    ) -> rusqlite::Result<Health> {
        self.write(|tx| {
            let known = health(tx, key)?;
            let new = change(known);
            if new != known {
                tx.prepare_cached(
                    "INSERT OR REPLACE INTO health
                         (key, failures, opened, open_until, probe_until, answered, answered_for, error)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )?
                .execute(params![
                    key,
                    new.failures,
                    new.opened,
                    new.open_until,
                    new.probe_until,
                    new.answered,
                    new.answered_for,
                    new.error
                ])?;
            }
            Ok(new)
        })
    }
}

fn health(db: &rusqlite::Connection, key: [u8; 8]) -> rusqlite::Result<Health> {
    let sql = "SELECT failures, opened, open_until, probe_until, answered, answered_for, error
               FROM health WHERE key = ?1";
    let row = db.prepare_cached(sql)?.query_row([key], |row| {
        Ok(Health {
            failures: row.get(0)?,
            opened: row.get(1)?,
            open_until: row.get(2)?,
            probe_until: row.get(3)?,
            answered: row.get(4)?,
            answered_for: row.get(5)?,
            error: row.get(6)?,
        })
    });
    Ok(row.optional()?.unwrap_or_default())
}
