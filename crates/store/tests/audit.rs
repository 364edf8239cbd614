//! The audit chain in the database: whole after concurrent writes, and after tampering the first bad record is named.
#![expect(clippy::unwrap_used, reason = "a fault stops the test")]

use domain::audit::{Chain, Event, Fault, Target};
use domain::clock::Timestamp;
use domain::id::OrganisationId;
use store::StoreError;
use store::audit::AuditQuery;
use store::db::Engine;
use store::testkit::{TestStore, sample_actor, stores};

fn event(number: i64) -> Event {
    Event {
        at: Timestamp::from_micros(1_760_000_000_000_000 + number),
        actor: sample_actor(if number % 2 == 0 { "Ann" } else { "Bob" }),
        action: if number % 3 == 0 {
            "key.rotate"
        } else {
            "key.create"
        },
        target: Target {
            kind: "key".to_owned(),
            id: format!("key_{}", number % 5),
            name: "Näme".to_owned(),
        },
        request_id: Some("req_1".to_owned()),
        ip: Some("203.0.113.9".to_owned()),
        changes: serde_json::json!({"name": {"before": null, "after": "ü"}}),
    }
}

async fn record(store: &TestStore, organisation: OrganisationId, count: i64) {
    store
        .change(async move |tx| {
            (1..=count).for_each(|number| tx.record(organisation, event(number)));
            Ok(())
        })
        .await;
}

/// Reads the chain in steps, as the command does.
async fn verify(store: &TestStore, organisation: OrganisationId) -> Result<i64, Fault> {
    let mut chain = Chain::empty(organisation);
    loop {
        let records = store.audit_walk(organisation, chain.seq, 7).await.unwrap();
        for record in &records {
            chain.check(record)?;
        }
        if records.is_empty() {
            break;
        }
    }
    chain.check_head(&store.audit_head(organisation).await.unwrap())?;
    Ok(chain.seq)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn chains_are_whole_after_concurrent_writes() {
    for store in stores().await {
        let organisations = [
            store.organisation,
            store.add_organisation("other").await,
            OrganisationId::INSTALLATION,
        ];
        let tasks: Vec<_> = (0..60)
            .map(|number| {
                let store = store.store.clone();
                tokio::spawn(async move {
                    let work = async move |tx: &mut store::Tx| {
                        // In every order of organisations.
                        for turn in 0..3 {
                            tx.record(
                                organisations[(number + turn * (1 + number % 2)) % 3],
                                event(number as i64),
                            );
                        }
                        Ok(())
                    };
                    store.write::<_, StoreError, _>(work).await.unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        for organisation in organisations {
            assert_eq!(verify(&store, organisation).await, Ok(60));
        }
        assert_eq!(store.audit_heads().await.unwrap().len(), 3);
    }
}

#[tokio::test]
async fn the_first_bad_record_is_named_after_any_tampering() {
    let altered = |seq| Fault::Altered { seq };
    let column = |column| Fault::ColumnAltered { seq: 5, column };
    let hex = |engine: Engine, text: &str| match engine {
        Engine::Sqlite => format!("CAST('{text}' AS BLOB)"),
        Engine::Postgres => format!("convert_to('{text}', 'UTF8')"),
    };
    // What is done with record 5 of 20 (and what follows from it), and what must be said.
    let tampering: Vec<(&str, String, Fault)> = vec![
        ("time", "UPDATE audit_records SET at = at + 1 WHERE seq = 5".to_owned(), column("at")),
        ("action", "UPDATE audit_records SET action = 'key.view' WHERE seq = 5".to_owned(), column("action")),
        ("actor", "UPDATE audit_records SET actor_id = 'usr_Eve' WHERE seq = 5".to_owned(), column("actor_id")),
        ("kind", "UPDATE audit_records SET actor_kind = 'system' WHERE seq = 5".to_owned(), column("actor_kind")),
        ("target", "UPDATE audit_records SET target_id = 'key_9' WHERE seq = 5".to_owned(), column("target_id")),
        ("body", "UPDATE audit_records SET body = {x} WHERE seq = 5".to_owned(), altered(5)),
        ("payload", "UPDATE audit_records SET payload = {x} WHERE seq = 5".to_owned(), Fault::PayloadAltered { seq: 5 }),
        ("salt", "UPDATE audit_records SET salt = {x} WHERE seq = 5".to_owned(), Fault::PayloadAltered { seq: 5 }),
        ("removal", "DELETE FROM audit_records WHERE seq = 5".to_owned(), Fault::Missing { expected: 5, found: 6 }),
        ("removal of the first", "DELETE FROM audit_records WHERE seq = 1".to_owned(), Fault::Missing { expected: 1, found: 2 }),
        (
            "removal, and the rest moved up",
            "DELETE FROM audit_records WHERE seq = 5; UPDATE audit_records SET seq = -seq WHERE seq > 5; \
             UPDATE audit_records SET seq = -seq - 1 WHERE seq < 0".to_owned(),
            altered(5),
        ),
        (
            "reorder",
            "UPDATE audit_records SET seq = -1 WHERE seq = 5; UPDATE audit_records SET seq = 5 WHERE seq = 6; \
             UPDATE audit_records SET seq = 6 WHERE seq = -1".to_owned(),
            altered(5),
        ),
        ("truncation", "DELETE FROM audit_records WHERE seq >= 5".to_owned(), Fault::Truncated { last: 4, head: 20 }),
        ("everything gone", "DELETE FROM audit_records".to_owned(), Fault::Truncated { last: 0, head: 20 }),
        ("the head set back", "UPDATE audit_heads SET seq = 19".to_owned(), Fault::Rewritten { seq: 20 }),
        (
            "an insertion",
            "UPDATE audit_records SET seq = -seq WHERE seq >= 5; UPDATE audit_records SET seq = 1 - seq WHERE seq < 0; \
             INSERT INTO audit_records SELECT organisation, 5, at, action, actor_kind, actor_id, target_kind, target_id, \
             body, salt, payload, hash FROM audit_records WHERE seq = 4".to_owned(),
            altered(5),
        ),
    ];
    for store in stores().await {
        let mut conn = store.database().writer().await.unwrap();
        for (what, sql, fault) in &tampering {
            let organisation = store.add_organisation(&what.replace([' ', ','], "-")).await;
            record(&store, organisation, 20).await;
            assert_eq!(verify(&store, organisation).await, Ok(20));
            conn.batch(&sql.replace("{x}", &hex(store.engine(), "{}")))
                .await
                .unwrap();
            assert_eq!(
                verify(&store, organisation).await,
                Err(fault.clone()),
                "{:?}: {what}",
                store.engine()
            );
            conn.batch("DELETE FROM audit_records; DELETE FROM audit_heads")
                .await
                .unwrap();
        }
    }
}

#[tokio::test]
async fn an_erased_payload_leaves_the_chain_whole() {
    for store in stores().await {
        record(&store, store.organisation, 9).await;
        let mut conn = store.database().writer().await.unwrap();
        conn.batch("UPDATE audit_records SET payload = NULL WHERE seq = 4")
            .await
            .unwrap();
        assert_eq!(verify(&store, store.organisation).await, Ok(9));
    }
}

#[tokio::test]
async fn a_page_gives_the_youngest_first_and_each_filter_what_it_says() {
    for store in stores().await {
        let organisation = store.organisation;
        record(&store, organisation, 30).await;
        let page = async |query: AuditQuery, before, limit| -> Vec<i64> {
            let records = store
                .audit_page(organisation, query, before, limit)
                .await
                .unwrap();
            records.iter().map(|record| record.seq).collect()
        };
        let all = AuditQuery::default;
        let at = |number: i64| Some(Timestamp::from_micros(1_760_000_000_000_000 + number));
        assert_eq!(page(all(), i64::MAX, 4).await, [30, 29, 28, 27]);
        assert_eq!(page(all(), 27, 3).await, [26, 25, 24]);
        assert_eq!(
            page(
                AuditQuery {
                    action: Some("key.rotate".to_owned()),
                    ..all()
                },
                13,
                9
            )
            .await,
            [12, 9, 6, 3]
        );
        assert_eq!(
            page(
                AuditQuery {
                    actor: Some("usr_Bob".to_owned()),
                    ..all()
                },
                6,
                9
            )
            .await,
            [5, 3, 1]
        );
        assert_eq!(
            page(
                AuditQuery {
                    target: Some("key_2".to_owned()),
                    ..all()
                },
                15,
                9
            )
            .await,
            [12, 7, 2]
        );
        assert_eq!(
            page(
                AuditQuery {
                    since: at(10),
                    until: at(13),
                    ..all()
                },
                i64::MAX,
                9
            )
            .await,
            [12, 11, 10]
        );
        let both = AuditQuery {
            actor: Some("usr_Ann".to_owned()),
            action: Some("key.rotate".to_owned()),
            ..all()
        };
        assert_eq!(page(both, 20, 2).await, [18, 12]);
        for hostile in ["'; DROP TABLE audit_records; --", "%", "key.rotate\0", ""] {
            let query = AuditQuery {
                action: Some(hostile.to_owned()),
                ..all()
            };
            assert!(page(query, i64::MAX, 9).await.is_empty(), "{hostile:?}");
        }
        let shown = store.audit_page(organisation, all(), 2, 1).await.unwrap()[0].show();
        assert_eq!(
            (&*shown.actor.name, &*shown.target.name, shown.changes),
            ("Bob", "Näme", event(1).changes)
        );
    }
}
