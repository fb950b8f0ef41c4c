//! What stands in real columns beside plain hashes: containers, what transport does to a value, locked accounts, formats
//! known by name only, and hashes of something else than what was typed (`data/hash/field.ndjson`).

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use kinde_migrate::hash::{self, Extra, Format, Guesses, Proven, code};
use serde_json::{Value, json};

const PASSWORD: &str = "Tr0ub4dor&3 Zebra";
/// A bcrypt hash of it.
const BCRYPT: &str = "$2b$06$Pcvf7RzrV3qBzpuGO9ixN.eykqPDROYNyX4VOpuXOYyhM9TuNrwd2";

struct Case {
    about: String,
    stored: String,
    format: Option<String>,
    extra: Extra,
    password: String,
    expect: Value,
}

fn cases() -> Vec<Case> {
    let text = |case: &Value, name: &str| case[name].as_str().map(str::to_owned);
    include_str!("data/hash/field.ndjson")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .map(|case: Value| Case {
            about: text(&case, "about").unwrap(),
            stored: text(&case, "stored_hash").unwrap(),
            format: text(&case, "format"),
            extra: Extra::from_json(&case["extra"]).unwrap(),
            password: text(&case, "password").unwrap_or_else(|| PASSWORD.to_owned()),
            expect: case["expect"].clone(),
        })
        .collect()
}

/// As the command's `prove` tries them: what was named or resolved, then what looks alike.
fn tried(case: &Case) -> Vec<&'static Format> {
    let resolved = hash::resolve_beside(&case.stored, case.format.as_deref(), &case.extra).ok();
    let alike = resolved.into_iter().flat_map(Format::lookalikes);
    let seen = hash::recognise(&case.stored);
    resolved.into_iter().chain(alike).chain(seen.candidates()).collect()
}

#[test]
fn every_case_is_explained_as_it_should_be() {
    for case in cases() {
        let named = case.format.as_deref();
        let explained = hash::explain(case.stored.as_bytes(), named, &case.extra, &Guesses::all());
        for (name, found) in [
            ("format", json!(explained.format)),
            ("importable", json!(explained.importable)),
            ("code", json!(explained.code)),
            ("notices", json!(explained.notices)),
        ] {
            assert_eq!(found, case.expect[name], "{}: {explained:?}", case.about);
        }
        // Nothing was tried, whatever it looks like.
        assert_eq!(explained.proven, Proven::None);
        assert_ne!(explained.reason.as_deref().unwrap_or("x"), "", "{}", case.about);
        let advice = explained.advice.unwrap_or_default();
        if explained.code == Some(code::NOT_IMPORTABLE) {
            assert!(!advice.starts_with("name the format"), "{}: {advice}", case.about);
        }
    }
}

#[test]
fn the_password_finds_what_was_hashed() {
    for case in cases() {
        // Minutes, and meant to be.
        if case.stored.contains("$20$") {
            continue;
        }
        let mut best = (None, Proven::None);
        for format in tried(&case) {
            let proof =
                hash::prove(format, &case.stored, &case.extra, &Guesses::all(), case.password.as_bytes());
            let proven = proof.proven();
            if proven == Proven::Mapping || proven == Proven::Hash && best.0.is_none() {
                best = (Some(format.id), proven);
            }
            if proven == Proven::Mapping {
                break;
            }
        }
        assert_eq!(
            (json!(best.0), json!(best.1)),
            (case.expect["found"].clone(), case.expect["proven"].clone()),
            "{}",
            case.about
        );
    }
}

/// What the value is of, once the secret or the name beside it is known.
#[test]
fn secrets_and_names_beside_a_hash_find_it() {
    let all: Vec<Value> = serde_json::from_str(include_str!("data/hash/vectors.json")).unwrap();
    for vector in all {
        let id = vector["format"].as_str().unwrap();
        if !id.contains("pepper") && !id.starts_with("flask_security") && id != "smf21_bcrypt" {
            continue;
        }
        let (stored, password) =
            (vector["stored_hash"].as_str().unwrap(), vector["password"].as_str().unwrap());
        let extra = Extra::from_json(&vector["extra"]).unwrap();
        let hidden = hash::resolve(stored, None).unwrap();
        assert_ne!(hidden.id, id);
        assert!(!hidden.traps.is_empty(), "{id} hides in {}", hidden.id);
        let found: Vec<&str> = hash::recognise(stored)
            .candidates()
            .filter(|format| {
                hash::prove(format, stored, &extra, &Guesses::all(), password.as_bytes()).proven()
                    == Proven::Hash
            })
            .map(|format| format.id)
            .collect();
        assert!(found.contains(&id), "{id}: {found:?}");
        // Without the secret nothing is found, and nothing is said to be proven.
        let proofs = hash::recognise(stored).candidates().map(|format| {
            hash::prove(format, stored, &Extra::default(), &Guesses::all(), password.as_bytes()).proven()
        });
        assert!(proofs.into_iter().all(|proven| proven == Proven::None), "{id}");
    }
}

#[test]
fn what_is_round_a_value_that_is_none_is_named() {
    for (stored, what) in [
        ("'hunter2'", "quotes"),
        ("b'hunter2'", "literal"),
        ("0x68756e746572322068756e74657232", "hex"),
        ("hunter2\n", "white space"),
        ("\u{feff}hunter2", "byte order mark"),
        ("hunter&#36;2", "HTML entities"),
    ] {
        let error = hash::resolve(stored, None).unwrap_err();
        assert_eq!(error.code, code::NOT_RECOGNISED);
        assert!(error.reason.contains(what) && !error.reason.contains("hunter"), "{stored:?}: {error}");
    }
}

/// Every wrapping of every kind of value gives the same fields as the bare value.
#[test]
fn wrapped_values_give_the_fields_of_the_bare_ones() {
    let hex: String = BCRYPT.bytes().map(|b| format!("{b:02x}")).collect();
    let entities = BCRYPT.replace('$', "&#36;");
    for stored in [
        format!("\\x{hex}"),
        format!("0x{}", hex.to_uppercase()),
        format!("\u{feff}'{BCRYPT}'\r\n"),
        format!("{BCRYPT:<100}"),
        format!("\"{entities}\""),
        format!("{{bcrypt}}{BCRYPT}"),
        format!("'{{BLF-CRYPT}}{BCRYPT}'"),
    ] {
        let format = hash::resolve(&stored, None).unwrap_or_else(|error| panic!("{stored:?}: {error}"));
        let map = |stored: &str| hash::to_kinde(format, stored, &Extra::default(), &Guesses::none()).unwrap();
        assert_eq!((format.id, map(&stored)), ("node_bcrypt_2b", map(BCRYPT)), "{stored:?}");
        assert!(hash::verify(format, &stored, &Extra::default(), PASSWORD.as_bytes()).unwrap());
    }
}
