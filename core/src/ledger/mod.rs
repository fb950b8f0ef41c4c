//! What is done and what is owed, on the disk and shared by all processes of a host.
//!
//! | file | what it knows |
//! |---|---|
//! | `book` | one SQLite database: opening, transactions, forks, keys |
//! | `carried`, `outbox`, `turns`, `pace`, `token`, `shared` | what is asked of its tables |
//! | `shelf` | a book and the keys to it |
//! | `lost` | what is taken over from ledgers that were lost, and from memory |
//! | `seal` | sealing and keyed digests |
//! | `place` | the file and its folder |
//! | `filesystem` | whether that is on a local disk |
//! | `still` | that nobody is inside SQLite while the process forks |
//!
//! Where the file cannot be opened or written, the ledger says so once and goes on in memory; what is owed there goes
//! to the file as soon as it can be written again.

mod book;
mod carried;
mod filesystem;
mod lost;
mod outbox;
mod pace;
mod place;
mod seal;
mod shared;
mod shelf;
mod still;
mod token;
mod turns;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use zeroize::Zeroizing;

use crate::code::Code;
use crate::notice::Notices;
use crate::process::lock;
use crate::settings::{Config, LedgerPlace};
use crate::steps::reached;
use lost::Lost;
pub(crate) use outbox::Claim;
pub use outbox::Which;
pub(crate) use pace::{Caller, Step};
pub(crate) use seal::{DataKey, Digest, fill};
use shelf::Shelf;
pub(crate) use still::watch as watch_forks;
pub(crate) use token::{Fetching, SharedToken, TokenTurn};
pub(crate) use turns::owner;

/// No wait and no lease reaches this far, in milliseconds: what does was written before the host was started anew.
const FAR: i64 = 10 * 60 * 1000;
/// How often a file that cannot be used is tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// A busy file is waited for this share of a verb's deadline, but for what must be on the disk.
const SHARE_FOR_LEDGER: f64 = 0.25;
/// The same where it is only opened.
const SHARE_FOR_OPENING: f64 = 0.5;
/// A busy file is waited for this long by a worker, which has delivered something.
const PATIENCE: Duration = Duration::from_secs(2);
/// A file that was busy is left alone for this long by what can do without it.
const BUSY: Duration = Duration::from_secs(1);

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
    /// Of a change of password: sign-ins that were accepted before this number are older than it, even if it was
    /// accepted before them. [`UNFINISHED`] as long as the change's call lasts.
    pub(crate) shield: Option<i64>,
    /// Who has the user's turn, where it has it.
    pub(crate) owner: i64,
}

/// The shield of a change of password that has not returned: no sign-in is newer.
pub(crate) const UNFINISHED: i64 = i64::MAX;

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
    /// When the password was changed last, if it was, by [`uptime`].
    pub(crate) changed: Option<i64>,
}

/// A call that has been accepted.
pub(crate) struct Entered {
    /// Its number.
    pub(crate) seq: i64,
    /// What names it as the holder of a turn.
    pub(crate) owner: i64,
    /// Whether it is its turn with the user.
    pub(crate) mine: bool,
    /// What is known of the user.
    pub(crate) carried: Option<Carried>,
}

/// How Kinde does, as all processes of the ledger see it. Times are those of [`uptime`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    pub(crate) failures: u32,
    pub(crate) opened: u32,
    pub(crate) open_until: i64,
    pub(crate) probe_until: i64,
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
    /// Ledgers that were lost while this process had them open, and still owe something.
    lost: RwLock<Vec<Arc<Lost>>>,
    /// When the file was last tried, where it cannot be used.
    tried: Mutex<Instant>,
    /// This process has set the file aside, so it is no news that it is gone.
    set_aside: AtomicBool,
    /// Something is owed in memory that belongs into the file.
    owes_in_memory: AtomicBool,
    /// The largest number seen, for the numbers in memory.
    last: AtomicI64,
    /// Until when the file is known to be busy, by [`uptime`]: what can do without it does not wait for it.
    busy_until: AtomicI64,
}

impl Ledger {
    /// Opens the ledger of the settings.
    pub(crate) fn open(config: &Arc<Config>, notices: &Arc<Notices>) -> Ledger {
        let ledger = Ledger {
            config: Arc::clone(config),
            notices: Arc::clone(notices),
            file: RwLock::new(None),
            memory: OnceLock::new(),
            lost: RwLock::default(),
            tried: Mutex::new(Instant::now()),
            set_aside: AtomicBool::new(false),
            owes_in_memory: AtomicBool::new(false),
            last: AtomicI64::new(0),
            busy_until: AtomicI64::new(0),
        };
        match &config.ledger {
            LedgerPlace::Memory => {}
            LedgerPlace::Homeless => notices.say(Code::LedgerUnavailable, || {
                "no place for the ledger: set `ledger` to a path on a local disk; until then it is kept in memory"
                    .into()
            }),
            LedgerPlace::File(path) => {
                let opened = ledger.opened(path);
                if opened.as_ref().is_some_and(|shelf| shelf.book.orphans) {
                    ledger.say_orphaned();
                }
                ledger.put(opened);
            }
        }
        if ledger.file().is_none() {
            ledger.memory();
        }
        ledger
    }

    /// A busy file is not waited for longer than the call has time.
    fn open_shelf(&self, path: &Path) -> Result<(Shelf, Option<PathBuf>), String> {
        let patience = Instant::now() + self.config.deadline.mul_f64(SHARE_FOR_OPENING);
        book::patiently(patience, || Shelf::open(path, &self.config))
    }

    fn opened(&self, path: &Path) -> Option<Arc<Shelf>> {
        match self.open_shelf(path) {
            Ok((shelf, damaged)) => {
                if let Some(aside) = damaged {
                    self.say_damaged(&aside);
                }
                if shelf.is_sealed() {
                    self.say_sealed();
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

    fn say_damaged(&self, aside: &Path) {
        self.notices.say(Code::LedgerDamaged, || {
            format!(
                "the ledger was damaged; it was set aside as {}, and a new one begun: users are checked at \
                 Kinde anew, and what was owed in it may be got back with `sqlite3 {0} .recover`",
                aside.display()
            )
        });
    }

    fn say_sealed(&self) {
        self.notices.say(Code::LedgerSealed, || {
            "something in the outbox is sealed under a client secret that is not known here: another application's, which \
             delivers it, or the one before a rotation, which is to be given as previous_client_secret"
                .into()
        });
    }

    fn say_orphaned(&self) {
        self.notices.say(Code::LedgerReplaced, || {
            "the ledger's file was gone and what SQLite keeps beside it was not; that was set aside (its name has \
             `.orphaned-` in it), and a new ledger begun: users are checked at Kinde anew, and what was owed is \
             delivered only if a process still has the old file open"
                .into()
        });
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
            let opened = self.open_shelf(path).ok().map(|(shelf, _)| Arc::new(shelf))?;
            self.goes_on(None, &opened).ok()?;
            if opened.is_sealed() {
                self.say_sealed();
            }
            self.put(Some(Arc::clone(&opened)));
            return Some(opened);
        }
        let opened = self.opened(path);
        if let (Some(lost), Some(found)) = (&now, &opened) {
            let _ = self.goes_on(Some(lost), found).and_then(|()| found.adopt_keys(lost));
            if !self.set_aside.swap(false, Ordering::Relaxed) {
                self.notices.say(Code::LedgerReplaced, || {
                    "the ledger was removed or replaced while it was in use; it was begun anew with what was owed"
                        .into()
                });
            }
        }
        if opened.is_none() {
            // With the lost one's key.
            self.memory();
        }
        if let Some(lost) = now {
            self.still_owes(lost);
        }
        *tried = Instant::now();
        self.put(opened.clone());
        opened
    }

    /// The book in this process's memory, made when first needed.
    fn memory(&self) -> Option<&Arc<Shelf>> {
        let make = || Some(Arc::new(Shelf::in_memory(&self.config, self.file().as_deref()).ok()?));
        self.memory.get_or_init(make).as_ref()
    }

    /// The same, with numbers that go on where the file's ended; beyond any that a file has given where there is none:
    /// what is owed in memory is to be newer there.
    fn memory_instead(&self) -> Option<&Arc<Shelf>> {
        let memory = self.memory()?;
        let last = match self.file() {
            Some(file) => file.book.last_number().unwrap_or(0),
            None if memory.book.last_number().is_ok_and(|last| last == 0) => now(),
            None => 0,
        };
        memory.book.number_from(last.max(self.last.load(Ordering::Relaxed))).ok()?;
        Some(memory)
    }

    /// The numbers of a file that is used from now on go on where those before it ended.
    fn goes_on(&self, before: Option<&Shelf>, file: &Shelf) -> rusqlite::Result<()> {
        let memory = self.memory.get().into_iter().flatten();
        let ends = memory.map(Arc::as_ref).chain(before).filter_map(|shelf| shelf.book.last_number().ok());
        file.book.number_from(ends.fold(self.last.load(Ordering::Relaxed), i64::max))
    }

    fn shelves(&self) -> impl Iterator<Item = Arc<Shelf>> {
        self.file().into_iter().chain(self.memory.get().into_iter().flatten().cloned())
    }

    /// Wherever something may be owed.
    fn owing(&self) -> impl Iterator<Item = Arc<Shelf>> {
        self.shelves().chain(self.lost().into_iter().map(|lost| Arc::clone(&lost.shelf)))
    }

    /// Does it in the file, or in memory where the file cannot be used.
    fn somewhere<T>(&self, work: impl Fn(&Shelf) -> rusqlite::Result<T>) -> Option<T> {
        if let Some(file) = self.present_file() {
            let patience = Instant::now() + self.config.deadline.mul_f64(SHARE_FOR_LEDGER);
            match book::patiently(patience, || work(&file)) {
                Ok(done) => return Some(done),
                Err(error) => {
                    if book::is_busy(&error) {
                        self.busy_until.store(uptime() + millis(BUSY), Ordering::Relaxed);
                    }
                    self.failed(&file, &error);
                }
            }
        }
        work(self.memory_instead()?).ok()
    }

    /// The same for what nobody misses if it stays in memory: a busy file is not waited for twice.
    fn nearby<T>(&self, work: impl Fn(&Shelf) -> rusqlite::Result<T>) -> Option<T> {
        match uptime() < self.busy_until.load(Ordering::Relaxed) {
            true => work(self.memory_instead()?).ok(),
            false => self.somewhere(work),
        }
    }

    fn failed(&self, file: &Shelf, error: &rusqlite::Error) {
        if let LedgerPlace::File(path) = &self.config.ledger
            && book::is_damage(error)
            && file.is_at(path)
            && let Some(aside) = shelf::set_aside(path, file.file)
        {
            // The next call finds it gone, and takes over what can be read.
            self.set_aside.store(true, Ordering::Relaxed);
            self.say_damaged(&aside);
            return;
        }
        self.notices.say(Code::LedgerUnavailable, || {
            format!("the ledger cannot be written; it goes on in memory: {error}")
        });
    }

    /// Every key under which a user may be known here.
    pub(crate) fn keys(&self) -> Vec<Arc<DataKey>> {
        self.shelves().flat_map(|shelf| shelf.keys().cloned().collect::<Vec<_>>()).collect()
    }

    /// The key that digests and seals; none only where the system has no random bytes to give.
    pub(crate) fn key(&self) -> Option<Arc<DataKey>> {
        self.shelves().next().map(|shelf| Arc::clone(&shelf.key))
    }

    // One user, one way at a time.

    /// Numbers a call as it is accepted, tries to take the user's turn for it, and tells what is known of him then.
    pub(crate) fn enter(&self, user: Digest, lease: Duration) -> Entered {
        reached("before_enter");
        let entered = self.somewhere(|shelf| {
            let entered = shelf.book.enter(user, uptime(), millis(lease))?;
            // What this process owes in memory would be gone with it.
            self.take_over(shelf);
            Ok(entered)
        });
        reached("after_enter");
        let mut entered = entered.unwrap_or_else(|| {
            let seq = self.last.fetch_add(1, Ordering::Relaxed) + 1;
            Entered { seq, owner: owner(), mine: true, carried: None }
        });
        self.last.fetch_max(entered.seq, Ordering::Relaxed);
        // What is in memory was written after the file could not be.
        if self.memory.get().is_some() {
            entered.carried = self.recall(user);
        }
        entered
    }

    /// A number for a call that needs no turn.
    pub(crate) fn next_seq(&self) -> i64 {
        let seq = self.somewhere(|shelf| shelf.book.number());
        let seq = seq.unwrap_or_else(|| self.last.fetch_add(1, Ordering::Relaxed) + 1);
        self.last.fetch_max(seq, Ordering::Relaxed);
        seq
    }

    /// Takes a turn that may be free by now. Not where that cannot be written: the other call may still be under way.
    pub(crate) fn take_turn(&self, task: Task, lease: Duration) -> bool {
        reached("before_take_turn");
        let patience = Instant::now() + self.config.deadline.mul_f64(SHARE_FOR_LEDGER);
        let take = |shelf: Arc<Shelf>| {
            if shelf.book.is_anothers_turn(task, uptime())? {
                return Ok(false);
            }
            shelf.book.take_turn(task, uptime(), millis(lease))
        };
        let shelf = self.present_file().or_else(|| self.memory().cloned());
        let taken = book::patiently(patience, || shelf.map(take));
        reached("after_take_turn");
        taken.is_none_or(|taken: rusqlite::Result<bool>| taken.unwrap_or(false))
    }

    pub(crate) fn release_turn(&self, task: Task) {
        reached("before_release");
        for shelf in self.shelves() {
            let _ = shelf.book.release_turn(task);
        }
        reached("after_release");
    }

    // Who has been carried over.

    pub(crate) fn recall(&self, user: Digest) -> Option<Carried> {
        // What is in memory was written after the file could not be.
        let memory = self.memory.get().into_iter().flatten().cloned();
        memory.chain(self.file()).find_map(|shelf| shelf.book.recall(user).ok().flatten())
    }

    /// Remembers and ends the turn; where nothing can be written, a later sign-in only costs its calls again. `false`:
    /// something older is owed in the file and could not be taken out there, so this must be owed too.
    #[must_use]
    pub(crate) fn remember(&self, task: Task, carried: &Carried, patience: Instant) -> bool {
        reached("before_remember");
        let in_file = book::patiently(patience, || {
            self.somewhere(|shelf| {
                shelf.book.remember(task, carried, carried.changed.unwrap_or_else(uptime))?;
                Ok(shelf.is_a_file())
            })
        });
        // What was owed in memory from a time when the file could not be written is settled too.
        if let (Some(Some(memory)), Some(true)) = (self.memory.get(), in_file) {
            let _ = memory.book.drop_owed(task);
            let _ = memory.book.forget(task.user);
        }
        reached("after_remember");
        let is_owed = |file: Arc<Shelf>| !matches!(file.book.pending(task.user, Intent::Password), Ok(None));
        in_file == Some(true) || carried.kept || !self.file().is_some_and(is_owed)
    }

    pub(crate) fn forget(&self, user: Digest) {
        reached("before_forget");
        for shelf in self.shelves() {
            let _ = shelf.book.forget(user);
        }
        reached("after_forget");
    }

    /// Notes that a create is about to be sent for a user; `false` if one had been noted that came to no end.
    pub(crate) fn begin_create(&self, user: Digest) -> bool {
        self.somewhere(|shelf| shelf.book.begin_create(user)).unwrap_or(true)
    }

    pub(crate) fn create_begun(&self, user: Digest) -> bool {
        self.shelves().any(|shelf| shelf.book.create_begun(user).unwrap_or(false))
    }

    pub(crate) fn drop_create(&self, user: Digest) {
        for shelf in self.shelves() {
            let _ = shelf.book.drop_create(user);
        }
    }

    // What is owed.

    /// What is owed to a user under this number or an earlier one has been overtaken.
    pub(crate) fn drop_owed(&self, task: Task) {
        reached("before_drop");
        for shelf in self.owing() {
            let _ = shelf.book.drop_owed(task);
        }
        reached("after_drop");
    }

    /// What is owed to a user, opened, and whether it has been given up.
    pub(crate) fn pending(&self, user: Digest, intent: Intent) -> Option<(Zeroizing<Vec<u8>>, bool)> {
        self.owing().find_map(|shelf| {
            let (sealed, dead) = shelf.book.pending(user, intent).ok().flatten()?;
            shelf.key.open(&place(user, intent), &sealed).map(|text| (text, dead))
        })
    }

    /// Whether something later has been done for a user, or is owed to him, anywhere.
    pub(crate) fn overtaken(&self, task: Task) -> bool {
        self.owing().any(|shelf| shelf.book.overtaken(task).unwrap_or(false))
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
            let times = (now(), uptime() + millis(due));
            shelf.book.owe(task, (shelf.key.id, &sealed), times, dead, reason.as_str())
        };
        reached("before_owe");
        let put = |shelf: &Shelf| {
            put(shelf)?;
            Ok(shelf.is_a_file())
        };
        let owed = book::patiently(patience, || self.somewhere(put));
        self.owes_in_memory.fetch_or(owed == Some(false), Ordering::Relaxed);
        reached("after_owe");
        owed.is_some()
    }

    /// The next entry that is due, with its text and a handle to give it back by.
    pub(crate) fn claim(&self, lease: Duration) -> Option<(Owed, Zeroizing<Vec<u8>>)> {
        loop {
            let file = self.present_file();
            let more =
                file.as_ref().or_else(|| self.memory.get()?.as_ref()).is_some_and(|to| self.take_over(to));
            reached("before_claim");
            match self.claimed(lease) {
                None if more => {}
                other => return other,
            }
        }
    }

    fn claimed(&self, lease: Duration) -> Option<(Owed, Zeroizing<Vec<u8>>)> {
        for shelf in self.shelves() {
            for key in shelf.keys() {
                while let Some(claim) = shelf.book.claim(key.id, uptime(), millis(lease)).ok().flatten() {
                    reached("after_claim");
                    let owed = Owed { shelf: Arc::clone(&shelf), key: Arc::clone(key), claim };
                    let claim = &owed.claim;
                    if let Some(text) = key.open(&place(claim.user, claim.intent), &claim.sealed) {
                        return Some((owed, text));
                    }
                    let (sealed, code) = (&claim.sealed, Code::LedgerSealed.as_str());
                    let task = claim.task(owner());
                    if shelf.book.put_back(claim, task, sealed, 0, true, code).is_err() {
                        break;
                    }
                }
            }
        }
        None
    }

    /// An entry is done; `task` names the user under the present key. `false`: that could not be written, so it is claimed
    /// and done once more.
    #[must_use]
    pub(crate) fn settle(&self, owed: &Owed, task: Task, carried: Option<&Carried>) -> bool {
        reached("before_settle");
        let changed = carried.and_then(|carried| carried.changed).unwrap_or_else(uptime);
        let settled = book::patiently(Instant::now() + PATIENCE, || {
            owed.shelf.book.settle(&owed.claim, task, carried, changed)
        });
        reached("after_settle");
        let Err(error) = settled else { return true };
        if book::is_damage(&error) {
            self.failed(&owed.shelf, &error);
        }
        self.notices.say(Code::LedgerUnavailable, || {
            format!("the ledger cannot be written, so what has just been delivered is delivered once more: {error}")
        });
        false
    }

    /// How long until the next entry is due that nobody has in hand.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let earliest = || {
            self.owing()
                .filter_map(|shelf| {
                    shelf.keys().filter_map(|key| shelf.book.next_due(key.id).ok().flatten()).min()
                })
                .min()
        };
        let mut due = earliest()?;
        if due > uptime() + FAR {
            for shelf in self.owing() {
                let _ = shelf.book.mend_times(uptime());
            }
            due = earliest()?;
        }
        Some(Duration::from_millis(u64::try_from(due - uptime()).unwrap_or(0)))
    }

    /// The dead letters, oldest first; at most `limit`.
    pub(crate) fn dead(&self, limit: u32) -> Vec<Dead> {
        let mut letters = Vec::new();
        for shelf in self.owing() {
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
        self.owing().map(|shelf| shelf.book.retry(which, uptime()).unwrap_or(0) as u64).sum()
    }

    /// Dead letters are given up for good; how many there were.
    pub(crate) fn discard(&self, which: Which<'_>) -> u64 {
        self.owing().map(|shelf| shelf.book.discard(which).unwrap_or(0) as u64).sum()
    }

    /// How many entries wait. Unlike the tally it does not count everybody who was carried over.
    pub(crate) fn owed(&self) -> u64 {
        self.owing().map(|shelf| shelf.book.owed().unwrap_or(0)).sum()
    }

    pub(crate) fn tally(&self) -> Tally {
        let mut tally = Tally { in_memory: self.file().is_none(), ..Tally::default() };
        for shelf in self.shelves() {
            tally.carried += shelf.book.carried().unwrap_or(0);
            tally.tokens_this_month += shelf.book.tokens_used(shelf.key.id, month()).unwrap_or(0);
        }
        for shelf in self.owing() {
            if let Ok(counts) = shelf.book.counts() {
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
        }
        tally
    }

    // What the processes share besides.

    pub(crate) fn health(&self) -> Health {
        self.shelves().next().and_then(|shelf| shelf.book.health(shelf.key.id).ok()).unwrap_or_default()
    }

    /// Changes the health for everybody; the new one.
    pub(crate) fn change_health(&self, change: impl Fn(Health) -> Health) -> Health {
        self.nearby(|shelf| shelf.book.change_health(shelf.key.id, &change)).unwrap_or_default()
    }
}

impl Drop for Ledger {
    /// A last try to bring what is owed in memory, or by a lost ledger, to the disk.
    fn drop(&mut self) {
        if self.owes_in_memory.load(Ordering::Relaxed) || !self.lost().is_empty() {
            *lock(&self.tried) = Instant::now().checked_sub(AGAIN).unwrap_or_else(Instant::now);
            if let Some(file) = self.present_file() {
                while self.take_over(&file) {}
            }
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
        reached("before_renew");
        let renewed = self.shelf.book.renew(&self.claim, uptime(), millis(lease)).unwrap_or(true);
        reached("after_renew");
        renewed
    }

    pub(crate) fn put_back(&self, task: Task, text: &[u8], wait: Duration, dead: bool, reason: Code) {
        reached("before_put_back");
        if let Some(sealed) = self.key.seal(&place(self.claim.user, self.claim.intent), text) {
            let due = uptime() + millis(wait);
            let _ = self.shelf.book.put_back(&self.claim, task, &sealed, due, dead, reason.as_str());
        }
        reached("after_put_back");
    }

    /// Takes the user's turn for its delivery, or keeps it; not where that cannot be written: nobody waits for a delivery.
    pub(crate) fn take_turn(&self, task: Task, lease: Duration) -> bool {
        reached("before_take_turn");
        let taken = self.shelf.book.take_turn(task, uptime(), millis(lease)).unwrap_or(false);
        reached("after_take_turn");
        taken
    }

    /// It was not worked on.
    pub(crate) fn hand_back(&self, wait: Duration) {
        reached("before_hand_back");
        let _ = self.shelf.book.hand_back(&self.claim, uptime() + millis(wait));
        reached("after_hand_back");
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

/// Milliseconds of [`uptime_micros`].
pub(crate) fn uptime() -> i64 {
    uptime_micros() / 1000
}

/// Microseconds on a clock that all processes of a host share and nobody sets, for leases and waits: two processes that
/// disagree on the time of day would take each other's leases for over. It begins anew with the host; what it leaves
/// behind then is in the far future at most, or waits for minutes.
#[allow(unsafe_code, reason = "std has no clock that processes share but the one that is set")]
#[allow(clippy::useless_conversion, reason = "the fields have 32 bits on some systems")]
pub(crate) fn uptime_micros() -> i64 {
    #[cfg(target_os = "linux")]
    const CLOCK: libc::clockid_t = libc::CLOCK_BOOTTIME;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes to the one struct that it is given, and every kernel that Rust runs on knows these clocks.
    unsafe { libc::clock_gettime(CLOCK, &mut time) };
    time.tv_sec * 1_000_000 + time.tv_nsec / 1000
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
