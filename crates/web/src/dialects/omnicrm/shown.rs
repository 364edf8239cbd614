//! A key as OmniCRM's callers read it.

use std::time::Duration;

use app::key::{Issued, KeyView};
use domain::clock::Timestamp;
use domain::key::Status;
use serde::Serialize;
use utoipa::ToSchema;

use super::permissions::names;

/// What can be done with a key, in OmniCRM's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OmniCrmStatus)]
pub(super) enum ShownStatus {
    /// Accepted, also while it is expiring soon.
    Active,
    /// Past its end; a later one brings it back.
    Expired,
    /// Ended for good, or switched off.
    Revoked,
}

impl From<Status> for ShownStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Active | Status::ExpiringSoon => Self::Active,
            Status::Expired => Self::Expired,
            Status::Disabled | Status::Revoked | Status::Deleted => Self::Revoked,
        }
    }
}

/// A key.
#[derive(Serialize, ToSchema)]
#[schema(as = OmniCrmApiKey)]
pub(super) struct ShownKey<'a> {
    /// Its number in the organisation.
    #[schema(example = 123, minimum = 1)]
    api_key_id: i64,
    /// What it is for, in a few words.
    #[schema(example = "New Integration")]
    name: &'a str,
    /// What it is for, at length.
    #[schema(example = "Third-party billing sync")]
    description: &'a str,
    /// The token: whole in the answer that made it, masked everywhere else.
    #[schema(example = "sk_live_8NqW…Pq2R")]
    api_key: &'a str,
    status: ShownStatus,
    /// Whether it is active and will end within the policy's window.
    expiring_soon: bool,
    /// What it may do.
    #[schema(example = json!(["view_customer", "view_service"]))]
    permissions: Vec<String>,
    /// When it was made, to the second.
    created: Timestamp,
    /// Who made it.
    #[schema(example = "Ada Sample")]
    created_by: &'a str,
    /// The last second in which it works; none when it never ends.
    #[schema(required)]
    expiry_date: Option<Timestamp>,
    /// When it was last accepted, to the second.
    #[schema(required)]
    last_used: Option<Timestamp>,
}

/// OmniCRM writes instants without fractions.
fn second(at: Timestamp) -> Timestamp {
    at.floor_to(Duration::from_secs(1))
}

/// A key with its token masked.
pub(super) fn masked(view: &KeyView) -> ShownKey<'_> {
    let key = &view.key;
    ShownKey {
        api_key_id: key.number,
        name: &key.name,
        description: &key.description,
        api_key: &key.display,
        status: view.status.into(),
        expiring_soon: view.status == Status::ExpiringSoon,
        permissions: names(&key.permissions),
        created: second(key.created_at),
        created_by: &key.created_by.name,
        expiry_date: key.expires_at.map(second),
        last_used: key.last_used_at.map(second),
    }
}

/// A key with the token that was just made for it.
pub(super) fn issued(issued: &Issued) -> ShownKey<'_> {
    let token = issued.token.as_ref().map(|token| token.expose());
    ShownKey {
        api_key: token.unwrap_or(&issued.view.key.display),
        ..masked(&issued.view)
    }
}
