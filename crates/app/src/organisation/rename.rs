//! Calling an organisation something else. Its slug stays: scripts and links hold it.

use domain::id::OrganisationId;
use domain::input;
use domain::organisation::Organisation;
use serde_json::json;

use super::{locked, refuse_closed, target};
use crate::error::{AppError, Result};
use crate::{App, Caller};

impl App {
    /// Renames an organisation, if it is in the `version` that the caller has seen.
    ///
    /// # Errors
    /// As [`AppError`] says; then nothing has changed.
    pub async fn rename_organisation(
        &self,
        caller: &Caller,
        id: OrganisationId,
        name: Option<String>,
        version: Option<i64>,
    ) -> Result<Organisation> {
        caller.may_manage(id)?;
        let mut faults = Vec::new();
        let name = name.map(|name| input::name("name", &name, &mut faults));
        if !faults.is_empty() {
            return Err(faults.into());
        }
        let caller = caller.clone();
        self.change(async move |tx| {
            let mut organisation = locked(tx, id).await?;
            refuse_closed(&organisation)?;
            if version.is_some_and(|seen| seen != organisation.version) {
                return Err(AppError::Precondition {
                    current: organisation.version,
                });
            }
            let Some(name) = name.filter(|name| *name != organisation.name) else {
                return Ok(organisation);
            };
            let before = std::mem::replace(&mut organisation.name, name);
            tx.update_organisation(&mut organisation).await?;
            let changes = json!({"name": {"before": before, "after": organisation.name}});
            tx.record(
                id,
                caller.event(tx.now(), "organisation.rename", target(&organisation), changes),
            );
            Ok(organisation)
        })
        .await
    }
}
