//! An API key is an identity that a program presents. It keeps its id for life; its secrets come and go.

mod input;
mod rotation;

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use input::{CheckedDraft, KeyDraft, check_reason};
pub use rotation::{Ends, ends_of_rotation};

use crate::access::Grants;
use crate::clock::Timestamp;
use crate::decide::{Code, Source};
use crate::id::{AccountId, KeyId, OrganisationId, RoleId, SecretId, UserId};
use crate::limits::{Quota, RateLimit};
use crate::span::Span;

/// Whom a key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The organisation itself.
    Organisation(OrganisationId),
    /// A service account.
    ServiceAccount(AccountId),
    /// A person.
    User(UserId),
}

impl Owner {
    /// The owner of that id, whose prefix says which kind it is.
    pub fn parse(text: &str) -> Option<Self> {
        let organisation = || text.parse().ok().map(Self::Organisation);
        let account = || text.parse().ok().map(Self::ServiceAccount);
        let user = || text.parse().ok().map(Self::User);
        organisation().or_else(account).or_else(user)
    }

    /// Its id, without its kind.
    pub fn uuid(self) -> uuid::Uuid {
        match self {
            Self::Organisation(id) => id.uuid(),
            Self::ServiceAccount(id) => id.uuid(),
            Self::User(id) => id.uuid(),
        }
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Organisation(id) => id.fmt(f),
            Self::ServiceAccount(id) => id.fmt(f),
            Self::User(id) => id.fmt(f),
        }
    }
}

/// Who did something, with the name that they had then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Actor {
    /// `user`, `key`, `account` or `system`.
    #[serde(rename = "type")]
    pub kind: ActorKind,
    /// The id, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(example = "key_01k1qhwaswfn78ypkbfj6sw3rt")]
    pub id: Option<String>,
    /// The name at that time.
    #[schema(example = "Deployment")]
    pub name: String,
}

/// What kind of principal acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A person.
    User,
    /// An API key with management permissions.
    Key,
    /// A service account.
    Account,
    /// Claviger itself, or whoever is allowed at the data directory.
    System,
}

/// What can be done with a key at some instant; computed, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = KeyStatus)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Accepted.
    Active,
    /// Accepted, and within the policy's window of its end.
    ExpiringSoon,
    /// Past its end; a later end brings it back.
    Expired,
    /// Switched off; it can be switched on.
    Disabled,
    /// Ended for good.
    Revoked,
    /// Ended for good and kept for history.
    Deleted,
}

impl Status {
    /// Every status, in the order in which they are shown.
    pub const ALL: [Self; 6] = [
        Self::Active,
        Self::ExpiringSoon,
        Self::Expired,
        Self::Disabled,
        Self::Revoked,
        Self::Deleted,
    ];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::ExpiringSoon => "expiring_soon",
            Self::Expired => "expired",
            Self::Disabled => "disabled",
            Self::Revoked => "revoked",
            Self::Deleted => "deleted",
        }
    }

    /// Reads what [`Status::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// A key that was ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// Why, in the words of who did it.
    #[schema(example = "The laptop was stolen")]
    pub reason: Option<String>,
    /// By whom.
    pub by: Actor,
}

/// A key's stored facts.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Its id, for life.
    pub id: KeyId,
    /// Its tenant.
    pub organisation: OrganisationId,
    /// Its number in the organisation, counted from 1.
    pub number: i64,
    /// What it is for, in a few words.
    pub name: String,
    /// What it is for, at length.
    pub description: String,
    /// Whom it stands for.
    pub owner: Owner,
    /// What it may do.
    pub permissions: Grants,
    /// What it may do by roles. With neither permissions nor roles, a key that stands for an account or a person
    /// inherits theirs.
    pub roles: Vec<RoleId>,
    /// Where it may be used from; anywhere when empty.
    pub networks: Vec<ipnet::IpNet>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Whatever its maker keeps with it.
    pub metadata: serde_json::Map<String, serde_json::Value>,
    /// Whom to write to about it.
    pub contacts: Vec<String>,
    /// How often it may be used; the policy's default where empty.
    pub rate_limits: Vec<RateLimit>,
    /// How much it may be used; the policy's default where none.
    pub quota: Option<Quota>,
    /// Counts how often what is used of its quota was set anew.
    pub quota_round: i64,
    /// The display form of its current secret.
    pub display: String,
    /// Switched on.
    pub enabled: bool,
    /// Cannot be revoked or deleted until this is taken off.
    pub protected: bool,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// That it was ended, and why.
    pub revoked: Option<Revocation>,
    /// When it was deleted and kept for history.
    pub deleted_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: Actor,
    /// When its current secret was made.
    pub rotated_at: Timestamp,
    /// When it was last presented and accepted.
    pub last_used_at: Option<Timestamp>,
    /// From where.
    pub last_used_ip: Option<String>,
    /// What the program that used it called itself.
    pub last_used_agent: Option<String>,
    /// Counts its edits from 1; the `ETag`.
    pub version: i64,
}

impl Key {
    /// A key that begins now, and stands for its organisation unless the fields name another owner. Its roles, number
    /// and display form are still to be given.
    pub fn fresh(
        id: KeyId,
        organisation: OrganisationId,
        fields: CheckedDraft,
        by: Actor,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            organisation,
            number: 0,
            name: fields.name.unwrap_or_default(),
            description: fields.description.unwrap_or_default(),
            owner: fields.owner.unwrap_or(Owner::Organisation(organisation)),
            permissions: fields.permissions.unwrap_or_default(),
            roles: Vec::new(),
            networks: fields.networks.unwrap_or_default(),
            tags: fields.tags.unwrap_or_default(),
            metadata: fields.metadata.unwrap_or_default(),
            contacts: fields.contacts.unwrap_or_default(),
            rate_limits: fields.rate_limits.unwrap_or_default(),
            quota: fields.quota.flatten(),
            quota_round: 0,
            display: String::new(),
            enabled: true,
            protected: false,
            expires_at: None,
            revoked: None,
            deleted_at: None,
            created_at: now,
            created_by: by,
            rotated_at: now,
            last_used_at: None,
            last_used_ip: None,
            last_used_agent: None,
            version: 1,
        }
    }

    /// What can be done with it at `now`, where keys within `window` of their end count as expiring soon.
    pub fn status(&self, now: Timestamp, window: Span) -> Status {
        if self.deleted_at.is_some() {
            return Status::Deleted;
        }
        if self.revoked.is_some() {
            return Status::Revoked;
        }
        if !self.enabled {
            return Status::Disabled;
        }
        match self.expires_at {
            Some(end) if end <= now => Status::Expired,
            Some(end) if end <= now.plus(window.duration()) => Status::ExpiringSoon,
            _ => Status::Active,
        }
    }

    /// Whether it counts towards the keys that an owner may have: not revoked, deleted or expired.
    pub fn is_live(&self, now: Timestamp) -> bool {
        !self.is_over() && self.expires_at.is_none_or(|end| end > now)
    }

    /// Whether it may do what its owner may: it has nothing of its own, and its owner is not the organisation.
    pub fn inherits(&self) -> bool {
        self.permissions.is_empty() && self.roles.is_empty() && !matches!(self.owner, Owner::Organisation(_))
    }

    /// Whether it was ended for good.
    pub fn is_over(&self) -> bool {
        self.revoked.is_some() || self.deleted_at.is_some()
    }
}

/// What a door knew of a request beside its key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Call {
    /// The API that it was for, by slug.
    pub api: Option<Arc<str>>,
    /// The route of that API: method and path template.
    pub route: Option<Arc<str>>,
    /// What its program calls itself (`User-Agent`).
    pub agent: Option<Arc<str>>,
    /// Microseconds until it was answered.
    pub micros: Option<u32>,
}

/// A request that presented a key, and what it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedOf {
    /// The key's tenant.
    pub organisation: OrganisationId,
    /// The key.
    pub key: KeyId,
    /// When.
    pub at: Timestamp,
    /// The answer.
    pub code: Code,
    /// By which way the token came; none when a program handed it over by itself.
    pub source: Option<Source>,
    /// From where, as far as that is known.
    pub ip: Option<IpAddr>,
    /// What else is known of it.
    pub call: Call,
}

/// One token value of a key, without the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Its id.
    pub id: SecretId,
    /// The masked form.
    pub display: String,
    /// When it was made or brought in.
    pub created_at: Timestamp,
    /// When it stops; none while it is the current one.
    pub ends_at: Option<Timestamp>,
    /// Whether its ciphertext is kept.
    pub revealable: bool,
    /// When it was used last since it was replaced.
    pub last_used_at: Option<Timestamp>,
    /// From where.
    pub last_used_ip: Option<String>,
}
