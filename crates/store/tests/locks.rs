//! One server at a time.

use std::time::Duration;

use store::error::StoreError;
use store::lock::{DirectoryLock, LockError, NodeLock};
use store::testkit::TestDatabase;

#[test]
fn a_directory_has_one_holder_who_is_named_until_it_lets_go() {
    let directory = tempfile::tempdir().unwrap();
    let held = DirectoryLock::acquire(directory.path()).unwrap();
    match DirectoryLock::acquire(directory.path()) {
        Err(LockError::Held { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
        other => panic!("{other:?}"),
    }
    drop(held);
    drop(DirectoryLock::acquire(directory.path()).unwrap());
    let missing = directory.path().join("missing");
    assert!(matches!(
        DirectoryLock::acquire(&missing),
        Err(LockError::Io { .. })
    ));
}

#[tokio::test]
async fn a_second_server_of_one_postgres_database_is_refused() {
    let db = TestDatabase::postgres().await;
    let held = NodeLock::acquire(&db).await.unwrap();
    match NodeLock::acquire(&db).await {
        Err(StoreError::InUse(holder)) => assert!(holder.contains("connected from"), "{holder}"),
        other => panic!("{other:?}"),
    }
    let elsewhere = TestDatabase::postgres().await;
    NodeLock::acquire(&elsewhere).await.unwrap();
    drop(held);
    let mut again = NodeLock::acquire(&db).await;
    for _ in 0..50 {
        if again.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        again = NodeLock::acquire(&db).await;
    }
    again.unwrap();
}

#[tokio::test]
async fn the_holder_learns_that_its_lock_is_lost() {
    let db = TestDatabase::postgres().await;
    let held = NodeLock::acquire(&db).await.unwrap();
    let waited = Duration::from_millis(100);
    assert!(
        tokio::time::timeout(waited, held.lost()).await.is_err(),
        "still held"
    );
    let kill = "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
                WHERE l.locktype = 'advisory' AND d.datname = current_database()";
    db.readers().query(kill, &[]).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), held.lost())
        .await
        .unwrap();
    NodeLock::acquire(&db).await.unwrap();
}
