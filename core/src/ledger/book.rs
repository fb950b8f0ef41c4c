//! One SQLite database: how it is opened, read and written, what a forked child does with it, and its keys. What is
//! asked of the other tables stands in a file each: one statement or one transaction for each thing.

use std::cell::Cell;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, TryLockError, Weak};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, params};

use super::place::Orphans;
use super::seal::Digest;
use super::still;
use crate::process::{PerProcess, lock};
use crate::steps::reached;

const SCHEMA: &str = include_str!("schema.sql");
const SCHEMA_VERSION: i64 = 3;
/// "KML1": what SQLite's `application_id` says of a ledger.
pub(super) const APPLICATION: i32 = 0x4b4d_4c31;
/// Tries on a busy ledger, about a millisecond each, before the caller goes on without it.
const BUSY_TRIES: i32 = 400;

/// A transaction takes microseconds, so another thread's is mostly over before a sleep would be.
const SPINS: i32 = 50;

thread_local! {
    /// Until when this thread waits for a busy ledger, in place of a number of tries.
    static PATIENCE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Lets what `work` does on this thread wait for a busy ledger until then, unless it has been told already.
pub(super) fn patiently<T>(until: Instant, work: impl FnOnce() -> T) -> T {
    let before = PATIENCE.get();
    PATIENCE.set(before.or(Some(until)));
    let done = work();
    PATIENCE.set(before);
    done
}

/// One database, with a connection for reading and one for writing, so that a sign-in that only looks does
/// not wait for a commit.
pub(super) struct Book {
    reader: Held,
    writer: Held,
    /// Beside the file, which was gone, lay what had belonged to one before it.
    pub(super) orphans: Orphans,
}

type Held = Arc<Mutex<Option<Connection>>>;

/// Every connection of this process to a file, of all migrators.
struct Opened {
    connections: Mutex<Vec<Weak<Mutex<Option<Connection>>>>>,
    /// Whether what the parent had open could be closed.
    clean: bool,
}

static OPENED: PerProcess<Opened> = PerProcess::new();

/// Why a book cannot be used.
pub(super) enum Trouble {
    /// It is a ledger's and its pages are damaged.
    Damaged(String),
    Other(String),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        let words = error.to_string();
        if is_damage(&error) { Trouble::Damaged(words) } else { Trouble::Other(words) }
    }
}

impl From<Trouble> for String {
    fn from(trouble: Trouble) -> Self {
        let (Trouble::Damaged(why) | Trouble::Other(why)) = trouble;
        why
    }
}

pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    let damage = [rusqlite::ErrorCode::DatabaseCorrupt, rusqlite::ErrorCode::NotADatabase];
    error.sqlite_error_code().is_some_and(|code| damage.contains(&code))
}

/// A number of calls: later ones are larger. Within a transaction, so that two processes never get the same. It is the
/// time of day where that has not been reached yet: so the numbers of two ledgers, one of which takes the place of the
/// other, are on one scale, and a clock that is set back only makes them dense.
pub(super) fn number(tx: &Connection) -> rusqlite::Result<i64> {
    // Not `RETURNING`, for which SQLite builds a table.
    let sql = "UPDATE turns SET owner = max(owner + 1, ?1) WHERE address = x''";
    tx.prepare_cached(sql)?.execute([super::now()])?;
    last(tx)
}

/// The last number that was given.
pub(super) fn last(db: &Connection) -> rusqlite::Result<i64> {
    db.prepare_cached("SELECT owner FROM turns WHERE address = x''")?.query_row([], |row| row.get(0))
}

/// The oldest key is everybody's, so a later one is younger, whatever the clock says.
const ADD_KEY: &str = "INSERT OR IGNORE INTO keys (id, realm, salt, wrapped, client, created)
    SELECT ?1, ?2, ?3, ?4, ?6, max(?5, coalesce(max(created) + 1, 0)) FROM keys WHERE realm = ?2";

/// A wrapped data key as it lies in the ledger.
pub(super) struct WrappedKey {
    pub(super) id: [u8; 8],
    pub(super) salt: Vec<u8>,
    pub(super) wrapped: Vec<u8>,
    /// A digest of the client id that it was made under.
    pub(super) client: Digest,
}

impl Drop for Book {
    fn drop(&mut self) {
        let _inside = still::inside();
        for held in [&self.reader, &self.writer] {
            drop(held.try_lock().ok().and_then(|mut connection| connection.take()));
        }
    }
}

impl Book {
    pub(super) fn open(path: &Path) -> Result<Book, Trouble> {
        let opened = OPENED.get_or_make(Opened::after);
        if !opened.clean {
            let why = "this process was forked while another thread was using the ledger";
            return Err(Trouble::Other(why.into()));
        }
        reached("before_open");
        let orphans = super::place::prepare(path).map_err(Trouble::Other)?;
        reached("after_file_made");
        let inside = still::inside();
        let mut tries = 0;
        // Processes that open a new ledger at once get in one another's way where SQLite asks no busy handler.
        let (writer, reader, mode) = loop {
            match connect(path) {
                Err(error) if is_busy(&error) && wait_a_little(tries) => tries += 1,
                other => break other?,
            }
        };
        super::place::check(path).map_err(Trouble::Other)?;
        let refused = |why: &str| Err(Trouble::Other(format!("{}: {why}", path.display())));
        if application(&writer)? != APPLICATION {
            return refused("it is another application's database; name a file of the ledger's own");
        }
        if mode != "wal" {
            return refused("the filesystem does not allow WAL; use a local disk");
        }
        let book = Book { reader: held(reader), writer: held(writer), orphans };
        lock(&opened.connections).extend([Arc::downgrade(&book.reader), Arc::downgrade(&book.writer)]);
        drop(inside);
        reached("after_connected");
        let version = book.migrate()?;
        reached("after_schema");
        match version {
            SCHEMA_VERSION => Ok(book),
            version if version < SCHEMA_VERSION => refused(&format!(
                "it was written by an older version (schema {version}, this one has {SCHEMA_VERSION}); move it away, and \
                 users are checked at Kinde anew"
            )),
            version => refused(&format!(
                "it was written by a newer version (schema {version}, this one has {SCHEMA_VERSION}); use that version"
            )),
        }
    }

    /// How many entries wait in a ledger that nobody here has open; none if there is none, or it is not to be read.
    pub(super) fn pending_in(path: &Path) -> Option<u64> {
        if !path.is_file() {
            return None;
        }
        let _inside = still::inside();
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags).ok()?;
        db.query_row("SELECT count(*) FROM outbox WHERE dead = 0", [], |row| row.get(0)).ok()
    }

    pub(super) fn in_memory() -> Result<Book, String> {
        let inside = still::inside();
        let both =
            held(Connection::open_in_memory().and_then(configured).map_err(|error| error.to_string())?);
        drop(inside);
        let book = Book { reader: Arc::clone(&both), writer: both, orphans: false };
        book.migrate().map_err(|error| error.to_string())?;
        Ok(book)
    }

    /// Makes the tables of a new file. One that has them is only read: opening it waits for no writer.
    fn migrate(&self) -> rusqlite::Result<i64> {
        let version = |db: &Connection| db.pragma_query_value(None, "user_version", |row| row.get(0));
        let found: i64 = self.read(version)?;
        if found != 0 {
            return Ok(found);
        }
        self.write(|tx| {
            if version(tx)? == 0 {
                tx.execute_batch(SCHEMA)?;
                return Ok(SCHEMA_VERSION);
            }
            version(tx)
        })
    }

    pub(super) fn read<T>(
        &self,
        ask: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let _inside = still::inside();
        // The writer has its pages in memory; a reader reads anew what another connection has written.
        if let Ok(writer) = self.writer.try_lock() {
            return writer.as_ref().map_or(Err(rusqlite::Error::InvalidQuery), ask);
        }
        lock(&self.reader).as_ref().map_or(Err(rusqlite::Error::InvalidQuery), ask)
    }

    /// Reads several things as of one moment.
    pub(super) fn snapshot<T>(
        &self,
        ask: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.read(|db| {
            let run = |sql| db.prepare_cached(sql)?.execute([]);
            run("BEGIN")?;
            let found = ask(db);
            run("COMMIT")?;
            found
        })
    }

    pub(super) fn write<T>(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let _inside = still::inside();
        let writer = self.writer()?;
        transaction(writer.as_ref().ok_or(rusqlite::Error::InvalidQuery)?, change)
    }

    /// The connection for writing, from the other threads of this process: waited for as long as for another process's
    /// transaction.
    fn writer(&self) -> rusqlite::Result<MutexGuard<'_, Option<Connection>>> {
        let mut tries = 0;
        loop {
            match self.writer.try_lock() {
                Ok(writer) => return Ok(writer),
                Err(TryLockError::Poisoned(writer)) => return Ok(writer.into_inner()),
                Err(TryLockError::WouldBlock) if tries < SPINS => std::thread::yield_now(),
                Err(TryLockError::WouldBlock) => {
                    if !wait_a_little(tries - SPINS) {
                        let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
                        return Err(rusqlite::Error::SqliteFailure(busy, None));
                    }
                }
            }
            tries += 1;
        }
    }

    /// The same, and on the disk before it returns.
    pub(super) fn write_through<T>(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let _inside = still::inside();
        let writer = self.writer()?;
        let connection = writer.as_ref().ok_or(rusqlite::Error::InvalidQuery)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        let done = transaction(connection, change);
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        done
    }

    /// A number for a call as it is accepted: later calls get larger ones, in whatever process.
    pub(super) fn number(&self) -> rusqlite::Result<i64> {
        self.write(number)
    }

    /// The last number that was given.
    pub(super) fn last_number(&self) -> rusqlite::Result<i64> {
        self.read(last)
    }

    /// Lets the numbers begin after one that was given elsewhere.
    pub(super) fn number_from(&self, least: i64) -> rusqlite::Result<()> {
        if self.last_number()? >= least {
            return Ok(());
        }
        self.write(|tx| {
            tx.execute("UPDATE turns SET owner = max(owner, ?1) WHERE address = x''", [least]).map(drop)
        })
    }

    // Keys.

    pub(super) fn keys(&self, realm: &str) -> rusqlite::Result<Vec<WrappedKey>> {
        self.read(|db| {
            let sql = "SELECT id, salt, wrapped, client FROM keys WHERE realm = ?1 ORDER BY created";
            let read = |row: &rusqlite::Row<'_>| {
                let (id, salt, wrapped) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok(WrappedKey { id, salt, wrapped, client: Digest(row.get(3)?) })
            };
            db.prepare_cached(sql)?.query_map([realm], read)?.collect()
        })
    }

    /// Takes a key over from another book.
    pub(super) fn adopt_key(&self, realm: &str, key: &WrappedKey, now: i64) -> rusqlite::Result<()> {
        let row = params![key.id, realm, key.salt, key.wrapped, now, key.client.0];
        self.write_through(|tx| tx.execute(ADD_KEY, row).map(drop))
    }

    /// Adds a key made at `created`, or wraps one anew, unless the realm's keys are not the `expected` number any more.
    pub(super) fn put_key(
        &self,
        realm: &str,
        key: &WrappedKey,
        created: Option<i64>,
        expected: usize,
    ) -> rusqlite::Result<bool> {
        self.write_through(|tx| {
            let there: usize =
                tx.query_row("SELECT count(*) FROM keys WHERE realm = ?1", [realm], |row| row.get(0))?;
            if there != expected {
                return Ok(false);
            }
            match created {
                Some(created) => {
                    let row = params![key.id, realm, key.salt, key.wrapped, created, key.client.0];
                    tx.execute(ADD_KEY, row)?
                }
                None => {
                    tx.execute("UPDATE keys SET wrapped = ?2 WHERE id = ?1", params![key.id, key.wrapped])?
                }
            };
            Ok(true)
        })
    }
}

/// All of it or nothing. The statements are kept prepared, which rusqlite's own transactions are not.
fn transaction<T>(
    connection: &Connection,
    change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let run = |sql| connection.prepare_cached(sql)?.execute([]);
    run("BEGIN IMMEDIATE")?;
    let done = change(connection).and_then(|done| {
        reached("before_commit");
        run("COMMIT").map(|_| done)
    });
    reached("after_commit");
    if done.is_err() && !connection.is_autocommit() {
        run("ROLLBACK")?;
    }
    done
}

impl Opened {
    /// In a forked child: closes what the parent had open, without touching the files. SQLite keeps the
    /// state of its locks per process and file, so a child must do so before it opens the same file anew
    /// ("How To Corrupt An SQLite Database File", 2.6). A connection that another of the parent's threads was
    /// using cannot be closed.
    fn after(parent: Option<&Arc<Opened>>) -> Opened {
        // To close is to be inside SQLite, too: another thread of this child may fork meanwhile.
        let _inside = still::inside();
        let clean = parent.is_none_or(|parent| {
            parent.clean
                && soon(&parent.connections).is_some_and(|connections| {
                    connections.iter().filter_map(Weak::upgrade).all(|held| close_inherited(&held))
                })
        });
        Opened { connections: Mutex::default(), clean }
    }
}

/// A lock that the parent's fork left free (see `still`), so only another thread of this child can hold it,
/// and only for a moment.
fn soon<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    (0..500).find_map(|_| match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(guard)) => Some(guard.into_inner()),
        Err(TryLockError::WouldBlock) => {
            std::thread::sleep(Duration::from_millis(1));
            None
        }
    })
}

fn close_inherited(held: &Held) -> bool {
    soon(held).is_some_and(|mut connection| {
        if let Some(connection) = connection.take() {
            let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
        true
    })
}

fn held(connection: Connection) -> Held {
    Arc::new(Mutex::new(Some(connection)))
}

/// A connection to write, one to read, and the mode of the journal.
fn connect(path: &Path) -> rusqlite::Result<(Connection, Connection, String)> {
    let writer = configured(Connection::open(path)?)?;
    // A new file is signed before WAL is switched on, so that the signature stands in the file itself.
    if writer.pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0))? == 0 {
        writer.pragma_update(None, "application_id", APPLICATION)?;
        reached("after_signed");
    }
    // Another application's file is not to be touched, and its journal is part of it.
    if application(&writer)? != APPLICATION {
        return Ok((writer, Connection::open_in_memory()?, String::new()));
    }
    let mode = writer.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    Ok((writer, configured(Connection::open(path)?)?, mode))
}

fn application(connection: &Connection) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, "application_id", |row| row.get(0))
}

pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    let busy = [rusqlite::ErrorCode::DatabaseBusy, rusqlite::ErrorCode::DatabaseLocked];
    error.sqlite_error_code().is_some_and(|code| busy.contains(&code))
}

fn configured(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_handler(Some(wait_a_little))?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// Instead of SQLite's own busy handler, whose lengthening waits let some processes starve for seconds.
fn wait_a_little(tries: i32) -> bool {
    let enough = match PATIENCE.get() {
        Some(until) => Instant::now() >= until,
        None => tries >= BUSY_TRIES,
    };
    if enough {
        return false;
    }
    let mut jitter = [0; 1];
    let _ = super::seal::fill(&mut jitter);
    let [jitter] = jitter;
    std::thread::sleep(Duration::from_micros(500 + 4 * u64::from(jitter)));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_of_another_schema_is_refused_with_both_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        drop(Book::open(&path).map_err(|_| "it is new").unwrap());
        for (there, kind) in [(SCHEMA_VERSION - 1, "older"), (SCHEMA_VERSION + 1, "newer")] {
            let db = Connection::open(&path).unwrap();
            db.pragma_update(None, "user_version", there).unwrap();
            drop(db);
            let Err(Trouble::Other(why)) = Book::open(&path) else { panic!("schema {there} was taken") };
            let named = format!("{kind} version (schema {there}, this one has {SCHEMA_VERSION})");
            assert!(why.contains(&named), "{why}");
        }
    }
}
