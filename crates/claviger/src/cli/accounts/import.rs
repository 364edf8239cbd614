//! `accounts import`: a file of accounts, taken whole or not at all.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::count;
use crate::cli::Context;
use crate::cli::client::Query;
use crate::cli::connect::connect;
use crate::cli::error::CliError;

/// The server takes no more (4 MiB).
const LONGEST: u64 = 4 * 1024 * 1024;

const EXAMPLES: &str = "\
Examples:
  claviger accounts import partners.csv --dry-run
  claviger accounts import partners.ndjson

CSV names the fields in its first line: name, username, email, partner, owner, purpose, tags, roles;
several tags or roles in a cell are apart by semicolons. NDJSON has a JSON object of these fields on each line.";

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Ndjson,
}

/// A file of service accounts.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Import {
    /// The file, or - for standard input
    file: PathBuf,
    /// How it is written, where its name does not end in .csv, .ndjson or .jsonl
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<Format>,
    /// Check every line, and change nothing
    #[arg(long)]
    dry_run: bool,
}

impl Import {
    fn kind(&self) -> Result<&'static str, CliError> {
        let ending = self.file.extension().and_then(|ending| ending.to_str());
        let by_name = match ending.map(str::to_ascii_lowercase).as_deref() {
            Some("csv") => Some(Format::Csv),
            Some("ndjson" | "jsonl") => Some(Format::Ndjson),
            _ => None,
        };
        match self.format.or(by_name) {
            Some(Format::Csv) => Ok("text/csv"),
            Some(Format::Ndjson) => Ok("application/x-ndjson"),
            None => Err(CliError::Usage(
                "say how the file is written: --format csv or --format ndjson".to_owned(),
            )),
        }
    }
}

fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let unreadable =
        |cause: std::io::Error| CliError::Failed(format!("cannot read {}: {cause}", file.display()));
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        let input = std::io::stdin().lock();
        input
            .take(LONGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
    } else {
        let input = std::fs::File::open(file).map_err(unreadable)?;
        input
            .take(LONGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
    }
    if bytes.len() as u64 > LONGEST {
        return Err(CliError::Usage(
            "the file is too large: at most 4 MiB at once".to_owned(),
        ));
    }
    Ok(bytes)
}

pub(super) async fn run(context: &Context, args: Import) -> Result<(), CliError> {
    let kind = args.kind()?;
    let bytes = read(&args.file)?;
    let mut query = Query::new();
    if args.dry_run {
        query.push(("dry_run", "true".to_owned()));
    }
    let client = connect(context)?;
    let answer = client
        .post_file("/v1/service-accounts/import", &query, kind, bytes)
        .await?;
    let screen = &context.screen;
    if screen.json {
        return screen.json(&answer);
    }
    let count = count(&answer, "count");
    if args.dry_run {
        return screen.line(&format!(
            "{count} service accounts could be made; nothing was changed"
        ));
    }
    screen.line(&format!("{count} service accounts made"))
}
