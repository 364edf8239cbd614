//! `users invite`, `edit`, `disable`, `enable`, `hand-over`, `delete` and `recover`.

use clap::Args;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::list::One;
use super::{facts, id_of, path_of};
use crate::cli::client::Query;
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::keys::text;
use crate::cli::{Context, confirm};

/// Somebody new.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  claviger users invite ann@example.com --name \"Ann Baker\" --role administrator\n  \
    claviger users invite ann@example.com --again   (another link for somebody who has not come yet)"
)]
pub(crate) struct Invite {
    /// Their address
    email: String,
    /// What they are called; they can change it
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// A role, by name or id; may be repeated
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// Let them act in every organisation, and make new ones
    #[arg(long)]
    operator: bool,
    /// Make another link for somebody who was invited before
    #[arg(long, conflicts_with_all = ["name", "roles", "operator"])]
    again: bool,
}

/// Changes to a person.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  claviger users edit ann@example.com --role auditor --role viewer   (these and no others)"
)]
pub(crate) struct Edit {
    /// Their id, usr_…, or address
    who: String,
    /// A new name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// A new address
    #[arg(long, value_name = "EMAIL")]
    email: Option<String>,
    /// A role, by name or id; may be repeated; these and no others
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// Take all roles away
    #[arg(long, conflicts_with = "roles")]
    no_roles: bool,
    /// Let them act in every organisation, or no longer
    #[arg(long, value_name = "BOOL")]
    operator: Option<bool>,
}

/// Somebody to disable or delete.
#[derive(Debug, Args)]
pub(crate) struct Switch {
    /// Their id, usr_…, or address
    who: String,
}

/// From whom to whom.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claviger users hand-over ann@example.com --to bob@example.com")]
pub(crate) struct HandOver {
    /// Whose keys and service accounts: an id, usr_…, or an address
    who: String,
    /// Whose they are to be: an id, usr_…, or an address
    #[arg(long, value_name = "WHO")]
    to: String,
}

/// Prints a person and, alone on standard output, the link that was made for them.
pub(crate) fn show_link(context: &Context, mut answer: Value, field: &str) -> Result<(), CliError> {
    let screen = &context.screen;
    if screen.json {
        return screen.secret_json(&answer);
    }
    screen.facts_aside(&facts(screen, &answer));
    let taken = answer.as_object_mut().and_then(|map| map.remove(field));
    let Some(Value::String(link)) = taken else {
        screen.note("the link went by mail");
        return screen.line(text(&answer, "/id"));
    };
    let link = Zeroizing::new(link);
    if text(&answer, "/mail") == "failed" {
        screen.note("the mail could not be sent; the server's log says why");
    }
    screen.note("Whoever has this link gets in, once. Hand it over safely:");
    screen.secret(&link)
}

pub(super) async fn invite(context: &Context, args: Invite) -> Result<(), CliError> {
    let client = connect(context)?;
    if args.again {
        let path = path_of(&client, &args.email).await?;
        let answer = client.post(&format!("{path}/invite"), None).await?;
        return show_link(context, answer, "invitation_url");
    }
    let mut body = json!({"email": args.email, "roles": args.roles});
    if let Some(name) = args.name {
        body["name"] = name.into();
    }
    if args.operator {
        body["operator"] = true.into();
    }
    let answer = client.post("/v1/users", Some(&body)).await?;
    show_link(context, answer, "invitation_url")
}

pub(super) async fn edit(context: &Context, args: Edit) -> Result<(), CliError> {
    let mut body = Map::new();
    let texts = [("name", args.name), ("email", args.email)];
    for (field, value) in texts
        .into_iter()
        .filter_map(|(field, value)| Some((field, value?)))
    {
        body.insert(field.to_owned(), value.into());
    }
    if !args.roles.is_empty() || args.no_roles {
        body.insert("roles".to_owned(), json!(args.roles));
    }
    if let Some(operator) = args.operator {
        body.insert("operator".to_owned(), operator.into());
    }
    if body.is_empty() {
        return Err(CliError::Usage(
            "name something to change (see --help)".to_owned(),
        ));
    }
    let client = connect(context)?;
    let path = path_of(&client, &args.who).await?;
    let before = client.get(&path, &Query::new()).await?;
    let version = before.get("version").and_then(Value::as_u64);
    shown(context, &client.patch(&path, &body.into(), version).await?)
}

fn shown(context: &Context, user: &Value) -> Result<(), CliError> {
    if context.screen.json {
        return context.screen.json(user);
    }
    context.screen.facts(&facts(&context.screen, user))
}

fn line(context: &Context, done: &str, user: &Value) -> Result<(), CliError> {
    if context.screen.json {
        return context.screen.json(user);
    }
    let (id, name) = (text(user, "/id"), text(user, "/name"));
    context.screen.line(&format!("{done}  {id}  {name}"))
}

pub(super) async fn disable(context: &Context, args: Switch) -> Result<(), CliError> {
    let client = connect(context)?;
    let path = path_of(&client, &args.who).await?;
    let user = client.post(&format!("{path}/disable"), None).await?;
    line(context, "disabled", &user)
}

pub(super) async fn enable(context: &Context, args: One) -> Result<(), CliError> {
    let client = connect(context)?;
    let path = path_of(&client, &args.who).await?;
    let user = client.post(&format!("{path}/enable"), None).await?;
    line(context, "enabled", &user)
}

pub(super) async fn hand_over(context: &Context, args: HandOver) -> Result<(), CliError> {
    let client = connect(context)?;
    let path = path_of(&client, &args.who).await?;
    let to = id_of(&client, &args.to).await?;
    let body = json!({ "to": to });
    let done = client.post(&format!("{path}/hand-over"), Some(&body)).await?;
    if context.screen.json {
        return context.screen.json(&done);
    }
    let count = |field: &str| done.get(field).and_then(Value::as_u64).unwrap_or(0);
    context.screen.line(&format!(
        "handed over  {} keys  {} service accounts",
        count("keys"),
        count("service_accounts")
    ))
}

pub(super) async fn delete(context: &Context, args: Switch) -> Result<(), CliError> {
    confirm::can_ask(context, "removing somebody")?;
    let client = connect(context)?;
    let path = path_of(&client, &args.who).await?;
    let user = client.get(&path, &Query::new()).await?;
    let who = format!("{} ({})", text(&user, "/name"), text(&user, "/email"));
    confirm::ask(
        context,
        &format!("Remove {who}? The audit log alone remembers them."),
    )?;
    client.delete(&path).await?;
    line(context, "removed", &user)
}

pub(super) async fn recover(context: &Context, args: One) -> Result<(), CliError> {
    let client = connect(context)?;
    let path = path_of(&client, &args.who).await?;
    let answer = client.post(&format!("{path}/recover"), None).await?;
    show_link(context, answer, "recovery_url")
}
