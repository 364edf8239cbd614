//! Use cases of webhooks, a verb a file, and how messages are written (`outbox.rs`) and sent (`sending.rs`, `client.rs`).

mod client;
mod create;
mod delete;
mod edit;
mod messages;
mod outbox;
mod read;
mod rotate;
mod sending;

use domain::audit::Target;
use domain::clock::Timestamp;
use domain::id::{DataKeyId, MessageId, WebhookId};
use domain::key::Actor;
use domain::secret::DataKey;
use domain::webhook::{EventFilter, SigningSecret, Webhook};
use serde::Serialize;
use serde_json::{Value, json};
use store::Tx;
use store::webhooks::{Message, MessageState};
use zeroize::Zeroizing;

pub(crate) use client::Clients;
pub use client::WebhookCounts;
pub use edit::EditWebhook;
pub use messages::MessageQuery;

use crate::error::{AppError, Result};
use crate::{App, Caller};

/// A webhook as people and programs see it; its secret is shown once, when it is made.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Webhook)]
pub struct WebhookView {
    /// Its id.
    pub id: WebhookId,
    /// What people call it.
    #[schema(example = "Incidents")]
    pub name: String,
    /// Where it is told.
    #[schema(example = "https://hooks.sample.example/claviger")]
    pub url: String,
    /// Of what.
    pub events: Vec<EventFilter>,
    /// Whether it is told.
    #[schema(example = true)]
    pub active: bool,
    /// Why Claviger has switched it off.
    #[schema(required, example = "every attempt failed for a day")]
    pub stopped: Option<String>,
    /// Since when every attempt has failed.
    #[schema(required)]
    pub failing_since: Option<Timestamp>,
    /// Until when messages are signed with the secret before the current one, too.
    #[schema(required)]
    pub previous_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: Actor,
    /// Counts its edits from 1; the `ETag`.
    #[schema(example = 3)]
    pub version: i64,
}

impl WebhookView {
    fn of(webhook: Webhook, now: Timestamp) -> Self {
        Self {
            id: webhook.id,
            name: webhook.name,
            url: webhook.url,
            events: webhook.events,
            active: webhook.active,
            stopped: webhook.stopped,
            failing_since: webhook.failing_since,
            previous_until: webhook.previous_until.filter(|until| *until > now),
            created_at: webhook.created_at,
            created_by: webhook.created_by,
            version: webhook.version,
        }
    }
}

/// A webhook with what its messages are signed with, shown this once.
pub struct MadeWebhook {
    /// The webhook.
    pub view: WebhookView,
    /// Its secret, `whsec_…`.
    pub secret: Zeroizing<String>,
}

impl std::fmt::Debug for MadeWebhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeWebhook")
            .field("view", &self.view)
            .finish_non_exhaustive()
    }
}

/// A message to a webhook, and what became of it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = WebhookMessage)]
pub struct MessageView {
    /// Its `webhook-id`, however often it is sent.
    pub id: MessageId,
    /// What it tells of.
    #[schema(example = "key.revoked")]
    pub event: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// What became of it.
    pub state: MessageState,
    /// How often it was tried.
    #[schema(example = 1)]
    pub attempts: i64,
    /// When it is tried next, while it waits.
    #[schema(required)]
    pub next_attempt_at: Option<Timestamp>,
    /// What came of the last attempt.
    #[schema(required)]
    pub last_attempt: Option<AttemptView>,
    /// What is sent.
    pub body: Value,
}

/// What came of an attempt to send a message.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = WebhookAttempt)]
pub struct AttemptView {
    /// When it was made.
    pub at: Timestamp,
    /// The receiver's status; none where it did not answer.
    #[schema(required, example = 204)]
    pub status: Option<i64>,
    /// How long it took, in milliseconds.
    #[schema(example = 12.5)]
    pub took_ms: f64,
    /// The beginning of what the receiver said, or why it was not reached.
    #[schema(example = "")]
    pub said: String,
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        let waits = message.state == MessageState::Waiting;
        Self {
            id: message.id,
            event: message.event,
            created_at: message.created_at,
            state: message.state,
            attempts: message.attempts,
            next_attempt_at: waits.then_some(message.due_at),
            last_attempt: message.last.map(|last| AttemptView {
                at: last.at,
                status: last.status,
                took_ms: last.took as f64 / 1e3,
                said: last.said,
            }),
            body: serde_json::from_str(&message.body).unwrap_or(Value::Null),
        }
    }
}

fn target(webhook: &Webhook) -> Target {
    Target {
        kind: "webhook".to_owned(),
        id: webhook.id.to_string(),
        name: webhook.name.clone(),
    }
}

/// What the audit log compares.
fn facts(webhook: &Webhook) -> Value {
    json!({
        "name": webhook.name, "url": webhook.url, "events": webhook.events, "active": webhook.active, "stopped": webhook.stopped,
    })
}

/// One of the caller's organisation, locked.
async fn kept(tx: &mut Tx, caller: &Caller, id: WebhookId) -> Result<Webhook> {
    tx.webhook(caller.organisation, id).await?.ok_or(NOT_FOUND)
}

const NOT_FOUND: AppError = AppError::NotFound { what: "webhook" };

impl App {
    /// Seals a secret under the organisation's data key, which is made with the first.
    fn sealer(&self) -> Sealer {
        Sealer {
            keyring: self.keyring(),
            clock: self.clock.clone(),
            random: self.random.clone(),
        }
    }

    /// What a webhook's messages are signed with now: the current secret, and the one before while it signs, too.
    async fn signing(&self, webhook: &Webhook) -> Result<Vec<SigningSecret>> {
        let organisation = webhook.organisation;
        let sealed = self.store.webhook_signing(organisation, webhook.id).await?;
        let wrapped = self.store.signing_key(organisation).await?;
        let (Some(sealed), Some(wrapped)) = (sealed, wrapped) else {
            return Err(AppError::internal("a webhook without its secret"));
        };
        let key = self
            .keyring()
            .unwrap(&wrapped, organisation.uuid().as_bytes())
            .map_err(AppError::internal)?;
        let now = self.clock.now();
        let previous = sealed
            .previous
            .filter(|_| sealed.previous_until.is_some_and(|until| until > now));
        [Some(sealed.current), previous]
            .into_iter()
            .flatten()
            .map(|sealed| {
                key.open_signing(&sealed, webhook.id.uuid().as_bytes())
                    .map_err(AppError::internal)
            })
            .collect()
    }
}

struct Sealer {
    keyring: std::sync::Arc<domain::secret::Keyring>,
    clock: std::sync::Arc<dyn domain::clock::Clock>,
    random: std::sync::Arc<dyn domain::clock::Random>,
}

impl Sealer {
    async fn seal(&self, tx: &mut Tx, webhook: &Webhook, secret: &SigningSecret) -> Result<Vec<u8>> {
        let owner = webhook.organisation.uuid();
        let random = self.random.as_ref();
        let key = match tx.signing_key(webhook.organisation).await? {
            Some(wrapped) => self
                .keyring
                .unwrap(&wrapped, owner.as_bytes())
                .map_err(AppError::internal)?,
            None => {
                let fresh = DataKey::generate(random);
                let wrapped = self
                    .keyring
                    .wrap(&fresh, owner.as_bytes(), random)
                    .map_err(AppError::internal)?;
                let id = DataKeyId::fresh(self.clock.as_ref(), random);
                tx.insert_signing_key(webhook.organisation, id, &wrapped).await?;
                fresh
            }
        };
        key.seal_signing(secret, webhook.id.uuid().as_bytes(), random)
            .map_err(AppError::internal)
    }
}
