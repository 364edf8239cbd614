//! Use cases of API keys, a verb a file.

mod create;
mod delete;
mod edit;
pub mod export;
mod find;
mod grants;
mod hand_in;
pub mod import;
mod issue;
pub(crate) use issue::Mint;
mod owner;
mod quota;
mod read;
mod reveal;
mod revoke;
mod right_size;
mod rotate;
mod switch;
mod view;

pub use create::{CreateKey, Idempotency, TokenInput};
pub use delete::Deleted;
pub use edit::EditKey;
pub use find::{Counted, Handle};
pub(crate) use hand_in::Reports;
pub use quota::QuotaChange;
pub use read::{Events, KeyFilter};
pub use revoke::Revoked;
pub use right_size::{PermissionUse, RightSize};
pub use rotate::RotateKey;
pub use switch::Switch;
pub use view::{Effective, KeyView, QuotaView, RoleView};
pub(crate) use view::{roles_shown, seen};

use domain::audit::Target;
use domain::id::{KeyId, OrganisationId};
use domain::key::Key;
use domain::token::Token;
use serde_json::{Map, Value, json};
use store::Tx;

use crate::error::{AppError, Result};

/// A key with the token that was just made for it.
#[derive(Debug)]
pub struct Issued {
    /// The key.
    pub view: KeyView,
    /// The token, shown this once; none for a replay and for an imported hash.
    pub token: Option<Token>,
    /// Whether this answers a request that was done before.
    pub replayed: bool,
}

/// Another key of the same owner, named when one of them is ended.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
#[schema(as = OtherKey)]
pub struct Other {
    /// Its id.
    pub id: KeyId,
    /// Its name.
    #[schema(example = "Billing sync (old)")]
    pub name: String,
    /// Its masked form.
    #[schema(example = "sk_live_8NqW…Pq2R")]
    pub display: String,
}

pub(crate) fn target(key: &Key) -> Target {
    Target {
        kind: "key".to_owned(),
        id: key.id.to_string(),
        name: key.name.clone(),
    }
}

pub(crate) async fn locked(tx: &mut Tx, organisation: OrganisationId, key: KeyId) -> Result<Key> {
    tx.key(organisation, key)
        .await?
        .ok_or(AppError::NotFound { what: "key" })
}

pub(crate) fn refuse_over(key: &Key) -> Result<()> {
    if key.is_over() {
        return Err(AppError::conflict(
            "key_over",
            "the key was revoked or deleted; that cannot be undone",
        ));
    }
    Ok(())
}

pub(crate) fn refuse_protected(key: &Key) -> Result<()> {
    if key.protected {
        return Err(AppError::conflict(
            "key_protected",
            "the key is protected; take the protection off first",
        ));
    }
    Ok(())
}

/// A key's facts as the audit log knows them.
fn facts(key: &Key) -> Map<String, Value> {
    let shown = json!({
        "name": key.name, "description": key.description, "permissions": key.permissions,
        "roles": key.roles, "owner": key.owner.to_string(), "networks": key.networks,
        "tags": key.tags, "rate_limits": key.rate_limits, "quota": key.quota, "metadata": key.metadata, "contacts": key.contacts, "display": key.display,
        "enabled": key.enabled, "protected": key.protected, "expires_at": key.expires_at,
        "revoked_at": key.revoked.as_ref().map(|r| r.at), "reason": key.revoked.as_ref().and_then(|r| r.reason.clone()),
        "deleted_at": key.deleted_at,
    });
    match shown {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// What changed between two states of a key: `{"field": {"before": …, "after": …}}`.
pub(crate) fn difference(before: Option<&Key>, after: &Key) -> Value {
    crate::difference::difference(before.map(facts).as_ref(), Some(&facts(after)))
}
