//! `claviger import`: keys from another system or another installation, streamed to the server, which tells what becomes of
//! them while they are read. Fresh tokens go into a file of their own before the next batch does.

mod report;
mod tokens;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use super::bundle;
use crate::cli::Context;
use crate::cli::client::{Client, ClientError, Query};
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::keys::text;
use report::Report;
use tokens::Tokens;

const EXAMPLES: &str = "\
Examples:
  claviger import keys.ndjson --dry-run
  claviger import apikey.csv --from better-auth
  claviger import partners.csv --tokens fresh.ndjson
  claviger import ./backup --tokens fresh.ndjson

A line has a secret, its SHA-256 (secret_sha256), or neither; then it gets a fresh token, which is written to the file of
--tokens (mode 0600, one JSON object a line) and nowhere else. CSV names the fields in its first line: name, description,
permissions, roles, networks, tags, metadata, contacts, owner, expires_at, created_at, enabled, protected, secret,
secret_sha256, secret_prefix, external_id; several values in a cell are apart by semicolons.

The file is taken in batches of at most 10,000 lines, each whole or not at all. Whatever cuts an import off, run the same
command again: what is there already is counted, not made twice. A directory that `claviger export` wrote is brought in
whole: policy, APIs, roles, people, service accounts, keys.";

/// Where the next pieces wait.
const PIECES: usize = 8;
/// Bytes that are read at once.
const PIECE: usize = 256 * 1024;
/// Keys that are given new tokens at once.
const AT_ONCE: usize = 32;
/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum From {
    Openlmis,
    Omnicrm,
    Osprov,
    Openathens,
    Maximo,
    Unkey,
    BetterAuth,
    /// Fields of Claviger's own
    Csv,
    /// Fields of Claviger's own
    Ndjson,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Ndjson,
    /// One array of objects, or an object that holds one
    Json,
}

/// A file of keys.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Import {
    /// The file, - for standard input, or a directory that `claviger export` wrote
    pub(super) file: PathBuf,
    /// The system whose export it is; without it the fields are Claviger's own
    #[arg(long, value_name = "SYSTEM", value_enum)]
    from: Option<From>,
    /// How it is written, where its name does not end in .csv, .ndjson, .jsonl or .json
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<Format>,
    /// Make fresh tokens for keys that bring none, and add them to this file, which only you can read
    #[arg(long = "tokens", value_name = "FILE")]
    fresh: Option<PathBuf>,
    /// Give keys of an earlier run new tokens where their first ones did not reach the file of --tokens
    #[arg(long, requires = "fresh")]
    reissue: bool,
    /// Check every line, name every bad one, and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
}

impl Import {
    fn format(&self) -> Result<&'static str, CliError> {
        let ending = self.file.extension().and_then(|ending| ending.to_str());
        let by_name = match ending.map(str::to_ascii_lowercase).as_deref() {
            Some("csv") => Some(Format::Csv),
            Some("ndjson" | "jsonl") => Some(Format::Ndjson),
            Some("json") => Some(Format::Json),
            _ => None,
        };
        let by_from = match self.from {
            Some(From::Csv) => Some(Format::Csv),
            Some(From::Ndjson) => Some(Format::Ndjson),
            _ => None,
        };
        match self.format.or(by_from).or(by_name) {
            Some(Format::Csv) => Ok("text/csv"),
            Some(Format::Ndjson) => Ok("application/x-ndjson"),
            Some(Format::Json) => Ok("application/json"),
            None => Err(CliError::Usage(
                "say how the file is written: --format csv, ndjson or json".to_owned(),
            )),
        }
    }

    fn query(&self) -> Query {
        let from = match self.from {
            None | Some(From::Csv | From::Ndjson) => None,
            Some(from) => from.to_possible_value().map(|value| value.get_name().to_owned()),
        };
        let mut query = Query::new();
        query.extend(from.map(|from| ("from", from)));
        if self.fresh.is_some() {
            query.push(("fresh", "true".to_owned()));
        }
        if self.dry_run {
            query.push(("dry_run", "true".to_owned()));
        }
        query
    }
}

/// Brings a file or a directory in.
pub(crate) async fn run(context: &Context, args: Import) -> Result<(), CliError> {
    let client = connect(context)?;
    if args.file.is_dir() {
        return bundle::import(context, &client, &args).await;
    }
    keys(context, &client, &args, &args.file).await
}

/// Brings a file of keys in.
pub(super) async fn keys(
    context: &Context,
    client: &Client,
    args: &Import,
    file: &Path,
) -> Result<(), CliError> {
    let kind = match args.file.is_dir() {
        true => "application/x-ndjson",
        false => args.format()?,
    };
    let unreadable = |cause: io::Error| CliError::Failed(format!("cannot read {}: {cause}", file.display()));
    let (input, length): (Box<dyn Read + Send>, Option<u64>) = if file == Path::new("-") {
        (Box::new(io::stdin()), None)
    } else {
        let file = File::open(file).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        (Box::new(file), Some(length))
    };
    let mut tokens = match &args.fresh {
        Some(path) if !args.dry_run => Some(Tokens::open(path)?),
        _ => None,
    };
    let progress = bar(context, length);
    let body = pieces(input);
    let mut response = match client.pour("/v1/keys/import", &args.query(), kind, body).await {
        Err(cut @ ClientError::Transport { .. }) => return Err(cut_short(&cut)),
        answer => answer?,
    };
    let mut report = Report::default();
    let mut held: Vec<u8> = Vec::new();
    loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            Err(error) => {
                progress.finish_and_clear();
                return Err(cut_short(&client.failure(&error)));
            }
        };
        held.extend_from_slice(&chunk);
        let whole = held
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let lines = Zeroizing::new(held.drain(..whole).collect::<Vec<u8>>());
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let event: Value = serde_json::from_slice(line)
                .map_err(|_| CliError::Failed("the server's answer cannot be read".to_owned()))?;
            report.take(context, &progress, &event, line, tokens.as_mut())?;
        }
        if let Some(tokens) = &mut tokens {
            // Before the server is let go on for long: what it tells of tokens it tells once.
            tokens.sync()?;
        }
    }
    progress.finish_and_clear();
    if let Some(tokens) = &mut tokens {
        reissue(context, client, args, &mut report, tokens).await?;
    }
    report.finish(context, args)
}

const AGAIN: &str = "what was brought in so far stays; run the same command again for the rest";

/// The connection broke, before the answer began or in the middle of it.
fn cut_short(cause: &ClientError) -> CliError {
    CliError::Failed(format!("{cause}; {AGAIN}"))
}

/// Gives keys of an earlier run new tokens, where it was asked for, or says that it can be.
async fn reissue(
    context: &Context,
    client: &Client,
    args: &Import,
    report: &mut Report,
    tokens: &mut Tokens,
) -> Result<(), CliError> {
    let lost: Vec<(u64, String)> = std::mem::take(&mut report.known)
        .into_iter()
        .filter(|(_, id)| !tokens.known.contains(id))
        .collect();
    if lost.is_empty() {
        return Ok(());
    }
    if !args.reissue {
        context.screen.note(&format!(
            "{} keys that bring no token were made before, and their tokens are not in {}; --reissue gives those that were never \
             used new ones",
            lost.len(),
            tokens.path.display()
        ));
        return Ok(());
    }
    let mut used = 0;
    for some in lost.chunks(AT_ONCE) {
        let asked = some.iter().map(|(line, id)| renew(client, *line, id));
        for renewed in futures_util::future::join_all(asked).await {
            match renewed? {
                Some(event) => {
                    tokens.add(&event)?;
                    report.reissued += 1;
                }
                None => used += 1,
            }
        }
        tokens.sync()?;
    }
    if used > 0 {
        context.screen.note(&format!(
            "{used} keys are in use, so that their tokens are not lost; they stay"
        ));
    }
    Ok(())
}

/// A new token for a key; none where the first one is in use somewhere, and so is not lost.
async fn renew(client: &Client, line: u64, id: &str) -> Result<Option<Value>, CliError> {
    let path = format!("/v1/keys/{id}");
    let key = client.get(&path, &Query::new()).await?;
    if key.get("last_used_at").is_none_or(|at| !at.is_null()) {
        return Ok(None);
    }
    let mut rotated = client.post(&format!("{path}/rotate"), None).await?;
    let secret = rotated.as_object_mut().and_then(|key| key.remove("secret"));
    let name = text(&rotated, "/name");
    Ok(Some(
        json!({"line": line, "id": id, "name": name, "secret": secret}),
    ))
}

/// A file's bytes, read on a thread of their own as the server takes them.
fn pieces(mut input: Box<dyn Read + Send>) -> mpsc::Receiver<io::Result<Vec<u8>>> {
    let (pour, pieces) = mpsc::channel(PIECES);
    std::thread::spawn(move || {
        loop {
            let mut piece = vec![0; PIECE];
            let read = input.read(&mut piece).map(|count| {
                piece.truncate(count);
                piece
            });
            let is_last = read.as_ref().map_or(true, Vec::is_empty);
            let is_whole = is_last && read.is_ok();
            if is_whole || pour.blocking_send(read).is_err() || is_last {
                return;
            }
        }
    });
    pieces
}

fn bar(context: &Context, length: Option<u64>) -> ProgressBar {
    if !context.screen.may_animate() {
        return ProgressBar::hidden();
    }
    let template = match length {
        Some(_) => "{bar:40} {percent}% {msg}, {eta} left",
        None => "{spinner} {bytes} {msg}",
    };
    let bar = length.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
