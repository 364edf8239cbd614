//! `claviger webhooks`: programs that are told of what happens, by id.

use clap::{Args, Subcommand};
use domain::id::{MessageId, WebhookId};
use domain::span::Span;
use serde_json::{Map, Value, json};

use super::client::Query;
use super::connect::connect;
use super::error::CliError;
use super::keys::{about_the_rest, text};
use super::output::{Cell, Tone};
use super::{Context, confirm};

/// What can be done with webhooks.
#[derive(Debug, Subcommand)]
pub(crate) enum Webhooks {
    /// List webhooks
    List,
    /// Show one webhook
    Show(One),
    /// Make one; what its messages are signed with is printed, this once
    Create(Create),
    /// Change one, or switch it on or off
    Edit(Edit),
    /// Remove one with its messages
    Delete(One),
    /// Give it another signing secret, which is printed this once
    Rotate(Rotate),
    /// Send it a message to try it with
    Test(One),
    /// List its messages and what became of them
    Messages(Messages),
    /// Send one of its messages again
    Replay(Replay),
}

/// One webhook.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// The webhook's id, whk_…
    webhook: WebhookId,
}

/// A new webhook.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  claviger webhooks create Incidents https://hooks.example.com/claviger --event key.leaked --event key.revoked > signing.txt"
)]
pub(crate) struct Create {
    /// What people call it
    name: String,
    /// Where it is told
    url: String,
    /// An event such as key.revoked, all of a kind (key.*), or all (*); may be repeated
    #[arg(long = "event", value_name = "EVENT", required = true)]
    events: Vec<String>,
}

/// Changes to a webhook.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claviger webhooks edit whk_0123… --event 'key.*' --active true")]
pub(crate) struct Edit {
    /// The webhook's id, whk_…
    webhook: WebhookId,
    /// A new name
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Another address
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The events, whole: these and no others; may be repeated
    #[arg(long = "event", value_name = "EVENT")]
    events: Vec<String>,
    /// Whether it is told
    #[arg(long, value_name = "true|false")]
    active: Option<bool>,
    /// Change it only if it still has this version (see `webhooks show --json`)
    #[arg(long, value_name = "N")]
    if_version: Option<u64>,
}

/// Another secret.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claviger webhooks rotate whk_0123… --grace 24h > signing.txt")]
pub(crate) struct Rotate {
    /// The webhook's id, whk_…
    webhook: WebhookId,
    /// How long messages are signed with the old one, too; a day when not said
    #[arg(long, value_name = "SPAN")]
    grace: Option<Span>,
}

/// Which messages.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claviger webhooks messages whk_0123… --state failed")]
pub(crate) struct Messages {
    /// The webhook's id, whk_…
    webhook: WebhookId,
    /// Only those of which this became: waiting, delivered or failed
    #[arg(long, value_name = "STATE", value_parser = ["waiting", "delivered", "failed"])]
    state: Option<String>,
    /// Rows on the page
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// Where the page begins, as the page before says
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
}

/// A message to send again.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claviger webhooks replay whk_0123… msg_0123…")]
pub(crate) struct Replay {
    /// The webhook's id, whk_…
    webhook: WebhookId,
    /// The message's id, msg_…
    message: MessageId,
}

/// Does it.
pub(crate) async fn run(context: &Context, command: Webhooks) -> Result<(), CliError> {
    match command {
        Webhooks::List => list(context).await,
        Webhooks::Show(args) => {
            let path = path(args.webhook);
            show(context, &connect(context)?.get(&path, &Query::new()).await?)
        }
        Webhooks::Create(args) => {
            let body = json!({"name": args.name, "url": args.url, "events": args.events});
            let made = connect(context)?.post("/v1/webhooks", Some(&body)).await?;
            secret(context, &made)
        }
        Webhooks::Edit(args) => edit(context, args).await,
        Webhooks::Delete(args) => delete(context, &args).await,
        Webhooks::Rotate(args) => {
            let body = json!({"grace": args.grace});
            let path = format!("{}/rotate", path(args.webhook));
            secret(context, &connect(context)?.post(&path, Some(&body)).await?)
        }
        Webhooks::Test(args) => {
            let path = format!("{}/test", path(args.webhook));
            message(context, &connect(context)?.post(&path, None).await?)
        }
        Webhooks::Messages(args) => messages(context, args).await,
        Webhooks::Replay(args) => {
            let path = format!("{}/messages/{}/replay", path(args.webhook), args.message);
            message(context, &connect(context)?.post(&path, None).await?)
        }
    }
}

fn path(webhook: WebhookId) -> String {
    format!("/v1/webhooks/{webhook}")
}

async fn list(context: &Context) -> Result<(), CliError> {
    let answer = connect(context)?.get("/v1/webhooks", &Query::new()).await?;
    if context.screen.json {
        return context.screen.json(&answer);
    }
    let items = answer.get("items").and_then(Value::as_array);
    let rows: Vec<Vec<Cell>> = items
        .into_iter()
        .flatten()
        .map(|webhook| {
            vec![
                text(webhook, "/name").into(),
                state(webhook),
                events(webhook).into(),
                text(webhook, "/url").into(),
                text(webhook, "/id").into(),
            ]
        })
        .collect();
    if rows.is_empty() {
        context
            .screen
            .note("no webhooks; make one with: claviger webhooks create");
        return Ok(());
    }
    context
        .screen
        .table(&["NAME", "STATE", "EVENTS", "ADDRESS", "ID"], 4, &rows)
}

fn state(webhook: &Value) -> Cell {
    let is_active = webhook.get("active").and_then(Value::as_bool) == Some(true);
    match (
        is_active,
        text(webhook, "/failing_since"),
        text(webhook, "/stopped"),
    ) {
        (true, "", _) => Cell::toned("active", Tone::Good),
        (true, _, _) => Cell::toned("failing", Tone::Warn),
        (false, _, "") => Cell::toned("off", Tone::Dim),
        (false, _, _) => Cell::toned("stopped", Tone::Bad),
    }
}

fn events(webhook: &Value) -> String {
    let all = webhook.get("events").and_then(Value::as_array);
    let all: Vec<&str> = all.into_iter().flatten().filter_map(Value::as_str).collect();
    all.join(", ")
}

fn show(context: &Context, webhook: &Value) -> Result<(), CliError> {
    let screen = &context.screen;
    if screen.json {
        return screen.json(webhook);
    }
    let mut facts = vec![
        ("id", Cell::from(text(webhook, "/id"))),
        ("name", text(webhook, "/name").into()),
        ("address", text(webhook, "/url").into()),
        ("events", events(webhook).into()),
        ("state", state(webhook)),
        ("created", screen.time(webhook.get("created_at")).into()),
    ];
    if !text(webhook, "/stopped").is_empty() {
        facts.push(("why it is off", text(webhook, "/stopped").into()));
    }
    for (name, field) in [
        ("failing since", "failing_since"),
        ("both secrets until", "previous_until"),
    ] {
        if webhook.get(field).is_some_and(Value::is_string) {
            facts.push((name, screen.time(webhook.get(field)).into()));
        }
    }
    screen.facts(&facts)
}

/// The secret alone on standard output, and what it belongs to beside it.
fn secret(context: &Context, made: &Value) -> Result<(), CliError> {
    let screen = &context.screen;
    if screen.json {
        return screen.secret_json(made);
    }
    screen.note(&format!("{}  {}", text(made, "/id"), text(made, "/name")));
    screen.secret(text(made, "/secret"))
}

async fn edit(context: &Context, args: Edit) -> Result<(), CliError> {
    let mut body = Map::new();
    for (field, value) in [("name", args.name), ("url", args.url)] {
        if let Some(value) = value {
            body.insert(field.to_owned(), value.into());
        }
    }
    if !args.events.is_empty() {
        body.insert("events".to_owned(), args.events.into());
    }
    if let Some(active) = args.active {
        body.insert("active".to_owned(), active.into());
    }
    if body.is_empty() {
        return Err(CliError::Usage(
            "nothing to change: name a field (see --help)".to_owned(),
        ));
    }
    let client = connect(context)?;
    let path = path(args.webhook);
    show(
        context,
        &client.patch(&path, &body.into(), args.if_version).await?,
    )
}

async fn delete(context: &Context, args: &One) -> Result<(), CliError> {
    confirm::can_ask(context, "to remove a webhook")?;
    let client = connect(context)?;
    let path = path(args.webhook);
    let webhook = client.get(&path, &Query::new()).await?;
    confirm::ask(
        context,
        &format!(
            "remove the webhook {} with its messages?",
            text(&webhook, "/name")
        ),
    )?;
    client.delete(&path).await?;
    if context.screen.json {
        return context
            .screen
            .json(&json!({"deleted": true, "id": webhook.get("id")}));
    }
    let (id, name) = (text(&webhook, "/id"), text(&webhook, "/name"));
    context.screen.line(&format!("removed  {id}  {name}"))
}

fn outcome(message: &Value) -> String {
    let status = message.pointer("/last_attempt/status").and_then(Value::as_i64);
    let said = text(message, "/last_attempt/said");
    status.map_or_else(
        || said.to_owned(),
        |status| format!("{status} {said}").trim().to_owned(),
    )
}

fn message_state(message: &Value) -> Cell {
    let state = text(message, "/state");
    let tone = match state {
        "delivered" => Tone::Good,
        "failed" => Tone::Bad,
        _ => Tone::Dim,
    };
    Cell::toned(state, tone)
}

fn message(context: &Context, message: &Value) -> Result<(), CliError> {
    let screen = &context.screen;
    if screen.json {
        return screen.json(message);
    }
    screen.facts(&[
        ("id", Cell::from(text(message, "/id"))),
        ("event", text(message, "/event").into()),
        ("state", message_state(message)),
        ("last attempt", outcome(message).into()),
    ])
}

async fn messages(context: &Context, args: Messages) -> Result<(), CliError> {
    let mut query = Query::new();
    query.extend(args.state.map(|state| ("state", state)));
    query.extend(args.limit.map(|limit| ("limit", limit.to_string())));
    query.extend(args.cursor.map(|cursor| ("cursor", cursor)));
    let path = format!("{}/messages", path(args.webhook));
    let answer = connect(context)?.get(&path, &query).await?;
    let screen = &context.screen;
    if screen.json {
        return screen.json(&answer);
    }
    let items = answer.get("items").and_then(Value::as_array);
    let items: Vec<&Value> = items.into_iter().flatten().collect();
    let rows: Vec<Vec<Cell>> = items
        .iter()
        .map(|message| {
            let attempts = message.get("attempts").and_then(Value::as_i64).unwrap_or(0);
            vec![
                text(message, "/event").into(),
                message_state(message),
                attempts.to_string().into(),
                screen.time(message.get("created_at")).into(),
                outcome(message).into(),
                text(message, "/id").into(),
            ]
        })
        .collect();
    let headings = ["EVENT", "STATE", "ATTEMPTS", "CREATED", "LAST ATTEMPT", "ID"];
    screen.table(&headings, 5, &rows)?;
    let next = answer.get("next_cursor").and_then(Value::as_str);
    about_the_rest(context, items.len(), next, "messages");
    Ok(())
}
