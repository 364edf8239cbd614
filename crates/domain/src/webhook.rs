//! Webhooks: what happens to an organisation's keys is told to a program of its choice, signed as Standard Webhooks 1.0 has it
//! (`webhook-id`, `webhook-timestamp`, `webhook-signature`).

mod address;
mod event;
mod input;
mod schedule;
mod signing;

pub use address::{AddressRule, UrlError, check_url, is_public};
pub use event::{EventFilter, event_of};
pub use input::{CheckedWebhook, WebhookDraft};
pub use schedule::{FAILING, next_attempt};
pub use signing::{SecretError, SigningSecret};

use crate::clock::Timestamp;
use crate::id::{OrganisationId, WebhookId};
use crate::key::Actor;

/// Where an organisation wants to be told of what happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id, for life.
    pub id: WebhookId,
    /// Whose.
    pub organisation: OrganisationId,
    /// What people call it.
    pub name: String,
    /// Where it is told.
    pub url: String,
    /// Of what.
    pub events: Vec<EventFilter>,
    /// Whether it is told.
    pub active: bool,
    /// Why it was switched off, where Claviger did that.
    pub stopped: Option<String>,
    /// Since when every attempt has failed.
    pub failing_since: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: Actor,
    /// Until when the secret before the current one signs, too.
    pub previous_until: Option<Timestamp>,
    /// Counts its edits from 1; the `ETag`.
    pub version: i64,
}
