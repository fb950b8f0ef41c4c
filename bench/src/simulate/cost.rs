//! What one decision costs: reading the pacer, asking it, writing it back.

use std::hint::black_box;
use std::time::Instant;

use kinde_migrate::pace::{Ceilings, Class, Heard, Pacer};

const DECISIONS: i64 = 200_000;

/// The mean, in microseconds, of a pacer that has learnt a limit and is kept busy.
pub(crate) fn decision() -> f64 {
    let mut pacer = Pacer::default();
    for call in 0..600 {
        let now = call * 30_000;
        let _ = pacer.ask(now, Class::Outbox, 1, &Ceilings::default(), None);
        pacer.done(now + 10_000, now, Heard::Ok, 1, 0.5);
    }
    let reset = Some(std::time::Duration::from_secs(42));
    pacer.done(18_010_000, 18_000_000, Heard::Limited { reset }, 1, 0.5);
    let mut bytes = pacer.to_bytes();
    let began = Instant::now();
    for call in 0..DECISIONS {
        let mut pacer = Pacer::from_bytes(black_box(&bytes));
        let answer = pacer.ask(61_000_000 + call * 50_000, Class::Bulk, 1, &Ceilings::default(), None);
        black_box(answer);
        bytes = pacer.to_bytes();
    }
    began.elapsed().as_secs_f64() * 1e6 / DECISIONS as f64
}
