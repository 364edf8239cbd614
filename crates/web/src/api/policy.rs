//! `/v1/policy`: how an organisation's keys are made, kept, shown, rotated and deleted; what it was before, and the presets.

use ::http::{HeaderMap, HeaderValue, StatusCode, header};
use app::AppError;
use app::policy::{
    Changed, Made, PastPolicy, PolicyForm, PolicyPreview, PolicyVersionView, PresetSummary, PresetView, Wish,
};
use axum::extract::{Path, State};
use axum::response::Response;
use domain::page::Page;
use domain::policy::Policy;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::{Object, RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::caller::By;
use super::keys::limit;
use super::openapi::{Conflict, NotFound, PolicyRefused};
use super::params::{self, IfMatch, PageQuery};
use super::shown;
use crate::http::Web;
use crate::http::body::{Json, Query};
use crate::http::problem::Result;

fn tagged(version: i64, body: &impl Serialize) -> Response {
    let mut response = shown::json(StatusCode::OK, body);
    if let Ok(value) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

/// The policy, whole.
#[utoipa::path(
    get, path = "/v1/policy", operation_id = "show_policy", tag = "policy",
    responses((
        status = OK, description = "The policy", body = Policy,
        headers(("ETag" = String, description = "The version, for `If-Match`"))
    )),
    extensions(("x-claviger-permission" = json!("claviger:policy.read")))
)]
pub(super) async fn show(By(caller): By, State(web): State<Web>) -> Result<Response> {
    let now = web.app.policy(&caller).await?;
    Ok(tagged(now.version, &now.policy))
}

/// Settings to change: those of [`Policy`], each of which may be left out, or `null`.
pub(super) struct PolicyPatch;

impl PartialSchema for PolicyPatch {
    fn schema() -> RefOr<Schema> {
        // Made of the policy's own when the document is whole.
        Object::new().into()
    }
}

impl ToSchema for PolicyPatch {}

/// Whether a change is meant.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Confirmation {
    /// The `confirm` of the preview that this change was answered with.
    #[param(pattern = "^[0-9a-f]{32}$", min_length = 32, max_length = 32)]
    confirm: Option<String>,
    /// To be shown what it would do; nothing is changed.
    #[serde(default)]
    dry_run: bool,
}

impl Confirmation {
    fn wish(self, headers: &HeaderMap) -> Result<Wish> {
        let is_word =
            |word: &String| word.len() == 32 && word.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if self.confirm.as_ref().is_some_and(|word| !is_word(word)) {
            let detail = "expected the word of a preview: 32 characters of 0-9 and a-f";
            return Err(AppError::field("confirm", detail).into());
        }
        Ok(Wish {
            version: params::if_match(headers)?,
            confirm: self.confirm,
            dry_run: self.dry_run,
        })
    }
}

/// A policy that was changed, or, with `dry_run`, what the change would do.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "described here; the handler writes either")]
pub(super) enum EditedPolicy {
    /// As it is now.
    Policy(Box<Policy>),
    /// What it would be.
    Preview(Box<PolicyPreview>),
}

/// Changes the settings that are given (JSON merge patch, RFC 7396): `null` gives back the default.
///
/// Loosening never changes what is there. A narrower setting that is about something there is answered with 409
/// `confirmation_needed`, what it would touch, and a word; the same change with that word as `confirm` is made.
#[utoipa::path(
    patch, path = "/v1/policy", operation_id = "edit_policy", tag = "policy",
    params(Confirmation, IfMatch),
    request_body = PolicyPatch,
    responses(
        (
            status = OK, description = "The policy as it is now; with `dry_run`, what the change would do",
            body = EditedPolicy, headers(("ETag" = String, description = "The version, for `If-Match`"))
        ),
        Conflict, PolicyRefused
    ),
    extensions(("x-claviger-permission" = json!("claviger:policy.manage")))
)]
pub(super) async fn edit(
    By(caller): By,
    State(web): State<Web>,
    Query(confirmation): Query<Confirmation>,
    headers: HeaderMap,
    Json(patch, _): Json<Value>,
) -> Result<Response> {
    let wish = confirmation.wish(&headers)?;
    Ok(match web.app.patch_policy(&caller, patch, wish).await? {
        Changed::Done { now, .. } => tagged(now.version, &now.policy),
        Changed::Previewed(preview) => tagged(preview.current_version, &preview),
    })
}

/// What a form for a new key should ask.
#[utoipa::path(
    get, path = "/v1/policy/form", operation_id = "policy_form", tag = "policy",
    responses((status = OK, description = "The fields, and what they can be", body = PolicyForm)),
    extensions(("x-claviger-permission" = json!("claviger:keys.create")))
)]
pub(super) async fn form(By(caller): By, State(web): State<Web>) -> Result<Response> {
    Ok(shown::json(StatusCode::OK, &web.app.policy_form(&caller).await?))
}

/// Every version of the policy, the youngest first.
#[utoipa::path(
    get, path = "/v1/policy/history", operation_id = "policy_history", tag = "policy",
    params(PageQuery),
    responses((status = OK, description = "A page", body = Page<PolicyVersionView>)),
    extensions(("x-claviger-permission" = json!("claviger:policy.read")))
)]
pub(super) async fn history(
    By(caller): By,
    State(web): State<Web>,
    Query(page): Query<PageQuery>,
) -> Result<Response> {
    let versions = web
        .app
        .policy_history(&caller, limit(page.limit)?, page.cursor.as_deref())
        .await?;
    Ok(shown::json(StatusCode::OK, &versions))
}

/// One version of the policy, whole. Its `policy` sent to `PATCH /v1/policy` is restored.
#[utoipa::path(
    get, path = "/v1/policy/history/{version}", operation_id = "past_policy", tag = "policy",
    params(("version" = u64, Path, description = "The version", minimum = 1)),
    responses((status = OK, description = "The policy as it was, and how it came to be", body = PastPolicy), NotFound),
    extensions(("x-claviger-permission" = json!("claviger:policy.read")))
)]
pub(super) async fn past(
    By(caller): By,
    State(web): State<Web>,
    Path(version): Path<String>,
) -> Result<Response> {
    // What is no number names no version.
    let digits = Some(version).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let version = digits.and_then(|text| text.parse().ok()).unwrap_or(0);
    let past = web.app.past_policy(&caller, version).await?;
    Ok(tagged(past.version.version, &past))
}

/// The presets.
#[derive(Serialize, ToSchema)]
pub(super) struct Presets {
    /// Every one, by name.
    items: Vec<PresetSummary>,
}

/// The presets, each beside the organisation's policy.
#[utoipa::path(
    get, path = "/v1/policy/presets", operation_id = "list_presets", tag = "policy",
    responses((status = OK, description = "The presets", body = Presets)),
    extensions(("x-claviger-permission" = json!("claviger:policy.read")))
)]
pub(super) async fn presets(By(caller): By, State(web): State<Web>) -> Result<Response> {
    let items = web.app.presets(&caller).await?;
    Ok(shown::json(StatusCode::OK, &Presets { items }))
}

/// One preset: each setting that it makes and why, the roles and APIs that belong to it, and where the organisation's
/// policy is otherwise.
#[utoipa::path(
    get, path = "/v1/policy/presets/{name}", operation_id = "show_preset", tag = "policy",
    params(("name" = String, Path, description = "The preset", example = "openathens")),
    responses((status = OK, description = "The preset", body = PresetView), NotFound),
    extensions(("x-claviger-permission" = json!("claviger:policy.read")))
)]
pub(super) async fn preset(
    By(caller): By,
    State(web): State<Web>,
    Path(name): Path<String>,
) -> Result<Response> {
    Ok(shown::json(
        StatusCode::OK,
        &web.app.preset(&caller, &name).await?,
    ))
}

/// A preset that holds now.
#[derive(Serialize, ToSchema)]
pub(super) struct AppliedPreset<'a> {
    /// The version of the policy, for `If-Match`.
    #[schema(example = 4)]
    version: i64,
    /// What was made beside it.
    made: &'a Made,
    /// The policy as it is now.
    policy: &'a Policy,
}

/// A preset that was applied, or, with `dry_run`, what that would do.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "described here; the handler writes either")]
pub(super) enum PresetOutcome<'a> {
    /// It holds now.
    Applied(AppliedPreset<'a>),
    /// What it would do.
    Preview(Box<PolicyPreview>),
}

/// Puts a preset in the place of the policy, and makes the roles and APIs that belong to it and are missing: all of it or
/// nothing. `issue_blocked` and `expiry.timezone` stay. It is confirmed as any other change; making roles needs
/// `claviger:roles.manage` besides, making APIs `claviger:apis.manage`.
#[utoipa::path(
    post, path = "/v1/policy/presets/{name}/apply", operation_id = "apply_preset", tag = "policy",
    params(("name" = String, Path, description = "The preset", example = "openathens"), Confirmation, IfMatch),
    responses(
        (
            status = OK, description = "What holds now; with `dry_run`, what it would do", body = PresetOutcome,
            headers(("ETag" = String, description = "The version, for `If-Match`"))
        ),
        NotFound, Conflict, PolicyRefused
    ),
    extensions(("x-claviger-permission" = json!("claviger:policy.manage")))
)]
pub(super) async fn apply(
    By(caller): By,
    State(web): State<Web>,
    Path(name): Path<String>,
    Query(confirmation): Query<Confirmation>,
    headers: HeaderMap,
) -> Result<Response> {
    let wish = confirmation.wish(&headers)?;
    Ok(match web.app.apply_preset(&caller, &name, wish).await? {
        Changed::Done { now, made } => {
            let applied = AppliedPreset {
                version: now.version,
                made: &made,
                policy: &now.policy,
            };
            tagged(now.version, &applied)
        }
        Changed::Previewed(preview) => tagged(preview.current_version, &preview),
    })
}
