//! What was lately asked of keys, for people who look into why a program is refused: every refusal, and of accepted requests
//! the first of each stretch of ten seconds. It is bounded: under a flood the oldest that wait are kept, and the rest counted.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use domain::key::AskedOf;
use parking_lot::Mutex;

const LISTS: usize = 16;
/// Requests that wait in one list at the most: a thousand in all, as many as are written in one go.
const MOST: usize = 64;

#[derive(Default)]
pub(crate) struct Recent {
    lists: [Mutex<Vec<AskedOf>>; LISTS],
    dropped: AtomicU64,
}

impl Recent {
    pub(crate) fn push(&self, asked: AskedOf) {
        let number = asked.key.uuid().as_u128() as usize % LISTS;
        let mut list = self.lists[number].lock();
        if list.len() < MOST {
            list.push(asked);
        } else {
            self.dropped.fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn take(&self) -> Vec<AskedOf> {
        self.lists
            .iter()
            .flat_map(|list| std::mem::take(&mut *list.lock()))
            .collect()
    }

    /// Takes back what could not be written, as far as there is room.
    pub(crate) fn give_back(&self, asked: Vec<AskedOf>) {
        asked.into_iter().for_each(|one| self.push(one));
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }
}
