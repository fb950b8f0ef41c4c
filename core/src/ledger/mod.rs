//! What is done and what is owed, on the disk and shared by all processes of a host.
//!
//! | file | what it knows |
//! |---|---|
//! | `book` | one SQLite database: opening, transactions, forks, keys |
//! | `carried`, `outbox`, `turns`, `pace`, `token`, `shared`, `holdoffs` | what is asked of its tables |
//! | `owed` | what is owed, wherever it lies |
//! | `shelf` | a book and the keys to it |
//! | `lost` | what is taken over from ledgers that were lost, and from memory |
//! | `seal` | sealing and keyed digests |
//! | `choice` | where the file is, if nobody says so |
//! | `place` | the file and its folder |
//! | `filesystem` | whether that is on a local disk |
//! | `clock` | uptime and time of day |
//! | `still` | that nobody is inside SQLite while the process forks |
//!
//! Where the file cannot be opened or written, the ledger says so once and goes on in memory; what is owed there goes
//! to the file as soon as it can be written again.

mod book;
mod carried;
mod choice;
mod clock;
mod filesystem;
mod holdoffs;
mod lost;
mod outbox;
mod owed;
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
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::code::Code;
use crate::notice::Notices;
use crate::process::lock;
use crate::settings::Config;
use crate::steps::reached;
use book::Book;
pub(crate) use choice::{LedgerPlace, Place, ledger_place};
use clock::{millis, month};
pub(crate) use clock::{now, uptime, uptime_micros};
use lost::Lost;
pub use outbox::Which;
pub(crate) use owed::Owed;
pub(crate) use pace::{Caller, Step};
pub(crate) use seal::{ClientKey, DataKey, Digest, fill, random};
use shelf::Shelf;
pub(crate) use still::watch as watch_forks;
pub(crate) use token::{Fetching, SharedToken, TokenTurn};
pub(crate) use turns::{NOBODY, owner};

/// No wait and no lease reaches this far, in milliseconds: what does was written before the host was started anew.
const FAR: i64 = 10 * 60 * 1000;
/// A sign-in that comes this soon after a change of password (milliseconds) and brings another password was accepted before
/// the change: the longest that a request is likely to be under way.
pub(crate) const STALE_FOR: i64 = 60_000;
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

/// Who a call is about, by keyed digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// Of the identity that is looked up in Kinde.
    pub(crate) address: Digest,
    /// Of the old system's id of the user, where the call gives one. It is what a person is; without it, the address is.
    pub(crate) provided: Option<Digest>,
}

/// Whom the ledger knows by an address and, perhaps, an id.
#[derive(Clone)]
pub(crate) enum Known {
    Nobody,
    /// This person; or, for a call with an id that is new here, perhaps them: they are known by the address alone.
    Person(Carried),
    /// The address is another person's, by their id.
    Another,
    /// The call gives no id, and the address is several persons'.
    Several,
}

/// A call or a delivery, as the ledger knows it.
#[derive(Clone, Copy)]
pub(crate) struct Task {
    pub(crate) person: Person,
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
    /// Of the identity by which they were last looked up.
    pub(crate) address: Digest,
    /// Of the old system's id of the user, where it is known.
    pub(crate) provided: Option<Digest>,
    pub(crate) version: Option<Digest>,
    /// The salt of the hash made here, where that hash is the version.
    pub(crate) salt: Option<[u8; 16]>,
    /// Of the stored hash that was set, until a typed password has proven that it is mapped rightly.
    pub(crate) unproven: Option<Digest>,
    /// Left alone by a policy.
    pub(crate) kept: bool,
    /// When the password was changed last, if it was, by [`uptime`].
    pub(crate) changed: Option<i64>,
}

impl Carried {
    /// Under which digest the row stands.
    pub(crate) fn person(&self) -> Digest {
        self.provided.unwrap_or(self.address)
    }
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
    pub(crate) known: Known,
    /// Whether something may be owed to the user.
    pub(crate) owed: bool,
}

/// How Kinde does, as all processes of the ledger see it. Times are those of [`uptime`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    pub(crate) failures: u32,
    pub(crate) opened: u32,
    pub(crate) open_until: i64,
    pub(crate) probe_until: i64,
    /// When it last answered well, give or take some seconds.
    pub(crate) answered: i64,
    /// For whom: enough of a digest to tell users apart.
    pub(crate) answered_for: i64,
    /// The number of the code of what went wrong since; 0: nothing.
    pub(crate) error: i32,
}

/// What the ledger counts.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) carried: u64,
    pub(crate) owed: u64,
    pub(crate) pending_by_reason: Vec<(String, u64)>,
    pub(crate) sealed: u64,
    pub(crate) not_durable: u64,
    pub(crate) unproven: u64,
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
    /// Where the file is, or will be; none where the ledger is kept in memory by choice, or there is no place.
    place: Option<Place>,
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
    /// The last step of the pace was taken in memory.
    paced_in_memory: AtomicBool,
    /// When it was last looked for entries that nobody here can open, and whether there were any.
    sealed: Mutex<(Option<Instant>, bool)>,
}

impl Ledger {
    /// Opens the ledger of the settings.
    pub(crate) fn open(config: &Arc<Config>, notices: &Arc<Notices>) -> Ledger {
        let place = config.ledger.choose();
        let ledger = Ledger {
            config: Arc::clone(config),
            notices: Arc::clone(notices),
            place,
            file: RwLock::new(None),
            memory: OnceLock::new(),
            lost: RwLock::default(),
            tried: Mutex::new(Instant::now()),
            set_aside: AtomicBool::new(false),
            owes_in_memory: AtomicBool::new(false),
            last: AtomicI64::new(0),
            busy_until: AtomicI64::new(0),
            paced_in_memory: AtomicBool::new(false),
            sealed: Mutex::default(),
        };
        match &ledger.place {
            None if ledger.by_choice() => {}
            None => notices.say(Code::LedgerUnavailable, || {
                "no place for the ledger: set `ledger` to a path on a local disk; until then it is kept in memory"
                    .into()
            }),
            Some(Place { path, .. }) => {
                let opened = ledger.opened(path);
                if opened.as_ref().is_some_and(|shelf| shelf.book.orphans) {
                    ledger.say_orphaned();
                }
                ledger.put(opened);
                ledger.say_left_behind();
            }
        }
        if ledger.file().is_none() {
            ledger.memory();
        }
        ledger
    }

    /// Whether it is kept in memory because the settings say so.
    pub(crate) fn by_choice(&self) -> bool {
        matches!(self.config.ledger, LedgerPlace::Memory)
    }

    /// Whether what is written there outlives this process and the host's next start.
    fn is_durable(&self, shelf: &Shelf) -> bool {
        shelf.is_a_file() && self.place.as_ref().is_some_and(|place| place.durable)
    }

    /// An error that is not passed on is logged.
    fn heard<T>(&self, done: rusqlite::Result<T>) -> Option<T> {
        done.inspect_err(|error| tracing::warn!(%error, "the ledger could not be read or written")).ok()
    }

    fn say_not_durable(&self) {
        self.notices.say(Code::LedgerNotDurable, || {
            let path = self.place.as_ref().map(|place| place.path.display().to_string()).unwrap_or_default();
            format!(
                "what was queued is held in {path}, a folder for temporary files, and may be lost; set `ledger` to a path on a \
                 local disk that this user may write to, such as /var/lib/kinde-migrate/ledger.db"
            )
        });
    }

    /// Ledgers with pending entries at places where this one might have been before.
    pub(crate) fn left_behind(&self) -> Vec<PathBuf> {
        let chosen = self.place.as_ref().map(|place| place.path.as_path());
        let others = self.config.ledger.others(chosen);
        others.into_iter().filter(|path| Book::pending_in(path).is_some_and(|pending| pending > 0)).collect()
    }

    fn say_left_behind(&self) {
        for path in self.left_behind() {
            self.notices.say(Code::LedgerLeftBehind, || {
                format!(
                    "a ledger with pending entries lies in {}, where this process does not use it; deliver it with \
                     `kinde-migrate work --once --ledger {0}`, or set `ledger` to one place for all",
                    path.display()
                )
            });
        }
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
                if shelf.sealed() > 0 {
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
            "entries in the outbox are sealed under another client secret of this application: a mistyped one, or the one \
             before a rotation. Give that value as previous_client_secret and they are delivered; if it is lost, each user's \
             next sign-in replaces their entry, and `kinde-migrate dead drop --sealed` gives up the rest"
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
        let path = &self.place.as_ref()?.path;
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
            if opened.sealed() > 0 {
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
        if let Some(Place { path, .. }) = &self.place
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

    /// Numbers a call as it is accepted, tries to take the user's turn for it, and tells what is known of them then.
    pub(crate) fn enter(&self, person: Person, lease: Duration) -> Entered {
        reached("before_enter");
        let entered = self.somewhere(|shelf| {
            let entered = shelf.book.enter(&shelf.key, person, uptime(), millis(lease))?;
            // What this process owes in memory would be gone with it.
            self.take_over(shelf);
            Ok(entered)
        });
        reached("after_enter");
        let mut entered = entered.unwrap_or_else(|| {
            let seq = self.last.fetch_add(1, Ordering::Relaxed) + 1;
            Entered { seq, owner: owner(), mine: true, known: Known::Nobody, owed: true }
        });
        self.last.fetch_max(entered.seq, Ordering::Relaxed);
        // What is in memory was written after the file could not be.
        if self.memory.get().is_some() {
            entered.known = self.recall(person);
        }
        entered.owed |= self.owes_elsewhere();
        entered
    }

    /// The same for a call that will only be owed: it takes no turn, and nothing is written. None where the file is not all
    /// there is to look at.
    pub(crate) fn glance(&self, person: Person) -> Option<Entered> {
        if self.owes_elsewhere() {
            return None;
        }
        let file = self.present_file()?;
        let entered = self.heard(file.book.glance(&file.key, person))?;
        self.last.fetch_max(entered.seq, Ordering::Relaxed);
        Some(entered)
    }

    /// Whether something may be owed anywhere but in the file.
    fn owes_elsewhere(&self) -> bool {
        self.memory.get().is_some() || !self.lost().is_empty()
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
        if task.owner == NOBODY {
            return;
        }
        reached("before_release");
        for shelf in self.shelves() {
            let _ = shelf.book.release_turn(task);
        }
        reached("after_release");
    }

    // Who has been carried over.

    pub(crate) fn recall(&self, person: Person) -> Known {
        // What is in memory was written after the file could not be.
        let memory = self.memory.get().into_iter().flatten().cloned();
        let recalled = |shelf: Arc<Shelf>| self.heard(shelf.book.recall(&shelf.key, person));
        let known =
            memory.chain(self.file()).filter_map(recalled).find(|known| !matches!(known, Known::Nobody));
        known.unwrap_or(Known::Nobody)
    }

    /// A typed password has proven the stored hash that was set for a person.
    pub(crate) fn proven(&self, carried: &Carried) {
        for shelf in self.shelves() {
            self.heard(shelf.book.proven(carried));
        }
    }

    /// Remembers and ends the turn; where nothing can be written, a later sign-in only costs its calls again. `false`:
    /// something older is owed in the file and could not be taken out there, so this must be owed too.
    #[must_use]
    pub(crate) fn remember(&self, task: Task, carried: &Carried, patience: Instant) -> bool {
        reached("before_remember");
        let in_file = book::patiently(patience, || {
            self.somewhere(|shelf| {
                shelf.book.remember(&shelf.key, task, carried, carried.changed.unwrap_or_else(uptime))?;
                Ok(shelf.is_a_file())
            })
        });
        // What was owed in memory from a time when the file could not be written is settled too.
        if let (Some(Some(memory)), Some(true)) = (self.memory.get(), in_file) {
            let _ = memory.book.drop_owed(task);
            let _ = memory.book.forget(task.person);
        }
        reached("after_remember");
        let is_owed =
            |file: Arc<Shelf>| !matches!(file.book.pending(task.person, Intent::Password), Ok(None));
        in_file == Some(true) || carried.kept || !self.file().is_some_and(is_owed)
    }

    pub(crate) fn forget(&self, person: Person) {
        reached("before_forget");
        for shelf in self.shelves() {
            self.heard(shelf.book.forget(person));
        }
        reached("after_forget");
    }

    /// Notes that a create is about to be sent for a user; `false` if one had been noted that came to no end.
    pub(crate) fn begin_create(&self, address: Digest) -> bool {
        self.somewhere(|shelf| shelf.book.begin_create(address)).unwrap_or(true)
    }

    pub(crate) fn create_begun(&self, address: Digest) -> bool {
        self.shelves().any(|shelf| shelf.book.create_begun(address).unwrap_or(false))
    }

    pub(crate) fn drop_create(&self, address: Digest) {
        for shelf in self.shelves() {
            self.heard(shelf.book.drop_create(address));
        }
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
