//! Use cases of service accounts, a verb a file.

mod create;
pub(crate) use create::{check, draw_up, write};
mod delete;
mod edit;
mod import;
mod read;
mod switch;

pub(crate) use create::{check, make};
pub use delete::DeletedAccount;
pub use import::{Imported, ImportedAccount};
pub use read::{AccountFilter, AccountOwner, AccountView};

use domain::access::Directory;
use domain::account::{Account, CheckedAccount, is_plain};
use domain::audit::Target;
use domain::id::{AccountId, OrganisationId, RoleId};
use domain::input::FieldError;
use domain::policy::{EmailRule, Policy, UsernameRule};
use serde_json::{Map, Value, json};
use store::Tx;

use crate::Caller;
use crate::access::roles_named;
use crate::error::{AppError, Result};

pub(crate) fn target(account: &Account) -> Target {
    Target {
        kind: "service_account".to_owned(),
        id: account.id.to_string(),
        name: account.name.clone(),
    }
}

async fn locked(tx: &mut Tx, organisation: OrganisationId, account: AccountId) -> Result<Account> {
    tx.account(organisation, account).await?.ok_or(NOT_FOUND)
}

const NOT_FOUND: AppError = AppError::NotFound {
    what: "service account",
};

fn refuse_over(account: &Account) -> Result<()> {
    if account.deleted_at.is_some() {
        return Err(AppError::conflict(
            "account_over",
            "the service account was deleted; that cannot be undone",
        ));
    }
    Ok(())
}

/// An account's facts as the audit log knows them.
fn facts(account: &Account) -> Map<String, Value> {
    let shown = json!({
        "name": account.name, "username": account.username, "email": account.email, "partner": account.partner,
        "owner": account.owner, "purpose": account.purpose, "tags": account.tags, "roles": account.roles,
        "rate_limits": account.rate_limits,
        "active": account.active, "deleted_at": account.deleted_at,
    });
    match shown {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// What changed between two states of an account: `{"field": {"before": …, "after": …}}`.
pub(crate) fn difference(before: Option<&Account>, after: &Account) -> Value {
    crate::difference::difference(before.map(facts).as_ref(), Some(&facts(after)))
}

/// The roles of an account whose maker names none.
fn usual_roles(policy: &Policy, directory: &Directory) -> Result<Vec<RoleId>> {
    let roles = &policy.accounts.default_roles;
    roles_named(directory, roles).map_err(|_| {
        AppError::Refused(
            "the organisation's policy names a role in accounts.default_roles that is gone; name roles"
                .to_owned(),
        )
    })
}

/// Lays the fields over an account, as the policy and the organisation's other accounts let it be. Every fault is named
/// at once.
async fn lay(
    tx: &mut Tx,
    by: &Caller,
    policy: &Policy,
    directory: &Directory,
    fields: CheckedAccount,
    before: &Account,
) -> Result<Account> {
    let mut faults = Vec::new();
    let mut account = before.clone();
    account.name = fields.name.unwrap_or(account.name);
    account.email = fields.email.clone().unwrap_or(account.email);
    account.partner = fields.partner.unwrap_or(account.partner);
    account.purpose = fields.purpose.unwrap_or(account.purpose);
    account.tags = fields.tags.unwrap_or(account.tags);
    account.rate_limits = fields.rate_limits.unwrap_or(account.rate_limits);
    // An account from before the policy asked for an address stays as it is until somebody gives it one.
    let needs_email = before.username.is_empty() || before.email.is_some();
    let follows = policy.accounts.username == UsernameRule::Email;
    match (fields.username, &account.email) {
        (Some(username), Some(email)) if follows && !username.eq_ignore_ascii_case(email) => {
            let detail = "is the email address here, by the organisation's policy";
            faults.push(FieldError::new("username", detail));
        }
        (_, Some(email)) if follows => {
            // One that was chosen freely before stays until the address is changed.
            if fields.email.is_some() {
                account.username.clone_from(email);
            }
        }
        (_, None) if follows && needs_email => {
            let detail = "is needed: it is the username, by the organisation's policy";
            faults.push(FieldError::new("email", detail));
        }
        (Some(username), _) => account.username = username,
        (None, _) => {}
    }
    if account.username.is_empty() && faults.is_empty() {
        faults.push(FieldError::new("username", "a username is needed"));
    }
    if account.username != before.username {
        if !is_plain(&account.username) {
            let detail = "is the username here, and that is of ASCII letters, digits and . _ @ + - alone";
            faults.push(FieldError::new("email", detail));
        } else if tx
            .is_username_taken(by.organisation, &account.username, account.id)
            .await?
        {
            let detail =
                "is taken: usernames are unique in any case, and are not given to another account again";
            faults.push(FieldError::new("username", detail));
        }
    }
    email(tx, policy, &account, before, &mut faults).await?;
    if let Some(owner) = fields.owner {
        account.owner = owner;
    }
    if let Some(owner) = account.owner.filter(|owner| before.owner != Some(*owner)) {
        match tx.user_standing(by.organisation, owner).await? {
            Some((_, true)) => {}
            Some((_, false)) => faults.push(FieldError::new("owner", "is not active")),
            None => faults.push(FieldError::new("owner", "there is no such user")),
        }
    }
    if let Some(roles) = fields.roles {
        match roles_named(directory, &roles) {
            Ok(roles) => account.roles = roles,
            Err(AppError::Invalid(unknown)) => faults.extend(unknown),
            Err(other) => return Err(other),
        }
    }
    if !faults.is_empty() {
        return Err(faults.into());
    }
    by.may_assign(directory, &account.roles, &before.roles)?;
    Ok(account)
}

async fn email(
    tx: &mut Tx,
    policy: &Policy,
    account: &Account,
    before: &Account,
    faults: &mut Vec<FieldError>,
) -> Result<()> {
    if policy.accounts.email != EmailRule::RequiredUnique {
        return Ok(());
    }
    let needed = before.username.is_empty() || before.email.is_some();
    match &account.email {
        None if needed && faults.iter().all(|fault| fault.field != "email") => {
            let detail = "is needed, by the organisation's policy";
            faults.push(FieldError::new("email", detail));
        }
        Some(email) if before.email.as_ref() != Some(email) => {
            // Asked under a lock, so that two accounts that are made at once cannot both have it.
            tx.lock_organisation(account.organisation).await?;
            if tx
                .is_account_email_taken(account.organisation, email, account.id)
                .await?
            {
                let detail =
                    "belongs to another service account, and the organisation's policy gives each its own";
                faults.push(FieldError::new("email", detail));
            }
        }
        _ => {}
    }
    Ok(())
}
