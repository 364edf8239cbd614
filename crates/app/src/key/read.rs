//! Looking at keys, their usage and their history.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::access::Management;
use domain::audit::Shown;
use domain::clock::Timestamp;
use domain::id::{KeyId, OrganisationId};
use domain::page::{Cursor, CursorError, Page, SortValue};
use store::audit::AuditQuery;
use store::keys::{KeyQuery, KeySort, Summary};

use super::{KeyView, view};
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// The longest stretch of usage that is answered at once.
const MAX_USAGE: Duration = Duration::from_secs(400 * 86_400);

/// How often a key was answered what.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct UsageReport {
    /// All answers.
    pub total: i64,
    /// By code.
    #[schema(value_type = HashMap<String, i64>, example = json!({"VALID": 1}))]
    pub by_code: BTreeMap<&'static str, i64>,
    /// By hour; hours without answers are left out.
    pub buckets: Vec<UsageBucket>,
}

/// One hour of usage.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct UsageBucket {
    /// When the hour began.
    pub start: Timestamp,
    /// By code.
    #[schema(value_type = HashMap<String, i64>, example = json!({"VALID": 1}))]
    pub by_code: BTreeMap<&'static str, i64>,
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
    pub async fn show_key(&self, caller: &Caller, id: KeyId) -> Result<KeyView> {
        caller.require(Management::KeysRead)?;
        self.view_of(caller.organisation, id).await
    }

    /// A page of keys; the time and the window of `query` are filled in here. `list` names the list in its cursor.
    ///
    /// # Errors
    /// As [`AppError`] says.
    pub async fn list_keys(
        &self,
        caller: &Caller,
        mut query: KeyQuery,
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
        let page = self.store.keys(caller.organisation, query, list).await?;
        Ok(page.map(|key| view(key, Vec::new(), &tenant.organisation, &tenant.policy, now)))
    }

    /// How many keys are in which status.
    ///
    /// # Errors
    /// As [`AppError`] says.
    pub async fn summarise_keys(&self, caller: &Caller) -> Result<Summary> {
        caller.require(Management::KeysRead)?;
        let tenant = self.tenant(caller.organisation).await?;
        let now = self.clock.now();
        Ok(self
            .store
            .key_summary(caller.organisation, now, tenant.policy.expiring_window)
            .await?)
    }

    /// How often a key was answered what, by the hour.
    ///
    /// # Errors
    /// As [`AppError`] says.
    pub async fn key_usage(
        &self,
        caller: &Caller,
        id: KeyId,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<UsageReport> {
        caller.require(Management::UsageRead)?;
        self.known(caller.organisation, id).await?;
        let until = until.unwrap_or_else(|| self.clock.now().plus(Duration::from_secs(1)));
        let since = since.unwrap_or_else(|| until.minus(Duration::from_secs(30 * 86_400)));
        if until <= since || until.since(since) > MAX_USAGE {
            return Err(AppError::field(
                "since",
                "must lie before until, by at most 400 days",
            ));
        }
        let hour = Duration::from_secs(3600);
        let counts = self
            .store
            .key_usage(caller.organisation, id, since.floor_to(hour), until)
            .await?;
        let mut report = UsageReport {
            total: 0,
            by_code: BTreeMap::new(),
            buckets: Vec::new(),
        };
        for count in counts {
            let code = count.code.as_str();
            report.total += count.count;
            *report.by_code.entry(code).or_default() += count.count;
            match report.buckets.last_mut() {
                Some(last) if last.start == count.hour => drop(last.by_code.insert(code, count.count)),
                _ => report.buckets.push(UsageBucket {
                    start: count.hour,
                    by_code: [(code, count.count)].into(),
                }),
            }
        }
        Ok(report)
    }

    /// What was done to a key, newest first.
    ///
    /// # Errors
    /// As [`AppError`] says.
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

    async fn known(&self, organisation: OrganisationId, id: KeyId) -> Result<()> {
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
        Ok(view(
            key,
            secrets,
            &tenant.organisation,
            &tenant.policy,
            self.clock.now(),
        ))
    }
}
