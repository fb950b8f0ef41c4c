//! The Rust part of the benchmark. `bench/run.py` starts the sandbox, calls this and the other languages'
//! programs, and makes a table of what they print: one line of JSON each, with every sample.
//!
//! | command | what it measures |
//! |---|---|
//! | `way URL LEDGER USERS CREDENTIAL` | new users: the library against a minimal client, taking turns |
//! | `verbs URL LEDGER USERS PASSES` | new users, then each again `PASSES` times |
//! | `started URL LEDGER USERS PASSES` | the same by way of the background thread, as asyncio and Node go |
//! | `queued LEDGER USERS` | owing while Kinde is down, against one insert of SQLite on the same disk |
//! | `shared URL LEDGER PROCESSES SECONDS` | repeated sign-ins in several processes on one ledger |
//! | `decisions LEDGER PROCESSES SECONDS` | the pacer's decisions in several processes on one ledger |
//! | `over URL LEDGER ENTRIES LEARN SECONDS` | sign-ins while a worker uses every call that Kinde takes |
//! | `drain URL LEDGER ENTRIES AT_ONCE` | a worker and a long outbox |
//! | `many URL LEDGER USERS` | a ledger that knows many users |
//! | `simulate PICTURE SEEDS` | the pacer against imagined servers, and a picture of it |
//! | `mapped SECONDS` | recognising and mapping stored hashes |
//! | `checked ROUNDS` | checking a password, taking turns with other crates |

mod bare;
mod classes;
mod clock;
mod decisions;
mod hashes;
mod ledger;
mod plain;
mod processes;
mod simulate;
mod users;
mod verbs;
mod way;

use std::io::Write;
use std::process::ExitCode;

/// Whatever went wrong: it is only ever shown.
type Failure = Box<dyn std::error::Error>;

const USAGE: &str = "usage: kinde-migrate-bench way URL LEDGER USERS hash|password
       kinde-migrate-bench verbs|started URL LEDGER USERS PASSES
       kinde-migrate-bench queued LEDGER USERS
       kinde-migrate-bench shared URL LEDGER PROCESSES SECONDS
       kinde-migrate-bench decisions LEDGER PROCESSES SECONDS
       kinde-migrate-bench over URL LEDGER ENTRIES LEARN SECONDS
       kinde-migrate-bench drain URL LEDGER ENTRIES AT_ONCE
       kinde-migrate-bench many URL LEDGER USERS
       kinde-migrate-bench simulate PICTURE SEEDS
       kinde-migrate-bench mapped SECONDS
       kinde-migrate-bench checked ROUNDS";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let report = match args.as_slice() {
        ["way", url, ledger, users, credential] => way::measure(url, ledger, users, credential),
        ["verbs", url, ledger, users, passes] => verbs::called(url, ledger, users, passes),
        ["started", url, ledger, users, passes] => verbs::started(url, ledger, users, passes),
        ["queued", ledger, users] => ledger::queued(ledger, users),
        ["shared", url, ledger, processes, seconds] => ledger::shared(url, ledger, processes, seconds),
        ["again", url, ledger, seconds] => ledger::again(url, ledger, seconds),
        ["decisions", ledger, processes, seconds] => decisions::shared(ledger, processes, seconds),
        ["decide", ledger, seconds] => decisions::decide(ledger, seconds),
        ["over", url, ledger, entries, learn, seconds] => classes::over(url, ledger, entries, learn, seconds),
        ["work", url, ledger] => classes::work(url, ledger),
        ["drain", url, ledger, entries, at_once] => ledger::drain(url, ledger, entries, at_once),
        ["many", url, ledger, users] => ledger::many(url, ledger, users),
        ["simulate", picture, seeds] => simulate::simulate(picture, seeds),
        ["mapped", seconds] => hashes::mapped(seconds),
        ["checked", rounds] => hashes::checked(rounds),
        _ => Err(USAGE.into()),
    };
    let shown = report.and_then(|report| Ok(writeln!(std::io::stdout(), "{report}")?));
    match shown {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // There is nowhere left to say that stderr is closed.
            let _ = writeln!(std::io::stderr(), "kinde-migrate-bench: {failure}");
            ExitCode::FAILURE
        }
    }
}
