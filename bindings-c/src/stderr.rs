//! A line on the host's standard error, without any harm to the host: no lock, no waiting, no signal.

/// Writes the line, and whether it could. A pipe that is full or that nobody reads any more takes none.
#[cfg(unix)]
pub(crate) fn say(line: &str) -> bool {
    use std::mem::{MaybeUninit, zeroed};
    use std::ptr::null_mut;

    // In a host that has closed it, the number may be a file's or a connection's. Those are closed on exec.
    // SAFETY: it only asks for flags.
    let flags = unsafe { libc::fcntl(libc::STDERR_FILENO, libc::F_GETFD) };
    if flags < 0 || flags & libc::FD_CLOEXEC != 0 {
        return false;
    }
    let mut stderr = libc::pollfd { fd: libc::STDERR_FILENO, events: libc::POLLOUT, revents: 0 };
    // SAFETY: one structure, which lives through the call. It does not wait.
    let ready = unsafe { libc::poll(&raw mut stderr, 1, 0) };
    if ready != 1 || stderr.revents & (libc::POLLERR | libc::POLLNVAL) != 0 {
        return false;
    }
    let line = format!("{line}\n");
    // SAFETY: sets of signals are plain data, which these functions fill; the bytes live through the call. A pipe
    // that is closed in this instant raises SIGPIPE in this thread, where it is blocked and taken back, so that it
    // does not end the host.
    unsafe {
        let (mut pipe, mut before, mut pending): (libc::sigset_t, libc::sigset_t, libc::sigset_t) =
            (zeroed(), zeroed(), zeroed());
        libc::sigemptyset(&raw mut pipe);
        libc::sigaddset(&raw mut pipe, libc::SIGPIPE);
        libc::sigpending(&raw mut pending);
        let was_pending = libc::sigismember(&raw const pending, libc::SIGPIPE) == 1;
        if libc::pthread_sigmask(libc::SIG_BLOCK, &raw const pipe, &raw mut before) != 0 {
            return false;
        }
        let written = libc::write(libc::STDERR_FILENO, line.as_ptr().cast(), line.len());
        libc::sigpending(&raw mut pending);
        if written < 0 && !was_pending && libc::sigismember(&raw const pending, libc::SIGPIPE) == 1 {
            let mut signal = MaybeUninit::uninit();
            libc::sigwait(&raw const pipe, signal.as_mut_ptr());
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, null_mut());
        written > 0
    }
}

/// Writes the line, and whether it could.
#[cfg(not(unix))]
pub(crate) fn say(line: &str) -> bool {
    use std::io::Write;
    writeln!(std::io::stderr(), "{line}").is_ok()
}
