//! `hash map`: a line out for every line in.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::{BCRYPT, MD5, hash, vectors};

fn rows(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

#[test]
fn every_vector_in_order() {
    let vectors = vectors();
    let said = hash(&["map", "--allow-guesses"], rows(&vectors)).ended(0);
    let lines = said.lines();
    assert_eq!(lines.len(), vectors.len());
    for (vector, line) in vectors.iter().zip(&lines) {
        for name in ["format", "importable", "kinde", "confidence"] {
            assert_eq!(line[name], vector[name], "{name} of {vector}: {line}");
        }
        // Keycloak's and FusionAuth's columns name what no shape shows.
        let by_columns = ["keycloak_argon2", "keycloak_other", "fusionauth_other"].map(|id| json!(id));
        let candidates = line["candidates"].as_array().unwrap();
        assert!(candidates.contains(&vector["format"]) || by_columns.contains(&vector["format"]), "{line}");
        for name in ["code", "reason", "advice"] {
            assert_eq!(line[name].is_null(), line["importable"] == true, "{name}: {line}");
        }
        assert_eq!(line["import_file_only"] == true, line["kinde"]["salt_format"] == "hex");
    }
    assert!(said.err.is_empty());
}

#[test]
fn guesses_are_named_or_off() {
    let vectors = vectors();
    let guesses: Vec<_> = vectors
        .into_iter()
        .filter(|vector| vector["confidence"] == "guess" && vector["importable"] == true)
        .collect();
    let named = "crypt_sha512";
    let said =
        hash(&["map", "--allow-guess", named, "--allow-guess", "ldap_salted_md5"], rows(&guesses)).ended(0);
    for (vector, line) in guesses.iter().zip(said.lines()) {
        let allowed = vector["format"] == named || vector["format"] == "ldap_salted_md5";
        assert_eq!(line["importable"] == true, allowed, "{line}");
        assert_eq!(line["code"] == "hash_guess_not_allowed", !allowed);
        assert_eq!(line["confidence"], "guess");
    }
    hash(&["map", "--allow-guess", "raw_md5_hex"], "").ended(2);
    assert!(hash(&["map", "--allow-guess", "none_such"], "").ended(2).err.contains("none_such"));
}

#[test]
fn a_bad_line_is_answered_and_named() {
    let mut input = Vec::new();
    for line in [
        &b"{\"stored_hash\": \"s3cr3t"[..],
        b"",
        b"[\"s3cr3t\"]",
        b"\"s3cr3t\"",
        b"{\"stored_hash\": 5}",
        b"{\"format\": \"raw_md5_hex\"}",
        b"{\"stored_hash\": \"\xff s3cr3t\"}",
        b"{\"stored_hash\": \"s3cr3t\", \"format\": [1]}",
        b"{\"stored_hash\": \"s3cr3t\", \"extra\": 1}",
        b"{\"stored_hash\": \"s3cr3t\", \"extra\": {\"slat\": \"s3cr3t\"}}",
        b"{\"stored_hash\": \"s3cr3t\", \"extra\": {\"iterations\": \"s3cr3t\"}}",
        b"{\"stored_hash\": \"s3cr3t\", \"format\": \"raw_md5\"}",
        &[b'x'; 100_000],
    ] {
        input.extend(line);
        input.push(b'\n');
    }
    let good = json!({"stored_hash": BCRYPT, "id": {"row": 7}, "other": [1, 2]}).to_string();
    input.extend(good.as_bytes()); // and no end of the line
    let said = hash(&["map"], input).ended(1);
    let lines = said.lines();
    assert_eq!(lines.len(), 14);
    let (last, bad) = lines.split_last().unwrap();
    for (number, line) in (1..).zip(bad) {
        let reason = line["reason"].as_str().unwrap();
        assert!(reason.starts_with(&format!("line {number}")), "{line}");
        let expected = match number {
            9..=11 => "hash_extra_invalid",
            12 => "hash_format_unknown",
            _ => "line_invalid",
        };
        assert_eq!((&line["code"], &line["importable"]), (&json!(expected), &json!(false)), "{line}");
        assert!(line["kinde"].is_null() && line["advice"].is_string());
    }
    assert_eq!((&last["importable"], &last["id"]), (&json!(true), &json!({"row": 7})));
    assert!(!said.out.contains("s3cr3t") && !said.err.contains("s3cr3t"), "{}", said.err);
    assert!(said.err.contains("13 of 14 lines"), "{}", said.err);
}

/// What is wrong with a hash is an answer, and no failure of the line.
#[test]
fn a_refusal_is_an_answer() {
    let said = hash(
        &["map"],
        rows(&[
            json!({"stored_hash": MD5}),
            json!({"stored_hash": null}),
            json!({"stored_hash": &BCRYPT[..59]}),
            json!({"stored_hash": MD5, "format": "joomla_md5"}),
            json!({"stored_hash": "AAAA", "format": "keycloak_pbkdf2_sha256", "extra": {"credential_data": {"algorithm": "argon2"}}}),
            json!({"stored_hash": MD5, "format": "joomla_md5", "extra": {"salt": "a:b$c"}}),
        ]),
    )
    .ended(0);
    let lines = said.lines();
    for (line, code) in lines.iter().zip([
        json!("hash_ambiguous"),
        json!("hash_no_password"),
        json!("hash_malformed"),
        json!("hash_extra_missing"),
        json!("hash_not_importable"),
        Value::Null,
    ]) {
        assert_eq!(line["code"], code, "{line}");
    }
    assert_eq!(lines[4]["format"], "keycloak_pbkdf2_sha256");
    assert_eq!(lines[5]["kinde"]["salt"], "a:b$c");
}

#[test]
fn what_is_the_same_for_all_is_said_once() {
    let vector = vectors().into_iter().find(|vector| vector["format"] == "firebase_scrypt").unwrap();
    let mut project = vector["extra"].clone();
    let salt = project.as_object_mut().unwrap().remove("salt").unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), project.to_string()).unwrap();
    let row = json!({"stored_hash": vector["stored_hash"], "extra": {"salt": salt}});
    let path = file.path().to_str().unwrap();
    let said = hash(&["map", "--format", "firebase_scrypt", "--extra-file", path], rows(&[row])).ended(0);
    assert_eq!(said.json()["kinde"], vector["kinde"]);
    assert!(hash(&["map", "--extra", "slat=x"], "").ended(2).err.contains("slat"));
    assert!(hash(&["map", "--format", "raw_md5"], "").ended(2).err.contains("raw_md5_hex"));
}

/// An answer does not wait for the next question.
#[test]
fn it_answers_line_by_line() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kinde-migrate"))
        .args(["hash", "map"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap());
    let mut to = child.stdin.take().unwrap();
    for _ in 0..3 {
        writeln!(to, "{}", json!({"stored_hash": BCRYPT})).unwrap();
        let mut line = String::new();
        answers.read_line(&mut line).unwrap();
        assert!(line.contains("\"importable\":true"));
    }
    drop(to);
    assert!(child.wait().unwrap().success());
}
