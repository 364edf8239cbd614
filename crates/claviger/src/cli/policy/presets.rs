//! `claviger policy presets`, `diff` and `apply-preset`.

use clap::Args;
use serde_json::Value;

use super::{change, show, shown};
use crate::cli::Context;
use crate::cli::client::{Client, Query};
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::keys::text;
use crate::cli::output::{Cell, Tone};

/// The preset to compare with.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claviger policy diff openathens")]
pub(crate) struct Diff {
    /// The preset; the one that the policy goes back to when it is not said
    #[arg(value_name = "NAME")]
    preset: Option<String>,
}

/// The preset to apply.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claviger policy apply-preset openlmis --dry-run")]
pub(crate) struct Apply {
    /// The preset (see `claviger policy presets`)
    #[arg(value_name = "NAME")]
    preset: String,
    /// Show what would change, be touched and be made, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Where a preset is. Its name goes into an address, and is sent as it is or not at all.
fn path(preset: &str) -> Result<String, CliError> {
    let sane = !preset.is_empty()
        && preset
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if sane {
        return Ok(format!("/v1/policy/presets/{preset}"));
    }
    Err(CliError::Usage(
        "there is no such preset (see `claviger policy presets`)".to_owned(),
    ))
}

async fn all(client: &Client) -> Result<Value, CliError> {
    Ok(client.get("/v1/policy/presets", &Query::new()).await?)
}

pub(super) async fn list(context: &Context) -> Result<(), CliError> {
    let presets = all(&connect(context)?).await?;
    let screen = &context.screen;
    if screen.json {
        return screen.json(&presets);
    }
    let row = |preset: &Value| -> Vec<Cell> {
        let in_use = preset["in_use"] == true;
        vec![
            text(preset, "/name").into(),
            text(preset, "/system").into(),
            Cell::toned(
                if in_use { "yes" } else { "" },
                if in_use { Tone::Good } else { Tone::Plain },
            ),
            shown(&preset["differences"]).into(),
            text(preset, "/about").into(),
        ]
    };
    let rows: Vec<Vec<Cell>> = presets["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(row)
        .collect();
    screen.table(&["NAME", "SYSTEM", "IN USE", "DIFFERENCES", "ABOUT"], 0, &rows)
}

pub(super) async fn diff(context: &Context, args: Diff) -> Result<(), CliError> {
    let client = connect(context)?;
    let name = match args.preset {
        Some(name) => name,
        None => {
            let presets = all(&client).await?;
            let mut presets = presets["items"].as_array().into_iter().flatten();
            let in_use = presets.find(|preset| preset["in_use"] == true);
            in_use
                .map(|preset| text(preset, "/name").to_owned())
                .ok_or_else(|| {
                    CliError::Usage(
                        "the policy goes back to no preset; name one (see `claviger policy presets`)"
                            .to_owned(),
                    )
                })?
        }
    };
    let preset = client.get(&path(&name)?, &Query::new()).await?;
    let screen = &context.screen;
    if screen.json {
        return screen.json(&preset);
    }
    let changes = preset["changes"].as_object().into_iter().flatten();
    let rows: Vec<Vec<Cell>> = changes
        .map(|(path, change)| {
            vec![
                path.into(),
                shown(&change["before"]).into(),
                shown(&change["after"]).into(),
                why(&preset, path).into(),
            ]
        })
        .collect();
    if rows.is_empty() {
        screen.note(&format!("the policy is as the preset {name} has it"));
    }
    screen.table(&["SETTING", "NOW", "PRESET", "WHY"], 0, &rows)
}

/// Why a preset makes a setting, or one that it is part of; nothing where it has the default.
fn why<'a>(preset: &'a Value, path: &str) -> &'a str {
    let settings = preset["settings"].as_array().into_iter().flatten();
    let covers = |setting: &str| {
        path == setting
            || path
                .strip_prefix(setting)
                .is_some_and(|rest| rest.starts_with('.'))
    };
    let mut covering = settings.filter(|one| covers(text(one, "/setting")));
    covering.next().map_or("the default", |one| text(one, "/why"))
}

pub(super) async fn apply(context: &Context, args: Apply) -> Result<(), CliError> {
    let path = path(&args.preset)?;
    let client = connect(context)?;
    let send = async |query: &str| client.post(&format!("{path}/apply{query}"), None).await;
    let Some(applied) = change::send(context, args.dry_run, send).await? else {
        return Ok(());
    };
    if context.screen.json {
        return context.screen.json(&applied);
    }
    for (what, names) in [
        ("role", &applied["made"]["roles"]),
        ("API", &applied["made"]["apis"]),
    ] {
        for name in names.as_array().into_iter().flatten() {
            context.screen.note(&format!("made the {what} {}", shown(name)));
        }
    }
    show(context, &change::policy(&applied))
}
