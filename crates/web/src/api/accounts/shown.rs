//! How service accounts are shown.

use ::http::StatusCode;
use app::account::{AccountOwner, AccountView};
use app::key::RoleView;
use axum::response::Response;
use domain::account::AccountStatus;
use domain::clock::Timestamp;
use domain::key::Actor;
use serde::Serialize;

use crate::api::shown::{json, tagged};

/// A service account as it is shown.
#[derive(Serialize)]
pub(super) struct ShownAccount<'a> {
    id: String,
    name: &'a str,
    username: &'a str,
    email: &'a Option<String>,
    partner: &'a str,
    owner: &'a Option<AccountOwner>,
    purpose: &'a str,
    tags: &'a [String],
    roles: &'a [RoleView],
    status: AccountStatus,
    live_keys: i64,
    last_used_at: Option<Timestamp>,
    last_used_ip: &'a Option<String>,
    deleted_at: Option<Timestamp>,
    created_at: Timestamp,
    created_by: &'a Actor,
    version: i64,
}

/// A service account in a list.
pub(super) fn row(view: &AccountView) -> ShownAccount<'_> {
    let account = &view.account;
    ShownAccount {
        id: account.id.to_string(),
        name: &account.name,
        username: &account.username,
        email: &account.email,
        partner: &account.partner,
        owner: &view.owner,
        purpose: &account.purpose,
        tags: &account.tags,
        roles: &view.roles,
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
