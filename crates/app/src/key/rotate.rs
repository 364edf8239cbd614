//! Replacing a key's secret: the key keeps its id, its numbers and its history.

use domain::access::Management;
use domain::id::KeyId;
use domain::key::ends_of_rotation;
use domain::policy::ExpiryRequest;
use domain::span::Span;
use serde_json::json;

use super::{Idempotency, Issued, TokenInput, difference, locked, owner, refuse_over, target, view};
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// How a secret is replaced.
#[derive(Default)]
pub struct RotateKey {
    /// How long the old one goes on working; the policy's default when unsaid.
    pub grace: Option<Span>,
    /// A new end for the key; the old one stays when unsaid.
    pub expiry: ExpiryRequest,
    /// Where the new token comes from.
    pub token: TokenInput,
}

impl App {
    /// Rotates a key. Of two rotations that come at once, one wins and the other is a conflict: the loser's answer
    /// would be a token that was replaced already.
    ///
    /// # Errors
    /// As [`AppError`] says; then the old secret is what it was.
    #[tracing::instrument(level = "debug", name = "app.key.rotate_key", skip_all)]
    pub async fn rotate_key(
        &self,
        caller: &Caller,
        id: KeyId,
        request: RotateKey,
        idempotency: Option<Idempotency>,
    ) -> Result<Issued> {
        caller.require(Management::KeysUpdate)?;
        caller.require_recent(self.clock.now())?;
        let RotateKey { grace, expiry, token } = request;
        let seen = self.view_of(caller.organisation, id).await?;
        let current =
            |secrets: &[domain::key::Secret]| secrets.iter().find(|s| s.ends_at.is_none()).map(|s| s.id);
        let seen = current(&seen.secrets);
        let mint = self.mint();
        let by = caller.clone();
        let done = self
            .change(async move |tx| {
                let tenant = tx.tenant(by.organisation).await?;
                let policy = &tenant.policy;
                let before = locked(tx, by.organisation, id).await?;
                if let Some(idempotency) = &idempotency {
                    let known = tx
                        .remembered(by.organisation, &by.actor, &idempotency.token)
                        .await?;
                    if let Some(known) = known {
                        idempotency.replay(&known)?;
                        return Ok(None);
                    }
                    let answer = store::idempotency::Remembered {
                        fingerprint: idempotency.fingerprint,
                        target: id,
                    };
                    tx.remember(by.organisation, &by.actor, &idempotency.token, &answer)
                        .await?;
                }
                refuse_over(&before)?;
                // The answer holds a token that can do all that the key can.
                let directory = tx.directory(by.organisation).await?;
                let owner = owner::standing(tx, &tenant, &before).await?;
                by.may_have(&directory, &before, &owner)?;
                if !policy.rotation.allowed {
                    return Err(AppError::Refused(
                        "the organisation's policy does not let keys be rotated".to_owned(),
                    ));
                }
                let grace = grace.unwrap_or(policy.rotation.default_grace);
                if grace > policy.rotation.max_grace {
                    let detail = format!(
                        "the organisation's policy allows at most {}",
                        policy.rotation.max_grace
                    );
                    return Err(AppError::field("grace", detail));
                }
                let secrets = tx.secrets(by.organisation, id).await?;
                if current(&secrets) != seen {
                    let detail = "the key was rotated by somebody else at the same time";
                    return Err(AppError::conflict("rotation_conflict", detail));
                }
                let now = tx.now();
                let ends = ends_of_rotation(now, grace, before.expires_at);
                for secret in &secrets {
                    match secret.ends_at {
                        None => {
                            tx.end_secret(by.organisation, id, secret.id, ends.previous)
                                .await?
                        }
                        Some(end) if end > now => {
                            tx.end_secret(by.organisation, id, secret.id, ends.retiring)
                                .await?
                        }
                        Some(_) => {}
                    }
                }
                let material = mint.material(token, policy)?;
                let mut key = before.clone();
                key.display = material.display();
                let token = mint.write(tx, by.organisation, id, policy, material).await?;
                key.rotated_at = now;
                if expiry != ExpiryRequest::Unsaid {
                    key.expires_at = policy.expiry_of_existing(now, expiry)?;
                }
                owner::refuse_too_many(tx, policy, Some(&before), &key, now).await?;
                tx.update_key(&before, &mut key).await?;
                let mut changes = difference(Some(&before), &key);
                changes["previous_secret_ends_at"] = json!({ "after": ends.previous });
                tx.record(
                    key.organisation,
                    by.event(now, "key.rotate", target(&key), changes),
                );
                let secrets = tx.secrets(key.organisation, key.id).await?;
                let view = view::whole(key, secrets, owner, &directory, &tenant, now);
                Ok(Some(Issued {
                    view,
                    token,
                    replayed: false,
                }))
            })
            .await?;
        match done {
            Some(issued) => Ok(issued),
            None => self.replayed(caller, id).await,
        }
    }
}
