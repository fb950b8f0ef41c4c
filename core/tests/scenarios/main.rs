//! Runs the scenarios of `tests/scenarios/`, which every language runs with a small runner of its own.
//!
//! `SCENARIO=name cargo test -p kinde-migrate --test scenarios` runs those whose name holds it;
//! `tests/weather.py` says how to choose among those in bad weather.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod explain;
mod run;
mod schema;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

/// What is waited for is mostly the clock, so more run at once than there are cores.
const AT_ONCE: usize = 6;
/// In bad weather nothing that is compared depends on time.
const AT_ONCE_IN_BAD_WEATHER: usize = 40;

/// The two passes would take each other's time.
static ONE_PASS: Mutex<()> = Mutex::new(());

#[test]
fn every_file_follows_the_schema() {
    let rules = read(&folder().join("schema.json"));
    let mut faults = Vec::new();
    let mut names = BTreeSet::new();
    for path in files() {
        let file = read(&path);
        for fault in schema::faults(&rules, &file) {
            faults.push(format!("{}: {fault}", path.display()));
        }
        for scenario in scenarios(&file) {
            let name = name(&scenario).to_owned();
            if !names.insert(name.clone()) {
                faults.push(format!("{}: there is another scenario of the name {name}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_scenario_comes_out_as_it_says() {
    let _alone = ONE_PASS.lock();
    // A setting that the scenario leaves out would be read from the environment.
    if settings_in_environment().next().is_some() {
        return again_without_them("every_scenario_comes_out_as_it_says");
    }
    let wanted = std::env::var("SCENARIO").unwrap_or_default();
    let mut all: Vec<Value> = files().iter().flat_map(|path| scenarios(&read(path))).collect();
    assert!(all.len() >= 40, "only {} scenarios were found", all.len());
    all.retain(|scenario| name(scenario).contains(&wanted));
    assert!(!all.is_empty(), "no scenario has a name that holds {wanted:?}");
    run_all(&all, AT_ONCE);
}

/// Every kind of fault at every share: 7,000 runs.
#[test]
fn bad_weather_changes_no_end() {
    let _alone = ONE_PASS.lock();
    if settings_in_environment().next().is_some() {
        return again_without_them("bad_weather_changes_no_end");
    }
    let mut command = std::process::Command::new("python3");
    command.arg(folder().join("../weather.py")).arg("--all").stderr(std::process::Stdio::inherit());
    let written = command.output().unwrap();
    assert!(written.status.success(), "see above");
    let all: Vec<Value> = serde_json::from_slice(&written.stdout).unwrap();
    run_all(&all, AT_ONCE_IN_BAD_WEATHER);
}

/// Runs them, several at once, each at a sandbox of its thread's own.
fn run_all(all: &[Value], at_once: usize) {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                let runner = run::Runner::new();
                while let Some(scenario) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match runner.run(scenario) {
                        Ok(()) => println!("ok {}", name(scenario)),
                        Err(why) => {
                            println!("FAILED {}: {why}", name(scenario));
                            failures.lock().unwrap().push(format!("{}: {why}", name(scenario)));
                        }
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    assert!(failures.is_empty(), "{} of {} failed:\n{}\n", failures.len(), all.len(), failures.join("\n"));
}

fn settings_in_environment() -> impl Iterator<Item = &'static str> {
    let names = kinde_migrate::SETTINGS.iter().flat_map(|setting| setting.env.iter().copied());
    names.filter(|name| std::env::var_os(name).is_some())
}

/// The same test in a process without the environment's settings.
fn again_without_them(test: &str) {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]);
    for name in settings_in_environment() {
        command.env_remove(name);
    }
    assert!(command.status().unwrap().success(), "see above");
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios")
}

fn files() -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = all
        .filter(|path| path.extension().is_some_and(|end| end == "json") && !path.ends_with("schema.json"))
        .collect();
    files.sort();
    files
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn scenarios(file: &Value) -> Vec<Value> {
    file["scenarios"].as_array().cloned().unwrap_or_default()
}

fn name(scenario: &Value) -> &str {
    scenario["name"].as_str().unwrap_or_default()
}
