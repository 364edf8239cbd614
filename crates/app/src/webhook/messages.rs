//! The messages of a webhook: what became of them, one to try it with, and one more attempt.

use domain::access::Management;
use domain::id::{MessageId, WebhookId};
use domain::page::{Cursor, Page};
use serde_json::json;
use store::webhooks::{Message, MessageState};

use super::{MessageView, NOT_FOUND, kept, outbox, target};
use crate::error::{AppError, Result};
use crate::listing::bad_cursor;
use crate::{App, Caller};

/// Which messages.
#[derive(Debug, Clone, Default)]
pub struct MessageQuery {
    /// Only those that this became of.
    pub state: Option<MessageState>,
    /// Rows on the page.
    pub limit: u32,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

const NO_MESSAGE: AppError = AppError::NotFound { what: "message" };

impl App {
    /// A page of a webhook's messages, the youngest first.
    ///
    /// # Errors
    /// As [`AppError`] says.
    pub async fn list_messages(
        &self,
        caller: &Caller,
        id: WebhookId,
        query: MessageQuery,
    ) -> Result<Page<MessageView>> {
        caller.require(Management::WebhooksManage)?;
        let organisation = caller.organisation;
        self.store.webhook(organisation, id).await?.ok_or(NOT_FOUND)?;
        let list = format!("{organisation} messages {id} {:?}", query.state);
        let after = query.cursor.as_deref().map(|text| Cursor::decode(text, &list));
        let after = after.transpose().map_err(bad_cursor)?;
        let page = self
            .store
            .messages(id, query.state, after, query.limit, &list)
            .await?;
        Ok(Page {
            items: page.items.into_iter().map(Into::into).collect(),
            next_cursor: page.next_cursor,
        })
    }

    /// Sends a webhook a message to try it with, whatever it wants to be told of, and says what came of it. It is not tried again.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.webhook.test_webhook", skip_all)]
    pub async fn test_webhook(&self, caller: &Caller, id: WebhookId) -> Result<MessageView> {
        caller.require(Management::WebhooksManage)?;
        let webhook = self
            .store
            .webhook(caller.organisation, id)
            .await?
            .ok_or(NOT_FOUND)?;
        let now = self.clock.now();
        let message = Message {
            id: MessageId::fresh(self.clock(), self.random()),
            webhook: id,
            event: outbox::TEST.to_owned(),
            body: outbox::test_body(caller, now),
            created_at: now,
            // Nobody else is to send it.
            state: MessageState::Failed,
            attempts: 1,
            due_at: now,
            last: None,
        };
        let outcome = self.post_message(&webhook, &message).await?;
        let state = match outcome.is_taken() {
            true => MessageState::Delivered,
            false => MessageState::Failed,
        };
        let (by, sent) = (caller.clone(), message.clone());
        let noted = outcome.outcome;
        let changes = json!({ "state": { "after": state }, "status": { "after": noted.status } });
        self.write(async move |tx| {
            let webhook = kept(tx, &by, id).await?;
            tx.insert_messages(std::slice::from_ref(&sent)).await?;
            tx.note_attempt(sent.id, state, sent.due_at, &noted).await?;
            let event = by.event(tx.now(), "webhook.test", target(&webhook), changes);
            tx.record(by.organisation, event);
            Ok(())
        })
        .await?;
        let stored = self.store.message(id, message.id).await?;
        stored.map(Into::into).ok_or(NO_MESSAGE)
    }

    /// Has a message sent again, under its own id: a receiver that has it knows it.
    ///
    /// # Errors
    /// As [`AppError`] says; a webhook that is switched off is sent nothing.
    #[tracing::instrument(level = "debug", name = "app.webhook.replay_message", skip_all)]
    pub async fn replay_message(
        &self,
        caller: &Caller,
        id: WebhookId,
        message: MessageId,
    ) -> Result<MessageView> {
        caller.require(Management::WebhooksManage)?;
        let by = caller.clone();
        self.write(async move |tx| {
            let webhook = kept(tx, &by, id).await?;
            if !webhook.active {
                let detail = "the webhook is switched off; switch it on first";
                return Err(AppError::conflict("webhook_inactive", detail));
            }
            if !tx.send_again(id, message).await? {
                return Err(NO_MESSAGE);
            }
            let changes = json!({ "message": { "after": message } });
            let event = by.event(tx.now(), "webhook.replay", target(&webhook), changes);
            tx.record(by.organisation, event);
            Ok(())
        })
        .await?;
        let stored = self.store.message(id, message).await?;
        stored.map(Into::into).ok_or(NO_MESSAGE)
    }
}
