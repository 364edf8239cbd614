//! `/v1/leaks`: whoever finds a token where it should not be says so here, and needs to be nobody for it.

use ::http::StatusCode;
use axum::extract::{FromRequest as _, Request, State};
use serde::Deserialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::caller::{ip, request_id};
use super::openapi::Throttled;
use crate::http::Web;
use crate::http::body::Json;
use crate::http::problem::Result;

/// A token that was found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LeakReport {
    /// The token.
    #[schema(value_type = String, example = "sk_live_8NqWv0yTq6YB2t0uVx3cZr5sDf7gHj9kLm1nPq2R")]
    token: Zeroizing<String>,
    /// Where it was found.
    #[serde(default)]
    #[schema(example = "https://code.example.com/app/config.py", max_length = 2000)]
    found_at: Option<String>,
}

/// Reports a leaked token. If it is one of ours, its key is revoked and its owner learns of it; the answer never says whether it was.
#[utoipa::path(
    post, path = "/v1/leaks", operation_id = "report_leak", tag = "verification",
    request_body = LeakReport,
    responses((status = ACCEPTED, description = "Whatever the token was"), Throttled),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn report(State(web): State<Web>, request: Request) -> Result<StatusCode> {
    let (parts, stream) = request.into_parts();
    let (ip, id) = (ip(&parts), request_id(&parts)?);
    let request = Request::from_parts(parts, stream);
    let Json(report, _) = Json::<LeakReport>::from_request(request, &web).await?;
    web.app
        .report_leak(report.token.as_bytes(), report.found_at, ip, id)
        .await?;
    Ok(StatusCode::ACCEPTED)
}
