//! A server of one's own for each test: the real binary, an installation of its own, free ports, gone at the end.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use domain::clock::{SystemClock, SystemRandom};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use store::testkit::TestDatabase;
use store::{Store, Tx};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_claviger");

/// Where the data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

pub(crate) const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

/// An installation with a management key that may do everything, served or not.
pub(crate) struct Server {
    pub(crate) http: Client,
    pub(crate) key: String,
    pub(crate) setup_url: String,
    pub(crate) management: String,
    pub(crate) verification: String,
    /// `host:port` where Envoy asks over gRPC.
    pub(crate) grpc: String,
    /// Where Prometheus reads.
    pub(crate) metrics: String,
    /// Where it is to listen for management; on a free port where nothing else is said.
    pub(crate) listen: String,
    /// Variables that the server is served with.
    pub(crate) environment: Vec<(&'static str, String)>,
    /// The command under which the server is served; none for the server itself.
    pub(crate) under: Vec<String>,
    /// The settings file that the server is served with.
    pub(crate) config: Option<PathBuf>,
    /// The address of PostgreSQL if it is not to be reached directly.
    pub(crate) detour: Option<String>,
    directory: tempfile::TempDir,
    postgres: Option<TestDatabase>,
    child: Option<Child>,
}

impl Server {
    /// Makes an installation and serves it.
    pub(crate) async fn start(engine: Engine) -> Self {
        let mut server = Self::init(engine).await;
        server.serve().await;
        server
    }

    /// Makes an installation without serving it.
    pub(crate) async fn init(engine: Engine) -> Self {
        let mut server = Self::empty(engine).await;
        server.found();
        server
    }

    /// A directory in which nothing is yet, and, on PostgreSQL, an empty database.
    pub(crate) async fn empty(engine: Engine) -> Self {
        let postgres = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(TestDatabase::postgres().await),
        };
        Self {
            http: client(),
            key: String::new(),
            setup_url: String::new(),
            management: String::new(),
            verification: String::new(),
            grpc: String::new(),
            metrics: String::new(),
            listen: "127.0.0.1:0".to_owned(),
            environment: Vec::new(),
            under: Vec::new(),
            config: None,
            detour: None,
            directory: tempfile::tempdir().expect("a directory"),
            postgres,
            child: None,
        }
    }

    /// Another server of the same PostgreSQL database, with the same secrets and a directory of its own; not served yet.
    pub(crate) async fn beside(&self) -> Self {
        let mut other = Self::empty(Engine::Sqlite).await;
        other.detour = self.database();
        other.key.clone_from(&self.key);
        std::fs::create_dir(other.data()).expect("a directory");
        std::fs::copy(
            self.data().join("secrets.toml"),
            other.data().join("secrets.toml"),
        )
        .expect("the secrets");
        other
    }

    /// Makes the installation.
    pub(crate) fn found(&mut self) {
        let output = self
            .claviger(&["init", "--json", "--organisation", "Sample Ltd"])
            .output()
            .expect("init runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let made: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        self.key = made["management_key"].as_str().expect("a key").to_owned();
        self.setup_url = made["setup_url"].as_str().expect("a link").to_owned();
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// A directory that goes with this installation.
    pub(crate) fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// The binary with this installation's data (and database) named.
    pub(crate) fn claviger(&self, arguments: &[&str]) -> Command {
        self.command(Command::new(BINARY), arguments)
    }

    fn command(&self, mut command: Command, arguments: &[&str]) -> Command {
        command
            .args(arguments)
            .arg("--data")
            .arg(self.data())
            .env_remove("CLAVIGER_KEY")
            .stdin(Stdio::null());
        if let Some(database) = self.detour.clone().or_else(|| self.database()) {
            command.arg("--database").arg(database);
        }
        command
    }

    /// Where its data is, to be opened beside it.
    pub(crate) fn target(&self) -> store::db::Target {
        match self.database() {
            Some(url) => store::db::Target::Postgres(url),
            None => store::db::Target::Sqlite(self.data().join("claviger.db")),
        }
    }

    /// The address of its PostgreSQL, where it has one.
    pub(crate) fn database(&self) -> Option<String> {
        match self.postgres.as_ref()?.target() {
            store::db::Target::Postgres(url) => Some(url.clone()),
            store::db::Target::Sqlite(_) => None,
        }
    }

    /// Serves, on free ports, and waits until it answers.
    pub(crate) async fn serve(&mut self) {
        let log = std::fs::File::options()
            .append(true)
            .create(true)
            .open(self.directory.path().join("log"))
            .expect("a log");
        let _ = std::fs::remove_file(self.data().join("listen.json"));
        let said = self.log().len();
        let program = match self.under.split_first() {
            None => Command::new(BINARY),
            Some((tool, arguments)) => {
                let mut command = Command::new(tool);
                command.args(arguments).arg(BINARY);
                command
            }
        };
        let mut command = self.command(
            program,
            &[
                "serve",
                "--management",
                &self.listen,
                "--verify",
                "127.0.0.1:0",
                "--grpc",
                "127.0.0.1:0",
                "--metrics",
                "127.0.0.1:0",
            ],
        );
        if let Some(config) = &self.config {
            command.arg("--config").arg(config);
        }
        let child = command
            .env("CLAVIGER_VERIFICATION_THREADS", "2")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::from(log.try_clone().expect("a log")))
            .stderr(Stdio::from(log))
            .spawn()
            .expect("serve starts");
        self.child = Some(child);
        for _ in 0..1500 {
            if let Ok(text) = std::fs::read_to_string(self.data().join("listen.json")) {
                let listen: Value = serde_json::from_str(&text).expect("JSON");
                if !self.log()[said..].contains("is running; stop it") {
                    // It listens already, and is about to say so to people.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
                self.management = format!("http://{}", listen["management"].as_str().expect("an address"));
                self.verification =
                    format!("http://{}", listen["verification"].as_str().expect("an address"));
                self.metrics = format!("http://{}", listen["metrics"].as_str().expect("an address"));
                self.grpc = listen["grpc"].as_str().expect("an address").to_owned();
                return;
            }
            if let Some(status) = self
                .child
                .as_mut()
                .and_then(|child| child.try_wait().ok().flatten())
            {
                panic!("the server ended at once ({status}): {}", self.log());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the server does not listen: {}", self.log());
    }

    /// All that the server has said.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// The server's process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().expect("a running server").id()
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// SIGTERM, and waits for the end.
    pub(crate) fn stop(&mut self) -> std::process::ExitStatus {
        self.terminate();
        self.child
            .take()
            .expect("a running server")
            .wait()
            .expect("an end")
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        let pid = rustix::process::Pid::from_raw(self.pid() as i32).expect("a process id");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a signal");
    }

    /// Waits for the end of a server that was asked to stop, without holding up other tasks.
    pub(crate) async fn ended(&mut self) -> std::process::ExitStatus {
        let mut child = self.child.take().expect("a running server");
        tokio::task::spawn_blocking(move || child.wait().expect("an end"))
            .await
            .expect("an end")
    }

    /// The same for a test that goes on at once: this side's connections at rest, which would keep the server for a
    /// second or two, are given up first.
    pub(crate) async fn stop_soon(&mut self) -> std::process::ExitStatus {
        self.http = client();
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.stop()
    }

    /// A management request with the first management key; the status and the body (null when there is none).
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        self.call_as(&self.key, method, path, body).await
    }

    /// The same with another key.
    pub(crate) async fn call_as(
        &self,
        key: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.management))
            .bearer_auth(key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status();
        let bytes = response.bytes().await.expect("a body");
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// Makes a key and gives it with its secret; `fields` are laid over a plain name.
    pub(crate) async fn create(&self, fields: Value) -> Value {
        let mut body = json!({"name": "Sample key"});
        if let (Value::Object(body), Value::Object(fields)) = (&mut body, fields) {
            body.extend(fields);
        }
        let (status, key) = self.call(Method::POST, "/v1/keys", Some(body)).await;
        assert_eq!(status, StatusCode::CREATED, "{key}");
        key
    }

    /// A management request with the first management key, to be made as wrong as a test likes.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(&self.key)
    }

    /// A management request of nobody's.
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.management))
    }

    /// A request at the verification listener.
    pub(crate) fn door(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.verification))
    }

    /// What Prometheus would read now.
    pub(crate) async fn metrics(&self) -> String {
        let answer = Answer::of(self.http.get(format!("{}/metrics", self.metrics))).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.text
    }

    /// A request through the data directory's socket.
    pub(crate) fn local(&self, method: Method, path: &str) -> RequestBuilder {
        let http = Client::builder()
            .no_proxy()
            .unix_socket(self.data().join("claviger.sock"))
            .build()
            .expect("a client");
        http.request(method, format!("http://localhost{path}"))
    }

    /// Changes the first organisation's policy, whatever it touches.
    pub(crate) async fn policy(&self, patch: Value) {
        let patched = |query: String| {
            self.local(Method::PATCH, &format!("/v1/policy{query}"))
                .header("claviger-organisation", "sample-ltd")
                .json(&patch)
        };
        let mut answer = Answer::of(patched(String::new())).await;
        if answer.body["code"] == "confirmation_needed" {
            let word = answer.body["confirm"].as_str().unwrap_or_default();
            answer = Answer::of(patched(format!("?confirm={word}"))).await;
        }
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }

    /// Changes the policy of one of several organisations.
    pub(crate) async fn local_policy(&self, slug: &str, patch: Value) {
        let patched = self
            .local(Method::PATCH, "/v1/policy")
            .header("claviger-organisation", slug)
            .json(&patch);
        let answer = Answer::of(patched).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }

    /// Writes to the database of a server that is stopped.
    pub(crate) async fn write<F>(&self, work: F)
    where
        F: AsyncFnOnce(&mut Tx) -> store::error::Result<()> + Send + 'static,
    {
        assert!(self.child.is_none(), "a database has one writer");
        let target = match self.database() {
            Some(url) => store::db::Target::Postgres(url),
            None => store::db::Target::Sqlite(self.data().join("claviger.db")),
        };
        let db = store::db::Database::open(&target).await.expect("a database");
        let store = Store::start(db, Arc::new(SystemClock), Arc::new(SystemRandom))
            .await
            .expect("a store");
        store.write(work).await.expect("a commit");
    }

    /// Changes rows behind the server's back, to let time pass or to make what no call makes yet.
    pub(crate) async fn sql(&self, statement: &str, values: &[store::db::Value]) {
        let db = store::db::Database::open(&self.target())
            .await
            .expect("a database");
        let mut conn = db.writer().await.expect("a connection");
        conn.execute(statement, values).await.expect("a change");
    }

    /// Every row of every table of a PostgreSQL database, as text.
    pub(crate) async fn dump(&self) -> Option<String> {
        let target = store::db::Target::Postgres(self.database()?);
        let db = store::db::Database::open(&target).await.expect("a database");
        let mut conn = db.writer().await.expect("a connection");
        let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'";
        let mut dump = String::new();
        for table in conn.query(tables, &[]).await.expect("tables") {
            let table: String = table.get(0).expect("a name");
            let rows = format!("SELECT t::text FROM {table} t");
            for row in conn.query(&rows, &[]).await.expect("rows") {
                dump.push_str(&row.get::<String>(0).expect("a row"));
                dump.push('\n');
            }
        }
        Some(dump)
    }

    /// Asks the verification listener about a token.
    pub(crate) async fn verify(&self, token: &str) -> Value {
        self.verify_with(json!({ "key": token })).await
    }

    /// The same with the whole body.
    pub(crate) async fn verify_with(&self, body: Value) -> Value {
        let request = self
            .http
            .post(format!("{}/v1/verify", self.verification))
            .json(&body);
        request
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON")
    }
}

/// A password that nobody would guess.
pub(crate) const PASSWORD: &str = "tin-otter-quarrel-91";

/// Somebody's browser: it keeps its cookie, and says which page it asks from.
pub(crate) struct Browser<'a> {
    pub(crate) server: &'a Server,
    pub(crate) cookie: String,
}

impl<'a> Browser<'a> {
    /// One that is not signed in.
    pub(crate) fn new(server: &'a Server) -> Self {
        Self {
            server,
            cookie: String::new(),
        }
    }

    /// The first person of an installation, signed in by the set-up link.
    pub(crate) async fn first(server: &'a Server) -> Self {
        let path = server.setup_url.splitn(4, '/').nth(3).expect("a path").to_owned();
        let form = format!("name=Ann+Baker&email=ann%40sample.example&password={PASSWORD}");
        let mut browser = Self::new(server);
        let request = browser
            .request(Method::POST, &format!("/{path}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let answer = browser.keep(request).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        browser
    }

    /// Somebody who was invited with these roles and came.
    pub(crate) async fn invited(server: &'a Server, email: &str, roles: &[&str]) -> Self {
        Self::invited_to("sample-ltd", server, email, roles).await
    }

    /// The same in another organisation.
    pub(crate) async fn invited_to(slug: &str, server: &'a Server, email: &str, roles: &[&str]) -> Self {
        let body = json!({"email": email, "name": "Somebody", "roles": roles});
        let request = server
            .local(Method::POST, "/v1/users")
            .header("claviger-organisation", slug);
        let invited = Answer::of(request.json(&body)).await;
        assert_eq!(invited.status, StatusCode::CREATED, "{}", invited.text);
        let token = text(&invited.body, "invitation_url")
            .rsplit('/')
            .next()
            .expect("a token")
            .to_owned();
        let mut browser = Self::new(server);
        let body = json!({ "password": PASSWORD });
        let request = browser
            .request(Method::POST, &format!("/v1/invitations/{token}"))
            .json(&body);
        let answer = browser.keep(request).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        browser
    }

    /// A request from a page of the server's own.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.without_a_page(method, path)
            .header("sec-fetch-site", "same-origin")
    }

    /// A request that does not say which page it comes from.
    pub(crate) fn without_a_page(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.server.anonymous(method, path);
        match self.cookie.as_str() {
            "" => request,
            cookie => request.header("cookie", cookie),
        }
    }

    /// Sends a request and keeps the cookie that the answer gives.
    pub(crate) async fn keep(&mut self, request: RequestBuilder) -> Answer {
        let answer = Answer::of(request).await;
        if let Some((cookie, _)) = answer.header("set-cookie").split_once(';') {
            self.cookie = cookie.to_owned();
        }
        answer
    }

    /// Asks.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    /// Does something.
    pub(crate) async fn post(&mut self, path: &str, body: Value) -> Answer {
        let request = self.request(Method::POST, path).json(&body);
        self.keep(request).await
    }

    /// Does something else.
    pub(crate) async fn send(&mut self, method: Method, path: &str, body: Value) -> Answer {
        let request = self.request(method, path).json(&body);
        self.keep(request).await
    }

    /// Signs in.
    pub(crate) async fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        let body = json!({"email": email, "password": password});
        self.post("/v1/session", body).await
    }

    /// The id of whoever is signed in.
    pub(crate) async fn id(&self) -> String {
        let me = self.get("/v1/me").await;
        text(&me.body, "id").to_owned()
    }
}

fn client() -> Client {
    // Asked for by the client even where nothing is encrypted; installed already is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(30))
        .build()
        .expect("a client")
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// Null where the text is no JSON.
    pub(crate) body: Value,
}

impl Answer {
    /// Sends a request.
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self {
            status,
            headers,
            text,
            body,
        }
    }

    /// A header, empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("a text"))
    }

    /// What is wrong with a refusal that must have this status and code and be told as RFC 9457 and this API want it.
    pub(crate) fn fault(&self, status: u16, code: &str) -> Option<String> {
        let Self { text, body, .. } = self;
        let id = body["request_id"].as_str().unwrap_or_default();
        let told = |field: &str| body[field].as_str().is_some_and(|text| !text.is_empty());
        let checks = [
            ("status", self.status == status),
            ("code", body["code"] == code),
            (
                "content type",
                self.header("content-type") == "application/problem+json",
            ),
            ("cache", self.header("cache-control") == "no-store"),
            ("type", body["type"] == format!("urn:claviger:problem:{code}")),
            ("status in the body", body["status"] == status),
            ("title", told("title")),
            ("detail", told("detail")),
            (
                "request id",
                id.starts_with("req_") && self.header("claviger-request-id") == id,
            ),
            ("no cookie", !self.headers.contains_key("set-cookie")),
        ];
        let (wrong, _) = checks.into_iter().find(|(_, right)| !right)?;
        Some(format!(
            "{wrong} is not that of a {status} {code}: {} {:.300}",
            self.status, text
        ))
    }

    /// Demands that refusal.
    pub(crate) fn refused(&self, status: u16, code: &str, case: &str) {
        if let Some(fault) = self.fault(status, code) {
            panic!("{case}: {fault}");
        }
    }
}

/// CRC-32 (IEEE), written apart from the code under test.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// Waits until something has come to pass that a worker does.
pub(crate) async fn until(what: &str, done: impl AsyncFn() -> bool) {
    for _ in 0..1200 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{what}: it did not come to pass within 30 seconds");
}

/// A field of JSON that is a text.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} is no text in {value}"))
}

/// The path of a key, with a verb.
pub(crate) fn path_of(key: &Value, verb: &str) -> String {
    let id = text(key, "id");
    if verb.is_empty() {
        format!("/v1/keys/{id}")
    } else {
        format!("/v1/keys/{id}/{verb}")
    }
}
