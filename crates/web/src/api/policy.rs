//! `/v1/policy`: how an organisation's keys are made, kept, shown, rotated and deleted.

use ::http::StatusCode;
use axum::extract::State;
use axum::response::Response;
use serde_json::Value;

use super::caller::By;
use super::shown;
use crate::http::Web;
use crate::http::body::Json;
use crate::http::problem::Result;

pub(super) async fn show(By(caller): By, State(web): State<Web>) -> Result<Response> {
    Ok(shown::json(StatusCode::OK, &web.app.policy(&caller).await?))
}

pub(super) async fn edit(
    By(caller): By,
    State(web): State<Web>,
    Json(patch, _): Json<Value>,
) -> Result<Response> {
    Ok(shown::json(
        StatusCode::OK,
        &web.app.patch_policy(&caller, patch).await?,
    ))
}
