//! How keys are shown: what the database holds and what is computed of it, never a secret but in the answer that made it.

use ::http::{HeaderValue, StatusCode, header};
use app::key::{Deleted, Issued, KeyView, Other, Revoked, RoleView};
use axum::response::{IntoResponse, Response};
use domain::clock::Timestamp;
use domain::key::{Key, Owner, Secret, Status};
use serde::Serialize;

/// JSON with a status.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => (status, [(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(error) => crate::http::Problem::from(app::AppError::internal(error)).into_response(),
    }
}

/// An owner as it is shown.
#[derive(Serialize)]
pub(super) struct ShownOwner<'a> {
    r#type: &'static str,
    id: String,
    name: &'a str,
}

pub(super) fn owner(owner: Owner, name: &str) -> ShownOwner<'_> {
    let (r#type, id) = match owner {
        Owner::Organisation(id) => ("organisation", id.to_string()),
        Owner::ServiceAccount(id) => ("service_account", id.to_string()),
        Owner::User(id) => ("user", id.to_string()),
    };
    ShownOwner { r#type, id, name }
}

/// A key as it is shown.
#[derive(Serialize)]
pub(super) struct ShownKey<'a> {
    id: String,
    number: i64,
    name: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    display: &'a str,
    status: Status,
    owner: ShownOwner<'a>,
    permissions: &'a domain::access::Grants,
    roles: &'a [RoleView],
    /// Whether it may do what its owner may, having nothing of its own.
    inherits: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_permissions: Option<&'a domain::access::Grants>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unavailable: Option<ShownUnavailable<'a>>,
    networks: &'a [ipnet::IpNet],
    tags: &'a [String],
    metadata: &'a serde_json::Map<String, serde_json::Value>,
    contacts: &'a [String],
    enabled: bool,
    protected: bool,
    expires_at: Option<Timestamp>,
    revoked: &'a Option<domain::key::Revocation>,
    deleted_at: Option<Timestamp>,
    created_at: Timestamp,
    created_by: &'a domain::key::Actor,
    rotated_at: Timestamp,
    last_used_at: Option<Timestamp>,
    last_used_ip: &'a Option<String>,
    version: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    secrets: Option<Vec<ShownSecret<'a>>>,
}

/// What was granted and is not honoured now, because its API is not enabled.
#[derive(Serialize)]
struct ShownUnavailable<'a> {
    permissions: &'a [String],
    roles: &'a [RoleView],
}

#[derive(Serialize)]
struct ShownSecret<'a> {
    id: String,
    display: &'a str,
    status: &'static str,
    created_at: Timestamp,
    ends_at: Option<Timestamp>,
    revealable: bool,
}

fn secret(secret: &Secret, now: Timestamp) -> ShownSecret<'_> {
    ShownSecret {
        id: secret.id.to_string(),
        display: &secret.display,
        status: match secret.ends_at {
            None => "current",
            Some(end) if end > now => "retiring",
            Some(_) => "ended",
        },
        created_at: secret.created_at,
        ends_at: secret.ends_at,
        revealable: secret.revealable,
    }
}

/// A key in a list.
pub(super) fn row(view: &KeyView) -> ShownKey<'_> {
    let key: &Key = &view.key;
    ShownKey {
        id: key.id.to_string(),
        number: key.number,
        name: &key.name,
        description: &key.description,
        secret: None,
        display: &key.display,
        status: view.status,
        owner: owner(key.owner, &view.owner_name),
        permissions: &key.permissions,
        roles: &view.roles,
        inherits: key.inherits(),
        effective_permissions: None,
        unavailable: None,
        networks: &key.networks,
        tags: &key.tags,
        metadata: &key.metadata,
        contacts: &key.contacts,
        enabled: key.enabled,
        protected: key.protected,
        expires_at: key.expires_at,
        revoked: &key.revoked,
        deleted_at: key.deleted_at,
        created_at: key.created_at,
        created_by: &key.created_by,
        rotated_at: key.rotated_at,
        last_used_at: key.last_used_at,
        last_used_ip: &key.last_used_ip,
        version: key.version,
        secrets: None,
    }
}

/// A key by itself, with its secrets' facts.
pub(super) fn whole(view: &KeyView, now: Timestamp) -> ShownKey<'_> {
    ShownKey {
        secrets: Some(view.secrets.iter().map(|one| secret(one, now)).collect()),
        effective_permissions: view.effective.as_ref().map(|effective| &effective.permissions),
        unavailable: view.effective.as_ref().map(|effective| ShownUnavailable {
            permissions: &effective.unavailable_permissions,
            roles: &effective.unavailable_roles,
        }),
        ..row(view)
    }
}

/// A key by itself, with its version as the `ETag`.
pub(super) fn key(view: &KeyView, now: Timestamp) -> Response {
    tagged(json(StatusCode::OK, &whole(view, now)), view.key.version)
}

/// A key with the token that was just made for it.
pub(super) fn issued(status: StatusCode, issued: &Issued, now: Timestamp) -> Response {
    let shown = ShownKey {
        secret: issued.token.as_ref().map(|token| token.expose()),
        ..whole(&issued.view, now)
    };
    let mut response = tagged(json(status, &shown), issued.view.key.version);
    if issued.replayed {
        response
            .headers_mut()
            .insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    response
}

/// An answer with a version as its `ETag`.
pub(super) fn tagged(mut response: Response, version: i64) -> Response {
    if let Ok(value) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

#[derive(Serialize)]
struct ShownEnd<'a> {
    key: ShownKey<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    erased: Option<bool>,
    effective_at: Timestamp,
    others: &'a [Other],
}

pub(super) fn revoked(revoked: &Revoked, now: Timestamp) -> Response {
    let end = ShownEnd {
        key: whole(&revoked.view, now),
        erased: None,
        effective_at: revoked.effective_at,
        others: &revoked.others,
    };
    json(StatusCode::OK, &end)
}

pub(super) fn deleted(deleted: &Deleted) -> Response {
    let end = ShownEnd {
        key: row(&deleted.view),
        erased: Some(deleted.erased),
        effective_at: deleted.effective_at,
        others: &deleted.others,
    };
    json(StatusCode::OK, &end)
}
