//! `keys quota`: what is used of a quota, set by hand. The limit is changed with `keys edit --quota`.

use clap::Args;
use serde_json::json;

use super::facts;
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::{Context, input, limits};

const EXAMPLES: &str = "\
Examples:
  claviger keys quota key_0123… --used 0         (fills it up)
  claviger keys quota key_0123… --credit 500     (500 fewer are used)";

/// What is to become of what is used.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Quota {
    /// The key's id, key_…
    id: String,
    /// So many are used of the period that runs; 0 fills it up
    #[arg(
        long,
        value_name = "N",
        required_unless_present = "credit",
        conflicts_with = "credit"
    )]
    used: Option<u64>,
    /// So many fewer are used, down to none
    #[arg(long, value_name = "N")]
    credit: Option<u64>,
}

pub(super) async fn run(context: &Context, args: Quota) -> Result<(), CliError> {
    let path = input::key_path(&args.id)?;
    let body = match (args.used, args.credit) {
        (Some(used), _) => json!({"used": used}),
        (None, credit) => json!({"credit": credit}),
    };
    let client = connect(context)?;
    let key = client.post(&format!("{path}/quota"), Some(&body)).await?;
    let screen = &context.screen;
    if screen.json {
        return screen.json(&key);
    }
    let mut shown = facts(screen, &key);
    shown.push(("quota", limits::quota(&key).into()));
    screen.facts(&shown)
}
