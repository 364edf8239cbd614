//! What applications report of the requests that passed: the upstream's status, and how long it took, by the hour.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::{KeyId, OrganisationId};
use domain::latency::{BUCKETS, Histogram};

use crate::db::{Row, Value};
use crate::error::Result;
use crate::tx::Tx;
use crate::usage::{Grain, Span, Whose, latency_of, measured, summed};
use crate::{Store, params};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

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
        let mut days: HashMap<_, Histogram> = HashMap::new();
        let mut totals: HashMap<_, Histogram> = HashMap::new();
        for one in reports {
            let (api, route) = (
                one.api.as_deref().unwrap_or_default(),
                one.route.as_deref().unwrap_or_default(),
            );
            let place = (one.key, one.at.floor_to(HOUR), api, route, one.status);
            sums.entry(place).or_default().add(one.micros);
            let place = (one.key, one.at.floor_to(DAY), api, one.status);
            days.entry(place).or_default().add(one.micros);
            for (grain, start) in [("h", one.at.floor_to(HOUR)), ("d", one.at.floor_to(DAY))] {
                let place = (grain, start, api, one.status);
                totals.entry(place).or_default().add(one.micros);
            }
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
        self.add_measured("usage_reports", place, rows.collect()).await?;
        let mut days: Vec<_> = days.into_iter().collect();
        days.sort_unstable_by_key(|(place, _)| *place);
        let rows = days.into_iter().map(|((key, day, api, status), latency)| {
            let place = params![organisation, key, day, api, status].to_vec();
            let count = i64::try_from(latency.count()).unwrap_or(i64::MAX);
            measured(place, count, &latency)
        });
        let place = "organisation, key, day, api, status";
        self.add_measured("report_days", place, rows.collect()).await?;
        let mut totals: Vec<_> = totals.into_iter().collect();
        totals.sort_unstable_by_key(|(place, _)| *place);
        let rows = totals.into_iter().map(|((grain, start, api, status), latency)| {
            let place = params![organisation, grain, start, api, status].to_vec();
            let count = i64::try_from(latency.count()).unwrap_or(i64::MAX);
            measured(place, count, &latency)
        });
        let place = "organisation, grain, start, api, status";
        self.add_measured("report_totals", place, rows.collect()).await
    }
}

/// What the upstream answered in one stretch of time.
pub type ReportedIn = (Timestamp, Reported);

impl Store {
    /// What was reported, by the beginning of each hour or day and by status.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reported(
        &self,
        organisation: OrganisationId,
        whose: &Whose,
        grain: Grain,
        span: Span<'_>,
    ) -> Result<Vec<ReportedIn>> {
        let mut values = params![organisation].to_vec();
        let (table, of_key) = match grain {
            Grain::Day => ("report_days", "u.day"),
            Grain::Minute | Grain::Hour => ("usage_reports", "u.hour"),
        };
        let (start, mut rest) = match whose {
            Whose::Key(key) => {
                values.push((*key).into());
                (
                    of_key,
                    format!("{table} u WHERE u.organisation = $1 AND u.key = $2"),
                )
            }
            Whose::Account(account) => {
                values.push(account.uuid().into());
                let rest = format!(
                    "keys k CROSS JOIN {table} u WHERE k.organisation = $1 AND k.owner_id = $2 \
                     AND u.organisation = $1 AND u.key = k.id"
                );
                (of_key, rest)
            }
            Whose::Organisation | Whose::Api(_) => {
                values.push(grain.letter().into());
                let rest = "report_totals u WHERE u.organisation = $1 AND u.grain = $2";
                ("u.start", rest.to_owned())
            }
        };
        if let Whose::Api(slug) = whose {
            values.push(slug.as_str().into());
            rest.push_str(" AND u.api = $3");
        }
        let within = span.sql(start, &mut values);
        let sql = format!(
            "SELECT {}, u.status, {start} FROM {rest} AND {within} GROUP BY {start}, u.status ORDER BY {start}, u.status",
            summed("u")
        );
        let rows = self.readers.query_long(sql, values).await?;
        let read = |row: &Row| {
            let (count, latency) = latency_of(row, 0)?;
            let reported = Reported {
                status: row.get(2 + BUCKETS)?,
                count,
                latency,
            };
            Ok((row.get(3 + BUCKETS)?, reported))
        };
        rows.iter().map(read).collect()
    }
}
