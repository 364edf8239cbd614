//! Ending a webhook.

use domain::access::Management;
use domain::id::WebhookId;

use super::{facts, kept, target};
use crate::difference::difference;
use crate::error::Result;
use crate::{App, Caller};

impl App {
    /// Removes a webhook with its messages.
    ///
    /// # Errors
    /// As [`crate::AppError`] says; then it is there still.
    #[tracing::instrument(level = "debug", name = "app.webhook.delete_webhook", skip_all)]
    pub async fn delete_webhook(&self, caller: &Caller, id: WebhookId) -> Result<()> {
        caller.require(Management::WebhooksManage)?;
        caller.require_recent(self.clock.now())?;
        let by = caller.clone();
        self.write(async move |tx| {
            let webhook = kept(tx, &by, id).await?;
            tx.delete_webhook(by.organisation, id).await?;
            let changes = difference(Some(&facts(&webhook)), None);
            let event = by.event(tx.now(), "webhook.delete", target(&webhook), changes);
            tx.record(by.organisation, event);
            Ok(())
        })
        .await
        .map(drop)
    }
}
