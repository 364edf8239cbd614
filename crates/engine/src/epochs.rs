//! When what was last invalidated, so that nothing read before a change is believed after it.
//!
//! Each invalidation gets the next epoch, and leaves it in the slot of what it touches. Whatever is read from the store
//! carries the epoch noted before the question was asked, and holds while no slot of its key, owner or organisation is younger.
//! So a fill that a change overtook is void by itself, in whatever order the two reach the cache; the cache needs no
//! index by key, and a look-up takes no lock for it.
//!
//! Slots are shared by what hashes alike: a change voids a few strangers too, about one cached key in [`SLOTS`].

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use domain::id::{KeyId, OrganisationId};
use domain::key::Owner;
use uuid::Uuid;

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

    /// Whether what was read in `epoch` of things with these marks still holds.
    #[inline]
    pub(crate) fn holds(&self, epoch: u64, marks: Marks) -> bool {
        let young = |mark: u16| epoch >= self.slots[usize::from(mark) % SLOTS].load(SeqCst);
        young(marks.key)
            && young(marks.owner)
            && young(marks.organisation)
            && epoch >= self.everything.load(SeqCst)
    }

    /// Whether what was read in `epoch` of an organisation as a whole still holds.
    pub(crate) fn organisation_holds(&self, epoch: u64, organisation: OrganisationId) -> bool {
        let mark = mark(organisation.uuid());
        let marks = Marks {
            key: mark,
            owner: mark,
            organisation: mark,
        };
        self.holds(epoch, marks)
    }

    /// Whether a token that was unknown in `epoch` is still unknown.
    pub(crate) fn still_unknown(&self, epoch: u64) -> bool {
        epoch >= self.imports.load(SeqCst) && epoch >= self.everything.load(SeqCst)
    }

    pub(crate) fn key_changed(&self, key: KeyId) {
        self.touch(self.slot(key.uuid()));
    }

    pub(crate) fn organisation_changed(&self, organisation: OrganisationId) {
        self.touch(self.slot(organisation.uuid()));
    }

    pub(crate) fn owner_changed(&self, owner: Uuid) {
        self.touch(self.slot(owner));
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

    fn slot(&self, id: Uuid) -> &AtomicU64 {
        &self.slots[usize::from(mark(id)) % SLOTS]
    }
}

/// Where the epochs of a cached key stand: its own, its owner's and its organisation's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marks {
    key: u16,
    owner: u16,
    organisation: u16,
}

impl Marks {
    pub(crate) fn new(organisation: OrganisationId, owner: Owner, key: KeyId) -> Self {
        let owner = match owner {
            Owner::Organisation(id) => id.uuid(),
            Owner::ServiceAccount(id) => id.uuid(),
            Owner::User(id) => id.uuid(),
        };
        Self {
            key: mark(key.uuid()),
            owner: mark(owner),
            organisation: mark(organisation.uuid()),
        }
    }
}

/// The last bits of an id, which are random (UUIDv7, RFC 9562).
fn mark(id: Uuid) -> u16 {
    (id.as_u128() as usize % SLOTS) as u16
}
