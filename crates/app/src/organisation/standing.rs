//! Suspending, resuming and closing an organisation: whether any of its keys is accepted.

use domain::id::OrganisationId;
use domain::organisation::{Organisation, OrganisationStatus};
use serde_json::json;

use super::{locked, refuse_closed, target};
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// What is to become of an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// None of its keys is accepted until it is resumed.
    Suspend,
    /// Its keys are accepted again.
    Resume,
    /// None of its keys is accepted, for good.
    Close {
        /// Its slug, typed by whoever means it.
        confirm: String,
    },
}

impl Standing {
    const fn status(&self) -> OrganisationStatus {
        match self {
            Self::Suspend => OrganisationStatus::Suspended,
            Self::Resume => OrganisationStatus::Active,
            Self::Close { .. } => OrganisationStatus::Closed,
        }
    }

    const fn action(&self) -> &'static str {
        match self {
            Self::Suspend => "organisation.suspend",
            Self::Resume => "organisation.resume",
            Self::Close { .. } => "organisation.close",
        }
    }
}

impl App {
    /// Changes whether an organisation's keys are accepted; no verification that begins after this returns is decided by
    /// the old state. Asking for the state that it is in changes nothing.
    ///
    /// # Errors
    /// As [`AppError`] says; then nothing has changed.
    #[tracing::instrument(level = "debug", name = "app.organisation.set_standing", skip_all)]
    pub async fn set_standing(
        &self,
        caller: &Caller,
        id: OrganisationId,
        standing: Standing,
    ) -> Result<Organisation> {
        caller.may_see(id)?;
        match standing {
            Standing::Close { .. } => caller.may_manage(id)?,
            Standing::Suspend | Standing::Resume => caller.require_operator()?,
        }
        caller.require_recent(self.clock.now())?;
        let caller = caller.clone();
        self.change(async move |tx| {
            let mut organisation = locked(tx, id).await?;
            if let Standing::Close { confirm } = &standing
                && *confirm != organisation.slug
            {
                let detail = "type the organisation's slug: nothing undoes this";
                return Err(AppError::field("confirm", detail));
            }
            if organisation.status == standing.status() {
                return Ok(organisation);
            }
            refuse_closed(&organisation)?;
            let before = std::mem::replace(&mut organisation.status, standing.status());
            tx.update_organisation(&mut organisation).await?;
            let changes = json!({"status": {"before": before, "after": organisation.status}});
            tx.record(
                id,
                caller.event(tx.now(), standing.action(), target(&organisation), changes),
            );
            Ok(organisation)
        })
        .await
    }
}
