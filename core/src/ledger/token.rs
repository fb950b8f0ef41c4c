//! The access token of all processes: kept sealed, fetched by one of them at a time, and counted.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::book::Book;
use super::shelf::Shelf;
use super::{FAR, Ledger, fill, millis, month, now, uptime};
use crate::pages::{Secret, secret};
use crate::steps::reached;

/// Both clocks, in milliseconds: the time of day for what Kinde says, the host's uptime for leases.
#[derive(Clone, Copy)]
pub(super) struct Clocks {
    pub(super) now: i64,
    pub(super) uptime: i64,
}

/// What a token is sealed for.
const PLACE: &[u8] = b"token";

/// A token that a process of this ledger has fetched.
pub(crate) struct SharedToken {
    pub(crate) text: Secret,
    pub(crate) serial: i64,
    pub(crate) fresh_until: SystemTime,
    pub(crate) expires: SystemTime,
}

/// What a caller without a fresh token does.
pub(crate) enum TokenTurn {
    Use(SharedToken),
    /// It fetches one, and says what came of it.
    Fetch(Fetching),
    /// Another process fetches it.
    Wait(Duration),
}

/// The turn to fetch; given up when it is dropped.
pub(crate) struct Fetching {
    shelf: Arc<Shelf>,
    me: i64,
    kept: bool,
}

impl Ledger {
    /// The token of all processes, or whose turn it is to fetch one.
    pub(crate) fn token(&self, lease: Duration) -> Option<TokenTurn> {
        let shelf = self.tokens()?;
        let mut me = [0; 8];
        fill(&mut me)?;
        let me = i64::from_le_bytes(me);
        let mut unread = None;
        loop {
            let clocks = Clocks { now: now(), uptime: uptime() };
            return match shelf.book.token_turn(shelf.key.id, unread, me, millis(lease), clocks).ok()? {
                Turn::Use(kept) => match shelf.key.open(PLACE, &kept.sealed) {
                    Some(text) => Some(TokenTurn::Use(SharedToken {
                        text: secret(&*text),
                        serial: kept.serial,
                        fresh_until: since_1970(kept.fresh_until),
                        expires: since_1970(kept.expires),
                    })),
                    None => {
                        unread = Some(kept.serial);
                        continue;
                    }
                },
                Turn::Fetch => Some(TokenTurn::Fetch(Fetching { shelf, me, kept: false })),
                Turn::Wait(left) => Some(TokenTurn::Wait(wait(left))),
            };
        }
    }

    /// Whether another process has fetched one since.
    pub(crate) fn has_newer_token(&self, serial: i64) -> bool {
        let newest = self.tokens().and_then(|shelf| shelf.book.token_serial(shelf.key.id).ok().flatten());
        newest.is_some_and(|newest| newest > serial)
    }

    /// Kinde takes the token of this serial no more.
    pub(crate) fn drop_token(&self, serial: i64) {
        if let Some(shelf) = self.tokens() {
            let _ = shelf.book.drop_token(shelf.key.id, serial);
        }
    }

    /// Where the token is kept: with everybody's, or in this process's memory.
    fn tokens(&self) -> Option<Arc<Shelf>> {
        let file = self.file().filter(|_| self.config.share_token);
        file.or_else(|| self.memory().cloned())
    }

    /// Counts a token that was fetched.
    pub(crate) fn count_token(&self) {
        self.nearby(|shelf| shelf.book.count_token(shelf.key.id, month()));
    }
}

impl Fetching {
    /// Keeps what was fetched for everybody; its serial, unless another was faster.
    pub(crate) fn keep(mut self, token: &str, fresh_until: SystemTime, expires: SystemTime) -> Option<i64> {
        let times = (until(fresh_until), until(expires));
        reached("before_token_kept");
        let sealed = self.shelf.key.seal(PLACE, token.as_bytes())?;
        let token = (sealed.as_slice(), times.0, times.1);
        let kept = self.shelf.book.keep_token(self.shelf.key.id, self.me, token);
        self.kept = matches!(kept, Ok(Some(_)));
        reached("after_token_kept");
        kept.ok().flatten()
    }
}

impl Drop for Fetching {
    fn drop(&mut self) {
        if !self.kept {
            let _ = self.shelf.book.give_up_token(self.shelf.key.id, self.me);
        }
    }
}

fn until(time: SystemTime) -> i64 {
    millis(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn since_1970(milliseconds: i64) -> SystemTime {
    UNIX_EPOCH + wait(milliseconds)
}

fn wait(milliseconds: i64) -> Duration {
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
}

/// The token as it lies in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) serial: i64,
    pub(super) sealed: Vec<u8>,
    pub(super) fresh_until: i64,
    pub(super) expires: i64,
}

/// What a process that has no fresh token does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It uses this one.
    Use(Kept),
    /// It fetches one; nobody else will until the lease ends.
    Fetch,
    /// Another fetches it: to be asked again, at the latest after so many milliseconds.
    Wait(i64),
}

struct State {
    serial: i64,
    sealed: Option<Vec<u8>>,
    fresh_until: i64,
    expires: i64,
    fetcher: i64,
    fetch_until: i64,
}

impl Book {
    /// The token, if it is fresh and can be read (one of serial `unread` could not); else whose turn it is to fetch one.
    /// `me` names the caller, who has it for `lease` milliseconds.
    pub(super) fn token_turn(
        &self,
        key: [u8; 8],
        unread: Option<i64>,
        me: i64,
        lease: i64,
        clocks: Clocks,
    ) -> rusqlite::Result<Turn> {
        let known = self.read(|db| state(db, key))?;
        if let Some(kept) = known.and_then(|known| known.fresh(unread, clocks.now)) {
            return Ok(Turn::Use(kept));
        }
        self.write(|tx| {
            let Some(known) = state(tx, key)? else {
                let sql = "INSERT INTO token VALUES (?1, 0, NULL, 0, 0, ?2, ?3)";
                return tx.execute(sql, params![key, me, clocks.uptime + lease]).map(|_| Turn::Fetch);
            };
            let left =
                |until: i64| if until > clocks.uptime + FAR { 0 } else { (until - clocks.uptime).max(0) };
            let fetching = left(known.fetch_until);
            if let Some(kept) = known.fresh(unread, clocks.now) {
                return Ok(Turn::Use(kept));
            }
            if fetching > 0 && known.fetcher != me {
                return Ok(Turn::Wait(fetching));
            }
            let sql = "UPDATE token SET fetcher = ?2, fetch_until = ?3 WHERE key = ?1";
            tx.execute(sql, params![key, me, clocks.uptime + lease]).map(|_| Turn::Fetch)
        })
    }

    /// Keeps what `me` has fetched, if it is still its turn; the token's serial. `None`: another has fetched meanwhile.
    pub(super) fn keep_token(
        &self,
        key: [u8; 8],
        me: i64,
        (sealed, fresh_until, expires): (&[u8], i64, i64),
    ) -> rusqlite::Result<Option<i64>> {
        let sql =
            "UPDATE token SET serial = serial + 1, sealed = ?3, fresh_until = ?4, expires = ?5, fetcher = 0,
                       fetch_until = 0
                   WHERE key = ?1 AND fetcher = ?2 RETURNING serial";
        self.write(|tx| {
            let row = params![key, me, sealed, fresh_until, expires];
            tx.query_row(sql, row, |row| row.get(0)).optional()
        })
    }

    pub(super) fn token_serial(&self, key: [u8; 8]) -> rusqlite::Result<Option<i64>> {
        self.read(|db| Ok(state(db, key)?.map(|state| state.serial)))
    }

    /// Nothing came of it: another may fetch.
    pub(super) fn give_up_token(&self, key: [u8; 8], me: i64) -> rusqlite::Result<()> {
        let sql = "UPDATE token SET fetcher = 0, fetch_until = 0 WHERE key = ?1 AND fetcher = ?2";
        self.write(|tx| tx.execute(sql, params![key, me]).map(drop))
    }

    /// Kinde takes this one no more: it goes, unless it has been replaced already.
    pub(super) fn drop_token(&self, key: [u8; 8], serial: i64) -> rusqlite::Result<()> {
        let sql = "UPDATE token SET sealed = NULL WHERE key = ?1 AND serial = ?2 AND sealed IS NOT NULL";
        self.write(|tx| tx.execute(sql, params![key, serial]).map(drop))
    }

    /// Counts a token that was fetched.
    pub(super) fn count_token(&self, key: [u8; 8], month: i64) -> rusqlite::Result<()> {
        let sql = "INSERT INTO tokens_used (month, key, count) VALUES (?1, ?2, 1)
                   ON CONFLICT (month, key) DO UPDATE SET count = count + 1";
        self.write(|tx| tx.execute(sql, params![month, key]).map(drop))
    }

    pub(super) fn tokens_used(&self, key: [u8; 8], month: i64) -> rusqlite::Result<u64> {
        let sql = "SELECT coalesce(sum(count), 0) FROM tokens_used WHERE key = ?1 AND month = ?2";
        self.read(|db| db.query_row(sql, params![key, month], |row| row.get(0)))
    }
}

impl State {
    fn fresh(&self, unread: Option<i64>, now: i64) -> Option<Kept> {
        let sealed = self.sealed.clone().filter(|_| self.fresh_until > now && unread != Some(self.serial))?;
        let (fresh_until, expires) = (self.fresh_until, self.expires);
        Some(Kept { serial: self.serial, sealed, fresh_until, expires })
    }
}

fn state(db: &Connection, key: [u8; 8]) -> rusqlite::Result<Option<State>> {
    let sql = "SELECT serial, sealed, fresh_until, expires, fetcher, fetch_until FROM token WHERE key = ?1";
    let read = |row: &Row<'_>| {
        Ok(State {
            serial: row.get(0)?,
            sealed: row.get(1)?,
            fresh_until: row.get(2)?,
            expires: row.get(3)?,
            fetcher: row.get(4)?,
            fetch_until: row.get(5)?,
        })
    };
    db.prepare_cached(sql)?.query_row([key], read).optional()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 8] = [0; 8];
    const HOUR: i64 = 3_600_000;
    const LEASE: i64 = 2_000;

    fn at(now: i64) -> Clocks {
        Clocks { now, uptime: now }
    }

    fn fetch(book: &Book, me: i64, now: i64) -> i64 {
        assert_eq!(book.token_turn(KEY, None, me, LEASE, at(now)).unwrap(), Turn::Fetch);
        let token = (b"sealed".as_slice(), now + HOUR - 60_000, now + HOUR);
        book.keep_token(KEY, me, token).unwrap().unwrap()
    }

    fn serial(turn: Turn) -> Option<i64> {
        if let Turn::Use(kept) = turn { Some(kept.serial) } else { None }
    }

    #[test]
    fn a_day_of_64_processes_costs_25_tokens() {
        let book = Book::in_memory().unwrap();
        let mut mine = [(0, 0); 64];
        let (mut fetched, mut fetching) = (0, None);
        // All of them want one every second; a fetch takes until the next.
        for second in 0..24 * 3600 {
            let now = second * 1000;
            if let Some(me) = fetching.take() {
                let token = (b"sealed".as_slice(), now + HOUR - 60_000, now + HOUR);
                assert!(book.keep_token(KEY, me, token).unwrap().is_some());
            }
            for (me, (_, fresh_until)) in (1..).zip(&mut mine) {
                if *fresh_until > now {
                    continue;
                }
                match book.token_turn(KEY, None, me, LEASE, at(now)).unwrap() {
                    Turn::Use(kept) => *fresh_until = kept.fresh_until,
                    Turn::Fetch => {
                        fetched += 1;
                        assert!(fetching.replace(me).is_none(), "two fetch at once");
                    }
                    Turn::Wait(_) => {}
                }
            }
        }
        assert!((24..=25).contains(&fetched), "{fetched}");
    }

    #[test]
    fn a_refused_token_is_replaced_once() {
        let book = Book::in_memory().unwrap();
        let first = fetch(&book, 1, 0);
        for _ in 0..64 {
            book.drop_token(KEY, first).unwrap();
        }
        let second = fetch(&book, 2, HOUR / 2);
        for me in 3..64 {
            book.drop_token(KEY, first).unwrap();
            let turn = book.token_turn(KEY, None, me, LEASE, at(HOUR / 2)).unwrap();
            assert_eq!(serial(turn), Some(second));
        }
    }

    #[test]
    fn who_fetches_and_is_killed_keeps_nobody_waiting_for_long() {
        let book = Book::in_memory().unwrap();
        assert_eq!(book.token_turn(KEY, None, 1, LEASE, at(0)).unwrap(), Turn::Fetch);
        assert_eq!(book.token_turn(KEY, None, 2, LEASE, at(500)).unwrap(), Turn::Wait(1_500));
        assert_eq!(book.token_turn(KEY, None, 2, LEASE, at(LEASE)).unwrap(), Turn::Fetch);
        let token = (b"sealed".as_slice(), HOUR, HOUR);
        assert_eq!(book.keep_token(KEY, 1, token).unwrap(), None, "it has lost its turn");
        assert!(book.keep_token(KEY, 2, token).unwrap().is_some());
        book.drop_token(KEY, 1).unwrap();
        assert_eq!(book.token_turn(KEY, None, 3, LEASE, at(HOUR)).unwrap(), Turn::Fetch);
        book.give_up_token(KEY, 3).unwrap();
        assert_eq!(book.token_turn(KEY, None, 4, LEASE, at(HOUR)).unwrap(), Turn::Fetch);
        let rebooted = Clocks { now: HOUR, uptime: -2 * FAR };
        assert_eq!(book.token_turn(KEY, None, 5, LEASE, rebooted).unwrap(), Turn::Fetch);
    }

    #[test]
    fn one_that_cannot_be_read_is_a_miss() {
        let book = Book::in_memory().unwrap();
        let unread = fetch(&book, 1, 0);
        assert_eq!(book.token_turn(KEY, Some(unread), 2, LEASE, at(1)).unwrap(), Turn::Fetch);
    }

    #[test]
    fn tokens_that_kinde_took_are_replaced_at_once_however_often() {
        let book = Book::in_memory().unwrap();
        for n in 0..20 {
            let serial = fetch(&book, 1, n);
            book.drop_token(KEY, serial).unwrap();
        }
    }
}
