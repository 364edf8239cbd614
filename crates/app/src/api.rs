//! Use cases of protected APIs, a verb a file. The organisation that describes an API keeps it; others may be let in to
//! it, see it and hold its permissions, but never change it.

mod create;
mod delete;
mod edit;
mod offer;
mod read;

pub(crate) use create::make;
pub use edit::EditApi;
pub use read::{ApiQuery, ApiSort};

use domain::api::{Api, Permission, Route};
use domain::audit::Target;
use domain::clock::Timestamp;
use domain::id::{ApiId, OrganisationId};
use domain::input::FieldError;
use serde::Serialize;
use serde_json::Value;
use store::Tx;
use store::apis::Offered;

use crate::difference::difference;
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// An API as an organisation sees it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Api)]
pub struct ApiView {
    /// Its id.
    pub id: ApiId,
    /// Names it at the doors.
    #[schema(example = "orders")]
    pub slug: String,
    /// What people call it.
    #[schema(example = "Orders")]
    pub name: String,
    /// What it is for.
    #[schema(example = "What customers ordered, and when it is sent")]
    pub description: String,
    /// Whether it is open to anybody at all.
    #[schema(example = true)]
    pub enabled: bool,
    /// Whether it is enabled for the caller's organisation.
    #[schema(example = true)]
    pub enabled_here: bool,
    /// Whether its permissions are to be had: both of the above.
    #[schema(example = true)]
    pub available: bool,
    /// Whether the caller's organisation keeps it, and so may change it.
    #[schema(example = true)]
    pub kept: bool,
    /// What can be done with it.
    pub permissions: Vec<Permission>,
    /// Which request needs what.
    pub routes: Vec<Route>,
    /// For whom it is enabled, or was; told to operators alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisations: Option<Vec<OfferView>>,
    /// When it was described first.
    pub created_at: Timestamp,
    /// Counts its edits from 1; the `ETag`.
    #[schema(example = 3)]
    pub version: i64,
}

/// An organisation that has, or had, an API.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = ApiOrganisation)]
pub struct OfferView {
    /// The organisation's slug.
    #[schema(example = "sample-ltd")]
    pub slug: String,
    /// Whether the API is enabled for it.
    #[schema(example = true)]
    pub enabled: bool,
}

fn view(offered: Offered, organisation: OrganisationId) -> ApiView {
    let Offered { api, enabled } = offered;
    ApiView {
        id: api.id,
        slug: api.slug,
        name: api.name,
        description: api.description,
        enabled: api.enabled,
        enabled_here: enabled,
        available: api.enabled && enabled,
        kept: api.organisation == organisation,
        permissions: api.permissions,
        routes: api.routes,
        organisations: None,
        created_at: api.created_at,
        version: api.version,
    }
}

fn missing() -> AppError {
    AppError::NotFound { what: "API" }
}

fn slug_taken() -> AppError {
    let detail = "an organisation that has this API has another one of this slug";
    AppError::conflict("api_exists", detail)
}

/// An API that the caller's organisation keeps, locked.
async fn kept(tx: &mut Tx, caller: &Caller, id: ApiId) -> Result<Api> {
    if let Some(api) = tx.kept_api(caller.organisation, id).await? {
        return Ok(api);
    }
    match tx.offer(caller.organisation, id).await? {
        Some(_) => Err(AppError::conflict(
            "api_not_kept",
            "another organisation keeps this API, and it alone can change it",
        )),
        None => Err(missing()),
    }
}

/// An organisation declares no permission of an API that another one keeps: it could otherwise have back by itself what
/// was switched off for it. `before` are those that it declares already.
async fn refuse_others(tx: &mut Tx, api: &Api, before: &[Permission]) -> Result<()> {
    let others = tx.kept_by_others(api.organisation).await?;
    let faults: Vec<FieldError> = (api.permissions.iter().enumerate())
        .filter(|(_, one)| others.contains(&one.name) && !before.iter().any(|old| old.name == one.name))
        .map(|(i, _)| {
            let detail = "an API that another organisation keeps has this permission";
            FieldError::new(format!("permissions[{i}].name"), detail)
        })
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.into())
    }
}

pub(crate) fn target(api: &Api) -> Target {
    Target {
        kind: "api".to_owned(),
        id: api.id.to_string(),
        name: api.name.clone(),
    }
}

/// An API's facts as the audit log knows them.
#[derive(Serialize)]
struct Facts<'a> {
    slug: &'a str,
    name: &'a str,
    description: &'a str,
    enabled: bool,
    permissions: &'a [Permission],
    routes: &'a [Route],
}

fn facts(api: &Api) -> Facts<'_> {
    Facts {
        slug: &api.slug,
        name: &api.name,
        description: &api.description,
        enabled: api.enabled,
        permissions: &api.permissions,
        routes: &api.routes,
    }
}

/// What differs, as the audit log tells it.
pub(crate) fn changes(before: Option<&Api>, after: &Api) -> Value {
    difference(before.map(facts).as_ref(), Some(&facts(after)))
}

impl App {
    async fn api_view(&self, caller: &Caller, id: ApiId) -> Result<ApiView> {
        let offered = self.store.api(caller.organisation, id).await?;
        let mut view = view(offered.ok_or_else(missing)?, caller.organisation);
        if caller.is_operator() {
            let all = self.store.api_organisations(id).await?;
            let all = all.into_iter().map(|(slug, enabled)| OfferView { slug, enabled });
            view.organisations = Some(all.collect());
        }
        Ok(view)
    }
}
