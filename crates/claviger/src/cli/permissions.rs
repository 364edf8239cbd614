//! `claviger permissions`: what can be granted, who may do what, and why.

use clap::{Args, Subcommand};
use domain::id::{AccountId, KeyId, UserId};
use serde_json::{Value, json};

use super::Context;
use super::client::Query;
use super::connect::connect;
use super::error::CliError;
use super::keys::{about_the_rest, joined, named, pages, text};
use super::output::{Cell, Tone};

/// What can be asked of permissions.
#[derive(Debug, Subcommand)]
pub(crate) enum Permissions {
    /// List the permissions and permission levels that can be granted
    List,
    /// Say whether somebody may do something, and why or why not
    Explain(Explain),
    /// Show all that somebody may do, and where each of it comes from
    Effective(Effective),
    /// List who can do something: people, service accounts and keys
    WhoCan(WhoCan),
}

/// A question about one principal.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  claviger permissions explain key_0123… 'orders:view AND (orders:edit OR reports:view)'"
)]
pub(crate) struct Explain {
    /// The id of a key, a service account or a user
    principal: String,
    /// What is required, such as 'orders:view AND reports:view'
    requires: String,
}

/// One principal.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claviger permissions effective acct_0123…")]
pub(crate) struct Effective {
    /// The id of a key, a service account or a user
    principal: String,
}

/// Who can do what.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claviger permissions who-can orders:view --kind key")]
pub(crate) struct WhoCan {
    /// The permission, such as orders:view
    permission: String,
    /// Only these: user, service_account, key; may be repeated
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    kind: Vec<String>,
    /// All pages, not the first alone
    #[arg(long)]
    all: bool,
}

/// Does it.
pub(crate) async fn run(context: &Context, command: Permissions) -> Result<(), CliError> {
    match command {
        Permissions::List => list(context).await,
        Permissions::Explain(args) => explain(context, args).await,
        Permissions::Effective(args) => effective(context, args).await,
        Permissions::WhoCan(args) => who_can(context, args).await,
    }
}

/// What is not an id is not repeated: it may be a token given by mistake.
fn principal(id: String) -> Result<String, CliError> {
    let known =
        id.parse::<KeyId>().is_ok() || id.parse::<AccountId>().is_ok() || id.parse::<UserId>().is_ok();
    if known {
        return Ok(id);
    }
    Err(CliError::Usage(
        "expected the id of a key (key_…), a service account (acct_…) or a user (usr_…)".to_owned(),
    ))
}

fn all<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

async fn list(context: &Context) -> Result<(), CliError> {
    let catalogue = connect(context)?.get("/v1/permissions", &Query::new()).await?;
    if context.screen.json {
        return context.screen.json(&catalogue);
    }
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut push = |kind: &str, from: &str, name: &str, about: &str| {
        rows.push(vec![name.into(), kind.into(), from.into(), about.into()]);
    };
    for api in all(&catalogue, "apis") {
        for permission in all(api, "permissions") {
            let (name, about) = (text(permission, "/name"), text(permission, "/description"));
            push("permission", text(api, "/slug"), name, about);
        }
    }
    for level in all(&catalogue, "levels") {
        let from = match text(level, "/api/slug") {
            "" => "-",
            slug => slug,
        };
        push(
            "level",
            from,
            text(level, "/name"),
            &joined(level, "/permissions"),
        );
    }
    for permission in all(&catalogue, "claviger") {
        let (name, about) = (text(permission, "/name"), text(permission, "/description"));
        push("permission", "claviger", name, about);
    }
    context.screen.table(&["NAME", "KIND", "API", "ABOUT"], 0, &rows)
}

/// By which way something is granted, in words.
fn source(source: &Value) -> String {
    let pattern = text(source, "/pattern");
    match (text(source, "/via"), text(source, "/name")) {
        ("role", name) => format!("{pattern} by the role {name}"),
        ("owner", name) => format!("{pattern} by the owner's role {name}"),
        _ => format!("{pattern} by itself"),
    }
}

fn sources(value: &Value) -> String {
    let all: Vec<String> = all(value, "sources").map(source).collect();
    if all.is_empty() {
        "-".to_owned()
    } else {
        all.join("; ")
    }
}

async fn explain(context: &Context, args: Explain) -> Result<(), CliError> {
    let body = json!({"principal": principal(args.principal)?, "requires": args.requires});
    let told = connect(context)?
        .post("/v1/permissions/explain", Some(&body))
        .await?;
    let screen = &context.screen;
    if screen.json {
        return screen.json(&told);
    }
    let rows: Vec<Vec<Cell>> = all(&told, "permissions")
        .map(|finding| {
            let reason = text(finding, "/reason");
            let tone = if reason == "held" { Tone::Good } else { Tone::Bad };
            vec![
                text(finding, "/permission").into(),
                Cell::toned(&reason.replace('_', " "), tone),
                sources(finding).into(),
            ]
        })
        .collect();
    screen.table(&["PERMISSION", "FINDING", "GRANTED"], 0, &rows)?;
    let who = named(&told, "/principal");
    match text(&told, "/missing") {
        "" => screen.line(&format!("{who} may")),
        clause => screen.line(&format!("{who} may not: {clause} is missing")),
    }
}

async fn effective(context: &Context, args: Effective) -> Result<(), CliError> {
    let query = vec![("principal", principal(args.principal)?)];
    let held = connect(context)?.get("/v1/permissions/effective", &query).await?;
    let screen = &context.screen;
    if screen.json {
        return screen.json(&held);
    }
    let rows: Vec<Vec<Cell>> = all(&held, "permissions")
        .map(|one| vec![text(one, "/pattern").into(), sources(one).into()])
        .collect();
    screen.table(&["PERMISSION", "GRANTED"], 0, &rows)?;
    let unavailable = joined(&held, "/unavailable");
    if unavailable != "-" {
        screen.note(&format!(
            "not to be had, because their API is not enabled: {unavailable}"
        ));
    }
    if held.pointer("/principal/active").and_then(Value::as_bool) == Some(false) {
        screen.note("it may not act at the moment");
    }
    Ok(())
}

async fn who_can(context: &Context, args: WhoCan) -> Result<(), CliError> {
    let mut query = vec![("permission", args.permission)];
    if !args.kind.is_empty() {
        query.push(("kind", args.kind.join(",")));
    }
    let client = connect(context)?;
    let (items, next) = pages(&client, "/v1/permissions/holders", query, args.all).await?;
    if context.screen.json {
        return context.screen.json(&json!({"items": items, "next_cursor": next}));
    }
    let rows: Vec<Vec<Cell>> = items
        .iter()
        .map(|holder| {
            vec![
                text(holder, "/id").into(),
                text(holder, "/name").into(),
                text(holder, "/type").replace('_', " ").into(),
                named(holder, "/owner").into(),
                sources(holder).into(),
            ]
        })
        .collect();
    let headings = ["ID", "NAME", "KIND", "OWNER", "GRANTED"];
    context.screen.table(&headings, 0, &rows)?;
    match next {
        Some(_) => context
            .screen
            .note(&format!("{} shown; more with --all", items.len())),
        None => about_the_rest(context, items.len(), None, "holders"),
    }
    Ok(())
}
