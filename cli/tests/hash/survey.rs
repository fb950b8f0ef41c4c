//! `hash survey`: lines, CSV, NDJSON and a table, counted alike.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::{BCRYPT, MD5, hash, vectors};

const ARGON2: &str =
    "$argon2i$v=19$m=65536,t=4,p=1$TjM1eVVwOFZ3bC5NZHE4ZA$6QUtrIVDVzTTNdA5JMhNwFOV7VcOqKmpBKnlaxbu62c";

fn written(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn survey(args: &[&str], status: i32) -> Value {
    hash(&[&["survey", "--json"], args].concat(), "").ended(status).json()
}

fn group<'a>(report: &'a Value, format: &str) -> &'a Value {
    report["formats"].as_array().unwrap().iter().find(|group| group["format"] == format).unwrap()
}

#[test]
fn every_vector_is_in_one_sum() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = vectors().iter().map(|vector| format!("{vector}\n")).collect();
    let file = written(folder.path(), "rows.ndjson", &rows);
    let report = survey(&["--allow-guesses", file.to_str().unwrap()], 0);
    let importable = vectors().iter().filter(|vector| vector["importable"] == true).count();
    assert_eq!(report["values"], vectors().len());
    assert_eq!(report["importable"], importable);
    assert_eq!(report["no_password"], 4);
    let sums = ["importable", "not_importable", "ambiguous", "not_recognised", "no_password", "unreadable"];
    let sum: u64 = sums.iter().map(|name| report[name].as_u64().unwrap()).sum();
    assert_eq!(report["values"], sum);
    let groups = report["formats"].as_array().unwrap();
    assert_eq!(groups.len(), 162);
    assert_eq!(groups.iter().map(|group| group["count"].as_u64().unwrap()).sum::<u64>(), sum);
    let phpass = group(&report, "wordpress_phpass");
    assert!(phpass["traps"][0].as_str().unwrap().contains("slash"), "{phpass}");
}

#[test]
fn lines_and_what_is_wrong_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        [BCRYPT, "", &BCRYPT[..50], ARGON2, MD5, "hunter2", "!", BCRYPT, &"x".repeat(70_000)].join("\r\n");
    let file = written(folder.path(), "hashes", &text);
    let report = survey(&[file.to_str().unwrap()], 1);
    for (name, count) in [
        ("values", 9),
        ("importable", 2),
        ("not_importable", 2),
        ("ambiguous", 1),
        ("not_recognised", 1),
        ("no_password", 2),
        ("unreadable", 1),
    ] {
        assert_eq!(report[name], count, "{name}: {report}");
    }
    let bcrypt = group(&report, "php_bcrypt_2y");
    assert_eq!((&bcrypt["count"], &bcrypt["importable"]), (&json!(3), &json!(2)));
    assert_eq!(bcrypt["refused"][0]["code"], "hash_malformed");
    assert_eq!(bcrypt["refused"][0]["first"], 3);
    assert!(report["formats"][0]["format"] == "php_bcrypt_2y", "the most frequent first");

    let said = hash(&["survey", file.to_str().unwrap()], "").ended(1);
    for part in ["php_bcrypt_2y", "one of raw_md5_hex", "first in line 3", "bcrypt sees only", "2 (likely)"] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    assert!(said.err.contains("line 9"), "{}", said.err);
    assert!(!said.out.contains("hunter2") && !said.out.contains(&BCRYPT[10..30]) && !said.out.contains(MD5));
}

#[test]
fn csv_with_a_salt_column() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("id,\"hash, stored\",salt\n1,{MD5},\"a\"\"b,c\"\n2,{MD5},\n3\n");
    let file = written(folder.path(), "users.csv", &text);
    let file = file.to_str().unwrap();
    let args = ["--column", "hash, stored", "--extra-column", "salt=salt", "--format", "joomla_md5", file];
    let report = survey(&args, 1);
    assert_eq!((&report["importable"], &report["unreadable"]), (&json!(1), &json!(1)));
    assert_eq!(group(&report, "joomla_md5")["refused"][0]["code"], "hash_extra_missing");
    let sheet = written(folder.path(), "sheet.csv", &format!("\u{feff}stored_hash,x\r\n{BCRYPT},1\r\n"));
    assert_eq!(survey(&[sheet.to_str().unwrap()], 0)["importable"], 1);
    let missing = hash(&["survey", "--column", "hash", file], "").ended(2);
    assert!(missing.err.contains("hash, stored"), "{}", missing.err);
}

#[test]
fn an_sqlite_table_with_raw_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let vector =
        vectors().into_iter().find(|vector| vector["format"] == "passport_tutorial_pbkdf2_sha256").unwrap();
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute_batch("CREATE TABLE \"the users\" (hashed_password BLOB, salt BLOB)").unwrap();
    database
        .execute(
            &format!(
                "INSERT INTO \"the users\" VALUES (x'{}', x'{}'), (NULL, NULL), ('{BCRYPT}', NULL)",
                vector["stored_hash"].as_str().unwrap(),
                vector["extra"]["salt_hex"].as_str().unwrap()
            ),
            [],
        )
        .unwrap();
    let file = path.to_str().unwrap();
    let table = ["--sqlite", file, "--table", "the users", "--column", "hashed_password"];
    let named = ["--extra-column", "salt=salt", "--format", "passport_tutorial_pbkdf2_sha256"];
    let report = survey(&[&table[..], &named[..]].concat(), 0);
    assert_eq!(
        (&report["values"], &report["importable"], &report["no_password"]),
        (&json!(3), &json!(1), &json!(1))
    );
    let report = survey(&table, 0);
    assert_eq!((&report["importable"], &report["ambiguous"]), (&json!(1), &json!(1)));

    for wrong in [["--table", "users", "--column", "salt"], ["--table", "the users", "--column", "password"]]
    {
        let said = hash(&[&["survey", "--sqlite", file], &wrong[..]].concat(), "").ended(1);
        assert!(said.err.contains("--column"), "{}", said.err);
    }
    let none = folder.path().join("none.db");
    hash(&["survey", "--sqlite", none.to_str().unwrap(), "--table", "t"], "").ended(1);
    assert!(!none.exists());
}

#[test]
fn other_separators_and_encodings() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |separator: &str| {
        format!(
            "id{separator}stored_hash{separator}salt\r\n1{separator}{BCRYPT}{separator}\r\n2{separator}NULL{separator}x\r\n"
        )
    };
    let utf16 = |text: &str, little: bool| -> Vec<u8> {
        let bytes = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
        format!("\u{feff}{text}").encode_utf16().flat_map(bytes).collect()
    };
    for (name, text) in [
        ("semicolons.csv", rows(";").into_bytes()),
        ("tabs.csv", rows("\t").into_bytes()),
        ("tabs.tsv", rows("\t").into_bytes()),
        ("marked.csv", format!("\u{feff}{}", rows(",")).into_bytes()),
        ("utf16.csv", utf16(&rows(";"), true)),
        ("utf16.tsv", utf16(&rows("\t"), false)),
        ("bare.tsv", utf16(&rows("\t"), true)[2..].to_vec()),
        ("lines.txt", utf16(&format!("{BCRYPT}\r\nNULL\r\n"), true)),
        ("marked.txt", format!("\u{feff}{BCRYPT}\n\\N\n").into_bytes()),
        ("heading.txt", format!("password_hash\n{BCRYPT}\n\n").into_bytes()),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let report = survey(&[path.to_str().unwrap()], 0);
        assert_eq!((&report["values"], &report["importable"]), (&json!(2), &json!(1)), "{name}: {report}");
        assert_eq!(report["no_password"], 1, "{name}: {report}");
    }
}

#[test]
fn shadow_and_htpasswd_files() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "root:*:19000:0:99999:7:::\nann:{BCRYPT}:19000:0:99999:7:::\nbob:!{BCRYPT}:::::::\n# note\n\ncy:!!:::\n"
    );
    let file = written(folder.path(), "shadow", &text);
    let report = survey(&[file.to_str().unwrap()], 0);
    for (name, count) in [("values", 4), ("importable", 1), ("no_password", 3)] {
        assert_eq!(report[name], count, "{name}: {report}");
    }
    let locked = group(&report, "locked_account");
    assert_eq!(locked["refused"][0]["first"], 3);
    assert_eq!(survey(&["--allow-locked", file.to_str().unwrap()], 0)["importable"], 2);
    let file = written(folder.path(), ".htpasswd", "ann:$apr1$vdf.m.Mt$mtHXLUcRie0Mb7ZL/0EHD0\nbob\n");
    let report = survey(&[file.to_str().unwrap()], 1);
    assert_eq!(group(&report, "apache_apr1")["count"], 1);
    assert_eq!(report["unreadable"], 1);
    let copy = written(folder.path(), "copy.txt", "ann:$apr1$vdf.m.Mt$mtHXLUcRie0Mb7ZL/0EHD0\n");
    assert_eq!(survey(&["--as", "shadow", copy.to_str().unwrap()], 0)["not_importable"], 1);
}

#[test]
fn ndjson_with_a_salt_member_and_rows_without_a_hash() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "{{\"stored_hash\":\"{MD5}\",\"password_salt\":\"ab\"}}\n{{\"id\":2}}\n{{\"stored_hash\":null}}\n"
    );
    let file = written(folder.path(), "rows.ndjson", &text);
    let file = file.to_str().unwrap();
    let report = survey(&["--format", "joomla_md5", "--extra-column", "salt=password_salt", file], 0);
    for (name, count) in [("values", 3), ("importable", 1), ("no_password", 2)] {
        assert_eq!(report[name], count, "{name}: {report}");
    }
    let report = survey(&["--format", "joomla_md5", file], 0);
    assert_eq!(group(&report, "joomla_md5")["refused"][0]["code"], "hash_extra_missing");
}
