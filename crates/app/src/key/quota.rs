//! Setting what is used of a key's quota: anew, or by a credit. The limit itself is a field of the key.

use domain::access::Management;
use domain::id::KeyId;
use domain::limits::MAX_QUOTA;
use serde_json::json;
use store::quotas::quota_in_force;

use super::{KeyView, locked, owner, refuse_over, seen, target};
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// What is to become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuotaChange {
    /// So many units are used of the period that runs; 0 fills it up.
    Used(u64),
    /// So many fewer are, down to none.
    Credit(u64),
}

impl App {
    /// Changes what is used of a key's quota. No request that begins afterwards is held against what was used before.
    ///
    /// # Errors
    /// As [`AppError`] says; then nothing has changed.
    #[tracing::instrument(level = "debug", name = "app.key.adjust_quota", skip_all)]
    pub async fn adjust_quota(&self, caller: &Caller, id: KeyId, change: QuotaChange) -> Result<KeyView> {
        caller.require(Management::KeysUpdate)?;
        let (field, number) = match change {
            QuotaChange::Used(number) => ("used", number),
            QuotaChange::Credit(number) => ("credit", number),
        };
        if number > MAX_QUOTA {
            return Err(AppError::field(field, format!("at most {MAX_QUOTA}")));
        }
        // Of another organisation's key nobody gives anything back.
        self.view_of(caller.organisation, id).await?;
        self.engine.return_quota(id).await?;
        let caller = caller.clone();
        let changed = self.change(async move |tx| {
            let tenant = tx.tenant(caller.organisation).await?;
            let before = locked(tx, caller.organisation, id).await?;
            refuse_over(&before)?;
            let directory = tx.directory(caller.organisation).await?;
            let owner = owner::standing(tx, &tenant, &before).await?;
            caller.may_have(&directory, &before, &owner)?;
            let Some(quota) = quota_in_force(before.quota.clone(), &tenant.policy) else {
                return Err(AppError::conflict(
                    "no_quota",
                    "the key has no quota; give it one first",
                ));
            };
            let now = tx.now();
            let bounds = quota.bounds(now);
            let used = tx
                .quota_use(id, before.quota_round, bounds.start)
                .await?
                .at_least();
            let mut key = before.clone();
            let after = match change {
                QuotaChange::Used(number) => {
                    key.quota_round += 1;
                    tx.update_key(&before, &mut key).await?;
                    tx.begin_round(id, key.quota_round, bounds, number).await?;
                    number
                }
                QuotaChange::Credit(number) => {
                    tx.update_key(&before, &mut key).await?;
                    let credit = number.min(used);
                    tx.credit_units(id, key.quota_round, bounds.start, credit).await?;
                    used - credit
                }
            };
            let changes = json!({"quota_used": {"before": used, "after": after}});
            tx.record(
                key.organisation,
                caller.event(now, "key.quota", target(&key), changes),
            );
            seen(tx, &tenant, key).await
        });
        self.with_quota(changed.await?).await
    }
}
