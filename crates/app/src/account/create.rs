//! Making a service account.

use domain::access::{Directory, Management};
use domain::account::{Account, AccountDraft, CheckedAccount};
use domain::id::AccountId;
use domain::input::FieldError;
use domain::policy::Policy;
use store::Tx;

use super::{AccountView, difference, lay, target, usual_roles};
use crate::error::Result;
use crate::{App, Caller};

/// What every new account needs, checked with the rest.
pub(crate) fn check(draft: AccountDraft) -> std::result::Result<CheckedAccount, Vec<FieldError>> {
    let nameless = draft.name.is_none();
    let mut checked = draft.check();
    if nameless {
        let missing = FieldError::new("name", "a name is needed");
        checked = match checked {
            Ok(_) => Err(vec![missing]),
            Err(faults) => Err(std::iter::once(missing).chain(faults).collect()),
        };
    }
    checked
}

/// A new account of these fields, which is not written yet.
pub(crate) async fn draw_up(
    tx: &mut Tx,
    by: &Caller,
    policy: &Policy,
    directory: &Directory,
    id: AccountId,
    mut fields: CheckedAccount,
) -> Result<Account> {
    let blank = Account {
        id,
        organisation: by.organisation,
        name: String::new(),
        username: String::new(),
        email: None,
        partner: String::new(),
        owner: None,
        purpose: String::new(),
        tags: Vec::new(),
        roles: Vec::new(),
        rate_limits: Vec::new(),
        active: true,
        deleted_at: None,
        created_at: tx.now(),
        created_by: by.actor.clone(),
        version: 1,
    };
    if fields.roles.is_none() {
        let roles = usual_roles(policy, directory)?;
        fields.roles = Some(roles.iter().map(ToString::to_string).collect());
    }
    lay(tx, by, policy, directory, fields, &blank).await
}

/// Writes a new account with its record.
pub(crate) async fn write(tx: &mut Tx, by: &Caller, account: &Account) -> Result<()> {
    tx.insert_account(account).await?;
    tx.record(
        account.organisation,
        by.event(
            account.created_at,
            "account.create",
            target(account),
            difference(None, account),
        ),
    );
    Ok(())
}

/// Makes an account within the transaction of something that needs it, for whoever may make accounts.
pub(crate) async fn make(
    tx: &mut Tx,
    by: &Caller,
    policy: &Policy,
    directory: &Directory,
    id: AccountId,
    fields: CheckedAccount,
) -> Result<Account> {
    by.require(Management::AccountsManage)?;
    let account = draw_up(tx, by, policy, directory, id, fields).await?;
    write(tx, by, &account).await?;
    Ok(account)
}

impl App {
    /// Makes a service account. It holds nothing that its maker does not.
    ///
    /// # Errors
    /// As [`crate::AppError`] says; then no account was made.
    #[tracing::instrument(level = "debug", name = "app.account.create_account", skip_all)]
    pub async fn create_account(&self, caller: &Caller, draft: AccountDraft) -> Result<AccountView> {
        caller.require(Management::AccountsManage)?;
        let fields = check(draft)?;
        let id = AccountId::fresh(self.clock(), self.random());
        let by = caller.clone();
        self.write(async move |tx| {
            let tenant = tx.tenant(by.organisation).await?;
            let directory = tx.directory(by.organisation).await?;
            make(tx, &by, &tenant.policy, &directory, id, fields).await
        })
        .await?;
        self.account_view(caller.organisation, id).await
    }
}
