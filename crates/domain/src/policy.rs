//! An organisation's typed settings: how its keys are made, kept, shown, rotated and deleted.
//!
//! Every field has a default, so that a stored policy written by an older version still reads; unknown fields are refused,
//! so that a misspelt setting never passes for a set one.

mod cutoff;
mod expiry;
mod limits;
mod owners;

use serde::{Deserialize, Serialize};

pub use cutoff::{Cutoff, Zone, ZoneError};
pub use expiry::{End, ExpiryError, ExpiryRequest};
pub use limits::LimitsPolicy;
pub use owners::{AccountsPolicy, EmailRule, IssueFor, OwnerKind, OwnerPolicy, UsernameRule};

use crate::decide as door;
use crate::span::Span;
use crate::token::TokenShape;

/// Whether keys end by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExpiryMode {
    /// The maker may give an end or none.
    #[default]
    Optional,
    /// The maker must give an end, or the policy's default does.
    Required,
    /// The policy's default sets it; nobody chooses.
    Automatic,
    /// Keys do not end by themselves.
    Never,
}

/// How long keys live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ExpiryPolicy)]
#[serde(default, deny_unknown_fields)]
pub struct Expiry {
    /// Whether keys end by themselves.
    pub mode: ExpiryMode,
    /// The life of a key whose maker named no end.
    pub default: Option<Span>,
    /// The longest life that can be asked for, counted from the moment of asking.
    pub max: Option<Span>,
    /// Whether the end may be changed later.
    pub editable: bool,
    /// What a date means where an end is given as one, and where the policy sets the end by itself.
    pub cutoff: Cutoff,
    /// Where that day is.
    pub timezone: Zone,
}

impl Default for Expiry {
    fn default() -> Self {
        Self {
            mode: ExpiryMode::default(),
            default: None,
            max: None,
            editable: true,
            cutoff: Cutoff::default(),
            timezone: Zone::default(),
        }
    }
}

/// What is kept of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = SecretStorage)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    /// A keyed digest alone.
    #[default]
    Hashed,
    /// A keyed digest, and a ciphertext that can be opened again.
    Encrypted,
}

/// When a secret can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = SecretReveal)]
#[serde(rename_all = "snake_case")]
pub enum Reveal {
    /// In the answer that made it, and never again.
    #[default]
    Once,
    /// Also later, to whom may reveal; needs [`Storage::Encrypted`].
    OnDemand,
}

/// Where secrets come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = SecretSource)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Claviger makes them all.
    #[default]
    Generated,
    /// Tokens and hashes made elsewhere may be brought in.
    ExternalAllowed,
}

/// How secrets are made, kept and shown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SecretPolicy {
    /// What is kept.
    pub storage: Storage,
    /// When it can be seen.
    pub reveal: Reveal,
    /// Where it comes from.
    pub source: Source,
}

/// How secrets are replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = RotationPolicy)]
#[serde(default, deny_unknown_fields)]
pub struct Rotation {
    /// Whether keys can be rotated at all.
    pub allowed: bool,
    /// How long the old secret goes on working when the caller does not say.
    pub default_grace: Span,
    /// The longest that a caller may ask for.
    pub max_grace: Span,
    /// The age of a secret from which it is named as due for rotation.
    pub warn_after: Option<Span>,
}

impl Default for Rotation {
    fn default() -> Self {
        Self {
            allowed: true,
            default_grace: Span::ZERO,
            max_grace: Span::days(30),
            warn_after: None,
        }
    }
}

/// What a delete does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = KeyDeletion)]
#[serde(rename_all = "snake_case")]
pub enum Deletion {
    /// The key stops for good and its history stays.
    #[default]
    Deactivate,
    /// The key's row and digests go; the audit log keeps a tombstone.
    Erase,
}

/// What keys may do to keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KeysPolicy {
    /// Whether a key that holds `claviger:` permissions may use them.
    pub may_manage: bool,
}

impl Default for KeysPolicy {
    fn default() -> Self {
        Self { may_manage: true }
    }
}

/// How tokens may reach the doors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = AcceptPolicy)]
#[serde(default, deny_unknown_fields)]
pub struct Accept {
    /// By which ways this organisation's keys may come.
    pub sources: Vec<door::Source>,
}

impl Default for Accept {
    fn default() -> Self {
        Self {
            sources: vec![
                door::Source::XApiKey,
                door::Source::Bearer,
                door::Source::Apikey,
                door::Source::OaApiKey,
            ],
        }
    }
}

/// The policy, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// How long keys live.
    pub expiry: Expiry,
    /// How secrets are made, kept and shown.
    pub secret: SecretPolicy,
    /// How tokens look.
    pub token: TokenShape,
    /// How secrets are replaced.
    pub rotation: Rotation,
    /// What a delete does.
    pub deletion: Deletion,
    /// What keys may do to keys.
    pub keys: KeysPolicy,
    /// How tokens may reach the doors.
    pub accept: Accept,
    /// How long before its end a key counts as expiring soon.
    pub expiring_window: Span,
    /// Whom keys may stand for.
    pub owner: OwnerPolicy,
    /// For whom keys are made.
    pub issue_for: IssueFor,
    /// Usernames and email addresses of owners that are given no keys, in any case.
    #[schema(example = json!(["leaver@example.com"]), max_items = 1000)]
    pub issue_blocked: Vec<String>,
    /// How service accounts are kept.
    pub accounts: AccountsPolicy,
    /// How much keys may be used that have no limits of their own.
    pub limits: LimitsPolicy,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            expiry: Expiry::default(),
            secret: SecretPolicy::default(),
            token: TokenShape::default(),
            rotation: Rotation::default(),
            deletion: Deletion::default(),
            keys: KeysPolicy::default(),
            accept: Accept::default(),
            expiring_window: Span::days(30),
            owner: OwnerPolicy::default(),
            issue_for: IssueFor::default(),
            issue_blocked: Vec::new(),
            accounts: AccountsPolicy::default(),
            limits: LimitsPolicy::default(),
        }
    }
}

/// Why settings cannot stand together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// `automatic` without a length.
    #[error("expiry.mode automatic needs expiry.default")]
    AutomaticWithoutDefault,
    /// A default that its own limit forbids.
    #[error("expiry.default is longer than expiry.max")]
    DefaultBeyondMax,
    /// Lengths for keys that never end.
    #[error("expiry.mode never leaves no room for expiry.default or expiry.max")]
    NeverWithLength,
    /// A life of no length.
    #[error("expiry.default and expiry.max are at least 1s")]
    NoLife,
    /// Nothing to reveal.
    #[error("secret.reveal on_demand needs secret.storage encrypted")]
    RevealWithoutCiphertext,
    /// A default that its own limit forbids.
    #[error("rotation.default_grace is longer than rotation.max_grace")]
    GraceBeyondMax,
    /// A door that nothing passes.
    #[error("accept.sources is empty: no key could be used")]
    NoSource,
    /// Keys that nobody could own.
    #[error("owner.kinds is empty: no key could be made")]
    NoOwner,
    /// A limit that lets no key be made.
    #[error("owner.max_live_keys is at least 1, or null for any number")]
    NoLiveKeys,
    /// More than can be looked through for each key.
    #[error(
        "issue_blocked has at most 1000 names of at most 254 characters, and accounts.default_roles at most 64"
    )]
    TooMany,
}

/// Names that may be blocked, and roles that an account may begin with.
const MAX_BLOCKED: usize = 1_000;
const MAX_BLOCKED_NAME: usize = 254;
const MAX_DEFAULT_ROLES: usize = 64;

impl Policy {
    /// Checks the settings together.
    ///
    /// # Errors
    /// The first combination that cannot stand.
    pub fn validate(&self) -> Result<(), PolicyError> {
        let Expiry {
            mode, default, max, ..
        } = &self.expiry;
        if *mode == ExpiryMode::Never && (default.is_some() || max.is_some()) {
            return Err(PolicyError::NeverWithLength);
        }
        if *mode == ExpiryMode::Automatic && default.is_none() {
            return Err(PolicyError::AutomaticWithoutDefault);
        }
        if default.iter().chain(max).any(|span| *span == Span::ZERO) {
            return Err(PolicyError::NoLife);
        }
        if let (Some(default), Some(max)) = (default, max)
            && default > max
        {
            return Err(PolicyError::DefaultBeyondMax);
        }
        if self.secret.reveal == Reveal::OnDemand && self.secret.storage != Storage::Encrypted {
            return Err(PolicyError::RevealWithoutCiphertext);
        }
        if self.rotation.default_grace > self.rotation.max_grace {
            return Err(PolicyError::GraceBeyondMax);
        }
        if self.accept.sources.is_empty() {
            return Err(PolicyError::NoSource);
        }
        if self.owner.kinds.is_empty() {
            return Err(PolicyError::NoOwner);
        }
        if self.owner.max_live_keys == Some(0) {
            return Err(PolicyError::NoLiveKeys);
        }
        if self.issue_blocked.len() > MAX_BLOCKED
            || self
                .issue_blocked
                .iter()
                .any(|name| name.len() > MAX_BLOCKED_NAME)
            || self.accounts.default_roles.len() > MAX_DEFAULT_ROLES
        {
            return Err(PolicyError::TooMany);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(json: &str) -> Result<Policy, String> {
        let policy: Policy = serde_json::from_str(json).map_err(|e| e.to_string())?;
        policy.validate().map_err(|e| e.to_string())?;
        Ok(policy)
    }

    #[test]
    fn an_empty_policy_is_the_default_one() {
        assert_eq!(policy("{}"), Ok(Policy::default()));
    }

    #[test]
    fn impossible_combinations_are_refused_with_the_reason() {
        for (json, reason) in [
            (r#"{"expiry":{"mode":"automatic"}}"#, "automatic needs"),
            (
                r#"{"expiry":{"default":"90d","max":"30d"}}"#,
                "longer than expiry.max",
            ),
            (
                r#"{"expiry":{"mode":"never","max":"30d"}}"#,
                "never leaves no room",
            ),
            (r#"{"expiry":{"max":"0s"}}"#, "at least 1s"),
            (
                r#"{"secret":{"reveal":"on_demand"}}"#,
                "needs secret.storage encrypted",
            ),
            (
                r#"{"rotation":{"default_grace":"31d"}}"#,
                "longer than rotation.max_grace",
            ),
            (r#"{"accept":{"sources":[]}}"#, "no key could be used"),
            (r#"{"owner":{"kinds":[]}}"#, "no key could be made"),
            (r#"{"owner":{"max_live_keys":0}}"#, "at least 1"),
            (r#"{"owner":{"kinds":["robot"]}}"#, "unknown variant"),
            (r#"{"issue_for":"own"}"#, "expected `others` or `self`"),
            (r#"{"rotations":{}}"#, "unknown field"),
            (r#"{"expiry":{"max":"soon"}}"#, "whole number and a unit"),
        ] {
            let error = policy(json).err().unwrap_or_default();
            assert!(error.contains(reason), "{json}: {error}");
        }
    }
}
