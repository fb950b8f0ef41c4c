//! Check, create and update.

use crate::support::{Kinde, with_email};
use serde_json::{Value, json};

#[test]
fn a_user_is_found_as_created() {
    let kinde = Kinde::start();
    let reply = kinde.call(
        "POST",
        "/api/v1/user",
        json!({
            "profile": {"given_name": "Ada", "family_name": "King", "picture": "https://a.example/p"},
            "organization_code": "org_1",
            "provided_id": "old-7",
            "identities": [
                {"type": "email", "is_verified": true, "details": {"email": "Ada@Example.org"}},
                {"type": "phone", "details": {"phone": "+61 426 148 233", "phone_country_id": "au"}},
                {"type": "username", "details": {"username": "Countess"}},
            ],
        }),
    );
    assert_eq!(reply.status, 200);
    let created = reply.json();
    assert_eq!(created["created"], true);
    let types: Vec<_> = created["identities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|identity| {
            assert_eq!(identity["result"]["created"], true);
            identity["type"].as_str().unwrap()
        })
        .collect();
    assert_eq!(types, ["email", "phone", "username"]);
    let id = created["id"].as_str().unwrap();
    assert!(id.starts_with("kp_") && id.len() == 35);

    for query in [
        "email=ada%40example.ORG".to_owned(),
        "username=cOUNTESS".to_owned(),
        "phone=%2B61426148233".to_owned(),
        format!("user_id={id}"),
        format!("user_id={id}&email=ada%40example.org"),
    ] {
        let answer = kinde.get(&format!("/api/v1/users?{query}")).json();
        assert_eq!(answer["code"], "OK", "{query}");
        assert_eq!(answer["next_token"], Value::Null);
        let user = &answer["users"][0];
        assert_eq!(user["id"], id, "{query}");
        assert_eq!(user["provided_id"], "old-7");
        assert_eq!(user["email"], "Ada@Example.org");
        assert_eq!(user["phone"], "+61426148233");
        assert_eq!(user["username"], "Countess");
        assert_eq!(user["first_name"], "Ada");
        assert_eq!(user["last_name"], "King");
        assert_eq!(user["picture"], "https://a.example/p");
        assert_eq!(user["is_suspended"], false);
        assert_eq!(user["total_sign_ins"], 0);
        assert_eq!(user["failed_sign_ins"], 0);
        assert_eq!(user["last_signed_in"], Value::Null);
        assert!(user["created_on"].as_str().unwrap().contains('T'));
        assert!(user.get("identities").is_none());
    }
    assert!(kinde.emails("user_id=kp_0&email=ada%40example.org").is_empty());

    let reply = kinde.get(&format!("/api/v1/user?id={id}&expand=identities,organizations"));
    let user = reply.json();
    assert_eq!(user["preferred_email"], "Ada@Example.org");
    assert_eq!(user["identities"].as_array().unwrap().len(), 3);
    assert_eq!(user["organizations"], json!(["org_1"]));
    assert_eq!(kinde.get("/api/v1/user?id=kp_0").status, 404);
    assert_eq!(kinde.get("/api/v1/user").status, 400);
}

#[test]
fn a_list_is_split_after_it_is_decoded() {
    let kinde = Kinde::start();
    kinde.reset(json!({"users": [
        {"email": "a@x.org"}, {"email": "b@x.org"}, {"email": "c+d@x.org"}, {"email": "e,f@x.org"},
        {"email": "f@x.org"}, {"email": "100%@x.org"},
    ]}));
    assert_eq!(kinde.emails("email=a%40x.org,b%40x.org"), ["a@x.org", "b@x.org"]);
    assert_eq!(kinde.emails("email=b%40x.org%2CA%40x.org"), ["a@x.org", "b@x.org"]);
    assert_eq!(kinde.emails("email=a%40x.org,a%40x.org"), ["a@x.org"]);
    assert_eq!(kinde.emails("email=c%2Bd%40x.org"), ["c+d@x.org"]);
    assert!(kinde.emails("email=c+d%40x.org").is_empty(), "a plus is a space");
    // An address with a comma cannot be asked for, and asks for another one instead.
    assert_eq!(kinde.emails("email=e%2Cf%40x.org"), ["f@x.org"]);
    assert_eq!(kinde.emails("email=100%25%40x.org"), ["100%@x.org"]);
    assert!(kinde.emails("email=%20a%40x.org").is_empty(), "nothing is trimmed");
    assert_eq!(kinde.emails("email=").len(), 6, "an empty filter filters nothing");
    for query in ["email=100%@x.org", "email=%ff", "email=a&email=b"] {
        let reply = kinde.get(&format!("/api/v1/users?{query}"));
        assert_eq!((reply.status, reply.code()), (400, "INVALID_QUERY".to_owned()));
    }
}

#[test]
fn pages_follow_one_another() {
    let kinde = Kinde::start();
    let emails: Vec<String> = (0..25).map(|n| format!("u{n}@x.org")).collect();
    let users: Vec<_> = emails.iter().map(|email| json!({"email": email})).collect();
    kinde.reset(json!({ "users": users }));
    let list = emails.join("%2C");

    for filter in [String::new(), format!("&email={list}")] {
        let mut seen = Vec::new();
        let mut sizes = Vec::new();
        let mut token = String::new();
        loop {
            let answer = kinde.get(&format!("/api/v1/users?{token}{filter}")).json();
            let users = answer["users"].as_array().unwrap().clone();
            sizes.push(users.len());
            seen.extend(users.iter().map(|user| user["email"].as_str().unwrap().to_owned()));
            match answer["next_token"].as_str() {
                Some(next) => token = format!("next_token={next}"),
                None => break,
            }
        }
        assert_eq!(sizes, [10, 10, 5], "ten unless told");
        assert_eq!(seen, emails);
    }
    assert_eq!(kinde.emails("page_size=500").len(), 25);
    assert_eq!(kinde.emails("page_size=25").len(), 25);
    let exact = kinde.get("/api/v1/users?page_size=25").json();
    assert_eq!(exact["next_token"], Value::Null, "a full last page has no next");
    for query in [
        "page_size=0",
        "page_size=501",
        "page_size=-1",
        "page_size=ten",
        "page_size=1.5",
        "next_token=x",
        "expand=passwords",
        "has_organization=maybe",
        "active_since=yesterday",
    ] {
        let reply = kinde.get(&format!("/api/v1/users?{query}"));
        assert_eq!((reply.status, reply.code()), (400, "INVALID_PARAMETER".to_owned()), "{query}");
    }
    for query in ["e-mail=a%40x.org", "Email=a%40x.org", "provided_id=7", "page=2"] {
        let reply = kinde.get(&format!("/api/v1/users?{query}"));
        assert_eq!((reply.status, reply.code()), (400, "UNKNOWN_PARAMETER".to_owned()), "{query}");
    }
}

#[test]
fn the_other_filters_of_the_list_work() {
    let kinde = Kinde::start();
    kinde.reset(json!({"users": [
        {"email": "a@x.org", "organization_code": "org_1"},
        {"email": "b@x.org", "last_signed_in": "2026-01-28T14:26:02.448856+00:00", "total_sign_ins": 3},
    ]}));
    assert_eq!(kinde.emails("has_organization=true"), ["a@x.org"]);
    assert_eq!(kinde.emails("has_organization=false"), ["b@x.org"]);
    assert_eq!(kinde.emails("active_since=2026-01-28"), ["b@x.org"]);
    assert!(kinde.emails("active_since=2026-01-29T00%3A00%3A00Z").is_empty());
    let user = &kinde.get("/api/v1/users?email=b%40x.org").json()["users"][0];
    assert_eq!(user["last_signed_in"], "2026-01-28T14:26:02.448856+00:00");
    assert_eq!(user["total_sign_ins"], 3);
}

#[test]
fn an_empty_list_can_be_null() {
    let kinde = Kinde::start();
    assert_eq!(kinde.get("/api/v1/users?email=a%40x.org").json()["users"], json!([]));
    kinde.sandbox.set_options(json!({"users_null": true})).unwrap();
    assert_eq!(kinde.get("/api/v1/users?email=a%40x.org").json()["users"], Value::Null);
    kinde.create("a@x.org");
    assert_eq!(kinde.emails("email=a%40x.org"), ["a@x.org"]);
}

#[test]
fn what_exists_is_not_created_again() {
    let kinde = Kinde::start();
    kinde.reset(json!({"users": [{"email": "a@x.org", "username": "ada", "phone": "+61426148233"}]}));
    for identity in [
        json!({"type": "email", "details": {"email": "A@x.ORG"}}),
        json!({"type": "username", "details": {"username": "ADA"}}),
        json!({"type": "phone", "details": {"phone": "+61426148233"}}),
    ] {
        // The whole of it is refused, the new address too.
        let new = json!({"type": "email", "details": {"email": "new@x.org"}});
        let reply = kinde.call("POST", "/api/v1/user", json!({"identities": [new, identity]}));
        assert_eq!((reply.status, reply.code()), (400, "USER_ALREADY_EXISTS".to_owned()));
    }
    assert!(kinde.emails("email=new%40x.org").is_empty());
    let twice = json!({"type": "email", "details": {"email": "twice@x.org"}});
    let reply = kinde.call("POST", "/api/v1/user", json!({"identities": [twice, twice]}));
    assert_eq!(reply.status, 400);
}

#[test]
fn a_user_can_have_no_identity_and_no_body_at_all() {
    let kinde = Kinde::start();
    assert_eq!(kinde.call("POST", "/api/v1/user", json!({"provided_id": "7"})).status, 200);
    assert_eq!(kinde.call("POST", "/api/v1/user", Value::Null).status, 200);
    assert_eq!(kinde.sandbox.users().unwrap().len(), 2);
}

#[test]
fn the_address_may_stand_in_the_profile_too() {
    let kinde = Kinde::start();
    let mut body = with_email("a@x.org");
    body["profile"] = json!({"email": "a@x.org", "given_name": "A"});
    assert_eq!(kinde.call("POST", "/api/v1/user", body).status, 200);
    // There alone it makes no identity.
    let body = json!({"profile": {"email": "b@x.org"}});
    assert_eq!(kinde.call("POST", "/api/v1/user", body).status, 200);
    assert!(kinde.emails("email=b%40x.org").is_empty());
}

#[test]
fn a_create_that_is_not_exact_is_refused() {
    let kinde = Kinde::start();
    let email = |email: &str| json!({"identities": [{"type": "email", "details": {"email": email}}]});
    let long = format!("{}@x.org", "a".repeat(250));
    for (body, code, named) in [
        (json!({"email": "a@x.org"}), "UNKNOWN_FIELD", "email"),
        (json!({"profile": {"first_name": "A"}}), "UNKNOWN_FIELD", "profile.first_name"),
        (json!({"profile": "A"}), "INVALID_TYPE", "profile"),
        (json!({"profile": null}), "INVALID_TYPE", "profile"),
        (json!({"profile": {"given_name": 7}}), "INVALID_TYPE", "profile.given_name"),
        (json!({"profile": {"given_name": null}}), "INVALID_TYPE", "profile.given_name"),
        (json!({"profile": {"email": "nobody"}}), "INVALID_FIELD", "profile.email"),
        (json!({"provided_id": 7}), "INVALID_TYPE", "provided_id"),
        (json!({"organization_code": ""}), "INVALID_FIELD", "organization_code"),
        (json!({"identities": {}}), "INVALID_TYPE", "identities"),
        (json!({"identities": ["a@x.org"]}), "INVALID_TYPE", "identities[0]"),
        (json!({"identities": [{"details": {"email": "a@x.org"}}]}), "INVALID_FIELD", "type"),
        (json!({"identities": [{"type": "mail", "details": {}}]}), "INVALID_FIELD", "type"),
        (json!({"identities": [{"type": "email"}]}), "INVALID_FIELD", "details"),
        (json!({"identities": [{"type": "email", "details": {}}]}), "INVALID_FIELD", "details.email"),
        (
            json!({"identities": [{"type": "email", "is_verified": "yes", "details": {"email": "a@x.org"}}]}),
            "INVALID_TYPE",
            "is_verified",
        ),
        (
            json!({"identities": [{"type": "email", "details": {"email": "a@x.org", "username": "a"}}]}),
            "UNKNOWN_FIELD",
            "details.username",
        ),
        (
            json!({"identities": [{"type": "email", "verified": true, "details": {"email": "a@x.org"}}]}),
            "UNKNOWN_FIELD",
            "verified",
        ),
        (
            json!({"identities": [{"type": "phone", "details": {"phone": "0426148233"}}]}),
            "INVALID_FIELD",
            "phone",
        ),
        (
            json!({"identities": [{"type": "phone", "details": {"phone": "+61426148233", "phone_country_id": "aus"}}]}),
            "INVALID_FIELD",
            "phone_country_id",
        ),
        (
            json!({"identities": [{"type": "username", "details": {"username": "a\u{0}"}}]}),
            "INVALID_FIELD",
            "username",
        ),
        (email("nobody"), "INVALID_FIELD", "email"),
        (email(""), "INVALID_FIELD", "email"),
        (email("a\u{0}@x.org"), "INVALID_FIELD", "email"),
        (email("a b@x.org"), "INVALID_FIELD", "email"),
        (email(&long), "INVALID_FIELD", "email"),
        (json!([]), "INVALID_BODY", ""),
    ] {
        let reply = kinde.call("POST", "/api/v1/user", body.clone());
        assert_eq!(reply.status, 400, "{body}");
        assert_eq!(reply.code(), code, "{body}: {}", reply.message());
        assert!(reply.message().contains(named), "{body}: {}", reply.message());
    }
    let authorization = format!("Bearer {}", kinde.token);
    let plain = [("Authorization", authorization.as_str()), ("Content-Type", "text/plain")];
    let reply = kinde.send("POST", "/api/v1/user", &plain, b"{}").unwrap();
    assert_eq!(reply.code(), "INVALID_CONTENT_TYPE");
    let as_json =
        [("Authorization", authorization.as_str()), ("Content-Type", "application/json; charset=utf-8")];
    let reply = kinde.send("POST", "/api/v1/user", &as_json, b"{\"a\":").unwrap();
    assert_eq!(reply.code(), "INVALID_JSON");
    let reply = kinde.send("POST", "/api/v1/user", &as_json, &[b' '; 2 << 20]).unwrap();
    assert_eq!(reply.code(), "INVALID_BODY");
    assert!(kinde.sandbox.users().unwrap().is_empty());
}

#[test]
fn a_reset_is_asked_for_by_either_path() {
    let kinde = Kinde::start();
    let id = kinde.create("a@x.org");
    let asked = json!({"is_password_reset_requested": true});
    for path in [format!("/api/v1/user?id={id}"), format!("/api/v1/users/{id}")] {
        let reply = kinde.call("PATCH", &path, json!({"is_password_reset_requested": false}));
        assert_eq!(reply.json()["is_password_reset_requested"], false);
        let reply = kinde.call("PATCH", &path, asked.clone());
        assert_eq!(reply.status, 200);
        assert_eq!(reply.json()["is_password_reset_requested"], true);
        assert_eq!(reply.json()["email"], "a@x.org");
        assert!(kinde.sandbox.users().unwrap()[0].is_password_reset_requested);
    }
    kinde.sandbox.set_options(json!({"reset_path": "openapi"})).unwrap();
    let reply = kinde.call("PATCH", &format!("/api/v1/users/{id}"), asked.clone());
    assert_eq!(reply.status, 404);
    assert_eq!(reply.json()["errors"]["code"], "ROUTE_NOT_FOUND");
    assert_eq!(kinde.call("PATCH", &format!("/api/v1/user?id={id}"), asked.clone()).status, 200);
    kinde.sandbox.set_options(json!({"reset_path": "guide"})).unwrap();
    let reply = kinde.call("PATCH", &format!("/api/v1/user?id={id}"), asked.clone());
    assert_eq!((reply.status, reply.header("allow")), (405, vec!["GET, POST"]));
    assert_eq!(kinde.call("PATCH", &format!("/api/v1/users/{id}"), asked).status, 200);
}

#[test]
fn an_update_is_as_exact_as_a_create() {
    let kinde = Kinde::start();
    let id = kinde.create("a@x.org");
    let path = format!("/api/v1/user?id={id}");
    let reply = kinde.call(
        "PATCH",
        &path,
        json!({"given_name": "Ada", "family_name": "King", "picture": "p", "provided_id": "7",
               "is_suspended": true}),
    );
    assert_eq!(reply.status, 200);
    let user = kinde.sandbox.users().unwrap().remove(0);
    assert_eq!(user.first_name.as_deref(), Some("Ada"));
    assert_eq!(user.provided_id.as_deref(), Some("7"));
    assert!(user.is_suspended);
    for (path, body, status, code) in [
        (path.as_str(), json!({"email": "b@x.org"}), 400, "UNKNOWN_FIELD"),
        (&path, json!({"is_password_reset_requested": "true"}), 400, "INVALID_TYPE"),
        (&path, json!({"given_name": null}), 400, "INVALID_TYPE"),
        ("/api/v1/user", json!({}), 400, "MISSING_PARAMETER"),
        ("/api/v1/user?id=", json!({}), 400, "MISSING_PARAMETER"),
        ("/api/v1/user?id=kp_0", json!({}), 404, "USER_NOT_FOUND"),
        ("/api/v1/users/kp_0", json!({}), 404, "USER_NOT_FOUND"),
        ("/api/v1/user?id=kp_0&user_id=1", json!({}), 400, "UNKNOWN_PARAMETER"),
    ] {
        let reply = kinde.call("PATCH", path, body.clone());
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{path} {body}");
    }
}

#[test]
fn routes_and_methods_that_do_not_exist_say_so() {
    let kinde = Kinde::start();
    for path in ["/", "/api/v1", "/api/v1/organizations", "/api/v1/users/kp_0/sessions", "/api/v1/users/"] {
        let reply = kinde.get(path);
        assert_eq!(reply.status, 404, "{path}");
        // The OpenAPI file has one error here where it has a list everywhere else.
        assert_eq!(reply.json()["errors"]["code"], "ROUTE_NOT_FOUND", "{path}");
    }
    for (method, path, allow) in [
        ("POST", "/api/v1/users", "GET"),
        ("DELETE", "/api/v1/user", "GET, POST, PATCH"),
        ("POST", "/api/v1/users/kp_0/password", "PUT"),
        ("GET", "/api/v1/users/kp_0", "PATCH"),
    ] {
        let reply = kinde.call(method, path, json!({}));
        assert_eq!((reply.status, reply.code().as_str()), (405, "METHOD_NOT_ALLOWED"));
        assert_eq!(reply.header("allow"), [allow]);
    }
    assert_eq!(kinde.sandbox.stats().unwrap().other, 9);
}
