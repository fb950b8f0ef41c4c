//! What goes wrong goes wrong for real: on the wire, and at the very call.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use crate::support::{Kinde, connect, with_email};
use serde_json::{Value, json};

/// A sandbox with one scripted fault.
fn scripted(call: &str, fault: Value) -> Kinde {
    let kinde = Kinde::start();
    kinde.reset(json!({"options": {"script": [{"call": call, "fault": fault}]}}));
    kinde
}

fn users(kinde: &Kinde) -> usize {
    kinde.sandbox.users().unwrap().len()
}

#[test]
fn errors_answer_without_carrying_out() {
    for (fault, status) in [("error_500", 500), ("error_503", 503)] {
        let kinde = scripted("create", json!(fault));
        let reply = kinde.call("POST", "/api/v1/user", with_email("a@x.org"));
        assert_eq!(reply.status, status);
        assert!(!reply.code().is_empty());
        assert_eq!(users(&kinde), 0);
        kinde.create("a@x.org");
        assert_eq!(kinde.sandbox.stats().unwrap().faults[fault], 1);
    }
}

#[test]
fn a_reset_is_a_reset_of_the_connection() {
    for (fault, carried_out) in [("reset_before", 0), ("reset_after", 1)] {
        let kinde = scripted("create", json!(fault));
        let error = kinde.try_call("POST", "/api/v1/user", with_email("a@x.org")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{fault}");
        assert_eq!(users(&kinde), carried_out, "{fault}");
        let record = kinde.sandbox.calls(1).unwrap().remove(0);
        assert_eq!((record.status, record.fault.as_deref()), (None, Some(fault)));
        let stats = kinde.sandbox.stats().unwrap();
        assert_eq!((stats.calls.create, stats.statuses.len()), (1, 0));
        assert_eq!(stats.in_flight, 0);
    }
}

#[test]
fn a_connection_that_was_kept_alive_is_reset_too() {
    let kinde = scripted("check", json!("reset_after"));
    let mut stream = connect(kinde.sandbox.port());
    let mut buffer = [0; 4096];
    stream.write_all(b"GET /sandbox/stats HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert!(stream.read(&mut buffer).unwrap() > 0);
    stream.write_all(b"GET /api/v1/users HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let error = stream.read(&mut buffer).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_truncated_answer_ends_half_way() {
    let kinde = scripted("create", json!("truncated"));
    let reply = kinde.call("POST", "/api/v1/user", with_email("a@x.org"));
    assert_eq!(reply.status, 200);
    let promised: usize = reply.header("content-length")[0].parse().unwrap();
    assert_eq!(reply.body.len(), promised / 2);
    assert!(serde_json::from_slice::<Value>(&reply.body).is_err());
    assert_eq!(users(&kinde), 1);
}

#[test]
fn a_malformed_answer_is_no_json_and_a_page_is_html() {
    let kinde = scripted("create", json!("malformed"));
    let reply = kinde.call("POST", "/api/v1/user", with_email("a@x.org"));
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-length")[0], reply.body.len().to_string());
    assert!(serde_json::from_slice::<Value>(&reply.body).is_err());
    assert_eq!(users(&kinde), 1);

    let kinde = scripted("create", json!("html"));
    let reply = kinde.call("POST", "/api/v1/user", with_email("a@x.org"));
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), ["text/html; charset=utf-8"]);
    assert!(reply.body.starts_with(b"<!DOCTYPE html>"));
    assert_eq!(users(&kinde), 1);
}

#[test]
fn a_stalled_answer_is_held_back_and_the_work_done() {
    let kinde = scripted("create", json!("stall"));
    kinde.sandbox.set_options(json!({"stall_ms": 300})).unwrap();
    let began = Instant::now();
    let reply = kinde.call("POST", "/api/v1/user", with_email("a@x.org"));
    assert!(began.elapsed() >= Duration::from_millis(300));
    assert_eq!((reply.status, users(&kinde)), (200, 1));
}

#[test]
fn a_client_that_leaves_a_stalled_call_is_no_longer_in_flight() {
    let kinde = scripted("check", json!("stall"));
    let mut stream = connect(kinde.sandbox.port());
    stream.write_all(b"GET /api/v1/users HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let in_flight = |expected| {
        let until = Instant::now() + Duration::from_secs(30);
        while kinde.sandbox.stats().unwrap().in_flight != expected {
            assert!(Instant::now() < until, "never {expected} in flight");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    in_flight(1);
    drop(stream);
    in_flight(0);
}

#[test]
fn a_dripping_answer_is_whole_in_the_end() {
    let kinde = scripted("check", json!("drip"));
    kinde.sandbox.set_options(json!({"drip_ms": 2})).unwrap();
    let began = Instant::now();
    let reply = kinde.get("/api/v1/users");
    let length = reply.body.len();
    assert_eq!(reply.json()["code"], "OK");
    assert!(began.elapsed() >= Duration::from_millis(2 * length as u64));
}

#[test]
fn an_answer_is_played_as_written() {
    let kinde = Kinde::start();
    kinde.reset(json!({"options": {"script": [
        {"call": "create", "nth": 1, "fault": {"status": 429, "reset": "2"}},
        {"call": "create", "nth": 2, "fault": {"status": 429, "reset": "-1", "body": "<html>",
            "headers": {"content-type": "text/html", "ratelimit-reset": ["soon", "7.5"]}}},
        {"call": "create", "nth": 3, "fault": {"status": 503, "done": true, "delay_ms": 50,
            "body": {"why": [1, 2]}}},
        {"call": "create", "nth": 4, "fault": {"status": 200, "body": ""}},
        {"call": "create", "nth": 5, "fault": {"status": 302, "headers": {"location": "/x"}}},
    ]}}));
    let create = || kinde.call("POST", "/api/v1/user", with_email("a@x.org"));
    let reply = create();
    assert_eq!((reply.status, reply.header("ratelimit-reset")), (429, vec!["2"]));
    assert_eq!(reply.code(), "SCRIPTED");
    let reply = create();
    assert_eq!(reply.header("ratelimit-reset"), ["-1", "soon", "7.5"]);
    assert_eq!(reply.header("content-type"), ["text/html"]);
    assert_eq!(reply.body, b"<html>");
    assert_eq!(users(&kinde), 0);
    let began = Instant::now();
    let reply = create();
    assert!(began.elapsed() >= Duration::from_millis(50));
    assert_eq!((reply.status, reply.json()), (503, json!({"why": [1, 2]})));
    assert_eq!(users(&kinde), 1, "done all the same");
    assert_eq!(create().body, b"");
    assert_eq!(create().header("location"), ["/x"]);
    let stats = kinde.sandbox.stats().unwrap();
    assert_eq!((stats.faults["raw"], stats.calls.create), (5, 5));
}

#[test]
fn a_script_counts_each_kind_since_the_last_reset() {
    let kinde = Kinde::start();
    let script = json!({"options": {"script": [
        {"call": "check", "nth": [2, 3], "fault": "error_503"},
        {"call": "set_password", "nth": "all", "fault": "error_500"},
        {"call": "token", "nth": 2, "fault": "error_500"},
        {"call": "other", "fault": "error_500"},
        {"call": "reset", "fault": "error_503"},
    ]}});
    for _ in 0..2 {
        kinde.reset(script.clone());
        let checks: Vec<u16> = (0..4).map(|_| kinde.get("/api/v1/users").status).collect();
        assert_eq!(checks, [200, 503, 503, 200]);
        let tokens: Vec<u16> = (0..3).map(|_| kinde.ask_token(&kinde.token_form()).status).collect();
        assert_eq!(tokens, [200, 500, 200]);
        let id = kinde.create("a@x.org");
        for _ in 0..2 {
            assert_eq!(kinde.set(&id, json!({"password": "x"})).status, 500);
        }
        let update = format!("/api/v1/users/{id}");
        assert_eq!(kinde.call("PATCH", &update, json!({})).status, 503);
        assert_eq!(kinde.call("PATCH", &update, json!({})).status, 200);
        assert_eq!(kinde.get(&format!("/api/v1/user?id={id}")).status, 500);
        assert_eq!(kinde.get(&format!("/api/v1/user?id={id}")).status, 200);
    }
}

#[test]
fn one_seed_gives_one_course_of_events() {
    let kinde = Kinde::start();
    let course = |seed: u64| {
        kinde.reset(json!({"options": {"seed": seed, "faults": {"error_500": 0.3, "error_503": 0.2}}}));
        (0..60).map(|_| kinde.get("/api/v1/users").status).collect::<Vec<_>>()
    };
    let first = course(1);
    assert_eq!(first, course(1));
    assert_ne!(first, course(2));
    for status in [200, 500, 503] {
        assert!(first.contains(&status), "{status}");
    }
}

#[test]
fn every_call_is_faulted_at_a_share_of_one_and_no_route_of_the_sandbox() {
    let kinde = Kinde::start();
    kinde.reset(json!({"options": {"faults": {"reset_before": 1.0}, "latency_ms": 60_000,
        "limit_per_minute": 1, "max_in_flight": 1}}));
    for _ in 0..3 {
        assert!(kinde.try_call("GET", "/api/v1/users", Value::Null).is_err());
        assert!(kinde.send("POST", "/oauth2/token", &[], b"").is_err());
        assert_eq!(kinde.get("/sandbox/stats").status, 200);
    }
    assert_eq!(kinde.sandbox.stats().unwrap().faults["reset_before"], 6);
}

#[test]
fn latency_is_added_and_the_work_done_on_arrival() {
    let kinde = Kinde::start();
    kinde.sandbox.set_options(json!({"latency_ms": 200})).unwrap();
    let began = Instant::now();
    kinde.get("/api/v1/users");
    kinde.ask_token(&kinde.token_form());
    assert!(began.elapsed() >= Duration::from_millis(400));

    kinde.sandbox.set_options(json!({"latency_ms": 60_000})).unwrap();
    let body = with_email("a@x.org").to_string();
    let mut stream = connect(kinde.sandbox.port());
    let head = format!(
        "POST /api/v1/user HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        kinde.token,
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    while users(&kinde) == 0 {
        assert!(Instant::now() < until, "not done before the answer");
        std::thread::sleep(Duration::from_millis(5));
    }
}
