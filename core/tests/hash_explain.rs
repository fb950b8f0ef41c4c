//! What `explain` says of every vector, and that it shows no secret.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use kinde_migrate::hash::{self, Confidence, Explanation, Extra, Guesses, code, explain};
use serde_json::{Value, json};

const NAMES: [&str; 14] = [
    "format",
    "candidates",
    "applications",
    "importable",
    "confidence",
    "kinde",
    "import_file_only",
    "code",
    "reason",
    "advice",
    "test_first",
    "traps",
    "proven",
    "notices",
];

fn vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("data/hash/vectors.json")).unwrap()
}

fn plain(stored: &str, format: Option<&str>) -> Explanation {
    explain(stored.as_bytes(), format, &Extra::default(), &Guesses::none())
}

#[test]
fn every_vector_is_explained_in_one_shape() {
    for vector in vectors() {
        let (id, stored) = (vector["format"].as_str().unwrap(), vector["stored_hash"].as_str().unwrap());
        let extra = Extra::from_json(&vector["extra"]).unwrap();
        let explained = explain(stored.as_bytes(), Some(id), &extra, &Guesses::all());
        assert_eq!(explained.format, Some(id));
        // Keycloak's and FusionAuth's columns name what no shape shows.
        let by_columns = ["keycloak_argon2", "keycloak_other", "fusionauth_other"].contains(&id);
        assert!(by_columns || explained.candidates.contains(&id), "{id}: {:?}", explained.candidates);
        assert_eq!(explained.proven, hash::Proven::None);
        assert_eq!(explained.importable, vector["importable"].as_bool().unwrap(), "{id}");
        assert_eq!(explained.confidence.unwrap().as_str(), vector["confidence"].as_str().unwrap(), "{id}");
        assert_eq!(explained.kinde.is_some(), explained.importable, "{id}");
        assert_eq!(explained.test_first.is_some(), explained.importable, "{id}");
        for why in [explained.code.is_some(), explained.reason.is_some(), explained.advice.is_some()] {
            assert_ne!(why, explained.importable, "{id}");
        }

        let object = serde_json::to_value(&explained).unwrap();
        let names: Vec<&String> = object.as_object().unwrap().keys().collect();
        assert_eq!(names.len(), NAMES.len());
        assert!(NAMES.iter().all(|name| names.iter().any(|known| known == name)), "{names:?}");
        if let Some(fields) = vector["kinde"].as_object() {
            let masked = object["kinde"].as_object().unwrap();
            assert!(masked.keys().eq(fields.keys()), "{id}: {masked:?}");
            for (name, value) in fields {
                let secret =
                    ["hashed_password", "salt", "signer_key", "salt_separator"].contains(&name.as_str());
                assert_eq!(masked[name] == *value, !secret, "{id}: {name}");
            }
        }
    }
}

/// Neither as JSON nor as `Debug`, and neither what was stored nor what is sent.
#[test]
fn no_secret_is_shown() {
    for vector in vectors() {
        let (id, stored) = (vector["format"].as_str().unwrap(), vector["stored_hash"].as_str().unwrap());
        let extra = Extra::from_json(&vector["extra"]).unwrap();
        // All but the names of methods and the number of rounds.
        let legible = |part: &str| {
            id.contains(&part.replace('-', "_")) || part.starts_with("rounds=") || part == "argon2id"
        };
        let parts = stored.split(['$', ':', '}']);
        let mut secrets: Vec<&str> = parts.filter(|part| part.len() > 7 && !legible(part)).collect();
        for object in [&vector["kinde"], &vector["extra"], &vector["extra"]["secret_data"]] {
            for name in ["hashed_password", "salt", "salt_hex", "signer_key", "pepper", "value"] {
                secrets.extend(object[name].as_str());
            }
        }
        for named in [Some(id), None] {
            let explained = explain(stored.as_bytes(), named, &extra, &Guesses::all());
            for shown in [serde_json::to_string(&explained).unwrap(), format!("{explained:?}")] {
                for secret in &secrets {
                    assert!(!shown.contains(secret), "{id}: {shown}");
                }
            }
        }
    }
}

#[test]
fn methods_and_costs_stay_legible() {
    let bcrypt = format!("$2y$12$abcdefghijklmnopqrstuu{}.", "A".repeat(30));
    let masked = |stored: &str, guesses| {
        let explained = explain(stored.as_bytes(), None, &Extra::default(), &guesses);
        serde_json::to_value(explained.kinde).unwrap()
    };
    assert_eq!(
        masked(&bcrypt, Guesses::none()),
        json!({"hashing_method": "bcrypt", "hashed_password": "$2a$12$<53 bytes>"})
    );
    let sha = format!("$6$rounds=5000$12345678${}", ".".repeat(86));
    assert_eq!(masked(&sha, Guesses::all())["hashed_password"], "$6$rounds=5000$<95 bytes>");
    let md5 = format!("$1$12345678${}", ".".repeat(22));
    assert_eq!(masked(&md5, Guesses::none())["hashed_password"], "$1$<31 bytes>");
}

#[test]
fn what_is_not_one_format_says_so() {
    let several = plain("5f4dcc3b5aa765d61d8327deb882cf99", None);
    assert_eq!((several.format, several.code), (None, Some(code::AMBIGUOUS)));
    assert!(several.candidates.len() > 2 && several.confidence.is_none() && !several.importable);

    let named = plain("5f4dcc3b5aa765d61d8327deb882cf99", Some("raw_md5_hex"));
    assert!(named.importable && named.candidates == several.candidates);
    assert!(!named.traps.is_empty());

    let hopeless = plain(&"0".repeat(40), None);
    assert_eq!(hopeless.code, Some(code::AMBIGUOUS));
    assert!(hopeless.advice.unwrap().starts_with("none of them is importable"));

    let none = plain("hunter2", None);
    assert_eq!((none.format, none.code), (None, Some(code::NOT_RECOGNISED)));
    assert!(none.candidates.is_empty());
    assert_eq!(plain("hunter2", Some("no_such")).code, Some(code::FORMAT_UNKNOWN));
    assert_eq!(explain(b"\xff\xfe", None, &Extra::default(), &Guesses::none()).code, Some(code::MALFORMED));
}

#[test]
fn guesses_say_so() {
    let stored = "_J9..m2Nydtmka3Agofw";
    for (guesses, importable, expected) in
        [(Guesses::none(), false, Some(code::GUESS_NOT_ALLOWED)), (Guesses::all(), true, None)]
    {
        let explained = explain(stored.as_bytes(), None, &Extra::default(), &guesses);
        assert_eq!(explained.confidence, Some(Confidence::Guess));
        assert_eq!((explained.importable, explained.code), (importable, expected));
    }
}

#[test]
fn a_refused_extra_is_explained_like_the_rest() {
    let error = Extra::from_json(&json!({"slat": "x"})).unwrap_err();
    let explained = Explanation::from(error);
    assert_eq!(explained.code, Some(hash::code::EXTRA_INVALID));
    assert!(!explained.importable && explained.advice.is_some());
}

/// Each kind of damage that databases and exports do: a code and a reason, and nothing repeated of the value.
#[test]
fn damage_is_named() {
    const BCRYPT: &str = "$2b$10$UCWiQRKQNXYJLgt.0Wo6JeHWSx.g3Ni.qWTzBP/u/2hTSxTEaU8ue";
    const KEY: &str = "Io9WYoNyZXlWfTwrHrvlbOiijMjPq7BsntblamVfCBQ=";
    let django = |iterations: &str, salt: &str| format!("pbkdf2_sha256${iterations}${salt}${KEY}");
    for (what, stored, expected) in [
        ("truncated", BCRYPT[..40].into(), code::MALFORMED),
        ("over-long", format!("{BCRYPT}{BCRYPT}"), code::MALFORMED),
        ("longer than any", "$2b$".repeat(1 << 22), code::NOT_RECOGNISED),
        ("cost too low", BCRYPT.replace("$10$", "$03$"), code::MALFORMED),
        ("cost too high", BCRYPT.replace("$10$", "$32$"), code::MALFORMED),
        ("wrong alphabet", BCRYPT.replace("WSx", "W+x"), code::MALFORMED),
        ("mark in upper case", BCRYPT.replace("$2b$", "$2B$"), code::NOT_RECOGNISED),
        ("word in upper case", django("1", "salt").replace("pbkdf2", "PBKDF2"), code::NOT_RECOGNISED),
        ("lower-cased by an export", BCRYPT.to_lowercase(), code::MALFORMED),
        ("upper-cased base64", django("1", "salt").replace(KEY, &KEY.to_uppercase()), code::MALFORMED),
        ("NUL inside", BCRYPT.replace("WSx", "W\0x"), code::MALFORMED),
        ("NUL at the end", format!("{}\0", "0".repeat(32)), code::NOT_RECOGNISED),
        ("no iterations", django("0", "salt"), code::MALFORMED),
        ("4 billion iterations", django("4000000000", "salt"), code::MALFORMED),
        ("more than 64 bits of iterations", django("99999999999999999999", "salt"), code::MALFORMED),
        ("salt with a $", django("1", "a$b"), code::MALFORMED),
        ("nothing", String::new(), code::NO_PASSWORD),
        ("white space", format!(" {} ", "0".repeat(31)), code::NOT_RECOGNISED),
        ("cost that nobody checks", BCRYPT.replace("$10$", "$31$"), code::NOT_IMPORTABLE),
    ] {
        let explained = plain(&stored, None);
        assert_eq!(explained.code, Some(expected), "{what}: {explained:?}");
        assert!(!explained.importable && !explained.reason.unwrap().is_empty(), "{what}");
        assert!(!explained.advice.unwrap().is_empty(), "{what}");
    }
    for bytes in [&b"$2b$10$\xff\xfe"[..], b"\xc3", &[0xff; 1 << 20]] {
        let explained = explain(bytes, None, &Extra::default(), &Guesses::none());
        assert_eq!(explained.code, Some(code::MALFORMED));
        assert!(explained.reason.unwrap().contains("UTF-8"));
    }
    // Neither a salt with a colon nor a cost of 20 is damage.
    for stored in [django("1", "a:b"), BCRYPT.replace("$10$", "$20$")] {
        assert!(plain(&stored, None).importable, "{stored}");
    }
}
