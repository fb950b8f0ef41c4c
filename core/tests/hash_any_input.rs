//! Any input at all: nothing is guessed and nothing panics, whatever is stored, damaged, or given beside it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use kinde_migrate::hash::{self, Extra, Guesses, code};
use proptest::prelude::*;
use serde_json::Value;

const BCRYPT: &str = "$2b$10$UCWiQRKQNXYJLgt.0Wo6JeHWSx.g3Ni.qWTzBP/u/2hTSxTEaU8ue";
const MD5: &str = "88e4ddd2402d92d50e1879d6ecd9ffd4";
const SHA256: &str = "9028ea0d15decaa35b2da21c0290af3b1a5ba0a30a591906f89b5074e209ea72";

#[test]
fn ambiguous_and_unknown_values_are_never_guessed() {
    for stored in [
        MD5.to_owned(),
        SHA256.to_owned(),
        "0".repeat(40),
        "0".repeat(128),
        "0".repeat(1024),
        format!("{MD5}:ab"),
        format!("{MD5}\n"),
        format!(" {MD5}"),
        format!("{SHA256}:salt"),
        BCRYPT[29..].to_owned(),
        format!("{MD5}:salt:0"),
        format!("md5$salt${MD5}"),
        "A".repeat(43) + "=",
        "A".repeat(86) + "==",
        "0hXvTUVzzfI36".to_owned(),
        format!("abcdef:{}", "0".repeat(128)),
    ] {
        let hash::Recognition::Several(formats) = hash::recognise(&stored) else { panic!("{stored}") };
        assert!(!formats.is_empty());
        let error = hash::resolve(&stored, None).unwrap_err();
        assert_eq!(error.code, code::AMBIGUOUS);
        assert!(formats.iter().all(|format| error.reason.contains(format.id)), "{error}");
        // Named, it is that format.
        assert_eq!(hash::resolve(&stored, Some(formats[0].id)).unwrap().id, formats[0].id);
    }
    for stored in [
        "x",
        "password",
        "$",
        "$$",
        "$2",
        "{NOSUCH}abcd",
        "é",
        "!\0",
        "!two words",
        &"0".repeat(31),
        ":",
        "::",
        "a:b",
        &format!("{MD5}\0"),
        &format!("{SHA256}:"),
        "PBKDF2_SHA256$1$s$h",
        "$argon2x$v=19$",
        "U$1$",
    ] {
        assert_eq!(hash::recognise(stored).candidates().count(), 0, "{stored:?}");
        assert_eq!(hash::resolve(stored, None).unwrap_err().code, code::NOT_RECOGNISED, "{stored:?}");
    }
    assert_eq!(hash::resolve(MD5, Some("md5")).unwrap_err().code, code::FORMAT_UNKNOWN);
    assert_eq!(hash::resolve(BCRYPT, None).unwrap().id, "node_bcrypt_2b");
}

/// Every stored value and extra of the cheap, library-made hashes.
fn made() -> Vec<(String, Value)> {
    include_str!("data/hash/made.ndjson")
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|made| (made["stored_hash"].as_str().unwrap().to_owned(), made["extra"].clone()))
        .collect()
}

/// Runs everything on a value; only that it comes back matters.
fn exercise(stored: &str, extra: &Extra, check: bool) {
    let found = hash::recognise(stored);
    let _ = hash::resolve(stored, None);
    let found: Vec<&str> = found.candidates().map(|format| format.id).collect();
    for format in hash::formats() {
        let mapped = hash::to_kinde(format, stored, extra, &Guesses::all());
        // Checking costs: only where the shape fits.
        if check && found.contains(&format.id) {
            let _ = hash::verify(format, stored, extra, b"x");
            if let Ok(fields) = mapped {
                let _ = hash::verify_kinde(&fields, b"x");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_at_all(stored in "\\PC{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        exercise(&stored, &Extra::default(), true);
        exercise(&String::from_utf8_lossy(&bytes), &Extra::default(), true);
    }

    #[test]
    fn any_text_behind_a_mark(mark in prop::sample::select(vec![
        "$2a$", "{bcrypt}$2a$", "1|$2y$", "$bcrypt$v=98$r=", "$scrypt$ln=", "$fbscrypt$v=1,", "{pbkdf2@SpringSecurity_v5_8}", ":pbkdf2:sha512:", ":bcrypt:9!", ":A:", "grub.pbkdf2.sha512.", "$pbkdf2$f=SHA256,", "a:1:{s:4:\"hash\";s:", "!$2y$", "\\x24", "0x", "b'", "&#36;", "%24", "{SHA256}", "{MD5}{", "s2:", "$2y$10$", "$P$B", "$S$D", "$1$", "$5$rounds=", "$6$", "_", "pbkdf2_sha256$", "pbkdf2:sha256:", "scrypt:", "scrypt$",
        "$pbkdf2-sha256$", "$argon2id$", "argon2$argon2i$", "$bcrypt-sha256$", "{SSHA256}", "md5$", "sha1$$", "AQAAAAEAACcQAAAAE", "$wp$2y$",
    ]), rest in "[ -~é\0]{0,90}") {
        exercise(&format!("{mark}{rest}"), &Extra::default(), true);
    }

    #[test]
    fn damaged_hashes(which: prop::sample::Index, at: prop::sample::Index, with in any::<char>().prop_filter("another digit or letter may be a higher cost", |c| !c.is_ascii_alphanumeric()), how in 0..4) {
        let made = made();
        let (stored, extra) = which.get(&made);
        let mut characters: Vec<char> = stored.chars().collect();
        let at = at.index(characters.len());
        match how {
            0 => characters.truncate(at),
            1 => characters.insert(at, with),
            2 => { characters.remove(at); }
            _ => characters[at] = with,
        }
        let damaged: String = characters.into_iter().collect();
        exercise(&damaged, &Extra::from_json(extra).unwrap(), true);
    }

    #[test]
    fn any_extra(entries in prop::collection::btree_map(
        prop::sample::select(vec!["salt", "salt_hex", "salt_base64", "salt_encoding", "order", "iterations", "digest", "keylen",
            "encoding", "N", "r", "p", "signer_key", "salt_separator", "rounds", "mem_cost", "encryptionScheme", "secret_data",
            "credential_data", "secretData", "credentialData", "username", "allow_locked", "pepper", "charset", "other"]),
        prop_oneof!["\\PC{0,20}", "[0-9]{1,11}", "[A-Za-z0-9+/]{4,8}", Just("{\"salt\":\"YQ==\"}".to_owned()), Just("sha256".to_owned())],
        0..6,
    ), which: prop::sample::Index) {
        let mut extra = Extra::default();
        for (name, value) in &entries {
            let _ = extra.set(name, value);
        }
        let again = serde_json::to_value(&extra).unwrap();
        prop_assert_eq!(serde_json::to_value(Extra::from_json(&again).unwrap()).unwrap(), again);
        let made = made();
        exercise(&which.get(&made).0, &extra, false);
    }
}
