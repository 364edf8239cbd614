//! `accounts show`, `keys`, `usage` and `events`: all about one service account.

use clap::Args;
use serde_json::json;

use super::answer;
use crate::cli::client::Query;
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::keys::{about_the_rest, pages, show_page};
use crate::cli::usage::{Of, report};
use crate::cli::{Context, audit, input};

/// One service account.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// The account's id, acct_…
    pub(super) id: String,
}

/// A list that belongs to one service account.
#[derive(Debug, Args)]
pub(crate) struct Page {
    /// The account's id, acct_…
    id: String,
    /// All pages, not the first alone
    #[arg(long)]
    all: bool,
}

pub(super) async fn show(context: &Context, args: One) -> Result<(), CliError> {
    let path = input::account_path(&args.id)?;
    answer(context, &connect(context)?.get(&path, &Query::new()).await?)
}

pub(super) async fn keys(context: &Context, args: Page) -> Result<(), CliError> {
    let path = input::account_path(&args.id)?;
    let client = connect(context)?;
    let (items, next) = pages(&client, &format!("{path}/keys"), Query::new(), args.all).await?;
    if context.screen.json {
        return context.screen.json(&json!({"items": items, "next_cursor": next}));
    }
    show_page(context, &items)?;
    about_the_rest(context, items.len(), next.as_deref(), "keys");
    Ok(())
}

pub(super) async fn usage(context: &Context, args: Of) -> Result<(), CliError> {
    let path = input::account_path(&args.id)?;
    report(context, &path, &args.stretch).await
}

pub(super) async fn events(context: &Context, args: Page) -> Result<(), CliError> {
    let path = input::account_path(&args.id)?;
    let client = connect(context)?;
    let (items, next) = pages(&client, &format!("{path}/events"), Query::new(), args.all).await?;
    if context.screen.json {
        return context.screen.json(&json!({"items": items, "next_cursor": next}));
    }
    audit::show_records(context, &items)?;
    about_the_rest(context, items.len(), next.as_deref(), "events");
    Ok(())
}
