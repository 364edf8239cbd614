//! Who may do what: permissions, the patterns that grant them, and requirements that ask for them.
//!
//! A permission is `resource:action` (`customers:view`, `workflow.42:submit`). What is granted may hold wildcards; what is
//! required never does. Claviger's own permissions live under the resource `claviger`, and no wildcard resource reaches them.

mod effective;
mod explain;
mod pattern;
mod requirement;
mod right_size;

pub use effective::{Directory, Held, Standing, Unavailable};
pub use explain::{
    Explanation, Finding, Principal, PrincipalOwner, Reason, Source, Sourced, effective, explain,
    patterns_over,
};
pub use pattern::{Grants, Pattern, PatternError};
pub use requirement::{Holder, Required, Requirement, RequirementError, Verdict};
pub use right_size::{Needed, Needs};

/// The resource that names Claviger itself.
pub const MANAGEMENT: &str = "claviger";

/// The longest permission or pattern, in bytes.
pub const MAX_PERMISSION: usize = 128;

/// Whether a text is a permission, `resource:action`, without wildcards.
pub fn is_permission(text: &str) -> bool {
    text.len() <= MAX_PERMISSION
        && text.split_once(':').is_some_and(|(resource, action)| {
            pattern::check_name(resource).is_ok() && pattern::check_name(action).is_ok()
        })
}

/// What Claviger's own doors ask for. Keys hold these only when granted by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Management {
    /// See keys, without their secrets.
    KeysRead,
    /// Make keys.
    KeysCreate,
    /// Edit, rotate, disable, enable, protect and unprotect keys.
    KeysUpdate,
    /// Revoke and delete keys.
    KeysRevoke,
    /// Show a retained secret.
    KeysReveal,
    /// Ask whether a key of the organisation is valid.
    KeysVerify,
    /// See service accounts.
    AccountsRead,
    /// Make, change and end service accounts.
    AccountsManage,
    /// See people.
    UsersRead,
    /// Invite, change and disable people.
    UsersManage,
    /// See roles, APIs and who may do what.
    RolesRead,
    /// Make, change and remove roles.
    RolesManage,
    /// Describe APIs, and switch them on and off.
    ApisManage,
    /// Read and verify the audit log.
    AuditRead,
    /// See usage.
    UsageRead,
    /// Report what became of requests that passed.
    UsageReport,
    /// Read the organisation's policy.
    PolicyRead,
    /// Change the organisation's policy.
    PolicyManage,
    /// See, make, change and end webhooks.
    WebhooksManage,
    /// Rename and close the organisation itself.
    OrganisationsManage,
}

impl Management {
    /// Every one of them.
    pub const ALL: [Self; 20] = [
        Self::KeysRead,
        Self::KeysCreate,
        Self::KeysUpdate,
        Self::KeysRevoke,
        Self::KeysReveal,
        Self::KeysVerify,
        Self::AccountsRead,
        Self::AccountsManage,
        Self::UsersRead,
        Self::UsersManage,
        Self::RolesRead,
        Self::RolesManage,
        Self::ApisManage,
        Self::AuditRead,
        Self::UsageRead,
        Self::UsageReport,
        Self::PolicyRead,
        Self::PolicyManage,
        Self::WebhooksManage,
        Self::OrganisationsManage,
    ];

    /// The permission as it is written, e.g. `claviger:keys.read`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KeysRead => "claviger:keys.read",
            Self::KeysCreate => "claviger:keys.create",
            Self::KeysUpdate => "claviger:keys.update",
            Self::KeysRevoke => "claviger:keys.revoke",
            Self::KeysReveal => "claviger:keys.reveal",
            Self::KeysVerify => "claviger:keys.verify",
            Self::AccountsRead => "claviger:accounts.read",
            Self::AccountsManage => "claviger:accounts.manage",
            Self::UsersRead => "claviger:users.read",
            Self::UsersManage => "claviger:users.manage",
            Self::RolesRead => "claviger:roles.read",
            Self::RolesManage => "claviger:roles.manage",
            Self::ApisManage => "claviger:apis.manage",
            Self::AuditRead => "claviger:audit.read",
            Self::UsageRead => "claviger:usage.read",
            Self::UsageReport => "claviger:usage.report",
            Self::PolicyRead => "claviger:policy.read",
            Self::PolicyManage => "claviger:policy.manage",
            Self::WebhooksManage => "claviger:webhooks.manage",
            Self::OrganisationsManage => "claviger:organisations.manage",
        }
    }

    /// What it lets its holder do, in a few words.
    pub const fn description(self) -> &'static str {
        match self {
            Self::KeysRead => "See keys, without their secrets",
            Self::KeysCreate => "Make keys",
            Self::KeysUpdate => "Edit, rotate, disable, enable, protect and unprotect keys",
            Self::KeysRevoke => "Revoke and delete keys",
            Self::KeysReveal => "Show a retained secret",
            Self::KeysVerify => "Ask whether a key of the organisation is valid",
            Self::AccountsRead => "See service accounts",
            Self::AccountsManage => "Make, change and end service accounts",
            Self::UsersRead => "See people",
            Self::UsersManage => "Invite, change and disable people",
            Self::RolesRead => "See roles, APIs and who may do what",
            Self::RolesManage => "Make, change and remove roles",
            Self::ApisManage => "Describe APIs, and switch them on and off",
            Self::AuditRead => "Read and verify the audit log",
            Self::UsageRead => "See usage",
            Self::UsageReport => "Report what became of requests that passed",
            Self::PolicyRead => "Read the organisation's policy",
            Self::PolicyManage => "Change the organisation's policy",
            Self::WebhooksManage => "See, make, change and end webhooks",
            Self::OrganisationsManage => "Rename and close the organisation itself",
        }
    }
}
