//! The switches of a key: on and off, protected and not. Setting one to what it is already changes nothing.

use domain::access::Management;
use domain::id::KeyId;

use super::{KeyView, difference, locked, refuse_over, target, view};
use crate::error::Result;
use crate::{App, Caller};

/// Which switch, and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// Accepted again.
    Enable,
    /// Refused until enabled.
    Disable,
    /// Cannot be revoked or deleted.
    Protect,
    /// Can be again.
    Unprotect,
}

impl App {
    /// Sets a switch of a key.
    ///
    /// # Errors
    /// As [`crate::AppError`] says; then nothing has changed.
    #[tracing::instrument(level = "debug", name = "app.key.switch_key", skip_all)]
    pub async fn switch_key(&self, caller: &Caller, id: KeyId, switch: Switch) -> Result<KeyView> {
        caller.require(Management::KeysUpdate)?;
        let caller = caller.clone();
        self.change(async move |tx| {
            let tenant = tx.tenant(caller.organisation).await?;
            let before = locked(tx, caller.organisation, id).await?;
            refuse_over(&before)?;
            let now = tx.now();
            let mut key = before.clone();
            let action = match switch {
                Switch::Enable => {
                    key.enabled = true;
                    "key.enable"
                }
                Switch::Disable => {
                    key.enabled = false;
                    "key.disable"
                }
                Switch::Protect => {
                    key.protected = true;
                    "key.protect"
                }
                Switch::Unprotect => {
                    key.protected = false;
                    "key.unprotect"
                }
            };
            if key != before {
                tx.update_key(&before, &mut key).await?;
                if switch == Switch::Enable {
                    tx.note_awake(key.organisation, key.id.uuid()).await?;
                }
                tx.record(
                    key.organisation,
                    caller.event(now, action, target(&key), difference(Some(&before), &key)),
                );
            }
            view::seen(tx, &tenant, key).await
        })
        .await
    }
}
