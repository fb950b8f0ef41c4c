//! What the processes share of the pace of their calls: a state of which the ledger knows nothing, and how many calls
//! each of them has in flight.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, params};

use super::book::{self, Book};
use super::{BUSY, FAR, Ledger, millis, uptime, uptime_micros};

/// A step takes microseconds; where the file is busy for so long, something else has it.
const PATIENCE: Duration = Duration::from_millis(50);
/// No call lasts so long, in milliseconds: a lease that does was written before the host was started anew.
const LONGEST: i64 = 60_000;

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
        let in_memory =
            self.paced_in_memory.load(Ordering::Relaxed).then(|| self.memory().cloned()).flatten();
        let shelf = in_memory.or_else(|| self.shelves().next());
        shelf.and_then(|shelf| shelf.book.pace_state(shelf.key.id).ok()).unwrap_or_default()
    }

    /// Changes the state. `step` gets it, and how many calls other processes than `id` have in flight; nobody else is at
    /// it meanwhile, so it waits for nothing. A busy file is not waited for: this process goes by what it knows itself for
    /// a while. None where not even memory holds a state.
    pub(crate) fn pace<T>(&self, id: i64, step: impl Fn(i64, &[u8], u32) -> Step<T>) -> Option<T> {
        let file = self.present_file();
        if uptime() >= self.busy_until.load(Ordering::Relaxed)
            && let Some(file) = &file
        {
            let take = || file.book.pace(file.key.id, id, &step);
            match book::patiently(Instant::now() + PATIENCE, take) {
                Ok(answer) => {
                    self.paced_in_memory.store(false, Ordering::Relaxed);
                    return Some(answer);
                }
                Err(error) if book::is_busy(&error) => {
                    self.busy_until.store(uptime() + millis(BUSY), Ordering::Relaxed);
                }
                Err(error) => self.failed(file, &error),
            }
        }
        // It goes on from what the file says last, which can mostly still be read.
        let first = !self.paced_in_memory.swap(true, Ordering::Relaxed);
        let last = file.filter(|_| first).and_then(|file| file.book.pace_state(file.key.id).ok());
        let memory = self.memory_instead()?;
        let on = |now, state: &[u8], others| step(now, last.as_deref().unwrap_or(state), others);
        memory.book.pace(memory.key.id, id, on).ok()
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
        step: impl FnOnce(i64, &[u8], u32) -> Step<T>,
    ) -> rusqlite::Result<T> {
        self.write(|tx| {
            // Not before the lock: whoever was stopped meanwhile would seem to have another clock.
            let now = uptime_micros();
            let sql = "SELECT coalesce(sum(in_flight), 0) FROM callers
                       WHERE key = ?1 AND id <> ?2 AND until > ?3 AND until <= ?3 + ?4";
            let others =
                tx.prepare_cached(sql)?.query_row(params![key, id, now / 1000, LONGEST], |row| row.get(0))?;
            let Step { answer, state, caller } = step(now, &state(tx, key)?, others);
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
        let others = |id, in_flight, lease| {
            let step = |now: i64, _: &[u8], others| {
                let caller = Caller { id, in_flight, until: now + lease };
                Step { answer: others, state: Vec::new(), caller }
            };
            book.pace([0; 8], id, step).unwrap()
        };
        assert_eq!(others(1, 3, 5 * SECOND), 0);
        assert_eq!(others(2, 2, 5 * SECOND), 3);
        assert_eq!(others(1, 1, 5 * SECOND), 2, "its own are not among them");
        assert_eq!(others(2, 2, -SECOND), 1);
        assert_eq!(others(3, 0, SECOND), 1, "the second was killed");
        others(1, 1, 1000 * SECOND);
        assert_eq!(others(3, 0, SECOND), 0, "the host was started anew");
    }

    #[test]
    fn each_client_has_a_state_of_its_own() {
        let book = Book::in_memory().unwrap();
        let add = |key: [u8; 8]| {
            let step = |_, state: &[u8], _| Step {
                answer: state.to_vec(),
                state: [state, b"x"].concat(),
                caller: Caller::default(),
            };
            book.pace(key, 0, step).unwrap()
        };
        assert_eq!([add([0; 8]), add([0; 8]), add([1; 8])], [b"".to_vec(), b"x".to_vec(), b"".to_vec()]);
        assert_eq!(book.pace_state([0; 8]).unwrap(), b"xx");
    }
}
