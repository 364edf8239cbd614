//! Looking at service accounts, what their keys add up to, and their history.

use domain::access::{Directory, Management};
use domain::account::Account;
use domain::id::{AccountId, OrganisationId, UserId};
use domain::key::Owner;
use domain::page::{Cursor, CursorError, Page};
use serde::Serialize;
use store::accounts::{AccountQuery, KeySums, Partner};
use store::audit::AuditQuery;
use store::requests::{Kept, Of};
use uuid::Uuid;

use super::NOT_FOUND;
use crate::error::{AppError, Result};
use crate::key::{Counted, Events, RoleView, roles_shown};
use crate::{App, Caller};

/// A service account as it is shown, with what is computed of it.
#[derive(Debug, Clone)]
pub struct AccountView {
    /// Its stored facts.
    pub account: Account,
    /// Who answers for it.
    pub owner: Option<AccountOwner>,
    /// Its roles.
    pub roles: Vec<RoleView>,
    /// What its keys add up to.
    pub keys: KeySums,
}

/// Who answers for a service account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AccountOwner {
    /// The user's id.
    pub id: UserId,
    /// The user's name.
    #[schema(example = "Ada Sample")]
    pub name: String,
}

/// What is asked for by names that the organisation gave.
#[derive(Debug, Clone, Default)]
pub struct AccountFilter {
    /// A role that accounts hold, by id or name.
    pub role: Option<String>,
}

impl App {
    /// One service account.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.account.show_account", skip_all)]
    pub async fn show_account(&self, caller: &Caller, id: AccountId) -> Result<AccountView> {
        caller.require(Management::AccountsRead)?;
        self.account_view(caller.organisation, id).await
    }

    /// A page of service accounts. `list` names the list in its cursor.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.account.list_accounts", skip_all)]
    pub async fn list_accounts(
        &self,
        caller: &Caller,
        mut query: AccountQuery,
        filter: AccountFilter,
        list: &str,
        cursor: Option<&str>,
    ) -> Result<Page<AccountView>> {
        caller.require(Management::AccountsRead)?;
        let sort = query.sort;
        query.after = read_cursor(cursor, list, |value| sort.fits(value))?;
        let directory = self.store.directory(caller.organisation).await?;
        if let Some(role) = filter.role {
            let role = directory.find(&role);
            query.role = Some(role.ok_or_else(|| AppError::field("role", "there is no such role"))?);
        }
        let page = self.store.accounts(caller.organisation, &query, list).await?;
        Ok(Page {
            items: self.seen(caller.organisation, &directory, page.items).await?,
            next_cursor: page.next_cursor,
        })
    }

    /// The service accounts of a query from `offset` on.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.account.list_accounts_from", skip_all)]
    pub async fn list_accounts_from(
        &self,
        caller: &Caller,
        query: AccountQuery,
        offset: u64,
    ) -> Result<Counted<AccountView>> {
        caller.require(Management::AccountsRead)?;
        let directory = self.store.directory(caller.organisation).await?;
        let listed = self.store.accounts_from(caller.organisation, &query, offset);
        let (accounts, total) = listed.await?;
        Ok(Counted {
            items: self.seen(caller.organisation, &directory, accounts).await?,
            total: u64::try_from(total).unwrap_or_default(),
        })
    }

    /// Accounts as lists show them.
    async fn seen(
        &self,
        organisation: OrganisationId,
        directory: &Directory,
        accounts: Vec<Account>,
    ) -> Result<Vec<AccountView>> {
        let ids: Vec<Uuid> = accounts.iter().map(|account| account.id.uuid()).collect();
        let mut sums = self.store.key_sums(organisation, &ids, self.clock.now()).await?;
        let owners = accounts.iter().filter_map(|account| account.owner);
        let mut owners: Vec<Uuid> = owners.map(UserId::uuid).collect();
        owners.sort_unstable();
        owners.dedup();
        let names = self.store.owner_names(organisation, &owners).await?;
        let views = accounts.into_iter().map(|account| AccountView {
            owner: account.owner.map(|id| AccountOwner {
                id,
                name: names.get(&id.uuid()).cloned().unwrap_or_default(),
            }),
            roles: roles_shown(directory, &account.roles),
            keys: sums.remove(&account.id.uuid()).unwrap_or_default(),
            account,
        });
        Ok(views.collect())
    }

    /// A page of the partners whose systems have accounts, by name.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.account.list_partners", skip_all)]
    pub async fn list_partners(
        &self,
        caller: &Caller,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<Partner>> {
        caller.require(Management::AccountsRead)?;
        let list = "partners";
        let is_name = |value: &_| store::accounts::AccountSort::Partner.fits(value);
        let after = read_cursor(cursor, list, is_name)?;
        let now = self.clock.now();
        Ok(self
            .store
            .partners(caller.organisation, now, after.as_ref(), limit, list)
            .await?)
    }

    /// What was done to a service account, newest first. An erased one has a history still.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.account.account_events", skip_all)]
    pub async fn account_events(
        &self,
        caller: &Caller,
        id: AccountId,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Events> {
        caller.require(Management::AuditRead)?;
        let query = AuditQuery {
            target: Some(id.to_string()),
            ..AuditQuery::default()
        };
        let page = self
            .audit_page(caller, query, limit, cursor, &format!("events {id}"))
            .await?;
        if page.items.is_empty() && cursor.is_none() {
            self.known_account(caller.organisation, id).await?;
        }
        Ok(page)
    }

    /// What was lately asked of a service account's keys, newest first.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.account.account_requests", skip_all)]
    pub async fn account_requests(
        &self,
        caller: &Caller,
        id: AccountId,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<Kept>> {
        caller.require(Management::UsageRead)?;
        self.known_account(caller.organisation, id).await?;
        self.requests_of(caller.organisation, Of::Owner(id.uuid()), limit, cursor)
            .await
    }

    /// The service account as the owner of keys, for a list of these.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.account.account_as_owner", skip_all)]
    pub async fn account_as_owner(&self, caller: &Caller, id: AccountId) -> Result<Owner> {
        caller.require(Management::KeysRead)?;
        self.known_account(caller.organisation, id).await?;
        Ok(Owner::ServiceAccount(id))
    }

    pub(crate) async fn known_account(&self, organisation: OrganisationId, id: AccountId) -> Result<Account> {
        self.store.account(organisation, id).await?.ok_or(NOT_FOUND)
    }

    pub(super) async fn account_view(
        &self,
        organisation: OrganisationId,
        id: AccountId,
    ) -> Result<AccountView> {
        let account = self.known_account(organisation, id).await?;
        let directory = self.store.directory(organisation).await?;
        let now = self.clock.now();
        let mut sums = self.store.key_sums(organisation, &[id.uuid()], now).await?;
        let owner = match account.owner {
            Some(id) => {
                let standing = self.store.user_standing(organisation, id).await?;
                let name = standing.map(|(name, _)| name).unwrap_or_default();
                Some(AccountOwner { id, name })
            }
            None => None,
        };
        Ok(AccountView {
            owner,
            roles: roles_shown(&directory, &account.roles),
            keys: sums.remove(&id.uuid()).unwrap_or_default(),
            account,
        })
    }
}

fn read_cursor(
    text: Option<&str>,
    list: &str,
    fits: impl Fn(&domain::page::SortValue) -> bool,
) -> Result<Option<Cursor>> {
    let cursor = text.map(|text| {
        let cursor = Cursor::decode(text, list)?;
        fits(&cursor.value)
            .then_some(cursor)
            .ok_or(CursorError::Unreadable)
    });
    cursor
        .transpose()
        .map_err(|error| AppError::field("cursor", error.to_string()))
}
