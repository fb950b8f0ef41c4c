//! The token endpoint, and what a token lets through.

use crate::support::{Kinde, with_email};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

fn part(token: &str, place: usize) -> Value {
    let part = token.split('.').nth(place).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn a_token_is_a_jwt_that_says_what_it_allows() {
    let kinde = Kinde::with(json!({"token_lifetime": 600}));
    let reply = kinde.ask_token(&kinde.token_form());
    let answer = reply.json();
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["expires_in"], 600);
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(part(token, 0)["alg"], "HS256");
    let claims = part(token, 1);
    let url = kinde.sandbox.url();
    assert_eq!(claims["iss"], url);
    assert_eq!(claims["aud"], json!([format!("{url}/api")]));
    assert_eq!(claims["azp"], "sandbox-client");
    assert_eq!(claims["gty"], json!(["client_credentials"]));
    let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(lifetime, 600);
    assert_eq!(claims["scp"].as_array().unwrap().len(), 4);
    assert_eq!(claims["scope"], "read:users create:users update:user_passwords update:users");
    assert!(claims["jti"].is_string());
    assert_eq!(kinde.sandbox.stats().unwrap().tokens, 2);
}

#[test]
fn a_client_that_is_wrong_is_told_how() {
    let kinde = Kinde::start();
    let good = kinde.token_form();
    let audience = good.split('&').next_back().unwrap().to_owned();
    for (form, status, error) in [
        (good.replace("sandbox-secret", "guess"), 401, "invalid_client"),
        (good.replace("sandbox-client", "nobody"), 401, "invalid_client"),
        (good.replace("client_secret", "secret"), 401, "invalid_client"),
        (good.replace("client_credentials", "password"), 400, "unsupported_grant_type"),
        (good.replace("grant_type", "grant"), 400, "invalid_request"),
        (good.replace(&audience, ""), 400, "invalid_request"),
        (good.replace("%2Fapi", "%2Fapi%2Fv1"), 403, "insufficient_scope"),
        (good.replace("%2Fapi", ""), 403, "insufficient_scope"),
        (format!("{good}&scope=read%3Ausers+delete%3Ausers"), 400, "invalid_scope"),
        (format!("{good}&client_id=again"), 400, "invalid_request"),
        (format!("{good}&scope=%zz"), 400, "invalid_request"),
    ] {
        let reply = kinde.ask_token(&form);
        assert_eq!(reply.status, status, "{form}");
        assert_eq!(reply.json()["error"], error, "{form}");
        assert!(!String::from_utf8_lossy(&reply.body).contains("guess"));
    }
    let json = [("Content-Type", "application/json")];
    let reply = kinde.send("POST", "/oauth2/token", &json, b"{}").unwrap();
    assert_eq!(reply.json()["error"], "invalid_request");
    let reply = kinde.send("GET", "/oauth2/token", &[], b"").unwrap();
    assert_eq!(reply.status, 405);
    let stats = kinde.sandbox.stats().unwrap();
    assert_eq!(stats.tokens, 1, "refused requests are no tokens");
}

#[test]
fn unknown_parameters_are_ignored_as_rfc_6749_says() {
    let kinde = Kinde::start();
    let form = format!("{}&resource=x", kinde.token_form());
    assert_eq!(kinde.ask_token(&form).status, 200);
}

#[test]
fn the_audience_can_be_another() {
    let kinde = Kinde::start();
    kinde.reset(json!({"options": {"audience": "https://team.kinde.com/api"}}));
    assert_eq!(kinde.ask_token(&kinde.token_form()).status, 403);
    let good = "grant_type=client_credentials&client_id=sandbox-client\
                &client_secret=sandbox-secret&audience=https%3A%2F%2Fteam.kinde.com%2Fapi";
    assert_eq!(kinde.ask_token(good).status, 200);
}

#[test]
fn localhost_is_another_name_of_the_default_audience() {
    let kinde = Kinde::start();
    let form = kinde.token_form().replace("127.0.0.1", "localhost");
    assert_eq!(kinde.ask_token(&form).status, 200);
}

#[test]
fn a_call_needs_a_token_that_is_good() {
    let mut kinde = Kinde::start();
    let good = kinde.token.clone();
    let unsigned = format!("{}.x", good.rsplit_once('.').unwrap().0);
    for token in ["", "nonsense", &unsigned, &format!("{good}x")] {
        kinde.token = token.to_owned();
        let reply = kinde.get("/api/v1/users");
        assert_eq!(reply.status, 401, "{token}");
        assert_eq!(reply.code(), "TOKEN_INVALID");
        assert_eq!(reply.header("www-authenticate").len(), 1);
    }
    let reply = kinde.send("GET", "/api/v1/users", &[], b"").unwrap();
    assert_eq!(reply.status, 401);
    let basic = [("Authorization", format!("Basic {good}"))];
    let headers = [(basic[0].0, basic[0].1.as_str())];
    assert_eq!(kinde.send("GET", "/api/v1/users", &headers, b"").unwrap().status, 401);
    kinde.token = good;
    assert_eq!(kinde.get("/api/v1/users").status, 200);
}

#[test]
fn a_token_can_be_revoked_and_is_by_a_reset() {
    let mut kinde = Kinde::start();
    kinde.sandbox.revoke_tokens().unwrap();
    assert_eq!(kinde.get("/api/v1/users").status, 401);
    kinde.token = kinde.new_token();
    assert_eq!(kinde.send("POST", "/sandbox/revoke", &[], b"").unwrap().status, 200);
    assert_eq!(kinde.get("/api/v1/users").status, 401);
    kinde.token = kinde.new_token();
    kinde.sandbox.reset(json!({"keep_tokens": true})).unwrap();
    assert_eq!(kinde.get("/api/v1/users").status, 200);
    kinde.sandbox.reset(json!({})).unwrap();
    assert_eq!(kinde.get("/api/v1/users").status, 401);
}

#[test]
fn a_token_expires() {
    let kinde = Kinde::with(json!({"token_lifetime": 1}));
    // Longer than the lifetime, however slow this machine is.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(kinde.get("/api/v1/users").status, 401);
}

#[test]
fn each_call_needs_its_scope() {
    let mut kinde = Kinde::start();
    let id = kinde.create("ada@example.org");
    let password = format!("/api/v1/users/{id}/password");
    let calls = [
        ("GET", "/api/v1/users".to_owned(), Value::Null, "read:users"),
        ("GET", format!("/api/v1/user?id={id}"), Value::Null, "read:users"),
        ("POST", "/api/v1/user".to_owned(), with_email("bob@example.org"), "create:users"),
        ("PUT", password, json!({"password": "x"}), "update:user_passwords"),
        ("PATCH", format!("/api/v1/user?id={id}"), json!({}), "update:users"),
        ("PATCH", format!("/api/v1/users/{id}"), json!({}), "update:users"),
    ];
    for (method, path, body, scope) in calls {
        let others: Vec<&str> =
            kinde_migrate_sandbox::NEEDED_SCOPES.into_iter().filter(|other| *other != scope).collect();
        kinde.sandbox.set_options(json!({"scopes": others})).unwrap();
        kinde.token = kinde.new_token();
        let reply = kinde.call(method, &path, body.clone());
        assert_eq!(reply.status, 403, "{method} {path}");
        assert_eq!(reply.code(), "INSUFFICIENT_SCOPE");
        assert!(reply.message().contains(scope));
        kinde.sandbox.set_options(json!({"scopes": [scope]})).unwrap();
        kinde.token = kinde.new_token();
        assert_eq!(kinde.call(method, &path, body).status, 200, "{method} {path}");
    }
}

#[test]
fn a_token_has_the_scopes_it_was_asked_for_with() {
    let mut kinde = Kinde::start();
    let form = format!("{}&scope=create%3Ausers", kinde.token_form());
    let answer = kinde.ask_token(&form).json();
    assert_eq!(answer["scope"], "create:users");
    kinde.token = answer["access_token"].as_str().unwrap().to_owned();
    assert_eq!(kinde.get("/api/v1/users").status, 403);
}
