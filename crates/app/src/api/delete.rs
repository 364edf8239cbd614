//! Forgetting an API that no role belongs to.

use domain::access::Management;
use domain::id::ApiId;

use super::{facts, kept, target};
use crate::difference::difference;
use crate::error::{AppError, Result};
use crate::{App, Caller};

impl App {
    /// Removes an API, for everybody who was let in to it.
    ///
    /// # Errors
    /// As [`AppError`] says; then it is there still.
    #[tracing::instrument(level = "debug", name = "app.api.delete_api", skip_all)]
    pub async fn delete_api(&self, caller: &Caller, id: ApiId) -> Result<()> {
        caller.require(Management::ApisManage)?;
        caller.require_recent(self.clock.now())?;
        let caller = caller.clone();
        self.change(async move |tx| {
            let api = kept(tx, &caller, id).await?;
            let roles = tx.count_roles_of_api(id).await?;
            if roles > 0 {
                let noun = if roles == 1 {
                    "role belongs"
                } else {
                    "roles belong"
                };
                let detail = format!("{roles} {noun} to the API; delete or move them first");
                return Err(AppError::conflict("api_in_use", detail));
            }
            tx.delete_api(api.organisation, id).await?;
            let changes = difference(Some(&facts(&api)), None);
            tx.record(
                api.organisation,
                caller.event(tx.now(), "api.delete", target(&api), changes),
            );
            Ok(())
        })
        .await
    }
}
