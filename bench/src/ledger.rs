//! What the ledger costs: owing something, remembering many, and delivering much.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kinde_migrate::{Migrator, Status};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::Failure;
use crate::clock::Samples;
use crate::processes::{in_processes, spread};
use crate::users::{migrator, stored, user};

/// Nobody listens there, so Kinde is down.
const NOWHERE: &str = "http://127.0.0.1:9";
/// About what an entry of the outbox takes.
const ENTRY: usize = 420;

/// `queued` while Kinde is down, against one insert that SQLite puts on the same disk, taking turns.
pub(crate) fn queued(ledger: &str, users: &str) -> Result<Value, Failure> {
    let users: usize = users.parse()?;
    let library = migrator(NOWHERE, ledger)?;
    for n in 0..5 {
        library.migrate(&user("first", n), &stored());
    }
    let bare = Connection::open(format!("{ledger}.bare"))?;
    bare.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    bare.pragma_update(None, "synchronous", "FULL")?;
    bare.execute("CREATE TABLE t (id BLOB PRIMARY KEY, body BLOB) WITHOUT ROWID", [])?;
    let (mut ours, mut inserts, mut straight) = (Samples::default(), Samples::default(), 0);
    for n in 0..users {
        ours.one(|| {
            let outcome = library.migrate(&user("user", n), &stored());
            straight += usize::from(outcome.reason.is_some_and(|reason| reason.as_str() == "kinde_down"));
            match outcome.status {
                Status::Queued => Ok(outcome.calls),
                _ => Err(Failure::from(format!("not queued: {outcome:?}"))),
            }
        })?;
        let mut insert = bare.prepare_cached("INSERT INTO t VALUES (?1, ?2)")?;
        let id = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
        inserts.one(|| insert.execute(params![id, [7_u8; ENTRY]]).map(|_| 0))?;
    }
    Ok(
        json!({ "ours": ours.report(), "insert": inserts.report(), "straight": straight as f64 / users as f64 }),
    )
}

/// Repeated sign-ins in several processes on one ledger, in turns of a millisecond so that all of them are at it.
pub(crate) fn shared(url: &str, ledger: &str, processes: &str, seconds: &str) -> Result<Value, Failure> {
    let library = migrator(url, ledger)?;
    for n in 0..USERS {
        library.migrate(&user("user", n), &stored());
    }
    drop(library);
    let micros = in_processes(processes, &["again", url, ledger, seconds])?;
    Ok(spread(micros.into_values().flatten().collect()))
}

const USERS: usize = 200;

/// One of those processes: a burst of sign-ins every few milliseconds.
pub(crate) fn again(url: &str, ledger: &str, seconds: &str) -> Result<Value, Failure> {
    let library = migrator(url, ledger)?;
    let ends = Instant::now() + Duration::from_secs_f64(seconds.parse()?);
    let mut samples = Samples::default();
    for n in (0..USERS).cycle() {
        samples.one(|| match library.migrate(&user("user", n), &stored()) {
            outcome if outcome.status == Status::Unchanged => Ok(0),
            outcome => Err(Failure::from(format!("not unchanged: {outcome:?}"))),
        })?;
        if n % 10 == 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
        if Instant::now() >= ends {
            break;
        }
    }
    Ok(samples.report())
}

/// A worker delivers a long outbox: how fast, and in how much memory.
pub(crate) fn drain(url: &str, ledger: &str, entries: &str, at_once: &str) -> Result<Value, Failure> {
    let (entries, at_once): (usize, usize) = (entries.parse()?, at_once.parse()?);
    fill(url, ledger, entries)?;
    let library = migrator(url, ledger)?;
    let began = Instant::now();
    let done = AtomicBool::new(false);
    let mut memory = Vec::new();
    let drained = std::thread::scope(|scope| {
        let worker = scope.spawn(|| library.work(at_once, &|| done.load(Ordering::Relaxed)));
        let watcher = migrator(url, ledger)?;
        while watcher.status().owed > 0 && !worker.is_finished() {
            std::thread::sleep(Duration::from_millis(500));
            memory.push(resident()?);
        }
        done.store(true, Ordering::Relaxed);
        worker.join().map_err(|_| Failure::from("the worker panicked"))
    })?;
    let seconds = began.elapsed().as_secs_f64();
    Ok(json!({
        "entries": entries, "delivered": drained.delivered, "left": drained.left, "seconds": seconds,
        "entries_a_second": f64::from(drained.delivered) / seconds,
        "first_mb": memory.first(), "last_mb": memory.last(), "most_mb": peak()?,
    }))
}

/// Owes entries while Kinde is down, but on a disk in memory: a hundred thousand waits for the disk are not what is
/// measured.
pub(crate) fn fill(url: &str, ledger: &str, entries: usize) -> Result<(), Failure> {
    tell(url, r#"{"faults": {"error_503": 1.0}}"#)?;
    let aside = format!("/dev/shm/kinde-migrate-bench-{}", std::process::id());
    {
        let library = migrator(url, &format!("{aside}/ledger.db"))?;
        for n in 0..entries {
            let outcome = library.migrate(&user("user", n), &stored());
            if outcome.status != Status::Queued {
                return Err(format!("not queued: {outcome:?}").into());
            }
        }
    }
    let folder = std::path::Path::new(ledger).parent().ok_or("no folder")?;
    std::fs::create_dir_all(folder)?;
    std::fs::copy(format!("{aside}/ledger.db"), ledger)?;
    std::fs::remove_dir_all(aside)?;
    tell(url, r#"{"faults": {}}"#)
}

/// Sets options of the sandbox.
fn tell(url: &str, options: &str) -> Result<(), Failure> {
    let host = url.strip_prefix("http://").ok_or("not a sandbox's URL")?;
    let mut stream = TcpStream::connect(host)?;
    write!(
        stream,
        "POST /sandbox/options HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{options}",
        options.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.1 200") { Ok(()) } else { Err(answer.into()) }
}

/// Sign-ins with a ledger of that many users, and what a user takes on the disk. All but a few are written straight into
/// the table: carrying them over would take hours and is not what is measured.
pub(crate) fn many(url: &str, ledger: &str, users: &str) -> Result<Value, Failure> {
    let users: u64 = users.parse()?;
    let library = migrator(url, ledger)?;
    let small = sign_ins(&library)?;
    drop(library);
    let mut db = Connection::open(ledger)?;
    let tx = db.transaction()?;
    {
        let mut insert = tx.prepare(
            "INSERT INTO carried (user, kinde_id, version, provided, kept, seq) VALUES (?1, ?2, ?3, ?4, 0, ?5)",
        )?;
        let mut state = 42_u64;
        let mut bytes = || {
            let mut all = [0; 16];
            for half in all.chunks_mut(8) {
                // SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators").
                state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut z = state;
                z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                half.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes());
            }
            all
        };
        for n in 0..users {
            insert.execute(params![bytes(), bytes(), bytes(), bytes(), n as i64])?;
        }
    }
    tx.commit()?;
    db.pragma_update_and_check(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()))?;
    drop(db);
    let bytes = std::fs::metadata(ledger)?.len() as f64 / users as f64;
    let large = sign_ins(&migrator(url, ledger)?)?;
    Ok(json!({ "users": users, "bytes_a_user": bytes, "small": small, "large": large }))
}

fn sign_ins(library: &Migrator) -> Result<Value, Failure> {
    let mut again = Samples::default();
    for n in 0..USERS {
        library.migrate(&user("user", n), &stored());
    }
    for n in (0..USERS).cycle().take(20 * USERS) {
        again.one(|| match library.migrate(&user("user", n), &stored()) {
            outcome if outcome.status == Status::Unchanged => Ok(0),
            outcome => Err(Failure::from(format!("not unchanged: {outcome:?}"))),
        })?;
    }
    Ok(again.report())
}

fn resident() -> Result<f64, Failure> {
    of_status("VmRSS:")
}

fn peak() -> Result<f64, Failure> {
    of_status("VmHWM:")
}

/// A line of this process's status, in MB.
fn of_status(name: &str) -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}
