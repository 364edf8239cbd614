//! Who may do what: one table of verbs and the permission that each asks for, and no way around it.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use store::testkit::sample_tenant;

use crate::support::{Answer, Engine, Server, path_of, text};

/// Every verb of the management plane, and the one permission that lets it be used. `{id}` is a key that holds nothing.
const VERBS: [(&str, &str, &str); 23] = [
    ("GET", "/v1/keys", "claviger:keys.read"),
    ("GET", "/v1/keys/summary", "claviger:keys.read"),
    ("GET", "/v1/keys/{id}", "claviger:keys.read"),
    ("POST", "/v1/keys", "claviger:keys.create"),
    ("PATCH", "/v1/keys/{id}", "claviger:keys.update"),
    ("POST", "/v1/keys/{id}/rotate", "claviger:keys.update"),
    ("POST", "/v1/keys/{id}/disable", "claviger:keys.update"),
    ("POST", "/v1/keys/{id}/enable", "claviger:keys.update"),
    ("POST", "/v1/keys/{id}/protect", "claviger:keys.update"),
    ("POST", "/v1/keys/{id}/unprotect", "claviger:keys.update"),
    ("POST", "/v1/keys/{id}/reveal", "claviger:keys.reveal"),
    ("GET", "/v1/keys/{id}/usage", "claviger:usage.read"),
    ("GET", "/v1/keys/{id}/events", "claviger:audit.read"),
    ("GET", "/v1/audit", "claviger:audit.read"),
    ("GET", "/v1/audit/export", "claviger:audit.read"),
    ("GET", "/v1/audit/verify", "claviger:audit.read"),
    ("GET", "/v1/policy", "claviger:policy.read"),
    ("PATCH", "/v1/policy", "claviger:policy.manage"),
    ("POST", "/v1/verify", "claviger:keys.verify"),
    ("POST", "/v1/verify/batch", "claviger:keys.verify"),
    // Last, because nothing can be done with the key afterwards.
    ("POST", "/v1/keys/{id}/revoke", "claviger:keys.revoke"),
    ("DELETE", "/v1/keys/{id}", "claviger:keys.revoke"),
    (
        "GET",
        "/v1/installation/secrets",
        "whoever is at the data directory",
    ),
];

fn body_of(method: &str, path: &str) -> Option<Value> {
    match (method, path) {
        ("POST", "/v1/keys") => Some(json!({"name": "Made"})),
        ("PATCH", "/v1/policy") => Some(json!({})),
        ("PATCH", _) => Some(json!({"description": "Edited"})),
        ("POST", "/v1/verify") => Some(json!({"key": "unknown"})),
        ("POST", "/v1/verify/batch") => Some(json!({"requests": [{"key": "unknown"}]})),
        _ => None,
    }
}

fn verb(
    request: impl Fn(Method, &str) -> RequestBuilder,
    method: &str,
    path: &str,
    id: &str,
) -> RequestBuilder {
    let body = body_of(method, path);
    let method = method.parse().expect("a method");
    let request = request(method, &path.replace("{id}", id));
    match body {
        Some(body) => request.json(&body),
        None => request,
    }
}

#[tokio::test]
async fn each_permission_opens_its_own_verbs_and_no_others() {
    let server = Server::start(Engine::Sqlite).await;
    server
        .policy(json!({"secret": {"storage": "encrypted", "reveal": "on_demand"}}))
        .await;
    let mut callers: Vec<&str> = VERBS
        .iter()
        .map(|(_, _, permission)| *permission)
        .filter(|p| p.starts_with("claviger:"))
        .collect();
    callers.sort_unstable();
    callers.dedup();
    assert_eq!(callers.len(), 10, "every permission has a verb");
    // No wildcard over resources reaches Claviger's own permissions.
    callers.extend(["*", "orders:*"]);
    for caller in callers {
        let made = server
            .create(json!({"name": "Caller", "permissions": [caller]}))
            .await;
        let secret = text(&made, "secret");
        let target = server.create(json!({"name": "Target"})).await;
        for (method, path, needed) in VERBS {
            let request = |method, path: &str| server.anonymous(method, path).bearer_auth(secret);
            let answer = Answer::of(verb(request, method, path, text(&target, "id"))).await;
            let case = format!("{caller}: {method} {path}");
            // Who may change the policy sees it, too.
            let changes = (caller, needed) == ("claviger:policy.manage", "claviger:policy.read");
            if needed == caller || changes {
                assert!(answer.status.is_success(), "{case}: {}", answer.text);
            } else if needed.starts_with("claviger:") {
                answer.refused(403, "forbidden", &case);
                assert_eq!(answer.body["missing"], needed, "{case}");
            } else {
                answer.refused(404, "not_found", &case);
            }
        }
    }
    let nothing = server.create(json!({})).await;
    for (method, path, needed) in VERBS {
        let request = |method, path: &str| {
            server
                .anonymous(method, path)
                .bearer_auth(text(&nothing, "secret"))
        };
        let answer = Answer::of(verb(request, method, path, text(&nothing, "id"))).await;
        let status = if needed.starts_with("claviger:") { 403 } else { 404 };
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);

        for (case, request) in [
            (
                "nobody",
                verb(
                    |method, path| server.anonymous(method, path),
                    method,
                    path,
                    text(&nothing, "id"),
                ),
            ),
            (
                "a stranger",
                verb(
                    |method, path| server.anonymous(method, path).bearer_auth("nonsense"),
                    method,
                    path,
                    text(&nothing, "id"),
                ),
            ),
        ] {
            let answer = Answer::of(request).await;
            answer.refused(401, "unauthenticated", &format!("{case}: {method} {path}"));
            assert!(
                answer.header("www-authenticate").starts_with("Bearer"),
                "{case}: {method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn nobody_hands_out_more_than_they_hold() {
    let server = Server::start(Engine::Sqlite).await;
    server
        .policy(json!({"secret": {"storage": "encrypted", "reveal": "on_demand"}}))
        .await;
    let held = json!([
        "claviger:keys.create",
        "claviger:keys.update",
        "claviger:keys.reveal",
        "claviger:keys.read",
        "customers:view",
        "orders.eu.*:view"
    ]);
    let caller = server.create(json!({"permissions": held})).await;
    let caller = text(&caller, "secret");
    let strong = server
        .create(json!({"name": "Strong", "permissions": ["customers:*"]}))
        .await;
    let equal = server
        .create(json!({"name": "Equal", "permissions": ["customers:view"]}))
        .await;
    let call = |method, path: &str, body| {
        let path = path.to_owned();
        let server = &server;
        async move { server.call_as(caller, method, &path, Some(body)).await }
    };
    let beyond = |(status, body): (reqwest::StatusCode, Value), pattern: &str| {
        assert_eq!(
            (status.as_u16(), &body["code"], &body["missing"]),
            (403, &json!("grants_beyond"), &json!(pattern)),
            "{body}"
        );
    };
    for pattern in [
        "customers:edit",
        "customers:*",
        "*",
        "*:view",
        "claviger:*",
        "claviger:keys.*",
        "claviger:keys.revoke",
        "orders.*:view",
        "orders.eu.de:*",
    ] {
        let asked = json!({"name": "x", "permissions": ["customers:view", pattern]});
        beyond(call(Method::POST, "/v1/keys", asked.clone()).await, pattern);
        beyond(call(Method::PATCH, &path_of(&equal, ""), asked).await, pattern);
    }
    let within = json!({"name": "x", "permissions": ["customers:view", "claviger:keys.create", "orders.eu.de:view", "orders.eu.de.*:view"]});
    assert_eq!(call(Method::POST, "/v1/keys", within).await.0, 201);

    // A key that can do more than they can is not theirs to have, to open or to aim elsewhere.
    beyond(
        call(Method::POST, &path_of(&strong, "rotate"), json!({})).await,
        "customers:*",
    );
    beyond(
        call(Method::POST, &path_of(&strong, "reveal"), json!({})).await,
        "customers:*",
    );
    beyond(
        call(Method::PATCH, &path_of(&strong, ""), json!({"networks": []})).await,
        "customers:*",
    );
    beyond(
        call(Method::PATCH, &path_of(&strong, ""), json!({"permissions": []})).await,
        "customers:*",
    );
    assert_eq!(
        server.verify(text(&strong, "secret")).await["code"],
        "VALID",
        "and is as it was"
    );
    let (_, shown) = server.call(Method::GET, &path_of(&strong, ""), None).await;
    assert_eq!(
        (&shown["version"], &shown["permissions"]),
        (&json!(1), &json!(["customers:*"]))
    );
    for (verb, status) in [("reveal", 200), ("rotate", 200)] {
        assert_eq!(
            call(Method::POST, &path_of(&equal, verb), json!({})).await.0,
            status,
            "{verb}"
        );
    }
}

#[tokio::test]
async fn a_management_key_that_has_ended_is_nobody_at_once() {
    let server = Server::start(Engine::Sqlite).await;
    let make = async |fields: Value| {
        let mut all = json!({"permissions": ["claviger:keys.read"]});
        all.as_object_mut()
            .expect("an object")
            .extend(fields.as_object().expect("fields").clone());
        server.create(all).await
    };
    let status = async |key: &Value| {
        server
            .call_as(text(key, "secret"), Method::GET, "/v1/keys", None)
            .await
            .0
            .as_u16()
    };
    for verb in ["revoke", "disable", "rotate"] {
        let key = make(json!({})).await;
        assert_eq!(status(&key).await, 200);
        server.call(Method::POST, &path_of(&key, verb), None).await;
        assert_eq!(status(&key).await, 401, "{verb}");
    }
    let key = make(json!({})).await;
    assert_eq!(status(&key).await, 200);
    server.call(Method::DELETE, &path_of(&key, ""), None).await;
    assert_eq!(status(&key).await, 401, "delete");
    let elsewhere = make(json!({"networks": ["192.0.2.0/24"]})).await;
    assert_eq!(status(&elsewhere).await, 401, "from outside its networks");
    let narrowed = make(json!({})).await;
    let edit = Some(json!({"permissions": []}));
    server.call(Method::PATCH, &path_of(&narrowed, ""), edit).await;
    assert_eq!(status(&narrowed).await, 403, "narrowed");
    let short = make(json!({"expires_in": "1s"})).await;
    assert_eq!(status(&short).await, 200);

    // Where keys may not manage, none does, and whoever is on the host still can.
    server.policy(json!({"keys": {"may_manage": false}})).await;
    for (method, path, _) in VERBS {
        let answer = Answer::of(verb(
            |method, path| server.request(method, path),
            method,
            path,
            text(&key, "id"),
        ))
        .await;
        answer.refused(403, "keys_may_not_manage", &format!("{method} {path}"));
    }
    let own = server.anonymous(Method::GET, "/v1/self").bearer_auth(&server.key);
    assert_eq!(Answer::of(own).await.status, 200, "what it is, it may know");
    let local = server
        .local(Method::POST, "/v1/keys")
        .json(&json!({"name": "By hand"}));
    assert_eq!(Answer::of(local).await.status, 201);
    server.policy(json!({"keys": {"may_manage": true}})).await;
    assert_eq!(server.call(Method::GET, "/v1/keys", None).await.0, 200);

    tokio::time::sleep(Duration::from_millis(700)).await;
    while server.verify(text(&short, "secret")).await["code"] == "VALID" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(status(&short).await, 401, "expired");
}

#[tokio::test]
async fn another_organisations_key_is_not_there() {
    for engine in crate::support::ENGINES {
        let mut server = Server::init(engine).await;
        server
            .write(async |tx| tx.insert_organisation(&sample_tenant("other")).await)
            .await;
        server.serve().await;
        let unnamed = Answer::of(server.local(Method::GET, "/v1/keys")).await;
        unnamed.refused(400, "invalid_request", "of several one must be named");
        let nowhere = server
            .local(Method::GET, "/v1/keys")
            .header("Claviger-Organisation", "nowhere");
        Answer::of(nowhere)
            .await
            .refused(404, "not_found", "an unknown organisation");
        let make = server
            .local(Method::POST, "/v1/keys")
            .header("Claviger-Organisation", "other");
        let theirs = Answer::of(make.json(&json!({"name": "Theirs", "permissions": ["*", "claviger:*"]})))
            .await
            .body;
        let (id, secret) = (text(&theirs, "id"), text(&theirs, "secret"));

        for (method, path, _) in VERBS.iter().filter(|(_, path, _)| path.contains("{id}")) {
            // Whoever names the other organisation in a header is still who they are.
            let request = |method, path: &str| {
                server
                    .request(method, path)
                    .header("Claviger-Organisation", "other")
            };
            let answer = Answer::of(verb(request, method, path, id)).await;
            answer.refused(404, "not_found", &format!("{method} {path}"));
        }
        for list in [
            "/v1/keys?status=all",
            "/v1/keys?q=Theirs",
            "/v1/audit",
            "/v1/audit/export",
        ] {
            let answer = Answer::of(server.request(Method::GET, list)).await;
            assert_eq!(answer.status, 200, "{list}");
            assert!(
                !answer.text.contains(id) && !answer.text.contains("Theirs"),
                "{list}: {}",
                answer.text
            );
        }
        let ask = server
            .request(Method::POST, "/v1/verify")
            .json(&json!({"key": secret}));
        assert_eq!(
            Answer::of(ask).await.body,
            json!({"valid": false, "code": "NOT_FOUND"})
        );
        assert_eq!(
            server.verify(secret).await["organisation"]["slug"],
            "other",
            "a gateway serves all of them"
        );
        let (_, page) = server
            .call_as(secret, Method::GET, "/v1/keys?status=all", None)
            .await;
        assert_eq!(
            page["items"].as_array().map(Vec::len),
            Some(1),
            "and they see theirs alone"
        );
        let (_, revoked) = server
            .call_as(secret, Method::POST, &path_of(&theirs, "revoke"), None)
            .await;
        assert_eq!(revoked["others"], json!([]), "{revoked}");
    }
}
