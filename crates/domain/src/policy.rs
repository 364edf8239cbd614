//! An organisation's typed settings: how its keys are made, kept, shown, rotated and deleted.
//!
//! Every field has a default, so that a stored policy written by an older version still reads; unknown fields are refused,
//! so that a misspelt setting never passes for a set one.

mod cutoff;
mod dialects;
mod expiry;
mod grants;
mod idle;
mod limits;
mod owners;
mod preset;
mod reminders;
mod requests;
mod retention;
mod tightening;
mod validate;

use serde::{Deserialize, Serialize};

pub use cutoff::{Cutoff, Zone, ZoneError};
pub use dialects::Dialect;
pub use expiry::{End, ExpiryError, ExpiryRequest};
pub use grants::{Form, FormField, GrantRule};
pub use idle::Idle;
pub use limits::LimitsPolicy;
pub use owners::{AccountsPolicy, EmailRule, IssueFor, OwnerKind, OwnerPolicy, UsernameRule};
pub use preset::{DEFAULT as DEFAULT_PRESET, Preset, PresetApi, PresetRole, PresetSetting};
pub use reminders::{Day, Reminded, Reminders};
pub use requests::{Logged, RequestsPolicy};
pub use retention::Retention;
pub use tightening::{Effect, Tightening, Touched, What};
pub use validate::PolicyError;

use crate::anomaly::Anomalies;
use crate::decide as door;
use crate::leak::LeakRule;
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
    /// How a key is told what it may do.
    pub grants: GrantRule,
    /// What people are asked when they make a key.
    pub form: Form,
    /// Who is reminded that a key ends, and when.
    pub reminders: Reminders,
    /// What becomes of keys and service accounts that nobody uses.
    pub idle: Idle,
    /// Which requests are kept one by one.
    pub requests: RequestsPolicy,
    /// How long is kept what keys did.
    pub retention: Retention,
    /// Whose management API is spoken beside Claviger's own.
    #[schema(max_items = 3)]
    pub dialects: Vec<Dialect>,
    /// How much keys may be used that have no limits of their own.
    pub limits: LimitsPolicy,
    /// What is done about a token that is reported as leaked.
    pub leaks: LeakRule,
    /// Which uses of a key that are unlike it are told of.
    pub anomalies: Anomalies,
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
            grants: GrantRule::default(),
            form: Form::default(),
            reminders: Reminders::default(),
            idle: Idle::default(),
            requests: RequestsPolicy::default(),
            retention: Retention::default(),
            dialects: Vec::new(),
            limits: LimitsPolicy::default(),
            leaks: LeakRule::default(),
            anomalies: Anomalies::default(),
        }
    }
}
