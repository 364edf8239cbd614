//! `/v1/usage`: charts of it (`charts.rs`), what applications report of the upstream, and tokens that nobody has.

mod charts;

use ::http::{HeaderMap, StatusCode, Uri};
use app::usage::ReportDraft;
use axum::extract::State;
use axum::response::Response;
use domain::clock::Timestamp;
use domain::id::KeyId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(super) use charts::*;

use super::caller::By;
use super::keys::{Stretch, idempotency};
use super::openapi::Conflict;
use super::params::IdempotencyKey;
use super::shown;
use crate::http::Web;
use crate::http::body::{Json, Query};
use crate::http::problem::Result;

/// A request that passed and was answered by what is behind the gateway.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UsageReportItem {
    /// The key that it came with.
    key_id: KeyId,
    /// The API, by slug.
    #[schema(example = "orders", max_length = 63)]
    api: Option<String>,
    /// Its method.
    #[schema(example = "GET", pattern = "^[A-Z]{1,20}$")]
    method: Option<String>,
    /// The path template, or what the application calls it; never the path itself, which may name people.
    #[schema(example = "/orders/{id}", min_length = 1, max_length = 200)]
    route: Option<String>,
    /// What it was answered.
    #[schema(example = 200, minimum = 100, maximum = 599)]
    status: u16,
    /// How long that took, in milliseconds.
    #[schema(example = 12.5, minimum = 0, maximum = 3600000)]
    duration_ms: f64,
    /// When, within the last seven days; now when not said.
    at: Option<Timestamp>,
}

/// What an application reports.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reports": [{
    "key_id": "key_01k1qhwars9kyrypkbfj6sw7rt", "api": "orders", "method": "GET", "route": "/orders/{id}", "status": 200,
    "duration_ms": 12.5
}]}))]
pub(super) struct UsageReports {
    /// The requests.
    #[schema(min_items = 1, max_items = 500)]
    reports: Vec<UsageReportItem>,
}

/// That reports were taken.
#[derive(Serialize, ToSchema)]
pub(super) struct ReportsTaken {
    /// How many.
    #[schema(example = 1)]
    accepted: usize,
}

/// Takes an application's reports of requests that passed: all of them or none. A fault names its place in the list.
#[utoipa::path(
    post, path = "/v1/usage/reports", operation_id = "report_usage", tag = "usage",
    params(IdempotencyKey),
    request_body = UsageReports,
    responses((status = OK, description = "They were taken", body = ReportsTaken), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:usage.report")))
)]
pub(super) async fn report(
    By(caller): By,
    State(web): State<Web>,
    uri: Uri,
    headers: HeaderMap,
    Json(told, body): Json<UsageReports>,
) -> Result<Response> {
    let idempotency = idempotency(&headers, &uri, &body)?;
    let drafts = told.reports.into_iter().map(|one| ReportDraft {
        key: one.key_id,
        api: one.api,
        method: one.method,
        route: one.route,
        status: one.status,
        duration_ms: one.duration_ms,
        at: one.at,
    });
    let accepted = web
        .app
        .report_usage(&caller, drafts.collect(), idempotency)
        .await?;
    Ok(shown::json(StatusCode::OK, &ReportsTaken { accepted }))
}

/// Tokens that nobody has, of one prefix and from one address.
#[derive(Serialize, ToSchema)]
pub(super) struct UnknownToken {
    /// The prefix; `-` where it is none of this installation's, `*` for what was too much to tell apart.
    #[schema(example = "sk_live")]
    prefix: String,
    /// From where, as far as the door was told.
    #[schema(required, example = "203.0.113.9")]
    ip: Option<String>,
    /// How often.
    #[schema(example = 1)]
    count: i64,
    /// The last of them.
    last_at: Timestamp,
}

/// The callers with tokens that nobody has.
#[derive(Serialize, ToSchema)]
pub(super) struct UnknownTokens {
    /// Those that came most often first; at most 500.
    items: Vec<UnknownToken>,
}

/// Tokens that nobody has, by prefix and caller, those that came most often first.
#[utoipa::path(
    get, path = "/v1/usage/unknown-tokens", operation_id = "unknown_tokens", tag = "usage",
    params(Stretch),
    responses((status = OK, description = "The callers", body = UnknownTokens)),
    extensions(("x-claviger-permission" = json!("operator")))
)]
pub(super) async fn unknown(
    By(caller): By,
    State(web): State<Web>,
    Query(stretch): Query<Stretch>,
) -> Result<Response> {
    let unknown = web
        .app
        .unknown_tokens(&caller, stretch.since, stretch.until)
        .await?;
    let items = unknown.into_iter().map(|one| UnknownToken {
        prefix: one.prefix,
        ip: one.ip,
        count: one.count,
        last_at: one.last_at,
    });
    Ok(shown::json(
        StatusCode::OK,
        &UnknownTokens {
            items: items.collect(),
        },
    ))
}
