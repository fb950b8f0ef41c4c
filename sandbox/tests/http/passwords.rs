//! Setting passwords, and signing in with them.

use crate::support::Kinde;
use serde_json::{Map, Value, json};

const BCRYPT: &str = "$2b$10$UCWiQRKQNXYJLgt.0Wo6JeHWSx.g3Ni.qWTzBP/u/2hTSxTEaU8ue";
const BASE64_32: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn sign_in(kinde: &Kinde, password: &str) -> Value {
    let body = json!({"email": "a@x.org", "password": password});
    let reply = kinde.send("POST", "/sandbox/sign-in", &[], body.to_string().as_bytes()).unwrap();
    assert_eq!(reply.status, 200);
    reply.json()
}

/// Hashes written by others: by libxcrypt, PHP, Python and OpenSSL.
#[test]
fn every_method_lets_the_right_password_in_and_no_other() {
    let kinde = Kinde::start();
    let id = kinde.create("a@x.org");
    let vectors: Vec<Value> = serde_json::from_str(include_str!("data/passwords.json")).unwrap();
    let mut methods = std::collections::BTreeSet::new();
    for vector in &vectors {
        let (by, fields) = (&vector["by"], &vector["fields"]);
        let reply = kinde.set(&id, fields.clone());
        assert_eq!(reply.status, 200, "{by}: {}", reply.json());
        assert_eq!(reply.json()["code"], "OK");
        let right = sign_in(&kinde, vector["password"].as_str().unwrap());
        assert_eq!(right["ok"], true, "{by} {fields}");
        let wrong = sign_in(&kinde, vector["wrong"].as_str().unwrap());
        assert_eq!((&wrong["ok"], &wrong["reason"]), (&json!(false), &json!("wrong_password")), "{by}");
        methods.insert(right["password_method"].as_str().unwrap().to_owned());
        // The same as a user put in place by a test.
        let mut user = fields.clone();
        user["email"] = json!("seeded@x.org");
        let other = Kinde::start();
        other.reset(json!({"users": [user]}));
        let password = vector["password"].as_str().unwrap();
        assert!(other.sandbox.sign_in("seeded@x.org", password).unwrap().ok, "{by}");
    }
    assert_eq!(
        methods.into_iter().collect::<Vec<_>>(),
        [
            "aspnet-identity-v2",
            "bcrypt",
            "crypt",
            "firebase-scrypt",
            "md5",
            "pbkdf2",
            "plaintext",
            "sha256",
            "wordpress"
        ]
    );
    let user = kinde.sandbox.users().unwrap().remove(0);
    assert_eq!(user.sets as usize, vectors.len());
    assert_eq!(user.total_sign_ins as usize, vectors.len());
    assert_eq!(user.failed_sign_ins, 1, "those in a row");
    assert!(user.last_signed_in.is_some());
    let stats = kinde.sandbox.stats().unwrap();
    assert_eq!(stats.sign_ins as usize, vectors.len());
    assert_eq!(stats.failed_sign_ins as usize, vectors.len());
}

fn with(base: &Value, changes: &Value) -> Value {
    let mut fields: Map<String, Value> = base.as_object().unwrap().clone();
    for (name, value) in changes.as_object().unwrap() {
        fields.insert(name.clone(), value.clone());
    }
    Value::Object(fields)
}

fn without(base: &Value, name: &str) -> Value {
    let mut fields = base.as_object().unwrap().clone();
    fields.remove(name).unwrap();
    Value::Object(fields)
}

#[test]
fn each_method_has_its_fields_and_refuses_the_others() {
    let kinde = Kinde::start();
    let id = kinde.create("a@x.org");
    let bcrypt = json!({"hashed_password": BCRYPT, "hashing_method": "bcrypt"});
    let crypt = json!({"hashed_password": "abKuvfXyuH4Fw", "hashing_method": "crypt"});
    let md5 = json!({"hashed_password": "0".repeat(32), "hashing_method": "md5"});
    let sha256 = json!({"hashed_password": "0".repeat(64), "hashing_method": "sha256"});
    let wordpress =
        json!({"hashed_password": "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0", "hashing_method": "wordpress"});
    let pbkdf2 = json!({"hashed_password": BASE64_32, "hashing_method": "pbkdf2", "salt": "AAEC",
        "iterations": 1, "variant": "salted-pbkdf2-hmac-sha256"});
    let firebase = json!({"hashed_password": BASE64_32, "hashing_method": "firebase-scrypt",
        "salt": "AAEC", "signer_key": BASE64_32, "salt_separator": "Bw==", "rounds": 8,
        "mem_cost": 14});
    let aspnet = json!({"hashed_password": format!("{}==", "A".repeat(66)),
        "hashing_method": "aspnet-identity-v2"});
    let fields = json!({"salt": "AAEC", "salt_position": "prefix", "iterations": 1,
        "variant": "salted-pbkdf2-hmac-sha256", "signer_key": BASE64_32, "salt_separator": "Bw==",
        "rounds": 8, "mem_cost": 14});

    for (base, taken) in [
        (&bcrypt, &["salt", "salt_position"][..]),
        (&crypt, &[]),
        (&md5, &["salt", "salt_position"]),
        (&sha256, &["salt", "salt_position"]),
        (&wordpress, &[]),
        (&pbkdf2, &["salt", "iterations", "variant"]),
        (&firebase, &["salt", "signer_key", "salt_separator", "rounds", "mem_cost"]),
        (&aspnet, &[]),
    ] {
        let reply = kinde.set(&id, base.clone());
        assert_eq!(reply.status, 200, "{base}: {}", reply.json());
        for (name, value) in fields.as_object().unwrap() {
            let reply = kinde.set(&id, with(base, &json!({name: value})));
            if taken.contains(&name.as_str()) {
                assert_eq!(reply.status, 200, "{base} {name}: {}", reply.json());
            } else {
                assert_eq!(reply.status, 400, "{base} {name}");
                assert_eq!(reply.code(), "FIELD_NOT_ALLOWED", "{base} {name}");
                assert!(reply.message().contains(name.as_str()));
            }
        }
    }

    // Each of these a call that is refused, with what its message must name.
    for (body, named) in [
        (without(&pbkdf2, "salt"), "salt"),
        (without(&pbkdf2, "variant"), "variant"),
        (with(&pbkdf2, &json!({"salt": ""})), "salt"),
        (with(&pbkdf2, &json!({"salt": "text salt"})), "salt"),
        (with(&pbkdf2, &json!({"salt": "AAE"})), "salt"),
        (with(&pbkdf2, &json!({"variant": "sha256"})), "variant"),
        (with(&pbkdf2, &json!({"variant": "salted-pbkdf2-hmac-sha512-512"})), "hashed_password"),
        (with(&pbkdf2, &json!({"iterations": 0})), "iterations"),
        (with(&pbkdf2, &json!({"iterations": -1})), "iterations"),
        (with(&pbkdf2, &json!({"iterations": 4_000_000_000u64})), "iterations"),
        (with(&pbkdf2, &json!({"iterations": "1000"})), "iterations"),
        (with(&pbkdf2, &json!({"iterations": 1.5})), "iterations"),
        (with(&pbkdf2, &json!({"hashed_password": "AAEC"})), "hashed_password"),
        (with(&pbkdf2, &json!({"hashed_password": "ff".repeat(32)})), "hashed_password"),
        (without(&firebase, "salt"), "salt"),
        (without(&firebase, "signer_key"), "signer_key"),
        (without(&firebase, "salt_separator"), "salt_separator"),
        (without(&firebase, "rounds"), "rounds"),
        (without(&firebase, "mem_cost"), "mem_cost"),
        (with(&firebase, &json!({"rounds": 17})), "rounds"),
        (with(&firebase, &json!({"rounds": 0})), "rounds"),
        (with(&firebase, &json!({"mem_cost": 21})), "mem_cost"),
        (with(&firebase, &json!({"signer_key": "AAEC"})), "hashed_password"),
        (with(&firebase, &json!({"salt_separator": ""})), "salt_separator"),
        (with(&aspnet, &json!({"hashed_password": format!("AQ{}==", "A".repeat(64))})), "hashed_password"),
        (with(&aspnet, &json!({"hashed_password": "AAAA"})), "hashed_password"),
        (with(&md5, &json!({"hashed_password": "A".repeat(32)})), "lower case"),
        (with(&md5, &json!({"hashed_password": "a".repeat(31)})), "32"),
        (with(&md5, &json!({"salt": "s", "salt_position": "middle"})), "salt_position"),
        (with(&md5, &json!({"salt": 5})), "salt"),
        (with(&sha256, &json!({"hashed_password": "a".repeat(32)})), "64"),
        (with(&wordpress, &json!({"hashed_password": "$H$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"})), "$P$"),
        (with(&wordpress, &json!({"hashed_password": "$P$4IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"})), "$P$"),
        (with(&crypt, &json!({"hashed_password": BCRYPT})), "crypt"),
        (with(&crypt, &json!({"hashed_password": "abKuvfXyuH4F"})), "crypt"),
        (with(&crypt, &json!({"hashed_password": "$1$toolongsalt$VvUsiFTLyG0ZtK9Li3rzF/"})), "crypt"),
        (with(&crypt, &json!({"hashed_password": "$7$salt$VvUsiFTLyG0ZtK9Li3rzF/"})), "crypt"),
        (with(&bcrypt, &json!({"hashed_password": BCRYPT.replace("$2b$", "$2y$")})), "$2a$"),
        (with(&bcrypt, &json!({"hashed_password": BCRYPT.replace("$2b$", "$2x$")})), "$2a$"),
        (with(&bcrypt, &json!({"hashed_password": BCRYPT.replace("$10$", "$32$")})), "cost"),
        (with(&bcrypt, &json!({"hashed_password": BCRYPT.replace("$10$", "$03$")})), "cost"),
        (with(&bcrypt, &json!({"hashed_password": &BCRYPT[..59]})), "53"),
        (with(&bcrypt, &json!({"hashed_password": format!("bcrypt${BCRYPT}")})), "$2a$"),
        (with(&bcrypt, &json!({"hashing_method": "argon2"})), "hashing_method"),
        (with(&bcrypt, &json!({"hashing_method": 1})), "hashing_method"),
        (with(&bcrypt, &json!({"is_temporary_password": "no"})), "is_temporary_password"),
        (with(&bcrypt, &json!({"salt_format": "hex"})), "salt_format"),
        (with(&bcrypt, &json!({"password": "secret words"})), "password"),
        (json!({"password": "secret words", "hashing_method": "bcrypt"}), "hashing_method"),
        (json!({"password": ""}), "password"),
        (json!({"password": 7}), "password"),
        (json!({"hashed_password": null}), "hashed_password"),
        (json!({"is_temporary_password": false}), "hashed_password"),
        (json!({}), "hashed_password"),
    ] {
        let reply = kinde.set(&id, body.clone());
        assert_eq!(reply.status, 400, "{body}");
        assert!(reply.message().contains(named), "{body}: {}", reply.message());
        for secret in ["secret words", BCRYPT, BASE64_32, "text salt"] {
            assert!(!reply.message().contains(secret), "{body}");
        }
    }
}

#[test]
fn a_password_needs_its_user() {
    let kinde = Kinde::start();
    let reply = kinde.set("kp_0", json!({"password": "x"}));
    assert_eq!((reply.status, reply.code().as_str()), (404, "USER_NOT_FOUND"));
}

#[test]
fn a_plaintext_password_can_be_refused() {
    let kinde = Kinde::with(json!({"refuse_password": true}));
    let id = kinde.create("a@x.org");
    let reply = kinde.set(&id, json!({"password": "x", "is_temporary_password": false}));
    assert_eq!((reply.status, reply.code().as_str()), (400, "UNKNOWN_FIELD"));
    assert_eq!(kinde.set(&id, json!({"hashed_password": BCRYPT})).status, 200);
}

#[test]
fn a_sign_in_says_why_it_failed() {
    let kinde = Kinde::start();
    let dear = BCRYPT.replace("$10$", "$31$");
    kinde.reset(json!({"users": [
        {"email": "none@x.org"},
        {"email": "out@x.org", "password": "x", "is_suspended": true},
        {"email": "dear@x.org", "hashed_password": dear},
        {"username": "Ada", "password": "x", "is_temporary_password": true,
         "is_password_reset_requested": true},
        {"phone": "+61426148233", "password": "x"},
    ]}));
    let reason = |email: &str| kinde.sandbox.sign_in(email, "x").unwrap().reason;
    assert_eq!(reason("nobody@x.org").as_deref(), Some("unknown_user"));
    assert_eq!(reason("none@x.org").as_deref(), Some("no_password"));
    assert_eq!(reason("out@x.org").as_deref(), Some("suspended"));
    assert_eq!(reason("dear@x.org").as_deref(), Some("too_costly"));
    let ask = |body: Value| kinde.send("POST", "/sandbox/sign-in", &[], body.to_string().as_bytes()).unwrap();
    let answer = ask(json!({"username": "ada", "password": "x"})).json();
    assert_eq!(answer["ok"], true);
    assert_eq!(answer["is_temporary_password"], true);
    assert_eq!(answer["is_password_reset_requested"], true);
    let answer = ask(json!({"phone": "+61426148233", "password": "x"})).json();
    assert_eq!(answer["ok"], true);
    assert_eq!(answer["is_temporary_password"], false);
    for body in [
        json!({"password": "x"}),
        json!({"email": "a@x.org"}),
        json!({"email": "a@x.org", "username": "a", "password": "x"}),
        json!({"email": "a@x.org", "password": "x", "code": 1}),
    ] {
        assert_eq!(ask(body).status, 400);
    }
}

#[test]
fn the_last_password_counts() {
    let kinde = Kinde::start();
    let id = kinde.create("a@x.org");
    kinde.set(&id, json!({"password": "first", "is_temporary_password": true}));
    kinde.set(&id, json!({"password": "second"}));
    assert!(!kinde.sandbox.sign_in("a@x.org", "first").unwrap().ok);
    let outcome = kinde.sandbox.sign_in("a@x.org", "second").unwrap();
    assert!(outcome.ok && !outcome.is_temporary_password);
}

#[test]
fn dear_hashes_are_not_computed() {
    let kinde = Kinde::start();
    let id = kinde.create("a@x.org");
    for fields in [
        json!({"hashed_password": BASE64_32, "hashing_method": "pbkdf2", "salt": "AAEC",
               "iterations": i32::MAX, "variant": "salted-pbkdf2-hmac-sha256"}),
        json!({"hashed_password": BASE64_32, "hashing_method": "firebase-scrypt", "salt": "AAEC",
               "signer_key": BASE64_32, "salt_separator": "Bw==", "rounds": 16, "mem_cost": 20}),
        json!({"hashed_password": format!("$6$rounds=999999999$salt${}", ".".repeat(86)),
               "hashing_method": "crypt"}),
        json!({"hashed_password": "_zzzzsaltabcdefghijk", "hashing_method": "crypt"}),
        json!({"hashed_password": format!("$P$S{}", "a".repeat(30)), "hashing_method": "wordpress"}),
    ] {
        assert_eq!(kinde.set(&id, fields.clone()).status, 200, "{fields}");
        let outcome = kinde.sandbox.sign_in("a@x.org", "x").unwrap();
        assert_eq!(outcome.reason.as_deref(), Some("too_costly"), "{fields}");
    }
}
