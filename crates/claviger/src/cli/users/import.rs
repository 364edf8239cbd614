//! `users import`: a file of people who are asked in.

use clap::Args;
use serde_json::Value;

use crate::cli::Context;
use crate::cli::error::CliError;
use crate::cli::import::File;
use crate::cli::keys::text;
use crate::cli::output::Cell;

const EXAMPLES: &str = "\
Examples:
  claviger users import people.csv --dry-run
  claviger users import people.ndjson

CSV names the fields in its first line: email, name, roles; several roles in a cell are apart by semicolons. NDJSON has a
JSON object of these fields on each line. The links are printed, and no mail is sent.";

/// A file of people.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Import {
    #[command(flatten)]
    file: File,
}

pub(super) async fn run(context: &Context, args: Import) -> Result<(), CliError> {
    let answer = args.file.send(context, "/v1/users/import").await?;
    let screen = &context.screen;
    if screen.json {
        return screen.json(&answer);
    }
    let items = answer
        .get("items")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    if args.file.dry_run {
        return screen.line(&format!(
            "{} people could be asked in; nothing was changed",
            items.len()
        ));
    }
    let row = |item: &Value| -> Vec<Cell> {
        vec![text(item, "/email").into(), text(item, "/invitation_url").into()]
    };
    let rows: Vec<Vec<Cell>> = items.iter().map(row).collect();
    screen.table(&["ADDRESS", "LINK"], 1, &rows)?;
    screen.note("each link is good once, for seven days, and is not shown again");
    Ok(())
}
