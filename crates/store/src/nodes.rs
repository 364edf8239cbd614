//! The nodes that serve one PostgreSQL database: who may serve from memory, and up to which change each has got.
//!
//! A node's row is written by the node itself, by one statement that compares and swaps its beat and reads what has changed; who finds the
//! row gone, or another beat in it, was fenced or asks a database that has forgotten. All of it runs on a connection of its own, so
//! that a renewal waits for no writer.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::Timestamp;
use tokio::sync::{Mutex, Notify};
use uuid::Uuid;

use crate::changes::{Changes, READ, changes_of};
use crate::db::{Conn, Database, PgConn, Row, Value};
use crate::error::{Result, StoreError};
use crate::{Store, params};

/// Whoever changes something that decisions read notifies it, so that nodes need not wait for their next renewal. Nothing depends on it.
pub(crate) const CHANNEL: &str = "claviger_changes";
/// The database's time, in microseconds.
const NOW: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";

/// A node, as it joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNode {
    /// Of this run, until it is fenced.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// Claviger's version there.
    pub version: String,
    /// How long it serves after it has sent a renewal.
    pub lease: Duration,
    /// How long it goes on after that with what it has in memory.
    pub stale: Duration,
    /// What its keyring holds, as it writes it down.
    pub secrets: String,
}

/// A node, as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Of this run, until it is fenced.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// Claviger's version there.
    pub version: String,
    /// How long it serves after it has sent a renewal.
    pub lease: Duration,
    /// How long it goes on after that with what it has in memory.
    pub stale: Duration,
    /// When it joined, by the database's clock.
    pub joined_at: Timestamp,
    /// When it was last renewed, by the same.
    pub renewed_at: Timestamp,
    /// How often.
    pub beat: i64,
    /// The last change that it has applied.
    pub applied: i64,
    /// What its keyring holds, as it writes it down; empty of an older Claviger.
    pub secrets: String,
}

/// What a renewal brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    /// The beat, for the next one.
    pub beat: i64,
    /// The database's time while it was asked.
    pub at: Timestamp,
    /// The number of the last change that there is.
    pub last: i64,
    /// What has changed since the last that was applied, some at a time.
    pub changes: Changes,
}

/// The way to the nodes' rows.
pub struct Nodes {
    db: Database,
    link: Mutex<Option<PgConn>>,
    hint: Arc<Notify>,
}

impl std::fmt::Debug for Nodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nodes").finish_non_exhaustive()
    }
}

fn node_of(row: &Row) -> Result<Node> {
    let mut c = row.read();
    Ok(Node {
        id: c.next()?,
        name: c.next()?,
        version: c.next()?,
        lease: Duration::from_millis(c.next()?),
        stale: Duration::from_millis(c.next()?),
        joined_at: c.next()?,
        renewed_at: c.next()?,
        beat: c.next()?,
        applied: c.next()?,
        secrets: c.next()?,
    })
}

const COLUMNS: &str = "id, name, version, lease, stale, joined_at, renewed_at, beat, applied, secrets";

impl Nodes {
    /// Of a PostgreSQL database. Nothing is asked yet.
    pub fn new(db: Database) -> Self {
        Self {
            db,
            link: Mutex::new(None),
            hint: Arc::default(),
        }
    }

    /// Wakes whoever waits when something has changed; it may wake in vain, and need not wake.
    pub fn hint(&self) -> &Notify {
        &self.hint
    }

    async fn connect(&self) -> Result<PgConn> {
        let Conn::Postgres(conn) = self.db.writer().await? else {
            return Err(StoreError::Unsupported("a SQLite file has one node".to_owned()));
        };
        conn.batch(&format!("LISTEN {CHANNEL}")).await?;
        let (notified, gone, hint) = (conn.notified(), conn.gone(), self.hint.clone());
        tokio::spawn(async move {
            tokio::pin!(gone);
            loop {
                tokio::select! {
                    () = notified.notified() => hint.notify_one(),
                    () = &mut gone => return,
                }
            }
        });
        Ok(conn)
    }

    /// Runs a statement that writes, one at a time; a connection that failed is not used again.
    async fn write(&self, sql: &str, values: &[Value], limit: Duration) -> Result<Vec<Row>> {
        let mut link = self.link.lock().await;
        let kept = link.take().filter(|conn| !conn.is_gone());
        let answer = async {
            let conn = match kept {
                Some(conn) => conn,
                None => self.connect().await?,
            };
            let rows = conn.write(sql, values).await?;
            Ok((rows, conn))
        };
        // Hosts that are lost and silent come on top: else they would use it up each time anew, and none that answers be reached.
        let answer = tokio::time::timeout(limit + self.db.detour(), answer).await;
        let (rows, conn) = answer.unwrap_or_else(|late| Err(StoreError::Unavailable(late.into())))?;
        *link = Some(conn);
        Ok(rows)
    }

    /// Writes a node's row.
    ///
    /// # Errors
    /// When the database fails, or does not answer within the lease.
    pub async fn join(&self, node: &NewNode) -> Result<()> {
        let sql = format!(
            "INSERT INTO nodes ({COLUMNS}) SELECT $1, $2, $3, $4, $5, {NOW}, {NOW}, 0, value, $6 FROM counters WHERE name = 'changes'"
        );
        let [lease, stale] =
            [node.lease, node.stale].map(|span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
        let values = params![
            node.id,
            node.name.as_str(),
            node.version.as_str(),
            lease,
            stale,
            node.secrets.as_str()
        ];
        self.write(&sql, values, node.lease).await.map(drop)
    }

    /// Renews a node that is at one of these beats and has applied changes up to that one; none where its row is gone, or at another
    /// beat.
    ///
    /// # Errors
    /// When the database fails, or does not answer within the lease.
    pub async fn renew(&self, node: &NewNode, beats: (i64, i64), applied: i64) -> Result<Option<Renewed>> {
        let sql = format!(
            "WITH mine AS (UPDATE nodes SET beat = $3 + 1, applied = $4, renewed_at = {NOW} \
             WHERE id = $1 AND beat >= $2 AND beat <= $3 RETURNING beat) \
             SELECT (SELECT beat FROM mine), {NOW}, n.value, c.seq, c.organisation, c.kind, c.ref FROM counters n \
             LEFT JOIN changes c ON c.seq > $4 WHERE n.name = 'changes' ORDER BY c.seq LIMIT $5"
        );
        let rows = self
            .write(
                &sql,
                params![node.id, beats.0, beats.1, applied, READ],
                node.lease,
            )
            .await?;
        let first = rows.first().ok_or(StoreError::RowMissing)?;
        let (Some(beat), at, last) = (first.get::<Option<i64>>(0)?, first.get(1)?, first.get(2)?) else {
            return Ok(None);
        };
        Ok(Some(Renewed {
            beat,
            at,
            last,
            changes: changes_of(&rows, 2, applied)?,
        }))
    }

    /// Writes down what a node's keyring holds now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tell_secrets(&self, node: &NewNode, secrets: &str) -> Result<()> {
        let sql = "UPDATE nodes SET secrets = $2 WHERE id = $1 RETURNING id";
        self.write(sql, params![node.id, secrets], node.lease)
            .await
            .map(drop)
    }

    /// Takes a node out that has not been renewed since it was at this beat; its lease has to be over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn bury(&self, node: Uuid, beat: i64, limit: Duration) -> Result<()> {
        let sql = "DELETE FROM nodes WHERE id = $1 AND beat = $2 RETURNING id";
        self.write(sql, params![node, beat], limit).await.map(drop)
    }

    /// Takes a node out that serves no more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn leave(&self, node: &NewNode) -> Result<()> {
        let sql = "DELETE FROM nodes WHERE id = $1 RETURNING id";
        self.write(sql, params![node.id], node.lease).await.map(drop)
    }
}

impl Store {
    /// The nodes, the oldest first; none of a SQLite file.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn nodes(&self) -> Result<Vec<Node>> {
        if self.engine() == crate::db::Engine::Sqlite {
            return Ok(Vec::new());
        }
        let sql = format!("SELECT {COLUMNS} FROM nodes ORDER BY joined_at, id");
        self.readers.query(&sql, &[]).await?.iter().map(node_of).collect()
    }
}
