//! Changing what an API can be asked for, and switching it on and off for everybody.

use domain::access::Management;
use domain::api::ApiDraft;
use domain::id::ApiId;

use super::{ApiView, facts, kept, refuse_others, slug_taken, target};
use crate::difference::difference;
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// What is to change; what is left out stays.
#[derive(Debug, Default)]
pub struct EditApi {
    /// The fields.
    pub draft: ApiDraft,
    /// The version that the caller has seen (`If-Match`).
    pub version: Option<i64>,
}

impl App {
    /// Edits an API. When this returns, verifications follow: the permissions of one that was switched off are honoured
    /// nowhere. A permission that was taken out of an API is a word like any other afterwards.
    ///
    /// # Errors
    /// As [`AppError`] says; then nothing has changed.
    #[tracing::instrument(level = "debug", name = "app.api.edit_api", skip_all)]
    pub async fn edit_api(&self, caller: &Caller, id: ApiId, edit: EditApi) -> Result<ApiView> {
        caller.require(Management::ApisManage)?;
        caller.require_recent(self.clock.now())?;
        let EditApi { draft, version } = edit;
        let by = caller.clone();
        self.change(async move |tx| {
            let before = kept(tx, &by, id).await?;
            if version.is_some_and(|seen| seen != before.version) {
                return Err(AppError::Precondition {
                    current: before.version,
                });
            }
            let fields = draft.check((&before.permissions, &before.routes))?;
            let mut api = before.clone();
            api.slug = fields.slug.unwrap_or(api.slug);
            api.name = fields.name.unwrap_or(api.name);
            api.description = fields.description.unwrap_or(api.description);
            api.enabled = fields.enabled.unwrap_or(api.enabled);
            api.permissions = fields.permissions.unwrap_or(api.permissions);
            api.routes = fields.routes.unwrap_or(api.routes);
            if api == before {
                return Ok(());
            }
            if api.slug != before.slug && tx.is_slug_taken(id, &api.slug).await? {
                return Err(slug_taken());
            }
            refuse_others(tx, &api, &before.permissions).await?;
            tx.update_api(&mut api).await?;
            let changes = difference(Some(&facts(&before)), Some(&facts(&api)));
            tx.record(
                api.organisation,
                by.event(tx.now(), "api.edit", target(&api), changes),
            );
            Ok(())
        })
        .await?;
        self.api_view(caller, id).await
    }
}
