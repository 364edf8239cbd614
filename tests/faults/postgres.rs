//! PostgreSQL's connections killed, cut, silent and half lost: refusals within a bounded time, nothing acknowledged lost,
//! verification of known keys goes on, and everything works afterwards without a restart.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::db::Database;

use crate::proxy::{Proxy, Way};
use crate::seed::{Dice, rounds};
use crate::support::{Engine, Server, path_of, text};

/// The longest that a refusal may take: a write's limit, behind another one that waits already.
const BOUND: Duration = Duration::from_secs(35);

async fn timed(server: &Server, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Duration) {
    let begun = tokio::time::Instant::now();
    let (status, _) = server.call(method, path, body).await;
    (status, begun.elapsed())
}

/// The verification listener's status for a token.
async fn verification_status(server: &Server, token: &str) -> StatusCode {
    let request = server.http.post(format!("{}/v1/verify", server.verification));
    let response = request.json(&json!({ "key": token })).send().await;
    response.expect("an answer").status()
}

/// Creates until it works, which must be soon.
async fn heal(server: &Server) -> Value {
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < Duration::from_secs(20) {
        let (status, key) = server
            .call(Method::POST, "/v1/keys", Some(json!({"name": "Healed"})))
            .await;
        if status == StatusCode::CREATED {
            println!("healed after {:?}", begun.elapsed());
            return key;
        }
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{key}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("PostgreSQL is back, and no change works: {}", server.log());
}

async fn behind_a_proxy() -> (Server, Proxy) {
    let mut server = Server::empty(Engine::Postgres).await;
    let (proxy, through) = Proxy::before(&server.database().expect("PostgreSQL")).await;
    server.detour = Some(through);
    server.found();
    server.serve().await;
    (server, proxy)
}

/// Takes PostgreSQL away in one way and gives it back.
async fn goes(server: &Server, proxy: &Proxy, way: Way, bound: Duration) {
    let cached = server.create(json!({"name": "cached"})).await;
    assert_eq!(server.verify(text(&cached, "secret")).await["code"], "VALID");
    let uncached = server.create(json!({"name": "uncached"})).await;

    proxy.turn(way);
    let body = Some(json!({"name": "Meanwhile"}));
    let revoke = path_of(&cached, "revoke");
    let health = |path: &str| {
        let request = server.http.get(format!("{}{path}", server.verification));
        async move { request.send().await.expect("an answer").status() }
    };
    let (create, list, unknown, revoked, ready) = tokio::join!(
        timed(server, Method::POST, "/v1/keys", body),
        timed(server, Method::GET, "/v1/keys", None),
        verification_status(server, text(&uncached, "secret")),
        timed(server, Method::POST, &revoke, Some(json!({}))),
        health("/readyz"),
    );
    for (status, took) in [create, list, revoked] {
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(took < bound, "{way:?}: a refusal took {took:?}");
    }
    assert_eq!(
        unknown,
        StatusCode::SERVICE_UNAVAILABLE,
        "never a verdict that nobody knows"
    );
    // What is in memory is good for as long as the lease, and then nobody knows whether another node has changed it.
    let last = loop {
        match verification_status(server, text(&cached, "secret")).await {
            StatusCode::OK => tokio::time::sleep(Duration::from_millis(50)).await,
            other => break other,
        }
    };
    assert_eq!(last, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(health("/healthz").await, StatusCode::OK);
    assert_eq!(ready, StatusCode::SERVICE_UNAVAILABLE);

    proxy.turn(Way::Open);
    let healed = heal(server).await;
    assert_eq!(server.verify(text(&healed, "secret")).await["code"], "VALID");
    assert_eq!(server.verify(text(&uncached, "secret")).await["code"], "VALID");
    // What the refused revoke came to is open; but the verdict must agree with what the key is shown as.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let (_, shown) = server.call(Method::GET, &path_of(&cached, ""), None).await;
    let revoked = shown["status"] == "revoked";
    let expected = if revoked { "REVOKED" } else { "VALID" };
    assert_eq!(server.verify(text(&cached, "secret")).await["code"], expected);
    let (_, proof) = server.call(Method::GET, "/v1/audit/verify", None).await;
    assert_eq!(proof["ok"], true, "{proof}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_cut_off_is_told_at_once_and_heals() {
    let (server, proxy) = behind_a_proxy().await;
    goes(&server, &proxy, Way::Cut, Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_gone_silent_is_given_up_in_time_and_heals() {
    let (server, proxy) = behind_a_proxy().await;
    goes(&server, &proxy, Way::Silent, BOUND).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_postgres_still_believes_in_do_not_lock_the_server_out() {
    let (mut server, proxy) = behind_a_proxy().await;
    goes(&server, &proxy, Way::Lost, Duration::from_secs(5)).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    server.create(json!({})).await;
    assert!(server.stop().success(), "{}", server.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backends_killed_under_load_lose_nothing_that_was_acknowledged() {
    let mut dice = Dice::throw();
    let server = std::sync::Arc::new(Server::start(Engine::Postgres).await);
    let known = server.create(json!({"name": "known"})).await;
    let known = text(&known, "secret").to_owned();
    assert_eq!(server.verify(&known).await["code"], "VALID");
    let over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut callers = Vec::new();
    for _ in 0..4 {
        let (server, over) = (server.clone(), over.clone());
        callers.push(tokio::spawn(async move {
            let (mut made, mut refused) = (Vec::new(), 0);
            while !over.load(std::sync::atomic::Ordering::SeqCst) {
                let body = Some(json!({"name": "Under fire"}));
                let (status, key) = server.call(Method::POST, "/v1/keys", body).await;
                match status {
                    StatusCode::CREATED => {
                        let (status, _) = server
                            .call(Method::POST, &path_of(&key, "revoke"), Some(json!({})))
                            .await;
                        let revoked = match status {
                            StatusCode::OK => Some(true),
                            StatusCode::SERVICE_UNAVAILABLE => None,
                            other => panic!("{other}"),
                        };
                        made.push((key, revoked));
                    }
                    StatusCode::SERVICE_UNAVAILABLE => refused += 1,
                    other => panic!("{other}: {key}"),
                }
            }
            (made, refused)
        }));
    }
    let database = Database::open(&server.target()).await.expect("PostgreSQL");
    let mut conn = database.writer().await.expect("PostgreSQL");
    let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                WHERE datname = current_database() AND application_name = 'claviger' AND pid <> pg_backend_pid()";
    let mut killed = 0;
    for _ in 0..rounds(10, 200) {
        tokio::time::sleep(dice.pause(50, 300)).await;
        let row = conn.query_one(kill, &[]).await.expect("a count");
        killed += row.get::<i64>(0).expect("a count");
        assert_eq!(
            server.verify(&known).await["code"],
            "VALID",
            "a cached key needs no database"
        );
    }
    over.store(true, std::sync::atomic::Ordering::SeqCst);
    let (mut made, mut refused) = (Vec::new(), 0);
    for caller in callers {
        let (mine, times) = caller.await.expect("only 201 and 503");
        made.extend(mine);
        refused += times;
    }
    heal(&server).await;
    let mut open = 0;
    for (key, revoked) in &made {
        let (status, shown) = server.call(Method::GET, &path_of(key, ""), None).await;
        assert_eq!(status, StatusCode::OK, "an acknowledged key is lost");
        let is_revoked = shown["status"] == "revoked";
        assert!(revoked.is_none() || is_revoked, "an acknowledged revoke is lost");
        open += usize::from(revoked.is_none());
        let expected = if is_revoked { "REVOKED" } else { "VALID" };
        assert_eq!(server.verify(text(key, "secret")).await["code"], expected);
    }
    let (_, proof) = server.call(Method::GET, "/v1/audit/verify", None).await;
    assert_eq!(proof["ok"], true, "{proof}");
    println!(
        "{killed} connections killed; {} creations acknowledged, {refused} refused; {open} revokes left open",
        made.len()
    );
    assert!(made.len() > 5 && killed > 0, "that was no load");
}
