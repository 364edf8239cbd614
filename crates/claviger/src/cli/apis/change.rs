//! `apis create`, `apis edit`, `apis delete`, `apis enable` and `apis disable`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::{path_of, show};
use crate::cli::client::Query;
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::keys::text;
use crate::cli::{Context, confirm};

const EXAMPLES: &str = "\
Example:
  claviger apis create orders --name Orders \\
    --permission 'orders:view=See orders' --permission 'orders:edit=Change orders' \\
    --route 'GET /orders/{id} orders:view' --route '* /orders/{id} orders:view AND orders:edit'";

/// A new API.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Create {
    /// What names it at the doors: lower-case letters, digits and hyphens
    slug: String,
    /// What people call it
    #[arg(long, value_name = "TEXT")]
    name: String,
    #[command(flatten)]
    fields: Fields,
    /// Begin with it switched off for everybody
    #[arg(long)]
    disabled: bool,
}

/// Changes to an API.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  claviger apis edit orders --name \"All orders\"\n\nPermissions and routes are given whole: these and no others."
)]
pub(crate) struct Edit {
    /// The API's slug or id, api_…
    api: String,
    /// A new slug
    #[arg(long, value_name = "SLUG")]
    slug: Option<String>,
    /// A new name
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    #[command(flatten)]
    fields: Fields,
    /// Change it only if it still has this version (see `apis show --json`)
    #[arg(long, value_name = "N")]
    if_version: Option<u64>,
}

#[derive(Debug, Args)]
struct Fields {
    /// What it is for, in a sentence
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// A permission that it knows, with what it lets its holder do; may be repeated
    #[arg(long = "permission", value_name = "NAME=TEXT")]
    permissions: Vec<String>,
    /// A route, and what a caller needs for it (nothing: any valid key); may be repeated
    #[arg(long = "route", value_name = "METHOD PATH [REQUIRES]", value_parser = route)]
    routes: Vec<Value>,
}

impl Fields {
    fn body(self) -> Map<String, Value> {
        let mut body = Map::new();
        if let Some(description) = self.description {
            body.insert("description".to_owned(), description.into());
        }
        if !self.permissions.is_empty() {
            let all: Vec<Value> = self.permissions.iter().map(|text| permission(text)).collect();
            body.insert("permissions".to_owned(), all.into());
        }
        if !self.routes.is_empty() {
            body.insert("routes".to_owned(), self.routes.into());
        }
        body
    }
}

fn permission(text: &str) -> Value {
    let (name, description) = text.split_once('=').unwrap_or((text, ""));
    json!({"name": name.trim(), "description": description.trim()})
}

/// A route in words; for clap.
fn route(text: &str) -> Result<Value, String> {
    let mut words = text.trim().splitn(3, ' ');
    let (Some(method), Some(path)) = (words.next(), words.next()) else {
        return Err("expected METHOD PATH [REQUIRES], such as 'GET /orders/{id} orders:view'".to_owned());
    };
    let requires = words.next().map(str::trim).filter(|text| !text.is_empty());
    Ok(json!({"method": method, "path": path, "requires": requires}))
}

/// An API to forget.
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// The API's slug or id, api_…
    api: String,
}

/// An API to switch.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claviger --data ./data apis enable orders --for partner-co")]
pub(crate) struct Switch {
    /// The API's slug or id, api_…
    api: String,
    /// For this organisation alone, by its slug; without it, for everybody who has the API
    #[arg(long = "for", value_name = "ORGANISATION")]
    organisation: Option<String>,
}

pub(super) async fn create(context: &Context, args: Create) -> Result<(), CliError> {
    let mut body = args.fields.body();
    body.insert("slug".to_owned(), args.slug.into());
    body.insert("name".to_owned(), args.name.into());
    if args.disabled {
        body.insert("enabled".to_owned(), false.into());
    }
    let api = connect(context)?.post("/v1/apis", Some(&body.into())).await?;
    show(context, &api)
}

pub(super) async fn edit(context: &Context, args: Edit) -> Result<(), CliError> {
    let mut body = args.fields.body();
    for (field, value) in [("slug", args.slug), ("name", args.name)] {
        if let Some(value) = value {
            body.insert(field.to_owned(), value.into());
        }
    }
    if body.is_empty() {
        return Err(CliError::Usage(
            "nothing to change: name a field (see --help)".to_owned(),
        ));
    }
    let client = connect(context)?;
    let path = path_of(&client, &args.api).await?;
    show(
        context,
        &client.patch(&path, &body.into(), args.if_version).await?,
    )
}

pub(super) async fn delete(context: &Context, args: Delete) -> Result<(), CliError> {
    confirm::can_ask(context, "to delete an API")?;
    let client = connect(context)?;
    let path = path_of(&client, &args.api).await?;
    let api = client.get(&path, &Query::new()).await?;
    let slug = text(&api, "/slug");
    let question = format!("delete the API {slug}? Its permissions are words like any others afterwards.");
    confirm::ask(context, &question)?;
    client.delete(&path).await?;
    if context.screen.json {
        return context
            .screen
            .json(&json!({"deleted": true, "id": api.get("id"), "slug": slug}));
    }
    context
        .screen
        .line(&format!("deleted  {}  {slug}", text(&api, "/id")))
}

pub(super) async fn switch(context: &Context, args: Switch, enabled: bool) -> Result<(), CliError> {
    // An organisation's slug is part of the address: nothing in it may lead elsewhere.
    let sane = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let slug = args.organisation;
    if slug
        .as_ref()
        .is_some_and(|slug| slug.is_empty() || !slug.chars().all(sane))
    {
        return Err(CliError::Usage("that is no organisation's slug".to_owned()));
    }
    let client = connect(context)?;
    let path = path_of(&client, &args.api).await?;
    let api = match slug.map(|slug| format!("{path}/organisations/{slug}")) {
        None => client.patch(&path, &json!({ "enabled": enabled }), None).await?,
        Some(path) if enabled => client.put(&path).await?,
        Some(path) => client.delete(&path).await?,
    };
    show(context, &api)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_said_in_one_line() {
        let expected = json!({"method": "GET", "path": "/a/{b}", "requires": "x:y AND z:w"});
        assert_eq!(route("GET /a/{b} x:y AND z:w").unwrap(), expected);
        assert_eq!(route("* /a").unwrap()["requires"], Value::Null);
        assert!(route("GET").is_err());
    }
}
