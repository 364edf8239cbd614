//! Changing what a key is called, may do, and how long it lives.

use domain::access::Management;
use domain::id::KeyId;
use domain::key::KeyDraft;
use domain::policy::ExpiryRequest;

use super::grants::refuse_other_grants;
use super::{KeyView, difference, locked, owner, refuse_over, target, view};
use crate::access::roles_named;
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// What is to change; what is left out stays.
#[derive(Debug, Default)]
pub struct EditKey {
    /// The fields.
    pub draft: KeyDraft,
    /// When it ends.
    pub expiry: ExpiryRequest,
    /// The version that the caller has seen (`If-Match`).
    pub version: Option<i64>,
}

impl App {
    /// Edits a key. An expired key may be given a later end and is accepted again.
    ///
    /// # Errors
    /// As [`AppError`] says; then nothing has changed.
    #[tracing::instrument(level = "debug", name = "app.key.edit_key", skip_all)]
    pub async fn edit_key(&self, caller: &Caller, id: KeyId, edit: EditKey) -> Result<KeyView> {
        caller.require(Management::KeysUpdate)?;
        let EditKey {
            draft,
            expiry,
            version,
        } = edit;
        let fields = draft.check()?;
        if let Some(permissions) = &fields.permissions {
            caller.may_grant(permissions)?;
        }
        let caller = caller.clone();
        let edited = self.change(async move |tx| {
            let tenant = tx.tenant(caller.organisation).await?;
            let before = locked(tx, caller.organisation, id).await?;
            refuse_over(&before)?;
            if version.is_some_and(|seen| seen != before.version) {
                return Err(AppError::Precondition {
                    current: before.version,
                });
            }
            // Who may not grant what the key already holds cannot be let to re-aim it at their own ends either.
            let directory = tx.directory(caller.organisation).await?;
            let mut owner = owner::standing(tx, &tenant, &before).await?;
            caller.may_have(&directory, &before, &owner)?;
            let now = tx.now();
            let mut key = before.clone();
            key.name = fields.name.unwrap_or(key.name);
            key.description = fields.description.unwrap_or(key.description);
            key.permissions = fields.permissions.unwrap_or(key.permissions);
            key.networks = fields.networks.unwrap_or(key.networks);
            key.tags = fields.tags.unwrap_or(key.tags);
            key.metadata = fields.metadata.unwrap_or(key.metadata);
            key.contacts = fields.contacts.unwrap_or(key.contacts);
            key.rate_limits = fields.rate_limits.unwrap_or(key.rate_limits);
            key.quota = fields.quota.unwrap_or(key.quota);
            if let Some(roles) = fields.roles {
                key.roles = roles_named(&directory, &roles)?;
                caller.may_assign(&directory, &key.roles, &before.roles)?;
            }
            if let Some(other) = fields.owner.filter(|other| *other != before.owner) {
                owner = caller.admit_owner(tx, &tenant, other).await?;
                key.owner = other;
            }
            if expiry != ExpiryRequest::Unsaid {
                key.expires_at = tenant.policy.expiry_of_existing(now, expiry)?;
            }
            refuse_other_grants(&tenant.policy, &directory, Some(&before), &key)?;
            // With another owner, or without anything of its own any more, it may be able to do other things.
            caller.may_have(&directory, &key, &owner)?;
            owner::refuse_too_many(tx, &tenant.policy, Some(&before), &key, now).await?;
            if key != before {
                tx.update_key(&before, &mut key).await?;
                tx.record(
                    key.organisation,
                    caller.event(now, "key.edit", target(&key), difference(Some(&before), &key)),
                );
            }
            let secrets = tx.secrets(key.organisation, key.id).await?;
            Ok(view::whole(key, secrets, owner, &directory, &tenant, now))
        });
        self.with_quota(edited.await?).await
    }
}
