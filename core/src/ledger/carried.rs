//! Who has been carried over, and under which version of the password.
//!
//! A person is the old system's id (`provided_id`) where there is one, else the address. A call without an id for an address
//! of one known person is theirs; of several it is nobody's. A call with an id that is new here, for an address that was
//! known without one, may be that user's: Kinde is asked, and the row becomes that person's when it is written next.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::book::{Book, number};
use super::seal::{DataKey, Digest};
use super::{Carried, Intent, Known, Person, Task, UNFINISHED, outbox, turns};

/// Whom an address (?1) and an id (?2) may stand for: by the id, by the address alone, or another id's at the address. Rows
/// are taken until it is clear; one statement locks once.
const RECALL_BY_ID: &str =
    "SELECT 0, person, address, kinde_id, mac, version, salt, unproven, kept, changed FROM carried WHERE person = ?2
     UNION ALL
     SELECT 0, person, address, kinde_id, mac, version, salt, unproven, kept, changed FROM carried WHERE person = ?1
     UNION ALL
     SELECT 1, person, address, kinde_id, mac, version, salt, unproven, kept, changed FROM carried WHERE address = ?1";

/// Whom an address alone may stand for: by itself, the ids that are known at it, or those for whom something is pending.
const RECALL: &str =
    "SELECT 0, person, address, kinde_id, mac, version, salt, unproven, kept, changed FROM carried WHERE person = ?1
     UNION ALL
     SELECT 1, person, address, kinde_id, mac, version, salt, unproven, kept, changed FROM carried WHERE address = ?1
     UNION ALL
     SELECT 2, person, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM outbox WHERE address = ?1 AND dead = 0";

impl Book {
    pub(super) fn recall(&self, key: &DataKey, person: Person) -> rusqlite::Result<Known> {
        self.read(|db| recall(db, key, person))
    }

    /// Remembers what a call or a delivery has done, drops what it overtook, and ends its turn. A later one's memory
    /// stands.
    pub(super) fn remember(
        &self,
        key: &DataKey,
        task: Task,
        carried: &Carried,
        changed: i64,
    ) -> rusqlite::Result<()> {
        let change = |tx: &Connection, owed: bool| {
            let task = finished(tx, task)?;
            remember(tx, key, task, carried, changed)?;
            // Who is left alone by a policy is still owed what was accepted for them before.
            if owed && !carried.kept {
                outbox::drop_older(tx, Task { intent: Intent::Password, ..task })?;
                if task.shield.is_some() {
                    outbox::drop_older(tx, Task { intent: Intent::Reset, ..task })?;
                }
            }
            turns::release(tx, task)
        };
        // If the power fails, an older password that has been overtaken must not be owed again.
        let done = self.write(|tx| match outbox::owes(tx, task.person)? {
            true => Ok(false),
            false => change(tx, false).map(|()| true),
        })?;
        if done { Ok(()) } else { self.write_through(|tx| change(tx, true)) }
    }

    /// A typed password has proven the stored hash that was set; nothing is written if another has been set since.
    pub(super) fn proven(&self, carried: &Carried) -> rusqlite::Result<()> {
        let Some(unproven) = carried.unproven else { return Ok(()) };
        let sql = "UPDATE carried SET unproven = NULL WHERE person = ?1 AND unproven = ?2";
        self.write(|tx| tx.prepare_cached(sql)?.execute([carried.person().0, unproven.0]).map(drop))
    }

    /// How many have been carried over, and how many of them by a stored hash that is not proven.
    pub(super) fn carried(&self) -> rusqlite::Result<(u64, u64)> {
        let sql = "SELECT carried, unproven FROM turns WHERE address = x''";
        self.read(|db| db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))))
    }

    pub(super) fn forget(&self, person: Person) -> rusqlite::Result<()> {
        self.write(|tx| {
            let sql = "DELETE FROM carried WHERE person IN (?1, ?2)";
            tx.execute(sql, [resolve(tx, person)?.0, person.address.0]).map(drop)
        })
    }

    /// Notes on the disk that a create is about to be sent; `false` if one was noted already.
    pub(super) fn begin_create(&self, address: Digest) -> rusqlite::Result<bool> {
        let sql = "INSERT OR IGNORE INTO begun (address) VALUES (?1)";
        self.write_through(|tx| tx.execute(sql, [address.0]).map(|noted| noted == 1))
    }

    /// Whether a create may have been sent that came to no end. That it came to one is known from [`Book::remember`].
    pub(super) fn create_begun(&self, address: Digest) -> rusqlite::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM begun WHERE address = ?1)";
        self.read(|db| db.prepare_cached(sql)?.query_row([address.0], |row| row.get(0)))
    }

    /// The create made nobody.
    pub(super) fn drop_create(&self, address: Digest) -> rusqlite::Result<()> {
        self.write(|tx| drop_create(tx, address))
    }
}

fn drop_create(tx: &Connection, address: Digest) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM begun WHERE address = ?1")?.execute([address.0]).map(drop)
}

/// Under which digest a person's rows stand.
pub(super) fn resolve(db: &Connection, person: Person) -> rusqlite::Result<Digest> {
    if let Some(provided) = person.provided {
        return Ok(provided);
    }
    let carried = "SELECT person FROM carried WHERE address = ?1 LIMIT 2";
    let pending = "SELECT DISTINCT person FROM outbox WHERE address = ?1 AND dead = 0 LIMIT 2";
    for sql in [carried, pending] {
        match persons(db, sql, person.address)?.as_slice() {
            [] => {}
            [one] => return Ok(*one),
            _ => break,
        }
    }
    Ok(person.address)
}

fn persons(db: &Connection, sql: &str, address: Digest) -> rusqlite::Result<Vec<Digest>> {
    db.prepare_cached(sql)?.query_map([address.0], |row| row.get(0).map(Digest))?.collect()
}

pub(super) fn recall(db: &Connection, key: &DataKey, person: Person) -> rusqlite::Result<Known> {
    if let Some(provided) = person.provided {
        let mut statement = db.prepare_cached(RECALL_BY_ID)?;
        let mut rows = statement.query([person.address.0, provided.0])?;
        return match rows.next()? {
            None => Ok(Known::Nobody),
            Some(row) if row.get::<_, i64>(0)? == 1 => Ok(Known::Another),
            Some(row) => Ok(read(row, key)?.map_or(Known::Nobody, Known::Person)),
        };
    }
    let mut statement = db.prepare_cached(RECALL)?;
    let mut rows = statement.query([person.address.0])?;
    let mut at_address = None;
    let mut pending: Option<[u8; 16]> = None;
    while let Some(row) = rows.next()? {
        match row.get(0)? {
            0 => return Ok(read(row, key)?.map_or(Known::Nobody, Known::Person)),
            1 if at_address.is_some() => return Ok(Known::Several),
            1 => at_address = Some(read(row, key)?),
            _ if at_address.is_some() => break,
            _ => {
                let one = row.get(1)?;
                if *pending.get_or_insert(one) != one {
                    return Ok(Known::Several);
                }
            }
        }
    }
    Ok(at_address.flatten().map_or(Known::Nobody, Known::Person))
}

/// A row, unless somebody has moved the Kinde id of one to another: nothing is set for who is not certainly this one.
fn read(row: &Row<'_>, key: &DataKey) -> rusqlite::Result<Option<Carried>> {
    let person = Digest(row.get(1)?);
    let address = row.get::<_, Option<[u8; 16]>>(2)?.map_or(person, Digest);
    let carried = Carried {
        kinde_id: unpacked(row.get_ref(3)?)?,
        address,
        provided: (person != address).then_some(person),
        version: row.get::<_, Option<[u8; 16]>>(5)?.map(Digest),
        salt: row.get(6)?,
        unproven: row.get::<_, Option<[u8; 16]>>(7)?.map(Digest),
        kept: row.get(8)?,
        changed: row.get(9)?,
    };
    if row.get::<_, i64>(4)? == mac(key, person, address, &carried.kinde_id) {
        return Ok(Some(carried));
    }
    tracing::warn!("a row of the ledger has been altered; its user is looked up in Kinde anew");
    Ok(None)
}

fn mac(key: &DataKey, person: Digest, address: Digest, kinde_id: &str) -> i64 {
    key.mac(&[&person.0, &address.0, kinde_id.as_bytes()])
}

/// The task as its call ends: what is accepted from now on is newer than a change.
pub(super) fn finished(tx: &Connection, task: Task) -> rusqlite::Result<Task> {
    Ok(match task.shield {
        Some(UNFINISHED) => Task { shield: Some(number(tx)?), ..task },
        _ => task,
    })
}

/// A row that was known by its address alone is this person's from now on.
fn identify(tx: &Connection, key: &DataKey, person: Digest, address: Digest) -> rusqlite::Result<()> {
    if person == address {
        return Ok(());
    }
    let sql = "SELECT kinde_id FROM carried WHERE person = ?1";
    let found = tx.prepare_cached(sql)?.query_row([address.0], |row| unpacked(row.get_ref(0)?)).optional()?;
    let Some(kinde_id) = found else { return Ok(()) };
    let sql = "UPDATE OR IGNORE carried SET person = ?1, address = ?2, mac = ?3 WHERE person = ?2";
    tx.prepare_cached(sql)?.execute(params![person.0, address.0, mac(key, person, address, &kinde_id)])?;
    // There were two rows: the one with the id stands.
    tx.prepare_cached("DELETE FROM carried WHERE person = ?1")?.execute([address.0]).map(drop)
}

/// `changed`: when, if it is a change of password.
pub(super) fn remember(
    tx: &Connection,
    key: &DataKey,
    task: Task,
    carried: &Carried,
    changed: i64,
) -> rusqlite::Result<()> {
    let address = task.person.address;
    let person = match carried.provided {
        Some(provided) => provided,
        None => resolve(tx, task.person)?,
    };
    drop_create(tx, address)?;
    identify(tx, key, person, address)?;
    let written = tx.prepare_cached(
        "INSERT INTO carried (person, address, kinde_id, mac, version, salt, unproven, kept, seq, shield, changed, change)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, iif(?10, ?11, NULL), iif(?10, ?9, NULL))
         ON CONFLICT (person) DO UPDATE SET address = excluded.address, kinde_id = excluded.kinde_id,
             mac = excluded.mac, version = excluded.version, salt = excluded.salt, unproven = excluded.unproven,
             kept = excluded.kept, seq = excluded.seq,
             shield = coalesce(excluded.shield, carried.shield),
             changed = coalesce(excluded.changed, carried.changed),
             change = coalesce(excluded.change, carried.change)
         WHERE excluded.kept < carried.kept
            OR (excluded.kept = carried.kept
                AND iif(excluded.shield IS NULL, excluded.seq >= carried.seq,
                        excluded.seq >= coalesce(carried.change, 0) AND excluded.shield >= carried.seq))",
    )?
    .execute(params![
        person.0,
        (person != address).then_some(address.0),
        Packed(&carried.kinde_id),
        mac(key, person, address, &carried.kinde_id),
        carried.version.map(|v| v.0),
        carried.salt,
        carried.unproven.map(|u| u.0),
        carried.kept,
        task.seq,
        task.shield,
        changed,
    ])?;
    // Who stalled for longer than their turn has set an older password, perhaps after the newer one: the next sign-in sets it
    // anew.
    if written == 0 && !carried.kept {
        let sql = "UPDATE carried SET version = NULL, salt = NULL WHERE person = ?1 AND kept = 0";
        tx.prepare_cached(sql)?.execute([person.0])?;
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
    use crate::pages::secret;

    const ADDRESS: Digest = Digest([1; 16]);

    fn key() -> DataKey {
        DataKey::generate(&secret("s")).unwrap().0
    }

    fn anonymous(address: u8) -> Person {
        Person { address: Digest([address; 16]), provided: None }
    }

    fn with_id(address: u8, id: u8) -> Person {
        Person { provided: Some(Digest([id; 16])), ..anonymous(address) }
    }

    fn task(person: Person, seq: i64) -> Task {
        Task { person, intent: Intent::Password, seq, shield: None, owner: 1 }
    }

    fn carried(person: Person, id: &str) -> Carried {
        let Person { address, provided } = person;
        let kinde_id = id.into();
        Carried {
            kinde_id,
            address,
            provided,
            version: None,
            salt: None,
            unproven: None,
            kept: false,
            changed: None,
        }
    }

    /// Whom the book knows: their Kinde id, and whether by an id of the old system.
    fn known(book: &Book, key: &DataKey, person: Person) -> Result<(String, bool), &'static str> {
        match book.recall(key, person).unwrap() {
            Known::Person(carried) => Ok((carried.kinde_id, carried.provided.is_some())),
            Known::Nobody => Err("nobody"),
            Known::Another => Err("another"),
            Known::Several => Err("several"),
        }
    }

    #[test]
    fn the_count_is_right_whatever_happens_to_a_user() {
        let (book, key) = (Book::in_memory().unwrap(), key());
        let count = || book.carried().unwrap();
        let remember =
            |person, seq, carried: &Carried| book.remember(&key, task(person, seq), carried, 0).unwrap();
        for user in 1..=3 {
            let person = anonymous(user);
            remember(person, 1, &carried(person, "kp_1"));
            remember(person, 2, &carried(person, "kp_2"));
        }
        assert_eq!(count(), (3, 0));
        let kept = |person| Carried { kept: true, ..carried(person, "kp_1") };
        remember(anonymous(4), 3, &kept(anonymous(4)));
        remember(anonymous(1), 3, &kept(anonymous(1)));
        assert_eq!(count(), (3, 0), "who was left alone is not counted");
        remember(anonymous(4), 4, &carried(anonymous(4), "kp_1"));
        assert_eq!(count(), (4, 0));
        let by_hash = |person| Carried { unproven: Some(Digest([9; 16])), ..carried(person, "kp_1") };
        remember(anonymous(4), 5, &by_hash(anonymous(4)));
        remember(anonymous(5), 5, &by_hash(anonymous(5)));
        assert_eq!(count(), (5, 2));
        remember(anonymous(5), 6, &carried(anonymous(5), "kp_1"));
        book.proven(&Carried { unproven: Some(Digest([8; 16])), ..by_hash(anonymous(4)) }).unwrap();
        assert_eq!(count(), (5, 1), "what was proven has been replaced");
        book.proven(&by_hash(anonymous(4))).unwrap();
        assert_eq!(count(), (5, 0));
        remember(anonymous(2), 7, &by_hash(anonymous(2)));
        for user in [1, 1, 2, 9] {
            book.forget(anonymous(user)).unwrap();
        }
        assert_eq!(count(), (3, 0));
    }

    #[test]
    fn an_older_password_that_is_set_late_is_not_taken_for_the_newer_one() {
        let (book, key) = (Book::in_memory().unwrap(), key());
        let person = anonymous(1);
        let (older, newer) = (task(person, 1), Task { shield: Some(3), ..task(person, 2) });
        let with = |version| Carried { version: Some(Digest([version; 16])), ..carried(person, "kp_1") };
        book.remember(&key, newer, &with(2), 7).unwrap();
        let recall = || match book.recall(&key, person).unwrap() {
            Known::Person(carried) => (carried.version.map(|version| version.0[0]), carried.changed),
            _ => panic!("they are known"),
        };
        assert_eq!(recall(), (Some(2), Some(7)));
        book.remember(&key, older, &Carried { kept: true, ..with(1) }, 0).unwrap();
        assert_eq!(recall(), (Some(2), Some(7)), "nothing was set");
        book.remember(&key, older, &with(1), 0).unwrap();
        assert_eq!(recall(), (None, Some(7)));
        assert!(book.overtaken(older).unwrap());
    }

    #[test]
    fn an_id_comes_back_as_it_was() {
        let (book, key) = (Book::in_memory().unwrap(), key());
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
            let person = anonymous(u8::try_from(n).unwrap());
            book.remember(&key, task(person, 1), &carried(person, id), 0).unwrap();
            assert_eq!(known(&book, &key, person), Ok((id.into(), false)));
        }
    }

    #[test]
    fn a_call_without_an_id_is_the_one_persons_of_its_address() {
        let (book, key) = (Book::in_memory().unwrap(), key());
        let (ann, bea) = (with_id(1, 11), with_id(1, 12));
        assert_eq!(known(&book, &key, ann), Err("nobody"));
        book.remember(&key, task(ann, 1), &carried(ann, "kp_1"), 0).unwrap();
        assert_eq!(known(&book, &key, ann), Ok(("kp_1".into(), true)));
        assert_eq!(known(&book, &key, anonymous(1)), Ok(("kp_1".into(), true)));
        assert_eq!(known(&book, &key, bea), Err("another"));
        assert_eq!(known(&book, &key, with_id(2, 11)), Ok(("kp_1".into(), true)), "at another address");
        // What such a call does is that person's.
        book.remember(&key, task(anonymous(1), 2), &carried(anonymous(1), "kp_2"), 0).unwrap();
        assert_eq!(known(&book, &key, ann), Ok(("kp_2".into(), true)));
        assert_eq!(book.carried().unwrap().0, 1);
        book.remember(&key, task(bea, 3), &carried(bea, "kp_3"), 0).unwrap();
        assert_eq!(known(&book, &key, anonymous(1)), Err("several"));
    }

    #[test]
    fn who_was_known_by_their_address_becomes_the_person_of_an_id() {
        let (book, key) = (Book::in_memory().unwrap(), key());
        let (nameless, ann) = (anonymous(1), with_id(1, 11));
        let change = Task { shield: Some(3), ..task(nameless, 2) };
        book.remember(&key, change, &carried(nameless, "kp_1"), 7).unwrap();
        assert_eq!(known(&book, &key, ann), Ok(("kp_1".into(), false)), "Kinde is asked");
        assert!(book.overtaken(task(ann, 1)).unwrap(), "what was done for the address counts");
        book.remember(&key, task(ann, 4), &carried(ann, "kp_1"), 0).unwrap();
        assert_eq!(known(&book, &key, ann), Ok(("kp_1".into(), true)));
        assert_eq!(book.carried().unwrap().0, 1);
        assert!(book.overtaken(task(ann, 1)).unwrap());
    }

    #[test]
    fn a_row_whose_kinde_id_was_moved_there_says_nothing() {
        let (book, key) = (Book::in_memory().unwrap(), key());
        for user in [1, 2] {
            let id = format!("kp_{user}");
            book.remember(&key, task(anonymous(user), 1), &carried(anonymous(user), &id), 0).unwrap();
        }
        let sql = "UPDATE carried SET kinde_id = 'kp_2' WHERE person = ?1";
        book.write(|tx| tx.execute(sql, [ADDRESS.0])).unwrap();
        assert_eq!(known(&book, &key, anonymous(1)), Err("nobody"));
        assert_eq!(known(&book, &key, anonymous(2)), Ok(("kp_2".into(), false)));
    }
}
