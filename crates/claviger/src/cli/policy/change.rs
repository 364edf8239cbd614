//! A change of the policy: sent, and, where it would touch what is there already, shown and asked about first.

use serde_json::{Value, json};

use super::shown;
use crate::cli::client::ClientError;
use crate::cli::error::CliError;
use crate::cli::keys::text;
use crate::cli::output::Cell;
use crate::cli::{Context, confirm};

/// Sends a change by way of `send`, which is given the query to send it with. None after a dry run, which was shown.
///
/// # Errors
/// Cancelled, when whoever is asked says no; usage, when nobody can be asked.
pub(in crate::cli) async fn send(
    context: &Context,
    dry_run: bool,
    send: impl AsyncFn(&str) -> Result<Value, ClientError>,
) -> Result<Option<Value>, CliError> {
    if dry_run {
        preview(context, &send("?dry_run=true").await?)?;
        return Ok(None);
    }
    let refusal = match send("").await {
        Ok(done) => return Ok(Some(done)),
        Err(refusal) => refusal,
    };
    let Some(unconfirmed) = refusal.unconfirmed() else {
        return Err(refusal.into());
    };
    for line in touches(&unconfirmed.touches) {
        context.screen.note(&line);
    }
    confirm::can_ask(context, "this change")?;
    confirm::ask(context, "make the change?")?;
    Ok(Some(send(&format!("?confirm={}", unconfirmed.word)).await?))
}

/// What a change would do.
fn preview(context: &Context, preview: &Value) -> Result<(), CliError> {
    let screen = &context.screen;
    if screen.json {
        return screen.json(preview);
    }
    changes(context, &preview["changes"], ["NOW", "THEN"])?;
    for line in touches(preview["touches"].as_array().map_or(&[], Vec::as_slice)) {
        screen.note(&line);
    }
    for (what, names) in [
        ("role", &preview["makes"]["roles"]),
        ("API", &preview["makes"]["apis"]),
    ] {
        for name in names.as_array().into_iter().flatten() {
            screen.note(&format!("makes the {what} {}", shown(name)));
        }
    }
    screen.note("dry run: the policy was not changed");
    Ok(())
}

/// The settings that differ, by path.
pub(super) fn changes(context: &Context, changes: &Value, headings: [&str; 2]) -> Result<(), CliError> {
    let changes = changes.as_object().into_iter().flatten();
    let rows: Vec<Vec<Cell>> = changes
        .map(|(path, change)| {
            vec![
                path.into(),
                shown(&change["before"]).into(),
                shown(&change["after"]).into(),
            ]
        })
        .collect();
    let [before, after] = headings;
    context.screen.table(&["SETTING", before, after], 0, &rows)
}

fn touches(touches: &[Value]) -> Vec<String> {
    let mut lines = Vec::new();
    for touch in touches {
        let what = text(touch, "/what").replace('_', " ");
        let count = &touch["count"];
        lines.push(format!(
            "{} touches {count} {what}: {}",
            text(touch, "/setting"),
            text(touch, "/detail")
        ));
        let first = touch["first"].as_array().map_or(&[][..], Vec::as_slice);
        lines.extend(
            first
                .iter()
                .map(|one| format!("  {}  {}", text(one, "/id"), text(one, "/name"))),
        );
        let rest = count.as_u64().unwrap_or(0).saturating_sub(first.len() as u64);
        if rest > 0 && !first.is_empty() {
            lines.push(format!("  and {rest} more"));
        }
    }
    lines
}

/// What is answered to an application, as the policy that holds now.
pub(super) fn policy(applied: &Value) -> Value {
    applied.get("policy").cloned().unwrap_or_else(|| json!({}))
}
