//! `keys edit`: changes what is named and nothing else.

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::{Expiry, called, facts, text};
use crate::cli::Context;
use crate::cli::client::Query;
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::input;
use crate::cli::limits::{Quotas, Rates};
use crate::cli::output::Cell;

const EXAMPLES: &str = "\
Examples:
  claviger keys edit key_0123… --name \"Billing Sync - QuickBooks\" --expires-in 90d
  claviger keys edit key_0123… --permission orders:view --permission orders:list   (these and no others)
  claviger keys edit key_0123… --clear networks --dry-run";

/// A field that can be emptied.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Field {
    Description,
    Permissions,
    Roles,
    Networks,
    Tags,
    Contacts,
    Metadata,
    RateLimits,
    Quota,
}

impl Field {
    fn emptied(self) -> (&'static str, Value) {
        match self {
            Self::Description => ("description", json!("")),
            Self::Permissions => ("permissions", json!([])),
            Self::Roles => ("roles", json!([])),
            Self::Networks => ("networks", json!([])),
            Self::Tags => ("tags", json!([])),
            Self::Contacts => ("contacts", json!([])),
            Self::Metadata => ("metadata", json!({})),
            Self::RateLimits => ("rate_limits", json!([])),
            Self::Quota => ("quota", Value::Null),
        }
    }
}

/// Changes to a key.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Edit {
    /// The key's id, key_…
    id: String,
    /// A new name
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// A new description
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// What it may do from now on, in place of all that it may do; may be repeated
    #[arg(long = "permission", value_name = "PERMISSION")]
    permissions: Vec<String>,
    /// Roles that it has, in place of all its roles; may be repeated
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// Whom it stands for from now on: a service account (acct_…), a person (usr_…) or the organisation (org_…)
    #[arg(long, value_name = "ID")]
    owner: Option<String>,
    /// Where it may be used from, in place of all networks; may be repeated
    #[arg(long = "network", value_name = "CIDR")]
    networks: Vec<String>,
    /// Words to find it by, in place of all tags; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Whom to write to, in place of all contacts; may be repeated
    #[arg(long = "contact", value_name = "EMAIL")]
    contacts: Vec<String>,
    /// A JSON object in place of the metadata
    #[arg(long, value_name = "JSON", value_parser = input::object)]
    metadata: Option<Map<String, Value>>,
    #[command(flatten)]
    rates: Rates,
    #[command(flatten)]
    quota: Quotas,
    #[command(flatten)]
    expiry: Expiry,
    /// Let it work until it is revoked, where the policy allows that
    #[arg(long, conflicts_with_all = ["expires_in", "expires_at"])]
    never: bool,
    /// Empty a field; may be repeated
    #[arg(long, value_name = "FIELD")]
    clear: Vec<Field>,
    /// Change it only if it still has this version (see `keys show --json`)
    #[arg(long, value_name = "N")]
    if_version: Option<u64>,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

impl Edit {
    fn patch(&self) -> Result<Map<String, Value>, CliError> {
        let mut patch = Map::new();
        for field in &self.clear {
            let (name, empty) = field.emptied();
            patch.insert(name.to_owned(), empty);
        }
        let texts = [
            ("name", &self.name),
            ("description", &self.description),
            ("owner", &self.owner),
        ];
        let texts = texts
            .into_iter()
            .filter_map(|(name, value)| Some((name, json!(value.as_ref()?))));
        let lists = [
            ("permissions", &self.permissions),
            ("roles", &self.roles),
            ("networks", &self.networks),
            ("tags", &self.tags),
            ("contacts", &self.contacts),
        ];
        let lists = lists
            .into_iter()
            .filter(|(_, values)| !values.is_empty())
            .map(|(name, values)| (name, json!(values)));
        let metadata = self.metadata.iter().map(|map| ("metadata", json!(map)));
        for (name, value) in texts.chain(lists).chain(metadata) {
            if patch.insert(name.to_owned(), value).is_some() {
                return Err(CliError::Usage(format!("{name} is both given and cleared")));
            }
        }
        self.rates.put(&mut patch)?;
        self.quota.put(&mut patch)?;
        self.expiry.put(&mut patch);
        if self.never {
            patch.insert("expires_at".to_owned(), Value::Null);
        }
        if patch.is_empty() {
            return Err(CliError::Usage(
                "nothing to change: name a field (see --help)".to_owned(),
            ));
        }
        Ok(patch)
    }
}

pub(super) async fn run(context: &Context, args: Edit) -> Result<(), CliError> {
    let path = input::key_path(&args.id)?;
    let patch = args.patch()?;
    let client = connect(context)?;
    let screen = &context.screen;
    if args.dry_run {
        let key = client.get(&path, &Query::new()).await?;
        return preview(context, &key, &patch);
    }
    let key = client.patch(&path, &patch.into(), args.if_version).await?;
    if screen.json {
        return screen.json(&key);
    }
    screen.facts(&facts(screen, &key))
}

fn preview(context: &Context, key: &Value, patch: &Map<String, Value>) -> Result<(), CliError> {
    let shown = |value: &Value| match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let roles = key.get("roles").and_then(Value::as_array).into_iter().flatten();
    let roles: Value = roles.map(|role| text(role, "/name")).collect();
    let changes: Vec<(&String, &Value, &Value)> = patch
        .iter()
        .map(|(field, after)| {
            let now = match field.as_str() {
                "owner" => key.pointer("/owner/id"),
                "roles" => Some(&roles),
                field => key.get(field),
            };
            (field, now.unwrap_or(&Value::Null), after)
        })
        .filter(|(_, before, after)| before != after)
        .collect();
    if context.screen.json {
        let changes: Map<String, Value> = changes
            .into_iter()
            .map(|(field, before, after)| (field.clone(), json!({"before": before, "after": after})))
            .collect();
        return context
            .screen
            .json(&json!({"dry_run": true, "id": key.get("id"), "changes": changes}));
    }
    let rows: Vec<Vec<Cell>> = changes
        .iter()
        .map(|(field, before, after)| vec![Cell::from(field), shown(before).into(), shown(after).into()])
        .collect();
    context.screen.table(&["FIELD", "NOW", "THEN"], 0, &rows)?;
    context
        .screen
        .note(&format!("dry run: {} was not changed", called(key)));
    Ok(())
}
