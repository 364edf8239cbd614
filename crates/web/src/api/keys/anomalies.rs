//! `/v1/keys/{id}/anomalies`: uses of a key that are unlike it.

use ::http::StatusCode;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::anomaly::Anomaly;
use domain::clock::Timestamp;
use domain::id::KeyId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::caller::By;
use crate::api::shown;
use crate::http::Web;
use crate::http::problem::Result;

/// A use that is unlike the key.
#[derive(Serialize, ToSchema)]
#[schema(as = ToldAnomaly)]
pub(in crate::api) struct ShownAnomaly {
    /// When it was told.
    told_at: Timestamp,
    /// Its kind, with what was seen.
    anomaly: Anomaly,
    /// What was seen, in words.
    #[schema(
        example = "12000 requests in the hour from 2026-03-01T14:00:00Z; the busiest hour of the 14 days before had 310"
    )]
    evidence: String,
    /// What helps, in words.
    #[schema(
        example = "look at what it asks for, and give it a rate limit; if it is not your program, rotate the key"
    )]
    remedy: &'static str,
}

/// What was told of a key.
#[derive(Serialize, ToSchema)]
#[schema(as = Anomalies)]
pub(in crate::api) struct ShownAnomalies {
    /// The youngest first: the last of each kind.
    items: Vec<ShownAnomaly>,
}

/// How a key was used that is unlike it: what was told in the last thirty days and nobody has looked at.
#[utoipa::path(
    get, path = "/v1/keys/{id}/anomalies", operation_id = "list_key_anomalies", tag = "keys",
    params(("id" = KeyId, Path, description = "The key")),
    responses((status = OK, description = "What was told", body = ShownAnomalies)),
    extensions(("x-claviger-permission" = json!("claviger:keys.read")))
)]
pub(in crate::api) async fn anomalies(
    By(caller): By,
    State(web): State<Web>,
    Path(key): Path<String>,
) -> Result<Response> {
    let told = web.app.anomalies(&caller, super::id(&key)?).await?;
    let items = told.into_iter().map(|(told_at, anomaly)| ShownAnomaly {
        told_at,
        evidence: anomaly.evidence(|at| at.to_string()),
        remedy: anomaly.kind().remedy(),
        anomaly,
    });
    let all = ShownAnomalies {
        items: items.collect(),
    };
    Ok(shown::json(StatusCode::OK, &all))
}

/// Says that somebody has looked at them: the key needs nobody any more on their account.
#[utoipa::path(
    delete, path = "/v1/keys/{id}/anomalies", operation_id = "acknowledge_key_anomalies", tag = "keys",
    params(("id" = KeyId, Path, description = "The key")),
    responses((status = NO_CONTENT, description = "They were looked at")),
    extensions(("x-claviger-permission" = json!("claviger:keys.update")))
)]
pub(in crate::api) async fn acknowledge(
    By(caller): By,
    State(web): State<Web>,
    Path(key): Path<String>,
) -> Result<StatusCode> {
    web.app.acknowledge(&caller, super::id(&key)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
