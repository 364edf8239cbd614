//! `/v1/policy`: how an organisation's keys are made, kept, shown, rotated and deleted.

use ::http::StatusCode;
use axum::extract::State;
use axum::response::Response;
use domain::policy::Policy;
use serde_json::Value;
use utoipa::openapi::{Object, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::caller::By;
use super::openapi::PolicyRefused;
use super::shown;
use crate::http::Web;
use crate::http::body::Json;
use crate::http::problem::Result;

/// The policy, whole.
#[utoipa::path(
    get, path = "/v1/policy", operation_id = "show_policy", tag = "policy",
    responses((status = OK, description = "The policy", body = Policy)),
    extensions(("x-claviger-permission" = json!("claviger:policy.read")))
)]
pub(super) async fn show(By(caller): By, State(web): State<Web>) -> Result<Response> {
    Ok(shown::json(StatusCode::OK, &web.app.policy(&caller).await?))
}

/// Settings to change: those of [`Policy`], each of which may be left out, or `null`.
pub(super) struct PolicyPatch;

impl PartialSchema for PolicyPatch {
    fn schema() -> RefOr<Schema> {
        // Made of the policy's own when the document is whole.
        Object::new().into()
    }
}

impl ToSchema for PolicyPatch {}

/// Changes the settings that are given (JSON merge patch, RFC 7396): `null` gives back the default.
#[utoipa::path(
    patch, path = "/v1/policy", operation_id = "edit_policy", tag = "policy",
    request_body = PolicyPatch,
    responses((status = OK, description = "The policy as it is now", body = Policy), PolicyRefused),
    extensions(("x-claviger-permission" = json!("claviger:policy.manage")))
)]
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
