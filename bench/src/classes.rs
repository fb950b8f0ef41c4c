//! Sign-ins while a worker of the same ledger uses every call that Kinde takes, against sign-ins by themselves.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kinde_migrate::{Migrator, Status};
use serde_json::{Value, json};

use crate::Failure;
use crate::ledger::fill;
use crate::processes::spread;
use crate::users::{migrator, stored, user};

/// Threads that sign users in, each of them so often: 1,800 calls a minute altogether.
const THREADS: usize = 4;
const EVERY: Duration = Duration::from_millis(400);

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `learn` is how long the worker is given to find the limit out.
pub(crate) fn over(
    url: &str,
    ledger: &str,
    entries: &str,
    learn: &str,
    seconds: &str,
) -> Result<Value, Failure> {
    let seconds = Duration::from_secs_f64(seconds.parse()?);
    fill(url, ledger, entries.parse()?)?;
    let library = migrator(url, ledger)?;
    // Kinde was down while the outbox was filled.
    for n in 0.. {
        if library.migrate(&user("first", n), &stored()).status == Status::Created {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let alone = sign_ins(&library, "alone", seconds)?;
    let worker = Command::new(std::env::current_exe()?)
        .args(["work", url, ledger])
        .stdout(Stdio::null())
        .spawn()
        .map(Killed)?;
    std::thread::sleep(Duration::from_secs_f64(learn.parse()?));
    let before = library.status().owed;
    let over = sign_ins(&library, "over", seconds)?;
    let after = library.status().owed;
    drop(worker);
    Ok(json!({
        "alone": alone, "over": over, "left": after,
        "delivered_a_minute": before.saturating_sub(after) as f64 / seconds.as_secs_f64() * 60.0,
        "limited": library.status().rate_limited,
    }))
}

/// The worker, until it is killed.
pub(crate) fn work(url: &str, ledger: &str) -> Result<Value, Failure> {
    let drained = migrator(url, ledger)?.work(8, &|| false);
    Ok(json!({ "delivered": drained.delivered }))
}

fn sign_ins(library: &Migrator, who: &str, time: Duration) -> Result<Value, Failure> {
    let ends = Instant::now() + time;
    let one = |thread: usize| {
        std::thread::sleep(EVERY.mul_f64(thread as f64 / THREADS as f64));
        let mut micros = Vec::new();
        for n in 0.. {
            let began = Instant::now();
            if began >= ends {
                break;
            }
            let outcome = library.migrate(&user(&format!("{who}-{thread}"), n), &stored());
            if outcome.status != Status::Created {
                return Err(format!("not created: {outcome:?}"));
            }
            micros.push(began.elapsed().as_micros() as f64);
            std::thread::sleep(EVERY.saturating_sub(began.elapsed()));
        }
        Ok(micros)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || one(thread))).collect();
        let mut all = Vec::new();
        for thread in threads {
            all.extend(thread.join().map_err(|_| "a sign-in panicked")??);
        }
        Ok(spread(all))
    })
}
