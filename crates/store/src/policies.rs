//! The policies of organisations: the one that holds, and every one that ever did.

use domain::clock::Timestamp;
use domain::id::OrganisationId;
use domain::key::Actor;
use domain::page::{Cursor, Page, SortValue};
use domain::policy::Policy;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::changes::Change;
use crate::db::Row;
use crate::error::{Result, StoreError};
use crate::organisations::{json_of, policy_of};
use crate::tx::Tx;
use crate::{Store, params};

/// The policy that holds.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyNow {
    /// The settings.
    pub policy: Policy,
    /// Which of the organisation's policies it is.
    pub version: i64,
    /// The preset that it goes back to, where that is known.
    pub preset: Option<String>,
}

/// How a policy came to be.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyVersion {
    /// Counts from 1.
    pub version: i64,
    /// When it began to hold.
    pub at: Timestamp,
    /// Who made it.
    pub by: Actor,
    /// What it changed of the version before: `{"path": {"before": …, "after": …}}`.
    pub changes: Json,
    /// The preset that it goes back to, where that is known.
    pub preset: Option<String>,
    /// Whether it is the application of that preset.
    pub applied: bool,
}

const NOW: &str = "SELECT o.policy, o.policy_version, v.preset FROM organisations o LEFT JOIN policy_versions v \
    ON v.organisation = o.id AND v.version = o.policy_version WHERE o.id = $1";
const COLUMNS: &str = "version, at, author, changes, preset, applied, policy";

fn now_of(row: &Row) -> Result<PolicyNow> {
    let mut c = row.read();
    Ok(PolicyNow {
        policy: policy_of(&c.next::<String>()?)?,
        version: c.next()?,
        preset: c.next()?,
    })
}

fn version_of(row: &Row) -> Result<(PolicyVersion, Policy)> {
    let mut c = row.read();
    let corrupt = |column: &str| StoreError::Corrupt(format!("policy_versions.{column}"));
    let version = PolicyVersion {
        version: c.next()?,
        at: c.next()?,
        by: serde_json::from_str(&c.next::<String>()?).map_err(|_| corrupt("author"))?,
        changes: serde_json::from_str(&c.next::<String>()?).map_err(|_| corrupt("changes"))?,
        preset: c.next()?,
        applied: c.next()?,
    };
    Ok((version, policy_of(&c.next::<String>()?)?))
}

impl Store {
    /// The policy of an organisation with its version.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn policy(&self, organisation: OrganisationId) -> Result<Option<PolicyNow>> {
        let row = self.readers.query_opt(NOW, params![organisation]).await?;
        row.as_ref().map(now_of).transpose()
    }

    /// A page of the versions of a policy, the youngest first; `list` names the list in its cursor.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn policy_versions(
        &self,
        organisation: OrganisationId,
        after: Option<&Cursor>,
        limit: u32,
        list: &str,
    ) -> Result<Page<PolicyVersion>> {
        let before = match after.map(|cursor| &cursor.value) {
            None => i64::MAX,
            Some(SortValue::Int(version)) => *version,
            // A cursor carries its list's name, so that only a forged one gets here: it ends the list.
            Some(SortValue::Text(_)) => 0,
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM policy_versions WHERE organisation = $1 AND version < $2 \
             ORDER BY version DESC LIMIT $3"
        );
        let values = params![organisation, before, i64::from(limit) + 1].to_vec();
        let rows = self.readers.query_long(sql, values).await?;
        let shown = rows.iter().take(limit as usize);
        let items: Vec<PolicyVersion> = shown
            .map(|row| version_of(row).map(|(version, _)| version))
            .collect::<Result<_>>()?;
        let next_cursor = items.last().filter(|_| rows.len() > items.len()).map(|last| {
            let value = SortValue::Int(last.version);
            let id = Uuid::nil();
            Cursor { value, id }.encode(list)
        });
        Ok(Page { items, next_cursor })
    }

    /// One version of a policy, whole.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn policy_version(
        &self,
        organisation: OrganisationId,
        version: i64,
    ) -> Result<Option<(PolicyVersion, Policy)>> {
        let sql = format!("SELECT {COLUMNS} FROM policy_versions WHERE organisation = $1 AND version = $2");
        let row = self
            .readers
            .query_opt(&sql, params![organisation, version])
            .await?;
        row.as_ref().map(version_of).transpose()
    }
}

impl Tx {
    /// The policy of an organisation with its version, locked until this transaction's end.
    ///
    /// # Errors
    /// [`StoreError::RowMissing`] when there is no such organisation; when the database fails.
    pub async fn policy(&mut self, organisation: OrganisationId) -> Result<PolicyNow> {
        let lock = if self.is_sqlite() { "" } else { " FOR UPDATE OF o" };
        let sql = format!("{NOW}{lock}");
        now_of(&self.conn().query_one(&sql, params![organisation]).await?)
    }

    /// Puts another policy in place, as the version that it names.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when there is such a version already; when the database fails.
    pub async fn set_policy(
        &mut self,
        organisation: OrganisationId,
        policy: &Policy,
        version: &PolicyVersion,
    ) -> Result<()> {
        let json = json_of(policy)?;
        let sql = "UPDATE organisations SET policy = $2, policy_version = $3 WHERE id = $1";
        let values = params![organisation, &json, version.version];
        if self.conn().execute(sql, values).await? == 0 {
            return Err(StoreError::RowMissing);
        }
        self.keep_version(organisation, json, version).await?;
        self.changed(Change::Organisation(organisation));
        Ok(())
    }

    /// Writes down how the policy of a new organisation came to be, which is there already.
    ///
    /// # Errors
    /// As for [`Tx::set_policy`].
    pub async fn begin_policy(
        &mut self,
        organisation: OrganisationId,
        policy: &Policy,
        version: &PolicyVersion,
    ) -> Result<()> {
        self.keep_version(organisation, json_of(policy)?, version).await
    }

    async fn keep_version(
        &mut self,
        organisation: OrganisationId,
        policy: String,
        version: &PolicyVersion,
    ) -> Result<()> {
        let json =
            |value: serde_json::Result<String>| value.map_err(|error| StoreError::Corrupt(error.to_string()));
        let sql = "INSERT INTO policy_versions (organisation, version, at, author, policy, changes, preset, applied) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = params![
            organisation,
            version.version,
            version.at,
            json(serde_json::to_string(&version.by))?,
            policy,
            json(serde_json::to_string(&version.changes))?,
            version.preset.as_deref(),
            version.applied,
        ];
        self.conn().execute(sql, values).await?;
        Ok(())
    }
}
