//! A run in which requests were refused is no measurement: the real wrk against a server that always refuses.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::io::{Read, Write};
use std::net::TcpListener;

use benches::wrk::{Load, Pressure, run};
use tempfile::NamedTempFile;

/// Answers every request with `status`, and keeps the bodies that came.
fn server(status: &'static str) -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let (sender, bodies) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let sender = sender.clone();
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut buffer) {
                    let request = String::from_utf8_lossy(&buffer[..length]);
                    let body = request.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned();
                    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                    if sender.send(body).is_err() || stream.write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    (addr, bodies)
}

const SHORT: Pressure = Pressure {
    connections: 1,
    seconds: 1,
};

fn file(text: &str) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn refused_requests_fail_the_run() {
    let (addr, _bodies) = server("503 Unavailable");
    let bodies = file("{}\n");
    let load = Load::bodies("/", &[], bodies.path()).unwrap();
    let error = run(&addr, &load, SHORT).unwrap_err().to_string();
    assert!(error.contains("not every request was answered well"), "{error}");
}

#[test]
fn bodies_are_sent_in_turn() {
    let (addr, received) = server("200 OK");
    let bodies = file("{\"a\":1}\n{\"b\":2}\n");
    let load = Load::bodies("/", &[("A", "b")], bodies.path()).unwrap();
    assert!(run(&addr, &load, SHORT).unwrap().per_second() > 10.0);
    // wrk asks for one request more before it begins, so the second body comes first.
    let first: Vec<String> = received.try_iter().take(3).collect();
    assert_eq!(first, ["{\"b\":2}", "{\"a\":1}", "{\"b\":2}"]);
}

#[test]
fn every_token_is_sent_once_a_round() {
    let (addr, received) = server("200 OK");
    let tokens = file("abc\ndef\nghi\n");
    let load = Load::tokens("/", &[], "{\"key\":\"{token}\"}", tokens.path()).unwrap();
    run(&addr, &load, SHORT).unwrap();
    let mut round: Vec<String> = received.try_iter().take(3).collect();
    round.sort();
    assert_eq!(
        round,
        ["{\"key\":\"abc\"}", "{\"key\":\"def\"}", "{\"key\":\"ghi\"}"]
    );
}
