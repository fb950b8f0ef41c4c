//! What is owed: one row for each user and intent, in whatever order the calls come.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::book::{Book, number};
use super::seal::Digest;
use super::{Carried, FAR, Intent, Task, carried, turns};

/// A row that this process may work on until its lease ends.
pub(crate) struct Claim {
    pub(crate) user: Digest,
    pub(crate) intent: Intent,
    pub(crate) sealed: Vec<u8>,
    pub(crate) seq: i64,
    pub(crate) attempts: u32,
    pub(super) fence: i64,
}

/// A row as it lies there.
pub(super) struct Entry {
    pub(super) user: Digest,
    pub(super) intent: Intent,
    pub(super) key: [u8; 8],
    pub(super) sealed: Vec<u8>,
    pub(super) seq: i64,
    pub(super) shielded: bool,
    pub(super) attempts: u32,
    pub(super) dead: bool,
    pub(super) reason: String,
    pub(super) created: i64,
}

/// What `status` counts.
pub(super) struct Counts {
    pub(super) carried: u64,
    pub(super) owed: u64,
    pub(super) oldest: Option<i64>,
    pub(super) dead: Vec<(String, u64)>,
}

/// Which dead letters are meant.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// All of them.
    All,
    /// Those given up for this reason.
    Reason(&'a str),
    /// The one of this id.
    Id(&'a str),
}

impl Book {
    /// The sealed text of what is owed to a user, and whether it has been given up.
    pub(super) fn pending(&self, user: Digest, intent: Intent) -> rusqlite::Result<Option<(Vec<u8>, bool)>> {
        let sql = "SELECT sealed, dead FROM outbox WHERE user = ?1 AND intent = ?2";
        self.read(|db| {
            db.prepare_cached(sql)?
                .query_row(params![user.0, intent as i64], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
    }

    /// Whether something later has been done or is owed. A sign-in also gives way to a change of password that was not
    /// finished when it was accepted: the change is the later of the two.
    pub(super) fn overtaken(&self, task: Task) -> rusqlite::Result<bool> {
        self.read(|db| {
            db.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM outbox WHERE user = ?1 AND intent = ?2
                                AND (seq > ?3 OR (?4 AND shield > ?3)))
                     OR (?2 = 0 AND EXISTS (SELECT 1 FROM carried WHERE user = ?1 AND kept = 0
                                            AND (seq > ?3 OR (?4 AND shield > ?3))))",
            )?
            .query_row(params![task.user.0, task.intent as i64, task.seq, !task.change], |row| row.get(0))
        })
    }

    /// What is owed to a user under this number or an earlier one has been overtaken.
    pub(super) fn drop_owed(&self, task: Task) -> rusqlite::Result<()> {
        self.write(|tx| drop_until(tx, task.user, task.intent, task.seq))
    }

    /// Owes a user something, durably, and ends the call's turn. What was done or is owed under a later number stands.
    pub(super) fn owe(
        &self,
        task: Task,
        (key, sealed): ([u8; 8], &[u8]),
        (now, due): (i64, i64),
        dead: bool,
        reason: &str,
    ) -> rusqlite::Result<()> {
        self.write_through(|tx| {
            let shield = if task.change { Some(number(tx)?) } else { None };
            tx.prepare_cached(
                "INSERT INTO outbox (user, intent, key, sealed, seq, shield, due, dead, reason, created)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10
                 WHERE ?2 <> 0 OR NOT EXISTS
                     (SELECT 1 FROM carried WHERE user = ?1 AND kept = 0
                      AND (seq > ?5 OR (?6 IS NULL AND shield > ?5)))
                 ON CONFLICT (user, intent) DO UPDATE SET key = excluded.key, sealed = excluded.sealed,
                     seq = excluded.seq, shield = excluded.shield, attempts = 0, due = excluded.due, lease = 0,
                     fence = fence + 1, dead = excluded.dead, reason = excluded.reason
                 WHERE excluded.seq >= outbox.seq
                   AND (excluded.shield IS NOT NULL OR coalesce(outbox.shield, 0) <= excluded.seq)",
            )?
            .execute(params![
                task.user.0,
                task.intent as i64,
                key,
                sealed,
                task.seq,
                shield,
                due,
                dead,
                reason,
                now
            ])?;
            turns::release(tx, task.user, task.seq)
        })
    }

    /// Takes the row that has been due longest, for as long as the lease lasts.
    pub(super) fn claim(&self, key: [u8; 8], now: i64, lease: i64) -> rusqlite::Result<Option<Claim>> {
        // Looking costs no lock, and mostly there is nothing.
        let sql = "SELECT EXISTS (SELECT 1 FROM outbox
                   WHERE dead = 0 AND due <= ?2 AND lease <= ?2 AND key = ?1 ORDER BY due)";
        if !self
            .read(|db| db.prepare_cached(sql)?.query_row(params![key, now], |row| row.get::<_, bool>(0)))?
        {
            return Ok(None);
        }
        self.write(|tx| {
            tx.prepare_cached(
                "UPDATE outbox SET lease = ?3, fence = fence + 1, attempts = attempts + 1
                 WHERE (user, intent) IN (SELECT user, intent FROM outbox
                     WHERE dead = 0 AND due <= ?2 AND lease <= ?2 AND key = ?1 ORDER BY due LIMIT 1)
                 RETURNING user, intent, sealed, seq, attempts, fence",
            )?
            .query_row(params![key, now, now + lease], |row| {
                Ok(Claim {
                    user: Digest(row.get(0)?),
                    intent: Intent::from(row.get::<_, i64>(1)?),
                    sealed: row.get(2)?,
                    seq: row.get(3)?,
                    attempts: row.get(4)?,
                    fence: row.get(5)?,
                })
            })
            .optional()
        })
    }

    /// Keeps a claim for longer; `false` if it has been taken over or replaced meanwhile.
    pub(super) fn renew(&self, claim: &Claim, now: i64, lease: i64) -> rusqlite::Result<bool> {
        self.write(|tx| {
            let sql =
                "UPDATE outbox SET lease = ?5 WHERE user = ?1 AND intent = ?2 AND seq = ?3 AND fence = ?4";
            let row = params![claim.user.0, claim.intent as i64, claim.seq, claim.fence, now + lease];
            tx.prepare_cached(sql)?.execute(row).map(|renewed| renewed == 1)
        })
    }

    /// When the next row may be claimed: one that waits, or one whose lease ends.
    pub(super) fn next_due(&self, key: [u8; 8]) -> rusqlite::Result<Option<i64>> {
        let waits =
            "SELECT due FROM outbox WHERE dead = 0 AND key = ?1 AND lease <= due ORDER BY due LIMIT 1";
        let leased = "SELECT lease FROM outbox
                      WHERE lease > 0 AND dead = 0 AND key = ?1 AND lease > due ORDER BY lease LIMIT 1";
        self.read(|db| {
            let first = |sql| db.prepare_cached(sql)?.query_row([key], |row| row.get::<_, i64>(0)).optional();
            Ok([first(waits)?, first(leased)?].into_iter().flatten().min())
        })
    }

    /// What is due or leased in the far future was written before the clock was set back.
    pub(super) fn mend_times(&self, now: i64) -> rusqlite::Result<()> {
        self.write(|tx| {
            tx.execute("UPDATE outbox SET due = ?1 WHERE due > ?1 + ?2", [now, FAR])?;
            tx.execute("UPDATE outbox SET lease = 0 WHERE lease > ?1 + ?2", [now, FAR]).map(drop)
        })
    }

    /// The claim is done: the row goes, unless it has been replaced or taken over meanwhile. On the disk before it
    /// returns: if the power fails, an older password must not be owed again.
    pub(super) fn settle(
        &self,
        claim: &Claim,
        task: Task,
        carried: Option<&Carried>,
        now: i64,
    ) -> rusqlite::Result<()> {
        self.write_through(|tx| {
            if let Some(carried) = carried {
                carried::remember(tx, task, carried, now)?;
            }
            let sql = "DELETE FROM outbox WHERE user = ?1 AND intent = ?2 AND seq = ?3 AND fence = ?4";
            let row = params![claim.user.0, claim.intent as i64, claim.seq, claim.fence];
            tx.prepare_cached(sql)?.execute(row)?;
            turns::release(tx, task.user, task.seq)
        })
    }

    /// The claim is given back: due later, or dead.
    pub(super) fn put_back(
        &self,
        claim: &Claim,
        task: Task,
        sealed: &[u8],
        due: i64,
        dead: bool,
        reason: &str,
    ) -> rusqlite::Result<()> {
        self.write_through(|tx| {
            let sql = "UPDATE outbox SET sealed = ?5, due = ?6, dead = ?7, reason = ?8, lease = 0
                       WHERE user = ?1 AND intent = ?2 AND seq = ?3 AND fence = ?4";
            let row =
                params![claim.user.0, claim.intent as i64, claim.seq, claim.fence, sealed, due, dead, reason];
            tx.prepare_cached(sql)?.execute(row)?;
            turns::release(tx, task.user, task.seq)
        })
    }

    /// The claim was not worked on: due again, as if it had not been taken.
    pub(super) fn hand_back(&self, claim: &Claim, due: i64) -> rusqlite::Result<()> {
        self.write(|tx| {
            let sql = "UPDATE outbox SET due = ?5, lease = 0, attempts = attempts - 1
                       WHERE user = ?1 AND intent = ?2 AND seq = ?3 AND fence = ?4";
            let row = params![claim.user.0, claim.intent as i64, claim.seq, claim.fence, due];
            tx.prepare_cached(sql)?.execute(row).map(drop)
        })
    }

    /// Rows after a number, in the order of their numbers: `dead` ones or all.
    pub(super) fn entries(&self, after: i64, only_dead: bool, limit: u32) -> rusqlite::Result<Vec<Entry>> {
        let sql = "SELECT user, intent, key, sealed, seq, shield IS NOT NULL, attempts, dead, reason, created
                   FROM outbox WHERE seq > ?1 AND dead >= ?2 ORDER BY seq LIMIT ?3";
        self.read(|db| {
            db.prepare_cached(sql)?.query_map(params![after, only_dead, limit], Entry::read)?.collect()
        })
    }

    /// Takes a row out, if it is still this one.
    pub(super) fn remove(&self, entry: &Entry) -> rusqlite::Result<()> {
        let sql = "DELETE FROM outbox WHERE user = ?1 AND intent = ?2 AND seq = ?3";
        self.write(|tx| tx.execute(sql, params![entry.user.0, entry.intent as i64, entry.seq]).map(drop))
    }

    /// Dead letters are to be tried again.
    pub(super) fn retry(&self, which: Which<'_>, now: i64) -> rusqlite::Result<usize> {
        let sql = "UPDATE outbox SET dead = 0, due = ?3, lease = 0, attempts = 0, fence = fence + 1
                   WHERE dead = 1 AND (?1 IS NULL OR reason = ?1)
                     AND (?2 IS NULL OR lower(hex(user)) || '-' || intent = ?2)";
        let (reason, id) = which.columns();
        self.write_through(|tx| tx.execute(sql, params![reason, id, now]))
    }

    /// Dead letters are given up for good.
    pub(super) fn discard(&self, which: Which<'_>) -> rusqlite::Result<usize> {
        let sql = "DELETE FROM outbox WHERE dead = 1 AND (?1 IS NULL OR reason = ?1)
                     AND (?2 IS NULL OR lower(hex(user)) || '-' || intent = ?2)";
        let (reason, id) = which.columns();
        self.write_through(|tx| tx.execute(sql, params![reason, id]))
    }

    pub(super) fn owed(&self) -> rusqlite::Result<u64> {
        self.read(|db| db.query_row("SELECT count(*) FROM outbox WHERE dead = 0", [], |row| row.get(0)))
    }

    pub(super) fn counts(&self) -> rusqlite::Result<Counts> {
        self.read(|db| {
            let dead = db
                .prepare_cached(
                    "SELECT reason, count(*) FROM outbox WHERE dead = 1 GROUP BY reason ORDER BY reason",
                )?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            db.query_row(
                "SELECT (SELECT count(*) FROM carried WHERE kept = 0), count(*), min(created)
                 FROM outbox WHERE dead = 0",
                [],
                |row| Ok(Counts { carried: row.get(0)?, owed: row.get(1)?, oldest: row.get(2)?, dead }),
            )
        })
    }
}

impl Which<'_> {
    fn columns(&self) -> (Option<&str>, Option<&str>) {
        match *self {
            Which::All => (None, None),
            Which::Reason(reason) => (Some(reason), None),
            Which::Id(id) => (None, Some(id)),
        }
    }
}

impl Entry {
    fn read(row: &Row<'_>) -> rusqlite::Result<Entry> {
        Ok(Entry {
            user: Digest(row.get(0)?),
            intent: Intent::from(row.get::<_, i64>(1)?),
            key: row.get(2)?,
            sealed: row.get(3)?,
            seq: row.get(4)?,
            shielded: row.get(5)?,
            attempts: row.get(6)?,
            dead: row.get(7)?,
            reason: row.get(8)?,
            created: row.get(9)?,
        })
    }

    /// What names a row to people: it says nothing of the user.
    pub(super) fn id(&self) -> String {
        format!("{}-{}", hex::encode(self.user.0), self.intent as i64)
    }
}

pub(super) fn drop_until(tx: &Connection, user: Digest, intent: Intent, seq: i64) -> rusqlite::Result<()> {
    let sql = "DELETE FROM outbox WHERE user = ?1 AND intent = ?2 AND seq <= ?3";
    tx.prepare_cached(sql)?.execute(params![user.0, intent as i64, seq]).map(drop)
}
