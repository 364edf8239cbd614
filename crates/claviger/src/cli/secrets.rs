//! `claviger secrets`: the installation's own secrets, turned in stages so that no node is ever left without one it needs.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::client::{Client, Query};
use super::connect::connect;
use super::error::CliError;
use super::keys::text;
use super::output::Cell;
use super::{Context, confirm};

/// What can be done with the installation's secrets.
#[derive(Debug, Subcommand)]
pub(crate) enum Secrets {
    /// Show every version, its state and what still leans on it
    Status,
    /// Take a new version one step further: announce, promote, retire
    Rotate(Rotate),
}

/// What is rotated.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// The key of the digests by which tokens are found
    Pepper,
    /// The key that wraps the keys of encrypted secrets
    KeyEncryptionKey,
}

/// How far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Make a new version that every node knows but none writes with
    Announce,
    /// Write with it from now on
    Promote,
    /// Forget an old version, once nothing leans on it
    Retire,
}

const EXAMPLES: &str = "\
In this order, looking at `claviger secrets status` between the steps:
  claviger --data DIR secrets rotate --step announce
  claviger --data DIR secrets rotate --step promote
  claviger --data DIR secrets rotate --step retire --version 1

Of several servers, take each step on the same one, and bring its secrets.toml to the others after it: they read it
within ten seconds, or on SIGHUP. A step for which one of them is not ready is refused.";

/// One step of a rotation.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Rotate {
    /// Which secret
    #[arg(long, value_enum, default_value = "pepper")]
    kind: Kind,
    /// Which step
    #[arg(long, value_enum, default_value = "announce")]
    step: Step,
    /// Which version, where a step could mean more than one
    #[arg(long, value_name = "N")]
    version: Option<u32>,
}

/// Does it.
pub(crate) async fn run(context: &Context, command: Secrets) -> Result<(), CliError> {
    if let Secrets::Rotate(Rotate {
        step: Step::Retire, ..
    }) = &command
    {
        confirm::can_ask(context, "retiring a version")?;
    }
    let client = connect(context)?;
    if !client.is_socket() {
        return Err(CliError::Usage(
            "the installation's secrets are managed on its host alone: give --data DIR".to_owned(),
        ));
    }
    match command {
        Secrets::Status => show(
            context,
            &client.get("/v1/installation/secrets", &Query::new()).await?,
        ),
        Secrets::Rotate(args) => rotate(context, &client, args).await,
    }
}

async fn rotate(context: &Context, client: &Client, args: Rotate) -> Result<(), CliError> {
    let (kind, kind_shown) = match args.kind {
        Kind::Pepper => ("pepper", "pepper"),
        Kind::KeyEncryptionKey => ("key_encryption_key", "key-encryption key"),
    };
    let (step, next) = match args.step {
        Step::Announce => ("announce", "next: --step promote, when every node runs with it"),
        Step::Promote => (
            "promote",
            "next: --step retire --version N, when nothing leans on the old one",
        ),
        Step::Retire => ("retire", "done"),
    };
    if args.step == Step::Retire {
        let which = args.version.map_or_else(
            || "the old version".to_owned(),
            |version| format!("version {version}"),
        );
        let question =
            format!("Retire {which} of the {kind_shown}? What still leans on it stops working for good.");
        confirm::ask(context, &question)?;
    }
    let mut body = json!({"kind": kind, "step": step});
    if let Some(version) = args.version {
        body["version"] = version.into();
    }
    show(
        context,
        &client
            .post("/v1/installation/secrets/rotate", Some(&body))
            .await?,
    )?;
    context.screen.note(next);
    Ok(())
}

fn show(context: &Context, answer: &Value) -> Result<(), CliError> {
    if context.screen.json {
        return context.screen.json(answer);
    }
    let number = |value: &Value, name: &str| value.get(name).map_or_else(|| "-".to_owned(), Value::to_string);
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for (kind, list, leaning) in [
        ("pepper", "peppers", "secrets"),
        ("key-encryption key", "key_encryption_keys", "data_keys"),
    ] {
        for version in answer.get(list).and_then(Value::as_array).into_iter().flatten() {
            rows.push(vec![
                kind.into(),
                number(version, "version").into(),
                text(version, "/state").into(),
                number(version, leaning).into(),
                number(version, "live").into(),
            ]);
        }
    }
    if let Some(imported) = answer.get("sha256") {
        let counts = [number(imported, "secrets"), number(imported, "live")];
        let mut row: Vec<Cell> = vec!["imported SHA-256".into(), "-".into(), "until first use".into()];
        row.extend(counts.map(Cell::from));
        rows.push(row);
    }
    context.screen.table(
        &["KIND", "VERSION", "STATE", "LEANING ON IT", "OF THESE LIVE"],
        0,
        &rows,
    )?;
    servers(context, answer)
}

/// What the other servers have, where there are any.
fn servers(context: &Context, answer: &Value) -> Result<(), CliError> {
    let all = answer.get("servers").and_then(Value::as_array);
    let held = |server: &Value, known: &str, writes: &str| -> Cell {
        let writes = server.get(writes).filter(|version| !version.is_null());
        let known = server.get(known).and_then(Value::as_array).into_iter().flatten();
        let marked = known.map(|version| match Some(version) == writes {
            true => format!("{version} (writes)"),
            false => version.to_string(),
        });
        marked.collect::<Vec<_>>().join(", ").into()
    };
    let rows: Vec<Vec<Cell>> = all
        .into_iter()
        .flatten()
        .map(|server| {
            vec![
                text(server, "/name").into(),
                held(server, "peppers", "pepper"),
                held(server, "key_encryption_keys", "key_encryption_key"),
            ]
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    context.screen.text("\n")?;
    context
        .screen
        .table(&["OTHER SERVER", "PEPPERS", "KEY-ENCRYPTION KEYS"], 0, &rows)
}
