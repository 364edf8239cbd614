//! `keys rotate`: a new secret for a key that stays itself.

use std::path::PathBuf;

use clap::Args;
use domain::span::Span;
use serde_json::{Map, Value, json};

use super::{Expiry, called, show_with_secret};
use crate::cli::client::Query;
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::{Context, confirm, input};

const EXAMPLES: &str = "\
Examples:
  claviger keys rotate key_0123… --grace 24h          both secrets work for a day
  claviger keys rotate key_0123… --grace 0s --yes     the old secret stops at once
  claviger keys rotate key_0123… --dry-run

Without --grace the policy's rotation.default_grace counts; it is none unless someone set it.";

/// A new secret for a key.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Rotate {
    /// The key's id, key_…
    id: String,
    /// How long the old secret goes on working beside the new one, such as 24h
    #[arg(long, value_name = "SPAN", value_parser = input::span)]
    grace: Option<Span>,
    #[command(flatten)]
    expiry: Expiry,
    /// Use a token made elsewhere, from a file or, with -, from standard input
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Show what would happen, and change nothing
    #[arg(long)]
    dry_run: bool,
}

impl Rotate {
    fn stops_old_at_once(&self) -> bool {
        self.grace.is_none_or(|grace| grace == Span::ZERO)
    }

    fn fate_of_old(&self) -> String {
        match self.grace {
            None => "the old secret stops at once, unless the policy grants a grace".to_owned(),
            Some(Span::ZERO) => "the old secret stops at once".to_owned(),
            Some(grace) => format!("the old secret works for {grace} more"),
        }
    }
}

pub(super) async fn run(context: &Context, args: Rotate) -> Result<(), CliError> {
    let path = input::key_path(&args.id)?;
    if args.dry_run {
        let key = connect(context)?.get(&path, &Query::new()).await?;
        return preview(context, &key, &args);
    }
    if args.stops_old_at_once() {
        confirm::can_ask(context, "rotating without --grace")?;
    }
    let client = connect(context)?;
    if args.stops_old_at_once() && !context.global.yes {
        let key = client.get(&path, &Query::new()).await?;
        confirm::ask(
            context,
            &format!("Rotate {}? {}.", called(&key), args.fate_of_old()),
        )?;
    }
    let mut body = Map::new();
    if let Some(grace) = args.grace {
        body.insert("grace".to_owned(), grace.to_string().into());
    }
    args.expiry.put(&mut body);
    if let Some(file) = &args.secret_file {
        body.insert("secret".to_owned(), input::secret_from(file)?.as_str().into());
    }
    show_with_secret(
        context,
        client.post(&format!("{path}/rotate"), Some(&body.into())).await?,
    )
}

fn preview(context: &Context, key: &Value, args: &Rotate) -> Result<(), CliError> {
    let screen = &context.screen;
    if screen.json {
        let effect = args.fate_of_old();
        return screen.json(&json!({"dry_run": true, "action": "rotate", "effect": effect, "key": key}));
    }
    screen.line(&format!("would rotate {}: {}", called(key), args.fate_of_old()))
}
