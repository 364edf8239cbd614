//! Usage: how often each key was answered what, and how long that took, by the minute, the hour and the day; and the same of
//! all keys of an organisation together. What is counted comes in batches of a node's journal, each counted once
//! (`journal.rs`).

mod chart;
mod failing;
mod required;
mod seen;
mod tops;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::decide::Code;
use domain::id::{KeyId, OrganisationId};
use domain::latency::{BUCKETS, Histogram};

use crate::db::{Row, Value};
use crate::error::{Result, StoreError};
use crate::tx::Tx;
use crate::{Store, params};

pub use chart::{Days, Span, Whose};
pub use failing::{ENOUGH, Failing};
pub use required::Required;
pub use seen::{SecretUse, Seen, Sighted, Sighting};
pub use tops::{Busy, EVERY_API, Top};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// How long minutes are kept.
pub const MINUTES_KEPT: Duration = Duration::from_secs(48 * 3_600);
/// Rows of one statement on PostgreSQL.
const AT_ONCE: usize = 50;

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

/// Answers of one code to one key at one API in one minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// The key's tenant.
    pub organisation: OrganisationId,
    /// The key.
    pub key: KeyId,
    /// The beginning of the minute.
    pub at: Timestamp,
    /// The API, by slug.
    pub api: Option<Arc<str>>,
    /// The answer.
    pub code: Code,
    /// How often.
    pub count: i64,
    /// How long they took, where that was measured.
    pub latency: Histogram,
}

/// When and from where a key was last accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The key.
    pub key: KeyId,
    /// When.
    pub at: Timestamp,
    /// From where, as far as that is known.
    pub ip: Option<String>,
    /// What the program called itself.
    pub agent: Option<Arc<str>>,
}

/// A stretch of time that answers are summed up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// Kept for [`MINUTES_KEPT`].
    Minute,
    /// Kept for as long as the policy says.
    Hour,
    /// The same; for long stretches.
    Day,
}

impl Grain {
    const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// How long it is.
    pub fn span(self) -> Duration {
        match self {
            Self::Minute => MINUTE,
            Self::Hour => HOUR,
            Self::Day => DAY,
        }
    }

    /// The table of keys, and its column of time.
    fn table(self) -> (&'static str, &'static str) {
        match self {
            Self::Minute => ("usage_minutes", "minute"),
            Self::Hour => ("usage_hours", "hour"),
            Self::Day => ("usage_days", "day"),
        }
    }

    pub(crate) fn letter(self) -> &'static str {
        match self {
            Self::Minute => "m",
            Self::Hour => "h",
            Self::Day => "d",
        }
    }
}

/// The columns of counts and latencies.
fn measures() -> String {
    let buckets: Vec<String> = (0..BUCKETS).map(|n| format!("l{n}")).collect();
    format!("count, micros, {}", buckets.join(", "))
}

/// A statement that adds so many rows to what is stored under the same `place`.
fn adding(table: &str, place: &str, measures: &str, rows: usize) -> String {
    let each = place.split(',').count() + measures.split(',').count();
    let marks: Vec<String> = (0..rows)
        .map(|row| {
            let marks: Vec<String> = (row * each + 1..=(row + 1) * each)
                .map(|n| format!("${n}"))
                .collect();
            format!("({})", marks.join(", "))
        })
        .collect();
    let sums: Vec<String> = measures
        .split(", ")
        .map(|column| format!("{column} = {table}.{column} + excluded.{column}"))
        .collect();
    format!(
        "INSERT INTO {table} ({place}, {measures}) VALUES {} ON CONFLICT ({place}) DO UPDATE SET {}",
        marks.join(", "),
        sums.join(", ")
    )
}

fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A row of a `place` and what was measured there.
pub(crate) fn measured(mut place: Vec<Value>, count: i64, latency: &Histogram) -> Vec<Value> {
    place.push(count.into());
    // Elsewhere it is zero by default: what was counted and not measured is written by a statement of a fifth of the values.
    if *latency != Histogram::default() {
        place.push(int(latency.micros).into());
        place.extend(latency.buckets.iter().map(|bucket| Value::from(int(*bucket))));
    }
    place
}

/// Reads the columns of [`measures`].
pub(crate) fn latency_of(row: &Row, from: usize) -> Result<(i64, Histogram)> {
    let unsigned = |place: usize| -> Result<u64> { Ok(u64::try_from(row.get::<i64>(place)?).unwrap_or(0)) };
    let mut latency = Histogram {
        micros: unsigned(from + 1)?,
        ..Histogram::default()
    };
    for (n, bucket) in latency.buckets.iter_mut().enumerate() {
        *bucket = unsigned(from + 2 + n)?;
    }
    Ok((row.get(from)?, latency))
}

/// The columns of [`measures`], summed up.
pub(crate) fn summed(alias: &str) -> String {
    let sums: Vec<String> = measures()
        .split(", ")
        .map(|column| format!("CAST(SUM({alias}.{column}) AS BIGINT)"))
        .collect();
    sums.join(", ")
}

type Sums<K> = HashMap<K, (i64, Histogram)>;

fn sum<K: std::hash::Hash + Eq>(sums: &mut Sums<K>, place: K, one: &Answers) {
    let (count, latency) = sums.entry(place).or_default();
    *count += one.count;
    latency.merge(&one.latency);
}

impl Tx {
    /// Adds rows to a table; a statement touches each place once. In the table's own order, neighbours are found on one page.
    pub(crate) async fn add_measured(
        &mut self,
        table: &str,
        place: &str,
        rows: Vec<Vec<Value>>,
    ) -> Result<()> {
        let counted = place.split(',').count() + 1;
        let (counts, whole): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.len() == counted);
        self.add_rows(table, place, "count", counts).await?;
        self.add_rows(table, place, &measures(), whole).await
    }

    async fn add_rows(
        &mut self,
        table: &str,
        place: &str,
        measures: &str,
        mut rows: Vec<Vec<Value>>,
    ) -> Result<()> {
        // PostgreSQL takes many rows in one round trip; SQLite has none to spare.
        let at_once = if self.is_sqlite() { 1 } else { AT_ONCE };
        let rest = rows.split_off(rows.len() - rows.len() % at_once);
        let many: Vec<Vec<Value>> = match at_once {
            1 => rows,
            _ => rows.chunks(at_once).map(<[Vec<Value>]>::concat).collect(),
        };
        if !many.is_empty() {
            self.conn()
                .execute_many(&adding(table, place, measures, at_once), &many)
                .await?;
        }
        if !rest.is_empty() {
            self.conn()
                .execute_many(&adding(table, place, measures, 1), &rest)
                .await?;
        }
        Ok(())
    }

    /// Adds answers to what is stored, by these stretches of time.
    async fn add_by(&mut self, answers: &[Answers], grains: &[Grain]) -> Result<()> {
        let mut totals = Sums::new();
        for grain in grains {
            let (table, column) = grain.table();
            let mut sums = Sums::new();
            for one in answers {
                let (api, start) = (
                    one.api.as_deref().unwrap_or_default(),
                    one.at.floor_to(grain.span()),
                );
                sum(
                    &mut sums,
                    (one.organisation, one.key, start, api, one.code.as_str()),
                    one,
                );
                sum(
                    &mut totals,
                    (one.organisation, grain.letter(), start, api, one.code.as_str()),
                    one,
                );
            }
            let mut sums: Vec<_> = sums.into_iter().collect();
            sums.sort_unstable_by_key(|(place, _)| *place);
            let rows = sums
                .into_iter()
                .map(|((organisation, key, start, api, code), (count, latency))| {
                    measured(
                        params![organisation, key, start, api, code].to_vec(),
                        count,
                        &latency,
                    )
                });
            let place = format!("organisation, key, {column}, api, code");
            self.add_measured(table, &place, rows.collect()).await?;
        }
        let mut totals: Vec<_> = totals.into_iter().collect();
        totals.sort_unstable_by_key(|(place, _)| *place);
        let rows = totals
            .into_iter()
            .map(|((organisation, grain, start, api, code), (count, latency))| {
                measured(
                    params![organisation, grain, start, api, code].to_vec(),
                    count,
                    &latency,
                )
            });
        let place = "organisation, grain, start, api, code";
        self.add_measured("usage_totals", place, rows.collect()).await
    }

    /// Adds answers to what is stored.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_answers(&mut self, answers: &[Answers]) -> Result<()> {
        self.add_by(answers, &Grain::ALL).await
    }

    /// Adds counts of whole hours to what is stored.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_usage(&mut self, counts: &[Count]) -> Result<()> {
        let answers: Vec<Answers> = counts
            .iter()
            .map(|one| Answers {
                organisation: one.organisation,
                key: one.key,
                at: one.hour,
                api: None,
                code: one.code,
                count: one.count,
                latency: Histogram::default(),
            })
            .collect();
        self.add_by(&answers, &[Grain::Hour, Grain::Day]).await
    }

    /// Forgets at most `limit` of an organisation's counts of hours that began before then, and of days that ended before; how
    /// many it were of whichever there were more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_usage(
        &mut self,
        organisation: OrganisationId,
        before: Timestamp,
        limit: i64,
    ) -> Result<u64> {
        let mut most = 0;
        let day = before.floor_to(DAY);
        for (table, column, rest, before) in [
            ("usage_hours", "hour", "hour, api, code", before),
            ("usage_days", "day", "day, api, code", day),
            ("usage_reports", "hour", "hour, api, route, status", before),
            ("report_days", "day", "day, api, status", day),
            ("required_of_keys", "day", "required", day),
            ("networks_of_keys", "day", "network", day),
        ] {
            let key = format!("organisation, key, {rest}");
            let found = format!("organisation = $1 AND {column} < $2 ORDER BY {column} LIMIT $3");
            let values = params![organisation, before, limit];
            most = most.max(self.delete_found(table, &key, &found, values).await?);
        }
        for (table, rest) in [("usage_totals", "code"), ("report_totals", "status")] {
            let key = format!("organisation, grain, start, api, {rest}");
            let found = "organisation = $1 AND grain = $4 AND start < $2 ORDER BY start LIMIT $3";
            for (grain, before) in [("h", before), ("d", day)] {
                let values = params![organisation, before, limit, grain];
                most = most.max(self.delete_found(table, &key, found, values).await?);
            }
        }
        Ok(most.max(self.forget_tops(organisation, day, limit).await?))
    }

    /// Forgets at most `limit` counts of minutes that began before then; how many it were of whichever there were more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_minutes(&mut self, before: Timestamp, limit: i64) -> Result<u64> {
        let key = "organisation, key, minute, api, code";
        let found = "minute < $1 ORDER BY minute LIMIT $2";
        let values = params![before, limit];
        let keys = self.delete_found("usage_minutes", key, found, values).await?;
        let key = "organisation, grain, start, api, code";
        let found = "grain = 'm' AND start < $1 LIMIT $2";
        Ok(keys.max(self.delete_found("usage_totals", key, found, values).await?))
    }

    /// Notes when and from where keys were last accepted, and by what; an older note never replaces a younger one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_last_uses(&mut self, uses: &[Use]) -> Result<()> {
        let sql = "UPDATE keys SET last_used_at = $2, last_used_ip = $3, last_used_agent = $4 \
                   WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
        let rows: Vec<Vec<Value>> = uses
            .iter()
            .map(|one| params![one.key, one.at, one.ip.clone(), one.agent.as_deref()].to_vec())
            .collect();
        self.conn().execute_many(sql, &rows).await
    }
}

pub(crate) fn code_of(text: &str, column: &str) -> Result<Code> {
    Code::parse(text).ok_or_else(|| StoreError::Corrupt(column.to_owned()))
}

/// Answers of one code in one stretch of time.
pub type Bucket = (Timestamp, Code, i64, Histogram);

pub(crate) fn buckets(rows: &[Row]) -> Result<Vec<Bucket>> {
    let bucket = |row: &Row| {
        let code: String = row.get(1)?;
        let (count, latency) = latency_of(row, 2)?;
        Ok((row.get(0)?, code_of(&code, "usage.code")?, count, latency))
    };
    rows.iter().map(bucket).collect()
}

impl Store {
    /// A key's counts by the hour from `since` until before `until`, oldest first.
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
        let buckets = self
            .answers(
                organisation,
                &Whose::Key(key),
                Grain::Hour,
                Span::Within(since, until),
            )
            .await?;
        let count = |(hour, code, count, _): Bucket| Count {
            organisation,
            key,
            hour,
            code,
            count,
        };
        Ok(buckets.into_iter().map(count).collect())
    }
}

/// Tokens that nobody has, of one prefix and from one address in an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The beginning of the hour.
    pub hour: Timestamp,
    /// The prefix; `-` where it is none of ours, `*` for all of what was too much to tell apart.
    pub prefix: String,
    /// From where, as far as that is known.
    pub ip: Option<String>,
    /// How often.
    pub count: i64,
    /// The last of them.
    pub last_at: Timestamp,
}

/// Sums of unknown tokens, by place.
pub(crate) fn unknown_rows(unknown: &[Unknown]) -> Vec<Vec<Value>> {
    let mut sums: BTreeMap<_, (i64, Timestamp)> = BTreeMap::new();
    for one in unknown {
        let place = (one.hour, one.prefix.as_str(), one.ip.as_deref().unwrap_or("-"));
        let (count, last) = sums.entry(place).or_default();
        *count += one.count;
        *last = (*last).max(one.last_at);
    }
    sums.into_iter()
        .map(|((hour, prefix, ip), (count, last))| params![hour, prefix, ip, count, last].to_vec())
        .collect()
}
