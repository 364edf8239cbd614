//! Giving a webhook another secret.

use domain::access::Management;
use domain::id::WebhookId;
use domain::span::Span;
use domain::webhook::SigningSecret;
use serde_json::json;
use store::webhooks::SealedSigning;

use super::{MadeWebhook, NOT_FOUND, WebhookView, kept, target};
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// The longest time in which both secrets sign.
const LONGEST: Span = Span::days(30);

impl App {
    /// Gives a webhook another secret. For a while messages are signed with the one before, too, so that the receiver can be told
    /// of it in between.
    ///
    /// # Errors
    /// As [`AppError`] says; then the secret is the same.
    #[tracing::instrument(level = "debug", name = "app.webhook.rotate_webhook", skip_all)]
    pub async fn rotate_webhook(&self, caller: &Caller, id: WebhookId, grace: Span) -> Result<MadeWebhook> {
        caller.require(Management::WebhooksManage)?;
        caller.require_recent(self.clock.now())?;
        if grace > LONGEST {
            return Err(AppError::field("grace", format!("at most {LONGEST}")));
        }
        let secret = SigningSecret::generate(self.random());
        let exposed = secret.expose();
        let (by, sealer) = (caller.clone(), self.sealer());
        let webhook = self
            .write(async move |tx| {
                let mut webhook = kept(tx, &by, id).await?;
                let before = tx.webhook_signing(by.organisation, id).await?.ok_or(NOT_FOUND)?;
                let signs_too = grace != Span::ZERO;
                webhook.previous_until = signs_too.then(|| tx.now().plus(grace.duration()));
                webhook.version += 1;
                let signing = SealedSigning {
                    current: sealer.seal(tx, &webhook, &secret).await?,
                    previous: signs_too.then_some(before.current),
                    previous_until: webhook.previous_until,
                };
                tx.set_webhook_signing(&webhook, &signing).await?;
                let changes = json!({ "previous_until": { "after": webhook.previous_until } });
                let event = by.event(tx.now(), "webhook.rotate", target(&webhook), changes);
                tx.record(by.organisation, event);
                Ok(webhook)
            })
            .await?;
        Ok(MadeWebhook {
            view: WebhookView::of(webhook.value, self.clock.now()),
            secret: exposed,
        })
    }
}
