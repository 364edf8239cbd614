//! `/v1/roles`: named sets of permissions, the organisation's own and the built-in ones.

use ::http::{HeaderMap, StatusCode};
use app::role::{EditRole, RoleQuery, RoleSort, RoleView};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::access::Pattern;
use domain::id::RoleId;
use domain::page::Page;
use domain::role::RoleDraft;
use domain::schema::{Description, Name};
use serde::Deserialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::caller::By;
use super::keys::{limit, present};
use super::openapi::{Conflict, part};
use super::params::{IfMatch, if_match};
use super::shown::{self, tagged};
use crate::http::body::{Json, Query};
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// The fields that a role is made of or changed to.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    /// What it is called; unique in the organisation, whatever the case.
    #[schema(value_type = Option<Name>)]
    name: Option<String>,
    /// Whom it is for.
    #[schema(value_type = Option<Description>)]
    description: Option<String>,
    /// What it grants.
    #[schema(value_type = Option<Vec<Pattern>>, max_items = 256)]
    permissions: Option<Vec<String>>,
    /// Whether it is offered as a permission level, one choice among few.
    level: Option<bool>,
    /// The API to which it belongs, by id or slug; `null` for none. While that is not enabled for the organisation, the
    /// role grants nothing.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "orders")]
    api: Option<Option<String>>,
}

part!(
    Fields => NewRole,
    without [],
    needs ["name"],
    json!({"name": "Order desk", "description": "Sees orders and takes new ones", "permissions": ["orders:view", "orders:create"]})
);
part!(
    Fields => RoleEdit,
    without [],
    needs [],
    json!({"permissions": ["orders:view"], "level": true})
);

impl From<Fields> for RoleDraft {
    fn from(fields: Fields) -> Self {
        Self {
            name: fields.name,
            description: fields.description,
            permissions: fields.permissions,
            level: fields.level,
            api: fields.api,
        }
    }
}

/// An id that is none, or of another kind, names nothing that is here.
fn id(text: &str) -> Result<RoleId> {
    text.parse()
        .map_err(|_| app::AppError::NotFound { what: "role" }.into())
}

/// An order by its name, `-` before it for highest first; the first of `known` when none is named.
pub(super) fn order<S: Copy>(asked: Option<&str>, known: &[(&'static str, S)]) -> Result<(S, bool)> {
    let first = known.first().map_or("", |(name, _)| name);
    let asked = asked.unwrap_or(first);
    let (descending, name) = asked
        .strip_prefix('-')
        .map_or((false, asked), |name| (true, name));
    let found = known.iter().find(|(known, _)| *known == name);
    found.map(|(_, sort)| (*sort, descending)).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let names = names.join(" or ");
        Problem::invalid(format!("sort: expected {names}, with - for highest first"))
    })
}

fn answer(status: StatusCode, role: &RoleView) -> Response {
    tagged(shown::json(status, role), role.version)
}

/// Which roles.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Whether it is offered as a permission level.
    level: Option<bool>,
    /// The API to which it belongs, by slug or id.
    #[param(example = "orders")]
    api: Option<String>,
    /// Whether those of APIs that are not enabled are left out.
    offered: Option<bool>,
    /// Words that name and description must all hold.
    q: Option<String>,
    /// The order, with `-` for highest first; `name` when not said.
    #[param(pattern = "^-?(name|created_at)$", example = "name")]
    sort: Option<String>,
    /// Rows on the page; 50 when not said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the page before, for the same filters and order.
    cursor: Option<String>,
}

/// The organisation's own roles and the built-in ones, a page at a time.
#[utoipa::path(
    get, path = "/v1/roles", operation_id = "list_roles", tag = "roles",
    params(ListQuery),
    responses((status = OK, description = "A page", body = Page<RoleView>)),
    extensions(("x-claviger-permission" = json!("claviger:roles.read")))
)]
pub(super) async fn list(
    By(caller): By,
    State(web): State<Web>,
    Query(asked): Query<ListQuery>,
) -> Result<Response> {
    let (sort, descending) = order(asked.sort.as_deref(), &RoleSort::ALL)?;
    let list = format!(
        "roles {:?}",
        (asked.level, &asked.api, asked.offered, &asked.q, &asked.sort)
    );
    let query = RoleQuery {
        level: asked.level,
        api: asked.api,
        offered: asked.offered.unwrap_or(false),
        sort,
        page: app::Listing {
            q: asked.q,
            descending,
            limit: limit(asked.limit)?,
            cursor: asked.cursor,
            list,
        },
    };
    let page: Page<RoleView> = web.app.list_roles(&caller, query).await?;
    Ok(shown::json(StatusCode::OK, &page))
}

/// Makes a role. It grants at the most what its maker holds.
#[utoipa::path(
    post, path = "/v1/roles", operation_id = "create_role", tag = "roles",
    request_body = NewRole,
    responses((status = CREATED, description = "The new role", body = RoleView), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:roles.manage")))
)]
pub(super) async fn create(
    By(caller): By,
    State(web): State<Web>,
    Json(fields, _): Json<Fields>,
) -> Result<Response> {
    let role = web.app.create_role(&caller, fields.into()).await?;
    Ok(answer(StatusCode::CREATED, &role))
}

/// One role, and how many hold it.
#[utoipa::path(
    get, path = "/v1/roles/{id}", operation_id = "show_role", tag = "roles",
    params(("id" = RoleId, Path, description = "The role")),
    responses((status = OK, description = "The role", body = RoleView)),
    extensions(("x-claviger-permission" = json!("claviger:roles.read")))
)]
pub(super) async fn show(
    By(caller): By,
    State(web): State<Web>,
    Path(role): Path<String>,
) -> Result<Response> {
    Ok(answer(
        StatusCode::OK,
        &web.app.show_role(&caller, id(&role)?).await?,
    ))
}

/// Changes the fields that are given, for all who hold the role.
#[utoipa::path(
    patch, path = "/v1/roles/{id}", operation_id = "edit_role", tag = "roles",
    params(("id" = RoleId, Path, description = "The role"), IfMatch),
    request_body = RoleEdit,
    responses((status = OK, description = "The role as it is now", body = RoleView), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:roles.manage")))
)]
pub(super) async fn edit(
    By(caller): By,
    State(web): State<Web>,
    Path(role): Path<String>,
    headers: HeaderMap,
    Json(fields, _): Json<Fields>,
) -> Result<Response> {
    let edit = EditRole {
        draft: fields.into(),
        version: if_match(&headers)?,
    };
    Ok(answer(
        StatusCode::OK,
        &web.app.edit_role(&caller, id(&role)?, edit).await?,
    ))
}

/// Removes a role that nobody holds.
#[utoipa::path(
    delete, path = "/v1/roles/{id}", operation_id = "delete_role", tag = "roles",
    params(("id" = RoleId, Path, description = "The role")),
    responses((status = NO_CONTENT, description = "It is gone"), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:roles.manage")))
)]
pub(super) async fn delete(
    By(caller): By,
    State(web): State<Web>,
    Path(role): Path<String>,
) -> Result<Response> {
    web.app.delete_role(&caller, id(&role)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
