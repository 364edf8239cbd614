//! What was answered is counted: after `kill -9`, with the database away, with the journal full.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use domain::id::KeyId;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use store::db::Database;
use store::params;

use crate::proxy::{Proxy, Way};
use crate::seed::Dice;
use crate::support::{ENGINES, Engine, Server, text, until};

/// What was sent and what was answered of one token.
#[derive(Default)]
struct Tally {
    sent: AtomicU64,
    answered: AtomicU64,
}

/// Programs that verify all the time until they are told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    fn begin(server: &Server, tokens: &[String], tallies: &Arc<Vec<Tally>>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let tasks = (0..4).map(|n| {
            let (stop, tallies, tokens) = (stop.clone(), tallies.clone(), tokens.to_vec());
            let address = format!("{}/v1/verify", server.verification);
            tokio::spawn(async move {
                let http = Client::new();
                for step in n.. {
                    if stop.load(SeqCst) {
                        return;
                    }
                    let place = step % tokens.len();
                    tallies[place].sent.fetch_add(1, SeqCst);
                    let request = http
                        .post(&address)
                        .json(&json!({"key": tokens[place], "ip": "203.0.113.9"}));
                    // Killed half-way through the answer is not answered.
                    if let Ok(response) = request.send().await
                        && response
                            .json::<Value>()
                            .await
                            .is_ok_and(|body| body["code"] == "VALID")
                    {
                        tallies[place].answered.fetch_add(1, SeqCst);
                    }
                }
            })
        });
        Self {
            tasks: tasks.collect(),
            stop,
        }
    }

    async fn end(self) {
        self.stop.store(true, SeqCst);
        for task in self.tasks {
            task.await.expect("a program that verifies");
        }
    }
}

async fn keys(server: &Server, count: usize) -> Vec<(String, String)> {
    let mut keys = Vec::new();
    for _ in 0..count {
        let key = server.create(json!({})).await;
        keys.push((text(&key, "id").to_owned(), text(&key, "secret").to_owned()));
    }
    keys
}

async fn usage(server: &Server, id: &str) -> Value {
    let (status, usage) = server
        .call(Method::GET, &format!("/v1/keys/{id}/usage"), None)
        .await;
    assert_eq!(status, StatusCode::OK, "{usage}");
    usage
}

async fn total(server: &Server, id: &str) -> u64 {
    usage(server, id).await["total"].as_u64().expect("a number")
}

#[tokio::test]
async fn a_verification_that_was_answered_is_counted_once_whenever_the_server_is_killed() {
    let mut dice = Dice::throw();
    for engine in ENGINES {
        let mut server = Server::start(engine).await;
        let keys = keys(&server, 3).await;
        let tokens: Vec<String> = keys.iter().map(|(_, token)| token.clone()).collect();
        let tallies = Arc::new((0..keys.len()).map(|_| Tally::default()).collect::<Vec<_>>());
        for _ in 0..6 {
            let load = Load::begin(&server, &tokens, &tallies);
            // Within the first seconds: before, while and after something was rolled up.
            tokio::time::sleep(Duration::from_millis(100 + dice.below(1_800) as u64)).await;
            server.kill();
            load.end().await;
            server.serve().await;
        }
        server.stop_soon().await;
        server.serve().await;
        for ((id, _), tally) in keys.iter().zip(tallies.iter()) {
            let (sent, answered) = (tally.sent.load(SeqCst), tally.answered.load(SeqCst));
            let counted = total(&server, id).await;
            assert!(answered > 0);
            assert!(
                (answered..=sent).contains(&counted),
                "{engine:?}: {answered} of {sent} answered, {counted} counted"
            );
        }
        let names = std::fs::read_dir(server.data().join("journal")).expect("a journal");
        for name in names {
            let bytes = std::fs::read(name.expect("an entry").path()).expect("a file");
            for (_, token) in &keys {
                let body = &token.as_bytes()[token.len() - 20..];
                assert!(
                    !bytes.windows(body.len()).any(|part| part == body),
                    "a token in the journal"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_database_that_is_away_for_a_while_delays_counts_and_loses_none() {
    let mut server = Server::init(Engine::Postgres).await;
    let (proxy, through) = Proxy::before(&server.database().expect("PostgreSQL")).await;
    server.detour = Some(through);
    server.serve().await;
    let keys = keys(&server, 2).await;
    let tokens: Vec<String> = keys.iter().map(|(_, token)| token.clone()).collect();
    let tallies = Arc::new((0..keys.len()).map(|_| Tally::default()).collect::<Vec<_>>());
    for way in [Way::Cut, Way::Lost] {
        let load = Load::begin(&server, &tokens, &tallies);
        tokio::time::sleep(Duration::from_millis(700)).await;
        proxy.turn(way);
        tokio::time::sleep(Duration::from_secs(2)).await;
        proxy.turn(Way::Open);
        tokio::time::sleep(Duration::from_secs(1)).await;
        load.end().await;
    }
    for ((id, _), tally) in keys.iter().zip(tallies.iter()) {
        // Nobody was killed: all that was answered is counted, and no more.
        let answered = tally.answered.load(SeqCst) as i64;
        until("all are counted", async || {
            total(&server, id).await as i64 >= answered
        })
        .await;
        assert!(total(&server, id).await <= tally.sent.load(SeqCst));
    }
}

#[tokio::test]
async fn what_is_too_much_is_counted_as_dropped() {
    let mut server = Server::init(Engine::Postgres).await;
    let (proxy, through) = Proxy::before(&server.database().expect("PostgreSQL")).await;
    server.detour = Some(through);
    server
        .environment
        .push(("CLAVIGER_JOURNAL_MAX_MIB", "1".to_owned()));
    server.serve().await;
    let (id, token) = keys(&server, 1).await.remove(0);
    assert_eq!(server.verify(&token).await["code"], "VALID");
    // Nothing is rolled up meanwhile; a mebibyte holds eight thousand.
    proxy.turn(Way::Cut);
    let body = json!({ "requests": vec![json!({ "key": token }); 1_000] });
    let mut answered = 1;
    for _ in 0..20 {
        let request = server
            .http
            .post(format!("{}/v1/verify/batch", server.verification))
            .json(&body);
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK, "verification goes on");
        answered += 1_000;
    }
    proxy.turn(Way::Open);
    // Asked of the database itself: who asks the server is verified, and would be counted, too.
    let db = Database::open(&server.target()).await.expect("a database");
    let key: KeyId = id.parse().expect("an id");
    let number = async |sql: &str, values: &[store::db::Value]| -> i64 {
        let row = db.readers().query_one(sql, values).await;
        row.expect("a row").get(0).expect("a number")
    };
    let dropped = async || {
        let sql = "SELECT CAST(COALESCE(SUM(dropped), 0) AS BIGINT) FROM usage_losses";
        number(sql, &[]).await
    };
    until("all are accounted for", async || {
        let sql = "SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT) FROM usage_hours WHERE key = $1";
        let counted = number(sql, params![key]).await;
        counted + dropped().await == answered
    })
    .await;
    let dropped = dropped().await;
    assert!(dropped > 10_000, "{dropped}");
    assert!(server.log().contains("answered and not counted"));
    server.kill();
    server.serve().await;
    let usage = usage(&server, &id).await;
    let sum = usage["total"].as_i64().zip(usage["dropped"].as_i64());
    assert_eq!(
        sum.map(|(counted, dropped)| counted + dropped),
        Some(answered),
        "after a restart, too: {usage}"
    );
}

#[tokio::test]
async fn tokens_that_nobody_has_are_counted_by_prefix_and_caller_for_operators_alone() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let key = server.create(json!({})).await;
        assert_eq!(server.verify(text(&key, "secret")).await["code"], "VALID");
        let stranger = "sk_live_0123456789abcdefghijABCDEFGHIJ01234567";
        let ask = |token: &'static str, ip: &'static str| server.verify_with(json!({"key": token, "ip": ip}));
        for _ in 0..3 {
            assert_eq!(ask(stranger, "203.0.113.9").await["code"], "NOT_FOUND");
        }
        // What stands before the last underscore may be a secret where it is none of ours.
        assert_eq!(ask("hunter2_secret", "2001:db8::7").await["code"], "NOT_FOUND");
        let told = async || {
            let request = server.local(Method::GET, "/v1/usage/unknown-tokens");
            let answer = crate::support::Answer::of(request).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
            answer.body["items"].as_array().expect("items").clone()
        };
        until("both callers are told", async || told().await.len() == 2).await;
        let rows: Vec<(Value, Value, Value)> = told()
            .await
            .iter()
            .map(|row| (row["prefix"].clone(), row["ip"].clone(), row["count"].clone()))
            .collect();
        assert_eq!(
            rows,
            [
                (json!("sk_live"), json!("203.0.113.9"), json!(3)),
                (json!("-"), json!("2001:db8::7"), json!(1))
            ]
        );
        let (status, refused) = server.call(Method::GET, "/v1/usage/unknown-tokens", None).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{refused}");
    }
}

#[tokio::test]
async fn reports_are_taken_whole_or_not_at_all_and_once() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let (id, _) = keys(&server, 1).await.remove(0);
        let item = |status: u16, ms: f64| json!({"key_id": id, "api": "orders", "method": "GET", "route": "/orders/{id}", "status": status, "duration_ms": ms});
        let send = async |body: &Value, token: Option<&str>| {
            let mut request = server.request(Method::POST, "/v1/usage/reports").json(body);
            if let Some(token) = token {
                request = request.header("idempotency-key", token);
            }
            crate::support::Answer::of(request).await
        };
        let mut foreign = item(200, 1.0);
        foreign["key_id"] = json!("key_01k1qhwars9kyrypkbfj6sw7rt");
        for (bad, place) in [
            (item(99, 1.0), "reports[1].status"),
            (item(200, -1.0), "reports[1].duration_ms"),
            (foreign, "reports[1].key_id"),
        ] {
            let refused = send(&json!({"reports": [item(200, 1.0), bad]}), None).await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
            assert_eq!(refused.body["errors"][0]["field"], place, "{}", refused.text);
        }
        let batch = json!({"reports": [item(200, 10.0), item(200, 20.0), item(404, 1.0), item(503, 900.0)]});
        for _ in 0..2 {
            let taken = send(&batch, Some("batch-1")).await;
            assert_eq!(
                (taken.status, &taken.body["accepted"]),
                (StatusCode::OK, &json!(4)),
                "{}",
                taken.text
            );
        }
        let other = send(&json!({"reports": [item(200, 1.0)]}), Some("batch-1")).await;
        other.refused(409, "idempotency_conflict", "another batch under the same word");
        let upstream = usage(&server, &id).await["upstream"].clone();
        assert_eq!(upstream["total"], 4);
        assert_eq!(upstream["success_rate"], 0.75);
        assert_eq!(upstream["by_status"], json!({"200": 2, "404": 1, "503": 1}));
        assert_eq!(upstream["latency"]["p50_us"], 10_000);
    }
}

#[tokio::test]
async fn all_requests_are_noted_where_the_policy_says_so() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        server.policy(json!({"requests": {"logged": "all"}})).await;
        let (id, token) = keys(&server, 1).await.remove(0);
        for _ in 0..130 {
            assert_eq!(server.verify(&token).await["code"], "VALID");
        }
        let path = format!("/v1/keys/{id}/requests?limit=500");
        until("all are noted", async || {
            let (_, page) = server.call(Method::GET, &path, None).await;
            page["items"].as_array().is_some_and(|items| items.len() == 130)
        })
        .await;
        let (_, page) = server.call(Method::GET, &path, None).await;
        assert!(page["items"][0]["latency_us"].is_u64());
        let usage = usage(&server, &id).await;
        assert_eq!(usage["latency"]["count"], 130);
        assert_eq!(usage["dropped"], 0);
    }
}
