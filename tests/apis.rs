//! Protected APIs: what is off is neither offered nor honoured, at once, and who keeps an API decides over it alone.

use reqwest::Method;
use serde_json::{Value, json};
use store::testkit::sample_tenant;

use crate::roles::{code_for, got, key_with, made, names, patched, refused};
use crate::support::{Answer, ENGINES, Engine, Server, text};

fn orders() -> Value {
    json!({
        "slug": "orders", "name": "Orders", "description": "What customers bought",
        "permissions": [
            {"name": "orders:view", "description": "See orders"},
            {"name": "orders:edit", "description": "Change orders"},
        ],
        "routes": [
            {"method": "GET", "path": "/orders/{id}", "requires": "orders:view"},
            {"method": "*", "path": "/orders/{id}", "requires": "orders:view AND orders:edit"},
            {"method": "GET", "path": "/health"},
        ],
    })
}

fn path(api: &Value) -> String {
    format!("/v1/apis/{}", text(api, "id"))
}

#[tokio::test]
async fn an_api_is_described_listed_changed_and_forgotten() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let api = made(&server, "/v1/apis", orders()).await;
        assert_eq!(
            (&api["enabled"], &api["available"], &api["kept"], &api["version"]),
            (&json!(true), &json!(true), &json!(true), &json!(1))
        );
        assert_eq!(api["routes"][2]["requires"], Value::Null);
        assert_eq!(got(&server, &path(&api)).await, api);
        made(&server, "/v1/apis", json!({"slug": "billing", "name": "Zahlen"})).await;
        assert_eq!(
            names(&got(&server, "/v1/apis").await, "slug"),
            ["billing", "orders"]
        );
        assert_eq!(
            names(&got(&server, "/v1/apis?sort=-name").await, "slug"),
            ["billing", "orders"]
        );
        assert_eq!(
            names(&got(&server, "/v1/apis?q=bought").await, "slug"),
            ["orders"]
        );
        let first = got(&server, "/v1/apis?limit=1").await;
        let next = format!("/v1/apis?limit=1&cursor={}", text(&first, "next_cursor"));
        assert_eq!(names(&got(&server, &next).await, "slug"), ["orders"]);

        let taken = server.call(Method::POST, "/v1/apis", Some(orders())).await;
        refused(taken, 409, "api_exists", "the slug");
        let taken = server
            .call(Method::PATCH, &path(&api), Some(json!({"slug": "billing"})))
            .await;
        refused(taken, 409, "api_exists", "the other's slug");
        let edit = server
            .request(Method::PATCH, &path(&api))
            .header("If-Match", "\"7\"");
        Answer::of(edit.json(&json!({"name": "x"})))
            .await
            .refused(412, "precondition_failed", "version");
        let edited = patched(&server, &path(&api), json!({"name": "All orders"})).await;
        assert_eq!(
            (&edited["version"], &edited["slug"]),
            (&json!(2), &json!("orders"))
        );

        let role = json!({"name": "Reader", "api": "orders", "permissions": ["orders:view"], "level": true});
        let role = made(&server, "/v1/roles", role).await;
        assert_eq!(role["api"]["id"], api["id"]);
        let used = server.call(Method::DELETE, &path(&api), None).await;
        let body = refused(used, 409, "api_in_use", "a role belongs to it");
        assert!(text(&body, "detail").contains("1 role"), "{body}");
        patched(
            &server,
            &format!("/v1/roles/{}", text(&role, "id")),
            json!({"api": null}),
        )
        .await;
        assert_eq!(server.call(Method::DELETE, &path(&api), None).await.0, 204);
        refused(
            server.call(Method::GET, &path(&api), None).await,
            404,
            "not_found",
            "gone",
        );
        let log = got(&server, &format!("/v1/audit?target={}", text(&api, "id"))).await;
        assert_eq!(names(&log, "action"), ["api.delete", "api.edit", "api.create"]);
    }
}

#[tokio::test]
async fn what_is_off_is_neither_offered_nor_honoured_at_once() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let api = made(&server, "/v1/apis", orders()).await;
        let level =
            json!({"name": "Clerk", "api": "orders", "permissions": ["orders:*", "desk:use"], "level": true});
        let level = made(&server, "/v1/roles", level).await;
        let by_pattern = server
            .create(json!({"permissions": ["orders:*", "other:view"]}))
            .await;
        let by_level = key_with(&server, &[&level], json!({})).await;
        let here = format!("{}/organisations/sample-ltd", path(&api));
        for round in 0..8 {
            for key in [&by_pattern, &by_level] {
                assert_eq!(
                    code_for(&server, key, "orders:view").await,
                    "VALID",
                    "round {round}"
                );
            }
            let catalogue = got(&server, "/v1/permissions").await;
            assert_eq!(catalogue["apis"][0]["slug"], "orders");
            assert_eq!(catalogue["levels"][0]["name"], "Clerk");

            // By the flag, or for this organisation.
            let (status, off) = match round % 2 {
                0 => {
                    server
                        .call(Method::PATCH, &path(&api), Some(json!({"enabled": false})))
                        .await
                }
                _ => server.call(Method::DELETE, &here, None).await,
            };
            assert_eq!(
                (status.as_u16(), &off["available"]),
                (200, &json!(false)),
                "{off}"
            );
            for (key, permission) in [
                (&by_pattern, "orders:view"),
                (&by_pattern, "orders:edit"),
                (&by_level, "orders:view"),
                (&by_level, "desk:use"),
            ] {
                let code = code_for(&server, key, permission).await;
                assert_eq!(code, "INSUFFICIENT_PERMISSIONS", "round {round}: {permission}");
            }
            assert_eq!(code_for(&server, &by_pattern, "other:view").await, "VALID");
            let catalogue = got(&server, "/v1/permissions").await;
            assert_eq!(
                (&catalogue["apis"], &catalogue["levels"]),
                (&json!([]), &json!([]))
            );
            let levels = got(&server, "/v1/roles?level=true&api=orders").await;
            assert_eq!(levels["items"][0]["available"], false);
            let offered = got(&server, "/v1/roles?level=true&api=orders&offered=true").await;
            assert_eq!(offered["items"], json!([]));
            let ask = json!({"principal": text(&by_level, "id"), "requires": "orders:view"});
            let (_, told) = server
                .call(Method::POST, "/v1/permissions/explain", Some(ask))
                .await;
            assert_eq!(told["permissions"][0]["reason"], "api_not_enabled", "{told}");
            let effective = format!("/v1/permissions/effective?principal={}", text(&by_pattern, "id"));
            assert_eq!(
                got(&server, &effective).await["unavailable"],
                json!(["orders:edit", "orders:view"])
            );
            let holders = got(&server, "/v1/permissions/holders?permission=orders:view").await;
            assert_eq!(holders["items"], json!([]));

            let (status, on) = match round % 2 {
                0 => {
                    server
                        .call(Method::PATCH, &path(&api), Some(json!({"enabled": true})))
                        .await
                }
                _ => server.call(Method::PUT, &here, None).await,
            };
            assert_eq!((status.as_u16(), &on["available"]), (200, &json!(true)), "{on}");
        }
        let catalogue = got(&server, "/v1/permissions").await;
        assert_eq!(catalogue["claviger"][0]["name"], "claviger:keys.read");
    }
}

#[tokio::test]
async fn only_an_operator_lets_others_in_and_only_the_keeper_edits() {
    for engine in ENGINES {
        let mut server = Server::init(engine).await;
        server
            .write(async |tx| tx.insert_organisation(&sample_tenant("other")).await)
            .await;
        server.serve().await;
        let as_of = |slug: &'static str, method, path: &str| {
            server.local(method, path).header("Claviger-Organisation", slug)
        };
        let api = made(&server, "/v1/apis", orders()).await;
        let guest = format!("{}/organisations/other", path(&api));
        let nowhere = format!("{}/organisations/nowhere", path(&api));

        // To a key of the keeper's there is no other organisation, real or not.
        for there in [&guest, &nowhere] {
            for method in [Method::PUT, Method::DELETE] {
                let answer = server.call(method, there, None).await;
                let body = refused(answer, 404, "not_found", there);
                assert_eq!(body["detail"], "there is no such organisation");
            }
        }
        let theirs = |method, path: &str| as_of("other", method, path);
        for (method, there) in [
            (Method::GET, path(&api)),
            (Method::PATCH, path(&api)),
            (Method::DELETE, path(&api)),
            (Method::PUT, guest.clone()),
        ] {
            let request = theirs(method.clone(), &there);
            let request = if method == Method::PATCH {
                request.json(&json!({"name": "x"}))
            } else {
                request
            };
            Answer::of(request)
                .await
                .refused(404, "not_found", &format!("{method} {there}"));
        }
        let level = json!({"name": "Level", "api": text(&api, "id")});
        Answer::of(theirs(Method::POST, "/v1/roles").json(&level))
            .await
            .refused(400, "invalid_request", "a role of an API that is not there");

        let let_in = Answer::of(as_of("sample-ltd", Method::PUT, &guest)).await;
        assert_eq!(let_in.status, 200, "{}", let_in.text);
        assert_eq!(
            let_in.body["organisations"],
            json!([{"slug": "other", "enabled": true}, {"slug": "sample-ltd", "enabled": true}])
        );
        assert!(
            got(&server, &path(&api)).await["organisations"].is_null(),
            "for operators alone"
        );
        let seen = Answer::of(theirs(Method::GET, &path(&api))).await.body;
        assert_eq!((&seen["kept"], &seen["available"]), (&json!(false), &json!(true)));
        for request in [
            theirs(Method::PATCH, &path(&api)).json(&json!({"enabled": false})),
            theirs(Method::DELETE, &path(&api)),
            theirs(Method::DELETE, &guest),
        ] {
            Answer::of(request)
                .await
                .refused(409, "api_not_kept", "not theirs");
        }
        let made = Answer::of(theirs(Method::POST, "/v1/roles").json(&level)).await;
        assert_eq!(made.body["available"], true, "{}", made.text);
        let same = theirs(Method::POST, "/v1/apis").json(&orders());
        Answer::of(same)
            .await
            .refused(409, "api_exists", "one slug, one API");

        let out = Answer::of(as_of("sample-ltd", Method::DELETE, &guest)).await;
        assert_eq!(out.status, 200, "{}", out.text);
        let seen = Answer::of(theirs(Method::GET, &path(&api))).await.body;
        assert_eq!(
            (&seen["enabled"], &seen["available"]),
            (&json!(true), &json!(false))
        );
        let log = Answer::of(theirs(Method::GET, "/v1/audit?action=api.disable"))
            .await
            .body;
        assert_eq!(
            names(&log, "action"),
            ["api.disable"],
            "the guest's log has it, too"
        );
        // What was switched off for the guest does not come back by an API of its own.
        let own = json!({"slug": "own", "name": "Own", "permissions": [{"name": "orders:view"}, {"name": "own:view"}]});
        let own = Answer::of(theirs(Method::POST, "/v1/apis").json(&own)).await;
        own.refused(400, "invalid_request", "the keeper's permission");
        assert_eq!(
            own.body["errors"][0]["field"], "permissions[0].name",
            "{}",
            own.text
        );
        let own = json!({"slug": "own", "name": "Own", "permissions": [{"name": "own:view"}]});
        let own = Answer::of(theirs(Method::POST, "/v1/apis").json(&own)).await.body;
        let more = json!({"permissions": [{"name": "own:view"}, {"name": "orders:edit"}]});
        Answer::of(theirs(Method::PATCH, &path(&own)).json(&more))
            .await
            .refused(400, "invalid_request", "the keeper's permission");

        let used = server.call(Method::DELETE, &path(&api), None).await;
        refused(used, 409, "api_in_use", "a guest's role belongs to it");
        for hostile in ["%00", "..%2f..%2fkeys", "%ff", "other%0a", "OTHER", "'"] {
            let there = format!("{}/organisations/{hostile}", path(&api));
            let answer = Answer::of(as_of("sample-ltd", Method::PUT, &there)).await;
            assert!(
                matches!(answer.status.as_u16(), 400 | 404),
                "{hostile}: {}",
                answer.text
            );
        }
    }
}

#[tokio::test]
async fn hostile_fields_of_an_api_are_named_and_nothing_is_made() {
    let server = Server::start(Engine::Sqlite).await;
    let with = |fields: Value| {
        let mut body = orders();
        if let (Value::Object(body), Value::Object(fields)) = (&mut body, fields) {
            body.extend(fields);
        }
        body
    };
    let route = |path: &str| json!({"routes": [{"method": "GET", "path": path}]});
    let refusals = [
        (json!({}), vec!["slug", "name"]),
        (
            with(json!({"slug": "../x", "name": "\u{7}"})),
            vec!["slug", "name"],
        ),
        (
            with(json!({"permissions": [{"name": "claviger:keys.read"}], "routes": []})),
            vec!["permissions[0].name"],
        ),
        (
            with(json!({"permissions": [{"name": "orders:*"}], "routes": []})),
            vec!["permissions[0].name"],
        ),
        (
            with(json!({"permissions": []})),
            vec!["routes[0].requires", "routes[1].requires", "routes[1].requires"],
        ),
        (with(route("/a//b")), vec!["routes[0].path"]),
        (with(route("/%2e%2e/a")), vec!["routes[0].path"]),
        (with(route("/a;b")), vec!["routes[0].path"]),
        (with(route("/{a}/{*b}/c")), vec!["routes[0].path"]),
        (
            with(json!({"routes": [{"method": "GET", "path": "/{a}"}, {"method": "PUT", "path": "/{b}"}]})),
            vec!["routes[1].path"],
        ),
        (
            with(json!({"routes": [{"method": "get", "path": "/a", "requires": "orders:view AND ("}]})),
            vec!["routes[0].method", "routes[0].requires"],
        ),
    ];
    for (body, fields) in refusals {
        let case = body.to_string();
        let answer = server.call(Method::POST, "/v1/apis", Some(body)).await;
        let body = refused(answer, 400, "invalid_request", &case);
        let named: Vec<&str> = body["errors"]
            .as_array()
            .map(|all| all.iter().map(|one| text(one, "field")).collect())
            .unwrap_or_default();
        assert_eq!(named, fields, "{case}: {body}");
    }
    for body in [
        with(json!({"permissions": [["orders:view", "by position"]]})),
        with(json!({"routes": [{"method": "GET", "path": "/a", "colour": "red"}]})),
        with(json!({"organisation": "other"})),
        with(json!({"enabled": "yes"})),
    ] {
        let case = body.to_string();
        let answer = server.call(Method::POST, "/v1/apis", Some(body)).await;
        refused(answer, 400, "invalid_json", &case);
    }
    assert_eq!(got(&server, "/v1/apis").await["items"], json!([]));
    for there in [
        "/v1/apis/nonsense",
        "/v1/apis/api_01kg7hwasaf59agy3bdr3nvpm4",
        "/v1/apis/role_01kg7hwasaf59agy3bdr3nvpm4",
    ] {
        refused(
            server.call(Method::GET, there, None).await,
            404,
            "not_found",
            there,
        );
    }
}

fn said(server: &Server, arguments: &[&str], exit: i32) -> String {
    let output = server.claviger(arguments).output().expect("the command runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).expect("text") + &error
}

#[tokio::test]
async fn the_command_line_does_all_of_it_by_name() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let key = server
            .create(json!({"name": "Shop", "permissions": ["orders:*"]}))
            .await;
        let key = text(&key, "id");
        let describe = [
            "apis",
            "create",
            "orders",
            "--name",
            "Orders",
            "--permission",
            "orders:view=See orders",
            "--permission",
            "orders:edit",
            "--route",
            "GET /orders/{id} orders:view",
            "--route",
            "* /orders/{id} orders:view AND orders:edit",
        ];
        let shown = said(&server, &describe, 0);
        assert!(
            shown.contains("permission\torders:view  See orders")
                && shown.contains("route\tGET /orders/{id}  orders:view"),
            "{shown}"
        );
        let role = [
            "roles",
            "create",
            "Order clerk",
            "--permission",
            "orders:*",
            "--level",
            "--api",
            "orders",
        ];
        said(&server, &role, 0);
        let roles = said(&server, &["roles", "list", "--levels"], 0);
        assert!(
            roles.contains("\tOrder clerk\tlevel\torders\tavailable\t0\torders:*"),
            "{roles}"
        );
        let catalogue = said(&server, &["permissions", "list"], 0);
        assert!(
            catalogue.contains("orders:view\tpermission\torders\tSee orders")
                && catalogue.contains("Order clerk\tlevel\torders\torders:*"),
            "{catalogue}"
        );
        let told = said(
            &server,
            &["permissions", "explain", key, "orders:view AND a:b"],
            0,
        );
        assert!(
            told.contains("orders:view\theld\torders:* by itself")
                && told.contains("Shop may not: a:b is missing"),
            "{told}"
        );
        let who = said(&server, &["permissions", "who-can", "orders:edit", "--all"], 0);
        assert!(who.contains(&format!("{key}\tShop\tkey")), "{who}");

        said(&server, &["apis", "disable", "orders"], 0);
        let held = said(&server, &["permissions", "effective", key], 0);
        assert!(held.contains("orders:edit, orders:view"), "{held}");
        let shown = said(&server, &["roles", "show", "ORDER CLERK", "--json"], 0);
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(
            (&shown["available"], &shown["version"]),
            (&json!(false), &json!(1))
        );
        said(&server, &["apis", "enable", "orders"], 0);
        said(&server, &["apis", "disable", "orders", "--for", "sample-ltd"], 0);
        let list = said(&server, &["apis", "list"], 0);
        assert!(
            list.contains("orders\tOrders\tdisabled here\t2\t2\tapi_"),
            "{list}"
        );

        said(&server, &["apis", "delete", "orders", "--yes"], 1);
        said(
            &server,
            &["roles", "edit", "Order clerk", "--no-api", "--name", "Clerk"],
            0,
        );
        said(&server, &["apis", "delete", "orders", "--yes"], 0);
        said(&server, &["roles", "delete", "Clerk"], 2);
        said(&server, &["roles", "delete", "Clerk", "--yes"], 0);
        said(&server, &["roles", "show", "Clerk"], 1);
        said(&server, &["roles", "edit", "viewer", "--level"], 1);
        let refused = said(&server, &["permissions", "effective", "sk_live_notforyou"], 2);
        assert!(!refused.contains("notforyou"), "{refused}");
        said(&server, &["apis", "enable", "orders", "--for", "../x"], 2);
    }
}
