//! Several servers on one PostgreSQL database: what one of them has ended, none of them lets pass, whatever becomes of them.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::proxy::{Proxy, Way};
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
        let asked = tokio::spawn({
            let request = fleet[2]
                .door(Method::POST, "/v1/verify")
                .json(&json!({"key": token}));
            async move {
                request
                    .send()
                    .await
                    .expect("an answer")
                    .json::<Value>()
                    .await
                    .expect("JSON")
            }
        });
        // It is not waited for longer than its lease, and taken out then.
        let (status, answer) = fleet[0]
            .call(Method::POST, &path_of(&key, "revoke"), Some(json!({})))
            .await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(nodes(&fleet[1]).await.len(), 2, "round {round}");
        assert_eq!(code(&fleet[1], token).await, "REVOKED");
        let begun = fleet[2]
            .door(Method::POST, "/v1/verify")
            .json(&json!({"key": token}));
        let later = tokio::spawn(async move {
            begun
                .send()
                .await
                .expect("an answer")
                .json::<Value>()
                .await
                .expect("JSON")
        });
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
    let (status, answer) = fleet[0]
        .call(Method::POST, &path_of(&key, "revoke"), Some(json!({})))
        .await;
    assert_eq!(status, StatusCode::OK, "{answer}");
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
    let ended = fleet[0]
        .call(Method::POST, &path_of(&key, "revoke"), Some(json!({})))
        .await;
    assert_eq!(ended.0, StatusCode::OK, "{}", ended.1);
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
    until("it answers again", async || {
        let asked = fleet[2]
            .door(Method::POST, "/v1/verify")
            .json(&json!({"key": token}))
            .send()
            .await;
        let answer = asked.expect("an answer");
        answer.status() == StatusCode::OK && answer.json::<Value>().await.expect("JSON")["code"] == "REVOKED"
    })
    .await;
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
