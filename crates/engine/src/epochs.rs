//! When what was last invalidated, so that nothing read before a change is believed after it.
//!
//! Each invalidation gets the next epoch, and leaves it in the slot of what it touches. Whatever is read from the store
//! carries the epoch noted before the question was asked, and holds while no slot of its key or organisation is younger.
//! So a fill that a change overtook is void by itself, in whatever order the two reach the cache; the cache needs no
//! index by key, and a look-up takes no lock for it.
//!
//! Slots are shared by what hashes alike: a change voids a few strangers too, about one cached key in [`SLOTS`].

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use domain::id::{KeyId, OrganisationId};

/// Slots, eight bytes each: few enough (128 KiB) that they stay near the core while a million keys pass through its caches.
const SLOTS: usize = 1 << 14;

pub(crate) struct Epochs {
    /// The youngest epoch given out.
    now: AtomicU64,
    everything: AtomicU64,
    imports: AtomicU64,
    slots: Box<[AtomicU64]>,
}

impl Epochs {
    pub(crate) fn new() -> Self {
        Self {
            now: AtomicU64::new(1),
            everything: AtomicU64::new(0),
            imports: AtomicU64::new(0),
            slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// The epoch of a question. Note it first: before the keyring, the foreign prefixes and the store are read.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        self.now.load(SeqCst)
    }

    /// Whether what was read in `epoch` still holds for this key.
    #[inline]
    pub(crate) fn holds(&self, epoch: u64, organisation: OrganisationId, key: KeyId) -> bool {
        epoch >= self.slot(key.uuid().as_u128()).load(SeqCst)
            && epoch >= self.slot(organisation.uuid().as_u128()).load(SeqCst)
            && epoch >= self.everything.load(SeqCst)
    }

    /// Whether a token that was unknown in `epoch` is still unknown.
    pub(crate) fn still_unknown(&self, epoch: u64) -> bool {
        epoch >= self.imports.load(SeqCst) && epoch >= self.everything.load(SeqCst)
    }

    pub(crate) fn key_changed(&self, key: KeyId) {
        self.touch(self.slot(key.uuid().as_u128()));
    }

    pub(crate) fn organisation_changed(&self, organisation: OrganisationId) {
        self.touch(self.slot(organisation.uuid().as_u128()));
    }

    pub(crate) fn imported(&self) {
        self.touch(&self.imports);
    }

    pub(crate) fn everything_changed(&self) {
        self.touch(&self.everything);
    }

    /// A question asked from here on carries the new epoch, and sees the change: it was read from the store before.
    fn touch(&self, slot: &AtomicU64) {
        let epoch = self.now.fetch_add(1, SeqCst) + 1;
        slot.fetch_max(epoch, SeqCst);
    }

    /// By the last bits of the id, which are random (UUIDv7, RFC 9562).
    #[inline]
    fn slot(&self, id: u128) -> &AtomicU64 {
        &self.slots[id as usize % SLOTS]
    }
}
