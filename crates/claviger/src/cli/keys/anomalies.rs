//! `keys anomalies`: how a key was used that is unlike it.

use clap::Args;
use serde_json::Value;

use super::text;
use crate::cli::client::Query;
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::{Context, input};

/// What was told of a key.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claviger keys anomalies key_0123… --acknowledge")]
pub(crate) struct Anomalies {
    /// The key's id, key_…
    id: String,
    /// Say that somebody has looked at them: they are not listed again
    #[arg(long)]
    acknowledge: bool,
}

pub(super) async fn run(context: &Context, args: Anomalies) -> Result<(), CliError> {
    let path = format!("{}/anomalies", input::key_path(&args.id)?);
    let client = connect(context)?;
    let told = client.get(&path, &Query::new()).await?;
    let screen = &context.screen;
    if screen.json {
        screen.json(&told)?;
    } else {
        let items = told.get("items").and_then(Value::as_array);
        let items: Vec<&Value> = items.into_iter().flatten().collect();
        if items.is_empty() {
            screen.note("nothing was unusual that nobody has looked at");
        }
        for item in items {
            screen.facts(&[
                ("kind", text(item, "/anomaly/kind").into()),
                ("told", screen.time(item.get("told_at")).into()),
                ("seen", text(item, "/evidence").into()),
                ("what helps", text(item, "/remedy").into()),
            ])?;
        }
    }
    if args.acknowledge {
        client.delete(&path).await?;
    }
    Ok(())
}
