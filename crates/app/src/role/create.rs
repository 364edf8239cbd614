//! Making a role.

use domain::access::Management;
use domain::id::RoleId;
use domain::role::{Role, RoleDraft};

use super::{RoleView, api_named, facts, name_taken, target};
use crate::difference::difference;
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// Roles of its own that an organisation has at the most: every one is in the directory that decisions are made from.
const MOST: i64 = 1_000;

impl App {
    /// Makes a role. It grants at the most what its maker holds.
    ///
    /// # Errors
    /// As [`AppError`] says; then no role was made.
    pub async fn create_role(&self, caller: &Caller, draft: RoleDraft) -> Result<RoleView> {
        caller.require(Management::RolesManage)?;
        caller.require_recent(self.clock.now())?;
        let fields = draft.check()?;
        let name = fields
            .name
            .ok_or_else(|| AppError::field("name", "a name is needed"))?;
        let permissions = fields.permissions.unwrap_or_default();
        caller.may_grant(&permissions)?;
        let id = RoleId::fresh(self.clock(), self.random());
        let caller = caller.clone();
        let role = self.change(async move |tx| {
            if tx.count_roles(caller.organisation).await? >= MOST {
                let detail = format!("an organisation has at most {MOST} roles of its own");
                return Err(AppError::conflict("too_many_roles", detail));
            }
            let api = match fields.api.flatten() {
                Some(api) => Some(api_named(tx, caller.organisation, &api).await?),
                None => None,
            };
            let role = Role {
                id,
                organisation: caller.organisation,
                name,
                description: fields.description.unwrap_or_default(),
                level: fields.level.unwrap_or(false),
                api,
                permissions,
                created_at: tx.now(),
                version: 1,
            };
            tx.insert_role(&role).await.map_err(name_taken)?;
            let changes = difference(None, Some(&facts(&role)));
            tx.record(
                role.organisation,
                caller.event(role.created_at, "role.create", target(&role), changes),
            );
            Ok(role)
        });
        self.role_view(role.await?).await
    }
}
