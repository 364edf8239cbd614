//! Keys by what other systems call them: their number, their token, or the masked form of it.

use domain::clock::Timestamp;
use domain::id::OrganisationId;
use domain::key::Key;
use domain::secret::Digest;

use super::search::{self, trigrams};
use super::{COLUMNS, key_of};
use crate::db::{Engine, Value};
use crate::error::Result;
use crate::{Store, params};

impl Store {
    /// The key of that number in an organisation; a deleted one is there still.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn key_numbered(&self, organisation: OrganisationId, number: i64) -> Result<Option<Key>> {
        let sql = format!("SELECT {COLUMNS} FROM keys k WHERE k.organisation = $1 AND k.number = $2");
        let row = self
            .readers
            .query_opt(&sql, params![organisation, number])
            .await?;
        row.as_ref().map(key_of).transpose()
    }

    /// The key of an organisation of which a secret that has not ended by `now` is stored under one of these digests.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn key_of_digest(
        &self,
        organisation: OrganisationId,
        digests: &[Digest],
        now: Timestamp,
    ) -> Result<Option<Key>> {
        if digests.is_empty() {
            return Ok(None);
        }
        let marks: Vec<String> = (3..digests.len() + 3).map(|n| format!("${n}")).collect();
        let sql = format!(
            "SELECT {COLUMNS} FROM secrets s JOIN keys k ON k.id = s.key \
             WHERE s.organisation = $1 AND (s.ends_at IS NULL OR s.ends_at > $2) AND s.digest IN ({}) LIMIT 1",
            marks.join(", ")
        );
        let mut values = params![organisation, now].to_vec();
        values.extend(digests.iter().map(|digest| Value::from(*digest.as_bytes())));
        let row = self.readers.query_opt(&sql, &values).await?;
        row.as_ref().map(key_of).transpose()
    }

    /// The keys of an organisation that are not deleted and whose current secret is masked to `display`; two at the
    /// most, which is enough to know that it names none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keys_displayed(&self, organisation: OrganisationId, display: &str) -> Result<Vec<Key>> {
        let words = search::words(display);
        let [word] = words.as_slice() else {
            return Ok(Vec::new());
        };
        if display.contains('\0') || !search::can_match(&words) {
            return Ok(Vec::new());
        }
        // The searched text holds the masked form: its index finds the few rows that are then compared.
        let (found_by, value) = match (self.engine(), trigrams(&words)) {
            (Engine::Sqlite, Some(matching)) => (
                "k.row IN (SELECT rowid FROM key_search WHERE key_search MATCH $3)",
                matching,
            ),
            _ => ("k.search LIKE $3 ESCAPE '!'", search::like(word)),
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM keys k WHERE k.organisation = $1 AND k.display = $2 AND k.deleted_at IS NULL \
             AND {found_by} LIMIT 2"
        );
        let rows = self
            .readers
            .query(&sql, params![organisation, display, value])
            .await?;
        rows.iter().map(key_of).collect()
    }
}
