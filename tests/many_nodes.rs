//! Several servers on one PostgreSQL database: what one of them has ended, none of them lets pass, whatever becomes of them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::proxy::{Proxy, Way};
use crate::seed::{Dice, rounds};
use crate::support::{Engine, Server, path_of, text, until};

/// So many servers.
async fn fleet(count: usize) -> Vec<Server> {
    let mut all = vec![Server::start(Engine::Postgres).await];
    while all.len() < count {
        let mut other = all[0].beside().await;
        other.serve().await;
        all.push(other);
    }
    all
}

fn signal(server: &Server, signal: Signal) {
    let pid = Pid::from_raw(server.pid() as i32).expect("a process id");
    kill_process(pid, signal).expect("a signal");
}

async fn code(server: &Server, token: &str) -> String {
    text(&server.verify(token).await, "code").to_owned()
}

/// Asks without waiting for the answer.
fn ask_beside(server: &Server, token: &str) -> tokio::task::JoinHandle<Value> {
    let request = server
        .door(Method::POST, "/v1/verify")
        .json(&json!({"key": token}));
    tokio::spawn(async move {
        let answer = request.send().await.expect("an answer");
        answer.json().await.expect("JSON")
    })
}

async fn revoke(server: &Server, key: &Value) {
    let revoke = path_of(key, "revoke");
    let (status, answer) = server.call(Method::POST, &revoke, Some(json!({}))).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

/// Waits until a server that had no lease answers again, and knows that this token's key is revoked.
async fn until_it_knows(server: &Server, token: &str) {
    until("it answers again, and knows", async || {
        let asked = server
            .door(Method::POST, "/v1/verify")
            .json(&json!({"key": token}));
        let answer = asked.send().await.expect("an answer");
        let answer: Value = answer.json().await.expect("JSON");
        answer["code"] == "REVOKED"
    })
    .await;
}

/// What the nodes say of themselves, by any of them.
async fn nodes(server: &Server) -> Vec<Value> {
    let asked = server
        .local(Method::GET, "/v1/nodes")
        .send()
        .await
        .expect("an answer");
    assert_eq!(asked.status(), StatusCode::OK);
    let answer: Value = asked.json().await.expect("JSON");
    answer["items"].as_array().expect("items").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_has_ended_no_node_lets_pass_from_the_answer_on() {
    let fleet = fleet(3).await;
    assert_eq!(nodes(&fleet[2]).await.len(), 3);
    for round in 0..24 {
        let (changer, key) = (&fleet[round % 3], fleet[(round + 1) % 3].create(json!({})).await);
        let token = text(&key, "secret");
        for node in &fleet {
            assert_eq!(code(node, token).await, "VALID", "made elsewhere, known here");
        }
        let (verb, expected) = match round % 3 {
            0 => ("revoke", "REVOKED"),
            1 => ("disable", "DISABLED"),
            _ => ("rotate", "REVOKED"),
        };
        let (status, answer) = changer
            .call(Method::POST, &path_of(&key, verb), Some(json!({})))
            .await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        for node in &fleet {
            assert_eq!(code(node, token).await, expected, "{verb}, round {round}");
        }
        if verb == "disable" {
            changer.call(Method::POST, &path_of(&key, "enable"), None).await;
            for node in &fleet {
                assert_eq!(code(node, token).await, "VALID", "round {round}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stood_still_does_not_let_pass_what_was_ended_meanwhile() {
    let fleet = fleet(3).await;
    for round in 0..2 {
        let key = fleet[0].create(json!({})).await;
        let token = text(&key, "secret");
        for node in &fleet {
            assert_eq!(code(node, token).await, "VALID");
        }
        signal(&fleet[2], Signal::STOP);
        let asked = ask_beside(&fleet[2], token);
        // It is not waited for longer than its lease, and taken out then.
        revoke(&fleet[0], &key).await;
        assert_eq!(nodes(&fleet[1]).await.len(), 2, "round {round}");
        assert_eq!(code(&fleet[1], token).await, "REVOKED");
        let later = ask_beside(&fleet[2], token);
        tokio::time::sleep(Duration::from_millis(50)).await;
        signal(&fleet[2], Signal::CONT);
        // One that waited since before may have begun before; one that came after it has not.
        let _ = asked.await.expect("an answer");
        assert_eq!(
            later.await.expect("an answer")["code"],
            "REVOKED",
            "round {round}"
        );
        assert_eq!(code(&fleet[2], token).await, "REVOKED");
        until("it has joined again", async || nodes(&fleet[1]).await.len() == 3).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_killed_is_waited_for_once_and_one_that_leaves_not_at_all() {
    let mut fleet = fleet(3).await;
    fleet[2].kill();
    assert_eq!(nodes(&fleet[0]).await.len(), 3);
    let key = fleet[0].create(json!({})).await;
    assert_eq!(code(&fleet[1], text(&key, "secret")).await, "VALID");
    revoke(&fleet[0], &key).await;
    assert_eq!(nodes(&fleet[0]).await.len(), 2, "it was taken out");
    assert_eq!(code(&fleet[1], text(&key, "secret")).await, "REVOKED");
    fleet[1].stop();
    assert_eq!(nodes(&fleet[0]).await.len(), 1, "it has left by itself");
    fleet[2].serve().await;
    assert_eq!(nodes(&fleet[0]).await.len(), 2);
    assert_eq!(code(&fleet[2], text(&key, "secret")).await, "REVOKED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_cannot_reach_the_database_stops_answering_when_its_lease_is_over() {
    let mut fleet = fleet(2).await;
    let (proxy, through) = Proxy::before(&fleet[0].database().expect("an address")).await;
    let mut third = fleet[0].beside().await;
    third.detour = Some(through);
    third.serve().await;
    fleet.push(third);
    let key = fleet[0].create(json!({})).await;
    let token = text(&key, "secret");
    for node in &fleet {
        assert_eq!(code(node, token).await, "VALID");
    }
    proxy.turn(Way::Silent);
    revoke(&fleet[0], &key).await;
    let response = fleet[2]
        .door(Method::POST, "/v1/verify")
        .json(&json!({"key": token}));
    let response = response.send().await.expect("an answer");
    assert_eq!(
        response.status(),
        StatusCode::SERVICE_UNAVAILABLE,
        "it does not know, and says so"
    );
    let ready = fleet[2]
        .anonymous(Method::GET, "/readyz")
        .send()
        .await
        .expect("an answer");
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    proxy.turn(Way::Open);
    until_it_knows(&fleet[2], token).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_may_goes_on_without_the_database_and_changes_say_from_when_on_they_hold_there() {
    let mut fleet = fleet(1).await;
    let (proxy, through) = Proxy::before(&fleet[0].database().expect("an address")).await;
    let mut other = fleet[0].beside().await;
    other.detour = Some(through);
    other
        .environment
        .push(("CLAVIGER_NODE_FRESHNESS", "static".to_owned()));
    other
        .environment
        .push(("CLAVIGER_NODE_STATIC_MAX", "8s".to_owned()));
    other.serve().await;
    fleet.push(other);
    let (key, later) = (fleet[0].create(json!({})).await, fleet[0].create(json!({})).await);
    let token = text(&key, "secret");
    let answer = fleet[1].verify(token).await;
    assert_eq!(
        (text(&answer, "code"), answer.get("stale_for")),
        ("VALID", None),
        "{answer}"
    );
    // With the database it is as strict as others.
    let calm = fleet[0].create(json!({})).await;
    assert_eq!(code(&fleet[1], text(&calm, "secret")).await, "VALID");
    revoke(&fleet[0], &calm).await;
    assert_eq!(code(&fleet[1], text(&calm, "secret")).await, "REVOKED");

    proxy.turn(Way::Cut);
    let (status, answer) = fleet[0]
        .call(Method::POST, &path_of(&key, "revoke"), Some(json!({})))
        .await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    let by = domain::clock::Timestamp::parse(text(&answer, "effective_by")).expect("an instant");
    assert!(
        text(&answer["key"], "id").starts_with("key_"),
        "the usual answer: {answer}"
    );
    assert_eq!(code(&fleet[0], token).await, "REVOKED");
    until("it goes on, and says so", async || {
        let answer = fleet[1].verify(token).await;
        text(&answer, "code") == "VALID" && answer["stale_for"].is_u64()
    })
    .await;
    let door = fleet[1]
        .door(Method::GET, "/verify/nginx")
        .header("X-API-Key", token)
        .send()
        .await
        .expect("an answer");
    assert!(
        door.status().is_success() && door.headers().contains_key("claviger-stale-for"),
        "{door:?}"
    );
    // Nobody is to be kept from it, which a balancer would do.
    let ready = fleet[1]
        .anonymous(Method::GET, "/readyz")
        .send()
        .await
        .expect("an answer");
    assert_eq!(ready.status(), StatusCode::OK);
    let ready: Value = ready.json().await.expect("JSON");
    assert_eq!(ready["status"], "stale");
    // What it has not in memory it does not know.
    let unknown = fleet[1]
        .door(Method::POST, "/v1/verify")
        .json(&json!({"key": text(&later, "secret")}));
    assert_eq!(
        unknown.send().await.expect("an answer").status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    // One of which no more is to be had is not waited for again.
    let begun = Instant::now();
    let (status, _) = fleet[0]
        .call(Method::POST, &path_of(&later, "disable"), None)
        .await;
    assert_eq!(status, StatusCode::ACCEPTED);
    println!("the second change took {:?}", begun.elapsed());
    let clock = domain::clock::SystemClock;
    while domain::clock::Clock::now(&clock) <= by {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let after = fleet[1]
        .door(Method::POST, "/v1/verify")
        .json(&json!({"key": token}));
    assert_eq!(
        after.send().await.expect("an answer").status(),
        StatusCode::SERVICE_UNAVAILABLE,
        "its time is over"
    );
    let ready = fleet[1]
        .anonymous(Method::GET, "/readyz")
        .send()
        .await
        .expect("an answer");
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    proxy.turn(Way::Open);
    until_it_knows(&fleet[1], token).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_is_one_for_all_nodes_and_never_more_when_one_of_them_is_killed() {
    let mut fleet = fleet(3).await;
    let key = fleet[0]
        .create(json!({"quota": {"limit": 300, "per": "total"}}))
        .await;
    let token = text(&key, "secret").to_owned();
    let mut passed = 0;
    for round in 0..120 {
        passed += usize::from(code(&fleet[round % 3], &token).await == "VALID");
    }
    assert_eq!(passed, 120);
    fleet[2].kill();
    for round in 0..600 {
        passed += usize::from(code(&fleet[round % 2], &token).await == "VALID");
    }
    assert!(passed <= 300, "{passed}");
    fleet[2].serve().await;
    for round in 0..60 {
        passed += usize::from(code(&fleet[round % 3], &token).await == "VALID");
    }
    assert!(passed <= 300, "{passed}");
    let (_, shown) = fleet[1]
        .call(Method::GET, &format!("/v1/keys/{}", text(&key, "id")), None)
        .await;
    assert!(shown["quota"]["used"].as_u64() >= Some(passed as u64), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_come_to_several_nodes_at_once_are_all_made_and_chained_and_no_two_alike() {
    let fleet = fleet(3).await;
    let made = futures_util::future::join_all((0..90).map(|n| {
        let server = &fleet[n % 3];
        async move { server.create(json!({"name": format!("Sample {n}")})).await }
    }))
    .await;
    let mut numbers: Vec<i64> = made.iter().filter_map(|key| key["number"].as_i64()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 90);
    let (_, proof) = fleet[1].call(Method::GET, "/v1/audit/verify", None).await;
    assert_eq!(proof["ok"], true, "{proof}");
}

/// A key that is asked for all the time, and when its revocation was answered.
struct Target {
    token: String,
    answered: Mutex<Option<Instant>>,
}

/// Asks a server for keys that are about to be revoked; counts what was certain, and what was wrong.
async fn verify(
    url: String,
    target: Arc<Mutex<Arc<Target>>>,
    over: Arc<AtomicBool>,
    counts: Arc<[AtomicU64; 2]>,
) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    while !over.load(SeqCst) {
        let target = target.lock().expect("a target").clone();
        let certain = target.answered.lock().expect("a time").is_some();
        let request = http.post(&url).json(&json!({ "key": target.token })).send().await;
        let answer: Value = request.expect("an answer").json().await.expect("JSON");
        if certain {
            counts[0].fetch_add(1, SeqCst);
            counts[1].fetch_add(u64::from(answer["code"] != "REVOKED"), SeqCst);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_verification_that_begins_after_a_revocation_s_answer_passes_anywhere() {
    let mut dice = Dice::throw();
    let fleet = fleet(3).await;
    let fresh = async |server: &Server| {
        let key = server.create(json!({})).await;
        let target = Target {
            token: text(&key, "secret").to_owned(),
            answered: Mutex::new(None),
        };
        (key, Arc::new(target))
    };
    let (mut key, first) = fresh(&fleet[0]).await;
    let (target, over) = (Arc::new(Mutex::new(first)), Arc::new(AtomicBool::new(false)));
    let counts = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
    let verifiers: Vec<_> = fleet
        .iter()
        .map(|server| {
            let url = format!("{}/v1/verify", server.verification);
            tokio::spawn(verify(url, target.clone(), over.clone(), counts.clone()))
        })
        .collect();
    let mut took = Vec::new();
    for _ in 0..rounds(60, 100_000) {
        tokio::time::sleep(dice.pause(0, 8)).await;
        let began = Instant::now();
        let revoke = path_of(&key, "revoke");
        let (status, answer) = dice
            .pick(&fleet)
            .call(Method::POST, &revoke, Some(json!({})))
            .await;
        took.push(began.elapsed());
        assert_eq!(status, StatusCode::OK, "{answer}");
        let revoked = target.lock().expect("a target").clone();
        *revoked.answered.lock().expect("a time") = Some(Instant::now());
        tokio::time::sleep(dice.pause(1, 4)).await;
        let (next, fresh) = fresh(dice.pick(&fleet)).await;
        key = next;
        *target.lock().expect("a target") = fresh;
    }
    over.store(true, SeqCst);
    for verifier in verifiers {
        verifier.await.expect("a verifier");
    }
    took.sort_unstable();
    let at = |share: usize| took[(took.len() - 1) * share / 100];
    let [certain, wrong] = [&counts[0], &counts[1]].map(|count| count.load(SeqCst));
    println!(
        "{} revocations, {certain} verifications that began after one: p50 {:?}, p99 {:?}, at most {:?}",
        took.len(),
        at(50),
        at(99),
        at(100)
    );
    assert_eq!(wrong, 0);
    assert!(certain > 50, "{certain}");
}
