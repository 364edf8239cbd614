//! What happens becomes messages: for each webhook from the audit log, by a cursor of its own.

use domain::audit::{Record, Shown};
use domain::clock::Timestamp;
use domain::id::{MessageId, OrganisationId};
use domain::webhook::{Webhook, event_of};
use serde_json::json;
use store::webhooks::{Lagging, Message, MessageState};

use crate::error::Result;
use crate::{App, Caller};

/// Records that are read together.
const PAGE: i64 = 500;

/// What a message is called that a webhook is tried with.
pub(super) const TEST: &str = "webhook.test";

/// A message's body: a CloudEvent 1.0 in JSON, whose data is a record of the audit log.
fn body(id: MessageId, organisation: OrganisationId, event: &str, record: &Shown) -> String {
    json!({
        "specversion": "1.0",
        "id": id,
        "source": format!("urn:claviger:{organisation}"),
        "type": event,
        "subject": record.target.id,
        "time": record.at,
        "datacontenttype": "application/json",
        "data": {
            "organisation": organisation,
            "actor": record.actor,
            "target": record.target,
            "changes": record.changes,
            "request_id": record.request_id,
            "audit": { "seq": record.seq, "hash": record.hash },
        },
    })
    .to_string()
}

/// The body of a message that a webhook is tried with.
pub(super) fn test_body(caller: &Caller, now: Timestamp) -> String {
    let organisation = caller.organisation;
    json!({
        "specversion": "1.0",
        "source": format!("urn:claviger:{organisation}"),
        "type": TEST,
        "time": now,
        "datacontenttype": "application/json",
        "data": { "organisation": organisation, "actor": caller.actor },
    })
    .to_string()
}

impl App {
    /// Writes the messages that are new.
    pub(super) async fn write_messages(&self) -> Result<()> {
        for lagging in self.store.lagging_webhooks().await? {
            self.catch_webhook_up(lagging).await?;
        }
        Ok(())
    }

    async fn catch_webhook_up(&self, lagging: Lagging) -> Result<()> {
        let Lagging { webhook, mut seq, .. } = lagging;
        while seq < lagging.head {
            let records = self.store.audit_walk(webhook.organisation, seq, PAGE).await?;
            // What was pruned cannot be told any more.
            let upto = records.last().map_or(lagging.head, |last| last.seq);
            let messages: Vec<Message> = records
                .iter()
                .filter_map(|record| self.message_of(&webhook, record))
                .collect();
            let (id, from) = (webhook.id, seq);
            let moved = self
                .write(async move |tx| {
                    // Where somebody else has come first, nothing of this is new.
                    let moved = tx.move_webhook(id, from, upto).await?;
                    if moved && !messages.is_empty() {
                        tx.insert_messages(&messages).await?;
                    }
                    Ok(moved)
                })
                .await?;
            if !moved.value {
                return Ok(());
            }
            seq = upto;
        }
        Ok(())
    }

    fn message_of(&self, webhook: &Webhook, record: &Record) -> Option<Message> {
        let event = event_of(&record.action)?;
        webhook.events.iter().find(|filter| filter.names(event))?;
        let (id, now) = (MessageId::fresh(self.clock(), self.random()), self.clock.now());
        Some(Message {
            id,
            webhook: webhook.id,
            event: event.to_owned(),
            body: body(id, webhook.organisation, event, &record.show()),
            created_at: now,
            state: MessageState::Waiting,
            attempts: 0,
            due_at: now,
            last: None,
        })
    }
}
