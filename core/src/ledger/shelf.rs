//! A book and the keys to it: one for what is written, and those under which entries may still wait from before a
//! rotation of the client secret.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::book::{APPLICATION, Book, Trouble};
use super::outbox::Entry;
use super::seal::DataKey;
use super::{now, place, uptime};
use crate::settings::Config;
use crate::steps::reached;

pub(super) struct Shelf {
    pub(super) book: Book,
    pub(super) key: Arc<DataKey>,
    others: Vec<Arc<DataKey>>,
    realm: String,
    /// Device and inode of the file.
    file: Option<(u64, u64)>,
}

impl Shelf {
    /// Opens the file. A damaged one is set aside first; where it is then, is told.
    pub(super) fn open(path: &Path, config: &Config) -> Result<(Shelf, Option<PathBuf>), String> {
        match Book::open(path).and_then(|book| Shelf::on(book, config)) {
            Ok(shelf) => {
                // Tidying may fail: then it is done another time.
                let _ = shelf.book.clear_turns(uptime()).and_then(|()| shelf.book.clear_callers(uptime()));
                Ok((Shelf { file: identity(path), ..shelf }, None))
            }
            Err(Trouble::Damaged(why)) => {
                let aside = set_aside(path).ok_or(why)?;
                let shelf = Book::open(path).and_then(|book| Shelf::on(book, config))?;
                Ok((Shelf { file: identity(path), ..shelf }, Some(aside)))
            }
            Err(Trouble::Other(why)) => Err(why),
        }
    }

    /// A book in memory, with the file's key if there is one: what names a user stays the same then.
    pub(super) fn in_memory(config: &Config, file: Option<&Shelf>) -> Result<Shelf, String> {
        let book = Book::in_memory()?;
        if let Some(file) = file {
            return Ok(Shelf {
                book,
                key: Arc::clone(&file.key),
                others: file.others.clone(),
                realm: file.realm.clone(),
                file: None,
            });
        }
        Ok(Shelf::on(book, config)?)
    }

    pub(super) fn is_a_file(&self) -> bool {
        self.file.is_some()
    }

    /// Whether the file that is open lies there.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        self.file.is_some() && identity(path) == self.file
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Arc<DataKey>> {
        std::iter::once(&self.key).chain(&self.others)
    }

    /// An entry's text.
    pub(super) fn opened(&self, entry: &Entry) -> Option<Zeroizing<Vec<u8>>> {
        let key = self.keys().find(|key| key.id == entry.key)?;
        key.open(&place(entry.user, entry.intent), &entry.sealed)
    }

    /// Takes over what another book owes, and its keys; and drops what it knows to be overtaken, as an older copy has it.
    pub(super) fn adopt(&self, lost: &Shelf) -> rusqlite::Result<()> {
        let mut after = i64::MIN;
        loop {
            let entries = self.book.entries(after, false, 100)?;
            let Some(last) = entries.last() else { break };
            after = last.seq;
            for entry in &entries {
                if lost.book.overtaken(entry.task()).unwrap_or(false) {
                    self.book.remove(entry)?;
                }
            }
        }
        // Of a damaged one, what can be read.
        for row in lost.book.keys(&lost.realm).unwrap_or_default() {
            self.book.adopt_key(&lost.realm, row, now())?;
        }
        self.adopt_owed(lost, usize::MAX).map(drop)
    }

    /// Takes over what another book owes: it is sealed anew, and taken out there once it is on the disk here. `false`: it
    /// owes more than `most`.
    pub(super) fn adopt_owed(&self, other: &Shelf, most: usize) -> rusqlite::Result<bool> {
        let mut after = i64::MIN;
        let mut adopted = 0;
        loop {
            let entries = other.book.entries(after, false, 100)?;
            if entries.is_empty() {
                return Ok(true);
            }
            for entry in entries {
                if adopted == most {
                    return Ok(false);
                }
                adopted += 1;
                after = entry.seq;
                reached("before_adopt");
                self.book.number_from(entry.shield.unwrap_or(entry.seq))?;
                let sealed = other
                    .opened(&entry)
                    .and_then(|text| self.key.seal(&place(entry.user, entry.intent), &text))
                    .map(|sealed| (self.key.id, sealed));
                // Sealed under a secret that is not known here: as it is.
                let (key, sealed) = sealed.unwrap_or_else(|| (entry.key, entry.sealed.clone()));
                let times = (entry.created, uptime());
                self.book.owe(entry.task(), (key, &sealed), times, entry.dead, &entry.reason)?;
                reached("between_adopt");
                other.book.remove(&entry)?;
                reached("after_adopt");
            }
        }
    }

    /// Finds this domain's key in the book, or makes one. A key that only the previous client secret opens
    /// is wrapped anew for the present one.
    fn on(book: Book, config: &Config) -> Result<Shelf, Trouble> {
        let realm = config.base.as_str();
        for _ in 0..8 {
            let keys = book.keys(realm)?;
            let mut opened = Vec::new();
            for (id, salt, wrapped) in &keys {
                if let Some(key) = DataKey::unwrap(id, &config.client_secret, salt, wrapped) {
                    opened.push(Arc::new(key));
                    continue;
                }
                let previous = config.previous_client_secret.as_ref();
                if let Some(key) = previous.and_then(|secret| DataKey::unwrap(id, secret, salt, wrapped)) {
                    if let Some(wrapped) = key.wrap(&config.client_secret, salt) {
                        let row = (id.clone(), salt.clone(), wrapped);
                        book.put_key(realm, row, None, keys.len())?;
                    }
                    opened.push(Arc::new(key));
                }
            }
            // The oldest, so that processes which know different secrets come to agree.
            let mut opened = opened.into_iter();
            if let Some(key) = opened.next() {
                let others = opened.collect();
                return Ok(Shelf { book, key, others, realm: realm.to_owned(), file: None });
            }
            let (key, salt, wrapped) = DataKey::generate(&config.client_secret)
                .ok_or_else(|| Trouble::Other("the system has no random bytes to give".into()))?;
            let row = (key.id.to_vec(), salt.to_vec(), wrapped);
            // Another process may have made its key in the meantime: then that one is used.
            reached("before_key_kept");
            let kept = book.put_key(realm, row, Some(now()), keys.len())?;
            reached("after_key_kept");
            if kept {
                let key = Arc::new(key);
                return Ok(Shelf { book, key, others: Vec::new(), realm: realm.to_owned(), file: None });
            }
        }
        Err(Trouble::Other("its key changes all the time".into()))
    }
}

/// Renames a damaged ledger, so that a new one can be begun and the old one be examined. Only what its first page says
/// to be a ledger: a wrong path must cost nobody a file.
pub(super) fn set_aside(path: &Path) -> Option<PathBuf> {
    let mut head = [0; 72];
    File::open(path).ok()?.read_exact(&mut head).ok()?;
    if !head.starts_with(b"SQLite format 3\0") || !head.ends_with(&APPLICATION.to_be_bytes()) {
        return None;
    }
    let beside = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let mark = format!(".damaged-{}", now());
    let aside = beside(&mark);
    // Before the file itself: a new one must not find what belongs to the old one, nor lose its own.
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::rename(beside(suffix), beside(&format!("{mark}{suffix}")));
    }
    std::fs::rename(path, &aside).ok()?;
    Some(aside)
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::symlink_metadata(path).ok().map(|found| (found.dev(), found.ino()))
}
