//! Service accounts: reading and writing their rows, and what their keys add up to.

mod list;
mod owners;
mod sums;

use domain::account::Account;
use domain::id::{AccountId, OrganisationId};

pub use list::{AccountQuery, AccountSort, AccountStatuses};
pub use owners::{OwnerLabel, OwnerStanding};
pub use sums::{KeySums, Partner};

use crate::changes::Change;
use crate::db::Row;
use crate::error::{Result, StoreError};
use crate::keys::{json, to_json};
use crate::roles::Holder;
use crate::tx::Tx;
use crate::{Store, params};

const COLUMNS: &str = "a.id, a.organisation, a.name, a.username, a.email, a.partner, a.owner, a.purpose, a.tags, \
    a.roles, a.rate_limits, a.active, a.deleted_at, a.created_at, a.created_by, a.version";

fn account_of(row: &Row) -> Result<Account> {
    let mut c = row.read();
    Ok(Account {
        id: c.next()?,
        organisation: c.next()?,
        name: c.next()?,
        username: c.next()?,
        email: c.next()?,
        partner: c.next()?,
        owner: c.next()?,
        purpose: c.next()?,
        tags: json("tags", &c.next::<String>()?)?,
        roles: json("roles", &c.next::<String>()?)?,
        rate_limits: json("rate_limits", &c.next::<String>()?)?,
        active: c.next()?,
        deleted_at: c.next()?,
        created_at: c.next()?,
        created_by: json("created_by", &c.next::<String>()?)?,
        version: c.next()?,
    })
}

/// What is searched, in lower case, apart by line.
fn search_text(account: &Account) -> String {
    let email = account.email.as_deref().unwrap_or_default();
    let Account {
        name,
        username,
        partner,
        purpose,
        ..
    } = account;
    format!("{name}\n{username}\n{email}\n{partner}\n{purpose}").to_lowercase()
}

impl Store {
    /// One service account of an organisation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account(&self, organisation: OrganisationId, account: AccountId) -> Result<Option<Account>> {
        let sql = format!("SELECT {COLUMNS} FROM service_accounts a WHERE a.organisation = $1 AND a.id = $2");
        let row = self
            .readers
            .query_opt(&sql, params![organisation, account])
            .await?;
        row.as_ref().map(account_of).transpose()
    }
}

impl Tx {
    /// One service account of an organisation, locked until this transaction's end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account(
        &mut self,
        organisation: OrganisationId,
        account: AccountId,
    ) -> Result<Option<Account>> {
        let lock = if self.is_sqlite() { "" } else { " FOR UPDATE" };
        let sql =
            format!("SELECT {COLUMNS} FROM service_accounts a WHERE a.organisation = $1 AND a.id = $2{lock}");
        let row = self
            .conn()
            .query_opt(&sql, params![organisation, account])
            .await?;
        row.as_ref().map(account_of).transpose()
    }

    /// Keeps other nodes from changing what an organisation's keys and accounts are counted by, until this
    /// transaction's end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lock_organisation(&mut self, organisation: OrganisationId) -> Result<()> {
        // SQLite has one writer.
        if !self.is_sqlite() {
            let sql = "SELECT 1 FROM organisations WHERE id = $1 FOR UPDATE";
            self.conn().query_opt(sql, params![organisation]).await?;
        }
        Ok(())
    }

    /// Whether another service account has, or ever had, this username in any case.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_username_taken(
        &mut self,
        organisation: OrganisationId,
        username: &str,
        by_other_than: AccountId,
    ) -> Result<bool> {
        let sql = "SELECT account FROM account_usernames WHERE organisation = $1 AND username_key = $2";
        let key = username.to_lowercase();
        let row = self.conn().query_opt(sql, params![organisation, key]).await?;
        let taken = row.map(|row| row.get::<AccountId>(0)).transpose()?;
        Ok(taken.is_some_and(|account| account != by_other_than))
    }

    /// Whether another service account that is not deleted has this email address in any case.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_account_email_taken(
        &mut self,
        organisation: OrganisationId,
        email: &str,
        by_other_than: AccountId,
    ) -> Result<bool> {
        let sql = "SELECT 1 FROM service_accounts WHERE organisation = $1 AND email_key = $2 AND id <> $3 \
                   AND deleted_at IS NULL LIMIT 1";
        let values = params![organisation, email.to_lowercase(), by_other_than];
        Ok(self.conn().query_opt(sql, values).await?.is_some())
    }

    /// Writes a new service account. It has no keys yet, so nothing is to be forgotten.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the username is taken.
    pub async fn insert_account(&mut self, account: &Account) -> Result<()> {
        let sql = "INSERT INTO service_accounts (id, organisation, name, name_sort, username, username_key, email, \
                   email_key, partner, partner_key, owner, purpose, tags, roles, active, deleted_at, created_at, \
                   created_by, search, version, rate_limits) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, \
                   $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)";
        let values = params![
            account.id,
            account.organisation,
            &*account.name,
            account.name.to_lowercase(),
            &*account.username,
            account.username.to_lowercase(),
            account.email.clone(),
            account.email.as_deref().map(str::to_lowercase),
            &*account.partner,
            account.partner.to_lowercase(),
            account.owner,
            &*account.purpose,
            to_json(&account.tags)?,
            to_json(&account.roles)?,
            account.active,
            account.deleted_at,
            account.created_at,
            to_json(&account.created_by)?,
            search_text(account),
            account.version,
            to_json(&account.rate_limits)?,
        ];
        self.conn().execute(sql, values).await?;
        self.note_username(account).await?;
        self.set_holder(
            account.organisation,
            Holder::ServiceAccount(account.id),
            &account.roles,
        )
        .await
    }

    /// Writes what may change of a service account, counts its version up and has all its keys forgotten; `before` is
    /// what it was.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the username is taken; [`StoreError::RowMissing`] when there is no such account.
    pub async fn update_account(&mut self, before: &Account, account: &mut Account) -> Result<()> {
        account.version = before.version + 1;
        let sql = "UPDATE service_accounts SET name = $3, name_sort = $4, username = $5, username_key = $6, email = $7, \
                   email_key = $8, partner = $9, partner_key = $10, owner = $11, purpose = $12, tags = $13, roles = $14, \
                   active = $15, deleted_at = $16, search = $17, version = $18, rate_limits = $19 WHERE organisation = $1 AND id = $2";
        let values = params![
            account.organisation,
            account.id,
            &*account.name,
            account.name.to_lowercase(),
            &*account.username,
            account.username.to_lowercase(),
            account.email.clone(),
            account.email.as_deref().map(str::to_lowercase),
            &*account.partner,
            account.partner.to_lowercase(),
            account.owner,
            &*account.purpose,
            to_json(&account.tags)?,
            to_json(&account.roles)?,
            account.active,
            account.deleted_at,
            search_text(account),
            account.version,
            to_json(&account.rate_limits)?,
        ];
        if self.conn().execute(sql, values).await? == 0 {
            return Err(StoreError::RowMissing);
        }
        if before.username != account.username {
            self.note_username(account).await?;
        }
        if before.roles != account.roles {
            self.set_holder(
                account.organisation,
                Holder::ServiceAccount(account.id),
                &account.roles,
            )
            .await?;
        }
        self.changed(Change::Owner(account.organisation, account.id.uuid()));
        Ok(())
    }

    /// Removes a service account whose keys are gone; its usernames stay taken.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn erase_account(&mut self, organisation: OrganisationId, account: AccountId) -> Result<()> {
        self.set_holder(organisation, Holder::ServiceAccount(account), &[])
            .await?;
        let sql = "DELETE FROM service_accounts WHERE organisation = $1 AND id = $2";
        self.conn().execute(sql, params![organisation, account]).await?;
        self.forget_idle(organisation, account.uuid()).await?;
        self.changed(Change::Owner(organisation, account.uuid()));
        Ok(())
    }

    async fn note_username(&mut self, account: &Account) -> Result<()> {
        // A username that the account had before is its own; another's stays with the other, and is a conflict.
        let sql = "INSERT INTO account_usernames (organisation, username_key, account) VALUES ($1, $2, $3) \
                   ON CONFLICT (organisation, username_key) DO UPDATE SET account = excluded.account \
                   WHERE account_usernames.account = excluded.account";
        let values = params![account.organisation, account.username.to_lowercase(), account.id];
        if self.conn().execute(sql, values).await? == 0 {
            return Err(StoreError::Conflict {
                constraint: "account_usernames".to_owned(),
            });
        }
        Ok(())
    }
}
