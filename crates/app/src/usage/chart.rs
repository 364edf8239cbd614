//! Charts of usage: of the organisation, an API, a service account or a key, in the steps of a time zone.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::access::Management;
use domain::clock::Timestamp;
use domain::decide::Code;
use domain::id::{AccountId, ApiId, KeyId};
use domain::latency::Histogram;
use domain::policy::Zone;
use domain::usage::{Step, Steps};
use store::reports::ReportedIn;
use store::usage::{Busy, Grain, MINUTES_KEPT, Span, Whose};

use super::Upstream;
use crate::error::{AppError, Result};
use crate::{App, Caller};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// The longest stretch of usage that is answered at once.
pub(crate) const LONGEST: Duration = Duration::from_secs(400 * 86_400);
/// How many keys and codes are named when not said.
const TOP: u32 = 10;
/// How many keys and codes are named at the most.
pub const MOST: u32 = 50;

/// What of usage is asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// From when.
    pub since: Option<Timestamp>,
    /// Until when; now when not said.
    pub until: Option<Timestamp>,
    /// What the chart goes by.
    pub step: Step,
    /// Where its days and months begin.
    pub zone: Zone,
    /// How many keys and codes are named.
    pub top: Option<u32>,
}

/// How often was answered what.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct UsageReport {
    /// The beginning of the first step.
    pub since: Timestamp,
    /// The end of the last.
    pub until: Timestamp,
    /// What the chart goes by.
    pub step: Step,
    /// Where its days and months begin.
    pub timezone: Zone,
    /// All answers.
    #[schema(example = 1)]
    pub total: i64,
    /// The share of them that let somebody through; none where there are no answers.
    #[schema(required, example = 1.0)]
    pub success_rate: Option<f64>,
    /// By code.
    #[schema(value_type = HashMap<String, i64>, example = json!({"VALID": 1}))]
    pub by_code: BTreeMap<&'static str, i64>,
    /// Every step, those without answers too.
    pub buckets: Vec<UsageBucket>,
    /// How long Claviger took to answer, as far as that was measured.
    #[schema(required)]
    pub latency: Option<Latency>,
    /// Verifications of the whole installation that were answered in these hours and could not be counted: the usage journal
    /// was full.
    #[schema(example = 0)]
    pub dropped: i64,
    /// What the upstream answered, as far as applications have reported it.
    #[schema(required)]
    pub upstream: Option<Upstream>,
    /// The codes of refusals, the most frequent first.
    pub errors: Vec<ErrorCount>,
    /// The keys that were used most, the most used first; left out of a key's own usage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<BusyKey>>,
}

/// How often something was refused with a code.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct ErrorCount {
    /// The code.
    #[schema(value_type = Code)]
    pub code: &'static str,
    /// How often.
    #[schema(example = 1)]
    pub count: i64,
}

/// A key that was used much.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct BusyKey {
    /// The key.
    pub id: KeyId,
    /// What it is called.
    #[schema(example = "Billing sync")]
    pub name: String,
    /// How often it was answered.
    #[schema(example = 1)]
    pub total: i64,
    /// How often of these it was refused.
    #[schema(example = 0)]
    pub refused: i64,
}

/// How long answers took, in microseconds. The percentiles are upper bounds of fixed buckets.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct Latency {
    /// How many answers were measured.
    #[schema(example = 1)]
    pub count: u64,
    /// On average.
    #[schema(example = 1.5)]
    pub mean_us: f64,
    /// Half of them took no longer.
    #[schema(example = 3)]
    pub p50_us: u32,
    /// 95 % of them took no longer.
    #[schema(example = 5)]
    pub p95_us: u32,
    /// 99 % of them took no longer.
    #[schema(example = 5)]
    pub p99_us: u32,
}

impl Latency {
    /// None where nothing was measured.
    pub(crate) fn of(all: &Histogram) -> Option<Self> {
        Some(Self {
            count: all.count(),
            mean_us: all.mean()?,
            p50_us: all.permille(500)?,
            p95_us: all.permille(950)?,
            p99_us: all.permille(990)?,
        })
    }
}

/// One step of a chart.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct UsageBucket {
    /// When it began.
    pub start: Timestamp,
    /// When the next begins.
    pub end: Timestamp,
    /// By code.
    #[schema(value_type = HashMap<String, i64>, example = json!({"VALID": 1}))]
    pub by_code: BTreeMap<&'static str, i64>,
    /// The share that let somebody through; left out where there are no answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1.0)]
    pub success_rate: Option<f64>,
    /// How long Claviger took; left out where nothing was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
}

fn rate(by_code: &BTreeMap<&'static str, i64>) -> Option<f64> {
    let total: i64 = by_code.values().sum();
    let good = by_code.get(Code::Valid.as_str()).copied().unwrap_or(0);
    (total > 0).then(|| good as f64 / total as f64)
}

/// Counts and latencies of each step, by whatever tells them apart.
struct Cells<K>(Vec<BTreeMap<K, (i64, Histogram)>>);

impl<K: Ord + Copy> Cells<K> {
    fn new(steps: &Steps) -> Self {
        Self(vec![BTreeMap::new(); steps.len()])
    }

    fn add(&mut self, step: Option<usize>, what: K, count: i64, latency: &Histogram) {
        if let Some(cell) = step.and_then(|step| self.0.get_mut(step)) {
            let (sum, all) = cell.entry(what).or_default();
            *sum += count;
            all.merge(latency);
        }
    }

    fn take(&mut self, step: Option<usize>, what: K, count: i64, latency: &Histogram) {
        if let Some((sum, all)) = step.and_then(|step| self.0.get_mut(step)?.get_mut(&what)) {
            *sum -= count;
            all.take(latency);
        }
    }

    /// What is left of a step, without what has all gone elsewhere.
    fn finish(self) -> impl Iterator<Item = BTreeMap<K, (i64, Histogram)>> {
        self.0.into_iter().map(|mut cell| {
            cell.retain(|_, (count, _)| *count > 0);
            cell
        })
    }
}

/// A row: when, what, how often, how long.
type Row<K> = (Timestamp, K, i64, Histogram);

/// Puts a chart together of rows of its own grain, or of whole days and the hours that lie in another step than their day.
fn cells<K: Ord + Copy>(steps: &Steps, by_day: bool, rows: Vec<Row<K>>, loose: Vec<Row<K>>) -> Cells<K> {
    let mut cells = Cells::new(steps);
    for (at, what, count, latency) in rows {
        let step = if by_day { steps.of_day(at) } else { steps.of(at) };
        cells.add(step, what, count, &latency);
    }
    for (hour, what, count, latency) in loose {
        let moved = steps.moved(hour);
        cells.take(moved.from, what, count, &latency);
        cells.add(moved.to, what, count, &latency);
    }
    cells
}

/// What is to be read for a chart: rows of a grain, and the loose hours beside days.
fn plan(steps: &Steps, by_day: bool, grain: Grain) -> (Grain, Span<'static>, Vec<Timestamp>) {
    if !by_day {
        let (since, until) = steps.ends();
        return (grain, Span::Within(since, until), Vec::new());
    }
    let (since, until) = steps.days();
    (Grain::Day, Span::Within(since, until), steps.loose_hours())
}

impl Asked {
    /// The steps that are asked for.
    fn steps(&self, now: Timestamp) -> Result<Steps> {
        let until = self.until.unwrap_or_else(|| now.plus(Duration::from_secs(1)));
        let usual = match self.step {
            Step::Minute => 3 * HOUR,
            Step::Hour | Step::Day => 30 * DAY,
            Step::Month => 365 * DAY,
        };
        let since = self.since.unwrap_or_else(|| until.minus(usual));
        if until <= since || until.since(since) > LONGEST {
            return Err(AppError::field(
                "since",
                "must lie before until, by at most 400 days",
            ));
        }
        if self.step == Step::Minute && until.since(since) > MINUTES_KEPT {
            return Err(AppError::field("step", "minutes of two days at the most"));
        }
        let steps = self.step.between(since, until, &self.zone);
        steps.ok_or_else(|| AppError::field("until", "lies beyond what can be written"))
    }
}

impl App {
    /// Usage of all keys of the organisation.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.usage.organisation_usage", skip_all)]
    pub async fn organisation_usage(&self, caller: &Caller, asked: &Asked) -> Result<UsageReport> {
        caller.require(Management::UsageRead)?;
        self.chart(caller, &Whose::Organisation, asked).await
    }

    /// Usage of the organisation's keys at one API.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.usage.api_usage", skip_all)]
    pub async fn api_usage(&self, caller: &Caller, id: ApiId, asked: &Asked) -> Result<UsageReport> {
        caller.require(Management::UsageRead)?;
        let offered = self.store.api(caller.organisation, id).await?;
        let offered = offered.ok_or(AppError::NotFound { what: "API" })?;
        self.chart(caller, &Whose::Api(offered.api.slug), asked).await
    }

    /// Usage of all keys of a service account.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.usage.account_usage", skip_all)]
    pub async fn account_usage(&self, caller: &Caller, id: AccountId, asked: &Asked) -> Result<UsageReport> {
        caller.require(Management::UsageRead)?;
        self.known_account(caller.organisation, id).await?;
        self.chart(caller, &Whose::Account(id), asked).await
    }

    /// Usage of a key.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.usage.key_usage", skip_all)]
    pub async fn key_usage(&self, caller: &Caller, id: KeyId, asked: &Asked) -> Result<UsageReport> {
        caller.require(Management::UsageRead)?;
        self.known(caller.organisation, id).await?;
        self.chart(caller, &Whose::Key(id), asked).await
    }

    async fn chart(&self, caller: &Caller, whose: &Whose, asked: &Asked) -> Result<UsageReport> {
        let (organisation, store) = (caller.organisation, &self.store);
        let top = asked.top.unwrap_or(TOP);
        if top > MOST {
            return Err(AppError::field("top", format!("at most {MOST}")));
        }
        let steps = asked.steps(self.clock.now())?;
        let (by_day, grain) = match asked.step {
            Step::Minute => (false, Grain::Minute),
            Step::Hour => (false, Grain::Hour),
            Step::Day | Step::Month => (true, Grain::Hour),
        };
        let (grain, span, hours) = plan(&steps, by_day, grain);
        let rows = store.answers(organisation, whose, grain, span).await?;
        let loose = match hours.as_slice() {
            [] => Vec::new(),
            hours => {
                let span = Span::At(hours);
                store.answers(organisation, whose, Grain::Hour, span).await?
            }
        };
        let cells = cells(&steps, by_day, rows, loose);
        let (since, until) = steps.ends();
        let (mut by_code, mut all) = (BTreeMap::<_, i64>::new(), Histogram::default());
        let mut buckets = Vec::with_capacity(steps.len());
        for ((start, end), cell) in steps.iter().zip(cells.finish()) {
            let (mut of_step, mut took) = (BTreeMap::new(), Histogram::default());
            for (code, (count, latency)) in cell {
                let code: Code = code;
                of_step.insert(code.as_str(), count);
                *by_code.entry(code.as_str()).or_default() += count;
                took.merge(&latency);
            }
            all.merge(&took);
            buckets.push(UsageBucket {
                start,
                end,
                success_rate: rate(&of_step),
                by_code: of_step,
                latency: Latency::of(&took),
            });
        }
        let keys = match whose {
            Whose::Key(_) => None,
            _ if top == 0 => Some(Vec::new()),
            _ => Some(store.busiest(organisation, whose, since, until, top).await?),
        };
        Ok(UsageReport {
            since,
            until,
            step: asked.step,
            timezone: asked.zone.clone(),
            total: by_code.values().sum(),
            success_rate: rate(&by_code),
            errors: errors(&by_code, top),
            by_code,
            buckets,
            latency: Latency::of(&all),
            dropped: store.losses(since.floor_to(HOUR), until).await?.dropped,
            upstream: self.upstream(caller, whose, since, until).await?,
            keys: keys.map(|keys| keys.into_iter().map(BusyKey::from).collect()),
        })
    }

    /// What the upstream has answered in the hours of a stretch of time.
    async fn upstream(
        &self,
        caller: &Caller,
        whose: &Whose,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Upstream>> {
        let hours = Step::Hour.between(since, until, &Zone::default());
        let Some(whole) = hours.map(|hours| Steps::one(&hours)) else {
            return Ok(None);
        };
        let (grain, span, hours) = plan(&whole, true, Grain::Hour);
        let (organisation, store) = (caller.organisation, &self.store);
        let rows = store.reported(organisation, whose, grain, span).await?;
        let loose = match hours.as_slice() {
            [] => Vec::new(),
            hours => {
                let span = Span::At(hours);
                store.reported(organisation, whose, Grain::Hour, span).await?
            }
        };
        let cells = cells(&whole, true, by_status(rows), by_status(loose));
        Ok(cells.finish().next().and_then(|cell| Upstream::of(&cell)))
    }
}

fn by_status(reported: Vec<ReportedIn>) -> Vec<Row<u16>> {
    let row = |(at, one): ReportedIn| (at, one.status, one.count, one.latency);
    reported.into_iter().map(row).collect()
}

fn errors(by_code: &BTreeMap<&'static str, i64>, top: u32) -> Vec<ErrorCount> {
    let refusals = by_code.iter().filter(|(code, _)| **code != Code::Valid.as_str());
    let mut errors: Vec<ErrorCount> = refusals
        .map(|(code, count)| ErrorCount { code, count: *count })
        .collect();
    errors.sort_by_key(|error| std::cmp::Reverse(error.count));
    errors.truncate(top as usize);
    errors
}

impl From<Busy> for BusyKey {
    fn from(busy: Busy) -> Self {
        Self {
            id: busy.key,
            name: busy.name,
            total: busy.total,
            refused: busy.refused,
        }
    }
}
