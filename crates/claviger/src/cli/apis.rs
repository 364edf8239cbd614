//! `claviger apis`: what keys open, by slug or id.

mod change;

use clap::{Args, Subcommand};
use domain::id::ApiId;
use domain::page::MAX_LIMIT;
use serde_json::{Value, json};

use super::Context;
use super::client::{Client, Query};
use super::connect::connect;
use super::error::CliError;
use super::keys::{about_the_rest, pages, text};
use super::output::{Cell, Tone};
use super::roles::Paging;

/// What can be done with APIs.
#[derive(Debug, Subcommand)]
pub(crate) enum Apis {
    /// List APIs
    List(List),
    /// Show one API with its permissions and routes
    Show(One),
    /// Describe an API; it is enabled for this organisation at once
    Create(change::Create),
    /// Change an API
    Edit(change::Edit),
    /// Forget an API that no role belongs to
    Delete(change::Delete),
    /// Enable an API for everybody who has it, or for one organisation
    Enable(change::Switch),
    /// Disable it: its permissions are honoured no more, at once
    Disable(change::Switch),
}

/// Which APIs.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claviger apis list --search orders")]
pub(crate) struct List {
    #[command(flatten)]
    page: Paging,
}

/// One API.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claviger apis show orders")]
pub(crate) struct One {
    /// The API's slug or id, api_…
    api: String,
}

/// Does it.
pub(crate) async fn run(context: &Context, command: Apis) -> Result<(), CliError> {
    match command {
        Apis::List(args) => list(context, args).await,
        Apis::Show(args) => {
            let client = connect(context)?;
            let path = path_of(&client, &args.api).await?;
            show(context, &client.get(&path, &Query::new()).await?)
        }
        Apis::Create(args) => change::create(context, args).await,
        Apis::Edit(args) => change::edit(context, args).await,
        Apis::Delete(args) => change::delete(context, args).await,
        Apis::Enable(args) => change::switch(context, args, true).await,
        Apis::Disable(args) => change::switch(context, args, false).await,
    }
}

async fn list(context: &Context, args: List) -> Result<(), CliError> {
    let client = connect(context)?;
    let (items, next) = args.page.read(&client, "/v1/apis", Query::new()).await?;
    if context.screen.json {
        return context.screen.json(&json!({"items": items, "next_cursor": next}));
    }
    let rows: Vec<Vec<Cell>> = items
        .iter()
        .map(|api| {
            vec![
                text(api, "/slug").into(),
                text(api, "/name").into(),
                state(api),
                count(api, "permissions").into(),
                count(api, "routes").into(),
                text(api, "/id").into(),
            ]
        })
        .collect();
    let headings = ["SLUG", "NAME", "STATE", "PERMISSIONS", "ROUTES", "ID"];
    context.screen.table(&headings, 0, &rows)?;
    about_the_rest(context, items.len(), next.as_deref(), "APIs");
    Ok(())
}

fn state(api: &Value) -> Cell {
    let is = |field: &str| api.get(field).and_then(Value::as_bool).unwrap_or(false);
    match (is("enabled"), is("enabled_here")) {
        (true, true) => Cell::toned("enabled", Tone::Good),
        (true, false) => Cell::toned("disabled here", Tone::Dim),
        _ => Cell::toned("disabled", Tone::Dim),
    }
}

fn count(api: &Value, field: &str) -> String {
    api.get(field)
        .and_then(Value::as_array)
        .map_or(0, Vec::len)
        .to_string()
}

fn show(context: &Context, api: &Value) -> Result<(), CliError> {
    let screen = &context.screen;
    if screen.json {
        return screen.json(api);
    }
    let mut facts = vec![
        ("id", Cell::from(text(api, "/id"))),
        ("slug", text(api, "/slug").into()),
        ("name", text(api, "/name").into()),
        ("state", state(api)),
        ("created", screen.time(api.get("created_at")).into()),
    ];
    if !text(api, "/description").is_empty() {
        facts.insert(3, ("description", text(api, "/description").into()));
    }
    let all = |field: &str| api.get(field).and_then(Value::as_array).into_iter().flatten();
    facts.extend(all("permissions").map(|permission| {
        let (name, about) = (text(permission, "/name"), text(permission, "/description"));
        ("permission", Cell::from(format!("{name}  {about}").trim_end()))
    }));
    facts.extend(all("routes").map(|route| {
        let needs = match text(route, "/requires") {
            "" => "any valid key",
            requires => requires,
        };
        let line = format!("{} {}  {needs}", text(route, "/method"), text(route, "/path"));
        ("route", Cell::from(line))
    }));
    facts.extend(all("organisations").map(|offer| {
        let is_on = offer.get("enabled").and_then(Value::as_bool).unwrap_or(false);
        let word = if is_on { "enabled" } else { "disabled" };
        (
            "organisation",
            Cell::from(format!("{}  {word}", text(offer, "/slug"))),
        )
    }));
    screen.facts(&facts)
}

/// An API's path, by its id or slug.
pub(super) async fn path_of(client: &Client, api: &str) -> Result<String, CliError> {
    if let Ok(id) = api.parse::<ApiId>() {
        return Ok(format!("/v1/apis/{id}"));
    }
    let query = vec![("q", api.to_owned()), ("limit", MAX_LIMIT.to_string())];
    let (found, _) = pages(client, "/v1/apis", query, true).await?;
    let found = found.iter().find(|one| text(one, "/slug") == api);
    match found.and_then(|one| text(one, "/id").parse::<ApiId>().ok()) {
        Some(id) => Ok(format!("/v1/apis/{id}")),
        None => Err(CliError::Failed(
            "there is no API of that slug (see `claviger apis list`)".to_owned(),
        )),
    }
}
