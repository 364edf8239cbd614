//! `/v1/installation`: what belongs to no organisation; for whoever is at the data directory.

use ::http::{HeaderMap, StatusCode};
use app::secrets::{SecretKind, Step};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::caller::{Keeper, slug};
use super::{shown, users};
use crate::http::Web;
use crate::http::body::Json;
use crate::http::problem::Result;

pub(super) async fn secrets(Keeper(caller): Keeper, State(web): State<Web>) -> Result<Response> {
    Ok(shown::json(
        StatusCode::OK,
        &web.app.secrets_status(&caller).await?,
    ))
}

/// Which step of which rotation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotation {
    kind: SecretKind,
    step: Step,
    version: Option<u32>,
}

pub(super) async fn rotate(
    Keeper(caller): Keeper,
    State(web): State<Web>,
    Json(asked, _): Json<Rotation>,
) -> Result<Response> {
    let status = web
        .app
        .rotate_secrets(&caller, asked.kind, asked.step, asked.version)
        .await?;
    Ok(shown::json(StatusCode::OK, &status))
}

/// Who is to be let in again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recovery {
    email: String,
    #[serde(default)]
    new: bool,
}

/// Break-glass: a link for a person, or for a new owner.
pub(super) async fn recover(
    Keeper(keeper): Keeper,
    State(web): State<Web>,
    headers: HeaderMap,
    Json(asked, _): Json<Recovery>,
) -> Result<Response> {
    keeper.require_local()?;
    let slug = slug(&headers)?;
    let sent = if asked.new {
        let caller = web.app.local_caller_as(&keeper, slug).await?;
        web.app.new_owner_on_host(&caller, &asked.email).await?
    } else {
        web.app.recover_on_host(&keeper, &asked.email, slug).await?
    };
    Ok(users::sent(StatusCode::OK, &sent, "recovery"))
}

/// Makes an organisation to look around in.
pub(super) async fn demo(Keeper(caller): Keeper, State(web): State<Web>) -> Result<Response> {
    let made = web.app.fill_demo(&caller).await?;
    let answer = json!({
        "organisation": made.organisation, "keys": made.keys, "verifications": made.verifications,
        "audit_records": made.audit_records, "example": made.example, "management_key": made.management_key.expose(),
    });
    Ok(shown::json(StatusCode::CREATED, &answer))
}
