//! What is there already that a narrower setting is about, and what becomes of it.

use serde::Serialize;

use crate::decide::Source;
use crate::policy::OwnerKind;
use crate::span::Span;
use crate::token::Prefix;

/// What becomes of what is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It goes on as it is; the setting holds for what is made or changed from now on.
    Kept,
    /// It is named as due, or warned of, at once.
    Named,
    /// It is refused from now on where it did this.
    Refused,
    /// It is disabled at the next look, unless it is used before.
    Disabled,
    /// It is erased, and nothing brings it back.
    Erased,
}

/// What is to be counted. A key is live while it is neither revoked, deleted nor expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touched {
    /// Live keys.
    Keys,
    /// Live keys that end by themselves.
    KeysWithEnd,
    /// Live keys that never end.
    KeysWithoutEnd,
    /// Live keys that end later than that from now, or never.
    KeysEndingBeyond(Span),
    /// Live keys of these kinds of owner.
    KeysOf(Vec<OwnerKind>),
    /// Live keys of owners who are known by these usernames or addresses, in lower case.
    KeysOfKnownAs(Vec<String>),
    /// Owners with more live keys than that.
    OwnersWithMoreThan(u32),
    /// Live keys that hold anything but one permission level.
    KeysWithoutLevel,
    /// Live keys that hold anything of their own.
    KeysWithGrants,
    /// Live keys whose tokens begin otherwise.
    KeysWithOtherPrefix(Prefix),
    /// Live keys that came by one of these ways lately.
    KeysThatCameBy(Vec<Source>),
    /// Keys of which the token is kept.
    KeysWithKeptToken,
    /// Live keys whose secret is older than that.
    KeysNotRotatedFor(Span),
    /// Live keys that are enabled and were not used for that long.
    KeysIdleFor(Span),
    /// Live keys that hold permissions of Claviger's own.
    KeysThatManage,
    /// Live keys without a rate limit of their own.
    KeysWithoutRate,
    /// Live keys without a quota of their own.
    KeysWithoutQuota,
    /// Service accounts.
    Accounts,
    /// Service accounts without an address.
    AccountsWithoutEmail,
    /// Service accounts whose username is not their address.
    AccountsNamedFreely,
    /// Active service accounts none of whose keys was used for that long.
    AccountsIdleFor(Span),
    /// Single requests from longer ago than that.
    RequestsBefore(Span),
    /// Hourly counts from longer ago than that.
    UsageBefore(Span),
    /// Audit records from longer ago than that.
    AuditBefore(Span),
}

/// What kind of thing is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TouchedKind)]
pub enum What {
    /// Keys.
    Keys,
    /// The organisation, people and service accounts, as owners of keys.
    Owners,
    /// Service accounts.
    ServiceAccounts,
    /// Single requests in the log of what was asked.
    Requests,
    /// Hourly counts of a key.
    UsageCounts,
    /// Records of the audit log.
    AuditRecords,
}

impl Touched {
    /// What kind of thing is counted.
    pub fn what(&self) -> What {
        match self {
            Self::OwnersWithMoreThan(_) => What::Owners,
            Self::Accounts
            | Self::AccountsWithoutEmail
            | Self::AccountsNamedFreely
            | Self::AccountsIdleFor(_) => What::ServiceAccounts,
            Self::RequestsBefore(_) => What::Requests,
            Self::UsageBefore(_) => What::UsageCounts,
            Self::AuditBefore(_) => What::AuditRecords,
            _ => What::Keys,
        }
    }
}
