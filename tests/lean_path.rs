//! The lean path answers what hyper would, byte for byte, but for the time and the request's id.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{ENGINES, Server, text};

/// An answer as it came: its first line, its headers, its body.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    status: String,
    headers: BTreeSet<String>,
    body: String,
}

/// Without the ids of requests, the date, and what is left of a limit.
fn masked(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("req_") {
        let end = rest[at + 4..]
            .find(|c: char| !c.is_ascii_alphanumeric())
            .map_or(rest.len(), |length| at + 4 + length);
        out.push_str(&rest[..at]);
        out.push_str("req_…");
        rest = &rest[end..];
    }
    out.push_str(rest);
    match out.split_once(": ") {
        Some((name @ ("date" | "ratelimit"), _)) => format!("{name}: …"),
        _ => match out.split_once("\"remaining\":") {
            // The rest of a verification's answer is about limits and what they leave.
            Some((before, _)) => before.to_owned(),
            None => out,
        },
    }
}

async fn receive(stream: &mut TcpStream) -> Said {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a head"));
    }
    let head = String::from_utf8(head).expect("text");
    let mut lines = head.trim_end().split("\r\n");
    let status = lines.next().unwrap_or_default().to_owned();
    let headers: Vec<&str> = lines.collect();
    let length = headers
        .iter()
        .find_map(|line| line.strip_prefix("content-length: "))
        .expect("a length");
    let mut body = vec![0; length.parse().expect("a number")];
    stream.read_exact(&mut body).await.expect("a body");
    let length = |line: &&&str| !line.starts_with("content-length");
    Said {
        status,
        headers: headers.iter().filter(length).map(|line| masked(line)).collect(),
        body: masked(&String::from_utf8(body).expect("text")),
    }
}

/// What is answered on a connection of its own: on the lean path, or by hyper, which goes on after a request that is not usual.
async fn ask(address: &str, request: &str, by_hyper: bool) -> Said {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    if by_hyper {
        let first = "GET /healthz HTTP/1.1\r\nhost: sample\r\n\r\n";
        stream.write_all(first.as_bytes()).await.expect("a write");
        assert!(receive(&mut stream).await.status.contains("200"));
    }
    stream.write_all(request.as_bytes()).await.expect("a write");
    receive(&mut stream).await
}

fn get(target: &str, headers: &[(&str, &str)]) -> String {
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    format!("GET {target} HTTP/1.1\r\nhost: sample\r\n{lines}\r\n")
}

fn post(kind: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /v1/verify HTTP/1.1\r\nhost: sample\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn every_answer_of_the_lean_path_is_that_of_hyper() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let api = json!({"slug": "orders", "name": "Orders", "permissions": [{"name": "orders:view"}, {"name": "orders:edit"}],
            "routes": [{"method": "GET", "path": "/orders", "requires": "orders:view"}]});
        let (_, made) = server.call(Method::POST, "/v1/apis", Some(api)).await;
        assert_eq!(made["slug"], "orders", "{made}");
        let account = json!({"name": "Weiß & Söhne", "username": "weiss"});
        let (_, account) = server
            .call(Method::POST, "/v1/service-accounts", Some(account))
            .await;
        let limits = json!([{"name": "bursts", "limit": 100_000, "window": "1h"}]);
        let key = server
            .create(
                json!({"name": "Billing sync – EU", "permissions": ["orders:view"], "rate_limits": limits}),
            )
            .await;
        let owned = server
            .create(json!({"name": "-", "permissions": ["orders:view"], "owner": account["id"]}))
            .await;
        let off = server.create(json!({"name": "Off"})).await;
        let disable = crate::support::path_of(&off, "disable");
        server.call(Method::POST, &disable, None).await;
        let spent = server
            .create(json!({"name": "Spent", "quota": {"limit": 1, "per": "total"}}))
            .await;
        let [key, owned, off, spent] = [&key, &owned, &off, &spent].map(|key| text(key, "secret").to_owned());
        server.verify(&spent).await;
        let unknown = format!("{}zz", &key[..key.len() - 2]);
        let address = server.verification.trim_start_matches("http://").to_owned();

        let asked = |token: &str, more: &str| format!("{{\"key\":\"{token}\"{more}}}");
        let mut requests = Vec::new();
        for token in [&key, &owned, &off, &spent, &unknown] {
            requests.push(get("/verify/nginx", &[("X-API-Key", token)]));
            requests.push(get(
                "/verify/caddy?tell=coded",
                &[("authorization", &format!("Bearer {token}"))],
            ));
            requests.push(post("application/json", &asked(token, "")));
            requests.push(post(
                "application/json; charset=utf-8",
                &asked(token, ",\"permissions\":\"orders:edit\""),
            ));
        }
        let at = [
            ("X-API-Key", key.as_str()),
            ("X-Original-Method", "GET"),
            ("X-Original-URI", "/orders?page=2"),
            ("X-Real-IP", "192.0.2.7"),
            ("user-agent", "sample/1"),
        ];
        requests.push(get("/verify/nginx?api=orders", &at));
        requests.push(get("/verify/nginx?api=none", &at));
        requests.push(get("/verify/haproxy?require=orders:edit&tell=coded", &at));
        requests.push(get(
            "/verify/nginx?api=orders",
            &[at[0], at[1], ("X-Original-URI", "/orders/../x")],
        ));
        requests.push(get("/verify/traefik", &[]));
        requests.push(get("/verify/nginx", &[("X-API-Key", &key), ("apikey", &owned)]));
        requests.push(get("/verify/nginx", &[("X-API-Key", "\u{b5}")]));
        requests.push(get(
            "/verify/envoy",
            &[("x-api-key", &key), ("X-Forwarded-For", "192.0.2.1, 192.0.2.2")],
        ));
        requests.push(get("/verify/nginx?wish=none", &at));
        requests.push(get("/verify/nginx?require=not+a+requirement", &at));
        requests.push(get("/verify/apisix?owners=user", &at));
        requests.push(post("text/plain", &asked(&key, "")));
        requests.push(post("application/json", "{\"key\":"));
        requests.push(post("application/json", "[]"));
        requests.push(post("application/json", ""));
        requests.push(post("application/json", &asked(&key, ",\"api\":\"orders\"")));
        requests.push(post("application/json", &asked(&key, ",\"permissions\":\"a b\"")));
        requests.push(post(
            "application/json",
            &asked(
                &key,
                ",\"api\":\"orders\",\"method\":\"GET\",\"path\":\"/orders\"",
            ),
        ));
        let mut statuses = BTreeSet::new();
        for request in &requests {
            // Twice each: what the store had to be asked for comes from memory the second time.
            for round in 0..2 {
                let lean = ask(&address, request, false).await;
                let hypers = ask(&address, request, true).await;
                assert_eq!(lean, hypers, "{engine:?}, round {round}: {request}");
                statuses.insert(lean.status);
            }
        }
        let statuses: Vec<&str> = statuses.iter().map(|line| &line[9..12]).collect();
        assert_eq!(
            statuses,
            ["200", "400", "401", "403", "415", "429"],
            "each kind of answer"
        );
    }
}

#[tokio::test]
async fn what_is_answered_on_the_lean_path_is_counted_and_known_to_the_key() {
    for engine in ENGINES {
        let mut server = Server::start(engine).await;
        let key = server.create(json!({"name": "Counted"})).await;
        let secret = text(&key, "secret").to_owned();
        let address = server.verification.trim_start_matches("http://").to_owned();
        let mut stream = TcpStream::connect(&address).await.expect("a connection");
        let request = get(
            "/verify/nginx",
            &[("x-api-key", &secret), ("user-agent", "sample/1")],
        );
        let together = request.repeat(50);
        stream.write_all(together.as_bytes()).await.expect("a write");
        for _ in 0..50 {
            assert!(receive(&mut stream).await.status.contains("200"));
        }
        drop(stream);
        server.stop();
        server.serve().await;
        let path = format!("/v1/keys/{}/usage", text(&key, "id"));
        let (_, usage) = server.call(Method::GET, &path, None).await;
        assert_eq!(usage["by_code"]["VALID"], 50, "{usage}");
        let path = format!("/v1/keys/{}/requests", text(&key, "id"));
        let (_, requests) = server.call(Method::GET, &path, None).await;
        assert_eq!(requests["items"][0]["user_agent"], "sample/1", "{requests}");
    }
}
