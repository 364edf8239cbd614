//! Roles, who holds them, and the directory that decisions read.

use std::collections::HashMap;
use std::sync::Arc;

use domain::access::{Directory, Standing};
use domain::id::{AccountId, KeyId, OrganisationId, RoleId, UserId};
use domain::role::Role;
use uuid::Uuid;

use crate::apis::unavailable;
use crate::changes::Change;
use crate::db::{Row, Value};
use crate::error::{Result, StoreError};
use crate::keys::{json, to_json};
use crate::tx::Tx;
use crate::{Store, params};

const COLUMNS: &str =
    "r.id, r.organisation, r.name, r.description, r.level, r.api, r.permissions, r.created_at, r.version";

/// What a directory is read from: the roles, each with whether its API is enabled for the organisation.
const STANDINGS: &str = "SELECT r.id, r.name, r.permissions, r.api IS NULL OR EXISTS (SELECT 1 FROM api_organisations ao \
    JOIN apis a ON a.id = ao.api WHERE ao.organisation = r.organisation AND ao.api = r.api AND ao.enabled = TRUE \
    AND a.enabled = TRUE) FROM roles r WHERE r.organisation = $1";
/// The permissions of the APIs that an organisation has, or had, and whether each is enabled for it.
const OFFERS: &str = "SELECT a.permissions, ao.enabled = TRUE AND a.enabled = TRUE FROM api_organisations ao \
    JOIN apis a ON a.id = ao.api WHERE ao.organisation = $1";

/// Who can hold a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Holder {
    /// A person.
    User(UserId),
    /// A service account.
    ServiceAccount(AccountId),
    /// A key.
    Key(KeyId),
}

impl Holder {
    fn columns(self) -> (&'static str, Uuid) {
        match self {
            Self::User(id) => ("user", id.uuid()),
            Self::ServiceAccount(id) => ("service_account", id.uuid()),
            Self::Key(id) => ("key", id.uuid()),
        }
    }

    fn read(kind: &str, id: Uuid) -> Result<Self> {
        match kind {
            "user" => Ok(Self::User(UserId::from_uuid(id))),
            "service_account" => Ok(Self::ServiceAccount(AccountId::from_uuid(id))),
            "key" => Ok(Self::Key(KeyId::from_uuid(id))),
            _ => Err(StoreError::Corrupt("role_holders.kind".to_owned())),
        }
    }
}

fn role_of(row: &Row) -> Result<Role> {
    let mut c = row.read();
    Ok(Role {
        id: c.next()?,
        organisation: c.next()?,
        name: c.next()?,
        description: c.next()?,
        level: c.next()?,
        api: c.next()?,
        permissions: json("permissions", &c.next::<String>()?)?,
        created_at: c.next()?,
        version: c.next()?,
    })
}

fn directory_of(standings: &[Row], offers: &[Row]) -> Result<Directory> {
    let mut roles = HashMap::with_capacity(standings.len());
    for row in standings {
        let mut c = row.read();
        let id: RoleId = c.next()?;
        let standing = Standing {
            name: c.next()?,
            grants: json("permissions", &c.next::<String>()?)?,
            available: c.next()?,
        };
        roles.insert(id, standing);
    }
    Ok(Directory {
        roles,
        unavailable: Arc::new(unavailable(offers)?),
    })
}

impl Store {
    /// What decisions need to know of an organisation, from one snapshot.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn directory(&self, organisation: OrganisationId) -> Result<Directory> {
        self.readers
            .snapshot(async |conn| {
                let standings = conn.query(STANDINGS, params![organisation]).await?;
                let offers = conn.query(OFFERS, params![organisation]).await?;
                directory_of(&standings, &offers)
            })
            .await
    }

    /// The organisation's own roles, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn roles(&self, organisation: OrganisationId) -> Result<Vec<Role>> {
        let sql = format!("SELECT {COLUMNS} FROM roles r WHERE r.organisation = $1 ORDER BY r.name_key");
        let rows = self.readers.query(&sql, params![organisation]).await?;
        rows.iter().map(role_of).collect()
    }

    /// One of the organisation's own roles.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn role(&self, organisation: OrganisationId, role: RoleId) -> Result<Option<Role>> {
        let sql = format!("SELECT {COLUMNS} FROM roles r WHERE r.organisation = $1 AND r.id = $2");
        let row = self.readers.query_opt(&sql, params![organisation, role]).await?;
        row.as_ref().map(role_of).transpose()
    }

    /// Who holds any of these roles; `limit` at the most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn holders(
        &self,
        organisation: OrganisationId,
        roles: &[RoleId],
        limit: u32,
    ) -> Result<Vec<Holder>> {
        let marks: Vec<String> = (3..roles.len() + 3).map(|n| format!("${n}")).collect();
        if marks.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT DISTINCT kind, holder FROM role_holders WHERE organisation = $1 AND role IN ({}) \
             ORDER BY kind, holder LIMIT $2",
            marks.join(", ")
        );
        let mut values = params![organisation, i64::from(limit)].to_vec();
        values.extend(roles.iter().map(|role| Value::from(*role)));
        let rows = self.readers.query(&sql, &values).await?;
        rows.iter()
            .map(|row| {
                let kind: String = row.get(0)?;
                Holder::read(&kind, row.get(1)?)
            })
            .collect()
    }

    /// How many hold a role, by kind.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_holders(
        &self,
        organisation: OrganisationId,
        role: RoleId,
    ) -> Result<Vec<(String, i64)>> {
        let sql = "SELECT kind, COUNT(*) FROM role_holders WHERE organisation = $1 AND role = $2 GROUP BY kind ORDER BY kind";
        let rows = self.readers.query(sql, params![organisation, role]).await?;
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
    }
}

impl Tx {
    /// See [`Store::directory`]; as this transaction sees it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn directory(&mut self, organisation: OrganisationId) -> Result<Directory> {
        let standings = self.conn().query(STANDINGS, params![organisation]).await?;
        let offers = self.conn().query(OFFERS, params![organisation]).await?;
        directory_of(&standings, &offers)
    }

    /// One of the organisation's own roles, locked until this transaction's end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn role(&mut self, organisation: OrganisationId, role: RoleId) -> Result<Option<Role>> {
        let lock = if self.is_sqlite() { "" } else { " FOR UPDATE" };
        let sql = format!("SELECT {COLUMNS} FROM roles r WHERE r.organisation = $1 AND r.id = $2{lock}");
        let row = self.conn().query_opt(&sql, params![organisation, role]).await?;
        row.as_ref().map(role_of).transpose()
    }

    /// Writes a new role. Nobody holds it yet, so nothing is to be forgotten.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the name is taken.
    pub async fn insert_role(&mut self, role: &Role) -> Result<()> {
        let sql = "INSERT INTO roles (id, organisation, name, name_key, description, level, api, permissions, created_at, \
                   version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let values = params![
            role.id,
            role.organisation,
            &*role.name,
            role.name.to_lowercase(),
            &*role.description,
            role.level,
            role.api,
            to_json(&role.permissions)?,
            role.created_at,
            role.version,
        ];
        self.conn().execute(sql, values).await?;
        Ok(())
    }

    /// Writes what may change of a role and counts its version up.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the name is taken; [`StoreError::RowMissing`] when there is no such role.
    pub async fn update_role(&mut self, role: &mut Role) -> Result<()> {
        role.version += 1;
        let sql = "UPDATE roles SET name = $3, name_key = $4, description = $5, level = $6, api = $7, permissions = $8, \
                   version = $9 WHERE organisation = $1 AND id = $2";
        let values = params![
            role.organisation,
            role.id,
            &*role.name,
            role.name.to_lowercase(),
            &*role.description,
            role.level,
            role.api,
            to_json(&role.permissions)?,
            role.version,
        ];
        if self.conn().execute(sql, values).await? == 0 {
            return Err(StoreError::RowMissing);
        }
        self.changed(Change::Organisation(role.organisation));
        Ok(())
    }

    /// Removes a role that nobody holds.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_role(&mut self, organisation: OrganisationId, role: RoleId) -> Result<()> {
        let sql = "DELETE FROM roles WHERE organisation = $1 AND id = $2";
        self.conn().execute(sql, params![organisation, role]).await?;
        self.changed(Change::Organisation(organisation));
        Ok(())
    }

    /// Whether anybody holds a role.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_held(&mut self, organisation: OrganisationId, role: RoleId) -> Result<bool> {
        let sql = "SELECT 1 FROM role_holders WHERE organisation = $1 AND role = $2 LIMIT 1";
        Ok(self
            .conn()
            .query_opt(sql, params![organisation, role])
            .await?
            .is_some())
    }

    /// Notes which roles a holder has, from the roles' side. The holder's own row is for its noun to write.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn set_holder(
        &mut self,
        organisation: OrganisationId,
        holder: Holder,
        roles: &[RoleId],
    ) -> Result<()> {
        let (kind, id) = holder.columns();
        let sql = "DELETE FROM role_holders WHERE holder = $1";
        self.conn().execute(sql, params![id]).await?;
        let sql = "INSERT INTO role_holders (organisation, role, kind, holder) VALUES ($1, $2, $3, $4)";
        let rows: Vec<Vec<Value>> = roles
            .iter()
            .map(|role| params![organisation, *role, kind, id].to_vec())
            .collect();
        self.conn().execute_many(sql, &rows).await
    }
}
