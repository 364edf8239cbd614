//! What every gateway must keep, asked of each in the same words.

use std::net::SocketAddr;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::parts::{Gateway, Reply, application, host, silence, verifier};
use crate::support::{Engine, Server, text};

/// Claviger with an API and keys, and an application behind the gateway to come.
pub(super) struct World {
    pub(super) server: Server,
    pub(super) application: SocketAddr,
    /// May see orders, not delete them.
    pub(super) reader: Value,
}

impl World {
    pub(super) async fn new() -> Self {
        let mut server = Server::init(Engine::Sqlite).await;
        server.environment.push((
            "CLAVIGER_DOORS_SOURCES",
            "header:X-API-Key,bearer,header:apikey,scheme:OAApiKey,query:apikey".to_owned(),
        ));
        server.serve().await;
        orders(&server).await;
        let sources = [
            "header:X-API-Key",
            "bearer",
            "header:apikey",
            "scheme:OAApiKey",
            "query:apikey",
        ];
        server.policy(json!({"accept": {"sources": sources}})).await;
        let reader = server
            .create(json!({"name": "Läs order", "permissions": ["orders:view"]}))
            .await;
        Self {
            server,
            application: application().await,
            reader,
        }
    }

    /// Where the verification listener is, as configurations write it.
    pub(super) fn verifier(&self) -> String {
        host(&self.server.verification)
    }

    fn secret(&self) -> &str {
        text(&self.reader, "secret")
    }
}

/// An API with two routes.
pub(super) async fn orders(server: &Server) {
    let api = json!({
        "slug": "orders", "name": "Orders",
        "permissions": [{"name": "orders:view"}, {"name": "orders:delete"}],
        "routes": [
            {"method": "GET", "path": "/orders/{id}", "requires": "orders:view"},
            {"method": "DELETE", "path": "/orders/{id}", "requires": "orders:delete"},
            {"method": "POST", "path": "/orders", "requires": "orders:view"},
        ],
    });
    let (status, body) = server.call(Method::POST, "/v1/apis", Some(api)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
}

fn refused(reply: &Reply, status: u16, case: &str) {
    assert_eq!(reply.status, status, "{case}: {reply:?}");
    assert_eq!(reply.line(), "", "{case}: it reached the application");
    assert_eq!(reply.header("set-cookie"), "", "{case}");
    assert_eq!(reply.header("location"), "", "{case}");
}

/// Allow, deny, and nobody's word about who they are but Claviger's.
pub(super) async fn judges(gateway: &Gateway, world: &World) {
    let (secret, id) = (world.secret(), text(&world.reader, "id"));
    let head = "Host: orders.example";

    let reply = gateway
        .send(&format!(
            "GET /orders/7?x=1 HTTP/1.1\n{head}\nX-API-Key: {secret}"
        ))
        .await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.line(), "GET /orders/7?x=1 HTTP/1.1");
    assert_eq!(reply.told("claviger-key-id"), [id]);
    assert_eq!(reply.told("claviger-key-name"), ["L%C3%A4s%20order"]);
    assert_eq!(reply.told("claviger-owner-type"), ["organisation"]);
    assert_eq!(reply.told("claviger-owner-name"), ["Sample%20Ltd"]);
    assert_eq!(reply.told("claviger-organisation"), ["sample-ltd"]);
    assert_eq!(reply.told("claviger-permissions"), ["orders:view"]);
    assert_eq!(reply.told("claviger-owner-id").len(), 1);
    for gone in ["x-api-key", "authorization", "apikey"] {
        assert!(reply.told(gone).is_empty(), "{gone} reached the application");
    }

    let bearer = format!("GET /orders/7 HTTP/1.1\n{head}\nAuthorization: Bearer {secret}");
    let reply = gateway.send(&bearer).await;
    assert_eq!(
        (reply.status, reply.told("authorization").len()),
        (200, 0),
        "{reply:?}"
    );
    let foreign =
        format!("GET /orders/7 HTTP/1.1\n{head}\nAuthorization: Bearer ey.a.b\nX-API-Key: {secret}");
    let reply = gateway.send(&foreign).await;
    assert_eq!(reply.told("authorization"), ["Bearer ey.a.b"], "{reply:?}");
    let body = format!("POST /orders HTTP/1.1\n{head}\nX-API-Key: {secret}\nContent-Length: 2\n\n{{}}");
    assert_eq!(gateway.send(&body).await.status, 200, "a request with a body");

    let reply = gateway.send(&format!("GET /orders/7 HTTP/1.1\n{head}")).await;
    refused(&reply, 401, "no key");
    assert!(
        reply.header("www-authenticate").starts_with("Bearer"),
        "{reply:?}"
    );
    for token in ["sk_live_unknown", "x", &format!("{secret}0")] {
        let reply = gateway
            .send(&format!("GET /orders/7 HTTP/1.1\n{head}\nX-API-Key: {token}"))
            .await;
        refused(&reply, 401, token);
    }
    for (line, case) in [
        ("DELETE /orders/7", "a permission that it lacks"),
        ("GET /nowhere", "no route"),
        ("GET /orders/7;x=1", "a path with parameters"),
        ("GET /orders/%2e%2e%2fadmin", "an encoded way up"),
    ] {
        let reply = gateway
            .send(&format!("{line} HTTP/1.1\n{head}\nX-API-Key: {secret}"))
            .await;
        // Some gateways refuse such a path by themselves.
        let status = if reply.status == 400 { 400 } else { 403 };
        refused(&reply, status, case);
    }
}

/// What a client says of itself never reaches the application.
pub(super) async fn believes_no_client(gateway: &Gateway, world: &World) {
    let (secret, id) = (world.secret(), text(&world.reader, "id"));
    for spoof in [
        "Claviger-Key-Id: forged",
        "claviger-key-id: forged\nCLAVIGER-KEY-ID: forged",
        "Claviger_Key_Id: forged\nclaviger_owner_type: user",
        "Claviger-Owner-Type: user\nClaviger-Permissions: *\nClaviger-Organisation: other",
        "Connection: Claviger-Key-Id, Claviger-Owner-Type, keep-alive",
        "Connection: close, claviger-key-id\nClaviger-Key-Id: forged",
        "Claviger-Gateway-Token: forged\nClaviger-Door: require=\nClaviger-Status: 200",
    ] {
        let request = format!("GET /orders/7 HTTP/1.1\nHost: a.example\nX-API-Key: {secret}\n{spoof}");
        let reply = gateway.send(&request).await;
        // A gateway may refuse what it does not like; what it lets through must be true.
        if reply.status == 400 {
            refused(&reply, 400, spoof);
            continue;
        }
        assert_eq!(reply.status, 200, "{spoof}: {reply:?}");
        assert_eq!(reply.told("claviger-key-id"), [id], "{spoof}");
        assert_eq!(reply.told("claviger-owner-type"), ["organisation"], "{spoof}");
        assert_eq!(reply.told("claviger-permissions"), ["orders:view"], "{spoof}");
        let all = reply.seen["headers"].to_string().to_lowercase();
        for gone in [
            "forged",
            "claviger_",
            "claviger-gateway-token",
            "claviger-door",
            "claviger-status",
        ] {
            assert!(
                !all.contains(gone),
                "{spoof}: {gone} reached the application: {all}"
            );
        }
        let without = request.replace(&format!("X-API-Key: {secret}\n"), "");
        refused(&gateway.send(&without).await, 401, spoof);
    }
    // Where it comes from and what it asks for, as its sender would have it.
    let request = format!(
        "DELETE /orders/7 HTTP/1.1\nHost: a.example\nX-API-Key: {secret}\nX-Original-Method: GET\nX-Forwarded-Method: GET\n\
         X-Original-URI: /orders/1\nX-Forwarded-Uri: /orders/1\nX-HTTP-Method-Override: GET\nX-Real-IP: 203.0.113.9\n\
         X-Forwarded-For: 203.0.113.9"
    );
    refused(&gateway.send(&request).await, 403, "a forged method");
    let bound = world
        .server
        .create(json!({"permissions": ["orders:view"], "networks": ["203.0.113.0/24"]}))
        .await;
    let request = request
        .replace("DELETE", "GET")
        .replace(secret, text(&bound, "secret"));
    refused(&gateway.send(&request).await, 403, "a forged address");
    let near = world
        .server
        .create(json!({"permissions": ["orders:view"], "networks": ["127.0.0.0/8"]}))
        .await;
    let request = request.replace(text(&bound, "secret"), text(&near, "secret"));
    assert_eq!(
        gateway.send(&request).await.status,
        200,
        "the true address counts"
    );
}

/// A key in the address ends at the gateway, and stands in no log of it.
pub(super) async fn keeps_keys_out_of_addresses(gateway: &Gateway, world: &World, log: &str) {
    let secret = world.secret();
    for (query, left) in [
        (format!("?apikey={secret}"), ""),
        (format!("?apikey={secret}&x=1"), "?x=1"),
        (format!("?x=1&apikey={secret}"), "?x=1"),
        (format!("?x=1&apikey={secret}&y=%20z"), "?x=1&y=%20z"),
    ] {
        let reply = gateway
            .send(&format!("GET /orders/7{query} HTTP/1.1\nHost: a.example"))
            .await;
        assert_eq!(reply.status, 200, "{query}: {reply:?}");
        assert_eq!(reply.line(), format!("GET /orders/7{left} HTTP/1.1"));
        assert_eq!(reply.told("claviger-key-id"), [text(&world.reader, "id")]);
    }
    let twice = format!("GET /orders/7?apikey={secret}&y=1&apikey={secret} HTTP/1.1\nHost: a.example");
    let reply = gateway.send(&twice).await;
    assert!(!reply.seen.to_string().contains(secret), "{reply:?}");
    let unknown = "GET /orders/unknown?apikey=sk_live_nobodys HTTP/1.1\nHost: a.example";
    refused(&gateway.send(unknown).await, 401, "an unknown key in the address");
    let last = format!(
        "GET /orders/last HTTP/1.1\nHost: a.example\nX-API-Key: {secret}\nReferer: http://a.example/"
    );
    assert_eq!(gateway.send(&last).await.status, 200);
    let written = gateway.log_with(log, "/orders/last").await;
    assert!(written.contains("/orders/7"), "{written}");
    assert!(!written.contains(secret), "the key stands in the log: {written}");
    assert!(
        !written.contains("sk_live_nobodys"),
        "an unknown key stands in the log: {written}"
    );
}

/// Whoever has used up a limit is told so, and when to come again.
pub(super) async fn holds_limits(gateway: &Gateway, world: &World, shows_what_is_left: bool) {
    let limits = json!([{"name": "requests", "limit": 2, "window": "1h"}]);
    let key = world
        .server
        .create(json!({"permissions": ["orders:view"], "rate_limits": limits}))
        .await;
    let request = format!(
        "GET /orders/7 HTTP/1.1\nHost: a.example\nX-API-Key: {}",
        text(&key, "secret")
    );
    for left in [1, 0] {
        let reply = gateway.send(&request).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        if shows_what_is_left {
            assert_eq!(reply.header("ratelimit-policy"), "\"requests\";q=2;w=3600");
            let told = reply.header("ratelimit");
            assert!(told.starts_with(&format!("\"requests\";r={left}")), "{told}");
        }
    }
    let reply = gateway.send(&request).await;
    refused(&reply, 429, "a limit that is used up");
    let wait: u32 = reply.header("retry-after").parse().expect("seconds");
    assert!((1..=3600).contains(&wait), "{reply:?}");
    assert!(
        reply.header("ratelimit").starts_with("\"requests\";r=0"),
        "{reply:?}"
    );
}

/// A gateway of one kind at some verifier.
pub(super) trait Kind {
    /// Starts it.
    async fn start(&self, verifier: &str, application: SocketAddr) -> Gateway;
}

/// Without an answer nobody passes: verifier gone, verifier silent, verifier that fails.
pub(super) async fn fails_closed(kind: &impl Kind) {
    let application = application().await;
    let gone = format!("127.0.0.1:{}", super::parts::free_port());
    let error = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let moved = "HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    for (case, verifier) in [
        ("gone", gone),
        ("silent", silence().await.to_string()),
        ("failing", verifier(error).await.to_string()),
        ("strange", verifier(moved).await.to_string()),
    ] {
        let gateway = kind.start(&verifier, application).await;
        let reply = gateway
            .send(
                "GET /orders/7 HTTP/1.1\nHost: a.example\nX-API-Key: sk_live_sample\nClaviger-Key-Id: forged",
            )
            .await;
        assert_ne!(reply.status, 200, "{case}: {reply:?}");
        assert_eq!(reply.line(), "", "{case}: it reached the application");
    }
}
