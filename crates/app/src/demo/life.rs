//! From what a sample is like to what was done to it, step by step, by the same rules that real keys live by.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock, Random, Timestamp};
use domain::id::{AccountId, KeyId, OrganisationId, SecretId};
use domain::key::{Actor, Key, KeyDraft, Revocation, ends_of_rotation};
use domain::limits::{Period, QuotaDraft, RateLimitDraft};
use domain::policy::Policy;
use domain::secret::{Keyring, Scheme};
use domain::span::Span;
use domain::token::Token;
use serde_json::{Map, Value, json};
use store::secrets::NewSecret;

use super::dice::Dice;
use super::sample::{Fate, Sample};
use crate::error::Result;
use crate::key::difference;

const DAY: Duration = Duration::from_secs(86_400);
const MINUTE: Duration = Duration::from_secs(60);

/// A clock that stands still in the past, for ids that sort where they belong.
pub(super) struct Then(pub(super) Timestamp);

impl Clock for Then {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn boottime(&self) -> Duration {
        Duration::ZERO
    }
}

/// Something that was done to a key.
pub(super) struct Step {
    pub(super) at: Timestamp,
    pub(super) action: &'static str,
    pub(super) by: Actor,
    /// The key afterwards.
    pub(super) key: Key,
    pub(super) changes: Value,
    /// A secret that was made with it, and its token.
    pub(super) secret: Option<(NewSecret, Token)>,
    /// The end of the secret that was current until then.
    pub(super) ends: Option<(SecretId, Timestamp)>,
}

/// What the stories are told with.
pub(super) struct Teller<'a> {
    pub(super) now: Timestamp,
    pub(super) organisation: OrganisationId,
    pub(super) policy: &'a Policy,
    pub(super) keyring: Arc<Keyring>,
    pub(super) random: &'a dyn Random,
    pub(super) dice: Dice,
    /// Whom a key stands for, by the key's name; the organisation where there is none.
    pub(super) owners: &'a HashMap<&'static str, AccountId>,
}

enum What {
    Protect,
    Edit,
    Rotate(Span),
    Disable,
    Revoke(&'static str),
    Delete,
}

impl Teller<'_> {
    /// Some time in the working hours of the day that lies `days` back; now for none.
    fn at(&mut self, days: u32) -> Timestamp {
        if days == 0 {
            return self.now;
        }
        let midnight = self.now.minus(DAY * days).floor_to(DAY);
        midnight
            .plus(MINUTE * self.dice.between(8 * 60, 17 * 60))
            .plus(Duration::from_millis(u64::from(self.dice.between(0, 59_999))))
    }

    /// All that was done to a key: made by `maker`, changed by one of `by`.
    pub(super) fn life(&mut self, sample: &Sample, maker: &Actor, by: &[Actor]) -> Result<Vec<Step>> {
        let made = self.at(sample.age);
        let mut key = self.draft(sample, made, maker)?;
        let whole = key.clone();
        let edited =
            sample.age > 14 && sample.ended().is_none_or(|ago| ago < sample.age / 2) && self.dice.chance(45);
        if edited {
            // What the edit will add was not there at first.
            key.contacts = Vec::new();
            key.permissions = key.permissions.iter().take(1).cloned().collect();
        }
        let mut steps = vec![self.made(key, maker)];
        let mut plan = self.plan(sample);
        if edited {
            plan.push((sample.age * 2 / 3, What::Edit));
        }
        plan.sort_by_key(|(days, _)| std::cmp::Reverse(*days));
        for (days, what) in plan {
            let actor = by[self.dice.between(0, by.len() as u32 - 1) as usize].clone();
            let Some(last) = steps.last() else { break };
            let (before, earliest) = (last.key.clone(), last.at.plus(MINUTE));
            let at = self.at(days).max(earliest);
            steps.push(self.step(before, at, what, actor, &whole, &steps));
        }
        Ok(steps)
    }

    fn draft(&mut self, sample: &Sample, made: Timestamp, maker: &Actor) -> Result<Key> {
        let mut metadata = Map::new();
        if let Some(partner) = sample.partner {
            metadata.insert("partner".to_owned(), json!(partner));
        }
        metadata.insert("environment".to_owned(), json!("production"));
        let mut tags = sample.tags.clone();
        tags.extend(sample.partner.map(str::to_lowercase));
        let fields = KeyDraft {
            name: Some(sample.name.clone()),
            description: Some(sample.description.clone()),
            roles: None,
            permissions: Some(sample.permissions.clone()),
            networks: Some(sample.networks.clone()),
            tags: Some(tags),
            metadata: Some(metadata),
            contacts: Some(vec![sample.contact.to_owned()]),
            owner: self.owners.get(sample.name.as_str()).map(ToString::to_string),
            // Partners have contracts that say how much.
            rate_limits: sample.partner.map(|_| {
                vec![RateLimitDraft {
                    name: "requests".to_owned(),
                    limit: 120,
                    window: Span::seconds(60),
                    burst: Some(30),
                }]
            }),
            quota: sample.partner.map(|_| {
                Some(QuotaDraft {
                    limit: 1_000_000,
                    per: Period::Month,
                    timezone: None,
                })
            }),
        }
        .check()?;
        Ok(Key {
            expires_at: sample.life.map(|days| made.plus(DAY * days)),
            ..Key::fresh(
                KeyId::fresh(&Then(made), self.random),
                self.organisation,
                fields,
                maker.clone(),
                made,
            )
        })
    }

    fn made(&self, mut key: Key, maker: &Actor) -> Step {
        let (secret, token) = self.secret(&key, key.created_at);
        key.display.clone_from(&secret.display);
        Step {
            at: key.created_at,
            action: "key.create",
            by: maker.clone(),
            changes: difference(None, &key),
            key,
            secret: Some((secret, token)),
            ends: None,
        }
    }

    fn secret(&self, key: &Key, at: Timestamp) -> (NewSecret, Token) {
        let token = Token::generate(&self.policy.token, self.random);
        let presented = token.as_presented();
        let secret = NewSecret {
            id: SecretId::fresh(&Then(at), self.random),
            organisation: self.organisation,
            key: key.id,
            digest: self.keyring.digest(&presented),
            scheme: Scheme::Hmac {
                pepper: self.keyring.current_pepper(),
            },
            display: presented.display().as_str().to_owned(),
            created_at: at,
            sealed: None,
        };
        (secret, token)
    }

    /// What will be done, and how many days ago.
    fn plan(&mut self, sample: &Sample) -> Vec<(u32, What)> {
        let mut plan = Vec::new();
        if sample.protected {
            plan.push((sample.age, What::Protect));
        }
        let ended = sample.ended().unwrap_or(0);
        let last = sample.rotating.map_or(ended, |ago| ago.max(ended) + 30);
        if let Some(every) = sample.rotate_every {
            let due = (1..).map(|n| sample.age.saturating_sub(n * every));
            let done = due.take_while(|ago| *ago > last + 10);
            plan.extend(done.map(|ago| (ago, What::Rotate(Span::days(3)))));
        }
        plan.extend(
            sample
                .rotating
                .map(|ago| (ago, What::Rotate(Span::days(ago + 7)))),
        );
        plan.extend(match sample.fate {
            Fate::Lives => None,
            Fate::Disabled { ago } => Some((ago, What::Disable)),
            Fate::Revoked { ago, reason } => Some((ago, What::Revoke(reason))),
            Fate::Deleted { ago } => Some((ago, What::Delete)),
        });
        plan
    }

    fn step(&self, before: Key, at: Timestamp, what: What, by: Actor, whole: &Key, done: &[Step]) -> Step {
        let mut key = before.clone();
        let (mut secret, mut ends) = (None, None);
        let action = match what {
            What::Protect => {
                key.protected = true;
                "key.protect"
            }
            What::Edit => {
                key.contacts.clone_from(&whole.contacts);
                key.permissions.clone_from(&whole.permissions);
                if key == before {
                    key.description.push_str("; reviewed");
                }
                "key.edit"
            }
            What::Rotate(grace) => {
                let old = done.iter().rev().find_map(|step| step.secret.as_ref());
                let end = ends_of_rotation(at, grace, before.expires_at).previous;
                ends = old.map(|(old, _)| (old.id, end));
                let fresh = self.secret(&key, at);
                key.display.clone_from(&fresh.0.display);
                key.rotated_at = at;
                secret = Some(fresh);
                "key.rotate"
            }
            What::Disable => {
                key.enabled = false;
                "key.disable"
            }
            What::Revoke(reason) => {
                key.revoked = Some(Revocation {
                    at,
                    reason: Some(reason.to_owned()),
                    by: by.clone(),
                });
                "key.revoke"
            }
            What::Delete => {
                key.deleted_at = Some(at);
                "key.delete"
            }
        };
        let mut changes = difference(Some(&before), &key);
        if let Some((_, end)) = ends {
            changes["previous_secret_ends_at"] = json!({ "after": end });
        }
        Step {
            at,
            action,
            by,
            key,
            changes,
            secret,
            ends,
        }
    }
}
