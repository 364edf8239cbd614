//! `claviger roles`: named sets of permissions, by name or id.

mod change;

use clap::{Args, Subcommand};
use domain::id::RoleId;
use domain::page::MAX_LIMIT;
use serde_json::{Value, json};

use super::Context;
use super::client::{Client, Query};
use super::connect::connect;
use super::error::CliError;
use super::keys::{about_the_rest, joined, pages, text};
use super::output::{Cell, Tone};

/// What can be done with roles.
#[derive(Debug, Subcommand)]
pub(crate) enum Roles {
    /// List roles, the built-in ones too
    List(List),
    /// Show one role with how many hold it
    Show(One),
    /// Make a role; it can grant nothing that its maker does not hold
    Create(change::Create),
    /// Change a role; whoever holds it may do more or less at once
    Edit(change::Edit),
    /// Remove a role that nobody holds
    Delete(change::Delete),
}

const EXAMPLES: &str = "\
Examples:
  claviger roles list --levels
  claviger roles list --api orders --offered
  claviger roles list --search report --json";

/// Which roles.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct List {
    /// Permission levels alone
    #[arg(long)]
    levels: bool,
    /// Those of this API, by its slug or id
    #[arg(long, value_name = "API")]
    api: Option<String>,
    /// Only those that can be handed out now: without those of APIs that are not enabled
    #[arg(long)]
    offered: bool,
    #[command(flatten)]
    page: Paging,
}

/// Which page of a list.
#[derive(Debug, Args)]
pub(super) struct Paging {
    /// With these words in the name or the description
    #[arg(long, short = 's', value_name = "TEXT")]
    search: Option<String>,
    /// By name or created_at; with - in front, the greatest first (--sort=-name)
    #[arg(long, value_name = "FIELD", allow_hyphen_values = true)]
    sort: Option<String>,
    /// How many on a page, at most 500
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: Option<u32>,
    /// Go on where a page ended (the cursor that it named)
    #[arg(long, value_name = "CURSOR", conflicts_with = "all")]
    cursor: Option<String>,
    /// All pages, not the first alone
    #[arg(long)]
    all: bool,
}

impl Paging {
    /// Asks for the page, or all of them, with these filters.
    pub(super) async fn read(
        self,
        client: &Client,
        path: &str,
        mut query: Query,
    ) -> Result<(Vec<Value>, Option<String>), CliError> {
        let limit = self.limit.or_else(|| self.all.then_some(MAX_LIMIT));
        let given = [
            ("q", self.search),
            ("sort", self.sort),
            ("limit", limit.map(|limit| limit.to_string())),
            ("cursor", self.cursor),
        ];
        query.extend(given.into_iter().filter_map(|(name, value)| Some((name, value?))));
        pages(client, path, query, self.all).await
    }
}

/// One role.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claviger roles show Reports")]
pub(crate) struct One {
    /// The role's name or id, role_…
    role: String,
}

/// Does it.
pub(crate) async fn run(context: &Context, command: Roles) -> Result<(), CliError> {
    match command {
        Roles::List(args) => list(context, args).await,
        Roles::Show(args) => {
            let client = connect(context)?;
            let path = path_of(&client, &args.role).await?;
            show(context, &client.get(&path, &Query::new()).await?)
        }
        Roles::Create(args) => change::create(context, args).await,
        Roles::Edit(args) => change::edit(context, args).await,
        Roles::Delete(args) => change::delete(context, args).await,
    }
}

async fn list(context: &Context, args: List) -> Result<(), CliError> {
    let client = connect(context)?;
    let mut query = Query::new();
    if args.levels {
        query.push(("level", "true".to_owned()));
    }
    if args.offered {
        query.push(("offered", "true".to_owned()));
    }
    if let Some(api) = args.api {
        query.push(("api", api));
    }
    let (items, next) = args.page.read(&client, "/v1/roles", query).await?;
    if context.screen.json {
        return context.screen.json(&json!({"items": items, "next_cursor": next}));
    }
    let rows: Vec<Vec<Cell>> = items.iter().map(row).collect();
    let headings = ["ID", "NAME", "KIND", "API", "STATE", "HOLDERS", "PERMISSIONS"];
    context.screen.table(&headings, 0, &rows)?;
    about_the_rest(context, items.len(), next.as_deref(), "roles");
    Ok(())
}

fn row(role: &Value) -> Vec<Cell> {
    vec![
        text(role, "/id").into(),
        text(role, "/name").into(),
        kind(role).into(),
        api(role).into(),
        state(role),
        holders(role).to_string().into(),
        joined(role, "/permissions").into(),
    ]
}

fn kind(role: &Value) -> &'static str {
    let is = |field: &str| role.get(field).and_then(Value::as_bool).unwrap_or(false);
    match (is("builtin"), is("level")) {
        (true, _) => "built-in",
        (_, true) => "level",
        _ => "role",
    }
}

fn api(role: &Value) -> &str {
    match text(role, "/api/slug") {
        "" => "-",
        slug => slug,
    }
}

fn state(role: &Value) -> Cell {
    match role.get("available").and_then(Value::as_bool) {
        Some(false) => Cell::toned("unavailable", Tone::Dim),
        _ => Cell::toned("available", Tone::Good),
    }
}

fn holders(role: &Value) -> i64 {
    let counts = role.get("holders").and_then(Value::as_object);
    counts
        .into_iter()
        .flat_map(|counts| counts.values())
        .filter_map(Value::as_i64)
        .sum()
}

fn show(context: &Context, role: &Value) -> Result<(), CliError> {
    let screen = &context.screen;
    if screen.json {
        return screen.json(role);
    }
    let count = |pointer: &str| role.pointer(pointer).and_then(Value::as_i64).unwrap_or(0);
    let holders = format!(
        "{} users, {} service accounts, {} keys",
        count("/holders/users"),
        count("/holders/service_accounts"),
        count("/holders/keys")
    );
    let mut facts = vec![
        ("id", Cell::from(text(role, "/id"))),
        ("name", text(role, "/name").into()),
        ("kind", kind(role).into()),
        ("api", api(role).into()),
        ("state", state(role)),
        ("permissions", joined(role, "/permissions").into()),
        ("held by", holders.into()),
        ("created", screen.time(role.get("created_at")).into()),
    ];
    if !text(role, "/description").is_empty() {
        facts.insert(2, ("description", text(role, "/description").into()));
    }
    screen.facts(&facts)
}

/// A role's path, by its id, or by its name in any case.
async fn path_of(client: &Client, role: &str) -> Result<String, CliError> {
    if let Ok(id) = role.parse::<RoleId>() {
        return Ok(format!("/v1/roles/{id}"));
    }
    let query = vec![("q", role.to_owned()), ("limit", MAX_LIMIT.to_string())];
    let (found, _) = pages(client, "/v1/roles", query, true).await?;
    let wanted = role.to_lowercase();
    let found = found
        .iter()
        .find(|one| text(one, "/name").to_lowercase() == wanted);
    match found.and_then(|one| text(one, "/id").parse::<RoleId>().ok()) {
        Some(id) => Ok(format!("/v1/roles/{id}")),
        None => Err(CliError::Failed(
            "there is no role of that name (see `claviger roles list`)".to_owned(),
        )),
    }
}
