//! `users list`, `users show` and `users sessions`.

use clap::Args;
use serde_json::{Value, json};

use super::{facts, path_of, roles};
use crate::cli::Context;
use crate::cli::client::Query;
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::keys::{about_the_rest, pages, text};
use crate::cli::output::Cell;

/// Which people.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  claviger users list --status active --role administrator\n  claviger users list --search ann"
)]
pub(crate) struct List {
    /// invited, active or disabled; may be repeated; everybody if left out
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    status: Vec<String>,
    /// Who hold this role, by name or id
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// Words that the name or the address holds
    #[arg(long, value_name = "WORDS")]
    search: Option<String>,
    /// name, email, created_at or last_sign_in_at; with - for highest first
    #[arg(long, value_name = "ORDER", allow_hyphen_values = true)]
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

/// One person.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// Their id, usr_…, or address
    pub(super) who: String,
}

/// Where somebody is signed in.
#[derive(Debug, Args)]
pub(crate) struct Sessions {
    /// Their id, usr_…, or address
    who: String,
    /// End them all
    #[arg(long)]
    end: bool,
}

pub(super) async fn list(context: &Context, args: List) -> Result<(), CliError> {
    let given = [
        ("status", (!args.status.is_empty()).then(|| args.status.join(","))),
        ("role", args.role),
        ("q", args.search),
        ("sort", args.sort),
        ("limit", args.limit.map(|limit| limit.to_string())),
        ("cursor", args.cursor),
    ];
    let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let client = connect(context)?;
    let (items, next) = pages(&client, "/v1/users", given.collect(), args.all).await?;
    if context.screen.json {
        return context.screen.json(&json!({"items": items, "next_cursor": next}));
    }
    let row = |user: &Value| -> Vec<Cell> {
        vec![
            text(user, "/id").into(),
            text(user, "/name").into(),
            text(user, "/email").into(),
            Cell::status(text(user, "/status")),
            roles(user).into(),
            context.screen.time(user.get("last_sign_in_at")).into(),
        ]
    };
    let rows: Vec<Vec<Cell>> = items.iter().map(row).collect();
    let headings = ["ID", "NAME", "ADDRESS", "STATUS", "ROLES", "LAST SIGN-IN"];
    context.screen.table(&headings, 0, &rows)?;
    about_the_rest(context, items.len(), next.as_deref(), "people");
    Ok(())
}

pub(super) async fn show(context: &Context, args: One) -> Result<(), CliError> {
    let client = connect(context)?;
    let path = path_of(&client, &args.who).await?;
    let user = client.get(&path, &Query::new()).await?;
    if context.screen.json {
        return context.screen.json(&user);
    }
    context.screen.facts(&facts(&context.screen, &user))
}

pub(super) async fn sessions(context: &Context, args: Sessions) -> Result<(), CliError> {
    let client = connect(context)?;
    let path = format!("{}/sessions", path_of(&client, &args.who).await?);
    if args.end {
        let ended = client.delete(&path).await?;
        if context.screen.json {
            return context.screen.json(&ended);
        }
        let count = ended.get("ended").and_then(Value::as_u64).unwrap_or(0);
        return context.screen.line(&format!("ended  {count}"));
    }
    let answer = client.get(&path, &Query::new()).await?;
    if context.screen.json {
        return context.screen.json(&answer);
    }
    let row = |session: &Value| -> Vec<Cell> {
        vec![
            text(session, "/id").into(),
            text(session, "/method").into(),
            text(session, "/ip").into(),
            text(session, "/agent").into(),
            context.screen.time(session.get("created_at")).into(),
            context.screen.time(session.get("seen_at")).into(),
        ]
    };
    let items = answer
        .get("items")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let rows: Vec<Vec<Cell>> = items.map(row).collect();
    context.screen.table(
        &["ID", "SIGNED IN BY", "FROM", "BROWSER", "SINCE", "LAST SEEN"],
        0,
        &rows,
    )?;
    about_the_rest(context, rows.len(), None, "sessions");
    Ok(())
}
