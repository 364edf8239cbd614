//! The installation's secrets on several servers: rotated in stages, under load, without one refusal that is not true.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use reqwest::{Method, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{Engine, Server, path_of, text, until};

/// Takes a step on a server's own socket; what was answered.
async fn step(server: &Server, kind: &str, step: &str, version: Option<u32>) -> (StatusCode, Value) {
    let mut body = json!({"kind": kind, "step": step});
    if let Some(version) = version {
        body["version"] = version.into();
    }
    let asked = server
        .local(Method::POST, "/v1/installation/secrets/rotate")
        .json(&body)
        .send()
        .await;
    let answer = asked.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

async fn status(server: &Server) -> Value {
    let asked = server.local(Method::GET, "/v1/installation/secrets").send().await;
    asked.expect("an answer").json().await.expect("JSON")
}

/// Brings the secrets file of one server to the others, which read it at once.
async fn bring(from: &Server, to: &[&Server]) {
    for server in to {
        std::fs::copy(
            from.data().join("secrets.toml"),
            server.data().join("secrets.toml"),
        )
        .expect("a copy");
        kill_process(
            Pid::from_raw(server.pid() as i32).expect("a process id"),
            Signal::HUP,
        )
        .expect("a signal");
        let fields = ["peppers", "key_encryption_keys"];
        let there = status(from).await;
        let wanted = fields.map(|kind| shown(&there[kind]));
        until("it is read", async || {
            let here = status(server).await;
            fields.map(|kind| shown(&here[kind])) == wanted
        })
        .await;
    }
}

/// Versions with their states.
fn shown(versions: &Value) -> Vec<(u64, String)> {
    let all = versions.as_array().expect("versions").iter();
    all.map(|one| {
        (
            one["version"].as_u64().expect("a number"),
            text(one, "state").to_owned(),
        )
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_rotated_on_three_servers_under_load_without_a_false_refusal() {
    let mut fleet = vec![Server::start(Engine::Postgres).await];
    for _ in 0..2 {
        let mut other = fleet[0].beside().await;
        other.serve().await;
        fleet.push(other);
    }
    let fleet = Arc::new(fleet);
    let mut keys = Vec::new();
    for n in 0..12 {
        keys.push(fleet[n % 3].create(json!({})).await);
    }
    let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let load: Vec<_> = (0..3)
        .map(|place| {
            let (fleet, stop, asked) = (fleet.clone(), stop.clone(), asked.clone());
            let keys = keys.clone();
            tokio::spawn(async move {
                let mut fresh: Vec<Value> = Vec::new();
                while !stop.load(SeqCst) {
                    for key in keys.iter().chain(&fresh) {
                        let answer = fleet[place].verify(text(key, "secret")).await;
                        assert_eq!(text(&answer, "code"), "VALID", "on server {place}");
                        asked.fetch_add(1, SeqCst);
                    }
                    // Made by the secrets of now, and asked for on another server at once.
                    let key = fleet[place].create(json!({})).await;
                    let answer = fleet[(place + 1) % 3].verify(text(&key, "secret")).await;
                    assert_eq!(text(&answer, "code"), "VALID", "made on server {place}");
                    fresh.push(key);
                    if fresh.len() > 6 {
                        let old = path_of(&fresh.remove(0), "revoke");
                        let (status, _) = fleet[place].call(Method::POST, &old, Some(json!({}))).await;
                        assert_eq!(status, StatusCode::OK);
                    }
                }
            })
        })
        .collect();
    let (first, others) = (&fleet[0], [&fleet[1], &fleet[2]]);
    for (kind, list) in [
        ("pepper", "peppers"),
        ("key_encryption_key", "key_encryption_keys"),
    ] {
        assert_eq!(step(first, kind, "announce", None).await.0, StatusCode::OK);
        // The others have not got it: to write with it would make tokens that they do not know.
        let (code, refused) = step(first, kind, "promote", None).await;
        assert_eq!(
            (code, text(&refused, "code")),
            (StatusCode::CONFLICT, "secrets_differ"),
            "{refused}"
        );
        // And one of their own under that number could never be told apart.
        assert_eq!(
            step(others[0], kind, "announce", None).await.0,
            StatusCode::CONFLICT
        );
        bring(first, &others).await;
        assert_eq!(step(first, kind, "promote", None).await.0, StatusCode::OK);
        let there = status(first).await;
        let writes: Vec<_> = there["servers"]
            .as_array()
            .expect("servers")
            .iter()
            .map(|one| one[kind].as_u64())
            .collect();
        assert_eq!(writes, [Some(1), Some(1)], "{there}");
        // They write with the old one still.
        assert_eq!(step(first, kind, "retire", Some(1)).await.0, StatusCode::CONFLICT);
        bring(first, &others).await;
        until("nothing leans on the old one", async || {
            let status = status(first).await;
            // They are rewritten as they are used, and all of these are.
            let old = &status[list][0];
            old["live"].as_u64().or(old["data_keys"].as_u64()) == Some(0)
        })
        .await;
        let (code, answer) = step(first, kind, "retire", Some(1)).await;
        assert_eq!(code, StatusCode::OK, "{answer}");
        bring(first, &others).await;
    }
    stop.store(true, SeqCst);
    for task in load {
        task.await.expect("no false refusal");
    }
    println!("{} verifications, none refused", asked.load(SeqCst));
    assert!(asked.load(SeqCst) > 100);
    for server in fleet.iter() {
        assert_eq!(
            shown(&status(server).await["peppers"]),
            [(2, "writing".to_owned())]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_other_secrets_does_not_start_beside_those_that_serve_and_takes_no_wrong_file() {
    let first = Server::start(Engine::Postgres).await;
    let mut second = first.beside().await;
    second.serve().await;
    assert_eq!(step(&first, "pepper", "announce", None).await.0, StatusCode::OK);
    bring(&first, &[&second]).await;
    assert_eq!(step(&first, "pepper", "promote", None).await.0, StatusCode::OK);
    // From before the announcement.
    let third = first.beside().await;
    let old = std::fs::read_to_string(third.data().join("secrets.toml")).expect("a file");
    let foreign = Server::init(Engine::Sqlite).await;
    let foreign = std::fs::read_to_string(foreign.data().join("secrets.toml")).expect("a file");
    for (secrets, words) in [
        (&foreign, "another installation"),
        (&without_second(&old), "pepper 2"),
    ] {
        std::fs::write(third.data().join("secrets.toml"), secrets).expect("a file");
        let output = third
            .claviger(&[
                "serve",
                "--management",
                "127.0.0.1:0",
                "--verify",
                "127.0.0.1:0",
                "--grpc",
                "127.0.0.1:0",
            ])
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(words), "{said}");
        // One that serves goes on with what it has.
        let key = second.create(json!({})).await;
        let kept = std::fs::read(second.data().join("secrets.toml")).expect("a file");
        std::fs::write(second.data().join("secrets.toml"), secrets).expect("a file");
        kill_process(
            Pid::from_raw(second.pid() as i32).expect("a process id"),
            Signal::HUP,
        )
        .expect("a signal");
        until("it says why", async || second.log().contains(words)).await;
        assert_eq!(text(&second.verify(text(&key, "secret")).await, "code"), "VALID");
        assert_eq!(text(&first.verify(text(&key, "secret")).await, "code"), "VALID");
        std::fs::write(second.data().join("secrets.toml"), kept).expect("a file");
    }
    let nodes = first
        .local(Method::GET, "/v1/nodes")
        .send()
        .await
        .expect("an answer");
    let nodes: Value = nodes.json().await.expect("JSON");
    assert_eq!(
        nodes["items"].as_array().map(Vec::len),
        Some(2),
        "who did not start has left: {nodes}"
    );
}

/// A secrets file as it was before its second pepper.
fn without_second(text: &str) -> String {
    let mut file: toml::Table = text.parse().expect("TOML");
    let peppers = file["peppers"].as_table_mut().expect("a table");
    peppers["current"] = 1.into();
    peppers["keys"].as_table_mut().expect("keys").remove("2");
    toml::to_string(&file).expect("TOML")
}
