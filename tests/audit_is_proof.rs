//! Whoever can write to the database can change the audit log, and not without being found out: each way is tried with
//! raw SQL, and `claviger audit verify` names the organisation and the first bad record.

use std::path::PathBuf;
use std::sync::Arc;

use domain::audit::{Chain, Event, Target};
use domain::clock::{Clock as _, SystemClock, SystemRandom};
use domain::id::OrganisationId;
use reqwest::Method;
use serde_json::{Value, json};
use store::Store;
use store::db::{Conn, Database};
use store::params;
use store::testkit::{sample_actor, sample_tenant};

use crate::support::{ENGINES, Engine, Server, path_of};

/// Records of the organisation that is tampered with.
const RECORDS: i64 = 9;
/// The one that is tampered with where it does not matter which.
const MIDDLE: i64 = 4;

/// A stopped server's database, opened beside it.
struct Intruder {
    conn: Conn,
    organisation: OrganisationId,
    checkpoints: PathBuf,
    stated: Vec<u8>,
}

impl Intruder {
    async fn enter(server: &Server, database: &Database, organisation: OrganisationId) -> Self {
        let mut conn = database.writer().await.expect("a connection");
        for table in ["audit_records", "audit_heads"] {
            let sql = format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}");
            conn.batch(&sql).await.expect("a copy");
        }
        let checkpoints = server.data().join("checkpoints.ndjson");
        Self {
            conn,
            organisation,
            stated: std::fs::read(&checkpoints).expect("checkpoints"),
            checkpoints,
        }
    }

    async fn run(&mut self, sql: &str, values: &[store::db::Value]) {
        let touched = self.conn.execute(sql, values).await.expect("SQL");
        assert!(touched > 0, "nothing was tampered with: {sql}");
    }

    /// A change to one record.
    async fn set(&mut self, seq: i64, change: &str) {
        let sql = format!("UPDATE audit_records SET {change} WHERE organisation = $1 AND seq = $2");
        self.run(&sql, params![self.organisation, seq]).await;
    }

    async fn remove(&mut self, which: &str) {
        let sql = format!("DELETE FROM audit_records WHERE organisation = $1 AND {which}");
        self.run(&sql, params![self.organisation]).await;
    }

    async fn mend_head(&mut self, seq: i64, hash: &[u8]) {
        let sql = "UPDATE audit_heads SET seq = $2, hash = $3 WHERE organisation = $1";
        self.run(sql, params![self.organisation, seq, hash]).await;
    }

    /// As it was before anything was touched.
    async fn hash_of(&mut self, seq: i64) -> Vec<u8> {
        let sql = "SELECT hash FROM kept_audit_records WHERE organisation = $1 AND seq = $2";
        let row = self.conn.query_one(sql, params![self.organisation, seq]).await;
        row.expect("a record").get(0).expect("a hash")
    }

    /// Puts everything back as it was.
    async fn undo(&mut self) {
        let organisation = params![self.organisation];
        for table in ["audit_records", "audit_heads"] {
            let delete = format!("DELETE FROM {table} WHERE organisation = $1");
            self.conn.execute(&delete, organisation).await.expect("SQL");
            let back = format!("INSERT INTO {table} SELECT * FROM kept_{table} WHERE organisation = $1");
            self.run(&back, organisation).await;
        }
        std::fs::write(&self.checkpoints, &self.stated).expect("checkpoints");
    }
}

fn event(action: &'static str) -> Event {
    Event {
        at: SystemClock.now(),
        actor: sample_actor("Ann"),
        action,
        target: Target {
            kind: "key".to_owned(),
            id: "key_x".to_owned(),
            name: "A key".to_owned(),
        },
        request_id: None,
        ip: None,
        changes: json!({}),
    }
}

/// `claviger audit verify` at the data directory: its exit code and what it complains of.
fn verify(server: &Server) -> (Option<i32>, String) {
    let output = server
        .claviger(&["audit", "verify", "--organisation", "sample-ltd"])
        .output()
        .expect("audit verify runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "{said}");
    (output.status.code(), said)
}

/// An installation with two organisations that have done something, stopped, and stated in checkpoints.
async fn two_organisations(engine: Engine) -> (Server, Database, OrganisationId) {
    let mut server = Server::start(engine).await;
    let key = server.create(json!({})).await;
    server.call(Method::POST, &path_of(&key, "rotate"), None).await;
    assert!(server.stop().success());
    let database = Database::open(&server.target()).await.expect("a database");
    let store = Store::start(database.clone(), Arc::new(SystemClock), Arc::new(SystemRandom))
        .await
        .expect("a store");
    let tenant = sample_tenant("acme");
    let organisation = tenant.organisation.id;
    store
        .write::<_, store::StoreError, _>(async move |tx| {
            tx.insert_organisation(&tenant).await?;
            for _ in 0..RECORDS {
                tx.record(organisation, event("key.create"));
            }
            Ok(())
        })
        .await
        .expect("a second organisation");
    // Its end states in checkpoints where the chains stand.
    assert_eq!(verify(&server), (Some(0), String::new()));
    (server, database, organisation)
}

#[tokio::test]
async fn every_way_to_change_the_log_is_found_and_named() {
    for engine in ENGINES {
        let (server, database, organisation) = two_organisations(engine).await;
        let mut intruder = Intruder::enter(&server, &database, organisation).await;
        let found = |way: &str, expected: String| {
            let (code, said) = verify(&server);
            assert_eq!(code, Some(1), "{engine:?}: {way} was not found: {said}");
            assert!(said.contains(&expected), "{way}: expected {expected} in: {said}");
            assert_eq!(
                said.matches("org_").count(),
                1,
                "{way}: only one organisation is broken: {said}"
            );
        };
        let record = |seq: i64, what: &str| format!("{organisation}: record {seq} {what}");

        intruder.set(MIDDLE, "action = 'key.edit'").await;
        found("a column", record(MIDDLE, "was altered: its column action"));
        intruder.undo().await;

        intruder.set(MIDDLE, "at = at - 1").await;
        found("a time", record(MIDDLE, "was altered: its column at"));
        intruder.undo().await;

        for (what, expected) in [
            ("body", "was altered, replaced or moved"),
            ("payload", "was altered: its payload"),
        ] {
            let sql = format!("SELECT {what} FROM audit_records WHERE organisation = $1 AND seq = $2");
            let row = intruder.conn.query_one(&sql, params![organisation, MIDDLE]).await;
            let mut bytes: Vec<u8> = row.expect("a record").get(0).expect("bytes");
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            let sql = format!("UPDATE audit_records SET {what} = $3 WHERE organisation = $1 AND seq = $2");
            intruder.run(&sql, params![organisation, MIDDLE, bytes]).await;
            found(what, record(MIDDLE, expected));
            intruder.undo().await;
        }

        intruder.remove("seq = 4").await;
        found("a removal", record(MIDDLE, "is missing"));
        intruder.undo().await;

        intruder.remove("seq = 1").await;
        found("a removal of the first", record(1, "is missing"));
        intruder.undo().await;

        intruder.remove("seq = 4").await;
        intruder.set(5, "seq = 4").await;
        found(
            "a removal, closed up",
            record(MIDDLE, "was altered, replaced or moved"),
        );
        intruder.undo().await;

        for (from, to) in [(4, 100), (5, 4), (100, 5)] {
            intruder.set(from, &format!("seq = {to}")).await;
        }
        found("another order", record(MIDDLE, "was altered, replaced or moved"));
        intruder.undo().await;

        intruder.remove("seq > 7").await;
        found(
            "a truncation",
            record(8, "is missing: the chain was cut off, it reached record 9"),
        );
        intruder.undo().await;

        intruder.remove("seq > 7").await;
        let hash = intruder.hash_of(7).await;
        intruder.mend_head(7, &hash).await;
        found("a truncation with its head mended", record(8, "is missing"));
        found("the same, asked again", record(8, "is missing"));
        intruder.undo().await;

        intruder.remove("seq > 0").await;
        let sql = "DELETE FROM audit_heads WHERE organisation = $1";
        intruder.run(sql, params![organisation]).await;
        found("a whole chain gone", record(1, "is missing"));
        intruder.undo().await;

        assert_eq!(verify(&server), (Some(0), String::new()), "all is as it was");
    }
}

#[tokio::test]
async fn a_chain_that_was_rewritten_consistently_does_not_fit_its_checkpoint() {
    for engine in ENGINES {
        let (server, database, organisation) = two_organisations(engine).await;
        let mut intruder = Intruder::enter(&server, &database, organisation).await;
        let mut chain = Chain {
            organisation,
            seq: RECORDS - 1,
            hash: intruder.hash_of(RECORDS - 1).await.try_into().expect("a hash"),
        };
        let forged = chain.append(&event("key.revoke"), [7; 16]).expect("a record");
        intruder
            .run(
                "UPDATE audit_records SET action = $3, at = $4, body = $5, salt = $6, payload = $7, hash = $8 \
                 WHERE organisation = $1 AND seq = $2",
                params![
                    organisation,
                    RECORDS,
                    forged.action,
                    forged.at,
                    forged.body,
                    forged.salt,
                    forged.payload,
                    forged.hash
                ],
            )
            .await;
        intruder.mend_head(RECORDS, &forged.hash).await;
        let (code, said) = verify(&server);
        assert_eq!(code, Some(1));
        assert!(
            said.contains(&format!("{organisation}: record {RECORDS} was rewritten")),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_forged_checkpoint_is_named_by_its_line() {
    let (server, database, organisation) = two_organisations(Engine::Sqlite).await;
    let mut intruder = Intruder::enter(&server, &database, organisation).await;
    let text = String::from_utf8(intruder.stated.clone()).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    let own = lines
        .iter()
        .rposition(|line| line.contains(&organisation.to_string()))
        .expect("a checkpoint");

    // Cut off the chain, mend its head, and make the checkpoint say so: it cannot be signed again.
    intruder.remove("seq > 7").await;
    let hash = intruder.hash_of(7).await;
    intruder.mend_head(7, &hash).await;
    let mut forged: Value = serde_json::from_str(lines[own]).expect("a checkpoint");
    forged["seq"] = json!(7);
    forged["hash"] = json!(hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let mut changed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    changed[own] = forged.to_string();
    std::fs::write(&intruder.checkpoints, changed.join("\n") + "\n").expect("a forgery");
    let (code, said) = verify(&server);
    assert_eq!(code, Some(1));
    let line = format!(
        "line {} of checkpoints.ndjson is not a checkpoint that this installation signed",
        own + 1
    );
    assert!(said.contains(&line), "{said}");
    intruder.undo().await;

    // Half a line, as a full disk leaves it, is no forgery, and does not spoil the line after it.
    let torn = [intruder.stated.as_slice(), b"{\"organisation\":\"org_"].concat();
    std::fs::write(&intruder.checkpoints, torn).expect("half a line");
    assert_eq!(verify(&server), (Some(0), String::new()));
    let mut server = server;
    drop((intruder, database));
    server.serve().await;
    assert!(server.stop().success());
    assert_eq!(verify(&server), (Some(0), String::new()));
}
