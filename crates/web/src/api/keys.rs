//! `/v1/keys`: the verbs of a key's life.

mod anomalies;
mod describe;
mod list;
mod right_size;

use ::http::{HeaderMap, StatusCode, Uri};
use app::key::{CreateKey, EditKey, Idempotency, QuotaChange, RotateKey, Switch, TokenInput};
use axum::extract::{Path, State};
use axum::response::Response;
use domain::access::Pattern;
use domain::audit::Shown as AuditRecord;
use domain::clock::Timestamp;
use domain::id::KeyId;
use domain::key::KeyDraft;
use domain::limits::{QuotaDraft, RateLimitDraft};
use domain::page::Page;
use domain::policy::{End, ExpiryRequest};
use domain::schema::{Description, EmailAddress, Name, Network, Tag};
use domain::span::Span;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use zeroize::Zeroizing;

pub(super) use anomalies::*;
use describe::{KeyEdit, KeyRotation, NewKey};
pub(super) use list::*;
pub(super) use right_size::*;

use super::caller::By;
use super::openapi::{Conflict, PolicyRefused};
use super::params::{self, IdempotencyKey, IfMatch, PageQuery};
use super::shown::{self, ShownEnd, ShownIssued, ShownKey};
use crate::http::body::{Json, Query};
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// Tells a field that is `null` from one that is left out.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// The fields that a key is made of or changed to.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    /// What it is for, in a few words.
    #[schema(value_type = Option<Name>)]
    name: Option<String>,
    /// What it is for, at length.
    #[schema(value_type = Option<Description>)]
    description: Option<String>,
    /// What it may do.
    #[schema(value_type = Option<Vec<Pattern>>, max_items = 256)]
    permissions: Option<Vec<String>>,
    /// What it may do by roles, each by id or name.
    #[schema(example = json!(["viewer"]), max_items = 64)]
    roles: Option<Vec<String>>,
    /// Addresses and networks (CIDR) from which it may be used; anywhere when empty.
    #[schema(value_type = Option<Vec<Network>>, max_items = 64)]
    networks: Option<Vec<String>>,
    /// Words to find it by.
    #[schema(value_type = Option<Vec<Tag>>, max_items = 32)]
    tags: Option<Vec<String>>,
    /// Anything, up to 8 KiB as JSON.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    /// Email addresses to write to about it.
    #[schema(value_type = Option<Vec<EmailAddress>>, max_items = 16)]
    contacts: Option<Vec<String>>,
    /// Whom it stands for: the id of a service account, a person, or the organisation (when not said).
    #[schema(value_type = Option<String>, example = "acct_01k1qhwaswfn78ypkbfj6sw3rt")]
    owner: Option<String>,
    /// How often it may be used, all of them at once; the policy's default when empty.
    #[schema(max_items = 16)]
    rate_limits: Option<Vec<RateLimitDraft>>,
    /// How much it may be used; `null` for the policy's default.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<QuotaDraft>)]
    quota: Option<Option<QuotaDraft>>,
    /// When it ends by itself, as an instant or a date; `null` for never.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<End>)]
    expires_at: Option<Option<End>>,
    /// The same as a length of time from now; one of the two.
    expires_in: Option<Span>,
    /// Whether it cannot be revoked or deleted until this is taken off.
    protected: Option<bool>,
    /// A token that was made elsewhere, where the policy allows it.
    #[schema(value_type = Option<String>)]
    secret: Option<Zeroizing<String>>,
    /// The SHA-256 of such a token, in hex.
    secret_sha256: Option<String>,
    /// What the token behind that hash begins with.
    secret_prefix: Option<String>,
    /// How long the old secret goes on working.
    grace: Option<Span>,
}

impl Fields {
    /// Refuses the fields that this verb has no use for.
    fn only(&self, verb: &str, others: &[(&str, bool)]) -> Result<()> {
        match others.iter().find(|(_, given)| *given) {
            Some((field, _)) => Err(Problem::invalid(format!(
                "{field} cannot be given when {verb} a key"
            ))),
            None => Ok(()),
        }
    }

    fn expiry(&self) -> Result<ExpiryRequest> {
        match (self.expires_at, self.expires_in) {
            (Some(_), Some(_)) => Err(Problem::invalid("expires_at and expires_in exclude each other")),
            (Some(Some(end)), None) => Ok(end.into()),
            (Some(None), None) => Ok(ExpiryRequest::Never),
            (None, Some(life)) => Ok(ExpiryRequest::In(life)),
            (None, None) => Ok(ExpiryRequest::Unsaid),
        }
    }

    fn token(&mut self) -> Result<TokenInput> {
        match (
            self.secret.take(),
            self.secret_sha256.take(),
            self.secret_prefix.take(),
        ) {
            (Some(_), Some(_), _) => Err(Problem::invalid("secret and secret_sha256 exclude each other")),
            (_, None, Some(_)) => Err(Problem::invalid("secret_prefix goes with secret_sha256")),
            (Some(token), None, None) => Ok(TokenInput::External(token)),
            (None, Some(hash), prefix) => Ok(TokenInput::Sha256 { hash, prefix }),
            (None, None, None) => Ok(TokenInput::Generate),
        }
    }

    fn draft(self) -> KeyDraft {
        KeyDraft {
            name: self.name,
            description: self.description,
            permissions: self.permissions,
            roles: self.roles,
            networks: self.networks,
            tags: self.tags,
            metadata: self.metadata,
            contacts: self.contacts,
            owner: self.owner,
            rate_limits: self.rate_limits,
            quota: self.quota,
        }
    }
}

pub(super) fn idempotency(headers: &HeaderMap, uri: &Uri, body: &[u8]) -> Result<Option<Idempotency>> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let token = value
        .to_str()
        .map_err(|_| Problem::invalid("Idempotency-Key: 1 to 255 visible ASCII characters"))?;
    Ok(Some(Idempotency::new(token, uri.path(), body)?))
}

/// An id that is none, or of another kind, names nothing that is here.
pub(super) fn id(text: &str) -> Result<KeyId> {
    text.parse()
        .map_err(|_| app::AppError::NotFound { what: "key" }.into())
}

/// Makes a key. Its secret is in this answer, and never again.
#[utoipa::path(
    post, path = "/v1/keys", operation_id = "create_key", tag = "keys",
    params(IdempotencyKey),
    request_body = NewKey,
    responses((status = CREATED, description = "The new key with its secret", body = ShownIssued), Conflict, PolicyRefused),
    extensions(("x-claviger-permission" = json!("claviger:keys.create")))
)]
pub(super) async fn create(
    By(caller): By,
    State(web): State<Web>,
    uri: Uri,
    headers: HeaderMap,
    Json(mut fields, body): Json<Fields>,
) -> Result<Response> {
    let idempotency = idempotency(&headers, &uri, &body)?;
    fields.only("making", &[("grace", fields.grace.is_some())])?;
    let request = CreateKey {
        expiry: fields.expiry()?,
        token: fields.token()?,
        protected: fields.protected.unwrap_or(false),
        draft: fields.draft(),
        ..CreateKey::default()
    };
    let issued = web.app.create_key(&caller, request, idempotency).await?;
    Ok(shown::issued(StatusCode::CREATED, &issued, web.app.clock().now()))
}

/// A key with the facts of its secrets.
#[utoipa::path(
    get, path = "/v1/keys/{id}", operation_id = "show_key", tag = "keys",
    params(("id" = KeyId, Path, description = "The key")),
    responses((status = OK, description = "The key", body = ShownKey)),
    extensions(("x-claviger-permission" = json!("claviger:keys.read")))
)]
pub(super) async fn show(
    By(caller): By,
    State(web): State<Web>,
    Path(key): Path<String>,
) -> Result<Response> {
    let view = web.app.show_key(&caller, id(&key)?).await?;
    Ok(shown::key(&view, web.app.clock().now()))
}

/// Changes the fields that are given.
#[utoipa::path(
    patch, path = "/v1/keys/{id}", operation_id = "edit_key", tag = "keys",
    params(("id" = KeyId, Path, description = "The key"), IfMatch),
    request_body = KeyEdit,
    responses((status = OK, description = "The key as it is now", body = ShownKey), Conflict, PolicyRefused),
    extensions(("x-claviger-permission" = json!("claviger:keys.update")))
)]
pub(super) async fn edit(
    By(caller): By,
    State(web): State<Web>,
    Path(key): Path<String>,
    headers: HeaderMap,
    Json(fields, _): Json<Fields>,
) -> Result<Response> {
    let version = params::if_match(&headers)?;
    let secret = fields.secret.is_some() || fields.secret_sha256.is_some() || fields.secret_prefix.is_some();
    let others = [
        ("grace", fields.grace.is_some()),
        ("secret", secret),
        ("protected", fields.protected.is_some()),
    ];
    fields.only("editing", &others)?;
    let request = EditKey {
        expiry: fields.expiry()?,
        draft: fields.draft(),
        version,
    };
    let view = web.app.edit_key(&caller, id(&key)?, request).await?;
    Ok(shown::key(&view, web.app.clock().now()))
}

/// Gives a key a new secret; the old one works for `grace` longer.
#[utoipa::path(
    post, path = "/v1/keys/{id}/rotate", operation_id = "rotate_key", tag = "keys",
    params(("id" = KeyId, Path, description = "The key"), IdempotencyKey),
    request_body = KeyRotation,
    responses((status = OK, description = "The key with its new secret", body = ShownIssued), Conflict, PolicyRefused),
    extensions(("x-claviger-permission" = json!("claviger:keys.update")))
)]
pub(super) async fn rotate(
    By(caller): By,
    State(web): State<Web>,
    Path(key): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    Json(mut fields, body): Json<Fields>,
) -> Result<Response> {
    let idempotency = idempotency(&headers, &uri, &body)?;
    let request = RotateKey {
        grace: fields.grace.take(),
        expiry: fields.expiry()?,
        token: fields.token()?,
    };
    let protected = fields.protected.is_some();
    if protected || fields.draft() != KeyDraft::default() {
        return Err(Problem::invalid(
            "rotating takes grace, expires_at or expires_in, and secret alone",
        ));
    }
    let issued = web
        .app
        .rotate_key(&caller, id(&key)?, request, idempotency)
        .await?;
    Ok(shown::issued(StatusCode::OK, &issued, web.app.clock().now()))
}

/// Why a key is ended.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RevocationReason)]
pub(super) struct Reason {
    /// In the words of who ends it.
    #[schema(example = "The laptop was stolen", max_length = 500)]
    reason: Option<String>,
}

/// Ends a key for good. Since `effective_at`, no request that begins is let through with it.
#[utoipa::path(
    post, path = "/v1/keys/{id}/revoke", operation_id = "revoke_key", tag = "keys",
    params(("id" = KeyId, Path, description = "The key")),
    request_body = Reason,
    responses((status = OK, description = "The key, and what else its owner still has", body = ShownEnd), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:keys.revoke")))
)]
pub(super) async fn revoke(
    By(caller): By,
    State(web): State<Web>,
    Path(key): Path<String>,
    Json(reason, _): Json<Reason>,
) -> Result<Response> {
    let revoked = web.app.revoke_key(&caller, id(&key)?, reason.reason).await?;
    Ok(shown::revoked(&revoked, web.app.clock().now()))
}

/// Does what the policy says: keeps the ended key for history, or erases it.
#[utoipa::path(
    delete, path = "/v1/keys/{id}", operation_id = "delete_key", tag = "keys",
    params(("id" = KeyId, Path, description = "The key")),
    responses((status = OK, description = "The key as it was, and what else its owner still has", body = ShownEnd), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:keys.revoke")))
)]
pub(super) async fn delete(
    By(caller): By,
    State(web): State<Web>,
    Path(key): Path<String>,
) -> Result<Response> {
    Ok(shown::deleted(&web.app.delete_key(&caller, id(&key)?).await?))
}

async fn switch(By(caller): By, web: &Web, key: &str, switch: Switch) -> Result<Response> {
    let view = web.app.switch_key(&caller, id(key)?, switch).await?;
    Ok(shown::key(&view, web.app.clock().now()))
}

/// Switches a key on.
#[utoipa::path(
    post, path = "/v1/keys/{id}/enable", operation_id = "enable_key", tag = "keys",
    params(("id" = KeyId, Path, description = "The key")),
    responses((status = OK, description = "The key as it is now", body = ShownKey), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:keys.update")))
)]
pub(super) async fn enable(by: By, State(web): State<Web>, Path(key): Path<String>) -> Result<Response> {
    switch(by, &web, &key, Switch::Enable).await
}

/// Switches a key off until it is switched on again.
#[utoipa::path(
    post, path = "/v1/keys/{id}/disable", operation_id = "disable_key", tag = "keys",
    params(("id" = KeyId, Path, description = "The key")),
    responses((status = OK, description = "The key as it is now", body = ShownKey), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:keys.update")))
)]
pub(super) async fn disable(by: By, State(web): State<Web>, Path(key): Path<String>) -> Result<Response> {
    switch(by, &web, &key, Switch::Disable).await
}

/// Forbids to revoke or delete a key.
#[utoipa::path(
    post, path = "/v1/keys/{id}/protect", operation_id = "protect_key", tag = "keys",
    params(("id" = KeyId, Path, description = "The key")),
    responses((status = OK, description = "The key as it is now", body = ShownKey), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:keys.update")))
)]
pub(super) async fn protect(by: By, State(web): State<Web>, Path(key): Path<String>) -> Result<Response> {
    switch(by, &web, &key, Switch::Protect).await
}

/// Allows again to revoke and delete a key.
#[utoipa::path(
    post, path = "/v1/keys/{id}/unprotect", operation_id = "unprotect_key", tag = "keys",
    params(("id" = KeyId, Path, description = "The key")),
    responses((status = OK, description = "The key as it is now", body = ShownKey), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:keys.update")))
)]
pub(super) async fn unprotect(by: By, State(web): State<Web>, Path(key): Path<String>) -> Result<Response> {
    switch(by, &web, &key, Switch::Unprotect).await
}

/// What is to become of what is used of a quota; one of the two.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = QuotaChange, example = json!({"used": 0}))]
pub(super) struct QuotaEdit {
    /// So many units are used of the period that runs; 0 fills it up.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_u64, example = 0)]
    used: Option<u64>,
    /// So many fewer are used, down to none.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_u64)]
    credit: Option<u64>,
}

/// Sets what is used of a key's quota, or gives some of it back. The limit is changed with the key.
#[utoipa::path(
    post, path = "/v1/keys/{id}/quota", operation_id = "adjust_quota", tag = "keys",
    params(("id" = KeyId, Path, description = "The key")),
    request_body = QuotaEdit,
    responses((status = OK, description = "The key as it is now", body = ShownKey), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:keys.update")))
)]
pub(super) async fn adjust_quota(
    By(caller): By,
    State(web): State<Web>,
    Path(key): Path<String>,
    Json(edit, _): Json<QuotaEdit>,
) -> Result<Response> {
    let change = match (edit.used, edit.credit) {
        (Some(used), None) => QuotaChange::Used(used),
        (None, Some(credit)) => QuotaChange::Credit(credit),
        _ => return Err(Problem::invalid("expected one of used and credit")),
    };
    let view = web.app.adjust_quota(&caller, id(&key)?, change).await?;
    Ok(shown::key(&view, web.app.clock().now()))
}

/// A token that was kept.
#[derive(Serialize, ToSchema)]
pub(super) struct Revealed<'a> {
    id: KeyId,
    /// The token of the current secret.
    #[schema(example = "sk_live_8NqWv0yTq6YB2t0uVx3cZr5sDf7gHj9kLm1nPq2R")]
    secret: &'a str,
}

/// Shows the token of a key whose organisation keeps tokens. Looking is written into the audit log.
#[utoipa::path(
    post, path = "/v1/keys/{id}/reveal", operation_id = "reveal_key", tag = "keys",
    params(("id" = KeyId, Path, description = "The key")),
    responses((status = OK, description = "The token", body = Revealed), Conflict, PolicyRefused),
    extensions(("x-claviger-permission" = json!("claviger:keys.reveal")))
)]
pub(super) async fn reveal(
    By(caller): By,
    State(web): State<Web>,
    Path(key): Path<String>,
) -> Result<Response> {
    let key = id(&key)?;
    let token = web.app.reveal_key(&caller, key).await?;
    let revealed = Revealed {
        id: key,
        secret: token.expose(),
    };
    Ok(shown::json(StatusCode::OK, &revealed))
}

/// A stretch of time.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Stretch {
    /// From when; thirty days before the end when not said.
    pub(super) since: Option<Timestamp>,
    /// Until when; now when not said.
    pub(super) until: Option<Timestamp>,
}

/// The history of a key, newest first.
#[utoipa::path(
    get, path = "/v1/keys/{id}/events", operation_id = "key_events", tag = "keys",
    params(("id" = KeyId, Path, description = "The key"), PageQuery),
    responses((status = OK, description = "A page of the audit log", body = Page<AuditRecord>)),
    extensions(("x-claviger-permission" = json!("claviger:audit.read")))
)]
pub(super) async fn events(
    By(caller): By,
    State(web): State<Web>,
    Path(key): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Response> {
    let events = web
        .app
        .key_events(&caller, id(&key)?, limit(page.limit)?, page.cursor.as_deref())
        .await?;
    Ok(shown::json(StatusCode::OK, &events))
}
