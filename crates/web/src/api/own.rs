//! Verification on the management listener, for callers who may, and what a key can learn of itself.

use ::http::{StatusCode, header};
use axum::extract::{FromRequest as _, Request, State};
use axum::response::Response;
use domain::id::RequestId;

use super::caller::{By, ip};
use crate::http::answer::{self, VerifyBatch, VerifyRequest};
use crate::http::body::{self, Json};
use crate::http::problem::Result;
use crate::http::{Problem, Web, token};

fn answered(bytes: Vec<u8>) -> Response {
    use axum::response::IntoResponse as _;
    (
        StatusCode::OK,
        [(header::CONTENT_TYPE, "application/json")],
        bytes,
    )
        .into_response()
}

pub(super) async fn verify(By(caller): By, State(web): State<Web>, request: Request) -> Result<Response> {
    let Json(_, bytes) = Json::<serde::de::IgnoredAny>::from_request(request, &web).await?;
    let request: VerifyRequest<'_> = body::parse(&bytes)?;
    let answer = web
        .app
        .verify_for(&caller, request.token(), &request.question())
        .await?;
    Ok(answered(answer::render(&answer)))
}

pub(super) async fn verify_batch(
    By(caller): By,
    State(web): State<Web>,
    request: Request,
) -> Result<Response> {
    let (parts, stream) = request.into_parts();
    body::require_json(&parts.headers)?;
    let bytes = body::read(stream, answer::MAX_BATCH_BODY).await?;
    let batch: VerifyBatch<'_> = body::parse(&bytes)?;
    batch.check()?;
    let mut results = Vec::with_capacity(batch.requests.len());
    for request in &batch.requests {
        results.push(
            web.app
                .verify_for(&caller, request.token(), &request.question())
                .await?,
        );
    }
    Ok(answered(answer::render_batch(&results)))
}

pub(super) async fn show(State(web): State<Web>, request: Request) -> Result<Response> {
    let (parts, _) = request.into_parts();
    debug_assert!(parts.extensions.get::<RequestId>().is_some());
    let Some((token, source)) = token::presented(&parts.headers)? else {
        return Err(Problem::from(app::AppError::Unauthenticated));
    };
    let question = engine::Question {
        source: Some(source),
        ip: ip(&parts),
        requires: None,
    };
    let answer = web.app.verify_self(token, &question).await?;
    Ok(answered(answer::render(&answer)))
}
