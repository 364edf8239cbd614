//! Whether the process lives, and whether it can answer.

use ::http::StatusCode;
use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use super::shown;
use crate::http::problem::Result;
use crate::http::{Problem, Web};

pub(super) async fn live() -> Response {
    shown::json(StatusCode::OK, &json!({ "status": "ok" }))
}

/// Ready is who can ask the database.
pub(super) async fn ready(State(web): State<Web>) -> Result<Response> {
    web.app
        .store()
        .last_change()
        .await
        .map_err(|error| Problem::from(app::AppError::from(error)))?;
    Ok(shown::json(StatusCode::OK, &json!({ "status": "ready" })))
}
