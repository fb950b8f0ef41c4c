//! The file on the disk: a folder and a file that only this user can read.

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Makes the folder (0700) and the file (0600) where they are missing. The error says what is wrong in
/// words for the person who can mend it.
pub(super) fn prepare(path: &Path) -> Result<(), String> {
    let shown = path.display();
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| format!("cannot make the folder of {shown}: {error}"))?;
    }
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_symlink() => {
            return Err(format!("{shown} is a symbolic link; name the file itself"));
        }
        Ok(found) if !found.is_file() => return Err(format!("{shown} is not a regular file")),
        _ => {}
    }
    // Only a new file is opened here: closing one that SQLite has open in this process would drop its locks
    // (POSIX locks go with any descriptor). SQLite gives the files beside it the same mode.
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(format!("cannot write {shown}: {error}")),
    }
}
