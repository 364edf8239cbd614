//! What was lately asked of a key, or of all the keys of a service account.

use ::http::StatusCode;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::clock::Timestamp;
use domain::decide::{Code, Source};
use domain::id::{AccountId, KeyId, RequestId};
use domain::page::Page;
use serde::Serialize;
use store::requests::Kept;
use utoipa::ToSchema;

use super::caller::By;
use super::keys::{self, limit};
use super::params::PageQuery;
use super::shown;
use crate::http::Web;
use crate::http::body::Query;
use crate::http::problem::Result;

/// A request that presented a key.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyRequest)]
pub(super) struct ShownRequest {
    /// Names it in this log.
    id: RequestId,
    /// The key that was presented.
    key_id: KeyId,
    /// When.
    at: Timestamp,
    /// What it was answered.
    code: Code,
    /// By which way the token came; none when a program handed it over by itself.
    #[schema(required)]
    source: Option<Source>,
    /// From where, as far as the door was told.
    #[schema(required, example = "203.0.113.9")]
    ip: Option<String>,
    /// The API that it was for, by slug.
    #[schema(required, example = "orders")]
    api: Option<String>,
    /// The route of that API.
    #[schema(required, example = "GET /orders/{id}")]
    route: Option<String>,
    /// What its program calls itself.
    #[schema(required, example = "billing-sync/2.1")]
    user_agent: Option<String>,
    /// How long Claviger took to answer, in microseconds.
    #[schema(required, example = 3)]
    latency_us: Option<u32>,
}

fn row(kept: Kept) -> ShownRequest {
    ShownRequest {
        id: kept.id,
        key_id: kept.asked.key,
        at: kept.asked.at,
        code: kept.asked.code,
        source: kept.asked.source,
        ip: kept.asked.ip.map(|ip| ip.to_string()),
        api: kept.asked.call.api.map(|api| api.to_string()),
        route: kept.asked.call.route.map(|route| route.to_string()),
        user_agent: kept.asked.call.agent.map(|agent| agent.to_string()),
        latency_us: kept.asked.call.micros,
    }
}

/// What was lately asked of a key, newest first: every refusal, and of accepted requests the first of each minute; the last
/// hundred of the last thirty days.
#[utoipa::path(
    get, path = "/v1/keys/{id}/requests", operation_id = "key_requests", tag = "keys",
    params(("id" = KeyId, Path, description = "The key"), PageQuery),
    responses((status = OK, description = "A page of the log", body = Page<ShownRequest>)),
    extensions(("x-claviger-permission" = json!("claviger:usage.read")))
)]
pub(super) async fn of_key(
    By(caller): By,
    State(web): State<Web>,
    Path(key): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Response> {
    let (limit, cursor) = (limit(page.limit)?, page.cursor.as_deref());
    let requests = web
        .app
        .key_requests(&caller, keys::id(&key)?, limit, cursor)
        .await?;
    Ok(shown::json(StatusCode::OK, &requests.map(row)))
}

/// What was lately asked of a service account's keys, newest first; see the same of a key.
#[utoipa::path(
    get, path = "/v1/service-accounts/{id}/requests", operation_id = "account_requests", tag = "service-accounts",
    params(("id" = AccountId, Path, description = "The service account"), PageQuery),
    responses((status = OK, description = "A page of the log", body = Page<ShownRequest>)),
    extensions(("x-claviger-permission" = json!("claviger:usage.read")))
)]
pub(super) async fn of_account(
    By(caller): By,
    State(web): State<Web>,
    Path(account): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Response> {
    let account = account
        .parse::<AccountId>()
        .map_err(|_| app::AppError::NotFound {
            what: "service account",
        })?;
    let (limit, cursor) = (limit(page.limit)?, page.cursor.as_deref());
    let requests = web.app.account_requests(&caller, account, limit, cursor).await?;
    Ok(shown::json(StatusCode::OK, &requests.map(row)))
}
