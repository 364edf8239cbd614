//! One shard of a bounded cache: an open-addressing table hashed by the digest's own bytes, which are random already.
//! A look-up touches one cache line of it where a general hash map touches two; and a victim is found without a scan.

use domain::secret::Digest;

use crate::fetch::fetch;

/// What can be cached.
pub(crate) trait Held {
    /// By what it is found.
    fn digest(&self) -> &Digest;
    /// Whether it was left alone since it was last asked this (second chance: asking clears its mark).
    fn is_idle(&self) -> bool;
    /// Has the memory fetched that is read of it.
    fn fetch(&self);
}

/// Candidates looked at for one eviction, so that nobody holds the lock for long.
const LOOKS: usize = 8;
const FIRST: usize = 8;

struct Slot<V> {
    tag: u64,
    value: Option<V>,
}

/// At most `limit` values.
pub(crate) struct Table<V> {
    slots: Vec<Slot<V>>,
    len: usize,
    limit: usize,
    /// Where the next search for a victim begins.
    hand: usize,
}

/// The first eight bytes.
fn tag(digest: &Digest) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *digest.as_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

impl<V: Held> Table<V> {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            slots: Vec::new(),
            len: 0,
            limit: limit.max(1),
            hand: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Has the place fetched where a search for `digest` begins.
    #[inline]
    pub(crate) fn fetch(&self, digest: &Digest) {
        if let Some(slot) = self
            .slots
            .get(tag(digest) as usize & self.slots.len().wrapping_sub(1))
        {
            fetch(slot);
        }
    }

    /// Has the value fetched that seems to be the one under `digest`. By then its place should be there.
    #[inline]
    pub(crate) fn fetch_value(&self, digest: &Digest) {
        let tag = tag(digest);
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = tag as usize & mask;
        while let Some(Slot {
            tag: own,
            value: Some(value),
        }) = self.slots.get(at)
        {
            if *own == tag {
                return value.fetch();
            }
            at = (at + 1) & mask;
        }
    }

    #[inline]
    pub(crate) fn get(&self, digest: &Digest) -> Option<&V> {
        self.slots[self.find(digest).ok()?].value.as_ref()
    }

    /// Puts it in; gives back what had to go for it.
    pub(crate) fn insert(&mut self, value: V) -> Option<V> {
        if let Ok(at) = self.find(value.digest()) {
            return self.slots[at].value.replace(value);
        }
        let evicted = match self.len >= self.limit {
            true => self.evict(),
            false => None,
        };
        if (self.len + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        self.put(tag(value.digest()), value);
        evicted
    }

    /// Where it is, or the empty slot where the search for it ended (none in a table without slots).
    #[inline]
    fn find(&self, digest: &Digest) -> Result<usize, Option<usize>> {
        let tag = tag(digest);
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = tag as usize & mask;
        while let Some(slot) = self.slots.get(at) {
            match &slot.value {
                None => return Err(Some(at)),
                Some(value) if slot.tag == tag && value.digest() == digest => return Ok(at),
                Some(_) => at = (at + 1) & mask,
            }
        }
        Err(None)
    }

    fn put(&mut self, tag: u64, value: V) {
        if let Err(Some(at)) = self.find(value.digest()) {
            self.slots[at] = Slot {
                tag,
                value: Some(value),
            };
            self.len += 1;
        }
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(FIRST);
        let empty = || Slot { tag: 0, value: None };
        let slots = std::iter::repeat_with(empty).take(size).collect();
        self.hand = 0;
        self.len = 0;
        for slot in std::mem::replace(&mut self.slots, slots) {
            if let Some(value) = slot.value {
                self.put(slot.tag, value);
            }
        }
    }

    /// Takes the first idle value of a few under the hand; the last of them when all are in use.
    fn evict(&mut self) -> Option<V> {
        let mut looks = 0;
        for _ in 0..self.slots.len() {
            let at = self.hand;
            self.hand = (self.hand + 1) & (self.slots.len() - 1);
            let Some(value) = &self.slots[at].value else {
                continue;
            };
            looks += 1;
            if value.is_idle() || looks == LOOKS {
                return self.remove(at);
            }
        }
        None
    }

    /// Closes the gap behind what is taken out, so that searches go on to end at the first empty slot (Knuth, The Art of
    /// Computer Programming 3, 6.4, algorithm R).
    fn remove(&mut self, at: usize) -> Option<V> {
        let removed = self.slots[at].value.take()?;
        self.len -= 1;
        let mask = self.slots.len() - 1;
        let (mut gap, mut next) = (at, at);
        loop {
            next = (next + 1) & mask;
            if self.slots[next].value.is_none() {
                return Some(removed);
            }
            let home = self.slots[next].tag as usize & mask;
            if next.wrapping_sub(home) & mask >= next.wrapping_sub(gap) & mask {
                self.slots.swap(gap, next);
                gap = next;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[derive(Clone)]
    struct Value(Digest);

    impl Held for Value {
        fn digest(&self) -> &Digest {
            &self.0
        }
        fn is_idle(&self) -> bool {
            self.0.as_bytes()[9].is_multiple_of(3)
        }
        fn fetch(&self) {}
    }

    /// Many share a home, and some share the whole tag.
    fn digest(seed: u64) -> Digest {
        let mut bytes = [0; 32];
        let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bytes[0] = (mixed >> 60) as u8;
        bytes[1] = (mixed >> 50) as u8 & 3;
        bytes[8..16].copy_from_slice(&mixed.to_be_bytes());
        Digest::from_bytes(bytes)
    }

    #[test]
    fn what_is_in_is_found_and_what_was_evicted_is_not() {
        let mut table = Table::new(100);
        let mut model: HashSet<u64> = HashSet::new();
        for seed in 0..5_000_u64 {
            let evicted = table.insert(Value(digest(seed)));
            model.insert(seed);
            if let Some(evicted) = evicted {
                assert_eq!(model.len(), 101);
                model.retain(|seed| digest(*seed) != evicted.0);
            }
            assert!(table.len() <= 100 && table.len() == model.len());
            if seed % 97 == 0 {
                for known in 0..=seed {
                    assert_eq!(table.get(&digest(known)).is_some(), model.contains(&known));
                }
            }
        }
    }

    #[test]
    fn the_same_digest_is_replaced_not_doubled() {
        let mut table = Table::new(4);
        assert!(table.get(&digest(1)).is_none());
        assert!(table.insert(Value(digest(1))).is_none());
        assert!(table.insert(Value(digest(1))).is_some());
        assert_eq!(table.len(), 1);
    }
}
