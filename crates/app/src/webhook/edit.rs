//! Changing a webhook, and switching it on and off.

use domain::access::Management;
use domain::id::WebhookId;
use domain::webhook::WebhookDraft;

use super::{WebhookView, facts, kept, target};
use crate::difference::difference;
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// What is to change; what is left out stays.
#[derive(Debug, Default)]
pub struct EditWebhook {
    /// The fields.
    pub draft: WebhookDraft,
    /// The version that the caller has seen (`If-Match`).
    pub version: Option<i64>,
}

impl App {
    /// Edits a webhook. One that is switched on again is told of what happens from then on; what waited for it is sent, too.
    ///
    /// # Errors
    /// As [`AppError`] says; then nothing has changed.
    #[tracing::instrument(level = "debug", name = "app.webhook.edit_webhook", skip_all)]
    pub async fn edit_webhook(
        &self,
        caller: &Caller,
        id: WebhookId,
        edit: EditWebhook,
    ) -> Result<WebhookView> {
        caller.require(Management::WebhooksManage)?;
        caller.require_recent(self.clock.now())?;
        let fields = edit.draft.check()?;
        let (by, version) = (caller.clone(), edit.version);
        let webhook = self
            .write(async move |tx| {
                let before = kept(tx, &by, id).await?;
                if version.is_some_and(|seen| seen != before.version) {
                    return Err(AppError::Precondition {
                        current: before.version,
                    });
                }
                let mut webhook = before.clone();
                webhook.name = fields.name.unwrap_or(webhook.name);
                webhook.url = fields.url.unwrap_or(webhook.url);
                webhook.events = fields.events.unwrap_or(webhook.events);
                webhook.active = fields.active.unwrap_or(webhook.active);
                if webhook.active && !before.active {
                    webhook.stopped = None;
                    webhook.failing_since = None;
                }
                if webhook == before {
                    return Ok(webhook);
                }
                tx.update_webhook(&before, &mut webhook).await?;
                let changes = difference(Some(&facts(&before)), Some(&facts(&webhook)));
                let event = by.event(tx.now(), "webhook.edit", target(&webhook), changes);
                tx.record(by.organisation, event);
                Ok(webhook)
            })
            .await?;
        Ok(WebhookView::of(webhook.value, self.clock.now()))
    }
}
