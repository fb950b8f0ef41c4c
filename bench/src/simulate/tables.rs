//! Which runs there are, and what of them is shown.

use serde_json::{Value, json};

use super::measure::{Figures, between, figures, minutes_refused, name, quantile, room};
use super::policy::Policy;
use super::server::{Header, MODELS, Model};
use super::world::{Course, MINUTE, SECOND, Scene, run};

pub(crate) struct Table {
    title: String,
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn new(title: &str, header: &[&'static str]) -> Table {
        Table { title: title.into(), header: header.to_vec(), rows: Vec::new() }
    }

    pub(crate) fn report(&self) -> Value {
        json!({ "title": self.title, "header": self.header, "rows": self.rows })
    }
}

pub(crate) fn all(seeds: u64) -> Vec<Table> {
    vec![
        // The others' 429s are many, and take the most time.
        policies(seeds.min(2)),
        limits(seeds),
        circumstances(seeds),
        changes(seeds),
        in_flight(seeds),
        sign_ins(seeds),
    ]
}

/// The same scene under several seeds.
fn courses(scene: &Scene, seeds: u64) -> Vec<(Scene, Course)> {
    (1..=seeds)
        .map(|seed| {
            let scene = Scene { seed: scene.seed * 1000 + seed, ..scene.clone() };
            let course = run(&scene);
            (scene, course)
        })
        .collect()
}

fn all_figures(scene: &Scene, seeds: u64) -> Vec<Figures> {
    courses(scene, seeds).iter().map(|(scene, course)| figures(scene, course)).collect()
}

fn mean(values: impl Iterator<Item = f64> + Clone) -> f64 {
    values.clone().sum::<f64>() / values.count().max(1) as f64
}

fn most(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NAN, f64::max)
}

fn least(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NAN, f64::min)
}

/// The table of what others do: 429s an hour, and what is used.
fn policies(seeds: u64) -> Table {
    let policies = [
        Policy::BackOff,
        Policy::Pause,
        Policy::Cubic,
        Policy::CubicShared,
        Policy::Aimd,
        Policy::Ours,
        Policy::Unshared,
    ];
    let header = ["429s an hour (used)", "fixed window", "from the first call", "sliding window", "GCRA"];
    let mut table = Table::new(
        "Pacing, simulated: 8 processes of 4 threads, 600 a minute, an hour from a cold start",
        &header,
    );
    for policy in policies {
        let mut row = vec![policy.name().to_string()];
        for model in MODELS {
            let runs = all_figures(&Scene::new(policy, model, 600.0), seeds);
            let refused = mean(runs.iter().map(|run| run.refused as f64));
            let used = 100.0 * mean(runs.iter().map(|run| run.used));
            row.push(format!("{refused:.0} ({used:.1} %)"));
        }
        table.rows.push(row);
    }
    table
}

const SHOWN: [&str; 10] = [
    "",
    "used",
    "least",
    "429s",
    "most",
    "share",
    "90 % after (s)",
    "Jain",
    "longest wait / fair",
    "questions a call",
];

fn row(what: String, runs: &[Figures]) -> Vec<String> {
    vec![
        what,
        format!("{:.2} %", 100.0 * mean(runs.iter().map(|run| run.used))),
        format!("{:.2} %", 100.0 * least(runs.iter().map(|run| run.used))),
        format!("{:.1}", mean(runs.iter().map(|run| run.refused as f64))),
        format!("{:.0}", most(runs.iter().map(|run| run.refused as f64))),
        format!("{:.3} %", 100.0 * mean(runs.iter().map(|run| run.share))),
        format!("{:.0}", most(runs.iter().map(|run| run.to_90))),
        format!("{:.4}", least(runs.iter().map(|run| run.jain))),
        format!("{:.2}", most(runs.iter().map(|run| run.longest))),
        format!("{:.1}", mean(runs.iter().map(|run| run.questions))),
    ]
}

/// Ours, with limits from 60 to 6,000 a minute.
fn limits(seeds: u64) -> Table {
    let mut table = Table::new("Ours, shared, an hour from a cold start", &SHOWN);
    for limit in [60.0, 120.0, 600.0, 3000.0, 6000.0] {
        for model in MODELS {
            let runs = all_figures(&Scene::new(Policy::Ours, model, limit), seeds);
            table.rows.push(row(format!("{limit:.0} a minute, {}", name(model)), &runs));
        }
    }
    table
}

/// Ours at 600 a minute, with one thing after another changed.
fn circumstances(seeds: u64) -> Table {
    let mut table = Table::new("The same at 600 a minute, otherwise", &SHOWN);
    let base = |model| Scene::new(Policy::Ours, model, 600.0);
    let mut add = |what: &str, change: &dyn Fn(Scene) -> Scene| {
        for model in MODELS {
            let runs = all_figures(&change(base(model)), seeds);
            table.rows.push(row(format!("{what}, {}", name(model)), &runs));
        }
    };
    add("each process alone", &|scene| Scene { policy: Policy::Unshared, ..scene });
    add("1 process", &|scene| Scene { processes: 1, ..scene });
    add("64 processes", &|scene| Scene { processes: 64, ..scene });
    add("20 ms a call", &|scene| Scene { latency: 20.0, ..scene });
    add("800 ms a call", &|scene| Scene { latency: 800.0, ..scene });
    add("reset in milliseconds", &|scene| Scene { header: Header::Milliseconds, ..scene });
    add("no reset", &|scene| Scene { header: Header::Absent, ..scene });
    add("a wrong reset", &|scene| Scene { header: Header::Wrong, ..scene });
    add("another tenant uses 30 %", &|scene| Scene { tenant: 180.0, ..scene });
    table
}

/// A quota that changes in the middle.
fn changes(seeds: u64) -> Table {
    let header = ["", "used meanwhile", "minutes with 429s", "most", "97 % again after (s)", "most"];
    let mut table =
        Table::new("A quota of 600 a minute that is halved for ten minutes, or doubled for good", &header);
    for model in MODELS {
        let mut rows = Vec::new();
        for seed in 0..seeds.max(8) {
            // In every phase of a minute.
            let cut = 20 * MINUTE + seed as i64 * 7 * SECOND;
            let back = cut + 10 * MINUTE;
            let limits = vec![(0, 600.0), (cut, 300.0), (back, 600.0)];
            let scene = Scene {
                limits,
                length: 40 * MINUTE,
                seed: seed + 1,
                ..Scene::new(Policy::Ours, model, 600.0)
            };
            let course = run(&scene);
            let used = between(&course, cut, back) as f64 / room(&scene, cut, back);
            rows.push((used, minutes_refused(&course, cut, back) as f64, again(&course, back, 0.97 * 600.0)));
        }
        table.rows.push(vec![
            format!("halved, {}", name(model)),
            format!("{:.1} %", 100.0 * mean(rows.iter().map(|row| row.0))),
            format!("{:.1}", mean(rows.iter().map(|row| row.1))),
            format!("{:.0}", most(rows.iter().map(|row| row.1))),
            format!("{:.0}", mean(rows.iter().map(|row| row.2))),
            format!("{:.0}", most(rows.iter().map(|row| row.2))),
        ]);
    }
    for model in MODELS {
        let doubled = 20 * MINUTE;
        let limits = vec![(0, 600.0), (doubled, 1200.0)];
        let scene = Scene { limits, length: 120 * MINUTE, ..Scene::new(Policy::Ours, model, 600.0) };
        let rows: Vec<(f64, f64)> = courses(&scene, seeds.min(3))
            .iter()
            .map(|(scene, course)| {
                let minutes = minutes_refused(course, doubled, scene.length) as f64;
                (minutes, again(course, doubled, 0.97 * 1200.0))
            })
            .collect();
        table.rows.push(vec![
            format!("doubled, {}", name(model)),
            String::new(),
            format!("{:.1}", mean(rows.iter().map(|row| row.0))),
            format!("{:.0}", most(rows.iter().map(|row| row.0))),
            format!("{:.0}", mean(rows.iter().map(|row| row.1))),
            format!("{:.0}", most(rows.iter().map(|row| row.1))),
        ]);
    }
    table
}

/// Seconds from a time on until the minute begins that carries so many calls.
fn again(course: &Course, from: i64, calls: f64) -> f64 {
    (0..7200)
        .find(|second| {
            between(course, from + second * SECOND, from + second * SECOND + MINUTE) as f64 >= calls
        })
        .map_or(f64::NAN, |second| second as f64)
}

/// A limit in flight besides.
fn in_flight(seeds: u64) -> Table {
    let header = ["", "used", "least", "429s", "most"];
    let title =
        "A limit in flight (used: of the lower of both limits; of that in flight, as a caller sees it)";
    let mut table = Table::new(title, &header);
    for cap in [5, 20] {
        for (limit, model) in [(60_000.0, Model::Sliding), (1200.0, Model::Fixed), (1200.0, Model::Gcra)] {
            let scene = Scene { in_flight: Some(cap), ..Scene::new(Policy::Ours, model, limit) };
            let runs = all_figures(&scene, seeds);
            // A round trip's mean is its median and a twentieth more: see `Random::jitter`.
            let carried = f64::from(cap) * 60_000.0 / (scene.latency * 1.046);
            let of = limit / limit.min(carried);
            let what =
                if limit > carried { "alone".into() } else { format!("and 1,200 a minute, {}", name(model)) };
            table.rows.push(vec![
                format!("{cap} {what}"),
                format!("{:.1} %", 100.0 * of * mean(runs.iter().map(|run| run.used))),
                format!("{:.1} %", 100.0 * of * least(runs.iter().map(|run| run.used))),
                format!("{:.1}", mean(runs.iter().map(|run| run.refused as f64))),
                format!("{:.0}", most(runs.iter().map(|run| run.refused as f64))),
            ]);
        }
    }
    table
}

/// Sign-ins at random over a bulk run that takes all it gets, from the third minute on.
fn sign_ins(seeds: u64) -> Table {
    let header = [
        "a sign-in's three calls (ms)",
        "alone: median",
        "p99",
        "over a bulk run",
        "p99",
        "times",
        "p99",
        "used",
    ];
    let mut table = Table::new("20 sign-ins a minute over a saturating bulk run, 600 a minute", &header);
    for latency in [20.0, 100.0, 800.0] {
        for model in MODELS {
            let busy = Scene { latency, sign_ins: 20.0, ..Scene::new(Policy::Ours, model, 600.0) };
            let alone = Scene { threads: 0, ..busy.clone() };
            let with = courses(&busy, seeds.min(5));
            let used = mean(with.iter().map(|(scene, course)| figures(scene, course).used));
            let pool = |runs: &[(Scene, Course)]| -> Vec<i64> {
                runs.iter().flat_map(|(_, course)| course.sign_ins.iter().copied()).collect()
            };
            let (with, alone) = (pool(&with), pool(&courses(&alone, seeds.min(5))));
            let at = |values: &[i64], part: f64| quantile(values, part) / 1e3;
            table.rows.push(vec![
                format!("{latency:.0} ms a call, {}", name(model)),
                format!("{:.0}", at(&alone, 0.5)),
                format!("{:.0}", at(&alone, 0.99)),
                format!("{:.0}", at(&with, 0.5)),
                format!("{:.0}", at(&with, 0.99)),
                format!("{:.2}", at(&with, 0.5) / at(&alone, 0.5)),
                format!("{:.2}", at(&with, 0.99) / at(&alone, 0.99)),
                format!("{:.1} %", 100.0 * used),
            ]);
        }
    }
    table
}

/// What the picture shows.
pub(crate) fn pictured() -> (Scene, Course) {
    let limits = vec![(0, 600.0), (20 * MINUTE, 300.0), (30 * MINUTE, 600.0)];
    let scene = Scene { limits, length: 45 * MINUTE, ..Scene::new(Policy::Ours, Model::Sliding, 600.0) };
    let course = run(&scene);
    (scene, course)
}
