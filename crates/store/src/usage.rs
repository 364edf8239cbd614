//! Usage: how often each key was answered what, by the hour.

use std::collections::BTreeMap;

use domain::clock::Timestamp;
use domain::decide::Code;
use domain::id::{KeyId, OrganisationId};

use crate::db::Value;
use crate::error::{Result, StoreError};
use crate::tx::Tx;
use crate::{Store, params};

/// Answers of one code to one key in one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The key's tenant.
    pub organisation: OrganisationId,
    /// The key.
    pub key: KeyId,
    /// The beginning of the hour.
    pub hour: Timestamp,
    /// The answer.
    pub code: Code,
    /// How often.
    pub count: i64,
}

/// Rows of one statement: 500 values, of which either engine takes more.
const AT_ONCE: usize = 100;

/// A statement that adds so many counts.
fn add(rows: usize) -> String {
    let marks: Vec<String> = (0..rows)
        .map(|row| {
            let marks: Vec<String> = (row * 5 + 1..=row * 5 + 5).map(|n| format!("${n}")).collect();
            format!("({})", marks.join(", "))
        })
        .collect();
    format!(
        "INSERT INTO usage_hours (organisation, key, hour, code, count) VALUES {} \
         ON CONFLICT (organisation, key, hour, code) DO UPDATE SET count = usage_hours.count + excluded.count",
        marks.join(", ")
    )
}

impl Tx {
    /// Adds counts to what is stored.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_usage(&mut self, counts: &[Count]) -> Result<()> {
        // A statement may touch a row once. In the table's own order, neighbours are found on one page.
        let mut sums = BTreeMap::new();
        for c in counts {
            let row = (
                c.organisation.uuid(),
                c.key.uuid(),
                c.hour.as_micros(),
                c.code.as_str(),
            );
            *sums.entry(row).or_insert(0) += c.count;
        }
        let rows: Vec<Vec<Value>> = sums
            .into_iter()
            .map(|((organisation, key, hour, code), count)| {
                params![organisation, key, hour, code, count].to_vec()
            })
            .collect();
        // PostgreSQL takes many rows in one round trip; SQLite has none to spare.
        let at_once = if self.is_sqlite() { 1 } else { AT_ONCE };
        let (many, rest) = rows.split_at(rows.len() - rows.len() % at_once);
        let many: Vec<Vec<Value>> = many.chunks(at_once).map(<[Vec<Value>]>::concat).collect();
        self.conn().execute_many(&add(at_once), &many).await?;
        self.conn().execute_many(&add(1), rest).await
    }

    /// Forgets at most `limit` of an organisation's counts of hours that began before then; how many it were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_usage(
        &mut self,
        organisation: OrganisationId,
        before: Timestamp,
        limit: i64,
    ) -> Result<u64> {
        let sql = "DELETE FROM usage_hours WHERE organisation = $1 AND (key, hour, code) IN \
                   (SELECT key, hour, code FROM usage_hours WHERE organisation = $1 AND hour < $2 ORDER BY hour LIMIT $3)";
        self.conn()
            .execute(sql, params![organisation, before, limit])
            .await
    }
}

impl Store {
    /// A key's counts from `since` until before `until`, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn key_usage(
        &self,
        organisation: OrganisationId,
        key: KeyId,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Count>> {
        let sql = "SELECT hour, code, count FROM usage_hours \
                   WHERE organisation = $1 AND key = $2 AND hour >= $3 AND hour < $4 ORDER BY hour, code";
        let rows = self
            .readers
            .query_long(sql, params![organisation, key, since, until].to_vec())
            .await?;
        rows.iter()
            .map(|row| {
                let code: String = row.get(1)?;
                let known = Code::ALL.into_iter().find(|known| known.as_str() == code);
                Ok(Count {
                    organisation,
                    key,
                    hour: row.get(0)?,
                    code: known.ok_or_else(|| StoreError::Corrupt("usage_hours.code".to_owned()))?,
                    count: row.get(2)?,
                })
            })
            .collect()
    }
}
