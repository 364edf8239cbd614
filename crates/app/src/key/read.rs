//! Looking at keys and their history.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::access::Management;
use domain::audit::Shown;
use domain::clock::Timestamp;
use domain::finding::Finding;
use domain::id::{KeyId, OrganisationId};
use domain::key::Owner;
use domain::page::{Cursor, CursorError, Page, SortValue};
use store::audit::AuditQuery;
use store::keys::{KeyQuery, KeySort, Summary};
use store::requests::{Kept, Of};
use uuid::Uuid;

use super::{KeyView, owner, view};
use crate::error::{AppError, Result};
use crate::usage::LONGEST;
use crate::{App, Caller};

/// What is asked for by names that the organisation gave.
#[derive(Debug, Clone, Default)]
pub struct KeyFilter {
    /// A role that keys were given, by id or name.
    pub role: Option<String>,
    /// An API by its slug: keys whose permissions name one of its own.
    pub api: Option<String>,
    /// What it is that needs somebody.
    pub finding: Option<Finding>,
}

/// Whoever makes a cursor up gets its check value right, too; then its value may not be of the list's kind, or hold a
/// NUL, which no name does and PostgreSQL does not take.
fn fitting(cursor: Cursor, sort: KeySort) -> Result<Cursor, CursorError> {
    let is_text = matches!(sort, KeySort::Name | KeySort::CreatedBy);
    let fits = match &cursor.value {
        SortValue::Text(text) => is_text && !text.contains('\0'),
        SortValue::Int(_) => !is_text,
    };
    fits.then_some(cursor).ok_or(CursorError::Unreadable)
}

/// A page of a key's history.
pub type Events = Page<Shown>;

impl App {
    /// One key with its secrets.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.key.show_key", skip_all)]
    pub async fn show_key(&self, caller: &Caller, id: KeyId) -> Result<KeyView> {
        caller.require(Management::KeysRead)?;
        self.with_quota(self.view_of(caller.organisation, id).await?)
            .await
    }

    /// A page of keys; the time and the window of `query` are filled in here. `list` names the list in its cursor.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.key.list_keys", skip_all)]
    pub async fn list_keys(
        &self,
        caller: &Caller,
        mut query: KeyQuery,
        filter: KeyFilter,
        list: &str,
        cursor: Option<&str>,
    ) -> Result<Page<KeyView>> {
        caller.require(Management::KeysRead)?;
        let tenant = self.tenant(caller.organisation).await?;
        query.now = self.clock.now();
        query.window = tenant.policy.expiring_window;
        query.after = cursor
            .map(|text| Cursor::decode(text, list).and_then(|cursor| fitting(cursor, query.sort)))
            .transpose()
            .map_err(|error| AppError::field("cursor", error.to_string()))?;
        let now = query.now;
        let directory = self.store.directory(caller.organisation).await?;
        if let Some(role) = filter.role {
            let role = directory.find(&role);
            query.whose.role = Some(role.ok_or_else(|| AppError::field("role", "there is no such role"))?);
        }
        if let Some(slug) = filter.api {
            query.whose.any_of = Some(self.patterns_of(caller.organisation, &slug).await?);
        }
        if let Some(finding) = filter.finding {
            query.finding = Some(self.sought(&tenant, finding));
        }
        let page = self.store.keys(caller.organisation, query, list).await?;
        let mut owners: Vec<Uuid> = page.items.iter().map(|key| key.owner.uuid()).collect();
        owners.sort_unstable();
        owners.dedup();
        owners.retain(|owner| *owner != caller.organisation.uuid());
        let names = self.store.owner_names(caller.organisation, &owners).await?;
        let mut page = page.map(|key| {
            let name = match key.owner {
                Owner::Organisation(_) => tenant.organisation.name.clone(),
                owner => names.get(&owner.uuid()).cloned().unwrap_or_default(),
            };
            view::row(key, name, &directory, &tenant, now)
        });
        self.fill_quotas(&mut page.items).await?;
        Ok(page)
    }

    /// The patterns that name the permissions of an API: each of them, and all of its resources.
    async fn patterns_of(&self, organisation: OrganisationId, slug: &str) -> Result<Vec<String>> {
        let apis = self.store.apis(organisation).await?;
        let offered = apis.into_iter().find(|offered| offered.api.slug == slug);
        let api = offered
            .ok_or_else(|| AppError::field("api", "there is no such API"))?
            .api;
        let mut patterns = BTreeSet::new();
        for permission in api.permissions {
            if let Some((resource, _)) = permission.name.split_once(':') {
                patterns.insert(format!("{resource}:*"));
            }
            patterns.insert(permission.name);
        }
        Ok(patterns.into_iter().collect())
    }

    /// How many keys are in which status.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.key.summarise_keys", skip_all)]
    pub async fn summarise_keys(&self, caller: &Caller) -> Result<Summary> {
        caller.require(Management::KeysRead)?;
        let tenant = self.tenant(caller.organisation).await?;
        let now = self.clock.now();
        Ok(self
            .store
            .key_summary(caller.organisation, now, tenant.policy.expiring_window)
            .await?)
    }

    /// A stretch of time to look at usage in, from the beginning of an hour; the last thirty days when unsaid.
    pub(crate) fn stretch(
        &self,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<(Timestamp, Timestamp)> {
        let until = until.unwrap_or_else(|| self.clock.now().plus(Duration::from_secs(1)));
        let since = since.unwrap_or_else(|| until.minus(Duration::from_secs(30 * 86_400)));
        if until <= since || until.since(since) > LONGEST {
            return Err(AppError::field(
                "since",
                "must lie before until, by at most 400 days",
            ));
        }
        Ok((since.floor_to(Duration::from_secs(3600)), until))
    }

    /// What was done to a key, newest first.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.key.key_events", skip_all)]
    pub async fn key_events(
        &self,
        caller: &Caller,
        id: KeyId,
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
            // An erased key has a history still; one that never was has none.
            self.known(caller.organisation, id).await?;
        }
        Ok(page)
    }

    /// What was lately asked of a key, newest first: refusals, and of accepted requests the first of each minute.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.key.key_requests", skip_all)]
    pub async fn key_requests(
        &self,
        caller: &Caller,
        id: KeyId,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<Kept>> {
        caller.require(Management::UsageRead)?;
        self.known(caller.organisation, id).await?;
        self.requests_of(caller.organisation, Of::Key(id), limit, cursor)
            .await
    }

    pub(crate) async fn requests_of(
        &self,
        organisation: OrganisationId,
        of: Of,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<Kept>> {
        let list = format!("requests {of:?}");
        let after = cursor.map(|text| Cursor::decode(text, &list)).transpose();
        let after = after.map_err(|error| AppError::field("cursor", error.to_string()))?;
        Ok(self.store.requests(organisation, of, limit, after, &list).await?)
    }

    pub(crate) async fn known(&self, organisation: OrganisationId, id: KeyId) -> Result<()> {
        self.store
            .key(organisation, id)
            .await?
            .map(drop)
            .ok_or(AppError::NotFound { what: "key" })
    }

    pub(super) async fn view_of(&self, organisation: OrganisationId, id: KeyId) -> Result<KeyView> {
        let tenant = self.tenant(organisation).await?;
        let key = self
            .store
            .key(organisation, id)
            .await?
            .ok_or(AppError::NotFound { what: "key" })?;
        let secrets = self.store.secrets(organisation, id).await?;
        let directory = self.store.directory(organisation).await?;
        let standing = self.store.owner_standing(organisation, key.owner).await?;
        let owner = standing.unwrap_or_else(owner::gone);
        let now = self.clock.now();
        Ok(view::whole(key, secrets, owner, &directory, &tenant, now))
    }
}
