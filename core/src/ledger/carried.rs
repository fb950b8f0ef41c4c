//! Who has been carried over, and under which version of the password.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::book::{Book, number};
use super::seal::Digest;
use super::{Carried, Intent, Task, UNFINISHED, outbox, turns};

impl Book {
    pub(super) fn recall(&self, user: Digest) -> rusqlite::Result<Option<Carried>> {
        self.read(|db| recall(db, user))
    }

    /// Remembers what a call or a delivery has done, drops what it overtook, and ends its turn. A later one's memory
    /// stands.
    pub(super) fn remember(&self, task: Task, carried: &Carried, changed: i64) -> rusqlite::Result<()> {
        let change = |tx: &Connection, owed: bool| {
            let task = finished(tx, task)?;
            remember(tx, task, carried, changed)?;
            // Who is left alone by a policy is still owed what was accepted for him before.
            if owed && !carried.kept {
                outbox::drop_older(tx, Task { intent: Intent::Password, ..task })?;
                if task.shield.is_some() {
                    outbox::drop_older(tx, Task { intent: Intent::Reset, ..task })?;
                }
            }
            turns::release(tx, task)
        };
        // If the power fails, an older password that has been overtaken must not be owed again.
        let done = self.write(|tx| match outbox::owes(tx, task.user)? {
            true => Ok(false),
            false => change(tx, false).map(|()| true),
        })?;
        if done { Ok(()) } else { self.write_through(|tx| change(tx, true)) }
    }

    /// How many have been carried over.
    pub(super) fn carried(&self) -> rusqlite::Result<u64> {
        self.read(|db| db.query_row("SELECT carried FROM counter", [], |row| row.get(0)))
    }

    pub(super) fn forget(&self, user: Digest) -> rusqlite::Result<()> {
        self.write(|tx| tx.execute("DELETE FROM carried WHERE user = ?1", [user.0]).map(drop))
    }

    /// Notes on the disk that a create is about to be sent; `false` if one was noted already.
    pub(super) fn begin_create(&self, user: Digest) -> rusqlite::Result<bool> {
        let sql = "INSERT OR IGNORE INTO begun (user) VALUES (?1)";
        self.write_through(|tx| tx.execute(sql, [user.0]).map(|noted| noted == 1))
    }

    /// Whether a create may have been sent that came to no end. That it came to one is known from [`Book::remember`].
    pub(super) fn create_begun(&self, user: Digest) -> rusqlite::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM begun WHERE user = ?1)";
        self.read(|db| db.prepare_cached(sql)?.query_row([user.0], |row| row.get(0)))
    }

    /// The create made nobody.
    pub(super) fn drop_create(&self, user: Digest) -> rusqlite::Result<()> {
        self.write(|tx| drop_create(tx, user))
    }
}

fn drop_create(tx: &Connection, user: Digest) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM begun WHERE user = ?1")?.execute([user.0]).map(drop)
}

pub(super) fn recall(db: &Connection, user: Digest) -> rusqlite::Result<Option<Carried>> {
    db.prepare_cached("SELECT kinde_id, version, salt, kept, provided, changed FROM carried WHERE user = ?1")?
        .query_row([user.0], |row| {
            Ok(Carried {
                kinde_id: unpacked(row.get_ref(0)?)?,
                version: row.get::<_, Option<[u8; 16]>>(1)?.map(Digest),
                salt: row.get(2)?,
                kept: row.get(3)?,
                provided: row.get::<_, Option<[u8; 16]>>(4)?.map(Digest),
                changed: row.get(5)?,
            })
        })
        .optional()
}

/// The task as its call ends: what is accepted from now on is newer than a change.
pub(super) fn finished(tx: &Connection, task: Task) -> rusqlite::Result<Task> {
    Ok(match task.shield {
        Some(UNFINISHED) => Task { shield: Some(number(tx)?), ..task },
        _ => task,
    })
}

/// `changed`: when, if it is a change of password.
pub(super) fn remember(tx: &Connection, task: Task, carried: &Carried, changed: i64) -> rusqlite::Result<()> {
    drop_create(tx, task.user)?;
    let written = tx.prepare_cached(
        "INSERT INTO carried (user, kinde_id, version, salt, kept, seq, provided, shield, changed, change)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, iif(?8, ?9, NULL), iif(?8, ?6, NULL))
         ON CONFLICT (user) DO UPDATE SET kinde_id = excluded.kinde_id, version = excluded.version,
             salt = excluded.salt, kept = excluded.kept, seq = excluded.seq, provided = excluded.provided,
             shield = coalesce(excluded.shield, carried.shield),
             changed = coalesce(excluded.changed, carried.changed),
             change = coalesce(excluded.change, carried.change)
         WHERE excluded.kept < carried.kept
            OR (excluded.kept = carried.kept
                AND iif(excluded.shield IS NULL, excluded.seq >= carried.seq,
                        excluded.seq >= coalesce(carried.change, 0) AND excluded.shield >= carried.seq))",
    )?
    .execute(params![
        task.user.0,
        Packed(&carried.kinde_id),
        carried.version.map(|v| v.0),
        carried.salt,
        carried.kept,
        task.seq,
        carried.provided.map(|p| p.0),
        task.shield,
        changed,
    ])?;
    // Who stalled for longer than his turn has set an older password, perhaps after the newer one: the next sign-in sets it
    // anew.
    if written == 0 && !carried.kept {
        let sql = "UPDATE carried SET version = NULL, salt = NULL WHERE user = ?1 AND kept = 0";
        tx.prepare_cached(sql)?.execute([task.user.0])?;
    }
    Ok(())
}

/// Kinde's ids are `kp_` and 32 hexadecimal digits: 16 bytes instead of 35 for each user. Any other is kept as it is.
struct Packed<'a>(&'a str);

const PREFIX: &str = "kp_";

impl ToSql for Packed<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let bytes = self.0.strip_prefix(PREFIX).and_then(|digits| hex::decode(digits).ok());
        Ok(match bytes {
            Some(bytes) if bytes.len() == 16 && format!("{PREFIX}{}", hex::encode(&bytes)) == self.0 => {
                ToSqlOutput::from(bytes)
            }
            _ => ToSqlOutput::from(self.0),
        })
    }
}

fn unpacked(value: ValueRef<'_>) -> rusqlite::Result<String> {
    match value {
        ValueRef::Blob(bytes) => Ok(format!("{PREFIX}{}", hex::encode(bytes))),
        other => Ok(other.as_str()?.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(user: u8, seq: i64) -> Task {
        Task { user: Digest([user; 16]), intent: Intent::Password, seq, shield: None, owner: 1 }
    }

    fn carried(id: &str) -> Carried {
        let kinde_id = id.into();
        Carried { kinde_id, version: None, salt: None, kept: false, provided: None, changed: None }
    }

    #[test]
    fn the_count_is_right_whatever_happens_to_a_user() {
        let book = Book::in_memory().unwrap();
        let count = || book.carried().unwrap();
        for user in 1..=3 {
            book.remember(task(user, 1), &carried("kp_1"), 0).unwrap();
            book.remember(task(user, 2), &carried("kp_2"), 0).unwrap();
        }
        assert_eq!(count(), 3);
        let kept = Carried { kept: true, ..carried("kp_1") };
        book.remember(task(4, 3), &kept, 0).unwrap();
        book.remember(task(1, 3), &kept, 0).unwrap();
        assert_eq!(count(), 3, "who was left alone is not counted");
        book.remember(task(4, 4), &carried("kp_1"), 0).unwrap();
        assert_eq!(count(), 4);
        for user in [1, 1, 9] {
            book.forget(Digest([user; 16])).unwrap();
        }
        assert_eq!(count(), 3);
    }

    #[test]
    fn an_older_password_that_is_set_late_is_not_taken_for_the_newer_one() {
        let book = Book::in_memory().unwrap();
        let (older, newer) = (task(1, 1), Task { shield: Some(3), ..task(1, 2) });
        let with = |version| Carried { version: Some(Digest([version; 16])), ..carried("kp_1") };
        book.remember(newer, &with(2), 7).unwrap();
        let version = || book.recall(older.user).unwrap().unwrap().version.map(|version| version.0[0]);
        assert_eq!(version(), Some(2));
        book.remember(older, &Carried { kept: true, ..with(1) }, 0).unwrap();
        assert_eq!(version(), Some(2), "nothing was set");
        book.remember(older, &with(1), 0).unwrap();
        assert_eq!((version(), book.recall(older.user).unwrap().unwrap().changed), (None, Some(7)));
        assert!(book.overtaken(older).unwrap());
    }

    #[test]
    fn an_id_comes_back_as_it_was() {
        let book = Book::in_memory().unwrap();
        for (n, id) in [
            "kp_00ff0123456789abcdef0123456789ab",
            "kp_00FF0123456789abcdef0123456789ab",
            "kp_",
            "42",
            "kp_00ff",
        ]
        .into_iter()
        .enumerate()
        {
            let task = task(u8::try_from(n).unwrap(), 1);
            book.remember(task, &carried(id), 0).unwrap();
            assert_eq!(book.recall(task.user).unwrap().unwrap().kinde_id, id);
        }
    }
}
