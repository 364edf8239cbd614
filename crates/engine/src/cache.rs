//! A bounded cache by digest, in shards with a lock each, so that threads hardly ever meet.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use domain::secret::Digest;
use parking_lot::{RwLock, RwLockReadGuard};

use crate::table::{Held, Table};

/// Shards at the most: growing one of them moves few values.
const SHARDS: usize = 256;
/// A small cache has fewer, so that each holds enough to choose a victim from.
const LEAST: usize = 64;

/// A cache line of its own for each lock.
#[repr(align(64))]
struct Shard<V> {
    /// Counted here, on a line that the lock has just written anyway.
    hits: AtomicU64,
    evicted: AtomicU64,
    table: RwLock<Table<V>>,
}

pub(crate) struct Cache<V> {
    shards: Box<[Shard<V>]>,
    limit: usize,
}

/// Where a value is, or would be.
pub(crate) struct Seat<'a, V> {
    hits: &'a AtomicU64,
    table: RwLockReadGuard<'a, Table<V>>,
    digest: &'a Digest,
}

impl<V: Held + Clone> Seat<'_, V> {
    /// Goes on to the value itself. The same holds of it.
    #[inline]
    pub(crate) fn approach(&self) {
        self.table.fetch_value(self.digest);
    }

    /// What is cached there, if it passes `holds`.
    #[inline]
    pub(crate) fn get(self, holds: impl FnOnce(&V) -> bool) -> Option<V> {
        let value = self.table.get(self.digest).filter(|value| holds(value))?;
        // Readers of one shard may lose a count to each other; it is a gauge, not a meter.
        self.hits.store(self.hits.load(Relaxed) + 1, Relaxed);
        Some(value.clone())
    }
}

impl<V: Held + Clone> Cache<V> {
    /// Keeps at most `capacity` values.
    pub(crate) fn new(capacity: usize) -> Self {
        let count = (capacity / LEAST).clamp(1, SHARDS);
        let limit = (capacity / count).max(1);
        let shard = |_| Shard {
            hits: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            table: RwLock::new(Table::new(limit)),
        };
        Self {
            shards: (0..count).map(shard).collect(),
            limit,
        }
    }

    /// Goes to where `digest` would be. What the caller does before it asks what is there, the memory's latency hides.
    #[inline]
    pub(crate) fn seek<'a>(&'a self, digest: &'a Digest) -> Seat<'a, V> {
        let shard = self.shard(digest);
        let table = shard.table.read();
        table.fetch(digest);
        Seat {
            hits: &shard.hits,
            table,
            digest,
        }
    }

    pub(crate) fn insert(&self, value: V) {
        let shard = self.shard(value.digest());
        let digest = *value.digest();
        let gone = shard.table.write().insert(value);
        if gone.as_ref().is_some_and(|gone| *gone.digest() != digest) {
            shard.evicted.fetch_add(1, Relaxed);
        }
        // Freed here, after the lock.
        drop(gone);
    }

    pub(crate) fn clear(&self) {
        for shard in &self.shards {
            let gone = std::mem::replace(&mut *shard.table.write(), Table::new(self.limit));
            drop(gone);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.table.read().len()).sum()
    }

    pub(crate) fn hits(&self) -> u64 {
        self.shards.iter().map(|shard| shard.hits.load(Relaxed)).sum()
    }

    pub(crate) fn evicted(&self) -> u64 {
        self.shards.iter().map(|shard| shard.evicted.load(Relaxed)).sum()
    }

    /// By other bytes than those that the table hashes by.
    #[inline]
    fn shard(&self, digest: &Digest) -> &Shard<V> {
        let [.., high, low] = *digest.as_bytes();
        let number = usize::from(u16::from_be_bytes([high, low]));
        &self.shards[number % self.shards.len()]
    }
}
