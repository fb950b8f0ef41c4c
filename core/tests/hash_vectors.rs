//! Every vector, both ways: recognised, mapped to exactly its fields or refused, and proved with its password.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use kinde_migrate::hash::{self, Extra, Guesses, KindeFields, code};
use serde_json::Value;

struct Vector {
    format: String,
    password: String,
    stored: String,
    extra: Extra,
    kinde: Option<Value>,
    confidence: String,
    /// Whether a password can be checked against it, or the format is known by its name only.
    verified: bool,
}

/// Formats that say that there is no password.
const NO_PASSWORD: [&str; 3] = ["django_unusable", "no_password", "locked_account"];

fn vectors() -> Vec<Vector> {
    let all: Vec<Value> = serde_json::from_str(include_str!("data/hash/vectors.json")).unwrap();
    let text = |vector: &Value, key: &str| vector[key].as_str().unwrap().to_owned();
    all.iter()
        .map(|vector| Vector {
            format: text(vector, "format"),
            password: text(vector, "password"),
            stored: text(vector, "stored_hash"),
            extra: Extra::from_json(&vector["extra"]).unwrap(),
            kinde: vector["importable"].as_bool().unwrap().then(|| vector["kinde"].clone()),
            confidence: text(vector, "confidence"),
            verified: vector["verified"].as_bool() != Some(false),
        })
        .collect()
}

impl Vector {
    fn format(&self) -> &'static hash::Format {
        hash::format(&self.format).unwrap_or_else(|| panic!("{} is not in the table", self.format))
    }

    fn mapped(&self, guesses: &Guesses) -> Result<KindeFields, hash::HashError> {
        hash::to_kinde(self.format(), &self.stored, &self.extra, guesses)
    }
}

#[test]
fn the_table_names_every_format_once() {
    let mut expected: Vec<String> = vectors().into_iter().map(|vector| vector.format).collect();
    expected.sort();
    expected.dedup();
    let mut known: Vec<&str> = hash::formats().iter().map(|format| format.id).collect();
    known.sort_unstable();
    assert_eq!(known, expected);
    assert_eq!(known.len(), 162);
    for format in hash::formats() {
        assert!(!format.applications.is_empty() && !format.recognised_by.is_empty(), "{}", format.id);
        assert!(!format.source.is_empty() && !format.mapping.text().is_empty(), "{}", format.id);
        assert!(format.importable() || !format.advice.is_empty(), "{}", format.id);
    }
}

#[test]
fn every_vector_is_recognised() {
    for vector in vectors() {
        let recognition = hash::recognise(&vector.stored);
        let beside = hash::resolve_beside(&vector.stored, None, &vector.extra);
        assert!(
            recognition.candidates().any(|format| format.id == vector.format)
                || beside.is_ok_and(|format| format.id == vector.format),
            "{}: {recognition:?}",
            vector.format
        );
    }
}

#[test]
fn every_vector_gives_its_fields_or_its_refusal() {
    let mut wrong = Vec::new();
    for vector in vectors() {
        match (vector.mapped(&Guesses::all()), &vector.kinde) {
            (Ok(fields), Some(expected)) => {
                assert_eq!(&serde_json::to_value(&fields).unwrap(), expected, "{}", vector.format);
                assert_eq!(vector.format().confidence.as_str(), vector.confidence, "{}", vector.format);
                let again: KindeFields = serde_json::from_value(expected.clone()).unwrap();
                assert_eq!(again, fields);
            }
            (Err(error), None) => {
                let none = NO_PASSWORD.contains(&vector.format.as_str());
                let expected = if none { code::NO_PASSWORD } else { code::NOT_IMPORTABLE };
                assert_eq!(error.code, expected, "{error}");
                assert_eq!(error.format, Some(vector.format().id));
                assert!(!error.reason.is_empty() && !error.advice.is_empty(), "{}", vector.format);
                assert_eq!(error.confidence.as_str(), vector.confidence, "{}", vector.format);
                assert!(!error.to_string().contains(&vector.stored), "{error}");
            }
            (Ok(_), None) => wrong.push(format!("{}: mapped", vector.format)),
            (Err(error), Some(_)) => wrong.push(error.to_string()),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn guesses_are_off_until_switched_on_by_name() {
    for vector in vectors() {
        if vector.confidence != "guess" || vector.kinde.is_none() {
            continue;
        }
        assert_eq!(vector.mapped(&Guesses::none()).unwrap_err().code, code::GUESS_NOT_ALLOWED);
        let mut guesses = Guesses::none();
        guesses.allow(&vector.format).unwrap();
        assert!(vector.mapped(&guesses).is_ok(), "{}", vector.format);
        assert!(hash::formats().iter().filter(|format| guesses.allows(format)).count() == 1);
    }
    for id in ["django_pbkdf2_sha256", "wordpress68_bcrypt"] {
        assert_eq!(Guesses::none().allow(id).unwrap_err().code, code::GUESS_UNKNOWN);
    }
    assert_eq!(Guesses::none().allow("no_such_format").unwrap_err().code, code::FORMAT_UNKNOWN);
}

// Wrong in the first character, which even DES sees. One is enough: a million iterations take their time.
const OTHER: &str = "Correct horse battery";

#[test]
fn every_vector_verifies_its_password_and_no_other() {
    for vector in vectors() {
        let verify = |password: &str| {
            hash::verify(vector.format(), &vector.stored, &vector.extra, password.as_bytes())
                .unwrap_or_else(|error| panic!("{error}"))
        };
        if !vector.verified {
            let checked = hash::verify(vector.format(), &vector.stored, &vector.extra, b"x");
            assert_eq!(checked.unwrap_err().code, code::NOT_IMPORTABLE, "{}", vector.format);
            continue;
        }
        let some = !NO_PASSWORD.contains(&vector.format.as_str());
        assert_eq!(verify(&vector.password), some, "{}", vector.format);
        assert!(!verify(OTHER), "{}", vector.format);
    }
}

#[test]
fn what_kinde_will_check_verifies_its_password_and_no_other() {
    for vector in vectors() {
        let Ok(fields) = vector.mapped(&Guesses::all()) else { continue };
        let verify = |password: &str| {
            hash::verify_kinde(&fields, password.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
        };
        assert!(verify(&vector.password), "{}", vector.format);
        assert!(!verify(OTHER), "{}", vector.format);
    }
}

/// Hashes by the libraries themselves, of random passwords, salts and costs: `data/hash/README.md`.
#[test]
fn what_the_libraries_write_is_recognised_mapped_and_proved() {
    for line in include_str!("data/hash/made.ndjson").lines() {
        let made: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| made[key].as_str().unwrap();
        let (stored, password) = (text("stored_hash"), text("password"));
        let format = hash::format(text("format")).unwrap();
        let extra = Extra::from_json(&made["extra"]).unwrap();
        assert!(hash::recognise(stored).candidates().any(|found| found.id == format.id), "{line}");
        let other = format!("~{password}");
        assert!(hash::verify(format, stored, &extra, password.as_bytes()).unwrap(), "{line}");
        assert!(!hash::verify(format, stored, &extra, other.as_bytes()).unwrap(), "{line}");
        match hash::to_kinde(format, stored, &extra, &Guesses::all()) {
            Ok(fields) => {
                assert!(hash::verify_kinde(&fields, password.as_bytes()).unwrap(), "{line}");
                assert!(!hash::verify_kinde(&fields, other.as_bytes()).unwrap(), "{line}");
            }
            // What these formats hold may be importable or not: scrypt by its parameters.
            Err(error) => assert_eq!(error.code, code::NOT_IMPORTABLE, "{line}: {error}"),
        }
    }
}
