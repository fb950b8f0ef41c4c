//! A password from the terminal, unseen, or from a file descriptor; never from the command line.

use std::fs::File;
use std::io::{self, Read, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::failed::Failed;

/// The longest that is read; what the library takes is shorter by one.
const MAX: u64 = 4097;

/// Exit status after Ctrl-C.
const INTERRUPTED: i32 = 130;

/// From a file descriptor that whoever started this has opened. One newline at its end does not count.
pub(super) fn from_fd(fd: u32) -> Result<Zeroizing<Vec<u8>>, Failed> {
    let refused = |error: io::Error| Failed::usage(format!("--password-fd {fd}: {error}"));
    let mut typed = Zeroizing::new(Vec::with_capacity(MAX as usize));
    let file = File::open(format!("/dev/fd/{fd}")).map_err(refused)?;
    file.take(MAX).read_to_end(&mut typed).map_err(refused)?;
    if typed.ends_with(b"\n") {
        typed.pop();
        if typed.ends_with(b"\r") {
            typed.pop();
        }
    }
    Ok(typed)
}

/// From the terminal, which stays as it was even after Ctrl-C.
pub(super) fn ask() -> Result<Zeroizing<Vec<u8>>, Failed> {
    let terminal = File::options().read(true).write(true).open("/dev/tty").map_err(|_| {
        Failed::usage("there is no terminal to ask for the password: hand it over with --password-fd")
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let silent = Silent::make(&terminal)?;
    let mut reader = terminal.try_clone()?;
    let typed = runtime.block_on(async {
        let mut interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
        (&terminal).write_all(b"password: ")?;
        let reading = tokio::task::spawn_blocking(move || line(&mut reader));
        tokio::select! {
            typed = reading => typed.map_err(io::Error::other)?.map(Some),
            _ = interrupt.recv() => Ok(None),
        }
    })?;
    drop(silent);
    (&terminal).write_all(b"\n")?;
    match typed {
        Some(typed) => Ok(typed),
        None => std::process::exit(INTERRUPTED),
    }
}

/// Byte by byte, so that no buffer keeps a copy.
fn line(terminal: &mut File) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut typed = Zeroizing::new(Vec::with_capacity(MAX as usize));
    let mut byte = Zeroizing::new([0]);
    while typed.len() < MAX as usize && terminal.read(byte.as_mut_slice())? == 1 {
        match byte[..] {
            [b'\n'] => break,
            _ => typed.extend_from_slice(byte.as_slice()),
        }
    }
    Ok(typed)
}

/// A terminal that shows nothing until this is dropped.
struct Silent<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Silent<'a> {
    fn make(terminal: &'a File) -> io::Result<Silent<'a>> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &silent)?;
        Ok(Silent { terminal, before })
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}
