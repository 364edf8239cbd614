//! Messages to webhooks: each is there until it has aged, with what became of it.

use domain::clock::Timestamp;
use domain::id::{MessageId, OrganisationId, WebhookId};
use domain::page::{Cursor, Page, SortValue};
use uuid::Uuid;

use crate::db::{Reader, Row, Value};
use crate::error::{Result, StoreError};
use crate::tx::Tx;
use crate::{Store, params};

/// What has become of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// It is to be sent, or to be tried again.
    Waiting,
    /// The receiver has it.
    Delivered,
    /// It was given up.
    Failed,
}

impl MessageState {
    const ALL: [Self; 3] = [Self::Waiting, Self::Delivered, Self::Failed];

    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

/// A message to a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its `webhook-id`, however often it is sent.
    pub id: MessageId,
    /// To whom.
    pub webhook: WebhookId,
    /// What it tells of.
    pub event: String,
    /// What is sent.
    pub body: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// What has become of it.
    pub state: MessageState,
    /// How often it was tried.
    pub attempts: i64,
    /// While it waits: not to be sent before then.
    pub due_at: Timestamp,
    /// What came of the last attempt.
    pub last: Option<Outcome>,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// When it was made.
    pub at: Timestamp,
    /// The receiver's status; none where it did not answer.
    pub status: Option<i64>,
    /// How long it took, in microseconds.
    pub took: i64,
    /// What it said, or why it did not: some hundred characters.
    pub said: String,
}

const COLUMNS: &str = "m.id, m.webhook, m.event, m.body, m.created_at, m.state, m.attempts, m.due_at, m.tried_at, m.status, m.took, \
    m.outcome";

fn message_of(c: &mut Reader<'_>) -> Result<Message> {
    let (id, webhook, event, body, created_at) = (c.next()?, c.next()?, c.next()?, c.next()?, c.next()?);
    let state: String = c.next()?;
    let state = MessageState::ALL
        .into_iter()
        .find(|known| known.as_str() == state);
    let (attempts, due_at) = (c.next()?, c.next()?);
    let at: Option<Timestamp> = c.next()?;
    let (status, took): (Option<i64>, Option<i64>) = (c.next()?, c.next()?);
    let said: Option<String> = c.next()?;
    Ok(Message {
        id,
        webhook,
        event,
        body,
        created_at,
        state: state.ok_or_else(|| StoreError::Corrupt("webhook_messages.state".to_owned()))?,
        attempts,
        due_at,
        last: at.map(|at| Outcome {
            at,
            status,
            took: took.unwrap_or(0),
            said: said.unwrap_or_default(),
        }),
    })
}

impl Store {
    /// A page of a webhook's messages, the youngest first; `list` names the list in its cursor.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn messages(
        &self,
        webhook: WebhookId,
        state: Option<MessageState>,
        after: Option<Cursor>,
        limit: u32,
        list: &str,
    ) -> Result<Page<Message>> {
        let mut values = params![webhook, i64::from(limit) + 1].to_vec();
        let mut sql = format!("SELECT {COLUMNS} FROM webhook_messages m WHERE m.webhook = $1");
        if let Some(state) = state {
            values.push(Value::from(state.as_str()));
            sql.push_str(&format!(" AND m.state = ${}", values.len()));
        }
        if let Some(Cursor { value, id }) = after {
            // A cursor carries its list's name, so that only a forged one gets here: it ends the list.
            let SortValue::Int(at) = value else {
                return Ok(Page {
                    items: Vec::new(),
                    next_cursor: None,
                });
            };
            values.extend([Value::from(at), Value::from(id)]);
            sql.push_str(&format!(
                " AND (m.created_at, m.id) < (${}, ${})",
                values.len() - 1,
                values.len()
            ));
        }
        sql.push_str(" ORDER BY m.created_at DESC, m.id DESC LIMIT $2");
        let rows = self.readers.query_long(sql, values).await?;
        let read = |row: &Row| message_of(&mut row.read());
        let mut items: Vec<Message> = rows.iter().map(read).collect::<Result<_>>()?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next_cursor = items.last().filter(|_| more).map(|last| {
            let value = SortValue::Int(last.created_at.as_micros());
            let id: Uuid = last.id.uuid();
            Cursor { value, id }.encode(list)
        });
        Ok(Page { items, next_cursor })
    }

    /// One message of a webhook.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn message(&self, webhook: WebhookId, id: MessageId) -> Result<Option<Message>> {
        let sql = format!("SELECT {COLUMNS} FROM webhook_messages m WHERE m.webhook = $1 AND m.id = $2");
        let row = self.readers.query_opt(&sql, params![webhook, id]).await?;
        row.map(|row| message_of(&mut row.read())).transpose()
    }

    /// Messages that may be sent now, to webhooks that are switched on, with whose these are; those that wait longest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn due_messages(&self, now: Timestamp, limit: u32) -> Result<Vec<(OrganisationId, Message)>> {
        let sql = format!(
            "SELECT {COLUMNS}, w.organisation FROM webhook_messages m JOIN webhooks w ON w.id = m.webhook AND w.active = TRUE \
             WHERE m.state = 'waiting' AND m.due_at <= $1 ORDER BY m.due_at, m.id LIMIT $2"
        );
        let rows = self
            .readers
            .query_long(sql, params![now, i64::from(limit)].to_vec())
            .await?;
        let read = |row: &Row| {
            let mut c = row.read();
            let message = message_of(&mut c)?;
            Ok((c.next()?, message))
        };
        rows.iter().map(read).collect()
    }

    /// How many messages wait for webhooks that are switched on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn messages_waiting(&self) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM webhook_messages m JOIN webhooks w ON w.id = m.webhook AND w.active = TRUE \
                   WHERE m.state = 'waiting'";
        self.readers.query_one(sql, params![]).await?.get(0)
    }
}

impl Tx {
    /// Writes messages.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert_messages(&mut self, messages: &[Message]) -> Result<()> {
        let rows: Vec<Vec<Value>> = messages
            .iter()
            .map(|message| {
                params![
                    message.id,
                    message.webhook,
                    message.event.as_str(),
                    message.body.as_str(),
                    message.created_at,
                    message.state.as_str(),
                    message.attempts,
                    message.due_at
                ]
                .to_vec()
            })
            .collect();
        let columns = "id, webhook, event, body, created_at, state, attempts, due_at";
        self.conn().insert_many("webhook_messages", columns, &rows).await
    }

    /// Takes a message in hand, for whoever is about to send it, until then; false where somebody else has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_message(&mut self, message: &Message, until: Timestamp) -> Result<bool> {
        let sql = "UPDATE webhook_messages SET attempts = attempts + 1, due_at = $2 \
                   WHERE id = $1 AND state = 'waiting' AND attempts = $3 AND due_at <= $4";
        let now = self.now();
        let values = params![message.id, until, message.attempts, now];
        Ok(self.conn().execute(sql, values).await? > 0)
    }

    /// Notes what came of an attempt, and when the next may be made while it still waits.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_attempt(
        &mut self,
        message: MessageId,
        state: MessageState,
        due_at: Timestamp,
        outcome: &Outcome,
    ) -> Result<()> {
        let sql = "UPDATE webhook_messages SET state = $2, due_at = $3, tried_at = $4, status = $5, took = $6, outcome = $7 \
                   WHERE id = $1";
        let values = params![
            message,
            state.as_str(),
            due_at,
            outcome.at,
            outcome.status,
            outcome.took,
            outcome.said.as_str()
        ];
        self.conn().execute(sql, values).await?;
        Ok(())
    }

    /// Has a message sent again, as if it were new; false where there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn send_again(&mut self, webhook: WebhookId, message: MessageId) -> Result<bool> {
        let sql = "UPDATE webhook_messages SET state = 'waiting', attempts = 0, due_at = $3 WHERE webhook = $1 AND id = $2";
        let now = self.now();
        Ok(self.conn().execute(sql, params![webhook, message, now]).await? > 0)
    }

    /// Forgets messages from before then that do not wait; those that wait for a webhook that is switched off go with them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_messages(&mut self, before: Timestamp) -> Result<()> {
        let sql = "DELETE FROM webhook_messages WHERE created_at < $1 AND state <> 'waiting'";
        self.conn().execute(sql, params![before]).await?;
        let sql = "DELETE FROM webhook_messages WHERE created_at < $1 AND webhook IN (SELECT id FROM webhooks WHERE active = FALSE)";
        self.conn().execute(sql, params![before]).await?;
        Ok(())
    }
}
