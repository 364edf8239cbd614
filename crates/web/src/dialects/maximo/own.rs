//! `/oslc/apitoken`: one's own key.

use ::http::StatusCode;
use app::AppError;
use app::key::{Issued, RotateKey};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::access::Management;
use domain::key::{Key, Owner};
use domain::policy::ExpiryRequest;
use domain::span::Span;
use serde::Deserialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::keys::{NAMES, ShownKey, issued, make, oneself, token};
use super::parameters::{Common, Minutes, expiry};
use crate::api::openapi::NotFound;
use crate::dialects::{Speaker, renamed};
use crate::http::Web;
use crate::http::body::{Json, Query};
use crate::http::problem::Result;

/// One's own key that is to be made, or given a new token.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MaximoOwnApiKey, example = json!({"expiration": -1}))]
pub(super) struct OwnKey {
    expiration: Option<Minutes>,
    /// A token that was made elsewhere, where the policy allows it.
    #[schema(value_type = Option<String>, min_length = 32, max_length = 512, example = "Zq3vT8yLm2Xc9Rb4Kd7Ws1Hf6Jg0Pn5A")]
    apikey: Option<Zeroizing<String>>,
}

/// Makes the caller a key, or gives the one that they have a new token: the old one stops at once.
#[utoipa::path(
    post, path = "/oslc/apitoken/create", operation_id = "maximo_create_own_key", tag = super::TAG,
    params(Common),
    request_body = OwnKey,
    responses(
        (status = CREATED, description = "The new key with its token", body = ShownKey),
        (status = OK, description = "The key with its new token", body = ShownKey),
        NotFound
    ),
    extensions(("x-claviger-permission" = json!("claviger:keys.create")))
)]
pub(super) async fn create(
    speaker: Speaker,
    State(web): State<Web>,
    Query(_common): Query<Common>,
    Json(own, _): Json<OwnKey>,
) -> Result<Response> {
    let caller = &speaker.caller;
    caller.require(Management::KeysCreate)?;
    let owner = oneself(&web, &speaker).await?;
    let expiry = expiry(own.expiration)?;
    let (status, made) = match web.app.live_key_of(caller, owner, Management::KeysCreate).await? {
        Some(key) => (
            StatusCode::OK,
            regenerate(&web, &speaker, &key, expiry, own.apikey).await,
        ),
        None => (
            StatusCode::CREATED,
            first(&web, &speaker, owner, expiry, own.apikey).await,
        ),
    };
    let made = made.map_err(|error| renamed(error, &NAMES))?;
    issued(&web, &speaker, status, &made).await
}

async fn first(
    web: &Web,
    speaker: &Speaker,
    owner: Owner,
    expiry: ExpiryRequest,
    apikey: Option<Zeroizing<String>>,
) -> Result<Issued, AppError> {
    make(web, speaker, owner, expiry, apikey).await
}

async fn regenerate(
    web: &Web,
    speaker: &Speaker,
    key: &Key,
    expiry: ExpiryRequest,
    apikey: Option<Zeroizing<String>>,
) -> Result<Issued, AppError> {
    let request = RotateKey {
        grace: Some(Span::ZERO),
        expiry,
        token: token(apikey),
    };
    web.app.rotate_key(&speaker.caller, key.id, request, None).await
}

/// Revokes the caller's key. They may make another one at once.
#[utoipa::path(
    post, path = "/oslc/apitoken/revoke", operation_id = "maximo_revoke_own_key", tag = super::TAG,
    params(Common),
    responses((status = NO_CONTENT, description = "Requests with it are refused from now on"), NotFound),
    extensions(("x-claviger-permission" = json!("claviger:keys.revoke")))
)]
pub(super) async fn revoke(
    speaker: Speaker,
    State(web): State<Web>,
    Query(_common): Query<Common>,
) -> Result<Response> {
    let caller = &speaker.caller;
    caller.require(Management::KeysRevoke)?;
    let owner = oneself(&web, &speaker).await?;
    let key = web.app.live_key_of(caller, owner, Management::KeysRevoke).await?;
    let key = key.ok_or(AppError::NotFound { what: "key of yours" })?;
    web.app.revoke_key(caller, key.id, None).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
