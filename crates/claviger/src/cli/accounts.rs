//! `claviger accounts`: service accounts, and here what the verbs share: how an account is shown.

mod change;
mod end;
mod import;
mod list;
mod show;

use clap::Subcommand;
use serde_json::Value;

use super::Context;
use super::error::CliError;
use super::keys::{joined, named, roles, text};
use super::output::{Cell, Screen};

/// What can be done with service accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum Accounts {
    /// List service accounts, newest first, without the deleted ones unless asked for
    List(list::List),
    /// Show one service account
    Show(show::One),
    /// Make a service account
    Create(change::Create),
    /// Change a service account's name, partner, roles and the like
    Edit(change::Edit),
    /// Let the keys of a service account work again
    Activate(show::One),
    /// Stop all keys of a service account at once, until it is activated again
    Deactivate(end::Deactivate),
    /// Have another person answer for a service account
    Reassign(change::Reassign),
    /// Delete a service account and end its keys, as the policy says: kept for history, or erased
    Delete(end::Delete),
    /// List the keys of a service account
    Keys(show::Page),
    /// How often the keys of a service account were used, day by day
    Usage(super::usage::Of),
    /// What was lately asked with the keys of a service account
    Requests(super::requests::Requests),
    /// What was done to a service account, by whom and when
    Events(show::Page),
    /// Bring in many service accounts from a CSV or NDJSON file: all of them, or none
    Import(import::Import),
    /// List the partners with their accounts and live keys
    Partners(list::Partners),
}

/// Does it.
pub(crate) async fn run(context: &Context, command: Accounts) -> Result<(), CliError> {
    match command {
        Accounts::List(args) => list::run(context, args).await,
        Accounts::Show(args) => show::show(context, args).await,
        Accounts::Create(args) => change::create(context, args).await,
        Accounts::Edit(args) => change::edit(context, args).await,
        Accounts::Activate(args) => change::activate(context, args).await,
        Accounts::Deactivate(args) => end::deactivate(context, args).await,
        Accounts::Reassign(args) => change::reassign(context, args).await,
        Accounts::Delete(args) => end::delete(context, args).await,
        Accounts::Keys(args) => show::keys(context, args).await,
        Accounts::Usage(args) => show::usage(context, args).await,
        Accounts::Requests(args) => super::requests::run(context, args, super::input::account_path).await,
        Accounts::Events(args) => show::events(context, args).await,
        Accounts::Import(args) => import::run(context, args).await,
        Accounts::Partners(args) => list::partners(context, args).await,
    }
}

/// `Name (username, acct_…)`: how questions and notes call an account.
fn called(account: &Value) -> String {
    format!(
        "{} ({}, {})",
        text(account, "/name"),
        text(account, "/username"),
        text(account, "/id")
    )
}

/// A text, or `-`.
fn or_dash<'a>(account: &'a Value, pointer: &str) -> &'a str {
    match text(account, pointer) {
        "" => "-",
        text => text,
    }
}

/// A count of the server's.
fn count(value: &Value, name: &str) -> String {
    let count = value.get(name).and_then(Value::as_u64).unwrap_or(0);
    count.to_string()
}

/// What there is to know about an account.
fn facts(screen: &Screen, account: &Value) -> Vec<(&'static str, Cell)> {
    let from = match text(account, "/last_used_ip") {
        "" => String::new(),
        ip => format!(" from {ip}"),
    };
    vec![
        ("id", Cell::from(text(account, "/id"))),
        ("name", text(account, "/name").into()),
        ("username", text(account, "/username").into()),
        ("status", Cell::status(text(account, "/status"))),
        ("email", or_dash(account, "/email").into()),
        ("partner", or_dash(account, "/partner").into()),
        ("owner", named(account, "/owner").into()),
        ("roles", roles(account).into()),
        ("purpose", or_dash(account, "/purpose").into()),
        ("tags", joined(account, "/tags").into()),
        ("live keys", count(account, "live_keys").into()),
        (
            "last used",
            format!("{}{from}", screen.time(account.get("last_used_at"))).into(),
        ),
        (
            "created",
            format!(
                "{} by {}",
                screen.time(account.get("created_at")),
                named(account, "/created_by")
            )
            .into(),
        ),
    ]
}

/// Shows the answer that an account is.
fn answer(context: &Context, account: &Value) -> Result<(), CliError> {
    let screen = &context.screen;
    if screen.json {
        return screen.json(account);
    }
    screen.facts(&facts(screen, account))
}
