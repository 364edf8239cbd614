//! Messages are sent, each webhook's one after the other and those of several beside each other, so that one that does not answer
//! holds up nobody else.

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::time::Duration;

use domain::audit::Event;
use domain::clock::Timestamp;
use domain::id::{OrganisationId, WebhookId};
use domain::key::{Actor, ActorKind};
use domain::webhook::{FAILING, Webhook, next_attempt};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use reqwest::StatusCode;
use store::Tx;
use store::webhooks::{Message, MessageState, Outcome};

use super::client::{Outgoing, Said, WebhookCounts};
use super::{facts, target};
use crate::App;
use crate::difference::difference;
use crate::error::Result;

/// How often it is looked for messages.
const OFTEN: Duration = Duration::from_secs(1);
/// Messages that are looked for together.
const DUE: u32 = 500;
/// Webhooks that are served at once.
const AT_ONCE: usize = 16;
/// For so long a message is in the hand of whoever sends it: longer than a receiver may take.
const IN_HAND: Duration = Duration::from_secs(60);

/// What came of sending a message.
pub(super) struct Posted {
    pub(super) outcome: Outcome,
    meaning: Meaning,
}

enum Meaning {
    /// The receiver has it.
    Taken,
    /// The receiver wants no more of them.
    Gone,
    /// Not now; perhaps after this time.
    Later(Option<Duration>),
}

impl Posted {
    pub(super) fn is_taken(&self) -> bool {
        matches!(self.meaning, Meaning::Taken)
    }
}

/// The messages that are due, by webhook.
type Due = BTreeMap<(OrganisationId, WebhookId), Vec<Message>>;

impl App {
    /// Writes and sends messages, for ever.
    pub(crate) async fn keep_delivering(&self) -> Infallible {
        let mut often = tokio::time::interval(OFTEN);
        often.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut busy = HashSet::new();
        let mut serving = FuturesUnordered::new();
        loop {
            tokio::select! {
                _ = often.tick() => match self.due().await {
                    Ok(due) => {
                        for (whose, messages) in due {
                            if busy.len() < AT_ONCE && busy.insert(whose) {
                                serving.push(async move {
                                    self.report("webhooks", self.serve(whose, messages).await);
                                    whose
                                });
                            }
                        }
                    }
                    Err(error) => self.report("webhooks", Err(error)),
                },
                Some(whose) = serving.next(), if !serving.is_empty() => {
                    busy.remove(&whose);
                }
            }
        }
    }

    /// Writes the messages that are new, and sends those that are due, once.
    ///
    /// # Errors
    /// When the database fails; what was done until then stays done.
    pub async fn deliver(&self) -> Result<()> {
        for (whose, messages) in self.due().await? {
            self.serve(whose, messages).await?;
        }
        Ok(())
    }

    /// What became of attempts since the start.
    pub fn webhook_counts(&self) -> WebhookCounts {
        self.webhooks.counts()
    }

    async fn due(&self) -> Result<Due> {
        self.write_messages().await?;
        let mut due = Due::new();
        for (organisation, message) in self.store.due_messages(self.clock.now(), DUE).await? {
            let whose = (organisation, message.webhook);
            due.entry(whose).or_default().push(message);
        }
        Ok(due)
    }

    /// Sends messages to a webhook until one is not taken: the others wait for when it is looked again.
    #[tracing::instrument(level = "debug", name = "worker.webhook", skip_all)]
    async fn serve(
        &self,
        (organisation, id): (OrganisationId, WebhookId),
        messages: Vec<Message>,
    ) -> Result<()> {
        for message in messages {
            // It may have been changed or switched off meanwhile.
            let webhook = self.store.webhook(organisation, id).await?;
            let Some(webhook) = webhook.filter(|webhook| webhook.active) else {
                return Ok(());
            };
            let taken = {
                let (message, until) = (message.clone(), self.clock.now().plus(IN_HAND));
                self.write(async move |tx| Ok(tx.take_message(&message, until).await?))
                    .await?
            };
            if !taken.value {
                continue;
            }
            let posted = self.post_message(&webhook, &message).await?;
            let was_taken = posted.is_taken();
            self.write(async move |tx| note(tx, webhook, message, posted).await)
                .await?;
            if !was_taken {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Signs and sends a message.
    pub(super) async fn post_message(&self, webhook: &Webhook, message: &Message) -> Result<Posted> {
        let (id, at) = (message.id.to_string(), self.clock.now());
        let secrets = self.signing(webhook).await?;
        let signatures: Vec<String> = secrets
            .iter()
            .map(|secret| secret.sign(&id, at, &message.body))
            .collect();
        let begun = self.clock.boottime();
        let said = self
            .webhooks
            .send(&Outgoing {
                url: &webhook.url,
                id: &id,
                timestamp: at.as_micros() / 1_000_000,
                signature: &signatures.join(" "),
                body: &message.body,
            })
            .await;
        let took = self.clock.boottime().saturating_sub(begun);
        let (status, meaning, said) = match said {
            Said::Answer { status, text, .. } if status.is_success() => (Some(status), Meaning::Taken, text),
            Said::Answer { status, text, .. } if status == StatusCode::GONE => {
                (Some(status), Meaning::Gone, text)
            }
            Said::Answer {
                status,
                retry_after,
                text,
            } => (Some(status), Meaning::Later(retry_after), text),
            Said::Nothing(why) => (None, Meaning::Later(None), why),
        };
        Ok(Posted {
            outcome: Outcome {
                at,
                status: status.map(|status| i64::from(status.as_u16())),
                took: i64::try_from(took.as_micros()).unwrap_or(i64::MAX),
                said,
            },
            meaning,
        })
    }
}

/// Notes what came of an attempt, and switches the webhook off where that is what it means.
async fn note(tx: &mut Tx, webhook: Webhook, message: Message, posted: Posted) -> Result<()> {
    let now = tx.now();
    let (state, due_at, why) = match posted.meaning {
        Meaning::Taken => {
            if webhook.failing_since.is_some() {
                tx.note_working(webhook.id).await?;
            }
            (MessageState::Delivered, now, None)
        }
        Meaning::Gone => (MessageState::Failed, now, Some("the receiver answered 410 Gone")),
        Meaning::Later(asked) => {
            let since = tx.note_failing(webhook.id).await?;
            let over = since.is_some_and(|since| now.since(since) >= FAILING);
            let (state, due_at) = match next_attempt(message.attempts + 1, asked) {
                Some(pause) => (MessageState::Waiting, now.plus(pause)),
                None => (MessageState::Failed, now),
            };
            (state, due_at, over.then_some("every attempt failed for a day"))
        }
    };
    tx.note_attempt(message.id, state, due_at, &posted.outcome)
        .await?;
    match why {
        Some(why) => stop(tx, &webhook, why).await,
        None => Ok(()),
    }
}

/// Switches a webhook off, and says so in the audit log.
async fn stop(tx: &mut Tx, webhook: &Webhook, why: &str) -> Result<()> {
    let Some(before) = tx.webhook(webhook.organisation, webhook.id).await? else {
        return Ok(());
    };
    if !before.active {
        return Ok(());
    }
    let mut stopped = before.clone();
    stopped.active = false;
    stopped.stopped = Some(why.to_owned());
    tx.update_webhook(&before, &mut stopped).await?;
    let event = event(tx.now(), &before, &stopped);
    tx.record(webhook.organisation, event);
    Ok(())
}

fn event(at: Timestamp, before: &Webhook, stopped: &Webhook) -> Event {
    Event {
        at,
        actor: Actor {
            kind: ActorKind::System,
            id: None,
            name: "webhooks".to_owned(),
        },
        action: "webhook.stop",
        target: target(stopped),
        request_id: None,
        ip: None,
        changes: difference(Some(&facts(before)), Some(&facts(stopped))),
    }
}
