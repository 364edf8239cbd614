//! Proof of what was done: a chain of records, each committed to by the next, so that an edit, a removal or a change of
//! order shows, and the first bad record can be named.
//!
//! A record has a *body* (who by id, what, on what, when) and a *payload* (names, addresses, the difference). The chain
//! runs over the body, which holds a salted hash of the payload: personal data can be erased and the chain still verifies.

mod base;
mod chain;
mod checkpoint;
mod restore;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use base::{Base, PRUNE, Pruned, beginning};
pub use chain::{Chain, Fault, Record, Sealed, Shown};
pub use checkpoint::Checkpoint;
pub use restore::{Restored, restored, restoring};

use crate::clock::Timestamp;
use crate::key::Actor;

/// On what something was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = AuditTarget)]
pub struct Target {
    /// The noun, e.g. `key`.
    #[serde(rename = "type")]
    #[schema(example = "key")]
    pub kind: String,
    /// Its id.
    #[schema(example = "key_01k1qhwaswfn78ypkbfj6sw3rt")]
    pub id: String,
    /// The name that it had then.
    #[schema(example = "Billing sync")]
    pub name: String,
}

/// Something that was done, before it is chained.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: Actor,
    /// What, as `noun.verb`: `key.rotate`.
    pub action: &'static str,
    /// On what.
    pub target: Target,
    /// The request that asked for it.
    pub request_id: Option<String>,
    /// From where.
    pub ip: Option<String>,
    /// The difference, `{"field": {"before": …, "after": …}}`, without secrets.
    pub changes: Value,
}
