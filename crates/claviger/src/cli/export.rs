//! `claviger export`: everything but secrets, into a directory that `claviger import` takes; and `keys export` alone.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use serde_json::{Map, Value};

use super::Context;
use super::client::{Client, Query};
use super::connect::connect;
use super::error::CliError;
use super::keys::text;

const EXAMPLES: &str = "\
Examples:
  claviger export ./backup
  claviger --data ./elsewhere import ./backup --tokens fresh.ndjson

The directory gets policy.json, apis.ndjson, roles.ndjson, users.ndjson, service-accounts.ndjson and keys.ndjson, readable by
you alone. Tokens, hashes and passwords are in none of them: brought in elsewhere, keys get fresh tokens and people are
asked in again.";

/// Where to.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Export {
    /// A directory that does not exist yet
    directory: PathBuf,
}

/// A list of the server's, and the fields by which it is made again.
struct List {
    file: &'static str,
    path: &'static str,
    fields: &'static [&'static str],
}

const LISTS: [List; 4] = [
    List {
        file: "apis.ndjson",
        path: "/v1/apis",
        fields: &["slug", "name", "description", "enabled", "permissions", "routes"],
    },
    List {
        file: "roles.ndjson",
        path: "/v1/roles",
        fields: &["name", "description", "level", "api", "permissions"],
    },
    List {
        file: "users.ndjson",
        path: "/v1/users",
        fields: &["email", "name", "roles"],
    },
    List {
        file: "service-accounts.ndjson",
        path: "/v1/service-accounts",
        fields: &["name", "username", "email", "partner", "purpose", "tags", "roles"],
    },
];

/// Writes it all.
pub(crate) async fn run(context: &Context, args: Export) -> Result<(), CliError> {
    let client = connect(context)?;
    let directory = &args.directory;
    let broken =
        |cause: io::Error| CliError::Failed(format!("cannot write {}: {cause}", directory.display()));
    if directory.exists() {
        return Err(CliError::Usage(format!(
            "{} exists already; name a directory that does not",
            directory.display()
        )));
    }
    // It appears under its name only when it is whole.
    let mut draft = directory.clone().into_os_string();
    draft.push(".part");
    let draft = PathBuf::from(draft);
    if draft.exists() {
        fs::remove_dir_all(&draft).map_err(broken)?;
    }
    DirBuilder::new().mode(0o700).create(&draft).map_err(broken)?;
    let written = write(context, &client, &draft).await;
    let done = written.and_then(|count| {
        fs::rename(&draft, directory).map_err(broken)?;
        Ok(count)
    });
    match done {
        Ok(count) => {
            context.screen.note(&format!(
                "{count} keys and all that they need are in {}",
                directory.display()
            ));
            Ok(())
        }
        Err(error) => {
            let _ = fs::remove_dir_all(&draft);
            Err(error)
        }
    }
}

async fn write(context: &Context, client: &Client, directory: &Path) -> Result<u64, CliError> {
    let mut policy = client.get("/v1/policy", &Query::new()).await?;
    name_roles(client, &mut policy).await?;
    let mut file = private(&directory.join("policy.json"))?;
    serde_json::to_writer_pretty(&mut file, &policy).map_err(io::Error::from)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    for list in &LISTS {
        let mut file = io::BufWriter::new(private(&directory.join(list.file))?);
        let mut cursor = None;
        loop {
            let mut query: Query = vec![("limit", domain::page::MAX_LIMIT.to_string())];
            query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
            let page = client.get(list.path, &query).await?;
            for item in page.get("items").and_then(Value::as_array).into_iter().flatten() {
                if let Some(line) = line(item, list) {
                    serde_json::to_writer(&mut file, &line).map_err(io::Error::from)?;
                    file.write_all(b"\n")?;
                }
            }
            match page.get("next_cursor").and_then(Value::as_str) {
                Some(next) => cursor = Some(next.to_owned()),
                None => break,
            }
        }
        file.into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()?;
    }
    let mut file = private(&directory.join("keys.ndjson"))?;
    let progress = bar(context);
    let query = vec![("format", "ndjson".to_owned())];
    let count = copy(client, "/v1/keys/export", &query, &mut file, &progress).await;
    progress.finish_and_clear();
    let count = count?;
    file.sync_all()?;
    Ok(count)
}

/// The policy's usual roles by their names: ids are this installation's own.
async fn name_roles(client: &Client, policy: &mut Value) -> Result<(), CliError> {
    let Some(Value::Array(roles)) = policy.pointer_mut("/accounts/default_roles") else {
        return Ok(());
    };
    for role in roles {
        let Some(id) = role.as_str().map(str::to_owned) else {
            continue;
        };
        let known = client.get(&format!("/v1/roles/{id}"), &Query::new()).await?;
        *role = text(&known, "/name").into();
    }
    Ok(())
}

/// What is told of a thing, by the names that make it again. Built-in roles are everywhere, and what was deleted is over.
fn line(item: &Value, list: &List) -> Option<Map<String, Value>> {
    let is_over = item.get("deleted_at").is_some_and(|at| !at.is_null());
    if is_over || item.get("builtin") == Some(&Value::Bool(true)) {
        return None;
    }
    let mut line = Map::new();
    for field in list.fields {
        let value = match item.get(*field) {
            None | Some(Value::Null) => continue,
            // Roles and APIs are called by their names: ids are another installation's.
            Some(Value::Array(all)) if *field == "roles" => {
                all.iter().map(|role| Value::from(text(role, "/name"))).collect()
            }
            Some(Value::Object(api)) if *field == "api" => api.get("slug").cloned().unwrap_or_default(),
            Some(value) => value.clone(),
        };
        if value != "" {
            line.insert((*field).to_owned(), value);
        }
    }
    if text(item, "/status") == "inactive" {
        line.insert("active".to_owned(), Value::Bool(false));
    }
    Some(line)
}

fn private(path: &Path) -> Result<File, CliError> {
    let open = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    open.map_err(|cause| CliError::Failed(format!("cannot write {}: {cause}", path.display())))
}

fn bar(context: &Context) -> ProgressBar {
    if !context.screen.may_animate() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner().with_message("keys");
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    bar
}

/// Copies the stream of keys as it comes, and counts its lines.
async fn copy(
    client: &Client,
    path: &str,
    query: &Query,
    out: &mut impl Write,
    progress: &ProgressBar,
) -> Result<u64, CliError> {
    let mut response = client.stream(path, query).await?;
    let mut lines = 0;
    while let Some(chunk) = response.chunk().await.map_err(|error| client.failure(&error))? {
        lines += chunk.iter().filter(|byte| **byte == b'\n').count() as u64;
        progress.set_position(lines);
        out.write_all(&chunk)?;
    }
    out.flush()?;
    Ok(lines)
}

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object a line, which `claviger import` takes
    Ndjson,
    /// For spreadsheets; cells that could be formulas are escaped
    Csv,
}

/// Keys to take away.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  claviger keys export --output keys.ndjson\n  claviger keys export --format csv > keys.csv"
)]
pub(crate) struct Keys {
    /// As what
    #[arg(long, value_enum, default_value = "ndjson")]
    format: Format,
    /// Into this file instead of standard output; it appears only when it is whole
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Writes the keys alone.
pub(crate) async fn keys(context: &Context, args: Keys) -> Result<(), CliError> {
    let format = match args.format {
        Format::Ndjson => "ndjson",
        Format::Csv => "csv",
    };
    let query = vec![("format", format.to_owned())];
    to(context, "/v1/keys/export", &query, args.output).await
}

/// Where the credential report goes.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claviger keys report --output key-report.csv")]
pub(crate) struct Report {
    /// Into this file instead of standard output; it appears only when it is whole
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Writes the credential report.
pub(crate) async fn report(context: &Context, args: Report) -> Result<(), CliError> {
    to(context, "/v1/keys/report", &Query::new(), args.output).await
}

/// Copies what is streamed into a file, or to standard output.
async fn to(context: &Context, from: &str, query: &Query, output: Option<PathBuf>) -> Result<(), CliError> {
    let client = connect(context)?;
    let Some(path) = output else {
        copy(
            &client,
            from,
            query,
            &mut io::stdout().lock(),
            &ProgressBar::hidden(),
        )
        .await?;
        return Ok(());
    };
    let mut draft = path.clone().into_os_string();
    draft.push(".part");
    let draft = PathBuf::from(draft);
    let _ = fs::remove_file(&draft);
    let mut file = private(&draft)?;
    let progress = bar(context);
    let copied = copy(&client, from, query, &mut file, &progress).await;
    progress.finish_and_clear();
    let done = copied.and_then(|_| {
        file.sync_all()?;
        Ok(fs::rename(&draft, &path)?)
    });
    if done.is_err() {
        // Half an export must not pass for one.
        let _ = fs::remove_file(&draft);
        return done;
    }
    context.screen.note(&format!("written to {}", path.display()));
    Ok(())
}
