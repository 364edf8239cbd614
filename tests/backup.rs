//! Backups: the whole of an installation, taken while it runs, proved, and made an installation of again, on either database.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{ENGINES, Engine, Server, path_of, text};

/// Runs a command of this server's and wants it to succeed.
fn run(server: &Server, arguments: &[&str]) -> String {
    let output = server.claviger(arguments).output().expect("it runs");
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs it and wants it refused, with these words.
fn refused(server: &Server, arguments: &[&str], words: &str) {
    let output = server.claviger(arguments).output().expect("it runs");
    assert!(!output.status.success());
    assert!(said(&output).contains(words), "{} lacks {words}", said(&output));
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn shown(path: &Path) -> &str {
    path.to_str().expect("a path")
}

async fn code(server: &Server, token: &str) -> String {
    text(&server.verify(token).await, "code").to_owned()
}

/// A backup of a server, in its directory, beside its data.
fn back_up(server: &Server, name: &str) -> PathBuf {
    let file = server.directory().join(name);
    run(server, &["backup", shown(&file)]);
    file
}

/// An empty place for an installation, which has the secrets of this one.
async fn place(engine: Engine, of: &Server) -> (Server, PathBuf) {
    let mut place = Server::empty(engine).await;
    place.key.clone_from(&of.key);
    (place, of.data().join("secrets.toml"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_before_a_backup_is_in_it_whichever_database_it_goes_to() {
    for from in ENGINES {
        let mut server = Server::start(from).await;
        let keys: Vec<Value> = futures_util::future::join_all((0..70).map(|n| {
            server.create(
                json!({"name": format!("Sample {n}"), "tags": ["sampled"], "permissions": ["orders:view"]}),
            )
        }))
        .await;
        let (status, _) = server
            .call(Method::POST, &path_of(&keys[0], "revoke"), Some(json!({})))
            .await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(code(&server, text(&keys[1], "secret")).await, "VALID");
        // Others go on making keys meanwhile.
        let others = async {
            for n in 0..20 {
                server.create(json!({"name": format!("Other {n}")})).await;
            }
        };
        let taken = tokio::task::spawn_blocking({
            let mut command = server.claviger(&["backup", shown(&server.directory().join("one.backup"))]);
            move || command.output().expect("it runs")
        });
        let (taken, ()) = tokio::join!(taken, others);
        let taken = taken.expect("an end");
        assert!(taken.status.success(), "{}", said(&taken));
        assert!(
            said(&taken).contains("secrets.toml"),
            "it says what is not in it: {}",
            said(&taken)
        );
        let file = server.directory().join("one.backup");
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).expect("a file").permissions());
        assert_eq!(mode & 0o777, 0o600);
        let late = server.create(json!({"name": "Made too late"})).await;
        server.stop();

        for to in ENGINES {
            let (mut restored, secrets) = place(to, &server).await;
            let told = run(
                &restored,
                &["restore", shown(&file), "--secrets", shown(&secrets)],
            );
            assert!(told.contains("the audit log holds"), "{told}");
            restored.serve().await;
            assert_eq!(code(&restored, text(&keys[0], "secret")).await, "REVOKED");
            for key in &keys[1..] {
                assert_eq!(
                    code(&restored, text(key, "secret")).await,
                    "VALID",
                    "{from:?} to {to:?}"
                );
            }
            assert_eq!(code(&restored, text(&late, "secret")).await, "NOT_FOUND");
            for (query, count) in [
                ("q=ample", 69),
                ("tag=sampled", 69),
                ("permission=orders:view", 69),
            ] {
                let path = format!("/v1/keys?limit=200&{query}");
                let (_, found) = restored.call(Method::GET, &path, None).await;
                assert_eq!(found["items"].as_array().map(Vec::len), Some(count), "{query}");
            }
            // No number is given twice, and the log goes on and says from where.
            let fresh = restored.create(json!({})).await;
            assert!(fresh["number"].as_i64() > keys.last().and_then(|key| key["number"].as_i64()));
            let proved: Value =
                serde_json::from_str(&run(&restored, &["audit", "verify", "--json"])).expect("JSON");
            assert_eq!(proved["ok"], true, "{proved}");
            for chain in proved["chains"].as_array().expect("chains") {
                assert_eq!(chain["restored"].as_array().map(Vec::len), Some(1), "{chain}");
            }
        }
    }
}

/// Every row of a SQLite file that a restore leaves as it was, by table.
async fn rows(file: &Path) -> BTreeMap<String, Vec<String>> {
    let db = store::backup::open(file).await.expect("a database");
    let readers = db.readers();
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'key_search%' \
                 AND name NOT IN ('schema_migrations', 'backup_notes', 'sessions', 'audit_records', 'audit_heads')";
    let mut all = BTreeMap::new();
    for name in readers.query(names, &[]).await.expect("tables") {
        let name: String = name.get(0).expect("a name");
        let columns = format!(
            "SELECT group_concat('quote(\"' || name || '\")', '||''|''||') FROM pragma_table_info('{name}') WHERE name <> 'row'"
        );
        let columns: String = readers
            .query_one(&columns, &[])
            .await
            .expect("columns")
            .get(0)
            .expect("columns");
        let found = readers
            .query(&format!("SELECT {columns} AS r FROM {name} ORDER BY r"), &[])
            .await
            .expect("rows");
        all.insert(name, found.iter().map(|row| row.get(0).expect("a row")).collect());
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_it_survives_the_way_to_the_other_database_and_back() {
    let server = Server::init(Engine::Sqlite).await;
    run(&server, &["demo"]);
    let first = back_up(&server, "first.backup");
    let (postgres, secrets) = place(Engine::Postgres, &server).await;
    run(
        &postgres,
        &["restore", shown(&first), "--secrets", shown(&secrets)],
    );
    let second = postgres.directory().join("second.backup");
    run(&postgres, &["backup", shown(&second)]);
    let (before, after) = (rows(&first).await, rows(&second).await);
    assert!(
        before.values().filter(|rows| !rows.is_empty()).count() > 20,
        "the demo fills most tables"
    );
    for (table, rows) in &before {
        assert_eq!(Some(rows), after.get(table), "{table}");
    }
    assert_eq!(before.len(), after.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_is_told_apart_from_a_log_that_was_cut_off() {
    let mut server = Server::start(Engine::Sqlite).await;
    server.create(json!({})).await;
    let file = back_up(&server, "one.backup");
    for _ in 0..5 {
        server.create(json!({})).await;
    }
    // A stop states where the log stands, in a file that somebody has kept.
    server.stop();
    run(&server, &["audit", "verify"]);
    let stated = std::fs::read(server.data().join("checkpoints.ndjson")).expect("checkpoints");

    let (mut restored, secrets) = place(Engine::Sqlite, &server).await;
    run(
        &restored,
        &["restore", shown(&file), "--secrets", shown(&secrets)],
    );
    std::fs::write(restored.data().join("checkpoints.ndjson"), &stated).expect("checkpoints");
    restored.serve().await;
    for _ in 0..9 {
        restored.create(json!({})).await;
    }
    let proved: Value = serde_json::from_str(&run(&restored, &["audit", "verify", "--json"])).expect("JSON");
    assert_eq!(proved["ok"], true, "{proved}");
    let lost = |chain: &Value| chain["restored"][0]["lost_checkpoints"].as_u64().unwrap_or(0);
    assert!(
        proved["chains"]
            .as_array()
            .expect("chains")
            .iter()
            .map(lost)
            .sum::<u64>()
            > 0,
        "{proved}"
    );
    let told = restored.claviger(&["audit", "verify"]).output().expect("it runs");
    assert!(said(&told).contains("goes on from a backup"), "{}", said(&told));

    // The same file, put in place by hand: nothing in it says that it goes on from a backup.
    let (cut, _) = place(Engine::Sqlite, &server).await;
    std::fs::create_dir_all(cut.data()).expect("a directory");
    for (from, to) in [(&file, "claviger.db"), (&secrets, "secrets.toml")] {
        std::fs::copy(from, cut.data().join(to)).expect("a copy");
    }
    std::fs::write(cut.data().join("checkpoints.ndjson"), &stated).expect("checkpoints");
    let output = cut.claviger(&["audit", "verify"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let both = format!("{}{}", said(&output), String::from_utf8_lossy(&output.stdout));
    assert!(both.contains("cut off"), "{both}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_signed_in_after_a_restore() {
    let mut server = Server::start(Engine::Sqlite).await;
    let token = server.setup_url.rsplit('/').next().expect("a token").to_owned();
    let person = json!({"name": "Ada Sample", "email": "ada@sample.example", "password": "plain sample words that are long"});
    let made = server
        .anonymous(Method::POST, &format!("/v1/setup/{token}"))
        .json(&person)
        .send()
        .await
        .expect("an answer");
    assert_eq!(made.status(), StatusCode::CREATED);
    let cookie = made.headers()["set-cookie"]
        .to_str()
        .expect("text")
        .split(';')
        .next()
        .expect("a cookie")
        .to_owned();
    let me = async |server: &Server| {
        let asked = server
            .anonymous(Method::GET, "/v1/session")
            .header("Cookie", &cookie)
            .send()
            .await;
        asked.expect("an answer").status()
    };
    assert_eq!(me(&server).await, StatusCode::OK);
    let file = back_up(&server, "one.backup");
    server.stop();
    let (mut restored, secrets) = place(Engine::Sqlite, &server).await;
    run(
        &restored,
        &["restore", shown(&file), "--secrets", shown(&secrets)],
    );
    restored.serve().await;
    assert_eq!(me(&restored).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_restored_is_told_and_leaves_nothing() {
    let server = Server::start(Engine::Sqlite).await;
    server
        .create(json!({"name": "A name that can be found in the file"}))
        .await;
    let file = back_up(&server, "one.backup");
    refused(&server, &["backup", shown(&file)], "exists");
    refused(&server, &["restore", shown(&file)], "held by process");
    let (place, secrets) = place(Engine::Sqlite, &server).await;
    let is_empty = || {
        let mut left: Vec<String> = std::fs::read_dir(place.data())
            .map(|all| {
                all.map(|one| one.expect("an entry").file_name().into_string().expect("a name"))
                    .collect()
            })
            .unwrap_or_default();
        left.retain(|name| name != "claviger.lock");
        assert!(left.is_empty(), "{left:?}");
    };
    let restore = |file: &Path, secrets: &Path, words: &str| {
        refused(
            &place,
            &["restore", shown(file), "--secrets", shown(secrets)],
            words,
        );
        is_empty();
    };
    refused(&place, &["restore", shown(&file)], "secrets.toml is missing");
    is_empty();
    // Another installation's secrets.
    let other = Server::init(Engine::Sqlite).await;
    restore(&file, &other.data().join("secrets.toml"), "other secrets");
    // No backup at all, half a one, one with another byte in its log.
    let bytes = std::fs::read(&file).expect("a file");
    let bad = server.directory().join("bad.backup");
    std::fs::write(&bad, "a letter to somebody").expect("a file");
    restore(&bad, &secrets, "no backup");
    std::fs::write(&bad, &bytes[..bytes.len() / 2]).expect("a file");
    restore(&bad, &secrets, "no backup");
    let needle = b"\"target_name\":\"A name that can be found";
    let at = bytes
        .windows(needle.len())
        .position(|window| window == needle)
        .expect("the log's record");
    let mut changed = bytes.clone();
    changed[at + needle.len() - 1] ^= 1;
    std::fs::write(&bad, &changed).expect("a file");
    restore(&bad, &secrets, "does not hold");
    refused(&server, &["restore", "--check", shown(&bad)], "does not hold");
    restore(&server.directory().join("missing"), &secrets, "No such file");
    // The whole one is sound, and a place that holds something is kept as it is.
    assert!(run(&server, &["restore", "--check", shown(&file)]).contains("Sound"));
    refused(
        &other,
        &["restore", shown(&file)],
        "holds an installation already",
    );
    run(&place, &["restore", shown(&file), "--secrets", shown(&secrets)]);
    let postgres = Server::init(Engine::Postgres).await;
    refused(
        &postgres,
        &["restore", shown(&file)],
        "holds an installation already",
    );
}
