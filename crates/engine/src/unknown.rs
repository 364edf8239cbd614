//! Digests that the store does not know, remembered for a moment so that a client that keeps presenting a dead token does
//! not keep asking the database.

use std::time::Duration;

use domain::secret::Digest;

use crate::cache::Cache;
use crate::epochs::Epochs;
use crate::table::Held;

#[derive(Clone)]
struct Unknown {
    digest: Digest,
    epoch: u64,
    /// Boot time.
    until: Duration,
}

impl Held for Unknown {
    fn digest(&self) -> &Digest {
        &self.digest
    }

    fn is_idle(&self) -> bool {
        true
    }

    /// It is small, and lies in the table.
    fn fetch(&self) {}
}

pub(crate) struct UnknownTokens {
    cache: Cache<Unknown>,
    ttl: Duration,
}

impl UnknownTokens {
    pub(crate) fn new(capacity: usize, ttl: Duration) -> Self {
        Self {
            cache: Cache::new(capacity),
            ttl,
        }
    }

    pub(crate) fn contains(&self, digest: &Digest, epochs: &Epochs, boottime: Duration) -> bool {
        let holds = |unknown: &Unknown| unknown.until > boottime && epochs.still_unknown(unknown.epoch);
        self.cache.seek(digest).get(holds).is_some()
    }

    pub(crate) fn insert(&self, digest: Digest, epoch: u64, boottime: Duration) {
        self.cache.insert(Unknown {
            digest,
            epoch,
            until: boottime.saturating_add(self.ttl),
        });
    }

    pub(crate) fn clear(&self) {
        self.cache.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.cache.len()
    }

    pub(crate) fn hits(&self) -> u64 {
        self.cache.hits()
    }
}
