//! What Prometheus reads: every figure that the documentation names, and nothing that it must not hold.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::json;

use crate::openapi::file;
use crate::support::{Answer, Engine, Server, text};

/// The value of the one line that begins like this.
pub(crate) fn figure(page: &str, name: &str) -> f64 {
    let mut lines = page
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let value = lines.next().unwrap_or_else(|| panic!("no {name} in {page}"));
    assert!(lines.next().is_none(), "{name} stands there twice");
    value.parse().expect("a number")
}

#[tokio::test]
async fn every_figure_is_in_the_documentation_and_every_documented_one_is_there() {
    let server = Server::start(Engine::Sqlite).await;
    server.create(json!({})).await;
    let page = server.metrics().await;
    let kinds: BTreeMap<&str, &str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .collect();
    let text = std::fs::read_to_string(file("docs/observability.md")).expect("the page");
    let documented: BTreeMap<String, String> = text
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
            let name = cells.next()?.trim_matches('`');
            let known = name.starts_with("claviger_") || name.starts_with("process_");
            let name = name.split('{').next().unwrap_or_default().trim_matches('`');
            known.then(|| (name.to_owned(), cells.next().unwrap_or_default().to_owned()))
        })
        .collect();
    let exposed: BTreeMap<String, String> = kinds
        .iter()
        .map(|(name, kind)| {
            let suffix = match *kind {
                "counter" => "_total",
                "info" => "_info",
                _ => "",
            };
            (format!("{name}{suffix}"), (*kind).to_owned())
        })
        .collect();
    assert_eq!(documented, exposed);
}

#[tokio::test]
async fn what_happens_is_counted() {
    let server = Server::start(Engine::Sqlite).await;
    let key = server.create(json!({})).await;
    let secret = text(&key, "secret");
    for _ in 0..40 {
        assert_eq!(server.verify(secret).await["code"], "VALID");
    }
    server.verify("nonsense").await;
    server
        .call(
            Method::POST,
            &format!("/v1/keys/{}/revoke", text(&key, "id")),
            None,
        )
        .await;
    server.verify(secret).await;
    let nginx = server
        .door(Method::GET, "/verify/nginx")
        .header("x-api-key", secret);
    assert_eq!(Answer::of(nginx).await.status, 401);
    server
        .call(Method::GET, "/v1/keys/key_00000000000000000000000000", None)
        .await;
    server.call(Method::GET, "/nowhere/at/all", None).await;
    let page = server.metrics().await;
    let count = |name: &str| figure(&page, name);
    assert_eq!(
        count("claviger_verifications_total{door=\"verify\",code=\"VALID\"}"),
        40.0
    );
    assert_eq!(
        count("claviger_verifications_total{door=\"verify\",code=\"NOT_FOUND\"}"),
        1.0
    );
    assert_eq!(
        count("claviger_verifications_total{door=\"verify\",code=\"REVOKED\"}"),
        1.0
    );
    assert_eq!(
        count("claviger_verifications_total{door=\"nginx\",code=\"REVOKED\"}"),
        1.0
    );
    assert!(count("claviger_verifications_total{door=\"management\",code=\"VALID\"}") >= 3.0);
    assert!(count("claviger_cache_hits_total") >= 39.0);
    assert!(count("claviger_cache_misses_total") >= 2.0);
    assert!(count("claviger_cache_secrets") >= 2.0);
    assert!(count("claviger_verification_duration_seconds_count") >= 2.0);
    assert_eq!(count("claviger_changes_behind"), 0.0);
    assert_eq!(count("claviger_lease_held"), 1.0);
    assert!(count("claviger_writer_commits_total") >= 2.0);
    assert_eq!(count("claviger_writer_queue"), 0.0);
    let created = "claviger_http_requests_total{method=\"POST\",route=\"/v1/keys\",status=\"201\"}";
    assert_eq!(count(created), 1.0);
    let missing = "claviger_http_requests_total{method=\"GET\",route=\"/v1/keys/{id}\",status=\"404\"}";
    assert_eq!(count(missing), 1.0);
    let nowhere = "claviger_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"}";
    assert_eq!(count(nowhere), 1.0);
    let took = "claviger_http_request_duration_seconds_count{method=\"POST\",route=\"/v1/keys\"}";
    assert_eq!(count(took), 1.0);
    assert!(count("process_resident_memory_bytes") > 1e6);
    assert!(count("process_open_fds") > 5.0);
    assert!(count("process_start_time_seconds") > 1.7e9);
    assert!(page.ends_with("# EOF\n"));
}

#[tokio::test]
async fn whoever_is_not_meant_to_read_the_metrics_does_not() {
    let mut server = Server::init(Engine::Sqlite).await;
    server.environment = vec![("CLAVIGER_METRICS_TOKEN", "sample-reader".to_owned())];
    server.serve().await;
    let ask = || server.http.get(format!("{}/metrics", server.metrics));
    let bare = Answer::of(ask()).await;
    assert_eq!(
        (bare.status.as_u16(), &bare.body["code"]),
        (401, &json!("metrics_unauthenticated"))
    );
    assert_eq!(Answer::of(ask().bearer_auth("sample-writer")).await.status, 401);
    let read = Answer::of(ask().bearer_auth("sample-reader")).await;
    assert_eq!(read.status, 200);
    assert!(
        read.header("content-type")
            .starts_with("application/openmetrics-text")
    );
    let other = Answer::of(server.http.get(format!("{}/v1/keys", server.metrics))).await;
    assert_eq!(other.status, 404);
    let outside = server
        .claviger(&["serve", "--metrics", "0.0.0.0:0"])
        .output()
        .expect("serve runs");
    assert_eq!(outside.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&outside.stderr).contains("metrics.token"));
}
