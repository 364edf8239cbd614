//! An application that tells what reached it, a client that sends what it likes, and a gateway's process.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A port that nobody listens at, for as long as nobody else takes it.
pub(super) fn free_port() -> u16 {
    let listener = StdListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// An HTTP/1.1 server of a few lines: it answers each request with what `answer` makes of its head.
pub(super) async fn server(
    answer: impl Fn(String) -> Option<String> + Clone + Send + 'static,
) -> (SocketAddr, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let task = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                let mut buffer = [0; 4096];
                while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                    match stream.read(&mut buffer).await {
                        Ok(0) | Err(_) => return,
                        Ok(count) => head.extend_from_slice(&buffer[..count]),
                    }
                }
                match answer(String::from_utf8_lossy(&head).into_owned()) {
                    Some(text) => drop(stream.write_all(text.as_bytes()).await),
                    // Whoever waits for an answer waits for ever.
                    None => tokio::time::sleep(Duration::from_secs(600)).await,
                }
            });
        }
    });
    (address, task)
}

/// The application: it tells what reached it.
pub(super) async fn application() -> SocketAddr {
    let (address, _) = server(|head| {
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap_or_default().to_owned();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let body = json!({ "line": line, "headers": headers }).to_string();
        let length = body.len();
        Some(format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        ))
    })
    .await;
    address
}

/// A verifier that accepts and never answers.
pub(super) async fn silence() -> SocketAddr {
    server(|_| None).await.0
}

/// A verifier that always answers the same.
pub(super) async fn verifier(answer: &'static str) -> SocketAddr {
    server(move |_| Some(answer.to_owned())).await.0
}

/// An answer, as far as the tests look.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) head: String,
    /// What the application was told; null for everything else.
    pub(super) seen: Value,
}

impl Reply {
    /// A header of the answer; empty where there is none.
    pub(super) fn header(&self, name: &str) -> &str {
        let lines = self.head.split("\r\n").filter_map(|line| line.split_once(':'));
        let mut found = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
        found.next().map_or("", |(_, value)| value.trim())
    }

    /// The values of a header that reached the application.
    pub(super) fn told(&self, name: &str) -> Vec<&str> {
        let all = self.seen["headers"].as_array().map_or(&[][..], Vec::as_slice);
        let named = all.iter().filter(|pair| pair[0] == name);
        named.filter_map(|pair| pair[1].as_str()).collect()
    }

    /// The first line that reached the application.
    pub(super) fn line(&self) -> &str {
        self.seen["line"].as_str().unwrap_or_default()
    }
}

/// Sends a request as it stands, but for its line ends, and reads the answer.
pub(super) async fn send(address: SocketAddr, request: &str) -> Reply {
    let work = async {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let text = format!("{}\r\n\r\n", request.trim().replace('\n', "\r\n"));
        stream.write_all(text.as_bytes()).await.expect("a request");
        let mut all = Vec::new();
        // A gateway may leave the connection open: the length says when the answer is whole.
        loop {
            let mut buffer = [0; 4096];
            let count = stream.read(&mut buffer).await.unwrap_or(0);
            all.extend_from_slice(&buffer[..count]);
            if count == 0 || is_whole(&all) {
                return String::from_utf8_lossy(&all).into_owned();
            }
        }
    };
    let text = tokio::time::timeout(Duration::from_secs(60), work)
        .await
        .expect("an answer within a minute");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    // A body may come in chunks; the application's is one object.
    let object = body
        .find('{')
        .zip(body.rfind('}'))
        .map(|(from, to)| &body[from..=to]);
    Reply {
        status: status.unwrap_or_else(|| panic!("no status in {text:?}")),
        head: head.to_owned(),
        seen: object
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or(Value::Null),
    }
}

fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let head = head.to_ascii_lowercase();
    let length = head
        .split("\r\n")
        .find_map(|line| line.strip_prefix("content-length:"));
    match length.and_then(|length| length.trim().parse::<usize>().ok()) {
        Some(length) => body.len() >= length,
        None => body.ends_with("0\r\n\r\n"),
    }
}

/// A gateway's program.
pub(super) fn program(name: &str) -> PathBuf {
    let target = Path::new(crate::support::BINARY)
        .ancestors()
        .nth(2)
        .expect("a target directory");
    let mut places = vec![target.join("tools/gateways/bin"), PathBuf::from("/usr/sbin")];
    places.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    let mut found = places
        .iter()
        .map(|place| place.join(name))
        .filter(|path| path.is_file());
    found
        .next()
        .unwrap_or_else(|| panic!("{name} is not there; scripts/tools.sh installs it"))
}

/// The text of a file in `deploy/gateways`, with other words in it: each must be there.
pub(super) fn deployed(file: &str, words: &[(&str, String)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../deploy/gateways")
        .join(file);
    let mut text =
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for (from, to) in words {
        assert!(text.contains(from), "{file} has no {from}");
        text = text.replace(from, to);
    }
    text
}

/// A gateway that runs.
pub(super) struct Gateway {
    pub(super) address: SocketAddr,
    pub(super) directory: tempfile::TempDir,
    child: Child,
}

impl Gateway {
    /// Starts a program and waits until it listens.
    pub(super) async fn start(mut command: Command, directory: tempfile::TempDir, port: u16) -> Self {
        let output = std::fs::File::create(directory.path().join("output")).expect("a file");
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a file"))
            .stderr(output)
            .spawn()
            .expect("the gateway starts");
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut gateway = Self {
            address,
            directory,
            child,
        };
        for _ in 0..3000 {
            if TcpStream::connect(address).await.is_ok() {
                return gateway;
            }
            if let Ok(Some(status)) = gateway.child.try_wait() {
                panic!("the gateway ended at once ({status}): {}", gateway.read("output"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the gateway does not listen: {}", gateway.read("output"));
    }

    /// A file in its directory; empty where there is none.
    pub(super) fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.directory.path().join(file)).unwrap_or_default()
    }

    /// The same once it says `word`.
    pub(super) async fn log_with(&self, file: &str, word: &str) -> String {
        for _ in 0..500 {
            let text = self.read(file);
            if text.contains(word) {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{file} never says {word}: {}", self.read(file));
    }

    /// Sends a request.
    pub(super) async fn send(&self, request: &str) -> Reply {
        send(self.address, request).await
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `host:port` of an address with a scheme.
pub(super) fn host(url: &str) -> String {
    url.trim_start_matches("http://").to_owned()
}
