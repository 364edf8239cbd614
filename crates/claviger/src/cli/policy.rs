//! `claviger policy`: the rules for keys as a flat list of settings, changed by name; what they were before, and the presets.

pub(in crate::cli) mod change;
mod history;
mod presets;

use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::Context;
use super::client::Query;
use super::connect::connect;
use super::error::CliError;
use super::output::Cell;

/// What can be done with the policy.
#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Show every setting
    Show,
    /// Change settings; it takes effect at once, on every node
    Set(Set),
    /// Show what a form for a new key should ask
    Form,
    /// Show where the policy differs from a preset
    Diff(presets::Diff),
    /// List the presets: the ways of five systems, and the default
    Presets,
    /// Put a preset in the place of the policy, and make the roles and APIs that belong to it
    ApplyPreset(presets::Apply),
    /// Show how the policy came to be, or one version of it
    History(history::History),
    /// Put an earlier version in the place of the policy
    Restore(history::Restore),
}

const EXAMPLES: &str = "\
Examples:
  claviger policy set expiry.max=366d deletion=erase
  claviger policy set expiry.mode=required expiry.default=90d --dry-run
  claviger policy set rotation.warn_after=null

A value that reads as JSON is taken as such (true, 46, null, [\"bearer\"]); anything else is text.
For a text that reads as JSON, quote it: 'token.prefix=\"123\"'.
A narrower setting that is about something there already is shown first, and asked about; --yes says it is meant.";

/// Settings to change.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Set {
    /// A setting and its new value, such as expiry.max=366d
    #[arg(required = true, value_name = "PATH=VALUE")]
    settings: Vec<String>,
    /// Show what would change and what it would touch, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Does it.
pub(crate) async fn run(context: &Context, command: Policy) -> Result<(), CliError> {
    match command {
        Policy::Show => show(
            context,
            &connect(context)?.get("/v1/policy", &Query::new()).await?,
        ),
        Policy::Set(args) => set(context, args).await,
        Policy::Form => show(
            context,
            &connect(context)?.get("/v1/policy/form", &Query::new()).await?,
        ),
        Policy::Diff(args) => presets::diff(context, args).await,
        Policy::Presets => presets::list(context).await,
        Policy::ApplyPreset(args) => presets::apply(context, args).await,
        Policy::History(args) => history::run(context, args).await,
        Policy::Restore(args) => history::restore(context, args).await,
    }
}

async fn set(context: &Context, args: Set) -> Result<(), CliError> {
    let patch = merge_patch(&args.settings)?;
    let client = connect(context)?;
    let send = async |query: &str| client.patch(&format!("/v1/policy{query}"), &patch, None).await;
    match change::send(context, args.dry_run, send).await? {
        Some(policy) => show(context, &policy),
        None => Ok(()),
    }
}

fn show(context: &Context, policy: &Value) -> Result<(), CliError> {
    if context.screen.json {
        return context.screen.json(policy);
    }
    let rows: Vec<Vec<Cell>> = flat(policy)
        .into_iter()
        .map(|(path, value)| vec![path.into(), shown(value).into()])
        .collect();
    context.screen.table(&["SETTING", "VALUE"], 0, &rows)
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        // A level of a form: its name says it.
        Value::Object(fields) => fields.get("name").map_or_else(|| value.to_string(), shown),
        other => other.to_string(),
    }
}

/// The leaves with their dotted paths.
fn flat(policy: &Value) -> Vec<(String, &Value)> {
    fn walk<'a>(path: &str, value: &'a Value, out: &mut Vec<(String, &'a Value)>) {
        match value.as_object() {
            Some(fields) => {
                for (name, value) in fields {
                    let path = if path.is_empty() {
                        name.clone()
                    } else {
                        format!("{path}.{name}")
                    };
                    walk(&path, value, out);
                }
            }
            None => out.push((path.to_owned(), value)),
        }
    }
    let mut out = Vec::new();
    walk("", policy, &mut out);
    out
}

/// The JSON merge patch (RFC 7396) that `a.b=value…` asks for.
fn merge_patch(settings: &[String]) -> Result<Value, CliError> {
    let mut patch = Map::new();
    for setting in settings {
        let usage = |why: &str| CliError::Usage(format!("{setting}: {why}"));
        let (path, value) = setting
            .split_once('=')
            .ok_or_else(|| usage("expected PATH=VALUE, such as expiry.max=366d"))?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        let mut names: Vec<&str> = path.split('.').collect();
        if names.iter().any(|name| name.is_empty()) {
            return Err(usage("the setting has no name"));
        }
        let last = names.pop().unwrap_or_default();
        let mut at = &mut patch;
        for name in names {
            at = at
                .entry(name)
                .or_insert_with(|| Value::Object(Map::new()))
                .as_object_mut()
                .ok_or_else(|| usage("contradicts another setting given here"))?;
        }
        if at.insert(last.to_owned(), value).is_some() {
            return Err(usage("is given twice"));
        }
    }
    Ok(patch.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patch(settings: &[&str]) -> Result<Value, CliError> {
        merge_patch(&settings.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn settings_become_one_merge_patch() {
        let made = patch(&[
            "expiry.max=366d",
            "deletion=erase",
            "token.length=48",
            "expiry.default=null",
        ])
        .unwrap();
        let wanted =
            json!({"expiry": {"max": "366d", "default": null}, "deletion": "erase", "token": {"length": 48}});
        assert_eq!(made, wanted);
        assert_eq!(
            patch(&["token.prefix=\"123\""]).unwrap(),
            json!({"token": {"prefix": "123"}})
        );
    }

    #[test]
    fn settings_that_contradict_each_other_are_refused() {
        for bad in [
            &["a=1", "a.b=2"][..],
            &["a.b=1", "a=2"],
            &["a=1", "a=1"],
            &["a"],
            &["=1"],
            &["a..b=1"],
        ] {
            assert!(matches!(patch(bad), Err(CliError::Usage(_))), "{bad:?}");
        }
    }
}
