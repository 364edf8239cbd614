//! `/v1/me`: what people see and change of themselves.

use ::http::{HeaderMap, StatusCode};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::schema::Name;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::caller::By;
use super::openapi::{Conflict, Throttled};
use super::params::{self, IfMatch};
use super::session::{Tenant, tenant};
use super::shown;
use super::users::{ShownUser, row};
use crate::http::Web;
use crate::http::body::Json;
use crate::http::problem::Result;

/// A person as they see themselves.
#[derive(Serialize, ToSchema)]
#[schema(as = Me)]
pub(super) struct ShownMe<'a> {
    #[serde(flatten)]
    user: ShownUser<'a>,
    /// Where they are at home.
    organisation: Tenant<'a>,
    /// How many recovery codes they have left.
    #[schema(example = 10)]
    recovery_codes_left: i64,
}

/// The person who is signed in.
#[utoipa::path(
    get, path = "/v1/me", operation_id = "show_me", tag = "sign-in",
    responses((status = OK, description = "They", body = ShownMe)),
    extensions(("x-claviger-permission" = json!("any person")))
)]
pub(super) async fn show(By(caller): By, State(web): State<Web>) -> Result<Response> {
    let me = web.app.me(&caller).await?;
    let answer = ShownMe {
        user: row(&me.view),
        organisation: tenant(&me.organisation),
        recovery_codes_left: me.recovery_codes,
    };
    let response = shown::json(StatusCode::OK, &answer);
    Ok(shown::tagged(response, me.view.user.version))
}

/// What people change of themselves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MeEdit)]
pub(super) struct Fields {
    /// What they are called.
    #[schema(value_type = Name, example = "Ada Lovelace")]
    name: String,
}

/// Changes what the person who is signed in is called.
#[utoipa::path(
    patch, path = "/v1/me", operation_id = "edit_me", tag = "sign-in",
    params(IfMatch),
    request_body = Fields,
    responses((status = OK, description = "They, as they are now", body = ShownMe)),
    extensions(("x-claviger-permission" = json!("any person")))
)]
pub(super) async fn edit(
    By(caller): By,
    State(web): State<Web>,
    headers: HeaderMap,
    Json(fields, _): Json<Fields>,
) -> Result<Response> {
    web.app
        .edit_me(&caller, &fields.name, params::if_match(&headers)?)
        .await?;
    show(By(caller), State(web)).await
}

/// A change of password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(
    as = PasswordChange,
    example = json!({"current": "correct horse battery staple", "new": "tall ivy crosses nine bridges"})
)]
pub(super) struct Change {
    /// The password so far.
    #[schema(value_type = String, format = Password)]
    current: Zeroizing<String>,
    /// The new one: at least 15 characters, or 8 beside a second factor.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 1024)]
    new: Zeroizing<String>,
}

/// Changes one's own password, and signs out everywhere else. Asks for a recent sign-in.
#[utoipa::path(
    post, path = "/v1/me/password", operation_id = "change_password", tag = "sign-in",
    request_body = Change,
    responses((status = NO_CONTENT, description = "Changed"), Throttled),
    extensions(("x-claviger-permission" = json!("any person")))
)]
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

/// A second factor that counts once it is confirmed; told this once.
#[derive(Serialize, ToSchema)]
#[schema(as = SecondFactorDraft)]
pub(super) struct ShownDraft<'a> {
    /// The secret as people type it (base 32).
    #[schema(example = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")]
    secret: &'a str,
    /// The address that apps read.
    #[schema(
        example = "otpauth://totp/Claviger:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Claviger"
    )]
    uri: &'a str,
    /// The same as a picture (SVG).
    #[schema(example = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>")]
    qr_svg: &'a str,
}

/// Makes a second factor (TOTP), which counts once it is confirmed. Asks for a recent sign-in.
#[utoipa::path(
    post, path = "/v1/me/totp", operation_id = "draft_second_factor", tag = "sign-in",
    responses((status = CREATED, description = "To be put into an app", body = ShownDraft), Conflict),
    extensions(("x-claviger-permission" = json!("any person")))
)]
pub(super) async fn draft_factor(By(caller): By, State(web): State<Web>) -> Result<Response> {
    let draft = web.app.draft_factor(&caller).await?;
    let answer = ShownDraft {
        secret: &draft.secret,
        uri: &draft.uri,
        qr_svg: &draft.qr,
    };
    Ok(shown::json(StatusCode::CREATED, &answer))
}

/// A code of the second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SecondFactorCode)]
pub(super) struct Code {
    /// Six digits, as the app shows them at this moment.
    #[schema(value_type = String, example = "123456")]
    code: Zeroizing<String>,
}

/// Codes that stand in for the second factor, each good once; told this once.
#[derive(Serialize, ToSchema)]
pub(super) struct RecoveryCodes<'a> {
    #[schema(example = json!(["abcd-efgh-jkmn-pqrs"]))]
    recovery_codes: Vec<&'a str>,
}

fn codes(codes: &[Zeroizing<String>]) -> Response {
    let recovery_codes = codes.iter().map(|code| code.as_str()).collect();
    shown::json(StatusCode::OK, &RecoveryCodes { recovery_codes })
}

/// Switches the second factor on by a first code of it. Asks for a recent sign-in.
#[utoipa::path(
    post, path = "/v1/me/totp/confirm", operation_id = "confirm_second_factor", tag = "sign-in",
    request_body = Code,
    responses((status = OK, description = "The recovery codes", body = RecoveryCodes), Conflict),
    extensions(("x-claviger-permission" = json!("any person")))
)]
pub(super) async fn confirm_factor(
    By(caller): By,
    State(web): State<Web>,
    Json(code, _): Json<Code>,
) -> Result<Response> {
    Ok(codes(&web.app.confirm_factor(&caller, &code.code).await?))
}

/// Takes the second factor off, where the password is long enough to stand alone. Asks for a recent sign-in.
#[utoipa::path(
    delete, path = "/v1/me/totp", operation_id = "remove_second_factor", tag = "sign-in",
    responses((status = NO_CONTENT, description = "It is off"), Conflict),
    extensions(("x-claviger-permission" = json!("any person")))
)]
pub(super) async fn remove_factor(By(caller): By, State(web): State<Web>) -> Result<Response> {
    web.app.remove_factor(&caller).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Replaces the recovery codes. Asks for a recent sign-in.
#[utoipa::path(
    post, path = "/v1/me/recovery-codes", operation_id = "renew_recovery_codes", tag = "sign-in",
    responses((status = OK, description = "The new ones", body = RecoveryCodes), Conflict),
    extensions(("x-claviger-permission" = json!("any person")))
)]
pub(super) async fn recovery_codes(By(caller): By, State(web): State<Web>) -> Result<Response> {
    Ok(codes(&web.app.renew_recovery_codes(&caller).await?))
}
