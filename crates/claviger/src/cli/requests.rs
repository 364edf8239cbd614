//! `keys requests` and `accounts requests`: what was lately asked.

use clap::Args;
use serde_json::{Value, json};

use super::Context;
use super::client::Query;
use super::connect::connect;
use super::error::CliError;
use super::keys::{about_the_rest, pages, text};
use super::output::{Cell, Tone};

/// Whose requests, and how many.
#[derive(Debug, Args)]
pub(crate) struct Requests {
    /// The id
    id: String,
    /// All that are kept, not just the newest
    #[arg(long)]
    all: bool,
}

/// Shows what was lately asked of whatever is at the address that `path_of` makes of the id.
pub(crate) async fn run(
    context: &Context,
    args: Requests,
    path_of: fn(&str) -> Result<String, CliError>,
) -> Result<(), CliError> {
    let path = path_of(&args.id)?;
    let client = connect(context)?;
    let (items, next) = pages(&client, &format!("{path}/requests"), Query::new(), args.all).await?;
    if context.screen.json {
        return context.screen.json(&json!({"items": items, "next_cursor": next}));
    }
    let row = |request: &Value| -> Vec<Cell> {
        let code = text(request, "/code");
        let tone = if code == "VALID" { Tone::Good } else { Tone::Bad };
        vec![
            context.screen.time(request.get("at")).into(),
            Cell::toned(code, tone),
            text(request, "/source").into(),
            text(request, "/ip").into(),
            text(request, "/key_id").into(),
        ]
    };
    let rows: Vec<Vec<Cell>> = items.iter().map(row).collect();
    context
        .screen
        .table(&["WHEN", "ANSWER", "BY", "FROM", "KEY"], 4, &rows)?;
    about_the_rest(context, items.len(), next.as_deref(), "requests");
    Ok(())
}
