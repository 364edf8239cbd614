//! What applications report of the requests that passed: the upstream's status, and how long it took, by the hour.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::{KeyId, OrganisationId};
use domain::latency::{BUCKETS, Histogram};
use uuid::Uuid;

use crate::db::{Row, Value};
use crate::error::Result;
use crate::requests::Of;
use crate::tx::Tx;
use crate::usage::{latency_of, measured, summed};
use crate::{Store, params};

const HOUR: Duration = Duration::from_secs(3_600);

/// One request that reached the upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The key that it came with.
    pub key: KeyId,
    /// The API, by slug.
    pub api: Option<Arc<str>>,
    /// Method and path template, or what the application calls it.
    pub route: Option<Arc<str>>,
    /// What the upstream answered.
    pub status: u16,
    /// How long that took, in microseconds.
    pub micros: u32,
    /// When.
    pub at: Timestamp,
}

/// What the upstream answered, summed up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// The status.
    pub status: u16,
    /// How often.
    pub count: i64,
    /// How long that took.
    pub latency: Histogram,
}

impl Tx {
    /// Which of these keys an organisation has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn known_keys(
        &mut self,
        organisation: OrganisationId,
        keys: &[KeyId],
    ) -> Result<HashSet<KeyId>> {
        let mut known = HashSet::new();
        for keys in keys.chunks(100) {
            let marks: Vec<String> = (2..keys.len() + 2).map(|n| format!("${n}")).collect();
            let sql = format!(
                "SELECT id FROM keys WHERE organisation = $1 AND id IN ({})",
                marks.join(", ")
            );
            let mut values = params![organisation].to_vec();
            values.extend(keys.iter().map(|key| Value::from(*key)));
            for row in self.conn().query(&sql, &values).await? {
                known.insert(row.get(0)?);
            }
        }
        Ok(known)
    }

    /// Adds reports to what is stored.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_reports(&mut self, organisation: OrganisationId, reports: &[Report]) -> Result<()> {
        let mut sums: HashMap<_, Histogram> = HashMap::new();
        for one in reports {
            let (api, route) = (
                one.api.as_deref().unwrap_or_default(),
                one.route.as_deref().unwrap_or_default(),
            );
            let place = (one.key, one.at.floor_to(HOUR), api, route, one.status);
            sums.entry(place).or_default().add(one.micros);
        }
        let mut sums: Vec<_> = sums.into_iter().collect();
        sums.sort_unstable_by_key(|(place, _)| *place);
        let rows = sums
            .into_iter()
            .map(|((key, hour, api, route, status), latency)| {
                let place = params![organisation, key, hour, api, route, status].to_vec();
                let count = i64::try_from(latency.count()).unwrap_or(i64::MAX);
                measured(place, count, &latency)
            });
        let place = "organisation, key, hour, api, route, status";
        self.add_measured("usage_reports", place, rows.collect()).await
    }
}

impl Store {
    /// What was reported of a key, or of all the keys of an owner, from `since` until before `until`, by status.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reported(
        &self,
        organisation: OrganisationId,
        of: Of,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Reported>> {
        let (whose, id): (_, Uuid) = match of {
            Of::Key(key) => ("u.key = $2", key.uuid()),
            Of::Owner(owner) => (
                "u.key IN (SELECT k.id FROM keys k WHERE k.organisation = $1 AND k.owner_id = $2)",
                owner,
            ),
        };
        let sql = format!(
            "SELECT {}, u.status FROM usage_reports u WHERE u.organisation = $1 AND {whose} \
             AND u.hour >= $3 AND u.hour < $4 GROUP BY u.status ORDER BY u.status",
            summed("u")
        );
        let values = params![organisation, id, since, until].to_vec();
        let rows = self.readers.query_long(sql, values).await?;
        let read = |row: &Row| {
            let (count, latency) = latency_of(row, 0)?;
            Ok(Reported {
                status: row.get(2 + BUCKETS)?,
                count,
                latency,
            })
        };
        rows.iter().map(read).collect()
    }
}
