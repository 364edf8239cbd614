//! Signatures over audit checkpoints, so that whoever can write the database still cannot rewrite its history unseen.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::keyring::KeyBytes;

/// An Ed25519 key pair with the seed that it is stored as.
pub(super) struct AuditKey {
    pub(super) seed: KeyBytes,
    public: [u8; 32],
    pair: Ed25519KeyPair,
}

impl AuditKey {
    /// `None` only if the library fails.
    pub(super) fn new(seed: KeyBytes) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).ok()?;
        let public = pair.public_key().as_ref().try_into().ok()?;
        Some(Self { seed, public, pair })
    }

    pub(super) fn public(&self) -> [u8; 32] {
        self.public
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut bytes = [0; 64];
        // Ed25519 signatures are always 64 bytes (RFC 8032, 5.1.6).
        bytes.copy_from_slice(self.pair.sign(message).as_ref());
        bytes
    }
}

impl std::fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(redacted)")
    }
}

/// True if `signature` is an Ed25519 signature (RFC 8032) of `message` under the public key.
pub fn verify_signature(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    UnparsedPublicKey::new(&ED25519, public)
        .verify(message, signature)
        .is_ok()
}
