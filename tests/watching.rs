//! What needs somebody is found, and helped by what the finding says: keys that nobody uses are told of and disabled, and a key
//! is left the permissions that it has needed.

use std::collections::BTreeMap;

use domain::clock::{Clock as _, SystemClock, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::db::Value as Sql;

use crate::support::{ENGINES, Server, path_of, text, until};

const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

fn days_ago(days: u32) -> Timestamp {
    SystemClock.now().minus(DAY * days)
}

/// Has a key been made, and last used, so many days ago.
async fn age(server: &Server, key: &Value, made: u32, used: Option<u32>) {
    let id = text(key, "id").parse::<domain::id::KeyId>().expect("an id");
    let sql = "UPDATE keys SET created_at = $2, rotated_at = $2, last_used_at = $3 WHERE id = $1";
    let used = used.map_or(Sql::Null, |days| days_ago(days).into());
    server.sql(sql, &[id.into(), days_ago(made).into(), used]).await;
}

/// What is found of which of these keys, by name.
async fn found(server: &Server) -> BTreeMap<String, Vec<String>> {
    let (status, answer) = server.call(Method::GET, "/v1/attention", None).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let mut all = BTreeMap::new();
    for item in answer["items"].as_array().expect("items") {
        let (status, listed) = server.call(Method::GET, text(item, "list"), None).await;
        assert_eq!(status, StatusCode::OK, "{listed}");
        let names = |keys: &Value| -> Vec<String> {
            let keys = keys.as_array().expect("keys").iter();
            keys.map(|key| text(key, "name").to_owned()).collect()
        };
        let list = names(&listed["items"]);
        let few = names(&item["keys"]);
        assert_eq!(
            few,
            list[..few.len()],
            "the first of the list, in its order: {item}"
        );
        assert_eq!(item["count"], list.len(), "{item}");
        all.insert(text(item, "finding").to_owned(), list);
    }
    all
}

#[tokio::test]
async fn what_needs_somebody_is_found_and_listed_until_it_is_helped() {
    for engine in ENGINES {
        let mut server = Server::start(engine).await;
        let make = async |name: &str, more: Value| {
            let limit = json!([{"name": "bursts", "limit": 100, "window": "1m"}]);
            let mut fields = json!({"name": name, "expires_in": "365d", "rate_limits": limit});
            if more.get("expires_at").is_some() {
                fields.as_object_mut().expect("fields").remove("expires_in");
            }
            let more = more.as_object().expect("fields").clone();
            fields.as_object_mut().expect("fields").extend(more);
            server.create(fields).await
        };
        let (status, account) = server
            .call(
                Method::POST,
                "/v1/service-accounts",
                Some(json!({"name": "Stopped", "username": "stopped"})),
            )
            .await;
        assert_eq!(status, StatusCode::CREATED, "{account}");
        make("Good", json!({})).await;
        let idle = make("Idle", json!({})).await;
        let unused = make("Unused", json!({})).await;
        let old = make("Old", json!({})).await;
        let endless = make("Endless", json!({"expires_at": null})).await;
        make("Soon", json!({"expires_in": "5d"})).await;
        make("Unlimited", json!({"rate_limits": []})).await;
        make("Orphan", json!({"owner": account["id"]})).await;
        let failing = make("Failing", json!({})).await;
        let deactivate = format!("/v1/service-accounts/{}/deactivate", text(&account, "id"));
        server.call(Method::POST, &deactivate, None).await;
        age(&server, &idle, 200, Some(120)).await;
        age(&server, &unused, 30, None).await;
        age(&server, &old, 400, Some(1)).await;
        for _ in 0..30 {
            let body = json!({"key": text(&failing, "secret"), "permissions": "orders:view"});
            server.verify_with(body).await;
        }
        // It is looked for at the start and every minute.
        server.stop();
        server.serve().await;
        until("the key that fails is found", async || {
            found(&server).await.contains_key("failing")
        })
        .await;
        let mut all = found(&server).await;
        // The first management key has neither end nor limit.
        for (finding, other) in [("no_expiry", "Endless"), ("unlimited", "Unlimited")] {
            let names = all.get_mut(finding).expect("found");
            assert_eq!(names.len(), 2, "{names:?}");
            names.retain(|name| name == other);
            assert_eq!(names.len(), 1);
        }
        let expected = [
            ("expiring_soon", "Soon"),
            ("failing", "Failing"),
            ("orphaned", "Orphan"),
            ("idle", "Idle"),
            ("never_used", "Unused"),
            ("unrotated", "Old"),
            ("no_expiry", "Endless"),
            ("unlimited", "Unlimited"),
        ];
        let expected: BTreeMap<String, Vec<String>> = expected
            .into_iter()
            .map(|(finding, name)| (finding.to_owned(), vec![name.to_owned()]))
            .collect();
        assert_eq!(all, expected, "{engine:?}");

        // Each is helped.
        server.call(Method::POST, &path_of(&idle, "disable"), None).await;
        server
            .call(Method::POST, &path_of(&old, "rotate"), Some(json!({})))
            .await;
        let path = format!("/v1/keys/{}", text(&endless, "id"));
        server
            .call(Method::PATCH, &path, Some(json!({"expires_in": "90d"})))
            .await;
        let activate = format!("/v1/service-accounts/{}/activate", text(&account, "id"));
        server.call(Method::POST, &activate, None).await;
        let left = found(&server).await;
        for gone in ["idle", "unrotated", "orphaned"] {
            assert!(!left.contains_key(gone), "{left:?}");
        }
        assert!(!left["no_expiry"].contains(&"Endless".to_owned()));

        let (status, wrong) = server.call(Method::GET, "/v1/keys?finding=lazy", None).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}");
        assert!(text(&wrong, "detail").contains("never_used"), "{wrong}");

        let output = server.claviger(&["attention"]).output().expect("claviger runs");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && text.contains("never_used") && text.contains("Unused"),
            "{text}"
        );
    }
}

/// The audit records of an action, as who did it, on what, and since when it was idle.
async fn records(server: &Server, action: &str) -> Vec<(String, String, bool)> {
    let path = format!("/v1/audit?action={action}");
    let (status, page) = server.call(Method::GET, &path, None).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    let items = page["items"].as_array().expect("items").iter();
    let told = items.map(|item| {
        (
            text(&item["actor"], "name").to_owned(),
            text(&item["target"], "name").to_owned(),
            item["changes"]["idle_since"]["after"].is_string(),
        )
    });
    told.collect()
}

#[tokio::test]
async fn what_nobody_uses_is_told_of_and_then_disabled_and_its_time_begins_anew_when_it_is_enabled() {
    for engine in ENGINES {
        let mut server = Server::start(engine).await;
        let (status, account) = server
            .call(
                Method::POST,
                "/v1/service-accounts",
                Some(json!({"name": "Quiet", "username": "quiet"})),
            )
            .await;
        assert_eq!(status, StatusCode::CREATED, "{account}");
        let idle = server.create(json!({"name": "Idle"})).await;
        let weary = server.create(json!({"name": "Weary"})).await;
        let used = server
            .create(json!({"name": "Used", "permissions": ["orders:view"]}))
            .await;
        age(&server, &idle, 300, Some(100)).await;
        age(&server, &weary, 300, Some(45)).await;
        age(&server, &used, 300, Some(100)).await;
        let account_id = text(&account, "id")
            .parse::<domain::id::AccountId>()
            .expect("an id");
        let sql = "UPDATE service_accounts SET created_at = $2 WHERE id = $1";
        server.sql(sql, &[account_id.into(), days_ago(200).into()]).await;
        server
            .policy(json!({"idle": {"warn_after": "30d", "disable_after": "90d"}}))
            .await;
        // Its last use stands in the journal alone when the server stops.
        assert_eq!(server.verify(text(&used, "secret")).await["valid"], true);
        server.kill();
        server.serve().await;
        until("what is idle is seen to", async || {
            !records(&server, "account.deactivate").await.is_empty()
                && !records(&server, "key.idle").await.is_empty()
        })
        .await;
        let by_policy = |name: &str| ("idle policy".to_owned(), name.to_owned(), true);
        assert_eq!(records(&server, "key.disable").await, [by_policy("Idle")]);
        assert_eq!(records(&server, "key.idle").await, [by_policy("Weary")]);
        assert_eq!(records(&server, "account.deactivate").await, [by_policy("Quiet")]);
        assert_eq!(server.verify(text(&idle, "secret")).await["code"], "DISABLED");
        assert_eq!(server.verify(text(&used, "secret")).await["valid"], true);
        assert_eq!(server.verify(text(&weary, "secret")).await["valid"], true);

        // Switched on again, it is left alone, and nobody is told twice.
        server.call(Method::POST, &path_of(&idle, "enable"), None).await;
        server.stop();
        server.serve().await;
        let late = server.create(json!({"name": "Late"})).await;
        age(&server, &late, 300, Some(100)).await;
        server.stop();
        server.serve().await;
        until("it is looked for again", async || {
            records(&server, "key.disable").await.len() == 2
        })
        .await;
        assert_eq!(records(&server, "key.disable").await[0], by_policy("Late"));
        assert_eq!(server.verify(text(&idle, "secret")).await["valid"], true);
        assert_eq!(records(&server, "key.idle").await.len(), 1);
    }
}

#[tokio::test]
async fn a_key_is_left_the_permissions_that_were_required_of_its_requests() {
    for engine in ENGINES {
        let mut server = Server::start(engine).await;
        let api = json!({"slug": "orders", "name": "Orders", "permissions": [{"name": "stock:view"}],
            "routes": [{"method": "GET", "path": "/stock", "requires": "stock:view"}]});
        let (status, made) = server.call(Method::POST, "/v1/apis", Some(api)).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        let granted = json!(["orders:*", "stock:view", "refunds:create", "claviger:keys.read"]);
        let key = server
            .create(json!({"name": "Wide", "permissions": granted}))
            .await;
        let secret = text(&key, "secret").to_owned();
        // What is refused says nothing of what is needed.
        for (asked, valid) in [
            (
                json!({"key": secret, "permissions": "orders:view OR orders:edit"}),
                true,
            ),
            (
                json!({"key": secret, "permissions": "orders:view OR orders:edit"}),
                true,
            ),
            (
                json!({"key": secret, "api": "orders", "method": "GET", "path": "/stock"}),
                true,
            ),
            (json!({"key": secret, "permissions": "secrets:view"}), false),
        ] {
            let answer = server.verify_with(asked).await;
            assert_eq!(answer["valid"], valid, "{answer}");
        }
        let path = format!("/v1/keys/{}/right-size", text(&key, "id"));
        server.stop();
        server.serve().await;
        let (status, answer) = server.call(Method::GET, &path, None).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let needed: BTreeMap<String, Value> = answer["permissions"]
            .as_array()
            .expect("permissions")
            .iter()
            .map(|one| (text(one, "pattern").to_owned(), one["needed"].clone()))
            .collect();
        let expected = [
            ("claviger:keys.read", Value::Null),
            ("orders:*", true.into()),
            ("refunds:create", false.into()),
            ("stock:view", true.into()),
        ];
        assert_eq!(
            needed,
            expected.map(|(name, value)| (name.to_owned(), value)).into()
        );
        let suggestion = json!(["claviger:keys.read", "orders:edit", "orders:view", "stock:view"]);
        assert_eq!(answer["suggestion"], suggestion, "{engine:?}");
        assert_eq!(answer["untold_until"], Value::Null);

        let edit = format!("/v1/keys/{}", text(&key, "id"));
        let (status, edited) = server
            .call(Method::PATCH, &edit, Some(json!({"permissions": suggestion})))
            .await;
        assert_eq!(status, StatusCode::OK, "{edited}");
        let (_, answer) = server.call(Method::GET, &path, None).await;
        assert_eq!(
            answer["suggestion"],
            Value::Null,
            "nothing is left to be left out"
        );

        // A request of which nothing is required may need anything.
        let (status, _) = server
            .call(Method::PATCH, &edit, Some(json!({"permissions": granted})))
            .await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(server.verify(&secret).await["valid"], true);
        server.stop();
        server.serve().await;
        let (_, answer) = server.call(Method::GET, &path, None).await;
        assert_eq!(answer["suggestion"], Value::Null);
        assert!(answer["untold_until"].is_string(), "{answer}");
        for window in ["0d", "401d", "12h", "x"] {
            let (status, answer) = server
                .call(Method::GET, &format!("{path}?window={window}"), None)
                .await;
            assert!(status.is_client_error(), "{window}: {answer}");
        }
    }
}
