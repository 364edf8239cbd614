//! Changing who somebody is and what they may do.

use domain::access::Management;
use domain::id::UserId;
use domain::role::Builtin;
use domain::user::UserDraft;

use super::invite::operators_only;
use super::{UserView, difference, keep_an_owner, locked, may_touch, taken, target, view};
use crate::access::roles_named;
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// What is to change; what is left out stays.
#[derive(Debug, Default)]
pub struct EditUser {
    /// The fields.
    pub draft: UserDraft,
    /// The version that the caller has seen (`If-Match`).
    pub version: Option<i64>,
}

impl App {
    /// Edits a person. Keys that stand for them are decided by their new roles before this returns.
    ///
    /// # Errors
    /// As [`AppError`] says; then nothing has changed.
    #[tracing::instrument(level = "debug", name = "app.user.edit_user", skip_all)]
    pub async fn edit_user(&self, caller: &Caller, id: UserId, edit: EditUser) -> Result<UserView> {
        caller.require(Management::UsersManage)?;
        caller.require_recent(self.clock.now())?;
        let draft = edit.draft.check()?;
        let caller = caller.clone();
        self.change(async move |tx| {
            let before = locked(tx, caller.organisation, id).await?.user;
            if edit.version.is_some_and(|seen| seen != before.version) {
                return Err(AppError::Precondition {
                    current: before.version,
                });
            }
            let directory = tx.directory(caller.organisation).await?;
            may_touch(&caller, &directory, &before)?;
            let mut user = before.clone();
            user.email = draft.email.unwrap_or(user.email);
            user.name = draft.name.unwrap_or(user.name);
            user.operator = draft.operator.unwrap_or(user.operator);
            if user.operator != before.operator && !caller.is_operator() {
                return Err(operators_only());
            }
            if let Some(roles) = draft.roles {
                user.roles = roles_named(&directory, &roles)?;
                caller.may_assign(&directory, &user.roles, &before.roles)?;
            }
            if !user.roles.contains(&Builtin::Owner.id()) {
                keep_an_owner(tx, &before).await?;
            }
            if user != before {
                tx.update_user(&mut user).await.map_err(taken)?;
                let changes = difference(Some(&before), &user);
                let event = caller.event(tx.now(), "user.edit", target(&user), changes);
                tx.record(user.organisation, event);
            }
            Ok(view(user, &directory))
        })
        .await
    }
}
