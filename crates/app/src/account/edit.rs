//! Changing what a service account is called, may do, and who answers for it.

use domain::access::Management;
use domain::account::AccountDraft;
use domain::id::AccountId;

use super::{AccountView, difference, lay, locked, refuse_over, target};
use crate::error::{AppError, Result};
use crate::{App, Caller};

impl App {
    /// Edits a service account, in the version that the caller has seen if one is named (`If-Match`). What its keys may
    /// do changes with its roles, before this returns.
    ///
    /// # Errors
    /// As [`AppError`] says; then nothing has changed.
    #[tracing::instrument(level = "debug", name = "app.account.edit_account", skip_all)]
    pub async fn edit_account(
        &self,
        caller: &Caller,
        id: AccountId,
        draft: AccountDraft,
        version: Option<i64>,
    ) -> Result<AccountView> {
        caller.require(Management::AccountsManage)?;
        self.alter_account(caller, id, draft, version, "account.edit")
            .await
    }

    /// Has another user answer for a service account, or nobody where `owner` is empty.
    ///
    /// # Errors
    /// As [`AppError`] says; then nothing has changed.
    #[tracing::instrument(level = "debug", name = "app.account.reassign_account", skip_all)]
    pub async fn reassign_account(
        &self,
        caller: &Caller,
        id: AccountId,
        owner: String,
    ) -> Result<AccountView> {
        caller.require(Management::AccountsManage)?;
        let draft = AccountDraft {
            owner: Some(owner),
            ..AccountDraft::default()
        };
        self.alter_account(caller, id, draft, None, "account.reassign")
            .await
    }

    async fn alter_account(
        &self,
        caller: &Caller,
        id: AccountId,
        draft: AccountDraft,
        version: Option<i64>,
        action: &'static str,
    ) -> Result<AccountView> {
        let fields = draft.check()?;
        let by = caller.clone();
        self.change(async move |tx| {
            let tenant = tx.tenant(by.organisation).await?;
            let before = locked(tx, by.organisation, id).await?;
            refuse_over(&before)?;
            if version.is_some_and(|seen| seen != before.version) {
                return Err(AppError::Precondition {
                    current: before.version,
                });
            }
            let directory = tx.directory(by.organisation).await?;
            // Who may not grant what the account holds cannot be let to re-aim it at their own ends either.
            by.may_touch(&directory, &before.roles)?;
            let mut account = lay(tx, &by, &tenant.policy, &directory, fields, &before).await?;
            if account != before {
                tx.update_account(&before, &mut account).await?;
                let changes = difference(Some(&before), &account);
                tx.record(
                    account.organisation,
                    by.event(tx.now(), action, target(&account), changes),
                );
            }
            Ok(())
        })
        .await?;
        self.account_view(caller.organisation, id).await
    }
}
