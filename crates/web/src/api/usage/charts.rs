//! Charts of usage: the same question about the organisation, an API, a service account and a key.

use ::http::StatusCode;
use app::AppError;
use app::usage::{Asked, UsageReport};
use axum::extract::{Path, State};
use axum::response::Response;
use domain::clock::Timestamp;
use domain::id::{AccountId, ApiId, KeyId};
use domain::policy::Zone;
use domain::usage::Step;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::caller::By;
use crate::api::{keys, shown};
use crate::http::Web;
use crate::http::body::Query;
use crate::http::problem::Result;

/// What of usage.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct UsageQuery {
    /// From when, rounded down to the beginning of a step; when not said, three hours before the end for minutes, thirty days
    /// for hours and days, and a year for months. At most 400 days are told, and of minutes two.
    since: Option<Timestamp>,
    /// Until when, rounded up to a whole hour, or with minutes to a whole minute; now when not said.
    until: Option<Timestamp>,
    /// What the chart goes by; `hour` when not said.
    #[param(inline)]
    step: Option<Step>,
    /// Where days and months begin; `UTC` when not said.
    timezone: Option<Zone>,
    /// How many keys and codes of refusals are named; 10 when not said.
    #[param(minimum = 0, maximum = 50)]
    top: Option<u32>,
}

impl From<UsageQuery> for Asked {
    fn from(query: UsageQuery) -> Self {
        Self {
            since: query.since,
            until: query.until,
            step: query.step.unwrap_or_default(),
            zone: query.timezone.unwrap_or_default(),
            top: query.top,
        }
    }
}

/// How often all keys of the organisation were answered what, with the keys that were used most.
#[utoipa::path(
    get, path = "/v1/usage", operation_id = "usage", tag = "usage",
    params(UsageQuery),
    responses((status = OK, description = "The chart", body = UsageReport)),
    extensions(("x-claviger-permission" = json!("claviger:usage.read")))
)]
pub(in crate::api) async fn of_organisation(
    By(caller): By,
    State(web): State<Web>,
    Query(query): Query<UsageQuery>,
) -> Result<Response> {
    let report = web.app.organisation_usage(&caller, &query.into()).await?;
    Ok(shown::json(StatusCode::OK, &report))
}

/// The same of the organisation's keys at one API.
#[utoipa::path(
    get, path = "/v1/apis/{id}/usage", operation_id = "api_usage", tag = "apis",
    params(("id" = ApiId, Path, description = "The API"), UsageQuery),
    responses((status = OK, description = "The chart", body = UsageReport)),
    extensions(("x-claviger-permission" = json!("claviger:usage.read")))
)]
pub(in crate::api) async fn of_api(
    By(caller): By,
    State(web): State<Web>,
    Path(id): Path<String>,
    Query(query): Query<UsageQuery>,
) -> Result<Response> {
    let id: ApiId = id.parse().map_err(|_| AppError::NotFound { what: "API" })?;
    let report = web.app.api_usage(&caller, id, &query.into()).await?;
    Ok(shown::json(StatusCode::OK, &report))
}

/// The same of all keys of a service account.
#[utoipa::path(
    get, path = "/v1/service-accounts/{id}/usage", operation_id = "service_account_usage", tag = "service-accounts",
    params(("id" = AccountId, Path, description = "The service account"), UsageQuery),
    responses((status = OK, description = "The chart", body = UsageReport)),
    extensions(("x-claviger-permission" = json!("claviger:usage.read")))
)]
pub(in crate::api) async fn of_account(
    By(caller): By,
    State(web): State<Web>,
    Path(id): Path<String>,
    Query(query): Query<UsageQuery>,
) -> Result<Response> {
    let id: AccountId = id.parse().map_err(|_| AppError::NotFound {
        what: "service account",
    })?;
    let report = web.app.account_usage(&caller, id, &query.into()).await?;
    Ok(shown::json(StatusCode::OK, &report))
}

/// How often a key was answered what.
#[utoipa::path(
    get, path = "/v1/keys/{id}/usage", operation_id = "key_usage", tag = "keys",
    params(("id" = KeyId, Path, description = "The key"), UsageQuery),
    responses((status = OK, description = "The chart", body = UsageReport)),
    extensions(("x-claviger-permission" = json!("claviger:usage.read")))
)]
pub(in crate::api) async fn of_key(
    By(caller): By,
    State(web): State<Web>,
    Path(id): Path<String>,
    Query(query): Query<UsageQuery>,
) -> Result<Response> {
    let report = web.app.key_usage(&caller, keys::id(&id)?, &query.into()).await?;
    Ok(shown::json(StatusCode::OK, &report))
}
