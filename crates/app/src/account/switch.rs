//! Stopping all the keys of a service account at once, and letting them work again.

use domain::access::Management;
use domain::id::AccountId;

use super::{AccountView, difference, locked, refuse_over, target};
use crate::error::Result;
use crate::{App, Caller};

impl App {
    /// Activates or deactivates a service account; on return every node goes by it. What it is already it stays.
    ///
    /// # Errors
    /// As [`crate::AppError`] says; then nothing has changed.
    #[tracing::instrument(level = "debug", name = "app.account.switch_account", skip_all)]
    pub async fn switch_account(&self, caller: &Caller, id: AccountId, active: bool) -> Result<AccountView> {
        caller.require(Management::AccountsManage)?;
        let by = caller.clone();
        self.change(async move |tx| {
            let before = locked(tx, by.organisation, id).await?;
            refuse_over(&before)?;
            if before.active == active {
                return Ok(());
            }
            if active {
                // Anybody may stop what is above them, as with a key, but not let it loose.
                let directory = tx.directory(by.organisation).await?;
                by.may_touch(&directory, &before.roles)?;
            }
            let mut account = before.clone();
            account.active = active;
            tx.update_account(&before, &mut account).await?;
            if active {
                tx.note_awake(account.organisation, account.id.uuid()).await?;
            }
            let action = if active {
                "account.activate"
            } else {
                "account.deactivate"
            };
            let changes = difference(Some(&before), &account);
            tx.record(
                account.organisation,
                by.event(tx.now(), action, target(&account), changes),
            );
            Ok(())
        })
        .await?;
        self.account_view(caller.organisation, id).await
    }
}
