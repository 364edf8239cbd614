//! Reading usage: of an organisation, an API, an account or a key, by stretches of time.

use std::collections::HashMap;
use std::fmt::Write as _;

use domain::clock::Timestamp;
use domain::id::{AccountId, KeyId, OrganisationId};

use super::{Bucket, Grain, buckets, summed};
use crate::Store;
use crate::db::Value;
use crate::error::Result;
use crate::params;

/// Whose usage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Of all keys of the organisation.
    Organisation,
    /// The same at one API, by its slug.
    Api(String),
    /// Of all keys of a service account.
    Account(AccountId),
    /// Of one key.
    Key(KeyId),
}

/// Which of the stored stretches of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span<'a> {
    /// Those that begin from one instant until before another.
    Within(Timestamp, Timestamp),
    /// Those that begin at these instants.
    At(&'a [Timestamp]),
}

impl Span<'_> {
    /// A condition on a column of time, with its values put behind those that are there.
    pub(crate) fn sql(self, column: &str, values: &mut Vec<Value>) -> String {
        match self {
            Self::Within(since, until) => {
                values.extend([since.into(), until.into()]);
                let last = values.len();
                format!("{column} >= ${} AND {column} < ${last}", last - 1)
            }
            // Numbers, and more of them than a statement takes values.
            Self::At(starts) => {
                let mut sql = format!("{column} IN (");
                for (n, start) in starts.iter().enumerate() {
                    let comma = if n == 0 { "" } else { ", " };
                    // Writing to a string does not fail.
                    let _ = write!(sql, "{comma}{}", start.as_micros());
                }
                sql + ")"
            }
        }
    }
}

/// A key's answers by the day (UTC).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Days {
    /// How often it was let through, on each day.
    pub admitted: Vec<i64>,
    /// How often it was refused.
    pub refused: Vec<i64>,
}

impl Store {
    /// How often keys were answered what, and how long that took, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn answers(
        &self,
        organisation: OrganisationId,
        whose: &Whose,
        grain: Grain,
        span: Span<'_>,
    ) -> Result<Vec<Bucket>> {
        let (table, column) = grain.table();
        let mut values = params![organisation].to_vec();
        let (start, rest) = match whose {
            Whose::Organisation => {
                values.push(grain.letter().into());
                let rest = "usage_totals u WHERE u.organisation = $1 AND u.grain = $2";
                ("start", rest.to_owned())
            }
            Whose::Api(slug) => {
                values.extend([grain.letter().into(), slug.as_str().into()]);
                let rest = "usage_totals u WHERE u.organisation = $1 AND u.grain = $2 AND u.api = $3";
                ("start", rest.to_owned())
            }
            Whose::Account(account) => {
                values.push(account.uuid().into());
                let rest = format!(
                    "keys k CROSS JOIN {table} u WHERE k.organisation = $1 AND k.owner_id = $2 \
                     AND u.organisation = $1 AND u.key = k.id"
                );
                (column, rest)
            }
            Whose::Key(key) => {
                values.push((*key).into());
                let rest = format!("{table} u WHERE u.organisation = $1 AND u.key = $2");
                (column, rest)
            }
        };
        let within = span.sql(&format!("u.{start}"), &mut values);
        let sql = format!(
            "SELECT u.{start}, u.code, {} FROM {rest} AND {within} GROUP BY u.{start}, u.code ORDER BY u.{start}, u.code",
            summed("u")
        );
        buckets(&self.readers.query_long(sql, values).await?)
    }

    /// The answers of several keys on so many days (UTC) from one on, in one statement; keys without any are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn key_days(
        &self,
        organisation: OrganisationId,
        keys: &[KeyId],
        first: Timestamp,
        days: usize,
    ) -> Result<HashMap<KeyId, Days>> {
        let mut series = HashMap::new();
        if keys.is_empty() {
            return Ok(series);
        }
        let marks: Vec<String> = (3..keys.len() + 3).map(|n| format!("${n}")).collect();
        let sql = format!(
            "SELECT u.key, u.day, CAST(SUM(u.count) FILTER (WHERE u.code = 'VALID') AS BIGINT), CAST(SUM(u.count) AS BIGINT) \
             FROM usage_days u WHERE u.organisation = $1 AND u.day >= $2 AND u.key IN ({}) GROUP BY u.key, u.day",
            marks.join(", ")
        );
        let mut values = params![organisation, first].to_vec();
        values.extend(keys.iter().map(|key| Value::from(*key)));
        for row in self.readers.query_long(sql, values).await? {
            let (key, day): (KeyId, Timestamp) = (row.get(0)?, row.get(1)?);
            let (admitted, total): (Option<i64>, i64) = (row.get(2)?, row.get(3)?);
            let place = day.since(first).as_secs() / Grain::Day.span().as_secs();
            let place = usize::try_from(place).unwrap_or(usize::MAX);
            let series = series.entry(key).or_insert_with(|| Days {
                admitted: vec![0; days],
                refused: vec![0; days],
            });
            let admitted = admitted.unwrap_or(0);
            // A clock that was ahead leaves days that have not come.
            if let (Some(a), Some(r)) = (series.admitted.get_mut(place), series.refused.get_mut(place)) {
                (*a, *r) = (admitted, total - admitted);
            }
        }
        Ok(series)
    }
}
