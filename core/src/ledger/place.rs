//! The file on the disk: a folder and files that only this user can read, on a local disk.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, Metadata, Permissions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::filesystem::network_of;
use super::{now, still};

/// What stands behind the name of SQLite's files: the ledger's own and those beside it.
const FILES: [&str; 4] = ["", "-wal", "-shm", "-journal"];
/// The name of the folder where none was set.
const FOLDER: &str = "kinde-migrate";

const OTHERS_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// Makes the folder (0700) and the file (0600) where they are missing, tightens what is ours and too
/// loose, and refuses what others could read, change or put in its place. The error says what is wrong in
/// words for the person who can mend it. What stands beside a file that is gone is no part of a new one: it is set aside, and
/// that is told.
pub(super) fn prepare(path: &Path) -> Result<Orphans, String> {
    prepare_as(path, me())
}

/// Whether there was something beside a ledger's file that was gone.
pub(super) type Orphans = bool;

/// Looks again, when the files beside the ledger are there: in a folder that others may write to, they might have
/// been put there in the meantime.
pub(super) fn check(path: &Path) -> Result<(), String> {
    FILES.iter().try_for_each(|end| check_file(&beside(path, end), me()))
}

/// Whether a ledger could lie there: makes the folder where it is missing, and looks whether a file can be made in it.
pub(super) fn prepare_folder(path: &Path) -> Result<(), String> {
    let folder = folder_of(path);
    folder_as(path, me())?;
    if is_there(path) {
        return check_file(path, me());
    }
    tempfile_in(folder).map_err(|error| format!("cannot write to the folder {}: {error}", folder.display()))
}

/// Makes a file and takes it away again.
fn tempfile_in(folder: &Path) -> std::io::Result<()> {
    let probe = folder.join(format!(".probe-{}-{}", std::process::id(), now()));
    make_file(&probe)?;
    std::fs::remove_file(probe)
}

fn prepare_as(path: &Path, me: u32) -> Result<Orphans, String> {
    folder_as(path, me)?;
    FILES.iter().try_for_each(|end| check_file(&beside(path, end), me))?;
    if is_there(path) { Ok(false) } else { make(path, folder_of(path), me) }
}

fn folder_as(path: &Path, me: u32) -> Result<(), String> {
    let folder = folder_of(path);
    let shown = folder.display();
    let new = !folder.exists();
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| format!("cannot make the folder {shown}: {error}"))?;
    check_folder(folder, path, new, me)?;
    if let Some(name) = network_of(if path.exists() { path } else { folder }) {
        return Err(format!(
            "{shown} is on a network filesystem ({name}), where SQLite's locks do not hold; name a path on a local disk"
        ));
    }
    Ok(())
}

/// One at a time: who sets aside what a lost file has left must not take away what belongs to another's new one. The
/// process does not fork meanwhile, or a child would keep the lock.
fn make(path: &Path, folder: &Path, me: u32) -> Result<Orphans, String> {
    let _still = still::inside();
    let _alone = alone(folder)?;
    if is_there(path) {
        return Ok(false);
    }
    let mark = format!(".orphaned-{}", now());
    let mut orphans = false;
    for end in FILES.iter().filter(|end| !end.is_empty()) {
        match std::fs::rename(beside(path, end), beside(path, &format!("{mark}{end}"))) {
            Ok(()) => orphans = true,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(format!("cannot set {} aside: {error}", beside(path, end).display())),
        }
    }
    make_file(path).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    check_file(path, me).map(|()| orphans)
}

/// The lock of a folder, which goes with the handle. Others have it for some microseconds.
fn alone(folder: &Path) -> Result<File, String> {
    const TRIES: u32 = 400;
    let why = |error: &dyn std::fmt::Display| format!("cannot lock the folder {}: {error}", folder.display());
    let handle = File::open(folder).map_err(|error| why(&error))?;
    for _ in 0..TRIES {
        match handle.try_lock() {
            Ok(()) => return Ok(handle),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
            Err(TryLockError::Error(error)) => return Err(why(&error)),
        }
    }
    Err(why(&"another process has locked it"))
}

/// Renames a ledger and what lies beside it, if it is still the file that it was.
pub(super) fn set_aside(path: &Path, file: Option<(u64, u64)>, mark: &str) -> Option<PathBuf> {
    let _still = still::inside();
    let _alone = alone(folder_of(path)).ok()?;
    if identity(path) != file {
        return None;
    }
    // Before the file itself: a new one must not find what belongs to the old one, nor lose its own.
    for end in FILES.iter().rev() {
        let renamed = std::fs::rename(beside(path, end), beside(path, &format!("{mark}{end}")));
        if end.is_empty() {
            renamed.ok()?;
        }
    }
    Some(beside(path, mark))
}

/// Device and inode of the file that lies there.
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::symlink_metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn is_there(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// The folder must be this user's or the system's, and nobody else may put files into it, but into a shared one
/// such as /tmp, where nobody can take away another's.
fn check_folder(folder: &Path, path: &Path, new: bool, me: u32) -> Result<(), String> {
    let shown = folder.display();
    let found =
        std::fs::metadata(folder).map_err(|error| format!("cannot use the folder {shown}: {error}"))?;
    if found.uid() != me && found.uid() != 0 {
        return Err(foreign(&format!("the folder {shown}"), &found, me));
    }
    let mode = found.mode() & 0o7777;
    let open = mode & OTHERS_WRITE != 0;
    if found.uid() == me && mode & STICKY == 0 && (new || mode & 0o077 != 0) {
        // One that was made for something else is left as it is, unless it cannot be used otherwise.
        let ours = new || folder.file_name().is_some_and(|name| name == FOLDER);
        if ours || (open && holds_only(folder, path)) {
            return set_mode(folder, 0o700);
        }
    }
    if open && mode & STICKY == 0 {
        return Err(format!(
            "others may write to the folder {shown} (mode {mode:04o}); take that right away (chmod go-w), or name another folder"
        ));
    }
    Ok(())
}

/// Whether there is nothing but the ledger in the folder.
fn holds_only(folder: &Path, path: &Path) -> bool {
    let ours: Vec<PathBuf> = FILES.iter().map(|end| beside(path, end)).collect();
    let ours = |name: OsString| ours.iter().any(|ours| ours.file_name() == Some(&name));
    std::fs::read_dir(folder).is_ok_and(|mut all| all.all(|one| one.is_ok_and(|one| ours(one.file_name()))))
}

/// A file that is there must be a regular one of this user. It is looked at by its name only: closing one that
/// SQLite has open in this process would drop its locks (POSIX locks go with any descriptor).
fn check_file(path: &Path, me: u32) -> Result<(), String> {
    let shown = path.display();
    let found = match std::fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("cannot use {shown}: {error}")),
    };
    if found.file_type().is_symlink() {
        return Err(format!("{shown} is a symbolic link; remove it, or name the file itself"));
    }
    if !found.is_file() {
        return Err(format!("{shown} is not a regular file; name another one"));
    }
    if found.uid() != me {
        return Err(foreign(&shown.to_string(), &found, me));
    }
    if found.mode() & 0o7777 != 0o600 { set_mode(path, 0o600) } else { Ok(()) }
}

fn foreign(what: &str, found: &Metadata, me: u32) -> String {
    let owner = found.uid();
    format!(
        "{what} belongs to another user (uid {owner}, and this process runs as uid {me}); run everything that uses this \
         ledger as one user, or name another ledger"
    )
}

fn set_mode(path: &Path, mode: u32) -> Result<(), String> {
    match std::fs::set_permissions(path, Permissions::from_mode(mode)) {
        // What SQLite keeps beside the ledger goes with its last connection.
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(format!("cannot set the rights of {} (chmod {mode:o}): {error}", path.display()))
        }
        _ => Ok(()),
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Without opening it, where the system has a way: another thread's SQLite might have it open by then.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "the standard library makes no file without opening it")]
fn make_file(path: &Path) -> std::io::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    let path = std::ffi::CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the path ends in NUL.
    match unsafe { libc::mknod(path.as_ptr(), libc::S_IFREG | 0o600, 0) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

#[cfg(not(target_os = "linux"))]
fn make_file(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map(drop)
}

#[allow(unsafe_code, reason = "the standard library does not tell the user of the process")]
pub(super) fn me() -> u32 {
    // SAFETY: it only tells, and never fails.
    unsafe { libc::geteuid() }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const NOBODY: u32 = 65534;

    fn mode(path: impl AsRef<Path>) -> u32 {
        std::fs::symlink_metadata(path).unwrap().mode() & 0o7777
    }

    fn chmod(path: impl AsRef<Path>, mode: u32) {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_a_lost_file_has_left_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        assert!(!prepare(&path).unwrap());
        for end in ["-wal", "-shm", "-journal"] {
            std::fs::write(beside(&path, end), end).unwrap();
        }
        assert!(!prepare(&path).unwrap(), "the file is there");
        std::fs::remove_file(&path).unwrap();
        assert!(prepare(&path).unwrap());
        assert!(!prepare(&path).unwrap());
        let mut names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
        names.sort();
        let names: Vec<_> = names.iter().map(|name| name.to_str().unwrap()).collect();
        assert_eq!((names.len(), names[0]), (4, "ledger.db"), "{names:?}");
        for (name, end) in names[1..].iter().zip(["-journal", "-shm", "-wal"]) {
            assert!(name.starts_with("ledger.db.orphaned-") && name.ends_with(end), "{names:?}");
        }
    }

    fn refusal(path: &Path) -> String {
        prepare(path).unwrap_err()
    }

    #[test]
    fn what_is_missing_is_made_for_this_user_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/ledger.db");
        prepare(&path).unwrap();
        prepare(&path).unwrap();
        assert_eq!((mode(folder.path().join("a")), mode(folder.path().join("a/b"))), (0o700, 0o700));
        assert_eq!((mode(&path), std::fs::metadata(&path).unwrap().len()), (0o600, 0));
    }

    #[test]
    fn files_that_are_too_loose_are_tightened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        for end in FILES {
            std::fs::write(beside(&path, end), "").unwrap();
            chmod(beside(&path, end), 0o666);
        }
        prepare(&path).unwrap();
        for end in FILES {
            assert_eq!(mode(beside(&path, end)), 0o600, "{end}");
        }
        chmod(beside(&path, "-wal"), 0o640);
        check(&path).unwrap();
        assert_eq!(mode(beside(&path, "-wal")), 0o600);
    }

    #[test]
    fn symbolic_links_and_what_is_no_file_are_refused() {
        for end in FILES {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("ledger.db");
            let target = folder.path().join("target");
            std::fs::write(&target, "").unwrap();
            chmod(&target, 0o644);
            for target in [target.as_path(), Path::new("nothing")] {
                symlink(target, beside(&path, end)).unwrap();
                let why = refusal(&path);
                assert!(why.contains(&format!("ledger.db{end} is a symbolic link; remove")), "{why}");
                assert_eq!(check(&path).unwrap_err(), why);
                std::fs::remove_file(beside(&path, end)).unwrap();
            }
            assert_eq!(mode(&target), 0o644, "what a link points to is left alone");
            std::fs::create_dir(beside(&path, end)).unwrap();
            assert!(refusal(&path).contains("is not a regular file"));
        }
    }

    #[test]
    fn a_folder_behind_a_symbolic_link_is_as_good_as_another() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("real")).unwrap();
        symlink("real", folder.path().join("link")).unwrap();
        prepare(&folder.path().join("link/ledger.db")).unwrap();
        assert!(folder.path().join("real/ledger.db").is_file());
    }

    /// Seen as somebody else, everything here is another user's, or the system's where the tests run as root.
    #[test]
    fn another_users_files_and_folders_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let root = me() == 0;
        let somebody = if root { 4242 } else { me() + 1 };
        for end in FILES {
            let name = beside(&path, end);
            std::fs::write(&name, "").unwrap();
            let why = prepare_as(&path, somebody).unwrap_err();
            let what = if root { name } else { folder.path().to_owned() };
            assert!(
                why.contains(&format!("{} belongs to another user (uid {}", what.display(), me())),
                "{why}"
            );
            assert!(why.contains("run everything that uses this ledger as one user"), "{why}");
            std::fs::remove_file(beside(&path, end)).unwrap();
        }
    }

    /// The same with owners that are really others. Only root can make them.
    #[test]
    fn files_and_folders_given_away_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let chown = |path: &Path, owner| std::os::unix::fs::chown(path, Some(owner), None);
        if me() != 0 {
            assert!(refusal(Path::new("/etc/passwd")).contains("/etc/passwd belongs to another user (uid 0"));
            return;
        }
        for end in FILES {
            std::fs::write(beside(&path, end), "").unwrap();
            chmod(beside(&path, end), 0o644);
            chown(&beside(&path, end), NOBODY).unwrap();
            let why = refusal(&path);
            assert!(why.contains(&format!("ledger.db{end} belongs to another user (uid 65534")), "{why}");
            assert_eq!(mode(beside(&path, end)), 0o644, "another's file is left alone");
            std::fs::remove_file(beside(&path, end)).unwrap();
        }
        chown(folder.path(), NOBODY).unwrap();
        assert!(refusal(&path).contains("belongs to another user (uid 65534"));
        assert!(!path.exists());
        // Root's folder is the system's: good for all.
        chown(folder.path(), 0).unwrap();
        check_folder(folder.path(), &path, false, NOBODY).unwrap();
    }

    #[test]
    fn a_folder_that_others_may_write_to_is_refused_or_tightened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        std::fs::write(folder.path().join("something-else"), "").unwrap();
        for loose in [0o770, 0o707, 0o777, 0o2775] {
            chmod(folder.path(), loose);
            let why = refusal(&path);
            assert!(why.contains(&format!("(mode {loose:04o}); take that right away")), "{why}");
            assert!(!path.exists());
        }
        chmod(folder.path(), 0o1777);
        prepare(&path).unwrap();
        assert_eq!(mode(folder.path()), 0o1777, "a shared folder is left alone");
        std::fs::remove_file(folder.path().join("something-else")).unwrap();
        chmod(folder.path(), 0o775);
        prepare(&path).unwrap();
        assert_eq!(mode(folder.path()), 0o700, "nobody else has anything in it");
    }

    #[test]
    fn a_folder_that_others_may_only_read_is_tightened_if_it_is_ours_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for (name, after) in [("kinde-migrate", 0o700), ("somewhere", 0o755)] {
            let named = folder.path().join(name);
            std::fs::create_dir(&named).unwrap();
            chmod(&named, 0o755);
            prepare(&named.join("ledger.db")).unwrap();
            assert_eq!((mode(&named), mode(named.join("ledger.db"))), (after, 0o600));
        }
    }
}
