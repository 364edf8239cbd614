//! What was lately asked of a key can be looked up by whoever finds out why a program is refused.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{ENGINES, Server, text};

async fn requests(server: &Server, path: &str, count: usize) -> Vec<Value> {
    // They are written once a second.
    for _ in 0..100 {
        let (status, page) = server.call(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let items = page["items"].as_array().expect("items").clone();
        if items.len() >= count {
            return items;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{path}: fewer than {count} requests");
}

#[tokio::test]
async fn every_refusal_is_there_and_an_accepted_request_with_where_it_came_from() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let key = server.create(json!({"permissions": ["orders:view"]})).await;
        let (id, secret) = (text(&key, "id"), text(&key, "secret"));
        let ask = |permission: &'static str, ip: &'static str| {
            server.verify_with(json!({"key": secret, "permissions": permission, "ip": ip}))
        };
        assert_eq!(ask("orders:view", "203.0.113.9").await["code"], "VALID");
        assert_eq!(
            ask("orders:edit", "203.0.113.9").await["code"],
            "INSUFFICIENT_PERMISSIONS"
        );
        let (status, _) = server
            .call(Method::POST, &format!("/v1/keys/{id}/disable"), None)
            .await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(ask("orders:view", "2001:db8::7").await["code"], "DISABLED");

        let path = format!("/v1/keys/{id}/requests");
        let items = requests(&server, &path, 3).await;
        let told: Vec<(&str, &str)> = items
            .iter()
            .map(|item| (text(item, "code"), text(item, "ip")))
            .collect();
        assert_eq!(
            told,
            [
                ("DISABLED", "2001:db8::7"),
                ("INSUFFICIENT_PERMISSIONS", "203.0.113.9"),
                ("VALID", "203.0.113.9")
            ]
        );
        assert!(
            items
                .iter()
                .all(|item| item["key_id"] == id && !item.to_string().contains(secret))
        );

        let (_, first) = server.call(Method::GET, &format!("{path}?limit=2"), None).await;
        let cursor = text(&first, "next_cursor");
        let (_, second) = server
            .call(Method::GET, &format!("{path}?limit=2&cursor={cursor}"), None)
            .await;
        assert_eq!(second["items"], json!([items[2]]));
    }
}

#[tokio::test]
async fn a_request_tells_by_which_route_it_came_and_by_what_program() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let api = json!({
            "slug": "orders", "name": "Orders",
            "permissions": [{"name": "orders:view"}, {"name": "orders:create"}],
            "routes": [
                {"method": "GET", "path": "/orders/{id}", "requires": "orders:view"},
                {"method": "POST", "path": "/orders", "requires": "orders:create"},
            ],
        });
        let (status, api) = server.call(Method::POST, "/v1/apis", Some(api)).await;
        assert_eq!(status, StatusCode::CREATED, "{api}");
        let key = server.create(json!({"permissions": ["orders:view"]})).await;
        let (id, secret) = (text(&key, "id"), text(&key, "secret"));
        let hostile = format!("leaky/{secret}");
        for (method, path, agent, expected) in [
            ("GET", "/orders/7", "orders-sync/2.1", "VALID"),
            ("POST", "/orders", "a\0b", "INSUFFICIENT_PERMISSIONS"),
            ("GET", "/nowhere", &hostile, "INSUFFICIENT_PERMISSIONS"),
        ] {
            let asked = json!({
                "key": secret, "api": "orders", "method": method, "path": path, "user_agent": agent,
            });
            assert_eq!(
                server.verify_with(asked).await["code"],
                expected,
                "{method} {path}"
            );
        }
        let items = requests(&server, &format!("/v1/keys/{id}/requests"), 3).await;
        let told: Vec<Value> = items
            .iter()
            .map(|item| json!([item["api"], item["route"], item["user_agent"]]))
            .collect();
        assert_eq!(
            told,
            [
                json!(["orders", null, null]),
                json!(["orders", "POST /orders", null]),
                json!(["orders", "GET /orders/{id}", "orders-sync/2.1"]),
            ]
        );
    }
}

#[tokio::test]
async fn the_requests_of_an_account_are_those_of_all_its_keys_and_of_no_others() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let body = json!({"name": "ColdTrace", "username": "coldtrace"});
        let (status, account) = server
            .call(Method::POST, "/v1/service-accounts", Some(body))
            .await;
        assert_eq!(status, StatusCode::CREATED, "{account}");
        let owner = text(&account, "id");
        let mut keys = Vec::new();
        for owner in [Some(owner), Some(owner), None] {
            let body = owner.map_or(json!({}), |owner| json!({ "owner": owner }));
            let key = server.create(body).await;
            assert_eq!(server.verify(text(&key, "secret")).await["code"], "VALID");
            keys.push(text(&key, "id").to_owned());
        }
        requests(&server, &format!("/v1/keys/{}/requests", keys[2]), 1).await;
        let items = requests(&server, &format!("/v1/service-accounts/{owner}/requests"), 2).await;
        let mut seen: Vec<&str> = items.iter().map(|item| text(item, "key_id")).collect();
        seen.sort_unstable();
        assert_eq!(seen, keys[..2]);
    }
}

#[tokio::test]
async fn a_flood_leaves_a_bounded_log() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let key = server.create(json!({})).await;
        let ask = json!({"key": text(&key, "secret"), "permissions": "orders:view"});
        let body = json!({ "requests": vec![ask; 1_000] });
        for _ in 0..4 {
            let request = server
                .http
                .post(format!("{}/v1/verify/batch", server.verification))
                .json(&body);
            assert_eq!(request.send().await.expect("an answer").status(), StatusCode::OK);
            tokio::time::sleep(Duration::from_millis(1_200)).await;
        }
        let path = format!("/v1/keys/{}/requests?limit=500", text(&key, "id"));
        let items = requests(&server, &path, 100).await;
        assert_eq!(items.len(), 100);
        let usage = format!("/v1/keys/{}/usage", text(&key, "id"));
        let (_, counted) = server.call(Method::GET, &usage, None).await;
        assert_eq!(counted["total"], 4_000, "all are counted, whatever is kept");
    }
}
