//! What a line of a file says of a key, whatever system it comes from.

use domain::account::AccountDraft;
use domain::clock::Timestamp;
use domain::input::FieldError;
use domain::key::KeyDraft;
use domain::limits::{QuotaDraft, RateLimitDraft};
use domain::policy::{End, ExpiryRequest};
use domain::span::Span;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::key::TokenInput;

/// A key of a file. What is left out is empty.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct KeyRow {
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) permissions: Option<Vec<String>>,
    pub(super) roles: Option<Vec<String>>,
    pub(super) networks: Option<Vec<String>>,
    pub(super) tags: Option<Vec<String>>,
    #[serde(deserialize_with = "object")]
    pub(super) metadata: Option<Map<String, Value>>,
    pub(super) contacts: Option<Vec<String>>,
    pub(super) owner: Option<OwnerRow>,
    pub(super) expires_at: Option<End>,
    pub(super) expires_in: Option<Span>,
    pub(super) created_at: Option<Timestamp>,
    #[serde(deserialize_with = "truth")]
    pub(super) enabled: Option<bool>,
    #[serde(deserialize_with = "truth")]
    pub(super) protected: Option<bool>,
    pub(super) secret: Option<Zeroizing<String>>,
    pub(super) secret_sha256: Option<String>,
    pub(super) secret_prefix: Option<String>,
    /// What the other system calls it.
    pub(super) external_id: Option<String>,
    pub(super) rate_limits: Option<Vec<RateLimitDraft>>,
    pub(super) quota: Option<QuotaDraft>,
    /// What an export says beside the above; only the id is looked at, by which the key is known again where it comes from.
    pub(super) id: Option<String>,
    pub(super) revoked_at: Option<String>,
    pub(super) deleted_at: Option<String>,
    #[serde(rename = "kind")]
    pub(super) _kind: Option<String>,
    #[serde(rename = "number")]
    pub(super) _number: Option<Value>,
    #[serde(rename = "display")]
    pub(super) _display: Option<String>,
    #[serde(rename = "status")]
    pub(super) _status: Option<String>,
    #[serde(rename = "owner_name")]
    pub(super) _owner_name: Option<String>,
    #[serde(rename = "owner_type")]
    pub(super) _owner_type: Option<String>,
    #[serde(rename = "created_by")]
    pub(super) _created_by: Option<Value>,
    #[serde(rename = "rotated_at")]
    pub(super) _rotated_at: Option<String>,
    #[serde(rename = "last_used_at")]
    pub(super) _last_used_at: Option<String>,
    #[serde(rename = "last_used_ip")]
    pub(super) _last_used_ip: Option<String>,
}

/// It may hold a token.
impl std::fmt::Debug for KeyRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRow").finish_non_exhaustive()
    }
}

/// Whom a key stands for, as a line says it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum OwnerRow {
    /// An id, the username of a service account, or the address of a person.
    Known(String),
    /// A service account that is made where there is none of that username.
    Account(Box<AccountDraft>),
}

/// CSV has no numbers and truth values of its own.
fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Said {
        Bool(bool),
        Text(String),
    }
    match Option::<Said>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Said::Bool(value)) => Ok(Some(value)),
        Some(Said::Text(text)) => match text.as_str() {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            _ => Err(serde::de::Error::custom("expected true or false")),
        },
    }
}

/// An object, or the text of one.
fn object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Map<String, Value>>, D::Error> {
    match Option::<Value>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Value::Object(fields)) => Ok(Some(fields)),
        Some(Value::String(text)) => serde_json::from_str(&text)
            .map(Some)
            .map_err(|_| serde::de::Error::custom("metadata: expected a JSON object")),
        Some(_) => Err(serde::de::Error::custom("metadata: expected a JSON object")),
    }
}

impl KeyRow {
    /// Whether the key was ended for good where it comes from.
    pub(super) fn is_over(&self) -> bool {
        self.revoked_at.is_some() || self.deleted_at.is_some()
    }

    /// When it ends.
    pub(super) fn expiry(&self) -> Result<ExpiryRequest, FieldError> {
        match (self.expires_at, self.expires_in) {
            (Some(_), Some(_)) => Err(FieldError::new(
                "expires_at",
                "expires_at and expires_in exclude each other",
            )),
            (Some(end), None) => Ok(end.into()),
            (None, Some(life)) => Ok(ExpiryRequest::In(life)),
            (None, None) => Ok(ExpiryRequest::Unsaid),
        }
    }

    /// Where its token comes from.
    pub(super) fn take_token(&mut self) -> Result<TokenInput, FieldError> {
        let prefix = self.secret_prefix.take();
        match (self.secret.take(), self.secret_sha256.take()) {
            (Some(_), Some(_)) => Err(FieldError::new(
                "secret",
                "secret and secret_sha256 exclude each other",
            )),
            (Some(token), None) => Ok(TokenInput::External(token)),
            (None, Some(hash)) => Ok(TokenInput::Sha256 { hash, prefix }),
            (None, None) => Ok(TokenInput::Generate),
        }
    }

    /// What is kept of where it comes from, for whoever looks for it there.
    fn provenance(&self, from: Option<&'static str>) -> Map<String, Value> {
        let mut kept = Map::new();
        if let Some(from) = from {
            kept.insert("from".to_owned(), from.into());
        }
        if let Some(id) = &self.external_id {
            kept.insert("id".to_owned(), id.clone().into());
        }
        kept
    }

    /// The key's fields. The owner is looked for apart.
    pub(super) fn draft(self, from: Option<&'static str>) -> KeyDraft {
        let kept = self.provenance(from);
        let mut metadata = self.metadata.unwrap_or_default();
        if !kept.is_empty() {
            // A mapping may have put more there.
            let known = metadata
                .entry("imported")
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(known) = known {
                for (name, value) in kept {
                    known.entry(name).or_insert(value);
                }
            }
        }
        KeyDraft {
            name: Some(self.name.unwrap_or_default()),
            description: self.description,
            permissions: self.permissions,
            roles: self.roles,
            networks: self.networks,
            tags: self.tags,
            metadata: Some(metadata),
            contacts: self.contacts,
            owner: None,
            rate_limits: self.rate_limits,
            quota: self.quota.map(Some),
        }
    }
}
