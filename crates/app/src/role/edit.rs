//! Changing a role, and with it all that its holders may do.

use domain::access::Management;
use domain::id::RoleId;
use domain::role::RoleDraft;

use super::{RoleView, api_named, facts, locked, name_taken, target};
use crate::difference::difference;
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// What is to change; what is left out stays.
#[derive(Debug, Default)]
pub struct EditRole {
    /// The fields.
    pub draft: RoleDraft,
    /// The version that the caller has seen (`If-Match`).
    pub version: Option<i64>,
}

impl App {
    /// Edits a role. When this returns, no verification is decided by what the role granted before.
    ///
    /// # Errors
    /// As [`AppError`] says; then nothing has changed.
    #[tracing::instrument(level = "debug", name = "app.role.edit_role", skip_all)]
    pub async fn edit_role(&self, caller: &Caller, id: RoleId, edit: EditRole) -> Result<RoleView> {
        caller.require(Management::RolesManage)?;
        caller.require_recent(self.clock.now())?;
        let EditRole { draft, version } = edit;
        let fields = draft.check()?;
        if let Some(permissions) = &fields.permissions {
            caller.may_grant(permissions)?;
        }
        let caller = caller.clone();
        let role = self.change(async move |tx| {
            let before = locked(tx, caller.organisation, id).await?;
            if version.is_some_and(|seen| seen != before.version) {
                return Err(AppError::Precondition {
                    current: before.version,
                });
            }
            // A role above the caller is not theirs to narrow or to hide either.
            caller.may_grant(&before.permissions)?;
            let mut role = before.clone();
            role.name = fields.name.unwrap_or(role.name);
            role.description = fields.description.unwrap_or(role.description);
            role.permissions = fields.permissions.unwrap_or(role.permissions);
            role.level = fields.level.unwrap_or(role.level);
            role.api = match fields.api {
                None => role.api,
                Some(None) => None,
                Some(Some(api)) => Some(api_named(tx, caller.organisation, &api).await?),
            };
            if role != before {
                tx.update_role(&mut role).await.map_err(name_taken)?;
                let changes = difference(Some(&facts(&before)), Some(&facts(&role)));
                tx.record(
                    role.organisation,
                    caller.event(tx.now(), "role.edit", target(&role), changes),
                );
            }
            Ok(role)
        });
        self.role_view(role.await?).await
    }
}
