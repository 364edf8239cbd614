//! `keys verify`: the question that every protected service asks, asked by hand.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value};

use super::{joined, named, text};
use crate::cli::Context;
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::input;
use crate::cli::output::{Cell, Tone};

const EXAMPLES: &str = "\
Examples:
  claviger keys verify < token.txt
  claviger keys verify --secret-file token.txt --requires 'customers:view AND orders:view' --ip 10.1.2.3
  claviger keys verify --quiet < token.txt && echo welcome

The token comes from standard input or a file, never from an argument.
Exit code 0: valid. 5: not valid; the answer says why.";

/// A token to check.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Verify {
    /// What the request needs, such as 'customers:view AND (orders:view OR orders:list)'
    #[arg(long, value_name = "EXPRESSION")]
    requires: Option<String>,
    /// The address that the request comes from
    #[arg(long, value_name = "IP")]
    ip: Option<std::net::IpAddr>,
    /// How much the request counts for limits and the quota; 1 if left out
    #[arg(long, value_name = "N")]
    cost: Option<u64>,
    /// Read the token from this file instead of standard input
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

pub(super) async fn run(context: &Context, args: Verify) -> Result<(), CliError> {
    let client = connect(context)?;
    let token = match &args.secret_file {
        Some(file) => input::secret_from(file)?,
        None => input::secret_from_stdin("Token to verify: ")?,
    };
    let mut body = Map::new();
    body.insert("key".to_owned(), token.as_str().into());
    if let Some(requires) = args.requires {
        body.insert("permissions".to_owned(), requires.into());
    }
    if let Some(ip) = args.ip {
        body.insert("ip".to_owned(), ip.to_string().into());
    }
    if let Some(cost) = args.cost {
        body.insert("cost".to_owned(), cost.into());
    }
    let answer = client.post("/v1/verify", Some(&body.into())).await?;
    let valid = answer.get("valid").and_then(Value::as_bool) == Some(true);
    show(context, &answer, valid)?;
    if valid { Ok(()) } else { Err(CliError::KeyInvalid) }
}

fn show(context: &Context, answer: &Value, valid: bool) -> Result<(), CliError> {
    let screen = &context.screen;
    if screen.json {
        return screen.json(answer);
    }
    let tone = if valid { Tone::Good } else { Tone::Bad };
    let mut facts = vec![
        ("valid", Cell::toned(if valid { "yes" } else { "no" }, tone)),
        ("code", Cell::toned(text(answer, "/code"), tone)),
    ];
    let texts = [("key", "/key_id"), ("name", "/name"), ("missing", "/missing")];
    let texts = texts
        .into_iter()
        .map(|(name, pointer)| (name, text(answer, pointer)));
    facts.extend(
        texts
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| (name, Cell::from(text))),
    );
    if !text(answer, "/limited_by").is_empty() {
        facts.push(("limited by", text(answer, "/limited_by").into()));
    }
    if let Some(seconds) = answer.get("retry_after").and_then(Value::as_u64) {
        facts.push(("again in", format!("{seconds} s").into()));
    }
    if valid {
        facts.push(("owner", named(answer, "/owner").into()));
        facts.push(("permissions", joined(answer, "/permissions").into()));
        facts.push(("expires", super::ending(screen, answer).into()));
    }
    screen.facts(&facts)
}
