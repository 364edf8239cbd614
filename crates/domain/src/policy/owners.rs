//! Whom keys may stand for, how many each may have, and how service accounts are kept.

use serde::{Deserialize, Serialize};

use super::Deletion;

/// A kind of owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OwnerKind {
    /// The organisation itself.
    Organisation,
    /// A service account.
    ServiceAccount,
    /// A person.
    User,
}

/// Whom keys may stand for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OwnerPolicy {
    /// Which kinds of owner a key may be given.
    pub kinds: Vec<OwnerKind>,
    /// How many live keys each owner may have; expired, revoked and deleted ones do not count.
    pub max_live_keys: Option<u32>,
}

impl Default for OwnerPolicy {
    fn default() -> Self {
        Self {
            kinds: vec![
                OwnerKind::Organisation,
                OwnerKind::ServiceAccount,
                OwnerKind::User,
            ],
            max_live_keys: None,
        }
    }
}

/// For whom keys are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IssueFor {
    /// For any owner.
    #[default]
    Others,
    /// A person makes keys for themself alone, and a key for its own owner alone.
    #[serde(rename = "self")]
    Own,
}

/// How the usernames of service accounts are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UsernameRule {
    /// By whoever makes the account.
    #[default]
    Free,
    /// It is the email address, and follows it.
    Email,
}

/// Whether service accounts have an email address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmailRule {
    /// They may.
    #[default]
    Optional,
    /// They must, each its own.
    RequiredUnique,
}

/// How service accounts are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AccountsPolicy {
    /// How usernames are chosen.
    pub username: UsernameRule,
    /// Whether there must be an email address.
    pub email: EmailRule,
    /// The roles of an account whose maker names none, by id.
    #[schema(example = json!(["role_00000000008008000000000005"]), max_items = 64)]
    pub default_roles: Vec<String>,
    /// What a delete does.
    pub deletion: Deletion,
}
