//! `demo`: an organisation full of sample data, for people who want to look around before they make anything.

use clap::Args;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::connect::{self, Target};
use super::error::CliError;
use super::{Context, serve};
use crate::config::Config;
use crate::local::Local;
use crate::telemetry;

/// Fill an organisation of its own with sample data, to look around in
#[derive(Debug, Args)]
#[command(after_help = "\
The organisation is called demo; others are not touched, and where it is there already nothing is done.
A directory without an installation is given one.

Example:
  claviger demo --data ./demo --serve")]
pub(crate) struct Demo {
    /// Serve the installation afterwards, as `claviger serve` does
    #[arg(long = "serve")]
    and_serve: bool,
    #[command(flatten)]
    settings: serve::Serve,
}

pub(crate) async fn run(context: &Context, args: Demo) -> Result<(), CliError> {
    if context.global.server.is_some() {
        return Err(CliError::Usage(
            "the demo is made on the server's host: give --data DIR instead of --server".to_owned(),
        ));
    }
    let mut config = args.settings.settings(context)?;
    if context.global.data.is_none()
        && let Some(data) = connect::data(context)
    {
        config.data = data;
    }
    let traces = telemetry::start(&config.log, &config.telemetry).map_err(CliError::Usage)?;
    let local = Local::open(&config).await.map_err(serve::failed)?;
    let filled = fill(context, &config).await;
    let installation = local.release().await;
    let outcome = match installation {
        Some(installation) if filled.is_err() || !args.and_serve => {
            installation.leave().await;
            filled
        }
        _ if filled.is_err() || !args.and_serve => filled,
        Some(installation) => serve::run(context, &config, installation).await,
        None => {
            context.screen.note("A server runs there already.");
            Ok(())
        }
    };
    traces.stop().await;
    outcome
}

async fn fill(context: &Context, config: &Config) -> Result<(), CliError> {
    let client = connect::client(context, &Target::Data(config.data.clone()), None)?;
    let made = client.post("/v1/installation/demo", Some(&json!({}))).await?;
    if context.screen.json {
        return context.screen.secret_json(&made);
    }
    context.screen.text(&text(&made, config))
}

fn text(made: &Value, config: &Config) -> Zeroizing<String> {
    let word = |path: &str| made.pointer(path).and_then(Value::as_str).unwrap_or("-");
    let number = |path: &str| made.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    let database = match &config.database {
        Some(_) => " --database URL",
        None => "",
    };
    let command = format!(
        "claviger --data {}{database} --organisation {}",
        config.data.display(),
        word("/organisation/slug")
    );
    let example = word("/example");
    let link = match made.get("setup_url").and_then(Value::as_str) {
        Some(url) => format!("\nWho opens this link first, within an hour, is its first person:\n  {url}\n"),
        None => String::new(),
    };
    let link = Zeroizing::new(link);
    Zeroizing::new(format!(
        "Organisation \"{}\" was made, with {} keys, {} verifications in the last 30 days and {} audit records.\n\n\
         Try:\n  \
         {command} keys list --status expiring_soon\n  \
         {command} keys usage {example}\n  \
         {command} keys events {example}\n\n\
         A management key for it, shown this once:\n  {}\n{}",
        word("/organisation/name"),
        number("/keys"),
        number("/verifications"),
        number("/audit_records"),
        word("/management_key"),
        link.as_str(),
    ))
}
