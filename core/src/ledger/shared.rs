//! What the processes of a host share besides: how Kinde does, the access token, and how many of those were fetched.

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
                         (key, failures, opened, open_until, probe_until, pause_until, limited)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![
                    key,
                    new.failures,
                    new.opened,
                    new.open_until,
                    new.probe_until,
                    new.pause_until,
                    new.limited
                ])?;
            }
            Ok(new)
        })
    }

    pub(super) fn token(&self, key: [u8; 8], now: i64) -> rusqlite::Result<Option<(Vec<u8>, i64)>> {
        let sql = "SELECT sealed, expires FROM token WHERE key = ?1 AND expires > ?2";
        self.read(|db| db.query_row(sql, params![key, now], |row| Ok((row.get(0)?, row.get(1)?))).optional())
    }

    /// Keeps a token that has been fetched, and counts it.
    pub(super) fn put_token(
        &self,
        key: [u8; 8],
        sealed: &[u8],
        expires: i64,
        month: i64,
    ) -> rusqlite::Result<()> {
        self.write(|tx| {
            let sql = "INSERT OR REPLACE INTO token (key, sealed, expires) VALUES (?1, ?2, ?3)";
            tx.execute(sql, params![key, sealed, expires])?;
            let sql = "INSERT INTO tokens_used (month, key, count) VALUES (?1, ?2, 1)
                       ON CONFLICT (month, key) DO UPDATE SET count = count + 1";
            tx.execute(sql, params![month, key]).map(drop)
        })
    }

    pub(super) fn drop_token(&self, key: [u8; 8]) -> rusqlite::Result<()> {
        self.write(|tx| tx.execute("DELETE FROM token WHERE key = ?1", [key]).map(drop))
    }

    pub(super) fn tokens_used(&self, key: [u8; 8], month: i64) -> rusqlite::Result<u64> {
        let sql = "SELECT coalesce(sum(count), 0) FROM tokens_used WHERE key = ?1 AND month = ?2";
        self.read(|db| db.query_row(sql, params![key, month], |row| row.get(0)))
    }
}

fn health(db: &rusqlite::Connection, key: [u8; 8]) -> rusqlite::Result<Health> {
    let sql =
        "SELECT failures, opened, open_until, probe_until, pause_until, limited FROM health WHERE key = ?1";
    let row = db.prepare_cached(sql)?.query_row([key], |row| {
        Ok(Health {
            failures: row.get(0)?,
            opened: row.get(1)?,
            open_until: row.get(2)?,
            probe_until: row.get(3)?,
            pause_until: row.get(4)?,
            limited: row.get(5)?,
        })
    });
    Ok(row.optional()?.unwrap_or_default())
}
