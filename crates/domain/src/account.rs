//! A service account is a system that keys stand for, never a person: it cannot sign in.

mod input;

use serde::{Deserialize, Serialize};

pub use input::{AccountDraft, CheckedAccount, is_plain};

use crate::clock::Timestamp;
use crate::id::{AccountId, OrganisationId, RoleId, UserId};
use crate::key::Actor;
use crate::limits::RateLimit;

/// What can be done with a service account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// Its keys are accepted.
    Active,
    /// Its keys are refused until it is activated again.
    Inactive,
    /// Inactive for good, and kept for history.
    Deleted,
}

impl AccountStatus {
    /// Reads a status as it is written.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "active" => Some(Self::Active),
            "inactive" => Some(Self::Inactive),
            "deleted" => Some(Self::Deleted),
            _ => None,
        }
    }
}

/// A service account's stored facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id, for life.
    pub id: AccountId,
    /// Its tenant.
    pub organisation: OrganisationId,
    /// What people call it.
    pub name: String,
    /// What systems call it: unique in its organisation in any case, for ever.
    pub username: String,
    /// Whom to write to about it.
    pub email: Option<String>,
    /// The business partner whose system it is; empty for a system of the organisation's own.
    pub partner: String,
    /// The person who answers for it.
    pub owner: Option<UserId>,
    /// What it is for.
    pub purpose: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// What it may do; its keys never exceed this.
    pub roles: Vec<RoleId>,
    /// How often all its keys together may be used.
    pub rate_limits: Vec<RateLimit>,
    /// Whether its keys are accepted.
    pub active: bool,
    /// When it was deleted and kept for history.
    pub deleted_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: Actor,
    /// Counts its edits from 1; the `ETag`.
    pub version: i64,
}

impl Account {
    /// What can be done with it.
    pub fn status(&self) -> AccountStatus {
        match (self.deleted_at, self.active) {
            (Some(_), _) => AccountStatus::Deleted,
            (None, true) => AccountStatus::Active,
            (None, false) => AccountStatus::Inactive,
        }
    }
}
