//! Retained tokens go for good where the policy gives them up, or their key or secret ends: shown by reading the files.

use std::collections::BTreeSet;
use std::process::Command;

use domain::id::OrganisationId;
use domain::secret::{KekVersion, Keyring, SealError, WrappedDataKey};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::db::{Database, Row};

use crate::support::{Answer, ENGINES, Engine, Server, path_of, text, until};

const KEPT: &str = r#"{"secret": {"storage": "encrypted", "reveal": "on_demand"}}"#;
const GIVEN_UP: &str = r#"{"secret": {"storage": "hashed", "reveal": "once"}}"#;

fn policy(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

async fn rows(server: &Server, sql: &str) -> Vec<Row> {
    let db = Database::open(&server.target()).await.expect("a database");
    let mut conn = db.writer().await.expect("a connection");
    conn.query(sql, &[]).await.expect("rows")
}

/// The ciphertexts that are stored.
async fn ciphertexts(server: &Server) -> BTreeSet<Vec<u8>> {
    let rows = rows(server, "SELECT ciphertext FROM sealed_secrets").await;
    let all = rows.iter().map(|row| row.get::<Vec<u8>>(0).expect("bytes"));
    all.filter(|bytes| bytes.iter().any(|byte| *byte != 0)).collect()
}

/// The data keys of retained tokens as they are stored, with whose they are.
async fn data_keys(server: &Server) -> Vec<(OrganisationId, WrappedDataKey)> {
    let sql = "SELECT organisation, kek, wrapped FROM data_keys WHERE purpose = 'token' ORDER BY created_at";
    let read = |row: &Row| {
        let kek: i64 = row.get(1).expect("a version");
        let wrapped = WrappedDataKey {
            kek: KekVersion::new(u32::try_from(kek).expect("a version")),
            bytes: row.get(2).expect("bytes"),
        };
        (row.get(0).expect("an organisation"), wrapped)
    };
    rows(server, sql).await.iter().map(read).collect()
}

/// A copy of the database's files as they are. Another process makes it: to close a file would drop SQLite's locks on it
/// in this one.
struct Backup(tempfile::TempDir);

impl Backup {
    fn of(server: &Server) -> Self {
        let copy = Self(tempfile::tempdir().expect("a directory"));
        for name in ["claviger.db", "claviger.db-wal", "claviger.db-shm"] {
            let from = server.data().join(name);
            if from.exists() {
                let copied = Command::new("cp").arg(&from).arg(copy.0.path()).status();
                assert!(copied.expect("cp runs").success(), "{name}");
            }
        }
        copy
    }

    fn file(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.path().join(name)).unwrap_or_default()
    }

    /// Which of these bytes stand somewhere in the files.
    fn found(&self, needles: &BTreeSet<Vec<u8>>) -> BTreeSet<Vec<u8>> {
        const START: usize = 24;
        // All begin with the byte of their layout; the next two tell most places apart at once.
        let hint = |bytes: &[u8]| usize::from(bytes[1]) << 8 | usize::from(bytes[2]);
        let mut hints = vec![false; 1 << 16];
        needles.iter().for_each(|needle| hints[hint(needle)] = true);
        let mut found = BTreeSet::new();
        for name in ["claviger.db", "claviger.db-wal", "claviger.db-shm"] {
            for window in self
                .file(name)
                .windows(START)
                .filter(|window| hints[hint(window)])
            {
                found.extend(
                    needles
                        .iter()
                        .filter(|needle| needle.starts_with(window))
                        .cloned(),
                );
            }
        }
        found
    }
}

fn keyring(server: &Server) -> Keyring {
    let text = std::fs::read_to_string(server.data().join("secrets.toml")).expect("secrets");
    Keyring::from_toml(&text).expect("a keyring")
}

async fn reveal(server: &Server, key: &Value) -> (u16, Value) {
    let (status, body) = server.call(Method::POST, &path_of(key, "reveal"), None).await;
    (status.as_u16(), body)
}

/// Replaces the key-encryption key, and forgets the one before.
async fn rotate_kek(server: &Server) {
    for body in [
        json!({"kind": "key_encryption_key", "step": "announce"}),
        json!({"kind": "key_encryption_key", "step": "promote"}),
        json!({"kind": "key_encryption_key", "step": "retire", "version": 1}),
    ] {
        let request = server.local(Method::POST, "/v1/installation/secrets/rotate");
        let answer = Answer::of(request.header("claviger-organisation", "sample-ltd").json(&body)).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text);
    }
}

#[tokio::test]
async fn turning_to_hashes_leaves_no_retained_token_in_the_files_and_no_key_that_opens_one() {
    let mut server = Server::start(Engine::Sqlite).await;
    // Another organisation, whose tokens stay.
    let made = Answer::of(
        server
            .local(Method::POST, "/v1/organisations")
            .json(&json!({"name": "Other Ltd", "slug": "other"})),
    )
    .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let other = |method: Method, path: &str| {
        server
            .local(method, path)
            .header("claviger-organisation", "other")
    };
    let kept = Answer::of(other(Method::PATCH, "/v1/policy").json(&policy(KEPT))).await;
    assert_eq!(kept.status, 200, "{}", kept.text);
    let theirs = Answer::of(other(Method::POST, "/v1/keys").json(&json!({"name": "Theirs"}))).await;
    let their_ciphertexts = ciphertexts(&server).await;
    assert_eq!(their_ciphertexts.len(), 1);

    let (status, _) = server.call(Method::PATCH, "/v1/policy", Some(policy(KEPT))).await;
    assert_eq!(status, StatusCode::OK);
    let mut keys = Vec::new();
    for _ in 0..80 {
        keys.push(server.create(json!({})).await);
    }
    let mut own: BTreeSet<Vec<u8>> = ciphertexts(&server)
        .await
        .difference(&their_ciphertexts)
        .cloned()
        .collect();
    assert_eq!(own.len(), keys.len());
    let wrapped = data_keys(&server).await.pop().expect("a data key");
    own.insert(wrapped.1.bytes.clone());
    let backup = Backup::of(&server);
    assert_eq!(backup.found(&own), own, "they are in the files");
    assert_eq!(reveal(&server, &keys[7]).await.1["secret"], keys[7]["secret"]);

    server.policy(policy(GIVEN_UP)).await;
    // It was answered once nothing was left.
    let now = Backup::of(&server);
    assert_eq!(now.found(&own), BTreeSet::new());
    assert!(now.file("claviger.db-wal").len() < 200_000, "the log was cut off");
    assert_eq!(data_keys(&server).await.len(), 1, "that of the others");
    let (_, log) = server
        .call(Method::GET, "/v1/audit?action=policy.edit&limit=1", None)
        .await;
    assert_eq!(
        log["items"][0]["changes"]["retained_tokens"],
        json!({"before": 80, "after": 0})
    );

    // Keys go on, their tokens are not to be had again, and turning back keeps new ones alone.
    assert_eq!(server.verify(text(&keys[7], "secret")).await["code"], "VALID");
    assert_eq!(reveal(&server, &keys[7]).await.0, 422);
    server.local_policy("sample-ltd", policy(KEPT)).await;
    let (status, problem) = reveal(&server, &keys[7]).await;
    assert_eq!((status, &problem["code"]), (409, &json!("not_kept")));
    let (_, shown) = server.call(Method::GET, &path_of(&keys[7], ""), None).await;
    assert_eq!(shown["secrets"][0]["revealable"], false);
    let (_, events) = server.call(Method::GET, &path_of(&keys[7], "events"), None).await;
    let views = events["items"].as_array().expect("items").iter();
    assert_eq!(
        views.filter(|event| event["action"] == "key.reveal").count(),
        1,
        "what was refused was not seen"
    );
    let fresh = server.create(json!({})).await;
    assert_eq!(reveal(&server, &fresh).await.1["secret"], fresh["secret"]);
    assert_eq!(server.verify(text(&keys[8], "secret")).await["code"], "VALID");
    let path = path_of(&theirs.body, "reveal");
    let seen = Answer::of(other(Method::POST, &path)).await;
    assert_eq!(seen.body["secret"], theirs.body["secret"], "{}", seen.text);

    // The backup still holds what it held, and the secrets file opens it until the key-encryption key is retired.
    assert_eq!(backup.found(&own), own);
    let (organisation, wrapped) = wrapped;
    let unwrap = |keyring: Keyring| {
        let opened = keyring.unwrap(&wrapped, organisation.uuid().as_bytes());
        opened.map(drop)
    };
    assert_eq!(unwrap(keyring(&server)), Ok(()));
    rotate_kek(&server).await;
    assert_eq!(
        unwrap(keyring(&server)),
        Err(SealError::UnknownKek(KekVersion::new(1)))
    );
    assert_eq!(reveal(&server, &fresh).await.1["secret"], fresh["secret"]);
    server.stop_soon().await;
    assert_eq!(Backup::of(&server).found(&own), BTreeSet::new());
}

#[tokio::test]
async fn the_token_of_a_key_that_is_rotated_revoked_deleted_or_erased_leaves_the_files() {
    let server = Server::start(Engine::Sqlite).await;
    server.policy(policy(KEPT)).await;
    let mut keys = Vec::new();
    for _ in 0..72 {
        keys.push((server.create(json!({})).await, Vec::new()));
    }
    let sql = "SELECT s.key, x.ciphertext FROM secrets s JOIN sealed_secrets x ON x.secret = s.id";
    let by_key = async || -> Vec<(String, Vec<u8>)> {
        let rows = rows(&server, sql).await;
        rows.iter()
            .map(|row| {
                let key: domain::id::KeyId = row.get(0).expect("an id");
                (key.to_string(), row.get(1).expect("bytes"))
            })
            .collect()
    };
    for (id, bytes) in by_key().await {
        let (_, own) = keys
            .iter_mut()
            .find(|(key, _)| key["id"] == id.as_str())
            .expect("a key");
        *own = bytes;
    }
    let all: BTreeSet<Vec<u8>> = keys.iter().map(|(_, bytes)| bytes.clone()).collect();
    assert_eq!(Backup::of(&server).found(&all), all);

    // In any order of places, so that rows beside them go while they stay and the other way round.
    let mut gone = BTreeSet::new();
    let mut staying = Vec::new();
    for (at, (key, bytes)) in keys.iter().enumerate() {
        let (method, verb, erase) = match at % 6 {
            0 => (Method::POST, "rotate", false),
            1 => (Method::POST, "revoke", false),
            2 => (Method::DELETE, "", false),
            3 | 4 => (Method::DELETE, "", true),
            _ => {
                staying.push((key, bytes));
                continue;
            }
        };
        let deletion = if erase { "erase" } else { "deactivate" };
        server.policy(json!({ "deletion": deletion })).await;
        let (status, answer) = server.call(method, &path_of(key, verb), None).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        gone.insert(bytes.clone());
    }
    until("the old tokens leave the files", async || {
        Backup::of(&server).found(&gone).is_empty()
    })
    .await;
    let left: BTreeSet<Vec<u8>> = staying.iter().map(|(_, bytes)| (*bytes).clone()).collect();
    assert_eq!(Backup::of(&server).found(&left), left, "nothing else went");
    for (key, _) in staying {
        assert_eq!(reveal(&server, key).await.1["secret"], key["secret"]);
    }
    // What they were called and found by stays where history does.
    let revoked = &keys[1].0;
    assert_eq!(server.verify(text(revoked, "secret")).await["code"], "REVOKED");
    let (_, problem) = reveal(&server, revoked).await;
    assert_eq!(problem["code"], "key_over");
}

#[tokio::test]
async fn an_erasure_that_was_killed_between_commit_and_checkpoint_is_finished_by_the_next_start() {
    let mut server = Server::start(Engine::Sqlite).await;
    server.policy(policy(KEPT)).await;
    let mut keys = Vec::new();
    for _ in 0..40 {
        keys.push(server.create(json!({})).await);
    }
    let mut own = ciphertexts(&server).await;
    own.insert(data_keys(&server).await.pop().expect("a data key").1.bytes);

    let asked = Answer::of(server.local(Method::PATCH, "/v1/policy").json(&policy(GIVEN_UP))).await;
    let confirmed = format!("/v1/policy?confirm={}", text(&asked.body, "confirm"));
    // Somebody reads an older state, so that the log cannot be cut off.
    let reader = Database::open(&server.target()).await.expect("a database");
    let readers = reader.readers();
    let held = readers.snapshot(async |conn| {
        conn.query("SELECT COUNT(*) FROM secrets", &[]).await?;
        let asked = server.local(Method::PATCH, &confirmed).json(&policy(GIVEN_UP));
        let asked = tokio::spawn(asked.send());
        until("the data key is destroyed", async || {
            data_keys(&server).await.is_empty()
        })
        .await;
        server.kill();
        asked.abort();
        let left = Backup::of(&server).found(&own);
        assert!(!left.is_empty(), "the checkpoint was not yet");
        Ok(())
    });
    held.await.expect("a snapshot");

    server.serve().await;
    until("the tokens leave the files", async || {
        Backup::of(&server).found(&own).is_empty()
    })
    .await;
    assert!(ciphertexts(&server).await.is_empty());
    assert_eq!(server.verify(text(&keys[3], "secret")).await["code"], "VALID");
    drop((readers, reader));
}

#[tokio::test]
async fn on_either_engine_what_the_database_holds_opens_no_token_any_more() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        server.policy(policy(KEPT)).await;
        let mut keys = Vec::new();
        for _ in 0..20 {
            keys.push(server.create(json!({})).await);
        }
        assert_eq!(ciphertexts(&server).await.len(), keys.len());
        let (organisation, wrapped) = data_keys(&server).await.pop().expect("a data key");
        let unwrap = |keyring: Keyring| keyring.unwrap(&wrapped, organisation.uuid().as_bytes()).map(drop);
        assert_eq!(unwrap(keyring(&server)), Ok(()));

        server.policy(policy(GIVEN_UP)).await;
        assert_eq!(ciphertexts(&server).await, BTreeSet::new(), "{engine:?}");
        assert!(data_keys(&server).await.is_empty(), "{engine:?}");
        let waiting = rows(&server, "SELECT 1 FROM destroyed_data_keys").await;
        assert!(waiting.is_empty(), "nothing is left to do");
        server.policy(policy(KEPT)).await;
        for key in &keys {
            let (status, problem) = reveal(&server, key).await;
            assert_eq!((status, &problem["code"]), (409, &json!("not_kept")));
            assert_eq!(server.verify(text(key, "secret")).await["code"], "VALID");
        }
        let fresh = server.create(json!({})).await;
        assert_eq!(reveal(&server, &fresh).await.1["secret"], fresh["secret"]);

        // A row that PostgreSQL has not yet written over, its log and every backup may hold the wrapped data key still: it
        // is good for nothing once the key-encryption key is retired.
        rotate_kek(&server).await;
        assert_eq!(
            unwrap(keyring(&server)),
            Err(SealError::UnknownKek(KekVersion::new(1)))
        );
        assert_eq!(reveal(&server, &fresh).await.1["secret"], fresh["secret"]);
    }
}
