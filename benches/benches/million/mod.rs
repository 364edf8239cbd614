//! A million believable keys on either engine, made once and kept, so that what is slow only at that size is seen.
//!
//! The databases stay between runs: SQLite's under `target/bench-data`, PostgreSQL's by its name. Both names carry
//! [`VERSION`] and a hash of the schema, so that data of another making is never measured.

pub(crate) mod words;

use std::path::PathBuf;
use std::sync::Arc;

use benches::stopwatch::Stopwatch;
use benches::{Error, Result};
use domain::clock::{SystemClock, SystemRandom, Timestamp};
use domain::id::OrganisationId;
use domain::organisation::{Organisation, OrganisationStatus};
use domain::policy::Policy;
use store::db::{Conn, Database, Engine, Target, Value};
use store::organisations::Tenant;
use store::{MIGRATIONS, Store, StoreError, params};
use uuid::Uuid;
use words::{CREATED, KEYS};

/// Counts the changes of what is generated.
const VERSION: u32 = 1;
/// Rows in one transaction.
const CHUNK: u64 = 20_000;

/// Whose the million keys are.
pub(crate) const ORGANISATION: OrganisationId =
    OrganisationId::from_uuid(Uuid::from_u128(0x0198_6f1e_2b3c_7d4e_8f5a_6b7c_8d9e_0f1a));

/// Turns what the store says into what a benchmark says.
pub(crate) fn failed(error: StoreError) -> Error {
    Error::Unexpected(error.to_string())
}

/// The store with a million keys, made now unless it was made before.
pub(crate) async fn store(engine: Engine) -> Result<Store> {
    let target = target(engine).await?;
    let db = Database::open(&target).await.map_err(failed)?;
    store::migrate::migrate(&db, MIGRATIONS).await.map_err(failed)?;
    let store = Store::start(db, Arc::new(SystemClock), Arc::new(SystemRandom))
        .await
        .map_err(failed)?;
    // The organisation comes last: where it is, the rest is whole.
    if store.tenant(ORGANISATION).await.map_err(failed)?.is_none() {
        let watch = Stopwatch::start();
        fill(&store).await.map_err(failed)?;
        eprintln!("{engine:?}: filled in {:.0} s", watch.elapsed().as_secs_f64());
    }
    Ok(store)
}

/// A name that changes with the schema and with the data.
fn name(engine: Engine) -> String {
    let schema = MIGRATIONS.iter().flat_map(|migration| match engine {
        Engine::Sqlite => migration.sqlite.bytes(),
        Engine::Postgres => migration.postgres.bytes(),
    });
    let hash = schema.fold(u64::from(VERSION), |hash, byte| {
        words::mix(hash ^ u64::from(byte))
    });
    format!("claviger_bench_{:08x}", hash as u32)
}

async fn target(engine: Engine) -> Result<Target> {
    match engine {
        Engine::Sqlite => {
            let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench-data");
            std::fs::create_dir_all(&directory).map_err(Error::io(directory.display().to_string()))?;
            Ok(Target::Sqlite(directory.join(name(engine) + ".db")))
        }
        Engine::Postgres => {
            let server = std::env::var("CLAVIGER_TEST_POSTGRES")
                .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
            let admin = Database::open_postgres(&server).await.map_err(failed)?;
            let mut conn = admin.writer().await.map_err(failed)?;
            let name = name(engine);
            let exists = conn
                .query("SELECT 1 FROM pg_database WHERE datname = $1", params![&name])
                .await;
            if exists.map_err(failed)?.is_empty() {
                let sql = format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0");
                conn.batch(&sql).await.map_err(failed)?;
            }
            let base = server.rsplit_once('/').map_or(server.as_str(), |(base, _)| base);
            Ok(Target::Postgres(format!("{base}/{name}")))
        }
    }
}

type Filled = std::result::Result<(), StoreError>;

async fn fill(store: &Store) -> Filled {
    let mut conn = store.database().writer().await?;
    let sqlite = conn.engine() == Engine::Sqlite;
    // What an interrupted run left.
    conn.batch("DELETE FROM secrets; DELETE FROM key_labels; DELETE FROM keys; DELETE FROM organisations")
        .await?;
    if sqlite {
        conn.batch("PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -400000; INSERT INTO key_search (key_search) VALUES ('delete-all')").await?;
    } else {
        conn.batch("SET session_replication_role = replica; SET synchronous_commit = off; DROP INDEX IF EXISTS keys_by_search").await?;
    }
    for from in (0..KEYS).step_by(CHUNK as usize) {
        conn.begin().await?;
        chunk(&mut conn, from..from + CHUNK).await?;
        conn.commit().await?;
    }
    if sqlite {
        conn.batch("INSERT INTO key_search (key_search) VALUES ('optimize'); ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)").await?;
    } else {
        let index = MIGRATIONS[0]
            .postgres
            .lines()
            .find(|line| line.starts_with("CREATE INDEX keys_by_search"));
        let index = index.ok_or(StoreError::RowMissing)?;
        conn.batch(&format!("SET maintenance_work_mem = '512MB'; {index}"))
            .await?;
        conn.batch("VACUUM ANALYZE").await?;
    }
    drop(conn);
    let tenant = Tenant {
        organisation: Organisation {
            id: ORGANISATION,
            slug: "million".to_owned(),
            name: "A million keys".to_owned(),
            status: OrganisationStatus::Active,
            rate_limits: Vec::new(),
            created_at: Timestamp::from_micros(CREATED),
            version: 1,
        },
        policy: Policy::default(),
    };
    store
        .write::<_, StoreError, _>(async move |tx| tx.insert_organisation(&tenant).await)
        .await?;
    Ok(())
}

async fn chunk(conn: &mut Conn, numbers: std::ops::Range<u64>) -> Filled {
    let key = "INSERT INTO keys (id, organisation, number, name, name_sort, description, search, owner_kind, owner_id, \
               permissions, networks, tags, metadata, contacts, display, enabled, protected, expires_at, revoked_at, \
               revoked_by, deleted_at, created_at, created_by, created_by_name, rotated_at, last_used_at, version) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
               $22, $23, $24, $25, $26, $27)";
    let rows: Vec<Vec<Value>> = numbers.clone().map(words::key_row).collect();
    conn.execute_many(key, &rows).await?;
    let label = "INSERT INTO key_labels (organisation, kind, label, key) VALUES ($1, $2, $3, $4)";
    let rows: Vec<Vec<Value>> = numbers.clone().filter_map(words::label_row).collect();
    conn.execute_many(label, &rows).await?;
    let secret = "INSERT INTO secrets (id, organisation, key, digest, scheme, pepper, display, created_at) \
                  VALUES ($1, $2, $3, $4, 'hmac', 1, $5, $6)";
    let rows: Vec<Vec<Value>> = numbers.clone().map(words::secret_row).collect();
    conn.execute_many(secret, &rows).await?;
    if conn.engine() == Engine::Sqlite {
        let sql = "INSERT INTO key_search (rowid, text) SELECT row, search FROM keys WHERE organisation = $1 AND number > $2 AND number <= $3";
        conn.execute(
            sql,
            params![ORGANISATION, numbers.start as i64, numbers.end as i64],
        )
        .await?;
    }
    Ok(())
}
