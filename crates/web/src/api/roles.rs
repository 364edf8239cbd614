//! `/v1/roles`: named sets of permissions, the organisation's own and the built-in ones.

use ::http::{HeaderMap, HeaderValue, StatusCode, header};
use app::role::{EditRole, RoleQuery, RoleSort, RoleView};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::id::RoleId;
use domain::page::Page;
use domain::role::RoleDraft;
use serde::Deserialize;

use super::caller::By;
use super::keys::{limit, present};
use super::shown;
use crate::http::body::{Json, Query};
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// The fields that a role is made of or changed to.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    name: Option<String>,
    description: Option<String>,
    permissions: Option<Vec<String>>,
    level: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    api: Option<Option<String>>,
}

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

/// The version that a caller has seen of what they edit (RFC 9110, 13.1.1).
pub(super) fn version(headers: &HeaderMap) -> Result<Option<i64>> {
    match headers
        .get(header::IF_MATCH)
        .map(|value| value.to_str().unwrap_or_default())
    {
        None | Some("*") => Ok(None),
        Some(tag) => tag
            .trim_matches('"')
            .parse()
            .map(Some)
            .map_err(|_| Problem::invalid("If-Match: expected an ETag, such as \"3\"")),
    }
}

/// An answer with the version of what it shows as the `ETag`.
pub(super) fn tagged(mut response: Response, version: i64) -> Response {
    if let Ok(value) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
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
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    level: Option<bool>,
    api: Option<String>,
    offered: Option<bool>,
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

pub(super) async fn create(
    By(caller): By,
    State(web): State<Web>,
    Json(fields, _): Json<Fields>,
) -> Result<Response> {
    let role = web.app.create_role(&caller, fields.into()).await?;
    Ok(answer(StatusCode::CREATED, &role))
}

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

pub(super) async fn edit(
    By(caller): By,
    State(web): State<Web>,
    Path(role): Path<String>,
    headers: HeaderMap,
    Json(fields, _): Json<Fields>,
) -> Result<Response> {
    let edit = EditRole {
        draft: fields.into(),
        version: version(&headers)?,
    };
    Ok(answer(
        StatusCode::OK,
        &web.app.edit_role(&caller, id(&role)?, edit).await?,
    ))
}

pub(super) async fn delete(
    By(caller): By,
    State(web): State<Web>,
    Path(role): Path<String>,
) -> Result<Response> {
    web.app.delete_role(&caller, id(&role)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
