//! What was required of requests that passed: which permissions a key has needed, and when last.

use domain::clock::Timestamp;
use domain::id::{KeyId, OrganisationId};

use crate::db::{Row, Value};
use crate::error::Result;
use crate::tx::Tx;
use crate::{Store, params};

/// What was required of a key's requests that passed on a day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Required {
    /// The tenant.
    pub organisation: OrganisationId,
    /// The key.
    pub key: KeyId,
    /// The requirement as it was written; empty where nothing was required, `?` where it was too long to be recorded.
    pub required: String,
    /// The beginning of the day (UTC).
    pub day: Timestamp,
}

impl Tx {
    /// Notes requirements; an older day never replaces a younger one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_required(&mut self, all: &[Required]) -> Result<()> {
        let sql = "INSERT INTO required_of_keys (organisation, key, required, day) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (organisation, key, required) DO UPDATE SET day = excluded.day \
                   WHERE required_of_keys.day < excluded.day";
        let rows: Vec<Vec<Value>> = all
            .iter()
            .map(|one| params![one.organisation, one.key, one.required.as_str(), one.day].to_vec())
            .collect();
        self.conn().execute_many(sql, &rows).await
    }
}

impl Store {
    /// What was required of a key's requests that passed since a day began, and on which day last.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn required_of(
        &self,
        organisation: OrganisationId,
        key: KeyId,
        since: Timestamp,
    ) -> Result<Vec<(String, Timestamp)>> {
        let sql = "SELECT required, day FROM required_of_keys WHERE organisation = $1 AND key = $2 AND day >= $3 \
                   ORDER BY day DESC, required";
        let rows = self.readers.query(sql, params![organisation, key, since]).await?;
        let read = |row: &Row| Ok((row.get(0)?, row.get(1)?));
        rows.iter().map(read).collect()
    }
}
