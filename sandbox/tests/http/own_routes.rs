//! The routes under `/sandbox/`, and the sandbox as a value.

use std::io::{Read, Write};

use crate::support::{Kinde, Reply, connect};
use kinde_migrate_sandbox::{Options, Sandbox, SandboxError};
use serde_json::{Value, json};

fn post(kinde: &Kinde, path: &str, body: Value) -> Reply {
    kinde.send("POST", path, &[], body.to_string().as_bytes()).unwrap()
}

#[test]
fn the_figures_add_up() {
    let kinde = Kinde::start();
    kinde.reset(json!({}));
    let id = kinde.create("a@x.org");
    kinde.get("/api/v1/users");
    kinde.get("/api/v1/users?page_size=0");
    kinde.set(&id, json!({"password": "x"}));
    kinde.call("PATCH", &format!("/api/v1/users/{id}"), json!({}));
    kinde.get("/nowhere");
    kinde.new_token();
    kinde.sandbox.sign_in("a@x.org", "x").unwrap();
    let stats = kinde.get("/sandbox/stats").json();
    assert_eq!(stats["tokens"], 1);
    assert_eq!(stats["calls"], json!({"check": 2, "create": 1, "set_password": 1, "reset": 1}));
    assert_eq!((&stats["other"], &stats["total"]), (&json!(1), &json!(6)));
    assert_eq!(stats["statuses"], json!({"200": 4, "400": 1, "404": 1}));
    assert_eq!(stats["sign_ins"], 1);
    assert_eq!(stats["users"], 1);
    assert_eq!(stats["in_flight_high"], 1);
    let typed = kinde.sandbox.stats().unwrap();
    assert_eq!(serde_json::to_value(typed).unwrap(), stats);
}

/// As when two processes share a socket, or speak TLS on it.
#[test]
fn what_is_not_http_is_counted() {
    let kinde = Kinde::start();
    kinde.reset(json!({}));
    let mut stream = connect(kinde.sandbox.port());
    stream.write_all(b"\x16\x03\x01 half of something else\r\n\r\n").unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    kinde.get("/sandbox/users");
    assert_eq!(kinde.get("/sandbox/stats").json()["malformed"], 1);
}

#[test]
fn users_are_shown_without_their_passwords() {
    let kinde = Kinde::start();
    let hash = "$2b$10$UCWiQRKQNXYJLgt.0Wo6JeHWSx.g3Ni.qWTzBP/u/2hTSxTEaU8ue";
    kinde.reset(json!({"users": [
        {"id": "kp_1", "email": "a@x.org", "email_verified": false, "provided_id": "7",
         "hashed_password": hash, "first_name": "Ada", "last_name": "King"},
        {"email": "b@x.org", "password": "very secret"},
    ]}));
    let reply = kinde.get("/sandbox/users");
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    assert!(!text.contains("very secret") && !text.contains(&hash[7..]));
    let users = reply.json();
    assert_eq!(users[0]["id"], "kp_1");
    assert_eq!(users[0]["email_verified"], false);
    assert_eq!(users[0]["provided_id"], "7");
    assert_eq!(users[0]["password_method"], "bcrypt");
    assert_eq!(users[0]["sets"], 0, "a test put it there, no call did");
    assert_eq!(users[0]["first_name"], "Ada");
    assert_eq!(users[1]["email_verified"], true);
    assert_eq!(users[1]["password_method"], "plaintext");
    let one = kinde.get("/sandbox/users?email=B%40x.org").json();
    assert_eq!(one.as_array().unwrap().len(), 1);
    assert_eq!(kinde.get("/sandbox/users?id=kp_2").json(), json!([]));
    assert_eq!(kinde.get("/sandbox/users?name=x").status, 400);
}

#[test]
fn the_last_calls_can_be_seen() {
    let kinde = Kinde::start();
    kinde.reset(json!({}));
    kinde.get("/api/v1/users?email=a%2Bb%40x.org");
    kinde.get("/api/v1/users?page_size=0");
    let calls = kinde.get("/sandbox/calls?last=5").json();
    assert_eq!(calls[0]["call"], "check");
    assert_eq!(calls[0]["query"], "email=a%2Bb%40x.org", "as it was sent");
    assert_eq!((&calls[0]["status"], &calls[0]["nth"]), (&json!(200), &json!(1)));
    assert_eq!((&calls[1]["status"], &calls[1]["nth"]), (&json!(400), &json!(2)));
    assert_eq!(calls[1]["path"], "/api/v1/users");
    assert_eq!(kinde.get("/sandbox/calls?last=1").json().as_array().unwrap().len(), 1);
    assert_eq!(kinde.get("/sandbox/calls?last=x").status, 400);
    for _ in 0..1010 {
        kinde.get("/nowhere");
    }
    assert_eq!(kinde.sandbox.calls(5000).unwrap().len(), 1000, "a ring");
}

#[test]
fn a_reset_goes_back_to_the_options_of_the_start() {
    let kinde = Kinde::with(json!({"users_null": true}));
    let null = || kinde.get("/api/v1/users").json()["users"].is_null();
    assert!(null());
    kinde.sandbox.set_options(json!({"users_null": false})).unwrap();
    assert!(!null());
    kinde.reset(json!({"options": {"seed": 5}}));
    assert!(null());
    let reply = post(&kinde, "/sandbox/reset", json!({"options": {"users_null": false}}));
    assert_eq!(reply.json(), json!({"ok": true}));
    assert_eq!(kinde.sandbox.stats().unwrap().total, 0);
}

#[test]
fn a_reset_puts_users_in_place() {
    let kinde = Kinde::start();
    kinde.create("old@x.org");
    kinde.reset(json!({"users": [
        {"email": "a@x.org", "username": "ada", "phone": "+61426148233", "total_sign_ins": 5,
         "failed_sign_ins": 1, "created_on": "2020-01-01T00:00:00Z", "picture": "p",
         "given_name": "Ada", "family_name": "King", "organization_code": "org_1"},
        // What the API would refuse, a test may still need.
        {"email": "e,f@x.org"},
    ]}));
    let users = kinde.sandbox.users().unwrap();
    assert_eq!(users.len(), 2);
    assert_eq!(users[0].total_sign_ins, 5);
    assert_eq!(users[0].created_on, "2020-01-01T00:00:00.000000+00:00");
    assert_eq!(users[0].identities.len(), 3);
    assert!(kinde.emails("email=old%40x.org").is_empty());
    assert_eq!(kinde.emails("username=ADA"), ["a@x.org"]);
}

#[test]
fn what_makes_no_sense_is_named_and_changes_nothing() {
    let kinde = Kinde::start();
    kinde.create("a@x.org");
    for (path, body, named) in [
        ("/sandbox/reset", json!({"options": {"latency": 5}}), "latency"),
        ("/sandbox/reset", json!({"options": {"latency_ms": "5"}}), "latency_ms"),
        ("/sandbox/reset", json!({"option": {}}), "option"),
        ("/sandbox/reset", json!({"users": [{"email": "b@x.org"}, {"mail": "c@x.org"}]}), "mail"),
        ("/sandbox/reset", json!({"users": [{"email": 7}]}), "users[0].email"),
        ("/sandbox/reset", json!({"users": [{"hashed_password": "x"}]}), "bcrypt"),
        ("/sandbox/reset", json!({"users": [{"created_on": "once"}]}), "users[0].created_on"),
        ("/sandbox/reset", json!({"keep_tokens": 1}), "bool"),
        ("/sandbox/options", json!({"limit_per_minute": 0}), "limit_per_minute"),
        ("/sandbox/options", json!({"faults": {"error_500": 2}}), "faults"),
        ("/sandbox/options", json!([]), "object"),
    ] {
        let reply = post(&kinde, path, body.clone());
        assert_eq!(reply.status, 400, "{body}");
        assert!(reply.message().contains(named), "{body}: {}", reply.message());
        assert_eq!(kinde.sandbox.users().unwrap().len(), 1, "{body}");
    }
    assert_eq!(post(&kinde, "/sandbox/nothing", json!({})).status, 404);
    assert_eq!(kinde.get("/sandbox/reset").status, 405);
    assert_eq!(post(&kinde, "/sandbox/stats", json!({})).status, 405);
    assert!(matches!(
        kinde.sandbox.reset(json!({"options": {"latency": 5}})),
        Err(SandboxError::Refused(message)) if message.contains("latency")
    ));
    assert!(kinde.sandbox.set_options(json!(7)).is_err());
}

#[test]
fn a_port_that_is_taken_is_named() {
    let first = Sandbox::start(Options::default()).unwrap();
    let error = Sandbox::start_on(first.port(), Options::default()).unwrap_err();
    assert!(error.to_string().contains(&first.port().to_string()), "{error}");
    assert!(error.to_string().contains("choose another"), "{error}");
    let wrong = Options { token_lifetime: 0, ..Options::default() };
    assert!(matches!(Sandbox::start(wrong), Err(SandboxError::Option(_))));
}

#[test]
fn a_dropped_sandbox_frees_its_port() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let port = sandbox.port();
    assert_eq!(sandbox.url(), format!("http://127.0.0.1:{port}"));
    drop(sandbox);
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    Sandbox::start_on(port, Options::default()).unwrap();
}
