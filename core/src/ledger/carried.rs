//! Who has been carried over, and under which version of the password.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::book::{Book, number};
use super::seal::Digest;
use super::{Before, Carried, Intent, Task, UNFINISHED, outbox, turns};

impl Book {
    pub(super) fn recall(&self, user: Digest) -> rusqlite::Result<Option<Carried>> {
        self.read(|db| recall(db, user))
    }

    /// Remembers what a call or a delivery has done, drops what it overtook, and ends its turn. A later one's memory
    /// stands.
    pub(super) fn remember(&self, task: Task, carried: &Carried, now: i64) -> rusqlite::Result<()> {
        let change = |tx: &Connection| {
            let task = finished(tx, task)?;
            remember(tx, task, carried, now)?;
            // Who is left alone by a policy is still owed what was accepted for him before.
            if !carried.kept {
                outbox::drop_older(tx, Task { intent: Intent::Password, ..task })?;
                if task.shield.is_some() {
                    outbox::drop_older(tx, Task { intent: Intent::Reset, ..task })?;
                }
            }
            turns::release(tx, task.user, task.seq)
        };
        // If the power fails, an older password that has been overtaken must not be owed again.
        let owed = |tx: &Connection| {
            let sql = "SELECT EXISTS (SELECT 1 FROM outbox WHERE user = ?1)";
            tx.prepare_cached(sql)?.query_row([task.user.0], |row| row.get::<_, bool>(0))
        };
        let done = self.write(|tx| if owed(tx)? { Ok(false) } else { change(tx).map(|()| true) })?;
        if done { Ok(()) } else { self.write_through(change) }
    }

    pub(super) fn forget(&self, user: Digest) -> rusqlite::Result<()> {
        self.write(|tx| tx.execute("DELETE FROM carried WHERE user = ?1", [user.0]).map(drop))
    }
}

pub(super) fn recall(db: &Connection, user: Digest) -> rusqlite::Result<Option<Carried>> {
    db.prepare_cached(
        "SELECT kinde_id, version, salt, kept, provided, before, changed, before_salt FROM carried
         WHERE user = ?1",
    )?
    .query_row([user.0], |row| {
        let before = row.get::<_, Option<[u8; 16]>>(5)?.zip(row.get::<_, Option<i64>>(6)?);
        let before_salt = row.get(7)?;
        Ok(Carried {
            kinde_id: unpacked(row.get_ref(0)?)?,
            version: row.get::<_, Option<[u8; 16]>>(1)?.map(Digest),
            salt: row.get(2)?,
            kept: row.get(3)?,
            provided: row.get::<_, Option<[u8; 16]>>(4)?.map(Digest),
            before: before.map(|(version, changed)| Before {
                version: Digest(version),
                salt: before_salt,
                changed,
            }),
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

pub(super) fn remember(tx: &Connection, task: Task, carried: &Carried, now: i64) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO carried (user, kinde_id, version, salt, kept, seq, provided, shield, changed, change)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, iif(?8, ?9, NULL), iif(?8, ?6, NULL))
         ON CONFLICT (user) DO UPDATE SET kinde_id = excluded.kinde_id, version = excluded.version,
             salt = excluded.salt, kept = excluded.kept, seq = excluded.seq, provided = excluded.provided,
             shield = coalesce(excluded.shield, carried.shield),
             before = iif(excluded.shield AND carried.version IS NOT excluded.version, carried.version,
                          carried.before),
             before_salt = iif(excluded.shield AND carried.version IS NOT excluded.version, carried.salt,
                               carried.before_salt),
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
        now,
    ])
    .map(drop)
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
            let user = Digest([u8::try_from(n).unwrap(); 16]);
            let carried = Carried {
                kinde_id: id.into(),
                version: None,
                salt: None,
                kept: false,
                provided: None,
                before: None,
            };
            let task = Task { user, intent: Intent::Password, seq: 1, shield: None };
            book.remember(task, &carried, 0).unwrap();
            assert_eq!(book.recall(user).unwrap().unwrap().kinde_id, id);
        }
    }
}
