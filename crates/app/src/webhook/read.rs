//! Looking at webhooks.

use domain::access::Management;
use domain::id::WebhookId;

use super::{NOT_FOUND, WebhookView};
use crate::error::Result;
use crate::{App, Caller};

impl App {
    /// An organisation's webhooks, in the order in which they were made.
    ///
    /// # Errors
    /// As [`crate::AppError`] says.
    pub async fn list_webhooks(&self, caller: &Caller) -> Result<Vec<WebhookView>> {
        caller.require(Management::WebhooksManage)?;
        let now = self.clock.now();
        let webhooks = self.store.webhooks(caller.organisation).await?;
        Ok(webhooks
            .into_iter()
            .map(|webhook| WebhookView::of(webhook, now))
            .collect())
    }

    /// One webhook.
    ///
    /// # Errors
    /// As [`crate::AppError`] says.
    pub async fn show_webhook(&self, caller: &Caller, id: WebhookId) -> Result<WebhookView> {
        caller.require(Management::WebhooksManage)?;
        let webhook = self.store.webhook(caller.organisation, id).await?;
        Ok(WebhookView::of(webhook.ok_or(NOT_FOUND)?, self.clock.now()))
    }
}
