//! `accounts import`: a file of accounts.

use clap::Args;

use super::count;
use crate::cli::Context;
use crate::cli::error::CliError;
use crate::cli::import::File;

const EXAMPLES: &str = "\
Examples:
  claviger accounts import partners.csv --dry-run
  claviger accounts import partners.ndjson

CSV names the fields in its first line: name, username, email, partner, owner, purpose, tags, roles;
several tags or roles in a cell are apart by semicolons. NDJSON has a JSON object of these fields on each line.";

/// A file of service accounts.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Import {
    #[command(flatten)]
    file: File,
}

pub(super) async fn run(context: &Context, args: Import) -> Result<(), CliError> {
    let answer = args.file.send(context, "/v1/service-accounts/import").await?;
    let screen = &context.screen;
    if screen.json {
        return screen.json(&answer);
    }
    let count = count(&answer, "count");
    if args.file.dry_run {
        return screen.line(&format!(
            "{count} service accounts could be made; nothing was changed"
        ));
    }
    screen.line(&format!("{count} service accounts made"))
}
