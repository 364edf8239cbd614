//! Everything but secrets goes out, and comes in elsewhere.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, ENGINES, Engine, Server, text};

fn run(server: &Server, arguments: &[&str]) -> String {
    let output = server
        .claviger(arguments)
        .output()
        .expect("the command line runs");
    let told =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told}");
    told
}

async fn post(server: &Server, path: &str, body: Value) -> Value {
    let (status, body) = server.call(Method::POST, path, Some(body)).await;
    assert!(status.is_success(), "{path}: {body}");
    body
}

/// What a key is, without what is another installation's own.
fn essence(key: &Value) -> Value {
    let mut essence = json!({});
    for field in [
        "name",
        "description",
        "owner",
        "owner_type",
        "permissions",
        "roles",
        "networks",
        "tags",
        "contacts",
        "enabled",
        "protected",
        "expires_at",
        "created_at",
    ] {
        essence[field] = key[field].clone();
    }
    essence
}

async fn exported(server: &Server) -> Vec<Value> {
    let answer = Answer::of(server.request(Method::GET, "/v1/keys/export")).await;
    assert_eq!(answer.status, StatusCode::OK);
    let lines = answer.text.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_comes_in_elsewhere_with_fresh_tokens() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        server
            .policy(json!({"secret": {"source": "external_allowed"}, "token": {"prefix": "sample"}}))
            .await;
        post(
            &server,
            "/v1/apis",
            json!({"slug": "orders", "name": "Orders", "permissions": [{"name": "orders:view"}],
            "routes": [{"method": "GET", "path": "/orders/{id}", "requires": "orders:view"}]}),
        )
        .await;
        post(
            &server,
            "/v1/roles",
            json!({"name": "Reports", "permissions": ["reports:*"], "level": true}),
        )
        .await;
        let account = post(
            &server,
            "/v1/service-accounts",
            json!({"name": "SAP", "username": "sap", "partner": "SAP", "tags": ["erp"],
            "roles": ["Reports"]}),
        )
        .await;
        let off = post(
            &server,
            "/v1/service-accounts",
            json!({"name": "Off", "username": "off"}),
        )
        .await;
        post(
            &server,
            &format!("/v1/service-accounts/{}/deactivate", text(&off, "id")),
            json!({}),
        )
        .await;
        let token = server.create(json!({"name": "=cmd()", "description": "a, \"b\"\nc", "permissions": ["orders:view"], "tags": ["x", "y"],
            "metadata": {"k": [1]}, "networks": ["10.0.0.0/8"], "contacts": ["a@example.com"], "expires_at": "2099-01-01", "protected": true})).await;
        let of_account = server
            .create(json!({"name": "Of SAP", "owner": account["id"], "roles": ["Reports"]}))
            .await;
        let disabled = server.create(json!({"name": "-disabled"})).await;
        post(
            &server,
            &format!("/v1/keys/{}/disable", text(&disabled, "id")),
            json!({}),
        )
        .await;
        let over = server.create(json!({"name": "Over"})).await;
        post(
            &server,
            &format!("/v1/keys/{}/revoke", text(&over, "id")),
            json!({}),
        )
        .await;

        let out = server.directory().join("out");
        let told = run(&server, &["export", out.to_str().expect("a path")]);
        assert!(told.contains("keys"), "{told}");
        let mut whole = String::new();
        for file in std::fs::read_dir(&out).expect("a directory") {
            let path = file.expect("a file").path();
            let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&path).expect("a file"));
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
            whole += &std::fs::read_to_string(path).expect("a text");
        }
        for key in [&token, &of_account, &disabled] {
            assert!(!whole.contains(text(key, "secret")), "a token went out");
        }

        // An export that is brought in where it comes from changes nothing.
        let fresh = server.directory().join("none.ndjson");
        let before = exported(&server).await;
        let told = run(
            &server,
            &[
                "import",
                out.join("keys.ndjson").to_str().expect("a path"),
                "--tokens",
                fresh.to_str().expect("a path"),
            ],
        );
        assert!(told.contains("0 keys made"), "{told}");
        assert_eq!(exported(&server).await.len(), before.len());

        let elsewhere = Server::start(engine).await;
        let fresh = elsewhere.directory().join("fresh.ndjson");
        let arguments = [
            "import",
            "--yes",
            out.to_str().expect("a path"),
            "--tokens",
            fresh.to_str().expect("a path"),
        ];
        run(&elsewhere, &arguments);
        let there = exported(&elsewhere).await;
        for key in before
            .iter()
            .filter(|key| key["revoked_at"].is_null() && key["name"] != "Management")
        {
            let same = there
                .iter()
                .filter(|other| essence(other) == essence(key))
                .count();
            assert!(same >= 1, "{key} is not among {there:?}");
        }
        assert!(
            there.iter().all(|key| key["name"] != "Over"),
            "what is over stays where it is"
        );
        let kept = std::fs::read_to_string(&fresh).expect("a file");
        let kept: Vec<Value> = kept
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let of = |name: &str| kept.iter().find(|kept| kept["name"] == name).expect("a token");
        assert!(
            text(of("Of SAP"), "secret").starts_with("sample_"),
            "the policy came along"
        );
        let answer = elsewhere.verify(text(of("Of SAP"), "secret")).await;
        assert_eq!(
            (&answer["code"], &answer["owner"]["name"]),
            (&json!("VALID"), &json!("SAP"))
        );
        assert_eq!(
            elsewhere.verify(text(of("-disabled"), "secret")).await["code"],
            "DISABLED"
        );
        let (_, off) = elsewhere
            .call(Method::GET, "/v1/service-accounts?q=off", None)
            .await;
        assert_eq!(off["items"][0]["status"], "inactive");
        // Twice is once.
        let count = there.len();
        run(&elsewhere, &arguments);
        assert_eq!(exported(&elsewhere).await.len(), count);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cells_are_never_formulas_and_what_is_escaped_comes_back() {
    let server = Server::start(Engine::Sqlite).await;
    for name in ["=1+1", "+1", "-1", "@sum", "plain, \"quoted\""] {
        server.create(json!({"name": name, "tags": ["b", "a"]})).await;
    }
    let answer = Answer::of(server.request(Method::GET, "/v1/keys/export?format=csv")).await;
    assert!(answer.header("content-type").starts_with("text/csv"));
    for cell in [
        ",'=1+1,",
        ",'+1,",
        ",'-1,",
        ",'@sum,",
        ",\"plain, \"\"quoted\"\"\",",
        ",a;b,",
    ] {
        assert!(answer.text.contains(cell), "{cell} in {}", answer.text);
    }
    let elsewhere = Server::start(Engine::Sqlite).await;
    let file = elsewhere.directory().join("keys.csv");
    std::fs::write(&file, &answer.text).expect("a file");
    let fresh = elsewhere.directory().join("fresh.ndjson");
    run(
        &elsewhere,
        &[
            "keys",
            "import",
            file.to_str().expect("a path"),
            "--tokens",
            fresh.to_str().expect("a path"),
        ],
    );
    let names: Vec<String> = exported(&elsewhere)
        .await
        .iter()
        .map(|key| text(key, "name").to_owned())
        .collect();
    for name in ["=1+1", "+1", "-1", "@sum", "plain, \"quoted\""] {
        assert!(names.contains(&name.to_owned()), "{name} in {names:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_key_comes_once_over_many_pages_and_nobody_elses() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let lines: Vec<String> = (0..2_500)
            .map(|n| json!({"name": format!("Key {n}"), "external_id": n.to_string()}).to_string())
            .collect();
        let request = server
            .request(Method::POST, "/v1/keys/import?fresh=true")
            .header("content-type", "application/x-ndjson")
            .body(lines.join("\n"));
        assert!(Answer::of(request).await.text.contains("\"done\""));
        let keys = exported(&server).await;
        let mut numbers: Vec<i64> = keys
            .iter()
            .map(|key| key["number"].as_i64().expect("a number"))
            .collect();
        assert!(numbers.is_sorted());
        numbers.dedup();
        assert_eq!(numbers.len(), 2_501);
        let made = server
            .local(Method::POST, "/v1/organisations")
            .json(&json!({"name": "Other"}));
        assert_eq!(Answer::of(made).await.status, StatusCode::CREATED);
        let other = server
            .local(Method::GET, "/v1/keys/export")
            .header("Claviger-Organisation", "other");
        let other = Answer::of(other).await;
        assert!(!other.text.contains("Key 1"), "{}", other.text);
    }
}
