//! The ledger's tables in SQLite: one statement or one transaction for each thing that is asked or written.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, TryLockError, Weak};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension, params};

use super::seal::Digest;
use super::{Carried, Intent, still};
use crate::process::{PerProcess, lock};

const SCHEMA: &str = include_str!("schema.sql");
const SCHEMA_VERSION: i64 = 1;
/// Tries on a busy ledger, about a millisecond each, before the caller goes on without it.
const BUSY_TRIES: i32 = 400;

/// One database, with a connection for reading and one for writing, so that a sign-in that only looks does
/// not wait for a commit.
pub(crate) struct Book {
    reader: Held,
    writer: Held,
}

type Held = Arc<Mutex<Option<Connection>>>;

/// Every connection of this process to a file, of all migrators.
struct Opened {
    connections: Mutex<Vec<Weak<Mutex<Option<Connection>>>>>,
    /// Whether what the parent had open could be closed.
    clean: bool,
}

static OPENED: PerProcess<Opened> = PerProcess::new();

/// A row of the outbox that this process may work on until its lease ends.
pub(crate) struct Claim {
    pub(crate) user: Digest,
    pub(crate) intent: Intent,
    pub(crate) sealed: Vec<u8>,
    pub(crate) seq: i64,
    pub(crate) attempts: u32,
    pub(crate) fence: i64,
}

/// A wrapped data key as it lies in the ledger: id, salt, wrapping.
pub(crate) type WrappedKey = (Vec<u8>, Vec<u8>, Vec<u8>);

/// What `status` counts.
pub(crate) struct Counts {
    pub(crate) carried: u64,
    pub(crate) owed: u64,
    pub(crate) dead: u64,
    pub(crate) oldest: Option<i64>,
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
    pub(crate) fn open(path: &Path) -> Result<Book, String> {
        let opened = OPENED.get_or_make(Opened::after);
        if !opened.clean {
            return Err("this process was forked while another thread was using the ledger".into());
        }
        super::place::prepare(path)?;
        let inside = still::inside();
        let mut tries = 0;
        // Processes that open a new ledger at once get in one another's way where SQLite asks no busy handler.
        let (writer, reader, mode) = loop {
            match connect(path) {
                Err(error) if is_busy(&error) && wait_a_little(tries) => tries += 1,
                other => break other.map_err(|error| in_words(path, &error))?,
            }
        };
        if mode != "wal" {
            return Err(format!("{}: the filesystem does not allow WAL; use a local disk", path.display()));
        }
        let book = Book { reader: held(reader), writer: held(writer) };
        lock(&opened.connections).extend([Arc::downgrade(&book.reader), Arc::downgrade(&book.writer)]);
        drop(inside);
        book.migrate().map_err(|error| in_words(path, &error)).and_then(|version| match version {
            SCHEMA_VERSION => Ok(book),
            _ => Err(format!("{} was written by a newer version (schema {version})", path.display())),
        })
    }

    pub(crate) fn in_memory() -> Result<Book, String> {
        let inside = still::inside();
        let both =
            held(Connection::open_in_memory().and_then(configured).map_err(|error| error.to_string())?);
        drop(inside);
        let book = Book { reader: Arc::clone(&both), writer: both };
        book.migrate().map_err(|error| error.to_string())?;
        Ok(book)
    }

    fn migrate(&self) -> rusqlite::Result<i64> {
        self.write(|tx| {
            let version: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
            if version == 0 {
                tx.execute_batch(SCHEMA)?;
                return Ok(SCHEMA_VERSION);
            }
            Ok(version)
        })
    }

    fn read<T>(&self, ask: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let _inside = still::inside();
        // The writer has its pages in memory; a reader reads anew what another connection has written.
        if let Ok(writer) = self.writer.try_lock() {
            return writer.as_ref().map_or(Err(rusqlite::Error::InvalidQuery), ask);
        }
        lock(&self.reader).as_ref().map_or(Err(rusqlite::Error::InvalidQuery), ask)
    }

    fn write<T>(&self, change: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let _inside = still::inside();
        let writer = lock(&self.writer);
        transaction(writer.as_ref().ok_or(rusqlite::Error::InvalidQuery)?, change)
    }

    /// The same, and on the disk before it returns.
    fn write_through<T>(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let _inside = still::inside();
        let writer = lock(&self.writer);
        let connection = writer.as_ref().ok_or(rusqlite::Error::InvalidQuery)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        let done = transaction(connection, change);
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        done
    }

    // Keys.

    pub(crate) fn keys(&self, realm: &str) -> rusqlite::Result<Vec<WrappedKey>> {
        self.read(|db| {
            let sql = "SELECT id, salt, wrapped FROM keys WHERE realm = ?1 ORDER BY created";
            db.prepare_cached(sql)?
                .query_map([realm], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect()
        })
    }

    /// Adds a key made at `created`, or wraps one anew, unless the realm's keys are not the `expected` number any more.
    pub(crate) fn put_key(
        &self,
        realm: &str,
        (id, salt, wrapped): WrappedKey,
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
                Some(created) => tx.execute(
                    "INSERT INTO keys (id, realm, salt, wrapped, created) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![id, realm, salt, wrapped, created],
                )?,
                None => tx.execute("UPDATE keys SET wrapped = ?2 WHERE id = ?1", params![id, wrapped])?,
            };
            Ok(true)
        })
    }

    // Who has been carried over.

    pub(crate) fn recall(&self, user: Digest) -> rusqlite::Result<Option<Carried>> {
        self.read(|db| {
            db.prepare_cached("SELECT kinde_id, version, salt, kept, provided FROM carried WHERE user = ?1")?
                .query_row([user.0], |row| {
                    Ok(Carried {
                        kinde_id: row.get(0)?,
                        version: row.get::<_, Option<[u8; 16]>>(1)?.map(Digest),
                        salt: row.get(2)?,
                        kept: row.get(3)?,
                        provided: row.get::<_, Option<[u8; 16]>>(4)?.map(Digest),
                    })
                })
                .optional()
        })
    }

    /// Remembers a user and drops what is owed to him under an earlier number. A later call's memory stands.
    pub(crate) fn remember(&self, user: Digest, carried: &Carried, seq: i64) -> rusqlite::Result<()> {
        self.write(|tx| {
            remember(tx, user, carried, seq)?;
            // Who is left alone by a policy is still owed what was accepted for him before.
            if !carried.kept {
                drop_owed(tx, user, Intent::Password, seq)?;
            }
            Ok(())
        })
    }

    /// What is owed to a user under an earlier number has been overtaken.
    pub(crate) fn drop_owed(&self, user: Digest, intent: Intent, seq: i64) -> rusqlite::Result<()> {
        self.write(|tx| drop_owed(tx, user, intent, seq))
    }

    /// The sealed text of what is owed to a user.
    pub(crate) fn pending(&self, user: Digest, intent: Intent) -> rusqlite::Result<Option<Vec<u8>>> {
        let sql = "SELECT sealed FROM outbox WHERE user = ?1 AND intent = ?2";
        self.read(|db| {
            db.prepare_cached(sql)?.query_row(params![user.0, intent as i64], |row| row.get(0)).optional()
        })
    }

    /// Whether something later has been done or is owed.
    pub(crate) fn superseded(&self, user: Digest, intent: Intent, seq: i64) -> rusqlite::Result<bool> {
        self.read(|db| {
            db.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM outbox WHERE user = ?1 AND intent = ?2 AND seq > ?3)
                     OR (?2 = 0 AND EXISTS (SELECT 1 FROM carried WHERE user = ?1 AND seq > ?3 AND kept = 0))",
            )?
            .query_row(params![user.0, intent as i64, seq], |row| row.get(0))
        })
    }

    pub(crate) fn forget(&self, user: Digest) -> rusqlite::Result<()> {
        self.write(|tx| tx.execute("DELETE FROM carried WHERE user = ?1", [user.0]).map(drop))
    }

    // What is owed.

    /// Owes a user something, durably. What was done or is owed under a later number stands.
    #[allow(clippy::too_many_arguments, reason = "a row's columns")]
    pub(crate) fn owe(
        &self,
        user: Digest,
        intent: Intent,
        key: [u8; 8],
        sealed: &[u8],
        seq: i64,
        due: i64,
        dead: bool,
        reason: &str,
    ) -> rusqlite::Result<()> {
        self.write_through(|tx| {
            tx.prepare_cached(
                "INSERT INTO outbox (user, intent, key, sealed, seq, due, dead, reason, created)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
                 WHERE ?2 <> 0 OR NOT EXISTS
                     (SELECT 1 FROM carried WHERE user = ?1 AND seq > ?5 AND kept = 0)
                 ON CONFLICT (user, intent) DO UPDATE SET key = excluded.key, sealed = excluded.sealed,
                     seq = excluded.seq, attempts = 0, due = excluded.due, lease = 0, fence = fence + 1,
                     dead = excluded.dead, reason = excluded.reason
                 WHERE excluded.seq >= outbox.seq",
            )?
            .execute(params![
                user.0,
                intent as i64,
                key,
                sealed,
                seq,
                due,
                dead,
                reason,
                seq / 1000
            ])?;
            Ok(())
        })
    }

    /// Takes the row that has been due longest, for as long as the lease lasts.
    pub(crate) fn claim(&self, key: [u8; 8], now: i64, lease: Duration) -> rusqlite::Result<Option<Claim>> {
        let until = now.saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX));
        self.write(|tx| {
            tx.prepare_cached(
                "UPDATE outbox SET lease = ?3, fence = fence + 1, attempts = attempts + 1
                 WHERE (user, intent) IN (SELECT user, intent FROM outbox
                     WHERE dead = 0 AND due <= ?2 AND lease <= ?2 AND key = ?1 ORDER BY due LIMIT 1)
                 RETURNING user, intent, sealed, seq, attempts, fence",
            )?
            .query_row(params![key, now, until], |row| {
                Ok(Claim {
                    user: Digest(row.get(0)?),
                    intent: if row.get::<_, i64>(1)? == Intent::Reset as i64 {
                        Intent::Reset
                    } else {
                        Intent::Password
                    },
                    sealed: row.get(2)?,
                    seq: row.get(3)?,
                    attempts: row.get(4)?,
                    fence: row.get(5)?,
                })
            })
            .optional()
        })
    }

    /// When the next row may be claimed.
    pub(crate) fn next_due(&self, key: [u8; 8]) -> rusqlite::Result<Option<i64>> {
        let sql = "SELECT min(max(due, lease)) FROM outbox WHERE dead = 0 AND key = ?1";
        self.read(|db| db.query_row(sql, [key], |row| row.get(0)))
    }

    /// The claim is done: the row goes, unless it has been replaced or taken over meanwhile.
    pub(crate) fn settle(
        &self,
        claim: &Claim,
        user: Digest,
        carried: Option<&Carried>,
    ) -> rusqlite::Result<()> {
        self.write(|tx| {
            if let Some(carried) = carried {
                remember(tx, user, carried, claim.seq)?;
            }
            let sql = "DELETE FROM outbox WHERE user = ?1 AND intent = ?2 AND seq = ?3 AND fence = ?4";
            tx.execute(sql, params![claim.user.0, claim.intent as i64, claim.seq, claim.fence]).map(drop)
        })
    }

    /// The claim is given back: due later, or dead.
    pub(crate) fn put_back(
        &self,
        claim: &Claim,
        sealed: &[u8],
        due: i64,
        dead: bool,
        reason: &str,
    ) -> rusqlite::Result<()> {
        self.write_through(|tx| {
            let sql = "UPDATE outbox SET sealed = ?5, due = ?6, dead = ?7, reason = ?8, lease = 0
                       WHERE user = ?1 AND intent = ?2 AND seq = ?3 AND fence = ?4";
            let key =
                params![claim.user.0, claim.intent as i64, claim.seq, claim.fence, sealed, due, dead, reason];
            tx.execute(sql, key).map(drop)
        })
    }

    pub(crate) fn counts(&self) -> rusqlite::Result<Counts> {
        self.read(|db| {
            db.query_row(
                "SELECT (SELECT count(*) FROM carried WHERE kept = 0), count(*) FILTER (WHERE dead = 0),
                        count(*) FILTER (WHERE dead = 1), min(created) FILTER (WHERE dead = 0) FROM outbox",
                [],
                |row| {
                    Ok(Counts {
                        carried: row.get(0)?,
                        owed: row.get(1)?,
                        dead: row.get(2)?,
                        oldest: row.get(3)?,
                    })
                },
            )
        })
    }

    // The token.

    pub(crate) fn token(&self, key: [u8; 8], now: i64) -> rusqlite::Result<Option<(Vec<u8>, i64)>> {
        self.read(|db| {
            db.query_row(
                "SELECT sealed, expires FROM token WHERE key = ?1 AND expires > ?2",
                params![key, now],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
        })
    }

    pub(crate) fn put_token(&self, key: [u8; 8], sealed: &[u8], expires: i64) -> rusqlite::Result<()> {
        let sql = "INSERT OR REPLACE INTO token (key, sealed, expires) VALUES (?1, ?2, ?3)";
        self.write(|tx| tx.execute(sql, params![key, sealed, expires]).map(drop))
    }

    pub(crate) fn drop_token(&self, key: [u8; 8]) -> rusqlite::Result<()> {
        self.write(|tx| tx.execute("DELETE FROM token WHERE key = ?1", [key]).map(drop))
    }
}

/// All of it or nothing. The statements are kept prepared, which rusqlite's own transactions are not.
fn transaction<T>(
    connection: &Connection,
    change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let run = |sql| connection.prepare_cached(sql)?.execute([]);
    run("BEGIN IMMEDIATE")?;
    let done = change(connection).and_then(|done| run("COMMIT").map(|_| done));
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

fn remember(tx: &Connection, user: Digest, carried: &Carried, seq: i64) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO carried (user, kinde_id, version, salt, kept, seq, provided)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (user) DO UPDATE SET kinde_id = excluded.kinde_id, version = excluded.version,
             salt = excluded.salt, kept = excluded.kept, seq = excluded.seq, provided = excluded.provided
         WHERE excluded.kept < carried.kept
            OR (excluded.kept = carried.kept AND excluded.seq >= carried.seq)",
    )?
    .execute(params![
        user.0,
        carried.kinde_id,
        carried.version.map(|v| v.0),
        carried.salt,
        carried.kept,
        seq,
        carried.provided.map(|p| p.0)
    ])
    .map(drop)
}

fn drop_owed(tx: &Connection, user: Digest, intent: Intent, seq: i64) -> rusqlite::Result<()> {
    let sql = "DELETE FROM outbox WHERE user = ?1 AND intent = ?2 AND seq <= ?3";
    tx.prepare_cached(sql)?.execute(params![user.0, intent as i64, seq]).map(drop)
}

fn held(connection: Connection) -> Held {
    Arc::new(Mutex::new(Some(connection)))
}

/// A connection to write, one to read, and the mode of the journal.
fn connect(path: &Path) -> rusqlite::Result<(Connection, Connection, String)> {
    let writer = configured(Connection::open(path)?)?;
    let mode = writer.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    Ok((writer, configured(Connection::open(path)?)?, mode))
}

fn is_busy(error: &rusqlite::Error) -> bool {
    let busy = [rusqlite::ErrorCode::DatabaseBusy, rusqlite::ErrorCode::DatabaseLocked];
    error.sqlite_error_code().is_some_and(|code| busy.contains(&code))
}

fn configured(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_handler(Some(wait_a_little))?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// Instead of SQLite's own busy handler, whose lengthening waits let some processes starve for seconds.
fn wait_a_little(tries: i32) -> bool {
    if tries >= BUSY_TRIES {
        return false;
    }
    let mut jitter = [0; 1];
    let _ = super::seal::fill(&mut jitter);
    let [jitter] = jitter;
    std::thread::sleep(Duration::from_micros(500 + 4 * u64::from(jitter)));
    true
}

fn in_words(path: &Path, error: &rusqlite::Error) -> String {
    format!("{}: {error}", path.display())
}
