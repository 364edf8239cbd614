//! Uses of keys that are unlike them: where to look for them, and the last of each kind.

use domain::anomaly::{Anomaly, BASELINE, Baseline, Hour, Kind, MANY, MANY_REFUSED, STILL_USED};
use domain::clock::Timestamp;
use domain::id::{KeyId, OrganisationId};

use crate::db::Row;
use crate::error::{Result, StoreError};
use crate::keys::json;
use crate::tx::Tx;
use crate::{Store, params};

/// Keys of which an hour is looked at, those with most answers first.
const LOOKED_AT: i64 = 10_000;

/// A secret that was replaced and is near its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retiring {
    /// Its key.
    pub key: KeyId,
    /// When it was replaced.
    pub replaced_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// When it was used last.
    pub used_at: Timestamp,
    /// From where, as far as that is known.
    pub ip: Option<String>,
}

impl Store {
    /// The hours since then in which a key did so much that it may be unlike it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn busy_hours(
        &self,
        organisation: OrganisationId,
        since: Timestamp,
    ) -> Result<Vec<(KeyId, Timestamp, Hour)>> {
        let sql = "SELECT s.key, s.hour, s.requests, s.refused, s.revoked FROM (SELECT key, hour, \
                   CAST(SUM(count) AS BIGINT) AS requests, \
                   CAST(COALESCE(SUM(count) FILTER (WHERE code <> 'VALID'), 0) AS BIGINT) AS refused, \
                   CAST(COALESCE(SUM(count) FILTER (WHERE code = 'REVOKED'), 0) AS BIGINT) AS revoked \
                   FROM usage_hours WHERE organisation = $1 AND hour >= $2 GROUP BY key, hour) s \
                   WHERE s.requests >= $3 OR s.refused >= $4 OR s.revoked >= $5 ORDER BY s.requests DESC, s.key LIMIT $6";
        let values = params![organisation, since, MANY, MANY_REFUSED, STILL_USED, LOOKED_AT].to_vec();
        let rows = self.readers.query_long(sql.to_owned(), values).await?;
        let read = |row: &Row| {
            let hour = Hour {
                requests: row.get(2)?,
                refused: row.get(3)?,
                revoked: row.get(4)?,
            };
            Ok((row.get(0)?, row.get(1)?, hour))
        };
        rows.iter().map(read).collect()
    }

    /// What a key's hours have come to in the days before one that begins then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn baseline(
        &self,
        organisation: OrganisationId,
        key: KeyId,
        day: Timestamp,
    ) -> Result<Baseline> {
        let sql = "SELECT MIN(s.hour), COALESCE(MAX(s.requests), 0), COALESCE(MAX(s.refused), 0) FROM (SELECT hour, \
                   CAST(SUM(count) AS BIGINT) AS requests, \
                   CAST(COALESCE(SUM(count) FILTER (WHERE code <> 'VALID'), 0) AS BIGINT) AS refused \
                   FROM usage_hours WHERE organisation = $1 AND key = $2 AND hour >= $3 AND hour < $4 GROUP BY hour) s";
        let values = params![organisation, key, day.minus(BASELINE), day];
        let row = self.readers.query_one(sql, values).await?;
        Ok(Baseline {
            since: row.get(0)?,
            busiest: row.get(1)?,
            worst: row.get(2)?,
        })
    }

    /// Replaced secrets that were used, and end from `from` until `until`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn retiring(
        &self,
        organisation: OrganisationId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Retiring>> {
        let sql = "SELECT s.key, k.rotated_at, s.ends_at, s.last_used_at, s.last_used_ip FROM secrets s \
                   JOIN keys k ON k.id = s.key WHERE s.organisation = $1 AND s.ends_at > $2 AND s.ends_at <= $3 \
                   AND s.last_used_at IS NOT NULL";
        let rows = self
            .readers
            .query_long(sql.to_owned(), params![organisation, from, until].to_vec())
            .await?;
        let read = |row: &Row| {
            let mut c = row.read();
            Ok(Retiring {
                key: c.next()?,
                replaced_at: c.next()?,
                ends_at: c.next()?,
                used_at: c.next()?,
                ip: c.next()?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Of which kinds it was told since then, by key.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn told_anomalies(
        &self,
        organisation: OrganisationId,
        since: Timestamp,
    ) -> Result<Vec<(KeyId, Kind)>> {
        let sql = "SELECT key, kind FROM anomalies WHERE organisation = $1 AND at > $2";
        let rows = self
            .readers
            .query_long(sql.to_owned(), params![organisation, since].to_vec())
            .await?;
        rows.iter()
            .map(|row| Ok((row.get(0)?, kind_of(row.get(1)?)?)))
            .collect()
    }

    /// What was told of a key since then and nobody has looked at, the youngest first, each with the instant of its telling.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn anomalies(
        &self,
        organisation: OrganisationId,
        key: KeyId,
        since: Timestamp,
    ) -> Result<Vec<(Timestamp, Anomaly)>> {
        let sql = "SELECT at, evidence FROM anomalies WHERE organisation = $1 AND key = $2 AND at > $3 AND seen = FALSE \
                   ORDER BY at DESC, kind";
        let rows = self.readers.query(sql, params![organisation, key, since]).await?;
        let read = |row: &Row| Ok((row.get(0)?, json("anomalies.evidence", &row.get::<String>(1)?)?));
        rows.iter().map(read).collect()
    }
}

fn kind_of(text: String) -> Result<Kind> {
    Kind::parse(&text).ok_or_else(|| StoreError::Corrupt(format!("anomalies.kind: {text}")))
}

impl Tx {
    /// Notes an anomaly; false where it was told of one of that kind since then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_anomaly(
        &mut self,
        organisation: OrganisationId,
        key: KeyId,
        anomaly: &Anomaly,
        quiet_since: Timestamp,
    ) -> Result<bool> {
        let sql = "INSERT INTO anomalies (organisation, key, kind, at, evidence, seen) VALUES ($1, $2, $3, $4, $5, FALSE) \
                   ON CONFLICT (organisation, key, kind) DO UPDATE SET at = excluded.at, evidence = excluded.evidence, \
                   seen = FALSE WHERE anomalies.at <= $6";
        let evidence =
            serde_json::to_string(anomaly).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let kind = anomaly.kind().as_str();
        let values = params![organisation, key, kind, self.now(), evidence, quiet_since];
        Ok(self.conn().execute(sql, values).await? > 0)
    }

    /// Notes that somebody has looked at what was told of a key; how much it was.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn see_anomalies(&mut self, organisation: OrganisationId, key: KeyId) -> Result<u64> {
        let sql = "UPDATE anomalies SET seen = TRUE WHERE organisation = $1 AND key = $2 AND seen = FALSE";
        self.conn().execute(sql, params![organisation, key]).await
    }
}
