//! How many calls go to Kinde at once: each has a connection, and a host that is given a thousand sign-ins at the same
//! moment needs its descriptors for itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use crate::process::lock;

/// Calls of one process that may be on their way at once. With an answer in 100 milliseconds that is some 200 new users
/// a second, well beyond Kinde's limits.
pub(crate) const AT_ONCE: usize = 64;

/// The places of one process.
pub(crate) struct Places(Arc<Mutex<State>>);

struct State {
    free: usize,
    /// Changes of password, then sign-ins.
    waiting: [VecDeque<oneshot::Sender<Place>>; 2],
}

/// Given back when dropped.
pub(crate) struct Place(Arc<Mutex<State>>);

impl Places {
    pub(crate) fn new() -> Places {
        Places(Arc::new(Mutex::new(State { free: AT_ONCE, waiting: Default::default() })))
    }

    /// A place, or somebody who will be given one: who changes a password before who signs in, and then who came first.
    pub(crate) fn take(&self, change: bool) -> Result<Place, oneshot::Receiver<Place>> {
        let mut state = lock(&self.0);
        if let Some(free) = state.free.checked_sub(1) {
            state.free = free;
            return Ok(Place(Arc::clone(&self.0)));
        }
        let (give, given) = oneshot::channel();
        let [changes, sign_ins] = &mut state.waiting;
        if change {
            changes.push_back(give)
        } else {
            sign_ins.push_back(give)
        }
        Err(given)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = lock(&self.0);
        let next = state
            .waiting
            .iter_mut()
            .find_map(|queue| std::iter::from_fn(|| queue.pop_front()).find(|waiting| !waiting.is_closed()));
        match next {
            Some(waiting) => {
                drop(state);
                // Given up at this very moment, it comes back here.
                let _ = waiting.send(Place(Arc::clone(&self.0)));
            }
            None => state.free += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_goes_to_a_change_first_and_never_to_who_has_left() {
        let places = Places::new();
        let mut taken: Vec<Place> = (0..AT_ONCE).map(|_| places.take(false).ok().unwrap()).collect();
        let mut sign_in = places.take(false).err().unwrap();
        let left = places.take(true).err().unwrap();
        let mut change = places.take(true).err().unwrap();
        drop(left);
        taken.pop();
        let changes_place = change.try_recv().unwrap();
        assert!(sign_in.try_recv().is_err());
        drop(changes_place);
        let sign_ins_place = sign_in.try_recv().unwrap();
        drop(places.take(false).err().unwrap());
        drop(sign_ins_place);
        assert!(places.take(false).is_ok(), "a place is free again");
    }
}
