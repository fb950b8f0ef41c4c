//! What is taken over from ledgers that were lost while this process had them open, and from its memory after a time when
//! the file could not be written: a little at a time, since it may be a login that waits.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::outbox::Sealed;
use super::owed::sealed_for;
use super::shelf::Shelf;
use super::{Ledger, SHARE_FOR_LEDGER, now, uptime};
use crate::steps::reached;

/// So many entries are taken over with one call.
const A_FEW: u32 = 10;

/// A lost ledger.
pub(super) struct Lost {
    pub(super) shelf: Arc<Shelf>,
    /// Held by whoever takes over what it owes.
    so_far: Mutex<SoFar>,
}

/// How much is taken over at a time: somebody may be waiting.
#[derive(Clone, Copy)]
struct Share {
    most: u32,
    until: Instant,
}

/// How far a lost book has been taken over: numbers.
struct SoFar {
    compared: i64,
    adopted: i64,
}

impl Default for SoFar {
    fn default() -> SoFar {
        SoFar { compared: i64::MIN, adopted: i64::MIN }
    }
}

/// What came of it.
#[derive(Default)]
struct Adopted {
    /// Nothing is left there.
    all: bool,
    /// Something is sealed under a client secret that is not known here.
    sealed: bool,
}

impl Ledger {
    /// What had to be owed in memory, and what lost ledgers owe, goes where it belongs, a little at a time: it may be a login
    /// that waits. Whether there is more.
    pub(super) fn take_over(&self, to: &Shelf) -> bool {
        let until = Instant::now() + self.config.deadline.mul_f64(SHARE_FOR_LEDGER);
        let share = Share { most: A_FEW, until };
        let mut more = to.is_a_file() && self.memory_to(to, share);
        for lost in self.lost() {
            // Put back in its place meanwhile: what it took over from itself it would take out afterwards.
            if to.is_a_file() && lost.shelf.file == to.file {
                self.owes_no_more(&lost);
                continue;
            }
            let Ok(mut so_far) = lost.so_far.try_lock() else { continue };
            self.owes_in_memory.fetch_or(!to.is_a_file(), Ordering::Relaxed);
            let Ok(adopted) = to.take_over_from(&lost.shelf, &mut so_far, share) else { continue };
            if adopted.sealed {
                self.say_sealed();
            }
            if adopted.all {
                self.owes_no_more(&lost);
            }
            more |= !adopted.all;
        }
        more
    }

    fn memory_to(&self, file: &Shelf, share: Share) -> bool {
        let Some(Some(memory)) = self.memory.get() else { return false };
        if !self.owes_in_memory.swap(false, Ordering::Relaxed) {
            return false;
        }
        let adopted = file.adopt_owed(memory, &mut { i64::MIN }, share);
        let all = adopted.as_ref().is_ok_and(|adopted| adopted.all);
        self.owes_in_memory.fetch_or(!all, Ordering::Relaxed);
        adopted.is_ok() && !all
    }

    pub(super) fn lost(&self) -> Vec<Arc<Lost>> {
        self.lost.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn owes_no_more(&self, lost: &Arc<Lost>) {
        let mut all = self.lost.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|one| !Arc::ptr_eq(one, lost));
    }

    /// A ledger was lost while this process had it open.
    pub(super) fn still_owes(&self, shelf: Arc<Shelf>) {
        let lost = Arc::new(Lost { shelf, so_far: Mutex::default() });
        self.lost.write().unwrap_or_else(PoisonError::into_inner).push(lost);
    }
}

impl Shelf {
    /// Takes over the keys of a lost book; of a damaged one, what can be read.
    pub(super) fn adopt_keys(&self, lost: &Shelf) -> rusqlite::Result<()> {
        let keys = lost.book.keys(&lost.realm).unwrap_or_default();
        keys.iter().try_for_each(|row| self.book.adopt_key(&lost.realm, row, now()))
    }

    /// Takes over what a lost book owes. First it drops what that one knows to be overtaken, as an older copy has it.
    fn take_over_from(&self, lost: &Shelf, so_far: &mut SoFar, share: Share) -> rusqlite::Result<Adopted> {
        const LOOKS: u32 = 100;
        let entries = self.book.entries(so_far.compared, false, LOOKS)?;
        for entry in &entries {
            if lost.book.overtaken(entry.task()).unwrap_or(false) {
                self.book.remove(entry)?;
            }
            so_far.compared = entry.seq;
        }
        match entries.len() < LOOKS as usize {
            true => self.adopt_owed(lost, &mut so_far.adopted, share),
            false => Ok(Adopted::default()),
        }
    }

    /// Takes over what another book owes after a number: it is sealed anew, and taken out there once it is on the disk here.
    fn adopt_owed(&self, other: &Shelf, after: &mut i64, share: Share) -> rusqlite::Result<Adopted> {
        let mut adopted = Adopted::default();
        for entry in other.book.entries(*after, false, share.most)? {
            reached("before_adopt");
            self.book.number_from(entry.shield.unwrap_or(entry.seq))?;
            let sealed = other
                .opened(&entry)
                .and_then(|text| self.key.seal(&sealed_for(entry.address, entry.intent), &text))
                .map(|sealed| (self.key.id, sealed));
            // Sealed under a secret that is not known here: as it is.
            adopted.sealed |= sealed.is_none();
            let (key, text) = sealed.unwrap_or_else(|| (entry.key, entry.sealed.clone()));
            let (sealed, times) = (Sealed { key, tag: entry.tag, text: &text }, (entry.created, uptime()));
            self.book.owe(entry.task(), &sealed, times, entry.dead, &entry.reason)?;
            *after = entry.seq;
            reached("between_adopt");
            // A damaged one may be read only.
            let _ = other.book.remove(&entry);
            reached("after_adopt");
            if Instant::now() >= share.until {
                break;
            }
        }
        adopted.all = other.book.entries(*after, false, 1)?.is_empty();
        Ok(adopted)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use crate::code::Code;
    use crate::ledger::{Digest, Intent, Ledger, Person, Task, UNFINISHED, owner};
    use crate::notice::Notices;
    use crate::settings::Settings;

    const LEASE: Duration = Duration::from_secs(10);

    fn ledger(path: &Path) -> Ledger {
        let settings = [
            ("domain", "http://127.0.0.1:9"),
            ("client_id", "me"),
            ("client_secret", "secret"),
            ("ledger", path.to_str().unwrap()),
        ];
        let set = |settings: Settings, (name, value)| settings.with(name, value).unwrap();
        let config = settings.into_iter().fold(Settings::new(), set).resolve().unwrap();
        Ledger::open(&config.into(), &Notices::default().into())
    }

    fn person(n: u8) -> Person {
        Person { address: Digest([n; 16]), provided: None }
    }

    fn change(ledger: &Ledger, n: u8) {
        let person = person(n);
        let entered = ledger.enter(person, LEASE);
        let (seq, shield, owner) = (entered.seq, Some(UNFINISHED), entered.owner);
        let task = Task { person, intent: Intent::Password, seq, shield, owner };
        let patience = std::time::Instant::now() + LEASE;
        let recorded =
            ledger.owe(task, person.address, &[n], Duration::ZERO, (false, Code::Deadline), patience);
        assert!(recorded.is_some());
    }

    #[test]
    fn what_a_lost_ledger_owes_is_taken_over_a_little_at_a_time() {
        const OWED: u8 = 35;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let ledger = ledger(&path);
        (1..=OWED).for_each(|n| change(&ledger, n));
        std::fs::remove_dir_all(folder.path()).unwrap();
        change(&ledger, 1);
        let present = ledger.present_file().unwrap();
        let taken = present.book.owed().unwrap();
        assert!((1..=11).contains(&taken), "one call takes over a few: {taken}");
        assert_eq!(ledger.owed(), u64::from(OWED), "and what is left is known");
        assert!(ledger.pending(person(OWED), Intent::Password).is_some());
        let older =
            Task { person: person(OWED), intent: Intent::Password, seq: 1, shield: None, owner: owner() };
        assert!(ledger.overtaken(older));
        assert_eq!(ledger.next_due(), Some(Duration::ZERO));
        let claimed: std::collections::BTreeSet<_> =
            std::iter::from_fn(|| ledger.claim(LEASE)).map(|(owed, _)| owed.claim.address.0).collect();
        assert_eq!(claimed.len(), usize::from(OWED), "a worker comes to all of it");
        assert!(ledger.lost().is_empty());
    }

    #[test]
    fn one_that_is_put_back_takes_nothing_over_from_itself() {
        let folder = tempfile::tempdir().unwrap();
        let (path, aside) = (folder.path().join("a/ledger.db"), folder.path().join("aside"));
        let ledger = ledger(&path);
        (1..=25).for_each(|n| change(&ledger, n));
        std::fs::rename(path.parent().unwrap(), &aside).unwrap();
        change(&ledger, 26);
        std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
        std::fs::rename(&aside, path.parent().unwrap()).unwrap();
        (27..=28).for_each(|n| change(&ledger, n));
        let claimed: std::collections::BTreeSet<_> =
            std::iter::from_fn(|| ledger.claim(LEASE)).map(|(owed, _)| owed.claim.address.0[0]).collect();
        assert_eq!(claimed, (1..=28).collect());
    }

    #[test]
    fn what_is_left_is_taken_over_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        {
            let ledger = ledger(&path);
            (1..=35).for_each(|n| change(&ledger, n));
            std::fs::remove_dir_all(folder.path()).unwrap();
            change(&ledger, 36);
        }
        assert_eq!(ledger(&path).owed(), 36);
    }
}
