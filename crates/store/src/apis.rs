//! APIs, and for which organisations they are enabled.

use std::collections::BTreeSet;

use domain::access::Unavailable;
use domain::api::{Api, Permission};
use domain::id::{ApiId, OrganisationId};

use crate::changes::Change;
use crate::db::Row;
use crate::error::{Result, StoreError};
use crate::keys::{json, to_json};
use crate::tx::Tx;
use crate::{Store, params};

const COLUMNS: &str = "a.id, a.organisation, a.slug, a.name, a.description, a.enabled, a.permissions, a.routes, a.created_at, a.version";

/// An API as an organisation sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// The API.
    pub api: Api,
    /// Whether it is enabled for the organisation; whether it is for anybody is the API's own to say.
    pub enabled: bool,
}

fn api_of(c: &mut crate::db::Reader<'_>) -> Result<Api> {
    Ok(Api {
        id: c.next()?,
        organisation: c.next()?,
        slug: c.next()?,
        name: c.next()?,
        description: c.next()?,
        enabled: c.next()?,
        permissions: json("permissions", &c.next::<String>()?)?,
        routes: json("routes", &c.next::<String>()?)?,
        created_at: c.next()?,
        version: c.next()?,
    })
}

fn offered_of(row: &Row) -> Result<Offered> {
    let mut c = row.read();
    Ok(Offered {
        api: api_of(&mut c)?,
        enabled: c.next()?,
    })
}

/// The permissions that are declared by APIs that are not enabled, and by none that is.
pub(crate) fn unavailable(offers: &[Row]) -> Result<Unavailable> {
    let (mut gone, mut there) = (BTreeSet::new(), BTreeSet::new());
    for row in offers {
        let permissions: Vec<Permission> = json("permissions", &row.get::<String>(0)?)?;
        let names = permissions.into_iter().map(|permission| permission.name);
        if row.get(1)? {
            there.extend(names);
        } else {
            gone.extend(names);
        }
    }
    Ok(gone.difference(&there).map(String::as_str).collect())
}

impl Store {
    /// The APIs that an organisation keeps or was ever let in to, by slug.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn apis(&self, organisation: OrganisationId) -> Result<Vec<Offered>> {
        let sql = format!(
            "SELECT {COLUMNS}, ao.enabled FROM api_organisations ao JOIN apis a ON a.id = ao.api \
             WHERE ao.organisation = $1 ORDER BY a.slug, a.id"
        );
        let rows = self.readers.query(&sql, params![organisation]).await?;
        rows.iter().map(offered_of).collect()
    }

    /// One API that an organisation keeps or was ever let in to.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn api(&self, organisation: OrganisationId, api: ApiId) -> Result<Option<Offered>> {
        let sql = format!(
            "SELECT {COLUMNS}, ao.enabled FROM api_organisations ao JOIN apis a ON a.id = ao.api \
             WHERE ao.organisation = $1 AND ao.api = $2"
        );
        let row = self.readers.query_opt(&sql, params![organisation, api]).await?;
        row.as_ref().map(offered_of).transpose()
    }

    /// The slugs of the organisations that an API is, or was, enabled for, and whether it is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn api_organisations(&self, api: ApiId) -> Result<Vec<(String, bool)>> {
        let sql = "SELECT o.slug, ao.enabled FROM api_organisations ao JOIN organisations o ON o.id = ao.organisation \
                   WHERE ao.api = $1 ORDER BY o.slug";
        let rows = self.readers.query(sql, params![api]).await?;
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
    }
}

impl Tx {
    /// One API that an organisation keeps, locked until this transaction's end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn kept_api(&mut self, organisation: OrganisationId, api: ApiId) -> Result<Option<Api>> {
        let lock = if self.is_sqlite() { "" } else { " FOR UPDATE" };
        let sql = format!("SELECT {COLUMNS} FROM apis a WHERE a.organisation = $1 AND a.id = $2{lock}");
        let row = self.conn().query_opt(&sql, params![organisation, api]).await?;
        row.map(|row| api_of(&mut row.read())).transpose()
    }

    /// Whether an API is enabled for an organisation; none where it never was.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn offer(&mut self, organisation: OrganisationId, api: ApiId) -> Result<Option<bool>> {
        let sql = "SELECT enabled FROM api_organisations WHERE organisation = $1 AND api = $2";
        let row = self.conn().query_opt(sql, params![organisation, api]).await?;
        row.map(|row| row.get(0)).transpose()
    }

    /// The API of that slug that an organisation keeps or was ever let in to.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn api_by_slug(&mut self, organisation: OrganisationId, slug: &str) -> Result<Option<ApiId>> {
        let sql = "SELECT a.id FROM api_organisations ao JOIN apis a ON a.id = ao.api \
                   WHERE ao.organisation = $1 AND a.slug = $2";
        let row = self.conn().query_opt(sql, params![organisation, slug]).await?;
        row.map(|row| row.get(0)).transpose()
    }

    /// Whether anybody who has this API has another one of that slug.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_slug_taken(&mut self, api: ApiId, slug: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM api_organisations own JOIN api_organisations ao ON ao.organisation = own.organisation \
                   JOIN apis a ON a.id = ao.api WHERE own.api = $1 AND a.id <> $1 AND a.slug = $2 LIMIT 1";
        Ok(self.conn().query_opt(sql, params![api, slug]).await?.is_some())
    }

    /// The permissions of the APIs that an organisation has, or had, and others keep.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn kept_by_others(&mut self, organisation: OrganisationId) -> Result<BTreeSet<String>> {
        let sql = "SELECT a.permissions FROM api_organisations ao JOIN apis a ON a.id = ao.api \
                   WHERE ao.organisation = $1 AND a.organisation <> $1";
        let mut names = BTreeSet::new();
        for row in self.conn().query(sql, params![organisation]).await? {
            let permissions: Vec<Permission> = json("permissions", &row.get::<String>(0)?)?;
            names.extend(permissions.into_iter().map(|permission| permission.name));
        }
        Ok(names)
    }

    /// How many roles belong to an API, in all organisations.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_roles_of_api(&mut self, api: ApiId) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM roles WHERE api = $1";
        self.conn().query_one(sql, params![api]).await?.get(0)
    }

    /// How many APIs an organisation keeps.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_apis(&mut self, organisation: OrganisationId) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM apis WHERE organisation = $1";
        self.conn().query_one(sql, params![organisation]).await?.get(0)
    }

    /// Writes a new API, enabled for the organisation that keeps it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the slug is taken.
    pub async fn insert_api(&mut self, api: &Api) -> Result<()> {
        let sql = "INSERT INTO apis (id, organisation, slug, name, description, enabled, permissions, routes, created_at, \
                   version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let values = params![
            api.id,
            api.organisation,
            &*api.slug,
            &*api.name,
            &*api.description,
            api.enabled,
            to_json(&api.permissions)?,
            to_json(&api.routes)?,
            api.created_at,
            api.version,
        ];
        self.conn().execute(sql, values).await?;
        self.offer_api(api.organisation, api.id, true).await
    }

    /// Writes what may change of an API and counts its version up.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the slug is taken; [`StoreError::RowMissing`] when there is no such API.
    pub async fn update_api(&mut self, api: &mut Api) -> Result<()> {
        api.version += 1;
        let sql = "UPDATE apis SET slug = $3, name = $4, description = $5, enabled = $6, permissions = $7, routes = $8, \
                   version = $9 WHERE organisation = $1 AND id = $2";
        let values = params![
            api.organisation,
            api.id,
            &*api.slug,
            &*api.name,
            &*api.description,
            api.enabled,
            to_json(&api.permissions)?,
            to_json(&api.routes)?,
            api.version,
        ];
        if self.conn().execute(sql, values).await? == 0 {
            return Err(StoreError::RowMissing);
        }
        self.api_changed(api.id).await
    }

    /// Removes an API that no role belongs to.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] while a role belongs to it.
    pub async fn delete_api(&mut self, organisation: OrganisationId, api: ApiId) -> Result<()> {
        self.api_changed(api).await?;
        let sql = "DELETE FROM apis WHERE organisation = $1 AND id = $2";
        self.conn().execute(sql, params![organisation, api]).await?;
        Ok(())
    }

    /// Enables or disables an API for an organisation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn offer_api(&mut self, organisation: OrganisationId, api: ApiId, enabled: bool) -> Result<()> {
        let sql = "INSERT INTO api_organisations (organisation, api, enabled) VALUES ($1, $2, $3) \
                   ON CONFLICT (organisation, api) DO UPDATE SET enabled = excluded.enabled";
        self.conn()
            .execute(sql, params![organisation, api, enabled])
            .await?;
        self.changed(Change::Organisation(organisation));
        Ok(())
    }

    /// Everybody to whom it is offered must learn of it.
    async fn api_changed(&mut self, api: ApiId) -> Result<()> {
        let sql = "SELECT organisation FROM api_organisations WHERE api = $1 ORDER BY organisation";
        let rows = self.conn().query(sql, params![api]).await?;
        for row in rows {
            self.changed(Change::Organisation(row.get(0)?));
        }
        Ok(())
    }
}
