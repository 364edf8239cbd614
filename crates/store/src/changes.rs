//! The order of commits, for caches: which things that decisions read have changed, numbered without gaps.

use domain::id::{KeyId, OrganisationId};
use uuid::Uuid;

use crate::db::{Conn, Engine, Row, Value};
use crate::error::Result;
use crate::nodes::CHANNEL;
use crate::{Store, Tx, params};

/// What a cache must forget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A key, or one of its secrets.
    Key(OrganisationId, KeyId),
    /// Whom keys stand for, a service account or a person: all their keys.
    Owner(OrganisationId, Uuid),
    /// An organisation, its state, its policy, its roles or its APIs: everything of it.
    Organisation(OrganisationId),
    /// A token or hash was brought in from elsewhere: what was unknown may be known now.
    Import(OrganisationId),
    /// Something this version does not know: everything.
    Unknown,
}

impl Change {
    fn columns(self) -> (OrganisationId, &'static str, Option<Uuid>) {
        match self {
            Self::Key(organisation, key) => (organisation, "key", Some(key.uuid())),
            Self::Owner(organisation, owner) => (organisation, "owner", Some(owner)),
            Self::Organisation(organisation) => (organisation, "organisation", None),
            Self::Import(organisation) => (organisation, "import", None),
            Self::Unknown => (OrganisationId::INSTALLATION, "everything", None),
        }
    }

    fn read(organisation: OrganisationId, kind: &str, reference: Option<Uuid>) -> Self {
        match (kind, reference) {
            ("key", Some(key)) => Self::Key(organisation, KeyId::from_uuid(key)),
            ("owner", Some(owner)) => Self::Owner(organisation, owner),
            ("organisation", _) => Self::Organisation(organisation),
            ("import", _) => Self::Import(organisation),
            _ => Self::Unknown,
        }
    }
}

/// Numbers the changes and writes them; gives the last number there is.
pub(crate) async fn insert(conn: &mut Conn, changes: &[Change]) -> Result<i64> {
    let count = changes.len() as i64;
    if count == 0 {
        let row = conn
            .query_one("SELECT value FROM counters WHERE name = 'changes'", &[])
            .await?;
        return row.get(0);
    }
    let sql = "UPDATE counters SET value = value + $1 WHERE name = 'changes' RETURNING value";
    let last: i64 = conn.query_one(sql, params![count]).await?.get(0)?;
    let rows: Vec<Vec<Value>> = changes
        .iter()
        .zip(last - count + 1..)
        .map(|(change, seq)| {
            let (organisation, kind, reference) = change.columns();
            params![seq, organisation, kind, reference].to_vec()
        })
        .collect();
    conn.execute_many(
        "INSERT INTO changes (seq, organisation, kind, ref) VALUES ($1, $2, $3, $4)",
        &rows,
    )
    .await?;
    if conn.engine() == Engine::Postgres {
        conn.execute("SELECT pg_notify($1, '')", params![CHANNEL]).await?;
    }
    Ok(last)
}

impl Tx {
    /// Forgets all but the last `keep` changes; a cache that lags behind further forgets everything instead.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_changes(&mut self, keep: i64) -> Result<u64> {
        let sql = "DELETE FROM changes WHERE seq <= (SELECT value FROM counters WHERE name = 'changes') - $1";
        self.conn().execute(sql, params![keep]).await
    }
}

/// The changes after a number, up to a limit, and where the numbers stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// In the order of their commits.
    pub changes: Vec<Change>,
    /// The number of the last one here.
    pub upto: i64,
    /// Some that come after the asked number are no longer kept: a cache must forget everything.
    pub purged: bool,
}

/// Changes that are read at once.
pub(crate) const READ: i64 = 4096;

impl Store {
    /// The number of the last change.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn last_change(&self) -> Result<i64> {
        let row = self
            .readers
            .query_one("SELECT value FROM counters WHERE name = 'changes'", &[])
            .await?;
        row.get(0)
    }

    /// What has changed after `seq`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn changes_after(&self, seq: i64) -> Result<Changes> {
        // The counter of the same snapshot tells whether any that should come are gone.
        let sql = "SELECT n.value, c.seq, c.organisation, c.kind, c.ref FROM counters n LEFT JOIN changes c ON c.seq > $1 \
                   WHERE n.name = 'changes' ORDER BY c.seq LIMIT $2";
        changes_of(&self.readers.query(sql, params![seq, READ]).await?, 0, seq)
    }
}

/// Reads the number of the last change, and the columns of a change or nulls, of rows from that column on.
pub(crate) fn changes_of(rows: &[Row], column: usize, seq: i64) -> Result<Changes> {
    let mut read = Changes {
        changes: Vec::with_capacity(rows.len()),
        upto: seq,
        purged: false,
    };
    for row in rows {
        let last: i64 = row.get(column)?;
        let Some(next) = row.get::<Option<i64>>(column + 1)? else {
            read.purged = last > seq;
            break;
        };
        read.purged |= next != read.upto + 1;
        read.upto = next;
        let kind: String = row.get(column + 3)?;
        let change = Change::read(row.get(column + 2)?, &kind, row.get(column + 4)?);
        read.changes.push(change);
    }
    Ok(read)
}
