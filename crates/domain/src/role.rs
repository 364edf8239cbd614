//! A role is a named set of permission patterns. A permission level (read-only, reports, full access) is a role that is
//! offered as one choice. Every organisation has the built-in roles, and makes its own.

mod input;

pub use input::{CheckedRole, RoleDraft};

use uuid::Uuid;

use crate::access::{Grants, Pattern};
use crate::clock::Timestamp;
use crate::id::{ApiId, OrganisationId, RoleId};

/// An organisation's own role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its id, for life.
    pub id: RoleId,
    /// Its tenant.
    pub organisation: OrganisationId,
    /// What it is called; unique in the organisation, whatever the case.
    pub name: String,
    /// Whom it is for.
    pub description: String,
    /// Whether it is offered as a permission level.
    pub level: bool,
    /// The API to which it belongs: while that is not enabled for the organisation, it grants nothing.
    pub api: Option<ApiId>,
    /// What it grants.
    pub permissions: Grants,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts its edits from 1; the `ETag`.
    pub version: i64,
}

/// The roles that every organisation has. Their ids are the same everywhere, and nothing of them can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Builtin {
    /// Everything.
    Owner,
    /// Everything but the organisation itself.
    Administrator,
    /// Keys.
    KeyManager,
    /// Looks at everything, and changes nothing.
    Auditor,
    /// Looks at keys, accounts and usage.
    Viewer,
    /// Marks a system; grants nothing by itself.
    ServiceAccount,
}

impl Builtin {
    /// Every one, the widest first.
    pub const ALL: [Self; 6] = [
        Self::Owner,
        Self::Administrator,
        Self::KeyManager,
        Self::Auditor,
        Self::Viewer,
        Self::ServiceAccount,
    ];

    /// Its id: a UUIDv8 (RFC 9562) that counts from 1, so that none that is made at random is like it.
    pub const fn id(self) -> RoleId {
        RoleId::from_uuid(Uuid::from_u128(
            0x0000_0000_0000_8000_8000_0000_0000_0001 + self as u128,
        ))
    }

    /// The built-in role of that id.
    pub fn of(id: RoleId) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.id() == id)
    }

    /// The built-in role of that name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|role| role.name().eq_ignore_ascii_case(name))
    }

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Administrator => "administrator",
            Self::KeyManager => "key-manager",
            Self::Auditor => "auditor",
            Self::Viewer => "viewer",
            Self::ServiceAccount => "service-account",
        }
    }

    /// Whom it is for.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Owner => "May do everything in the organisation, and to the organisation itself",
            Self::Administrator => "May do everything in the organisation",
            Self::KeyManager => "Makes, changes and revokes keys, and sees whom they belong to",
            Self::Auditor => "Sees everything, the audit log included, and changes nothing",
            Self::Viewer => "Sees keys, service accounts, roles and usage",
            Self::ServiceAccount => "Marks a system; grants nothing by itself",
        }
    }

    const fn patterns(self) -> &'static [&'static str] {
        match self {
            Self::Owner => &["*", "claviger:*"],
            Self::Administrator => &[
                "*",
                "claviger:keys.*",
                "claviger:accounts.*",
                "claviger:users.*",
                "claviger:roles.*",
                "claviger:apis.*",
                "claviger:audit.*",
                "claviger:usage.*",
                "claviger:policy.*",
                "claviger:webhooks.*",
            ],
            Self::KeyManager => &[
                "*",
                "claviger:keys.read",
                "claviger:keys.create",
                "claviger:keys.update",
                "claviger:keys.revoke",
                "claviger:keys.verify",
                "claviger:accounts.read",
                "claviger:roles.read",
                "claviger:usage.read",
                "claviger:policy.read",
            ],
            Self::Auditor => &[
                "claviger:keys.read",
                "claviger:accounts.read",
                "claviger:users.read",
                "claviger:roles.read",
                "claviger:usage.read",
                "claviger:policy.read",
                "claviger:audit.read",
            ],
            Self::Viewer => &[
                "claviger:keys.read",
                "claviger:accounts.read",
                "claviger:roles.read",
                "claviger:usage.read",
            ],
            Self::ServiceAccount => &[],
        }
    }

    /// What it grants.
    pub fn grants(self) -> Grants {
        let patterns = self.patterns().iter();
        patterns.filter_map(|text| text.parse::<Pattern>().ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Management;

    #[test]
    fn the_built_in_roles_parse_whole_and_never_exceed_the_owner() {
        let owner = Builtin::Owner.grants();
        for role in Builtin::ALL {
            assert_eq!(role.grants().len(), role.patterns().len(), "{role:?}");
            assert_eq!(owner.first_beyond(&role.grants()), None, "{role:?}");
            assert_eq!(Builtin::of(role.id()), Some(role));
            assert_eq!(Builtin::named(&role.name().to_uppercase()), Some(role));
        }
        assert_eq!(owner, Grants::everything());
    }

    #[test]
    fn only_system_administrators_manage_service_accounts_and_people() {
        for role in Builtin::ALL {
            let expected = matches!(role, Builtin::Owner | Builtin::Administrator);
            for permission in [
                Management::AccountsManage,
                Management::UsersManage,
                Management::RolesManage,
            ] {
                assert_eq!(
                    role.grants().allow_text(permission.as_str()),
                    expected,
                    "{role:?} {permission:?}"
                );
            }
        }
    }

    #[test]
    fn an_auditor_and_a_viewer_change_nothing() {
        for role in [Builtin::Auditor, Builtin::Viewer, Builtin::ServiceAccount] {
            for permission in Management::ALL {
                let text = permission.as_str();
                assert!(
                    !role.grants().allow_text(text) || text.ends_with(".read"),
                    "{role:?} {text}"
                );
            }
        }
    }
}
