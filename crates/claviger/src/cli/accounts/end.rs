//! `accounts deactivate` and `accounts delete`: whatever uses the account's keys stops working, so they ask first.

use clap::Args;
use serde_json::{Value, json};

use super::{answer, called, count};
use crate::cli::client::{Client, Query};
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::{Context, confirm, input};

/// A service account to stop.
#[derive(Debug, Args)]
#[command(after_help = "When it returns, no node lets any of its keys in; `accounts activate` undoes it.")]
pub(crate) struct Deactivate {
    /// The account's id, acct_…
    id: String,
    /// Show what would be stopped, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// A service account to delete.
#[derive(Debug, Args)]
#[command(
    after_help = "The policy's `accounts.deletion` says what is left: `deactivate` keeps the account and its revoked keys for history, \
    `erase` keeps the audit records alone."
)]
pub(crate) struct Delete {
    /// The account's id, acct_…
    id: String,
    /// Show what would be deleted, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn deactivate(context: &Context, args: Deactivate) -> Result<(), CliError> {
    let path = input::account_path(&args.id)?;
    let Some(client) = agreed(context, &path, "deactivate", args.dry_run).await? else {
        return Ok(());
    };
    answer(context, &client.post(&format!("{path}/deactivate"), None).await?)
}

pub(super) async fn delete(context: &Context, args: Delete) -> Result<(), CliError> {
    let path = input::account_path(&args.id)?;
    let Some(client) = agreed(context, &path, "delete", args.dry_run).await? else {
        return Ok(());
    };
    let answer = client.delete(&path).await?;
    let screen = &context.screen;
    if screen.json {
        return screen.json(&answer);
    }
    let erased = answer.get("erased") == Some(&Value::Bool(true));
    let done = if erased { "erased" } else { "deleted" };
    screen.line(&format!(
        "{done}  {}  with {} keys",
        args.id,
        count(&answer, "keys_ended")
    ))
}

/// A client when the person agreed; none when a dry run has shown what there was to show.
async fn agreed(
    context: &Context,
    path: &str,
    verb: &str,
    dry_run: bool,
) -> Result<Option<Client>, CliError> {
    if !dry_run {
        confirm::can_ask(context, &format!("to {verb} a service account"))?;
    }
    let client = connect(context)?;
    if !dry_run && context.global.yes {
        return Ok(Some(client));
    }
    let account = client.get(path, &Query::new()).await?;
    if !dry_run {
        let question = format!(
            "{verb} {}? Whatever uses one of its {} live keys stops working.",
            called(&account),
            count(&account, "live_keys")
        );
        confirm::ask(context, &question)?;
        return Ok(Some(client));
    }
    if context.screen.json {
        context
            .screen
            .json(&json!({"dry_run": true, "action": verb, "account": account}))?;
    } else {
        context
            .screen
            .line(&format!("would {verb} {}", called(&account)))?;
    }
    Ok(None)
}
