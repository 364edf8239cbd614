//! Verification on the management listener, for callers who may, and what a key can learn of itself.

use ::http::{StatusCode, header};
use axum::extract::{FromRequest as _, Request, State};
use axum::response::{IntoResponse as _, Response};
use domain::id::RequestId;

use super::caller::{By, ip, request_id};
use super::openapi::Conflict;
use crate::http::answer::{self, SelfRevoked, VerifyAnswer, VerifyBatch, VerifyBatchAnswer, VerifyRequest};
use crate::http::body::{self, Json};
use crate::http::problem::Result;
use crate::http::{Problem, Web, token};

fn answered(bytes: Vec<u8>) -> Response {
    (
        StatusCode::OK,
        [(header::CONTENT_TYPE, "application/json")],
        bytes,
    )
        .into_response()
}

/// May a request with this token pass? At the verification listener the same needs no management key.
#[utoipa::path(
    post, path = "/v1/verify", operation_id = "verify", tag = "verification",
    request_body = VerifyRequest,
    responses((status = OK, description = "The decision, whatever is wrong with the token", body = VerifyAnswer)),
    servers(
        (url = "/", description = "The management listener"),
        (url = "http://127.0.0.1:7401", description = "The verification listener")
    ),
    extensions(("x-claviger-permission" = json!("claviger:keys.verify")))
)]
pub(super) async fn verify(By(caller): By, State(web): State<Web>, request: Request) -> Result<Response> {
    let Json(_, bytes) = Json::<serde::de::IgnoredAny>::from_request(request, &web).await?;
    let request: VerifyRequest<'_> = body::parse(&bytes)?;
    request.check()?;
    let answer = web
        .app
        .verify_for(
            &caller,
            request.token(),
            &request.question(engine::Door::Management),
        )
        .await?;
    Ok(answered(answer::render(&answer)))
}

/// Up to 1,000 verifications at once, answered in their order.
#[utoipa::path(
    post, path = "/v1/verify/batch", operation_id = "verify_batch", tag = "verification",
    request_body = VerifyBatch,
    responses((status = OK, description = "The decisions", body = VerifyBatchAnswer)),
    servers(
        (url = "/", description = "The management listener"),
        (url = "http://127.0.0.1:7401", description = "The verification listener")
    ),
    extensions(("x-claviger-permission" = json!("claviger:keys.verify")))
)]
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
                .verify_for(
                    &caller,
                    request.token(),
                    &request.question(engine::Door::Management),
                )
                .await?,
        );
    }
    Ok(answered(answer::render_batch(&results)))
}

/// What a key can learn of itself.
#[utoipa::path(
    get, path = "/v1/self", operation_id = "show_self", tag = "verification",
    responses((status = OK, description = "The decision about the key that asks", body = VerifyAnswer)),
    servers(
        (url = "/", description = "The management listener"),
        (url = "http://127.0.0.1:7401", description = "The verification listener")
    ),
    extensions(("x-claviger-permission" = json!("any key")))
)]
pub(super) async fn show(State(web): State<Web>, request: Request) -> Result<Response> {
    let (parts, _) = request.into_parts();
    debug_assert!(parts.extensions.get::<RequestId>().is_some());
    let Some((token, source)) = token::presented(&parts.headers)? else {
        return Err(Problem::from(app::AppError::Unauthenticated));
    };
    let question = engine::Question {
        source: Some(source),
        ip: ip(&parts),
        ..engine::Question::default()
    };
    let answer = web.app.verify_self(token, &question).await?;
    Ok(answered(answer::render(&answer)))
}

/// The key that asks revokes itself.
#[utoipa::path(
    post, path = "/v1/self/revoke", operation_id = "revoke_self", tag = "verification",
    responses((status = OK, description = "It is accepted no more", body = SelfRevoked), Conflict),
    servers(
        (url = "/", description = "The management listener"),
        (url = "http://127.0.0.1:7401", description = "The verification listener")
    ),
    extensions(("x-claviger-permission" = json!("any key")))
)]
pub(super) async fn revoke(State(web): State<Web>, request: Request) -> Result<Response> {
    let (parts, _) = request.into_parts();
    let revoked = answer::revoke_self(
        &web.app,
        engine::Door::Management,
        &parts.headers,
        ip(&parts),
        request_id(&parts)?,
    )
    .await?;
    Ok(axum::Json(revoked).into_response())
}
