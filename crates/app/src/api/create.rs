//! Describing an API.

use domain::access::Management;
use domain::api::{Api, ApiDraft, CheckedApi};
use domain::id::ApiId;
use domain::input::FieldError;
use store::Tx;

use super::{ApiView, facts, refuse_others, slug_taken, target};
use crate::difference::difference;
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// APIs that an organisation keeps at the most: what they offer is in the directory that decisions are made from.
const MOST: i64 = 200;

impl App {
    /// Describes an API, which is enabled for the caller's organisation at once.
    ///
    /// # Errors
    /// As [`AppError`] says; then there is no such API.
    #[tracing::instrument(level = "debug", name = "app.api.create_api", skip_all)]
    pub async fn create_api(&self, caller: &Caller, draft: ApiDraft) -> Result<ApiView> {
        caller.require(Management::ApisManage)?;
        let needed = [("slug", draft.slug.is_none()), ("name", draft.name.is_none())];
        let mut faults: Vec<FieldError> = needed
            .into_iter()
            .filter(|(_, is_missing)| *is_missing)
            .map(|(field, _)| FieldError::new(field, format!("a {field} is needed")))
            .collect();
        let fields = match draft.check((&[], &[])) {
            Ok(fields) => fields,
            Err(more) => {
                faults.extend(more);
                return Err(faults.into());
            }
        };
        if !faults.is_empty() {
            return Err(faults.into());
        }
        let id = ApiId::fresh(self.clock(), self.random());
        let by = caller.clone();
        self.change(async move |tx| make(tx, &by, id, fields).await)
            .await?;
        self.api_view(caller, id).await
    }
}

/// Describes an API in this transaction. Whether the caller may is asked before.
pub(crate) async fn make(tx: &mut Tx, by: &Caller, id: ApiId, fields: CheckedApi) -> Result<()> {
    if tx.count_apis(by.organisation).await? >= MOST {
        let detail = format!("an organisation keeps at most {MOST} APIs");
        return Err(AppError::conflict("too_many_apis", detail));
    }
    let api = Api {
        id,
        organisation: by.organisation,
        slug: fields.slug.unwrap_or_default(),
        name: fields.name.unwrap_or_default(),
        description: fields.description.unwrap_or_default(),
        enabled: fields.enabled.unwrap_or(true),
        permissions: fields.permissions.unwrap_or_default(),
        routes: fields.routes.unwrap_or_default(),
        created_at: tx.now(),
        version: 1,
    };
    if tx.api_by_slug(api.organisation, &api.slug).await?.is_some() {
        return Err(slug_taken());
    }
    refuse_others(tx, &api, &[]).await?;
    tx.insert_api(&api).await?;
    let changes = difference(None, Some(&facts(&api)));
    tx.record(
        api.organisation,
        by.event(api.created_at, "api.create", target(&api), changes),
    );
    Ok(())
}
