//! A schema is applied once, in order, and never guessed at.
#![expect(clippy::unwrap_used, reason = "a fault stops the test")]

use store::db::Database;
use store::error::StoreError;
use store::migrate::{Applied, Migration, migrate, pending};
use store::testkit::databases;

const fn step(version: i64, name: &'static str, sql: &'static str) -> Migration {
    Migration {
        version,
        name,
        sqlite: sql,
        postgres: sql,
    }
}

const STEPS: [Migration; 2] = [
    step(
        1,
        "items",
        "CREATE TABLE items (id BIGINT PRIMARY KEY); INSERT INTO items VALUES (1)",
    ),
    step(
        2,
        "more",
        "ALTER TABLE items ADD COLUMN more BIGINT; INSERT INTO items VALUES (2, 2)",
    ),
];

async fn count(db: &Database) -> i64 {
    let row = db.readers().query_one("SELECT count(*) FROM items", &[]).await;
    row.unwrap().get(0).unwrap()
}

#[tokio::test]
async fn what_is_missing_is_applied_once_and_in_order() {
    for db in databases().await {
        assert_eq!(
            pending(&db, &STEPS).await.unwrap().len(),
            2,
            "also before there is a table"
        );
        let first = migrate(&db, &STEPS[..1]).await.unwrap();
        assert_eq!(
            first,
            Applied {
                from: 0,
                to: 1,
                names: vec!["items"]
            }
        );
        let left = pending(&db, &STEPS).await.unwrap();
        assert_eq!(left.iter().map(|step| step.name).collect::<Vec<_>>(), ["more"]);
        let second = migrate(&db, &STEPS).await.unwrap();
        assert_eq!(
            second,
            Applied {
                from: 1,
                to: 2,
                names: vec!["more"]
            }
        );
        let third = migrate(&db, &STEPS).await.unwrap();
        assert_eq!(
            third,
            Applied {
                from: 2,
                to: 2,
                names: vec![]
            }
        );
        assert!(pending(&db, &STEPS).await.unwrap().is_empty());
        assert_eq!(count(&db).await, 2);
        let at = db
            .readers()
            .query_one("SELECT min(applied_at) FROM schema_migrations", &[])
            .await;
        assert!(
            at.unwrap().get::<i64>(0).unwrap() > 1_700_000_000_000_000,
            "microseconds"
        );
    }
}

#[tokio::test]
async fn a_database_newer_than_the_program_is_refused() {
    for db in databases().await {
        migrate(&db, &STEPS).await.unwrap();
        for refused in [
            migrate(&db, &STEPS[..1]).await.err(),
            pending(&db, &STEPS[..1]).await.err(),
        ] {
            match refused {
                Some(StoreError::Migration(message)) => assert!(message.contains("newer"), "{message}"),
                other => panic!("{db:?}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_step_that_was_changed_after_it_was_applied_is_refused() {
    for db in databases().await {
        migrate(&db, &STEPS[..1]).await.unwrap();
        let edited = [step(
            1,
            "items",
            "CREATE TABLE items (id BIGINT PRIMARY KEY); INSERT INTO items VALUES (7)",
        )];
        match migrate(&db, &edited).await {
            Err(StoreError::Migration(message)) => assert!(message.contains("changed"), "{message}"),
            other => panic!("{db:?}: {other:?}"),
        }
        let descending = [step(2, "b", "SELECT 1"), step(1, "a", "SELECT 1")];
        assert!(migrate(&db, &descending).await.is_err());
    }
}

#[tokio::test]
async fn a_failing_step_leaves_nothing_of_itself_and_frees_the_lock() {
    for db in databases().await {
        let broken = "INSERT INTO items VALUES (9); CREATE TABLE half (id BIGINT); SELECT no_such_column";
        let steps = [step(1, "items", STEPS[0].sqlite), step(2, "broken", broken)];
        let error = migrate(&db, &steps).await.unwrap_err();
        assert!(matches!(error, StoreError::Database(_)), "{db:?}: {error:?}");
        assert_eq!(count(&db).await, 1);
        assert!(db.readers().query("SELECT * FROM half", &[]).await.is_err());
        let then = migrate(&db, &STEPS).await.unwrap();
        assert_eq!(
            then,
            Applied {
                from: 1,
                to: 2,
                names: vec!["more"]
            }
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_processes_at_once_one_migrates_and_all_end_well() {
    for db in databases().await {
        let mut tasks = Vec::new();
        for _ in 0..6 {
            // Opened anew, as another process would.
            let other = Database::open(db.target()).await.unwrap();
            tasks.push(tokio::spawn(async move { migrate(&other, &STEPS).await }));
        }
        let mut applied = Vec::new();
        for task in tasks {
            let done = task.await.unwrap().unwrap();
            assert_eq!(done.to, 2);
            applied.extend(done.names);
        }
        assert_eq!(applied.len(), 2, "{db:?}: each step once: {applied:?}");
        assert_eq!(count(&db).await, 2);
    }
}
