//! What is kept of a token, and the keys that protect it. A token is never stored in clear: a keyed digest finds it,
//! and where policy asks for it an encrypted copy can bring it back.

mod audit;
mod envelope;
mod file;
mod import;
mod keyring;
mod pepper;
mod ring;
mod summary;

use std::fmt;

use sha2::Digest as _;

use crate::token::Presented;

pub use audit::verify_signature;
pub use envelope::{DataKey, SealError, WrappedDataKey};
pub use file::KeyringError;
pub use import::{HashImport, HashImportError};
pub use keyring::Keyring;
pub use ring::{KekVersion, PepperVersion, RotationError};
pub use summary::{Discord, Held, Kind, Summary};

/// 32 bytes that a secret is looked up by: HMAC-SHA-256 or SHA-256 of a token.
///
/// Equality is not constant in time. It need not be: an attacker who cannot compute the keyed digest cannot steer it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// From the stored form.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The stored form.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// From 64 hexadecimal digits of either case.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        unhex(text, &mut bytes)?;
        Some(Self(bytes))
    }

    /// The first eight hexadecimal digits: enough to tell digests apart in a log, too few to find a token by.
    pub(crate) fn short(&self) -> String {
        let [a, b, c, d, ..] = self.0;
        format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({}…)", self.short())
    }
}

/// How a stored digest was made from its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// HMAC-SHA-256 (RFC 2104) under a pepper.
    Hmac {
        /// The pepper that was current when the digest was written.
        pepper: PepperVersion,
    },
    /// Plain SHA-256, imported from another system; becomes `Hmac` when its token is first seen.
    Sha256,
}

/// The digest of a token by which an imported SHA-256 hash is found.
pub fn sha256(presented: &Presented<'_>) -> Digest {
    Digest(sha2::Sha256::digest(presented.as_bytes()).into())
}

/// Reads exactly two hexadecimal digits for each byte of `out`.
fn unhex(text: &str, out: &mut [u8]) -> Option<()> {
    if text.len() != 2 * out.len() {
        return None;
    }
    for (slot, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *slot = (high * 16 + low) as u8;
    }
    Some(())
}

#[cfg(test)]
mod tests;
