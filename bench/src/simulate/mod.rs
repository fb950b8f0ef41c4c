//! The pacer against servers that are imagined: who would use how much of which limit, and at the price of how many
//! 429s. Time is simulated, so an hour takes a tenth of a second, and one seed gives one course.
//!
//! | file | what it knows |
//! |---|---|
//! | `world` | callers, the network, and what happens when |
//! | `server` | the limiters |
//! | `policy` | this library's pacer, and what others do |
//! | `measure` | what is read off a run |
//! | `tables` | which runs there are, and what of them is shown |
//! | `plot` | a picture of one |
//! | `cost` | what one decision costs |
//! | `random` | random numbers from a seed |

mod cost;
mod measure;
mod plot;
mod policy;
mod random;
mod server;
mod tables;
mod world;

use serde_json::{Value, json};

use crate::Failure;

/// Every table, and the picture as a file. `seeds`: how many runs there are of each.
pub(crate) fn simulate(picture: &str, seeds: &str) -> Result<Value, Failure> {
    let seeds: u64 = seeds.parse()?;
    plot::write(picture)?;
    let sections: Vec<Value> = tables::all(seeds.max(1)).into_iter().map(|table| table.report()).collect();
    Ok(json!({ "sections": sections, "picture": picture, "decision_us": cost::decision() }))
}
