//! Roles: what is changed of one holds for all who hold it at once, and nobody lifts themselves by one.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::testkit::sample_tenant;
use tokio::task::JoinSet;

use crate::support::{Answer, Browser, ENGINES, Engine, Server, path_of, text};

/// A key with these roles.
pub(crate) async fn key_with(server: &Server, roles: &[&Value], mut fields: Value) -> Value {
    let roles: Vec<&str> = roles.iter().map(|role| text(role, "id")).collect();
    fields["roles"] = json!(roles);
    server.create(fields).await
}

/// A service account with a role, and a key that stands for it.
async fn account_with(server: &Server, username: &str, role: &Value, mut fields: Value) -> (Value, Value) {
    let account = json!({"name": "Billing", "username": username, "roles": [text(role, "id")]});
    let account = made(server, "/v1/service-accounts", account).await;
    fields["owner"] = account["id"].clone();
    let key = server.create(fields).await;
    (account, key)
}

pub(crate) async fn made(server: &Server, path: &str, body: Value) -> Value {
    let (status, made) = server.call(Method::POST, path, Some(body)).await;
    assert_eq!(status, StatusCode::CREATED, "{path}: {made}");
    made
}

pub(crate) async fn patched(server: &Server, path: &str, body: Value) -> Value {
    let (status, edited) = server.call(Method::PATCH, path, Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{path}: {edited}");
    edited
}

pub(crate) async fn got(server: &Server, path: &str) -> Value {
    let (status, body) = server.call(Method::GET, path, None).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    body
}

fn path(role: &Value) -> String {
    format!("/v1/roles/{}", text(role, "id"))
}

pub(crate) async fn code_for(server: &Server, key: &Value, permission: &str) -> String {
    let answer = server
        .verify_with(json!({"key": text(key, "secret"), "permissions": permission}))
        .await;
    text(&answer, "code").to_owned()
}

pub(crate) fn refused((status, body): (StatusCode, Value), expected: u16, code: &str, case: &str) -> Value {
    assert_eq!(
        (status.as_u16(), body["code"].as_str()),
        (expected, Some(code)),
        "{case}: {body}"
    );
    body
}

pub(crate) fn names(page: &Value, field: &str) -> Vec<String> {
    let items = page["items"].as_array().expect("items");
    items.iter().map(|item| text(item, field).to_owned()).collect()
}

#[tokio::test]
async fn a_role_is_made_listed_changed_and_removed() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let asked = json!({"name": " Reports ", "description": "Reads reports", "level": true,
            "permissions": ["reports:view", "orders:view", "reports:view"]});
        let role = made(&server, "/v1/roles", asked).await;
        assert_eq!(
            (
                &role["name"],
                &role["level"],
                &role["builtin"],
                &role["available"]
            ),
            (&json!("Reports"), &json!(true), &json!(false), &json!(true))
        );
        assert_eq!(role["permissions"], json!(["orders:view", "reports:view"]));
        assert_eq!(
            role["holders"],
            json!({"users": 0, "service_accounts": 0, "keys": 0})
        );
        assert_eq!(got(&server, &path(&role)).await, role);

        let all = got(&server, "/v1/roles").await;
        let expected = [
            "administrator",
            "auditor",
            "key-manager",
            "owner",
            "Reports",
            "service-account",
            "viewer",
        ];
        assert_eq!(names(&all, "name"), expected);
        assert_eq!(all["items"][0]["builtin"], true);
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = got(&server, &format!("/v1/roles?limit=3&sort=-name{cursor}")).await;
            seen.extend(names(&page, "name"));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        seen.reverse();
        assert_eq!(seen, expected);
        assert_eq!(
            names(&got(&server, "/v1/roles?level=true").await, "name"),
            ["Reports"]
        );
        assert_eq!(
            names(&got(&server, "/v1/roles?q=READS+rep").await, "name"),
            ["Reports"]
        );

        let show = Answer::of(server.request(Method::GET, &path(&role))).await;
        assert_eq!(show.header("etag"), "\"1\"");
        let edit = |tag: &'static str, body: Value| {
            Answer::of(
                server
                    .request(Method::PATCH, &path(&role))
                    .header("If-Match", tag)
                    .json(&body),
            )
        };
        let edited = edit(
            "\"1\"",
            json!({"name": "Reporting", "permissions": ["reports:*"]}),
        )
        .await;
        assert_eq!(
            (edited.status, edited.header("etag")),
            (StatusCode::OK, "\"2\""),
            "{}",
            edited.text
        );
        assert_eq!(
            edited.body["description"], "Reads reports",
            "what is left out stays"
        );
        edit("\"1\"", json!({"name": "Late"}))
            .await
            .refused(412, "precondition_failed", "an old version");
        edit("x", json!({}))
            .await
            .refused(400, "invalid_request", "no ETag");
        let unchanged = edit("\"2\"", json!({"name": "Reporting"})).await;
        assert_eq!(
            unchanged.header("etag"),
            "\"2\"",
            "what changes nothing is no edit"
        );

        let twice = server
            .call(Method::POST, "/v1/roles", Some(json!({"name": "REPORTING"})))
            .await;
        refused(twice, 409, "role_exists", "the name in another case");
        let log = got(&server, &format!("/v1/audit?target={}", text(&role, "id"))).await;
        assert_eq!(names(&log, "action"), ["role.edit", "role.create"]);
        assert_eq!(
            log["items"][0]["changes"]["permissions"],
            json!({"before": ["orders:view", "reports:view"], "after": ["reports:*"]})
        );
        let (status, _) = server.call(Method::DELETE, &path(&role), None).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        refused(
            server.call(Method::GET, &path(&role), None).await,
            404,
            "not_found",
            "gone",
        );
        refused(
            server.call(Method::DELETE, &path(&role), None).await,
            404,
            "not_found",
            "gone",
        );
    }
}

#[tokio::test]
async fn a_built_in_role_cannot_be_changed() {
    let server = Server::start(Engine::Sqlite).await;
    let roles = got(&server, "/v1/roles").await;
    for role in roles["items"].as_array().expect("roles") {
        assert_eq!(
            got(&server, &path(role)).await["permissions"],
            role["permissions"]
        );
        let edit = server
            .call(Method::PATCH, &path(role), Some(json!({"permissions": ["a:b"]})))
            .await;
        refused(edit, 409, "role_builtin", text(role, "name"));
        let delete = server.call(Method::DELETE, &path(role), None).await;
        refused(delete, 409, "role_builtin", text(role, "name"));
        let name = text(role, "name").to_uppercase();
        let make = server
            .call(Method::POST, "/v1/roles", Some(json!({ "name": name })))
            .await;
        refused(make, 400, "invalid_request", "a built-in role's name");
    }
}

#[tokio::test]
async fn changing_a_role_narrows_every_key_that_leans_on_it_at_once() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let role = made(
            &server,
            "/v1/roles",
            json!({"name": "Clerk", "permissions": ["orders:*"]}),
        )
        .await;
        let own = key_with(&server, &[&role], json!({})).await;
        let (_, inherits) = account_with(&server, "one", &role, json!({})).await;
        let (_, narrowed) = account_with(
            &server,
            "two",
            &role,
            json!({"permissions": ["orders:edit", "a:b"]}),
        )
        .await;
        let keys = [&own, &inherits, &narrowed];
        for round in 0..15 {
            for key in keys {
                assert_eq!(
                    code_for(&server, key, "orders:edit").await,
                    "VALID",
                    "round {round}"
                );
            }
            patched(&server, &path(&role), json!({"permissions": ["orders:view"]})).await;
            for key in keys {
                let code = code_for(&server, key, "orders:edit").await;
                assert_eq!(code, "INSUFFICIENT_PERMISSIONS", "round {round}");
            }
            assert_eq!(code_for(&server, &own, "orders:view").await, "VALID");
            patched(&server, &path(&role), json!({"permissions": ["orders:*"]})).await;
        }
    }
}

#[tokio::test]
async fn no_verification_that_begins_after_the_answer_is_decided_by_the_old_role() {
    for engine in ENGINES {
        let server = Arc::new(Server::start(engine).await);
        let role = json!({"name": "Clerk", "permissions": ["orders:*"]});
        let role = made(&server, "/v1/roles", role).await;
        let key = Arc::new(key_with(&server, &[&role], json!({})).await);
        // Odd while the role grants nothing, counted up when that was answered and before it is taken back.
        let narrowed = Arc::new(AtomicU64::new(0));
        let mut askers = JoinSet::new();
        for _ in 0..4 {
            let (server, key, narrowed) = (server.clone(), key.clone(), narrowed.clone());
            askers.spawn(async move {
                let mut seen = 0;
                loop {
                    let before = narrowed.load(SeqCst);
                    let code = code_for(&server, &key, "orders:view").await;
                    let after = narrowed.load(SeqCst);
                    if before == u64::MAX {
                        return seen;
                    }
                    if before % 2 == 1 && before == after {
                        assert_eq!(code, "INSUFFICIENT_PERMISSIONS", "narrowing {before}");
                        seen += 1;
                    }
                }
            });
        }
        for _ in 0..40 {
            patched(&server, &path(&role), json!({"permissions": []})).await;
            narrowed.fetch_add(1, SeqCst);
            tokio::time::sleep(Duration::from_millis(10)).await;
            narrowed.fetch_add(1, SeqCst);
            patched(&server, &path(&role), json!({"permissions": ["orders:*"]})).await;
        }
        narrowed.store(u64::MAX, SeqCst);
        let seen: u64 = askers.join_all().await.into_iter().sum();
        assert!(seen > 3, "{seen} verifications fell into the time after");
    }
}

#[tokio::test]
async fn nobody_makes_or_changes_a_role_beyond_what_they_hold() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let strong = made(
            &server,
            "/v1/roles",
            json!({"name": "Strong", "permissions": ["customers:*"]}),
        )
        .await;
        let own = made(
            &server,
            "/v1/roles",
            json!({"name": "Own", "permissions": ["claviger:roles.*", "customers:view"]}),
        )
        .await;
        // The caller holds a role, and may manage roles by it.
        let caller = key_with(&server, &[&own], json!({"name": "Caller"})).await;
        let caller = text(&caller, "secret");
        let call =
            async |method, path: &str, body: Value| server.call_as(caller, method, path, Some(body)).await;
        for pattern in [
            "customers:edit",
            "customers:*",
            "*",
            "*:view",
            "claviger:*",
            "claviger:keys.read",
            "claviger:*.read",
        ] {
            let asked = json!({"name": "Mine", "permissions": ["customers:view", pattern]});
            let answer = call(Method::POST, "/v1/roles", asked.clone()).await;
            if pattern == "claviger:*.read" {
                refused(answer, 400, "invalid_request", pattern);
                continue;
            }
            let body = refused(answer, 403, "grants_beyond", pattern);
            assert_eq!(body["missing"], pattern);
            // Their own role is the shortest way up.
            for smuggled in [asked.clone(), json!({"permissions": [pattern]})] {
                refused(
                    call(Method::PATCH, &path(&own), smuggled).await,
                    403,
                    "grants_beyond",
                    pattern,
                );
            }
        }
        // What stands above the caller is not theirs to narrow, rename, hide or remove.
        for body in [
            json!({"permissions": []}),
            json!({"name": "x"}),
            json!({"level": true}),
            json!({}),
        ] {
            let case = body.to_string();
            refused(
                call(Method::PATCH, &path(&strong), body).await,
                403,
                "grants_beyond",
                &case,
            );
        }
        refused(
            call(Method::DELETE, &path(&strong), json!({})).await,
            403,
            "grants_beyond",
            "delete",
        );
        for (case, body) in [
            ("an id", json!({"id": text(&own, "id")})),
            ("a flag", json!({"builtin": true})),
            ("a tenant", json!({"organisation": "other"})),
            ("a version", json!({"version": 9})),
        ] {
            refused(
                call(Method::PATCH, &path(&own), body).await,
                400,
                "invalid_json",
                case,
            );
        }
        assert_eq!(got(&server, &path(&strong)).await["version"], 1);
        assert_eq!(got(&server, &path(&own)).await["version"], 1);

        let within = json!({"name": "Within", "permissions": ["customers:view", "claviger:roles.read"]});
        let (status, within) = call(Method::POST, "/v1/roles", within).await;
        assert_eq!(status, 201, "{within}");
        // Who narrows their own role stands below it from then on.
        let less = json!({"permissions": ["claviger:roles.*"]});
        assert_eq!(call(Method::PATCH, &path(&own), less).await.0, 200);
        let back = json!({"permissions": ["claviger:roles.*", "customers:view"]});
        refused(
            call(Method::PATCH, &path(&own), back).await,
            403,
            "grants_beyond",
            "back",
        );
        refused(
            call(Method::DELETE, &path(&within), json!({})).await,
            403,
            "grants_beyond",
            "delete",
        );
    }
}

#[tokio::test]
async fn privilege_escalation_by_edit_of_ones_own_role() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let own = json!({"name": "Keeper of roles", "permissions": ["claviger:roles.*", "claviger:apis.manage", "orders:view"]});
        let own = made(&server, "/v1/roles", own).await;
        let api = made(&server, "/v1/apis", json!({"slug": "orders", "name": "Orders"})).await;
        let api = format!("/v1/apis/{}", text(&api, "id"));
        let mut eve = Browser::invited(&server, "eve@sample.example", &["Keeper of roles"]).await;
        for wider in ["*", "claviger:*", "claviger:users.manage", "orders:*"] {
            let body =
                json!({"permissions": ["claviger:roles.*", "claviger:apis.manage", "orders:view", wider]});
            eve.send(Method::PATCH, &path(&own), body)
                .await
                .refused(403, "grants_beyond", wider);
            let body = json!({"name": "Wider", "permissions": [wider]});
            eve.send(Method::POST, "/v1/roles", body)
                .await
                .refused(403, "grants_beyond", wider);
        }
        let within = eve
            .send(Method::PATCH, &path(&own), json!({"description": "Mine"}))
            .await;
        assert_eq!(within.status, StatusCode::OK, "{}", within.text);

        // A browser that was left alone changes no role, and lets nobody in.
        server
            .sql(
                "UPDATE sessions SET proven_at = proven_at - $1",
                &[(11 * 60 * 1_000_000_i64).into()],
            )
            .await;
        for (method, there, body) in [
            (Method::PATCH, path(&own), json!({"description": "x"})),
            (Method::DELETE, path(&own), json!({})),
            (Method::PATCH, api.clone(), json!({"enabled": false})),
            (Method::DELETE, api.clone(), json!({})),
            (Method::PUT, format!("{api}/organisations/sample-ltd"), json!({})),
            (
                Method::DELETE,
                format!("{api}/organisations/sample-ltd"),
                json!({}),
            ),
        ] {
            eve.send(method, &there, body)
                .await
                .refused(403, "recent_sign_in_needed", &there);
        }
        assert_eq!(
            eve.get("/v1/roles").await.status,
            200,
            "looking needs nothing more"
        );
    }
}

#[tokio::test]
async fn each_permission_opens_its_own_verbs() {
    let server = Server::start(Engine::Sqlite).await;
    let role = made(&server, "/v1/roles", json!({"name": "Role"})).await;
    let api = made(&server, "/v1/apis", json!({"slug": "orders", "name": "Orders"})).await;
    let api = format!("/v1/apis/{}", text(&api, "id"));
    let effective = format!("/v1/permissions/effective?principal={}", text(&role, "id"));
    let explain = json!({"principal": "key_01kg7hwasaf59agy3bdr3nvpm4", "requires": "a:b"});
    let verbs = [
        (Method::GET, "/v1/roles".to_owned(), None, "claviger:roles.read"),
        (Method::GET, path(&role), None, "claviger:roles.read"),
        (Method::GET, "/v1/apis".to_owned(), None, "claviger:roles.read"),
        (Method::GET, api.clone(), None, "claviger:roles.read"),
        (
            Method::GET,
            "/v1/permissions".to_owned(),
            None,
            "claviger:roles.read",
        ),
        (
            Method::POST,
            "/v1/permissions/explain".to_owned(),
            Some(explain),
            "claviger:roles.read",
        ),
        (Method::GET, effective, None, "claviger:roles.read"),
        (
            Method::GET,
            "/v1/permissions/holders?permission=a:b".to_owned(),
            None,
            "claviger:roles.read",
        ),
        (
            Method::POST,
            "/v1/roles".to_owned(),
            Some(json!({"name": "Made"})),
            "claviger:roles.manage",
        ),
        (
            Method::PATCH,
            path(&role),
            Some(json!({"level": true})),
            "claviger:roles.manage",
        ),
        (Method::DELETE, path(&role), None, "claviger:roles.manage"),
        (
            Method::POST,
            "/v1/apis".to_owned(),
            Some(json!({"slug": "made", "name": "Made"})),
            "claviger:apis.manage",
        ),
        (
            Method::PATCH,
            api.clone(),
            Some(json!({"enabled": true})),
            "claviger:apis.manage",
        ),
        (
            Method::PUT,
            format!("{api}/organisations/sample-ltd"),
            None,
            "claviger:apis.manage",
        ),
        (
            Method::DELETE,
            format!("{api}/organisations/sample-ltd"),
            None,
            "claviger:apis.manage",
        ),
        (Method::DELETE, api.clone(), None, "claviger:apis.manage"),
    ];
    for held in [
        "*",
        "claviger:roles.read",
        "claviger:roles.manage",
        "claviger:apis.manage",
    ] {
        let key = server.create(json!({"permissions": [held]})).await;
        for (method, path, body, needed) in &verbs {
            let answer = server
                .call_as(text(&key, "secret"), method.clone(), path, body.clone())
                .await;
            let case = format!("{held}: {method} {path}");
            if held == *needed {
                assert_ne!(answer.0, StatusCode::FORBIDDEN, "{case}: {}", answer.1);
            } else {
                let body = refused(answer, 403, "forbidden", &case);
                assert_eq!(body["missing"], *needed, "{case}");
            }
        }
    }
    for (method, path, body, _) in verbs {
        let mut request = server.anonymous(method, &path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::of(request).await.refused(401, "unauthenticated", &path);
    }
}

#[tokio::test]
async fn a_role_that_is_held_stays() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let role = made(
            &server,
            "/v1/roles",
            json!({"name": "Clerk", "permissions": ["orders:*"]}),
        )
        .await;
        let one = key_with(&server, &[&role], json!({})).await;
        let other = key_with(&server, &[&role], json!({})).await;
        let shown = got(&server, &path(&role)).await;
        assert_eq!(shown["holders"]["keys"], 2);
        assert_eq!(
            got(&server, "/v1/roles?q=Clerk").await["items"][0]["holders"]["keys"],
            2
        );
        let answer = server.call(Method::DELETE, &path(&role), None).await;
        let body = refused(answer, 409, "role_held", "held");
        assert!(text(&body, "detail").contains("2 keys"), "{body}");
        // A key that ended holds nothing any more.
        for key in [&one, &other] {
            server
                .call(Method::POST, &path_of(key, "revoke"), Some(json!({})))
                .await;
        }
        assert_eq!(
            server.call(Method::DELETE, &path(&role), None).await.0,
            StatusCode::NO_CONTENT
        );
    }
}

#[tokio::test]
async fn another_organisations_roles_and_principals_are_not_there() {
    for engine in ENGINES {
        let mut server = Server::init(engine).await;
        server
            .write(async |tx| tx.insert_organisation(&sample_tenant("other")).await)
            .await;
        server.serve().await;
        let theirs = |method, path: &str| {
            server
                .local(method, path)
                .header("Claviger-Organisation", "other")
        };
        let role = json!({"name": "Theirs", "permissions": ["secret:view"]});
        let role = Answer::of(theirs(Method::POST, "/v1/roles").json(&role))
            .await
            .body;
        let key = json!({"name": "Their key", "permissions": ["secret:view"]});
        let key = Answer::of(theirs(Method::POST, "/v1/keys").json(&key)).await.body;
        for (method, body) in [
            (Method::GET, None),
            (Method::PATCH, Some(json!({"name": "Ours"}))),
            (Method::DELETE, None),
        ] {
            let answer = server.call(method, &path(&role), body).await;
            refused(answer, 404, "not_found", "their role");
        }
        let id = text(&key, "id");
        let ask = json!({"principal": id, "requires": "secret:view"});
        let answer = server
            .call(Method::POST, "/v1/permissions/explain", Some(ask))
            .await;
        refused(answer, 404, "not_found", "their key");
        let effective = format!("/v1/permissions/effective?principal={id}");
        refused(
            server.call(Method::GET, &effective, None).await,
            404,
            "not_found",
            "their key",
        );
        let holders = got(&server, "/v1/permissions/holders?permission=secret:view").await;
        assert!(!holders.to_string().contains(id), "{holders}");
        assert!(!got(&server, "/v1/roles").await.to_string().contains("Theirs"));
        // The same name is theirs and ours.
        made(&server, "/v1/roles", json!({"name": "theirs"})).await;
        let page = got(&server, "/v1/roles?limit=2").await;
        let cursor = text(&page, "next_cursor");
        Answer::of(theirs(Method::GET, &format!("/v1/roles?limit=2&cursor={cursor}")))
            .await
            .refused(400, "invalid_request", "our cursor");
    }
}

#[tokio::test]
async fn hostile_fields_of_a_role_are_named_and_nothing_is_made() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let long = "x".repeat(201);
        let many: Vec<String> = (0..257).map(|n| format!("a:b{n}")).collect();
        for (body, fields) in [
            (json!({}), vec!["name"]),
            (json!({"name": " "}), vec!["name"]),
            (json!({"name": "a\u{0}b"}), vec!["name"]),
            (json!({"name": "a\nb"}), vec!["name"]),
            (json!({"name": "\u{202e}nimda"}), vec!["name"]),
            (json!({ "name": long }), vec!["name"]),
            (json!({"name": "role_01kg7hwasaf59agy3bdr3nvpm4"}), vec!["name"]),
            (
                json!({"name": "", "permissions": ["A:b", "a:b", "claviger:*:x"]}),
                vec!["name", "permissions[0]", "permissions[2]"],
            ),
            (json!({"name": "x", "permissions": many}), vec!["permissions"]),
            (json!({"name": "x", "api": "nowhere"}), vec!["api"]),
            (
                json!({"name": "x", "api": "api_01kg7hwasaf59agy3bdr3nvpm4"}),
                vec!["api"],
            ),
            (
                json!({"name": "x", "api": "'; DROP TABLE roles; --"}),
                vec!["api"],
            ),
        ] {
            let case = body.to_string();
            let answer = server.call(Method::POST, "/v1/roles", Some(body)).await;
            let body = refused(answer, 400, "invalid_request", &case);
            let named: Vec<&str> = body["errors"]
                .as_array()
                .map(|all| all.iter().map(|one| text(one, "field")).collect())
                .unwrap_or_default();
            assert_eq!(named, fields, "{case}");
        }
        for path in [
            "/v1/roles?sort=colour",
            "/v1/roles?limit=0",
            "/v1/roles?colour=red",
            "/v1/roles?level=maybe",
            "/v1/roles?api=nowhere",
            "/v1/roles?cursor=x",
            "/v1/permissions/effective",
            "/v1/permissions/effective?principal=x",
            "/v1/permissions/effective?principal=org_01kg7hwasaf59agy3bdr3nvpm4",
            "/v1/permissions/holders?permission=a:*",
            "/v1/permissions/holders?permission=",
            "/v1/permissions/holders?permission=a:b&kind=robot",
            "/v1/permissions/holders?permission=a:b&cursor=x",
        ] {
            refused(
                server.call(Method::GET, path, None).await,
                400,
                "invalid_request",
                path,
            );
        }
        for requires in ["", "a:b AND", "a:*", "(a:b", &"a:b OR ".repeat(2000)] {
            let body = json!({"principal": "key_01kg7hwasaf59agy3bdr3nvpm4", "requires": requires});
            let (status, _) = server
                .call(Method::POST, "/v1/permissions/explain", Some(body))
                .await;
            // The principal is looked for first.
            assert_eq!(status, 404, "{requires:.20}");
        }
        refused(
            server.call(Method::GET, "/v1/roles/nonsense", None).await,
            404,
            "not_found",
            "no id",
        );
        assert_eq!(names(&got(&server, "/v1/roles").await, "name").len(), 6);
    }
}

#[tokio::test]
async fn a_refusal_is_explained_and_who_can_do_what_is_told() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let clerk = made(
            &server,
            "/v1/roles",
            json!({"name": "Clerk", "permissions": ["orders:*"]}),
        )
        .await;
        let own = key_with(
            &server,
            &[&clerk],
            json!({"name": "Own", "permissions": ["reports:view"]}),
        )
        .await;
        let (account, narrowed) = account_with(
            &server,
            "narrowed",
            &clerk,
            json!({"name": "Narrowed", "permissions": ["orders:view", "reports:view"]}),
        )
        .await;
        let (_, inherits) = account_with(&server, "inherits", &clerk, json!({"name": "Inherits"})).await;
        let (stopper, stopped) = account_with(&server, "stopped", &clerk, json!({"name": "Stopped"})).await;
        let off = format!("/v1/service-accounts/{}/deactivate", text(&stopper, "id"));
        assert_eq!(server.call(Method::POST, &off, None).await.0, 200);
        let invited = json!({"email": "ann@example.com", "name": "Ann", "roles": ["Clerk"]});
        let invited = made(&server, "/v1/users", invited).await;
        let revoked = server.create(json!({"permissions": ["orders:view"]})).await;
        server
            .call(Method::POST, &path_of(&revoked, "revoke"), Some(json!({})))
            .await;

        let explain = async |principal: &str, requires: &str| {
            let body = json!({"principal": principal, "requires": requires});
            let (status, body) = server
                .call(Method::POST, "/v1/permissions/explain", Some(body))
                .await;
            assert_eq!(status, 200, "{body}");
            body
        };
        let reasons = |body: &Value| -> Vec<String> {
            let all = body["permissions"].as_array().expect("findings");
            all.iter()
                .map(|finding| text(finding, "reason").to_owned())
                .collect()
        };
        let told = explain(
            text(&narrowed, "id"),
            "orders:view AND (orders:edit OR reports:view)",
        )
        .await;
        assert_eq!(
            (&told["allowed"], &told["missing"]),
            (&json!(false), &json!("orders:edit OR reports:view"))
        );
        assert_eq!(reasons(&told), ["held", "not_granted", "narrowed_by_owner"]);
        assert_eq!(
            told["permissions"][0]["sources"],
            json!([
                {"via": "permission", "pattern": "orders:view"},
                {"via": "owner", "pattern": "orders:*", "id": text(&clerk, "id"), "name": "Clerk"},
            ])
        );
        assert_eq!(told["principal"]["owner"]["id"], account["id"]);
        assert_eq!(
            reasons(&explain(text(&stopped, "id"), "orders:edit").await),
            ["owner_inactive"]
        );
        assert_eq!(
            reasons(&explain(text(&revoked, "id"), "orders:view").await),
            ["inactive"]
        );
        // Who has not accepted their invitation may not act.
        let told = explain(text(&invited, "id"), "orders:view").await;
        assert_eq!(reasons(&told), ["inactive"]);
        // What is told is what is decided.
        for key in [&own, &narrowed, &inherits] {
            for requires in [
                "orders:edit",
                "orders:view AND reports:view",
                "a:b OR reports:view",
            ] {
                let told = explain(text(key, "id"), requires).await["allowed"] == true;
                assert_eq!(
                    told,
                    code_for(&server, key, requires).await == "VALID",
                    "{requires}"
                );
            }
        }

        let effective = got(
            &server,
            &format!("/v1/permissions/effective?principal={}", text(&inherits, "id")),
        )
        .await;
        assert_eq!(effective["permissions"][0]["pattern"], "orders:*");
        assert_eq!(effective["permissions"][0]["sources"][0]["via"], "owner");

        let holders = got(&server, "/v1/permissions/holders?permission=orders:edit").await;
        let mut seen: Vec<(String, String)> = names(&holders, "type")
            .into_iter()
            .zip(names(&holders, "name"))
            .collect();
        seen.retain(|(_, name)| !name.contains("anagement") && !name.contains("dministrator"));
        seen.sort();
        let expected = [
            ("key", "Inherits"),
            ("key", "Own"),
            ("service_account", "Billing"),
            ("service_account", "Billing"),
        ];
        let expected: Vec<(String, String)> = expected.map(|(k, n)| (k.to_owned(), n.to_owned())).into();
        assert!(
            expected.iter().all(|one| seen.contains(one))
                && seen
                    .iter()
                    .all(|(_, name)| !["Narrowed", "Stopped", "Ann"].contains(&name.as_str())),
            "{seen:?}"
        );
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/permissions/holders?permission=orders:edit&limit=1{cursor}");
            let page = got(&server, &path).await;
            paged.extend(names(&page, "id"));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(paged, names(&holders, "id"), "a page at a time as all at once");
        let accounts = got(
            &server,
            "/v1/permissions/holders?permission=orders:edit&kind=service_account",
        )
        .await;
        assert_eq!(names(&accounts, "name"), ["Billing", "Billing"]);
    }
}
