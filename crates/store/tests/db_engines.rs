//! What only one of the engines can get wrong.
#![expect(clippy::unwrap_used, reason = "a fault stops the test")]

use store::db::{Conn, Database, Target, Value};
use store::error::StoreError;
use store::params;
use store::testkit::TestDatabase;

const ITEMS: &str = "CREATE TABLE items (id BIGINT PRIMARY KEY, name TEXT UNIQUE)";
const INSERT: &str = "INSERT INTO items (id, name) VALUES ($1, $2)";

async fn with_items(db: &Database) -> Conn {
    let mut conn = db.writer().await.unwrap();
    conn.batch(ITEMS).await.unwrap();
    conn
}

async fn count(db: &Database) -> i64 {
    let row = db.readers().query_one("SELECT count(*) FROM items", &[]).await;
    row.unwrap().get(0).unwrap()
}

#[tokio::test]
async fn a_commit_that_committed_nothing_is_an_error() {
    let db = TestDatabase::postgres().await;
    let mut conn = with_items(&db).await;
    conn.begin().await.unwrap();
    conn.execute(INSERT, params![1, "lost"]).await.unwrap();
    assert!(conn.batch("SELECT no_such_column").await.is_err());
    assert!(conn.commit().await.is_err());
    conn.rollback().await.unwrap();
    assert_eq!(count(&db).await, 0);
    conn.begin().await.unwrap();
    conn.execute(INSERT, params![1, "kept"]).await.unwrap();
    conn.commit().await.unwrap();
    assert_eq!(count(&db).await, 1);
}

#[tokio::test]
async fn sqlite_really_runs_durably_and_privately() {
    use std::os::unix::fs::PermissionsExt;
    let db = TestDatabase::sqlite().await;
    let mut conn = with_items(&db).await;
    let expected = [
        ("journal_mode", Value::from("wal")),
        ("synchronous", Value::Int(2)),
        ("foreign_keys", Value::Int(1)),
        ("secure_delete", Value::Int(1)),
        ("trusted_schema", Value::Int(0)),
        ("busy_timeout", Value::Int(5000)),
    ];
    for (pragma, value) in expected {
        let row = conn.query_one(&format!("PRAGMA {pragma}"), &[]).await.unwrap();
        match value {
            Value::Text(text) => assert_eq!(row.get::<String>(0).unwrap(), text, "{pragma}"),
            Value::Int(int) => assert_eq!(row.get::<i64>(0).unwrap(), int, "{pragma}"),
            other => panic!("{other:?}"),
        }
    }
    let files: Vec<_> = std::fs::read_dir(db.directory())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(files.len() >= 3, "the file, its log and its index");
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", file.path());
    }
    assert!(
        db.readers().query(INSERT, params![1, "no"]).await.is_err(),
        "readers cannot write"
    );
    assert!(
        conn.batch("SELECT \"no column\"").await.is_err(),
        "a double-quoted word is a column"
    );
}

#[tokio::test]
async fn a_second_writer_of_sqlite_is_told_to_try_again() {
    let db = TestDatabase::sqlite().await;
    let mut first = with_items(&db).await;
    let mut second = db.writer().await.unwrap();
    second.batch("PRAGMA busy_timeout = 10").await.unwrap();
    first.begin().await.unwrap();
    assert!(second.begin().await.unwrap_err().is_retryable());
    first.commit().await.unwrap();
    second.begin().await.unwrap();
}

#[tokio::test]
async fn a_lost_connection_is_unavailable_and_the_readers_recover() {
    let db = TestDatabase::postgres().await;
    let mut conn = with_items(&db).await;
    let mut other = db.writer().await.unwrap();
    assert_eq!(count(&db).await, 0);
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                WHERE datname = current_database() AND pid <> pg_backend_pid()";
    other.query(kill, &[]).await.unwrap();
    assert!(conn.query("SELECT 1", &[]).await.unwrap_err().is_unavailable());
    assert!(
        conn.query("SELECT 1", &[]).await.unwrap_err().is_unavailable(),
        "and stays so"
    );
    // A server process may take a moment to end after it was told to.
    let mut tries = 0;
    while let Err(error) = db.readers().query_one("SELECT 1", &[]).await {
        assert!(error.is_unavailable() && tries < 100, "{error}");
        tries += 1;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(count(&db).await, 0);

    let nowhere = Database::open_postgres("postgres://postgres@127.0.0.1:1/none").await;
    assert!(nowhere.unwrap_err().is_unavailable());
    let nowhere = Database::open(&Target::Sqlite("/nonexistent/claviger.db".into())).await;
    assert!(nowhere.unwrap_err().is_unavailable());
}

#[tokio::test]
async fn a_statement_made_stale_by_a_change_of_schema_works_when_retried() {
    let db = TestDatabase::postgres().await;
    let mut conn = with_items(&db).await;
    conn.query("SELECT * FROM items", &[]).await.unwrap();
    conn.batch("ALTER TABLE items ADD COLUMN more BIGINT")
        .await
        .unwrap();
    assert!(
        conn.query("SELECT * FROM items", &[])
            .await
            .unwrap_err()
            .is_retryable()
    );
    conn.query("SELECT * FROM items", &[]).await.unwrap();
}

#[tokio::test]
async fn tls_encrypts_under_require_and_refuses_strangers_under_verify_full() {
    let db = TestDatabase::postgres().await;
    let Target::Postgres(url) = db.target() else {
        panic!()
    };
    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let mode = |mode: &str| format!("{url}?sslmode={mode}");
    let plain = Database::open_postgres(&mode("disable")).await.unwrap();
    assert!(
        !plain
            .readers()
            .query_one(encrypted, &[])
            .await
            .unwrap()
            .get::<bool>(0)
            .unwrap()
    );
    assert!(matches!(
        Database::open_postgres(&mode("maybe")).await,
        Err(StoreError::Unsupported(_))
    ));
    let server = plain
        .readers()
        .query_one("SELECT current_setting('ssl')", &[])
        .await
        .unwrap();
    // The test server's certificate is self-signed, if it has one; without one both must fail rather than go plain.
    let secure = Database::open_postgres(&mode("require")).await;
    match server.get::<String>(0).unwrap().as_str() {
        "on" => {
            let readers = secure.unwrap().readers();
            assert!(
                readers
                    .query_one(encrypted, &[])
                    .await
                    .unwrap()
                    .get::<bool>(0)
                    .unwrap()
            );
        }
        _ => assert!(secure.unwrap_err().is_unavailable()),
    }
    assert!(
        Database::open_postgres(&mode("verify-full"))
            .await
            .unwrap_err()
            .is_unavailable()
    );
}

#[test]
fn a_target_never_shows_its_password() {
    let cases = [
        (
            "postgres://ann:pa:ss@h:5/db?sslmode=require",
            "postgres://ann:***@h:5/db",
        ),
        ("postgres://ann:p@ss@h/db", "postgres://ann:***@h/db"),
        ("postgres://ann@h/db?password=pass", "postgres://ann@h/db"),
        ("postgres://ann@h/db?password=p@ss", "postgres://***"),
        ("postgres://h/db?user=ann&password=p@ss", "postgres://***"),
        ("host=h password=pass", "postgres://***"),
    ];
    for (url, shown) in cases {
        let target = Target::Postgres(url.to_owned());
        assert_eq!(target.to_string(), shown);
        assert_eq!(format!("{target:?}"), shown);
    }
}
