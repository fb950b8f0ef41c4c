//! What a decision of the pacer costs by way of the ledger: read, asked, written, by several processes at once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Failure;
use crate::processes::{in_processes, spread};
use crate::users::migrator_with;

/// Nobody is called.
const NOWHERE: &str = "http://127.0.0.1:9";
/// So many that every call has its turn at once, but none passes without being asked.
const CEILINGS: [(&str, &str); 2] = [("max_calls_per_minute", "1000000"), ("max_in_flight", "1000")];

pub(crate) fn shared(ledger: &str, processes: &str, seconds: &str) -> Result<Value, Failure> {
    migrator_with(NOWHERE, ledger, &CEILINGS)?.measure_decision();
    let mut all = in_processes(processes, &["decide", ledger, seconds])?;
    let mut taken = |name| spread(all.remove(name).unwrap_or_default());
    Ok(json!({ "asked": taken("asked_us"), "ended": taken("ended_us") }))
}

/// One of those processes: a burst of decisions every few milliseconds.
pub(crate) fn decide(ledger: &str, seconds: &str) -> Result<Value, Failure> {
    let library = migrator_with(NOWHERE, ledger, &CEILINGS)?;
    let ends = Instant::now() + Duration::from_secs_f64(seconds.parse()?);
    let (mut asked, mut ended) = (Vec::new(), Vec::new());
    let micros = |time: Duration| (time.as_nanos() as f64 / 100.0).round() / 10.0;
    while Instant::now() < ends {
        for _ in 0..5 {
            let (decision, end) = library.measure_decision();
            asked.push(micros(decision));
            ended.push(micros(end));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(json!({ "asked_us": asked, "ended_us": ended }))
}
