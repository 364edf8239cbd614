//! Organisations, their policies, and the links by which an installation is first set up.

use domain::clock::Timestamp;
use domain::id::OrganisationId;
use domain::organisation::{Organisation, OrganisationStatus};
use domain::policy::{Dialect, Policy};

use crate::changes::Change;
use crate::db::Row;
use crate::error::{Result, StoreError};
use crate::keys::{json, to_json};
use crate::tx::Tx;
use crate::{Store, params};

const COLUMNS: &str = "id, slug, name, status, rate_limits, created_at, version, policy";

/// An organisation with its policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Tenant {
    /// Who.
    pub organisation: Organisation,
    /// Its settings.
    pub policy: Policy,
}

fn tenant_of(row: &Row) -> Result<Tenant> {
    let mut c = row.read();
    Ok(Tenant {
        organisation: Organisation {
            id: c.next()?,
            slug: c.next()?,
            name: c.next()?,
            status: status_of(&c.next::<String>()?)?,
            rate_limits: json("rate_limits", &c.next::<String>()?)?,
            created_at: c.next()?,
            version: c.next()?,
        },
        policy: policy_of(&c.next::<String>()?)?,
    })
}

pub(crate) fn status_of(text: &str) -> Result<OrganisationStatus> {
    OrganisationStatus::parse(text).ok_or_else(|| StoreError::Corrupt("organisations.status".to_owned()))
}

pub(crate) fn policy_of(json: &str) -> Result<Policy> {
    serde_json::from_str(json).map_err(|_| StoreError::Corrupt("organisations.policy".to_owned()))
}

pub(crate) fn json_of(policy: &Policy) -> Result<String> {
    serde_json::to_string(policy).map_err(|error| StoreError::Corrupt(error.to_string()))
}

impl Store {
    /// Every organisation, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tenants(&self) -> Result<Vec<Tenant>> {
        let sql = format!("SELECT {COLUMNS} FROM organisations ORDER BY created_at, id");
        self.readers
            .query_long(sql, Vec::new())
            .await?
            .iter()
            .map(tenant_of)
            .collect()
    }

    /// Whether any organisation's policy has this dialect switched on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_spoken(&self, dialect: Dialect) -> Result<bool> {
        // The policy is kept as JSON; the few whose text holds the word are read.
        let word = serde_json::to_string(&dialect).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let sql = format!("SELECT {COLUMNS} FROM organisations WHERE policy LIKE $1");
        let rows = self
            .readers
            .query_long(sql, params![format!("%{word}%")].to_vec())
            .await?;
        for row in &rows {
            if tenant_of(row)?.policy.dialects.contains(&dialect) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// One organisation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tenant(&self, organisation: OrganisationId) -> Result<Option<Tenant>> {
        let sql = format!("SELECT {COLUMNS} FROM organisations WHERE id = $1");
        self.readers
            .query_opt(&sql, params![organisation])
            .await?
            .as_ref()
            .map(tenant_of)
            .transpose()
    }

    /// The organisation of that slug.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tenant_by_slug(&self, slug: &str) -> Result<Option<Tenant>> {
        let sql = format!("SELECT {COLUMNS} FROM organisations WHERE slug = $1");
        self.readers
            .query_opt(&sql, params![slug])
            .await?
            .as_ref()
            .map(tenant_of)
            .transpose()
    }
}

impl Tx {
    /// One organisation, as this transaction sees it.
    ///
    /// # Errors
    /// [`StoreError::RowMissing`] when there is none; when the database fails.
    pub async fn tenant(&mut self, organisation: OrganisationId) -> Result<Tenant> {
        let sql = format!("SELECT {COLUMNS} FROM organisations WHERE id = $1");
        tenant_of(&self.conn().query_one(&sql, params![organisation]).await?)
    }

    /// Whether there is any organisation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_organisations(&mut self) -> Result<bool> {
        Ok(self
            .conn()
            .query_opt("SELECT 1 FROM organisations LIMIT 1", &[])
            .await?
            .is_some())
    }

    /// Makes an organisation.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the slug is taken.
    pub async fn insert_organisation(&mut self, tenant: &Tenant) -> Result<()> {
        let Tenant {
            organisation: o,
            policy,
        } = tenant;
        let sql = "INSERT INTO organisations (id, slug, name, status, policy, created_at, version, rate_limits) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = params![
            o.id,
            &*o.slug,
            &*o.name,
            o.status.as_str(),
            json_of(policy)?,
            o.created_at,
            o.version,
            to_json(&o.rate_limits)?,
        ];
        self.conn().execute(sql, values).await?;
        Ok(())
    }

    /// One organisation, locked until this transaction's end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn organisation(&mut self, organisation: OrganisationId) -> Result<Option<Organisation>> {
        let lock = if self.is_sqlite() { "" } else { " FOR UPDATE" };
        let sql = format!("SELECT {COLUMNS} FROM organisations WHERE id = $1{lock}");
        let row = self.conn().query_opt(&sql, params![organisation]).await?;
        Ok(row
            .as_ref()
            .map(tenant_of)
            .transpose()?
            .map(|tenant| tenant.organisation))
    }

    /// Whether an organisation has this slug.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_slug(&mut self, slug: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM organisations WHERE slug = $1";
        Ok(self.conn().query_opt(sql, params![slug]).await?.is_some())
    }

    /// Writes what may change of an organisation, and counts its version up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn update_organisation(&mut self, organisation: &mut Organisation) -> Result<()> {
        organisation.version += 1;
        let sql =
            "UPDATE organisations SET name = $2, status = $3, version = $4, rate_limits = $5 WHERE id = $1";
        let values = params![
            organisation.id,
            &*organisation.name,
            organisation.status.as_str(),
            organisation.version,
            to_json(&organisation.rate_limits)?,
        ];
        self.conn().execute(sql, values).await?;
        self.changed(Change::Organisation(organisation.id));
        Ok(())
    }

    /// Sets an organisation's state.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_status(
        &mut self,
        organisation: OrganisationId,
        status: OrganisationStatus,
    ) -> Result<()> {
        let sql = "UPDATE organisations SET status = $2 WHERE id = $1";
        self.conn()
            .execute(sql, params![organisation, status.as_str()])
            .await?;
        self.changed(Change::Organisation(organisation));
        Ok(())
    }

    /// Keeps the digest of a set-up link.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert_setup_link(
        &mut self,
        organisation: OrganisationId,
        digest: [u8; 32],
        expires_at: Timestamp,
    ) -> Result<()> {
        let sql = "INSERT INTO setup_links (digest, organisation, expires_at) VALUES ($1, $2, $3)";
        self.conn()
            .execute(sql, params![digest, organisation, expires_at])
            .await?;
        Ok(())
    }

    /// Uses up a set-up link: it is gone afterwards, so that two who come at once have one winner.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_setup_link(&mut self, digest: [u8; 32]) -> Result<Option<OrganisationId>> {
        let sql = "DELETE FROM setup_links WHERE digest = $1 AND expires_at > $2 RETURNING organisation";
        let now = self.now();
        self.conn()
            .query_opt(sql, params![digest, now])
            .await?
            .map(|row| row.get(0))
            .transpose()
    }
}

impl Tx {
    /// Forgets set-up links that have ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_setup_links(&mut self) -> Result<u64> {
        let now = self.now();
        self.conn()
            .execute("DELETE FROM setup_links WHERE expires_at <= $1", params![now])
            .await
    }
}

impl Store {
    /// Whether a set-up link is still good.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_setup_link(&self, digest: [u8; 32], now: Timestamp) -> Result<bool> {
        let sql = "SELECT 1 FROM setup_links WHERE digest = $1 AND expires_at > $2";
        Ok(self.readers.query_opt(sql, params![digest, now]).await?.is_some())
    }
}
