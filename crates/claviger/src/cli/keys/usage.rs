//! `keys usage`: one bar a day, so that a quiet key and a failing one are seen at once.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::Value;

use crate::cli::Context;
use crate::cli::client::Query;
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::input::{self, When};
use crate::cli::output::{Cell, Tone, bar};

/// Of which key, and when.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claviger keys usage key_0123… --since 30d")]
pub(crate) struct Usage {
    /// The key's id, key_…
    id: String,
    /// From an instant, or for a span such as 30d until now
    #[arg(long, value_name = "WHEN")]
    since: Option<When>,
    /// Until an instant, or until a span ago
    #[arg(long, value_name = "WHEN")]
    until: Option<When>,
}

/// What happened on a day (UTC).
#[derive(Default)]
struct Day {
    admitted: u64,
    refused: u64,
}

pub(super) async fn run(context: &Context, args: Usage) -> Result<(), CliError> {
    report(context, &input::key_path(&args.id)?, args.since, args.until).await
}

/// Shows the usage of what stands at a path.
pub(crate) async fn report(
    context: &Context,
    path: &str,
    since: Option<When>,
    until: Option<When>,
) -> Result<(), CliError> {
    let screen = &context.screen;
    let instants = [("since", since), ("until", until)];
    let query: Query = instants
        .into_iter()
        .filter_map(|(name, when)| Some((name, when?.before(screen.now()).to_string())))
        .collect();
    let answer = connect(context)?.get(&format!("{path}/usage"), &query).await?;
    if screen.json {
        return screen.json(&answer);
    }
    let days = by_day(&answer);
    let greatest = days
        .values()
        .map(|day| day.admitted + day.refused)
        .max()
        .unwrap_or(0);
    let rows: Vec<Vec<Cell>> = days
        .iter()
        .map(|(date, day)| row(screen.is_terminal(), date, day, greatest))
        .collect();
    let headings = ["DAY (UTC)", "ADMITTED", "REFUSED", "OF THE BUSIEST DAY"];
    let columns = if screen.is_terminal() { 4 } else { 3 };
    screen.table(&headings[..columns], 0, &rows)?;
    let by_code = answer.get("by_code").and_then(Value::as_object);
    let total = answer.get("total").and_then(Value::as_u64).unwrap_or(0);
    let codes: Vec<String> = by_code
        .into_iter()
        .flatten()
        .map(|(code, count)| format!("{code} {count}"))
        .collect();
    screen.note(&format!(
        "{total} verifications: {}",
        if codes.is_empty() {
            "none".to_owned()
        } else {
            codes.join(", ")
        }
    ));
    Ok(())
}

fn row(terminal: bool, date: &str, day: &Day, greatest: u64) -> Vec<Cell> {
    let tone = if day.refused > 0 { Tone::Bad } else { Tone::Plain };
    let mut row = vec![
        Cell::from(date),
        day.admitted.to_string().into(),
        Cell::toned(&day.refused.to_string(), tone),
    ];
    if terminal {
        row.push(Cell::toned(
            &bar(day.admitted + day.refused, greatest, 24),
            Tone::Good,
        ));
    }
    row
}

fn by_day(answer: &Value) -> BTreeMap<String, Day> {
    let mut days: BTreeMap<String, Day> = BTreeMap::new();
    for bucket in answer
        .get("buckets")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let date: String = super::text(bucket, "/start").chars().take(10).collect();
        let day = days.entry(date).or_default();
        for (code, count) in bucket
            .get("by_code")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let side = if code == "VALID" {
                &mut day.admitted
            } else {
                &mut day.refused
            };
            *side = side.saturating_add(count.as_u64().unwrap_or(0));
        }
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_of_one_day_are_added_and_refusals_told_apart() {
        let answer = serde_json::json!({"buckets": [
            {"start": "2026-01-10T01:00:00Z", "by_code": {"VALID": 3, "EXPIRED": 1}},
            {"start": "2026-01-10T02:00:00Z", "by_code": {"VALID": 4}},
            {"start": "2026-01-11T00:00:00Z", "by_code": {"NETWORK_DENIED": 2}},
        ]});
        let days = by_day(&answer);
        assert_eq!((days["2026-01-10"].admitted, days["2026-01-10"].refused), (7, 1));
        assert_eq!((days["2026-01-11"].admitted, days["2026-01-11"].refused), (0, 2));
    }
}
