//! Deleting a service account, as the organisation's policy means it: inactive for good, or erased with its keys.

use domain::access::Management;
use domain::account::Account;
use domain::clock::Timestamp;
use domain::id::AccountId;
use domain::key::{Key, Owner, Revocation};
use domain::policy::Deletion;
use store::Tx;

use super::{difference, locked, target};
use crate::error::{AppError, Result};
use crate::{App, Caller, key};

/// A service account that is deleted, on this answer's word.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct DeletedAccount {
    /// Its id.
    pub id: AccountId,
    /// Whether its row is gone, and those of its keys.
    pub erased: bool,
    /// How many keys were ended with it.
    pub keys_ended: usize,
    /// When it took effect.
    pub effective_at: Timestamp,
}

impl App {
    /// Deletes a service account and ends its keys with it. Deleting a deleted one again is no error.
    ///
    /// # Errors
    /// As [`AppError`] says; then nothing has changed.
    #[tracing::instrument(level = "debug", name = "app.account.delete_account", skip_all)]
    pub async fn delete_account(&self, caller: &Caller, id: AccountId) -> Result<DeletedAccount> {
        caller.require(Management::AccountsManage)?;
        caller.require_recent(self.clock.now())?;
        let by = caller.clone();
        let (erased, keys_ended) = self
            .change(async move |tx| {
                let tenant = tx.tenant(by.organisation).await?;
                let before = locked(tx, by.organisation, id).await?;
                let keys = tx.keys_of(by.organisation, Owner::ServiceAccount(id)).await?;
                if keys.iter().any(|key| key.protected && !key.is_over()) {
                    return Err(AppError::conflict(
                        "key_protected",
                        "a key of the service account is protected; take the protection off first",
                    ));
                }
                let erased = tenant.policy.accounts.deletion == Deletion::Erase;
                let ended = if erased {
                    erase(tx, &by, &before, keys).await?
                } else {
                    deactivate(tx, &by, &before, keys).await?
                };
                Ok((erased, ended))
            })
            .await?;
        Ok(DeletedAccount {
            id,
            erased,
            keys_ended,
            effective_at: self.clock.now(),
        })
    }
}

async fn erase(tx: &mut Tx, by: &Caller, account: &Account, keys: Vec<Key>) -> Result<usize> {
    let now = tx.now();
    let count = keys.len();
    for key in keys {
        tx.erase_key(key.organisation, key.id).await?;
        let mut gone = key.clone();
        gone.deleted_at = key.deleted_at.or(Some(now));
        let changes = key::difference(Some(&key), &gone);
        tx.record(
            key.organisation,
            by.event(now, "key.erase", key::target(&key), changes),
        );
    }
    tx.erase_account(account.organisation, account.id).await?;
    let mut gone = account.clone();
    gone.active = false;
    gone.deleted_at = account.deleted_at.or(Some(now));
    let changes = difference(Some(account), &gone);
    tx.record(
        account.organisation,
        by.event(now, "account.erase", target(account), changes),
    );
    Ok(count)
}

async fn deactivate(tx: &mut Tx, by: &Caller, before: &Account, keys: Vec<Key>) -> Result<usize> {
    if before.deleted_at.is_some() {
        return Ok(0);
    }
    let now = tx.now();
    let mut count = 0;
    for old in keys.into_iter().filter(|key| !key.is_over()) {
        let mut key = old.clone();
        key.revoked = Some(Revocation {
            at: now,
            reason: Some("its service account was deleted".to_owned()),
            by: by.actor.clone(),
        });
        tx.update_key(&old, &mut key).await?;
        let changes = key::difference(Some(&old), &key);
        tx.record(
            key.organisation,
            by.event(now, "key.revoke", key::target(&key), changes),
        );
        count += 1;
    }
    let mut account = before.clone();
    account.active = false;
    account.deleted_at = Some(now);
    tx.update_account(before, &mut account).await?;
    let changes = difference(Some(before), &account);
    tx.record(
        account.organisation,
        by.event(now, "account.delete", target(&account), changes),
    );
    Ok(count)
}
