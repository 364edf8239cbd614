//! Webhooks, and the messages that are written for them from the audit log.

mod messages;

pub use messages::{Message, MessageState, Outcome};

use domain::clock::Timestamp;
use domain::id::{OrganisationId, WebhookId};
use domain::webhook::Webhook;

use crate::db::{Reader, Row};
use crate::error::Result;
use crate::keys::{json, to_json};
use crate::tx::Tx;
use crate::{Store, params};

const COLUMNS: &str = "w.id, w.organisation, w.name, w.url, w.events, w.active, w.stopped, w.failing_since, w.created_at, \
    w.created_by, w.previous_until, w.version";

fn webhook_of(c: &mut Reader<'_>) -> Result<Webhook> {
    Ok(Webhook {
        id: c.next()?,
        organisation: c.next()?,
        name: c.next()?,
        url: c.next()?,
        events: json("events", &c.next::<String>()?)?,
        active: c.next()?,
        stopped: c.next()?,
        failing_since: c.next()?,
        created_at: c.next()?,
        created_by: json("created_by", &c.next::<String>()?)?,
        previous_until: c.next()?,
        version: c.next()?,
    })
}

/// What a webhook's messages are signed with, sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSigning {
    /// The current secret.
    pub current: Vec<u8>,
    /// The one before.
    pub previous: Option<Vec<u8>>,
    /// Until when it signs, too.
    pub previous_until: Option<Timestamp>,
}

impl std::fmt::Debug for SealedSigning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealedSigning(redacted)")
    }
}

fn signing_of(row: &Row) -> Result<SealedSigning> {
    Ok(SealedSigning {
        current: row.get(0)?,
        previous: row.get(1)?,
        previous_until: row.get(2)?,
    })
}

/// A webhook for which there are records in the audit log that no messages were written for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lagging {
    /// The webhook.
    pub webhook: Webhook,
    /// Up to which record messages are written.
    pub seq: i64,
    /// The last record.
    pub head: i64,
}

impl Store {
    /// An organisation's webhooks, in the order in which they were made.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn webhooks(&self, organisation: OrganisationId) -> Result<Vec<Webhook>> {
        let sql =
            format!("SELECT {COLUMNS} FROM webhooks w WHERE w.organisation = $1 ORDER BY w.created_at, w.id");
        let rows = self.readers.query(&sql, params![organisation]).await?;
        rows.iter().map(|row| webhook_of(&mut row.read())).collect()
    }

    /// One webhook of an organisation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn webhook(&self, organisation: OrganisationId, id: WebhookId) -> Result<Option<Webhook>> {
        let sql = format!("SELECT {COLUMNS} FROM webhooks w WHERE w.organisation = $1 AND w.id = $2");
        let row = self.readers.query_opt(&sql, params![organisation, id]).await?;
        row.map(|row| webhook_of(&mut row.read())).transpose()
    }

    /// What a webhook's messages are signed with.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn webhook_signing(
        &self,
        organisation: OrganisationId,
        id: WebhookId,
    ) -> Result<Option<SealedSigning>> {
        let sql = "SELECT secret, previous, previous_until FROM webhooks WHERE organisation = $1 AND id = $2";
        let row = self.readers.query_opt(sql, params![organisation, id]).await?;
        row.as_ref().map(signing_of).transpose()
    }

    /// Webhooks, of all organisations, that are switched on and for which there are new records in the audit log.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lagging_webhooks(&self) -> Result<Vec<Lagging>> {
        let sql = format!(
            "SELECT {COLUMNS}, w.seq, h.seq FROM webhooks w JOIN audit_heads h ON h.organisation = w.organisation \
             WHERE w.active = TRUE AND w.seq < h.seq ORDER BY w.id"
        );
        let rows = self.readers.query_long(sql, Vec::new()).await?;
        let read = |row: &Row| {
            let mut c = row.read();
            Ok(Lagging {
                webhook: webhook_of(&mut c)?,
                seq: c.next()?,
                head: c.next()?,
            })
        };
        rows.iter().map(read).collect()
    }
}

impl Tx {
    /// One webhook of an organisation, locked until this transaction's end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn webhook(&mut self, organisation: OrganisationId, id: WebhookId) -> Result<Option<Webhook>> {
        let lock = if self.is_sqlite() { "" } else { " FOR UPDATE" };
        let sql = format!("SELECT {COLUMNS} FROM webhooks w WHERE w.organisation = $1 AND w.id = $2{lock}");
        let row = self.conn().query_opt(&sql, params![organisation, id]).await?;
        row.map(|row| webhook_of(&mut row.read())).transpose()
    }

    /// What a webhook's messages are signed with.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn webhook_signing(
        &mut self,
        organisation: OrganisationId,
        id: WebhookId,
    ) -> Result<Option<SealedSigning>> {
        let sql = "SELECT secret, previous, previous_until FROM webhooks WHERE organisation = $1 AND id = $2";
        let row = self.conn().query_opt(sql, params![organisation, id]).await?;
        row.as_ref().map(signing_of).transpose()
    }

    /// How many webhooks an organisation has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_webhooks(&mut self, organisation: OrganisationId) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM webhooks WHERE organisation = $1";
        self.conn().query_one(sql, params![organisation]).await?.get(0)
    }

    /// Makes a webhook that is told of what happens from now on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert_webhook(&mut self, webhook: &Webhook, secret: &[u8]) -> Result<()> {
        let sql = "INSERT INTO webhooks (id, organisation, name, url, events, active, secret, created_at, created_by, version, seq) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, \
                   COALESCE((SELECT seq FROM audit_heads WHERE organisation = $2), 0))";
        let values = params![
            webhook.id,
            webhook.organisation,
            webhook.name.as_str(),
            webhook.url.as_str(),
            to_json(&webhook.events)?,
            webhook.active,
            secret.to_vec(),
            webhook.created_at,
            to_json(&webhook.created_by)?,
            webhook.version
        ];
        self.conn().execute(sql, values).await?;
        Ok(())
    }

    /// Writes what an edit changes, with the next version. One that is switched on again is told of what happens from then on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn update_webhook(&mut self, before: &Webhook, webhook: &mut Webhook) -> Result<()> {
        webhook.version = before.version + 1;
        let sql = "UPDATE webhooks SET name = $3, url = $4, events = $5, active = $6, stopped = $7, failing_since = $8, version = $9, \
                   seq = CASE WHEN CAST($10 AS BOOLEAN) THEN COALESCE((SELECT seq FROM audit_heads WHERE organisation = $1), 0) \
                   ELSE seq END WHERE organisation = $1 AND id = $2";
        let values = params![
            webhook.organisation,
            webhook.id,
            webhook.name.as_str(),
            webhook.url.as_str(),
            to_json(&webhook.events)?,
            webhook.active,
            webhook.stopped.clone(),
            webhook.failing_since,
            webhook.version,
            webhook.active && !before.active
        ];
        self.conn().execute(sql, values).await?;
        Ok(())
    }

    /// Gives a webhook another secret, and says until when the one before signs, too.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_webhook_signing(&mut self, webhook: &Webhook, signing: &SealedSigning) -> Result<()> {
        let sql = "UPDATE webhooks SET secret = $3, previous = $4, previous_until = $5, version = $6 \
                   WHERE organisation = $1 AND id = $2";
        let values = params![
            webhook.organisation,
            webhook.id,
            signing.current.clone(),
            signing.previous.clone(),
            signing.previous_until,
            webhook.version
        ];
        self.conn().execute(sql, values).await?;
        Ok(())
    }

    /// Removes a webhook with its messages.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_webhook(&mut self, organisation: OrganisationId, id: WebhookId) -> Result<()> {
        let messages = "DELETE FROM webhook_messages WHERE webhook = $1";
        self.conn().execute(messages, params![id]).await?;
        let sql = "DELETE FROM webhooks WHERE organisation = $1 AND id = $2";
        self.conn().execute(sql, params![organisation, id]).await?;
        Ok(())
    }

    /// Moves the place up to which a webhook's messages are written; false where somebody else has moved it meanwhile, or it was
    /// switched off, and nothing may be written then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn move_webhook(&mut self, id: WebhookId, from: i64, upto: i64) -> Result<bool> {
        let sql = "UPDATE webhooks SET seq = $3 WHERE id = $1 AND seq = $2 AND active = TRUE";
        Ok(self.conn().execute(sql, params![id, from, upto]).await? > 0)
    }

    /// Notes that an attempt failed; gives since when all have.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_failing(&mut self, id: WebhookId) -> Result<Option<Timestamp>> {
        let sql = "UPDATE webhooks SET failing_since = COALESCE(failing_since, $2) WHERE id = $1 RETURNING failing_since";
        let now = self.now();
        let row = self.conn().query_opt(sql, params![id, now]).await?;
        row.map_or(Ok(None), |row| row.get(0))
    }

    /// Notes that an attempt did not fail.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_working(&mut self, id: WebhookId) -> Result<()> {
        let sql = "UPDATE webhooks SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL";
        self.conn().execute(sql, params![id]).await?;
        Ok(())
    }
}
