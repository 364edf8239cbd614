//! `/crm/api-keys`: the verbs of a key's life.

use ::http::StatusCode;
use app::key::{CreateKey, EditKey, Handle, RotateKey};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::access::Management;
use domain::id::KeyId;
use domain::key::KeyDraft;
use domain::policy::{End, ExpiryRequest};
use domain::schema::{Description, Name};
use domain::span::Span;
use serde::Deserialize;
use utoipa::openapi::{ObjectBuilder, OneOfBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::permissions::patterns;
use super::shown::{self, ShownKey};
use crate::api::keys::present;
use crate::api::openapi::{Conflict, NotFound, PolicyRefused};
use crate::api::shown::json;
use crate::dialects::{Speaker, renamed};
use crate::http::body::Json;
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// What the API calls its fields otherwise.
const NAMES: [(&str, &str); 1] = [("expires_at", "expiry_date")];

/// An end as OmniCRM's form sends it.
enum EndOrBlank {}

impl PartialSchema for EndOrBlank {
    fn schema() -> RefOr<Schema> {
        let blank = ObjectBuilder::new().schema_type(Type::String).max_length(Some(0));
        OneOfBuilder::new()
            .item(End::schema())
            .item(blank)
            .description(Some(
                "The last day on which a key works, or an instant; blank for none.",
            ))
            .examples(["2027-01-10"])
            .into()
    }
}

impl ToSchema for EndOrBlank {}

/// A key that is to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OmniCrmNewApiKey, example = json!({
    "name": "New Integration", "description": "Third-party billing sync", "expiry_date": "2027-01-10",
    "permissions": ["view_customer", "view_service"]
}))]
pub(super) struct NewKey {
    /// What it is for, in a few words.
    #[schema(value_type = Name)]
    name: String,
    /// What it is for, at length.
    #[schema(value_type = Option<Description>)]
    description: Option<String>,
    /// The last day on which it works, or an instant; it never ends where this is left blank.
    #[schema(value_type = Option<EndOrBlank>)]
    expiry_date: Option<String>,
    /// What it may do, by OmniCRM's names.
    #[schema(example = json!(["view_customer", "view_service"]), max_items = 256)]
    permissions: Option<Vec<String>>,
}

/// What is to change; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OmniCrmApiKeyEdit, example = json!({"name": "Updated Name", "expiry_date": "2031-12-31"}))]
pub(super) struct Edit {
    /// What it is for, in a few words.
    #[schema(value_type = Option<Name>)]
    name: Option<String>,
    /// What it is for, at length.
    #[schema(value_type = Option<Description>)]
    description: Option<String>,
    /// The last day on which it works, or an instant; `null` for never.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<EndOrBlank>)]
    expiry_date: Option<Option<String>>,
    /// All that it may do from now on, by OmniCRM's names.
    #[schema(example = json!(["view_customer", "view_service"]), max_items = 256)]
    permissions: Option<Vec<String>>,
}

/// An end as it is written; none where it is blank.
fn end(text: Option<&str>) -> Result<Option<End>> {
    let text = text.filter(|text| !text.is_empty());
    let end = text.map(|text| {
        let fault = |detail: String| Problem::invalid(format!("expiry_date: {detail}"));
        text.parse().map_err(fault)
    });
    end.transpose()
}

fn draft(
    name: Option<String>,
    description: Option<String>,
    permissions: Option<Vec<String>>,
) -> Result<KeyDraft> {
    let permissions = permissions.map(|names| patterns(&names)).transpose();
    Ok(KeyDraft {
        name,
        description,
        permissions: permissions.map_err(app::AppError::Invalid)?,
        ..KeyDraft::default()
    })
}

async fn find(web: &Web, speaker: &Speaker, id: &str, to: Management) -> Result<KeyId> {
    // Counted from 1: what is no number names nothing.
    let digits = id.bytes().all(|byte| byte.is_ascii_digit());
    let number = id.parse().ok().filter(|_| digits).unwrap_or_default();
    let found = web.app.find_key(&speaker.caller, Handle::Number(number), to);
    Ok(found.await?.id)
}

/// Makes a key. The whole token is in this answer, and never again.
#[utoipa::path(
    post, path = "/crm/api-keys", operation_id = "omnicrm_create_key", tag = super::TAG,
    request_body = NewKey,
    responses(
        (status = CREATED, description = "The new key with its token", body = ShownKey), NotFound, Conflict, PolicyRefused
    ),
    extensions(("x-claviger-permission" = json!("claviger:keys.create")))
)]
pub(super) async fn create(
    speaker: Speaker,
    State(web): State<Web>,
    Json(new, _): Json<NewKey>,
) -> Result<Response> {
    // First of all, so that who may not is not told what would be wrong with the request.
    speaker.caller.require(Management::KeysCreate)?;
    let request = CreateKey {
        expiry: end(new.expiry_date.as_deref())?.map_or(ExpiryRequest::Unsaid, Into::into),
        draft: draft(Some(new.name), new.description, new.permissions)?,
        ..CreateKey::default()
    };
    let issued = web.app.create_key(&speaker.caller, request, None).await;
    let issued = issued.map_err(|error| renamed(error, &NAMES))?;
    Ok(json(StatusCode::CREATED, &shown::issued(&issued)))
}

/// A key.
#[utoipa::path(
    get, path = "/crm/api-keys/{api_key_id}", operation_id = "omnicrm_show_key", tag = super::TAG,
    params(("api_key_id" = i64, Path, description = "The key's number", minimum = 1)),
    responses((status = OK, description = "The key", body = ShownKey), NotFound),
    extensions(("x-claviger-permission" = json!("claviger:keys.read")))
)]
pub(super) async fn show(
    speaker: Speaker,
    State(web): State<Web>,
    Path(id): Path<String>,
) -> Result<Response> {
    let id = find(&web, &speaker, &id, Management::KeysRead).await?;
    let view = web.app.show_key(&speaker.caller, id).await?;
    Ok(json(StatusCode::OK, &shown::masked(&view)))
}

/// Changes a key's name, description, end or permissions. The token, its maker and its date stay what they are.
#[utoipa::path(
    patch, path = "/crm/api-keys/{api_key_id}", operation_id = "omnicrm_edit_key", tag = super::TAG,
    params(("api_key_id" = i64, Path, description = "The key's number", minimum = 1)),
    request_body = Edit,
    responses(
        (status = OK, description = "The key as it is now", body = ShownKey), NotFound, Conflict, PolicyRefused
    ),
    extensions(("x-claviger-permission" = json!("claviger:keys.update")))
)]
pub(super) async fn edit(
    speaker: Speaker,
    State(web): State<Web>,
    Path(id): Path<String>,
    Json(edit, _): Json<Edit>,
) -> Result<Response> {
    let id = find(&web, &speaker, &id, Management::KeysUpdate).await?;
    let expiry = match &edit.expiry_date {
        None => ExpiryRequest::Unsaid,
        Some(text) => end(text.as_deref())?.map_or(ExpiryRequest::Never, Into::into),
    };
    let request = EditKey {
        expiry,
        draft: draft(edit.name, edit.description, edit.permissions)?,
        ..EditKey::default()
    };
    let view = web.app.edit_key(&speaker.caller, id, request).await;
    let view = view.map_err(|error| renamed(error, &NAMES))?;
    Ok(json(StatusCode::OK, &shown::masked(&view)))
}

/// Revokes a key for good and removes it from every list.
#[utoipa::path(
    delete, path = "/crm/api-keys/{api_key_id}", operation_id = "omnicrm_delete_key", tag = super::TAG,
    params(("api_key_id" = i64, Path, description = "The key's number", minimum = 1)),
    responses((status = NO_CONTENT, description = "Requests with it are refused from now on"), NotFound, Conflict),
    extensions(("x-claviger-permission" = json!("claviger:keys.revoke")))
)]
pub(super) async fn delete(
    speaker: Speaker,
    State(web): State<Web>,
    Path(id): Path<String>,
) -> Result<Response> {
    let id = find(&web, &speaker, &id, Management::KeysRevoke).await?;
    web.app.delete_key(&speaker.caller, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Gives a key a new token; the old one stops at once, and all else stays.
#[utoipa::path(
    post, path = "/crm/api-keys/{api_key_id}/regenerate", operation_id = "omnicrm_regenerate_key", tag = super::TAG,
    params(("api_key_id" = i64, Path, description = "The key's number", minimum = 1)),
    responses(
        (status = OK, description = "The key with its new token", body = ShownKey), NotFound, Conflict, PolicyRefused
    ),
    extensions(("x-claviger-permission" = json!("claviger:keys.update")))
)]
pub(super) async fn regenerate(
    speaker: Speaker,
    State(web): State<Web>,
    Path(id): Path<String>,
) -> Result<Response> {
    let id = find(&web, &speaker, &id, Management::KeysUpdate).await?;
    let request = RotateKey {
        grace: Some(Span::ZERO),
        ..RotateKey::default()
    };
    let issued = web.app.rotate_key(&speaker.caller, id, request, None).await?;
    Ok(json(StatusCode::OK, &shown::issued(&issued)))
}
