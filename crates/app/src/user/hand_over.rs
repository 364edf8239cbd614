//! Handing over what somebody owns, so that nothing is left without anybody who answers for it.

use domain::access::Management;
use domain::audit::Target;
use domain::id::UserId;
use domain::key::Owner;
use domain::user::UserStatus;
use serde_json::json;

use super::{locked, may_touch, target};
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// What was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct HandedOver {
    /// Keys, over or not.
    #[schema(example = 3)]
    pub keys: usize,
    /// Service accounts.
    #[schema(example = 2)]
    pub service_accounts: usize,
}

impl App {
    /// Gives everything that one person owns to another of the organisation, all of it or nothing. The keys may do from
    /// then on what the new owner's roles leave of them.
    ///
    /// # Errors
    /// As [`AppError`] says; then nothing has changed.
    #[tracing::instrument(level = "debug", name = "app.user.hand_over", skip_all)]
    pub async fn hand_over(&self, caller: &Caller, from: UserId, to: UserId) -> Result<HandedOver> {
        caller.require(Management::UsersManage)?;
        caller.require_recent(self.clock.now())?;
        let caller = caller.clone();
        self.change(async move |tx| {
            let organisation = caller.organisation;
            let giver = locked(tx, organisation, from).await?.user;
            if from == to {
                return Err(AppError::field("to", "name another person"));
            }
            let taker = tx.person(organisation, to).await?;
            let taker = taker
                .map(|person| person.user)
                .filter(|user| user.status != UserStatus::Disabled)
                .ok_or_else(|| AppError::field("to", "there is no such person, or they are disabled"))?;
            let directory = tx.directory(organisation).await?;
            // A key that has nothing of its own may do all that its owner may.
            may_touch(&caller, &directory, &giver)?;
            may_touch(&caller, &directory, &taker)?;
            let now = tx.now();
            let change = json!({ "owner": { "before": from, "after": to } });
            let keys = tx.keys_of_user(organisation, from).await?;
            for id in &keys {
                let Some(before) = tx.key(organisation, *id).await? else {
                    continue;
                };
                let mut key = before.clone();
                key.owner = Owner::User(to);
                tx.update_key(&before, &mut key).await?;
                let event = caller.event(now, "key.reassign", crate::key::target(&key), change.clone());
                tx.record(organisation, event);
            }
            let accounts = tx.accounts_of_user(organisation, from).await?;
            tx.hand_over_accounts(organisation, from, to).await?;
            for (id, name) in &accounts {
                let account = Target {
                    kind: "service_account".to_owned(),
                    id: id.to_string(),
                    name: name.clone(),
                };
                tx.record(
                    organisation,
                    caller.event(now, "account.reassign", account, change.clone()),
                );
            }
            let done = HandedOver {
                keys: keys.len(),
                service_accounts: accounts.len(),
            };
            let changes = json!({ "to": { "after": to }, "handed_over": { "after": done } });
            tx.record(
                organisation,
                caller.event(now, "user.hand_over", target(&giver), changes),
            );
            Ok(done)
        })
        .await
    }
}
