//! `claviger organisations`: tenants; on the server's host all of them, with a key its own.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::client::{Client, Query};
use super::connect::connect;
use super::error::CliError;
use super::keys::{about_the_rest, pages, text};
use super::limits::{self, Rates};
use super::output::{Cell, Tone};
use super::{Context, confirm};

/// What can be done with organisations.
#[derive(Debug, Subcommand)]
pub(crate) enum Organisations {
    /// List them, a page or all
    List(List),
    /// Show one
    Show(One),
    /// Make one, with the policy of a preset and nobody in it
    Create(Create),
    /// Call one something else; its slug stays
    Rename(Rename),
    /// Limit how often all its keys together may be used
    Limit(Limit),
    /// Stop all its keys until it is resumed
    Suspend(One),
    /// Let a suspended one's keys work again
    Resume(One),
    /// End one for good: none of its keys is accepted ever again
    Close(One),
}

/// Which organisations.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// With this in the name or the slug
    #[arg(long, short = 's', value_name = "TEXT")]
    search: Option<String>,
    /// By name or created_at; with - in front, the greatest first (--sort=-name)
    #[arg(long, value_name = "FIELD", allow_hyphen_values = true)]
    sort: Option<String>,
    /// All pages, not the first alone
    #[arg(long)]
    all: bool,
}

/// One organisation.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// Its slug, or its id, org_…
    #[arg(value_name = "SLUG")]
    organisation: String,
}

/// A new organisation.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  claviger --data ./data organisations create \"Sample Ltd\" --slug sample"
)]
pub(crate) struct Create {
    /// What people call it
    name: String,
    /// What names it on the command line and in headers; made from the name when it is not given
    #[arg(long, value_name = "SLUG")]
    slug: Option<String>,
    /// The preset that its policy begins with, such as openathens; the default one when it is not given
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
}

/// A new name.
#[derive(Debug, Args)]
pub(crate) struct Rename {
    #[command(flatten)]
    one: One,
    /// What people are to call it
    name: String,
}

/// How often its keys may be used.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claviger --data ./data organisations limit sample-ltd --rate 1000/1m")]
pub(crate) struct Limit {
    #[command(flatten)]
    one: One,
    #[command(flatten)]
    rates: Rates,
    /// As often as they like
    #[arg(long, conflicts_with = "rates", required_unless_present = "rates")]
    none: bool,
}

/// Does it.
pub(crate) async fn run(context: &Context, command: Organisations) -> Result<(), CliError> {
    if matches!(command, Organisations::Close(_)) {
        confirm::can_ask(context, "to close an organisation")?;
    }
    let client = connect(context)?;
    match command {
        Organisations::List(args) => list(context, &client, args).await,
        Organisations::Show(one) => show(context, &find(&client, &one).await?),
        Organisations::Create(Create { name, slug, preset }) => {
            let body = json!({"name": name, "slug": slug, "preset": preset});
            show(context, &client.post("/v1/organisations", Some(&body)).await?)
        }
        Organisations::Rename(Rename { one, name }) => {
            let path = path(&find(&client, &one).await?);
            show(context, &client.patch(&path, &json!({"name": name}), None).await?)
        }
        Organisations::Limit(Limit { one, rates, none }) => {
            let mut patch = Map::new();
            rates.put(&mut patch)?;
            if none {
                patch.insert("rate_limits".to_owned(), json!([]));
            }
            let path = path(&find(&client, &one).await?);
            show(context, &client.patch(&path, &patch.into(), None).await?)
        }
        Organisations::Suspend(one) => stand(context, &client, &one, "suspend").await,
        Organisations::Resume(one) => stand(context, &client, &one, "resume").await,
        Organisations::Close(one) => close(context, &client, &one).await,
    }
}

async fn list(context: &Context, client: &Client, args: List) -> Result<(), CliError> {
    let given = [("q", args.search), ("sort", args.sort)];
    let query: Query = given
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    let (items, next) = pages(client, "/v1/organisations", query, args.all).await?;
    let screen = &context.screen;
    if screen.json {
        return screen.json(&json!({"items": items, "next_cursor": next}));
    }
    let rows: Vec<Vec<Cell>> = items
        .iter()
        .map(|one| {
            vec![
                text(one, "/slug").into(),
                text(one, "/name").into(),
                status(one),
                screen.time(one.get("created_at")).into(),
                text(one, "/id").into(),
            ]
        })
        .collect();
    screen.table(&["SLUG", "NAME", "STATUS", "CREATED", "ID"], 0, &rows)?;
    about_the_rest(context, items.len(), next.as_deref(), "organisations");
    Ok(())
}

/// The organisation that is meant by a slug or an id.
async fn find(client: &Client, One { organisation }: &One) -> Result<Value, CliError> {
    if organisation.starts_with("org_")
        && organisation
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_')
    {
        return Ok(client
            .get(&format!("/v1/organisations/{organisation}"), &Query::new())
            .await?);
    }
    let query = vec![("q", organisation.clone())];
    let (items, _) = pages(client, "/v1/organisations", query, true).await?;
    let found = items.into_iter().find(|one| text(one, "/slug") == organisation);
    found.ok_or_else(|| {
        CliError::Failed("there is no such organisation (see `claviger organisations list`)".to_owned())
    })
}

fn path(organisation: &Value) -> String {
    format!("/v1/organisations/{}", text(organisation, "/id"))
}

async fn stand(context: &Context, client: &Client, one: &One, verb: &str) -> Result<(), CliError> {
    let path = path(&find(client, one).await?);
    show(context, &client.post(&format!("{path}/{verb}"), None).await?)
}

async fn close(context: &Context, client: &Client, one: &One) -> Result<(), CliError> {
    let organisation = find(client, one).await?;
    let question = format!(
        "close {} ({})? None of its keys is accepted ever again, and nothing undoes this.",
        text(&organisation, "/name"),
        text(&organisation, "/slug")
    );
    confirm::ask(context, &question)?;
    let body = json!({"confirm": text(&organisation, "/slug")});
    let path = path(&organisation);
    show(
        context,
        &client.post(&format!("{path}/close"), Some(&body)).await?,
    )
}

fn show(context: &Context, organisation: &Value) -> Result<(), CliError> {
    let screen = &context.screen;
    if screen.json {
        return screen.json(organisation);
    }
    screen.facts(&[
        ("id", text(organisation, "/id").into()),
        ("slug", text(organisation, "/slug").into()),
        ("name", text(organisation, "/name").into()),
        ("status", status(organisation)),
        ("rate limits", limits::rates(organisation).into()),
        ("created", screen.time(organisation.get("created_at")).into()),
    ])
}

fn status(organisation: &Value) -> Cell {
    let status = text(organisation, "/status");
    let tone = match status {
        "active" => Tone::Good,
        "suspended" => Tone::Warn,
        _ => Tone::Dim,
    };
    Cell::toned(status, tone)
}
