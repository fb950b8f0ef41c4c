//! What Kinde refuses for now: a client secret, a scope. Shared by all processes that use the same one.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::book::Book;
use super::seal::Digest;
use super::{Ledger, uptime};
use crate::pace::Holdoff;

/// What nobody has asked for so long (milliseconds) is not used any more: another secret's.
const OLD: i64 = 24 * 3_600_000;

impl Ledger {
    /// Everything that is held off, by the digest of what is refused.
    pub(crate) fn holdoffs(&self) -> Vec<(Digest, Holdoff)> {
        let mut all: Vec<(Digest, Holdoff)> = Vec::new();
        for shelf in self.shelves() {
            for (what, holdoff) in shelf.book.holdoffs(shelf.key.id).unwrap_or_default() {
                match all.iter_mut().find(|(known, _)| *known == what) {
                    // Where the file was busy, what came last lies in memory.
                    Some((_, known)) if known.refused_at < holdoff.refused_at => *known = holdoff,
                    Some(_) => {}
                    None => all.push((what, holdoff)),
                }
            }
        }
        all
    }

    /// Changes what is known of one thing, for everybody; the new state.
    pub(crate) fn change_holdoff(&self, what: Digest, change: impl Fn(Holdoff) -> Holdoff) -> Holdoff {
        self.nearby(|shelf| shelf.book.change_holdoff(shelf.key.id, what, &change)).unwrap_or_default()
    }

    /// Kinde takes it.
    pub(crate) fn end_holdoff(&self, what: Digest) {
        for shelf in self.shelves() {
            if let Err(error) = shelf.book.end_holdoff(shelf.key.id, what) {
                tracing::debug!(%error, "a hold-off could not be ended; the next success ends it");
            }
        }
    }

    /// Something has been mended: the next caller may ask for whatever is held off.
    pub(crate) fn cut_holdoffs_short(&self) {
        for shelf in self.shelves() {
            if let Err(error) = shelf.book.cut_holdoffs_short(shelf.key.id) {
                tracing::debug!(%error, "the hold-offs could not be cut short; they end by themselves");
            }
        }
    }

    /// What waits for this reason is due now.
    pub(crate) fn wake_refused(&self, reason: &str) {
        for shelf in self.shelves() {
            if let Err(error) = shelf.book.wake_refused(reason, uptime()) {
                tracing::debug!(%error, "what was refused could not be made due; it comes due by itself");
            }
        }
    }

    /// A digest that says nothing without the ledger's key.
    pub(crate) fn digest(&self, parts: &[&[u8]]) -> Option<Digest> {
        self.key().as_ref().map(Arc::as_ref).map(|key| key.digest(parts))
    }
}

impl Book {
    pub(super) fn holdoffs(&self, key: [u8; 8]) -> rusqlite::Result<Vec<(Digest, Holdoff)>> {
        let sql = "SELECT what, failures, refused_at, until, probe_until FROM holdoffs WHERE key = ?1";
        self.read(|db| {
            db.prepare_cached(sql)?
                .query_map([key], |row| Ok((Digest(row.get(0)?), read(row, 1)?)))?
                .collect()
        })
    }

    pub(super) fn change_holdoff(
        &self,
        key: [u8; 8],
        what: Digest,
        change: impl FnOnce(Holdoff) -> Holdoff,
    ) -> rusqlite::Result<Holdoff> {
        self.write(|tx| {
            let known = holdoff(tx, key, what)?;
            let new = change(known);
            if new != known {
                tx.execute("DELETE FROM holdoffs WHERE refused_at < ?1", [uptime() - OLD])?;
                let sql =
                    "INSERT OR REPLACE INTO holdoffs (key, what, failures, refused_at, until, probe_until)
                           VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
                let Holdoff { failures, refused_at, until, probe_until } = new;
                let row = params![key, what.0, failures, refused_at, until, probe_until];
                tx.prepare_cached(sql)?.execute(row)?;
            }
            Ok(new)
        })
    }

    pub(super) fn end_holdoff(&self, key: [u8; 8], what: Digest) -> rusqlite::Result<()> {
        let sql = "DELETE FROM holdoffs WHERE key = ?1 AND what = ?2";
        self.write(|tx| tx.execute(sql, params![key, what.0]).map(drop))
    }

    pub(super) fn wake_refused(&self, reason: &str, now: i64) -> rusqlite::Result<()> {
        let sql = "UPDATE outbox SET due = ?2 WHERE dead = 0 AND due > ?2 AND reason = ?1";
        self.write(|tx| tx.execute(sql, params![reason, now]).map(drop))
    }

    pub(super) fn cut_holdoffs_short(&self, key: [u8; 8]) -> rusqlite::Result<()> {
        let sql = "UPDATE holdoffs SET until = 0, probe_until = 0 WHERE key = ?1";
        self.write(|tx| tx.execute(sql, [key]).map(drop))
    }
}

fn holdoff(db: &Connection, key: [u8; 8], what: Digest) -> rusqlite::Result<Holdoff> {
    let sql = "SELECT failures, refused_at, until, probe_until FROM holdoffs WHERE key = ?1 AND what = ?2";
    let found = db.prepare_cached(sql)?.query_row(params![key, what.0], |row| read(row, 0)).optional()?;
    Ok(found.unwrap_or_default())
}

fn read(row: &Row<'_>, from: usize) -> rusqlite::Result<Holdoff> {
    Ok(Holdoff {
        failures: row.get(from)?,
        refused_at: row.get(from + 1)?,
        until: row.get(from + 2)?,
        probe_until: row.get(from + 3)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_and_each_client_has_its_own_and_it_ends() {
        let book = Book::in_memory().unwrap();
        let refuse =
            |key, what| book.change_holdoff(key, Digest([what; 16]), |known| known.refused(5_000, 1.0));
        let first = refuse([0; 8], 1).unwrap();
        refuse([0; 8], 2).unwrap();
        refuse([1; 8], 1).unwrap();
        assert_eq!(book.holdoffs([0; 8]).unwrap().len(), 2);
        assert!(first.until > 5_000);
        book.cut_holdoffs_short([0; 8]).unwrap();
        assert!(book.holdoffs([0; 8]).unwrap().iter().all(|(_, holdoff)| holdoff.until == 0));
        assert!(book.holdoffs([1; 8]).unwrap().iter().all(|(_, holdoff)| holdoff.until > 0));
        book.end_holdoff([0; 8], Digest([1; 16])).unwrap();
        assert_eq!(book.holdoffs([0; 8]).unwrap().len(), 1);
        assert_eq!(book.holdoffs([1; 8]).unwrap().len(), 1);
    }
}
