//! Whether the process lives, and whether it can answer.

use ::http::StatusCode;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::shown;
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// How the process is.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok` or `ready`.
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

/// Ready is who can ask the database, and may answer from memory.
#[utoipa::path(
    get, path = "/readyz", operation_id = "ready", tag = "health",
    responses((status = OK, description = "It can answer", body = Health)),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn ready(State(web): State<Web>) -> Result<Response> {
    web.app
        .store()
        .last_change()
        .await
        .map_err(|error| Problem::from(app::AppError::from(error)))?;
    if !web.app.engine().is_fresh() {
        return Err(app::AppError::Unavailable(None).into());
    }
    Ok(shown::json(StatusCode::OK, &Health { status: "ready" }))
}
