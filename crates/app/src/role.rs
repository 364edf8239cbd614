//! Use cases of roles, a verb a file. Nobody makes or changes a role beyond what they hold themselves: neither what it
//! grants afterwards nor what it granted before.

mod create;
mod delete;
mod edit;
mod read;

pub(crate) use create::make;
pub use edit::EditRole;
pub use read::{RoleQuery, RoleSort};

use domain::access::Grants;
use domain::api::is_slug;
use domain::audit::Target;
use domain::clock::Timestamp;
use domain::id::{ApiId, OrganisationId, RoleId};
use domain::role::{Builtin, Role};
use serde::Serialize;
use store::apis::Offered;
use store::roles::Holders;
use store::{StoreError, Tx};

use crate::App;
use crate::error::{AppError, Result};

/// A role as it is shown.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Role)]
pub struct RoleView {
    /// Its id.
    pub id: RoleId,
    /// What it is called.
    #[schema(example = "Order desk")]
    pub name: String,
    /// Whom it is for.
    #[schema(example = "Sees orders and takes new ones")]
    pub description: String,
    /// Whether it is offered as a permission level.
    pub level: bool,
    /// Whether it is part of Claviger, and so cannot be changed.
    pub builtin: bool,
    /// The API to which it belongs.
    #[schema(required)]
    pub api: Option<ApiName>,
    /// What it grants.
    pub permissions: Grants,
    /// Whether it grants that now: its API, if it has one, is enabled for the organisation.
    #[schema(example = true)]
    pub available: bool,
    /// How many hold it.
    pub holders: Holders,
    /// When it was made; a built-in role never was.
    #[schema(required)]
    pub created_at: Option<Timestamp>,
    /// Counts its edits from 1; the `ETag`.
    #[schema(example = 3)]
    pub version: i64,
}

/// An API by name.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ApiName {
    /// Its id.
    pub id: ApiId,
    /// Its slug.
    #[schema(example = "orders")]
    pub slug: String,
    /// What people call it.
    #[schema(example = "Orders")]
    pub name: String,
}

impl From<&Offered> for ApiName {
    fn from(offered: &Offered) -> Self {
        Self {
            id: offered.api.id,
            slug: offered.api.slug.clone(),
            name: offered.api.name.clone(),
        }
    }
}

fn of_builtin(role: Builtin, holders: Holders) -> RoleView {
    RoleView {
        id: role.id(),
        name: role.name().to_owned(),
        description: role.description().to_owned(),
        level: false,
        builtin: true,
        api: None,
        permissions: role.grants(),
        available: true,
        holders,
        created_at: None,
        version: 1,
    }
}

fn of_own(role: Role, api: Option<&Offered>, holders: Holders) -> RoleView {
    RoleView {
        id: role.id,
        name: role.name,
        description: role.description,
        level: role.level,
        builtin: false,
        available: role.api.is_none() || api.is_some_and(|offered| offered.enabled && offered.api.enabled),
        api: api.map(ApiName::from),
        permissions: role.permissions,
        holders,
        created_at: Some(role.created_at),
        version: role.version,
    }
}

impl App {
    /// A role of the organisation's own with what is computed of it.
    async fn role_view(&self, role: Role) -> Result<RoleView> {
        let api = match role.api {
            Some(api) => self.store.api(role.organisation, api).await?,
            None => None,
        };
        let holders = self.store.count_holders(role.organisation, &[role.id]).await?;
        let holders = holders.get(&role.id).copied().unwrap_or_default();
        Ok(of_own(role, api.as_ref(), holders))
    }
}

fn missing() -> AppError {
    AppError::NotFound { what: "role" }
}

fn refuse_builtin(id: RoleId) -> Result<()> {
    match Builtin::of(id) {
        Some(role) => Err(AppError::conflict(
            "role_builtin",
            format!("{} is a built-in role, and cannot be changed", role.name()),
        )),
        None => Ok(()),
    }
}

async fn locked(tx: &mut Tx, organisation: OrganisationId, id: RoleId) -> Result<Role> {
    refuse_builtin(id)?;
    tx.role(organisation, id).await?.ok_or_else(missing)
}

/// The API that is meant by an id or slug.
async fn api_named(tx: &mut Tx, organisation: OrganisationId, text: &str) -> Result<ApiId> {
    let found = match text.parse::<ApiId>() {
        Ok(id) => tx.offer(organisation, id).await?.map(|_| id),
        Err(_) if is_slug(text) => tx.api_by_slug(organisation, text).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| AppError::field("api", "there is no such API"))
}

/// What the database says when another role has the name.
fn name_taken(error: StoreError) -> AppError {
    match error {
        StoreError::Conflict { .. } => {
            AppError::conflict("role_exists", "the organisation has a role of this name")
        }
        other => other.into(),
    }
}

fn target(role: &Role) -> Target {
    Target {
        kind: "role".to_owned(),
        id: role.id.to_string(),
        name: role.name.clone(),
    }
}

/// A role's facts as the audit log knows them.
#[derive(Serialize)]
struct Facts<'a> {
    name: &'a str,
    description: &'a str,
    level: bool,
    api: Option<ApiId>,
    permissions: &'a Grants,
}

fn facts(role: &Role) -> Facts<'_> {
    Facts {
        name: &role.name,
        description: &role.description,
        level: role.level,
        api: role.api,
        permissions: &role.permissions,
    }
}
