//! `claviger policy history` and `restore`.

use clap::Args;
use serde_json::{Value, json};

use super::{change, show, shown};
use crate::cli::Context;
use crate::cli::client::{Client, Query};
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::keys::{about_the_rest, pages, text};
use crate::cli::output::Cell;

/// Which versions.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  claviger policy history\n  claviger policy history 3 --json")]
pub(crate) struct History {
    /// One version, whole
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    version: Option<u32>,
    /// All versions, not just the newest
    #[arg(long)]
    all: bool,
}

/// The version to go back to.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claviger policy restore 3 --dry-run")]
pub(crate) struct Restore {
    /// The version (see `claviger policy history`)
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    version: u32,
    /// Show what would change and what it would touch, and change nothing
    #[arg(long)]
    dry_run: bool,
}

async fn past(client: &Client, version: u32) -> Result<Value, CliError> {
    let path = format!("/v1/policy/history/{version}");
    Ok(client.get(&path, &Query::new()).await?)
}

pub(super) async fn run(context: &Context, args: History) -> Result<(), CliError> {
    let client = connect(context)?;
    let screen = &context.screen;
    if let Some(version) = args.version {
        let past = past(&client, version).await?;
        if screen.json {
            return screen.json(&past);
        }
        screen.note(&format!(
            "version {version}, {} by {}",
            screen.time(past.get("at")),
            text(&past, "/by/name")
        ));
        return show(context, &change::policy(&past));
    }
    let (items, next) = pages(&client, "/v1/policy/history", Query::new(), args.all).await?;
    if screen.json {
        return screen.json(&json!({"items": items, "next_cursor": next}));
    }
    let row = |version: &Value| -> Vec<Cell> {
        let changes = version["changes"].as_object().into_iter().flatten();
        let changes: Vec<String> = changes
            .map(|(path, change)| format!("{path}={}", shown(&change["after"])))
            .collect();
        let preset = match (version["applied"] == true, text(version, "/preset")) {
            (_, "") => String::new(),
            (true, name) => name.to_owned(),
            (false, name) => format!("{name}, edited"),
        };
        vec![
            shown(&version["version"]).into(),
            screen.time(version.get("at")).into(),
            text(version, "/by/name").into(),
            preset.into(),
            changes.join(" ").into(),
        ]
    };
    let rows: Vec<Vec<Cell>> = items.iter().map(row).collect();
    screen.table(&["VERSION", "WHEN", "BY", "PRESET", "CHANGES"], 0, &rows)?;
    about_the_rest(context, items.len(), next.as_deref(), "versions");
    Ok(())
}

pub(super) async fn restore(context: &Context, args: Restore) -> Result<(), CliError> {
    let client = connect(context)?;
    let policy = change::policy(&past(&client, args.version).await?);
    let send = async |query: &str| client.patch(&format!("/v1/policy{query}"), &policy, None).await;
    match change::send(context, args.dry_run, send).await? {
        Some(policy) => show(context, &policy),
        None => Ok(()),
    }
}
