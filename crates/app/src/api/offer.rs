//! Enabling and disabling an API for an organisation.

use domain::access::Management;
use domain::api::is_slug;
use domain::id::ApiId;
use serde_json::json;

use super::{ApiView, kept, slug_taken, target};
use crate::error::{AppError, Result};
use crate::{App, Caller};

impl App {
    /// Enables or disables an API that the caller's organisation keeps, for that organisation itself or, by an operator,
    /// for any other. When this returns, verifications follow.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for an organisation that the caller may not know of; as [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.api.offer_api", skip_all)]
    pub async fn offer_api(&self, caller: &Caller, id: ApiId, slug: &str, enabled: bool) -> Result<ApiView> {
        caller.require(Management::ApisManage)?;
        caller.require_recent(self.clock.now())?;
        // What is no slug names nobody; not every text is one that a database takes.
        let tenant = match is_slug(slug) {
            true => self.store.tenant_by_slug(slug).await?,
            false => None,
        };
        let guest = tenant
            .map(|tenant| tenant.organisation)
            .filter(|guest| guest.id == caller.organisation || caller.is_operator())
            .ok_or(AppError::NotFound { what: "organisation" })?;
        let by = caller.clone();
        self.change(async move |tx| {
            let api = kept(tx, &by, id).await?;
            let known = tx.offer(guest.id, id).await?;
            if known.unwrap_or(false) == enabled {
                return Ok(());
            }
            let other = tx.api_by_slug(guest.id, &api.slug).await?;
            if enabled && other.is_some_and(|other| other != id) {
                return Err(slug_taken());
            }
            tx.offer_api(guest.id, id, enabled).await?;
            let action = if enabled { "api.enable" } else { "api.disable" };
            let changes = json!({"organisation": {"after": guest.slug}, "enabled": {"before": !enabled, "after": enabled}});
            // Both sides learn of it from their own log.
            let mut logs = vec![api.organisation, guest.id];
            logs.dedup();
            for log in logs {
                tx.record(log, by.event(tx.now(), action, target(&api), changes.clone()));
            }
            Ok(())
        })
        .await?;
        self.api_view(caller, id).await
    }
}
