//! Edits, rotations, evictions and administrators.

use super::*;

async fn patch(server: &Server, key: &Value, body: Value) -> Value {
    let (status, key) = server.call(Method::PATCH, &path_of(key, ""), Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{key}");
    key
}

async fn adjust(server: &Server, key: &Value, body: Value) -> Value {
    let (status, key) = server
        .call(Method::POST, &path_of(key, "quota"), Some(body))
        .await;
    assert_eq!(status, StatusCode::OK, "{key}");
    key
}

#[tokio::test]
async fn neither_an_edit_nor_a_rotation_nor_an_eviction_fills_anything_up() {
    for engine in ENGINES {
        let mut server = Server::init(engine).await;
        // Another key drives this one out of the cache.
        server
            .environment
            .push(("CLAVIGER_CACHE_SECRETS", "1".to_owned()));
        server.serve().await;
        let other = server.create(json!({})).await;
        let key = server
            .create(json!({
                "rate_limits": [{"name": "a", "limit": 10, "window": "1h"}, {"name": "b", "limit": 99, "window": "1h"}],
                "quota": {"limit": 20, "per": "month"},
            }))
            .await;
        let mut secret = text(&key, "secret").to_owned();
        assert_eq!(passing(&server, &secret, 4, "").await, 4);
        patch(&server, &key, json!({"name": "Another name"})).await;
        let turned =
            json!([{"name": "b", "limit": 99, "window": "1h"}, {"name": "a", "limit": 10, "window": "1h"}]);
        patch(&server, &key, json!({"rate_limits": turned})).await;
        assert_eq!(server.verify(text(&other, "secret")).await["code"], "VALID");
        let (status, rotated) = server
            .call(Method::POST, &path_of(&key, "rotate"), Some(json!({})))
            .await;
        assert_eq!(status, StatusCode::OK, "{rotated}");
        secret = text(&rotated, "secret").to_owned();
        let answer = server.verify(&secret).await;
        let remaining = |name: &str| {
            let limits = answer["rate_limits"].as_array().expect("limits");
            let limit = limits.iter().find(|limit| limit["name"] == name);
            limit.expect("a limit")["remaining"].as_u64()
        };
        assert_eq!((remaining("a"), remaining("b")), (Some(5), Some(94)), "{answer}");
        assert_eq!(answer["quota"]["remaining"], 15, "{answer}");
        assert_eq!(passing(&server, &secret, 9, "RATE_LIMITED").await, 5);
        // A request that is refused for another reason is held against nothing.
        assert_eq!(show(&server, &key).await["quota"]["used"], 10);
    }
}

#[tokio::test]
async fn an_administrator_changes_a_quota_and_what_is_used_of_it_and_it_is_on_record() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let key = server
            .create(json!({"quota": {"limit": 1_000, "per": "month"}}))
            .await;
        let secret = text(&key, "secret");
        assert_eq!(passing(&server, secret, 10, "").await, 10);
        // Lowered, although more was handed to this node already.
        patch(&server, &key, json!({"quota": {"limit": 12, "per": "month"}})).await;
        assert_eq!(passing(&server, secret, 9, "QUOTA_EXCEEDED").await, 2);
        let credited = adjust(&server, &key, json!({"credit": 3})).await;
        assert_eq!(credited["quota"]["used"], 9, "{credited}");
        assert_eq!(passing(&server, secret, 9, "QUOTA_EXCEEDED").await, 3);
        adjust(&server, &key, json!({"used": 0})).await;
        assert_eq!(passing(&server, secret, 20, "QUOTA_EXCEEDED").await, 12);
        adjust(&server, &key, json!({"credit": 1_000_000})).await;
        assert_eq!(passing(&server, secret, 20, "QUOTA_EXCEEDED").await, 12);
        adjust(&server, &key, json!({"used": 11})).await;
        assert_eq!(passing(&server, secret, 3, "QUOTA_EXCEEDED").await, 1);
        let free = patch(&server, &key, json!({"quota": null})).await;
        assert_eq!(free["quota"], Value::Null);
        assert_eq!(passing(&server, secret, 3, "").await, 3);
        let (status, problem) = server
            .call(Method::POST, &path_of(&key, "quota"), Some(json!({"used": 0})))
            .await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::CONFLICT, &json!("no_quota"))
        );
        let (_, events) = server.call(Method::GET, &path_of(&key, "events"), None).await;
        let events = events["items"].as_array().expect("events");
        let changes = events.iter().filter(|event| event["action"] == "key.quota");
        let told: Vec<&Value> = changes.map(|event| &event["changes"]["quota_used"]).collect();
        assert_eq!(
            told,
            [
                &json!({"before": 12, "after": 11}),
                &json!({"before": 12, "after": 0}),
                &json!({"before": 12, "after": 0}),
                &json!({"before": 12, "after": 9}),
            ]
        );
    }
}

#[tokio::test]
async fn defaults_accounts_and_organisations_limit_keys_too() {
    let mut server = Server::init(Engine::Sqlite).await;
    let rate = "4/1h".to_owned();
    server.environment.push(("CLAVIGER_LIMITS_DEFAULT_RATE", rate));
    server.serve().await;
    let plain = server.create(json!({})).await;
    assert_eq!(
        passing(&server, text(&plain, "secret"), 9, "RATE_LIMITED").await,
        4
    );
    let policy = json!({"limits": {"default_rate": "6/1h", "default_quota": {"limit": 2, "per": "day"}}});
    server.policy(policy).await;
    let (_, shown) = server.call(Method::GET, "/v1/policy", None).await;
    assert_eq!(shown["limits"]["default_rate"]["limit"], 6, "{shown}");
    // Two more by the policy's word, and of its quota two.
    assert_eq!(passing(&server, text(&plain, "secret"), 2, "").await, 2);
    assert_eq!(
        server.verify(text(&plain, "secret")).await["code"],
        "RATE_LIMITED"
    );
    let shown = show(&server, &plain).await;
    assert_eq!(
        (&shown["quota"]["by_default"], &shown["quota"]["used"]),
        (&json!(true), &json!(2))
    );
    server.policy(json!({"limits": null})).await;

    let body = json!({"name": "ColdTrace", "username": "coldtrace", "rate_limits": [
        {"name": "all", "limit": 3, "window": "1h"}
    ]});
    let (status, account) = server
        .call(Method::POST, "/v1/service-accounts", Some(body))
        .await;
    assert_eq!(status, StatusCode::CREATED, "{account}");
    assert_eq!(account["rate_limits"][0]["limit"], 3, "{account}");
    let mut keys = Vec::new();
    for _ in 0..2 {
        let own = json!([{"name": "own", "limit": 100, "window": "1h"}]);
        keys.push(
            server
                .create(json!({"owner": text(&account, "id"), "rate_limits": own}))
                .await,
        );
    }
    let first = passing(&server, text(&keys[0], "secret"), 2, "").await;
    assert_eq!(
        first + passing(&server, text(&keys[1], "secret"), 4, "RATE_LIMITED").await,
        3
    );
    let path = format!("/v1/service-accounts/{}", text(&account, "id"));
    let (status, _) = server
        .call(Method::PATCH, &path, Some(json!({"rate_limits": []})))
        .await;
    assert_eq!(status, StatusCode::OK);

    let (_, organisations) = server.call(Method::GET, "/v1/organisations", None).await;
    let path = format!("/v1/organisations/{}", text(&organisations["items"][0], "id"));
    let body = json!({"rate_limits": [{"name": "all", "limit": 5, "window": "1h"}]});
    let answer = crate::organisations::local(&server, Method::PATCH, &path, "", Some(body)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let first = passing(&server, text(&keys[0], "secret"), 2, "").await;
    assert_eq!(
        first + passing(&server, text(&keys[1], "secret"), 9, "RATE_LIMITED").await,
        5
    );
    let refused = server.verify(text(&keys[0], "secret")).await;
    assert_eq!(refused["limited_by"], "all", "{refused}");
    // Managing, and asking about oneself, is no use of what a key protects.
    let (status, _) = server.call(Method::GET, "/v1/keys", None).await;
    assert_eq!(status, StatusCode::OK);
    let own = server
        .door(Method::GET, "/v1/self")
        .bearer_auth(text(&keys[0], "secret"));
    assert_eq!(own.send().await.expect("an answer").status(), StatusCode::OK);
}

#[tokio::test]
async fn a_request_counts_what_it_says_and_against_the_limits_that_it_names() {
    let server = Server::start(Engine::Sqlite).await;
    let key = server
        .create(json!({
            "rate_limits": [{"name": "read", "limit": 10, "window": "1h"}, {"name": "write", "limit": 1, "window": "1h"}],
            "quota": {"limit": 100, "per": "day", "timezone": "Europe/Berlin"},
        }))
        .await;
    let ask = |more: Value| {
        let mut body = json!({"key": text(&key, "secret")});
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        server.verify_with(body)
    };
    let answer = ask(json!({"cost": 4, "rate_limits": [{"name": "read"}]})).await;
    assert_eq!(
        (&answer["code"], &answer["quota"]["remaining"]),
        (&json!("VALID"), &json!(96)),
        "{answer}"
    );
    assert_eq!(
        answer["rate_limits"],
        json!([
            {"name": "read", "scope": "key", "limit": 10, "remaining": 6, "reset_at": answer["rate_limits"][0]["reset_at"]}
        ])
    );
    // More than a limit ever holds: refused, and for good.
    let answer = ask(json!({"cost": 2})).await;
    assert_eq!(
        (&answer["code"], &answer["limited_by"], &answer["retry_after"]),
        (&json!("RATE_LIMITED"), &json!("write"), &Value::Null),
        "{answer}"
    );
    let brought =
        json!([{"name": "login:ann@example.com", "limit": 2, "window": "1m"}, {"name": "read", "cost": 1}]);
    for (code, remaining) in [("VALID", 1), ("VALID", 0), ("RATE_LIMITED", 0)] {
        let answer = ask(json!({"rate_limits": brought})).await;
        assert_eq!(answer["code"], code, "{answer}");
        assert_eq!(answer["rate_limits"][1]["remaining"], remaining, "{answer}");
    }
    let refused = server
        .door(Method::POST, "/v1/verify")
        .json(&json!({"key": text(&key, "secret"), "rate_limits": [{"name": "none"}]}));
    let refused = crate::support::Answer::of(refused).await;
    refused.refused(400, "invalid_request", "a limit that the key does not have");
    assert_eq!(
        refused.body["errors"][0]["field"], "rate_limits[0].name",
        "{}",
        refused.text
    );
}
