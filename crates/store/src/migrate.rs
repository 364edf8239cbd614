//! Brings a database to this program's schema: each step in its own transaction, one process at a time, and never a
//! guess: what is newer than the program or was changed after it was applied is refused.

use std::time::Duration;

use crate::db::{Conn, Database, Engine};
use crate::error::{Result, StoreError};
use crate::params;

/// The key of PostgreSQL's advisory lock while migrating.
const LOCK: i64 = 0x0043_4c41_5601;
/// How long SQLite waits for another process that migrates.
const WAIT: Duration = Duration::from_secs(60);

/// One step of the schema. Never changed once released.
#[derive(Debug)]
pub struct Migration {
    /// Ascending.
    pub version: i64,
    /// What it does, in a word or two.
    pub name: &'static str,
    /// The statements for SQLite.
    pub sqlite: &'static str,
    /// The statements for PostgreSQL.
    pub postgres: &'static str,
}

impl Migration {
    fn sql(&self, engine: Engine) -> &'static str {
        match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
        }
    }

    /// Length and CRC-32 of the statements: tells an edit by accident, which is all that it has to.
    fn checksum(&self, engine: Engine) -> (i64, i64) {
        let sql = self.sql(engine);
        let length = i64::try_from(sql.len()).unwrap_or(i64::MAX);
        (length, i64::from(crc32fast::hash(sql.as_bytes())))
    }
}

/// What [`migrate`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The version before; 0 for an empty database.
    pub from: i64,
    /// The version after.
    pub to: i64,
    /// The steps that this call applied.
    pub names: Vec<&'static str>,
}

/// Applies what is missing. Several processes may call it at once: one does the work, the others wait for it.
///
/// # Errors
/// [`StoreError::Migration`] if the database is newer than the program, or an applied step was changed since; what the
/// failing step says otherwise. Steps before the failing one stay applied.
pub async fn migrate(db: &Database, migrations: &[Migration]) -> Result<Applied> {
    let mut conn = db.writer().await?;
    if let Conn::Sqlite(sqlite) = &conn {
        sqlite.busy_timeout(WAIT)?;
    }
    let postgres = db.engine == Engine::Postgres;
    if postgres {
        conn.query("SELECT pg_advisory_lock($1)", params![LOCK]).await?;
    }
    let done = apply(&mut conn, migrations).await;
    if !postgres {
        return done;
    }
    // A step that failed may have left its transaction. The end of the connection would free the lock too, but later.
    let freed = async {
        conn.rollback().await?;
        conn.query("SELECT pg_advisory_unlock($1)", params![LOCK]).await
    };
    match freed.await {
        Err(error) if done.is_ok() => Err(error),
        _ => done,
    }
}

/// The steps that [`migrate`] would apply.
///
/// # Errors
/// As for [`migrate`].
pub async fn pending<'a>(db: &Database, migrations: &'a [Migration]) -> Result<Vec<&'a Migration>> {
    let exists = match db.engine {
        Engine::Sqlite => "SELECT count(*) > 0 FROM sqlite_master WHERE name = 'schema_migrations'",
        Engine::Postgres => "SELECT to_regclass('schema_migrations') IS NOT NULL",
    };
    let readers = db.readers();
    if !readers.query_one(exists, &[]).await?.get(0)? {
        return Ok(migrations.iter().collect());
    }
    let mut applied = Vec::new();
    for row in readers.query(APPLIED, &[]).await? {
        applied.push((row.get(0)?, (row.get(1)?, row.get(2)?)));
    }
    check(db.engine, migrations, &applied)?;
    let version = newest(&applied);
    Ok(migrations.iter().filter(|step| step.version > version).collect())
}

const APPLIED: &str = "SELECT version, length, crc FROM schema_migrations ORDER BY version";

type AppliedRow = (i64, (i64, i64));

fn newest(applied: &[AppliedRow]) -> i64 {
    applied.last().map_or(0, |(version, _)| *version)
}

async fn apply(conn: &mut Conn, migrations: &[Migration]) -> Result<Applied> {
    let create = "CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT PRIMARY KEY, name TEXT NOT NULL, \
                  length BIGINT NOT NULL, crc BIGINT NOT NULL, applied_at BIGINT NOT NULL)";
    conn.begin().await?;
    conn.batch(create).await?;
    conn.commit().await?;
    let mut from = None;
    let mut names = Vec::new();
    loop {
        // Read anew within each transaction: on SQLite another process may have come between two steps.
        conn.begin().await?;
        let step = next(conn, migrations).await;
        let (version, step) = match step {
            Ok(found) => found,
            Err(error) => {
                conn.rollback().await?;
                return Err(error);
            }
        };
        let from = *from.get_or_insert(version);
        let Some(step) = step else {
            conn.rollback().await?;
            return Ok(Applied {
                from,
                to: version,
                names,
            });
        };
        tracing::info!(version = step.version, name = step.name, "migrating");
        let done = run(conn, step).await;
        if let Err(error) = done {
            // The failure of the step is what counts, not that of its roll-back.
            let _ = conn.rollback().await;
            return Err(error);
        }
        names.push(step.name);
    }
}

/// The version now, and the first step after it.
async fn next<'a>(conn: &mut Conn, migrations: &'a [Migration]) -> Result<(i64, Option<&'a Migration>)> {
    let mut applied = Vec::new();
    for row in conn.query(APPLIED, &[]).await? {
        applied.push((row.get(0)?, (row.get(1)?, row.get(2)?)));
    }
    check(conn.engine(), migrations, &applied)?;
    let version = newest(&applied);
    Ok((version, migrations.iter().find(|step| step.version > version)))
}

async fn run(conn: &mut Conn, step: &Migration) -> Result<()> {
    let engine = conn.engine();
    conn.batch(step.sql(engine)).await?;
    let (length, crc) = step.checksum(engine);
    // The database's own clock, as everything that several nodes have to agree on.
    let now = match engine {
        Engine::Sqlite => "CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
        Engine::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
    };
    let insert = format!(
        "INSERT INTO schema_migrations (version, name, length, crc, applied_at) VALUES ($1, $2, $3, $4, {now})"
    );
    conn.execute(&insert, params![step.version, step.name, length, crc])
        .await?;
    conn.commit().await
}

fn check(engine: Engine, migrations: &[Migration], applied: &[AppliedRow]) -> Result<()> {
    let refuse = |message: String| Err(StoreError::Migration(message));
    if migrations
        .iter()
        .map(|step| step.version)
        .try_fold(0, |last, next| (next > last).then_some(next))
        .is_none()
    {
        return refuse("the program's steps are not in ascending order".to_owned());
    }
    let known = migrations.last().map_or(0, |step| step.version);
    if newest(applied) > known {
        return refuse(format!(
            "the database is at version {}, this program knows versions up to {known}: use a newer program",
            newest(applied)
        ));
    }
    for (version, checksum) in applied {
        let Some(step) = migrations.iter().find(|step| step.version == *version) else {
            return refuse(format!(
                "version {version} was applied, but this program does not know it"
            ));
        };
        if step.checksum(engine) != *checksum {
            return refuse(format!(
                "version {version} ({}) was changed after it was applied",
                step.name
            ));
        }
    }
    Ok(())
}
