//! What a keyring holds, so that servers of one database can see whether theirs go together, and nobody learns a key by it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::keyring::{KeyBytes, Keyring};
use super::ring::Ring;
use crate::hex::hex;

/// Versions and fingerprints of what a keyring holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The peppers.
    pub peppers: Held,
    /// The key-encryption keys.
    pub key_encryption_keys: Held,
    /// The key that signs what is said of the audit log.
    audit: String,
}

/// The keys of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The version that writes.
    pub writes: u32,
    /// The fingerprint of each version.
    pub known: BTreeMap<u32, String>,
}

/// Which kind of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A pepper.
    Pepper,
    /// A key-encryption key.
    KeyEncryptionKey,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pepper => "pepper",
            Self::KeyEncryptionKey => "key-encryption key",
        })
    }
}

/// Why a server with one keyring cannot work beside one with another: it would take the other's tokens for unknown ones, or the
/// other its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discord {
    /// They are of different installations.
    Foreign,
    /// Under one version each has a key of its own.
    Another(Kind, u32),
    /// The other writes with a version that this one has not.
    Lacking(Kind, u32),
    /// This one writes with a version that the other has not.
    Ahead(Kind, u32),
}

impl fmt::Display for Discord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("its secrets are those of another installation"),
            Self::Another(kind, version) => write!(f, "its {kind} {version} is another one"),
            Self::Lacking(kind, version) => {
                write!(
                    f,
                    "it writes with {kind} {version}, which is not among the secrets here"
                )
            }
            Self::Ahead(kind, version) => write!(f, "it does not have {kind} {version} yet"),
        }
    }
}

/// 64 bits are enough to tell keys apart, and too few of 256 to find one.
fn fingerprint(bytes: &[u8; 32]) -> String {
    let hash = Sha256::new()
        .chain_update(b"claviger fingerprint v1")
        .chain_update(bytes)
        .finalize();
    hex(&hash[..8])
}

fn held<K>(ring: &Ring<K>, bytes: impl Fn(&K) -> &KeyBytes) -> Held {
    let (writes, current) = ring.current();
    let all = ring.others().chain([(writes, current)]);
    Held {
        writes,
        known: all
            .map(|(version, key)| (version, fingerprint(bytes(key))))
            .collect(),
    }
}

impl Keyring {
    /// What it holds.
    pub fn summary(&self) -> Summary {
        Summary {
            peppers: held(&self.peppers, |pepper| &pepper.bytes),
            key_encryption_keys: held(&self.keks, |key| key),
            audit: fingerprint(&self.audit_public_key()),
        }
    }
}

impl Summary {
    /// What keeps a server with this from working beside one with that.
    pub fn discord(&self, other: &Self) -> Option<Discord> {
        if self.audit != other.audit {
            return Some(Discord::Foreign);
        }
        let kinds = [
            (Kind::Pepper, &self.peppers, &other.peppers),
            (
                Kind::KeyEncryptionKey,
                &self.key_encryption_keys,
                &other.key_encryption_keys,
            ),
        ];
        kinds
            .into_iter()
            .find_map(|(kind, own, other)| own.discord(kind, other))
    }
}

impl Held {
    fn discord(&self, kind: Kind, other: &Self) -> Option<Discord> {
        let differs = |(version, key): (&u32, &String)| {
            let there = other.known.get(version)?;
            (there != key).then_some(Discord::Another(kind, *version))
        };
        self.known.iter().find_map(differs).or_else(|| {
            if !self.known.contains_key(&other.writes) {
                Some(Discord::Lacking(kind, other.writes))
            } else if !other.known.contains_key(&self.writes) {
                Some(Discord::Ahead(kind, self.writes))
            } else {
                None
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRandom;
    use crate::secret::PepperVersion;

    fn copy(keyring: &Keyring) -> Keyring {
        Keyring::from_toml(&keyring.to_toml()).expect("a keyring")
    }

    #[test]
    fn keyrings_go_together_while_each_knows_what_the_other_writes_with() {
        let mut one = Keyring::generate(&SystemRandom).expect("a keyring");
        let mut other = copy(&one);
        let between = |one: &Keyring, other: &Keyring| one.summary().discord(&other.summary());
        assert_eq!(between(&one, &other), None);
        let second = one.announce_pepper(&SystemRandom);
        assert_eq!(between(&one, &other), None, "it is known, and not used yet");
        let mut twice = copy(&other);
        twice.announce_pepper(&SystemRandom);
        assert_eq!(between(&one, &twice), Some(Discord::Another(Kind::Pepper, 2)));
        one.promote_pepper(second).expect("a step");
        assert_eq!(between(&one, &other), Some(Discord::Ahead(Kind::Pepper, 2)));
        assert_eq!(between(&other, &one), Some(Discord::Lacking(Kind::Pepper, 2)));
        other = copy(&one);
        other.promote_pepper(PepperVersion::new(1)).expect("a step");
        assert_eq!(
            between(&one, &other),
            None,
            "each writes with its own, and knows the other's"
        );
        one.retire_pepper(PepperVersion::new(1)).expect("a step");
        assert_eq!(between(&one, &other), Some(Discord::Lacking(Kind::Pepper, 1)));
        let foreign = Keyring::generate(&SystemRandom).expect("a keyring");
        assert_eq!(between(&one, &foreign), Some(Discord::Foreign));
    }

    #[test]
    fn a_summary_holds_no_key() {
        let keyring = Keyring::generate(&SystemRandom).expect("a keyring");
        let text = serde_json::to_string(&keyring.summary()).expect("JSON");
        let secrets = keyring.to_toml();
        let keys = secrets
            .split(|c: char| !c.is_ascii_hexdigit())
            .filter(|word| word.len() == 64);
        for key in keys {
            assert!(
                !(0..key.len() - 16).any(|at| text.contains(&key[at..at + 16])),
                "part of a key"
            );
        }
    }
}
