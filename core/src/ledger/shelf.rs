//! A book and the keys to it: one for what is written, and those under which entries may still wait from before a
//! rotation of the client secret.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::book::{APPLICATION, Book, Trouble, WrappedKey};
use super::outbox::Entry;
use super::place::{self, identity};
use super::seal::{ClientKey, DataKey, Digest};
use super::{now, uptime};
use crate::settings::Config;
use crate::steps::reached;

pub(super) struct Shelf {
    pub(super) book: Book,
    pub(super) key: Arc<DataKey>,
    others: Vec<Arc<DataKey>>,
    pub(super) realm: String,
    /// A digest of the client id.
    client: Digest,
    /// Device and inode of the file.
    pub(super) file: Option<(u64, u64)>,
}

impl Shelf {
    /// Opens the file. A damaged one is set aside first; where it is then, is told.
    pub(super) fn open(path: &Path, config: &Config) -> Result<(Shelf, Option<PathBuf>), String> {
        let file = identity(path);
        match Book::open(path).and_then(|book| Shelf::on(book, config)) {
            Ok(shelf) => {
                // Tidying may fail: then it is done another time.
                let _ = shelf.book.clear_turns(uptime()).and_then(|()| shelf.book.clear_callers(uptime()));
                Ok((Shelf { file: identity(path), ..shelf }, None))
            }
            Err(Trouble::Damaged(why)) => {
                let aside = set_aside(path, file);
                if aside.is_none() && identity(path) == file {
                    return Err(why);
                }
                let shelf = Book::open(path).and_then(|book| Shelf::on(book, config))?;
                Ok((Shelf { file: identity(path), ..shelf }, aside))
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
                client: file.client,
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
        key.open(&super::owed::sealed_for(entry.address, entry.intent), &entry.sealed)
    }

    /// Keys that this application has made and that no secret known here opens. Another process may have made one since.
    pub(super) fn unknown_keys(&self) -> Vec<[u8; 8]> {
        let keys = self.book.keys(&self.realm).unwrap_or_default();
        let unknown =
            |key: &WrappedKey| key.client == self.client && self.keys().all(|known| known.id != key.id);
        keys.into_iter().filter(unknown).map(|key| key.id).collect()
    }

    /// How many entries wait for a client secret that is not known here.
    pub(super) fn sealed(&self) -> u64 {
        let unknown = self.unknown_keys();
        if unknown.is_empty() { 0 } else { self.book.sealed(&unknown).unwrap_or(0) }
    }

    /// Finds this domain's key in the book, or makes one. A key that only the previous client secret opens
    /// is wrapped anew for the present one.
    fn on(book: Book, config: &Config) -> Result<Shelf, Trouble> {
        let realm = config.base.as_str();
        let client = ClientKey::derive(&config.client_id, realm).digest(&[b"client"]);
        let shelf =
            |book, key, others| Ok(Shelf { book, key, others, realm: realm.to_owned(), client, file: None });
        for _ in 0..8 {
            let keys = book.keys(realm)?;
            let mut opened = Vec::new();
            for key in &keys {
                let WrappedKey { id, salt, wrapped, .. } = key;
                if let Some(key) = DataKey::unwrap(id, &config.client_secret, salt, wrapped) {
                    opened.push(Arc::new(key));
                    continue;
                }
                let previous = config.previous_client_secret.as_ref();
                if let Some(opens) = previous.and_then(|secret| DataKey::unwrap(id, secret, salt, wrapped)) {
                    if let Some(wrapped) = opens.wrap(&config.client_secret, salt) {
                        let row = WrappedKey { wrapped, salt: salt.clone(), ..*key };
                        book.put_key(realm, &row, None, keys.len())?;
                    }
                    opened.push(Arc::new(opens));
                }
            }
            // The oldest, so that processes which know different secrets come to agree.
            let mut opened = opened.into_iter();
            if let Some(key) = opened.next() {
                return shelf(book, key, opened.collect());
            }
            let (key, salt, wrapped) = DataKey::generate(&config.client_secret)
                .ok_or_else(|| Trouble::Other("the system has no random bytes to give".into()))?;
            let row = WrappedKey { id: key.id, salt: salt.to_vec(), wrapped, client };
            // Another process may have made its key in the meantime: then that one is used.
            reached("before_key_kept");
            let kept = book.put_key(realm, &row, Some(now()), keys.len())?;
            reached("after_key_kept");
            if kept {
                return shelf(book, Arc::new(key), Vec::new());
            }
        }
        Err(Trouble::Other("its key changes all the time".into()))
    }
}

/// Renames a damaged ledger, so that a new one can be begun and the old one be examined. Only what its first page says
/// to be a ledger: a wrong path must cost nobody a file. And only that very file: another process may have begun a new one.
pub(super) fn set_aside(path: &Path, file: Option<(u64, u64)>) -> Option<PathBuf> {
    let mut head = [0; 72];
    File::open(path).ok()?.read_exact(&mut head).ok()?;
    if !head.starts_with(b"SQLite format 3\0") || !head.ends_with(&APPLICATION.to_be_bytes()) {
        return None;
    }
    place::set_aside(path, file, &format!(".damaged-{}", now()))
}
