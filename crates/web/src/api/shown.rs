//! How keys are shown: what the database holds and what is computed of it, never a secret but in the answer that made it.

use ::http::{HeaderValue, StatusCode, header};
use app::key::{Deleted, Issued, KeyView, Other, QuotaView, Revoked, RoleView};
use app::usage::Series;
use axum::response::{IntoResponse, Response};
use domain::clock::Timestamp;
use domain::id::{KeyId, SecretId};
use domain::key::{Key, Owner, Secret, Status};
use domain::limits::{Period, RateLimit};
use domain::policy::Zone;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::OwnerType;

/// JSON with a status.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => (status, [(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(error) => crate::http::Problem::from(app::AppError::internal(error)).into_response(),
    }
}

/// An owner as it is shown.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyOwner)]
pub(super) struct ShownOwner<'a> {
    r#type: OwnerType,
    /// Its id.
    #[schema(example = "org_01k1qhwaswfn78ypkbfj6sw3rt")]
    id: String,
    /// What it is called.
    #[schema(example = "Sample Ltd")]
    name: &'a str,
}

pub(super) fn owner(owner: Owner, name: &str) -> ShownOwner<'_> {
    let (r#type, id) = match owner {
        Owner::Organisation(id) => (OwnerType::Organisation, id.to_string()),
        Owner::ServiceAccount(id) => (OwnerType::ServiceAccount, id.to_string()),
        Owner::User(id) => (OwnerType::User, id.to_string()),
    };
    ShownOwner { r#type, id, name }
}

/// A key as it is shown.
#[derive(Serialize, ToSchema)]
#[schema(as = Key)]
pub(super) struct ShownKey<'a> {
    id: KeyId,
    /// Its number in the organisation, counted from 1.
    #[schema(example = 42)]
    number: i64,
    /// What it is for, in a few words.
    #[schema(example = "Billing sync")]
    name: &'a str,
    /// What it is for, at length.
    #[schema(example = "Reads invoices every night")]
    description: &'a str,
    /// The token of its current secret, masked.
    #[schema(example = "sk_live_8NqW…Pq2R")]
    display: &'a str,
    status: Status,
    owner: ShownOwner<'a>,
    /// What it was granted.
    permissions: &'a domain::access::Grants,
    /// What it was given by roles.
    roles: &'a [RoleView],
    /// Whether it may do what its owner may, having nothing of its own.
    inherits: bool,
    /// What it may do in the end; left out in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_permissions: Option<&'a domain::access::Grants>,
    /// What was granted and is not honoured now; left out in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    unavailable: Option<ShownUnavailable<'a>>,
    /// Where it may be used from; anywhere when empty.
    #[schema(value_type = Vec<String>, example = json!(["203.0.113.0/24"]))]
    networks: &'a [ipnet::IpNet],
    /// Words to find it by.
    #[schema(example = json!(["billing"]))]
    tags: &'a [String],
    /// Whatever its maker keeps with it.
    #[schema(value_type = Object)]
    metadata: &'a serde_json::Map<String, serde_json::Value>,
    /// Whom to write to about it.
    #[schema(example = json!(["billing@example.com"]))]
    contacts: &'a [String],
    /// How often it may be used; the policy's default applies where this is empty.
    rate_limits: &'a [RateLimit],
    /// How much it may be used, and what is used of that.
    #[schema(required)]
    quota: Option<ShownQuota<'a>>,
    /// Switched on.
    #[schema(example = true)]
    enabled: bool,
    /// Cannot be revoked or deleted until this is taken off.
    protected: bool,
    /// When it ends by itself.
    #[schema(required)]
    expires_at: Option<Timestamp>,
    /// That it was ended, and why.
    #[schema(required)]
    revoked: &'a Option<domain::key::Revocation>,
    /// When it was deleted and kept for history.
    #[schema(required)]
    deleted_at: Option<Timestamp>,
    /// When it was made.
    created_at: Timestamp,
    /// By whom.
    created_by: &'a domain::key::Actor,
    /// When its current secret was made.
    rotated_at: Timestamp,
    /// When it was last presented and accepted.
    #[schema(required)]
    last_used_at: Option<Timestamp>,
    /// From where.
    #[schema(required, example = "203.0.113.9")]
    last_used_ip: &'a Option<String>,
    /// What the program that used it calls itself (`User-Agent`), as far as the door was told.
    #[schema(required, example = "billing-sync/2.1")]
    last_used_agent: &'a Option<String>,
    /// Counts its edits from 1; the `ETag`.
    #[schema(example = 3)]
    version: i64,
    /// Its secrets without their tokens, youngest first; left out in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    secrets: Option<Vec<ShownSecret<'a>>>,
    /// Its usage day by day, in a list that is asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<ShownDays<'a>>,
}

/// A key's usage by the day (UTC).
#[derive(Serialize, ToSchema)]
#[schema(as = KeyDays)]
struct ShownDays<'a> {
    /// The beginning of the first day.
    since: Timestamp,
    /// How often it was let through, a number for each day; the last is today's.
    #[schema(example = json!([0, 12]))]
    admitted: &'a [i64],
    /// How often it was refused.
    #[schema(example = json!([0, 1]))]
    refused: &'a [i64],
}

/// A key's quota.
#[derive(Serialize, ToSchema)]
#[schema(as = Quota)]
struct ShownQuota<'a> {
    /// How many.
    #[schema(example = 10_000)]
    limit: u64,
    per: Period,
    /// Where its days and months begin.
    timezone: &'a Zone,
    /// Whether it is the policy's default and not the key's own.
    by_default: bool,
    /// What is used of the period that runs; left out of the answers to changes of something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1_234)]
    used: Option<u64>,
    /// What is left of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 8_766)]
    remaining: Option<u64>,
    /// When it is filled again; none where it never is by itself.
    #[schema(required)]
    reset_at: Option<Timestamp>,
}

fn quota(view: &QuotaView) -> ShownQuota<'_> {
    ShownQuota {
        limit: view.quota.limit,
        per: view.quota.per,
        timezone: &view.quota.timezone,
        by_default: view.by_default,
        used: view.used,
        remaining: view.used.map(|used| view.quota.limit.saturating_sub(used)),
        reset_at: view.bounds.end,
    }
}

/// What was granted and is not honoured now, because its API is not enabled.
#[derive(Serialize, ToSchema)]
#[schema(as = Unavailable)]
struct ShownUnavailable<'a> {
    /// Permissions.
    #[schema(example = json!(["orders:view"]))]
    permissions: &'a [String],
    /// Roles.
    roles: &'a [RoleView],
}

/// One token value of a key, without the token.
#[derive(Serialize, ToSchema)]
#[schema(as = Secret)]
struct ShownSecret<'a> {
    id: SecretId,
    /// The token, masked.
    #[schema(example = "sk_live_8NqW…Pq2R")]
    display: &'a str,
    /// `current`, `retiring` or `ended`.
    #[schema(example = "current")]
    status: &'static str,
    /// When it was made.
    created_at: Timestamp,
    /// When it stops.
    #[schema(required)]
    ends_at: Option<Timestamp>,
    /// Whether the token was kept and can be shown again.
    revealable: bool,
    /// When it was used last since it was replaced.
    #[schema(required)]
    last_used_at: Option<Timestamp>,
    /// From where.
    #[schema(required, example = "203.0.113.9")]
    last_used_ip: &'a Option<String>,
}

fn secret(secret: &Secret, now: Timestamp) -> ShownSecret<'_> {
    ShownSecret {
        id: secret.id,
        display: &secret.display,
        status: match secret.ends_at {
            None => "current",
            Some(end) if end > now => "retiring",
            Some(_) => "ended",
        },
        created_at: secret.created_at,
        ends_at: secret.ends_at,
        revealable: secret.revealable,
        last_used_at: secret.last_used_at,
        last_used_ip: &secret.last_used_ip,
    }
}

/// A key in a list.
pub(super) fn row(view: &KeyView) -> ShownKey<'_> {
    let key: &Key = &view.key;
    ShownKey {
        id: key.id,
        number: key.number,
        name: &key.name,
        description: &key.description,
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
        rate_limits: &key.rate_limits,
        quota: view.quota.as_ref().map(quota),
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
        last_used_agent: &key.last_used_agent,
        version: key.version,
        secrets: None,
        usage: None,
    }
}

/// A key in a list, with its usage.
pub(super) fn with_usage<'a>(view: &'a KeyView, series: &'a Series) -> ShownKey<'a> {
    let days = series.of(view.key.id);
    ShownKey {
        usage: Some(ShownDays {
            since: series.since,
            admitted: &days.admitted,
            refused: &days.refused,
        }),
        ..row(view)
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
#[derive(Serialize, ToSchema)]
#[schema(as = IssuedKey)]
pub(super) struct ShownIssued<'a> {
    #[serde(flatten)]
    key: ShownKey<'a>,
    /// The token, here and nowhere else. Left out of the answer to a repeated request, and where a hash was brought in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "sk_live_8NqWv0yTq6YB2t0uVx3cZr5sDf7gHj9kLm1nPq2R")]
    secret: Option<&'a str>,
}

/// A key with the token that was just made for it, written down.
pub(super) fn issued(status: StatusCode, issued: &Issued, now: Timestamp) -> Response {
    let shown = ShownIssued {
        key: whole(&issued.view, now),
        secret: issued.token.as_ref().map(|token| token.expose()),
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

/// A key that was ended.
#[derive(Serialize, ToSchema)]
#[schema(as = EndedKey)]
pub(super) struct ShownEnd<'a> {
    key: ShownKey<'a>,
    /// Of a deleted key: whether the audit log alone remembers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    erased: Option<bool>,
    /// No request that begins from here on is let through with it.
    effective_at: Timestamp,
    /// Up to 20 other keys of the owner that still work.
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
