//! `serve`, `init`, `migrate` and `config`: what an installation's keeper does on its host.

use std::net::SocketAddr;
use std::path::PathBuf;

use app::setup::Initialised;
use clap::{Args, Subcommand};
use serde_json::json;

use super::error::CliError;
use super::{Context, welcome};
use crate::config::{self, Config};
use crate::server::{self, Installation, Server};
use crate::telemetry;

/// The name of the first organisation when nobody gives one.
const FIRST: &str = "My organisation";

/// Start the server; on an empty directory it makes the installation first
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The settings file [default: claviger.toml here, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the REST API listens; port 0 picks a free one [default: 127.0.0.1:7400]
    #[arg(long, value_name = "ADDR")]
    management: Option<SocketAddr>,
    /// Where verification listens; port 0 picks a free one [default: 127.0.0.1:7401]
    #[arg(long, value_name = "ADDR")]
    verify: Option<SocketAddr>,
    /// Where Envoy asks over gRPC; port 0 picks a free one [default: 127.0.0.1:7402]
    #[arg(long, value_name = "ADDR")]
    grpc: Option<SocketAddr>,
    /// Where Prometheus reads /metrics; port 0 picks a free one [default: 127.0.0.1:7403]
    #[arg(long, value_name = "ADDR")]
    metrics: Option<SocketAddr>,
}

/// Make the installation's database and secrets file, and print its first secrets once
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The settings file [default: claviger.toml here, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The preset that the first organisation's policy begins with, such as openlmis
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
}

/// The settings file.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every setting with its default and what it is for
    Default,
}

/// The settings that the file, the environment and the flags give together.
pub(super) fn settings(context: &Context, file: Option<&PathBuf>) -> Result<Config, CliError> {
    let mut config =
        Config::load(file.map(PathBuf::as_path)).map_err(|error| CliError::Usage(error.to_string()))?;
    if let Some(data) = &context.global.data {
        config.data.clone_from(data);
    }
    if let Some(database) = &context.global.database {
        config.database = Some(database.clone());
    }
    Ok(config)
}

pub(super) fn failed(error: impl std::fmt::Display) -> CliError {
    CliError::Failed(error.to_string())
}

/// What was wrong with the wish, where it was: its fields are named.
fn said(error: app::AppError) -> CliError {
    match &error {
        app::AppError::Invalid(faults) => {
            let faults: Vec<String> = faults
                .iter()
                .map(|one| format!("{}: {}", one.field, one.detail))
                .collect();
            CliError::Usage(faults.join("; "))
        }
        _ => failed(error),
    }
}

fn first_name(context: &Context) -> &str {
    context.global.organisation.as_deref().unwrap_or(FIRST)
}

impl Serve {
    /// The settings with these flags laid over them, checked before anything is made.
    pub(super) fn settings(&self, context: &Context) -> Result<Config, CliError> {
        let mut config = settings(context, self.config.as_ref())?;
        config.listen.management = self.management.unwrap_or(config.listen.management);
        config.listen.verification = self.verify.unwrap_or(config.listen.verification);
        config.listen.grpc = self.grpc.or(config.listen.grpc);
        config.listen.metrics = self.metrics.or(config.listen.metrics);
        let checked = config
            .guard()
            .map(drop)
            .and(config.doors().map(drop))
            .and(config.people().map(drop))
            .and(config.readers().map(drop))
            .and(config.tls().map(drop))
            .and(config.check_node())
            .and(config.check_telemetry());
        checked.map_err(|error| CliError::Usage(error.to_string()))?;
        Ok(config)
    }
}

pub(crate) async fn serve(context: &Context, args: Serve) -> Result<(), CliError> {
    let config = args.settings(context)?;
    let traces = telemetry::start(&config.log, &config.telemetry).map_err(CliError::Usage)?;
    let installation = Installation::open(&config).await.map_err(failed)?;
    let outcome = run(context, &config, installation).await;
    traces.stop().await;
    outcome
}

/// Serves an installation that is open.
pub(super) async fn run(
    context: &Context,
    config: &Config,
    installation: Installation,
) -> Result<(), CliError> {
    let made = installation
        .app
        .initialise(first_name(context), None)
        .await
        .map_err(failed)?;
    let server = Server::start(installation, config).await.map_err(failed)?;
    let text = welcome::text(&server, config, made.as_ref());
    // The secrets that it holds are dropped, and so overwritten, before the server runs on.
    drop(made);
    context.screen.text(&text)?;
    drop(text);
    server.run().await.map_err(failed)
}

pub(crate) async fn init(context: &Context, args: Init) -> Result<(), CliError> {
    let config = settings(context, args.config.as_ref())?;
    if let Some(name) = &args.preset {
        // Before anything is made.
        app::policy::known_preset(name).map_err(said)?;
    }
    let installation = Installation::open(&config).await.map_err(failed)?;
    let made = installation
        .app
        .initialise(first_name(context), args.preset.as_deref())
        .await;
    let stated = installation.app.write_checkpoints().await;
    installation.leave().await;
    let Some(made) = made.map_err(said)? else {
        return Err(CliError::Failed(
            "there is an organisation already; nothing was changed".to_owned(),
        ));
    };
    stated.map_err(failed)?;
    let Initialised {
        organisation,
        management_key,
        setup,
        ..
    } = &made;
    let setup_url = welcome::setup_url(&config, config.listen.management, setup);
    if context.global.json {
        let all = json!({
            "organisation": organisation, "management_key": management_key.expose(), "setup_url": setup_url.as_str(),
        });
        return context.screen.text(&format!("{all}\n"));
    }
    context.screen.text(&welcome::secrets(&made, &setup_url))
}

pub(crate) async fn migrate(context: &Context) -> Result<(), CliError> {
    let config = settings(context, None)?;
    let applied = server::migrate_alone(&config).await.map_err(failed)?;
    if applied.from == applied.to {
        return context
            .screen
            .text(&format!("The schema is up to date (version {}).\n", applied.to));
    }
    let names = applied.names.join(", ");
    context.screen.text(&format!(
        "Migrated from version {} to {}: {names}.\n",
        applied.from, applied.to
    ))
}

pub(crate) fn print_config(context: &Context, command: &ConfigCommand) -> Result<(), CliError> {
    match command {
        ConfigCommand::Default => context.screen.text(config::DEFAULT),
    }
}
