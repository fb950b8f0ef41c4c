//! Both limits, over the wire. How each model counts is tested where it is written, with a clock
//! that stands still.

use std::io::{Read, Write};

use crate::support::{Kinde, Reply, connect};
use serde_json::{Value, json};

fn limited(options: Value) -> Kinde {
    let kinde = Kinde::start();
    kinde.reset(json!({ "options": options }));
    kinde
}

fn check(kinde: &Kinde) -> Reply {
    kinde.get("/api/v1/users")
}

/// The reset that a 429 announces.
fn reset(reply: &Reply) -> u64 {
    assert_eq!(reply.status, 429);
    assert_eq!(reply.code(), "TOO_MANY_REQUESTS");
    assert!(reply.header("retry-after").is_empty());
    reply.header("ratelimit-reset")[0].parse().unwrap()
}

#[test]
fn windows_refuse_the_call_after_the_last() {
    for model in ["fixed", "sliding"] {
        let kinde = limited(json!({"limit_per_minute": 3, "limit_model": model}));
        for _ in 0..3 {
            assert_eq!(check(&kinde).status, 200);
        }
        for _ in 0..2 {
            let seconds = reset(&check(&kinde));
            assert!((30..=60).contains(&seconds), "{model}: {seconds}");
        }
        let stats = kinde.sandbox.stats().unwrap();
        assert_eq!((stats.throttled, stats.statuses[&429], stats.statuses[&200]), (2, 2, 3));
        assert_eq!(stats.throttled_in_flight, 0);
    }
}

#[test]
fn gcra_refuses_what_comes_faster_than_it_should() {
    let kinde = limited(json!({"limit_per_minute": 1, "limit_model": "gcra", "limit_burst": 2}));
    assert_eq!(check(&kinde).status, 200);
    assert_eq!(check(&kinde).status, 200);
    let seconds = reset(&check(&kinde));
    assert!((30..=60).contains(&seconds), "{seconds}");
}

#[test]
fn every_api_call_counts_and_the_token_does_not() {
    let kinde = limited(json!({"limit_per_minute": 2}));
    for _ in 0..5 {
        assert_eq!(kinde.ask_token(&kinde.token_form()).status, 200);
    }
    assert_eq!(kinde.call("POST", "/api/v1/user", json!({})).status, 200);
    // One that is refused for its token counts too: the limit comes first.
    assert_eq!(kinde.send("GET", "/api/v1/users", &[], b"").unwrap().status, 401);
    assert_eq!(kinde.call("POST", "/api/v1/user", json!({})).status, 429);
    assert_eq!(kinde.sandbox.users().unwrap().len(), 1, "a refused call does nothing");
    kinde.reset(json!({}));
    assert_eq!(check(&kinde).status, 200, "a reset clears the limit");
}

#[test]
fn a_quota_can_change_in_mid_run() {
    let kinde = limited(json!({"limit_per_minute": 2}));
    assert_eq!(check(&kinde).status, 200);
    assert_eq!(check(&kinde).status, 200);
    assert_eq!(check(&kinde).status, 429);
    kinde.sandbox.set_options(json!({"limit_per_minute": 3})).unwrap();
    assert_eq!(check(&kinde).status, 200, "what was counted stays counted");
    assert_eq!(check(&kinde).status, 429);
    kinde.sandbox.set_options(json!({"limit_per_minute": null})).unwrap();
    assert_eq!(check(&kinde).status, 200);
}

#[test]
fn the_reset_is_announced_as_told() {
    let kinde = limited(json!({"limit_per_minute": 1}));
    assert_eq!(check(&kinde).status, 200);
    let announce = |form: &str| {
        kinde.sandbox.set_options(json!({"reset_header": form})).unwrap();
        check(&kinde)
    };
    assert!(reset(&announce("seconds")) <= 60);
    let millis = reset(&announce("milliseconds"));
    assert!((10_000..=60_000).contains(&millis));
    let reply = announce("absent");
    assert_eq!((reply.status, reply.header("ratelimit-reset").len()), (429, 0));
    let wrong: Vec<u64> = (0..20).map(|_| reset(&announce("wrong"))).collect();
    assert!(wrong.iter().all(|seconds| *seconds <= 120));
    assert!(wrong.iter().any(|seconds| *seconds != wrong[0]));
}

#[test]
fn too_many_calls_in_flight_are_refused() {
    let kinde = limited(json!({"max_in_flight": 2, "stall_ms": 60_000,
        "script": [{"call": "check", "nth": [1, 2], "fault": "stall"}]}));
    let request =
        format!("GET /api/v1/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n", kinde.token);
    let mut held: Vec<_> = (0..2)
        .map(|_| {
            let mut stream = connect(kinde.sandbox.port());
            stream.write_all(request.as_bytes()).unwrap();
            stream
        })
        .collect();
    while kinde.sandbox.stats().unwrap().in_flight < 2 {
        std::thread::yield_now();
    }
    assert_eq!(reset(&check(&kinde)), 1);
    kinde.sandbox.set_options(json!({"in_flight_reset": false})).unwrap();
    let reply = check(&kinde);
    assert_eq!((reply.status, reply.header("ratelimit-reset").len()), (429, 0));
    let stats = kinde.sandbox.stats().unwrap();
    assert_eq!((stats.throttled, stats.throttled_in_flight), (2, 2));
    assert_eq!(stats.in_flight_high, 2);
    // A reset forgets them, and their end does not count against calls that come after it.
    kinde.reset(json!({"options": {"max_in_flight": 1}}));
    held.clear();
    for _ in 0..5 {
        assert_eq!(check(&kinde).status, 200);
    }
    assert_eq!(kinde.sandbox.stats().unwrap().in_flight, 0);
}

#[test]
fn calls_one_after_the_other_are_never_two_in_flight() {
    let kinde = limited(json!({"max_in_flight": 1}));
    let request =
        format!("GET /api/v1/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n", kinde.token);
    let mut stream = connect(kinde.sandbox.port());
    let mut buffer = [0; 4096];
    for _ in 0..200 {
        stream.write_all(request.as_bytes()).unwrap();
        let length = stream.read(&mut buffer).unwrap();
        assert!(buffer[..length].starts_with(b"HTTP/1.1 200"));
    }
    assert_eq!(kinde.sandbox.stats().unwrap().in_flight_high, 1);
}
