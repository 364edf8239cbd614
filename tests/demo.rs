//! The demo shows what the house can do, is the same for everybody, and leaves everybody else's data alone.

use domain::clock::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::support::{ENGINES, Server, path_of, text};

const DAY: u64 = 86_400;

fn demo(server: &Server) -> std::process::Output {
    server.claviger(&["demo", "--json"]).output().expect("demo runs")
}

async fn get(server: &Server, key: &str, path: &str) -> Value {
    let (status, answer) = server.call_as(key, Method::GET, path, None).await;
    assert_eq!(status, StatusCode::OK, "{path}: {answer}");
    answer
}

fn named<'a>(keys: &'a [Value], name: &str) -> &'a Value {
    let found = keys.iter().find(|key| key["name"] == name);
    found.unwrap_or_else(|| panic!("no key is called {name}"))
}

fn instant(key: &Value, field: &str) -> Timestamp {
    Timestamp::parse(text(key, field)).expect("an instant")
}

#[tokio::test]
async fn the_demo_has_keys_in_every_status_with_a_past_that_verifies() {
    for engine in ENGINES {
        let mut server = Server::init(engine).await;
        let made = demo(&server);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
        let key = text(&made, "management_key").to_owned();
        server.serve().await;

        let summary = get(&server, &key, "/v1/keys/summary").await;
        let expected = [
            ("total", 200),
            ("active", 140),
            ("expiring_soon", 22),
            ("expired", 16),
            ("disabled", 10),
            ("revoked", 22),
            ("deleted", 12),
        ];
        for (status, count) in expected {
            assert_eq!(summary[status], count, "{status}: {summary}");
        }
        let list = get(&server, &key, "/v1/keys?status=all&limit=500").await;
        let keys = list["items"].as_array().expect("keys");
        the_integrations_live_as_long_as_they_should(keys);

        the_systems_have_accounts_that_their_keys_never_exceed(&server, &key, keys).await;
        the_apis_open_what_their_levels_say(&server, &key, keys).await;
        the_last_thirty_days_are_told(&server, &key, keys).await;
        let example = get(&server, &key, &format!("/v1/keys/{}", text(&made, "example"))).await;
        let secrets = example["secrets"].as_array().expect("secrets");
        assert!(
            secrets.iter().any(|secret| secret["status"] == "retiring"),
            "{example}"
        );

        the_past_is_in_order(&server, &key, made["audit_records"].as_u64().expect("a number")).await;
    }
}

fn the_integrations_live_as_long_as_they_should(keys: &[Value]) {
    let lives = [
        ("Ansible Provisioning Server", 365),
        ("Billing Sync - QuickBooks", 90),
        ("Customer Portal Backend", 180),
    ];
    for (name, days) in lives {
        let key = named(keys, name);
        let life = instant(key, "expires_at")
            .since(instant(key, "created_at"))
            .as_secs();
        assert!(life.abs_diff(days * DAY) <= DAY, "{name} lives {life} seconds");
        assert_eq!(key["status"], "active", "{name}");
    }
    assert_eq!(named(keys, "Monitoring - Grafana")["expires_at"], Value::Null);
    for name in [
        "SAP-ERP-Integration",
        "HR-System-API",
        "FieldWorker-Mobile-App",
        "IoT-Monitoring-System",
        "Customer-Portal-API",
        "Nightly-Batch-Service",
    ] {
        assert!(!text(named(keys, name), "description").is_empty());
    }
    let partner = named(keys, "ColdTrace Sensor Uploads");
    assert_eq!(partner["metadata"]["partner"], "ColdTrace");
    assert!(keys.iter().any(|key| key["protected"] == true));
    let reason = |key: &Value| key["revoked"]["reason"].is_string();
    assert!(keys.iter().filter(|key| key["status"] == "revoked").all(reason));
}

async fn the_systems_have_accounts_that_their_keys_never_exceed(server: &Server, key: &str, keys: &[Value]) {
    let page = get(server, key, "/v1/service-accounts?status=all&limit=500").await;
    let accounts = page["items"].as_array().expect("accounts");
    assert!(accounts.iter().any(|account| account["status"] == "inactive"));
    let orphans = get(server, key, "/v1/service-accounts?orphaned=true").await;
    assert_eq!(orphans["items"].as_array().map(Vec::len), Some(1), "{orphans}");
    assert_eq!(orphans["items"][0]["owner"]["name"], "Priya Raman");
    let mut owned = 0;
    for account in accounts {
        let path = format!("/v1/service-accounts/{}/keys?status=all", text(account, "id"));
        for key_of in get(server, key, &path).await["items"].as_array().expect("keys") {
            assert_eq!(key_of["owner"]["name"], account["name"]);
            // Each may do what it was granted, and so no verification of the last month was answered wrongly.
            let whole = get(server, key, &path_of(key_of, "")).await;
            assert_eq!(whole["effective_permissions"], whole["permissions"], "{whole}");
            owned += 1;
        }
    }
    assert_eq!(owned, 10);
    let partners = get(server, key, "/v1/partners").await;
    assert_eq!(partners["items"][0]["name"], "ColdTrace");
    assert_eq!(partners["items"][0]["live_keys"], 2);
    let owner = &named(keys, "SAP-ERP-Integration")["owner"];
    assert_eq!(owner["type"], "service_account");
}

async fn the_apis_open_what_their_levels_say(server: &Server, key: &str, keys: &[Value]) {
    let apis = get(server, key, "/v1/apis").await;
    let apis = apis["items"].as_array().expect("APIs");
    let available = |slug: &str| {
        let found = apis.iter().find(|api| api["slug"] == slug);
        found.unwrap_or_else(|| panic!("no API {slug}"))["available"].clone()
    };
    assert_eq!(
        [available("orders"), available("cold-chain"), available("library")],
        [true, true, false]
    );
    for api in apis {
        assert!(
            api["routes"].as_array().is_some_and(|routes| !routes.is_empty()),
            "{api}"
        );
    }
    let offered = get(server, key, "/v1/permissions").await.to_string();
    assert!(
        offered.contains("Orders, read-only") && offered.contains("cce:edit"),
        "{offered}"
    );
    // What is switched off is not honoured, and said on the key.
    let connector = named(keys, "Library Sign-in Connector");
    let whole = get(server, key, &path_of(connector, "")).await;
    assert_eq!(
        whole["unavailable"]["permissions"],
        serde_json::json!(["authentication:verify"])
    );
    assert_eq!(whole["effective_permissions"], serde_json::json!([]));
}

async fn the_last_thirty_days_are_told(server: &Server, key: &str, keys: &[Value]) {
    let steady = named(keys, "IoT-Monitoring-System");
    let usage = get(server, key, &path_of(steady, "usage")).await;
    let buckets = usage["buckets"].as_array().expect("buckets");
    assert!(buckets.len() >= 30 * 24 - 1, "{} hours", buckets.len());
    assert!(usage["by_code"]["VALID"].as_i64() > Some(0));
    assert!(steady["last_used_at"].is_string() && steady["last_used_ip"].is_string());

    let asked = get(server, key, &path_of(steady, "requests")).await;
    let asked = asked["items"].as_array().expect("requests");
    assert!(asked.len() >= 10, "{} requests", asked.len());
    let accepted = asked
        .iter()
        .find(|one| one["code"] == "VALID")
        .expect("one that was accepted");
    assert_eq!(
        (&accepted["at"], &accepted["ip"]),
        (&steady["last_used_at"], &steady["last_used_ip"])
    );
    let quiet = named(keys, "Statistics Report Download");
    let asked = get(server, key, &path_of(quiet, "requests")).await;
    assert_eq!(asked["items"][0]["code"], "EXPIRED", "{asked}");

    let leaked = named(keys, "CI Smoke Tests");
    let usage = get(server, key, &path_of(leaked, "usage")).await;
    for code in ["VALID", "REVOKED"] {
        assert!(usage["by_code"][code].as_i64() > Some(0), "{code}: {usage}");
    }
}

/// Keys of which something unusual is part of the demo.
const OF_THE_DEMO: [&str; 2] = ["Billing Sync - QuickBooks", "IoT-Monitoring-System"];

async fn the_past_is_in_order(server: &Server, key: &str, records: u64) {
    let proof = get(server, key, "/v1/audit/verify").await;
    assert_eq!(proof["ok"], true, "{proof}");
    assert!(proof["chains"][0]["records"].as_u64() >= Some(records), "{proof}");
    let mut items = Vec::new();
    let mut page = get(server, key, "/v1/audit?limit=500").await;
    loop {
        items.extend(page["items"].as_array().expect("records").clone());
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        page = get(server, key, &format!("/v1/audit?limit=500&cursor={cursor}")).await;
    }
    // The server has begun to tell of keys that end, or were used after theirs.
    items.retain(|record| {
        let told = record["action"].as_str().unwrap_or_default();
        told != "key.expiring"
            && (told != "key.anomaly" || OF_THE_DEMO.contains(&text(&record["target"], "name")))
    });
    assert_eq!(items.len() as u64, records);
    let times: Vec<Timestamp> = items.iter().map(|record| instant(record, "at")).collect();
    assert!(
        times.is_sorted_by(|young, old| young >= old),
        "newest first, by number and by time"
    );
    for action in [
        "key.create",
        "key.edit",
        "key.rotate",
        "key.protect",
        "key.disable",
        "key.revoke",
        "key.delete",
        "role.create",
        "account.create",
        "account.deactivate",
        "api.create",
        "api.edit",
    ] {
        assert!(items.iter().any(|record| record["action"] == action), "{action}");
    }
}

#[tokio::test]
async fn a_second_demo_is_refused_and_others_keep_what_they_have() {
    for engine in ENGINES {
        // Once through the running server, once without one.
        let mut server = Server::start(engine).await;
        let before = get(&server, &server.key, "/v1/keys/summary").await;
        assert!(demo(&server).status.success());
        let again = demo(&server);
        assert_eq!(again.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&again.stderr).contains("already"));
        assert_eq!(get(&server, &server.key, "/v1/keys/summary").await, before);
        server.stop();
        assert_eq!(demo(&server).status.code(), Some(1));

        let unnamed = server.claviger(&["keys", "list"]).output().expect("list runs");
        let said = String::from_utf8_lossy(&unnamed.stderr).into_owned();
        assert!(
            said.contains("--organisation") && said.contains("demo, sample-ltd"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_demo_by_itself_has_a_way_in_and_one_beside_other_data_has_none() {
    let mut server = Server::empty(crate::support::Engine::Sqlite).await;
    let made = demo(&server);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    let (_, token) = text(&made, "setup_url").rsplit_once('/').expect("a link");
    server.serve().await;
    let form = format!(
        "name=Ann&email=ann%40sample.example&password={}",
        crate::support::PASSWORD
    );
    let request = server.anonymous(Method::POST, &format!("/setup/{token}"));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let won = crate::support::Answer::of(request.body(form)).await;
    assert_eq!(won.status, StatusCode::OK, "{}", won.text);
    let (cookie, _) = won.header("set-cookie").split_once(';').expect("a cookie");
    let keys = server
        .anonymous(Method::GET, "/v1/keys?status=all&limit=500")
        .header("cookie", cookie);
    let keys = crate::support::Answer::of(keys).await;
    assert_eq!(
        keys.body["items"].as_array().map(Vec::len),
        Some(200),
        "{}",
        keys.text
    );

    // Whoever is an operator already works in the demo, too.
    let beside = Server::init(crate::support::Engine::Sqlite).await;
    let made: Value = serde_json::from_slice(&demo(&beside).stdout).expect("JSON");
    assert_eq!(made["setup_url"], Value::Null);
}

#[tokio::test]
async fn nobody_makes_a_demo_from_afar() {
    let server = Server::start(crate::support::Engine::Sqlite).await;
    let (status, _) = server.call(Method::POST, "/v1/installation/demo", None).await;
    assert_eq!(
        status,
        StatusCode::NOT_FOUND,
        "not even with the first management key"
    );
}
