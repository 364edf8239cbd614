//! `claviger login` and `logout`: a key is checked before it is kept, and is never typed where others can read it.

use clap::Args;
use serde_json::json;

use super::client::Query;
use super::connect::{Target, address, client, usual_address};
use super::credentials::Credentials;
use super::error::CliError;
use super::keys::{named, text};
use super::{Context, input};

const EXAMPLES: &str = "\
Examples:
  claviger login https://keys.example.com              asks for the key without showing it
  claviger login https://keys.example.com < key.txt

The key is kept in ~/.config/claviger/credentials.toml (or below XDG_CONFIG_HOME), readable by you alone,
and is sent to that server and no other.";

/// Where to sign in.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Login {
    /// The server's address; the usual one if left out
    url: Option<String>,
}

/// Where to sign out.
#[derive(Debug, Args)]
pub(crate) struct Logout {
    /// The server's address; the usual one if left out
    url: Option<String>,
}

/// Asks for a key, checks it, keeps it.
pub(crate) async fn login(context: &Context, args: Login) -> Result<(), CliError> {
    let mut credentials = Credentials::load()?;
    let address = chosen(context, &credentials, args.url)?;
    let key = match &context.global.key_file {
        Some(file) => input::secret_from(file)?,
        None => input::secret_from_stdin(&format!("Management key for {address}: "))?,
    };
    let client = client(context, &Target::Address(address.clone()), Some(key.clone()))?;
    let me = client.get("/v1/self", &Query::new()).await?;
    credentials.keep(&address, &key);
    let path = credentials.save()?;
    if context.screen.json {
        return context.screen.json(&json!({"server": address, "self": me}));
    }
    let name = if text(&me, "/name").is_empty() {
        named(&me, "/key")
    } else {
        text(&me, "/name").to_owned()
    };
    context
        .screen
        .line(&format!("signed in to {address} as {name}"))?;
    context
        .screen
        .note(&format!("the key is kept in {}", path.display()));
    Ok(())
}

/// Forgets a kept key.
pub(crate) fn logout(context: &Context, args: Logout) -> Result<(), CliError> {
    let mut credentials = Credentials::load()?;
    let address = chosen(context, &credentials, args.url)?;
    let known = credentials.forget(&address);
    if known {
        credentials.save()?;
    }
    if context.screen.json {
        return context
            .screen
            .json(&json!({"server": address, "forgotten": known}));
    }
    context.screen.line(&if known {
        format!("signed out of {address}; the key itself still works: `claviger keys revoke` ends it")
    } else {
        format!("no key was kept for {address}")
    })
}

fn chosen(context: &Context, credentials: &Credentials, url: Option<String>) -> Result<String, CliError> {
    match (url, &context.global.server) {
        (Some(_), Some(_)) => Err(CliError::Usage("give the server's address once".to_owned())),
        (Some(url), None) => address(&url),
        (None, _) => usual_address(context, credentials),
    }
}
