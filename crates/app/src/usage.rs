//! Usage: charts of it (`chart.rs`), what applications report of the upstream, and tokens that nobody has.

mod chart;
mod series;
mod tops;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::access::Management;
use domain::clock::Timestamp;
use domain::id::KeyId;
use domain::input::FieldError;
use domain::latency::Histogram;
use store::idempotency::Remembered;
use store::reports::Report;
use store::usage::Unknown;
use uuid::Uuid;

use crate::error::{AppError, Result};
use crate::key::Idempotency;
use crate::{App, Caller};

pub(crate) use chart::LONGEST;
pub use chart::{Asked, BusyKey, ErrorCount, Latency, MOST, UsageBucket, UsageReport};
pub use series::Series;

/// Reports of one request at the most.
pub const MAX_REPORTS: usize = 500;
/// How old a report may be.
const OLDEST: Duration = Duration::from_secs(7 * 86_400);
/// How far an application's clock may be ahead.
const AHEAD: Duration = Duration::from_secs(300);
/// The longest route, in characters.
const ROUTE: usize = 200;
/// Callers with unknown tokens that are told of at the most.
const CALLERS: u32 = 500;

/// What an application says of one request that passed.
#[derive(Debug, Clone)]
pub struct ReportDraft {
    /// The key that it came with.
    pub key: KeyId,
    /// The API, by slug.
    pub api: Option<String>,
    /// Its method.
    pub method: Option<String>,
    /// The path template, or what the application calls it.
    pub route: Option<String>,
    /// What the upstream answered.
    pub status: u16,
    /// How long that took, in milliseconds.
    pub duration_ms: f64,
    /// When; now when not said.
    pub at: Option<Timestamp>,
}

/// What the upstream answered, as applications have reported it.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct Upstream {
    /// How many requests were reported.
    #[schema(example = 1)]
    pub total: i64,
    /// The share of them that was answered with a status below 500.
    #[schema(example = 1.0)]
    pub success_rate: f64,
    /// By status.
    #[schema(value_type = HashMap<String, i64>, example = json!({"200": 1}))]
    pub by_status: BTreeMap<String, i64>,
    /// How long they took.
    #[schema(required)]
    pub latency: Option<Latency>,
}

impl Upstream {
    /// None where nothing was reported.
    fn of(reported: &BTreeMap<u16, (i64, Histogram)>) -> Option<Self> {
        let mut all = Histogram::default();
        reported.values().for_each(|(_, latency)| all.merge(latency));
        let total: i64 = reported.values().map(|(count, _)| count).sum();
        let good = reported.range(..500).map(|(_, (count, _))| count);
        (total > 0).then(|| Self {
            total,
            success_rate: good.sum::<i64>() as f64 / total as f64,
            by_status: reported
                .iter()
                .map(|(status, (count, _))| (status.to_string(), *count))
                .collect(),
            latency: Latency::of(&all),
        })
    }
}

impl ReportDraft {
    fn check(self, place: usize, now: Timestamp, faults: &mut Vec<FieldError>) -> Report {
        let mut fault = |field: &str, detail: &str| {
            faults.push(FieldError::new(format!("reports[{place}].{field}"), detail));
        };
        if !(100..600).contains(&self.status) {
            fault("status", "an HTTP status, from 100 to 599");
        }
        if !(0.0..=3_600_000.0).contains(&self.duration_ms) {
            fault("duration_ms", "from 0 to 3600000");
        }
        let at = self.at.unwrap_or(now);
        if at < now.minus(OLDEST) || at > now.plus(AHEAD) {
            fault("at", "within the last seven days");
        }
        if self
            .api
            .as_deref()
            .is_some_and(|slug| !domain::api::is_slug(slug))
        {
            fault("api", "the slug of an API");
        }
        let is_token =
            |text: &str| !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_uppercase());
        if self.method.as_deref().is_some_and(|method| !is_token(method)) {
            fault("method", "a method such as GET");
        }
        let is_route = |text: &str| {
            let fits = !text.is_empty() && text.chars().count() <= ROUTE;
            fits && !text.chars().any(char::is_control) && !text.contains('?')
        };
        if self.route.as_deref().is_some_and(|route| !is_route(route)) {
            fault(
                "route",
                "1 to 200 characters such as /orders/{id}, without a query",
            );
        }
        let route = match (self.method, self.route) {
            (Some(method), Some(route)) => Some(format!("{method} {route}").into()),
            (one, other) => one.or(other).map(Into::into),
        };
        Report {
            key: self.key,
            api: self.api.map(Into::into),
            route,
            status: self.status,
            micros: (self.duration_ms.clamp(0.0, 3_600_000.0) * 1_000.0) as u32,
            at,
        }
    }
}

impl App {
    /// Takes an application's reports of requests that passed: all of them or none.
    ///
    /// # Errors
    /// As [`AppError`] says; each that is wrong is named by its place.
    pub async fn report_usage(
        &self,
        caller: &Caller,
        reports: Vec<ReportDraft>,
        idempotency: Option<Idempotency>,
    ) -> Result<usize> {
        caller.require(Management::UsageReport)?;
        if reports.is_empty() || reports.len() > MAX_REPORTS {
            return Err(AppError::field("reports", format!("1 to {MAX_REPORTS} of them")));
        }
        let (now, mut faults) = (self.clock.now(), Vec::new());
        let checked = reports.into_iter().enumerate();
        let reports: Vec<Report> = checked.map(|(n, one)| one.check(n, now, &mut faults)).collect();
        if !faults.is_empty() {
            return Err(AppError::Invalid(faults));
        }
        let (organisation, actor, count) = (caller.organisation, caller.actor.clone(), reports.len());
        let reports: Arc<[Report]> = reports.into();
        self.write(async move |tx| {
            if let Some(idempotency) = &idempotency {
                if let Some(known) = tx.remembered(organisation, &actor, &idempotency.token).await? {
                    idempotency.replay(&known)?;
                    return Ok(());
                }
                let answer = Remembered {
                    fingerprint: idempotency.fingerprint,
                    // What was reported makes nothing.
                    target: KeyId::from_uuid(Uuid::nil()),
                };
                tx.remember(organisation, &actor, &idempotency.token, &answer)
                    .await?;
            }
            let keys: Vec<KeyId> = reports.iter().map(|one| one.key).collect();
            let known = tx.known_keys(organisation, &keys).await?;
            let unknown = keys.iter().enumerate().filter(|(_, key)| !known.contains(*key));
            let faults: Vec<FieldError> = unknown
                .map(|(n, _)| FieldError::new(format!("reports[{n}].key_id"), "there is no such key"))
                .collect();
            if !faults.is_empty() {
                return Err(AppError::Invalid(faults));
            }
            tx.add_reports(organisation, &reports).await?;
            Ok(())
        })
        .await?;
        Ok(count)
    }

    /// Tokens that nobody has, by prefix and caller, those that came most often first. They belong to no organisation, so that
    /// only operators are told.
    ///
    /// # Errors
    /// As [`AppError`] says.
    pub async fn unknown_tokens(
        &self,
        caller: &Caller,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Vec<Unknown>> {
        caller.require_operator()?;
        let (since, until) = self.stretch(since, until)?;
        Ok(self.store.unknown_tokens(since, until, CALLERS).await?)
    }
}
