//! Why somebody may do something or may not, and all that they may do.

use domain::access::{self, Directory, Explanation, Grants, Management, Sourced};
use serde::Serialize;
use store::principals::Known;

use super::{Named, holder, named, owner, roles};
use crate::error::{AppError, Result};
use crate::key::RoleView;
use crate::{App, Caller};

/// A principal, and what its permissions follow from.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = ExplainedPrincipal)]
pub struct Subject {
    #[serde(flatten)]
    named: Named,
    /// Whether it may act now, and its owner too.
    #[schema(example = true)]
    active: bool,
    /// Its own roles.
    roles: Vec<RoleView>,
    /// For a key: whom it stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<Behind>,
}

/// Whom a key stands for.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = ExplainedOwner)]
struct Behind {
    #[serde(flatten)]
    named: Named,
    /// Whether it may act now.
    #[schema(example = true)]
    active: bool,
    /// Its roles.
    roles: Vec<RoleView>,
}

/// Whether a principal meets a requirement, and why.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = ExplainedRequirement)]
pub struct Explained {
    /// Who.
    pub principal: Subject,
    /// What was asked.
    #[schema(example = "orders:view AND customers:view")]
    pub requires: String,
    /// Whether it is met, and what was found on the way.
    #[serde(flatten)]
    pub explanation: Explanation,
}

/// All that a principal holds.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = EffectivePermissions)]
pub struct Effective {
    /// Who.
    pub principal: Subject,
    /// What it holds, and where that comes from.
    pub permissions: Vec<Sourced>,
    /// What of it nobody holds, because its API is not enabled.
    #[schema(example = json!(["orders:create"]))]
    pub unavailable: Vec<String>,
}

impl App {
    /// Whether a principal of the organisation meets a requirement, with the reason for each permission that it names.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for what is no requirement; [`AppError::NotFound`].
    pub async fn explain(&self, caller: &Caller, principal: &str, requires: &str) -> Result<Explained> {
        caller.require(Management::RolesRead)?;
        let (directory, known, principal) = self.subject(caller, principal).await?;
        let explanation = access::explain(&directory, &known.principal, requires)
            .map_err(|error| AppError::field("requires", error.to_string()))?;
        Ok(Explained {
            principal,
            requires: requires.trim().to_owned(),
            explanation,
        })
    }

    /// All that a principal of the organisation holds, and where each of it comes from.
    ///
    /// # Errors
    /// [`AppError::NotFound`].
    pub async fn effective(&self, caller: &Caller, principal: &str) -> Result<Effective> {
        caller.require(Management::RolesRead)?;
        let (directory, known, principal) = self.subject(caller, principal).await?;
        let permissions = access::effective(&directory, &known.principal);
        let held: Grants = permissions.iter().map(|one| one.pattern.clone()).collect();
        Ok(Effective {
            principal,
            unavailable: directory.unavailable_of(&held),
            permissions,
        })
    }

    async fn subject(&self, caller: &Caller, principal: &str) -> Result<(Directory, Known, Subject)> {
        let holder = holder(principal)?;
        let organisation = caller.organisation;
        let known = self
            .store
            .principal(organisation, holder, self.clock.now())
            .await?
            .ok_or(AppError::NotFound { what: "principal" })?;
        let directory = self.store.directory(organisation).await?;
        let tenant = self.tenant(organisation).await?;
        let own = &known.principal;
        let behind = owner(&known, &tenant.organisation.name).map(|named| Behind {
            named,
            active: own.owner.as_ref().is_none_or(|owner| owner.active),
            roles: own
                .owner
                .as_ref()
                .map(|owner| roles(&directory, &owner.roles))
                .unwrap_or_default(),
        });
        let subject = Subject {
            named: named(holder, &known.name),
            active: own.active && behind.as_ref().is_none_or(|owner| owner.active),
            roles: roles(&directory, &own.roles),
            owner: behind,
        };
        Ok((directory, known, subject))
    }
}
