//! Answers that are remembered by their `Idempotency-Key`, so that a request that is sent twice is done once.

use domain::clock::Timestamp;
use domain::id::{KeyId, OrganisationId};
use domain::key::Actor;

use crate::error::Result;
use crate::params;
use crate::tx::Tx;

/// What a replayed request is answered from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// What was asked for, hashed.
    pub fingerprint: [u8; 32],
    /// What was made or changed.
    pub target: KeyId,
}

impl Tx {
    /// What an actor was answered to the same `Idempotency-Key` before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remembered(
        &mut self,
        organisation: OrganisationId,
        actor: &Actor,
        token: &str,
    ) -> Result<Option<Remembered>> {
        let sql = "SELECT fingerprint, target FROM idempotency WHERE organisation = $1 AND actor = $2 AND token = $3";
        let row = self
            .conn()
            .query_opt(sql, params![organisation, actor_text(actor), token])
            .await?;
        row.map(|row| {
            Ok(Remembered {
                fingerprint: row.get(0)?,
                target: row.get(1)?,
            })
        })
        .transpose()
    }

    /// Remembers an answer under an `Idempotency-Key`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remember(
        &mut self,
        organisation: OrganisationId,
        actor: &Actor,
        token: &str,
        answer: &Remembered,
    ) -> Result<()> {
        let now = self.now();
        let sql = "INSERT INTO idempotency (organisation, actor, token, fingerprint, target, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6)";
        let values = params![
            organisation,
            actor_text(actor),
            token,
            answer.fingerprint,
            answer.target,
            now
        ];
        self.conn().execute(sql, values).await?;
        Ok(())
    }

    /// Forgets answers that were given before `before`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_answers(&mut self, before: Timestamp) -> Result<u64> {
        self.conn()
            .execute("DELETE FROM idempotency WHERE created_at < $1", params![before])
            .await
    }
}

fn actor_text(actor: &Actor) -> String {
    actor.id.clone().unwrap_or_else(|| actor.name.clone())
}
