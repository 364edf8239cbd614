//! Keys that are refused more often than accepted. A worker looks for them in the counts of days and keeps them, so that nobody
//! waits while the days of a million keys are added up.

use domain::clock::Timestamp;
use domain::id::{KeyId, OrganisationId};

use crate::db::{Row, Value};
use crate::error::Result;
use crate::tx::Tx;
use crate::{Store, params};

/// Fewer refusals than that are nobody's trouble.
pub const ENOUGH: i64 = 20;
/// Keys that are kept.
const KEPT: i64 = 1_000;

/// A key that is refused more often than accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failing {
    /// The key.
    pub key: KeyId,
    /// How often it was refused.
    pub refused: i64,
    /// How often it was answered.
    pub total: i64,
}

fn failing(rows: &[Row]) -> Result<Vec<Failing>> {
    let read = |row: &Row| {
        Ok(Failing {
            key: row.get(0)?,
            refused: row.get(1)?,
            total: row.get(2)?,
        })
    };
    let mut all = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    all.sort_unstable();
    Ok(all)
}

impl Store {
    /// The keys that were refused at least [`ENOUGH`] times since a day (UTC) began, and more often than accepted; those that
    /// were refused most, at most a thousand.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn failing_since(&self, organisation: OrganisationId, day: Timestamp) -> Result<Vec<Failing>> {
        let sql = "SELECT s.key, s.refused, s.total FROM (SELECT key, CAST(SUM(count) AS BIGINT) AS total, \
                   CAST(COALESCE(SUM(count) FILTER (WHERE code <> 'VALID'), 0) AS BIGINT) AS refused \
                   FROM usage_days WHERE organisation = $1 AND day >= $2 GROUP BY key) s \
                   WHERE s.refused >= $3 AND s.refused * 2 > s.total ORDER BY s.refused DESC, s.key LIMIT $4";
        let values = params![organisation, day, ENOUGH, KEPT].to_vec();
        failing(&self.readers.query_long(sql.to_owned(), values).await?)
    }

    /// Those that are kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn kept_failing(&self, organisation: OrganisationId, day: Timestamp) -> Result<Vec<Failing>> {
        let sql = "SELECT key, refused, total FROM failing_keys WHERE organisation = $1 AND since = $2";
        failing(&self.readers.query(sql, params![organisation, day]).await?)
    }
}

impl Tx {
    /// Keeps the failing keys since a day in place of those that were kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_failing(
        &mut self,
        organisation: OrganisationId,
        day: Timestamp,
        all: &[Failing],
    ) -> Result<()> {
        let sql = "DELETE FROM failing_keys WHERE organisation = $1";
        self.conn().execute(sql, params![organisation]).await?;
        let sql =
            "INSERT INTO failing_keys (organisation, key, since, refused, total) VALUES ($1, $2, $3, $4, $5)";
        let rows: Vec<Vec<Value>> = all
            .iter()
            .map(|one| params![organisation, one.key, day, one.refused, one.total].to_vec())
            .collect();
        self.conn().execute_many(sql, &rows).await
    }
}
