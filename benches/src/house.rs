//! A whole installation to measure: made by `claviger init`, filled through the store with keys whose tokens are known,
//! and served by the real binary.

use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use domain::clock::{Clock, SystemClock, SystemRandom};
use domain::id::{KeyId, SecretId};
use domain::key::{Actor, ActorKind, CheckedDraft, Key};
use domain::organisation::Organisation;
use domain::secret::{Keyring, Scheme};
use domain::token::{Token, TokenShape};
use serde_json::Value;
use store::db::Database;
use store::secrets::NewSecret;
use store::{Store, StoreError};

use crate::process::{SERVER_CORE, Server, binary, pinned};
use crate::{Error, Result};

/// The API of [`House::offer_api`], by slug. Every key may see its customers.
pub const API: &str = "customers";

/// Counts the changes of what is filled in.
const VERSION: u32 = 1;

/// A sum of the schema, so that data of another making is never measured.
fn schema() -> u32 {
    let all: Vec<u8> = store::MIGRATIONS
        .iter()
        .flat_map(|step| step.sqlite.bytes())
        .collect();
    crc32fast::hash(&all)
}
/// Keys in one transaction.
const CHUNK: u32 = 5_000;

/// Turns what another crate says into what a benchmark says.
pub fn failed(error: impl std::fmt::Display) -> Error {
    Error::Unexpected(error.to_string())
}

/// Where data is kept between runs: beside the build, on a real disk.
///
/// # Errors
/// When it cannot be made.
pub fn kept() -> Result<PathBuf> {
    let program = std::env::current_exe().map_err(Error::io("the running program"))?;
    let target = program.ancestors().nth(3).unwrap_or(Path::new("target"));
    let directory = target.join("bench-data");
    fs::create_dir_all(&directory).map_err(Error::io(directory.display().to_string()))?;
    Ok(directory)
}

/// Builds the real binary with the profile of the benchmarks, so that no old one is measured.
///
/// # Errors
/// When it cannot be built.
pub fn build() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            // As it is shipped, and the reference alike.
            "--release",
            // Both, so that features are the same as for the benchmarks, and nothing is built twice.
            "-p",
            "benches",
            "-p",
            "claviger",
            "--bin",
            "claviger",
            "--bin",
            "rival",
            "--bench",
            "reference",
        ])
        .status();
    if !built.map_err(Error::io("cargo"))?.success() {
        return Err(Error::Unexpected("claviger could not be built".to_owned()));
    }
    binary("claviger")
}

/// An installation on SQLite.
#[derive(Debug)]
pub struct House {
    program: PathBuf,
    /// The data directory.
    pub data: PathBuf,
    /// May do everything in its organisation.
    pub management_key: String,
    /// The tokens of its keys, one a line, all of one length and valid.
    pub tokens: PathBuf,
}

impl House {
    /// An installation with this many keys; kept, and used again by the next run.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn with_keys(count: u32) -> Result<Self> {
        let program = build()?;
        let data = kept()?.join(format!("house_{VERSION}_{:08x}_{count}", schema()));
        let house = Self {
            program,
            management_key: String::new(),
            tokens: data.join("tokens.txt"),
            data,
        };
        let (tokens, key) = (house.tokens.clone(), house.data.join("management_key.txt"));
        // The tokens come last: where they are, the rest is whole.
        if !tokens.is_file() {
            let _ = fs::remove_dir_all(&house.data);
            let management_key = house.init()?;
            fs::write(&key, management_key).map_err(Error::io("the management key"))?;
            house.fill(count).await?;
        }
        let management_key = fs::read_to_string(&key).map_err(Error::io("the management key"))?;
        Ok(Self {
            management_key,
            ..house
        })
    }

    fn init(&self) -> Result<String> {
        let mut command = Command::new(&self.program);
        command.arg("--data").arg(&self.data).args(["--json", "init"]);
        let output = command
            .stderr(Stdio::inherit())
            .output()
            .map_err(Error::io("claviger init"))?;
        let made: Value = serde_json::from_slice(&output.stdout).map_err(failed)?;
        let key = made["management_key"].as_str();
        Ok(key
            .ok_or_else(|| failed("claviger init gave no management key"))?
            .to_owned())
    }

    async fn fill(&self, count: u32) -> Result<()> {
        let secrets =
            fs::read_to_string(self.data.join("secrets.toml")).map_err(Error::io("secrets.toml"))?;
        let keyring = Keyring::from_toml(&secrets).map_err(failed)?;
        let db = Database::open_sqlite(&self.data.join("claviger.db"))
            .await
            .map_err(failed)?;
        let store = Store::start(db, Arc::new(SystemClock), Arc::new(SystemRandom))
            .await
            .map_err(failed)?;
        let tenants = store.tenants().await.map_err(failed)?;
        let tenant = tenants
            .first()
            .ok_or_else(|| failed("there is no organisation"))?;

        let fresh = self.data.join("tokens.new");
        let mut tokens = BufWriter::new(fs::File::create(&fresh).map_err(Error::io("tokens"))?);
        for from in (0..count).step_by(CHUNK as usize) {
            let made: Vec<Token> = (from..count.min(from + CHUNK))
                .map(|_| Token::generate(&TokenShape::default(), &SystemRandom))
                .collect();
            for token in &made {
                writeln!(tokens, "{}", token.expose()).map_err(Error::io("tokens"))?;
            }
            let rows: Vec<(Key, NewSecret)> = (from..)
                .zip(&made)
                .map(|(number, token)| row(number, token, &tenant.organisation, &keyring))
                .collect();
            let written = store.write::<_, StoreError, _>(async move |tx| {
                for (key, secret) in &rows {
                    let mut key = key.clone();
                    key.number = tx.next_key_number(key.organisation).await?;
                    tx.insert_key(&key).await?;
                    tx.insert_secret(secret).await?;
                }
                Ok(())
            });
            written.await.map_err(failed)?;
        }
        tokens.flush().map_err(Error::io("tokens"))?;
        fs::rename(fresh, &self.tokens).map_err(Error::io("tokens"))
    }

    /// The command that serves it, on the server's core, with one verification thread.
    pub fn command(&self) -> Command {
        let mut command = pinned(SERVER_CORE, &self.program);
        command
            .arg("--data")
            .arg(&self.data)
            .arg("serve")
            .env("CLAVIGER_VERIFICATION_THREADS", "1")
            .env("CLAVIGER_LOG_LEVEL", "warn");
        command
    }

    /// Serves it on free ports; the server's address is that of verification.
    ///
    /// # Errors
    /// When it does not start.
    pub fn serve(&self) -> Result<Server> {
        self.serve_with(&[])
    }

    /// The same, with more settings from the environment.
    ///
    /// # Errors
    /// As [`House::serve`].
    pub fn serve_with(&self, settings: &[(&str, &str)]) -> Result<Server> {
        let mut command = self.command();
        command
            .args([
                "--management",
                "127.0.0.1:0",
                "--verify",
                "127.0.0.1:0",
                "--grpc",
                "127.0.0.1:0",
            ])
            .envs(settings.iter().copied());
        let server = Server::start_saying(command, "Verification     http://")?;
        let told = self.listen("pid")?;
        if told.as_u64() != Some(u64::from(server.pid())) {
            return Err(failed(format!(
                "listen.json names process {told}, not {}",
                server.pid()
            )));
        }
        Ok(server)
    }

    /// Where the running server takes management calls.
    ///
    /// # Errors
    /// When it does not run.
    pub fn management(&self) -> Result<String> {
        self.address("management")
    }

    /// Where the running server is asked over gRPC.
    ///
    /// # Errors
    /// When it does not run.
    pub fn grpc(&self) -> Result<String> {
        self.address("grpc")
    }

    fn address(&self, of: &str) -> Result<String> {
        let told = self.listen(of)?;
        Ok(told.as_str().ok_or_else(|| failed("listen.json"))?.to_owned())
    }

    /// Makes the API [`API`] in the running installation, where it is not there yet.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn offer_api(&self) -> Result<()> {
        let api = serde_json::json!({
            "slug": API, "name": "Benchmark",
            "permissions": [{"name": "customers:view"}, {"name": "customers:edit"}],
            "routes": [
                {"method": "GET", "path": "/customers", "requires": "customers:view"},
                {"method": "GET", "path": "/customers/{id}", "requires": "customers:view"},
                {"method": "*", "path": "/customers/{id}", "requires": "customers:view AND customers:edit"},
                {"method": "GET", "path": "/health"},
            ],
        });
        let mut client = Client::connect(&self.management()?)?;
        client.key = Some(self.management_key.clone());
        match client.post("/v1/apis", &api.to_string()) {
            Err(error) if !error.to_string().contains("api_exists") => Err(error),
            _ => Ok(()),
        }
    }

    fn listen(&self, field: &str) -> Result<Value> {
        let text = fs::read_to_string(self.data.join("listen.json")).map_err(Error::io("listen.json"))?;
        let told: Value = serde_json::from_str(&text).map_err(failed)?;
        Ok(told[field].clone())
    }

    /// The first `count` tokens.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn first_tokens(&self, count: usize) -> Result<Vec<String>> {
        let file = fs::File::open(&self.tokens).map_err(Error::io("tokens"))?;
        let lines = BufReader::new(file).lines().take(count);
        lines.collect::<std::io::Result<_>>().map_err(Error::io("tokens"))
    }

    /// Has every key verified once, a thousand to a request, so that all of them are cached. Each must be valid.
    ///
    /// # Errors
    /// When one is not.
    pub fn warm(&self, server: &Server) -> Result<()> {
        let mut client = Client::connect(&server.listening)?;
        for tokens in self.first_tokens(usize::MAX)?.chunks(1_000) {
            let asked: Vec<Value> = tokens
                .iter()
                .map(|token| serde_json::json!({"key": token, "permissions": "customers:view"}))
                .collect();
            let body = serde_json::json!({ "requests": asked }).to_string();
            let answer = client.post("/v1/verify/batch", &body)?;
            let valid = answer.matches("\"valid\":true").count();
            if valid != tokens.len() {
                return Err(failed(format!("{valid} of {} keys are valid", tokens.len())));
            }
        }
        Ok(())
    }
}

fn row(number: u32, token: &Token, organisation: &Organisation, keyring: &Keyring) -> (Key, NewSecret) {
    let presented = token.as_presented();
    let display = presented.display().as_str().to_owned();
    let id = KeyId::fresh(&SystemClock, &SystemRandom);
    let now = SystemClock.now();
    let patterns = ["customers:*".to_owned(), format!("invoices{}:view", number % 8)];
    let fields = CheckedDraft {
        name: Some(format!("Customer Portal {number:06}")),
        description: Some("Reads customers and invoices.".to_owned()),
        permissions: Some(
            patterns
                .iter()
                .filter_map(|pattern| pattern.parse().ok())
                .collect(),
        ),
        ..CheckedDraft::default()
    };
    let maker = Actor {
        kind: ActorKind::System,
        id: None,
        name: "benchmark".to_owned(),
    };
    let key = Key {
        display: display.clone(),
        ..Key::fresh(id, organisation.id, fields, maker, now)
    };
    let secret = NewSecret {
        id: SecretId::fresh(&SystemClock, &SystemRandom),
        organisation: organisation.id,
        key: id,
        digest: keyring.digest(&presented),
        scheme: Scheme::Hmac {
            pepper: keyring.current_pepper(),
        },
        display,
        created_at: now,
        sealed: None,
    };
    (key, secret)
}

/// The least of an HTTP client, for questions around a measurement.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<TcpStream>,
    /// Sent with every request.
    pub key: Option<String>,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn connect(addr: &str) -> Result<Self> {
        let stream = TcpStream::connect(addr).map_err(Error::io(addr))?;
        stream.set_nodelay(true).map_err(Error::io(addr))?;
        Ok(Self {
            stream: BufReader::new(stream),
            key: None,
        })
    }

    /// Posts JSON; gives the body of the answer, which must be 200 or 201.
    ///
    /// # Errors
    /// When the connection fails or the answer is another.
    pub fn post(&mut self, path: &str, body: &str) -> Result<String> {
        let key = self.key.as_ref();
        let key = key.map_or_else(String::new, |key| format!("Authorization: Bearer {key}\r\n"));
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: bench\r\n{key}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.ask(path, &head)
    }

    /// Gets a path with these headers; gives the head of the answer, which must be 200.
    ///
    /// # Errors
    /// As [`Client::post`].
    pub fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Result<String> {
        let mut head = format!("GET {path} HTTP/1.1\r\nHost: bench\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        let mut told = String::new();
        self.exchange(path, &head, &mut told)?;
        Ok(told)
    }

    fn ask(&mut self, path: &str, head: &str) -> Result<String> {
        self.exchange(path, head, &mut String::new())
    }

    fn exchange(&mut self, path: &str, head: &str, told: &mut String) -> Result<String> {
        self.stream
            .get_mut()
            .write_all(head.as_bytes())
            .map_err(Error::io(path))?;
        let (mut status, mut length) = (String::new(), 0);
        self.stream.read_line(&mut status).map_err(Error::io(path))?;
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).map_err(Error::io(path))?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            told.push_str(line);
            told.push('\n');
            if let Some(("content-length", value)) = line.split_once(": ") {
                length = value.parse().map_err(failed)?;
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer).map_err(Error::io(path))?;
        let answer = String::from_utf8(answer).map_err(failed)?;
        if !status.starts_with("HTTP/1.1 20") {
            return Err(failed(format!("{path}: {} {answer}", status.trim_end())));
        }
        Ok(answer)
    }
}
