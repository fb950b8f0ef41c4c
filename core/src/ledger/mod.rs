//! What is done and what is owed, on the disk and shared by all processes of a host.
//!
//! | file | what it knows |
//! |---|---|
//! | `book` | one SQLite database: opening, transactions, forks, keys |
//! | `carried`, `outbox`, `turns`, `shared` | what is asked of its tables |
//! | `shelf` | a book and the keys to it |
//! | `seal` | sealing and keyed digests |
//! | `place` | the file and its folder |
//! | `still` | that nobody is inside SQLite while the process forks |
//!
//! Where the file cannot be opened or written, the ledger says so once and goes on in memory; what is owed there goes
//! to the file as soon as it can be written again.

mod book;
mod carried;
mod outbox;
mod place;
mod seal;
mod shared;
mod shelf;
mod still;
mod turns;

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::code::Code;
use crate::notice::Notices;
use crate::process::lock;
use crate::settings::{Config, LedgerPlace};
pub(crate) use outbox::Claim;
pub use outbox::Which;
pub(crate) use seal::{DataKey, Digest, fill};
use shelf::Shelf;

/// No wait and no lease reaches this far, in milliseconds: what does was written before the clock was set back.
const FAR: i64 = 10 * 60 * 1000;
/// How often a file that cannot be used is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// What is owed to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub(crate) enum Intent {
    Password = 0,
    Reset = 1,
}

impl From<i64> for Intent {
    fn from(column: i64) -> Self {
        if column == Intent::Reset as i64 { Intent::Reset } else { Intent::Password }
    }
}

/// A call or a delivery, as the ledger knows it.
#[derive(Clone, Copy)]
pub(crate) struct Task {
    pub(crate) user: Digest,
    pub(crate) intent: Intent,
    /// Its number: later calls have larger ones.
    pub(crate) seq: i64,
    /// A change of password, to which a sign-in gives way that it raced with.
    pub(crate) change: bool,
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
    /// The version before the last change of password, and when that was.
    pub(crate) before: Option<(Digest, i64)>,
}

/// How Kinde does, as all processes of the ledger see it. Times are milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    pub(crate) failures: u32,
    pub(crate) opened: u32,
    pub(crate) open_until: i64,
    pub(crate) probe_until: i64,
    pub(crate) pause_until: i64,
    pub(crate) limited: u64,
}

/// What the ledger counts.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) carried: u64,
    pub(crate) owed: u64,
    pub(crate) oldest_owed: Option<Duration>,
    pub(crate) dead: Vec<(String, u64)>,
    pub(crate) tokens_this_month: u64,
    pub(crate) in_memory: bool,
}

/// A dead letter, opened.
pub(crate) struct Dead {
    pub(crate) id: String,
    pub(crate) reason: String,
    pub(crate) attempts: u32,
    pub(crate) age: Duration,
    /// None where it was sealed under a secret that is not known here.
    pub(crate) text: Option<Zeroizing<Vec<u8>>>,
}

/// The ledger of one process.
pub(crate) struct Ledger {
    config: Arc<Config>,
    notices: Arc<Notices>,
    file: RwLock<Option<Arc<Shelf>>>,
    memory: OnceLock<Option<Arc<Shelf>>>,
    /// When the file was last tried, where it cannot be used.
    tried: Mutex<Instant>,
    /// The largest number seen, for the numbers in memory.
    last: AtomicI64,
}

impl Ledger {
    /// Opens the ledger of the settings.
    pub(crate) fn open(config: &Arc<Config>, notices: &Arc<Notices>) -> Ledger {
        let ledger = Ledger {
            config: Arc::clone(config),
            notices: Arc::clone(notices),
            file: RwLock::new(None),
            memory: OnceLock::new(),
            tried: Mutex::new(Instant::now()),
            last: AtomicI64::new(0),
        };
        match &config.ledger {
            LedgerPlace::Memory => {}
            LedgerPlace::Homeless => notices.say(Code::LedgerUnavailable, || {
                "no place for the ledger: set `ledger` to a path on a local disk; until then it is kept in memory"
                    .into()
            }),
            LedgerPlace::File(path) => ledger.put(ledger.opened(path)),
        }
        if ledger.file().is_none() {
            ledger.memory();
        }
        ledger
    }

    fn opened(&self, path: &Path) -> Option<Arc<Shelf>> {
        match Shelf::open(path, &self.config) {
            Ok((shelf, damaged)) => {
                if let Some(aside) = damaged {
                    self.notices.say(Code::LedgerDamaged, || {
                        format!(
                            "the ledger was damaged; it was set aside as {}, and a new one begun: users are checked at \
                             Kinde anew, and what was owed in it may be got back with `sqlite3 {0} .recover`",
                            aside.display()
                        )
                    });
                }
                Some(Arc::new(shelf))
            }
            Err(why) => {
                self.notices.say(Code::LedgerUnavailable, || {
                    format!("the ledger cannot be used, so it is kept in memory and lost at exit: {why}")
                });
                None
            }
        }
    }

    fn file(&self) -> Option<Arc<Shelf>> {
        self.file.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put(&self, shelf: Option<Arc<Shelf>>) {
        *self.file.write().unwrap_or_else(PoisonError::into_inner) = shelf;
    }

    /// The file to write to, as it lies there now: one that was removed or replaced is opened anew and gets what the
    /// lost one owed, and one that could not be used is tried again from time to time.
    fn present_file(&self) -> Option<Arc<Shelf>> {
        let LedgerPlace::File(path) = &self.config.ledger else { return None };
        let shelf = self.file();
        if shelf.as_ref().is_some_and(|shelf| shelf.is_at(path)) {
            return shelf;
        }
        let mut tried = lock(&self.tried);
        let now = self.file();
        if now.as_ref().is_some_and(|now| now.is_at(path)) {
            return now;
        }
        if now.is_none() {
            if tried.elapsed() < AGAIN {
                return None;
            }
            *tried = Instant::now();
            let opened = Shelf::open(path, &self.config).ok().map(|(shelf, _)| Arc::new(shelf))?;
            self.put(Some(Arc::clone(&opened)));
            drop(tried);
            self.memory_to(&opened);
            return Some(opened);
        }
        let opened = self.opened(path);
        if let (Some(lost), Some(found)) = (&now, &opened) {
            let _ = found.adopt(lost);
            self.notices.say(Code::LedgerReplaced, || {
                "the ledger was removed or replaced while it was in use; it was begun anew with what was owed".into()
            });
        } else if let (Some(lost), Some(memory)) = (&now, self.memory()) {
            let _ = memory.adopt(lost);
        }
        *tried = Instant::now();
        self.put(opened.clone());
        opened
    }

    /// The book in this process's memory, made when first needed.
    fn memory(&self) -> Option<&Arc<Shelf>> {
        let make = || {
            let shelf = Shelf::in_memory(&self.config, self.file().as_deref()).ok()?;
            let _ = shelf.book.number_from(self.last.load(Ordering::Relaxed));
            Some(Arc::new(shelf))
        };
        self.memory.get_or_init(make).as_ref()
    }

    /// What had to be owed in memory goes to the file.
    fn memory_to(&self, file: &Shelf) {
        if let Some(Some(memory)) = self.memory.get() {
            let _ = file.adopt_owed(memory);
        }
    }

    fn shelves(&self) -> impl Iterator<Item = Arc<Shelf>> {
        self.file().into_iter().chain(self.memory.get().into_iter().flatten().cloned())
    }

    /// Does it in the file, or in memory where the file cannot be used.
    fn somewhere<T>(&self, work: impl Fn(&Shelf) -> rusqlite::Result<T>) -> Option<T> {
        if let Some(file) = self.present_file() {
            match work(&file) {
                Ok(done) => return Some(done),
                Err(error) => self.failed(&file, &error),
            }
        }
        work(self.memory()?).ok()
    }

    fn failed(&self, file: &Shelf, error: &rusqlite::Error) {
        if let LedgerPlace::File(path) = &self.config.ledger
            && book::is_damage(error)
            && file.is_at(path)
            && shelf::set_aside(path).is_some()
        {
            // The next call finds it gone.
            return;
        }
        self.notices.say(Code::LedgerUnavailable, || {
            format!("the ledger cannot be written; it goes on in memory: {error}")
        });
    }

    /// The key that digests and seals; none only where the system has no random bytes to give.
    pub(crate) fn key(&self) -> Option<Arc<DataKey>> {
        self.shelves().next().map(|shelf| Arc::clone(&shelf.key))
    }

    // One user, one way at a time.

    /// Numbers a call as it is accepted, and tries to take the user's turn for it.
    pub(crate) fn enter(&self, user: Digest, lease: Duration) -> (i64, bool) {
        let entered = self.somewhere(|shelf| shelf.book.enter(user, now(), millis(lease)));
        let (seq, taken) = entered.unwrap_or_else(|| (self.last.fetch_add(1, Ordering::Relaxed) + 1, true));
        self.last.fetch_max(seq, Ordering::Relaxed);
        (seq, taken)
    }

    /// A number for a call that needs no turn.
    pub(crate) fn next_seq(&self) -> i64 {
        let seq = self.somewhere(|shelf| shelf.book.number());
        let seq = seq.unwrap_or_else(|| self.last.fetch_add(1, Ordering::Relaxed) + 1);
        self.last.fetch_max(seq, Ordering::Relaxed);
        seq
    }

    /// Takes a turn that may be free by now, or keeps it for longer.
    pub(crate) fn take_turn(&self, task: Task, lease: Duration) -> bool {
        self.somewhere(|shelf| {
            if shelf.book.is_anothers_turn(task, now())? {
                return Ok(false);
            }
            shelf.book.take_turn(task, now(), millis(lease))
        })
        .unwrap_or(true)
    }

    pub(crate) fn release_turn(&self, task: Task) {
        for shelf in self.shelves() {
            let _ = shelf.book.release_turn(task);
        }
    }

    // Who has been carried over.

    pub(crate) fn recall(&self, user: Digest) -> Option<Carried> {
        // What is in memory was written after the file could not be.
        let memory = self.memory.get().into_iter().flatten().cloned();
        memory.chain(self.file()).find_map(|shelf| shelf.book.recall(user).ok().flatten())
    }

    /// Remembers and ends the turn; where nothing can be written, a later sign-in only costs its calls again.
    pub(crate) fn remember(&self, task: Task, carried: &Carried) {
        self.somewhere(|shelf| shelf.book.remember(task, carried, now()));
        // What was owed in memory from a time when the file could not be written is settled too.
        if let (Some(Some(memory)), Some(_)) = (self.memory.get(), self.file()) {
            let _ = memory.book.remember(task, carried, now());
        }
    }

    pub(crate) fn forget(&self, user: Digest) {
        for shelf in self.shelves() {
            let _ = shelf.book.forget(user);
        }
    }

    // What is owed.

    /// What is owed to a user under this number or an earlier one has been overtaken.
    pub(crate) fn drop_owed(&self, task: Task) {
        for shelf in self.shelves() {
            let _ = shelf.book.drop_owed(task);
        }
    }

    /// What is owed to a user, opened, and whether it has been given up.
    pub(crate) fn pending(&self, user: Digest, intent: Intent) -> Option<(Zeroizing<Vec<u8>>, bool)> {
        self.shelves().find_map(|shelf| {
            let (sealed, dead) = shelf.book.pending(user, intent).ok().flatten()?;
            shelf.key.open(&place(user, intent), &sealed).map(|text| (text, dead))
        })
    }

    /// Whether something later has been done for a user, or is owed to him, anywhere.
    pub(crate) fn overtaken(&self, task: Task) -> bool {
        self.shelves().any(|shelf| shelf.book.overtaken(task).unwrap_or(false))
    }

    /// Records what is owed and ends the turn; waits for a busy ledger until `patience`. `false` only where not even
    /// memory takes it.
    pub(crate) fn owe(
        &self,
        task: Task,
        text: &[u8],
        due: Duration,
        dead: bool,
        reason: Code,
        patience: Instant,
    ) -> bool {
        let put = |shelf: &Shelf| {
            let sealed =
                shelf.key.seal(&place(task.user, task.intent), text).ok_or(rusqlite::Error::InvalidQuery)?;
            let times = (now(), now() + millis(due));
            shelf.book.owe(task, (shelf.key.id, &sealed), times, dead, reason.as_str())
        };
        book::patiently(patience, || self.somewhere(put)).is_some()
    }

    /// The next entry that is due, with its text and a handle to give it back by.
    pub(crate) fn claim(&self, lease: Duration) -> Option<(Owed, Zeroizing<Vec<u8>>)> {
        if let Some(file) = self.present_file() {
            self.memory_to(&file);
        }
        for shelf in self.shelves() {
            for key in shelf.keys() {
                while let Some(claim) = shelf.book.claim(key.id, now(), millis(lease)).ok().flatten() {
                    let owed = Owed { shelf: Arc::clone(&shelf), key: Arc::clone(key), claim };
                    let claim = &owed.claim;
                    if let Some(text) = key.open(&place(claim.user, claim.intent), &claim.sealed) {
                        return Some((owed, text));
                    }
                    let (sealed, code) = (&claim.sealed, Code::LedgerSealed.as_str());
                    let task = Task { user: claim.user, intent: claim.intent, seq: claim.seq, change: false };
                    if shelf.book.put_back(claim, task, sealed, 0, true, code).is_err() {
                        break;
                    }
                }
            }
        }
        None
    }

    /// How long until the next entry is due that nobody has in hand.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let earliest = || {
            self.shelves()
                .filter_map(|shelf| {
                    shelf.keys().filter_map(|key| shelf.book.next_due(key.id).ok().flatten()).min()
                })
                .min()
        };
        let mut due = earliest()?;
        if due > now() + FAR {
            for shelf in self.shelves() {
                let _ = shelf.book.mend_times(now());
            }
            due = earliest()?;
        }
        Some(Duration::from_millis(u64::try_from(due - now()).unwrap_or(0)))
    }

    /// The dead letters, oldest first; at most `limit`.
    pub(crate) fn dead(&self, limit: u32) -> Vec<Dead> {
        let mut letters = Vec::new();
        for shelf in self.shelves() {
            for entry in shelf.book.entries(i64::MIN, true, limit).unwrap_or_default() {
                letters.push(Dead {
                    id: entry.id(),
                    text: shelf.opened(&entry),
                    attempts: entry.attempts,
                    age: Duration::from_millis(u64::try_from(now() - entry.created).unwrap_or(0)),
                    reason: entry.reason,
                });
            }
        }
        letters
    }

    /// Dead letters are to be tried again; how many there were.
    pub(crate) fn retry(&self, which: Which<'_>) -> u64 {
        self.shelves().map(|shelf| shelf.book.retry(which, now()).unwrap_or(0) as u64).sum()
    }

    /// Dead letters are given up for good; how many there were.
    pub(crate) fn discard(&self, which: Which<'_>) -> u64 {
        self.shelves().map(|shelf| shelf.book.discard(which).unwrap_or(0) as u64).sum()
    }

    /// How many entries wait. Unlike the tally it does not count everybody who was carried over.
    pub(crate) fn owed(&self) -> u64 {
        self.shelves().map(|shelf| shelf.book.owed().unwrap_or(0)).sum()
    }

    pub(crate) fn tally(&self) -> Tally {
        let mut tally = Tally { in_memory: self.file().is_none(), ..Tally::default() };
        for shelf in self.shelves() {
            if let Ok(counts) = shelf.book.counts() {
                tally.carried += counts.carried;
                tally.owed += counts.owed;
                let age = counts.oldest.and_then(|oldest| u64::try_from(now() - oldest).ok());
                tally.oldest_owed = tally.oldest_owed.max(age.map(Duration::from_millis));
                for (reason, count) in counts.dead {
                    match tally.dead.iter_mut().find(|(known, _)| *known == reason) {
                        Some((_, sum)) => *sum += count,
                        None => tally.dead.push((reason, count)),
                    }
                }
            }
            tally.tokens_this_month += shelf.book.tokens_used(shelf.key.id, month()).unwrap_or(0);
        }
        tally
    }

    // What the processes share besides.

    pub(crate) fn health(&self) -> Health {
        self.shelves().next().and_then(|shelf| shelf.book.health(shelf.key.id).ok()).unwrap_or_default()
    }

    /// Changes the health for everybody; the new one.
    pub(crate) fn change_health(&self, change: impl Fn(Health) -> Health) -> Health {
        self.somewhere(|shelf| shelf.book.change_health(shelf.key.id, &change)).unwrap_or_default()
    }

    pub(crate) fn token(&self) -> Option<(SecretString, SystemTime)> {
        self.shelves().find_map(|shelf| {
            let (sealed, expires) = shelf.book.token(shelf.key.id, now()).ok().flatten()?;
            let text = shelf.key.open(b"token", &sealed)?;
            let expires = UNIX_EPOCH + Duration::from_millis(u64::try_from(expires).ok()?);
            Some((SecretString::from(std::str::from_utf8(&text).ok()?), expires))
        })
    }

    /// Keeps a token that has been fetched, and counts it.
    pub(crate) fn put_token(&self, token: &str, expires: SystemTime) {
        let expires = millis(expires.duration_since(UNIX_EPOCH).unwrap_or_default());
        self.somewhere(|shelf| match shelf.key.seal(b"token", token.as_bytes()) {
            Some(sealed) => shelf.book.put_token(shelf.key.id, &sealed, expires, month()),
            None => Ok(()),
        });
    }

    pub(crate) fn drop_token(&self) {
        for shelf in self.shelves() {
            let _ = shelf.book.drop_token(shelf.key.id);
        }
    }
}

impl Drop for Ledger {
    /// A last try to bring what is owed in memory to the disk.
    fn drop(&mut self) {
        if let (Some(Some(_)), Some(file)) = (self.memory.get(), self.file()) {
            self.memory_to(&file);
        }
    }
}

/// An entry of the outbox in this process's hands.
pub(crate) struct Owed {
    shelf: Arc<Shelf>,
    key: Arc<DataKey>,
    pub(crate) claim: Claim,
}

impl Owed {
    /// Keeps it for longer; `false` if it has been taken over or replaced.
    pub(crate) fn renew(&self, lease: Duration) -> bool {
        self.shelf.book.renew(&self.claim, now(), millis(lease)).unwrap_or(true)
    }

    /// It is done; `task` names the user under the present key.
    pub(crate) fn settle(&self, task: Task, carried: Option<&Carried>) {
        let _ = self.shelf.book.settle(&self.claim, task, carried, now());
    }

    pub(crate) fn put_back(&self, task: Task, text: &[u8], wait: Duration, dead: bool, reason: Code) {
        if let Some(sealed) = self.key.seal(&place(self.claim.user, self.claim.intent), text) {
            let due = now() + millis(wait);
            let _ = self.shelf.book.put_back(&self.claim, task, &sealed, due, dead, reason.as_str());
        }
    }

    /// It was not worked on.
    pub(crate) fn hand_back(&self, wait: Duration) {
        let _ = self.shelf.book.hand_back(&self.claim, now() + millis(wait));
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

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 4)
}

/// Milliseconds since 1970.
pub(crate) fn now() -> i64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// Months since 1970, by UTC: "days_from_civil" backwards (Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms").
fn month() -> i64 {
    let days = now() / 86_400_000 + 719_468;
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let year = year_of_era + days.div_euclid(146_097) * 400;
    (year - 1970) * 12 + from_march + 2
}
