//! Keys from elsewhere: every system's files, every bad line by its number, and nothing lost or doubled whatever cuts an
//! import off.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Stdio;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, ENGINES, Engine, Server, text};

const IMPORT: &str = "/v1/keys/import";

/// A token of somebody else's: 32 characters, as good as random.
fn token(n: u64) -> String {
    let mut state = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678);
    let letters = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(letters[(state % letters.len() as u64) as usize])
    };
    format!("other_{}", (0..40).map(next).collect::<String>())
}

async fn server(engine: Engine) -> Server {
    let server = Server::start(engine).await;
    server
        .policy(json!({"secret": {"source": "external_allowed"}}))
        .await;
    server
}

/// Sends a file, and gives what was told of it.
async fn import(server: &Server, query: &str, kind: &str, body: impl Into<Vec<u8>>) -> Vec<Value> {
    let request = server
        .request(Method::POST, &format!("{IMPORT}{query}"))
        .header("content-type", kind)
        .body(body.into());
    let answer = Answer::of(request).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.header("cache-control"), "no-store");
    let lines = answer.text.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

async fn ndjson(server: &Server, query: &str, lines: &[Value]) -> Vec<Value> {
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    import(server, query, "application/x-ndjson", lines.join("\n")).await
}

fn last(events: &[Value]) -> &Value {
    events.last().expect("an end")
}

/// The faults as `line field`.
fn faults(events: &[Value]) -> Vec<String> {
    let faults = events.iter().filter(|event| event["event"] == "fault");
    faults
        .map(|fault| format!("{} {}", fault["line"], text(fault, "field")))
        .collect()
}

async fn total(server: &Server) -> i64 {
    let (_, summary) = server.call(Method::GET, "/v1/keys/summary", None).await;
    summary["total"].as_i64().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn imported_tokens_and_hashes_verify_at_once_and_a_hash_is_upgraded_on_first_use() {
    for engine in ENGINES {
        let server = server(engine).await;
        let hashed = token(2);
        // Asked for before, so that they are remembered as unknown.
        assert_eq!(server.verify(&token(1)).await["code"], "NOT_FOUND");
        assert_eq!(server.verify(&hashed).await["code"], "NOT_FOUND");
        let events = ndjson(
            &server,
            "",
            &[
                json!({"name": "Billing", "secret": token(1), "permissions": ["a:b"], "tags": ["x"], "created_at": "2020-01-01T00:00:00Z",
                       "expires_at": "2099-01-01", "metadata": {"k": 1}, "networks": ["203.0.113.0/24"], "external_id": "7"}),
                json!({"name": "Stock", "secret_sha256": sha256(&hashed)}),
            ],
        )
        .await;
        assert_eq!(last(&events)["event"], "done", "{events:?}");
        assert_eq!(
            (&last(&events)["made"], &last(&events)["lines"]),
            (&json!(2), &json!(2))
        );
        let answer = server
            .verify_with(json!({"key": token(1), "ip": "203.0.113.9"}))
            .await;
        assert_eq!(
            (&answer["code"], &answer["permissions"]),
            (&json!("VALID"), &json!(["a:b"]))
        );
        assert_eq!(server.verify(&hashed).await["code"], "VALID");
        let id = text(&answer, "key_id");
        let (_, key) = server.call(Method::GET, &format!("/v1/keys/{id}"), None).await;
        assert_eq!(key["created_at"], "2020-01-01T00:00:00Z");
        assert_eq!(key["metadata"], json!({"k": 1, "imported": {"id": "7"}}));
        assert_eq!(key["expires_at"], "2099-01-01T23:59:59.999999Z");

        // The worker writes the digest anew within a second or two.
        let mut waited = 0;
        loop {
            let lean = Answer::of(server.local(Method::GET, "/v1/installation/secrets")).await;
            if lean.body["sha256"]["secrets"] == 0 {
                break;
            }
            waited += 1;
            assert!(waited < 200, "{}", lean.text);
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert_eq!(server.verify(&hashed).await["code"], "VALID");

        // Each key has its own record, and the batch one of its own.
        let (_, events) = server
            .call(Method::GET, &format!("/v1/keys/{id}/events"), None)
            .await;
        assert_eq!(events["items"][0]["action"], "key.import");
        let (_, batch) = server
            .call(Method::GET, "/v1/audit?action=keys.import", None)
            .await;
        assert_eq!(batch["items"][0]["changes"]["made"]["after"], 2);
        let (_, chain) = server.call(Method::GET, "/v1/audit/verify", None).await;
        assert_eq!(chain["ok"], true);
        let (_, audit) = server.call(Method::GET, "/v1/audit?limit=500", None).await;
        assert!(!audit.to_string().contains(&token(1)) && !server.log().contains(&token(1)));
    }
}

fn sha256(text: &str) -> String {
    let digest = domain::secret::sha256(&domain::token::Presented::parse(text.as_bytes()).expect("a token"));
    digest
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_line_is_named_and_a_dry_run_changes_nothing() {
    for engine in ENGINES {
        let server = server(engine).await;
        let stored = token(100);
        server.create(json!({"secret": stored})).await;
        let (_, other) = {
            let made = server
                .local(Method::POST, "/v1/organisations")
                .json(&json!({"name": "Other"}));
            let made = Answer::of(made).await;
            assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
            let policy = server
                .local(Method::PATCH, "/v1/policy")
                .header("Claviger-Organisation", "other")
                .json(&json!({"secret": {"source": "external_allowed"}}));
            assert_eq!(Answer::of(policy).await.status, StatusCode::OK);
            let key = server
                .local(Method::POST, "/v1/keys")
                .header("Claviger-Organisation", "other")
                .json(&json!({"name": "Theirs", "secret": token(200)}));
            (made, Answer::of(key).await.body)
        };
        let bcrypt = "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW";
        let lines = [
            json!({"name": "Fine", "secret": token(1)}).to_string(),
            json!({"name": "", "secret": token(2)}).to_string(),
            "{\"name\": ".to_owned(),
            String::new(),
            "[1]".to_owned(),
            json!({"name": "Odd", "secret": token(3), "colour": "red"}).to_string(),
            json!({"name": "Twice", "secret": token(1)}).to_string(),
            json!({"name": "Its hash", "secret_sha256": sha256(&token(1))}).to_string(),
            json!({"name": "Salted", "secret_sha256": bcrypt}).to_string(),
            json!({"name": "Neither"}).to_string(),
            json!({"name": "Both", "secret": token(4), "secret_sha256": sha256(&token(5))}).to_string(),
            json!({"name": "Theirs", "secret": token(200)}).to_string(),
            json!({"name": "Nobody's", "secret": token(6), "owner": "nobody"}).to_string(),
            json!({"name": "Another's", "secret": token(7), "owner": other["owner"]["id"]}).to_string(),
            json!({"name": "Future", "secret": token(8), "created_at": "2999-01-01T00:00:00Z"}).to_string(),
            json!({"name": "Roles", "secret": token(9), "roles": ["nothing"], "permissions": ["bad"]})
                .to_string(),
            json!({"name": "Nul\u{0}", "secret": "short"}).to_string(),
            format!("{{\"name\": \"{}\"}}", "x".repeat(1_000_000)),
            json!({"name": "There", "secret": stored}).to_string(),
            json!({"name": "Last", "secret": token(10)}).to_string(),
        ];
        let mut body = "\u{feff}".to_owned() + &lines.join("\r\n");
        body.push_str("\r\n");
        let mut bytes = body.into_bytes();
        bytes.extend_from_slice(b"{\"name\": \"\xff\", \"secret\": \"x\"}\n");
        let before = total(&server).await;
        let events = import(&server, "?dry_run=true", "application/x-ndjson", bytes.clone()).await;
        let expected = [
            "2 name",
            "3 ",
            "5 ",
            "6 ",
            "7 secret",
            "8 secret_sha256",
            "9 secret_sha256",
            "10 secret",
            "11 secret",
            "12 secret",
            "13 owner",
            "14 owner",
            "15 created_at",
            "16 permissions[0]",
            "17 secret",
            "17 name",
            "18 ",
            "21 ",
        ];
        assert_eq!(faults(&events), expected, "{events:?}");
        let salted = events.iter().find(|event| event["line"] == 9).expect("line 9");
        assert!(text(salted, "detail").contains("bcrypt"), "{salted}");
        assert_eq!(last(&events)["event"], "done");
        assert_eq!(total(&server).await, before);
        assert_eq!(server.verify(&token(1)).await["code"], "NOT_FOUND");

        // In earnest none of the batch is made.
        let events = import(&server, "", "application/x-ndjson", bytes).await;
        assert_eq!(
            (last(&events)["event"].as_str(), last(&events)["code"].as_str()),
            (Some("stopped"), Some("invalid_lines"))
        );
        assert_eq!(total(&server).await, before);

        // What is there already is no fault.
        let again = [
            json!({"name": "There", "secret": stored}),
            json!({"name": "Last", "secret": token(10)}),
        ];
        let events = ndjson(&server, "", &again).await;
        assert_eq!(
            (&last(&events)["made"], &last(&events)["present"]),
            (&json!(1), &json!(1)),
            "{events:?}"
        );
        let events = ndjson(&server, "", &again).await;
        assert_eq!(
            (&last(&events)["made"], &last(&events)["present"]),
            (&json!(0), &json!(2))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_and_the_callers_own_limits_hold_for_every_line() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let external = [json!({"name": "A", "secret": token(1)})];
        assert_eq!(faults(&ndjson(&server, "", &external).await), ["1 secret"]);
        server
            .policy(json!({"secret": {"source": "external_allowed"}, "owner": {"kinds": ["service_account"], "max_live_keys": 2},
                           "issue_blocked": ["blocked"], "expiry": {"max": "30d", "mode": "required"}}))
            .await;
        let account = |name: &str| json!({"username": name, "name": name});
        let line = |n: u64, name: &str, more: Value| {
            let mut line =
                json!({"name": "K", "secret": token(n), "owner": account(name), "expires_in": "1d"});
            if let (Value::Object(line), Value::Object(more)) = (&mut line, more) {
                line.extend(more);
            }
            line
        };
        let lines = [
            line(1, "one", json!({})),
            line(2, "one", json!({})),
            line(3, "one", json!({})),
            line(4, "blocked", json!({})),
            json!({"name": "Ours", "secret": token(5), "expires_in": "1d"}),
            line(6, "two", json!({"expires_in": "31d"})),
            json!({"name": "No end", "secret": token(7), "owner": account("two")}),
            line(
                8,
                "three",
                json!({"expires_in": null, "expires_at": "2020-01-01T00:00:00Z"}),
            ),
        ];
        let mut told = faults(&ndjson(&server, "?dry_run=true", &lines).await);
        told.sort();
        assert_eq!(
            told,
            ["3 owner", "4 owner", "5 owner", "6 expires_at", "7 expires_at"]
        );
        let events = ndjson(
            &server,
            "",
            &[lines[0].clone(), lines[1].clone(), lines[7].clone()],
        )
        .await;
        assert_eq!(
            (&last(&events)["made"], &last(&events)["accounts"]),
            (&json!(3), &json!(2)),
            "{events:?}"
        );
        assert_eq!(server.verify(&token(8)).await["code"], "EXPIRED");

        // Who holds little brings in no more than that, and makes no accounts.
        let limited = json!({"name": "Limited", "permissions": ["claviger:keys.create", "orders:view"], "owner": "one", "expires_in": "1d"});
        server
            .policy(json!({"owner": {"kinds": ["organisation", "service_account"], "max_live_keys": null}}))
            .await;
        let mut limited = limited;
        limited["owner"] = json!(null);
        let limited = server.create(limited).await;
        let body = [
            json!({"name": "K", "secret": token(20), "permissions": ["orders:view"], "expires_in": "1d"}),
            json!({"name": "K", "secret": token(21), "permissions": ["orders:delete"], "expires_in": "1d"}),
            line(22, "four", json!({})),
            json!({"name": "K", "secret": token(23), "roles": ["owner"], "expires_in": "1d"}),
        ];
        let body: Vec<String> = body.iter().map(Value::to_string).collect();
        let request = server
            .anonymous(Method::POST, &format!("{IMPORT}?dry_run=true"))
            .bearer_auth(text(&limited, "secret"))
            .header("content-type", "application/x-ndjson")
            .body(body.join("\n"));
        let answer = Answer::of(request).await;
        let events: Vec<Value> = answer
            .text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(
            faults(&events),
            ["2 permissions", "3 owner", "4 roles"],
            "{events:?}"
        );
    }
}

/// Runs the command line on a sample, and gives the tokens that it made.
fn run(server: &Server, arguments: &[&str]) -> (bool, String) {
    let output = server
        .claviger(arguments)
        .output()
        .expect("the command line runs");
    let told =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), told)
}

fn sample(name: &str) -> String {
    format!("{}/../../tests/samples/import/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_systems_file_comes_in_as_it_is() {
    for engine in ENGINES {
        let server = server(engine).await;
        for (name, permission) in [
            ("Reports API", "reports:view"),
            ("Authentication API", "authentication:use"),
        ] {
            let role = json!({"name": name, "permissions": [permission], "level": true});
            let (status, body) = server.call(Method::POST, "/v1/roles", Some(role)).await;
            assert_eq!(status, StatusCode::CREATED, "{body}");
        }
        let tokens = server.directory().join("fresh.ndjson");
        let fresh = tokens.to_str().expect("a path").to_owned();
        for (system, file) in [
            ("openlmis", "openlmis.json"),
            ("omnicrm", "omnicrm.json"),
            ("osprov", "osprov.csv"),
            ("openathens", "openathens.csv"),
            ("maximo", "maximo.json"),
            ("unkey", "unkey.ndjson"),
            ("better-auth", "better-auth.csv"),
        ] {
            let file = sample(file);
            let arguments = ["import", &file, "--from", system, "--tokens", &fresh];
            let (fine, told) = run(&server, &[&arguments[..], &["--dry-run"]].concat());
            assert!(fine, "{system}: {told}");
            let (fine, told) = run(&server, &arguments);
            assert!(fine, "{system}: {told}");
            let (fine, told) = run(&server, &arguments);
            assert!(fine && told.contains("0 keys made"), "{system} again: {told}");
        }
        for (token, code) in [
            ("0f9c4b1e-7a52-4d38-9e61-5c2b8a7d3f40", "VALID"),
            ("a7d35e28-1c94-4f6b-8d02-93e6b5f1c7a8", "DISABLED"),
            ("sk_live_sampleK3y9QxW7vT2mN8bR4cJ6hL1pZ5dF0gS", "VALID"),
            (
                "u8Kq2ZxW4nRt7YbVcD5mJ1hPsL9fGgE3aQoTiN6wUyXkB0zMrHvCjSdFpOlIeA2K7R4T9W1Z6XcV8B3N",
                "VALID",
            ),
            (
                "P3vX9mQ2kL7sD1fG5hJ8zB4nC6wE0rTyUiOaRqWbZxKcVtYmNpLjHgFdSeA5I8U2Y6T1R9Q4W7X3C0ZV",
                "DISABLED",
            ),
            ("7b1f0c9e5d3a48269f1e6b8c2d4a7053", "VALID"),
            ("q9w3e7r1t5y2u8i4o6p0a2s4d6f8g1h3j5k7l9z0", "VALID"),
            ("m4n8b2v6c0x1z3l5k7j9h2g4f6d8s0a1p3o5i7u9", "EXPIRED"),
            ("sample_3ZqT7mK9xWvB2nRcD5hJ8fLs", "VALID"),
            ("sample_9pYtR4eWq1AsDf6GhJ2kLzXc", "DISABLED"),
            (
                "hello_QwErTyUiOpAsDfGhJkLzXcVbNmQaZwSxEdCrFvTgByHnUjMikOlPzYxW",
                "VALID",
            ),
            (
                "PlAiNsAmPlEkEyThAtWaSkEpTuNhAsHeDqWzXcVbNmAsDfGhJkLpOiUyTrEwQzXc",
                "VALID",
            ),
        ] {
            assert_eq!(server.verify(token).await["code"], code, "{token}");
        }
        // The masked key of OmniCRM got a fresh token, kept where only its owner reads it.
        let kept = std::fs::read_to_string(&tokens).expect("a file");
        let kept: Vec<Value> = kept
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(kept.len(), 1, "{kept:?}");
        assert_eq!(
            server.verify(text(&kept[0], "secret")).await["name"],
            "Sample Monitoring"
        );
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&tokens).expect("a file"));
        assert_eq!(mode & 0o777, 0o600);
        let (_, account) = server
            .call(Method::GET, "/v1/service-accounts?q=hr-api", None)
            .await;
        assert_eq!(account["items"][0]["username"], "hr-api@sample.example.com");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_killed_half_way_is_taken_up_again_with_nothing_lost_and_nothing_doubled() {
    for engine in ENGINES {
        let mut server = server(engine).await;
        let file = server.directory().join("many.ndjson");
        let fresh = server.directory().join("fresh.ndjson");
        let mut out = std::io::BufWriter::new(std::fs::File::create(&file).expect("a file"));
        const MANY: u64 = 12_000;
        for n in 0..MANY {
            let line = match n % 3 {
                0 => json!({"name": format!("Fresh {n}"), "external_id": n.to_string()}),
                _ => json!({"name": format!("Brought {n}"), "secret": token(n), "tags": ["many"]}),
            };
            writeln!(out, "{line}").expect("a line");
        }
        out.flush().expect("a file");
        let before = total(&server).await;
        let (path, tokens) = (file.to_str().expect("a path"), fresh.to_str().expect("a path"));
        let arguments = ["import", path, "--tokens", tokens];
        let mut child = server
            .claviger(&arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("an import");
        // Killed once some of it is there: the server, or what sends the file.
        while total(&server).await < before + 1_500 {
            assert!(
                child.try_wait().expect("a child").is_none(),
                "it was too quick to be killed"
            );
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        if engine == Engine::Sqlite {
            server.kill();
            let output = child.wait_with_output().expect("an end");
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                !output.status.success() && told.contains("run the same command again"),
                "{told}"
            );
            server.serve().await;
        } else {
            child.kill().expect("killed");
            child.wait().expect("an end");
        }
        // Another import may still be ending on the server.
        let mut tries = 0;
        let told = loop {
            let (fine, told) = run(&server, &["import", path, "--tokens", tokens, "--reissue"]);
            if fine {
                break told;
            }
            tries += 1;
            assert!(told.contains("import_running") && tries < 200, "{told}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        };
        assert!(told.contains("were there already"), "{told}");
        assert_eq!(total(&server).await, before + MANY as i64, "{told}");
        let kept = std::fs::read_to_string(&fresh).expect("a file");
        let mut by_key = BTreeMap::new();
        for line in kept.lines().filter(|line| !line.is_empty()) {
            let Ok(kept) = serde_json::from_str::<Value>(line) else {
                continue;
            };
            by_key.insert(text(&kept, "id").to_owned(), text(&kept, "secret").to_owned());
        }
        assert_eq!(by_key.len() as u64, MANY / 3);
        for (id, token) in by_key.iter().step_by(97) {
            assert_eq!(server.verify(token).await["key_id"], json!(id));
        }
        for n in (1..MANY).step_by(199).filter(|n| n % 3 != 0) {
            assert_eq!(
                server.verify(&token(n)).await["name"],
                json!(format!("Brought {n}"))
            );
        }
        let (_, chain) = server.call(Method::GET, "/v1/audit/verify", None).await;
        assert_eq!(chain["ok"], true);
        let (_, found) = server
            .call(Method::GET, "/v1/keys?q=brought&limit=500", None)
            .await;
        assert_eq!(
            found["items"].as_array().map(Vec::len),
            Some(500),
            "the search index has them"
        );
        let (fine, told) = run(&server, &arguments);
        assert!(fine && told.contains("0 keys made"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_refused_before_it_begins_where_it_must_be() {
    let server = server(Engine::Sqlite).await;
    let send = |kind: &str, query: &str, key: &str| {
        server
            .anonymous(Method::POST, &format!("{IMPORT}{query}"))
            .bearer_auth(key)
            .header("content-type", kind.to_owned())
            .body("name\n")
    };
    let reader = server
        .create(json!({"permissions": ["claviger:keys.read"]}))
        .await;
    let reader = text(&reader, "secret");
    for (kind, query, key, status, code) in [
        (
            "text/plain",
            "",
            server.key.as_str(),
            415,
            "unsupported_media_type",
        ),
        ("text/csv", "?from=nowhere", &server.key, 400, "invalid_request"),
        ("text/csv", "?colour=red", &server.key, 400, "invalid_request"),
        ("text/csv", "", reader, 403, "forbidden"),
        ("text/csv", "", "nobody", 401, "unauthenticated"),
    ] {
        Answer::of(send(kind, query, key))
            .await
            .refused(status, code, query);
    }
    for (kind, body) in [
        ("text/csv", "name,name\na,b\n"),
        ("application/json", "{}"),
        ("text/csv", "name,secret\n\"open"),
    ] {
        let events = import(&server, "", kind, body).await;
        assert_eq!(last(&events)["event"], "stopped", "{kind} {body}: {events:?}");
    }
    let events = import(&server, "", "text/csv", "").await;
    assert_eq!(
        (&last(&events)["event"], &last(&events)["lines"]),
        (&json!("done"), &json!(0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn others_are_served_while_many_keys_come_in() {
    let server = server(Engine::Sqlite).await;
    let lines: Vec<String> = (0..20_000)
        .map(|n| json!({"name": format!("Key {n}"), "secret": token(n)}).to_string())
        .collect();
    let request = server
        .request(Method::POST, IMPORT)
        .header("content-type", "application/x-ndjson")
        .timeout(std::time::Duration::from_secs(300))
        .body(lines.join("\n"));
    let mut import = Box::pin(Answer::of(request));
    let mut made = 0;
    // Each create waits for a batch that is being written, and no longer: there are several while the file comes in.
    let answer = loop {
        tokio::select! {
            answer = &mut import => break answer,
            _ = server.create(json!({"name": "Between"})) => made += 1,
        }
    };
    assert!(answer.text.contains("\"done\""), "{}", answer.text);
    assert!(made >= 3, "{made} creates went through meanwhile");
    let second = server
        .request(Method::POST, IMPORT)
        .header("content-type", "text/csv")
        .body("name\n");
    assert_eq!(
        Answer::of(second).await.status,
        StatusCode::OK,
        "the turn is given back"
    );
}
