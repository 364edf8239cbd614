//! Writing a key: its row, the words that it is filtered by, and its entry in the search index.

use domain::clock::Timestamp;
use domain::id::{KeyId, OrganisationId, RoleId};
use domain::key::Key;

use super::{owner_columns, to_json};
use crate::changes::Change;
use crate::db::Value;
use crate::error::{Result, StoreError};
use crate::params;
use crate::roles::Holder;
use crate::tx::Tx;

/// What is searched: name, description and display form, in lower case, apart by line.
fn search_text(key: &Key) -> String {
    format!("{}\n{}\n{}", key.name, key.description, key.display).to_lowercase()
}

/// What [`row_of`] gives the values of.
pub(super) const COLUMNS: &str = "id, organisation, number, name, name_sort, description, search, owner_kind, owner_id, \
    permissions, roles, networks, tags, metadata, contacts, display, enabled, protected, expires_at, created_at, created_by, \
    created_by_name, rotated_at, version, rate_limits, quota, quota_round";
/// Where among them the number stands.
pub(super) const NUMBER: usize = 2;

/// A new key's row.
pub(super) fn row_of(key: &Key) -> Result<Vec<Value>> {
    let (owner_kind, owner_id) = owner_columns(key.owner);
    Ok(params![
        key.id,
        key.organisation,
        key.number,
        &*key.name,
        key.name.to_lowercase(),
        &*key.description,
        search_text(key),
        owner_kind,
        owner_id,
        to_json(&key.permissions)?,
        to_json(&key.roles)?,
        to_json(&key.networks)?,
        to_json(&key.tags)?,
        to_json(&key.metadata)?,
        to_json(&key.contacts)?,
        &*key.display,
        key.enabled,
        key.protected,
        key.expires_at,
        key.created_at,
        to_json(&key.created_by)?,
        key.created_by.name.to_lowercase(),
        key.rotated_at,
        key.version,
        to_json(&key.rate_limits)?,
        key.quota.as_ref().map(to_json).transpose()?,
        key.quota_round,
    ]
    .to_vec())
}

/// The words by which a key is filtered.
pub(super) fn label_rows(key: &Key) -> impl Iterator<Item = Vec<Value>> + '_ {
    let tags = key.tags.iter().map(|tag| ("tag", tag.clone()));
    let permissions = key
        .permissions
        .iter()
        .map(|pattern| ("permission", pattern.to_string()));
    tags.chain(permissions)
        .map(|(kind, label)| params![key.organisation, kind, label, key.id].to_vec())
}

/// The roles of which a key counts as a holder: one that is over holds nothing any more.
fn held(key: &Key) -> &[RoleId] {
    if key.is_over() { &[] } else { &key.roles }
}

impl Tx {
    /// The next number of a key in an organisation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_key_number(&mut self, organisation: OrganisationId) -> Result<i64> {
        let sql = "UPDATE organisations SET keys_made = keys_made + 1 WHERE id = $1 RETURNING keys_made";
        self.conn().query_one(sql, params![organisation]).await?.get(0)
    }

    /// Writes a new key. No cache can know it yet, so nothing is to be forgotten.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert_key(&mut self, key: &Key) -> Result<()> {
        let row = row_of(key)?;
        self.conn().insert_many("keys", COLUMNS, &[row]).await?;
        self.write_labels(key).await?;
        self.set_holder(key.organisation, Holder::Key(key.id), held(key))
            .await?;
        if self.is_sqlite() {
            let sql = "INSERT INTO key_search (rowid, text) SELECT row, search FROM keys WHERE id = $1";
            self.conn().execute(sql, params![key.id]).await?;
        }
        Ok(())
    }

    /// Writes what may change of a key and counts its version up; `before` is what it was.
    ///
    /// # Errors
    /// [`StoreError::RowMissing`] when its organisation has no such key; when the database fails.
    pub async fn update_key(&mut self, before: &Key, key: &mut Key) -> Result<()> {
        key.version = before.version + 1;
        let revoked_by = key.revoked.as_ref().map(|r| to_json(&r.by)).transpose()?;
        let (owner_kind, owner_id) = owner_columns(key.owner);
        let sql = "UPDATE keys SET name = $3, name_sort = $4, description = $5, search = $6, permissions = $7, \
                   roles = $8, networks = $9, tags = $10, metadata = $11, contacts = $12, display = $13, \
                   enabled = $14, protected = $15, expires_at = $16, revoked_at = $17, revoked_reason = $18, \
                   revoked_by = $19, deleted_at = $20, rotated_at = $21, version = $22, owner_kind = $23, \
                   owner_id = $24, rate_limits = $25, quota = $26, quota_round = $27 WHERE organisation = $1 AND id = $2";
        let values = params![
            key.organisation,
            key.id,
            &*key.name,
            key.name.to_lowercase(),
            &*key.description,
            search_text(key),
            to_json(&key.permissions)?,
            to_json(&key.roles)?,
            to_json(&key.networks)?,
            to_json(&key.tags)?,
            to_json(&key.metadata)?,
            to_json(&key.contacts)?,
            &*key.display,
            key.enabled,
            key.protected,
            key.expires_at,
            key.revoked.as_ref().map(|r| r.at),
            key.revoked.as_ref().and_then(|r| r.reason.clone()),
            revoked_by,
            key.deleted_at,
            key.rotated_at,
            key.version,
            owner_kind,
            owner_id,
            to_json(&key.rate_limits)?,
            key.quota.as_ref().map(to_json).transpose()?,
            key.quota_round,
        ];
        if self.conn().execute(sql, values).await? == 0 {
            return Err(StoreError::RowMissing);
        }
        if before.tags != key.tags || before.permissions != key.permissions {
            self.conn()
                .execute("DELETE FROM key_labels WHERE key = $1", params![key.id])
                .await?;
            self.write_labels(key).await?;
        }
        if held(before) != held(key) {
            self.set_holder(key.organisation, Holder::Key(key.id), held(key))
                .await?;
        }
        if self.is_sqlite() && search_text(before) != search_text(key) {
            let sql =
                "INSERT OR REPLACE INTO key_search (rowid, text) SELECT row, search FROM keys WHERE id = $1";
            self.conn().execute(sql, params![key.id]).await?;
        }
        if key.is_over() && !before.is_over() {
            // Nobody may ask for its token again.
            self.erase_sealed(key.organisation, key.id).await?;
        }
        self.changed(Change::Key(key.organisation, key.id));
        Ok(())
    }

    /// Removes a key with its secrets and usage; only the audit log remembers it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn erase_key(&mut self, organisation: OrganisationId, key: KeyId) -> Result<()> {
        let of_key = params![organisation, key];
        if self.is_sqlite() {
            let sql = "DELETE FROM key_search WHERE rowid = (SELECT row FROM keys WHERE organisation = $1 AND id = $2)";
            self.conn().execute(sql, of_key).await?;
        }
        self.set_holder(organisation, Holder::Key(key), &[]).await?;
        self.erase_sealed(organisation, key).await?;
        self.conn()
            .execute("DELETE FROM keys WHERE organisation = $1 AND id = $2", of_key)
            .await?;
        for table in [
            "usage_minutes",
            "usage_hours",
            "usage_days",
            "usage_reports",
            "report_days",
            "usage_tops",
            "key_requests",
            "failing_keys",
            "required_of_keys",
            "reminders",
            "networks_of_keys",
            "sightings",
            "anomalies",
        ] {
            let sql = format!("DELETE FROM {table} WHERE organisation = $1 AND key = $2");
            self.conn().execute(&sql, of_key).await?;
        }
        self.forget_idle(organisation, key.uuid()).await?;
        self.erased();
        self.changed(Change::Key(organisation, key));
        Ok(())
    }

    /// Notes when and from where keys were last accepted; an older note never replaces a younger one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_uses(&mut self, uses: &[(KeyId, Timestamp, Option<String>)]) -> Result<()> {
        let sql = "UPDATE keys SET last_used_at = $2, last_used_ip = $3 \
                   WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
        let rows: Vec<Vec<Value>> = uses
            .iter()
            .map(|(key, at, ip)| params![*key, *at, ip.clone()].to_vec())
            .collect();
        self.conn().execute_many(sql, &rows).await
    }

    async fn write_labels(&mut self, key: &Key) -> Result<()> {
        let rows: Vec<Vec<Value>> = label_rows(key).collect();
        let columns = "organisation, kind, label, key";
        self.conn().insert_many("key_labels", columns, &rows).await
    }
}
