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
use crate::principals::{HolderKind, marks};
use crate::tx::Tx;
use crate::{Store, params};

const COLUMNS: &str =
    "r.id, r.organisation, r.name, r.description, r.level, r.api, r.permissions, r.created_at, r.version";

/// What a directory is read from: the roles, each with whether its API is enabled for the organisation.
const STANDINGS: &str = "SELECT r.id, r.name, r.permissions, r.level, r.api IS NULL OR EXISTS (SELECT 1 FROM api_organisations ao \
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
        let id = match self {
            Self::User(id) => id.uuid(),
            Self::ServiceAccount(id) => id.uuid(),
            Self::Key(id) => id.uuid(),
        };
        (self.kind().as_str(), id)
    }

    /// Its kind.
    pub fn kind(self) -> HolderKind {
        match self {
            Self::User(_) => HolderKind::User,
            Self::ServiceAccount(_) => HolderKind::ServiceAccount,
            Self::Key(_) => HolderKind::Key,
        }
    }

    /// Its id in the stored form.
    pub fn uuid(self) -> Uuid {
        self.columns().1
    }

    pub(crate) fn read(kind: &str, id: Uuid) -> Result<Self> {
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
            level: c.next()?,
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
        if roles.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT DISTINCT kind, holder FROM role_holders WHERE organisation = $1 AND role IN ({}) \
             ORDER BY kind, holder LIMIT $2",
            marks(3, roles.len())
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

    /// How many hold each of these roles; roles that nobody holds are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_holders(
        &self,
        organisation: OrganisationId,
        roles: &[RoleId],
    ) -> Result<HashMap<RoleId, Holders>> {
        if roles.is_empty() {
            return Ok(HashMap::new());
        }
        let (sql, values) = counting(organisation, roles);
        counts_of(&self.readers.query_long(sql, values).await?)
    }
}

/// How many hold a role. Keys that were revoked or deleted hold nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, utoipa::ToSchema)]
#[schema(as = RoleHolders)]
pub struct Holders {
    /// People.
    pub users: i64,
    /// Service accounts.
    pub service_accounts: i64,
    /// Keys.
    pub keys: i64,
}

impl Holders {
    /// All of them.
    pub fn total(self) -> i64 {
        self.users + self.service_accounts + self.keys
    }
}

fn counting(organisation: OrganisationId, roles: &[RoleId]) -> (String, Vec<Value>) {
    let sql = format!(
        "SELECT role, kind, COUNT(*) FROM role_holders WHERE organisation = $1 AND role IN ({}) GROUP BY role, kind",
        marks(2, roles.len())
    );
    let mut values = params![organisation].to_vec();
    values.extend(roles.iter().map(|role| Value::from(*role)));
    (sql, values)
}

fn counts_of(rows: &[Row]) -> Result<HashMap<RoleId, Holders>> {
    let mut counts: HashMap<RoleId, Holders> = HashMap::new();
    for row in rows {
        let mut c = row.read();
        let of_role = counts.entry(c.next()?).or_default();
        let kind: String = c.next()?;
        let count = c.next()?;
        match kind.as_str() {
            "user" => of_role.users = count,
            "service_account" => of_role.service_accounts = count,
            _ => of_role.keys = count,
        }
    }
    Ok(counts)
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

    /// Writes a new role. Nobody holds it yet, but directories that were read before do not know it.
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
        self.changed(Change::Organisation(role.organisation));
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

    /// Removes a role that nobody holds any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_role(&mut self, organisation: OrganisationId, role: RoleId) -> Result<()> {
        for sql in [
            "DELETE FROM role_holders WHERE organisation = $1 AND role = $2",
            "DELETE FROM roles WHERE organisation = $1 AND id = $2",
        ] {
            self.conn().execute(sql, params![organisation, role]).await?;
        }
        self.changed(Change::Organisation(organisation));
        Ok(())
    }

    /// How many hold a role.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_holders(&mut self, organisation: OrganisationId, role: RoleId) -> Result<Holders> {
        let (sql, values) = counting(organisation, &[role]);
        let rows = self.conn().query(&sql, &values).await?;
        Ok(counts_of(&rows)?.remove(&role).unwrap_or_default())
    }

    /// How many roles of its own an organisation has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_roles(&mut self, organisation: OrganisationId) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM roles WHERE organisation = $1";
        self.conn().query_one(sql, params![organisation]).await?.get(0)
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
