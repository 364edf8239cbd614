//! Service accounts: unique for ever, seen by their own organisation alone, brought in many at once, ended for good.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::owners::{House, account_path};
use crate::support::{Answer, ENGINES, Engine, path_of, text};

const ACCOUNTS: &str = "/v1/service-accounts";

async fn get(house: &House, path: &str) -> Value {
    let (status, body) = house.call(Method::GET, path, Value::Null).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    body
}

/// The fields that a refusal names, apart by spaces.
fn fields(body: &Value) -> String {
    let errors = body["errors"].as_array().expect("errors");
    let fields: Vec<&str> = errors.iter().map(|error| text(error, "field")).collect();
    fields.join(" ")
}

#[tokio::test]
async fn an_account_is_made_changed_handed_over_and_remembered() {
    for engine in ENGINES {
        let house = House::build(engine).await;
        let made = house
            .call(
                Method::POST,
                ACCOUNTS,
                json!({"name": " SAP ", "username": "SAP.erp", "email": "Erp@Example.com", "partner": "SAP",
                    "owner": house.ann, "purpose": "orders\nand approvals", "tags": ["b", "a"],
                    "roles": ["Reports", "service-account"]}),
            )
            .await;
        assert_eq!(made.0, StatusCode::CREATED, "{}", made.1);
        let made = made.1;
        assert_eq!(
            (&made["name"], &made["username"]),
            (&json!("SAP"), &json!("SAP.erp"))
        );
        assert_eq!(made["owner"], json!({"id": house.ann, "name": "Ann"}));
        assert_eq!(
            (&made["status"], &made["live_keys"]),
            (&json!("active"), &json!(0))
        );
        assert_eq!(
            (&made["tags"], &made["created_by"]["type"]),
            (&json!(["a", "b"]), &json!("key"))
        );
        assert_eq!(made["roles"].as_array().map(Vec::len), Some(2));
        assert_eq!(get(&house, &account_path(&made, "")).await, made);

        let path = account_path(&made, "");
        let edit = |version: &str, body: Value| {
            let request = house
                .server
                .request(Method::PATCH, &path)
                .header("If-Match", version);
            Answer::of(request.json(&body))
        };
        let edited = edit(
            "\"1\"",
            json!({"purpose": "", "partner": "SAP SE", "username": "sap.ERP"}),
        )
        .await;
        assert_eq!(
            (edited.status.as_u16(), edited.header("etag")),
            (200, "\"2\""),
            "{}",
            edited.text
        );
        edit("\"1\"", json!({"name": "Late"}))
            .await
            .refused(412, "precondition_failed", "an old version");
        edit("x", json!({}))
            .await
            .refused(400, "invalid_request", "no version");
        let (status, alone) = house
            .call(
                Method::POST,
                &account_path(&made, "/reassign"),
                json!({"owner": null}),
            )
            .await;
        assert_eq!(
            (status.as_u16(), &alone["owner"], &alone["version"]),
            (200, &Value::Null, &json!(3))
        );
        for bad in [&house.bob, &house.eve, "usr_x"] {
            let to = json!({"owner": bad});
            let (status, body) = house
                .call(Method::POST, &account_path(&made, "/reassign"), to)
                .await;
            assert_eq!(
                (status.as_u16(), fields(&body)),
                (400, "owner".to_owned()),
                "{body}"
            );
        }
        let again = json!({"owner": ""});
        let (status, _) = house
            .call(Method::POST, &account_path(&made, "/reassign"), again)
            .await;
        assert_eq!(status, StatusCode::OK, "again nobody");
        let (status, body) = house
            .call(Method::POST, &account_path(&made, "/reassign"), json!({}))
            .await;
        assert_eq!(
            (status.as_u16(), fields(&body)),
            (400, "owner".to_owned()),
            "what is left out takes nobody's account away: {body}"
        );
        let events = get(&house, &account_path(&made, "/events")).await;
        let actions: Vec<&str> = events["items"]
            .as_array()
            .expect("events")
            .iter()
            .map(|event| text(event, "action"))
            .collect();
        assert_eq!(actions, ["account.reassign", "account.edit", "account.create"]);
        let changes = &events["items"][1]["changes"];
        assert_eq!(
            changes["username"],
            json!({"before": "SAP.erp", "after": "sap.ERP"})
        );
        assert!(changes["name"].is_null(), "what did not change is not told");
    }
}

#[tokio::test]
async fn bad_fields_are_all_named_and_nothing_gets_into_headers_or_logs() {
    let house = House::build(Engine::Sqlite).await;
    let (status, body) = house
        .call(
            Method::POST,
            ACCOUNTS,
            json!({"name": "x\r\nSet-Cookie: a=b", "username": "s\u{430}p", "email": "no", "partner": "a\u{202e}b",
                "owner": "me", "purpose": "\u{1b}[2J", "tags": [" x"], "roles": ["Reports"]}),
        )
        .await;
    assert_eq!(status.as_u16(), 400);
    assert_eq!(fields(&body), "name username email partner owner purpose tags[0]");
    assert!(text(&body["errors"][1], "detail").contains("ASCII"), "{body}");
    house.account("sap", json!({})).await;
    for (username, why) in [
        ("sap", "taken"),
        ("SAP", "taken in another case"),
        ("ѕap", "a Cyrillic letter"),
        ("ｓap", "a full-width letter"),
        ("sap\u{200b}", "an invisible character"),
        ("sap ", "a space"),
        ("sap\n127.0.0.1 admin signed in", "a line break"),
        ("", "empty"),
        (&"a".repeat(65), "too long"),
    ] {
        let (status, body) = house
            .call(Method::POST, ACCOUNTS, json!({"name": "x", "username": username}))
            .await;
        assert_eq!(
            (status.as_u16(), fields(&body).as_str()),
            (400, "username"),
            "{why}: {body}"
        );
    }
    let (status, body) = house.call(Method::POST, ACCOUNTS, json!({})).await;
    assert_eq!((status.as_u16(), fields(&body).as_str()), (400, "name"), "{body}");
    let (status, body) = house.call(Method::POST, ACCOUNTS, json!({"name": "x"})).await;
    assert_eq!(
        (status.as_u16(), fields(&body).as_str()),
        (400, "username"),
        "{body}"
    );
    let (status, body) = house
        .call(
            Method::POST,
            ACCOUNTS,
            json!({"name": "x", "username": "y", "roles": ["nobody"], "owner": house.eve}),
        )
        .await;
    assert_eq!(
        (status.as_u16(), fields(&body).as_str()),
        (400, "owner roles[0]"),
        "{body}"
    );
    for body in [json!({"password": "x"}), json!({"name": 1}), json!([])] {
        let (status, answer) = house.call(Method::POST, ACCOUNTS, body).await;
        assert_eq!((status.as_u16(), &answer["code"]), (400, &json!("invalid_json")));
    }
    let log = house.server.log();
    assert!(!log.contains("Set-Cookie") && !log.contains("signed in"), "{log}");
}

#[tokio::test]
async fn a_username_is_never_given_to_another_account() {
    for engine in ENGINES {
        let house = House::build(engine).await;
        let first = house.account("first", json!({})).await;
        let rename = json!({"username": "renamed"});
        let (status, _) = house.call(Method::PATCH, &account_path(&first, ""), rename).await;
        assert_eq!(status, StatusCode::OK);
        let gone = house.account("gone", json!({})).await;
        house.policy(json!({"accounts": {"deletion": "erase"}})).await;
        let (status, _) = house
            .call(Method::DELETE, &account_path(&gone, ""), Value::Null)
            .await;
        assert_eq!(status, StatusCode::OK);
        for taken in ["First", "RENAMED", "gone"] {
            let (status, body) = house
                .call(Method::POST, ACCOUNTS, json!({"name": "x", "username": taken}))
                .await;
            assert_eq!(
                (status.as_u16(), fields(&body).as_str()),
                (400, "username"),
                "{taken}: {body}"
            );
        }
        let back = json!({"username": "FIRST"});
        let (status, _) = house.call(Method::PATCH, &account_path(&first, ""), back).await;
        assert_eq!(status, StatusCode::OK, "its own it may have again");
    }
}

#[tokio::test]
async fn two_organisations_with_the_same_usernames_never_see_each_others() {
    for engine in ENGINES {
        let house = House::build(engine).await;
        let ours = house
            .account("shared", json!({"partner": "Ours", "email": "x@example.com"}))
            .await;
        let there = |method: Method, path: &str| {
            let request = house.server.local(method, path);
            request.header("Claviger-Organisation", "other")
        };
        let make =
            json!({"name": "Theirs", "username": "Shared", "partner": "Theirs", "email": "x@example.com"});
        let theirs = Answer::of(there(Method::POST, ACCOUNTS).json(&make)).await;
        assert_eq!(theirs.status, 201, "{}", theirs.text);
        let theirs = theirs.body;
        for (method, verb, body) in [
            (Method::GET, "", Value::Null),
            (Method::PATCH, "", json!({"name": "Mine"})),
            (Method::DELETE, "", Value::Null),
            (Method::POST, "/activate", json!({})),
            (Method::POST, "/deactivate", json!({})),
            (Method::POST, "/reassign", json!({"owner": ""})),
            (Method::GET, "/keys", Value::Null),
            (Method::GET, "/usage", Value::Null),
            (Method::GET, "/events", Value::Null),
        ] {
            let (status, body) = house
                .call(method.clone(), &account_path(&theirs, verb), body)
                .await;
            assert_eq!(
                (status.as_u16(), &body["code"]),
                (404, &json!("not_found")),
                "{method} {verb}"
            );
        }
        let (status, body) = house
            .call(
                Method::POST,
                "/v1/keys",
                json!({"name": "x", "owner": text(&theirs, "id")}),
            )
            .await;
        assert_eq!(
            (status.as_u16(), fields(&body).as_str()),
            (400, "owner"),
            "{body}"
        );
        for list in [
            format!("{ACCOUNTS}?status=all"),
            format!("{ACCOUNTS}?q=shared"),
            format!("{ACCOUNTS}?partner=theirs"),
            "/v1/partners".to_owned(),
            "/v1/audit".to_owned(),
        ] {
            let answer = Answer::of(house.server.request(Method::GET, &list)).await;
            assert_eq!(answer.status, 200, "{list}");
            assert!(
                !answer.text.contains("Theirs") && !answer.text.contains(text(&theirs, "id")),
                "{list}"
            );
        }
        let answer = Answer::of(there(Method::GET, &account_path(&ours, ""))).await;
        answer.refused(404, "not_found", "and the other way round");
        assert_eq!(get(&house, &account_path(&ours, "")).await, ours, "as it was");
    }
}

#[tokio::test]
async fn the_policy_says_how_accounts_are_named_and_begin() {
    for engine in ENGINES {
        let house = House::build(engine).await;
        let old = house.account("from-before", json!({})).await;
        house
            .policy(json!({"accounts": {"username": "email", "email": "required_unique", "default_roles": ["Reports"]}}))
            .await;
        let (status, made) = house
            .call(
                Method::POST,
                ACCOUNTS,
                json!({"name": "x", "email": "App@example.com"}),
            )
            .await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        assert_eq!(
            (&made["username"], &made["roles"][0]["name"]),
            (&json!("App@example.com"), &json!("Reports"))
        );
        for (body, field) in [
            (json!({"name": "x"}), "email"),
            (json!({"name": "x", "email": "APP@example.com"}), "username email"),
            (
                json!({"name": "x", "email": "b@example.com", "username": "other"}),
                "username",
            ),
            (json!({"name": "x", "email": "jürgen@example.com"}), "email"),
            (json!({"name": "x", "email": "o'neil@example.com"}), "email"),
        ] {
            let (status, answer) = house.call(Method::POST, ACCOUNTS, body).await;
            assert_eq!(
                (status.as_u16(), fields(&answer).as_str()),
                (400, field),
                "{answer}"
            );
        }
        let follow = json!({"email": "new@example.com"});
        let (_, edited) = house.call(Method::PATCH, &account_path(&made, ""), follow).await;
        assert_eq!(edited["username"], "new@example.com", "it follows");
        let (status, _) = house
            .call(Method::PATCH, &account_path(&made, ""), json!({"email": ""}))
            .await;
        assert_eq!(status.as_u16(), 400);
        let (status, kept) = house
            .call(
                Method::PATCH,
                &account_path(&old, ""),
                json!({"purpose": "as before"}),
            )
            .await;
        assert_eq!(
            (status.as_u16(), &kept["username"]),
            (200, &json!("from-before")),
            "{kept}"
        );
        let none = json!({"name": "x", "email": "none@example.com", "roles": []});
        let (_, made) = house.call(Method::POST, ACCOUNTS, none).await;
        assert_eq!(made["roles"], json!([]), "none if none are asked for");
    }
}

#[tokio::test]
async fn a_deleted_account_and_its_keys_are_over_for_good() {
    for engine in ENGINES {
        let house = House::build(engine).await;
        for mode in ["deactivate", "erase"] {
            house.policy(json!({"accounts": {"deletion": mode}})).await;
            let account = house
                .account(&format!("acc-{mode}"), json!({"roles": ["Reports"]}))
                .await;
            let owned = json!({"owner": text(&account, "id")});
            let key = house.server.create(owned.clone()).await;
            let guarded = house.server.create(owned).await;
            house
                .call(Method::POST, &path_of(&guarded, "protect"), json!({}))
                .await;
            assert_eq!(house.ask(&key, "reports:x").await, "VALID");
            let path = account_path(&account, "");
            let (status, body) = house.call(Method::DELETE, &path, Value::Null).await;
            assert_eq!(
                (status.as_u16(), &body["code"]),
                (409, &json!("key_protected")),
                "{body}"
            );
            assert_eq!(
                house.ask(&key, "reports:x").await,
                "VALID",
                "nothing is half done"
            );
            house
                .call(Method::POST, &path_of(&guarded, "unprotect"), json!({}))
                .await;
            let (status, body) = house.call(Method::DELETE, &path, Value::Null).await;
            assert_eq!((status.as_u16(), &body["keys_ended"]), (200, &json!(2)), "{body}");
            assert_eq!(body["erased"], mode == "erase");
            let code = if mode == "erase" { "NOT_FOUND" } else { "REVOKED" };
            for key in [&key, &guarded] {
                let answer = house.server.verify(text(key, "secret")).await;
                assert_eq!(answer["code"], code, "{mode}");
            }
            let events = get(&house, &account_path(&account, "/events")).await;
            let last = if mode == "erase" {
                "account.erase"
            } else {
                "account.delete"
            };
            assert_eq!(events["items"][0]["action"], last, "the log remembers it");
            if mode == "erase" {
                let (status, _) = house.call(Method::GET, &path, Value::Null).await;
                assert_eq!(status.as_u16(), 404);
                continue;
            }
            let shown = get(&house, &path).await;
            assert_eq!(
                (&shown["status"], &shown["live_keys"]),
                (&json!("deleted"), &json!(0))
            );
            let revoked = get(&house, &path_of(&key, "")).await;
            assert!(
                text(&revoked["revoked"], "reason").contains("deleted"),
                "{revoked}"
            );
            for (method, verb, body) in [
                (Method::PATCH, "", json!({"name": "Back"})),
                (Method::POST, "/activate", json!({})),
                (Method::POST, "/reassign", json!({"owner": house.ann})),
            ] {
                let (status, body) = house.call(method, &account_path(&account, verb), body).await;
                assert_eq!(
                    (status.as_u16(), &body["code"]),
                    (409, &json!("account_over")),
                    "{verb}"
                );
            }
            let (status, body) = house
                .call(
                    Method::POST,
                    "/v1/keys",
                    json!({"name": "x", "owner": text(&account, "id")}),
                )
                .await;
            assert_eq!(
                (status.as_u16(), fields(&body).as_str()),
                (400, "owner"),
                "{body}"
            );
            let (status, again) = house.call(Method::DELETE, &path, Value::Null).await;
            assert_eq!(
                (status.as_u16(), &again["keys_ended"]),
                (200, &json!(0)),
                "no error: {again}"
            );
        }
    }
}

#[tokio::test]
async fn lists_of_accounts_are_filtered_searched_sorted_and_paged() {
    for engine in ENGINES {
        let house = House::build(engine).await;
        house
            .account(
                "a",
                json!({"name": "beta", "partner": "Zeta", "owner": house.ann, "tags": ["x", "iot \"eu\""]}),
            )
            .await;
        house
            .account(
                "b",
                json!({"name": "Alpha", "partner": "acme", "roles": ["Reports"], "purpose": "50%_off"}),
            )
            .await;
        let idle = house
            .account(
                "c",
                json!({"name": "gamma", "partner": "Acme", "email": "Mail@Example.com", "owner": house.ann}),
            )
            .await;
        house
            .call(Method::POST, &account_path(&idle, "/deactivate"), json!({}))
            .await;
        let dead = house.account("d", json!({"name": "delta"})).await;
        house
            .call(Method::DELETE, &account_path(&dead, ""), Value::Null)
            .await;
        let names = async |query: &str| {
            let page = get(&house, &format!("{ACCOUNTS}?{query}")).await;
            let items = page["items"].as_array().expect("items").iter();
            let names: Vec<&str> = items.map(|account| text(account, "username")).collect();
            names.join("")
        };
        for (query, expected) in [
            ("", "cba"),
            ("sort=created_at", "abc"),
            ("sort=name", "bac"),
            ("sort=-name", "cab"),
            ("sort=-partner", "acb"),
            ("status=all&sort=created_at", "abcd"),
            ("status=active,deleted&sort=created_at", "abd"),
            ("status=inactive", "c"),
            ("partner=ACME&sort=created_at", "bc"),
            ("role=reports", "b"),
            ("tag=x", "a"),
            ("tag=X", ""),
            ("tag=iot%20%22eu%22", "a"),
            ("tag=eu", ""),
            ("orphaned=true", "b"),
            ("orphaned=false&sort=created_at", "ac"),
            ("q=mail", "c"),
            ("q=50%25_o", "b"),
            ("q=50__o", ""),
            ("q=ACME&status=active", "b"),
        ] {
            assert_eq!(names(query).await, expected, "{query}");
        }
        assert_eq!(names(&format!("owner={}&sort=created_at", house.ann)).await, "ac");
        for sort in ["name", "-name", "partner", "-created_at"] {
            let whole = names(&format!("sort={sort}&status=all")).await;
            let (mut seen, mut next) = (String::new(), String::new());
            loop {
                let page = get(
                    &house,
                    &format!("{ACCOUNTS}?sort={sort}&status=all&limit=1{next}"),
                )
                .await;
                seen.push_str(text(&page["items"][0], "username"));
                let Some(cursor) = page["next_cursor"].as_str() else {
                    break;
                };
                next = format!("&cursor={cursor}");
            }
            assert_eq!(seen, whole, "{sort}");
        }
        let page = get(&house, &format!("{ACCOUNTS}?limit=1")).await;
        let cursor = text(&page, "next_cursor");
        for bad in [
            format!("sort=name&cursor={cursor}"),
            "cursor=nonsense".to_owned(),
            "status=happy".to_owned(),
            "sort=email".to_owned(),
            "limit=0".to_owned(),
            "owner=acct_x".to_owned(),
            "role=nobody".to_owned(),
            "orphaned=maybe".to_owned(),
            "colour=red".to_owned(),
        ] {
            let answer = Answer::of(house.server.request(Method::GET, &format!("{ACCOUNTS}?{bad}"))).await;
            answer.refused(400, "invalid_request", &bad);
        }
    }
}

#[tokio::test]
async fn an_owner_who_leaves_leaves_orphans() {
    let house = House::build(Engine::Sqlite).await;
    let account = house.account("left", json!({"owner": house.ann})).await;
    let mut server = house.server;
    server.stop_soon().await;
    let db = store::db::Database::open(&server.target())
        .await
        .expect("a database");
    let mut conn = db.writer().await.expect("a connection");
    let gone = "UPDATE users SET status = 'disabled' WHERE name = 'Ann'";
    conn.execute(gone, &[]).await.expect("a change");
    drop(conn);
    server.serve().await;
    let (_, page) = server
        .call(Method::GET, "/v1/service-accounts?orphaned=true", None)
        .await;
    assert_eq!(page["items"][0]["id"], account["id"], "{page}");
}

#[tokio::test]
async fn an_account_tells_what_its_keys_add_up_to() {
    for engine in ENGINES {
        let house = House::build(engine).await;
        let account = house.account("busy", json!({"roles": ["Reports"]})).await;
        let owned = json!({"owner": text(&account, "id")});
        let one = house.server.create(owned.clone()).await;
        let two = house.server.create(owned.clone()).await;
        let over = house.server.create(owned).await;
        house
            .call(Method::POST, &path_of(&over, "revoke"), json!({}))
            .await;
        let other = house.server.create(json!({"permissions": ["reports:x"]})).await;
        for (key, permission) in [
            (&one, "reports:x"),
            (&two, "reports:x"),
            (&two, "secret:x"),
            (&other, "reports:x"),
        ] {
            house.ask(key, permission).await;
        }
        let mut usage = Value::Null;
        for _ in 0..100 {
            usage = get(&house, &account_path(&account, "/usage")).await;
            if usage["total"] == 3 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(
            usage["by_code"],
            json!({"INSUFFICIENT_PERMISSIONS": 1, "VALID": 2}),
            "{usage}"
        );
        let shown = get(&house, &account_path(&account, "")).await;
        let last = get(&house, &path_of(&two, "")).await;
        assert_eq!(shown["live_keys"], 2);
        assert!(last["last_used_at"].is_string());
        assert_eq!(
            (&shown["last_used_at"], &shown["last_used_ip"]),
            (&last["last_used_at"], &last["last_used_ip"])
        );
        let list = get(&house, ACCOUNTS).await;
        assert_eq!(list["items"][0], shown, "the list tells the same");
    }
}

#[tokio::test]
async fn a_file_of_accounts_is_taken_whole_or_not_at_all() {
    for engine in ENGINES {
        let house = House::build(engine).await;
        house.account("known", json!({})).await;
        let import = |kind: &'static str, query: &'static str, body: String| {
            let request = house
                .server
                .request(Method::POST, &format!("{ACCOUNTS}/import{query}"));
            Answer::of(request.header("Content-Type", kind).body(body))
        };
        let csv = format!(
            "name,username,email,partner,owner,tags,roles\r\n\
             Cold Trace,cold-1,,ColdTrace,{},iot;eu,reports\r\n\
             \"Say \"\"hi\"\"\",cold-2,a@example.com,ColdTrace,,,\r\n",
            house.ann
        );
        let dry = import("text/csv; charset=utf-8", "?dry_run=true", csv.clone()).await;
        assert_eq!(dry.status, 200, "{}", dry.text);
        assert_eq!(
            (&dry.body["count"], &dry.body["items"][0]["id"]),
            (&json!(2), &Value::Null)
        );
        let count = async || {
            get(&house, ACCOUNTS).await["items"]
                .as_array()
                .map_or(0, Vec::len)
        };
        assert_eq!(count().await, 1, "nothing was written");
        let done = import("text/csv", "", csv.clone()).await;
        assert_eq!(done.status, 201, "{}", done.text);
        let first = get(
            &house,
            &format!("{ACCOUNTS}/{}", text(&done.body["items"][0], "id")),
        )
        .await;
        assert_eq!(
            (&first["tags"], &first["roles"][0]["name"]),
            (&json!(["eu", "iot"]), &json!("Reports"))
        );
        assert_eq!(first["owner"]["name"], "Ann");
        let second = get(
            &house,
            &format!("{ACCOUNTS}/{}", text(&done.body["items"][1], "id")),
        )
        .await;
        assert_eq!(
            (&second["name"], &second["owner"]),
            (&json!("Say \"hi\""), &Value::Null)
        );
        assert_eq!(count().await, 3);

        let bad = [
            r#"{"name":"Fine","username":"fine"}"#,
            r#"{"name":"x","username":"KNOWN"}"#,
            r#"{"name":"","username":"b d","tags":[""]}"#,
            "",
            r#"{"name":"x","username":"FINE"}"#,
            r#"{"name":"x","username":"z","colour":"red"}"#,
            r#"{"name":"x","username":"y","roles":["nobody"]}"#,
            "nonsense",
            r#"{"name":"x"}"#,
        ];
        let refused = import("application/x-ndjson", "", bad.join("\n")).await;
        refused.refused(400, "invalid_request", "bad lines");
        let mut named: Vec<String> = fields(&refused.body).split(' ').map(str::to_owned).collect();
        named.sort();
        let expected = [
            "lines[2].username",
            "lines[3].name",
            "lines[3].tags[0]",
            "lines[3].username",
            "lines[5].username",
            "lines[6]",
            "lines[7].roles[0]",
            "lines[8]",
            "lines[9].username",
        ];
        assert_eq!(named, expected, "{}", refused.text);
        assert_eq!(count().await, 3, "not even the good ones");
        let again = import("text/csv", "?dry_run=true", csv).await;
        assert_eq!(
            fields(&again.body),
            "lines[2].username lines[3].username",
            "they exist already"
        );

        for (kind, body, status, code) in [
            ("application/json", "{}".to_owned(), 415, "unsupported_media_type"),
            ("text/csv", String::new(), 400, "invalid_request"),
            (
                "text/csv",
                "name,colour\nx,red\n".to_owned(),
                400,
                "invalid_request",
            ),
            (
                "text/csv",
                "a".repeat(4 * 1024 * 1024 + 1),
                413,
                "payload_too_large",
            ),
            (
                "application/x-ndjson",
                "{}\n".repeat(5_001),
                400,
                "invalid_request",
            ),
        ] {
            let case = format!("{kind} {:.20}", body);
            import(kind, "", body).await.refused(status, code, &case);
        }
        assert_eq!(count().await, 3);
    }
}

#[tokio::test]
async fn each_verb_needs_its_permission() {
    let house = House::build(Engine::Sqlite).await;
    let account = house.account("subject", json!({})).await;
    let verbs = [
        (Method::GET, ACCOUNTS.to_owned(), "claviger:accounts.read"),
        (Method::GET, account_path(&account, ""), "claviger:accounts.read"),
        (Method::GET, "/v1/partners".to_owned(), "claviger:accounts.read"),
        (Method::GET, account_path(&account, "/keys"), "claviger:keys.read"),
        (
            Method::GET,
            account_path(&account, "/usage"),
            "claviger:usage.read",
        ),
        (
            Method::GET,
            account_path(&account, "/events"),
            "claviger:audit.read",
        ),
        (Method::POST, ACCOUNTS.to_owned(), "claviger:accounts.manage"),
        (
            Method::PATCH,
            account_path(&account, ""),
            "claviger:accounts.manage",
        ),
        (
            Method::POST,
            account_path(&account, "/deactivate"),
            "claviger:accounts.manage",
        ),
        (
            Method::POST,
            account_path(&account, "/activate"),
            "claviger:accounts.manage",
        ),
        (
            Method::POST,
            account_path(&account, "/reassign"),
            "claviger:accounts.manage",
        ),
        (
            Method::POST,
            format!("{ACCOUNTS}/import"),
            "claviger:accounts.manage",
        ),
        (
            Method::DELETE,
            account_path(&account, ""),
            "claviger:accounts.manage",
        ),
    ];
    let permissions = [
        "claviger:accounts.read",
        "claviger:keys.read",
        "claviger:usage.read",
        "claviger:audit.read",
        "claviger:accounts.manage",
        "*",
    ];
    for held in permissions {
        let key = house.server.create(json!({"permissions": [held]})).await;
        for (method, path, needed) in &verbs {
            let request = house
                .server
                .anonymous(method.clone(), path)
                .bearer_auth(text(&key, "secret"));
            let request = if path.ends_with("/import") {
                let line = json!({"name": "Brought in", "username": "brought-in"}).to_string();
                request.header("Content-Type", "application/x-ndjson").body(line)
            } else if *method == Method::POST && path == ACCOUNTS {
                request.json(&json!({"name": "Made", "username": "made"}))
            } else if path.ends_with("/reassign") {
                request.json(&json!({"owner": null}))
            } else {
                request
            };
            let answer = Answer::of(request).await;
            let case = format!("{held}: {method} {path}");
            if held == *needed {
                assert!(answer.status.is_success(), "{case}: {}", answer.text);
            } else {
                answer.refused(403, "forbidden", &case);
                assert_eq!(answer.body["missing"], *needed, "{case}");
            }
        }
    }
}

/// Runs the command line at the data directory, in the first organisation; what it printed, or its refusal.
fn run(house: &House, arguments: &[&str]) -> Result<Value, String> {
    let mut whole = arguments.to_vec();
    whole.extend(["--json", "--yes", "--organisation", "sample-ltd"]);
    let output = house.server.claviger(&whole).output().expect("it runs");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(serde_json::from_slice(&output.stdout).expect("JSON"))
}

#[tokio::test]
async fn the_command_line_keeps_accounts_too() {
    let house = House::build(Engine::Sqlite).await;
    let create = [
        "accounts",
        "create",
        "ColdTrace uploads",
        "--username",
        "cold",
        "--partner",
        "ColdTrace",
    ];
    let made = run(
        &house,
        &[&create[..], &["--role", "reports", "--owner", &house.ann]].concat(),
    )
    .expect("made");
    let id = text(&made, "id").to_owned();
    let key = run(
        &house,
        &["keys", "create", "Cold EU", "--owner", &id, "--role", "reports"],
    )
    .expect("a key");
    assert_eq!(house.ask(&key, "reports:x").await, "VALID");
    for (arguments, count) in [
        (
            &["accounts", "list", "--partner", "coldtrace", "--role", "reports"][..],
            1,
        ),
        (&["accounts", "list", "--orphaned"], 0),
        (&["accounts", "keys", &id], 1),
        (&["accounts", "events", &id], 1),
        (&["accounts", "partners"], 1),
        (
            &[
                "keys",
                "list",
                "--partner",
                "ColdTrace",
                "--owner",
                &id,
                "--role",
                "Reports",
            ],
            1,
        ),
    ] {
        let page = run(&house, arguments).expect("a list");
        assert_eq!(
            page["items"].as_array().map(Vec::len),
            Some(count),
            "{arguments:?}"
        );
    }
    let edited = run(
        &house,
        &[
            "accounts",
            "edit",
            &id,
            "--purpose",
            "sensors",
            "--clear",
            "partner",
        ],
    );
    assert_eq!(edited.expect("edited")["partner"], "");
    assert_eq!(
        run(&house, &["accounts", "reassign", &id, "--nobody"]).expect("done")["owner"],
        Value::Null
    );
    let stopped = run(&house, &["accounts", "deactivate", &id]).expect("stopped");
    assert_eq!(stopped["status"], "inactive");
    assert_eq!(house.ask(&key, "reports:x").await, "ACCOUNT_INACTIVE");
    run(&house, &["accounts", "activate", &id]).expect("activated");
    assert!(run(&house, &["accounts", "usage", &id]).expect("usage")["total"].is_u64());

    let file = house.server.data().join("people.csv");
    std::fs::write(&file, "name,username\nOne,one\nTwo,cold\n").expect("a file");
    let file = file.to_str().expect("a path");
    let refused = run(&house, &["accounts", "import", file]).expect_err("a bad line");
    assert!(refused.contains("lines[3].username"), "{refused}");
    std::fs::write(file, "name,username\nOne,one\n").expect("a file");
    assert_eq!(
        run(&house, &["accounts", "import", file, "--dry-run"]).expect("fine")["dry_run"],
        true
    );
    assert_eq!(
        run(&house, &["accounts", "import", file]).expect("fine")["count"],
        1
    );
    assert_eq!(
        run(&house, &["accounts", "delete", &id]).expect("deleted")["keys_ended"],
        1
    );
    assert_eq!(
        run(&house, &["accounts", "show", &id]).expect("kept")["status"],
        "deleted"
    );

    // As people read it.
    let shown = house
        .server
        .claviger(&["accounts", "show", &id, "--organisation", "sample-ltd"])
        .output();
    let shown = String::from_utf8(shown.expect("it runs").stdout).expect("text");
    for word in ["ColdTrace uploads", "cold", "deleted", "Reports", "sensors"] {
        assert!(shown.contains(word), "{word} in {shown}");
    }
}
