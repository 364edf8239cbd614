//! All keys of an organisation, one after the other by their numbers: each that was there at the beginning comes exactly
//! once, whatever is made, changed and ended meanwhile.

use domain::id::OrganisationId;
use domain::key::Key;

use super::{COLUMNS, key_of};
use crate::error::Result;
use crate::{Store, params};

/// A key with what its owner is known by.
#[derive(Debug, Clone, PartialEq)]
pub struct Walked {
    /// The key.
    pub key: Key,
    /// The username of the service account, or the address of the person, that it stands for.
    pub owner: Option<String>,
    /// What the owner is called.
    pub owner_name: Option<String>,
    /// The partner of the service account.
    pub partner: Option<String>,
    /// What the service account is for.
    pub purpose: Option<String>,
    /// The name of the person who answers for the service account.
    pub answerable: Option<String>,
}

impl Store {
    /// The number of an organisation's youngest key; 0 where it never had one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn last_key_number(&self, organisation: OrganisationId) -> Result<i64> {
        let sql = "SELECT COALESCE(MAX(number), 0) FROM keys WHERE organisation = $1";
        let row = self.readers.query_one(sql, params![organisation]).await?;
        row.get(0)
    }

    /// Up to `limit` keys with numbers after one and up to another.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn walk_keys(
        &self,
        organisation: OrganisationId,
        after: i64,
        upto: i64,
        limit: i64,
    ) -> Result<Vec<Walked>> {
        let sql = format!(
            "SELECT {COLUMNS}, COALESCE(a.username, u.email), COALESCE(a.name, u.name), \
             a.partner, a.purpose, p.name FROM keys k \
             LEFT JOIN service_accounts a ON k.owner_kind = 'service_account' AND a.id = k.owner_id \
             LEFT JOIN users u ON k.owner_kind = 'user' AND u.id = k.owner_id \
             LEFT JOIN users p ON p.id = a.owner \
             WHERE k.organisation = $1 AND k.number > $2 AND k.number <= $3 ORDER BY k.number LIMIT $4"
        );
        let values = params![organisation, after, upto, limit].to_vec();
        let rows = self.readers.query_long(sql, values).await?;
        let columns = COLUMNS.split(',').count();
        rows.iter()
            .map(|row| {
                Ok(Walked {
                    key: key_of(row)?,
                    owner: row.get(columns)?,
                    owner_name: row.get(columns + 1)?,
                    partner: row.get(columns + 2)?,
                    purpose: row.get(columns + 3)?,
                    answerable: row.get(columns + 4)?,
                })
            })
            .collect()
    }
}
