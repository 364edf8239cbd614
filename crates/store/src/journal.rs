//! How far nodes' journals are rolled up. A batch is counted in the same transaction in which its end becomes the stored
//! position, so that whatever is read again after a crash, or sent again after a lost answer, is counted once.

use domain::clock::Timestamp;
use uuid::Uuid;

use crate::error::{Result, StoreError};
use crate::tx::Tx;
use crate::usage::{Unknown, unknown_rows};
use crate::{Store, params};

/// What a node has lost, in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Losses {
    /// Answers that were not recorded.
    pub dropped: i64,
    /// Requests that were counted, and are not among the recent ones.
    pub unlogged: i64,
}

impl Tx {
    /// Moves the stored position of a part on to the end of its batch `number`. False where that was done before: then the
    /// batch is counted already.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where it does not follow the last one: somebody else writes for this node. When the database
    /// fails.
    pub async fn begin_batch(&mut self, node: Uuid, part: u8, number: i64, position: &[u8]) -> Result<bool> {
        let sql = "SELECT batch FROM journal_positions WHERE node = $1 AND part = $2";
        let row = self.conn().query_opt(sql, params![node, part]).await?;
        let last: i64 = row.map_or(Ok(0), |row| row.get(0))?;
        if last == number {
            return Ok(false);
        }
        if last + 1 != number {
            let said = format!("journal_positions: batch {number} of part {part} after {last}");
            return Err(StoreError::Corrupt(said));
        }
        let sql = "INSERT INTO journal_positions (node, part, batch, position) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (node, part) DO UPDATE SET batch = excluded.batch, position = excluded.position";
        let values = params![node, part, number, position.to_vec()];
        self.conn().execute(sql, values).await?;
        Ok(true)
    }

    /// Sets how many answers a node has dropped in all, where that is told, and adds what is new of it to this hour; and adds
    /// requests that were not noted.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_losses(&mut self, node: Uuid, dropped: Option<i64>, unlogged: i64) -> Result<()> {
        if dropped.is_none() && unlogged == 0 {
            return Ok(());
        }
        let sql = "SELECT dropped FROM journal_losses WHERE node = $1";
        let row = self.conn().query_opt(sql, params![node]).await?;
        let before: i64 = row.map_or(Ok(0), |row| row.get(0))?;
        let fresh = dropped.map_or(0, |dropped| (dropped - before).max(0));
        if fresh == 0 && unlogged == 0 {
            return Ok(());
        }
        let sql = "INSERT INTO journal_losses (node, dropped, unlogged) VALUES ($1, $2, $3) ON CONFLICT (node) \
                   DO UPDATE SET dropped = journal_losses.dropped + excluded.dropped, \
                   unlogged = journal_losses.unlogged + excluded.unlogged";
        self.conn().execute(sql, params![node, fresh, unlogged]).await?;
        let hour = self.now().floor_to(std::time::Duration::from_secs(3_600));
        let sql = "INSERT INTO usage_losses (hour, node, dropped, unlogged) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (hour, node) DO UPDATE SET dropped = usage_losses.dropped + excluded.dropped, \
                   unlogged = usage_losses.unlogged + excluded.unlogged";
        self.conn()
            .execute(sql, params![hour, node, fresh, unlogged])
            .await?;
        Ok(())
    }

    /// Adds tokens that nobody has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_unknown(&mut self, unknown: &[Unknown]) -> Result<()> {
        let sql = "INSERT INTO unknown_tokens (hour, prefix, ip, count, last_at) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (hour, prefix, ip) DO UPDATE SET count = unknown_tokens.count + excluded.count, \
                   last_at = CASE WHEN excluded.last_at > unknown_tokens.last_at THEN excluded.last_at \
                   ELSE unknown_tokens.last_at END";
        self.conn().execute_many(sql, &unknown_rows(unknown)).await
    }

    /// Forgets at most `limit` of the unknown tokens of hours before then; how many it were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_unknown(&mut self, before: Timestamp, limit: i64) -> Result<u64> {
        let found = "hour < $1 ORDER BY hour LIMIT $2";
        self.delete_found(
            "unknown_tokens",
            "hour, prefix, ip",
            found,
            params![before, limit],
        )
        .await
    }
}

impl Store {
    /// How far the parts of a node's journal are rolled up: part, number of its last batch, where that ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn journal_positions(&self, node: Uuid) -> Result<Vec<(u8, i64, Vec<u8>)>> {
        let sql = "SELECT part, batch, position FROM journal_positions WHERE node = $1";
        let rows = self.readers.query(sql, params![node]).await?;
        let read = |row: &crate::db::Row| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        rows.iter().map(read).collect()
    }

    /// How many answers a node has dropped, as far as it has told.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn dropped(&self, node: Uuid) -> Result<i64> {
        let sql = "SELECT dropped FROM journal_losses WHERE node = $1";
        let row = self.readers.query_opt(sql, params![node]).await?;
        row.map_or(Ok(0), |row| row.get(0))
    }

    /// What was lost on all nodes in the hours from `since` until before `until`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn losses(&self, since: Timestamp, until: Timestamp) -> Result<Losses> {
        let sql = "SELECT CAST(COALESCE(SUM(dropped), 0) AS BIGINT), CAST(COALESCE(SUM(unlogged), 0) AS BIGINT) \
                   FROM usage_losses WHERE hour >= $1 AND hour < $2";
        let row = self.readers.query_one(sql, params![since, until]).await?;
        Ok(Losses {
            dropped: row.get(0)?,
            unlogged: row.get(1)?,
        })
    }

    /// Tokens that nobody has, of the hours from `since` until before `until`: those that came most often first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unknown_tokens(
        &self,
        since: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Unknown>> {
        let sql = "SELECT prefix, ip, CAST(SUM(count) AS BIGINT), MAX(last_at), MIN(hour) FROM unknown_tokens \
                   WHERE hour >= $1 AND hour < $2 GROUP BY prefix, ip ORDER BY 3 DESC, prefix, ip LIMIT $3";
        let rows = self
            .readers
            .query_long(sql, params![since, until, i64::from(limit)].to_vec())
            .await?;
        let read = |row: &crate::db::Row| {
            let ip: String = row.get(1)?;
            Ok(Unknown {
                hour: row.get(4)?,
                prefix: row.get(0)?,
                ip: (ip != "-").then_some(ip),
                count: row.get(2)?,
                last_at: row.get(3)?,
            })
        };
        rows.iter().map(read).collect()
    }
}
