//! `/v1/leaks`: whoever finds a token where it should not be says so here, and needs to be nobody for it.

use ::http::{HeaderMap, StatusCode};
use app::leaks::{LeakLabel, Signed};
use axum::extract::{FromRequest as _, Request, State};
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::caller::{ip, request_id};
use super::openapi::{NotFound, NotProven, Throttled};
use super::shown;
use crate::http::Web;
use crate::http::body::{self, Json};
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

/// The longest report, in bytes.
const MAX_REPORT: usize = 1024 * 1024;

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// Reports leaked tokens as GitHub's secret scanning does: a JSON array of `token`, `type`, `url` and `source`, whose raw body is signed
/// by ECDSA with P-256 and SHA-256 (`Github-Public-Key-Identifier`, `Github-Public-Key-Signature`). Told is of each whether it was one of ours.
#[utoipa::path(
    post, path = "/v1/leaks/github", operation_id = "report_leaks_by_github", tag = "verification",
    request_body(content_type = "application/json", content = Vec<Object>, example = json!([
        {"token": "sk_live_8NqWv0yTq6YB2t0uVx3cZr5sDf7gHj9kLm1nPq2R", "type": "claviger_api_key",
         "url": "https://code.example.com/app/config.py", "source": "content"}
    ])),
    params(
        ("Github-Public-Key-Identifier" = String, Header, description = "Which of the published keys signed it"),
        ("Github-Public-Key-Signature" = String, Header, description = "The signature, DER in base64")
    ),
    responses((status = OK, description = "What became of each", body = Vec<LeakLabel>), NotProven, NotFound, Throttled),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn report_by_github(State(web): State<Web>, request: Request) -> Result<Response> {
    let (parts, stream) = request.into_parts();
    let (ip, id) = (ip(&parts), request_id(&parts)?);
    let report = body::read(stream, MAX_REPORT).await?;
    let signed = Signed {
        key: header(&parts.headers, "github-public-key-identifier"),
        signature: header(&parts.headers, "github-public-key-signature"),
    };
    let labels = web.app.report_leaks(signed, &report, ip, id).await?;
    Ok(shown::json(StatusCode::OK, &labels))
}
