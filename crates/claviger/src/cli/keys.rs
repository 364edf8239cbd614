//! `claviger keys`: one file to a verb, and here what they share: how a key is shown.

mod anomalies;
mod create;
mod edit;
mod end;
mod list;
mod quota;
mod rotate;
mod show;
mod switch;
mod verify;

pub(super) use list::{about_the_rest, pages, show_page};

use clap::{Args, Subcommand};
use domain::span::Span;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::Context;
use super::error::CliError;
use super::output::{Cell, Screen};

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make a key; its secret is printed once, alone on standard output
    Create(create::Create),
    /// List keys, newest first, without the revoked and deleted ones unless asked for
    List(list::List),
    /// Show one key with its secrets' states, never the secrets
    Show(show::Show),
    /// Change a key's name, permissions, networks, end and the like
    Edit(edit::Edit),
    /// Give a key a new secret; the key keeps its id, its permissions and its history
    Rotate(rotate::Rotate),
    /// End a key for good; it stays in the list of revoked keys
    Revoke(end::Revoke),
    /// Delete a key, as the policy says: kept for history, or erased
    Delete(end::Delete),
    /// Stop a key until it is enabled again
    Disable(switch::One),
    /// Let a disabled key work again
    Enable(switch::One),
    /// Guard a key against being revoked or deleted by mistake
    Protect(switch::One),
    /// Take the guard off again
    Unprotect(switch::One),
    /// Print a key's secret again, where the policy keeps secrets so that they can be shown
    Reveal(show::Reveal),
    /// Bring keys in; the same as `claviger import`
    Import(super::import::Import),
    /// Write the keys out as NDJSON or CSV, without anything that a token could be told by
    Export(super::export::Keys),
    /// Write the credential report: a CSV of who answers for each key, what it may do, and when it was used and ends
    Report(super::export::Report),
    /// Ask whether a token would be let in; exit code 5 if not
    Verify(verify::Verify),
    /// Set what is used of a key's quota: anew, or by a credit
    Quota(quota::Quota),
    /// How often a key was used, day by day
    Usage(super::usage::Of),
    /// What was lately asked with a key, and what it was answered
    Requests(super::requests::Requests),
    /// What was done to a key, by whom and when
    Events(show::Events),
    /// How a key was used that is unlike it, with what helps
    Anomalies(anomalies::Anomalies),
    /// How many keys there are in each state
    Summary,
}

/// Does it.
pub(crate) async fn run(context: &Context, command: Keys) -> Result<(), CliError> {
    match command {
        Keys::Create(args) => create::run(context, args).await,
        Keys::List(args) => list::run(context, args).await,
        Keys::Show(args) => show::show(context, args).await,
        Keys::Edit(args) => edit::run(context, args).await,
        Keys::Rotate(args) => rotate::run(context, args).await,
        Keys::Revoke(args) => end::revoke(context, args).await,
        Keys::Delete(args) => end::delete(context, args).await,
        Keys::Disable(args) => switch::run(context, args, "disable", "disabled").await,
        Keys::Enable(args) => switch::run(context, args, "enable", "enabled").await,
        Keys::Protect(args) => switch::run(context, args, "protect", "protected").await,
        Keys::Unprotect(args) => switch::run(context, args, "unprotect", "unprotected").await,
        Keys::Reveal(args) => show::reveal(context, args).await,
        Keys::Import(args) => super::import::run(context, args).await,
        Keys::Export(args) => super::export::keys(context, args).await,
        Keys::Verify(args) => verify::run(context, args).await,
        Keys::Quota(args) => quota::run(context, args).await,
        Keys::Usage(args) => {
            let path = super::input::key_path(&args.id)?;
            super::usage::report(context, &path, &args.stretch).await
        }
        Keys::Report(args) => super::export::report(context, args).await,
        Keys::Requests(args) => super::requests::run(context, args, super::input::key_path).await,
        Keys::Events(args) => show::events(context, args).await,
        Keys::Anomalies(args) => anomalies::run(context, args).await,
        Keys::Summary => list::summary(context).await,
    }
}

/// When a key ends by itself.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct Expiry {
    /// End after this span, such as 90d, 24h or 2w
    #[arg(long, value_name = "SPAN", value_parser = super::input::span)]
    expires_in: Option<Span>,
    /// End at this instant, such as 2027-01-10T23:59:59Z, or with this day, such as 2027-01-10
    #[arg(long, value_name = "INSTANT|DATE", value_parser = super::input::end)]
    expires_at: Option<String>,
}

impl Expiry {
    fn put(&self, body: &mut Map<String, Value>) {
        if let Some(span) = self.expires_in {
            body.insert("expires_in".to_owned(), span.to_string().into());
        }
        if let Some(end) = &self.expires_at {
            body.insert("expires_at".to_owned(), end.as_str().into());
        }
    }
}

/// The text at a JSON pointer (RFC 6901); empty if there is none.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A list of texts in one line; `-` if it is empty.
pub(super) fn joined(value: &Value, pointer: &str) -> String {
    let Some(items) = value.pointer(pointer).and_then(Value::as_array) else {
        return "-".to_owned();
    };
    let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
    if items.is_empty() {
        "-".to_owned()
    } else {
        items.join(", ")
    }
}

/// The names of roles in one line; `-` if there are none.
pub(super) fn roles(value: &Value) -> String {
    let roles = value.get("roles").and_then(Value::as_array);
    let names: Vec<String> = roles
        .into_iter()
        .flatten()
        .map(|role| {
            let gone = role.get("available") == Some(&Value::Bool(false));
            format!(
                "{}{}",
                text(role, "/name"),
                if gone { " (unavailable)" } else { "" }
            )
        })
        .collect();
    if names.is_empty() {
        "-".to_owned()
    } else {
        names.join(", ")
    }
}

/// `Name (key_…)`: how questions and notes call a key.
fn called(key: &Value) -> String {
    format!(
        "{} ({}, {})",
        text(key, "/name"),
        text(key, "/display"),
        text(key, "/id")
    )
}

/// Someone or something by name, else by id.
pub(super) fn named(value: &Value, pointer: &str) -> String {
    let at = value.pointer(pointer).unwrap_or(&Value::Null);
    let shown = [text(at, "/name"), text(at, "/id"), text(at, "/type")];
    shown
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or("-")
        .to_owned()
}

/// When a key ends, in words.
fn ending(screen: &Screen, key: &Value) -> String {
    match key.get("expires_at") {
        None | Some(Value::Null) => "never".to_owned(),
        at => screen.time(at),
    }
}

/// What there is to know about a key at a glance.
fn facts(screen: &Screen, key: &Value) -> Vec<(&'static str, Cell)> {
    let mut facts = vec![
        ("id", Cell::from(text(key, "/id"))),
        ("name", text(key, "/name").into()),
        ("key", text(key, "/display").into()),
        ("status", Cell::status(text(key, "/status"))),
        ("owner", named(key, "/owner").into()),
        ("permissions", joined(key, "/permissions").into()),
        ("networks", joined(key, "/networks").into()),
        ("expires", ending(screen, key).into()),
    ];
    if roles(key) != "-" {
        facts.insert(6, ("roles", roles(key).into()));
    }
    if key.get("inherits") == Some(&Value::Bool(true)) {
        facts.insert(6, ("inherits", "what its owner may do".into()));
    }
    if !text(key, "/description").is_empty() {
        facts.insert(2, ("description", text(key, "/description").into()));
    }
    facts
}

/// Takes the secret out of an answer, so that it is cleared from memory after it has been printed.
fn take_secret(answer: &mut Value) -> Option<Zeroizing<String>> {
    match answer.as_object_mut()?.remove("secret")? {
        Value::String(secret) => Some(Zeroizing::new(secret)),
        _ => None,
    }
}

/// Prints the answer to create or rotate: facts aside, the secret alone.
fn show_with_secret(context: &Context, mut answer: Value) -> Result<(), CliError> {
    let screen = &context.screen;
    let id = text(&answer, "/id").to_owned();
    // Losing a new secret silently would be worse than any error.
    let or_say_how_to_get_another = |shown: Result<(), CliError>| {
        shown.map_err(|error| CliError::Failed(format!("{error}; rotate the key {id} for another")))
    };
    if screen.json {
        return or_say_how_to_get_another(screen.secret_json(&answer));
    }
    let secret = take_secret(&mut answer);
    screen.facts_aside(&facts(screen, &answer));
    let Some(secret) = secret else {
        screen.note("no secret to show: the server knows its hash alone");
        return screen.line(&id);
    };
    screen.note("The secret is shown this once. Store it now:");
    or_say_how_to_get_another(screen.secret(&secret))
}
