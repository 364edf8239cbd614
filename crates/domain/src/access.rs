//! Who may do what: permissions, the patterns that grant them, and requirements that ask for them.
//!
//! A permission is `resource:action` (`customers:view`, `workflow.42:submit`). What is granted may hold wildcards; what is
//! required never does. Claviger's own permissions live under the resource `claviger`, and no wildcard resource reaches them.

mod pattern;
mod requirement;

pub use pattern::{Grants, Pattern, PatternError};
pub use requirement::{Requirement, RequirementError, Verdict};

/// The resource that names Claviger itself.
pub const MANAGEMENT: &str = "claviger";

/// The longest permission or pattern, in bytes.
pub const MAX_PERMISSION: usize = 128;

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
    /// Read and verify the audit log.
    AuditRead,
    /// See usage.
    UsageRead,
    /// Read and change the organisation's policy.
    PolicyManage,
}

impl Management {
    /// Every one of them.
    pub const ALL: [Self; 9] = [
        Self::KeysRead,
        Self::KeysCreate,
        Self::KeysUpdate,
        Self::KeysRevoke,
        Self::KeysReveal,
        Self::KeysVerify,
        Self::AuditRead,
        Self::UsageRead,
        Self::PolicyManage,
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
            Self::AuditRead => "claviger:audit.read",
            Self::UsageRead => "claviger:usage.read",
            Self::PolicyManage => "claviger:policy.manage",
        }
    }
}
