//! `keys disable|enable|protect|unprotect`: what can be undone by its opposite, so nobody is asked.

use clap::Args;

use super::text;
use crate::cli::Context;
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::input;

/// One key.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// The key's id, key_…
    id: String,
}

pub(super) async fn run(context: &Context, args: One, verb: &str, done: &str) -> Result<(), CliError> {
    let path = input::key_path(&args.id)?;
    let key = connect(context)?.post(&format!("{path}/{verb}"), None).await?;
    if context.screen.json {
        return context.screen.json(&key);
    }
    context
        .screen
        .line(&format!("{done}  {}  {}", text(&key, "/id"), text(&key, "/name")))
}
