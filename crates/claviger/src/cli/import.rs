//! A file that is taken whole or not at all: CSV or NDJSON, from disk or from standard input.

mod bundle;
mod keys;

pub(crate) use keys::{Import, run};

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::Context;
use super::client::Query;
use super::connect::connect;
use super::error::CliError;

/// The server takes no more (4 MiB).
const LONGEST: u64 = 4 * 1024 * 1024;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Ndjson,
}

/// Which file, and whether to bring it in.
#[derive(Debug, Args)]
pub(crate) struct File {
    /// The file, or - for standard input
    file: PathBuf,
    /// How it is written, where its name does not end in .csv, .ndjson or .jsonl
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<Format>,
    /// Check every line, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

impl File {
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

    /// Sends it to the server's `path`, and gives the answer.
    pub(crate) async fn send(&self, context: &Context, path: &str) -> Result<Value, CliError> {
        let kind = self.kind()?;
        let bytes = read(&self.file)?;
        let mut query = Query::new();
        if self.dry_run {
            query.push(("dry_run", "true".to_owned()));
        }
        Ok(connect(context)?.post_file(path, &query, kind, bytes).await?)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let unreadable =
        |cause: std::io::Error| CliError::Failed(format!("cannot read {}: {cause}", file.display()));
    let mut bytes = Vec::new();
    let input: Box<dyn std::io::Read> = match file == Path::new("-") {
        true => Box::new(std::io::stdin().lock()),
        false => Box::new(std::fs::File::open(file).map_err(unreadable)?),
    };
    input
        .take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LONGEST {
        return Err(CliError::Usage(
            "the file is too large: at most 4 MiB at once".to_owned(),
        ));
    }
    Ok(bytes)
}
