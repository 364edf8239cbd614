//! Ending a key for good.

use domain::access::Management;
use domain::clock::Timestamp;
use domain::id::KeyId;
use domain::key::{Key, Revocation, check_reason};
use store::Tx;

use super::{KeyView, Other, difference, locked, refuse_protected, target, view};
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// A key that is revoked, on this answer's word: no verification that begins after it accepts the key.
#[derive(Debug)]
pub struct Revoked {
    /// The key.
    pub view: KeyView,
    /// When it took effect.
    pub effective_at: Timestamp,
    /// The owner's other keys that are accepted still; twenty at the most.
    pub others: Vec<Other>,
}

/// Why a key is ended, and whether protection holds.
pub(super) struct Ending {
    pub(super) reason: Option<String>,
    pub(super) protected_too: bool,
}

/// Revokes a key; one that is over stays as it is.
pub(super) async fn end(tx: &mut Tx, by: &Caller, id: KeyId, ending: Ending) -> Result<Key> {
    let before = locked(tx, by.organisation, id).await?;
    let now = tx.now();
    let mut key = before.clone();
    if !before.is_over() {
        if !ending.protected_too {
            refuse_protected(&before)?;
        }
        key.revoked = Some(Revocation {
            at: now,
            reason: ending.reason,
            by: by.actor.clone(),
        });
        tx.update_key(&before, &mut key).await?;
        let changes = difference(Some(&before), &key);
        tx.record(
            key.organisation,
            by.event(now, "key.revoke", target(&key), changes),
        );
    }
    Ok(key)
}

impl App {
    /// Revokes a key. Revoking it again is no error, and waits for the caches again.
    ///
    /// # Errors
    /// As [`AppError`] says; [`AppError::Unavailable`] leaves open whether it was revoked: ask again.
    #[tracing::instrument(level = "debug", name = "app.key.revoke_key", skip_all)]
    pub async fn revoke_key(&self, caller: &Caller, id: KeyId, reason: Option<String>) -> Result<Revoked> {
        caller.require(Management::KeysRevoke)?;
        let reason = reason
            .map(check_reason)
            .transpose()
            .map_err(|fault| AppError::Invalid(vec![fault]))?;
        let by = caller.clone();
        let view = self
            .change(async move |tx| {
                let tenant = tx.tenant(by.organisation).await?;
                let ending = Ending {
                    reason,
                    protected_too: false,
                };
                let key = end(tx, &by, id, ending).await?;
                view::seen(tx, &tenant, key).await
            })
            .await?;
        let effective_at = self.clock.now();
        Ok(Revoked {
            others: self.others(caller, &view.key).await?,
            view,
            effective_at,
        })
    }
}
