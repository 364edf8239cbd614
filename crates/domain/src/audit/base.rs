//! Where a chain begins after its older records were pruned, as the policy's retention says: a signed statement of the
//! last record that went. Who removes records at the beginning of a chain cannot make one.

use serde::Serialize;

use super::chain::{Chain, Fault};
use super::checkpoint::is_signed;
use crate::clock::Timestamp;
use crate::hex::hex;
use crate::id::OrganisationId;
use crate::secret::Keyring;
use crate::span::Span;

/// What the pruning of a chain is called in the chain. The target's id is the number of the last record that went.
pub const PRUNE: &str = "audit.prune";

/// "At `at`, the records of `organisation` up to `seq`, the last of which had this hash, were pruned because records are
/// kept for `kept`", signed with Ed25519 (RFC 8032).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The last record that went, and its hash: the chain goes on from there.
    pub end: Chain,
    /// When.
    pub at: Timestamp,
    /// The policy's `retention.audit` of then, as it is written.
    pub kept: String,
    /// The signature, in hex.
    pub signature: String,
}

/// A base as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = AuditBase)]
pub struct Pruned {
    /// The last record that was pruned.
    #[schema(minimum = 1, example = 5200)]
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// How long records were kept by the policy of then.
    #[schema(example = "365d")]
    pub kept: String,
}

impl Base {
    /// States that the records up to the end of `end` go now.
    pub fn sign(end: Chain, at: Timestamp, kept: Span, keyring: &Keyring) -> Self {
        let mut base = Self {
            end,
            at,
            kept: kept.to_string(),
            signature: String::new(),
        };
        base.signature = hex(&keyring.sign(base.statement().as_bytes()));
        base
    }

    fn statement(&self) -> String {
        format!(
            "claviger base v1\n{}\n{}\n{}\n{}\n{}",
            self.end.organisation,
            self.end.seq,
            hex(&self.end.hash),
            self.at.as_micros(),
            self.kept
        )
    }

    /// As it is shown.
    pub fn shown(&self) -> Pruned {
        Pruned {
            seq: self.end.seq,
            at: self.at,
            kept: self.kept.clone(),
        }
    }
}

/// Where a chain may begin: at a base that was signed with the key whose public half is `public`, else before its first
/// record. `first` is the oldest record that is there, `pruned` what the chain itself says of its last pruning.
///
/// # Errors
/// When the base was forged, removed or exchanged.
pub fn beginning(
    organisation: OrganisationId,
    base: Option<&Base>,
    first: Option<i64>,
    pruned: Option<i64>,
    public: &[u8; 32],
) -> Result<Chain, Fault> {
    match (base, pruned) {
        (None, None) => Ok(Chain::empty(organisation)),
        (None, Some(pruned)) => Err(Fault::BaseMissing { pruned }),
        (Some(base), _)
            if base.end.organisation != organisation
                || base.end.seq < 1
                || !is_signed(public, &base.statement(), &base.signature) =>
        {
            Err(Fault::BaseForged { stated: base.end.seq })
        }
        // Each pruning is a record of the chain that it leaves.
        (Some(base), Some(pruned)) if base.end.seq != pruned => Err(Fault::BaseMoved {
            stated: base.end.seq,
            pruned,
        }),
        (Some(base), _) => match first {
            Some(first) if first <= base.end.seq => Err(Fault::BaseAfter {
                stated: base.end.seq,
                first,
            }),
            _ => Ok(base.end.clone()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRandom;

    fn chain(seq: i64) -> Chain {
        Chain {
            organisation: OrganisationId::INSTALLATION,
            seq,
            hash: [9; 32],
        }
    }

    #[test]
    fn a_chain_begins_at_a_signed_base_and_at_no_other() {
        let keyring = Keyring::generate(&SystemRandom).expect("a keyring");
        let public = keyring.audit_public_key();
        let own = OrganisationId::INSTALLATION;
        let base = Base::sign(chain(7), Timestamp::from_micros(5), Span::days(30), &keyring);
        let at = |base: Option<&Base>, first, pruned| beginning(own, base, first, pruned, &public);
        assert_eq!(at(None, Some(1), None), Ok(Chain::empty(own)));
        assert_eq!(at(Some(&base), Some(8), Some(7)), Ok(chain(7)));
        assert_eq!(at(None, Some(8), Some(7)), Err(Fault::BaseMissing { pruned: 7 }));
        let moved = |stated, pruned| Err(Fault::BaseMoved { stated, pruned });
        assert_eq!(at(Some(&base), Some(10), Some(9)), moved(7, 9));
        assert_eq!(
            at(Some(&base), Some(3), Some(7)),
            Err(Fault::BaseAfter { stated: 7, first: 3 })
        );

        let other = Keyring::generate(&SystemRandom).expect("a keyring");
        let another = OrganisationId::fresh(&crate::clock::SystemClock, &SystemRandom);
        for forged in [
            Base {
                end: chain(8),
                ..base.clone()
            },
            Base {
                end: Chain {
                    hash: [8; 32],
                    ..chain(7)
                },
                ..base.clone()
            },
            Base {
                end: Chain {
                    organisation: another,
                    ..chain(7)
                },
                ..base.clone()
            },
            Base {
                at: Timestamp::from_micros(6),
                ..base.clone()
            },
            Base {
                kept: "31d".to_owned(),
                ..base.clone()
            },
            Base {
                signature: "é".to_owned(),
                ..base.clone()
            },
            Base::sign(chain(7), Timestamp::from_micros(5), Span::days(30), &other),
        ] {
            let stated = forged.end.seq;
            assert_eq!(
                at(Some(&forged), Some(8), Some(7)),
                Err(Fault::BaseForged { stated }),
                "{forged:?}"
            );
        }
        // A checkpoint is signed by the same key and says something else.
        let checkpoint = super::super::Checkpoint::sign(&chain(7), Timestamp::from_micros(5), &keyring);
        let forged = Base {
            signature: checkpoint.signature,
            ..base
        };
        assert_eq!(
            at(Some(&forged), Some(8), Some(7)),
            Err(Fault::BaseForged { stated: 7 })
        );
    }
}
