//! Removing a role that nobody holds.

use domain::access::Management;
use domain::id::RoleId;
use store::roles::Holders;

use super::{facts, locked, target};
use crate::difference::difference;
use crate::error::{AppError, Result};
use crate::{App, Caller};

impl App {
    /// Removes a role.
    ///
    /// # Errors
    /// As [`AppError`] says; then it is there still.
    #[tracing::instrument(level = "debug", name = "app.role.delete_role", skip_all)]
    pub async fn delete_role(&self, caller: &Caller, id: RoleId) -> Result<()> {
        caller.require(Management::RolesManage)?;
        caller.require_recent(self.clock.now())?;
        let caller = caller.clone();
        self.change(async move |tx| {
            let role = locked(tx, caller.organisation, id).await?;
            caller.may_grant(&role.permissions)?;
            let holders = tx.count_holders(role.organisation, id).await?;
            if holders.total() > 0 {
                return Err(AppError::conflict("role_held", held(holders)));
            }
            tx.delete_role(role.organisation, id).await?;
            let changes = difference(Some(&facts(&role)), None);
            tx.record(
                role.organisation,
                caller.event(tx.now(), "role.delete", target(&role), changes),
            );
            Ok(())
        })
        .await
    }
}

fn held(holders: Holders) -> String {
    let counts = [
        (holders.users, "user"),
        (holders.service_accounts, "service account"),
        (holders.keys, "key"),
    ];
    let counts: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| format!("{count} {noun}{}", if count == 1 { "" } else { "s" }))
        .collect();
    format!(
        "the role is held by {}; take it from them first",
        counts.join(" and ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_how_many_hold_the_role() {
        let holders = Holders {
            users: 1,
            service_accounts: 0,
            keys: 2,
        };
        assert_eq!(
            held(holders),
            "the role is held by 1 user and 2 keys; take it from them first"
        );
    }
}
