//! What is older than the policy keeps it goes, in one organisation and not in another; the audit log begins at a signed
//! base then, and still proves the rest.

use std::time::Duration;

use domain::audit::{Event, Target};
use domain::clock::{Clock as _, SystemClock, SystemRandom, Timestamp};
use domain::decide::Code;
use domain::id::{KeyId, OrganisationId, RequestId};
use domain::key::AskedOf;
use domain::span::Span;
use serde_json::{Value, json};
use store::db::{Conn, Database};
use store::params;
use store::requests::Kept;
use store::testkit::{sample_actor, sample_tenant};
use store::usage::Count;

use crate::support::{ENGINES, Engine, Server, until};

const DAY: Duration = Duration::from_secs(86_400);

fn days_ago(days: u32) -> Timestamp {
    SystemClock.now().minus(DAY * days)
}

fn event(at: Timestamp, action: &'static str) -> Event {
    Event {
        at,
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

/// An organisation with so many audit records of each of these ages in days, oldest first.
async fn organisation(
    server: &Server,
    slug: &'static str,
    retention: domain::policy::Retention,
    ages: &'static [(u32, usize)],
) -> OrganisationId {
    let mut tenant = sample_tenant(slug);
    tenant.policy.retention = retention;
    let id = tenant.organisation.id;
    server
        .write(async move |tx| {
            tx.insert_organisation(&tenant).await?;
            for (age, count) in ages {
                (0..*count).for_each(|_| tx.record(id, event(days_ago(*age), "key.edit")));
            }
            Ok(())
        })
        .await;
    id
}

fn audit_kept_for(days: u32) -> domain::policy::Retention {
    domain::policy::Retention {
        audit: Some(Span::days(days)),
        ..domain::policy::Retention::default()
    }
}

/// What is counted, asked of the database itself.
async fn count(server: &Server, sql: &str, organisation: OrganisationId) -> i64 {
    let db = Database::open(&server.target()).await.expect("a database");
    let row = db.readers().query_one(sql, params![organisation]).await;
    row.expect("a row").get(0).expect("a count")
}

const REQUESTS: &str = "SELECT COUNT(*) FROM key_requests WHERE organisation = $1";
const HOURS: &str = "SELECT COUNT(*) FROM usage_hours WHERE organisation = $1";
const RECORDS: &str = "SELECT COUNT(*) FROM audit_records WHERE organisation = $1";

/// `claviger audit verify` at the data directory: its exit code, what it found of one chain, and what it complains of.
fn verify(server: &Server, organisation: OrganisationId) -> (Option<i32>, Value, String) {
    let output = server
        .claviger(&["audit", "verify", "--json", "--organisation", "sample-ltd"])
        .output()
        .expect("audit verify runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
    let chains = answer["chains"].as_array().expect("chains").iter();
    let mut own = chains.filter(|chain| chain["organisation"] == organisation.to_string());
    (
        output.status.code(),
        own.next_back().cloned().unwrap_or_default(),
        said,
    )
}

#[tokio::test]
async fn requests_and_usage_older_than_the_policy_keeps_them_go_and_no_others() {
    for engine in ENGINES {
        let mut server = Server::init(engine).await;
        let short = domain::policy::Retention {
            access_log: Span::days(7),
            usage: Span::days(30),
            audit: None,
        };
        let strict = organisation(&server, "strict", short, &[(90, 3)]).await;
        let usual = organisation(&server, "usual", domain::policy::Retention::default(), &[(90, 3)]).await;
        // More than go in one batch, and not only of one key.
        server
            .write(async move |tx| {
                for organisation in [strict, usual] {
                    let keys = [0; 30].map(|_| KeyId::fresh(&SystemClock, &SystemRandom));
                    for key in keys {
                        let asked = |days: u32| Kept {
                            id: RequestId::fresh(&SystemClock, &SystemRandom),
                            asked: AskedOf {
                                organisation,
                                key,
                                at: days_ago(days),
                                code: Code::Valid,
                                source: None,
                                ip: None,
                                call: domain::key::Call::default(),
                            },
                        };
                        let requests: Vec<Kept> = (0..90).map(|n| asked(n % 9)).collect();
                        tx.add_requests(&requests).await?;
                        let counts = (0..60).map(|days| Count {
                            organisation,
                            key,
                            hour: days_ago(days).floor_to(Duration::from_secs(3600)),
                            code: Code::Valid,
                            count: 1,
                        });
                        tx.add_usage(&counts.collect::<Vec<_>>()).await?;
                    }
                }
                Ok(())
            })
            .await;
        assert_eq!(count(&server, REQUESTS, strict).await, 30 * 90);
        server.serve().await;
        // Seven days and what is younger: those of days 0 to 6 (day 7 is over by the time it is looked at).
        until("requests go", async || {
            count(&server, REQUESTS, strict).await == 30 * 70
        })
        .await;
        until("usage goes", async || {
            count(&server, HOURS, strict).await <= 30 * 31
        })
        .await;
        assert!(count(&server, HOURS, strict).await >= 30 * 30);
        assert_eq!(count(&server, REQUESTS, usual).await, 30 * 90);
        assert_eq!(count(&server, HOURS, usual).await, 30 * 60);
        assert_eq!(
            count(&server, RECORDS, strict).await,
            3,
            "audit is kept for ever when not said"
        );
        assert_eq!(verify(&server, strict).0, Some(0));
    }
}

#[tokio::test]
async fn a_pruned_chain_begins_at_a_signed_base_and_proves_the_rest() {
    for engine in ENGINES {
        let mut server = Server::init(engine).await;
        let ages = &[(90, 1_100), (40, 30), (10, 20)];
        let strict = organisation(&server, "strict", audit_kept_for(30), ages).await;
        let usual = organisation(&server, "usual", domain::policy::Retention::default(), ages).await;
        // Checkpoints state where the chains stand before anything is pruned, and go on being true.
        let (code, chain, said) = verify(&server, strict);
        assert_eq!(
            (code, chain["records"].as_i64()),
            (Some(0), Some(1_150)),
            "{said}"
        );
        assert_eq!(chain["pruned"], Value::Null);

        server.serve().await;
        // Three batches, each of which is a record of its own.
        until("the old records go", async || {
            count(&server, RECORDS, strict).await == 23
        })
        .await;
        assert_eq!(count(&server, RECORDS, usual).await, 1_150);
        let (code, chain, said) = verify(&server, strict);
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(
            (
                &chain["records"],
                &chain["pruned"]["seq"],
                &chain["pruned"]["kept"]
            ),
            (&json!(23), &json!(1_130), &json!("30d"))
        );
        let prunings = server
            .local(reqwest::Method::GET, "/v1/audit?action=audit.prune")
            .header("claviger-organisation", "strict");
        let prunings = crate::support::Answer::of(prunings).await.body;
        let told: Vec<(&Value, &Value)> = prunings["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|event| (&event["target"]["id"], &event["actor"]["type"]))
            .collect();
        assert_eq!(
            told,
            [
                (&json!("1130"), &json!("system")),
                (&json!("1000"), &json!("system")),
                (&json!("500"), &json!("system"))
            ]
        );
        // Another start finds nothing more to do, and leaves no more records of it.
        server.stop_soon().await;
        assert_eq!(verify(&server, strict).0, Some(0));
        server.serve().await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(count(&server, RECORDS, strict).await, 23);
    }
}

#[tokio::test]
async fn a_chain_that_was_tampered_with_is_not_covered_up_by_pruning_it() {
    for engine in ENGINES {
        let mut server = Server::init(engine).await;
        let broken = organisation(&server, "broken", audit_kept_for(30), &[(90, 40), (10, 5)]).await;
        let whole = organisation(&server, "whole", audit_kept_for(30), &[(90, 40), (10, 5)]).await;
        let sql = "DELETE FROM audit_records WHERE organisation = $1 AND seq = 7";
        server.sql(sql, params![broken]).await;
        server.serve().await;
        until("the other chain is pruned", async || {
            count(&server, RECORDS, whole).await == 6
        })
        .await;
        until("it is in the log", async || {
            server.log().contains("nothing of it is pruned")
        })
        .await;
        assert_eq!(count(&server, RECORDS, broken).await, 44);
        let (code, chain, _) = verify(&server, broken);
        assert_eq!(code, Some(1));
        assert_eq!(chain["fault"], "record 7 is missing: record 8 follows record 6");
    }
}

/// Somebody who can write to the database of a stopped server.
struct Intruder {
    conn: Conn,
    organisation: OrganisationId,
}

impl Intruder {
    async fn run(&mut self, sql: &str) {
        let touched = self.conn.execute(sql, params![self.organisation]).await;
        assert!(touched.expect("SQL") > 0, "nothing was tampered with: {sql}");
    }

    async fn undo(&mut self) {
        for table in ["audit_records", "audit_heads", "audit_bases"] {
            let delete = format!("DELETE FROM {table} WHERE organisation = $1");
            let own = params![self.organisation];
            self.conn.execute(&delete, own).await.expect("SQL");
            let back = format!("INSERT INTO {table} SELECT * FROM kept_{table} WHERE organisation = $1");
            self.run(&back).await;
        }
    }
}

/// A server that has pruned a chain twice, stopped; the base of the first time lies in `older_base`.
async fn pruned_twice(engine: Engine) -> (Server, Intruder) {
    let mut server = Server::init(engine).await;
    let ages = &[(90, 20), (40, 20), (10, 20)];
    let organisation = organisation(&server, "strict", audit_kept_for(60), ages).await;
    let another = self::organisation(&server, "another", audit_kept_for(60), &[(90, 45), (10, 5)]).await;
    server.serve().await;
    for id in [organisation, another] {
        until("the oldest go", async || {
            count(
                &server,
                "SELECT COUNT(*) FROM audit_bases WHERE organisation = $1",
                id,
            )
            .await
                == 1
        })
        .await;
    }
    server.stop_soon().await;
    let database = Database::open(&server.target()).await.expect("a database");
    let mut conn = database.writer().await.expect("a connection");
    conn.batch("CREATE TABLE older_base AS SELECT * FROM audit_bases")
        .await
        .expect("a copy");
    drop(conn);
    server
        .write(async move |tx| {
            let mut policy = tx.tenant(organisation).await?.policy;
            policy.retention = audit_kept_for(30);
            let version = store::policies::PolicyVersion {
                version: 1_000,
                at: domain::clock::Timestamp::from_micros(0),
                by: domain::key::Actor {
                    kind: domain::key::ActorKind::System,
                    id: None,
                    name: "x".to_owned(),
                },
                changes: serde_json::json!({}),
                preset: None,
                applied: false,
            };
            tx.set_policy(organisation, &policy, &version).await
        })
        .await;
    server.serve().await;
    until("older ones go", async || {
        count(&server, RECORDS, organisation).await == 22
    })
    .await;
    server.stop_soon().await;
    assert_eq!(verify(&server, organisation).0, Some(0));
    let mut conn = database.writer().await.expect("a connection");
    for table in ["audit_records", "audit_heads", "audit_bases"] {
        let sql = format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}");
        conn.batch(&sql).await.expect("a copy");
    }
    (server, Intruder { conn, organisation })
}

#[tokio::test]
async fn a_base_that_was_forged_removed_or_moved_is_named() {
    for engine in ENGINES {
        let (server, mut intruder) = pruned_twice(engine).await;
        let organisation = intruder.organisation;
        let found = |way: &str, expected: &str| {
            let (code, chain, said) = verify(&server, organisation);
            assert_eq!(code, Some(1), "{engine:?}: {way} was not found: {said}");
            let fault = chain["fault"].as_str().unwrap_or_default();
            assert!(fault.contains(expected), "{way}: expected {expected} in: {fault}");
        };
        let forged = "is not one that this installation signed";

        intruder
            .run("DELETE FROM audit_bases WHERE organisation = $1")
            .await;
        found("no base", "the base at record 40 is missing");
        intruder.undo().await;

        for change in [
            "seq = 39",
            "seq = 41",
            "seq = 0",
            "at = at - 1",
            "kept = '1d'",
            "kept = 'nonsense'",
            "signature = ''",
            "hash = (SELECT hash FROM audit_records r WHERE r.organisation = $1 AND r.seq = 41)",
        ] {
            let sql = format!("UPDATE audit_bases SET {change} WHERE organisation = $1");
            intruder.run(&sql).await;
            found(change, forged);
            intruder.undo().await;
        }

        // Records are removed at the beginning, and the base is set to where they end.
        intruder
            .run("DELETE FROM audit_records WHERE organisation = $1 AND seq <= 50")
            .await;
        found(
            "more gone than was pruned",
            "record 41 is missing: record 51 follows record 40",
        );
        let hash = "(SELECT hash FROM kept_audit_records r WHERE r.organisation = $1 AND r.seq = 50)";
        let sql = format!("UPDATE audit_bases SET seq = 50, hash = {hash} WHERE organisation = $1");
        intruder.run(&sql).await;
        found("the same with a base to fit", forged);
        intruder.undo().await;

        // A base that was signed once, and of another chain.
        let put = |from: &str, whose: &str| {
            format!(
                "UPDATE audit_bases SET (seq, hash, at, kept, signature) = \
                 (SELECT seq, hash, at, kept, signature FROM {from} b WHERE b.organisation {whose} $1) \
                 WHERE organisation = $1"
            )
        };
        intruder.run(&put("older_base", "=")).await;
        found(
            "the base of before",
            "it says that the records up to 20 were pruned, the log that those up to 40 were",
        );
        intruder.undo().await;
        intruder.run(&put("older_base", "<>")).await;
        found("the base of another chain", forged);
        intruder.undo().await;

        // Without the record of the pruning the chain is cut off, and its end is promised by its head and a checkpoint.
        intruder
            .run("DELETE FROM audit_records WHERE organisation = $1 AND seq > 55")
            .await;
        let cut = "record 56 is missing: the chain was cut off, it reached record 62";
        found("the record of the pruning gone", cut);
        let hash = "(SELECT hash FROM audit_records r WHERE r.organisation = $1 AND r.seq = 55)";
        let sql = format!("UPDATE audit_heads SET seq = 55, hash = {hash} WHERE organisation = $1");
        intruder.run(&sql).await;
        found("the same with the head mended", cut);
        intruder.undo().await;
        intruder
            .run("DELETE FROM audit_records WHERE organisation = $1")
            .await;
        let delete = "DELETE FROM audit_bases WHERE organisation = $1";
        intruder.run(delete).await;
        found("everything gone", "record 1 is missing: the chain was cut off");
        intruder.undo().await;

        let (code, chain, said) = verify(&server, organisation);
        assert_eq!((code, &chain["records"]), (Some(0), &json!(22)), "{said}");
    }
}

#[tokio::test]
async fn a_chain_is_pruned_while_it_is_walked_and_nobody_is_accused() {
    for engine in ENGINES {
        let mut server = Server::init(engine).await;
        let ages = &[(90, 9_000), (10, 10)];
        let strict = organisation(&server, "strict", audit_kept_for(30), ages).await;
        server.serve().await;
        let mut walks = 0;
        while count(&server, RECORDS, strict).await > 9_000 / 500 + 10 {
            let request = server.local(reqwest::Method::GET, "/v1/audit/verify");
            let answer = crate::support::Answer::of(request.header("claviger-organisation", "strict")).await;
            assert_eq!(answer.body["ok"], true, "{}", answer.text);
            walks += 1;
        }
        println!("{walks} walks while it was pruned");
        assert_eq!(verify(&server, strict).0, Some(0));
    }
}
