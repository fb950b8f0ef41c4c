//! Wall time of each user, processor time of many.

use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

/// Processor time of this process, its finished threads included, in microseconds.
pub(crate) fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

/// Samples of one kind of work.
#[derive(Default)]
pub(crate) struct Samples {
    micros: Vec<f64>,
    cpu: f64,
    calls: u64,
}

impl Samples {
    /// Does one piece of work; it answers how many calls it made.
    pub(crate) fn one<E>(&mut self, work: impl FnOnce() -> Result<u32, E>) -> Result<(), E> {
        let began = Instant::now();
        let calls = work()?;
        let micros = began.elapsed().as_nanos() as f64 / 1e3;
        self.micros.push(micros);
        self.calls += u64::from(calls);
        Ok(())
    }

    /// Does pieces of work whose processor time is counted too: around all of them, since reading it costs
    /// about a microsecond.
    pub(crate) fn many<E>(&mut self, work: impl FnOnce(&mut Self) -> Result<(), E>) -> Result<(), E> {
        let before = cpu();
        work(self)?;
        self.cpu += cpu() - before;
        Ok(())
    }

    /// As every language's program prints it: wall time of each in microseconds, processor time of one in
    /// microseconds, calls of one.
    pub(crate) fn report(&self) -> Value {
        let count = self.micros.len().max(1) as f64;
        let micros: Vec<f64> = self.micros.iter().map(|micros| (micros * 10.0).round() / 10.0).collect();
        json!({ "us": micros, "cpu_us": self.cpu / count, "calls": self.calls as f64 / count })
    }
}
