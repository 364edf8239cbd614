//! What a database is like, as far as what Claviger promises hangs on it.

use std::time::Duration;

use domain::clock::{Clock, Timestamp};

use crate::db::{Database, Engine};
use crate::error::Result;
use crate::migrate::pending;
use crate::{MIGRATIONS, params};

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// As it should be.
    Good,
    /// It works, and somebody should look at it.
    Look,
    /// A promise is not kept.
    Bad,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub what: &'static str,
    /// How it stands.
    pub grade: Grade,
    /// In a sentence, with what helps.
    pub said: String,
}

impl Finding {
    /// One.
    pub fn new(what: &'static str, grade: Grade, said: impl Into<String>) -> Self {
        Self {
            what,
            grade,
            said: said.into(),
        }
    }
}

/// What clocks may differ by before somebody should look.
const APART: Duration = Duration::from_secs(1);
/// A round trip that makes each change slow.
const FAR: Duration = Duration::from_millis(10);

/// Looks a database over; nothing is changed in it.
///
/// # Errors
/// When it cannot be asked.
pub async fn check(db: &Database, clock: &dyn Clock) -> Result<Vec<Finding>> {
    let mut found = vec![schema(db).await?];
    match db.engine {
        Engine::Sqlite => found.push(sqlite(db).await?),
        Engine::Postgres => {
            found.push(round_trip(db, clock).await?);
            found.push(settings(db).await?);
            found.push(replication(db).await?);
            found.push(connections(db).await?);
        }
    }
    Ok(found)
}

async fn schema(db: &Database) -> Result<Finding> {
    let pending = pending(db, MIGRATIONS).await?.len();
    Ok(match pending {
        0 => Finding::new(
            "schema",
            Grade::Good,
            format!("version {}, up to date", MIGRATIONS.len()),
        ),
        all if all == MIGRATIONS.len() => Finding::new(
            "schema",
            Grade::Look,
            "the database is empty: `claviger serve` makes the installation",
        ),
        some => Finding::new(
            "schema",
            Grade::Look,
            format!("{some} steps behind this program; `claviger migrate`, or the next start, takes them"),
        ),
    })
}

async fn sqlite(db: &Database) -> Result<Finding> {
    let version: String = db
        .readers()
        .query_one("SELECT sqlite_version()", &[])
        .await?
        .get(0)?;
    let sound = db
        .readers()
        .query_long("PRAGMA quick_check(1)", Vec::new())
        .await?;
    let said: String = sound.first().map_or(Ok(String::new()), |row| row.get(0))?;
    Ok(match said.as_str() {
        "ok" => Finding::new(
            "database",
            Grade::Good,
            format!("SQLite {version}, the file is sound"),
        ),
        fault => Finding::new(
            "database",
            Grade::Bad,
            format!("the file is damaged ({fault}): stop the server and restore a backup"),
        ),
    })
}

async fn round_trip(db: &Database, clock: &dyn Clock) -> Result<Finding> {
    let sql = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT), current_setting('server_version')";
    let (mut shortest, mut apart, mut version) = (Duration::MAX, Duration::MAX, String::new());
    for _ in 0..5 {
        let (began, here) = (clock.boottime(), clock.now());
        let row = db.readers().query_one(sql, &[]).await?;
        let took = clock.boottime().saturating_sub(began);
        if took < shortest {
            let there: Timestamp = row.get(0)?;
            let middle = here.plus(took / 2);
            (shortest, apart) = (took, there.since(middle).max(middle.since(there)));
            version = row.get(1)?;
        }
    }
    let told = format!(
        "PostgreSQL {version}, {:.1} ms away, its clock {:.0} ms from the one here",
        shortest.as_secs_f64() * 1e3,
        apart.as_secs_f64() * 1e3
    );
    Ok(if apart > APART {
        let why = "Claviger goes by the database's; keep both by NTP";
        Finding::new("database", Grade::Look, format!("{told}: {why}"))
    } else if shortest > FAR {
        let why = "each change takes several round trips; keep servers near the database";
        Finding::new("database", Grade::Look, format!("{told}: {why}"))
    } else {
        Finding::new("database", Grade::Good, told)
    })
}

/// What an acknowledged commit hangs on.
async fn settings(db: &Database) -> Result<Finding> {
    let mut off = Vec::new();
    for setting in ["fsync", "full_page_writes"] {
        let row = db
            .readers()
            .query_one("SELECT current_setting($1)", params![setting])
            .await?;
        if row.get::<String>(0)? != "on" {
            off.push(setting);
        }
    }
    Ok(match off.as_slice() {
        [] => Finding::new(
            "durability",
            Grade::Good,
            "what was acknowledged survives the loss of power",
        ),
        off => Finding::new(
            "durability",
            Grade::Bad,
            format!(
                "{} = off: what was acknowledged may be lost with the power; turn it on",
                off.join(", ")
            ),
        ),
    })
}

async fn replication(db: &Database) -> Result<Finding> {
    let names: String = db
        .readers()
        .query_one("SELECT current_setting('synchronous_standby_names')", &[])
        .await?
        .get(0)?;
    // Without the right to see other sessions their state is hidden, and counts as none.
    let sql =
        "SELECT COUNT(*), COUNT(*) FILTER (WHERE sync_state IN ('sync', 'quorum')) FROM pg_stat_replication";
    let row = db.readers().query_one(sql, &[]).await?;
    let (standbys, synchronous): (i64, i64) = (row.get(0)?, row.get(1)?);
    Ok(match (names.is_empty(), standbys, synchronous) {
        (true, 0, _) => Finding::new("failover", Grade::Good, "no standby: nothing fails over"),
        (true, standbys, _) => Finding::new(
            "failover",
            Grade::Bad,
            format!(
                "{standbys} standby servers, and none is synchronous: one that is promoted may lack changes that were acknowledged, \
                 such as a revocation; set synchronous_standby_names"
            ),
        ),
        (false, _, 0) => Finding::new(
            "failover",
            Grade::Look,
            "synchronous_standby_names is set, and no synchronous standby is seen here: without one every change waits, and the right \
             pg_monitor is needed to see it",
        ),
        (false, _, synchronous) => Finding::new(
            "failover",
            Grade::Good,
            format!("{synchronous} synchronous standby servers have what was acknowledged"),
        ),
    })
}

async fn connections(db: &Database) -> Result<Finding> {
    let sql =
        "SELECT CAST(current_setting('max_connections') AS BIGINT), (SELECT COUNT(*) FROM pg_stat_activity)";
    let row = db.readers().query_one(sql, &[]).await?;
    let (most, used): (i64, i64) = (row.get(0)?, row.get(1)?);
    let told = format!("{used} of {most} connections are used");
    Ok(if used * 10 > most * 8 {
        Finding::new(
            "connections",
            Grade::Look,
            format!("{told}: raise max_connections before it is reached"),
        )
    } else {
        Finding::new("connections", Grade::Good, told)
    })
}
