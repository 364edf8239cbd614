//! What the keys of accounts add up to: how many are live, and when one was last used.

use std::collections::HashMap;

use domain::clock::Timestamp;
use domain::id::OrganisationId;
use domain::key::{Key, Owner};
use domain::page::{Cursor, Page, SortValue};
use uuid::Uuid;

use crate::db::Value;
use crate::error::{Result, StoreError};
use crate::keys::{COLUMNS, key_of};
use crate::tx::Tx;
use crate::{Store, params};

/// The same rule as [`Key::is_live`], in SQL, at `$2`.
const LIVE: &str = "deleted_at IS NULL AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)";

/// What the keys of one owner add up to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeySums {
    /// How many are neither revoked, deleted nor expired.
    pub live: i64,
    /// When one was last accepted.
    pub last_used_at: Option<Timestamp>,
    /// From where.
    pub last_used_ip: Option<String>,
}

/// A business partner whose systems have accounts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Partner {
    /// What it is called.
    #[schema(example = "ColdTrace")]
    pub name: String,
    /// How many service accounts it has; deleted ones do not count.
    pub accounts: i64,
    /// How many live keys these have.
    pub live_keys: i64,
}

impl Store {
    /// What the keys of these owners add up to; an owner without keys is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn key_sums(
        &self,
        organisation: OrganisationId,
        owners: &[Uuid],
        now: Timestamp,
    ) -> Result<HashMap<Uuid, KeySums>> {
        if owners.is_empty() {
            return Ok(HashMap::new());
        }
        let marks: Vec<String> = (3..owners.len() + 3).map(|n| format!("${n}")).collect();
        let sql = format!(
            "SELECT m.owner_id, m.live, m.at, MAX(k.last_used_ip) FROM (SELECT owner_id, \
             COUNT(*) FILTER (WHERE {LIVE}) AS live, MAX(last_used_at) AS at FROM keys WHERE organisation = $1 \
             AND owner_id IN ({}) GROUP BY owner_id) m LEFT JOIN keys k ON k.organisation = $1 \
             AND k.owner_id = m.owner_id AND k.last_used_at = m.at GROUP BY m.owner_id, m.live, m.at",
            marks.join(", ")
        );
        let mut values = params![organisation, now].to_vec();
        values.extend(owners.iter().map(|owner| Value::from(*owner)));
        let rows = self.readers.query_long(sql, values).await?;
        let sums = rows.iter().map(|row| {
            let mut c = row.read();
            let owner = c.next()?;
            let sums = KeySums {
                live: c.next()?,
                last_used_at: c.next()?,
                last_used_ip: c.next()?,
            };
            Ok((owner, sums))
        });
        sums.collect()
    }

    /// A page of the organisation's partners by name, regardless of case; `list` names the list in its cursor.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn partners(
        &self,
        organisation: OrganisationId,
        now: Timestamp,
        after: Option<&Cursor>,
        limit: u32,
        list: &str,
    ) -> Result<Page<Partner>> {
        let after = match after.map(|cursor| &cursor.value) {
            Some(SortValue::Text(text)) => text.as_str(),
            // Accounts of the organisation's own come under the empty name, before every other.
            _ => "",
        };
        let sql = format!(
            "SELECT MIN(a.partner), COUNT(*), CAST(SUM((SELECT COUNT(*) FROM keys k WHERE k.organisation = $1 \
             AND k.owner_id = a.id AND {LIVE})) AS BIGINT), a.partner_key FROM service_accounts a WHERE a.organisation = $1 \
             AND a.partner_key > $3 AND a.deleted_at IS NULL GROUP BY a.partner_key ORDER BY a.partner_key LIMIT $4"
        );
        let values = params![organisation, now, after, i64::from(limit) + 1].to_vec();
        let rows = self.readers.query_long(sql, values).await?;
        let shown = &rows[..rows.len().min(limit as usize)];
        let items = shown.iter().map(|row| {
            Ok(Partner {
                name: row.get(0)?,
                accounts: row.get(1)?,
                live_keys: row.get(2)?,
            })
        });
        let items = items.collect::<Result<_>>()?;
        let last = shown.last().filter(|_| rows.len() > shown.len());
        let next_cursor = last.map(|row| {
            let value = SortValue::Text(row.get(3)?);
            let id = Uuid::nil();
            Ok::<_, StoreError>(Cursor { value, id }.encode(list))
        });
        Ok(Page {
            items,
            next_cursor: next_cursor.transpose()?,
        })
    }
}

impl Tx {
    /// How many live keys an owner has beside one; counted up to `most`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_live_keys(
        &mut self,
        organisation: OrganisationId,
        owner: Owner,
        now: Timestamp,
        beside: &Key,
        most: u32,
    ) -> Result<i64> {
        let sql = format!(
            "SELECT COUNT(*) FROM (SELECT 1 FROM keys WHERE organisation = $1 AND owner_id = $3 AND id <> $4 \
             AND {LIVE} LIMIT $5) counted"
        );
        let values = params![organisation, now, owner.uuid(), beside.id, i64::from(most)];
        self.conn().query_one(&sql, values).await?.get(0)
    }

    /// The same of all its live keys.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_live_keys_of(
        &mut self,
        organisation: OrganisationId,
        owner: Owner,
        now: Timestamp,
        most: u32,
    ) -> Result<i64> {
        let sql = format!(
            "SELECT COUNT(*) FROM (SELECT 1 FROM keys WHERE organisation = $1 AND owner_id = $3 AND {LIVE} LIMIT $4) counted"
        );
        let values = params![organisation, now, owner.uuid(), i64::from(most)];
        self.conn().query_one(&sql, values).await?.get(0)
    }

    /// Every key of an owner, the oldest first, locked until this transaction's end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keys_of(&mut self, organisation: OrganisationId, owner: Owner) -> Result<Vec<Key>> {
        let lock = if self.is_sqlite() { "" } else { " FOR UPDATE" };
        let sql = format!(
            "SELECT {COLUMNS} FROM keys k WHERE k.organisation = $1 AND k.owner_id = $2 \
             ORDER BY k.created_at, k.id{lock}"
        );
        let rows = self
            .conn()
            .query(&sql, params![organisation, owner.uuid()])
            .await?;
        rows.iter().map(key_of).collect()
    }
}
