//! Bad weather: the faults that come on top of a scenario's own. `tests/scenarios/README.md` says what is
//! compared then, and every other language's runner follows it too.

use serde_json::{Map, Value, json};

/// The sandbox's faults by their names, in its own order.
const KINDS: [&str; 9] = [
    "error_500",
    "error_503",
    "reset_before",
    "reset_after",
    "stall",
    "truncated",
    "malformed",
    "html",
    "drip",
];
const SHARES: [f64; 3] = [0.01, 0.1, 0.5];

/// One fault at one share, drawn from one seed.
#[derive(Clone)]
pub(crate) struct Weather {
    kind: String,
    share: f64,
    seed: u64,
}

impl Weather {
    /// Every kind at every share, for the scenario of that number.
    pub(crate) fn all(run: u64, number: usize) -> impl Iterator<Item = Weather> {
        (0..KINDS.len()).flat_map(move |kind| {
            (0..SHARES.len()).map(move |share| {
                let seed = (run * 1000 + number as u64) * 27 + (kind * SHARES.len() + share) as u64;
                Weather { kind: KINDS[kind].to_owned(), share: SHARES[share], seed }
            })
        })
    }

    /// As [`Weather`] is written: `stall:0.5:27001`.
    pub(crate) fn read(text: &str) -> Option<Weather> {
        let mut parts = text.split(':');
        let kind = parts.next()?.to_owned();
        let weather = Weather { kind, share: parts.next()?.parse().ok()?, seed: parts.next()?.parse().ok()? };
        parts.next().is_none().then_some(weather)
    }

    /// The body of a reset of the sandbox, or options that name faults of their own, with these on top.
    pub(crate) fn over(&self, options: &mut Map<String, Value>) {
        let faults = options.entry("faults").or_insert_with(|| json!({}));
        let share = faults[&self.kind].as_f64().unwrap_or_default() + self.share;
        faults[&self.kind] = json!(share);
        options.insert("seed".into(), json!(self.seed));
        // Longer than one request of a verb may take, and short for a delivery.
        options.entry("stall_ms").or_insert(json!(400));
        options.entry("drip_ms").or_insert(json!(4));
    }

    /// Settings that make a stall a fault and a hash cheap.
    pub(crate) fn settings(chosen: &mut Map<String, Value>) {
        chosen.insert("deadline".into(), json!("0.6"));
        chosen.entry("bcrypt_cost").or_insert(json!("4"));
    }
}

impl std::fmt::Display for Weather {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.kind, self.share, self.seed)
    }
}

#[test]
fn a_weather_is_read_as_it_is_written() {
    for weather in Weather::all(7, 11) {
        assert_eq!(Weather::read(&weather.to_string()).unwrap().to_string(), weather.to_string());
    }
    assert!(Weather::read("stall:0.5").is_none());
}
