//! `claviger policy`: the rules for keys as a flat list of settings, changed by name.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

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
}

const EXAMPLES: &str = "\
Examples:
  claviger policy set expiry.max=366d deletion=erase
  claviger policy set expiry.mode=required expiry.default=90d --dry-run
  claviger policy set rotation.warn_after=null

A value that reads as JSON is taken as such (true, 46, null, [\"bearer\"]); anything else is text.
For a text that reads as JSON, quote it: 'token.prefix=\"123\"'.";

/// Settings to change.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Set {
    /// A setting and its new value, such as expiry.max=366d
    #[arg(required = true, value_name = "PATH=VALUE")]
    settings: Vec<String>,
    /// Show what would change, and change nothing
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
    }
}

async fn set(context: &Context, args: Set) -> Result<(), CliError> {
    let patch = merge_patch(&args.settings)?;
    let client = connect(context)?;
    if !args.dry_run {
        return show(context, &client.patch("/v1/policy", &patch, None).await?);
    }
    let policy = client.get("/v1/policy", &Query::new()).await?;
    let now = flat(&policy);
    let value_now = |path: &str| {
        now.iter()
            .find(|(at, _)| at == path)
            .map_or(&Value::Null, |(_, value)| *value)
    };
    let wanted = flat(&patch);
    let changes: Vec<(&String, &Value, &Value)> = wanted
        .iter()
        .map(|(path, then)| (path, value_now(path), *then))
        .filter(|(_, now, then)| now != then)
        .collect();
    if context.screen.json {
        let changes: Map<String, Value> = changes
            .into_iter()
            .map(|(path, now, then)| (path.clone(), json!({"before": now, "after": then})))
            .collect();
        return context.screen.json(&json!({"dry_run": true, "changes": changes}));
    }
    let rows: Vec<Vec<Cell>> = changes
        .into_iter()
        .map(|(path, now, then)| vec![Cell::from(path), shown(now).into(), shown(then).into()])
        .collect();
    context.screen.table(&["SETTING", "NOW", "THEN"], 0, &rows)?;
    context.screen.note("dry run: the policy was not changed");
    Ok(())
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
