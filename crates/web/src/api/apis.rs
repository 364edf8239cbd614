//! `/v1/apis`: the protected APIs, what can be asked of them, and for whom they are enabled.

use ::http::{HeaderMap, StatusCode};
use app::api::{ApiQuery, ApiSort, ApiView, EditApi};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::api::{ApiDraft, Permission, Route};
use domain::id::ApiId;
use domain::page::Page;
use domain::schema::{ApiSlug, Description, Name, Slug};
use serde::Deserialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::caller::By;
use super::keys::limit;
use super::openapi::{Conflict, part};
use super::params::{IfMatch, if_match};
use super::roles::order;
use super::shown::{self, tagged};
use crate::http::Web;
use crate::http::body::{Json, Object, Query};
use crate::http::problem::Result;

/// The fields that an API is made of or changed to.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    /// Names it at the doors; unique among the APIs of an organisation.
    #[schema(value_type = Option<ApiSlug>)]
    slug: Option<String>,
    /// What people call it.
    #[schema(value_type = Option<Name>)]
    name: Option<String>,
    /// What it is for.
    #[schema(value_type = Option<Description>)]
    description: Option<String>,
    /// Whether it is open to anybody at all; a new one is.
    enabled: Option<bool>,
    /// What can be done with it.
    #[schema(value_type = Option<Vec<Permission>>, max_items = 500)]
    permissions: Option<Vec<Object<Permission>>>,
    /// Which request needs what.
    #[schema(value_type = Option<Vec<Route>>, max_items = 500)]
    routes: Option<Vec<Object<Route>>>,
}

part!(
    Fields => NewApi,
    without [],
    needs ["slug", "name"],
    json!({
        "slug": "orders",
        "name": "Orders",
        "permissions": [{"name": "orders:view", "description": "See orders"}],
        "routes": [{"method": "GET", "path": "/orders/{id}", "requires": "orders:view"}],
    })
);
part!(
    Fields => ApiEdit,
    without [],
    needs [],
    json!({"description": "What customers ordered, and when it is sent", "enabled": true})
);

impl From<Fields> for ApiDraft {
    fn from(fields: Fields) -> Self {
        fn plain<T>(all: Vec<Object<T>>) -> Vec<T> {
            all.into_iter().map(|Object(one)| one).collect()
        }

        Self {
            slug: fields.slug,
            name: fields.name,
            description: fields.description,
            enabled: fields.enabled,
            permissions: fields.permissions.map(plain),
            routes: fields.routes.map(plain),
        }
    }
}

/// An id that is none, or of another kind, names nothing that is here.
fn id(text: &str) -> Result<ApiId> {
    text.parse()
        .map_err(|_| app::AppError::NotFound { what: "API" }.into())
}

fn answer(status: StatusCode, api: &ApiView) -> Response {
    tagged(shown::json(status, api), api.version)
}

/// Which APIs.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Whether its permissions are to be had in the organisation.
    available: Option<bool>,
    /// Words that name and description must all hold.
    q: Option<String>,
    /// The order, with `-` for highest first; `slug` when not said.
    #[param(pattern = "^-?(slug|name|created_at)$", example = "slug")]
    sort: Option<String>,
    /// Rows on the page; 50 when not said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the page before, for the same filters and order.
    cursor: Option<String>,
}

/// The APIs that the organisation keeps or was let in to, a page at a time.
#[utoipa::path(
    get, path = "/v1/apis", operation_id = "list_apis", tag = "apis",
    params(ListQuery),
    responses((status = OK, description = "A page", body = Page<ApiView>)),
    extensions(("x-claviger-permission" = json!("claviger:roles.read")))
)]
pub(super) async fn list(
    By(caller): By,
    State(web): State<Web>,
    Query(asked): Query<ListQuery>,
) -> Result<Response> {
    let (sort, descending) = order(asked.sort.as_deref(), &ApiSort::ALL)?;
    let list = format!("apis {:?}", (asked.available, &asked.q, &asked.sort));
    let query = ApiQuery {
        available: asked.available,
        sort,
        page: app::Listing {
            q: asked.q,
            descending,
            limit: limit(asked.limit)?,
            cursor: asked.cursor,
            list,
        },
    };
    Ok(shown::json(
        StatusCode::OK,
        &web.app.list_apis(&caller, query).await?,
    ))
}

/// Describes an API. The caller's organisation keeps it, and has it enabled.
#[utoipa::path(
    post, path = "/v1/apis", operation_id = "create_api", tag = "apis",
    request_body = NewApi,
    responses((status = CREATED, description = "The new API", body = ApiView), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:apis.manage")))
)]
pub(super) async fn create(
    By(caller): By,
    State(web): State<Web>,
    Json(fields, _): Json<Fields>,
) -> Result<Response> {
    let api = web.app.create_api(&caller, fields.into()).await?;
    Ok(answer(StatusCode::CREATED, &api))
}

/// One API.
#[utoipa::path(
    get, path = "/v1/apis/{id}", operation_id = "show_api", tag = "apis",
    params(("id" = ApiId, Path, description = "The API")),
    responses((status = OK, description = "The API", body = ApiView)),
    extensions(("x-claviger-permission" = json!("claviger:roles.read")))
)]
pub(super) async fn show(
    By(caller): By,
    State(web): State<Web>,
    Path(api): Path<String>,
) -> Result<Response> {
    Ok(answer(
        StatusCode::OK,
        &web.app.show_api(&caller, id(&api)?).await?,
    ))
}

/// Changes the fields that are given, for every organisation that has the API.
#[utoipa::path(
    patch, path = "/v1/apis/{id}", operation_id = "edit_api", tag = "apis",
    params(("id" = ApiId, Path, description = "The API"), IfMatch),
    request_body = ApiEdit,
    responses((status = OK, description = "The API as it is now", body = ApiView), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:apis.manage")))
)]
pub(super) async fn edit(
    By(caller): By,
    State(web): State<Web>,
    Path(api): Path<String>,
    headers: HeaderMap,
    Json(fields, _): Json<Fields>,
) -> Result<Response> {
    let edit = EditApi {
        draft: fields.into(),
        version: if_match(&headers)?,
    };
    Ok(answer(
        StatusCode::OK,
        &web.app.edit_api(&caller, id(&api)?, edit).await?,
    ))
}

/// Removes an API to which no role belongs.
#[utoipa::path(
    delete, path = "/v1/apis/{id}", operation_id = "delete_api", tag = "apis",
    params(("id" = ApiId, Path, description = "The API")),
    responses((status = NO_CONTENT, description = "It is gone"), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:apis.manage")))
)]
pub(super) async fn delete(
    By(caller): By,
    State(web): State<Web>,
    Path(api): Path<String>,
) -> Result<Response> {
    web.app.delete_api(&caller, id(&api)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn offer(By(caller): By, web: &Web, api: &str, slug: &str, enabled: bool) -> Result<Response> {
    let api = web.app.offer_api(&caller, id(api)?, slug, enabled).await?;
    Ok(answer(StatusCode::OK, &api))
}

/// Enables an API for an organisation.
#[utoipa::path(
    put, path = "/v1/apis/{id}/organisations/{slug}", operation_id = "enable_api", tag = "apis",
    params(
        ("id" = ApiId, Path, description = "The API"),
        ("slug" = Slug, Path, description = "The organisation; another than the caller's for operators alone")
    ),
    responses((status = OK, description = "The API as it is now", body = ApiView), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:apis.manage")))
)]
pub(super) async fn enable(
    by: By,
    State(web): State<Web>,
    Path((api, slug)): Path<(String, String)>,
) -> Result<Response> {
    offer(by, &web, &api, &slug, true).await
}

/// Disables an API for an organisation: what it declares, nobody holds there any more.
#[utoipa::path(
    delete, path = "/v1/apis/{id}/organisations/{slug}", operation_id = "disable_api", tag = "apis",
    params(
        ("id" = ApiId, Path, description = "The API"),
        ("slug" = Slug, Path, description = "The organisation; another than the caller's for operators alone")
    ),
    responses((status = OK, description = "The API as it is now", body = ApiView), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:apis.manage")))
)]
pub(super) async fn disable(
    by: By,
    State(web): State<Web>,
    Path((api, slug)): Path<(String, String)>,
) -> Result<Response> {
    offer(by, &web, &api, &slug, false).await
}
