//! Making a webhook.

use domain::access::Management;
use domain::id::WebhookId;
use domain::input::FieldError;
use domain::webhook::{SigningSecret, Webhook, WebhookDraft};

use super::{MadeWebhook, WebhookView, facts, target};
use crate::difference::difference;
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// Webhooks of an organisation at the most: every change of a key may be a message to each.
const MOST: i64 = 20;

impl App {
    /// Makes a webhook, which is told of what happens from now on.
    ///
    /// # Errors
    /// As [`AppError`] says; then there is none.
    #[tracing::instrument(level = "debug", name = "app.webhook.create_webhook", skip_all)]
    pub async fn create_webhook(&self, caller: &Caller, draft: WebhookDraft) -> Result<MadeWebhook> {
        caller.require(Management::WebhooksManage)?;
        caller.require_recent(self.clock.now())?;
        let missing: Vec<FieldError> = [
            ("name", draft.name.is_none()),
            ("url", draft.url.is_none()),
            ("events", draft.events.is_none()),
        ]
        .into_iter()
        .filter(|(_, is_missing)| *is_missing)
        .map(|(field, _)| FieldError::new(field, "this is needed"))
        .collect();
        let fields = match draft.check() {
            Ok(fields) if missing.is_empty() => fields,
            Ok(_) => return Err(missing.into()),
            Err(faults) => return Err([missing, faults].concat().into()),
        };
        let secret = SigningSecret::generate(self.random());
        let exposed = secret.expose();
        let id = WebhookId::fresh(self.clock(), self.random());
        let (by, sealer) = (caller.clone(), self.sealer());
        let made = self
            .write(async move |tx| {
                tx.lock_organisation(by.organisation).await?;
                if tx.count_webhooks(by.organisation).await? >= MOST {
                    let detail = format!("an organisation has at most {MOST} webhooks");
                    return Err(AppError::conflict("too_many_webhooks", detail));
                }
                let webhook = Webhook {
                    id,
                    organisation: by.organisation,
                    name: fields.name.unwrap_or_default(),
                    url: fields.url.unwrap_or_default(),
                    events: fields.events.unwrap_or_default(),
                    active: fields.active.unwrap_or(true),
                    stopped: None,
                    failing_since: None,
                    created_at: tx.now(),
                    created_by: by.actor.clone(),
                    previous_until: None,
                    version: 1,
                };
                let sealed = sealer.seal(tx, &webhook, &secret).await?;
                tx.insert_webhook(&webhook, &sealed).await?;
                let changes = difference(None, Some(&facts(&webhook)));
                let event = by.event(webhook.created_at, "webhook.create", target(&webhook), changes);
                tx.record(webhook.organisation, event);
                Ok(webhook)
            })
            .await?;
        Ok(MadeWebhook {
            view: WebhookView::of(made.value, self.clock.now()),
            secret: exposed,
        })
    }
}
