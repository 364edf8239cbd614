//! `claviger admin`: break-glass, for whoever has a shell on the installation's host.

use clap::{Args, Subcommand};
use serde_json::json;

use super::Context;
use super::connect::connect;
use super::error::CliError;
use super::users::show_link;

/// What is done on the host alone.
#[derive(Debug, Subcommand)]
pub(crate) enum Admin {
    /// Print a link by which somebody gets in again, without their password and second factor
    Recover(Recover),
}

/// Whom to let in.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  claviger --data ./data admin recover ann@example.com\n  \
    claviger --data ./data admin recover --new ann@example.com   (a new owner, where none is left)\n\n\
    It leaves an audit record. A disabled person is enabled by it."
)]
pub(crate) struct Recover {
    /// Their address
    email: String,
    /// Make a new owner and operator of this address, rather than letting in somebody who is known
    #[arg(long)]
    new: bool,
}

/// Does it.
pub(crate) async fn run(context: &Context, command: Admin) -> Result<(), CliError> {
    let Admin::Recover(args) = command;
    let client = connect(context)?;
    if !client.is_socket() {
        return Err(CliError::Usage(
            "people are let in again on the installation's host alone: give --data DIR".to_owned(),
        ));
    }
    let body = json!({"email": args.email, "new": args.new});
    let answer = client.post("/v1/installation/recover", Some(&body)).await?;
    show_link(context, answer, "recovery_url")
}
