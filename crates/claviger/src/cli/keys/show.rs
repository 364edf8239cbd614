//! `keys show`, `keys events` and `keys reveal`: all about one key.

use clap::Args;
use serde_json::{Value, json};

use super::list::{about_the_rest, pages};
use super::{facts, joined, named, take_secret, text};
use crate::cli::client::Query;
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::output::{Cell, Tone};
use crate::cli::{Context, audit, input, limits};

/// One key.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claviger keys show key_01kg7hwasaf59agy3bdr3nvpm4")]
pub(crate) struct Show {
    /// The key's id, key_…
    id: String,
}

/// One key's secret.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  claviger keys reveal key_01kg7hwasaf59agy3bdr3nvpm4 | wl-copy\n\n\
    Works only where the policy has secret.storage=encrypted and secret.reveal=on_demand; it leaves an audit record."
)]
pub(crate) struct Reveal {
    /// The key's id, key_…
    id: String,
}

/// One key's history.
#[derive(Debug, Args)]
pub(crate) struct Events {
    /// The key's id, key_…
    id: String,
    /// All pages, not the first alone
    #[arg(long)]
    all: bool,
}

pub(super) async fn show(context: &Context, args: Show) -> Result<(), CliError> {
    let path = input::key_path(&args.id)?;
    let key = connect(context)?.get(&path, &Query::new()).await?;
    let screen = &context.screen;
    if screen.json {
        return screen.json(&key);
    }
    let mut facts = facts(screen, &key);
    let metadata = key
        .get("metadata")
        .filter(|value| value.as_object().is_some_and(|map| !map.is_empty()));
    let protected = key.get("protected").and_then(Value::as_bool).unwrap_or(false);
    facts.extend([
        ("may now", joined(&key, "/effective_permissions").into()),
        ("protected", Cell::from(if protected { "yes" } else { "no" })),
        ("rate limits", limits::rates(&key).into()),
        ("quota", limits::quota(&key).into()),
        ("tags", joined(&key, "/tags").into()),
        ("contacts", joined(&key, "/contacts").into()),
        (
            "metadata",
            metadata.map_or_else(|| "-".to_owned(), Value::to_string).into(),
        ),
        (
            "created",
            format!(
                "{} by {}",
                screen.time(key.get("created_at")),
                named(&key, "/created_by")
            )
            .into(),
        ),
        ("rotated", screen.time(key.get("rotated_at")).into()),
        (
            "last used",
            last_used(screen.time(key.get("last_used_at")), text(&key, "/last_used_ip")).into(),
        ),
    ]);
    let unavailable = joined(&key, "/unavailable/permissions");
    if unavailable != "-" {
        facts.push(("unavailable", Cell::toned(&unavailable, Tone::Warn)));
    }
    if let Some(revoked) = key.get("revoked").filter(|value| value.is_object()) {
        let when = format!("{} by {}", screen.time(revoked.get("at")), named(revoked, "/by"));
        facts.push(("revoked", Cell::toned(&when, Tone::Bad)));
        facts.push(("reason", text(revoked, "/reason").into()));
    }
    for secret in key.get("secrets").and_then(Value::as_array).into_iter().flatten() {
        let status = text(secret, "/status");
        let ends = match secret.get("ends_at") {
            None | Some(Value::Null) => String::new(),
            at => format!(", ends {}", screen.time(at)),
        };
        let line = format!(
            "{} {status}, made {}{ends}",
            text(secret, "/display"),
            screen.time(secret.get("created_at"))
        );
        facts.push(("secret", Cell::toned(&line, Tone::of_status(status))));
    }
    screen.facts(&facts)
}

fn last_used(when: String, from: &str) -> String {
    if from.is_empty() {
        when
    } else {
        format!("{when} from {from}")
    }
}

pub(super) async fn reveal(context: &Context, args: Reveal) -> Result<(), CliError> {
    let path = input::key_path(&args.id)?;
    let mut answer = connect(context)?.post(&format!("{path}/reveal"), None).await?;
    if context.screen.json {
        return context.screen.secret_json(&answer);
    }
    let secret = take_secret(&mut answer);
    context
        .screen
        .secret(secret.as_ref().map_or("", |secret| secret.as_str()))
}

pub(super) async fn events(context: &Context, args: Events) -> Result<(), CliError> {
    let path = input::key_path(&args.id)?;
    let client = connect(context)?;
    let (items, next) = pages(&client, &format!("{path}/events"), Query::new(), args.all).await?;
    if context.screen.json {
        return context.screen.json(&json!({"items": items, "next_cursor": next}));
    }
    audit::show_records(context, &items)?;
    about_the_rest(context, items.len(), next.as_deref(), "events");
    Ok(())
}
