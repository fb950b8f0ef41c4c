//! What is done and what is owed, on the disk and shared by all processes of a host.
//!
//! | file | what it knows |
//! |---|---|
//! | `book` | the tables: who has been carried over, what is owed, the token, the keys |
//! | `seal` | sealing and keyed digests |
//! | `place` | the file and its folder |
//! | `still` | that nobody is inside SQLite while the process forks |
//!
//! Where the file cannot be opened or written, the ledger says so once and goes on in memory.

mod book;
mod place;
mod seal;
mod still;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::code::Code;
use crate::notice::Notices;
use crate::settings::{Config, LedgerPlace};
pub(crate) use book::Claim;
use book::{Book, Counts};
pub(crate) use seal::{DataKey, Digest, fill};
pub(crate) use still::watch as watch_forks;

/// What is owed to a user.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(i64)]
pub(crate) enum Intent {
    Password = 0,
    Reset = 1,
}

/// What is remembered of a user.
#[derive(Clone)]
pub(crate) struct Carried {
    pub(crate) kinde_id: String,
    pub(crate) version: Option<Digest>,
    /// The salt of the hash made here, where that hash is the version.
    pub(crate) salt: Option<[u8; 16]>,
    /// Left alone by a policy.
    pub(crate) kept: bool,
    /// The application's own id of the user, where it gave one.
    pub(crate) provided: Option<Digest>,
}

/// How the ledger stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerStatus {
    /// Users carried over.
    pub carried: u64,
    /// Entries of the outbox that wait to be delivered.
    pub owed: u64,
    /// Dead letters: entries that Kinde refused for good.
    pub dead: u64,
    /// Age of the oldest entry that waits, in seconds.
    pub oldest_owed_seconds: Option<u64>,
    /// Whether anything is held in this process's memory because the ledger's file cannot be used.
    pub in_memory: bool,
}

/// The ledger of one process.
pub(crate) struct Ledger {
    file: Option<Shelf>,
    memory: OnceLock<Option<Shelf>>,
    last_seq: AtomicI64,
}

/// A book and the keys to it: one for what is written, and those under which entries may still wait from
/// before a rotation of the client secret.
struct Shelf {
    book: Book,
    key: DataKey,
    others: Vec<DataKey>,
}

impl Ledger {
    /// Opens the ledger of the settings.
    pub(crate) fn open(config: &Config, notices: &Notices) -> Ledger {
        let file = match &config.ledger {
            LedgerPlace::Memory => None,
            LedgerPlace::Homeless => {
                notices.say(Code::LedgerUnavailable, || {
                    "no place for the ledger: set `ledger` to a path on a local disk; until then it is kept in memory".into()
                });
                None
            }
            LedgerPlace::File(path) => match Book::open(path).and_then(|book| Shelf::new(book, config)) {
                Ok(shelf) => Some(shelf),
                Err(why) => {
                    notices.say(Code::LedgerUnavailable, || {
                        format!("the ledger cannot be used, so it is kept in memory and lost at exit: {why}")
                    });
                    None
                }
            },
        };
        let ledger = Ledger { file, memory: OnceLock::new(), last_seq: AtomicI64::new(0) };
        if ledger.file.is_none() {
            ledger.memory(config);
        }
        ledger
    }

    /// The book in this process's memory, made when first needed.
    fn memory(&self, config: &Config) -> Option<&Shelf> {
        let make = || Book::in_memory().and_then(|book| Shelf::new(book, config)).ok();
        self.memory.get_or_init(make).as_ref()
    }

    fn shelves(&self) -> impl Iterator<Item = &Shelf> {
        self.file.iter().chain(self.memory.get().into_iter().flatten())
    }

    /// The key that digests and seals; none only where the system has no random bytes to give.
    pub(crate) fn key(&self) -> Option<&DataKey> {
        self.shelves().next().map(|shelf| &shelf.key)
    }

    /// A number for a call as it is accepted: later calls get larger ones.
    pub(crate) fn next_seq(&self) -> i64 {
        let now = now().saturating_mul(1000);
        let last = self.last_seq.fetch_max(now, Ordering::Relaxed);
        if last < now { now } else { self.last_seq.fetch_add(1, Ordering::Relaxed) + 1 }
    }

    pub(crate) fn recall(&self, user: Digest) -> Option<Carried> {
        // What is in memory was written after the file could not be.
        let memory = self.memory.get().into_iter().flatten();
        memory.chain(&self.file).find_map(|shelf| shelf.book.recall(user).ok().flatten())
    }

    /// Remembers; where nothing can be written, a later sign-in only costs its calls again.
    pub(crate) fn remember(
        &self,
        config: &Config,
        user: Digest,
        carried: &Carried,
        seq: i64,
        notices: &Notices,
    ) {
        if let Some(shelf) = &self.file {
            match shelf.book.remember(user, carried, seq) {
                Ok(()) => return self.memory_settled(user, carried, seq),
                Err(error) => say_unwritable(notices, &error),
            }
        }
        if let Some(shelf) = self.memory(config) {
            let _ = shelf.book.remember(user, carried, seq);
        }
    }

    /// What was owed in memory from a time when the file could not be written is settled too.
    fn memory_settled(&self, user: Digest, carried: &Carried, seq: i64) {
        if let Some(Some(shelf)) = self.memory.get() {
            let _ = shelf.book.remember(user, carried, seq);
        }
    }

    pub(crate) fn forget(&self, user: Digest) {
        for shelf in self.shelves() {
            let _ = shelf.book.forget(user);
        }
    }

    /// What is owed to a user under an earlier number has been overtaken.
    pub(crate) fn drop_owed(&self, user: Digest, intent: Intent, seq: i64) {
        for shelf in self.shelves() {
            let _ = shelf.book.drop_owed(user, intent, seq);
        }
    }

    /// What is owed to a user, opened.
    pub(crate) fn pending(&self, user: Digest, intent: Intent) -> Option<Zeroizing<Vec<u8>>> {
        self.shelves().find_map(|shelf| {
            let sealed = shelf.book.pending(user, intent).ok().flatten()?;
            shelf.key.open(&place(user, intent), &sealed)
        })
    }

    /// Whether something later has been done for a user, or is owed to him, anywhere.
    pub(crate) fn superseded(&self, user: Digest, intent: Intent, seq: i64) -> bool {
        self.shelves().any(|shelf| shelf.book.superseded(user, intent, seq).unwrap_or(false))
    }

    /// Records what is owed. `false` only where not even memory takes it.
    #[allow(clippy::too_many_arguments, reason = "a row's columns")]
    pub(crate) fn owe(
        &self,
        config: &Config,
        user: Digest,
        intent: Intent,
        text: &[u8],
        seq: i64,
        due: Duration,
        dead: bool,
        reason: Code,
        notices: &Notices,
    ) -> bool {
        let due = now().saturating_add(i64::try_from(due.as_millis()).unwrap_or(0));
        let put = |shelf: &Shelf| {
            let sealed = shelf.key.seal(&place(user, intent), text).ok_or(rusqlite::Error::InvalidQuery)?;
            shelf.book.owe(user, intent, shelf.key.id, &sealed, seq, due, dead, reason.as_str())
        };
        if let Some(shelf) = &self.file {
            match put(shelf) {
                Ok(()) => return true,
                Err(error) => say_unwritable(notices, &error),
            }
        }
        self.memory(config).is_some_and(|shelf| put(shelf).is_ok())
    }

    /// The next entry that is due, with its text and a handle to give it back by.
    pub(crate) fn claim(&self, lease: Duration) -> Option<(Owed<'_>, Zeroizing<Vec<u8>>)> {
        self.shelves().flat_map(|shelf| shelf.keys().map(move |key| (shelf, key))).find_map(|(shelf, key)| {
            let claim = shelf.book.claim(key.id, now(), lease).ok().flatten()?;
            match key.open(&place(claim.user, claim.intent), &claim.sealed) {
                Some(text) => Some((Owed { shelf, key, claim }, text)),
                None => {
                    let sealed = &claim.sealed;
                    let _ = shelf.book.put_back(&claim, sealed, 0, true, Code::LedgerSealed.as_str());
                    None
                }
            }
        })
    }

    /// How long until the next entry is due that nobody has in hand.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let keys = self.shelves().flat_map(|shelf| shelf.keys().map(move |key| (shelf, key)));
        let due = keys.filter_map(|(shelf, key)| shelf.book.next_due(key.id).ok().flatten()).min()?;
        Some(Duration::from_millis(u64::try_from(due - now()).unwrap_or(0)))
    }

    pub(crate) fn status(&self) -> LedgerStatus {
        let mut status = LedgerStatus { in_memory: self.file.is_none(), ..LedgerStatus::default() };
        for Counts { carried, owed, dead, oldest } in
            self.shelves().filter_map(|shelf| shelf.book.counts().ok())
        {
            status.carried += carried;
            status.owed += owed;
            status.dead += dead;
            let age = oldest.and_then(|oldest| u64::try_from((now() - oldest) / 1000).ok());
            status.oldest_owed_seconds = status.oldest_owed_seconds.max(age);
        }
        status
    }

    pub(crate) fn token(&self) -> Option<(SecretString, SystemTime)> {
        self.shelves().find_map(|shelf| {
            let (sealed, expires) = shelf.book.token(shelf.key.id, now()).ok().flatten()?;
            let text = shelf.key.open(b"token", &sealed)?;
            let expires = UNIX_EPOCH + Duration::from_millis(u64::try_from(expires).ok()?);
            Some((SecretString::from(std::str::from_utf8(&text).ok()?), expires))
        })
    }

    pub(crate) fn put_token(&self, token: &str, expires: SystemTime) {
        let Some(shelf) = self.shelves().next() else { return };
        if let Some(sealed) = shelf.key.seal(b"token", token.as_bytes()) {
            let _ = shelf.book.put_token(shelf.key.id, &sealed, millis(expires));
        }
    }

    pub(crate) fn drop_token(&self) {
        for shelf in self.shelves() {
            let _ = shelf.book.drop_token(shelf.key.id);
        }
    }
}

/// An entry of the outbox in this process's hands.
pub(crate) struct Owed<'a> {
    shelf: &'a Shelf,
    key: &'a DataKey,
    pub(crate) claim: Claim,
}

impl Owed<'_> {
    /// It is done; `user` is the user under the present key.
    pub(crate) fn settle(&self, user: Digest, carried: Option<&Carried>) {
        let _ = self.shelf.book.settle(&self.claim, user, carried);
    }

    pub(crate) fn put_back(&self, text: &[u8], wait: Duration, dead: bool, reason: Code) {
        let place = place(self.claim.user, self.claim.intent);
        let due = now().saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
        if let Some(sealed) = self.key.seal(&place, text) {
            let _ = self.shelf.book.put_back(&self.claim, &sealed, due, dead, reason.as_str());
        }
    }
}

impl Shelf {
    fn keys(&self) -> impl Iterator<Item = &DataKey> {
        std::iter::once(&self.key).chain(&self.others)
    }

    /// Finds this domain's key in the book, or makes one. A key that only the previous client secret opens
    /// is wrapped anew for the present one.
    fn new(book: Book, config: &Config) -> Result<Shelf, String> {
        let realm = config.base.as_str();
        for _ in 0..8 {
            let keys = book.keys(realm).map_err(|error| error.to_string())?;
            let mut opened = Vec::new();
            for (id, salt, wrapped) in &keys {
                if let Some(key) = DataKey::unwrap(id, &config.client_secret, salt, wrapped) {
                    opened.push(key);
                    continue;
                }
                let previous = config.previous_client_secret.as_ref();
                if let Some(key) = previous.and_then(|secret| DataKey::unwrap(id, secret, salt, wrapped)) {
                    if let Some(wrapped) = key.wrap(&config.client_secret, salt) {
                        let row = (id.clone(), salt.clone(), wrapped);
                        book.put_key(realm, row, None, keys.len()).map_err(|error| error.to_string())?;
                    }
                    opened.push(key);
                }
            }
            // The oldest, so that processes which know different secrets come to agree.
            let mut opened = opened.into_iter();
            if let Some(key) = opened.next() {
                return Ok(Shelf { book, key, others: opened.collect() });
            }
            let (key, salt, wrapped) =
                DataKey::generate(&config.client_secret).ok_or("the system has no random bytes to give")?;
            let row = (key.id.to_vec(), salt.to_vec(), wrapped);
            // Another process may have made its key in the meantime: then that one is used.
            if book.put_key(realm, row, Some(now()), keys.len()).map_err(|error| error.to_string())? {
                return Ok(Shelf { book, key, others: Vec::new() });
            }
        }
        Err("its key changes all the time".into())
    }
}

/// What a sealed entry is bound to, so that it cannot be moved to another user's row.
fn place(user: Digest, intent: Intent) -> [u8; 17] {
    let mut place = [intent as u8; 17];
    for (to, from) in place.iter_mut().skip(1).zip(user.0) {
        *to = from;
    }
    place
}

fn say_unwritable(notices: &Notices, error: &rusqlite::Error) {
    notices.say(Code::LedgerUnavailable, || {
        format!("the ledger cannot be written; it goes on in memory: {error}")
    });
}

fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn now() -> i64 {
    millis(SystemTime::now())
}
