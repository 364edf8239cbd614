//! `keys list` and `keys summary`: what there is, found by the server, one page or all of them.

use clap::Args;
use domain::finding::Finding;
use serde_json::{Value, json};

use super::{ending, named, text};
use crate::cli::Context;
use crate::cli::client::{Client, Query};
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::input::When;
use crate::cli::output::{Cell, Tone};

const EXAMPLES: &str = "\
Examples:
  claviger keys list --status expiring_soon
  claviger keys list --search grafana
  claviger keys list --partner ColdTrace
  claviger keys list --idle-since 90d --all --json
  claviger keys list --sort=-last_used_at --limit 10";

/// Which keys.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct List {
    /// In these states: active, expiring_soon, expired, disabled, revoked, deleted; or live, or all; may be repeated
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    status: Vec<String>,
    /// Made by this key or person (its id)
    #[arg(long, value_name = "ID")]
    created_by: Option<String>,
    /// Granted this permission
    #[arg(long, value_name = "PERMISSION")]
    permission: Option<String>,
    /// With this tag
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Standing for this service account (acct_…), person (usr_…) or organisation (org_…)
    #[arg(long, value_name = "ID")]
    owner: Option<String>,
    /// Of this partner's service accounts; the whole name, in any case
    #[arg(long, value_name = "NAME")]
    partner: Option<String>,
    /// That were given this role, by name or id
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// Whose permissions name those of this API
    #[arg(long, value_name = "SLUG")]
    api: Option<String>,
    /// Ending before an instant, or within a span such as 30d
    #[arg(long, value_name = "WHEN")]
    expires_before: Option<When>,
    /// Not used since an instant, or for a span such as 90d
    #[arg(long, value_name = "WHEN")]
    idle_since: Option<When>,
    /// That need somebody: expiring_soon, failing, orphaned, idle, never_used, unrotated, no_expiry or unlimited
    #[arg(long, value_name = "FINDING", value_parser = finding)]
    finding: Option<Finding>,
    /// With this in the name, the description or the visible part of the key
    #[arg(long, short = 's', value_name = "TEXT")]
    search: Option<String>,
    /// By name, created_at, expires_at, created_by or last_used_at; with - in front, the greatest first (--sort=-name)
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

fn finding(text: &str) -> Result<Finding, String> {
    Finding::parse(text).ok_or_else(|| {
        let known: Vec<&str> = Finding::ALL.iter().map(|finding| finding.as_str()).collect();
        format!("expected one of {}", known.join(", "))
    })
}

impl List {
    fn query(&self, context: &Context) -> Query {
        let now = context.screen.now();
        let status = (!self.status.is_empty()).then(|| self.status.join(","));
        let page = if self.all {
            Some(self.limit.unwrap_or(domain::page::MAX_LIMIT))
        } else {
            self.limit
        };
        let given = [
            ("status", status),
            ("created_by", self.created_by.clone()),
            ("permission", self.permission.clone()),
            ("tag", self.tag.clone()),
            ("owner", self.owner.clone()),
            ("partner", self.partner.clone()),
            ("role", self.role.clone()),
            ("api", self.api.clone()),
            (
                "expires_before",
                self.expires_before.map(|when| when.after(now).to_string()),
            ),
            (
                "idle_since",
                self.idle_since.map(|when| when.before(now).to_string()),
            ),
            ("finding", self.finding.map(|finding| finding.as_str().to_owned())),
            ("q", self.search.clone()),
            ("sort", self.sort.clone()),
            ("limit", page.map(|limit| limit.to_string())),
            ("cursor", self.cursor.clone()),
        ];
        given
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}

pub(super) async fn run(context: &Context, args: List) -> Result<(), CliError> {
    let client = connect(context)?;
    let (items, next) = pages(&client, "/v1/keys", args.query(context), args.all).await?;
    if context.screen.json {
        return context.screen.json(&json!({"items": items, "next_cursor": next}));
    }
    show_page(context, &items)?;
    about_the_rest(context, items.len(), next.as_deref(), "keys");
    Ok(())
}

/// One page of a list, or all of them; and the cursor of the next.
pub(crate) async fn pages(
    client: &Client,
    path: &str,
    mut query: Query,
    all: bool,
) -> Result<(Vec<Value>, Option<String>), CliError> {
    let mut items = Vec::new();
    loop {
        let mut page = client.get(path, &query).await?;
        if let Some(Value::Array(more)) = page.get_mut("items").map(Value::take) {
            items.extend(more);
        }
        let next = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
        let Some(cursor) = next.clone().filter(|_| all) else {
            return Ok((items, next));
        };
        // A cursor that does not move would go round for ever.
        if query
            .iter()
            .any(|(name, value)| *name == "cursor" && *value == cursor)
        {
            return Err(CliError::Failed("the server's list does not end".to_owned()));
        }
        query.retain(|(name, _)| *name != "cursor");
        query.push(("cursor", cursor));
    }
}

/// Says that there is more, or nothing.
pub(crate) fn about_the_rest(context: &Context, shown: usize, next: Option<&str>, what: &str) {
    match next {
        Some(cursor) => {
            context.screen.note(&format!(
                "{shown} {what} shown; more with --all or --cursor {cursor}"
            ));
        }
        None if shown == 0 => context.screen.note(&format!("no {what} found")),
        None => {}
    }
}

/// The columns, and how wide a terminal must be for each to be worth its room.
const COLUMNS: [(&str, u16); 9] = [
    ("ID", 0),
    ("NAME", 0),
    ("KEY", 100),
    ("STATUS", 58),
    ("EXPIRES", 68),
    ("LAST USED", 80),
    ("OWNER", 180),
    ("CREATED BY", 150),
    ("CREATED", 132),
];

pub(crate) fn show_page(context: &Context, keys: &[Value]) -> Result<(), CliError> {
    let screen = &context.screen;
    let fits = |column: usize| COLUMNS[column].1 <= screen.room();
    let row = |key: &Value| -> Vec<Cell> {
        let cells: [Cell; COLUMNS.len()] = [
            text(key, "/id").into(),
            text(key, "/name").into(),
            text(key, "/display").into(),
            Cell::status(text(key, "/status")),
            ending(screen, key).into(),
            screen.time(key.get("last_used_at")).into(),
            named(key, "/owner").into(),
            named(key, "/created_by").into(),
            screen.time(key.get("created_at")).into(),
        ];
        cells
            .into_iter()
            .enumerate()
            .filter(|(column, _)| fits(*column))
            .map(|(_, cell)| cell)
            .collect()
    };
    let rows: Vec<Vec<Cell>> = keys.iter().map(row).collect();
    let headings: Vec<&str> = (0..COLUMNS.len())
        .filter(|column| fits(*column))
        .map(|column| COLUMNS[column].0)
        .collect();
    screen.table(&headings, 0, &rows)
}

/// How many keys are in each state.
pub(super) async fn summary(context: &Context) -> Result<(), CliError> {
    let answer = connect(context)?.get("/v1/keys/summary", &Query::new()).await?;
    if context.screen.json {
        return context.screen.json(&answer);
    }
    let count = |name: &'static str| {
        let count = answer.get(name).and_then(Value::as_u64).unwrap_or(0);
        let tone = if count == 0 {
            Tone::Plain
        } else {
            Tone::of_status(name)
        };
        (name, Cell::toned(&count.to_string(), tone))
    };
    let facts = [
        "total",
        "active",
        "expiring_soon",
        "expired",
        "disabled",
        "revoked",
        "deleted",
    ]
    .map(count);
    context.screen.facts(&facts)?;
    if context.screen.is_terminal() {
        context.screen.note("expiring soon counts as active too");
    }
    Ok(())
}
