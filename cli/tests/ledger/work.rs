use serde_json::json;

use crate::place::{Place, SECRET, email, sign_in, until};

#[test]
fn it_delivers_what_another_process_queued_and_ends_at_a_signal() {
    for signal in ["-TERM", "-INT"] {
        let place = Place::new();
        place.owe(0..3);
        let application = place.application();
        let running = place.work(&[]);
        let first = running.out();
        assert!(first.contains(place.ledger().to_str().unwrap()), "{first}");
        assert!(first.contains(place.sandbox.url()), "{first}");
        until("the delivery", || (0..3).all(|n| place.signs_in(n)));
        // Signed in, the last one may still have to be remembered.
        until("the last line in the ledger", || place.stands().owed == 0);
        // What comes later too.
        place.fault("check", json!("error_503"));
        sign_in(&application, &email(7));
        place.mend();
        until("the next delivery", || place.signs_in(7));
        until("the next line in the ledger", || place.stands().owed == 0);
        running.signal(signal);
        let said = running.ended();
        let expected = if signal == "-INT" { 130 } else { 0 };
        assert_eq!(said.status, Some(expected), "{signal}: {said:?}");
        assert!(said.out.ends_with("delivered 4, gave up 0, 0 left\n"), "{said:?}");
        assert_eq!(said.err, "", "nothing to say");
    }
}

#[test]
fn a_signal_lets_it_finish_what_it_has_in_hand() {
    let place = Place::new();
    place.owe(0..6);
    place.sandbox.set_options(json!({"latency_ms": 700})).unwrap();
    let checks = || place.sandbox.stats().unwrap().calls.check;
    let before = checks();
    let running = place.work(&["--at-once", "1"]);
    until("a delivery", || checks() > before);
    running.signal("-TERM");
    let said = running.ended();
    assert_eq!(said.status, Some(0), "{said:?}");
    // Every check led to a delivery.
    let begun = checks() - before;
    assert!((1..6).contains(&begun), "{begun}");
    assert!(said.out.ends_with(&format!("delivered {begun}, gave up 0, {} left\n", 6 - begun)), "{said:?}");
    let status = place.stands();
    assert_eq!((status.owed, status.carried, status.dead), (6 - begun, begun, 0));
    assert_eq!(leased(&place), 0);
}

#[test]
fn a_signal_while_kinde_hangs_does_not_wait_for_ever() {
    let place = Place::new();
    place.owe(0..2);
    place.fault("check", json!("stall"));
    let checks = || place.sandbox.stats().unwrap().calls.check;
    let before = checks();
    let running = place.work(&[]);
    until("a delivery", || checks() > before);
    running.signal("-TERM");
    let said = running.ended();
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(said.out.ends_with("delivered 0, gave up 0, 2 left\n"), "{said:?}");
    assert_eq!(leased(&place), 0);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let place = Place::new();
    place.owe(0..1);
    place.fault("check", json!("stall"));
    let checks = || place.sandbox.stats().unwrap().calls.check;
    let before = checks();
    let running = place.work(&[]);
    until("a delivery", || checks() > before);
    running.signal("-INT");
    // Two signals of a kind that arrive together are one.
    running.signal("-TERM");
    let said = running.ended();
    assert!([Some(130), Some(143)].contains(&said.status), "{said:?}");
    assert_eq!(place.stands().owed, 1, "nothing is lost");
}

#[test]
fn two_share_the_work_and_nobody_is_made_twice() {
    const USERS: u32 = 200;
    let place = Place::new();
    place.owe(0..USERS);
    place.sandbox.set_options(json!({"latency_ms": 3})).unwrap();
    let workers = [place.work(&["--at-once", "4"]), place.work(&["--at-once", "4"])];
    until("the outbox to be empty", || place.stands().owed == 0);
    workers.iter().for_each(|running| running.signal("-TERM"));
    let mut sum = 0;
    for running in workers {
        let said = running.ended();
        assert_eq!(said.status, Some(0), "{said:?}");
        let delivered = said.out.split("delivered ").nth(1).unwrap();
        let delivered: u32 = delivered.split(',').next().unwrap().parse().unwrap();
        assert!(delivered > 0, "one did nothing");
        sum += delivered;
    }
    assert_eq!(sum, USERS);
    let stats = place.sandbox.stats().unwrap();
    assert_eq!((stats.calls.create, stats.calls.set_password), (u64::from(USERS), u64::from(USERS)));
    assert_eq!(stats.users, u64::from(USERS));
    for n in 0..USERS {
        assert!(place.signs_in(n), "{n}");
    }
}

#[test]
fn once_delivers_what_is_due_and_ends() {
    let place = Place::new();
    assert!(place.well(&["work", "--once"]).ends_with("delivered 0, gave up 0, 0 left\n"));
    place.owe(0..3);
    until("all of them to be due and delivered", || {
        let said = place.run(&["work", "--once", "--at-once=2"]);
        assert_eq!(said.status, Some(if said.out.ends_with(" 0 left\n") { 0 } else { 3 }), "{said:?}");
        said.status == Some(0)
    });
    assert!((0..3).all(|n| place.signs_in(n)));

    // Kinde down is nothing that cron's owner could mend: it is tried again, and not finished.
    place.owe(4..8);
    place.fault("check", json!("error_503"));
    sign_in(&place.application(), &email(9));
    let said = place.run(&["work", "--once"]);
    assert_eq!(said.status, Some(3), "{said:?}");
    assert!(said.out.contains("delivered 0, gave up 0, "), "{said:?}");
}

#[test]
fn once_says_by_its_status_what_somebody_has_to_mend() {
    let place = Place::new();
    place.owe(0..2);
    place.sandbox.set_options(json!({"scopes": "create:users update:user_passwords update:users"})).unwrap();
    place.sandbox.revoke_tokens().unwrap();
    until("an entry to be due", || {
        let said = place.run(&["work", "--once"]);
        let refused = said.err.contains("read:users");
        assert_eq!(said.status, Some(if refused { 4 } else { 3 }), "{said:?}");
        refused
    });
    // It is said by every command that waits for it.
    let said = place.run(&["work", "--once"]);
    assert_eq!(said.status, Some(4), "{said:?}");

    let place = Place::new();
    place.owe(0..1);
    place.fault("create", json!({"status": 400}));
    until("it to be given up", || place.run(&["work", "--once"]).status == Some(1));
    assert_eq!(place.stands().dead, 1);
}

#[test]
fn it_says_how_things_stand_while_there_is_something_to_say() {
    let place = Place::new();
    place.fault("check", json!("error_503"));
    sign_in(&place.application(), &email(0));
    let running = place.work(&["--report", "1"]);
    until("a line", || running.err().contains('\n'));
    let said = running.err();
    assert!(said.starts_with("1 owed, the oldest for ") && said.contains("; kinde is "), "{said}");
    place.mend();
    until("the delivery", || place.stands().owed == 0);
    running.signal("-TERM");
    running.ended();
}

#[test]
fn no_secret_is_among_its_arguments() {
    let place = Place::new();
    let running =
        place.work(&["--domain", place.sandbox.url(), "--ledger", place.ledger().to_str().unwrap()]);
    assert!(!running.arguments().contains(SECRET));
    running.signal("-TERM");
    running.ended();
    for option in ["--client-secret=x", "--secret=x", "--client-id=x", "--previous-client-secret=x"] {
        assert_eq!(place.run(&["work", option]).status, Some(2), "{option}");
    }
}

#[test]
fn a_ledger_that_cannot_be_used_is_an_error_with_its_cure() {
    let place = Place::new();
    std::fs::write(place.folder.path().join("file"), "").unwrap();
    let below_a_file = place.folder.path().join("file/ledger.db");
    let other = place.folder.path().join("other.db");
    std::fs::write(
        &other,
        "not a database, and longer than the header that SQLite would look for ........................",
    )
    .unwrap();
    for path in [&below_a_file, &other] {
        for args in [&["work"][..], &["work", "--once"], &["status"], &["dead", "list"]] {
            let said = place.run(&[args, &["--ledger", path.to_str().unwrap()]].concat());
            assert_eq!((said.status, said.out.as_str()), (Some(1), ""), "{args:?}: {said:?}");
            assert!(said.err.starts_with("error: ") && said.err.contains("--ledger"), "{said:?}");
        }
    }
    let said = place.run(&["work", "--ledger=memory"]);
    assert_eq!(said.status, Some(2), "{said:?}");
    assert!(said.err.contains("in memory"), "{said:?}");
}

#[test]
fn wrong_options_end_with_2() {
    let place = Place::new();
    for option in ["--at-once=0", "--at-once=many", "--ledgr=x", "--report=-1", "--domain=te am"] {
        let said = place.run(&["work", option]);
        assert_eq!((said.status, said.out.as_str()), (Some(2), ""), "{option}: {said:?}");
    }
}

/// Entries and turns that somebody has in hand, as the ledger has them.
fn leased(place: &Place) -> i64 {
    let ledger = rusqlite::Connection::open(place.ledger()).unwrap();
    let sql = "SELECT (SELECT count(*) FROM outbox WHERE lease > 0) + (SELECT count(*) FROM turns WHERE address <> x'')";
    ledger.query_row(sql, [], |row| row.get(0)).unwrap()
}
