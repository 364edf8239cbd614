//! What a form for a key should ask, as the policy of now has it.

use domain::access::Management;
use domain::id::RoleId;
use domain::policy::{Expiry, FormField, GrantRule, IssueFor, OwnerKind, Source};
use serde::Serialize;

use crate::error::Result;
use crate::{App, Caller};

/// What a form for a new key should ask.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PolicyForm {
    /// The fields that it should have beside the name: those that the policy offers and the other settings leave a use for.
    pub fields: Vec<FormField>,
    /// How a key is told what it may do.
    pub grants: GrantRule,
    /// The permission levels that are to be had, by name, where the policy has keys given one.
    pub levels: Vec<LevelChoice>,
    /// The kinds of owner that keys are made for.
    pub owner_kinds: Vec<OwnerKind>,
    /// For whom keys are made.
    pub issue_for: IssueFor,
    /// When keys end.
    pub expiry: Expiry,
    /// Where tokens come from.
    pub secret_source: Source,
}

/// A permission level that a key can be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LevelChoice {
    /// The role's id.
    pub id: RoleId,
    /// What it is called.
    #[schema(example = "Reports API")]
    pub name: String,
    /// Whom it is for.
    #[schema(example = "Can be used with the reports API")]
    pub description: String,
}

impl App {
    /// What a form for a new key should ask.
    ///
    /// # Errors
    /// As [`crate::AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.policy.policy_form", skip_all)]
    pub async fn policy_form(&self, caller: &Caller) -> Result<PolicyForm> {
        caller.require(Management::KeysCreate)?;
        let policy = self.policy_now(caller.organisation).await?.policy;
        let mut levels = Vec::new();
        if policy.grants == GrantRule::Levels {
            let directory = self.store.directory(caller.organisation).await?;
            let roles = self.store.roles(caller.organisation).await?.into_iter();
            let offered = roles.filter(|role| role.level && directory.is_available(role.id));
            levels.extend(offered.map(|role| LevelChoice {
                id: role.id,
                name: role.name,
                description: role.description,
            }));
        }
        Ok(PolicyForm {
            fields: policy.offered(),
            grants: policy.grants,
            levels,
            owner_kinds: policy.owner.kinds,
            issue_for: policy.issue_for,
            expiry: policy.expiry,
            secret_source: policy.secret.source,
        })
    }
}
