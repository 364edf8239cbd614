//! Making a role.

use domain::access::{Grants, Management};
use domain::id::RoleId;
use domain::role::{CheckedRole, Role, RoleDraft};
use store::Tx;

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
    #[tracing::instrument(level = "debug", name = "app.role.create_role", skip_all)]
    pub async fn create_role(&self, caller: &Caller, draft: RoleDraft) -> Result<RoleView> {
        caller.require(Management::RolesManage)?;
        caller.require_recent(self.clock.now())?;
        let fields = draft.check()?;
        if fields.name.is_none() {
            return Err(AppError::field("name", "a name is needed"));
        }
        caller.may_grant(fields.permissions.as_ref().unwrap_or(&Grants::default()))?;
        let id = RoleId::fresh(self.clock(), self.random());
        let caller = caller.clone();
        let role = self.change(async move |tx| make(tx, &caller, id, fields).await);
        self.role_view(role.await?).await
    }
}

/// Makes a role in this transaction. Whether the caller may is asked before.
pub(crate) async fn make(tx: &mut Tx, caller: &Caller, id: RoleId, fields: CheckedRole) -> Result<Role> {
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
        name: fields.name.unwrap_or_default(),
        description: fields.description.unwrap_or_default(),
        level: fields.level.unwrap_or(false),
        api,
        permissions: fields.permissions.unwrap_or_default(),
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
}
