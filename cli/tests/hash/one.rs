//! `hash explain` and `hash prove`.

use std::process::Command;

use kinde_migrate::hash::{Extra, Guesses, explain};
use serde_json::{Value, json};

use crate::{BCRYPT, MD5, Said, fed, hash, vectors};

/// `hash prove` with the password on another file descriptor.
fn prove(args: &[&str], stored: &str, password: &str) -> Said {
    let mut shell = Command::new("sh");
    let script = "exec 4<&0; printf '%s\\n' \"$PASSWORD\" | { exec 3<&0 0<&4; exec \"$0\" hash prove --password-fd 3 \"$@\"; }";
    shell.args(["-c", script, env!("CARGO_BIN_EXE_kinde-migrate")]).args(args).env("PASSWORD", password);
    fed(shell, format!("{stored}\n").as_bytes())
}

#[test]
fn json_is_the_librarys_own() {
    for vector in vectors() {
        let (stored, format) = (vector["stored_hash"].as_str().unwrap(), vector["format"].as_str().unwrap());
        let extra = Extra::from_json(&vector["extra"]).unwrap();
        let expected = explain(stored.as_bytes(), Some(format), &extra, &Guesses::none());
        let row = json!({"stored_hash": stored, "format": format, "extra": vector["extra"]});
        let said = hash(&["explain", "--json"], row.to_string()).ended(0);
        assert_eq!(said.json(), serde_json::to_value(&expected).unwrap(), "{format}");
    }
}

#[test]
fn people_see_what_would_be_sent() {
    let said = hash(&["explain"], format!("{BCRYPT}\n")).ended(0).out;
    for part in
        ["php_bcrypt_2y", "Laravel", "yes (likely)", "hashed_password = $2a$10$<53 bytes>", "72 bytes"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains(&BCRYPT[10..20]));
    assert_eq!(hash(&["explain", BCRYPT], "").ended(0).out, said);
    let ambiguous = hash(&["explain"], MD5).ended(0).out;
    for part in ["joomla_md5", "vbulletin_md5", "not importable", "hash_ambiguous", "name the format"] {
        assert!(ambiguous.contains(part), "{part}: {ambiguous}");
    }
    let guess = hash(&["explain", "--format", "crypt_sha512", "$6$x"], "").ended(0).out;
    assert!(guess.contains("hash_malformed"), "{guess}");
}

#[test]
fn what_is_wrong_with_the_call() {
    for args in [
        &["explain", "--format", "raw_md5", MD5][..],
        &["explain", "--extra", "slat=1", MD5],
        &["explain", "--extra", "salt", MD5],
        &["prove", "--password-fd", "0"],
        &["prove", "--password-fd", "77", MD5],
        &["prove", "--password", "x", MD5],
    ] {
        hash(args, "").ended(2);
    }
    for row in [
        "{\"stored_hash\": 1}",
        "{\"stored_hash\": \"s3cr3t",
        "{\"stored_hash\":\"s3cr3t\",\"extra\":{\"a\":1}}",
    ] {
        let said = hash(&["explain"], row).ended(2);
        assert!(!said.err.contains("s3cr3t"), "{}", said.err);
    }
    let bytes = hash(&["explain", "--json"], b"\xff\xfe\n").ended(0).json();
    assert_eq!(bytes["code"], "hash_malformed");
}

#[test]
fn a_password_proves_both_or_nothing() {
    let proved = prove(&["--json"], BCRYPT, " padded ").ended(0);
    assert_eq!(proved.json()["format"], "php_bcrypt_2y");
    let wrong = prove(&["--json"], BCRYPT, "padded").ended(1).json();
    assert_eq!((&wrong["proved"], &wrong["format"]), (&json!(false), &Value::Null));
    assert_eq!(wrong["tried"][0]["legacy"]["verifies"], false);
    assert_eq!(wrong["tried"][0]["kinde"]["verifies"], false);
    assert!(!proved.out.contains("padded") && !proved.out.contains(&BCRYPT[10..]));
}

#[test]
fn a_proof_finds_the_format() {
    for vector in vectors() {
        let (format, stored) = (vector["format"].as_str().unwrap(), vector["stored_hash"].as_str().unwrap());
        let cheap = format.ends_with("_md5") || format.contains("_md5_") || format.starts_with("crypt_");
        // Known by name only, there is nothing to find.
        if !cheap || vector["verified"] == false {
            continue;
        }
        let password = vector["password"].as_str().unwrap();
        let row = json!({"stored_hash": stored, "extra": vector["extra"]}).to_string();
        let said = prove(&["--json", "--allow-guesses"], &row, password);
        let report = said.json();
        let tried = report["tried"].as_array().unwrap();
        // What cannot be carried is found too, and said to be so.
        let found = tried.iter().find(|tried| tried["legacy"]["verifies"] == true).unwrap();
        assert_eq!(found["kinde"]["verifies"] == true, vector["importable"] == true, "{format}: {report}");
        assert_eq!(said.status == 0, vector["importable"] == true, "{format}: {report}");
    }
}

#[test]
fn without_a_mapping_nothing_is_proved() {
    let vector = vectors().into_iter().find(|vector| vector["format"] == "django_md5").unwrap();
    let stored = vector["stored_hash"].as_str().unwrap();
    let said = prove(&["--format", "werkzeug_hmac_md5"], stored, "correct horse battery").ended(1);
    assert!(said.out.contains("not proved"), "{}", said.out);
    let said = prove(&["--extra", "pepper=x", "--format", "raw_md5_hex"], MD5, "password").ended(1);
    assert!(said.out.contains("pepper"), "{}", said.out);
    assert!(
        hash(&["prove", "--password-fd", "0", "no hash"], "x\n").ended(1).err.contains("hash_not_recognised")
    );
}
