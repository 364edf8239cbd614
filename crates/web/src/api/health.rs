//! Whether the process lives, and whether it can answer.

use ::http::StatusCode;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::shown;
use crate::http::Web;
use crate::http::problem::Result;

/// How the process is.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`, `ready`, or `stale`: it goes on without the database (`node.freshness = "static"`).
    #[schema(example = "ok")]
    status: &'static str,
}

/// Answers while the process lives.
#[utoipa::path(
    get, path = "/healthz", operation_id = "live", tag = "health",
    responses((status = OK, description = "It lives", body = Health)),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn live() -> Response {
    shown::json(StatusCode::OK, &Health { status: "ok" })
}

/// Ready is who can ask the database, and may answer from memory; and who goes on without it for as long as that lasts.
#[utoipa::path(
    get, path = "/readyz", operation_id = "ready", tag = "health",
    responses((status = OK, description = "It can answer", body = Health)),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn ready(State(web): State<Web>) -> Result<Response> {
    let status = web.app.ready().await?;
    Ok(shown::json(StatusCode::OK, &Health { status }))
}
