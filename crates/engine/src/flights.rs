//! One question to the store for each unknown digest, however many wait for the answer.
//!
//! A request joins another's flight only if that began in the request's own epoch or later. So whatever was changed
//! before the request began is in the answer, and nobody need look at it again.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use domain::secret::Digest;
use parking_lot::Mutex;
use store::StoreError;
use tokio::sync::watch;

use crate::cached::CachedKey;

/// What the store said.
#[derive(Clone)]
pub(crate) enum Outcome {
    Known(Arc<CachedKey>),
    Unknown,
    Failed(Arc<StoreError>),
}

type Waiting = watch::Receiver<Option<Outcome>>;

struct Entry {
    epoch: u64,
    waiting: Waiting,
}

/// The flights under way. They are few, and only misses come here.
#[derive(Default)]
pub(crate) struct Flights {
    under_way: Mutex<HashMap<Digest, Entry>>,
    /// Requests that waited for another's.
    joined: AtomicU64,
}

pub(crate) enum Joined<'a> {
    /// Somebody asks already. No answer comes if that one is cancelled: then begin again.
    Follow(Waiting),
    /// Ask, and then [`Flight::land`].
    Lead(Flight<'a>),
}

impl Flights {
    pub(crate) fn join(&self, digest: Digest, epoch: u64) -> Joined<'_> {
        let mut flights = self.under_way.lock();
        if let Some(entry) = flights.get(&digest)
            && entry.epoch >= epoch
        {
            self.joined.fetch_add(1, Relaxed);
            return Joined::Follow(entry.waiting.clone());
        }
        let (sender, waiting) = watch::channel(None);
        flights.insert(digest, Entry { epoch, waiting });
        Joined::Lead(Flight {
            flights: self,
            digest,
            sender,
        })
    }

    pub(crate) fn under_way(&self) -> usize {
        self.under_way.lock().len()
    }

    pub(crate) fn joined(&self) -> u64 {
        self.joined.load(Relaxed)
    }
}

/// The leader's end. Dropped without landing, as when the leader's request is cancelled, it wakes the followers with
/// nothing, and one of them leads anew.
pub(crate) struct Flight<'a> {
    flights: &'a Flights,
    digest: Digest,
    sender: watch::Sender<Option<Outcome>>,
}

impl Flight<'_> {
    pub(crate) fn land(self, outcome: Outcome) {
        self.sender.send_replace(Some(outcome));
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut flights = self.flights.under_way.lock();
        // A flight of a later epoch may have taken the place.
        let own = flights
            .get(&self.digest)
            .is_some_and(|entry| entry.waiting.same_channel(&self.sender.subscribe()));
        if own {
            flights.remove(&self.digest);
        }
    }
}
