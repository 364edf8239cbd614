//! `claviger usage`, `keys usage` and `accounts usage`: a row a day, so that what is quiet and what fails is seen at once.

use clap::{Args, ValueEnum};
use domain::policy::Zone;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::Context;
use super::apis;
use super::client::Query;
use super::connect::connect;
use super::error::CliError;
use super::input::{self, When};
use super::keys::text;
use super::output::{Cell, Screen, Tone, bar, spark};

const EXAMPLES: &str = "\
Examples:
  claviger usage --since 90d
  claviger usage --api orders --step hour --since 24h
  claviger usage --account acct_0123… --step month --timezone Europe/Berlin --since 365d";

/// How long a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Minutes; they are kept for two days
    Minute,
    Hour,
    Day,
    Month,
}

impl Step {
    fn word(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// When, and how finely.
#[derive(Debug, Args)]
pub(crate) struct Stretch {
    /// From an instant, or for a span such as 30d until now
    #[arg(long, value_name = "WHEN")]
    since: Option<When>,
    /// Until an instant, or until a span ago
    #[arg(long, value_name = "WHEN")]
    until: Option<When>,
    /// How long a row is
    #[arg(long, value_enum, default_value = "day")]
    step: Step,
    /// Where days and months begin
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    timezone: Zone,
    /// How many keys are named that were used most
    #[arg(long, value_name = "COUNT", default_value = "5", value_parser = clap::value_parser!(u32).range(0..=50))]
    top: u32,
}

/// Whose usage, and when.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Usage {
    /// Of one key, key_…
    #[arg(long, value_name = "ID", group = "whose")]
    key_id: Option<String>,
    /// Of all keys of a service account, acct_…
    #[arg(long, value_name = "ID", group = "whose")]
    account: Option<String>,
    /// At one API, by its id or slug
    #[arg(long, value_name = "API", group = "whose")]
    api: Option<String>,
    #[command(flatten)]
    stretch: Stretch,
}

/// The usage of what has an id.
#[derive(Debug, Args)]
pub(crate) struct Of {
    /// Its id
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) stretch: Stretch,
}

pub(super) async fn run(context: &Context, args: Usage) -> Result<(), CliError> {
    let path = match (&args.key_id, &args.account, &args.api) {
        (Some(key), ..) => input::key_path(key)?,
        (_, Some(account), _) => input::account_path(account)?,
        (_, _, Some(api)) => apis::path_of(&connect(context)?, api).await?,
        _ => "/v1".to_owned(),
    };
    report(context, &path, &args.stretch).await
}

/// Shows the usage of what stands at a path.
pub(crate) async fn report(context: &Context, path: &str, stretch: &Stretch) -> Result<(), CliError> {
    let screen = &context.screen;
    let instants = [("since", stretch.since), ("until", stretch.until)];
    let mut query: Query = instants
        .into_iter()
        .filter_map(|(name, when)| Some((name, when?.before(screen.now()).to_string())))
        .collect();
    query.push(("step", stretch.step.word().to_owned()));
    query.push(("timezone", stretch.timezone.to_string()));
    query.push(("top", stretch.top.to_string()));
    let answer = connect(context)?.get(&format!("{path}/usage"), &query).await?;
    if screen.json {
        return screen.json(&answer);
    }
    let rows = rows(&answer, stretch.step);
    table(screen, stretch, &rows)?;
    if screen.is_terminal() {
        lines(screen, &rows)?;
        busiest(screen, &answer)?;
    }
    about(screen, &answer);
    Ok(())
}

/// What happened in a step.
#[derive(Debug, Default, PartialEq, Eq)]
struct Row {
    start: String,
    admitted: u64,
    refused: u64,
    p95_us: Option<u64>,
}

fn rows(answer: &Value, step: Step) -> Vec<Row> {
    let zone = TimeZone::get(text(answer, "/timezone")).unwrap_or(TimeZone::UTC);
    let format = match step {
        Step::Minute | Step::Hour => "%Y-%m-%d %H:%M",
        Step::Day => "%Y-%m-%d",
        Step::Month => "%Y-%m",
    };
    let buckets = answer.get("buckets").and_then(Value::as_array);
    let row = |bucket: &Value| {
        let start = text(bucket, "/start");
        let local = start.parse::<jiff::Timestamp>();
        let local = local.map(|at| at.to_zoned(zone.clone()).strftime(format).to_string());
        let mut row = Row {
            start: local.unwrap_or_else(|_| start.to_owned()),
            p95_us: bucket.pointer("/latency/p95_us").and_then(Value::as_u64),
            ..Row::default()
        };
        let by_code = bucket.get("by_code").and_then(Value::as_object);
        for (code, count) in by_code.into_iter().flatten() {
            let side = if code == "VALID" {
                &mut row.admitted
            } else {
                &mut row.refused
            };
            *side = side.saturating_add(count.as_u64().unwrap_or(0));
        }
        row
    };
    buckets.into_iter().flatten().map(row).collect()
}

fn share(part: u64, whole: u64) -> String {
    match whole {
        0 => "-".to_owned(),
        _ => format!("{:.1} %", part as f64 * 100.0 / whole as f64),
    }
}

/// Rows without answers are left out, but for days and months, of which there are few.
fn table(screen: &Screen, stretch: &Stretch, rows: &[Row]) -> Result<(), CliError> {
    let few = matches!(stretch.step, Step::Day | Step::Month);
    let greatest = rows.iter().map(|row| row.admitted + row.refused).max();
    let cells = |row: &Row| {
        let total = row.admitted + row.refused;
        let tone = if row.refused > 0 { Tone::Bad } else { Tone::Plain };
        let mut cells = vec![
            Cell::from(&row.start),
            row.admitted.to_string().into(),
            Cell::toned(&row.refused.to_string(), tone),
            share(row.admitted, total).into(),
            row.p95_us
                .map_or_else(|| "-".to_owned(), |us| us.to_string())
                .into(),
        ];
        if screen.draws() {
            cells.push(Cell::toned(&bar(total, greatest.unwrap_or(0), 24), Tone::Good));
        }
        cells
    };
    let shown = rows.iter().filter(|row| few || row.admitted + row.refused > 0);
    let shown: Vec<Vec<Cell>> = shown.map(cells).collect();
    let start = format!("{} ({})", stretch.step.word().to_uppercase(), stretch.timezone);
    let headings = [
        &*start,
        "ADMITTED",
        "REFUSED",
        "SUCCESS",
        "P95 (us)",
        "OF THE BUSIEST",
    ];
    let columns = if screen.draws() { 6 } else { 5 };
    screen.table(&headings[..columns], 0, &shown)
}

/// The whole stretch in two lines.
fn lines(screen: &Screen, rows: &[Row]) -> Result<(), CliError> {
    let line = |of: fn(&Row) -> u64, tone| {
        let values: Vec<u64> = rows.iter().map(of).collect();
        let total: u64 = values.iter().sum();
        let drawn = if screen.draws() {
            spark(&values, 60) + " "
        } else {
            String::new()
        };
        Cell::toned(&format!("{drawn}{total}"), tone)
    };
    screen.facts(&[
        ("admitted", line(|row| row.admitted, Tone::Good)),
        ("refused", line(|row| row.refused, Tone::Bad)),
    ])
}

fn busiest(screen: &Screen, answer: &Value) -> Result<(), CliError> {
    let count = |key: &Value, field| key.get(field).and_then(Value::as_u64).unwrap_or(0).to_string();
    let keys = answer.get("keys").and_then(Value::as_array);
    let rows: Vec<Vec<Cell>> = keys
        .into_iter()
        .flatten()
        .map(|key| {
            vec![
                Cell::from(text(key, "/name")),
                count(key, "total").into(),
                count(key, "refused").into(),
                text(key, "/id").into(),
            ]
        })
        .collect();
    screen.table(&["USED MOST", "VERIFICATIONS", "REFUSED", "ID"], 3, &rows)
}

fn about(screen: &Screen, answer: &Value) {
    let number = |field| answer.get(field).and_then(Value::as_u64).unwrap_or(0);
    let by_code = answer.get("by_code").and_then(Value::as_object);
    let codes: Vec<String> = by_code
        .into_iter()
        .flatten()
        .map(|(code, count)| format!("{code} {count}"))
        .collect();
    let codes = if codes.is_empty() {
        "none".to_owned()
    } else {
        codes.join(", ")
    };
    screen.note(&format!("{} verifications: {codes}", number("total")));
    if number("dropped") > 0 {
        screen.note(&format!(
            "{} more of the whole installation could not be counted: the usage journal was full",
            number("dropped")
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_named_by_the_days_of_the_zone_and_refusals_are_told_apart() {
        let answer = serde_json::json!({"timezone": "Europe/Berlin", "buckets": [
            {"start": "2026-03-28T23:00:00Z", "by_code": {"VALID": 3, "EXPIRED": 1, "REVOKED": 1}, "latency": {"p95_us": 5}},
            {"start": "2026-03-29T22:00:00Z", "by_code": {}},
        ]});
        let rows = rows(&answer, Step::Day);
        let first = Row {
            start: "2026-03-29".to_owned(),
            admitted: 3,
            refused: 2,
            p95_us: Some(5),
        };
        assert_eq!(rows[0], first);
        assert_eq!((rows[1].start.as_str(), rows[1].admitted), ("2026-03-30", 0));
        assert_eq!(share(3, 5), "60.0 %");
        assert_eq!(share(0, 0), "-");
    }
}
