//! What the repositories lean on, kept by both engines alike.
#![expect(clippy::unwrap_used, reason = "a fault stops the test")]

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::KeyId;
use store::db::{Conn, Database, Engine, Value};
use store::error::StoreError;
use store::params;
use store::testkit::databases;
use uuid::Uuid;

const ITEMS: &str = "CREATE TABLE items (id BIGINT PRIMARY KEY, name TEXT UNIQUE)";
const INSERT: &str = "INSERT INTO items (id, name) VALUES ($1, $2)";

async fn with_items(db: &Database) -> Conn {
    let mut conn = db.writer().await.unwrap();
    conn.batch(ITEMS).await.unwrap();
    conn
}

/// Drops a future when it has been polled once and then `more` times without an end: with BEGIN just sent, for one.
async fn dropped_after<T>(more: u32, future: impl Future<Output = T>) -> bool {
    let mut future = std::pin::pin!(future);
    let mut left = more;
    poll_fn(move |cx| match future.as_mut().poll(cx) {
        Poll::Ready(_) => Poll::Ready(false),
        Poll::Pending if left == 0 => Poll::Ready(true),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

async fn count(db: &Database) -> i64 {
    let row = db.readers().query_one("SELECT count(*) FROM items", &[]).await;
    row.unwrap().get(0).unwrap()
}

#[tokio::test]
async fn every_value_comes_back_as_it_was_stored() {
    for db in databases().await {
        let mut conn = db.writer().await.unwrap();
        let types = match db.engine {
            Engine::Sqlite => ["INTEGER", "INTEGER", "INTEGER", "INTEGER", "TEXT", "BLOB", "BLOB"],
            Engine::Postgres => [
                "SMALLINT", "INTEGER", "BIGINT", "BOOLEAN", "TEXT", "BYTEA", "UUID",
            ],
        };
        let columns: Vec<_> = types
            .iter()
            .enumerate()
            .map(|(i, ty)| format!("c{i} {ty}"))
            .collect();
        conn.batch(&format!("CREATE TABLE v ({})", columns.join(", ")))
            .await
            .unwrap();

        let insert = "INSERT INTO v VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let id = KeyId::from_uuid(Uuid::from_u128(7));
        let text = "Grüße, 世界 👩‍🚀 \u{202e}'\"; --";
        let bytes = vec![0_u8, 255, 39, 0];
        let full = params![-7_i16, i32::MIN, i64::MAX, true, text, bytes.clone(), id];
        assert_eq!(conn.execute(insert, full).await.unwrap(), 1);
        let row = conn.query_one("SELECT * FROM v", &[]).await.unwrap();
        let mut read = row.read();
        assert_eq!(read.next::<i64>().unwrap(), -7);
        assert_eq!(read.next::<i32>().unwrap(), i32::MIN);
        assert_eq!(
            read.next::<Timestamp>().unwrap(),
            Timestamp::from_micros(i64::MAX)
        );
        assert!(read.next::<bool>().unwrap());
        assert_eq!(read.next::<String>().unwrap(), text);
        assert_eq!(read.next::<Vec<u8>>().unwrap(), bytes);
        assert_eq!(read.next::<KeyId>().unwrap(), id);
        assert!(
            matches!(read.next::<i64>(), Err(StoreError::Corrupt(_))),
            "no eighth column"
        );

        conn.execute("DELETE FROM v", &[]).await.unwrap();
        let none: Vec<Value> = vec![Value::Null; 7];
        conn.execute(insert, &none).await.unwrap();
        // The same through the readers.
        let row = db.readers().query_one("SELECT * FROM v", &[]).await.unwrap();
        assert_eq!(row.get::<Option<i32>>(0).unwrap(), None);
        assert_eq!(row.get::<Option<bool>>(3).unwrap(), None);
        assert_eq!(row.get::<Option<String>>(4).unwrap(), None);
        assert_eq!(row.get::<Option<[u8; 32]>>(5).unwrap(), None);
        assert_eq!(row.get::<Option<KeyId>>(6).unwrap(), None);
    }
}

#[tokio::test]
async fn a_value_of_the_wrong_kind_is_an_error_that_names_its_column_but_not_its_content() {
    for db in databases().await {
        let mut conn = with_items(&db).await;
        conn.execute(INSERT, params![-1, "hush"]).await.unwrap();
        let row = conn.query_one("SELECT id, name FROM items", &[]).await.unwrap();
        assert!(row.get::<u32>(0).is_err(), "-1 is no u32");
        let error = row.get::<i64>(1).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt(_)));
        let shown = error.to_string();
        assert!(shown.contains("column 1") && !shown.contains("hush"), "{shown}");
        assert!(row.get::<[u8; 32]>(1).is_err());
        let missing = conn
            .query_one("SELECT id FROM items WHERE id = $1", params![5])
            .await;
        assert!(matches!(missing, Err(StoreError::RowMissing)));
    }
}

#[tokio::test]
async fn values_are_bound_by_their_number() {
    for db in databases().await {
        let mut conn = with_items(&db).await;
        conn.execute("INSERT INTO items (name, id) VALUES ($2, $1)", params![1, "one"])
            .await
            .unwrap();
        let twice = "SELECT id FROM items WHERE name = $2 AND id = $1 AND name = $2";
        assert!(conn.query_opt(twice, params![1, "one"]).await.unwrap().is_some());
        let cast = "SELECT $2::BIGINT, $1::BIGINT";
        let row = conn.query_one(cast, params![1, 2]).await.unwrap();
        assert_eq!((row.get::<i64>(0).unwrap(), row.get::<i64>(1).unwrap()), (2, 1));
        // A miscount is an error, never a panic or a NULL.
        assert!(conn.query(twice, params![1]).await.is_err());
        assert!(conn.query(twice, params![1, "one", 3]).await.is_err());
        assert!(conn.execute(INSERT, params![1]).await.is_err());
    }
}

#[tokio::test]
async fn a_broken_unique_constraint_is_a_conflict_that_says_which() {
    for db in databases().await {
        let mut conn = with_items(&db).await;
        conn.execute(INSERT, params![1, "one"]).await.unwrap();
        let names = match db.engine {
            Engine::Sqlite => ["items.id", "items.name"],
            Engine::Postgres => ["items_pkey", "items_name_key"],
        };
        for (id, name, expected) in [(1, "two", names[0]), (2, "one", names[1])] {
            match conn.execute(INSERT, params![id, name]).await {
                Err(StoreError::Conflict { constraint }) => assert_eq!(constraint, expected),
                other => panic!("{db:?}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn rolling_back_to_a_savepoint_undoes_only_what_came_after_it() {
    for db in databases().await {
        let mut conn = with_items(&db).await;
        conn.begin().await.unwrap();
        conn.execute(INSERT, params![1, "kept"]).await.unwrap();
        conn.savepoint("part").await.unwrap();
        conn.execute(INSERT, params![2, "undone"]).await.unwrap();
        assert!(conn.execute(INSERT, params![1, "fails"]).await.is_err());
        conn.rollback_to("part").await.unwrap();
        conn.savepoint("part").await.unwrap();
        conn.execute(INSERT, params![3, "kept too"]).await.unwrap();
        conn.release("part").await.unwrap();
        conn.commit().await.unwrap();
        let rows = conn.query("SELECT id FROM items ORDER BY id", &[]).await.unwrap();
        let ids: Vec<i64> = rows.iter().map(|row| row.get(0).unwrap()).collect();
        assert_eq!(ids, [1, 3], "{db:?}");
    }
}

#[tokio::test]
async fn many_rows_are_run_in_their_order_and_fail_as_one() {
    for db in databases().await {
        let mut conn = with_items(&db).await;
        conn.execute(INSERT, params![0, "start"]).await.unwrap();
        let update = "UPDATE items SET name = $2 WHERE id = $1";
        let rows: Vec<_> = (0..2500)
            .map(|i| vec![0.into(), format!("v{i}").into()])
            .collect();
        conn.begin().await.unwrap();
        conn.execute_many(update, &rows).await.unwrap();
        conn.commit().await.unwrap();
        let row = conn.query_one("SELECT name FROM items", &[]).await.unwrap();
        assert_eq!(row.get::<String>(0).unwrap(), "v2499");

        for size in [10, 200] {
            let rows: Vec<_> = (0..size)
                .map(|i| vec![(i % 7 + 1).into(), format!("w{i}").into()])
                .collect();
            conn.begin().await.unwrap();
            let error = conn.execute_many(INSERT, &rows).await.unwrap_err();
            assert!(matches!(error, StoreError::Conflict { .. }), "{db:?}: {error}");
            conn.rollback().await.unwrap();
            assert_eq!(count(&db).await, 1);
        }
        conn.execute_many(INSERT, &[]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_see_only_what_is_committed_and_never_wait_for_the_writer() {
    for db in databases().await {
        let mut conn = with_items(&db).await;
        conn.begin().await.unwrap();
        conn.execute(INSERT, params![1, "secret"]).await.unwrap();
        let waited = Duration::from_secs(2);
        assert_eq!(
            tokio::time::timeout(waited, count(&db)).await.unwrap(),
            0,
            "{db:?}"
        );
        let readers = db.readers();
        let long = readers.query_long("SELECT id FROM items WHERE id = $1", vec![1.into()]);
        assert!(
            tokio::time::timeout(waited, long)
                .await
                .unwrap()
                .unwrap()
                .is_empty()
        );
        conn.commit().await.unwrap();
        assert_eq!(count(&db).await, 1);
        assert!(
            !readers
                .query_long("SELECT id FROM items", vec![])
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn a_snapshot_does_not_move_while_the_writer_commits() {
    for db in databases().await {
        let mut conn = with_items(&db).await;
        let readers = db.readers();
        let (before, after) = readers
            .snapshot(async |snapshot| {
                let before: i64 = snapshot
                    .query_one("SELECT count(*) FROM items", &[])
                    .await?
                    .get(0)?;
                conn.execute(INSERT, params![1, "late"]).await?;
                let after: i64 = snapshot
                    .query_one("SELECT count(*) FROM items", &[])
                    .await?
                    .get(0)?;
                Ok((before, after))
            })
            .await
            .unwrap();
        assert_eq!((before, after), (0, 0), "{db:?}");
        assert_eq!(count(&db).await, 1);
        let written = readers
            .snapshot(async |s| s.query(INSERT, params![2, "no"]).await)
            .await;
        assert!(written.is_err(), "readers cannot write");
        assert!(
            readers.query(INSERT, params![2, "no"]).await.is_err(),
            "readers cannot write"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_cancelled_snapshots_leave_no_transaction_open() {
    for db in databases().await {
        let mut conn = with_items(&db).await;
        count(&db).await;
        let mut cancelled = 0;
        for round in 0..200 {
            let readers = db.readers();
            // Spawned, so that it is also proved that the future may move between threads.
            let task = tokio::spawn(async move {
                let read = readers.snapshot(async |snapshot| {
                    for _ in 0..5 {
                        snapshot.query("SELECT id FROM items", &[]).await?;
                        tokio::task::yield_now().await;
                    }
                    Ok(())
                });
                dropped_after(round % 5, read).await
            });
            cancelled += u32::from(task.await.unwrap());
        }
        assert!(cancelled > 150, "{db:?}: only {cancelled} were cancelled");
        conn.execute(INSERT, params![1, "after"]).await.unwrap();
        match db.engine {
            Engine::Sqlite => {
                // An open reader would keep the log from being emptied.
                let row = conn
                    .query_one("PRAGMA wal_checkpoint(TRUNCATE)", &[])
                    .await
                    .unwrap();
                assert_eq!(row.get::<i64>(0).unwrap(), 0, "a reader is left open");
            }
            Engine::Postgres => {
                tokio::time::sleep(Duration::from_millis(200)).await;
                let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                            AND pid <> pg_backend_pid() AND xact_start IS NOT NULL";
                let row = conn.query_one(open, &[]).await.unwrap();
                assert_eq!(row.get::<i64>(0).unwrap(), 0, "a transaction is left open");
            }
        }
        assert_eq!(count(&db).await, 1);
    }
}
