//! Calls of one process that ask for the same thing at the same time: one of them goes, the others take its answer.
//! A browser that sends a sign-in twice, or an API that checks a password with every request, costs one hash and
//! one way then.

use std::collections::HashMap;
use std::sync::Mutex;

use tokio::sync::watch;

use crate::ledger::Digest;
use crate::outcome::{Outcome, Status};
use crate::process::lock;

/// The calls under way, by a keyed digest of what each asks for: in memory, and no longer than it takes.
#[derive(Default)]
pub(crate) struct Flights {
    aloft: Mutex<HashMap<[u8; 16], watch::Receiver<Option<Outcome>>>>,
}

/// A caller is one or the other.
pub(crate) enum Boarding<'a> {
    First(Flight<'a>),
    Next(watch::Receiver<Option<Outcome>>),
}

/// The call that goes. Dropped without an answer, it lets the others go themselves.
pub(crate) struct Flight<'a> {
    flights: &'a Flights,
    key: [u8; 16],
    answer: watch::Sender<Option<Outcome>>,
}

impl Flights {
    pub(crate) fn board(&self, key: Digest) -> Boarding<'_> {
        let mut aloft = lock(&self.aloft);
        if let Some(flight) = aloft.get(&key.0) {
            return Boarding::Next(flight.clone());
        }
        let (answer, others) = watch::channel(None);
        aloft.insert(key.0, others);
        Boarding::First(Flight { flights: self, key: key.0, answer })
    }
}

impl Flight<'_> {
    pub(crate) fn land(self, outcome: &Outcome) {
        self.answer.send_replace(Some(outcome.clone()));
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        lock(&self.flights.aloft).remove(&self.key);
    }
}

/// The first one's answer, as it is for the others; none if it was given up.
pub(crate) async fn follow(mut flight: watch::Receiver<Option<Outcome>>) -> Option<Outcome> {
    let outcome = flight.wait_for(Option::is_some).await.ok()?.clone()?;
    Some(match outcome.status {
        Status::Created | Status::Updated | Status::Unchanged => {
            Outcome::done(Status::Unchanged, outcome.kinde_id, 0)
        }
        Status::Queued | Status::Skipped | Status::Rejected => Outcome { calls: 0, ..outcome },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_others_take_the_first_ones_answer() {
        let flights = Flights::default();
        let key = Digest([7; 16]);
        let Boarding::First(first) = flights.board(key) else { panic!("nobody is aloft") };
        let Boarding::Next(next) = flights.board(key) else { panic!("one is aloft") };
        assert!(matches!(flights.board(Digest([8; 16])), Boarding::First(_)));
        first.land(&Outcome::done(Status::Created, Some("kp_1".into()), 3));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let outcome = runtime.block_on(follow(next)).unwrap();
        assert_eq!((outcome.status, outcome.calls), (Status::Unchanged, 0));
        let Boarding::First(given_up) = flights.board(key) else { panic!("the first has landed") };
        let Boarding::Next(next) = flights.board(key) else { panic!("one is aloft") };
        drop(given_up);
        assert!(runtime.block_on(follow(next)).is_none());
    }
}
