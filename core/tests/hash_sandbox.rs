//! What the libraries have hashed is carried to the sandbox, whose own checks share no code with the mapping: the
//! password signs in, and another does not.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use kinde_migrate::hash::{self, Extra, Guesses};
use kinde_migrate::{Code, Credential, Migrator, Settings, Status, User};
use kinde_migrate_sandbox::{Options, Sandbox};
use serde_json::Value;

fn credential(made: &Value) -> Credential {
    let mut credential = Credential::hash(made["stored_hash"].as_str().unwrap());
    credential.set("format", made["format"].as_str().unwrap()).unwrap();
    for (name, value) in made["extra"].as_object().into_iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        credential.set(&format!("extra.{name}"), text).unwrap();
    }
    credential
}

/// Whether the set-password call can take it.
fn sendable(made: &Value) -> bool {
    let format = hash::format(made["format"].as_str().unwrap()).unwrap();
    let extra = Extra::from_json(&made["extra"]).unwrap();
    let fields = hash::to_kinde(format, made["stored_hash"].as_str().unwrap(), &extra, &Guesses::all());
    fields.is_ok_and(|fields| !fields.import_file_only())
}

#[test]
fn every_mapping_signs_in_at_the_sandbox() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let settings = [
        ("domain", sandbox.url()),
        ("client_id", "sandbox-client"),
        ("client_secret", "sandbox-secret"),
        ("ledger", "memory"),
        ("deadline", "20"),
        ("allow_guesses", "all"),
    ];
    let settings =
        settings.into_iter().fold(Settings::new(), |s, (name, value)| s.with(name, value).unwrap());
    let migrator = Migrator::new(settings).unwrap();
    let made = include_str!("data/hash/made.ndjson").lines().map(|line| serde_json::from_str(line).unwrap());
    let mut signed_in = 0;
    for (number, made) in made.enumerate() {
        let made: Value = made;
        let email = format!("user{number}@example.com");
        let outcome = migrator.migrate(&User::with_email(&email), &credential(&made));
        if !sendable(&made) {
            assert_eq!(
                (outcome.status, outcome.reason),
                (Status::Rejected, Some(Code::HashNotImportable)),
                "{made}"
            );
            continue;
        }
        assert_eq!((outcome.status, outcome.calls), (Status::Created, 3), "{made}: {outcome:?}");
        let password = made["password"].as_str().unwrap();
        // Nobody can type an empty one.
        if password.is_empty() {
            continue;
        }
        assert!(sandbox.sign_in(&email, password).unwrap().ok, "{made}");
        assert!(!sandbox.sign_in(&email, &format!("~{password}")).unwrap().ok, "{made}");
        signed_in += 1;
    }
    assert!(signed_in > 150, "{signed_in}");
}
