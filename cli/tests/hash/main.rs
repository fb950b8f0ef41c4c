//! `hash` as whoever types it sees it.

// What clippy.toml allows in tests, for their helpers too.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod map;
mod one;
mod survey;

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

const VECTORS: &str = include_str!("../../../core/tests/data/hash/vectors.json");

const MD5: &str = "5f4dcc3b5aa765d61d8327deb882cf99";
const BCRYPT: &str = "$2y$10$69.kVLkpGbQCv3vxmdnQM.RfzFVB8dXT1kiLvuQg6qhqLnYns0dPi";

/// What a process has said and how it ended.
struct Said {
    status: i32,
    out: String,
    err: String,
}

fn vectors() -> Vec<Value> {
    serde_json::from_str(VECTORS).unwrap()
}

/// `kinde-migrate hash …` with this on its stdin.
fn hash(args: &[&str], stdin: impl AsRef<[u8]>) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kinde-migrate"));
    command.arg("hash").args(args);
    fed(command, stdin.as_ref())
}

fn fed(mut command: Command, stdin: &[u8]) -> Said {
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    let (mut to, stdin) = (child.stdin.take().unwrap(), stdin.to_owned());
    // On a thread, since both pipes may fill up; who ends early reads not all of it.
    let feeding = std::thread::spawn(move || to.write_all(&stdin));
    let output = child.wait_with_output().unwrap();
    let _ = feeding.join().unwrap();
    Said {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Said {
    #[track_caller]
    fn ended(self, status: i32) -> Said {
        assert_eq!(self.status, status, "{}{}", self.out, self.err);
        self
    }

    fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }
}
