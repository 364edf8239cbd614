//! The installation's own keys. They live beside the database and never in it, so that a stolen database alone
//! can neither confirm a guessed token nor open an encrypted one.

use zeroize::Zeroizing;

use super::audit::AuditKey;
use super::envelope::{self, DataKey, SealError, WrappedDataKey};
use super::pepper::Pepper;
use super::ring::{KekVersion, PepperVersion, Ring, RotationError};
use super::{Digest, KeyringError};
use crate::clock::Random;
use crate::token::Presented;

/// The bytes of one key, wiped when dropped.
pub(super) type KeyBytes = Zeroizing<[u8; 32]>;

/// Versioned peppers and key-encryption keys, and the key that signs audit checkpoints.
///
/// `Debug` shows versions only, there is no `Serialize`, and the bytes are wiped when it is dropped. A rotation is three
/// steps, each after every node has loaded the file of the step before: `announce` adds a key that only verifies,
/// `promote` makes it the one that writes, and `retire` removes an old one for good. Between promotion and retirement
/// the old one still verifies; retire it when nothing leans on it any more.
#[derive(Debug)]
pub struct Keyring {
    pub(super) peppers: Ring<Pepper>,
    pub(super) keks: Ring<KeyBytes>,
    pub(super) audit: AuditKey,
}

impl Keyring {
    /// A new keyring with version 1 of everything.
    ///
    /// # Errors
    /// [`KeyringError::Crypto`] if the cryptographic library refuses to work, which it does when it is out of memory.
    pub fn generate(random: &dyn Random) -> Result<Self, KeyringError> {
        Ok(Self {
            peppers: Ring::first(Pepper::new(fresh(random))),
            keks: Ring::first(fresh(random)),
            audit: AuditKey::new(fresh(random)).ok_or(KeyringError::Crypto)?,
        })
    }

    /// HMAC-SHA-256 of a token under the current pepper: what new secrets are stored and looked up by.
    #[inline]
    pub fn digest(&self, presented: &Presented<'_>) -> Digest {
        self.peppers.current().1.digest(presented.as_bytes())
    }

    /// The digest under one version of the pepper; `None` when the keyring does not hold it.
    pub fn digest_with(&self, version: PepperVersion, presented: &Presented<'_>) -> Option<Digest> {
        Some(self.peppers.get(version.get())?.digest(presented.as_bytes()))
    }

    /// The digests under the peppers that only verify: announced ones, and old ones that are not yet retired.
    /// Each is computed when it is asked for.
    pub fn others(&self, presented: &Presented<'_>) -> impl Iterator<Item = (PepperVersion, Digest)> {
        let text = presented.as_bytes();
        let others = self.peppers.others();
        others.map(move |(version, pepper)| (PepperVersion::new(version), pepper.digest(text)))
    }

    /// The pepper that writes.
    pub fn current_pepper(&self) -> PepperVersion {
        PepperVersion::new(self.peppers.current().0)
    }

    /// Every pepper held, lowest version first.
    pub fn pepper_versions(&self) -> Vec<PepperVersion> {
        self.peppers
            .versions()
            .into_iter()
            .map(PepperVersion::new)
            .collect()
    }

    /// Adds a pepper that only verifies, for the time in which the nodes learn of it.
    pub fn announce_pepper(&mut self, random: &dyn Random) -> PepperVersion {
        PepperVersion::new(self.peppers.announce(Pepper::new(fresh(random))))
    }

    /// Makes this pepper the one that writes; the one before goes on verifying.
    ///
    /// # Errors
    /// [`RotationError::Unknown`].
    pub fn promote_pepper(&mut self, version: PepperVersion) -> Result<(), RotationError> {
        self.peppers.promote(version.get())
    }

    /// Removes a pepper for good: secrets whose digest was made with it are no longer found.
    ///
    /// # Errors
    /// [`RotationError::Current`] for the one that writes, [`RotationError::Unknown`] for one that is not there.
    pub fn retire_pepper(&mut self, version: PepperVersion) -> Result<(), RotationError> {
        self.peppers.retire(version.get())
    }

    /// The key-encryption key that wraps.
    pub fn current_kek(&self) -> KekVersion {
        KekVersion::new(self.keks.current().0)
    }

    /// Every key-encryption key held, lowest version first.
    pub fn kek_versions(&self) -> Vec<KekVersion> {
        self.keks.versions().into_iter().map(KekVersion::new).collect()
    }

    /// Adds a key-encryption key that only unwraps, for the time in which the nodes learn of it.
    pub fn announce_kek(&mut self, random: &dyn Random) -> KekVersion {
        KekVersion::new(self.keks.announce(fresh(random)))
    }

    /// Makes this key-encryption key the one that wraps; the one before goes on unwrapping.
    ///
    /// # Errors
    /// [`RotationError::Unknown`].
    pub fn promote_kek(&mut self, version: KekVersion) -> Result<(), RotationError> {
        self.keks.promote(version.get())
    }

    /// Removes a key-encryption key for good: data keys that it wraps can no longer be opened.
    ///
    /// # Errors
    /// [`RotationError::Current`] for the one that wraps, [`RotationError::Unknown`] for one that is not there.
    pub fn retire_kek(&mut self, version: KekVersion) -> Result<(), RotationError> {
        self.keks.retire(version.get())
    }

    /// Encrypts a data key under the current key-encryption key, bound to `associated` (its id and organisation).
    ///
    /// # Errors
    /// [`SealError::Crypto`].
    pub fn wrap(
        &self,
        data_key: &DataKey,
        associated: &[u8],
        random: &dyn Random,
    ) -> Result<WrappedDataKey, SealError> {
        let (version, kek) = self.keks.current();
        let bytes = envelope::wrap(kek, data_key, associated, random)?;
        Ok(WrappedDataKey {
            kek: KekVersion::new(version),
            bytes,
        })
    }

    /// Opens a data key with the key-encryption key that it names.
    ///
    /// # Errors
    /// [`SealError::UnknownKek`] when that key is not held; [`SealError::Refused`] when the bytes or `associated` are
    /// not those that were wrapped.
    pub fn unwrap(&self, wrapped: &WrappedDataKey, associated: &[u8]) -> Result<DataKey, SealError> {
        let kek = self
            .keks
            .get(wrapped.kek.get())
            .ok_or(SealError::UnknownKek(wrapped.kek))?;
        envelope::unwrap(kek, &wrapped.bytes, associated)
    }

    /// Encrypts what a browser carries between two steps of a sign-in, so that it can neither be read nor made up.
    ///
    /// # Errors
    /// [`SealError::Crypto`].
    pub fn seal_attempt(&self, plain: &[u8], random: &dyn Random) -> Result<Vec<u8>, SealError> {
        envelope::seal_attempt(self.keks.current().1, plain, random)
    }

    /// Opens what [`Keyring::seal_attempt`] has sealed under the current key-encryption key; a sign-in under way when
    /// that changes is begun anew.
    ///
    /// # Errors
    /// [`SealError::Layout`] or [`SealError::Refused`].
    pub fn open_attempt(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        envelope::open_attempt(self.keks.current().1, sealed)
    }

    /// Signs an audit checkpoint with Ed25519 (RFC 8032).
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.audit.sign(message)
    }

    /// The key by which anybody can check those signatures.
    pub fn audit_public_key(&self) -> [u8; 32] {
        self.audit.public()
    }
}

/// 32 fresh bytes.
pub(super) fn fresh(random: &dyn Random) -> KeyBytes {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    random.fill(bytes.as_mut_slice());
    bytes
}
