//! This program in several processes at the same time.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::Failure;

/// Starts that many, and puts together what they have measured: every list of numbers in their reports, by its name.
pub(crate) fn in_processes(processes: &str, args: &[&str]) -> Result<BTreeMap<String, Vec<f64>>, Failure> {
    let me = std::env::current_exe()?;
    let children = (0..processes.parse::<u32>()?)
        .map(|_| Command::new(&me).args(args).stdout(Stdio::piped()).spawn())
        .collect::<Result<Vec<_>, _>>()?;
    let mut all = BTreeMap::<String, Vec<f64>>::new();
    for child in children {
        let report: Value = serde_json::from_slice(&child.wait_with_output()?.stdout)?;
        for (name, samples) in report.as_object().into_iter().flatten() {
            if let Some(samples) = samples.as_array() {
                all.entry(name.clone()).or_default().extend(samples.iter().filter_map(Value::as_f64));
            }
        }
    }
    Ok(all)
}

/// How samples are spread.
pub(crate) fn spread(mut samples: Vec<f64>) -> Value {
    samples.sort_by(f64::total_cmp);
    let at = |share: f64| samples.get((samples.len() as f64 * share) as usize).copied();
    json!({ "samples": samples.len(), "median_us": at(0.5), "p99_us": at(0.99), "p999_us": at(0.999) })
}
