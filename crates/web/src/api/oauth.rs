//! `/oauth2`: what programs that know OAuth 2.0 ask about a token (RFC 7662), and how they end one (RFC 7009).

use ::http::StatusCode;
use axum::Json;
use axum::extract::{Request, State};
use domain::access::Management;
use engine::Question;

use super::caller::{By, ip, request_id};
use super::openapi::Conflict;
use crate::http::introspection::{self, Introspection, MAX_FORM, TokenForm};
use crate::http::problem::Result;
use crate::http::{Web, body};

/// Is this token accepted, and whose is it? (RFC 7662)
#[utoipa::path(
    post, path = "/oauth2/introspect", operation_id = "introspect", tag = "verification",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = OK, description = "What is known of the token", body = Introspection)),
    servers(
        (url = "/", description = "The management listener"),
        (url = "http://127.0.0.1:7401", description = "The verification listener")
    ),
    extensions(("x-claviger-permission" = json!("claviger:keys.verify")))
)]
pub(super) async fn introspect(
    By(caller): By,
    State(web): State<Web>,
    request: Request,
) -> Result<Json<Introspection>> {
    caller.require(Management::KeysVerify)?;
    let (parts, stream) = request.into_parts();
    let bytes = body::read(stream, MAX_FORM).await?;
    let token = introspection::token(&parts.headers, &bytes)?;
    let question = Question {
        // To ask whose a token is is no use of it.
        unlimited: true,
        ..Question::default()
    };
    let answer = web.app.verify_for(&caller, token.as_bytes(), &question).await?;
    Ok(Json(answer.into()))
}

/// Revokes the key of a token, for whoever holds it. A token that is not accepted is answered the same. (RFC 7009)
#[utoipa::path(
    post, path = "/oauth2/revoke", operation_id = "revoke_token", tag = "verification",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = OK, description = "It is accepted no more"), Conflict),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn revoke(State(web): State<Web>, request: Request) -> Result<StatusCode> {
    let (parts, stream) = request.into_parts();
    let bytes = body::read(stream, MAX_FORM).await?;
    let token = introspection::token(&parts.headers, &bytes)?;
    let question = Question {
        ip: ip(&parts),
        unlimited: true,
        ..Question::default()
    };
    web.app
        .hand_in(token.as_bytes(), &question, request_id(&parts)?)
        .await?;
    Ok(StatusCode::OK)
}
