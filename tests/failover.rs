//! A real PostgreSQL that restarts, and one that fails over to a real synchronous standby, under servers that go on asking it: what was
//! answered is there afterwards, and nothing passes that was revoked before it was asked for.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::proxy::{Proxy, Way};
use crate::support::{Engine, Server, path_of, text, until};

/// PostgreSQL's own programs, which no path names on Debian.
fn program(name: &str) -> PathBuf {
    let places = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut found: Vec<PathBuf> = places
        .map(|place| place.path().join("bin").join(name))
        .filter(|path| path.exists())
        .collect();
    found.sort();
    found.pop().unwrap_or_else(|| PathBuf::from(name))
}

/// One of them, to be run; it refuses to be root.
fn command(name: &str) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program(name));
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program(name));
    command
}

fn run(name: &str, arguments: &[&str]) {
    let mut command = command(name);
    let status = command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    assert!(status.expect("it runs").success(), "{name} {arguments:?}");
}

/// One PostgreSQL server in a directory of its own.
struct Postgres {
    data: PathBuf,
    port: u16,
}

impl Postgres {
    fn start(&self, settings: &str) {
        let sockets = self.data.parent().expect("a directory").display().to_string();
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={sockets} -c max_connections=200 {settings}",
            self.port
        );
        let log = self.data.with_extension("log");
        let [data, log] = [&self.data, &log].map(|path| path.to_str().expect("a path"));
        run("pg_ctl", &["-D", data, "-w", "-l", log, "-o", &options, "start"]);
    }

    fn control(&self, arguments: &[&str]) {
        let data = self.data.to_str().expect("a path");
        run("pg_ctl", &[&["-D", data], arguments].concat());
    }

    fn pid(&self) -> rustix::process::Pid {
        let file = std::fs::read_to_string(self.data.join("postmaster.pid")).expect("it runs");
        let pid = file
            .lines()
            .next()
            .and_then(|line| line.parse().ok())
            .expect("a number");
        rustix::process::Pid::from_raw(pid).expect("a process id")
    }

    /// `kill -9` of the one that the others hang on. Its number may be another's soon, so that nothing goes by it any more.
    fn kill(&self) {
        rustix::process::kill_process(self.pid(), rustix::process::Signal::KILL).expect("a signal");
        std::fs::remove_file(self.data.join("postmaster.pid")).expect("a file");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.data.join("postmaster.pid").exists() {
            let mut command = command("pg_ctl");
            let _ = command
                .arg("-D")
                .arg(&self.data)
                .args(["-m", "immediate", "stop"])
                .output();
        }
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A primary and, where it is to have one, a standby that has each commit before it is answered.
struct Cluster {
    primary: Postgres,
    standby: Option<Postgres>,
    // Last: the servers stop before their files go.
    _directory: tempfile::TempDir,
}

/// What makes the standby a synchronous one.
const SYNCHRONOUS: &str = "-c synchronous_standby_names=*";

impl Cluster {
    fn start(with_standby: bool) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        if rustix::process::geteuid().is_root() {
            let owned = Command::new("chown")
                .arg("postgres")
                .arg(directory.path())
                .status();
            assert!(owned.expect("chown runs").success());
        }
        let place = |name: &str| Postgres {
            data: directory.path().join(name),
            port: free_port(),
        };
        let path = |path: &Path| path.to_str().expect("a path").to_owned();
        let primary = place("primary");
        run(
            "initdb",
            &[
                "-D",
                &path(&primary.data),
                "-U",
                "postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
            ],
        );
        primary.start("");
        let standby = with_standby.then(|| {
            let standby = place("standby");
            let from = format!(
                "host=127.0.0.1 port={} user=postgres application_name=standby",
                primary.port
            );
            run(
                "pg_basebackup",
                &[
                    "-d",
                    &from,
                    "-D",
                    &path(&standby.data),
                    "-R",
                    "-X",
                    "stream",
                    "-c",
                    "fast",
                ],
            );
            standby.start("");
            primary.control(&["-w", "-m", "fast", "stop"]);
            primary.start(SYNCHRONOUS);
            standby
        });
        Self {
            primary,
            standby,
            _directory: directory,
        }
    }

    /// The address of whichever takes writes.
    fn url(&self) -> String {
        let ports = [Some(&self.primary), self.standby.as_ref()].into_iter().flatten();
        let hosts: Vec<String> = ports.map(|one| format!("127.0.0.1:{}", one.port)).collect();
        format!(
            "postgres://postgres@{}/postgres?target_session_attrs=read-write",
            hosts.join(",")
        )
    }

    /// So many servers on it.
    async fn serve(&self, count: usize) -> Vec<Server> {
        let mut all: Vec<Server> = Vec::new();
        for _ in 0..count {
            let mut server = match all.first() {
                None => Server::empty(Engine::Sqlite).await,
                Some(first) => first.beside().await,
            };
            server.detour = Some(self.url());
            if all.is_empty() {
                server.found();
            }
            server.serve().await;
            all.push(server);
        }
        all
    }
}

/// What became of a key, as far as it was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Made,
    /// It was asked for, and not answered: it may be revoked or not.
    Open,
    Revoked,
}

/// What callers do and are answered, while the database is in trouble.
struct Load {
    fleet: Arc<Vec<Server>>,
    known: Arc<Mutex<Vec<(String, String, Fate)>>>,
    stop: Arc<AtomicBool>,
    /// Verifications that began after a revocation's answer, and those of them that passed.
    counts: Arc<[AtomicU64; 2]>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    fn begin(fleet: Vec<Server>) -> Self {
        let mut load = Self {
            fleet: Arc::new(fleet),
            known: Arc::default(),
            stop: Arc::default(),
            counts: Arc::new([AtomicU64::new(0), AtomicU64::new(0)]),
            tasks: Vec::new(),
        };
        for place in 0..load.fleet.len() {
            let (fleet, known, stop) = (load.fleet.clone(), load.known.clone(), load.stop.clone());
            load.tasks.push(tokio::spawn(async move {
                while !stop.load(SeqCst) {
                    change(&fleet, place, &known).await;
                }
            }));
            let (fleet, known, stop) = (load.fleet.clone(), load.known.clone(), load.stop.clone());
            let counts = load.counts.clone();
            load.tasks.push(tokio::spawn(async move {
                while !stop.load(SeqCst) {
                    verify(&fleet[place], &known, &counts).await;
                }
            }));
        }
        load
    }

    fn changes(&self) -> usize {
        self.known.lock().expect("a list").len()
    }

    /// Ends it, and holds what is there against what was answered.
    async fn end(self) {
        self.stop.store(true, SeqCst);
        for task in self.tasks {
            task.await.expect("callers are answered one way or another");
        }
        let [certain, passed] = [&self.counts[0], &self.counts[1]].map(|count| count.load(SeqCst));
        let known = self.known.lock().expect("a list").clone();
        let revoked = known.iter().filter(|(.., fate)| *fate == Fate::Revoked).count();
        println!(
            "{} keys were made, {revoked} revoked; {certain} verifications began after a revocation's answer",
            known.len()
        );
        assert_eq!(
            passed, 0,
            "verifications that passed although their key was revoked before"
        );
        assert!(revoked > 5 && certain > 5, "{revoked} {certain}");
        for server in self.fleet.iter() {
            until("it answers again", async || {
                let ready = server.anonymous(Method::GET, "/readyz").send().await;
                ready.is_ok_and(|ready| ready.status() == StatusCode::OK)
            })
            .await;
            for (_, token, fate) in &known {
                let answer = server.verify(token).await;
                let code = text(&answer, "code");
                match fate {
                    Fate::Made => assert_eq!(code, "VALID", "what was made is there"),
                    Fate::Revoked => assert_eq!(code, "REVOKED", "what was revoked stays so"),
                    Fate::Open => assert!(["VALID", "REVOKED"].contains(&code), "{code}"),
                }
            }
        }
        let first = &self.fleet[0];
        until("all of them serve", async || {
            let nodes = first
                .local(Method::GET, "/v1/nodes")
                .send()
                .await
                .expect("an answer");
            let nodes: Value = nodes.json().await.unwrap_or_default();
            nodes["items"].as_array().map(Vec::len) == Some(self.fleet.len())
        })
        .await;
        let proved = first.claviger(&["audit", "verify"]).output().expect("it runs");
        assert!(
            proved.status.success(),
            "{}",
            String::from_utf8_lossy(&proved.stderr)
        );
    }
}

/// Makes a key on one server, and revokes it or another on the next.
async fn change(fleet: &[Server], place: usize, known: &Mutex<Vec<(String, String, Fate)>>) {
    let made = fleet[place]
        .request(Method::POST, "/v1/keys")
        .json(&json!({"name": "Sample key"}));
    let Some(key) = answered(made, StatusCode::CREATED).await else {
        tokio::time::sleep(Duration::from_millis(50)).await;
        return;
    };
    let index = {
        let mut known = known.lock().expect("a list");
        known.push((
            text(&key, "id").to_owned(),
            text(&key, "secret").to_owned(),
            Fate::Made,
        ));
        known.len() - 1
    };
    if index % 3 == 0 {
        return;
    }
    known.lock().expect("a list")[index].2 = Fate::Open;
    let other = &fleet[(place + 1) % fleet.len()];
    let revoke = other
        .request(Method::POST, &path_of(&key, "revoke"))
        .json(&json!({}));
    if answered(revoke, StatusCode::OK).await.is_some() {
        known.lock().expect("a list")[index].2 = Fate::Revoked;
    }
}

/// The answer, if it is this one; else it has to be that the database cannot be had.
async fn answered(request: reqwest::RequestBuilder, wanted: StatusCode) -> Option<Value> {
    let answer = request
        .send()
        .await
        .expect("servers answer, whatever becomes of the database");
    let status = answer.status();
    if status == wanted {
        return Some(answer.json().await.expect("JSON"));
    }
    assert_eq!(
        status,
        StatusCode::SERVICE_UNAVAILABLE,
        "{:?}",
        answer.text().await
    );
    None
}

/// Asks for one of the last keys.
async fn verify(server: &Server, known: &Mutex<Vec<(String, String, Fate)>>, counts: &[AtomicU64; 2]) {
    let lately = known.lock().expect("a list").iter().rev().nth(1).cloned();
    let Some((_, token, fate)) = lately else {
        tokio::time::sleep(Duration::from_millis(5)).await;
        return;
    };
    let asked = server
        .door(Method::POST, "/v1/verify")
        .json(&json!({"key": token}));
    let Some(answer) = answered(asked, StatusCode::OK).await else {
        tokio::time::sleep(Duration::from_millis(20)).await;
        return;
    };
    if fate == Fate::Revoked {
        counts[0].fetch_add(1, SeqCst);
        counts[1].fetch_add(u64::from(answer["code"] == "VALID"), SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_outlives_a_database_that_restarts_at_once_under_load() {
    let cluster = Cluster::start(false);
    let load = Load::begin(cluster.serve(3).await);
    for _ in 0..3 {
        let before = load.changes();
        until("keys are made", async || load.changes() > before + 10).await;
        cluster.primary.control(&["-m", "immediate", "-w", "restart"]);
    }
    let before = load.changes();
    until("keys are made again", async || load.changes() > before + 10).await;
    load.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_outlives_a_failover_to_a_synchronous_standby() {
    let cluster = Cluster::start(true);
    let standby = cluster.standby.as_ref().expect("a standby");
    let load = Load::begin(cluster.serve(3).await);
    until("keys are made", async || load.changes() > 30).await;
    cluster.primary.kill();
    let before = load.changes();
    standby.control(&["-w", "promote"]);
    until("keys are made on the standby", async || {
        load.changes() > before + 20
    })
    .await;
    load.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_host_that_is_silent_does_not_stand_in_the_way_of_the_one_that_answers() {
    // The first host is the second one behind a way that can fall silent: it takes connections then, and says nothing.
    let mut server = Server::init(Engine::Postgres).await;
    let real = server.database().expect("an address");
    let (proxy, through) = Proxy::before(&real).await;
    let place = |url: &str| {
        url.rsplit_once('@')
            .map_or(url, |(_, rest)| rest)
            .split('/')
            .next()
            .expect("a host")
            .to_owned()
    };
    let both = format!("{},{}", place(&through), place(&real));
    server.detour = Some(format!(
        "{}?target_session_attrs=read-write",
        through.replacen(&place(&through), &both, 1)
    ));
    server.serve().await;
    server.create(json!({})).await;
    proxy.turn(Way::Silent);
    let works = async |server: &Server| {
        let ready = server
            .anonymous(Method::GET, "/readyz")
            .send()
            .await
            .expect("an answer");
        let made = server
            .request(Method::POST, "/v1/keys")
            .json(&json!({"name": "Sample key"}));
        ready.status() == StatusCode::OK && answered(made, StatusCode::CREATED).await.is_some()
    };
    until("it goes on at the other host", async || works(&server).await).await;
    // Nor of a start.
    server.stop();
    server.serve().await;
    until("it serves", async || works(&server).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_with_success_that_the_standby_has_not_got() {
    let cluster = Cluster::start(true);
    let standby = cluster.standby.as_ref().expect("a standby");
    let fleet = cluster.serve(1).await;
    let key = fleet[0].create(json!({})).await;
    let doctor = fleet[0]
        .claviger(&["doctor", "--json"])
        .output()
        .expect("it runs");
    assert!(
        String::from_utf8_lossy(&doctor.stdout).contains("synchronous standby servers have"),
        "{doctor:?}"
    );
    standby.control(&["-w", "-m", "fast", "stop"]);
    let revoke = fleet[0]
        .request(Method::POST, &path_of(&key, "revoke"))
        .json(&json!({}));
    assert_eq!(
        answered(revoke, StatusCode::OK).await,
        None,
        "it cannot be promised"
    );
    // Nor can a lease be renewed: a renewal is a commit, too.
    let verify = fleet[0]
        .door(Method::POST, "/v1/verify")
        .json(&json!({"key": text(&key, "secret")}));
    assert_eq!(
        answered(verify, StatusCode::OK).await,
        None,
        "it answers no longer than its lease"
    );
    standby.start("");
    until("changes are taken again", async || {
        let made = fleet[0]
            .request(Method::POST, "/v1/keys")
            .json(&json!({"name": "Sample key"}));
        answered(made, StatusCode::CREATED).await.is_some()
    })
    .await;
    let (status, answer) = fleet[0]
        .call(Method::POST, &path_of(&key, "revoke"), Some(json!({})))
        .await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(
        text(&fleet[0].verify(text(&key, "secret")).await, "code"),
        "REVOKED"
    );
}
