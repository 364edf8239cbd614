//! `claviger nodes`: the servers of the installation.

use serde_json::Value;

use super::Context;
use super::client::Query;
use super::connect::connect;
use super::error::CliError;
use super::keys::text;
use super::output::Cell;

pub(super) async fn run(context: &Context) -> Result<(), CliError> {
    let answer = connect(context)?.get("/v1/nodes", &Query::new()).await?;
    let screen = &context.screen;
    if screen.json {
        return screen.json(&answer);
    }
    let row = |node: &Value| -> Vec<Cell> {
        let this = node.get("this").and_then(Value::as_bool) == Some(true);
        let number = |field: &str| node.get(field).and_then(Value::as_i64);
        vec![
            format!("{}{}", text(node, "/name"), if this { " (this one)" } else { "" }).into(),
            text(node, "/version").into(),
            screen.time(node.get("joined_at")).into(),
            screen.time(node.get("renewed_at")).into(),
            number("lease_ms")
                .map_or_else(|| "-".to_owned(), |lease| format!("{lease} ms"))
                .into(),
            number("stale_ms")
                .map_or_else(|| "-".to_owned(), |stale| format!("{} s", stale / 1_000))
                .into(),
            number("behind").unwrap_or(0).to_string().into(),
        ]
    };
    let items = answer.get("items").and_then(Value::as_array);
    let rows: Vec<Vec<Cell>> = items.into_iter().flatten().map(row).collect();
    screen.table(
        &[
            "NODE",
            "VERSION",
            "SINCE",
            "RENEWED",
            "LEASE",
            "GOES ON FOR",
            "BEHIND",
        ],
        0,
        &rows,
    )
}
