//! Keeping somebody out, letting them in again, and letting them go for good.

use domain::access::Management;
use domain::id::UserId;
use domain::user::UserStatus;

use super::{UserView, difference, keep_an_owner, locked, may_touch, target, view};
use crate::error::{AppError, Result};
use crate::session::{Which, end};
use crate::{App, Caller};

/// What can be switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserSwitch {
    /// Ends their sessions, and stops the keys that stand for them, at once.
    Disable,
    /// Lets them sign in again.
    Enable,
}

impl App {
    /// Switches a person. What is so already stays so, without a record.
    ///
    /// # Errors
    /// As [`AppError`] says; then nothing has changed.
    #[tracing::instrument(level = "debug", name = "app.user.switch_user", skip_all)]
    pub async fn switch_user(&self, caller: &Caller, id: UserId, switch: UserSwitch) -> Result<UserView> {
        caller.require(Management::UsersManage)?;
        caller.require_recent(self.clock.now())?;
        let caller = caller.clone();
        self.change(async move |tx| {
            let person = locked(tx, caller.organisation, id).await?;
            let before = person.user;
            let directory = tx.directory(caller.organisation).await?;
            may_touch(&caller, &directory, &before)?;
            let mut user = before.clone();
            let action = match switch {
                UserSwitch::Disable => {
                    user.status = UserStatus::Disabled;
                    "user.disable"
                }
                UserSwitch::Enable if before.status != UserStatus::Disabled => {
                    return Ok(view(before, &directory));
                }
                UserSwitch::Enable => {
                    let came = before.has_password || before.last_sign_in_at.is_some();
                    user.status = if came {
                        UserStatus::Active
                    } else {
                        UserStatus::Invited
                    };
                    "user.enable"
                }
            };
            if user == before {
                return Ok(view(before, &directory));
            }
            if switch == UserSwitch::Disable {
                keep_an_owner(tx, &before).await?;
                end(tx, &caller, user.organisation, user.id, Which::All).await?;
                tx.end_user_links(user.organisation, user.id).await?;
            }
            tx.update_user(&mut user).await?;
            let changes = difference(Some(&before), &user);
            tx.record(
                user.organisation,
                caller.event(tx.now(), action, target(&user), changes),
            );
            Ok(view(user, &directory))
        })
        .await
    }

    /// Removes a person, who must own nothing any more; only the audit log remembers them.
    ///
    /// # Errors
    /// As [`AppError`] says; then nothing has changed.
    #[tracing::instrument(level = "debug", name = "app.user.delete_user", skip_all)]
    pub async fn delete_user(&self, caller: &Caller, id: UserId) -> Result<()> {
        caller.require(Management::UsersManage)?;
        caller.require_recent(self.clock.now())?;
        let caller = caller.clone();
        self.change(async move |tx| {
            let user = locked(tx, caller.organisation, id).await?.user;
            let directory = tx.directory(caller.organisation).await?;
            may_touch(&caller, &directory, &user)?;
            keep_an_owner(tx, &user).await?;
            let keys = tx.keys_of_user(user.organisation, id).await?.len();
            let accounts = tx.accounts_of_user(user.organisation, id).await?.len();
            if keys + accounts > 0 {
                let detail =
                    format!("they own {keys} keys and {accounts} service accounts; hand them over first");
                return Err(AppError::conflict("user_owns", detail));
            }
            tx.delete_user(user.organisation, id).await?;
            let mut gone = difference(Some(&user), &user);
            gone["email"] = serde_json::json!({ "before": user.email });
            tx.record(
                user.organisation,
                caller.event(tx.now(), "user.delete", target(&user), gone),
            );
            Ok(())
        })
        .await
    }
}
