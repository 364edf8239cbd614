//! Signed statements of where a chain stood, kept outside the database: who cuts a chain off and mends its head in the
//! database still cannot make an older checkpoint fit.

use serde::{Deserialize, Serialize};

use super::chain::{Chain, Fault};
use crate::clock::Timestamp;
use crate::hex::hex;
use crate::id::OrganisationId;
use crate::secret::{Keyring, verify_signature};

/// "At `at`, the chain of `organisation` had `seq` records and the last one had this hash", signed with Ed25519 (RFC 8032).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Whose chain.
    pub organisation: OrganisationId,
    /// The number of its last record.
    pub seq: i64,
    /// The last record's hash, in hex.
    pub hash: String,
    /// When this was stated.
    pub at: Timestamp,
    /// The signature, in hex.
    pub signature: String,
}

impl Checkpoint {
    /// States where `chain` stands.
    pub fn sign(chain: &Chain, at: Timestamp, keyring: &Keyring) -> Self {
        let mut checkpoint = Self {
            organisation: chain.organisation,
            seq: chain.seq,
            hash: hex(&chain.hash),
            at,
            signature: String::new(),
        };
        checkpoint.signature = hex(&keyring.sign(checkpoint.statement().as_bytes()));
        checkpoint
    }

    fn statement(&self) -> String {
        format!(
            "claviger checkpoint v1\n{}\n{}\n{}\n{}",
            self.organisation,
            self.seq,
            self.hash,
            self.at.as_micros()
        )
    }

    /// Whether it was signed with the key whose public half is `public`.
    pub fn is_signed_by(&self, public: &[u8; 32]) -> bool {
        is_signed(public, &self.statement(), &self.signature)
    }

    /// Checks a chain that was read up to this checkpoint's record.
    ///
    /// # Errors
    /// When the chain has another record there.
    pub fn check(&self, chain: &Chain) -> Result<(), Fault> {
        if chain.seq == self.seq && hex(&chain.hash) != self.hash {
            return Err(Fault::Rewritten { seq: self.seq });
        }
        Ok(())
    }
}

/// Whether `signature`, in hex, is one of `statement` by the key whose public half is `public`.
pub(super) fn is_signed(public: &[u8; 32], statement: &str, signature: &str) -> bool {
    let signature: Option<[u8; 64]> = unhex(signature);
    signature.is_some_and(|signature| verify_signature(public, statement.as_bytes(), &signature))
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes: Option<Vec<u8>> = (0..text.len())
        .step_by(2)
        .map(|i| {
            text.get(i..i + 2)
                .and_then(|pair| u8::from_str_radix(pair, 16).ok())
        })
        .collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRandom;

    #[test]
    fn a_checkpoint_that_was_changed_is_not_signed() {
        let keyring = Keyring::generate(&SystemRandom).expect("a keyring");
        let chain = Chain {
            organisation: OrganisationId::INSTALLATION,
            seq: 7,
            hash: [9; 32],
        };
        let good = Checkpoint::sign(&chain, Timestamp::from_micros(5), &keyring);
        let public = keyring.audit_public_key();
        assert!(good.is_signed_by(&public));
        assert!(
            !Checkpoint {
                seq: 6,
                ..good.clone()
            }
            .is_signed_by(&public)
        );
        assert!(
            !Checkpoint {
                signature: "zz".to_owned(),
                ..good.clone()
            }
            .is_signed_by(&public)
        );
        assert!(
            !Checkpoint {
                signature: "é".to_owned(),
                ..good
            }
            .is_signed_by(&public)
        );
    }
}
