//! The hash chain of one organisation, and how it is checked.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Event, Target};
use crate::clock::Timestamp;
use crate::hex::hex;
use crate::id::OrganisationId;
use crate::key::{Actor, ActorKind};

const DOMAIN: &[u8] = b"claviger audit v1\n";

/// A record as it is stored. The columns beside `body` repeat it for searching; [`Chain::check`] compares them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its place in the chain, from 1.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub action: String,
    /// By which kind of principal.
    pub actor_kind: String,
    /// By which one; empty where it has no id.
    pub actor_id: String,
    /// On which kind of thing.
    pub target_kind: String,
    /// On which one.
    pub target_id: String,
    /// The bytes that the chain runs over.
    pub body: Vec<u8>,
    /// What the payload is salted with.
    pub salt: Vec<u8>,
    /// Names, addresses and the difference; none once erased.
    pub payload: Option<Vec<u8>>,
    /// SHA-256 over the chain up to here.
    pub hash: [u8; 32],
}

/// What a record's body says.
#[derive(Debug, Serialize, Deserialize)]
struct Body {
    organisation: OrganisationId,
    seq: i64,
    at: i64,
    action: String,
    actor_type: ActorKind,
    actor_id: String,
    target_type: String,
    target_id: String,
    /// SHA-256 over salt and payload, in hex.
    payload: String,
}

/// What a record's payload says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Payload<'a> {
    actor_name: Cow<'a, str>,
    target_name: Cow<'a, str>,
    request_id: Option<Cow<'a, str>>,
    ip: Option<Cow<'a, str>>,
    changes: Cow<'a, Value>,
}

/// An event whose payload is written and committed to already: all of a record that needs no place in the chain. So it can
/// be made beforehand, where nobody waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    at: Timestamp,
    action: &'static str,
    actor_kind: ActorKind,
    actor_id: String,
    target_kind: String,
    target_id: String,
    salt: [u8; 16],
    payload: Vec<u8>,
    commitment: String,
}

impl Sealed {
    /// Writes an event's payload down, salted by `salt`.
    ///
    /// # Errors
    /// When the event cannot be written as JSON, which no event of ours is.
    pub fn of(event: &Event, salt: [u8; 16]) -> Result<Self, serde_json::Error> {
        let payload = serde_json::to_vec(&Payload {
            actor_name: Cow::Borrowed(&event.actor.name),
            target_name: Cow::Borrowed(&event.target.name),
            request_id: event.request_id.as_deref().map(Cow::Borrowed),
            ip: event.ip.as_deref().map(Cow::Borrowed),
            changes: Cow::Borrowed(&event.changes),
        })?;
        Ok(Self {
            at: event.at,
            action: event.action,
            actor_kind: event.actor.kind,
            actor_id: event.actor.id.clone().unwrap_or_default(),
            target_kind: event.target.kind.clone(),
            target_id: event.target.id.clone(),
            commitment: commitment(&salt, &payload),
            salt,
            payload,
        })
    }
}

/// What is wrong with a chain, at the first record where it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Records are gone: `expected` did not come, `found` did.
    Missing {
        /// The record that should have come.
        expected: i64,
        /// The one that came.
        found: i64,
    },
    /// The record's body is not the one that was chained, or the one before it was replaced.
    Altered {
        /// Which.
        seq: i64,
    },
    /// The record's payload is not the one that was chained.
    PayloadAltered {
        /// Which.
        seq: i64,
    },
    /// A column beside the body says something else than the body.
    ColumnAltered {
        /// Which record.
        seq: i64,
        /// Which column.
        column: &'static str,
    },
    /// The chain ends before its head says.
    Truncated {
        /// The last record that is there.
        last: i64,
        /// The last that should be.
        head: i64,
    },
    /// The chain's head, or a checkpoint, commits to another record than the one that is stored.
    Rewritten {
        /// Which record.
        seq: i64,
    },
    /// The base was not signed by this installation.
    BaseForged {
        /// The last record that it says was pruned.
        stated: i64,
    },
    /// Records were pruned, and the base that says so is gone.
    BaseMissing {
        /// The last record that was pruned.
        pruned: i64,
    },
    /// The base is another one than that of the last pruning.
    BaseMoved {
        /// The last record that it says was pruned.
        stated: i64,
        /// The last that was.
        pruned: i64,
    },
    /// Records are there that the base says were pruned.
    BaseAfter {
        /// The last record that it says was pruned.
        stated: i64,
        /// The first that is there.
        first: i64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { expected, found } if found > expected => {
                write!(
                    f,
                    "record {expected} is missing: record {found} follows record {}",
                    expected - 1
                )
            }
            Self::Missing { expected, found } => {
                write!(f, "record {found} stands where record {expected} belongs")
            }
            Self::Altered { seq } => write!(
                f,
                "record {seq} was altered, replaced or moved: its hash does not fit"
            ),
            Self::PayloadAltered { seq } => {
                write!(f, "record {seq} was altered: its payload is not the one chained")
            }
            Self::ColumnAltered { seq, column } => {
                write!(
                    f,
                    "record {seq} was altered: its column {column} differs from what was chained"
                )
            }
            Self::Truncated { last, head } => {
                write!(
                    f,
                    "record {} is missing: the chain was cut off, it reached record {head}",
                    last + 1
                )
            }
            Self::Rewritten { seq } => {
                write!(
                    f,
                    "record {seq} was rewritten: another one was committed to at its place"
                )
            }
            Self::BaseForged { stated } => write!(
                f,
                "the base at record {stated} is not one that this installation signed"
            ),
            Self::BaseMissing { pruned } => write!(
                f,
                "the base at record {pruned} is missing: the records up to it were pruned, and nothing signed says so"
            ),
            Self::BaseMoved { stated, pruned } => write!(
                f,
                "the base was moved: it says that the records up to {stated} were pruned, the log that those up to \
                 {pruned} were"
            ),
            Self::BaseAfter { stated, first } => write!(
                f,
                "the base was moved: it says that the records up to {stated} were pruned, and record {first} is there"
            ),
        }
    }
}

/// Where a chain stands: the last record and its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Whose.
    pub organisation: OrganisationId,
    /// The last record; 0 before the first.
    pub seq: i64,
    /// Its hash; zeroes before the first.
    pub hash: [u8; 32],
}

impl Chain {
    /// The chain before its first record.
    pub const fn empty(organisation: OrganisationId) -> Self {
        Self {
            organisation,
            seq: 0,
            hash: [0; 32],
        }
    }

    /// Chains `event`, with its payload salted by `salt`, and moves on.
    ///
    /// # Errors
    /// When the event cannot be written as JSON, which no event of ours is.
    pub fn append(&mut self, event: &Event, salt: [u8; 16]) -> Result<Record, serde_json::Error> {
        self.extend(Sealed::of(event, salt)?)
    }

    /// Chains what was sealed before, and moves on.
    ///
    /// # Errors
    /// When the body cannot be written as JSON, which none of ours is.
    pub fn extend(&mut self, sealed: Sealed) -> Result<Record, serde_json::Error> {
        let body = Body {
            organisation: self.organisation,
            seq: self.seq + 1,
            at: sealed.at.as_micros(),
            action: sealed.action.to_owned(),
            actor_type: sealed.actor_kind,
            actor_id: sealed.actor_id,
            target_type: sealed.target_kind,
            target_id: sealed.target_id,
            payload: sealed.commitment,
        };
        let bytes = serde_json::to_vec(&body)?;
        self.seq = body.seq;
        self.hash = link(&self.hash, &bytes);
        Ok(Record {
            seq: body.seq,
            at: sealed.at,
            action: body.action,
            actor_kind: kind_text(body.actor_type).to_owned(),
            actor_id: body.actor_id,
            target_kind: body.target_type,
            target_id: body.target_id,
            body: bytes,
            salt: sealed.salt.to_vec(),
            payload: Some(sealed.payload),
            hash: self.hash,
        })
    }

    /// Checks that `record` is the next one, and moves on.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&mut self, record: &Record) -> Result<(), Fault> {
        let seq = record.seq;
        if seq != self.seq + 1 {
            return Err(Fault::Missing {
                expected: self.seq + 1,
                found: seq,
            });
        }
        let hash = link(&self.hash, &record.body);
        if hash != record.hash {
            return Err(Fault::Altered { seq });
        }
        let body: Body = serde_json::from_slice(&record.body).map_err(|_| Fault::Altered { seq })?;
        let columns = [
            ("organisation", body.organisation == self.organisation),
            ("seq", body.seq == seq),
            ("at", body.at == record.at.as_micros()),
            ("action", body.action == record.action),
            ("actor_kind", kind_text(body.actor_type) == record.actor_kind),
            ("actor_id", body.actor_id == record.actor_id),
            ("target_kind", body.target_type == record.target_kind),
            ("target_id", body.target_id == record.target_id),
        ];
        if let Some((column, _)) = columns.into_iter().find(|(_, same)| !same) {
            return Err(Fault::ColumnAltered { seq, column });
        }
        if let Some(payload) = &record.payload
            && commitment(&record.salt, payload) != body.payload
        {
            return Err(Fault::PayloadAltered { seq });
        }
        self.seq = seq;
        self.hash = hash;
        Ok(())
    }

    /// Checks that this chain, read to its end, ends where `head` says.
    ///
    /// # Errors
    /// When it is shorter, longer or another one.
    pub fn check_head(&self, head: &Chain) -> Result<(), Fault> {
        if self.seq < head.seq {
            return Err(Fault::Truncated {
                last: self.seq,
                head: head.seq,
            });
        }
        if self.seq > head.seq || self.hash != head.hash {
            return Err(Fault::Rewritten {
                seq: self.seq.min(head.seq + 1),
            });
        }
        Ok(())
    }
}

/// A record as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = AuditRecord)]
pub struct Shown {
    /// Its place in the chain.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// What.
    #[schema(example = "key.create")]
    pub action: String,
    /// By whom.
    pub actor: Actor,
    /// On what.
    pub target: Target,
    /// From where.
    #[schema(required, example = "203.0.113.9")]
    pub ip: Option<String>,
    /// The request that asked for it.
    #[schema(required, example = "req_01k1qhwaswfn78ypkbfj6sw3rt")]
    pub request_id: Option<String>,
    /// The difference.
    pub changes: Value,
    /// The chain's hash, in hex.
    #[schema(example = "5b2c0d6bd3a3a0a7d1d9b1c6a8b8f4f07b0f6b1f2f3a4b5c6d7e8f9012345678")]
    pub hash: String,
}

impl Record {
    /// The record as it is shown; names are `erased` where the payload is.
    pub fn show(&self) -> Shown {
        let payload: Payload<'_> = self
            .payload
            .as_deref()
            .and_then(|bytes| serde_json::from_slice(bytes).ok())
            .unwrap_or(Payload {
                actor_name: "erased".into(),
                target_name: "erased".into(),
                request_id: None,
                ip: None,
                changes: Cow::Owned(Value::Null),
            });
        let kind = [ActorKind::User, ActorKind::Key, ActorKind::Account]
            .into_iter()
            .find(|kind| kind_text(*kind) == self.actor_kind)
            .unwrap_or(ActorKind::System);
        Shown {
            seq: self.seq,
            at: self.at,
            action: self.action.clone(),
            actor: Actor {
                kind,
                id: Some(self.actor_id.clone()).filter(|id| !id.is_empty()),
                name: payload.actor_name.into_owned(),
            },
            target: Target {
                kind: self.target_kind.clone(),
                id: self.target_id.clone(),
                name: payload.target_name.into_owned(),
            },
            ip: payload.ip.map(Cow::into_owned),
            request_id: payload.request_id.map(Cow::into_owned),
            changes: payload.changes.into_owned(),
            hash: hex(&self.hash),
        }
    }
}

fn kind_text(kind: ActorKind) -> &'static str {
    match kind {
        ActorKind::User => "user",
        ActorKind::Key => "key",
        ActorKind::Account => "account",
        ActorKind::System => "system",
    }
}

fn link(previous: &[u8; 32], body: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(DOMAIN)
        .chain_update(previous)
        .chain_update(body)
        .finalize()
        .into()
}

fn commitment(salt: &[u8], payload: &[u8]) -> String {
    hex(&Sha256::new().chain_update(salt).chain_update(payload).finalize())
}

#[cfg(test)]
mod tests;
