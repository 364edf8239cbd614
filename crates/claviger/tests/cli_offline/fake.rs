//! A server that answers what each test puts into its mouth, and the binary run against it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

pub(crate) const KEY: &str = "key_01kg7hwasaf59agy3bdr3nvpm4";
pub(crate) const ONE: &str = r#"{"id":"key_01kg7hwasaf59agy3bdr3nvpm4","number":1,"name":"Billing Sync","description":"",
    "display":"sk_live_a1b2…t0uv","status":"active","owner":{"type":"organisation","id":"org_1","name":"Acme"},
    "permissions":["invoices:read"],"networks":[],"tags":[],"metadata":{},"contacts":[],"enabled":true,
    "protected":false,"expires_at":null,"created_at":"2026-01-01T00:00:00Z","version":1,"secrets":[]}"#;
pub(crate) const TOKEN: &str = "sk_live_0123456789abcdefghijklmnopqrstuvwxyzAB";

pub(crate) type Answer = (&'static str, &'static str, u16, String);

/// A server with canned answers to (method, start of path); it remembers what it was asked.
pub(crate) struct Fake {
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    pub(crate) fn new(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut out = stream.try_clone().unwrap();
                answer(BufReader::new(stream), &mut out, &answers, &heard);
            }
        });
        Self { address, asked }
    }

    /// On the Unix socket of a data directory.
    pub(crate) fn in_directory(data: &Path, answers: Vec<Answer>) -> Self {
        let listener = UnixListener::bind(data.join("claviger.sock")).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut out = stream.try_clone().unwrap();
                answer(BufReader::new(stream), &mut out, &answers, &heard);
            }
        });
        Self {
            address: String::new(),
            asked,
        }
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, "")
    }

    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Output {
        let mut all = vec!["--server", &self.address];
        all.extend(arguments);
        claviger(&all, input)
    }
}

/// Answers one request and remembers it whole: request line, headers, body.
fn answer(mut from: impl BufRead, to: &mut impl Write, answers: &[Answer], heard: &Mutex<Vec<String>>) {
    let mut head = String::new();
    while from.read_line(&mut head).unwrap_or(0) > 0 && !head.ends_with("\r\n\r\n") {}
    if head.is_empty() {
        // Somebody only looked whether anybody is at home.
        return;
    }
    let length = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")
                .map(str::to_owned)
        })
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    let _ = from.read_exact(&mut body);
    let asked = format!("{head}{}", String::from_utf8_lossy(&body));
    let found = answers
        .iter()
        .find(|(method, path, _, _)| asked.starts_with(&format!("{method} {path}")));
    let (status, text) = found.map_or((500, "{}"), |(_, _, status, text)| (*status, text.as_str()));
    heard.lock().unwrap().push(asked);
    let kind = if status < 400 {
        "application/json"
    } else {
        "application/problem+json"
    };
    let moved = if (300..400).contains(&status) {
        format!("location: {text}\r\n")
    } else {
        String::new()
    };
    let length = text.len();
    let _ = write!(
        to,
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\n{moved}content-length: {length}\r\nconnection: close\r\n\r\n{text}"
    );
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_claviger"));
    command
        .args(arguments)
        .env_clear()
        .env("XDG_CONFIG_HOME", "/nonexistent");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub(crate) fn finish(mut command: Command, input: &str) -> Output {
    let mut child = command.spawn().unwrap();
    // A command that reads nothing may be gone before it is written to.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

pub(crate) fn claviger(arguments: &[&str], input: &str) -> Output {
    finish(command(arguments), input)
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) fn problem(status: u16, code: &str, more: &str) -> String {
    format!(
        r#"{{"type":"urn:claviger:problem:{code}","title":"T","status":{status},"code":"{code}","detail":"It will not do."{more}}}"#
    )
}
