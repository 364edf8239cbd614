//! `/v1/service-accounts`: the systems that keys stand for, and the partners whose systems they are.

mod list;
mod shown;

use ::http::{HeaderMap, StatusCode, header};
use app::AppError;
use app::account::{DeletedAccount, Imported};
use app::import::{Format, MAX_IMPORT_BODY};
use axum::extract::{FromRequest, Path, Request, State};
use axum::response::Response;
use domain::account::AccountDraft;
use domain::audit::Shown as AuditRecord;
use domain::id::AccountId;
use domain::page::Page;
use domain::schema::UserIdOrNone;
use serde::Deserialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use list::KeysQuery;
pub(super) use list::*;
use shown::ShownAccount;

use super::caller::By;
use super::keys::{self, ListQuery as KeyListQuery, limit, present};
use super::openapi::{Conflict, PolicyRefused, part};
use super::params::{IfMatch, PageQuery, if_match};
use super::shown::ShownKey;
use super::shown::json;
use crate::http::body::{self, Json, Query};
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// An id that is none, or of another kind, names nothing that is here.
fn id(text: &str) -> Result<AccountId> {
    let what = "service account";
    text.parse().map_err(|_| AppError::NotFound { what }.into())
}

part!(
    AccountDraft => NewAccount,
    without [],
    needs ["name"],
    json!({"name": "ColdTrace gateway", "username": "coldtrace-gateway", "partner": "ColdTrace", "tags": ["iot"]})
);
part!(
    AccountDraft => AccountEdit,
    without [],
    needs [],
    json!({"purpose": "Sends the temperatures of the cold stores", "tags": ["iot", "cold"]})
);

/// Makes a service account: a system that keys stand for.
#[utoipa::path(
    post, path = "/v1/service-accounts", operation_id = "create_service_account", tag = "service-accounts",
    request_body = NewAccount,
    responses((status = CREATED, description = "The new service account", body = ShownAccount), Conflict, PolicyRefused),
    extensions(("x-claviger-permission" = json!("claviger:accounts.manage")))
)]
pub(super) async fn create(
    By(caller): By,
    State(web): State<Web>,
    Json(draft, _): Json<AccountDraft>,
) -> Result<Response> {
    let view = web.app.create_account(&caller, draft).await?;
    Ok(shown::account(StatusCode::CREATED, &view))
}

/// A service account, with what its keys add up to.
#[utoipa::path(
    get, path = "/v1/service-accounts/{id}", operation_id = "show_service_account", tag = "service-accounts",
    params(("id" = AccountId, Path, description = "The service account")),
    responses((status = OK, description = "The service account", body = ShownAccount)),
    extensions(("x-claviger-permission" = json!("claviger:accounts.read")))
)]
pub(super) async fn show(
    By(caller): By,
    State(web): State<Web>,
    Path(account): Path<String>,
) -> Result<Response> {
    let view = web.app.show_account(&caller, id(&account)?).await?;
    Ok(shown::account(StatusCode::OK, &view))
}

/// Changes the fields that are given. What its keys may do changes with its roles.
#[utoipa::path(
    patch, path = "/v1/service-accounts/{id}", operation_id = "edit_service_account", tag = "service-accounts",
    params(("id" = AccountId, Path, description = "The service account"), IfMatch),
    request_body = AccountEdit,
    responses((status = OK, description = "The service account as it is now", body = ShownAccount), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:accounts.manage")))
)]
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

/// Does what the policy says: keeps the ended account and its keys for history, or erases them.
#[utoipa::path(
    delete, path = "/v1/service-accounts/{id}", operation_id = "delete_service_account", tag = "service-accounts",
    params(("id" = AccountId, Path, description = "The service account")),
    responses((status = OK, description = "What was ended", body = DeletedAccount), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:accounts.manage")))
)]
pub(super) async fn delete(
    By(caller): By,
    State(web): State<Web>,
    Path(account): Path<String>,
) -> Result<Response> {
    let deleted = web.app.delete_account(&caller, id(&account)?).await?;
    Ok(json(StatusCode::OK, &deleted))
}

/// Lets the keys of a service account work again.
#[utoipa::path(
    post, path = "/v1/service-accounts/{id}/activate", operation_id = "activate_service_account", tag = "service-accounts",
    params(("id" = AccountId, Path, description = "The service account")),
    responses((status = OK, description = "The service account as it is now", body = ShownAccount), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:accounts.manage")))
)]
pub(super) async fn activate(
    By(caller): By,
    State(web): State<Web>,
    Path(account): Path<String>,
) -> Result<Response> {
    let view = web.app.switch_account(&caller, id(&account)?, true).await?;
    Ok(shown::account(StatusCode::OK, &view))
}

/// Stops all keys of a service account until it is activated again.
#[utoipa::path(
    post, path = "/v1/service-accounts/{id}/deactivate", operation_id = "deactivate_service_account", tag = "service-accounts",
    params(("id" = AccountId, Path, description = "The service account")),
    responses((status = OK, description = "The service account as it is now", body = ShownAccount), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:accounts.manage")))
)]
pub(super) async fn deactivate(
    By(caller): By,
    State(web): State<Web>,
    Path(account): Path<String>,
) -> Result<Response> {
    let view = web.app.switch_account(&caller, id(&account)?, false).await?;
    Ok(shown::account(StatusCode::OK, &view))
}

/// Who is to answer for an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reassignment {
    /// A user's id; null or empty for nobody.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<UserIdOrNone>, required)]
    owner: Option<Option<String>>,
}

/// Has another person answer for a service account.
#[utoipa::path(
    post, path = "/v1/service-accounts/{id}/reassign", operation_id = "reassign_service_account", tag = "service-accounts",
    params(("id" = AccountId, Path, description = "The service account")),
    request_body = Reassignment,
    responses((status = OK, description = "The service account as it is now", body = ShownAccount), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:accounts.manage")))
)]
pub(super) async fn reassign(
    By(caller): By,
    State(web): State<Web>,
    Path(account): Path<String>,
    Json(to, _): Json<Reassignment>,
) -> Result<Response> {
    let Some(owner) = to.owner else {
        return Err(AppError::field("owner", "name a user, or null for nobody").into());
    };
    let view = web
        .app
        .reassign_account(&caller, id(&account)?, owner.unwrap_or_default())
        .await?;
    Ok(shown::account(StatusCode::OK, &view))
}

/// The keys of a service account, a page at a time.
#[utoipa::path(
    get, path = "/v1/service-accounts/{id}/keys", operation_id = "list_service_account_keys", tag = "service-accounts",
    params(("id" = AccountId, Path, description = "The service account"), KeysQuery),
    responses((status = OK, description = "A page", body = Page<ShownKey>)),
    extensions(("x-claviger-permission" = json!("claviger:keys.read")))
)]
pub(super) async fn keys(
    By(caller): By,
    State(web): State<Web>,
    Path(account): Path<String>,
    Query(asked): Query<KeyListQuery>,
) -> Result<Response> {
    let owner = web.app.account_as_owner(&caller, id(&account)?).await?;
    keys::page(&caller, &web, asked.of(owner)?).await
}

/// The history of a service account, newest first.
#[utoipa::path(
    get, path = "/v1/service-accounts/{id}/events", operation_id = "service_account_events", tag = "service-accounts",
    params(("id" = AccountId, Path, description = "The service account"), PageQuery),
    responses((status = OK, description = "A page of the audit log", body = Page<AuditRecord>)),
    extensions(("x-claviger-permission" = json!("claviger:audit.read")))
)]
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
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct How {
    /// Whether it is only checked, and nothing is written.
    #[serde(default)]
    pub(super) dry_run: bool,
}

/// Makes the service accounts of a file, all of them or none; a fault is named by its line.
#[utoipa::path(
    post, path = "/v1/service-accounts/import", operation_id = "import_service_accounts", tag = "service-accounts",
    params(How),
    request_body(
        description = "At most 4 MiB and 5,000 lines. The first line of CSV names the fields; several tags or roles in a cell are apart by `;`.",
        content((String = "text/csv", example = "name,username,tags\nColdTrace gateway,coldtrace-gateway,iot;cold\n"), (NewAccount = "application/x-ndjson"))
    ),
    responses(
        (status = OK, description = "What would be made (`dry_run`)", body = Imported),
        (status = CREATED, description = "What was made", body = Imported),
        Conflict
    ),
    extensions(("x-claviger-permission" = json!("claviger:accounts.manage")))
)]
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
