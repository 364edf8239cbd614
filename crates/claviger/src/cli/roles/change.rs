//! `roles create`, `roles edit` and `roles delete`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::{path_of, show};
use crate::cli::client::Query;
use crate::cli::connect::connect;
use crate::cli::error::CliError;
use crate::cli::keys::text;
use crate::cli::{Context, confirm};

/// A new role.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  claviger roles create \"Order clerk\" --permission 'orders:*' --level --api orders"
)]
pub(crate) struct Create {
    /// What people will call it
    name: String,
    #[command(flatten)]
    fields: Fields,
}

/// Changes to a role.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  claviger roles edit Reports --permission reports:view --permission reports:export   (these and no others)"
)]
pub(crate) struct Edit {
    /// The role's name or id, role_…
    role: String,
    /// A new name
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    #[command(flatten)]
    fields: Fields,
    /// Take all its permissions away
    #[arg(long, conflicts_with = "permissions")]
    no_permissions: bool,
    /// Let it belong to no API
    #[arg(long, conflicts_with = "api")]
    no_api: bool,
    /// No longer offer it as a permission level
    #[arg(long, conflicts_with = "level")]
    no_level: bool,
    /// Change it only if it still has this version (see `roles show --json`)
    #[arg(long, value_name = "N")]
    if_version: Option<u64>,
}

#[derive(Debug, Args)]
struct Fields {
    /// Whom it is for, in a sentence
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// What it grants, such as orders:view or orders:*; may be repeated
    #[arg(long = "permission", value_name = "PERMISSION")]
    permissions: Vec<String>,
    /// Offer it as a permission level
    #[arg(long)]
    level: bool,
    /// Let it belong to this API, by slug or id: it grants nothing while that is not enabled
    #[arg(long, value_name = "API")]
    api: Option<String>,
}

impl Fields {
    fn body(self) -> Map<String, Value> {
        let mut body = Map::new();
        if let Some(description) = self.description {
            body.insert("description".to_owned(), description.into());
        }
        if !self.permissions.is_empty() {
            body.insert("permissions".to_owned(), self.permissions.into());
        }
        if self.level {
            body.insert("level".to_owned(), true.into());
        }
        if let Some(api) = self.api {
            body.insert("api".to_owned(), api.into());
        }
        body
    }
}

/// A role to remove.
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// The role's name or id, role_…
    role: String,
}

pub(super) async fn create(context: &Context, args: Create) -> Result<(), CliError> {
    let mut body = args.fields.body();
    body.insert("name".to_owned(), args.name.into());
    let role = connect(context)?.post("/v1/roles", Some(&body.into())).await?;
    show(context, &role)
}

pub(super) async fn edit(context: &Context, args: Edit) -> Result<(), CliError> {
    let mut body = args.fields.body();
    if let Some(name) = args.name {
        body.insert("name".to_owned(), name.into());
    }
    if args.no_permissions {
        body.insert("permissions".to_owned(), json!([]));
    }
    if args.no_api {
        body.insert("api".to_owned(), Value::Null);
    }
    if args.no_level {
        body.insert("level".to_owned(), false.into());
    }
    if body.is_empty() {
        return Err(CliError::Usage(
            "nothing to change: name a field (see --help)".to_owned(),
        ));
    }
    let client = connect(context)?;
    let path = path_of(&client, &args.role).await?;
    show(
        context,
        &client.patch(&path, &body.into(), args.if_version).await?,
    )
}

pub(super) async fn delete(context: &Context, args: Delete) -> Result<(), CliError> {
    confirm::can_ask(context, "to delete a role")?;
    let client = connect(context)?;
    let path = path_of(&client, &args.role).await?;
    let role = client.get(&path, &Query::new()).await?;
    let name = text(&role, "/name");
    confirm::ask(context, &format!("delete the role {name}?"))?;
    client.delete(&path).await?;
    if context.screen.json {
        return context
            .screen
            .json(&json!({"deleted": true, "id": role.get("id"), "name": name}));
    }
    context
        .screen
        .line(&format!("deleted  {}  {name}", text(&role, "/id")))
}
