//! What the processes share of the pace of their calls: a state of which the ledger knows nothing, and how many calls
//! each of them has in flight.

use rusqlite::{Connection, OptionalExtension, params};

use super::book::Book;
use super::{FAR, Ledger};

/// A process, as the others see it: its calls in flight, under a lease that heals its death.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) id: i64,
    pub(crate) in_flight: u32,
    /// Until when they have ended whatever happens, in microseconds of the host's uptime.
    pub(crate) until: i64,
}

impl Caller {
    /// With another call, which ends by `until` at the latest.
    pub(crate) fn with_another(self, until: i64) -> Caller {
        Caller { in_flight: self.in_flight.saturating_add(1), until: self.until.max(until), ..self }
    }
}

/// What a step comes to.
pub(crate) struct Step<T> {
    pub(crate) answer: T,
    pub(crate) state: Vec<u8>,
    /// Who took it, as he is now.
    pub(crate) caller: Caller,
}

impl Ledger {
    /// The state as it stands, to look at; empty where there is none yet.
    pub(crate) fn pace_state(&self) -> Vec<u8> {
        let shelf = self.shelves().next();
        shelf.and_then(|shelf| shelf.book.pace_state(shelf.key.id).ok()).unwrap_or_default()
    }

    /// Changes the state. `step` gets it, and how many calls other processes than `id` have in flight; nobody else is at
    /// it meanwhile, so it waits for nothing. None where not even memory holds a state.
    pub(crate) fn pace<T>(&self, id: i64, now: i64, step: impl Fn(&[u8], u32) -> Step<T>) -> Option<T> {
        self.nearby(|shelf| shelf.book.pace(shelf.key.id, id, now, &step))
    }
}

impl Book {
    pub(super) fn pace_state(&self, key: [u8; 8]) -> rusqlite::Result<Vec<u8>> {
        self.read(|db| state(db, key))
    }

    pub(super) fn pace<T>(
        &self,
        key: [u8; 8],
        id: i64,
        now: i64,
        step: impl FnOnce(&[u8], u32) -> Step<T>,
    ) -> rusqlite::Result<T> {
        self.write(|tx| {
            let sql = "SELECT coalesce(sum(in_flight), 0) FROM callers
                       WHERE key = ?1 AND id <> ?2 AND until > ?3 AND until <= ?3 + ?4";
            let others =
                tx.prepare_cached(sql)?.query_row(params![key, id, now / 1000, FAR], |row| row.get(0))?;
            let Step { answer, state, caller } = step(&state(tx, key)?, others);
            let sql = "INSERT OR REPLACE INTO pace (key, state) VALUES (?1, ?2)";
            tx.prepare_cached(sql)?.execute(params![key, state])?;
            let sql = "INSERT OR REPLACE INTO callers (key, id, in_flight, until) VALUES (?1, ?2, ?3, ?4)";
            tx.prepare_cached(sql)?.execute(params![key, id, caller.in_flight, caller.until / 1000])?;
            Ok(answer)
        })
    }

    /// Processes that have ended without a word.
    pub(super) fn clear_callers(&self, now: i64) -> rusqlite::Result<()> {
        let sql = "DELETE FROM callers WHERE until + ?2 < ?1 OR until > ?1 + ?2";
        self.write(|tx| tx.execute(sql, [now, FAR]).map(drop))
    }
}

fn state(db: &Connection, key: [u8; 8]) -> rusqlite::Result<Vec<u8>> {
    let sql = "SELECT state FROM pace WHERE key = ?1";
    let state = db.prepare_cached(sql)?.query_row([key], |row| row.get(0)).optional()?;
    Ok(state.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn calls_in_flight_are_counted_by_process_and_heal() {
        let book = Book::in_memory().unwrap();
        let others = |id, in_flight, now| {
            let caller = Caller { id, in_flight, until: now + 5 * SECOND };
            book.pace([0; 8], id, now, |_, others| Step { answer: others, state: Vec::new(), caller })
                .unwrap()
        };
        assert_eq!(others(1, 3, 0), 0);
        assert_eq!(others(2, 2, SECOND), 3);
        assert_eq!(others(1, 1, 2 * SECOND), 2, "its own are not among them");
        assert_eq!(others(3, 0, 6 * SECOND), 1, "the second was killed");
        assert_eq!(others(3, 0, -2 * FAR * 1000), 0, "the host was started anew");
    }

    #[test]
    fn each_client_has_a_state_of_its_own() {
        let book = Book::in_memory().unwrap();
        let add = |key: [u8; 8]| {
            let step = |state: &[u8], _| Step {
                answer: state.to_vec(),
                state: [state, b"x"].concat(),
                caller: Caller::default(),
            };
            book.pace(key, 0, 0, step).unwrap()
        };
        assert_eq!([add([0; 8]), add([0; 8]), add([1; 8])], [b"".to_vec(), b"x".to_vec(), b"".to_vec()]);
        assert_eq!(book.pace_state([0; 8]).unwrap(), b"xx");
    }
}
