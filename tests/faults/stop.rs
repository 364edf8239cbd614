//! Asked to stop, the server answers what it was sent, counts what it answered, and ends with 0.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::seed::Dice;
use crate::support::{ENGINES, Engine, Server, path_of, text};

/// A client that sees every byte: one request after the other.
struct Wire {
    place: String,
    request: Vec<u8>,
    /// Whether a connection serves more than one request.
    keeps: bool,
    /// Sockets that listen there.
    sockets: usize,
}

/// How a client's work ended.
#[derive(Debug, Default)]
struct Tally {
    answered: u64,
    /// Requests that were sent and not answered whole.
    lost: Vec<String>,
}

fn post(url: &str, path: &str, key: Option<&str>, body: &str) -> (String, Vec<u8>) {
    let place = url.trim_start_matches("http://").to_owned();
    let authorization = key.map_or(String::new(), |key| format!("authorization: Bearer {key}\r\n"));
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {place}\r\n{authorization}content-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    (place, request.into_bytes())
}

/// Reads one answer; the status and whether the server closes the connection after it.
async fn answer(stream: &mut TcpStream) -> Result<(u16, bool), String> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let field = |name: &str| {
                let line = head.lines().find_map(|line| line.strip_prefix(name));
                line.map(|value| value.trim().to_owned())
            };
            let length: usize = field("content-length:").and_then(|l| l.parse().ok()).unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
                return Ok((status, field("connection:").as_deref() == Some("close")));
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) => return Err(format!("closed after {} bytes of an answer", bytes.len())),
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
            Err(error) => return Err(format!("{error} after {} bytes of an answer", bytes.len())),
        }
    }
}

impl Wire {
    /// Asks on and on until it is refused a connection. The kernel may have shaken hands for one that came between the last
    /// look at the queue and the closing of the socket: it is reset before it was read, as good as refused. That can only be
    /// the last one of each listening socket, of which there is one for each core that verifies: another may still let
    /// somebody in.
    async fn ask_on_and_on(self) -> Tally {
        let mut tally = Tally::default();
        let mut resets = Vec::new();
        'connect: while let Ok(mut stream) = TcpStream::connect(&self.place).await {
            let mut is_fresh = true;
            loop {
                let sent = stream.write_all(&self.request).await;
                match answer(&mut stream).await {
                    Ok((200 | 201, closes)) => {
                        tally.answered += 1;
                        is_fresh = false;
                        if closes || !self.keeps {
                            continue 'connect;
                        }
                    }
                    Ok((status, _)) => {
                        tally.lost.push(format!("status {status}"));
                        continue 'connect;
                    }
                    Err(error) => {
                        let lost = format!("{error} (sent: {sent:?})");
                        if is_fresh && lost.contains("reset") && lost.contains("after 0 bytes") {
                            resets.push(lost);
                        } else {
                            tally.lost.push(lost);
                        }
                        continue 'connect;
                    }
                }
            }
        }
        if resets.len() > self.sockets {
            tally.lost.append(&mut resets);
        }
        tally
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_loses_no_request_and_no_count() {
    let mut dice = Dice::throw();
    for engine in ENGINES {
        let mut server = Server::start(engine).await;
        let key = server.create(json!({})).await;
        let body = json!({"key": text(&key, "secret")}).to_string();
        let mut clients = Vec::new();
        for number in 0..6 {
            let (place, request) = post(&server.verification, "/v1/verify", None, &body);
            let keeps = number % 2 == 0;
            let wire = Wire {
                place,
                request,
                keeps,
                sockets: std::thread::available_parallelism().map_or(1, usize::from),
            };
            clients.push(tokio::spawn(wire.ask_on_and_on()));
        }
        let mut makers = Vec::new();
        for number in 0..2 {
            let body = r#"{"name":"Under load"}"#;
            let (place, request) = post(&server.management, "/v1/keys", Some(&server.key), body);
            let keeps = number % 2 == 0;
            let wire = Wire {
                place,
                request,
                keeps,
                sockets: 1,
            };
            makers.push(tokio::spawn(wire.ask_on_and_on()));
        }
        tokio::time::sleep(dice.pause(300, 900)).await;
        server.terminate();
        let ended = server.ended().await;
        assert_eq!(ended.code(), Some(0), "{}", server.log());
        let (mut verified, mut made) = (0, 0);
        for (tasks, count) in [(clients, &mut verified), (makers, &mut made)] {
            for task in tasks {
                let tally = task.await.expect("a tally");
                assert!(tally.lost.is_empty(), "{engine:?}: lost: {:?}", tally.lost);
                *count += tally.answered;
            }
        }
        assert!(verified > 50 && made > 2, "that was no load: {verified} {made}");

        server.serve().await;
        let (_, usage) = server.call(Method::GET, &path_of(&key, "usage"), None).await;
        assert_eq!(usage["by_code"]["VALID"], verified, "each answer is counted once");
        let (_, summary) = server.call(Method::GET, "/v1/keys/summary", None).await;
        assert_eq!(
            summary["total"],
            made + 2,
            "each answered creation is there, once"
        );
        let (_, proof) = server.call(Method::GET, "/v1/audit/verify", None).await;
        assert_eq!(proof["ok"], true, "{proof}");
        println!("{engine:?}: {verified} verifications and {made} creations, none lost");
    }
}

#[tokio::test]
async fn a_second_sigterm_does_not_cut_off_what_is_under_way() {
    let mut server = Server::start(Engine::Sqlite).await;
    let body = r#"{"name":"Slow"}"#;
    let (place, request) = post(&server.management, "/v1/keys", Some(&server.key), body);
    let mut stream = TcpStream::connect(&place).await.expect("a connection");
    let (first, rest) = request.split_at(request.len() - body.len());
    stream.write_all(first).await.expect("a head");
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.terminate();
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.terminate();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(
        TcpStream::connect(&place).await.is_err(),
        "no new connections are taken"
    );
    stream.write_all(rest).await.expect("a body");
    let (status, closes) = answer(&mut stream).await.expect("an answer");
    assert_eq!(status, 201);
    assert!(closes, "the client is told that there will be no more");
    assert_eq!(server.ended().await.code(), Some(0), "{}", server.log());
}
