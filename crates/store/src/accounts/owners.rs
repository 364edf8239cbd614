//! Whom keys stand for: what a key needs to know of its owner, whatever kind that is.

use std::collections::HashMap;

use domain::id::{OrganisationId, RoleId, UserId};
use domain::key::Owner;
use uuid::Uuid;

use crate::db::{Row, Value};
use crate::error::Result;
use crate::keys::{json, owner_of};
use crate::tx::Tx;
use crate::{Store, params};

/// What a key needs to know of its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerStanding {
    /// What people call it.
    pub name: String,
    /// Its roles; none for the organisation, whose keys are not narrowed by any.
    pub roles: Option<Vec<RoleId>>,
    /// What it is known by beside its id: username and email address, in lower case.
    pub known_as: Vec<String>,
    /// Whether it was deleted.
    pub is_deleted: bool,
}

/// What an owner is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnerLabel {
    /// By people.
    pub name: String,
    /// By systems: an account's username, a person's email address.
    pub login: String,
    /// The business partner whose system an account is; empty for none.
    pub partner: String,
}

const ORGANISATION: &str = "SELECT name FROM organisations WHERE id = $1 AND id = $2";
const ACCOUNT: &str = "SELECT name, roles, username_key, email_key, deleted_at IS NOT NULL FROM service_accounts \
    WHERE organisation = $1 AND id = $2";
const USER: &str =
    "SELECT name, roles, email_key, NULL, FALSE FROM users WHERE organisation = $1 AND id = $2";

fn question(owner: Owner) -> &'static str {
    match owner {
        Owner::Organisation(_) => ORGANISATION,
        Owner::ServiceAccount(_) => ACCOUNT,
        Owner::User(_) => USER,
    }
}

fn standing_of(owner: Owner, row: &Row) -> Result<OwnerStanding> {
    let mut c = row.read();
    let name = c.next()?;
    if matches!(owner, Owner::Organisation(_)) {
        return Ok(OwnerStanding {
            name,
            roles: None,
            known_as: Vec::new(),
            is_deleted: false,
        });
    }
    let roles = Some(json("roles", &c.next::<String>()?)?);
    let known_as = [c.next::<Option<String>>()?, c.next()?];
    Ok(OwnerStanding {
        name,
        roles,
        known_as: known_as.into_iter().flatten().collect(),
        is_deleted: c.next()?,
    })
}

impl Store {
    /// What a key needs to know of its owner; none where the organisation has no such owner.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn owner_standing(
        &self,
        organisation: OrganisationId,
        owner: Owner,
    ) -> Result<Option<OwnerStanding>> {
        let row = self
            .readers
            .query_opt(question(owner), params![organisation, owner.uuid()])
            .await?;
        row.map(|row| standing_of(owner, &row)).transpose()
    }

    /// The service account of that username, or else the person of that address, in any case; none where the organisation
    /// has neither. A deleted account is not found.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn owner_known_as(&self, organisation: OrganisationId, text: &str) -> Result<Option<Owner>> {
        let known = self.owners_of_login(organisation, text).await?;
        let account = known
            .iter()
            .find(|owner| matches!(owner, Owner::ServiceAccount(_)));
        Ok(account.or(known.first()).copied())
    }

    /// What these accounts and people of an organisation are called.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn owner_labels(
        &self,
        organisation: OrganisationId,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, OwnerLabel>> {
        let mut labels = HashMap::with_capacity(ids.len());
        // A statement takes as many values as this on either engine.
        for ids in ids.chunks(500) {
            let marks: Vec<String> = (2..ids.len() + 2).map(|n| format!("${n}")).collect();
            let marks = marks.join(", ");
            let sql = format!(
                "SELECT id, name, username, partner FROM service_accounts WHERE organisation = $1 AND id IN ({marks}) \
                 UNION ALL SELECT id, name, email, '' FROM users WHERE organisation = $1 AND id IN ({marks})"
            );
            let mut values = params![organisation].to_vec();
            values.extend(ids.iter().map(|id| Value::from(*id)));
            for row in self.readers.query(&sql, &values).await? {
                let mut c = row.read();
                let id: Uuid = c.next()?;
                let label = OwnerLabel {
                    name: c.next()?,
                    login: c.next()?,
                    partner: c.next()?,
                };
                labels.insert(id, label);
            }
        }
        Ok(labels)
    }

    /// The service accounts and the people of an organisation that are known by this username or email address in any
    /// case; a deleted account is known no more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn owners_of_login(&self, organisation: OrganisationId, login: &str) -> Result<Vec<Owner>> {
        // PostgreSQL refuses U+0000 in a value, and no name holds it.
        if login.contains('\0') {
            return Ok(Vec::new());
        }
        let sql = "SELECT 'service_account', id FROM service_accounts \
                   WHERE organisation = $1 AND username_key = $2 AND deleted_at IS NULL \
                   UNION ALL SELECT 'user', id FROM users WHERE organisation = $1 AND email_key = $2";
        let rows = self
            .readers
            .query(sql, params![organisation, login.to_lowercase()])
            .await?;
        rows.iter()
            .map(|row| {
                let kind: String = row.get(0)?;
                owner_of(&kind, row.get(1)?)
            })
            .collect()
    }

    /// The names of these accounts and people of an organisation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn owner_names(
        &self,
        organisation: OrganisationId,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, String>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let marks: Vec<String> = (2..ids.len() + 2).map(|n| format!("${n}")).collect();
        let marks = marks.join(", ");
        let sql = format!(
            "SELECT id, name FROM service_accounts WHERE organisation = $1 AND id IN ({marks}) \
             UNION ALL SELECT id, name FROM users WHERE organisation = $1 AND id IN ({marks})"
        );
        let mut values = params![organisation].to_vec();
        values.extend(ids.iter().map(|id| Value::from(*id)));
        let rows = self.readers.query(&sql, &values).await?;
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
    }

    /// The name of a user of the organisation, and whether they are active.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn user_standing(
        &self,
        organisation: OrganisationId,
        user: UserId,
    ) -> Result<Option<(String, bool)>> {
        let row = self
            .readers
            .query_opt(USER_STATE, params![organisation, user])
            .await?;
        row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
    }
}

const USER_STATE: &str = "SELECT name, status = 'active' FROM users WHERE organisation = $1 AND id = $2";

impl Tx {
    /// See [`Store::owner_standing`]; as this transaction sees it. An account is locked until its end, so that a key
    /// cannot be given to one that is deleted at the same time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn owner_standing(
        &mut self,
        organisation: OrganisationId,
        owner: Owner,
    ) -> Result<Option<OwnerStanding>> {
        let lock = match owner {
            Owner::ServiceAccount(_) | Owner::User(_) if !self.is_sqlite() => " FOR SHARE",
            _ => "",
        };
        let sql = format!("{}{lock}", question(owner));
        let row = self
            .conn()
            .query_opt(&sql, params![organisation, owner.uuid()])
            .await?;
        row.map(|row| standing_of(owner, &row)).transpose()
    }

    /// See [`Store::user_standing`]; as this transaction sees it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn user_standing(
        &mut self,
        organisation: OrganisationId,
        user: UserId,
    ) -> Result<Option<(String, bool)>> {
        let row = self
            .conn()
            .query_opt(USER_STATE, params![organisation, user])
            .await?;
        row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
    }
}
