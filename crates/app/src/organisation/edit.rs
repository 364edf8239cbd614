//! Calling an organisation something else, and limiting how often its keys may be used. Its slug stays: scripts and links
//! hold it.

use domain::id::OrganisationId;
use domain::input;
use domain::limits::{RateLimitDraft, check_rate_limits};
use domain::organisation::Organisation;
use serde_json::{Map, json};

use super::{locked, refuse_closed, target};
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// What is to change; what is left out stays.
#[derive(Debug, Default)]
pub struct EditOrganisation {
    /// What people call it.
    pub name: Option<String>,
    /// How often all its keys together may be used; only operators say so.
    pub rate_limits: Option<Vec<RateLimitDraft>>,
    /// The version that the caller has seen (`If-Match`).
    pub version: Option<i64>,
}

impl App {
    /// Edits an organisation.
    ///
    /// # Errors
    /// As [`AppError`] says; then nothing has changed.
    #[tracing::instrument(level = "debug", name = "app.organisation.edit_organisation", skip_all)]
    pub async fn edit_organisation(
        &self,
        caller: &Caller,
        id: OrganisationId,
        edit: EditOrganisation,
    ) -> Result<Organisation> {
        caller.may_manage(id)?;
        if edit.rate_limits.is_some() {
            // What the installation lends a tenant is not the tenant's to raise.
            caller.require_operator()?;
        }
        let mut faults = Vec::new();
        let name = edit.name.map(|name| input::name("name", &name, &mut faults));
        let rate_limits = edit.rate_limits.map(|all| check_rate_limits(all, &mut faults));
        if !faults.is_empty() {
            return Err(faults.into());
        }
        let caller = caller.clone();
        self.change(async move |tx| {
            let before = locked(tx, id).await?;
            refuse_closed(&before)?;
            if edit.version.is_some_and(|seen| seen != before.version) {
                return Err(AppError::Precondition {
                    current: before.version,
                });
            }
            let mut organisation = before.clone();
            organisation.name = name.unwrap_or(organisation.name);
            organisation.rate_limits = rate_limits.unwrap_or(organisation.rate_limits);
            if organisation == before {
                return Ok(organisation);
            }
            tx.update_organisation(&mut organisation).await?;
            let mut changes = Map::new();
            if organisation.name != before.name {
                let change = json!({"before": before.name, "after": organisation.name});
                changes.insert("name".to_owned(), change);
            }
            let mut action = "organisation.rename";
            if organisation.rate_limits != before.rate_limits {
                action = "organisation.edit";
                let change = json!({"before": before.rate_limits, "after": organisation.rate_limits});
                changes.insert("rate_limits".to_owned(), change);
            }
            tx.record(
                id,
                caller.event(tx.now(), action, target(&organisation), changes.into()),
            );
            Ok(organisation)
        })
        .await
    }
}
