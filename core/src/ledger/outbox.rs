//! What is owed: one row for each person and intent, in whatever order the calls come.
//!
//! Of a person's rows, one may stand under the address alone, from a call that gave no id: what is newer is told of both.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::book::{Book, number};
use super::seal::{DataKey, Digest};
use super::{Carried, FAR, Intent, Person, Task, carried, turns};
use crate::code::Code;

/// A row that this process may work on until its lease ends.
pub(crate) struct Claim {
    /// Of the row; the address where the row has no other.
    pub(super) person: Digest,
    pub(crate) address: Digest,
    pub(crate) intent: Intent,
    pub(crate) sealed: Vec<u8>,
    pub(crate) seq: i64,
    pub(crate) attempts: u32,
    /// Of a change of password, as the call that returned left it.
    pub(crate) shield: Option<i64>,
    pub(super) fence: i64,
}

/// A row as it lies there.
pub(super) struct Entry {
    pub(super) person: Digest,
    pub(super) address: Digest,
    pub(super) intent: Intent,
    pub(super) key: [u8; 8],
    pub(super) tag: Digest,
    pub(super) sealed: Vec<u8>,
    pub(super) seq: i64,
    pub(super) shield: Option<i64>,
    pub(super) attempts: u32,
    pub(super) dead: bool,
    pub(super) reason: String,
    pub(super) created: i64,
}

/// What `status` counts.
pub(super) struct Counts {
    pub(super) owed: u64,
    /// Of those, how many are sealed under an unknown key.
    pub(super) sealed: u64,
    /// The same by what they wait for; a reason may come twice.
    pub(super) reasons: Vec<(String, u64)>,
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

/// What an entry is sealed under, and what names its person under any other key.
pub(super) struct Sealed<'a> {
    pub(super) key: [u8; 8],
    pub(super) tag: Digest,
    pub(super) text: &'a [u8],
}

impl Book {
    /// The sealed text of what is owed to a person, and whether it has been given up.
    pub(super) fn pending(
        &self,
        person: Person,
        intent: Intent,
    ) -> rusqlite::Result<Option<(Vec<u8>, bool)>> {
        let sql = "SELECT sealed, dead FROM outbox WHERE person IN (?1, ?2) AND intent = ?3
                   ORDER BY dead, seq DESC LIMIT 1";
        self.read(|db| {
            let row = params![carried::resolve(db, person)?.0, person.address.0, intent as i64];
            db.prepare_cached(sql)?.query_row(row, |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
    }

    /// Whether something later has been done or is owed. A sign-in also gives way to a change of password that was not
    /// finished when it was accepted: the change is the later of the two. And a change gives way to later changes only, and to
    /// sign-ins that were accepted after it had finished.
    pub(super) fn overtaken(&self, task: Task) -> rusqlite::Result<bool> {
        self.read(|db| {
            db.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM outbox WHERE person IN (?1, ?5) AND intent = ?2
                         AND iif(?4 IS NULL, seq > ?3 OR shield > ?3, seq > iif(shield IS NULL, ?4, ?3)))
                     OR (?2 = 0 AND EXISTS (SELECT 1 FROM carried WHERE person IN (?1, ?5) AND kept = 0
                         AND iif(?4 IS NULL, seq > ?3 OR shield > ?3, seq > ?4 OR change > ?3)))",
            )?
            .query_row(
                params![
                    carried::resolve(db, task.person)?.0,
                    task.intent as i64,
                    task.seq,
                    task.shield,
                    task.person.address.0
                ],
                |row| row.get(0),
            )
        })
    }

    /// What is owed to a user and not newer has been overtaken. On the disk before it returns: if the power fails, it must
    /// not be owed again.
    pub(super) fn drop_owed(&self, task: Task) -> rusqlite::Result<()> {
        self.write_through(|tx| drop_older(tx, carried::finished(tx, task)?))
    }

    /// Owes a user something, durably, and ends the call's turn. What was done or is owed under a later number than its
    /// own stands. A call that had no turn is numbered now, but is as old as it was: numbers are an entry's own.
    pub(super) fn owe(
        &self,
        task: Task,
        sealed: &Sealed<'_>,
        (now, due): (i64, i64),
        dead: bool,
        reason: &str,
    ) -> rusqlite::Result<()> {
        self.write_through(|tx| {
            let seq = if task.owner == turns::NOBODY { number(tx)? } else { task.seq };
            let task = carried::finished(tx, task)?;
            let (person, address) = (carried::resolve(tx, task.person)?, task.person.address);
            tx.prepare_cached(
                "INSERT INTO outbox (person, intent, key, sealed, seq, shield, due, dead, reason, created, address, tag)
                 SELECT ?1, ?2, ?3, ?4, ?11, ?6, ?7, ?8, ?9, ?10, ?12, ?14
                 WHERE ?2 <> 0 OR NOT EXISTS
                     (SELECT 1 FROM carried WHERE person IN (?1, ?13) AND kept = 0
                      AND iif(?6 IS NULL, seq > ?5 OR shield > ?5, seq > ?6 OR change > ?5))
                 ON CONFLICT (person, intent) DO UPDATE SET key = excluded.key, sealed = excluded.sealed,
                     tag = excluded.tag, address = excluded.address,
                     seq = excluded.seq, shield = excluded.shield, attempts = 0, due = excluded.due, lease = 0,
                     fence = fence + 1, dead = excluded.dead, reason = excluded.reason
                 WHERE CASE WHEN excluded.shield IS NULL
                            THEN ?5 >= max(outbox.seq, coalesce(outbox.shield, 0))
                            ELSE iif(outbox.shield IS NULL, excluded.shield, ?5) >= outbox.seq END",
            )?
            .execute(params![
                person.0,
                task.intent as i64,
                sealed.key,
                sealed.text,
                task.seq,
                task.shield,
                due,
                dead,
                reason,
                now,
                seq,
                (person != address).then_some(address.0),
                address.0,
                sealed.tag.0,
            ])?;
            turns::release(tx, task)
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
                 WHERE (person, intent) IN (SELECT person, intent FROM outbox
                     WHERE dead = 0 AND due <= ?2 AND lease <= ?2 AND key = ?1 ORDER BY due LIMIT 1)
                 RETURNING person, intent, sealed, seq, attempts, fence, shield, coalesce(address, person)",
            )?
            .query_row(params![key, now, now + lease], |row| {
                Ok(Claim {
                    person: Digest(row.get(0)?),
                    address: Digest(row.get(7)?),
                    intent: Intent::from(row.get::<_, i64>(1)?),
                    sealed: row.get(2)?,
                    seq: row.get(3)?,
                    attempts: row.get(4)?,
                    fence: row.get(5)?,
                    shield: row.get(6)?,
                })
            })
            .optional()
        })
    }

    /// Keeps a claim for longer; `false` if it has been taken over or replaced meanwhile.
    pub(super) fn renew(&self, claim: &Claim, now: i64, lease: i64) -> rusqlite::Result<bool> {
        self.write(|tx| {
            let sql =
                "UPDATE outbox SET lease = ?5 WHERE person = ?1 AND intent = ?2 AND seq = ?3 AND fence = ?4";
            let row = params![claim.person.0, claim.intent as i64, claim.seq, claim.fence, now + lease];
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

    /// What is due or leased in the far future was written before the host was started anew.
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
        key: &DataKey,
        claim: &Claim,
        task: Task,
        carried: Option<&Carried>,
        changed: i64,
    ) -> rusqlite::Result<()> {
        self.write_through(|tx| {
            if let Some(carried) = carried {
                carried::remember(tx, key, task, carried, changed)?;
            }
            let sql = "DELETE FROM outbox WHERE person = ?1 AND intent = ?2 AND seq = ?3 AND fence = ?4";
            let row = params![claim.person.0, claim.intent as i64, claim.seq, claim.fence];
            tx.prepare_cached(sql)?.execute(row)?;
            turns::release(tx, task)
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
                       WHERE person = ?1 AND intent = ?2 AND seq = ?3 AND fence = ?4";
            let row = params![
                claim.person.0,
                claim.intent as i64,
                claim.seq,
                claim.fence,
                sealed,
                due,
                dead,
                reason
            ];
            tx.prepare_cached(sql)?.execute(row)?;
            turns::release(tx, task)
        })
    }

    /// The claim was not worked on: due again, as if it had not been taken.
    pub(super) fn hand_back(&self, claim: &Claim, due: i64) -> rusqlite::Result<()> {
        self.write(|tx| {
            let sql = "UPDATE outbox SET due = ?5, lease = 0, attempts = attempts - 1
                       WHERE person = ?1 AND intent = ?2 AND seq = ?3 AND fence = ?4";
            let row = params![claim.person.0, claim.intent as i64, claim.seq, claim.fence, due];
            tx.prepare_cached(sql)?.execute(row).map(drop)
        })
    }

    /// Rows after a number, in the order of their numbers: `dead` ones or all.
    pub(super) fn entries(&self, after: i64, only_dead: bool, limit: u32) -> rusqlite::Result<Vec<Entry>> {
        let sql = "SELECT person, intent, key, sealed, seq, shield, attempts, dead, reason, created,
                          coalesce(address, person), tag
                   FROM outbox WHERE seq > ?1 AND dead >= ?2 ORDER BY seq LIMIT ?3";
        self.read(|db| {
            db.prepare_cached(sql)?.query_map(params![after, only_dead, limit], Entry::read)?.collect()
        })
    }

    /// Takes a row out, if it is still this one.
    pub(super) fn remove(&self, entry: &Entry) -> rusqlite::Result<()> {
        let sql = "DELETE FROM outbox WHERE person = ?1 AND intent = ?2 AND seq = ?3";
        self.write(|tx| tx.execute(sql, params![entry.person.0, entry.intent as i64, entry.seq]).map(drop))
    }

    /// Dead letters are to be tried again.
    pub(super) fn retry(&self, which: Which<'_>, now: i64) -> rusqlite::Result<usize> {
        let sql = "UPDATE outbox SET dead = 0, due = ?3, lease = 0, attempts = 0, fence = fence + 1
                   WHERE dead = 1 AND (?1 IS NULL OR reason = ?1)
                     AND (?2 IS NULL OR lower(hex(person)) || '-' || intent = ?2)";
        let (reason, id) = which.columns();
        self.write_through(|tx| tx.execute(sql, params![reason, id, now]))
    }

    /// Dead letters are given up for good.
    pub(super) fn discard(&self, which: Which<'_>) -> rusqlite::Result<usize> {
        let sql = "DELETE FROM outbox WHERE dead = 1 AND (?1 IS NULL OR reason = ?1)
                     AND (?2 IS NULL OR lower(hex(person)) || '-' || intent = ?2)";
        let (reason, id) = which.columns();
        self.write_through(|tx| tx.execute(sql, params![reason, id]))
    }

    /// How many entries wait.
    pub(super) fn owed(&self) -> rusqlite::Result<u64> {
        let sql = "SELECT count(*) FROM outbox WHERE dead = 0";
        self.read(|db| db.prepare_cached(sql)?.query_row([], |row| row.get(0)))
    }

    /// What waits under one of the `unknown` keys has a reason of its own.
    pub(super) fn counts(&self, unknown: &[[u8; 8]]) -> rusqlite::Result<Counts> {
        let sql = "SELECT key, reason, count(*), min(created) FROM outbox WHERE dead = ?1
                   GROUP BY key, reason ORDER BY reason";
        type Row = ([u8; 8], String, u64, i64);
        self.read(|db| {
            let by_reason = |dead: bool| -> rusqlite::Result<Vec<Row>> {
                let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
                db.prepare_cached(sql)?.query_map([dead], row)?.collect()
            };
            let mut counts =
                Counts { owed: 0, sealed: 0, reasons: Vec::new(), oldest: None, dead: Vec::new() };
            for (key, reason, count, oldest) in by_reason(false)? {
                let sealed = unknown.contains(&key);
                counts.owed += count;
                counts.sealed += if sealed { count } else { 0 };
                counts.oldest = Some(counts.oldest.map_or(oldest, |known| known.min(oldest)));
                let reason = if sealed { Code::LedgerSealed.as_str().to_owned() } else { reason };
                counts.reasons.push((reason, count));
            }
            counts.dead = by_reason(true)?.into_iter().map(|(_, reason, count, _)| (reason, count)).collect();
            Ok(counts)
        })
    }

    // Entries that this application has sealed under a client secret that is not known here.

    /// How many wait.
    pub(super) fn sealed(&self, unknown: &[[u8; 8]]) -> rusqlite::Result<u64> {
        let sql = "SELECT count(*) FROM outbox WHERE dead = 0 AND key = ?1";
        self.read(|db| {
            unknown
                .iter()
                .map(|key| db.prepare_cached(sql)?.query_row([key], |row| row.get::<_, u64>(0)))
                .sum()
        })
    }

    /// Drops what is sealed for a person who has these tags, of the task's intent and before it; changes of password only
    /// where they were made before a time. How many there were.
    pub(super) fn drop_sealed_of(
        &self,
        unknown: &[[u8; 8]],
        tags: &[Digest],
        task: Task,
        changes_before: i64,
    ) -> rusqlite::Result<usize> {
        let sql = "DELETE FROM outbox WHERE dead = 0 AND key = ?1 AND tag = ?2 AND intent = ?3 AND seq < ?4
                     AND (shield IS NULL OR created < ?5)";
        self.write_through(|tx| {
            let each = unknown.iter().flat_map(|key| tags.iter().map(move |tag| (key, tag)));
            each.map(|(key, tag)| {
                let row = params![key, tag.0, task.intent as i64, task.seq, changes_before];
                tx.prepare_cached(sql)?.execute(row)
            })
            .sum()
        })
    }

    /// All of them are given up, dead letters among them. How many there were.
    pub(super) fn drop_sealed(&self, unknown: &[[u8; 8]]) -> rusqlite::Result<usize> {
        self.write_through(|tx| {
            unknown.iter().map(|key| tx.execute("DELETE FROM outbox WHERE key = ?1", [key])).sum()
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

impl Claim {
    pub(crate) fn task(&self, owner: i64) -> Task {
        let person = person_of(self.person, self.address);
        Task { person, intent: self.intent, seq: self.seq, shield: self.shield, owner }
    }
}

fn person_of(person: Digest, address: Digest) -> Person {
    Person { address, provided: (person != address).then_some(person) }
}

impl Entry {
    fn read(row: &Row<'_>) -> rusqlite::Result<Entry> {
        Ok(Entry {
            person: Digest(row.get(0)?),
            address: Digest(row.get(10)?),
            tag: Digest(row.get(11)?),
            intent: Intent::from(row.get::<_, i64>(1)?),
            key: row.get(2)?,
            sealed: row.get(3)?,
            seq: row.get(4)?,
            shield: row.get(5)?,
            attempts: row.get(6)?,
            dead: row.get(7)?,
            reason: row.get(8)?,
            created: row.get(9)?,
        })
    }

    /// As a task of nobody's.
    pub(super) fn task(&self) -> Task {
        Task {
            person: person_of(self.person, self.address),
            intent: self.intent,
            seq: self.seq,
            shield: self.shield,
            owner: turns::owner(),
        }
    }

    /// What names a row to people: it says nothing of the user.
    pub(super) fn id(&self) -> String {
        format!("{}-{}", hex::encode(self.person.0), self.intent as i64)
    }
}

/// Whether anything may be pending for a person, or was given up: to them, or to anybody at their address.
pub(super) fn owes(db: &Connection, person: Person) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM outbox WHERE person = ?1) OR EXISTS (SELECT 1 FROM outbox WHERE person = ?2)
                   OR EXISTS (SELECT 1 FROM outbox WHERE address = ?2)";
    let row = [person.provided.unwrap_or(person.address).0, person.address.0];
    db.prepare_cached(sql)?.query_row(row, |row| row.get(0))
}

/// Drops what is owed to a user and is not newer than this.
pub(super) fn drop_older(tx: &Connection, task: Task) -> rusqlite::Result<()> {
    let sql = "DELETE FROM outbox WHERE person IN (?1, ?5) AND intent = ?2
               AND iif(?4 IS NULL, max(seq, coalesce(shield, 0)), seq) <= iif(shield IS NULL, coalesce(?4, ?3), ?3)";
    let (person, address) = (carried::resolve(tx, task.person)?, task.person.address);
    tx.prepare_cached(sql)?
        .execute(params![person.0, task.intent as i64, task.seq, task.shield, address.0])
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Entered, UNFINISHED};

    const KEY: [u8; 8] = [0; 8];

    fn user() -> Person {
        Person { address: Digest([1; 16]), provided: None }
    }

    fn data_key() -> DataKey {
        DataKey::generate(&crate::pages::secret("s")).unwrap().0
    }

    fn sign_in(book: &Book) -> Task {
        let Entered { seq, owner, .. } = book.enter(&data_key(), user(), 0, 50).unwrap();
        Task { person: user(), intent: Intent::Password, seq, shield: None, owner }
    }

    fn change(book: &Book) -> Task {
        Task { shield: Some(UNFINISHED), ..sign_in(book) }
    }

    fn owe(book: &Book, task: Task) {
        owe_this(book, task, task.seq);
    }

    fn owe_this(book: &Book, task: Task, what: i64) {
        let text = what.to_le_bytes();
        let sealed = Sealed { key: KEY, tag: task.person.address, text: &text };
        book.owe(task, &sealed, (0, 0), false, "deadline").unwrap();
    }

    /// A sign-in while Kinde is down.
    fn glanced(book: &Book) -> Task {
        let Entered { seq, owner, .. } = book.glance(&data_key(), user()).unwrap();
        Task { person: user(), intent: Intent::Password, seq, shield: None, owner }
    }

    fn owed(book: &Book) -> Option<i64> {
        let (sealed, _) = book.pending(user(), Intent::Password).unwrap()?;
        Some(i64::from_le_bytes(sealed.try_into().unwrap()))
    }

    fn carried() -> Carried {
        Carried {
            kinde_id: "kp_1".into(),
            address: user().address,
            provided: None,
            version: None,
            salt: None,
            unproven: None,
            kept: false,
            changed: None,
        }
    }

    #[test]
    fn a_worker_that_stalled_leaves_the_turn_to_the_one_that_took_its_entry_over() {
        let book = Book::in_memory().unwrap();
        owe(&book, change(&book));
        let deliver = |now| {
            let claim = book.claim(KEY, now, 50).unwrap().unwrap();
            let task = claim.task(turns::owner());
            assert!(book.take_turn(task, now, 50).unwrap());
            (claim, task)
        };
        let (stalled, its) = deliver(0);
        let (claim, task) = deliver(50);
        assert!(!book.renew(&stalled, 60, 50).unwrap() && !book.take_turn(its, 60, 50).unwrap());
        book.release_turn(its).unwrap();
        book.put_back(&stalled, its, &[], 60, false, "deadline").unwrap();
        book.settle(&data_key(), &stalled, its, Some(&carried()), 60).unwrap();
        assert!(book.is_anothers_turn(its, 60).unwrap());
        assert!(book.renew(&claim, 60, 50).unwrap() && book.take_turn(task, 60, 50).unwrap());
        book.settle(&data_key(), &claim, task, Some(&carried()), 61).unwrap();
        assert!(owed(&book).is_none() && !book.is_anothers_turn(its, 61).unwrap());
    }

    #[test]
    fn a_sign_in_after_a_change_was_owed_is_newer_though_the_delivery_ends_later() {
        let book = Book::in_memory().unwrap();
        let change = change(&book);
        let raced = sign_in(&book);
        owe(&book, change);
        let claim = book.claim(KEY, 0, 50).unwrap().unwrap();
        let later = sign_in(&book);
        book.settle(&data_key(), &claim, Task { shield: claim.shield, ..change }, Some(&carried()), 0)
            .unwrap();
        assert!(book.overtaken(raced).unwrap(), "it was accepted while the change was under way");
        assert!(!book.overtaken(later).unwrap());
    }

    #[test]
    fn a_change_outlasts_a_sign_in_that_was_accepted_after_it_and_done_before_it() {
        for by_outbox in [true, false] {
            let book = Book::in_memory().unwrap();
            let (change, raced) = (change(&book), sign_in(&book));
            match by_outbox {
                true => owe(&book, raced),
                false => book.remember(&data_key(), raced, &carried(), 0).unwrap(),
            }
            assert!(!book.overtaken(change).unwrap(), "it has not been done");
            owe(&book, change);
            assert_eq!(owed(&book), Some(change.seq));
            let claim = book.claim(KEY, 0, 50).unwrap().unwrap();
            assert!(!book.overtaken(Task { shield: claim.shield, ..change }).unwrap());
        }
    }

    #[test]
    fn who_is_only_owed_is_as_old_as_his_call_and_has_a_number_of_his_own() {
        let book = Book::in_memory().unwrap();
        owe_this(&book, glanced(&book), 1);
        owe_this(&book, glanced(&book), 2);
        assert_eq!(owed(&book), Some(2), "the later one");
        assert_eq!(
            book.glance(&data_key(), user()).unwrap().seq,
            book.claim(KEY, 0, 50).unwrap().unwrap().seq
        );
        assert!(book.glance(&data_key(), user()).unwrap().owed);
        // Two at the same time: the one that is written last, with its own number.
        let (first, second) = (glanced(&book), glanced(&book));
        owe_this(&book, second, 4);
        owe_this(&book, first, 3);
        assert_eq!(owed(&book), Some(4), "both were accepted before the first was written, and it stands");
    }

    #[test]
    fn a_change_that_is_only_owed_ends_after_it_was_numbered() {
        let book = Book::in_memory().unwrap();
        owe_this(&book, Task { shield: Some(UNFINISHED), ..glanced(&book) }, 1);
        let claim = book.claim(KEY, 0, 50).unwrap().unwrap();
        assert!(claim.shield > Some(claim.seq));
        let task = claim.task(turns::owner());
        book.settle(&data_key(), &claim, task, Some(&carried()), 0).unwrap();
        assert!(!book.overtaken(task).unwrap());
    }

    #[test]
    fn who_is_only_owed_gives_way_to_a_change_that_was_accepted_or_ended_after_him() {
        for ended in [true, false] {
            for by_outbox in [true, false] {
                let book = Book::in_memory().unwrap();
                let before = (!ended).then(|| change(&book));
                let late = glanced(&book);
                let change = before.unwrap_or_else(|| change(&book));
                let end = || match by_outbox {
                    true => owe_this(&book, change, 7),
                    false => book.remember(&data_key(), change, &carried(), 0).unwrap(),
                };
                let sign_in = || owe_this(&book, late, 1);
                match ended {
                    true => (end(), sign_in()),
                    false => (sign_in(), end()),
                };
                assert_eq!(owed(&book), by_outbox.then_some(7), "{ended} {by_outbox}");
                let after = glanced(&book);
                assert!(!book.overtaken(after).unwrap());
                owe_this(&book, after, 9);
                assert_eq!(owed(&book), Some(9));
            }
        }
    }

    #[test]
    fn a_sign_in_that_ends_after_a_change_was_owed_leaves_it_there() {
        let book = Book::in_memory().unwrap();
        let (change, raced) = (change(&book), sign_in(&book));
        owe(&book, change);
        book.remember(&data_key(), raced, &carried(), 0).unwrap();
        assert_eq!(owed(&book), Some(change.seq));
        owe(&book, raced);
        assert_eq!(owed(&book), Some(change.seq));
    }

    #[test]
    fn two_persons_at_one_address_have_a_row_each_and_a_call_without_an_id_is_the_only_ones() {
        let book = Book::in_memory().unwrap();
        let with_id = |id: u8| Person { provided: Some(Digest([id; 16])), ..user() };
        let sign_in = |person: Person, what| {
            let Entered { seq, owner, .. } = book.enter(&data_key(), person, 0, 50).unwrap();
            owe_this(&book, Task { person, intent: Intent::Password, seq, shield: None, owner }, what);
        };
        let pending = |person| -> Option<i64> {
            let (sealed, _) = book.pending(person, Intent::Password).unwrap()?;
            Some(i64::from_le_bytes(sealed.try_into().unwrap()))
        };
        sign_in(with_id(7), 1);
        sign_in(user(), 2);
        assert_eq!((pending(with_id(7)), pending(user()), book.owed().unwrap()), (Some(2), Some(2), 1));
        sign_in(with_id(8), 3);
        assert_eq!((pending(with_id(7)), pending(with_id(8)), book.owed().unwrap()), (Some(2), Some(3), 2));
    }

    #[test]
    fn what_nobody_here_can_open_is_counted_and_dropped_by_its_persons_tag() {
        let book = Book::in_memory().unwrap();
        for (n, key) in [(1, [9; 8]), (2, [9; 8]), (3, KEY)] {
            let person = Person { address: Digest([n; 16]), provided: None };
            let sealed = Sealed { key, tag: Digest([n; 16]), text: &[n] };
            let task = Task { person, intent: Intent::Password, seq: n.into(), shield: None, owner: 1 };
            book.owe(task, &sealed, (0, 0), false, "client_refused").unwrap();
        }
        assert_eq!(book.sealed(&[[9; 8]]).unwrap(), 2);
        let tags = [Digest([1; 16]), Digest([3; 16])];
        let task = |seq| Task { person: user(), intent: Intent::Password, seq, shield: None, owner: 1 };
        assert_eq!(book.drop_sealed_of(&[[9; 8]], &tags, task(1), 0).unwrap(), 0, "it is not older");
        assert_eq!(book.drop_sealed_of(&[[9; 8]], &tags, task(9), 0).unwrap(), 1);
        assert_eq!((book.sealed(&[[9; 8]]).unwrap(), book.owed().unwrap()), (1, 2));
        assert_eq!(book.drop_sealed(&[[9; 8]]).unwrap(), 1);
        assert_eq!(book.owed().unwrap(), 1);
    }

    #[test]
    fn a_change_that_is_done_drops_what_it_overtakes_and_nothing_newer() {
        let book = Book::in_memory().unwrap();
        let (first, raced, second) = (change(&book), sign_in(&book), change(&book));
        owe(&book, raced);
        book.remember(&data_key(), first, &carried(), 0).unwrap();
        assert_eq!(owed(&book), None);
        owe(&book, second);
        assert_eq!(owed(&book), Some(second.seq));
        book.remember(&data_key(), first, &carried(), 0).unwrap();
        assert_eq!(owed(&book), Some(second.seq), "changes go by their numbers");
        let newer = sign_in(&book);
        owe(&book, newer);
        assert_eq!(owed(&book), Some(newer.seq));
        book.remember(&data_key(), second, &carried(), 0).unwrap();
        assert!(book.overtaken(first).unwrap());
        assert!(!book.overtaken(sign_in(&book)).unwrap());
    }
}
