//! Runs the scenarios of `tests/scenarios/`, which every language runs with a small runner of its own.
//!
//! `SCENARIO=name cargo test -p kinde-migrate --test scenarios` runs those whose name holds it. The folder's
//! README says what `SCENARIO_WEATHER` and `SCENARIO_SEED` do.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod run;
mod schema;
mod weather;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use weather::Weather;

/// What is waited for is mostly the clock, so more run at once than there are cores.
const AT_ONCE: usize = 6;
/// In bad weather nothing that is compared depends on time.
const AT_ONCE_IN_BAD_WEATHER: usize = 24;

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
    let chosen: Vec<(usize, Value)> = chosen();
    run_all(
        AT_ONCE,
        &chosen,
        |(_, scenario)| name(scenario).to_owned(),
        |runner, (_, scenario)| runner.run(scenario, None),
    );
}

#[test]
fn bad_weather_changes_no_end_state() {
    let _alone = ONE_PASS.lock();
    if settings_in_environment().next().is_some() {
        return again_without_them("bad_weather_changes_no_end_state");
    }
    let wanted = std::env::var("SCENARIO_WEATHER").unwrap_or_default();
    let run = std::env::var("SCENARIO_SEED").map_or(1, |seed| seed.parse().unwrap());
    let weathers = |number| match wanted.as_str() {
        "" | "all" => Weather::all(run, number).collect(),
        one => vec![Weather::read(one).unwrap()],
    };
    let mut runs = Vec::new();
    for (number, scenario) in chosen() {
        if scenario.get("build_error").is_none() && scenario.get("weather").is_none() {
            runs.extend(weathers(number).into_iter().map(|weather| (scenario.clone(), weather)));
        }
    }
    let say = |(scenario, weather): &(Value, Weather)| {
        format!("SCENARIO={} SCENARIO_WEATHER={weather}", name(scenario))
    };
    run_all(AT_ONCE_IN_BAD_WEATHER, &runs, say, |runner, (scenario, weather)| {
        runner.run(scenario, Some(weather))
    });
}

/// Every scenario whose name holds `SCENARIO`, with its number among all.
fn chosen() -> Vec<(usize, Value)> {
    let wanted = std::env::var("SCENARIO").unwrap_or_default();
    let all: Vec<Value> = files().iter().flat_map(|path| scenarios(&read(path))).collect();
    assert!(all.len() >= 40, "only {} scenarios were found", all.len());
    let chosen: Vec<_> =
        all.into_iter().enumerate().filter(|(_, scenario)| name(scenario).contains(&wanted)).collect();
    assert!(!chosen.is_empty(), "no scenario has a name that holds {wanted:?}");
    chosen
}

/// Runs them, several at once, each with the name that `say` gives it.
fn run_all<T: Sync>(
    at_once: usize,
    runs: &[T],
    say: impl Fn(&T) -> String + Sync,
    run: impl Fn(&run::Runner, &T) -> Result<(), String> + Sync,
) {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                let runner = run::Runner::new();
                while let Some(one) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let name = say(one);
                    match run(&runner, one) {
                        Ok(()) => println!("ok {name}"),
                        Err(why) => {
                            println!("FAILED {name}: {why}");
                            failures.lock().unwrap().push(format!("{name}: {why}"));
                        }
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    assert!(failures.is_empty(), "{} of {} failed:\n{}\n", failures.len(), runs.len(), failures.join("\n"));
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
