//! Versioned keys and the one way in which they rotate: announce, promote, retire. Each step is safe to pause after.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! versions {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        pub struct $name(u32);

        impl $name {
            /// From the stored form.
            pub const fn new(number: u32) -> Self {
                Self(number)
            }

            /// The stored form.
            pub const fn get(self) -> u32 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    )*};
}

versions! {
    /// Which pepper a digest was made with.
    PepperVersion;
    /// Which key-encryption key a data key is wrapped by.
    KekVersion;
}

/// Why a step of a rotation is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RotationError {
    /// No such version.
    #[error("There is no version {0} in the secrets file.")]
    Unknown(u32),
    /// The writing version cannot go.
    #[error("Version {0} is the one in use; promote another before you retire it.")]
    Current(u32),
}

/// Keys of one kind by version: one that writes, and others that only verify or open.
pub(super) struct Ring<K> {
    current: u32,
    key: K,
    others: BTreeMap<u32, K>,
    /// The next version to give out. A number is never used again: rows may still name a retired one.
    next: u32,
}

impl<K> Ring<K> {
    pub(super) fn first(key: K) -> Self {
        Self {
            current: 1,
            key,
            others: BTreeMap::new(),
            next: 2,
        }
    }

    /// From the stored form; `None` unless `current` is among the keys and `next` is above all of them.
    pub(super) fn assemble(current: u32, next: u32, mut keys: BTreeMap<u32, K>) -> Option<Self> {
        let (lowest, highest) = (*keys.first_key_value()?.0, *keys.last_key_value()?.0);
        let key = keys.remove(&current)?;
        (lowest > 0 && next > highest).then_some(Self {
            current,
            key,
            others: keys,
            next,
        })
    }

    pub(super) fn current(&self) -> (u32, &K) {
        (self.current, &self.key)
    }

    pub(super) fn others(&self) -> impl Iterator<Item = (u32, &K)> {
        self.others.iter().map(|(version, key)| (*version, key))
    }

    pub(super) fn get(&self, version: u32) -> Option<&K> {
        if version == self.current {
            Some(&self.key)
        } else {
            self.others.get(&version)
        }
    }

    pub(super) fn next(&self) -> u32 {
        self.next
    }

    /// Every version, lowest first.
    pub(super) fn versions(&self) -> Vec<u32> {
        let mut all: Vec<u32> = self.others.keys().copied().chain([self.current]).collect();
        all.sort_unstable();
        all
    }

    pub(super) fn announce(&mut self, key: K) -> u32 {
        let version = self.next;
        self.next = self.next.saturating_add(1);
        self.others.insert(version, key);
        version
    }

    pub(super) fn promote(&mut self, version: u32) -> Result<(), RotationError> {
        if version == self.current {
            return Ok(());
        }
        let key = self
            .others
            .remove(&version)
            .ok_or(RotationError::Unknown(version))?;
        let old = std::mem::replace(&mut self.key, key);
        self.others.insert(self.current, old);
        self.current = version;
        Ok(())
    }

    pub(super) fn retire(&mut self, version: u32) -> Result<(), RotationError> {
        if version == self.current {
            return Err(RotationError::Current(version));
        }
        self.others
            .remove(&version)
            .map(drop)
            .ok_or(RotationError::Unknown(version))
    }
}

impl<K> fmt::Debug for Ring<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(version {} of {:?}, redacted)", self.current, self.versions())
    }
}
