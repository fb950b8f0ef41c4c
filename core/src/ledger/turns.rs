//! One address, one way at a time: whose turn it is, in whatever process. A turn is a lease, so whoever is killed
//! keeps nobody waiting for long. Who has one is told by a random number: a worker that stalled and the one that took its
//! entry over are two.

use rusqlite::{Connection, params};

use super::book::{Book, last, number};
use super::seal::{DataKey, Digest, fill};
use super::{Entered, FAR, Person, Task, carried, outbox};

/// Has no turn: a call that will only be owed. Its number is the last one that had been given when it was accepted.
pub(crate) const NOBODY: i64 = 0;

/// A new holder of turns.
pub(crate) fn owner() -> i64 {
    let mut bytes = [0; 8];
    // Where the system has no random bytes to give there is no key either, and nothing is done.
    let _ = fill(&mut bytes);
    i64::from_le_bytes(bytes)
}

impl Book {
    /// Numbers a call as it is accepted, tries to take the user's turn for it, and tells what is known of them then.
    pub(super) fn enter(
        &self,
        key: &DataKey,
        person: Person,
        now: i64,
        lease: i64,
    ) -> rusqlite::Result<Entered> {
        self.write(|tx| {
            let (seq, owner) = (number(tx)?, owner());
            let mine = take(tx, person.address, owner, now, lease)?;
            let (known, owed) = (carried::recall(tx, key, person)?, outbox::owes(tx, person)?);
            Ok(Entered { seq, owner, mine, known, owed })
        })
    }

    /// The same for a call that will only be owed, as of one moment: nothing is written.
    pub(super) fn glance(&self, key: &DataKey, person: Person) -> rusqlite::Result<Entered> {
        self.snapshot(|db| {
            let (seq, known) = (last(db)?, carried::recall(db, key, person)?);
            Ok(Entered { seq, owner: NOBODY, mine: true, known, owed: outbox::owes(db, person)? })
        })
    }

    /// Takes the turn, or keeps it for longer; `false` if it is another's.
    pub(super) fn take_turn(&self, task: Task, now: i64, lease: i64) -> rusqlite::Result<bool> {
        self.write(|tx| take(tx, task.person.address, task.owner, now, lease))
    }

    /// Whether somebody else has the turn, looked at without a lock.
    pub(super) fn is_anothers_turn(&self, task: Task, now: i64) -> rusqlite::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM turns
                   WHERE address = ?1 AND owner <> ?2 AND until > ?3 AND until <= ?3 + ?4)";
        self.read(|db| {
            db.prepare_cached(sql)?
                .query_row(params![task.person.address.0, task.owner, now, FAR], |row| row.get(0))
        })
    }

    /// Turns of calls that were killed, and whose users nobody has asked for since.
    pub(super) fn clear_turns(&self, now: i64) -> rusqlite::Result<()> {
        self.write(|tx| {
            tx.execute("DELETE FROM turns WHERE until + ?2 < ?1 AND address <> x''", [now, FAR]).map(drop)
        })
    }

    pub(super) fn release_turn(&self, task: Task) -> rusqlite::Result<()> {
        self.write(|tx| release(tx, task))
    }
}

/// A lease that ends in the far future was written before the host was started anew.
fn take(tx: &Connection, address: Digest, owner: i64, now: i64, lease: i64) -> rusqlite::Result<bool> {
    tx.prepare_cached(
        "INSERT INTO turns (address, owner, until) VALUES (?1, ?2, ?3 + ?4)
         ON CONFLICT (address) DO UPDATE SET owner = excluded.owner, until = excluded.until
         WHERE owner = excluded.owner OR until <= ?3 OR until > ?3 + ?5",
    )?
    .execute(params![address.0, owner, now, lease, FAR])
    .map(|taken| taken == 1)
}

pub(super) fn release(tx: &Connection, task: Task) -> rusqlite::Result<()> {
    if task.owner == NOBODY {
        return Ok(());
    }
    tx.prepare_cached("DELETE FROM turns WHERE address = ?1 AND owner = ?2")?
        .execute(params![task.person.address.0, task.owner])
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Intent;

    #[test]
    fn a_turn_is_one_callers_until_it_ends_or_is_given_back() {
        let book = Book::in_memory().unwrap();
        let (key, ..) = DataKey::generate(&crate::pages::secret("s")).unwrap();
        let person = Person { address: Digest([1; 16]), provided: None };
        let task = |owner| Task { person, intent: Intent::Password, seq: 1, shield: None, owner };
        let Entered { seq, owner: first, mine: taken, .. } = book.enter(&key, person, 1000, 50).unwrap();
        assert!(taken);
        // By whatever id.
        let person = Person { provided: Some(Digest([2; 16])), ..person };
        let Entered { seq: later, owner: second, mine: taken, .. } =
            book.enter(&key, person, 1001, 50).unwrap();
        assert!(!taken && later > seq);
        assert!(book.is_anothers_turn(task(second), 1049).unwrap());
        assert!(book.take_turn(task(first), 1049, 50).unwrap(), "the owner may go on");
        assert!(!book.take_turn(task(second), 1098, 50).unwrap());
        assert!(book.take_turn(task(second), 1099, 50).unwrap(), "the lease has ended");
        book.release_turn(task(first)).unwrap();
        assert!(book.is_anothers_turn(task(first), 1100).unwrap(), "not the first's to give back");
        book.release_turn(task(second)).unwrap();
        assert!(book.take_turn(task(first), 1101, 50).unwrap());
        assert!(book.take_turn(task(second), 1101 - 2 * FAR, 50).unwrap(), "the host was started anew");
    }
}
