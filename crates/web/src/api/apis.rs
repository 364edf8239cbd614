//! `/v1/apis`: the protected APIs, what can be asked of them, and for whom they are enabled.

use ::http::{HeaderMap, StatusCode};
use app::api::{ApiQuery, ApiSort, ApiView, EditApi};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::api::{ApiDraft, Permission, Route};
use domain::id::ApiId;
use serde::Deserialize;

use super::caller::By;
use super::keys::limit;
use super::roles::{order, tagged, version};
use super::shown;
use crate::http::Web;
use crate::http::body::{Json, Object, Query};
use crate::http::problem::Result;

/// The fields that an API is made of or changed to.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    slug: Option<String>,
    name: Option<String>,
    description: Option<String>,
    enabled: Option<bool>,
    permissions: Option<Vec<Object<Permission>>>,
    routes: Option<Vec<Object<Route>>>,
}

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
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    available: Option<bool>,
    q: Option<String>,
    sort: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

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

pub(super) async fn create(
    By(caller): By,
    State(web): State<Web>,
    Json(fields, _): Json<Fields>,
) -> Result<Response> {
    let api = web.app.create_api(&caller, fields.into()).await?;
    Ok(answer(StatusCode::CREATED, &api))
}

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

pub(super) async fn edit(
    By(caller): By,
    State(web): State<Web>,
    Path(api): Path<String>,
    headers: HeaderMap,
    Json(fields, _): Json<Fields>,
) -> Result<Response> {
    let edit = EditApi {
        draft: fields.into(),
        version: version(&headers)?,
    };
    Ok(answer(
        StatusCode::OK,
        &web.app.edit_api(&caller, id(&api)?, edit).await?,
    ))
}

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

pub(super) async fn enable(
    by: By,
    State(web): State<Web>,
    Path((api, slug)): Path<(String, String)>,
) -> Result<Response> {
    offer(by, &web, &api, &slug, true).await
}

pub(super) async fn disable(
    by: By,
    State(web): State<Web>,
    Path((api, slug)): Path<(String, String)>,
) -> Result<Response> {
    offer(by, &web, &api, &slug, false).await
}
