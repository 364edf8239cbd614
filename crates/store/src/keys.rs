//! Keys: reading, writing and counting their rows.

mod bulk;
mod handle;
mod list;
pub(crate) mod search;
mod walk;
mod write;

use domain::access::Grants;
use domain::clock::Timestamp;
use domain::id::{AccountId, KeyId, OrganisationId, UserId};
use domain::key::{Actor, Key, Owner, Revocation};
use domain::limits::Quota;
use domain::span::Span;

pub use bulk::Laid;
pub use list::{KeyQuery, KeySort, StatusFilter, Whose};
pub use walk::Walked;

use crate::db::{Reader, Row};
use crate::error::{Result, StoreError};
use crate::tx::Tx;
use crate::{Store, params};

pub(crate) const COLUMNS: &str = "k.id, k.organisation, k.number, k.name, k.description, k.owner_kind, k.owner_id, \
    k.permissions, k.roles, k.networks, k.tags, k.metadata, k.contacts, k.rate_limits, k.quota, k.quota_round, k.display, k.enabled, k.protected, k.expires_at, \
    k.revoked_at, k.revoked_reason, k.revoked_by, k.deleted_at, k.created_at, k.created_by, k.rotated_at, \
    k.last_used_at, k.last_used_ip, k.last_used_agent, k.version";

pub(crate) fn json<T: serde::de::DeserializeOwned>(column: &'static str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt(format!("keys.{column}")))
}

pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}

pub(crate) fn owner_of(kind: &str, id: uuid::Uuid) -> Result<Owner> {
    match kind {
        "organisation" => Ok(Owner::Organisation(OrganisationId::from_uuid(id))),
        "service_account" => Ok(Owner::ServiceAccount(AccountId::from_uuid(id))),
        "user" => Ok(Owner::User(UserId::from_uuid(id))),
        _ => Err(StoreError::Corrupt("keys.owner_kind".to_owned())),
    }
}

pub(crate) fn owner_columns(owner: Owner) -> (&'static str, uuid::Uuid) {
    match owner {
        Owner::Organisation(id) => ("organisation", id.uuid()),
        Owner::ServiceAccount(id) => ("service_account", id.uuid()),
        Owner::User(id) => ("user", id.uuid()),
    }
}

pub(crate) fn quota_of(text: Option<String>) -> Result<Option<Quota>> {
    text.map(|text| json("quota", &text)).transpose()
}

fn revocation(c: &mut Reader<'_>) -> Result<Option<Revocation>> {
    let at: Option<Timestamp> = c.next()?;
    let reason: Option<String> = c.next()?;
    let by: Option<String> = c.next()?;
    let (Some(at), Some(by)) = (at, by) else {
        return Ok(None);
    };
    let by: Actor = json("revoked_by", &by)?;
    Ok(Some(Revocation { at, reason, by }))
}

pub(crate) fn key_of(row: &Row) -> Result<Key> {
    let mut c = row.read();
    Ok(Key {
        id: c.next()?,
        organisation: c.next()?,
        number: c.next()?,
        name: c.next()?,
        description: c.next()?,
        owner: {
            let kind: String = c.next()?;
            owner_of(&kind, c.next()?)?
        },
        permissions: json::<Grants>("permissions", &c.next::<String>()?)?,
        roles: json("roles", &c.next::<String>()?)?,
        networks: json("networks", &c.next::<String>()?)?,
        tags: json("tags", &c.next::<String>()?)?,
        metadata: json("metadata", &c.next::<String>()?)?,
        contacts: json("contacts", &c.next::<String>()?)?,
        rate_limits: json("rate_limits", &c.next::<String>()?)?,
        quota: quota_of(c.next()?)?,
        quota_round: c.next()?,
        display: c.next()?,
        enabled: c.next()?,
        protected: c.next()?,
        expires_at: c.next()?,
        revoked: revocation(&mut c)?,
        deleted_at: c.next()?,
        created_at: c.next()?,
        created_by: json("created_by", &c.next::<String>()?)?,
        rotated_at: c.next()?,
        last_used_at: c.next()?,
        last_used_ip: c.next()?,
        last_used_agent: c.next()?,
        version: c.next()?,
    })
}

/// How many keys are in which status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, utoipa::ToSchema)]
#[schema(as = KeySummary)]
pub struct Summary {
    /// All that are not erased.
    pub total: i64,
    /// Accepted; those that are expiring soon count too.
    pub active: i64,
    /// Accepted, and within the window of their end.
    pub expiring_soon: i64,
    /// Past their end.
    pub expired: i64,
    /// Switched off.
    pub disabled: i64,
    /// Ended for good.
    pub revoked: i64,
    /// Ended for good and kept for history.
    pub deleted: i64,
}

impl Store {
    /// One key of an organisation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn key(&self, organisation: OrganisationId, key: KeyId) -> Result<Option<Key>> {
        let sql = format!("SELECT {COLUMNS} FROM keys k WHERE k.organisation = $1 AND k.id = $2");
        self.readers
            .query_opt(&sql, params![organisation, key])
            .await?
            .as_ref()
            .map(key_of)
            .transpose()
    }

    /// Counts an organisation's keys.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn key_summary(
        &self,
        organisation: OrganisationId,
        now: Timestamp,
        window: Span,
    ) -> Result<Summary> {
        let live = "deleted_at IS NULL AND revoked_at IS NULL";
        let on = format!("{live} AND enabled = TRUE");
        let sql = format!(
            "SELECT COUNT(*), \
             COUNT(*) FILTER (WHERE {on} AND (expires_at IS NULL OR expires_at > $2)), \
             COUNT(*) FILTER (WHERE {on} AND expires_at > $2 AND expires_at <= $3), \
             COUNT(*) FILTER (WHERE {on} AND expires_at <= $2), \
             COUNT(*) FILTER (WHERE {live} AND enabled = FALSE), \
             COUNT(*) FILTER (WHERE deleted_at IS NULL AND revoked_at IS NOT NULL), \
             COUNT(*) FILTER (WHERE deleted_at IS NOT NULL) \
             FROM keys WHERE organisation = $1"
        );
        let soon = now.plus(window.duration());
        let rows = self
            .readers
            .query_long(sql, params![organisation, now, soon].to_vec())
            .await?;
        let row = rows.first().ok_or(StoreError::RowMissing)?;
        let mut c = row.read();
        Ok(Summary {
            total: c.next()?,
            active: c.next()?,
            expiring_soon: c.next()?,
            expired: c.next()?,
            disabled: c.next()?,
            revoked: c.next()?,
            deleted: c.next()?,
        })
    }
}

impl Tx {
    /// One key of an organisation, locked until this transaction's end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn key(&mut self, organisation: OrganisationId, key: KeyId) -> Result<Option<Key>> {
        let lock = if self.is_sqlite() { "" } else { " FOR UPDATE" };
        let sql = format!("SELECT {COLUMNS} FROM keys k WHERE k.organisation = $1 AND k.id = $2{lock}");
        self.conn()
            .query_opt(&sql, params![organisation, key])
            .await?
            .as_ref()
            .map(key_of)
            .transpose()
    }
}
