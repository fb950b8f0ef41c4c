//! What is owed, in the file and in memory, and one entry of it in this process's hands.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::clock::{millis, month, now, uptime};
use super::outbox::{Claim, Sealed, Which};
use super::seal::{DataKey, Digest};
use super::shelf::Shelf;
use super::turns::owner;
use super::{Carried, Dead, FAR, Intent, Ledger, PATIENCE, Person, STALE_FOR, Tally, Task, book};
use crate::code::Code;
use crate::process::lock;
use crate::steps::reached;

/// How often it is looked whether something waits that is sealed under an unknown client secret.
const LOOK_FOR_SEALED: Duration = Duration::from_secs(20);

impl Ledger {
    /// What is owed to a user under this number or an earlier one has been overtaken.
    pub(crate) fn drop_owed(&self, task: Task) {
        reached("before_drop");
        for shelf in self.owing() {
            let _ = shelf.book.drop_owed(task);
        }
        reached("after_drop");
    }

    /// What is owed to a person, opened.
    pub(crate) fn pending(&self, person: Person, intent: Intent) -> Option<Pending> {
        self.owing().find_map(|shelf| {
            let (sealed, dead) = self.heard(shelf.book.pending(person, intent)).flatten()?;
            let text = shelf.key.open(&sealed_for(person.address, intent), &sealed)?;
            Some(Pending { text, dead, durable: self.is_durable(&shelf) })
        })
    }

    /// Whether something later has been done for a user, or is owed to him, anywhere.
    pub(crate) fn overtaken(&self, task: Task) -> bool {
        self.owing().any(|shelf| shelf.book.overtaken(task).unwrap_or(false))
    }

    /// Records what is owed and ends the turn; waits for a busy ledger until `patience`. `tag` names the person under any
    /// client secret. Whether it is durable; none only where not even memory takes it.
    pub(crate) fn owe(
        &self,
        task: Task,
        tag: Digest,
        text: &[u8],
        due: Duration,
        (dead, reason): (bool, Code),
        patience: Instant,
    ) -> Option<bool> {
        let put = |shelf: &Shelf| {
            let sealed = shelf
                .key
                .seal(&sealed_for(task.person.address, task.intent), text)
                .ok_or(rusqlite::Error::InvalidQuery)?;
            let (sealed, times) =
                (Sealed { key: shelf.key.id, tag, text: &sealed }, (now(), uptime() + millis(due)));
            shelf.book.owe(task, &sealed, times, dead, reason.as_str())?;
            Ok((shelf.is_a_file(), self.is_durable(shelf)))
        };
        reached("before_owe");
        let owed = book::patiently(patience, || self.somewhere(put));
        let (in_file, durable) = owed?;
        self.owes_in_memory.fetch_or(!in_file, Ordering::Relaxed);
        reached("after_owe");
        // That the file cannot be used, and memory takes its place, has been said already.
        if !durable && in_file {
            self.say_not_durable();
        }
        Some(durable)
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
                    if let Some(text) = key.open(&sealed_for(claim.address, claim.intent), &claim.sealed) {
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
            owed.shelf.book.settle(&owed.shelf.key, &owed.claim, task, carried, changed)
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
        self.owing().map(|shelf| self.heard(shelf.book.discard(which)).unwrap_or(0) as u64).sum()
    }

    /// Whether something waits that is sealed under a client secret which is not known here. Looked for from time to time
    /// only: another process that has a wrong secret may add to it.
    pub(crate) fn has_sealed(&self) -> bool {
        let (since, sealed) = *lock(&self.sealed);
        if since.is_some_and(|since| since.elapsed() < LOOK_FOR_SEALED) {
            return sealed;
        }
        let sealed = self.file().is_some_and(|shelf| shelf.sealed() > 0);
        *lock(&self.sealed) = (Some(Instant::now()), sealed);
        sealed
    }

    /// What waits sealed for a person who has these tags will never be needed, now that this task has been carried out or
    /// recorded; but a change of password may be newer than a sign-in that comes soon after it.
    pub(crate) fn drop_sealed_of(&self, task: Task, tags: &[Digest]) {
        let Some(shelf) = self.file() else { return };
        let changes_before = if task.shield.is_some() { i64::MAX } else { now() - STALE_FOR };
        let dropped = shelf.book.drop_sealed_of(&shelf.unknown_keys(), tags, task, changes_before);
        if self.heard(dropped).unwrap_or(0) > 0 {
            lock(&self.sealed).0 = None;
        }
    }

    /// Gives up what waits sealed under client secrets that are not known here. How many entries there were.
    pub(crate) fn drop_sealed(&self) -> u64 {
        let dropped =
            |shelf: Arc<Shelf>| self.heard(shelf.book.drop_sealed(&shelf.unknown_keys())).unwrap_or(0);
        lock(&self.sealed).0 = None;
        self.owing().map(|shelf| dropped(shelf) as u64).sum()
    }

    /// How many entries wait. Unlike the tally it does not count everybody who was carried over.
    pub(crate) fn owed(&self) -> u64 {
        self.owing().map(|shelf| shelf.book.owed().unwrap_or(0)).sum()
    }

    pub(crate) fn tally(&self) -> Tally {
        let mut tally = Tally { in_memory: self.file().is_none(), ..Tally::default() };
        for shelf in self.shelves() {
            let (carried, unproven) = self.heard(shelf.book.carried()).unwrap_or_default();
            tally.carried += carried;
            tally.unproven += unproven;
            tally.tokens_this_month += shelf.book.tokens_used(shelf.key.id, month()).unwrap_or(0);
        }
        for shelf in self.owing() {
            if let Some(counts) = self.heard(shelf.book.counts(&shelf.unknown_keys())) {
                tally.owed += counts.owed;
                let durable = self.is_durable(&shelf);
                tally.not_durable += if durable { 0 } else { counts.owed };
                tally.in_memory |= !shelf.is_a_file() && counts.owed > 0;
                tally.sealed += counts.sealed;
                counts
                    .reasons
                    .into_iter()
                    .for_each(|(reason, count)| add(&mut tally.pending_by_reason, reason, count));
                let age = counts.oldest.and_then(|oldest| u64::try_from(now() - oldest).ok());
                tally.oldest_owed = tally.oldest_owed.max(age.map(Duration::from_millis));
                counts.dead.into_iter().for_each(|(reason, count)| add(&mut tally.dead, reason, count));
            }
        }
        tally
    }
}

fn add(sums: &mut Vec<(String, u64)>, reason: String, count: u64) {
    match sums.iter_mut().find(|(known, _)| *known == reason) {
        Some((_, sum)) => *sum += count,
        None => sums.push((reason, count)),
    }
}

/// What is owed to a person.
pub(crate) struct Pending {
    pub(crate) text: Zeroizing<Vec<u8>>,
    /// It has been given up.
    pub(crate) dead: bool,
    pub(crate) durable: bool,
}

/// An entry of the outbox in this process's hands.
pub(crate) struct Owed {
    shelf: Arc<Shelf>,
    key: Arc<DataKey>,
    pub(crate) claim: Claim,
}

impl Owed {
    /// Whether only this process's memory holds it, in place of a ledger that cannot be used: what other processes have done
    /// for its user since is not known.
    pub(crate) fn is_a_fallback(&self, ledger: &Ledger) -> bool {
        !self.shelf.is_a_file() && !ledger.by_choice()
    }

    /// Keeps it for longer; `false` if it has been taken over or replaced.
    pub(crate) fn renew(&self, lease: Duration) -> bool {
        reached("before_renew");
        let renewed = self.shelf.book.renew(&self.claim, uptime(), millis(lease)).unwrap_or(true);
        reached("after_renew");
        renewed
    }

    pub(crate) fn put_back(&self, task: Task, text: &[u8], wait: Duration, dead: bool, reason: Code) {
        reached("before_put_back");
        if let Some(sealed) = self.key.seal(&sealed_for(self.claim.address, self.claim.intent), text) {
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

/// What a sealed entry is bound to, so that it cannot be moved to another address's row.
pub(super) fn sealed_for(address: Digest, intent: Intent) -> [u8; 17] {
    let mut place = [intent as u8; 17];
    for (to, from) in place.iter_mut().skip(1).zip(address.0) {
        *to = from;
    }
    place
}
