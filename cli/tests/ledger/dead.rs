use kinde_migrate::Status;
use serde_json::json;

use crate::place::{Place, email, sign_in, until};

/// Two that Kinde refused.
fn refused() -> Place {
    let place = Place::new();
    place.fault("create", json!({"status": 400}));
    let application = place.application();
    for n in 0..2 {
        assert_eq!(sign_in(&application, &email(n)).status, Status::Rejected);
    }
    place
}

#[test]
fn the_list_shows_addresses_only_if_asked() {
    let place = refused();
    let list = place.well(&["dead", "list"]);
    assert!(list.ends_with("2 dead letters\n") && list.contains("kinde_refused  migrate"), "{list}");
    assert!(!list.contains('@'), "{list}");
    assert!(place.well(&["dead", "list", "--addresses"]).contains(&email(1)));

    let list = place.json(&["dead", "list", "--json"]);
    let names = ["age_seconds", "attempts", "id", "message", "provided_id", "reason", "verb"];
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert!(list[0].as_object().unwrap().keys().eq(names), "{list}");
    let list = place.json(&["dead", "list", "--json", "--addresses"]);
    assert_eq!((&list[0]["address"], &list[1]["address"]), (&json!(email(0)), &json!(email(1))));
}

#[test]
fn after_the_cause_is_mended_a_retry_delivers() {
    let place = refused();
    place.mend();
    assert!(place.well(&["work", "--once"]).ends_with("delivered 0, gave up 0, 0 left\n"));
    let id = place.json(&["dead", "list", "--json"])[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(place.well(&["dead", "retry", "--id", &id]), "1 dead letter owed anew\n");
    assert!(place.well(&["work", "--once"]).ends_with("delivered 1, gave up 0, 0 left\n"));
    assert!(place.signs_in(0) && !place.signs_in(1));
    assert_eq!(place.well(&["dead", "retry", "--reason", "kinde_refused"]), "1 dead letter owed anew\n");
    until("the other", || place.well(&["work", "--once"]).ends_with(" 0 left\n"));
    assert!(place.signs_in(1));
    assert_eq!(place.well(&["dead", "retry", "--all"]), "0 dead letters owed anew\n");
}

#[test]
fn what_is_dropped_is_gone() {
    let place = refused();
    let id = place.json(&["dead", "list", "--json"])[1]["id"].as_str().unwrap().to_owned();
    assert_eq!(place.well(&["dead", "drop", "--id", &id]), "1 dead letter dropped\n");
    assert_eq!(place.json(&["status", "--json"])["dead"], 1);
    assert_eq!(place.well(&["dead", "drop", "--all"]), "1 dead letter dropped\n");
    assert_eq!(place.well(&["dead", "list"]), "0 dead letters\n");
    assert_eq!(place.json(&["dead", "list", "--json"]), json!([]));
    place.mend();
    assert!(place.well(&["work", "--once"]).ends_with("delivered 0, gave up 0, 0 left\n"));
    assert_eq!(place.sandbox.stats().unwrap().users, 0);
}

#[test]
fn what_is_not_there_is_named() {
    let place = refused();
    for action in ["retry", "drop"] {
        for (args, status, named) in [
            (&["--id", "abc"][..], 1, "no dead letter of the id abc"),
            (&["--reason", "email_invalid"], 1, "no dead letter of the reason email_invalid"),
            (&["--reason", "refused"], 2, "refused is no reason; there are"),
            (&[], 2, "--all"),
            (&["--all", "--id", "abc"], 2, "--id"),
        ] {
            let said = place.run(&[&["dead", action], args].concat());
            assert_eq!((said.status, said.out.as_str()), (Some(status), ""), "{args:?}: {said:?}");
            assert!(said.err.contains(named), "{args:?}: {said:?}");
        }
    }
    assert_eq!(place.json(&["status", "--json"])["dead"], 2, "none was touched");
}

#[test]
fn what_nobody_can_open_any_more_is_counted_and_dropped() {
    let place = Place::new();
    place.fault("check", json!("error_503"));
    let mistyped = place.application_with("mistyped", &place.ledger());
    for n in 0..2 {
        assert_eq!(sign_in(&mistyped, &email(n)).status, Status::Queued);
    }
    place.mend();
    let status = place.json(&["status", "--json"]);
    assert_eq!((&status["owed"], &status["sealed"]), (&json!(2), &json!(2)), "{status}");
    assert_eq!(status["pending_by_reason"], json!({"ledger_sealed": 2}));
    let said = place.run(&["status"]);
    assert!(
        said.err.contains("previous_client_secret") && said.err.contains("dead drop --sealed"),
        "{said:?}"
    );
    // The user's next sign-in takes the place of theirs.
    assert_eq!(sign_in(&place.application(), &email(0)).status, Status::Created);
    assert_eq!(place.json(&["status", "--json"])["sealed"], 1);
    assert_eq!(place.run(&["dead", "drop", "--sealed", "--all"]).status, Some(2));
    assert_eq!(place.well(&["dead", "drop", "--sealed"]), "1 sealed entry dropped\n");
    assert_eq!(place.json(&["status", "--json"])["owed"], 0);
}
