//! Why somebody may do something, or may not: the same rules as [`Directory::key`], told with where each grant comes from.

use std::collections::BTreeMap;

use serde::Serialize;

use super::pattern::check_name;
use super::{Directory, Grants, Holder, MANAGEMENT, Pattern, Requirement, RequirementError, Verdict};
use crate::id::RoleId;
use crate::role::Builtin;

/// Somebody whose permissions are reasoned about: a person, a service account or a key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Principal {
    /// Whether it may act at all, as far as that is its own state.
    pub active: bool,
    /// What it was granted by pattern; keys alone have such grants.
    pub permissions: Grants,
    /// Its roles.
    pub roles: Vec<RoleId>,
    /// For a key that stands for a service account or a person: whose roles bound it.
    pub owner: Option<PrincipalOwner>,
}

/// Whom a key stands for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrincipalOwner {
    /// Whether the owner may act.
    pub active: bool,
    /// The owner's roles.
    pub roles: Vec<RoleId>,
}

/// By which way a pattern reaches a principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = GrantSource)]
#[serde(tag = "via", rename_all = "snake_case")]
pub enum Source {
    /// Granted to it by itself.
    Permission {
        /// What was granted.
        pattern: Pattern,
    },
    /// By a role of its own.
    Role {
        /// What the role grants.
        pattern: Pattern,
        /// The role.
        id: RoleId,
        /// What the role is called.
        #[schema(example = "viewer")]
        name: String,
    },
    /// By a role of its owner's.
    Owner {
        /// What the role grants.
        pattern: Pattern,
        /// The role.
        id: RoleId,
        /// What the role is called.
        #[schema(example = "viewer")]
        name: String,
    },
}

impl Source {
    /// What it grants.
    pub fn pattern(&self) -> &Pattern {
        match self {
            Self::Permission { pattern } | Self::Role { pattern, .. } | Self::Owner { pattern, .. } => {
                pattern
            }
        }
    }
}

/// An effective pattern, and all that makes it so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = SourcedPattern)]
pub struct Sourced {
    /// The pattern.
    pub pattern: Pattern,
    /// Where it comes from; for what an owner narrows, the key's side and the owner's.
    pub sources: Vec<Source>,
}

/// Whether a permission is held, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = HoldingReason)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It is held.
    Held,
    /// Nothing grants it.
    NotGranted,
    /// It is granted to the key, but not to its owner.
    NarrowedByOwner,
    /// The owner holds it, but what belongs to Claviger itself is never inherited.
    NotInherited,
    /// It is granted, but its API, or that of the role, is not enabled for the organisation.
    ApiNotEnabled,
    /// It would be held, but the owner may not act.
    OwnerInactive,
    /// It would be held, but the principal itself may not act.
    Inactive,
}

/// What is known of one permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = PermissionFinding)]
pub struct Finding {
    /// The permission.
    #[schema(example = "orders:view")]
    pub permission: String,
    /// Whether it is held.
    #[schema(example = true)]
    pub held: bool,
    /// Why.
    pub reason: Reason,
    /// What grants it, or would.
    pub sources: Vec<Source>,
}

/// Whether a requirement is met, and what was found on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Explanation {
    /// Whether it is met.
    #[schema(example = true)]
    pub allowed: bool,
    /// The smallest clause that stands against it.
    #[schema(required)]
    pub missing: Option<String>,
    /// Every permission that the requirement names.
    pub permissions: Vec<Finding>,
}

/// Whether roles of APIs that are not enabled count.
#[derive(Clone, Copy, PartialEq)]
enum Roles {
    Available,
    All,
}

fn of_roles(directory: &Directory, roles: &[RoleId], which: Roles, as_owner: bool) -> Vec<Source> {
    let mut sources = Vec::new();
    for &id in roles {
        let grants = match (Builtin::of(id), directory.roles.get(&id)) {
            (Some(role), _) => role.grants(),
            (None, Some(role)) if role.available || which == Roles::All => role.grants.clone(),
            _ => continue,
        };
        let name = directory.name(id).unwrap_or_default();
        sources.extend(grants.iter().cloned().map(|pattern| {
            let name = name.to_owned();
            if as_owner {
                Source::Owner { pattern, id, name }
            } else {
                Source::Role { pattern, id, name }
            }
        }));
    }
    sources
}

impl Principal {
    fn inherits(&self) -> bool {
        self.permissions.is_empty() && self.roles.is_empty()
    }

    fn own(&self, directory: &Directory, which: Roles) -> Vec<Source> {
        let permissions = self.permissions.iter().cloned();
        let mut own: Vec<Source> = permissions
            .map(|pattern| Source::Permission { pattern })
            .collect();
        own.extend(of_roles(directory, &self.roles, which, false));
        own
    }

    fn owners(&self, directory: &Directory, which: Roles) -> Option<Vec<Source>> {
        let owner = self.owner.as_ref()?;
        Some(of_roles(directory, &owner.roles, which, true))
    }

    fn sourced(&self, directory: &Directory, which: Roles) -> Vec<Sourced> {
        let mut all: BTreeMap<Pattern, Vec<Source>> = BTreeMap::new();
        let mut note = |pattern: Pattern, source: &Source| {
            let sources = all.entry(pattern).or_default();
            if !sources.contains(source) {
                sources.push(source.clone());
            }
        };
        let own = self.own(directory, which);
        match self.owners(directory, which) {
            None => own
                .iter()
                .for_each(|source| note(source.pattern().clone(), source)),
            Some(owners) if self.inherits() => owners
                .iter()
                .filter(|source| !source.pattern().is_management())
                .for_each(|source| note(source.pattern().clone(), source)),
            Some(owners) => {
                for (one, other) in own.iter().flat_map(|one| owners.iter().map(move |o| (one, o))) {
                    if let Some(both) = one.pattern().intersect(other.pattern()) {
                        note(both.clone(), one);
                        note(both, other);
                    }
                }
            }
        }
        all.into_iter()
            .map(|(pattern, sources)| Sourced { pattern, sources })
            .collect()
    }

    fn finding(&self, directory: &Directory, resource: &str, action: &str) -> Finding {
        let covering = |all: Vec<Sourced>| {
            let mut sources: Vec<Source> = Vec::new();
            for one in all.into_iter().filter(|one| one.pattern.covers(resource, action)) {
                for source in one.sources {
                    if !sources.contains(&source) {
                        sources.push(source);
                    }
                }
            }
            sources
        };
        let over = |all: Vec<Source>| -> Vec<Source> {
            all.into_iter()
                .filter(|source| source.pattern().covers(resource, action))
                .collect()
        };
        let sources = covering(self.sourced(directory, Roles::Available));
        let (reason, sources) = if !sources.is_empty() {
            (self.reason(directory, resource, action), sources)
        } else {
            let potential = covering(self.sourced(directory, Roles::All));
            let own = over(self.own(directory, Roles::All));
            let owners = over(self.owners(directory, Roles::All).unwrap_or_default());
            if !potential.is_empty() {
                (Reason::ApiNotEnabled, potential)
            } else if !own.is_empty() {
                (Reason::NarrowedByOwner, own)
            } else if self.inherits() && !owners.is_empty() {
                (Reason::NotInherited, owners)
            } else {
                (Reason::NotGranted, Vec::new())
            }
        };
        Finding {
            permission: format!("{resource}:{action}"),
            held: reason == Reason::Held,
            reason,
            sources,
        }
    }

    /// What becomes of a permission that is granted.
    fn reason(&self, directory: &Directory, resource: &str, action: &str) -> Reason {
        if directory.unavailable.contains(resource, action) {
            Reason::ApiNotEnabled
        } else if !self.active {
            Reason::Inactive
        } else if self.owner.as_ref().is_some_and(|owner| !owner.active) {
            Reason::OwnerInactive
        } else {
            Reason::Held
        }
    }
}

/// All that a principal holds as patterns, whether or not it may act now, with where each comes from.
pub fn effective(directory: &Directory, principal: &Principal) -> Vec<Sourced> {
    principal.sourced(directory, Roles::Available)
}

/// Whether a principal meets a requirement, and why.
///
/// # Errors
/// When the text is not a requirement.
pub fn explain(
    directory: &Directory,
    principal: &Principal,
    requires: &str,
) -> Result<Explanation, RequirementError> {
    let requirement: Requirement = requires.parse()?;
    let findings: Vec<Finding> = requirement
        .permissions()
        .iter()
        .filter_map(|permission| permission.split_once(':'))
        .map(|(resource, action)| principal.finding(directory, resource, action))
        .collect();
    let missing = match Requirement::check(requirement.as_str(), &Found(&findings))? {
        Verdict::Met => None,
        Verdict::Missing(clause) => Some(clause.to_owned()),
    };
    Ok(Explanation {
        allowed: missing.is_none(),
        missing,
        permissions: findings,
    })
}

/// Holds what was found to be held.
struct Found<'a>(&'a [Finding]);

impl Holder for Found<'_> {
    fn holds(&self, resource: &str, action: &str) -> bool {
        self.0
            .iter()
            .any(|finding| finding.held && finding.permission.split_once(':') == Some((resource, action)))
    }
}

/// Every pattern that grants a permission, as it is written: what to look for where patterns are kept as texts.
pub fn patterns_over(permission: &str) -> Vec<String> {
    fn parts(name: &str) -> Vec<String> {
        let dots = name.match_indices('.').map(|(at, _)| at);
        let stems = dots.filter(|at| check_name(&name[..*at]).is_ok());
        let mut all: Vec<String> = stems.map(|at| format!("{}.*", &name[..at])).collect();
        all.push(name.to_owned());
        all.push("*".to_owned());
        all
    }
    let Some((resource, action)) = permission.split_once(':') else {
        return Vec::new();
    };
    let resources = if resource == MANAGEMENT {
        vec![resource.to_owned()]
    } else {
        parts(resource)
    };
    let actions = parts(action);
    let pairs = resources
        .iter()
        .flat_map(|r| actions.iter().map(move |a| format!("{r}:{a}")));
    // One pattern has a shorter form.
    pairs
        .map(|text| if text == "*:*" { "*".to_owned() } else { text })
        .collect()
}

#[cfg(test)]
mod tests;
