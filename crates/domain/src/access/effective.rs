//! What a principal may do in the end: its own grants, its roles', its owner's, less what is not available.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Grants, Holder};
use crate::id::RoleId;
use crate::role::Builtin;

/// Permissions of APIs that are not enabled for an organisation, though they once were or belong to it: nobody holds
/// them there, whatever is granted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unavailable(Box<[(Box<str>, Box<str>)]>);

impl Unavailable {
    /// Whether `resource:action` is among them.
    #[inline]
    pub fn contains(&self, resource: &str, action: &str) -> bool {
        !self.0.is_empty()
            && self
                .0
                .binary_search_by(|(r, a)| (&**r, &**a).cmp(&(resource, action)))
                .is_ok()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The permissions, as they are written.
    pub fn iter(&self) -> impl Iterator<Item = String> + '_ {
        self.0
            .iter()
            .map(|(resource, action)| format!("{resource}:{action}"))
    }
}

impl<'a> FromIterator<&'a str> for Unavailable {
    fn from_iter<I: IntoIterator<Item = &'a str>>(permissions: I) -> Self {
        let pairs = permissions.into_iter().filter_map(|text| text.split_once(':'));
        let mut all: Vec<(Box<str>, Box<str>)> = pairs.map(|(r, a)| (r.into(), a.into())).collect();
        all.sort();
        all.dedup();
        Self(all.into())
    }
}

/// Grants, less what is not available.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// What was granted.
    pub grants: &'a Grants,
    /// What is not to be had.
    pub unavailable: &'a Unavailable,
}

impl Holder for Held<'_> {
    #[inline]
    fn holds(&self, resource: &str, action: &str) -> bool {
        self.grants.allow(resource, action) && !self.unavailable.contains(resource, action)
    }
}

/// A role as decisions know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What it is called.
    pub name: String,
    /// What it grants when it is available.
    pub grants: Grants,
    /// Whether its API, if it belongs to one, is enabled.
    pub available: bool,
    /// Whether it is offered as a permission level.
    pub level: bool,
}

/// What decisions need to know of an organisation: its roles, and what its APIs do not offer now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Directory {
    /// The organisation's own roles.
    pub roles: HashMap<RoleId, Standing>,
    /// What nobody holds.
    pub unavailable: Arc<Unavailable>,
}

impl Directory {
    /// What these roles grant together. A role that is gone, or not available, grants nothing.
    pub fn grants_of(&self, roles: &[RoleId]) -> Grants {
        let mut all = Grants::default();
        for id in roles {
            match (Builtin::of(*id), self.roles.get(id)) {
                (Some(role), _) => all = all.union(&role.grants()),
                (None, Some(role)) if role.available => all = all.union(&role.grants),
                _ => {}
            }
        }
        all
    }

    /// What a key may do: its own permissions and roles; for one that stands for an account or a person (`owner`: its
    /// roles), those of the owner's that its own leave over, or all of the owner's application permissions if it has
    /// none of its own. What belongs to Claviger itself is never inherited: keys hold it only when it is granted to them.
    pub fn key(&self, permissions: &Grants, roles: &[RoleId], owner: Option<&[RoleId]>) -> Grants {
        let inherits = permissions.is_empty() && roles.is_empty();
        let own = permissions.union(&self.grants_of(roles));
        match owner {
            None => own,
            Some(owner) if inherits => self.grants_of(owner).without_management(),
            Some(owner) => own.intersect(&self.grants_of(owner)),
        }
    }

    /// What of these grants nobody holds now, because its API is not enabled.
    pub fn unavailable_of(&self, grants: &Grants) -> Vec<String> {
        let gone = self.unavailable.iter();
        gone.filter(|permission| grants.allow_text(permission)).collect()
    }

    /// The name of a role.
    pub fn name(&self, role: RoleId) -> Option<&str> {
        Builtin::of(role)
            .map(Builtin::name)
            .or_else(|| self.roles.get(&role).map(|role| role.name.as_str()))
    }

    /// The role of that name, in any case, or of that id.
    pub fn find(&self, text: &str) -> Option<RoleId> {
        if let Ok(id) = text.parse::<RoleId>() {
            return self.name(id).map(|_| id);
        }
        let lower = text.to_lowercase();
        Builtin::named(text).map(Builtin::id).or_else(|| {
            let mut roles = self.roles.iter();
            roles
                .find(|(_, role)| role.name.to_lowercase() == lower)
                .map(|(id, _)| *id)
        })
    }

    /// The names of the permission levels that are to be had, in order.
    pub fn levels(&self) -> Vec<&str> {
        let levels = self.roles.values().filter(|role| role.level && role.available);
        let mut names: Vec<&str> = levels.map(|role| role.name.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// Whether a role is a permission level.
    pub fn is_level(&self, role: RoleId) -> bool {
        self.roles.get(&role).is_some_and(|role| role.level)
    }

    /// Whether a role grants anything now, as far as its API is concerned.
    pub fn is_available(&self, role: RoleId) -> bool {
        Builtin::of(role).is_some() || self.roles.get(&role).is_some_and(|role| role.available)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Requirement, Verdict};

    fn grants(patterns: &[&str]) -> Grants {
        patterns
            .iter()
            .map(|text| text.parse().expect("a pattern"))
            .collect()
    }

    fn role(n: u128) -> RoleId {
        RoleId::from_uuid(uuid::Uuid::from_u128(n))
    }

    fn directory() -> Directory {
        let standing = |name: &str, patterns: &[&str], available| Standing {
            name: name.to_owned(),
            grants: grants(patterns),
            available,
            level: false,
        };
        Directory {
            roles: HashMap::from([
                (role(1), standing("Reports", &["reports:*", "orders:view"], true)),
                (role(2), standing("Old level", &["legacy:*"], false)),
                (
                    role(3),
                    standing("Manager", &["orders:*", "claviger:keys.read"], true),
                ),
            ]),
            unavailable: Arc::new(["orders:delete"].into_iter().collect()),
        }
    }

    #[test]
    fn a_key_of_the_organisation_holds_its_own_grants_alone() {
        let held = directory().key(&grants(&["a:view"]), &[role(1)], None);
        assert_eq!(held, grants(&["a:view", "orders:view", "reports:*"]));
        assert!(directory().key(&Grants::default(), &[], None).is_empty());
    }

    #[test]
    fn a_key_of_an_account_never_exceeds_the_accounts_roles() {
        let owner = [role(1)];
        let narrowed = directory().key(&grants(&["*"]), &[], Some(&owner));
        assert_eq!(narrowed, grants(&["orders:view", "reports:*"]));
        let narrower = directory().key(&grants(&["reports:daily", "secret:view"]), &[], Some(&owner));
        assert_eq!(narrower, grants(&["reports:daily"]));
    }

    #[test]
    fn a_key_without_grants_of_its_own_inherits_application_permissions_only() {
        let inherited = directory().key(&Grants::default(), &[], Some(&[role(3)]));
        assert_eq!(inherited, grants(&["orders:*"]));
        let by_name = directory().key(&grants(&["claviger:keys.*"]), &[], Some(&[role(3)]));
        assert_eq!(by_name, grants(&["claviger:keys.read"]));
    }

    #[test]
    fn what_belongs_to_a_disabled_api_is_not_honoured() {
        assert!(directory().grants_of(&[role(2)]).is_empty());
        assert_eq!(
            directory().unavailable_of(&grants(&["orders:*"])),
            ["orders:delete"]
        );
        assert!(directory().unavailable_of(&grants(&["orders:view"])).is_empty());
        let directory = directory();
        let held = Held {
            grants: &grants(&["orders:*"]),
            unavailable: &directory.unavailable,
        };
        assert_eq!(Requirement::check("orders:view", &held), Ok(Verdict::Met));
        assert_eq!(
            Requirement::check("orders:view AND orders:delete", &held),
            Ok(Verdict::Missing("orders:delete"))
        );
    }

    #[test]
    fn a_role_is_found_by_id_and_by_name_in_any_case() {
        let directory = directory();
        assert_eq!(directory.find("REPORTS"), Some(role(1)));
        assert_eq!(directory.find(&role(1).to_string()), Some(role(1)));
        assert_eq!(directory.find("Owner"), Some(Builtin::Owner.id()));
        assert_eq!(directory.find(&role(9).to_string()), None);
        assert_eq!(directory.find("nobody"), None);
    }
}
