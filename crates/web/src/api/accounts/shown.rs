//! How service accounts are shown.

use ::http::StatusCode;
use app::account::{AccountOwner, AccountView};
use app::key::RoleView;
use axum::response::Response;
use domain::account::AccountStatus;
use domain::clock::Timestamp;
use domain::id::AccountId;
use domain::key::Actor;
use domain::limits::RateLimit;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::shown::{json, tagged};

/// A service account as it is shown.
#[derive(Serialize, ToSchema)]
#[schema(as = ServiceAccount)]
pub(in crate::api) struct ShownAccount<'a> {
    id: AccountId,
    /// What people call it.
    #[schema(example = "ColdTrace gateway")]
    name: &'a str,
    /// What systems call it.
    #[schema(example = "coldtrace-gateway")]
    username: &'a str,
    /// Whom to write to about it.
    #[schema(required, example = "iot@example.com")]
    email: &'a Option<String>,
    /// The business partner whose system it is; empty for a system of the organisation's own.
    #[schema(example = "ColdTrace")]
    partner: &'a str,
    /// Who answers for it.
    #[schema(required)]
    owner: &'a Option<AccountOwner>,
    /// What it is for.
    #[schema(example = "Sends the temperatures of the cold stores")]
    purpose: &'a str,
    /// Words to find it by.
    #[schema(example = json!(["iot"]))]
    tags: &'a [String],
    /// What it may do; its keys never exceed this.
    roles: &'a [RoleView],
    /// How often all its keys together may be used.
    rate_limits: &'a [RateLimit],
    status: AccountStatus,
    /// How many of its keys are neither revoked, deleted nor expired.
    #[schema(example = 2)]
    live_keys: i64,
    /// When one of its keys was last accepted.
    #[schema(required)]
    last_used_at: Option<Timestamp>,
    /// From where.
    #[schema(required, example = "203.0.113.9")]
    last_used_ip: &'a Option<String>,
    /// When it was deleted and kept for history.
    #[schema(required)]
    deleted_at: Option<Timestamp>,
    /// When it was made.
    created_at: Timestamp,
    /// By whom.
    created_by: &'a Actor,
    /// Counts its edits from 1; the `ETag`.
    #[schema(example = 3)]
    version: i64,
}

/// A service account in a list.
pub(super) fn row(view: &AccountView) -> ShownAccount<'_> {
    let account = &view.account;
    ShownAccount {
        id: account.id,
        name: &account.name,
        username: &account.username,
        email: &account.email,
        partner: &account.partner,
        owner: &view.owner,
        purpose: &account.purpose,
        tags: &account.tags,
        roles: &view.roles,
        rate_limits: &account.rate_limits,
        status: account.status(),
        live_keys: view.keys.live,
        last_used_at: view.keys.last_used_at,
        last_used_ip: &view.keys.last_used_ip,
        deleted_at: account.deleted_at,
        created_at: account.created_at,
        created_by: &account.created_by,
        version: account.version,
    }
}

/// A service account by itself, with its version as the `ETag`.
pub(super) fn account(status: StatusCode, view: &AccountView) -> Response {
    tagged(json(status, &row(view)), view.account.version)
}
