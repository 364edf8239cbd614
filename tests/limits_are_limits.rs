//! Limits are limits: a quota of N never admits more than N, whoever asks and whatever crashes, and exactly N on a healthy
//! node; a rate limit refuses and says when to come again; nothing but time, and whoever may, fills either up.

mod edits;
mod hostile;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::proxy::{Proxy, Way};
use crate::seed::{Dice, rounds};
use crate::support::{Answer, ENGINES, Engine, Server, path_of, text};

/// Callers at the same time.
const CALLERS: usize = 64;

/// How many of `times` verifications pass; the others must be refused with `code`.
async fn passing(server: &Server, secret: &str, times: usize, code: &str) -> usize {
    let mut passed = 0;
    for _ in 0..times {
        let answer = server.verify(secret).await;
        match text(&answer, "code") {
            "VALID" => passed += 1,
            other => assert_eq!(other, code, "{answer}"),
        }
    }
    passed
}

async fn show(server: &Server, key: &Value) -> Value {
    let (status, key) = server.call(Method::GET, &path_of(key, ""), None).await;
    assert_eq!(status, StatusCode::OK, "{key}");
    key
}

#[tokio::test]
async fn a_key_with_a_rate_limit_is_refused_beyond_it_and_told_when_to_come_again() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let limits = json!([{"name": "requests", "limit": 3, "window": "1h"}]);
        let key = server.create(json!({"rate_limits": limits})).await;
        let first = server.verify(text(&key, "secret")).await;
        let standing = &first["rate_limits"][0];
        assert_eq!(
            (&standing["name"], &standing["limit"], &standing["remaining"]),
            (&json!("requests"), &json!(3), &json!(2)),
            "{first}"
        );
        assert!(
            standing["reset_at"].is_string() && first.get("quota").is_none(),
            "{first}"
        );
        assert_eq!(passing(&server, text(&key, "secret"), 4, "RATE_LIMITED").await, 2);
        let refused = server.verify(text(&key, "secret")).await;
        assert_eq!(
            (&refused["valid"], &refused["limited_by"]),
            (&json!(false), &json!("requests"))
        );
        let seconds = refused["retry_after"].as_u64().expect("seconds");
        assert!((1_000..=1_200).contains(&seconds), "{refused}");
        assert_eq!(refused["rate_limits"][0]["remaining"], 0, "{refused}");
        // A batch is counted like its requests one by one, and refusals are in the usage.
        let one = json!({"key": text(&key, "secret")});
        let batch = server.door(Method::POST, "/v1/verify/batch");
        let batch = batch
            .json(&json!({"requests": [one, one]}))
            .send()
            .await
            .expect("an answer");
        let batch: Value = batch.json().await.expect("JSON");
        assert_eq!(batch["results"][1]["code"], "RATE_LIMITED", "{batch}");
        let mut counted = Value::Null;
        for _ in 0..100 {
            let (_, usage) = server.call(Method::GET, &path_of(&key, "usage"), None).await;
            counted = usage["by_code"].clone();
            if counted["RATE_LIMITED"] == 5 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(
            (&counted["VALID"], &counted["RATE_LIMITED"]),
            (&json!(3), &json!(5))
        );
    }
}

#[tokio::test]
async fn a_quota_admits_exactly_n_whoever_asks_at_once() {
    for engine in ENGINES {
        for n in [1_usize, 50, 500] {
            let server = Server::start(engine).await;
            let quota = json!({"limit": n, "per": "month"});
            let key = server.create(json!({"quota": quota})).await;
            let passed: usize = many(&server, text(&key, "secret"), n / 32 + 5).await;
            assert_eq!(passed, n);
            let shown = show(&server, &key).await;
            assert_eq!(
                (&shown["quota"]["used"], &shown["quota"]["remaining"]),
                (&json!(n), &json!(0)),
                "{shown}"
            );
            let refused = server.verify(text(&key, "secret")).await;
            assert_eq!(refused["code"], "QUOTA_EXCEEDED");
            assert_eq!(refused["quota"]["limit"], n, "{refused}");
            assert!(
                refused["retry_after"].as_u64().is_some_and(|s| s > 0),
                "{refused}"
            );
        }
    }
}

/// How many verifications pass of [`CALLERS`] that ask `times` each.
async fn many(server: &Server, secret: &str, times: usize) -> usize {
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..CALLERS {
        let http = server.http.clone();
        let door = format!("{}/v1/verify", server.verification);
        let body = json!({ "key": secret });
        callers.spawn(async move {
            let mut passed = 0;
            for _ in 0..times {
                let answer = http.post(&door).json(&body).send().await.expect("an answer");
                let answer: Value = answer.json().await.expect("JSON");
                match text(&answer, "code") {
                    "VALID" => passed += 1,
                    other => assert_eq!(other, "QUOTA_EXCEEDED", "{answer}"),
                }
            }
            passed
        });
    }
    let mut passed = 0;
    while let Some(of_caller) = callers.join_next().await {
        passed += of_caller.expect("a caller");
    }
    passed
}

/// Asks until the server is gone, and counts what passed before it was.
async fn ask_on(http: Client, door: String, body: Value, passed: Arc<AtomicU64>) {
    loop {
        let Ok(answer) = http.post(&door).json(&body).send().await else {
            return;
        };
        // Half an answer is none; it may have been counted all the same.
        let Ok(answer) = answer.json::<Value>().await else {
            return;
        };
        if answer["code"] == "VALID" {
            passed.fetch_add(1, SeqCst);
        }
    }
}

#[tokio::test]
async fn no_more_than_n_pass_however_often_the_server_is_killed() {
    for engine in ENGINES {
        let mut dice = Dice::throw();
        let mut server = Server::init(engine).await;
        server.serve().await;
        let n = 3_000;
        let key = server
            .create(json!({"quota": {"limit": n, "per": "total"}}))
            .await;
        let body = json!({"key": text(&key, "secret")});
        let passed = Arc::new(AtomicU64::new(0));
        for _ in 0..rounds(3, 200) {
            let mut callers = tokio::task::JoinSet::new();
            for _ in 0..8 {
                let door = format!("{}/v1/verify", server.verification);
                callers.spawn(ask_on(server.http.clone(), door, body.clone(), passed.clone()));
            }
            tokio::time::sleep(dice.pause(50, 350)).await;
            server.kill();
            while callers.join_next().await.is_some() {}
            server.serve().await;
        }
        let before = passed.load(SeqCst);
        assert!(before > 0, "the server was never asked");
        let shown = show(&server, &key).await;
        let used = shown["quota"]["used"].as_u64().expect("a number");
        assert!(used >= before && used <= n, "{used} are used, {before} passed");
        // What is left passes to the last unit.
        let left = many(&server, text(&key, "secret"), n as usize / CALLERS + 8).await as u64;
        assert_eq!(left, n - used);
        assert!(before + left <= n, "{before} and then {left} passed of {n}");
    }
}

#[tokio::test]
async fn a_clean_stop_forfeits_nothing() {
    for engine in ENGINES {
        let mut server = Server::start(engine).await;
        let key = server
            .create(json!({"quota": {"limit": 40, "per": "total"}}))
            .await;
        let mut passed = 0;
        for _ in 0..3 {
            passed += passing(&server, text(&key, "secret"), 7, "").await;
            assert!(server.stop_soon().await.success());
            server.serve().await;
            assert_eq!(show(&server, &key).await["quota"]["used"], passed);
        }
        passed += passing(&server, text(&key, "secret"), 60, "QUOTA_EXCEEDED").await;
        assert_eq!(passed, 40);
    }
}

#[tokio::test]
async fn without_the_database_nobody_passes_whose_units_are_gone_and_none_is_granted_twice() {
    let mut server = Server::empty(Engine::Postgres).await;
    let (proxy, through) = Proxy::before(&server.database().expect("PostgreSQL")).await;
    server.detour = Some(through);
    server.found();
    server.serve().await;
    let n = 120;
    let key = server
        .create(json!({"quota": {"limit": n, "per": "total"}}))
        .await;
    let secret = text(&key, "secret");
    let mut passed = passing(&server, secret, 5, "").await;
    for way in [Way::Cut, Way::Lost] {
        proxy.turn(way);
        // What is at hand goes on passing, and then the answer is that nothing can be said.
        let mut refused = false;
        for _ in 0..n {
            let asked = server
                .door(Method::POST, "/v1/verify")
                .json(&json!({ "key": secret }));
            let answer = Answer::of(asked).await;
            if answer.status == StatusCode::SERVICE_UNAVAILABLE {
                refused = true;
                break;
            }
            assert_eq!(answer.body["code"], "VALID", "{}", answer.text);
            passed += 1;
        }
        assert!(refused, "the database was away, and {passed} passed");
        proxy.turn(Way::Open);
        for _ in 0..200 {
            let asked = server
                .door(Method::POST, "/v1/verify")
                .json(&json!({ "key": secret }));
            let answer = Answer::of(asked).await;
            if answer.status == StatusCode::OK {
                assert_eq!(answer.body["code"], "VALID", "{}", answer.text);
                passed += 1;
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    passed += passing(&server, secret, n, "QUOTA_EXCEEDED").await;
    assert_eq!(passed, n);
}
