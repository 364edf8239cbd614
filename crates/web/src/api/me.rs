//! `/v1/me`: what people see and change of themselves.

use ::http::{HeaderMap, StatusCode};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::caller::By;
use super::shown;
use super::users::{row, tagged, version};
use crate::http::Web;
use crate::http::body::Json;
use crate::http::problem::Result;

pub(super) async fn show(By(caller): By, State(web): State<Web>) -> Result<Response> {
    let me = web.app.me(&caller).await?;
    let mut answer = serde_json::to_value(row(&me.view)).unwrap_or_default();
    let home = &me.organisation;
    answer["organisation"] = json!({ "id": home.id, "slug": home.slug, "name": home.name });
    answer["recovery_codes_left"] = me.recovery_codes.into();
    Ok(tagged(shown::json(StatusCode::OK, &answer), me.view.user.version))
}

/// What people change of themselves.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    name: String,
}

pub(super) async fn edit(
    By(caller): By,
    State(web): State<Web>,
    headers: HeaderMap,
    Json(fields, _): Json<Fields>,
) -> Result<Response> {
    web.app.edit_me(&caller, &fields.name, version(&headers)?).await?;
    show(By(caller), State(web)).await
}

/// A change of password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    current: Zeroizing<String>,
    new: Zeroizing<String>,
}

pub(super) async fn password(
    By(caller): By,
    State(web): State<Web>,
    Json(change, _): Json<Change>,
) -> Result<Response> {
    web.app
        .change_password(&caller, change.current, change.new)
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn draft_factor(By(caller): By, State(web): State<Web>) -> Result<Response> {
    let draft = web.app.draft_factor(&caller).await?;
    let answer = json!({ "secret": &*draft.secret, "uri": &*draft.uri, "qr_svg": &*draft.qr });
    Ok(shown::json(StatusCode::CREATED, &answer))
}

/// A code of the second factor.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Code {
    code: Zeroizing<String>,
}

fn codes(codes: &[Zeroizing<String>]) -> Response {
    let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    shown::json(StatusCode::OK, &json!({ "recovery_codes": codes }))
}

pub(super) async fn confirm_factor(
    By(caller): By,
    State(web): State<Web>,
    Json(code, _): Json<Code>,
) -> Result<Response> {
    Ok(codes(&web.app.confirm_factor(&caller, &code.code).await?))
}

pub(super) async fn remove_factor(By(caller): By, State(web): State<Web>) -> Result<Response> {
    web.app.remove_factor(&caller).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn recovery_codes(By(caller): By, State(web): State<Web>) -> Result<Response> {
    Ok(codes(&web.app.renew_recovery_codes(&caller).await?))
}
