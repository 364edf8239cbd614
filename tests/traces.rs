//! Traces go to a collector where one is named, continue a caller's, and hold up nobody where it is down.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::guessing::unknown;
use crate::support::{Engine, Server, text, until};

/// A collector that keeps whatever it is sent.
pub(crate) struct Sink {
    pub(crate) address: String,
    held: Arc<Mutex<Vec<u8>>>,
}

impl Sink {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let held = Arc::new(Mutex::new(Vec::new()));
        let kept = held.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, kept.clone()));
            }
        });
        Self { address, held }
    }

    /// Where the settings name it.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", self.address.clone()),
            ("OTEL_BSP_SCHEDULE_DELAY", "100".to_owned()),
            ("CLAVIGER_TELEMETRY_SAMPLING", "1".to_owned()),
            ("NO_PROXY", "*".to_owned()),
        ]
    }

    /// Whether a span, an attribute or an id with these bytes has arrived. Protobuf writes texts and ids as they are.
    pub(crate) fn holds(&self, bytes: &[u8]) -> bool {
        let held = self.held.lock().expect("a lock");
        held.windows(bytes.len()).any(|window| window == bytes)
    }

    /// All of it, as text as far as it is.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.held.lock().expect("a lock")).into_owned()
    }
}

/// Answers each request on a connection with 200.
async fn take(mut stream: TcpStream, held: Arc<Mutex<Vec<u8>>>) {
    let mut read = Vec::new();
    loop {
        let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") else {
            if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                return;
            }
            continue;
        };
        let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
        assert!(head.starts_with("post /v1/traces "), "{head}");
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok())
            .expect("a length");
        let mut body = read.split_off(end + 4);
        while body.len() < length {
            assert_ne!(stream.read_buf(&mut body).await.expect("a body"), 0);
        }
        read = body.split_off(length);
        held.lock().expect("a lock").extend(body);
        let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).await.expect("an answer");
    }
}

#[tokio::test]
async fn a_creation_and_a_miss_arrive_as_spans_of_their_callers_traces_and_without_a_token() {
    let sink = Sink::start().await;
    let mut server = Server::init(Engine::Sqlite).await;
    server.environment = sink.environment();
    server.serve().await;
    let of_caller = |trace: &str| format!("00-{trace}-00f067aa0ba902b7-01");
    let (creating, asking) = (
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "5cf92f3577b34da6a3ce929d0e0e4737",
    );
    let request = server
        .request(Method::POST, "/v1/keys")
        .header("traceparent", of_caller(creating))
        .json(&json!({"name": "Traced"}));
    let key: serde_json::Value = request
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    let secret = text(&key, "secret");
    let guess = unknown(1);
    for key in [secret, &guess] {
        let request = server
            .door(Method::POST, "/v1/verify")
            .header("traceparent", of_caller(asking))
            .json(&json!({ "key": key }));
        assert_eq!(request.send().await.expect("an answer").status(), 200);
    }
    let id = |trace: &str| -> Vec<u8> {
        (0..16)
            .map(|at| u8::from_str_radix(&trace[2 * at..2 * at + 2], 16).expect("a byte"))
            .collect()
    };
    for name in [
        "web.api",
        "app.key.create",
        "store.write",
        "engine.miss",
        "web.gate",
    ] {
        until(name, async || sink.holds(name.as_bytes())).await;
    }
    assert!(sink.holds(b"/v1/keys") && sink.holds(b"claviger"));
    for trace in [creating, asking] {
        assert!(sink.holds(&id(trace)), "{trace} is continued");
    }
    server.stop_soon().await;
    for token in [&server.key, secret, &guess] {
        assert!(!sink.holds(token.as_bytes()));
        assert!(!sink.holds(&token.as_bytes()[token.len() - 20..]));
    }
}

#[tokio::test]
async fn an_unsampled_callers_verification_leaves_no_span() {
    let sink = Sink::start().await;
    let mut server = Server::init(Engine::Sqlite).await;
    server.environment = sink.environment();
    server.serve().await;
    for _ in 0..20 {
        let request = server
            .door(Method::POST, "/v1/verify")
            .header(
                "traceparent",
                "00-6bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
            )
            .json(&json!({ "key": server.key }));
        assert_eq!(request.send().await.expect("an answer").status(), 200);
    }
    server.call(Method::GET, "/v1/keys", None).await;
    until("a span", async || sink.holds(b"web.api")).await;
    server.stop_soon().await;
    assert!(!sink.holds(b"web.gate"));
}

#[tokio::test]
async fn a_collector_that_is_down_or_silent_slows_nothing_and_fails_nothing() {
    // It takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let quiet = format!("http://{}", silent.local_addr().expect("an address"));
    for address in ["http://127.0.0.1:9".to_owned(), quiet] {
        let mut server = Server::init(Engine::Sqlite).await;
        let mut environment = vec![("CLAVIGER_TELEMETRY_OTLP_ENDPOINT", address.clone())];
        environment.push(("CLAVIGER_TELEMETRY_SAMPLING", "1".to_owned()));
        environment.push(("OTEL_BSP_SCHEDULE_DELAY", "50".to_owned()));
        environment.push(("NO_PROXY", "*".to_owned()));
        server.environment = environment;
        server.serve().await;
        let work = async {
            for _ in 0..300 {
                let key = server.create(json!({})).await;
                assert_eq!(server.verify(text(&key, "secret")).await["code"], "VALID");
            }
        };
        let done = tokio::time::timeout(Duration::from_secs(25), work).await;
        assert!(done.is_ok(), "{address} holds requests up");
        let stopped = tokio::time::timeout(Duration::from_secs(15), async {
            server.terminate();
            server.ended().await
        });
        assert!(stopped.await.expect("it stops").success(), "{address}");
    }
}
