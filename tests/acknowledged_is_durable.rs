//! What was acknowledged survives `kill -9`: a client keeps a journal of every answer, the server is killed in the middle
//! of its work, and after each restart the journal is held against what the database says.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::seed::{Dice, rounds};
use crate::support::{ENGINES, Engine, Server, text};

/// Callers at the same time.
const CALLERS: usize = 6;
/// Rounds on one installation: then another begins, so that late rounds check no more than early ones.
const ROUNDS_EACH: usize = 100;

/// What the client knows of a key. None: asked and not answered, so either may be true.
struct Entry {
    id: String,
    number: i64,
    /// The youngest secret that was handed over.
    secret: String,
    /// Secrets that an acknowledged rotation ended.
    ended: Vec<String>,
    enabled: Option<bool>,
    revoked: Option<bool>,
    /// Whether `secret` is the key's current one: not, once a rotation was made whose answer was lost.
    current: bool,
    /// Acknowledged changes by action.
    done: HashMap<&'static str, usize>,
    /// The change that was asked for and not answered.
    asked: Option<&'static str>,
}

impl Entry {
    fn of(key: &Value) -> Self {
        Self {
            id: text(key, "id").to_owned(),
            number: key["number"].as_i64().expect("a number"),
            secret: text(key, "secret").to_owned(),
            ended: Vec::new(),
            enabled: Some(true),
            revoked: Some(false),
            current: true,
            done: HashMap::from([("key.create", 1)]),
            asked: None,
        }
    }
}

/// One caller with the keys that it alone changes.
struct Caller {
    http: Client,
    management: String,
    key: String,
    dice: Dice,
    keys: Vec<Entry>,
    /// Creations that were not answered.
    lost: usize,
    /// Answers to all callers.
    answers: Arc<AtomicUsize>,
}

impl Caller {
    /// Changes until the server is gone.
    async fn work(mut self) -> Self {
        loop {
            let live: Vec<usize> = (0..self.keys.len())
                .filter(|i| self.keys[*i].revoked == Some(false) && self.keys[*i].asked.is_none())
                .collect();
            let goes_on = if live.is_empty() || self.dice.below(2) == 0 {
                self.create().await
            } else {
                let which = *self.dice.pick(&live);
                self.change(which).await
            };
            if !goes_on {
                return self;
            }
        }
    }

    async fn post(&self, path: &str, body: Value) -> Option<Value> {
        let request = self.http.post(format!("{}{path}", self.management));
        let response = request.bearer_auth(&self.key).json(&body).send().await.ok()?;
        let status = response.status();
        // Half an answer is none.
        let body: Value = response.json().await.ok()?;
        assert!(status.is_success(), "{path}: {status} {body}");
        self.answers.fetch_add(1, SeqCst);
        Some(body)
    }

    async fn create(&mut self) -> bool {
        match self.post("/v1/keys", json!({"name": "Durable"})).await {
            Some(key) => self.keys.push(Entry::of(&key)),
            None => self.lost += 1,
        }
        self.lost == 0
    }

    async fn change(&mut self, which: usize) -> bool {
        let enabled = self.keys[which].enabled == Some(true);
        let (verb, action) = match self.dice.below(10) {
            0..4 => ("rotate", "key.rotate"),
            4..7 if enabled => ("disable", "key.disable"),
            4..7 => ("enable", "key.enable"),
            _ => ("revoke", "key.revoke"),
        };
        let path = format!("/v1/keys/{}/{verb}", self.keys[which].id);
        let answer = self.post(&path, json!({})).await;
        let entry = &mut self.keys[which];
        let Some(answer) = answer else {
            entry.asked = Some(action);
            match verb {
                "rotate" => {}
                "revoke" => entry.revoked = None,
                _ => entry.enabled = None,
            }
            return false;
        };
        *entry.done.entry(action).or_default() += 1;
        match verb {
            "rotate" => {
                let fresh = text(&answer, "secret").to_owned();
                let ended = std::mem::replace(&mut entry.secret, fresh);
                entry.ended.push(ended);
                entry.current = true;
            }
            "revoke" => entry.revoked = Some(true),
            _ => entry.enabled = Some(verb == "enable"),
        }
        true
    }
}

/// What the database says of every key: its listing, and how often its log names each action.
struct Truth {
    keys: HashMap<String, Value>,
    actions: HashMap<String, HashMap<String, usize>>,
}

impl Truth {
    async fn read(server: &Server) -> Self {
        let mut keys = HashMap::new();
        let mut path = "/v1/keys?status=all&limit=500".to_owned();
        loop {
            let (status, page) = server.call(Method::GET, &path, None).await;
            assert_eq!(status, StatusCode::OK, "{page}");
            for key in page["items"].as_array().expect("items") {
                keys.insert(text(key, "id").to_owned(), key.clone());
            }
            match page["next_cursor"].as_str() {
                Some(cursor) => path = format!("/v1/keys?status=all&limit=500&cursor={cursor}"),
                None => break,
            }
        }
        let export = server
            .http
            .get(format!("{}/v1/audit/export?format=ndjson", server.management))
            .bearer_auth(&server.key)
            .send()
            .await
            .expect("an export");
        let mut actions: HashMap<String, HashMap<String, usize>> = HashMap::new();
        for line in export.text().await.expect("lines").lines() {
            let record: Value = serde_json::from_str(line).expect("a record");
            let of_target = actions
                .entry(text(&record["target"], "id").to_owned())
                .or_default();
            *of_target.entry(text(&record, "action").to_owned()).or_default() += 1;
        }
        Self { keys, actions }
    }
}

/// Holds a caller's journal against the truth, and takes over what the truth says of what was not answered.
async fn compare(server: &Server, entry: &mut Entry, truth: &Truth) {
    let id = &entry.id;
    let key = truth
        .keys
        .get(id)
        .unwrap_or_else(|| panic!("the acknowledged {id} is lost"));
    assert_eq!(key["number"].as_i64(), Some(entry.number));
    let logged = &truth.actions[id];
    for action in [
        "key.create",
        "key.rotate",
        "key.disable",
        "key.enable",
        "key.revoke",
    ] {
        let done = entry.done.get(action).copied().unwrap_or(0);
        let logged = logged.get(action).copied().unwrap_or(0);
        if entry.asked != Some(action) {
            assert_eq!(
                logged, done,
                "{id}: records of {action} against acknowledged changes"
            );
            continue;
        }
        assert!(
            logged == done || logged == done + 1,
            "{id}: {action} {logged} {done}"
        );
        let made = logged > done;
        entry.done.insert(action, logged);
        match action {
            // What an earlier lost answer replaced stays replaced.
            "key.rotate" => entry.current &= !made,
            "key.revoke" => entry.revoked = Some(made),
            _ => entry.enabled = Some((action == "key.enable") == made),
        }
    }
    entry.asked = None;
    let revoked = entry.revoked == Some(true);
    let enabled = entry.enabled == Some(true);
    assert_eq!(!key["revoked"].is_null(), revoked, "{key}");
    assert_eq!(key["enabled"], enabled, "{key}");
    let expected = match (revoked || !entry.current, enabled) {
        (true, _) => "REVOKED",
        (false, false) => "DISABLED",
        (false, true) => "VALID",
    };
    let answer = server.verify(&entry.secret).await;
    assert_eq!(answer["code"], expected, "{id}: {answer}");
    if let Some(ended) = entry.ended.last() {
        assert_eq!(server.verify(ended).await["code"], "REVOKED", "{id}");
    }
}

/// Kills a server `rounds` times in the middle of changes.
async fn kill_in_a_loop(engine: Engine, rounds: usize, dice: &mut Dice) {
    let mut server = Server::start(engine).await;
    let mut journals: Vec<Vec<Entry>> = (0..CALLERS).map(|_| Vec::new()).collect();
    let (mut acknowledged, mut unanswered) = (0, 0);
    let mut lost_creations = 0;
    for round in 0..rounds {
        let answers = Arc::new(AtomicUsize::new(0));
        let callers: Vec<_> = journals
            .drain(..)
            .map(|keys| {
                let caller = Caller {
                    // Connections of its own, as another process would have.
                    http: Client::builder()
                        .no_proxy()
                        .timeout(Duration::from_secs(30))
                        .build()
                        .expect("a client"),
                    management: server.management.clone(),
                    key: server.key.clone(),
                    dice: dice.split(),
                    keys,
                    lost: 0,
                    answers: answers.clone(),
                };
                tokio::spawn(caller.work())
            })
            .collect();
        // A machine that is busy with other things may take its time for the first answers.
        while answers.load(SeqCst) < CALLERS && !callers.iter().any(|caller| caller.is_finished()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(dice.pause(0, 300)).await;
        server.kill();
        for caller in callers {
            let caller = caller.await.expect("the caller's promises hold");
            lost_creations += caller.lost;
            journals.push(caller.keys);
        }
        unanswered += journals
            .iter()
            .flatten()
            .filter(|key| key.asked.is_some())
            .count();

        server.serve().await;
        let (_, proof) = server.call(Method::GET, "/v1/audit/verify", None).await;
        assert_eq!(proof["ok"], true, "after round {round}: {proof}");
        let truth = Truth::read(&server).await;
        for entry in journals.iter_mut().flatten() {
            compare(&server, entry, &truth).await;
        }
        let known: HashSet<&str> = journals.iter().flatten().map(|key| key.id.as_str()).collect();
        let strangers = truth
            .keys
            .values()
            .filter(|key| key["name"] == "Durable" && !known.contains(text(key, "id")))
            .count();
        assert!(
            strangers <= lost_creations,
            "{strangers} keys that nobody asked for"
        );
        let numbers: HashSet<_> = truth.keys.values().map(|key| key["number"].as_i64()).collect();
        assert_eq!(numbers.len(), truth.keys.len(), "a number was given twice");
        for (id, actions) in &truth.actions {
            let made = actions.get("key.create").copied().unwrap_or(0);
            assert!(!id.starts_with("key_") || made == 1, "{id} was made {made} times");
        }
        acknowledged = journals
            .iter()
            .flatten()
            .map(|key| key.done.values().sum::<usize>())
            .sum();
    }
    println!(
        "{engine:?}: {rounds} rounds of kill -9, {acknowledged} acknowledged changes all there, {} unanswered",
        unanswered + lost_creations
    );
    assert!(
        acknowledged > rounds,
        "the server was killed before it did anything"
    );
}

#[tokio::test]
async fn acknowledged_changes_survive_kill_9() {
    let mut dice = Dice::throw();
    for engine in ENGINES {
        let few = if engine == Engine::Sqlite { 8 } else { 3 };
        let rounds = rounds(few, 1_000);
        let mut left = rounds;
        while left > 0 {
            let now = left.min(ROUNDS_EACH);
            kill_in_a_loop(engine, now, &mut dice).await;
            left -= now;
        }
    }
}

/// A line of `strace`, where it ended.
struct Traced<'a> {
    call: &'a str,
    line: &'a str,
}

/// The calls in the order in which they returned; a call that another one interrupts in the listing is written in two
/// parts, of which the second has no arguments: it is given those of the first.
fn returned(trace: &str) -> Vec<String> {
    let mut begun: HashMap<&str, &str> = HashMap::new();
    let mut calls = Vec::new();
    for line in trace.lines() {
        let Some((pid, rest)) = line.split_once(' ') else {
            continue;
        };
        let rest = rest.trim_start();
        if let Some(first) = rest.strip_suffix("<unfinished ...>") {
            begun.insert(pid, first);
            // Bytes may reach the client from here on.
            if first.contains("HTTP/1.1 201") {
                calls.push(first.to_owned());
            }
        } else if rest.starts_with("<...") {
            let first = begun.remove(pid).unwrap_or_default();
            let end = rest.split_once("resumed>").map_or("", |(_, end)| end);
            calls.push(format!("{first}{end}"));
        } else {
            calls.push(rest.to_owned());
        }
    }
    calls
}

#[tokio::test]
async fn a_create_is_on_disk_before_its_answer_is_sent() {
    let mut server = Server::init(Engine::Sqlite).await;
    let trace = server.data().with_file_name("trace");
    let tools = [
        "strace",
        "-f",
        "-D",
        "-y",
        "-s",
        "48",
        "-e",
        "trace=pwrite64,fdatasync,fsync,write,writev,sendto,sendmsg,read,recvfrom",
        "-o",
    ];
    server.under = tools.map(str::to_owned).to_vec();
    server.under.push(trace.display().to_string());
    server.serve().await;
    server.create(json!({})).await;
    assert!(server.stop().success());

    // The tracer is a process of its own, and may write a moment longer.
    let mut text = String::new();
    for _ in 0..500 {
        text = std::fs::read_to_string(&trace).unwrap_or_default();
        if text.contains("+++ exited with 0 +++") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let calls = returned(&text);
    let traced: Vec<Traced<'_>> = calls
        .iter()
        .map(|line| Traced {
            call: line.split('(').next().unwrap_or_default(),
            line,
        })
        .collect();
    let wal = "claviger.db-wal>";
    let asked = traced
        .iter()
        .position(|t| ["read", "recvfrom"].contains(&t.call) && t.line.contains("POST /v1/keys "))
        .expect("the request in the trace");
    let answered = asked
        + traced[asked..]
            .iter()
            .position(|t| t.line.contains("HTTP/1.1 201"))
            .expect("the answer in the trace");
    let between = &traced[asked..answered];
    let written = between
        .iter()
        .rposition(|t| t.call == "pwrite64" && t.line.contains(wal))
        .expect("the change is written to the log between request and answer");
    let synced = between[written..]
        .iter()
        .any(|t| ["fdatasync", "fsync"].contains(&t.call) && t.line.contains(wal) && t.line.ends_with("= 0"));
    let listing: Vec<&str> = between.iter().map(|t| t.line).collect();
    assert!(
        synced,
        "answered before the log was synced:\n{}",
        listing.join("\n")
    );
}
