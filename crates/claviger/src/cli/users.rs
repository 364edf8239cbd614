//! `claviger users`: people, by id or by address.

mod change;
mod import;
mod list;

use clap::Subcommand;
use domain::id::UserId;
use serde_json::Value;

use super::Context;
use super::client::{Client, Query};
use super::error::CliError;
use super::keys::text;
use super::output::{Cell, Screen, Tone};

pub(super) use change::show_link;

/// What can be done with people.
#[derive(Debug, Subcommand)]
pub(crate) enum Users {
    /// List people by name
    List(list::List),
    /// Show one person
    Show(list::One),
    /// Ask somebody in; the link is printed where no mail is set up
    Invite(change::Invite),
    /// Ask many people in at once, from a file; all of them or nobody
    Import(import::Import),
    /// Change somebody's name, address or roles
    Edit(change::Edit),
    /// Keep somebody out: ends their sessions and stops their keys, at once
    Disable(change::Switch),
    /// Let somebody who was disabled in again
    Enable(list::One),
    /// Give all keys and service accounts of one person to another
    HandOver(change::HandOver),
    /// Remove somebody who owns nothing any more
    Delete(change::Switch),
    /// Where somebody is signed in
    Sessions(list::Sessions),
    /// Make a link by which somebody chooses a new password; it takes off their second factor
    Recover(list::One),
}

/// Does it.
pub(crate) async fn run(context: &Context, command: Users) -> Result<(), CliError> {
    match command {
        Users::List(args) => list::list(context, args).await,
        Users::Show(args) => list::show(context, args).await,
        Users::Invite(args) => change::invite(context, args).await,
        Users::Import(args) => import::run(context, args).await,
        Users::Edit(args) => change::edit(context, args).await,
        Users::Disable(args) => change::disable(context, args).await,
        Users::Enable(args) => change::enable(context, args).await,
        Users::HandOver(args) => change::hand_over(context, args).await,
        Users::Delete(args) => change::delete(context, args).await,
        Users::Sessions(args) => list::sessions(context, args).await,
        Users::Recover(args) => change::recover(context, args).await,
    }
}

/// The path of a person who is named by id or by address.
async fn path_of(client: &Client, who: &str) -> Result<String, CliError> {
    Ok(format!("/v1/users/{}", id_of(client, who).await?))
}

async fn id_of(client: &Client, who: &str) -> Result<UserId, CliError> {
    if let Ok(id) = who.parse() {
        return Ok(id);
    }
    if !who.contains('@') {
        return Err(CliError::Usage(
            "name a person by their id, usr_…, or by their address".to_owned(),
        ));
    }
    let query: Query = vec![("q", who.to_owned()), ("limit", "500".to_owned())];
    let page = client.get("/v1/users", &query).await?;
    let mut users = page.get("items").and_then(Value::as_array).into_iter().flatten();
    let found = users.find(|user| text(user, "/email").to_lowercase() == who.trim().to_lowercase());
    found
        .and_then(|user| text(user, "/id").parse().ok())
        .ok_or_else(|| CliError::Failed("nobody in the organisation has this address".to_owned()))
}

fn roles(user: &Value) -> String {
    let roles = user.get("roles").and_then(Value::as_array).into_iter().flatten();
    let names: Vec<&str> = roles.map(|role| text(role, "/name")).collect();
    if names.is_empty() {
        "-".to_owned()
    } else {
        names.join(", ")
    }
}

fn yes(user: &Value, field: &str) -> &'static str {
    match user.get(field).and_then(Value::as_bool) {
        Some(true) => "yes",
        _ => "no",
    }
}

/// What there is to know about a person at a glance.
fn facts(screen: &Screen, user: &Value) -> Vec<(&'static str, Cell)> {
    let status = text(user, "/status");
    vec![
        ("id", Cell::from(text(user, "/id"))),
        ("name", text(user, "/name").into()),
        ("address", text(user, "/email").into()),
        ("status", Cell::toned(status, Tone::of_status(status))),
        ("roles", roles(user).into()),
        ("operator", yes(user, "operator").into()),
        ("second factor", yes(user, "second_factor").into()),
        ("last sign-in", screen.time(user.get("last_sign_in_at")).into()),
    ]
}
