//! `keys revoke` and `keys delete`: the ends that nothing undoes, so they ask first.

use clap::Args;
use serde_json::{Value, json};

use super::{called, text};
use crate::cli::client::{Client, Query};
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::output::Cell;
use crate::cli::{Context, confirm, input};

/// A key to end.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  claviger keys revoke key_0123… --reason \"laptop stolen\"\n  \
    claviger keys revoke key_0123… --yes\n\nWhen it returns, no node lets the key in any more."
)]
pub(crate) struct Revoke {
    /// The key's id, key_…
    id: String,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Show what would be revoked, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// A key to delete.
#[derive(Debug, Args)]
#[command(
    after_help = "The policy's `deletion` says what is left: `deactivate` keeps the key's history, `erase` keeps the audit record alone."
)]
pub(crate) struct Delete {
    /// The key's id, key_…
    id: String,
    /// Show what would be deleted, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn revoke(context: &Context, args: Revoke) -> Result<(), CliError> {
    let path = input::key_path(&args.id)?;
    let Some(client) = agreed(context, &path, "revoke", args.dry_run).await? else {
        return Ok(());
    };
    let body = args
        .reason
        .map_or_else(|| json!({}), |reason| json!({"reason": reason}));
    let answer = client.post(&format!("{path}/revoke"), Some(&body)).await?;
    report(context, &answer, "revoked")
}

pub(super) async fn delete(context: &Context, args: Delete) -> Result<(), CliError> {
    let path = input::key_path(&args.id)?;
    let Some(client) = agreed(context, &path, "delete", args.dry_run).await? else {
        return Ok(());
    };
    let answer = client.delete(&path).await?;
    let erased = answer.get("erased").and_then(Value::as_bool).unwrap_or(false);
    report(context, &answer, if erased { "erased" } else { "deleted" })
}

/// A client when the person agreed; none when a dry run has shown what there was to show.
async fn agreed(
    context: &Context,
    path: &str,
    verb: &str,
    dry_run: bool,
) -> Result<Option<Client>, CliError> {
    if !dry_run {
        confirm::can_ask(context, &format!("to {verb} a key"))?;
    }
    let client = connect(context)?;
    if !dry_run && context.global.yes {
        return Ok(Some(client));
    }
    let key = client.get(path, &Query::new()).await?;
    if !dry_run {
        let question = format!(
            "{verb} {}? Whatever uses it stops working, and nothing undoes this.",
            called(&key)
        );
        confirm::ask(context, &question)?;
        return Ok(Some(client));
    }
    if context.screen.json {
        context
            .screen
            .json(&json!({"dry_run": true, "action": verb, "key": key}))?;
    } else {
        context.screen.line(&format!("would {verb} {}", called(&key)))?;
    }
    Ok(None)
}

fn report(context: &Context, answer: &Value, done: &str) -> Result<(), CliError> {
    let screen = &context.screen;
    if screen.json {
        return screen.json(answer);
    }
    let key = answer.get("key").unwrap_or(answer);
    screen.line(&format!("{done}\t{}\t{}", text(key, "/id"), text(key, "/name")).replace('\t', "  "))?;
    if let Some(at) = answer.get("effective_at").and_then(Value::as_str) {
        screen.note(&format!("in effect on every node since {at}"));
    }
    let others = answer
        .get("others")
        .and_then(Value::as_array)
        .filter(|others| !others.is_empty());
    if let Some(others) = others {
        screen.note("the owner's other keys still work:");
        let facts: Vec<(&str, Cell)> = others
            .iter()
            .map(|other| (text(other, "/id"), Cell::from(text(other, "/name"))))
            .collect();
        // Ids from the server stand where names of facts do: only well-formed ones are shown.
        let facts: Vec<(&str, Cell)> = facts
            .into_iter()
            .filter(|(id, _)| input::key_path(id).is_ok())
            .collect();
        screen.facts_aside(&facts);
    }
    Ok(())
}
