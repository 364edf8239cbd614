//! `/v1/installation`: what belongs to no organisation; for whoever is at the data directory.

use ::http::{HeaderMap, StatusCode};
use app::secrets::{SecretKind, SecretsStatus, Step};
use axum::extract::State;
use axum::response::Response;
use domain::id::KeyId;
use domain::organisation::Organisation;
use domain::schema::EmailAddress;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::caller::{Keeper, slug};
use super::openapi::Conflict;
use super::shown;
use super::users::{self, RecoveryLink};
use crate::http::Web;
use crate::http::body::Json;
use crate::http::problem::Result;

/// What leans on which pepper and key-encryption key.
#[utoipa::path(
    get, path = "/v1/installation/secrets", operation_id = "show_secrets", tag = "installation",
    responses((status = OK, description = "Versions and what leans on them", body = SecretsStatus)),
    extensions(("x-claviger-permission" = json!("local")))
)]
pub(super) async fn secrets(Keeper(caller): Keeper, State(web): State<Web>) -> Result<Response> {
    Ok(shown::json(
        StatusCode::OK,
        &web.app.secrets_status(&caller).await?,
    ))
}

/// Which step of which rotation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SecretsRotation)]
pub(super) struct Rotation {
    kind: SecretKind,
    step: Step,
    /// Which version to promote or retire.
    version: Option<u32>,
}

/// Takes a step of the rotation of the installation's own secrets.
#[utoipa::path(
    post, path = "/v1/installation/secrets/rotate", operation_id = "rotate_secrets", tag = "installation",
    request_body = Rotation,
    responses((status = OK, description = "As it is now", body = SecretsStatus), Conflict),
    extensions(("x-claviger-permission" = json!("local")))
)]
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
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "ada@example.com", "new": true}))]
pub(super) struct Recovery {
    /// Their address.
    #[schema(value_type = EmailAddress)]
    email: String,
    /// Whether they are to be made anew, as an owner and operator.
    #[serde(default)]
    new: bool,
}

/// Break-glass: a link for a person, who is enabled by it, or for a new owner.
#[utoipa::path(
    post, path = "/v1/installation/recover", operation_id = "recover_access", tag = "installation",
    request_body = Recovery,
    responses((status = OK, description = "The person, and the link", body = RecoveryLink), Conflict),
    extensions(("x-claviger-permission" = json!("local")))
)]
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
    Ok(users::recovery(&sent))
}

/// An organisation to look around in.
#[derive(Serialize, ToSchema)]
pub(super) struct MadeDemo<'a> {
    organisation: &'a Organisation,
    /// How many keys there are.
    #[schema(example = 300)]
    keys: usize,
    /// Verifications that its keys were answered.
    #[schema(example = 120_000)]
    verifications: i64,
    /// Records of its audit log.
    #[schema(example = 900)]
    audit_records: usize,
    /// A key with a rotation under way.
    example: KeyId,
    /// A key that may do everything in it.
    #[schema(example = "sk_live_8NqWv0yTq6YB2t0uVx3cZr5sDf7gHj9kLm1nPq2R")]
    management_key: &'a str,
    /// Where the first person comes in; only where there is no other organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "http://127.0.0.1:7400/setup/setup_8NqWv0yTq6YB2t0uVx3cZr5sDf7gHj9kLm1nPq")]
    setup_url: Option<&'a str>,
}

/// Makes an organisation to look around in.
#[utoipa::path(
    post, path = "/v1/installation/demo", operation_id = "make_demo", tag = "installation",
    responses((status = CREATED, description = "What was made", body = MadeDemo), Conflict),
    extensions(("x-claviger-permission" = json!("local")))
)]
pub(super) async fn demo(Keeper(caller): Keeper, State(web): State<Web>) -> Result<Response> {
    let made = web.app.fill_demo(&caller).await?;
    let setup = made.setup.as_ref();
    let setup = setup.map(|token| Zeroizing::new(format!("{}/setup/{}", web.app.base_url(), token.expose())));
    let answer = MadeDemo {
        organisation: &made.organisation,
        keys: made.keys,
        verifications: made.verifications,
        audit_records: made.audit_records,
        example: made.example,
        management_key: made.management_key.expose(),
        setup_url: setup.as_ref().map(|url| url.as_str()),
    };
    Ok(shown::json(StatusCode::CREATED, &answer))
}
