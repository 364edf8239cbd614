//! `claviger attention`: what needs somebody, the most pressing first.

use serde_json::Value;

use super::Context;
use super::client::Query;
use super::connect::connect;
use super::error::CliError;
use super::keys::text;
use super::output::{Cell, Tone};

/// What is the matter with such keys, in a few words.
fn meaning(finding: &str) -> &str {
    match finding {
        "expiring_soon" => "end soon",
        "unusual" => "used in a way that is unlike them: claviger keys anomalies KEY",
        "failing" => "refused more often than accepted since yesterday",
        "orphaned" => "nobody active stands behind them",
        "idle" => "not used for long",
        "never_used" => "made a week ago or more, and never used",
        "unrotated" => "the secret is old",
        "no_expiry" => "nothing ends them",
        "unlimited" => "no rate limit and no quota",
        other => other,
    }
}

pub(super) async fn run(context: &Context) -> Result<(), CliError> {
    let answer = connect(context)?.get("/v1/attention", &Query::new()).await?;
    let screen = &context.screen;
    if screen.json {
        return screen.json(&answer);
    }
    let items = answer.get("items").and_then(Value::as_array);
    let rows: Vec<Vec<Cell>> = items.into_iter().flatten().map(row).collect();
    if rows.is_empty() {
        screen.note("nothing needs attention");
        return Ok(());
    }
    screen.table(&["FINDING", "KEYS", "WHAT", "AMONG THEM"], 0, &rows)?;
    screen.note("list them with: claviger keys list --finding NAME");
    Ok(())
}

fn row(item: &Value) -> Vec<Cell> {
    let finding = text(item, "/finding");
    let count = item.get("count").and_then(Value::as_i64).unwrap_or(0);
    let more = item.get("more").and_then(Value::as_bool) == Some(true);
    let keys = item.get("keys").and_then(Value::as_array);
    let names: Vec<&str> = keys
        .into_iter()
        .flatten()
        .take(2)
        .map(|key| text(key, "/name"))
        .collect();
    vec![
        Cell::toned(finding, Tone::of_status(finding)),
        format!("{count}{}", if more { "+" } else { "" }).into(),
        meaning(finding).into(),
        names.join(", ").into(),
    ]
}
