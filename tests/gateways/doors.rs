//! The doors themselves, asked as each kind of gateway asks.

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use super::promises::orders;
use crate::support::{Answer, Engine, Server, text};

pub(super) const IDENTITY: [&str; 7] = [
    "claviger-key-id",
    "claviger-key-name",
    "claviger-owner-type",
    "claviger-owner-id",
    "claviger-owner-name",
    "claviger-organisation",
    "claviger-permissions",
];

/// The doors, and the headers that each is believed in: method, address, client.
pub(super) const DOORS: [(&str, [&str; 3]); 5] = [
    ("nginx", ["x-original-method", "x-original-uri", "x-real-ip"]),
    ("haproxy", ["x-original-method", "x-original-uri", "x-real-ip"]),
    (
        "traefik",
        ["x-forwarded-method", "x-forwarded-uri", "x-forwarded-for"],
    ),
    (
        "caddy",
        ["x-forwarded-method", "x-forwarded-uri", "x-forwarded-for"],
    ),
    (
        "apisix",
        ["x-forwarded-method", "x-forwarded-uri", "x-forwarded-for"],
    ),
];

/// A request as a gateway asks about it.
pub(super) fn ask(server: &Server, door: &str, wish: &str, method: &str, uri: &str) -> RequestBuilder {
    let (_, names) = DOORS.into_iter().find(|(name, _)| *name == door).expect("a door");
    server
        .door(Method::GET, &format!("/verify/{door}{wish}"))
        .header(names[0], method)
        .header(names[1], uri)
        .header(names[2], "192.0.2.7")
}

/// A request of a client at this address, as a gateway asks about it.
pub(crate) fn ask_from(server: &Server, door: &str, ip: &str) -> RequestBuilder {
    let (_, names) = DOORS.into_iter().find(|(name, _)| *name == door).expect("a door");
    server
        .door(Method::GET, &format!("/verify/{door}"))
        .header(names[0], "GET")
        .header(names[1], "/")
        .header(names[2], ip)
}

fn is_told_nothing_that_stays(answer: &Answer, case: &str) {
    assert_eq!(answer.header("cache-control"), "no-store", "{case}");
    for never in ["set-cookie", "location"] {
        assert!(!answer.headers.contains_key(never), "{case}: {never}");
    }
}

#[tokio::test]
async fn every_door_lets_a_key_in_with_its_whole_identity_and_refuses_by_status() {
    let server = Server::start(Engine::Sqlite).await;
    orders(&server).await;
    let key = server
        .create(json!({"name": "-", "permissions": ["orders:view"], "networks": ["192.0.2.0/24"]}))
        .await;
    let secret = text(&key, "secret");
    for (door, _) in DOORS {
        let passes =
            Answer::of(ask(&server, door, "?api=orders", "GET", "/orders/7?x").header("x-api-key", secret))
                .await;
        assert_eq!(passes.status, 200, "{door}: {}", passes.text);
        for name in IDENTITY {
            assert!(!passes.header(name).is_empty(), "{door}: {name}");
        }
        assert_eq!(passes.header("claviger-key-id"), text(&key, "id"));
        assert_eq!(passes.header("claviger-key-name"), "%2D");
        assert_eq!(passes.text, "");
        is_told_nothing_that_stays(&passes, door);

        let nobody = Answer::of(ask(&server, door, "", "GET", "/orders/7")).await;
        nobody.refused(401, "unauthenticated", door);
        assert_eq!(nobody.header("www-authenticate"), "Bearer realm=\"claviger\"");
        let lacking = ask(&server, door, "?api=orders", "DELETE", "/orders/7").header("x-api-key", secret);
        let lacking = Answer::of(lacking).await;
        lacking.refused(403, "forbidden", door);
        is_told_nothing_that_stays(&lacking, door);
        let afar = ask(&server, door, "", "GET", "/").header("x-api-key", secret);
        assert_eq!(Answer::of(afar).await.status, 200, "{door}");
        let two = ask(&server, door, "", "GET", "/")
            .header("x-api-key", secret)
            .bearer_auth(&server.key);
        let two = Answer::of(two).await;
        let status = if door == "nginx" { 401 } else { 400 };
        assert_eq!(two.status, status, "{door}: {}", two.text);
        assert_eq!(two.body["code"], "conflicting_tokens");
    }
}

#[tokio::test]
async fn a_door_takes_any_method_and_no_other_address() {
    let server = Server::start(Engine::Sqlite).await;
    for method in [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND",
    ] {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = server
            .door(method.clone(), "/verify/caddy")
            .header("x-api-key", &server.key)
            .body("a body that nobody reads");
        assert_eq!(Answer::of(request).await.status, 200, "{method}");
    }
    for path in [
        "/verify",
        "/verify/",
        "/verify/kong",
        "/verify/nginx/",
        "/verify/nginx/x",
        "/Verify/nginx",
    ] {
        let answer = Answer::of(server.door(Method::GET, path).bearer_auth(&server.key)).await;
        answer.refused(404, "not_found", path);
    }
}

#[tokio::test]
async fn requirement_and_route_are_both_needed() {
    let server = Server::start(Engine::Sqlite).await;
    orders(&server).await;
    let key = server
        .create(json!({"permissions": ["orders:view", "extra:see"]}))
        .await;
    for (wish, method, uri, status) in [
        ("", "GET", "/anything", 200),
        ("?require=extra:see", "GET", "/anything", 200),
        ("?require=extra:see+AND+orders:view", "GET", "/anything", 200),
        ("?require=other:see", "GET", "/anything", 403),
        ("?api=orders&require=extra:see", "GET", "/orders/7", 200),
        ("?api=orders&require=other:see", "GET", "/orders/7", 403),
        ("?api=orders&require=extra:see", "DELETE", "/orders/7", 403),
        ("?api=orders", "HEAD", "/orders/7?page=2", 200),
        ("?api=orders", "GET", "/nowhere", 403),
        ("?api=orders", "get", "/orders/7", 403),
        ("?api=nothing", "GET", "/orders/7", 403),
        ("?api=%20", "GET", "/orders/7", 403),
    ] {
        let request = ask(&server, "haproxy", wish, method, uri).header("x-api-key", text(&key, "secret"));
        assert_eq!(Answer::of(request).await.status, status, "{wish} {method} {uri}");
    }
}

#[tokio::test]
async fn a_change_of_an_api_counts_at_once() {
    let server = Server::start(Engine::Sqlite).await;
    orders(&server).await;
    let key = server.create(json!({"permissions": ["orders:view"]})).await;
    let passes = async || {
        let request = ask(&server, "caddy", "?api=orders", "GET", "/orders/7");
        Answer::of(request.header("x-api-key", text(&key, "secret")))
            .await
            .status
            == 200
    };
    assert!(passes().await);
    let (_, list) = server.call(Method::GET, "/v1/apis", None).await;
    let path = format!("/v1/apis/{}", text(&list["items"][0], "id"));
    for (patch, expected) in [
        (json!({"enabled": false}), false),
        (json!({"enabled": true}), true),
        (
            json!({"routes": [{"method": "GET", "path": "/orders/{id}", "requires": "orders:delete"}]}),
            false,
        ),
        (
            json!({"routes": [{"method": "*", "path": "/orders/{*all}", "requires": "orders:view"}]}),
            true,
        ),
        (json!({"slug": "purchases"}), false),
    ] {
        let (status, body) = server.call(Method::PATCH, &path, Some(patch.clone())).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(passes().await, expected, "{patch}");
    }
}

#[tokio::test]
async fn envoys_http_service_asks_with_the_request_itself() {
    let server = Server::start(Engine::Sqlite).await;
    orders(&server).await;
    let key = server.create(json!({"permissions": ["orders:view"]})).await;
    let ask = |method: Method, path: &str, wish: &str| {
        let request = server.door(method, &format!("/verify/envoy{path}"));
        request
            .header("claviger-door", wish.to_owned())
            .header("x-api-key", text(&key, "secret"))
    };
    for (method, path, wish, status) in [
        (Method::GET, "/orders/7?x=1", "api=orders", 200),
        (Method::DELETE, "/orders/7", "api=orders", 403),
        (Method::DELETE, "/orders/7", "", 200),
        (Method::GET, "/orders//7", "", 403),
        (Method::GET, "/orders/7?api=nothing", "api=orders", 200),
        (Method::GET, "/orders/7", "apis=orders", 400),
    ] {
        let answer = Answer::of(ask(method.clone(), path, wish)).await;
        assert_eq!(answer.status, status, "{method} {path} {wish}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_refusal_tells_more_only_to_who_presented_a_key_that_there_is() {
    let server = Server::start(Engine::Sqlite).await;
    orders(&server).await;
    let unknown = "sk_live_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let [key, revoked, disabled] = [
        server.create(json!({"permissions": ["orders:view"]})).await,
        server.create(json!({})).await,
        server.create(json!({})).await,
    ];
    for (key, verb) in [(&revoked, "revoke"), (&disabled, "disable")] {
        let path = format!("/v1/keys/{}/{verb}", text(key, "id"));
        let (status, body) = server.call(Method::POST, &path, None).await;
        assert_eq!(status, 200, "{body}");
    }
    let cases = [
        ("", None, 401, "TOKEN_MISSING"),
        ("", Some(unknown), 401, "TOKEN_INVALID"),
        ("", Some("x"), 401, "TOKEN_INVALID"),
        ("", Some(text(&revoked, "secret")), 401, "TOKEN_REVOKED"),
        ("", Some(text(&disabled, "secret")), 401, "TOKEN_DISABLED"),
        (
            "&owner=service_account",
            Some(text(&key, "secret")),
            403,
            "GUARD_MISMATCH",
        ),
        (
            "&require=orders:delete",
            Some(text(&key, "secret")),
            403,
            "INSUFFICIENT_PERMISSIONS",
        ),
        ("&api=other", Some(text(&key, "secret")), 403, "API_UNAVAILABLE"),
        ("&api=orders", Some(text(&key, "secret")), 403, "NO_ROUTE"),
    ];
    for (wish, token, status, code) in cases {
        let asked = |wish: &str| {
            let request = ask(&server, "traefik", wish, "GET", "/elsewhere");
            match token {
                Some(token) => request.header("x-api-key", token),
                None => request,
            }
        };
        let coded = Answer::of(asked(&format!("?tell=coded{wish}"))).await;
        assert_eq!(
            (coded.status.as_u16(), coded.body["code"].as_str()),
            (status, Some(code)),
            "{}",
            coded.text
        );
        assert_eq!(coded.header("claviger-code"), code);
        assert_eq!(
            coded.body["missing"].as_str(),
            (code == "INSUFFICIENT_PERMISSIONS").then_some("orders:delete")
        );
        let generic = Answer::of(asked(&format!("?tell=generic{wish}"))).await;
        assert_eq!(generic.status, status);
        assert!(
            !generic.text.contains(code) && !generic.headers.contains_key("claviger-code"),
            "{}",
            generic.text
        );
        let expected = if status == 401 {
            "unauthenticated"
        } else {
            "forbidden"
        };
        assert_eq!(generic.body["code"], expected);
        if status == 401 && token.is_some() {
            assert!(
                coded
                    .header("www-authenticate")
                    .ends_with("error=\"invalid_token\"")
            );
        }
    }
}

#[tokio::test]
async fn a_preflight_passes_only_where_the_door_says_so() {
    let server = Server::start(Engine::Sqlite).await;
    let preflight = |wish: &str, method: &str| {
        ask(&server, "caddy", wish, method, "/orders/7")
            .header("origin", "https://shop.example")
            .header("access-control-request-method", "GET")
    };
    assert_eq!(Answer::of(preflight("", "OPTIONS")).await.status, 401);
    let passes = Answer::of(preflight("?preflight=pass", "OPTIONS")).await;
    assert_eq!(passes.status, 200);
    for name in IDENTITY {
        assert_eq!(passes.header(name), "-", "{name}");
    }
    assert_eq!(
        Answer::of(preflight("?preflight=pass", "GET")).await.status,
        401,
        "no preflight"
    );
    let plain = ask(&server, "caddy", "?preflight=pass", "OPTIONS", "/orders/7")
        .header("origin", "https://shop.example");
    assert_eq!(Answer::of(plain).await.status, 401, "no preflight");
    let strange = ask(&server, "caddy", "?preflight=pass", "OPTIONS", "/a//b")
        .header("origin", "https://shop.example")
        .header("access-control-request-method", "GET");
    assert_eq!(Answer::of(strange).await.status, 403, "an ambiguous path");
    let with_key = preflight("?preflight=pass", "OPTIONS").header("x-api-key", "sk_live_unknown");
    assert_eq!(
        Answer::of(with_key).await.status,
        401,
        "a key is looked at where there is one"
    );
}

#[tokio::test]
async fn query_and_cookie_count_only_where_door_and_policy_let_them() {
    let server = Server::start(Engine::Sqlite).await;
    let key = server.create(json!({})).await;
    let secret = text(&key, "secret");
    let uri = format!("/orders?x=1&apikey={secret}");
    let by_query = async |wish: &str| {
        Answer::of(ask(&server, "nginx", wish, "GET", &uri))
            .await
            .status
            .as_u16()
    };
    let by_cookie = async |wish: &str| {
        let request =
            ask(&server, "nginx", wish, "GET", "/").header("cookie", format!("a=b; sample={secret}"));
        Answer::of(request).await.status.as_u16()
    };
    assert_eq!((by_query("").await, by_cookie("").await), (401, 401));
    assert_eq!(
        by_query("?sources=query:apikey").await,
        401,
        "the policy does not accept it"
    );
    assert_eq!(
        by_cookie("?sources=cookie:sample").await,
        401,
        "the policy does not accept it"
    );
    server
        .policy(json!({"accept": {"sources": ["query:apikey", "cookie"]}}))
        .await;
    assert_eq!(
        (by_query("").await, by_cookie("").await),
        (401, 401),
        "the door does not look there"
    );
    assert_eq!(by_query("?sources=bearer,query:apikey").await, 200);
    assert_eq!(by_cookie("?sources=cookie:sample").await, 200);
    assert_eq!(by_cookie("?sources=cookie:other").await, 401);
    let header = ask(&server, "nginx", "", "GET", "/").header("x-api-key", secret);
    assert_eq!(
        Answer::of(header).await.status,
        401,
        "the policy accepts these ways alone"
    );
}

#[tokio::test]
async fn the_gateways_token_is_wanted_where_it_is_set() {
    let mut server = Server::init(Engine::Sqlite).await;
    server.environment.push((
        "CLAVIGER_VERIFICATION_GATEWAY_TOKEN",
        "sample-gateway-token".to_owned(),
    ));
    server.serve().await;
    let request = || ask(&server, "caddy", "", "GET", "/").header("x-api-key", &server.key);
    Answer::of(request())
        .await
        .refused(401, "gateway_unauthenticated", "no token");
    let known = request().header("claviger-gateway-token", "sample-gateway-token");
    assert_eq!(Answer::of(known).await.status, 200);
}

#[tokio::test]
async fn verify_takes_an_api_with_method_and_path() {
    let server = Server::start(Engine::Sqlite).await;
    orders(&server).await;
    let key = server.create(json!({"permissions": ["orders:view"]})).await;
    let ask = async |method: &str, path: &str, api: &str| {
        let told = server
            .verify_with(json!({"key": text(&key, "secret"), "api": api, "method": method, "path": path}))
            .await;
        let why = told["missing"].as_str().or(told["reason"].as_str());
        format!("{} {}", text(&told, "code"), why.unwrap_or_default())
    };
    assert_eq!(ask("GET", "/orders/7", "orders").await, "VALID ");
    assert_eq!(
        ask("DELETE", "/orders/7", "orders").await,
        "INSUFFICIENT_PERMISSIONS orders:delete"
    );
    assert_eq!(
        ask("PUT", "/orders/7", "orders").await,
        "INSUFFICIENT_PERMISSIONS no_route"
    );
    assert_eq!(
        ask("GET", "/orders/%2e", "orders").await,
        "INSUFFICIENT_PERMISSIONS ambiguous_path"
    );
    assert_eq!(
        ask("GET", "/orders/7", "other").await,
        "INSUFFICIENT_PERMISSIONS api_unavailable"
    );
    for body in [
        json!({"key": "x", "api": "orders"}),
        json!({"key": "x", "api": "orders", "method": "GET"}),
        json!({"key": "x", "api": "Orders!", "method": "GET", "path": "/"}),
    ] {
        let request = server.door(Method::POST, "/v1/verify").json(&body);
        Answer::of(request)
            .await
            .refused(400, "invalid_request", &body.to_string());
    }
}

#[tokio::test]
async fn a_limit_that_is_used_up_is_told_in_the_words_that_the_gateway_lets_through() {
    let server = Server::start(Engine::Sqlite).await;
    for (door, _) in DOORS {
        let limits = json!([{"name": "requests", "limit": 1, "window": "1h"}]);
        let key = server.create(json!({ "rate_limits": limits })).await;
        let request = || ask(&server, door, "", "GET", "/").header("x-api-key", text(&key, "secret"));
        let passes = Answer::of(request()).await;
        assert_eq!(passes.status, 200, "{door}: {}", passes.text);
        assert_eq!(passes.header("ratelimit-policy"), "\"requests\";q=1;w=3600");
        let refused = Answer::of(request()).await;
        let status = if door == "nginx" { 403 } else { 429 };
        assert_eq!(refused.status, status, "{door}: {}", refused.text);
        assert_eq!(refused.body["status"], 429, "{door}");
        let said = if door == "nginx" { "429" } else { "" };
        assert_eq!(refused.header("claviger-status"), said, "{door}");
        let wait: u32 = refused.header("retry-after").parse().expect("seconds");
        assert!((1..=3600).contains(&wait), "{door}: {wait}");
        is_told_nothing_that_stays(&refused, door);
    }
}
