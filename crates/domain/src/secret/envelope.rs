//! Envelope encryption for secrets that policy keeps retrievable: a data key encrypts tokens, a key-encryption key
//! outside the database encrypts the data key. Both are AES-256-GCM (NIST SP 800-38D).

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::KekVersion;
use super::keyring::{KeyBytes, fresh};
use crate::clock::Random;
use crate::token::{Presented, Token};
use crate::webhook::SigningSecret;

/// The layout `version ‖ nonce (12) ‖ ciphertext ‖ tag (16)`, kept readable for as long as rows with it exist.
const VERSION: u8 = 1;

/// What a ciphertext is for. It is authenticated, so that one kind can never be passed off as the other.
const TOKEN: &[u8] = b"claviger token 1\0";
const DATA_KEY: &[u8] = b"claviger data key 1\0";
const ATTEMPT: &[u8] = b"claviger sign-in attempt 1\0";
const TOTP: &[u8] = b"claviger totp 1\0";
const SIGNING: &[u8] = b"claviger webhook signing 1\0";

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Too short, or of a layout that this version does not know.
    #[error("The ciphertext is not of a known layout.")]
    Layout,
    /// Wrong key, changed bytes, or moved from another row.
    #[error("The ciphertext does not belong to this key and this record, or was changed.")]
    Refused,
    /// The key-encryption key is not in the secrets file.
    #[error("The key-encryption key of version {0} is not in the secrets file.")]
    UnknownKek(KekVersion),
    /// The library failed.
    #[error("The cryptographic library failed.")]
    Crypto,
}

/// A key that encrypts tokens: redacted, wiped when dropped, stored only wrapped.
///
/// Nonces are random, so one data key is good for 2^32 tokens (SP 800-38D, 8.3); an organisation has far fewer.
pub struct DataKey(KeyBytes);

/// A data key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedDataKey {
    /// The key-encryption key that opens it.
    pub kek: KekVersion,
    /// The encrypted key.
    pub bytes: Vec<u8>,
}

impl DataKey {
    /// A fresh key.
    pub fn generate(random: &dyn Random) -> Self {
        Self(fresh(random))
    }

    /// Encrypts a token, bound to `associated`: the bytes of its secret's id.
    ///
    /// # Errors
    /// [`SealError::Crypto`].
    pub fn seal(&self, token: &Token, associated: &[u8], random: &dyn Random) -> Result<Vec<u8>, SealError> {
        seal(&self.0, TOKEN, associated, token.expose().as_bytes(), random)
    }

    /// Decrypts a token; `associated` must be what it was sealed with.
    ///
    /// # Errors
    /// [`SealError::Layout`] or [`SealError::Refused`].
    pub fn open(&self, sealed: &[u8], associated: &[u8]) -> Result<Token, SealError> {
        let plain = open(&self.0, TOKEN, associated, sealed)?;
        let token = Presented::parse(&plain).map_err(|_| SealError::Refused)?;
        Ok(token.to_token())
    }

    /// Encrypts the secret of a person's second factor, bound to `associated`: the bytes of their id.
    ///
    /// # Errors
    /// [`SealError::Crypto`].
    pub fn seal_totp(
        &self,
        secret: &[u8],
        associated: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, SealError> {
        seal(&self.0, TOTP, associated, secret, random)
    }

    /// Decrypts the secret of a second factor; `associated` must be what it was sealed with.
    ///
    /// # Errors
    /// [`SealError::Layout`] or [`SealError::Refused`].
    pub fn open_totp(&self, sealed: &[u8], associated: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        open(&self.0, TOTP, associated, sealed)
    }

    /// Encrypts what a webhook's messages are signed with, bound to `associated`: the bytes of its id.
    ///
    /// # Errors
    /// [`SealError::Crypto`].
    pub fn seal_signing(
        &self,
        secret: &SigningSecret,
        associated: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, SealError> {
        seal(&self.0, SIGNING, associated, secret.as_bytes(), random)
    }

    /// Decrypts what a webhook's messages are signed with; `associated` must be what it was sealed with.
    ///
    /// # Errors
    /// [`SealError::Layout`] or [`SealError::Refused`].
    pub fn open_signing(&self, sealed: &[u8], associated: &[u8]) -> Result<SigningSecret, SealError> {
        let plain = open(&self.0, SIGNING, associated, sealed)?;
        SigningSecret::from_bytes(plain).map_err(|_| SealError::Refused)
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(redacted)")
    }
}

/// Encrypts a data key under a key-encryption key.
pub(super) fn wrap(
    kek: &KeyBytes,
    data_key: &DataKey,
    associated: &[u8],
    random: &dyn Random,
) -> Result<Vec<u8>, SealError> {
    seal(kek, DATA_KEY, associated, data_key.0.as_slice(), random)
}

/// Encrypts what a browser carries between two steps of a sign-in.
pub(super) fn seal_attempt(kek: &KeyBytes, plain: &[u8], random: &dyn Random) -> Result<Vec<u8>, SealError> {
    seal(kek, ATTEMPT, &[], plain, random)
}

/// Decrypts what [`seal_attempt`] has sealed.
pub(super) fn open_attempt(kek: &KeyBytes, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    open(kek, ATTEMPT, &[], sealed)
}

/// Decrypts a data key.
pub(super) fn unwrap(kek: &KeyBytes, sealed: &[u8], associated: &[u8]) -> Result<DataKey, SealError> {
    let plain = open(kek, DATA_KEY, associated, sealed)?;
    let mut bytes = Zeroizing::new([0_u8; 32]);
    if plain.len() != bytes.len() {
        return Err(SealError::Refused);
    }
    bytes.copy_from_slice(&plain);
    Ok(DataKey(bytes))
}

fn seal(
    key: &KeyBytes,
    purpose: &[u8],
    associated: &[u8],
    plain: &[u8],
    random: &dyn Random,
) -> Result<Vec<u8>, SealError> {
    let mut nonce = [0_u8; NONCE_LEN];
    random.fill(&mut nonce);
    let cipher = cipher(key)?;
    // Encrypted in place, in a buffer that never grows: no copy of the clear text is left behind.
    let mut sealed = Vec::with_capacity(1 + NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
    sealed.push(VERSION);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let tag = cipher
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from([purpose, associated].concat()),
            &mut sealed[1 + NONCE_LEN..],
        )
        .map_err(|_| SealError::Crypto)?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

fn open(
    key: &KeyBytes,
    purpose: &[u8],
    associated: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let Some((&VERSION, rest)) = sealed.split_first() else {
        return Err(SealError::Layout);
    };
    let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Layout)?;
    let mut plain = Zeroizing::new(body.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let aad = Aad::from([purpose, associated].concat());
    let opened = cipher(key)?.open_in_place(nonce, aad, plain.as_mut_slice());
    let length = opened.map_err(|_| SealError::Refused)?.len();
    plain.truncate(length);
    Ok(plain)
}

fn cipher(key: &KeyBytes) -> Result<LessSafeKey, SealError> {
    let key = UnboundKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| SealError::Crypto)?;
    Ok(LessSafeKey::new(key))
}
