//! Which keys end, and of which threshold before their ends it was told.

use domain::clock::Timestamp;
use domain::id::{KeyId, OrganisationId};
use uuid::Uuid;

use crate::db::{Engine, Row};
use crate::error::Result;
use crate::tx::Tx;
use crate::{Store, params};

/// A key that ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// Which.
    pub key: KeyId,
    /// When.
    pub ends_at: Timestamp,
    /// When it was made.
    pub made_at: Timestamp,
    /// The last threshold of that end, in days before it, of which it was told.
    pub told: Option<i64>,
}

fn ending_of(row: &Row) -> Result<Ending> {
    let mut c = row.read();
    Ok(Ending {
        key: c.next()?,
        ends_at: c.next()?,
        made_at: c.next()?,
        told: c.next()?,
    })
}

impl Store {
    /// The day of an organisation's last round, counted from 1970-01-01; none before the first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reminder_round(&self, organisation: OrganisationId) -> Result<Option<i64>> {
        let sql = "SELECT day FROM reminder_rounds WHERE organisation = $1";
        let row = self.readers.query_opt(sql, params![organisation]).await?;
        row.map(|row| row.get(0)).transpose()
    }

    /// Up to which end it was told that an organisation's keys have ended; none where nobody has begun to.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn expiry_cursor(&self, organisation: OrganisationId) -> Result<Option<(Timestamp, Uuid)>> {
        let sql = "SELECT ends_at, key FROM expiry_cursors WHERE organisation = $1";
        let row = self.readers.query_opt(sql, params![organisation]).await?;
        row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
    }

    /// Keys that are switched on and end from then to before then, after this one of that end, in the order of their ends.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn endings(
        &self,
        organisation: OrganisationId,
        after: (Timestamp, Uuid),
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<Ending>> {
        let (from, end) = match self.engine() {
            Engine::Sqlite => ("keys k INDEXED BY keys_by_expiry", "k.end_sort"),
            Engine::Postgres => ("keys k", "COALESCE(k.expires_at, 9223372036854775807)"),
        };
        let sql = format!(
            "SELECT k.id, k.expires_at, k.created_at, r.days FROM {from} \
             LEFT JOIN reminders r ON r.key = k.id AND r.ends_at = k.expires_at \
             WHERE k.organisation = $1 AND ({end}, k.id) > ($2, $3) AND {end} < $4 AND k.enabled = TRUE \
             AND k.deleted_at IS NULL AND k.revoked_at IS NULL ORDER BY {end}, k.id LIMIT $5"
        );
        let values = params![organisation, after.0, after.1, before, i64::from(limit)].to_vec();
        let rows = self.readers.query_long(sql, values).await?;
        rows.iter().map(ending_of).collect()
    }
}

impl Tx {
    /// Notes that an organisation's round of a day is done; whether it was not before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn finish_round(&mut self, organisation: OrganisationId, day: i64) -> Result<bool> {
        let sql = "INSERT INTO reminder_rounds (organisation, day) VALUES ($1, $2) ON CONFLICT (organisation) \
                   DO UPDATE SET day = excluded.day WHERE reminder_rounds.day < excluded.day";
        let done = self.conn().execute(sql, params![organisation, day]).await?;
        Ok(done > 0)
    }

    /// Moves the place up to which it was told that keys have ended; false where somebody else has moved it meanwhile.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn move_expiry_cursor(
        &mut self,
        organisation: OrganisationId,
        from: Option<(Timestamp, Uuid)>,
        upto: (Timestamp, Uuid),
    ) -> Result<bool> {
        let moved = match from {
            None => {
                let sql = "INSERT INTO expiry_cursors (organisation, ends_at, key) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
                let values = params![organisation, upto.0, upto.1];
                self.conn().execute(sql, values).await?
            }
            Some(from) => {
                let sql = "UPDATE expiry_cursors SET ends_at = $2, key = $3 WHERE organisation = $1 AND ends_at = $4 AND key = $5";
                let values = params![organisation, upto.0, upto.1, from.0, from.1];
                self.conn().execute(sql, values).await?
            }
        };
        Ok(moved > 0)
    }

    /// Notes that it was told of a threshold of this end of a key; whether it was not before, of this one or a later one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_reminded(
        &mut self,
        organisation: OrganisationId,
        key: KeyId,
        ends_at: Timestamp,
        days: i64,
    ) -> Result<bool> {
        let sql = "INSERT INTO reminders (key, organisation, ends_at, days) VALUES ($1, $2, $3, $4) ON CONFLICT (key) \
                   DO UPDATE SET ends_at = excluded.ends_at, days = excluded.days \
                   WHERE reminders.ends_at <> excluded.ends_at OR reminders.days > excluded.days";
        let noted = self
            .conn()
            .execute(sql, params![key, organisation, ends_at, days])
            .await?;
        Ok(noted > 0)
    }
}
