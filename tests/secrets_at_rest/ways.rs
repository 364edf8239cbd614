//! Every way in which a token can come in, taken with one token: whatever is answered, it must be written down nowhere.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::gateways::{ask_from, check_over_grpc};
use crate::support::{Answer, Server};

const DOORS: [&str; 5] = ["nginx", "haproxy", "traefik", "caddy", "apisix"];

/// Presents a token everywhere. How many answers there were.
pub(super) async fn present(server: &Server, token: &str) -> usize {
    let mut asked = Vec::new();
    for door in DOORS {
        for by in [by_header, by_bearer, by_apikey, by_scheme, by_cookie] {
            asked.push(by(ask_from(server, door, "192.0.2.7"), token));
        }
        let uri = match door {
            "nginx" | "haproxy" => "x-original-uri",
            _ => "x-forwarded-uri",
        };
        let path = format!("/verify/{door}?sources=query:apikey&tell=coded");
        asked.push(
            server
                .door(Method::GET, &path)
                .header(uri, format!("/a?apikey={token}")),
        );
        // In the address of the door itself, where it does not belong.
        asked.push(server.door(Method::GET, &format!("/verify/{door}?apikey={token}")));
    }
    asked.push(by_bearer(
        server.door(Method::PUT, &format!("/verify/envoy/{token}?apikey={token}")),
        token,
    ));
    asked.extend(verifications(server, token));
    asked.extend(management(server, token));
    let count = asked.len();
    for request in asked {
        let answer = Answer::of(request).await;
        assert_ne!(answer.status, 500, "{}", answer.text);
    }
    check_over_grpc(server, token).await;
    count + 1
}

fn by_header(request: RequestBuilder, token: &str) -> RequestBuilder {
    request.header("x-api-key", token)
}

fn by_bearer(request: RequestBuilder, token: &str) -> RequestBuilder {
    request.bearer_auth(token)
}

fn by_apikey(request: RequestBuilder, token: &str) -> RequestBuilder {
    request.header("apikey", token)
}

fn by_scheme(request: RequestBuilder, token: &str) -> RequestBuilder {
    request.header("authorization", format!("OAApiKey {token}"))
}

fn by_cookie(request: RequestBuilder, token: &str) -> RequestBuilder {
    request.header("cookie", format!("key={token}"))
}

/// On the verification plane, in the body and about itself, rightly and wrongly asked.
fn verifications(server: &Server, token: &str) -> Vec<RequestBuilder> {
    let post = |path: &str| server.door(Method::POST, path);
    let form = format!("token={token}&token_type_hint=api_key");
    let encoded = "application/x-www-form-urlencoded";
    vec![
        post("/v1/verify").json(&json!({"key": token})),
        post("/v1/verify").json(&json!({"key": token, "permissions": "("})),
        post("/v1/verify").json(&json!({"key": token, "unheard": token})),
        post("/v1/verify")
            .header("content-type", "application/json")
            .body(format!("{{\"key\":\"{token}\"")),
        post("/v1/verify").body(token.to_owned()),
        post("/v1/verify").json(&json!([token])),
        post("/v1/verify/batch").json(&json!({"requests": [{"key": token}, {"key": format!("{token}x")}]})),
        by_bearer(server.door(Method::GET, "/v1/self"), token),
        by_header(server.door(Method::GET, "/v1/self"), &format!("{token} {token}")),
        by_bearer(post("/v1/self/revoke"), &format!("{token}x")),
        post("/oauth2/introspect")
            .header("content-type", encoded)
            .body(form.clone()),
        by_bearer(
            server.door(Method::GET, &format!("/nowhere/{token}?{form}")),
            token,
        ),
    ]
}

/// On the management plane and in the dialects, whose addresses may hold a token.
fn management(server: &Server, token: &str) -> Vec<RequestBuilder> {
    let ours = |method: Method, path: &str| server.request(method, path);
    let encoded = "application/x-www-form-urlencoded";
    let mut all = vec![
        ours(Method::POST, "/v1/keys/verify").json(&json!({"key": token})),
        ours(Method::POST, "/v1/verify").json(&json!({"key": token})),
        ours(Method::POST, "/v1/verify/batch").json(&json!({"requests": [{"key": token}]})),
        ours(Method::POST, "/oauth2/introspect")
            .header("content-type", encoded)
            .body(format!("token={token}")),
        ours(Method::POST, "/v1/keys").json(&json!({"name": 1, "secret": token})),
        ours(Method::POST, "/v1/keys").json(&json!({"name": "Again", "secret": token})),
        ours(Method::POST, "/v1/leaks").json(&json!({"token": format!("{token}x")})),
        ours(Method::GET, &format!("/v1/keys?q={token}")),
        ours(Method::GET, &format!("/api/apiKeys/{token}")),
        ours(Method::DELETE, &format!("/api/apiKeys/{token}x")),
        ours(Method::GET, &format!("/oslc/os/mxapiapikey?apikey={token}")),
        ours(Method::POST, "/oslc/apitoken/revoke").json(&json!({"apikey": format!("{token}x")})),
    ];
    for path in [
        "/v1/keys",
        "/v1/self",
        "/crm/api-keys",
        "/api/apiKeys",
        "/oslc/os/mxapiapikey",
    ] {
        for by in [by_header, by_bearer, by_apikey, by_scheme, by_cookie] {
            all.push(by(server.anonymous(Method::GET, path), token));
        }
        let body: Value = json!({"unheard": token});
        all.push(by_header(server.anonymous(Method::POST, path), token).json(&body));
    }
    all
}
