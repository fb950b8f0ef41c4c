use serde_json::json;

use crate::place::{Place, email, sign_in, until};

#[test]
fn the_json_has_every_name_and_the_figures() {
    let place = Place::new();
    sign_in(&place.application(), &email(0));
    place.fault("create", json!({"status": 400}));
    sign_in(&place.application(), &email(1));
    place
        .sandbox
        .set_options(
            json!({"script": [{"call": "check", "nth": "all", "fault": {"status": 429, "reset": "60"}}]}),
        )
        .unwrap();
    sign_in(&place.application(), &email(2));

    let said = place.well(&["status", "--json"]);
    assert_eq!(said.lines().count(), 1);
    let mut status: serde_json::Value = serde_json::from_str(&said).unwrap();
    let left = status["retry_in_seconds"].take().as_u64().unwrap();
    assert!((1..=60).contains(&left), "{said}");
    let oldest = status["oldest_owed_seconds"].take();
    assert!(oldest.is_u64(), "{said}");
    let expected = json!({
        "carried": 1, "owed": 1, "pending_by_reason": {"rate_limited": 1}, "sealed": 0, "not_durable": 0, "unproven": 0,
        "oldest_owed_seconds": null, "dead": 1, "dead_by_reason": {"kinde_refused": 1},
        "in_memory": false, "left_behind": [], "last_error": "rate_limited", "kinde": "limited", "retry_in_seconds": null, "rate_limited": 1, "tokens_this_month": 1,
        "limit_per_minute": null, "limit_in_flight": null,
    });
    assert_eq!(status, expected);

    let table = place.well(&["status"]);
    for part in
        [place.ledger().to_str().unwrap(), "kinde_refused", "limited", "the oldest for", "tokens this month"]
    {
        assert!(table.contains(part), "{part} in {table}");
    }
}

#[test]
fn nothing_is_made_to_look_at() {
    let place = Place::new();
    for args in [&["status"][..], &["status", "--json"], &["dead", "list"], &["dead", "retry", "--all"]] {
        let said = place.run(args);
        assert_eq!((said.status, said.out.as_str()), (Some(1), ""), "{said:?}");
        assert!(said.err.contains("there is no ledger at") && said.err.contains("--ledger"), "{said:?}");
    }
    assert!(!place.ledger().exists());
}

#[test]
fn check_ends_with_1_where_somebody_should_look() {
    let place = Place::new();
    sign_in(&place.application(), &email(0));
    assert_eq!(place.run(&["status", "--check", "0"]).status, Some(0), "nothing is owed");
    place.owe(2..3);
    let application = place.application();
    until("a second to pass", || application.status().oldest_owed_seconds > Some(1));
    assert_eq!(place.run(&["status"]).status, Some(0), "only if asked");
    assert_eq!(place.run(&["status", "--check", "3600"]).status, Some(0), "not for long");
    assert_eq!(place.run(&["status", "--check", "1"]).status, Some(1));
    place.fault("create", json!({"status": 400}));
    sign_in(&application, &email(1));
    let said = place.run(&["status", "--json", "--check", "3600"]);
    assert_eq!(said.status, Some(1), "a dead letter: {said:?}");
    assert!(said.out.starts_with('{'), "{said:?}");
}

/// A service's home changes, or it loses it: what is pending in the ledger that it had then is not forgotten.
#[test]
fn a_ledger_that_was_left_behind_is_named() {
    let place = Place::new();
    let home = place.folder.path().join("home");
    let before = home.join(".local/state/kinde-migrate/ledger.db");
    place.fault("check", serde_json::json!("error_503"));
    let application = place.application_with(crate::place::SECRET, &before);
    assert_eq!(
        crate::place::sign_in(&application, &crate::place::email(0)).status,
        kinde_migrate::Status::Queued
    );
    let status = |state: &std::path::Path| {
        let mut command = place.command(&["status", "--json"]);
        command.env_remove("KINDE_MIGRATE_LEDGER").env("HOME", &home).env("XDG_STATE_HOME", state);
        let said = crate::place::Running::start(command).ended();
        assert_eq!(said.status, Some(0), "{said:?}");
        (serde_json::from_str::<serde_json::Value>(&said.out).unwrap(), said.err)
    };
    // Where it is used, it is not left behind.
    let (found, err) = status(&home.join(".local/state"));
    assert_eq!((&found["owed"], &found["left_behind"]), (&1.into(), &serde_json::json!([])), "{err}");
    let elsewhere = place.folder.path().join("elsewhere");
    drop(place.application_with(crate::place::SECRET, &elsewhere.join("kinde-migrate/ledger.db")).status());
    let (found, err) = status(&elsewhere);
    assert_eq!(found["left_behind"], serde_json::json!([before]), "{found}");
    assert!(err.contains("pending entries lies in"), "{err}");
}

#[test]
fn a_refusal_is_said_with_its_reason_and_check_ends_with_4() {
    let place = Place::new();
    place.sandbox.set_options(json!({"scopes": "read:users update:user_passwords update:users"})).unwrap();
    sign_in(&place.application(), &email(0));
    assert_eq!(place.run(&["status"]).status, Some(0), "only if asked");
    let said = place.run(&["status", "--check", "3600"]);
    assert_eq!(said.status, Some(4), "{said:?}");
    assert!(said.out.contains("refused (missing_scope): asked again in "), "{said:?}");
    let json: serde_json::Value = serde_json::from_str(&place.well(&["status", "--json"])).unwrap();
    assert_eq!((&json["kinde"], &json["last_error"]), (&json!("refused"), &json!("missing_scope")));
}
