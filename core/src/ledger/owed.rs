//! What is owed, in the file and in memory, and one entry of it in this process's hands.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::clock::{millis, month, now, uptime};
use super::outbox::{Claim, Which};
use super::seal::{DataKey, Digest};
use super::shelf::Shelf;
use super::turns::owner;
use super::{Carried, Dead, FAR, Intent, Ledger, PATIENCE, Tally, Task, book};
use crate::code::Code;
use crate::steps::reached;

impl Ledger {
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
            shelf.key.open(&sealed_for(user, intent), &sealed).map(|text| (text, dead))
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
            let sealed = shelf
                .key
                .seal(&sealed_for(task.user, task.intent), text)
                .ok_or(rusqlite::Error::InvalidQuery)?;
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
                    if let Some(text) = key.open(&sealed_for(claim.user, claim.intent), &claim.sealed) {
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
        if let Some(sealed) = self.key.seal(&sealed_for(self.claim.user, self.claim.intent), text) {
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
pub(super) fn sealed_for(user: Digest, intent: Intent) -> [u8; 17] {
    let mut place = [intent as u8; 17];
    for (to, from) in place.iter_mut().skip(1).zip(user.0) {
        *to = from;
    }
    place
}
