//! Which keys are used most. Few rows are added up as they are; of many, only those keys that were among the most used of a day
//! are looked at, of which a worker keeps a list. What is told of a key is exact either way.

use domain::clock::Timestamp;
use domain::id::{KeyId, OrganisationId};

use super::{DAY, Grain, Whose};
use crate::db::{Row, Value};
use crate::error::Result;
use crate::tx::Tx;
use crate::{Store, params};

/// Stands for all APIs together.
pub const EVERY_API: &str = "*";
/// Keys of a day and an API that are kept.
const KEPT: i64 = 100;
/// So many rows are added up while somebody waits.
const FEW: i64 = 10_000;
/// Candidates for each key that is asked for.
const CANDIDATES: u32 = 3;

/// A key that was used much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    /// The key.
    pub key: KeyId,
    /// What it is called.
    pub name: String,
    /// How often it was answered.
    pub total: i64,
    /// How often of these it was refused.
    pub refused: i64,
}

/// A key that was among the most used of a day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Top {
    /// At which API, by its slug; [`EVERY_API`] for all.
    pub api: String,
    /// The key.
    pub key: KeyId,
    /// How often it was answered.
    pub count: i64,
}

fn tops(rows: &[Row]) -> Result<Vec<Top>> {
    let read = |row: &Row| {
        Ok(Top {
            api: row.get(0)?,
            key: row.get(1)?,
            count: row.get(2)?,
        })
    };
    let mut tops = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    tops.sort_unstable();
    Ok(tops)
}

impl Tx {
    /// Keeps the most used keys of a day (UTC) in place of those that were kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_tops(
        &mut self,
        organisation: OrganisationId,
        day: Timestamp,
        before: &[Top],
        tops: &[Top],
    ) -> Result<()> {
        let sql = "DELETE FROM usage_tops WHERE organisation = $1 AND day = $2 AND api = $3 AND key = $4";
        let gone = before.iter().filter(|top| !tops.contains(top));
        let rows: Vec<Vec<Value>> = gone
            .map(|top| params![organisation, day, &top.api, top.key].to_vec())
            .collect();
        self.conn().execute_many(sql, &rows).await?;
        let sql = "INSERT INTO usage_tops (organisation, api, day, key, count) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (organisation, api, day, key) DO UPDATE SET count = excluded.count";
        let rows: Vec<Vec<Value>> = tops
            .iter()
            .filter(|top| !before.contains(top))
            .map(|top| params![organisation, &top.api, day, top.key, top.count].to_vec())
            .collect();
        self.conn().execute_many(sql, &rows).await
    }

    /// Forgets at most `limit` of those of days before then; how many it were.
    pub(super) async fn forget_tops(
        &mut self,
        organisation: OrganisationId,
        before: Timestamp,
        limit: i64,
    ) -> Result<u64> {
        let key = "organisation, api, day, key";
        let found = "organisation = $1 AND day < $2 LIMIT $3";
        self.delete_found("usage_tops", key, found, params![organisation, before, limit])
            .await
    }
}

impl Store {
    /// The day from which on the most used keys are to be looked for: the last for which they are kept, or the first of which
    /// there is usage. None where there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tops_due(&self, organisation: OrganisationId) -> Result<Option<Timestamp>> {
        let sql = "SELECT COALESCE((SELECT MAX(day) FROM usage_tops WHERE organisation = $1 AND api = '*'), \
                   (SELECT MIN(start) FROM usage_totals WHERE organisation = $1 AND grain = 'd'))";
        let row = self.readers.query_one(sql, params![organisation]).await?;
        row.get(0)
    }

    /// The most used keys of a day (UTC), of all APIs and of each.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tops_of(&self, organisation: OrganisationId, day: Timestamp) -> Result<Vec<Top>> {
        let sql = "SELECT api, key, count FROM (SELECT s.api, s.key, s.count, \
                   ROW_NUMBER() OVER (PARTITION BY s.api ORDER BY s.count DESC, s.key) AS place FROM \
                   (SELECT api, key, CAST(SUM(count) AS BIGINT) AS count FROM usage_days WHERE organisation = $1 \
                   AND day = $2 AND api <> '' GROUP BY api, key UNION ALL \
                   SELECT '*' AS api, key, CAST(SUM(count) AS BIGINT) AS count FROM usage_days WHERE organisation = $1 \
                   AND day = $2 GROUP BY key) s) ranked WHERE place <= $3";
        let values = params![organisation, day, KEPT].to_vec();
        tops(&self.readers.query_long(sql, values).await?)
    }

    /// Those that are kept of a day.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn kept_tops(&self, organisation: OrganisationId, day: Timestamp) -> Result<Vec<Top>> {
        let sql = "SELECT t.api, t.key, t.count FROM usage_tops t WHERE t.organisation = $1 AND t.day = $2 \
                   AND t.api IN (SELECT api FROM usage_totals WHERE organisation = $1 AND grain = 'd' AND start = $2 \
                   UNION ALL SELECT '*')";
        let values = params![organisation, day].to_vec();
        tops(&self.readers.query_long(sql, values).await?)
    }

    /// The keys that were used most from `since` until before `until`, the most used first: in whole hours up to two days, in
    /// whole days (UTC) beyond.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn busiest(
        &self,
        organisation: OrganisationId,
        whose: &Whose,
        since: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Busy>> {
        let grain = if until.since(since) <= 2 * DAY {
            Grain::Hour
        } else {
            Grain::Day
        };
        let (table, column) = grain.table();
        let since = since.floor_to(grain.span());
        let within = format!("u.organisation = $1 AND u.{column} >= $2 AND u.{column} < $3");
        let mut values = params![organisation, since, until].to_vec();
        let mut of = match whose {
            Whose::Key(key) => {
                values.push((*key).into());
                "u.key = $4".to_owned()
            }
            Whose::Account(account) => {
                values.push(account.uuid().into());
                "u.key IN (SELECT id FROM keys WHERE organisation = $1 AND owner_id = $4)".to_owned()
            }
            Whose::Organisation | Whose::Api(_) => {
                let few =
                    format!("SELECT COUNT(*) FROM (SELECT 1 FROM {table} u WHERE {within} LIMIT $4) few");
                let asked = [values.clone(), params![FEW + 1].to_vec()].concat();
                let rows = self.readers.query_long(few, asked).await?;
                let count: i64 = rows.first().map_or(Ok(0), |row| row.get(0))?;
                if count > FEW {
                    let candidates = self.once_busy(organisation, whose, since, until, limit).await?;
                    if candidates.is_empty() {
                        return Ok(Vec::new());
                    }
                    let marks: Vec<String> = (4..candidates.len() + 4).map(|n| format!("${n}")).collect();
                    values.extend(candidates.into_iter().map(Value::from));
                    format!("u.key IN ({})", marks.join(", "))
                } else {
                    "1 = 1".to_owned()
                }
            }
        };
        if let Whose::Api(slug) = whose {
            values.push(slug.as_str().into());
            of = format!("{of} AND u.api = ${}", values.len());
        }
        values.push(i64::from(limit).into());
        let sql = format!(
            "SELECT s.key, COALESCE(k.name, ''), s.total, s.refused FROM (SELECT u.key, \
             CAST(SUM(u.count) AS BIGINT) AS total, \
             CAST(COALESCE(SUM(u.count) FILTER (WHERE u.code <> 'VALID'), 0) AS BIGINT) AS refused \
             FROM {table} u WHERE {within} AND {of} GROUP BY u.key ORDER BY 2 DESC, 1 LIMIT ${}) s \
             LEFT JOIN keys k ON k.organisation = $1 AND k.id = s.key ORDER BY s.total DESC, s.key",
            values.len()
        );
        let rows = self.readers.query_long(sql, values).await?;
        let read = |row: &Row| {
            Ok(Busy {
                key: row.get(0)?,
                name: row.get(1)?,
                total: row.get(2)?,
                refused: row.get(3)?,
            })
        };
        rows.iter().map(read).collect()
    }

    async fn once_busy(
        &self,
        organisation: OrganisationId,
        whose: &Whose,
        since: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<KeyId>> {
        let api = match whose {
            Whose::Api(slug) => slug.as_str(),
            _ => EVERY_API,
        };
        let sql = "SELECT key FROM usage_tops WHERE organisation = $1 AND api = $2 AND day >= $3 AND day < $4 \
                   GROUP BY key ORDER BY SUM(count) DESC, key LIMIT $5";
        let limit = i64::from(limit * CANDIDATES);
        let values = params![organisation, api, since.floor_to(DAY), until, limit].to_vec();
        let rows = self.readers.query_long(sql, values).await?;
        rows.iter().map(|row| row.get(0)).collect()
    }
}
