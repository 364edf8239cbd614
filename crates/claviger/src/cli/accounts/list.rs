//! `accounts list` and `accounts partners`: what there is, found by the server, one page or all of them.

use clap::Args;
use serde_json::{Value, json};

use super::{count, or_dash};
use crate::cli::Context;
use crate::cli::client::Query;
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::keys::{about_the_rest, named, pages, text};
use crate::cli::output::Cell;

const EXAMPLES: &str = "\
Examples:
  claviger accounts list --partner ColdTrace
  claviger accounts list --orphaned
  claviger accounts list --search erp --sort name";

/// Which service accounts.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct List {
    /// In these states: active, inactive, deleted; or all; may be repeated
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    status: Vec<String>,
    /// Of this partner; the whole name, in any case
    #[arg(long, value_name = "NAME")]
    partner: Option<String>,
    /// For which this person answers (usr_…)
    #[arg(long, value_name = "ID")]
    owner: Option<String>,
    /// With this role, by name or id
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// With this tag
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// For which nobody answers: without an owner, or with one who is not active
    #[arg(long)]
    orphaned: bool,
    /// With this in the name, the username, the email address, the partner or the purpose
    #[arg(long, short = 's', value_name = "TEXT")]
    search: Option<String>,
    /// By name, created_at or partner; with - in front, the greatest first (--sort=-name)
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

/// Which partners.
#[derive(Debug, Args)]
pub(crate) struct Partners {
    /// All pages, not the first alone
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(context: &Context, args: List) -> Result<(), CliError> {
    let given = [
        ("status", (!args.status.is_empty()).then(|| args.status.join(","))),
        ("partner", args.partner),
        ("owner", args.owner),
        ("role", args.role),
        ("tag", args.tag),
        ("orphaned", args.orphaned.then(|| "true".to_owned())),
        ("q", args.search),
        ("sort", args.sort),
        ("limit", args.limit.map(|limit| limit.to_string())),
        ("cursor", args.cursor),
    ];
    let query: Query = given
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    let client = connect(context)?;
    let (items, next) = pages(&client, "/v1/service-accounts", query, args.all).await?;
    if context.screen.json {
        return context.screen.json(&json!({"items": items, "next_cursor": next}));
    }
    table(context, &items)?;
    about_the_rest(context, items.len(), next.as_deref(), "service accounts");
    Ok(())
}

/// The columns, and how wide a terminal must be for each to be worth its room.
const COLUMNS: [(&str, u16); 8] = [
    ("ID", 0),
    ("NAME", 0),
    ("USERNAME", 80),
    ("PARTNER", 100),
    ("STATUS", 58),
    ("LIVE KEYS", 70),
    ("LAST USED", 116),
    ("OWNER", 132),
];

fn table(context: &Context, accounts: &[Value]) -> Result<(), CliError> {
    let screen = &context.screen;
    let fits = |column: usize| COLUMNS[column].1 <= screen.room();
    let row = |account: &Value| -> Vec<Cell> {
        let cells: [Cell; COLUMNS.len()] = [
            text(account, "/id").into(),
            text(account, "/name").into(),
            text(account, "/username").into(),
            or_dash(account, "/partner").into(),
            Cell::status(text(account, "/status")),
            count(account, "live_keys").into(),
            screen.time(account.get("last_used_at")).into(),
            named(account, "/owner").into(),
        ];
        let shown = cells.into_iter().enumerate();
        shown
            .filter(|(column, _)| fits(*column))
            .map(|(_, cell)| cell)
            .collect()
    };
    let rows: Vec<Vec<Cell>> = accounts.iter().map(row).collect();
    let headings: Vec<&str> = (0..COLUMNS.len())
        .filter(|column| fits(*column))
        .map(|column| COLUMNS[column].0)
        .collect();
    screen.table(&headings, 0, &rows)
}

pub(super) async fn partners(context: &Context, args: Partners) -> Result<(), CliError> {
    let client = connect(context)?;
    let (items, next) = pages(&client, "/v1/partners", Query::new(), args.all).await?;
    if context.screen.json {
        return context.screen.json(&json!({"items": items, "next_cursor": next}));
    }
    let rows: Vec<Vec<Cell>> = items
        .iter()
        .map(|partner| {
            vec![
                text(partner, "/name").into(),
                count(partner, "accounts").into(),
                count(partner, "live_keys").into(),
            ]
        })
        .collect();
    context
        .screen
        .table(&["PARTNER", "ACCOUNTS", "LIVE KEYS"], 0, &rows)?;
    about_the_rest(context, items.len(), next.as_deref(), "partners");
    Ok(())
}
