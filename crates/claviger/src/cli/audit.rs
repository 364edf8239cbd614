//! `claviger audit`: the record of who did what, to read, to check and to take away.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::Context;
use super::client::{Client, Query};
use super::connect::connect;
use super::error::CliError;
use super::input::When;
use super::keys::{about_the_rest, named, pages, text};
use super::output::{Cell, Tone};
use super::text::neutral_json;

/// What can be done with the record.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// List what was done
    #[command(after_help = "Example:\n  claviger audit list --action key.revoke --since 7d")]
    List(List),
    /// Check that no record was changed, removed or moved; exit code 1 names the first bad one
    Verify,
    /// Write the record out, oldest first, as NDJSON or CSV
    #[command(after_help = "Examples:\n  claviger audit export --output audit.ndjson\n  \
        claviger audit export --format csv --since 2026-01-01T00:00:00Z > audit.csv")]
    Export(Export),
}

/// Which records.
#[derive(Debug, Args)]
struct Filter {
    /// What was done, such as key.revoke
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Who did it (an id)
    #[arg(long, value_name = "ID")]
    actor: Option<String>,
    /// To what it was done (an id)
    #[arg(long, value_name = "ID")]
    target: Option<String>,
    /// From an instant, or for a span such as 7d until now
    #[arg(long, value_name = "WHEN")]
    since: Option<When>,
    /// Until an instant, or until a span ago
    #[arg(long, value_name = "WHEN")]
    until: Option<When>,
}

impl Filter {
    fn query(&self, context: &Context) -> Query {
        let instant = |when: Option<When>| when.map(|when| when.before(context.screen.now()).to_string());
        let given = [
            ("action", self.action.clone()),
            ("actor", self.actor.clone()),
            ("target", self.target.clone()),
            ("since", instant(self.since)),
            ("until", instant(self.until)),
        ];
        given
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}

/// A list of records.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    filter: Filter,
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

/// A file format.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// One JSON object a line
    Ndjson,
    /// For spreadsheets; cells that could be formulas are escaped
    Csv,
}

/// Records to take away.
#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    filter: Filter,
    /// As what
    #[arg(long, value_enum, default_value = "ndjson")]
    format: Format,
    /// Into this file instead of standard output; it appears only when it is whole
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Does it.
pub(crate) async fn run(context: &Context, command: Audit) -> Result<(), CliError> {
    let client = connect(context)?;
    match command {
        Audit::List(args) => list(context, &client, args).await,
        Audit::Verify => verify(context, &client).await,
        Audit::Export(args) => export(context, &client, args).await,
    }
}

async fn list(context: &Context, client: &Client, args: List) -> Result<(), CliError> {
    let mut query = args.filter.query(context);
    let limit = if args.all {
        args.limit.or(Some(domain::page::MAX_LIMIT))
    } else {
        args.limit
    };
    query.extend(limit.map(|limit| ("limit", limit.to_string())));
    query.extend(args.cursor.map(|cursor| ("cursor", cursor)));
    let (items, next) = pages(client, "/v1/audit", query, args.all).await?;
    if context.screen.json {
        return context.screen.json(&json!({"items": items, "next_cursor": next}));
    }
    show_records(context, &items)?;
    about_the_rest(context, items.len(), next.as_deref(), "records");
    Ok(())
}

/// Records as rows.
pub(super) fn show_records(context: &Context, records: &[Value]) -> Result<(), CliError> {
    let row = |record: &Value| -> Vec<Cell> {
        vec![
            record
                .get("seq")
                .map_or_else(|| "-".to_owned(), Value::to_string)
                .into(),
            context.screen.time(record.get("at")).into(),
            text(record, "/action").into(),
            named(record, "/actor").into(),
            named(record, "/target").into(),
            text(record, "/ip").into(),
        ]
    };
    let rows: Vec<Vec<Cell>> = records.iter().map(row).collect();
    context
        .screen
        .table(&["SEQ", "WHEN", "ACTION", "BY", "ON", "FROM"], 0, &rows)
}

async fn verify(context: &Context, client: &Client) -> Result<(), CliError> {
    let progress = spinner(context, "checking the chain");
    let answer = client.get_slowly("/v1/audit/verify", &Query::new()).await;
    progress.finish_and_clear();
    let answer = answer?;
    let whole = answer.get("ok").and_then(Value::as_bool) == Some(true);
    let chains = answer
        .get("chains")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    if context.screen.json {
        context.screen.json(&answer)?;
    } else {
        let rows: Vec<Vec<Cell>> = chains.iter().map(chain_row).collect();
        context
            .screen
            .table(&["ORGANISATION", "FROM", "RECORDS", "STATE", "FAULT"], 0, &rows)?;
        for restore in chains.iter().flat_map(restores) {
            context.screen.note(&restore);
        }
    }
    if whole {
        return Ok(());
    }
    let faults: Vec<String> = chains
        .iter()
        .filter(|chain| !text(chain, "/fault").is_empty())
        .map(|chain| format!("{}: {}", text(chain, "/organisation"), text(chain, "/fault")))
        .collect();
    let named = if faults.is_empty() {
        "the server names no record".to_owned()
    } else {
        faults.join("; ")
    };
    Err(CliError::Failed(format!("the audit log is broken: {named}")))
}

/// Where a chain goes on from a backup, each in a sentence.
fn restores(chain: &Value) -> Vec<String> {
    let all = chain.get("restored").and_then(Value::as_array);
    let told = |one: &Value| {
        let number = |name: &str| one.get(name).and_then(Value::as_u64).unwrap_or(0);
        let lost = match number("lost_checkpoints") {
            0 => String::new(),
            count => format!("; {count} signed checkpoints are of what was lost by it"),
        };
        format!(
            "{} goes on from a backup after record {}, restored at {}{lost}",
            text(chain, "/organisation"),
            number("seq"),
            text(one, "/at"),
        )
    };
    all.into_iter().flatten().map(told).collect()
}

fn chain_row(chain: &Value) -> Vec<Cell> {
    let whole = chain.get("ok").and_then(Value::as_bool) == Some(true);
    let state = if whole {
        Cell::toned("whole", Tone::Good)
    } else {
        Cell::toned("broken", Tone::Bad)
    };
    vec![
        text(chain, "/organisation").into(),
        // Where older ones were pruned it begins later.
        chain
            .pointer("/pruned/seq")
            .and_then(Value::as_i64)
            .map_or_else(|| "1".to_owned(), |seq| (seq + 1).to_string())
            .into(),
        chain
            .get("records")
            .map_or_else(|| "-".to_owned(), Value::to_string)
            .into(),
        state,
        text(chain, "/fault").into(),
    ]
}

async fn export(context: &Context, client: &Client, args: Export) -> Result<(), CliError> {
    let mut query = args.filter.query(context);
    let format = match args.format {
        Format::Ndjson => "ndjson",
        Format::Csv => "csv",
    };
    query.push(("format", format.to_owned()));
    let Some(path) = args.output else {
        let mut out = io::stdout().lock();
        return copy(
            client,
            &query,
            &mut out,
            context.screen.is_terminal(),
            &ProgressBar::hidden(),
        )
        .await;
    };
    let draft = draft_of(&path);
    let broken = |cause: io::Error| CliError::Failed(format!("cannot write {}: {cause}", path.display()));
    // Who did what from where concerns people: private until someone decides otherwise.
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .map_err(broken)?;
    let progress = spinner(context, "exporting");
    let copied = copy(client, &query, &mut file, false, &progress).await;
    progress.finish_and_clear();
    let done = copied.and_then(|()| {
        file.sync_all()
            .and_then(|()| fs::rename(&draft, &path))
            .map_err(broken)
    });
    if done.is_err() {
        // Half an export must not pass for one.
        let _ = fs::remove_file(&draft);
        return done;
    }
    context.screen.note(&format!("written to {}", path.display()));
    Ok(())
}

fn draft_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// Copies the stream as it comes; for a person's eyes, with what acts on a terminal written out.
async fn copy(
    client: &Client,
    query: &Query,
    out: &mut impl Write,
    for_eyes: bool,
    progress: &ProgressBar,
) -> Result<(), CliError> {
    let mut response = client.stream("/v1/audit/export", query).await?;
    let mut held = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| client.failure(&error))? {
        progress.inc(chunk.len() as u64);
        if !for_eyes {
            out.write_all(&chunk)?;
            continue;
        }
        // Only whole lines are whole characters.
        held.extend_from_slice(&chunk);
        let whole = held
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let lines: Vec<u8> = held.drain(..whole).collect();
        out.write_all(neutral_json(&String::from_utf8_lossy(&lines)).as_bytes())?;
    }
    out.write_all(neutral_json(&String::from_utf8_lossy(&held)).as_bytes())?;
    Ok(out.flush()?)
}

fn spinner(context: &Context, what: &'static str) -> ProgressBar {
    if !context.screen.may_animate() {
        return ProgressBar::hidden();
    }
    let progress = ProgressBar::new_spinner().with_message(what);
    progress.enable_steady_tick(Duration::from_millis(120));
    progress
}
