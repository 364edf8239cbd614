//! `/v1/service-accounts`: the systems that keys stand for, and the partners whose systems they are.

mod list;
mod shown;

use ::http::{HeaderMap, StatusCode, header};
use app::AppError;
use app::import::{Format, MAX_IMPORT_BODY};
use axum::extract::{FromRequest, Path, Request, State};
use axum::response::Response;
use domain::account::AccountDraft;
use domain::id::AccountId;
use serde::Deserialize;

pub(super) use list::{list, partners};

use super::caller::By;
use super::keys::{self, ListQuery, Stretch, limit};
use super::params::{PageQuery, if_match};
use super::shown::json;
use crate::http::body::{self, Json, Query};
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// An id that is none, or of another kind, names nothing that is here.
fn id(text: &str) -> Result<AccountId> {
    let what = "service account";
    text.parse().map_err(|_| AppError::NotFound { what }.into())
}

pub(super) async fn create(
    By(caller): By,
    State(web): State<Web>,
    Json(draft, _): Json<AccountDraft>,
) -> Result<Response> {
    let view = web.app.create_account(&caller, draft).await?;
    Ok(shown::account(StatusCode::CREATED, &view))
}

pub(super) async fn show(
    By(caller): By,
    State(web): State<Web>,
    Path(account): Path<String>,
) -> Result<Response> {
    let view = web.app.show_account(&caller, id(&account)?).await?;
    Ok(shown::account(StatusCode::OK, &view))
}

pub(super) async fn edit(
    By(caller): By,
    State(web): State<Web>,
    Path(account): Path<String>,
    headers: HeaderMap,
    Json(draft, _): Json<AccountDraft>,
) -> Result<Response> {
    let version = if_match(&headers)?;
    let view = web
        .app
        .edit_account(&caller, id(&account)?, draft, version)
        .await?;
    Ok(shown::account(StatusCode::OK, &view))
}

pub(super) async fn delete(
    By(caller): By,
    State(web): State<Web>,
    Path(account): Path<String>,
) -> Result<Response> {
    let deleted = web.app.delete_account(&caller, id(&account)?).await?;
    Ok(json(StatusCode::OK, &deleted))
}

pub(super) async fn activate(
    By(caller): By,
    State(web): State<Web>,
    Path(account): Path<String>,
) -> Result<Response> {
    let view = web.app.switch_account(&caller, id(&account)?, true).await?;
    Ok(shown::account(StatusCode::OK, &view))
}

pub(super) async fn deactivate(
    By(caller): By,
    State(web): State<Web>,
    Path(account): Path<String>,
) -> Result<Response> {
    let view = web.app.switch_account(&caller, id(&account)?, false).await?;
    Ok(shown::account(StatusCode::OK, &view))
}

/// Who is to answer for an account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reassignment {
    /// A user's id; null or empty for nobody.
    owner: Option<String>,
}

pub(super) async fn reassign(
    By(caller): By,
    State(web): State<Web>,
    Path(account): Path<String>,
    Json(to, body): Json<Reassignment>,
) -> Result<Response> {
    if body.is_empty() {
        return Err(AppError::field("owner", "name a user, or null for nobody").into());
    }
    let view = web
        .app
        .reassign_account(&caller, id(&account)?, to.owner.unwrap_or_default())
        .await?;
    Ok(shown::account(StatusCode::OK, &view))
}

pub(super) async fn keys(
    By(caller): By,
    State(web): State<Web>,
    Path(account): Path<String>,
    Query(asked): Query<ListQuery>,
) -> Result<Response> {
    let owner = web.app.account_as_owner(&caller, id(&account)?).await?;
    keys::page(&caller, &web, asked.of(owner)?).await
}

pub(super) async fn usage(
    By(caller): By,
    State(web): State<Web>,
    Path(account): Path<String>,
    Query(stretch): Query<Stretch>,
) -> Result<Response> {
    let report = web
        .app
        .account_usage(&caller, id(&account)?, stretch.since, stretch.until)
        .await?;
    Ok(json(StatusCode::OK, &report))
}

pub(super) async fn events(
    By(caller): By,
    State(web): State<Web>,
    Path(account): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Response> {
    let limit = limit(page.limit)?;
    let events = web
        .app
        .account_events(&caller, id(&account)?, limit, page.cursor.as_deref())
        .await?;
    Ok(json(StatusCode::OK, &events))
}

/// A file to bring in.
#[derive(Debug)]
pub(super) struct Import {
    pub(super) format: Format,
    pub(super) bytes: bytes::Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Import {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let kind = parts.headers.get(header::CONTENT_TYPE);
        let kind = kind.map(|value| value.as_bytes()).unwrap_or_default();
        let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default();
        let format = match essence.trim_ascii().to_ascii_lowercase().as_slice() {
            b"text/csv" => Format::Csv,
            b"application/x-ndjson" => Format::Ndjson,
            _ => {
                return Err(Problem::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "unsupported_media_type",
                    "Neither CSV nor NDJSON",
                    "the file must be sent as Content-Type: text/csv or application/x-ndjson",
                ));
            }
        };
        let bytes = body::read(body, MAX_IMPORT_BODY).await?;
        Ok(Self { format, bytes })
    }
}

/// How a file is brought in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct How {
    #[serde(default)]
    pub(super) dry_run: bool,
}

pub(super) async fn import(
    By(caller): By,
    State(web): State<Web>,
    Query(how): Query<How>,
    file: Import,
) -> Result<Response> {
    let imported = web
        .app
        .import_accounts(&caller, file.format, &file.bytes, how.dry_run)
        .await?;
    let status = if how.dry_run {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok(json(status, &imported))
}
