//! Filesystems of a test's own.

use std::path::Path;
use std::process::Command;

/// Runs a test anew in mounts of its own, where it may mount what it likes; `true` there.
pub fn in_own_mounts(name: &str) -> bool {
    const INSIDE: &str = "KINDE_CRASH_IN_OWN_MOUNTS";
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    // As root, or as the root of a user namespace.
    let works = |flags: &&str| {
        let status = Command::new("unshare").args([flags, "mount", "-t", "tmpfs", "none", "/mnt"]).status();
        status.is_ok_and(|status| status.success())
    };
    let flags = ["-m", "-rm"].into_iter().find(works).unwrap_or("-m");
    let status = Command::new("timeout")
        .args(["300", "unshare", flags])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads", "1"])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(status.success(), "{name}: {status}");
    false
}

/// Mounts something.
pub fn mount(arguments: &[&str], place: &Path) {
    let status = Command::new("mount").args(arguments).arg(place).status().unwrap();
    assert!(status.success(), "mount {arguments:?}: {status}");
}
