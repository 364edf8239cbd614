//! What a hostile client, or a gateway that is set up wrongly, might send to a door.

use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::json;

use super::doors::{DOORS, ask};
use super::promises::orders;
use crate::support::{Answer, Engine, Server, text};

#[tokio::test]
async fn a_door_that_cannot_be_understood_lets_nobody_in() {
    let server = Server::start(Engine::Sqlite).await;
    for wish in [
        "?apis=orders",
        "?require=",
        "?require=a",
        "?require=a%3A%2A",
        "?require=a:b&require=c:d",
        "?owner=robot",
        "?tell=all",
        "?sources=header:x",
        "?preflight=yes",
        "?paths=any&api=orders",
        "?x",
    ] {
        let request = server
            .door(Method::GET, &format!("/verify/nginx{wish}"))
            .bearer_auth(&server.key);
        Answer::of(request).await.refused(400, "invalid_request", wish);
    }
}

#[tokio::test]
async fn an_ambiguous_path_is_refused_whoever_asks() {
    let server = Server::start(Engine::Sqlite).await;
    orders(&server).await;
    for (door, _) in DOORS {
        for uri in [
            "//orders/7",
            "/orders//7",
            "/x/../orders/7",
            "/./orders/7",
            "/orders/%2e%2e/x",
            "/orders/7;a=b",
            "/orders/%2f",
            "/orders/7%00",
            "/orders\\7",
            "/orders/%zz",
            "http://orders.example/orders/7",
            "orders/7",
            "*",
            "/orders/7#x",
            "/orders/%c3%28|",
            "/ordérs/7",
        ] {
            for wish in ["", "?api=orders", "?require=claviger:keys.read"] {
                let request = ask(&server, door, wish, "GET", uri).header("x-api-key", &server.key);
                let answer = Answer::of(request).await;
                assert_eq!(answer.status, 403, "{door}{wish} {uri}: {}", answer.text);
            }
        }
        let any = ask(&server, door, "?paths=any", "GET", "/a;b//c").header("x-api-key", &server.key);
        assert_eq!(
            Answer::of(any).await.status,
            200,
            "{door}: whoever configures it may let them in"
        );
    }
}

#[tokio::test]
async fn what_is_missing_twice_or_unreadable_is_no_path() {
    let server = Server::start(Engine::Sqlite).await;
    orders(&server).await;
    let key = server
        .create(json!({"permissions": ["orders:view"], "networks": ["192.0.2.0/24"]}))
        .await;
    let secret = text(&key, "secret");
    let whole = ask(&server, "nginx", "?api=orders", "GET", "/orders/7");
    assert_eq!(Answer::of(whole.header("x-api-key", secret)).await.status, 200);
    let bytes = |bytes: &[u8]| HeaderValue::from_bytes(bytes).expect("a value");
    let cases: [(&str, Vec<(&str, HeaderValue)>); 8] = [
        ("nothing", vec![]),
        ("no address", vec![("x-original-method", bytes(b"GET"))]),
        ("no method", vec![("x-original-uri", bytes(b"/orders/7"))]),
        (
            "two addresses",
            vec![
                ("x-original-method", bytes(b"GET")),
                ("x-original-uri", bytes(b"/orders/7")),
                ("x-original-uri", bytes(b"/orders/8")),
            ],
        ),
        (
            "two methods",
            vec![
                ("x-original-method", bytes(b"GET")),
                ("x-original-method", bytes(b"DELETE")),
                ("x-original-uri", bytes(b"/orders/7")),
            ],
        ),
        (
            "no UTF-8",
            vec![
                ("x-original-method", bytes(b"GET")),
                ("x-original-uri", bytes(b"/orders/\xff\xfe")),
            ],
        ),
        (
            "another gateway's headers",
            vec![
                ("x-forwarded-method", bytes(b"GET")),
                ("x-forwarded-uri", bytes(b"/orders/7")),
            ],
        ),
        (
            "a long one",
            vec![
                ("x-original-method", bytes(b"GET")),
                ("x-original-uri", bytes(&[b'/'; 9000])),
            ],
        ),
    ];
    for (case, headers) in cases {
        let mut request = server
            .door(Method::GET, "/verify/nginx?api=orders")
            .header("x-real-ip", "192.0.2.7");
        for (name, value) in headers {
            request = request.header(
                HeaderName::from_static(match name {
                    "x-original-method" => "x-original-method",
                    "x-original-uri" => "x-original-uri",
                    "x-forwarded-method" => "x-forwarded-method",
                    _ => "x-forwarded-uri",
                }),
                value,
            );
        }
        let answer = Answer::of(request.header("x-api-key", secret)).await;
        assert_eq!(answer.status, 403, "{case}: {}", answer.text);
    }
    for ip in [
        None,
        Some("nonsense"),
        Some("192.0.2.7, 192.0.2.7"),
        Some("203.0.113.9"),
    ] {
        let mut request = server
            .door(Method::GET, "/verify/nginx")
            .header("x-api-key", secret);
        if let Some(ip) = ip {
            request = request.header("x-real-ip", ip);
        }
        assert_eq!(Answer::of(request).await.status, 403, "{ip:?}");
    }
    let huge = server
        .door(Method::GET, "/verify/nginx")
        .header("x-original-uri", "/a".repeat(40_000));
    assert_eq!(Answer::of(huge).await.status, 431);
}

#[tokio::test]
async fn nobody_is_believed_who_is_no_gateway() {
    let mut server = Server::init(Engine::Sqlite).await;
    server
        .environment
        .push(("CLAVIGER_DOORS_GATEWAYS", "198.51.100.0/24".to_owned()));
    server.serve().await;
    orders(&server).await;
    let key = server
        .create(json!({"permissions": ["orders:view"], "networks": ["192.0.2.0/24"]}))
        .await;
    for (door, _) in DOORS {
        let request = ask(&server, door, "", "GET", "/").header("x-api-key", text(&key, "secret"));
        assert_eq!(
            Answer::of(request).await.status,
            403,
            "{door}: its word about the address"
        );
        let request = ask(&server, door, "?api=orders", "GET", "/orders/7").header("x-api-key", &server.key);
        assert_eq!(
            Answer::of(request).await.status,
            403,
            "{door}: its word about the path"
        );
        let request = ask(&server, door, "", "GET", "/").header("x-api-key", &server.key);
        assert_eq!(
            Answer::of(request).await.status,
            200,
            "{door}: the key alone is looked at"
        );
    }
    let behind = server
        .door(Method::GET, "/verify/envoy/orders/7")
        .header("x-api-key", &server.key);
    assert_eq!(Answer::of(behind).await.status, 403);
}

#[tokio::test]
async fn an_identity_fits_into_headers_however_long_it_is() {
    let server = Server::start(Engine::Sqlite).await;
    let permissions: Vec<String> = (0..200).map(|n| format!("resource{n}:read")).collect();
    let key = server
        .create(json!({"name": "ü".repeat(100), "permissions": permissions}))
        .await;
    let request = ask(&server, "nginx", "", "GET", "/").header("x-api-key", text(&key, "secret"));
    let answer = Answer::of(request).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let told = answer.header("claviger-permissions");
    assert!(told.len() <= 1024 && told.ends_with(",..."), "{told}");
    let named: Vec<&str> = told.split(',').collect();
    assert!(
        named[..named.len() - 1]
            .iter()
            .all(|name| permissions.iter().any(|known| known == name)),
        "{told}"
    );
    assert_eq!(answer.header("claviger-key-name"), "%C3%BC".repeat(100));
    let without = server.create(json!({})).await;
    let request = ask(&server, "nginx", "", "GET", "/").header("x-api-key", text(&without, "secret"));
    assert_eq!(Answer::of(request).await.header("claviger-permissions"), "-");
}

#[tokio::test]
async fn what_is_asked_for_beside_a_path_stands_there_once() {
    let server = Server::start(Engine::Sqlite).await;
    let request = server
        .door(Method::GET, "/verify/envoy/orders/7")
        .bearer_auth(&server.key)
        .header("claviger-door", "tell=coded");
    let twice = request
        .try_clone()
        .expect("a request")
        .header("claviger-door", "require=a:b");
    assert_eq!(Answer::of(request).await.status, 200);
    Answer::of(twice)
        .await
        .refused(400, "invalid_request", "two of them");
}
