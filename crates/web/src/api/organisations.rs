//! `/v1/organisations`: tenants. An operator works in any of them, everybody else sees their own.

use ::http::{HeaderMap, HeaderValue, StatusCode, header};
use app::Listing;
use app::organisation::{CreateOrganisation, EditOrganisation, OrganisationSort, Standing};
use axum::extract::{Path, State};
use axum::response::Response;
use domain::id::OrganisationId;
use domain::limits::RateLimitDraft;
use domain::organisation::Organisation;
use domain::page::Page;
use domain::schema::{Name, Slug};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::caller::Keeper;
use super::openapi::Conflict;
use super::params::{self, IfMatch};
use super::{keys, shown};
use crate::http::body::{Json, Query};
use crate::http::problem::Result;
use crate::http::{Problem, Web};

fn id(text: &str) -> Result<OrganisationId> {
    text.parse()
        .map_err(|_| app::AppError::NotFound { what: "organisation" }.into())
}

fn answer(status: StatusCode, organisation: &Organisation) -> Response {
    let mut response = shown::json(status, organisation);
    if let Ok(value) = HeaderValue::from_str(&format!("\"{}\"", organisation.version)) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

/// Which organisations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Words that name or slug must all hold.
    q: Option<String>,
    /// The order, with `-` for highest first; `-created_at` when not said.
    #[param(pattern = "^-?(created_at|name)$")]
    sort: Option<String>,
    /// Rows on the page; 50 when not said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the page before, for the same filters and order.
    cursor: Option<String>,
}

/// Organisations, a page at a time: for an operator all of them, for everybody else their own.
#[utoipa::path(
    get, path = "/v1/organisations", operation_id = "list_organisations", tag = "organisations",
    params(ListQuery),
    responses((status = OK, description = "A page", body = Page<Organisation>)),
    extensions(("x-claviger-permission" = json!("any caller")))
)]
pub(super) async fn list(
    Keeper(caller): Keeper,
    State(web): State<Web>,
    Query(asked): Query<ListQuery>,
) -> Result<Response> {
    let sort = asked.sort.as_deref().unwrap_or("-created_at");
    let (descending, name) = sort.strip_prefix('-').map_or((false, sort), |name| (true, name));
    let (_, order) = OrganisationSort::ALL
        .into_iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| Problem::invalid("sort: expected created_at or name, with - for highest first"))?;
    let listing = Listing {
        list: format!("organisations {:?}", (&asked.q, sort)),
        q: asked.q,
        descending,
        limit: keys::limit(asked.limit)?,
        cursor: asked.cursor,
    };
    let page = web.app.list_organisations(&caller, order, &listing).await?;
    Ok(shown::json(StatusCode::OK, &page))
}

/// What an organisation is made of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Sample Ltd", "slug": "sample-ltd"}))]
pub(super) struct NewOrganisation {
    /// What people call it.
    #[schema(value_type = Name)]
    name: String,
    /// Made from the name when it is not given; it never changes.
    #[schema(value_type = Option<Slug>)]
    slug: Option<String>,
    /// The preset that its policy begins with; the default one when it is not given.
    #[schema(pattern = "^[a-z]+$", example = "openathens")]
    preset: Option<String>,
}

/// Makes an organisation with the policy of a preset, and the roles and APIs that belong to it. Nobody is in it yet.
#[utoipa::path(
    post, path = "/v1/organisations", operation_id = "create_organisation", tag = "organisations",
    request_body = NewOrganisation,
    responses((status = CREATED, description = "The new organisation", body = Organisation), Conflict),
    extensions(("x-claviger-permission" = json!("operator")))
)]
pub(super) async fn create(
    Keeper(caller): Keeper,
    State(web): State<Web>,
    Json(fields, _): Json<NewOrganisation>,
) -> Result<Response> {
    let request = CreateOrganisation {
        name: fields.name,
        slug: fields.slug,
        preset: fields.preset,
    };
    let organisation = web.app.create_organisation(&caller, request).await?;
    Ok(answer(StatusCode::CREATED, &organisation))
}

/// One organisation.
#[utoipa::path(
    get, path = "/v1/organisations/{id}", operation_id = "show_organisation", tag = "organisations",
    params(("id" = OrganisationId, Path, description = "The organisation")),
    responses((status = OK, description = "The organisation", body = Organisation)),
    extensions(("x-claviger-permission" = json!("any caller")))
)]
pub(super) async fn show(
    Keeper(caller): Keeper,
    State(web): State<Web>,
    Path(organisation): Path<String>,
) -> Result<Response> {
    let organisation = web.app.show_organisation(&caller, id(&organisation)?).await?;
    Ok(answer(StatusCode::OK, &organisation))
}

/// What can be changed of an organisation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Sample Limited"}))]
pub(super) struct OrganisationEdit {
    /// What people call it.
    #[schema(value_type = Option<Name>)]
    name: Option<String>,
    /// How often all its keys together may be used; only operators may say so.
    #[schema(max_items = 16)]
    rate_limits: Option<Vec<RateLimitDraft>>,
}

/// Renames an organisation, or limits its keys; its slug stays.
#[utoipa::path(
    patch, path = "/v1/organisations/{id}", operation_id = "edit_organisation", tag = "organisations",
    params(("id" = OrganisationId, Path, description = "The organisation"), IfMatch),
    request_body = OrganisationEdit,
    responses((status = OK, description = "The organisation as it is now", body = Organisation), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:organisations.manage")))
)]
pub(super) async fn edit(
    Keeper(caller): Keeper,
    State(web): State<Web>,
    Path(organisation): Path<String>,
    headers: HeaderMap,
    Json(fields, _): Json<OrganisationEdit>,
) -> Result<Response> {
    let edit = EditOrganisation {
        name: fields.name,
        rate_limits: fields.rate_limits,
        version: params::if_match(&headers)?,
    };
    let organisation = web
        .app
        .edit_organisation(&caller, id(&organisation)?, edit)
        .await?;
    Ok(answer(StatusCode::OK, &organisation))
}

/// Stops all keys of an organisation until it is resumed.
#[utoipa::path(
    post, path = "/v1/organisations/{id}/suspend", operation_id = "suspend_organisation", tag = "organisations",
    params(("id" = OrganisationId, Path, description = "The organisation")),
    responses((status = OK, description = "The organisation as it is now", body = Organisation), Conflict),
    extensions(("x-claviger-permission" = json!("operator")))
)]
pub(super) async fn suspend(
    Keeper(caller): Keeper,
    State(web): State<Web>,
    Path(organisation): Path<String>,
) -> Result<Response> {
    let id = id(&organisation)?;
    let organisation = web.app.set_standing(&caller, id, Standing::Suspend).await?;
    Ok(answer(StatusCode::OK, &organisation))
}

/// Lets a suspended organisation's keys work again.
#[utoipa::path(
    post, path = "/v1/organisations/{id}/resume", operation_id = "resume_organisation", tag = "organisations",
    params(("id" = OrganisationId, Path, description = "The organisation")),
    responses((status = OK, description = "The organisation as it is now", body = Organisation), Conflict),
    extensions(("x-claviger-permission" = json!("operator")))
)]
pub(super) async fn resume(
    Keeper(caller): Keeper,
    State(web): State<Web>,
    Path(organisation): Path<String>,
) -> Result<Response> {
    let id = id(&organisation)?;
    let organisation = web.app.set_standing(&caller, id, Standing::Resume).await?;
    Ok(answer(StatusCode::OK, &organisation))
}

/// That it is meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Closing {
    /// The organisation's slug.
    #[schema(value_type = Slug)]
    confirm: String,
}

/// Ends an organisation for good: none of its keys is accepted ever again.
#[utoipa::path(
    post, path = "/v1/organisations/{id}/close", operation_id = "close_organisation", tag = "organisations",
    params(("id" = OrganisationId, Path, description = "The organisation")),
    request_body = Closing,
    responses((status = OK, description = "The organisation as it is now", body = Organisation)),
    extensions(("x-claviger-permission" = json!("claviger:organisations.manage")))
)]
pub(super) async fn close(
    Keeper(caller): Keeper,
    State(web): State<Web>,
    Path(organisation): Path<String>,
    Json(Closing { confirm }, _): Json<Closing>,
) -> Result<Response> {
    let id = id(&organisation)?;
    let organisation = web
        .app
        .set_standing(&caller, id, Standing::Close { confirm })
        .await?;
    Ok(answer(StatusCode::OK, &organisation))
}
