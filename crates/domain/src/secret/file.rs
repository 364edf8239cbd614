//! The secrets file: how a keyring is written and read. Errors name a line, never what stands on it.

use std::collections::BTreeMap;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::audit::AuditKey;
use super::keyring::{KeyBytes, Keyring};
use super::pepper::Pepper;
use super::ring::Ring;
use super::unhex;

const FORMAT: u32 = 1;

const HEADER: &str = "\
# The secrets of this Claviger installation. Whoever reads this file together with the database can test guessed tokens
# and open encrypted ones, so keep it readable by Claviger alone (mode 0600).
#
# Back it up, and apart from the database: without it no stored key can be verified again, and together with it a stolen
# backup of the database is worth more. Change it with `claviger secrets`, not by hand; versions are never used twice.
";

/// Why a secrets file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// Not TOML, or a field is missing, unknown or of the wrong type.
    #[error("The secrets file cannot be read: line {0} is not as expected.")]
    Syntax(usize),
    /// Written by a later version.
    #[error("The secrets file has format {0}; this version knows format {FORMAT}.")]
    Format(u32),
    /// A key that is not 64 hexadecimal digits.
    #[error("In the secrets file, {0} is not 64 hexadecimal digits.")]
    Key(String),
    /// Versions that contradict each other.
    #[error(
        "In the secrets file, [{0}] needs whole-numbered keys from 1 up, `current` among them and `next` above them."
    )]
    Versions(&'static str),
    /// The library failed.
    #[error("The cryptographic library refused the keys.")]
    Crypto,
}

/// Text that is wiped when dropped.
#[derive(Deserialize)]
#[serde(from = "String")]
struct Hex(Zeroizing<String>);

impl From<String> for Hex {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    audit_signing_seed: Hex,
    peppers: Section,
    key_encryption_keys: Section,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    current: u32,
    next: u32,
    keys: BTreeMap<String, Hex>,
}

impl Keyring {
    /// Reads a secrets file.
    ///
    /// # Errors
    /// What is wrong and where, without any of the file's text.
    pub fn from_toml(text: &str) -> Result<Self, KeyringError> {
        // The parser's own message quotes the line, which may hold a key: only its place is passed on.
        let file: File = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let before = text.as_bytes().get(..at).unwrap_or_default();
            KeyringError::Syntax(1 + before.iter().filter(|byte| **byte == b'\n').count())
        })?;
        if file.format != FORMAT {
            return Err(KeyringError::Format(file.format));
        }
        let seed = key(&file.audit_signing_seed, || "audit_signing_seed".to_owned())?;
        Ok(Self {
            peppers: ring("peppers", file.peppers, Pepper::new)?,
            keks: ring("key_encryption_keys", file.key_encryption_keys, |bytes| bytes)?,
            audit: AuditKey::new(seed).ok_or(KeyringError::Crypto)?,
        })
    }

    /// Writes the secrets file: the same keyring always gives the same text.
    pub fn to_toml(&self) -> Zeroizing<String> {
        let keys = self.peppers.versions().len() + self.keks.versions().len();
        // Room for everything at once: growing would leave copies behind in freed memory.
        let mut text = Zeroizing::new(String::with_capacity(HEADER.len() + 512 + 96 * keys));
        text.push_str(HEADER);
        text.push_str("\nformat = 1\n\n# Signs audit checkpoints (Ed25519).\naudit_signing_seed = ");
        push_hex(&mut text, &self.audit.seed);
        text.push_str(
            "\n# Peppers: tokens are stored as HMAC-SHA-256 under the current one; the others only verify.\n",
        );
        push_ring(&mut text, "peppers", &self.peppers, |pepper| &pepper.bytes);
        text.push_str("\n# Key-encryption keys: the current one wraps data keys (AES-256-GCM); the others only unwrap.\n");
        push_ring(&mut text, "key_encryption_keys", &self.keks, |bytes| bytes);
        text
    }
}

fn key(hex: &Hex, name: impl Fn() -> String) -> Result<KeyBytes, KeyringError> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    unhex(&hex.0, bytes.as_mut_slice()).ok_or_else(|| KeyringError::Key(name()))?;
    Ok(bytes)
}

fn ring<K>(
    name: &'static str,
    section: Section,
    make: impl Fn(KeyBytes) -> K,
) -> Result<Ring<K>, KeyringError> {
    let mut keys = BTreeMap::new();
    for (version, hex) in &section.keys {
        let version: u32 = version.parse().map_err(|_| KeyringError::Versions(name))?;
        let bytes = key(hex, || format!("version {version} of [{name}]"))?;
        if keys.insert(version, make(bytes)).is_some() {
            return Err(KeyringError::Versions(name));
        }
    }
    Ring::assemble(section.current, section.next, keys).ok_or(KeyringError::Versions(name))
}

fn push_ring<K>(text: &mut String, name: &str, ring: &Ring<K>, bytes: impl Fn(&K) -> &KeyBytes) {
    let (current, next) = (ring.current().0, ring.next());
    text.push_str(&format!(
        "[{name}]\ncurrent = {current}\nnext = {next}\n\n[{name}.keys]\n"
    ));
    for version in ring.versions() {
        if let Some(key) = ring.get(version) {
            text.push_str(&format!("{version} = "));
            push_hex(text, bytes(key));
        }
    }
}

fn push_hex(text: &mut String, bytes: &KeyBytes) {
    text.push('"');
    for byte in bytes.iter() {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text.push_str("\"\n");
}
