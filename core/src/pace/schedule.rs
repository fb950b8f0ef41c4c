//! Who goes when, without a queue.
//!
//! A caller that has to wait draws the next slot of its class's line, a number. Slots are due one after another, an
//! interval apart; when one cannot be used at its time, the line is moved on from there, so that the order stays. A
//! caller sleeps until its slot was due when it last looked, and looks again: nobody has to be woken, nothing is kept
//! of a caller, and the slot of one who died passes unused.

use super::blob::fields;

/// One class's line. Slots before `head` are past.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    head: u32,
    /// When `head` is due.
    due: i64,
    /// The next slot to be drawn.
    tail: u32,
}
fields!(Line { head, due, tail });

impl Default for Line {
    fn default() -> Self {
        Line { head: 0, due: i64::MIN, tail: 0 }
    }
}

impl Line {
    /// When a slot is due; one that is past: long ago.
    pub(crate) fn due(&self, slot: u32, interval: i64) -> i64 {
        let ahead = slot.wrapping_sub(self.head).cast_signed();
        if ahead < 0 { i64::MIN } else { self.due.saturating_add(i64::from(ahead).saturating_mul(interval)) }
    }

    /// Whether anybody's time is still to come.
    pub(crate) fn waiting(&self, now: i64, interval: i64) -> bool {
        self.head != self.tail && self.due(self.tail.wrapping_sub(1), interval) > now
    }

    /// When the next slot is due that is drawn: at once if nobody waits.
    pub(crate) fn due_next(&self, now: i64, interval: i64) -> i64 {
        if self.waiting(now, interval) || self.head == self.tail {
            self.due(self.tail, interval)
        } else {
            i64::MIN
        }
    }

    /// Draws a slot that is due at the earliest at `at`, behind all others.
    pub(crate) fn draw(&mut self, now: i64, at: i64, interval: i64) -> u32 {
        let slot = self.tail;
        if !self.waiting(now, interval) {
            (self.head, self.due) = (slot, at);
        }
        self.tail = slot.wrapping_add(1);
        slot
    }

    /// Gives back the slot that was drawn last; one before it passes unused.
    pub(crate) fn give_back(&mut self, slot: u32) {
        if self.head != self.tail && slot.wrapping_add(1) == self.tail {
            self.tail = slot;
        }
    }

    /// Whether a slot has been drawn.
    pub(crate) fn knows(&self, slot: u32) -> bool {
        self.tail.wrapping_sub(slot).cast_signed() > 0
    }

    /// A slot that is due cannot be used before `at`: it and all behind it are moved on. One that is past, its caller
    /// having slept too long, comes before all others.
    pub(crate) fn put_off(&mut self, slot: u32, at: i64, interval: i64) {
        let due = self.due(slot, interval);
        if due > i64::MIN {
            self.due = self.due.saturating_add(at.saturating_sub(due).max(0));
        } else {
            self.due = self.due.max(at.saturating_add(interval));
        }
    }

    /// A slot has been used.
    pub(crate) fn used(&mut self, slot: u32, interval: i64) {
        let due = self.due(slot, interval);
        if due > i64::MIN {
            (self.head, self.due) = (slot.wrapping_add(1), due.saturating_add(interval));
        }
    }

    /// Nobody is remembered.
    pub(crate) fn clear(&mut self) {
        (self.head, self.due) = (self.tail, i64::MIN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_an_interval_apart() {
        let mut line = Line::default();
        let slots: Vec<u32> = (0..3).map(|_| line.draw(0, 100, 10)).collect();
        let due: Vec<i64> = slots.iter().map(|slot| line.due(*slot, 10)).collect();
        assert_eq!(due, [100, 110, 120]);
        assert_eq!(line.due_next(0, 10), 130);
    }

    #[test]
    fn who_is_put_off_takes_along_all_behind() {
        let mut line = Line::default();
        let slots: Vec<u32> = (0..3).map(|_| line.draw(0, 100, 10)).collect();
        line.used(slots[0], 10);
        line.put_off(slots[1], 200, 10);
        assert_eq!((line.due(slots[1], 10), line.due(slots[2], 10)), (200, 210));
        assert_eq!(line.due(slots[0], 10), i64::MIN, "past");
    }

    #[test]
    fn the_dead_pass() {
        let mut line = Line::default();
        let last = (0..3).map(|_| line.draw(0, 100, 10)).last();
        assert_eq!(last, Some(2));
        assert!(line.waiting(119, 10));
        assert!(!line.waiting(120, 10), "whoever comes now need not wait");
        assert_eq!(line.due_next(120, 10), i64::MIN);
    }

    #[test]
    fn the_last_slot_can_be_given_back() {
        let mut line = Line::default();
        let (first, last) = (line.draw(0, 100, 10), line.draw(0, 100, 10));
        line.give_back(first);
        assert_eq!(line.due_next(0, 10), 120, "it passes unused");
        line.give_back(last);
        line.give_back(first);
        assert!(!line.waiting(0, 10));
        assert!(!line.knows(first));
    }

    #[test]
    fn the_late_come_before_those_behind() {
        let mut line = Line::default();
        let slots: Vec<u32> = (0..2).map(|_| line.draw(0, 100, 10)).collect();
        line.used(slots[1], 10);
        line.put_off(slots[0], 130, 10);
        assert_eq!(line.due_next(125, 10), 140);
    }

    #[test]
    fn numbers_wrap() {
        let mut line = Line { head: u32::MAX, due: 100, tail: u32::MAX };
        let slots: Vec<u32> = (0..3).map(|_| line.draw(0, 100, 10)).collect();
        assert_eq!(slots, [u32::MAX, 0, 1]);
        assert_eq!(line.due(1, 10), 120);
        line.used(u32::MAX, 10);
        assert_eq!((line.due(0, 10), line.knows(1), line.knows(2)), (110, true, false));
    }
}
