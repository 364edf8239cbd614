//! `/v1/permissions`: what is on offer, what somebody holds and why, and who holds what.

use ::http::StatusCode;
use app::permission::{Catalogue, Effective, Explained, HolderView, HoldersQuery};
use axum::extract::State;
use axum::response::Response;
use domain::page::Page;
use domain::schema::{Permission, PrincipalId, Requirement};
use serde::Deserialize;
use store::principals::HolderKind;
use utoipa::{IntoParams, ToSchema};

use super::caller::By;
use super::keys::limit;
use super::openapi::NotFound;
use super::shown;
use crate::http::body::{Json, Query};
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// What can be granted now: the permissions of every enabled API, Claviger's own, and the permission levels.
#[utoipa::path(
    get, path = "/v1/permissions", operation_id = "list_permissions", tag = "permissions",
    responses((status = OK, description = "What is on offer", body = Catalogue)),
    extensions(("x-claviger-permission" = json!("claviger:roles.read")))
)]
pub(super) async fn list(By(caller): By, State(web): State<Web>) -> Result<Response> {
    Ok(shown::json(StatusCode::OK, &web.app.catalogue(&caller).await?))
}

/// A question about one principal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PermissionQuestion)]
pub(super) struct Question {
    /// Who.
    #[schema(value_type = PrincipalId)]
    principal: String,
    /// What is asked of them.
    #[schema(value_type = Requirement)]
    requires: String,
}

/// Whether somebody may do something, and why.
#[utoipa::path(
    post, path = "/v1/permissions/explain", operation_id = "explain_permissions", tag = "permissions",
    request_body = Question,
    responses((status = OK, description = "Each permission with its reason", body = Explained), NotFound),
    extensions(("x-claviger-permission" = json!("claviger:roles.read")))
)]
pub(super) async fn explain(
    By(caller): By,
    State(web): State<Web>,
    Json(asked, _): Json<Question>,
) -> Result<Response> {
    let explained = web
        .app
        .explain(&caller, &asked.principal, &asked.requires)
        .await?;
    Ok(shown::json(StatusCode::OK, &explained))
}

/// One principal.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Principal {
    /// Who.
    #[param(value_type = PrincipalId)]
    principal: String,
}

/// All that somebody may do in the end, and where each of it comes from.
#[utoipa::path(
    get, path = "/v1/permissions/effective", operation_id = "effective_permissions", tag = "permissions",
    params(Principal),
    responses((status = OK, description = "What they hold", body = Effective), NotFound),
    extensions(("x-claviger-permission" = json!("claviger:roles.read")))
)]
pub(super) async fn effective(
    By(caller): By,
    State(web): State<Web>,
    Query(asked): Query<Principal>,
) -> Result<Response> {
    let effective = web.app.effective(&caller, &asked.principal).await?;
    Ok(shown::json(StatusCode::OK, &effective))
}

/// Who can do what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WhoCan {
    /// What they can do.
    #[param(value_type = Permission)]
    permission: String,
    /// Only these kinds, apart by commas.
    #[param(
        pattern = "^(user|service_account|key)(,(user|service_account|key))*$",
        example = "user,service_account"
    )]
    kind: Option<String>,
    /// Rows on the page at the most; 50 when not said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the page before, for the same filters.
    cursor: Option<String>,
}

fn kinds(text: &str) -> Result<Vec<HolderKind>> {
    let kind = |one: &str| HolderKind::ALL.into_iter().find(|kind| kind.as_str() == one);
    let unknown =
        || Problem::invalid("kind: expected some of user, service_account and key, apart by commas");
    text.split(',').map(|one| kind(one).ok_or_else(unknown)).collect()
}

/// Who can do something in the end: people, then service accounts, then keys. A page may be shorter than its limit.
#[utoipa::path(
    get, path = "/v1/permissions/holders", operation_id = "list_permission_holders", tag = "permissions",
    params(WhoCan),
    responses((status = OK, description = "A page", body = Page<HolderView>)),
    extensions(("x-claviger-permission" = json!("claviger:roles.read")))
)]
pub(super) async fn holders(
    By(caller): By,
    State(web): State<Web>,
    Query(asked): Query<WhoCan>,
) -> Result<Response> {
    let query = HoldersQuery {
        permission: asked.permission,
        kinds: asked
            .kind
            .as_deref()
            .map_or_else(|| Ok(HolderKind::ALL.to_vec()), kinds)?,
        limit: limit(asked.limit)?,
        cursor: asked.cursor,
    };
    let page = web.app.permission_holders(&caller, query).await?;
    Ok(shown::json(StatusCode::OK, &page))
}
