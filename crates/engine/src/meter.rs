//! Counts what each key was answered, without a lock on the way of an answer.
//!
//! A key's meter lives in its cache entry. One that has counted puts its entry on a list, so it outlives eviction and
//! invalidation until it is read; two entries of one key are two meters whose counts add up.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, fence};
use std::sync::{Arc, OnceLock};

use domain::clock::Timestamp;
use domain::decide::Code;
use domain::id::KeyId;
use domain::key::AskedOf;
use parking_lot::Mutex;
use store::usage::Count;

use crate::cached::CachedKey;

const HOUR: i64 = 3_600_000_000;
/// Of accepted requests the first in so many microseconds is noted in the log of recent ones.
const STRETCH: i64 = 10_000_000;
/// Bits of a count; the hours since 1970 stand above them.
const COUNT_BITS: u32 = 40;
const LISTS: usize = 16;

/// What was counted since it was last taken; ready for `Tx::add_usage` and `Tx::note_uses`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsageBatch {
    /// Answers by key, hour and code.
    pub counts: Vec<Count>,
    /// When and from where keys were last accepted.
    pub uses: Vec<(KeyId, Timestamp, Option<String>)>,
    /// What was lately asked of keys, for `Tx::add_requests`.
    pub requests: Vec<AskedOf>,
}

impl UsageBatch {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.uses.is_empty() && self.requests.is_empty()
    }

    /// One count for each key, hour and code, and one use for each key.
    fn merge(&mut self) {
        let place = |c: &Count| (c.organisation, c.key, c.hour, c.code);
        self.counts.sort_unstable_by_key(place);
        self.counts.dedup_by(|next, first| {
            let same = place(next) == place(first);
            if same {
                first.count += next.count;
            }
            same
        });
        self.uses.sort_unstable_by(|a, b| (a.0, b.1).cmp(&(b.0, a.1)));
        self.uses.dedup_by_key(|one| one.0);
    }
}

/// One key's counts, with those that most answers touch first.
#[repr(C)]
pub(crate) struct Meter {
    /// On a list, or about to be.
    dirty: AtomicBool,
    valid: AtomicU64,
    last: LastUse,
    /// Most keys are never refused, and need none of these.
    refused: OnceLock<Box<[AtomicU64; Code::ALL.len()]>>,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            valid: AtomicU64::new(0),
            refused: OnceLock::new(),
            last: LastUse::default(),
            dirty: AtomicBool::new(false),
        }
    }

    /// Has its cache lines fetched together with those before it: the next locked instruction (the clone of an `Arc`)
    /// would wait for those first, and only then would these be asked for.
    #[inline]
    pub(crate) fn fetch(&self) {
        std::hint::black_box(self.valid.load(Relaxed));
        std::hint::black_box(self.last.ip[1].load(Relaxed));
    }

    #[inline]
    fn cell(&self, code: Code) -> &AtomicU64 {
        if code == Code::Valid {
            return &self.valid;
        }
        let refused = self.refused.get_or_init(Default::default);
        &refused[code.index()]
    }
}

/// Adds one in `hour`. What an earlier hour left there is given back: it must be put elsewhere.
#[inline]
fn add(cell: &AtomicU64, hour: u64) -> Option<u64> {
    let mut held = cell.load(Relaxed);
    loop {
        let (next, old) = match held >> COUNT_BITS == hour {
            true => (held + 1, None),
            false => ((hour << COUNT_BITS) | 1, Some(held)),
        };
        match cell.compare_exchange_weak(held, next, SeqCst, Relaxed) {
            Ok(_) => return old.filter(|old| *old != 0),
            Err(now) => held = now,
        }
    }
}

/// The last accepted use: time and address belong together, so they are written under a sequence (a seqlock). A writer
/// who finds another writing leaves it to that one: the two uses are of the same moment.
#[derive(Default)]
struct LastUse {
    sequence: AtomicU32,
    at: AtomicI64,
    ip: [AtomicU64; 2],
    reported: AtomicI64,
}

impl LastUse {
    /// Whether it is the first of a stretch of time.
    #[inline]
    fn note(&self, at: Timestamp, ip: Option<IpAddr>) -> bool {
        let sequence = self.sequence.load(Relaxed);
        let mine = sequence.is_multiple_of(2)
            && self
                .sequence
                .compare_exchange(sequence, sequence.wrapping_add(1), Acquire, Relaxed)
                .is_ok();
        if !mine {
            return false;
        }
        fence(Release);
        let before = self.at.load(Relaxed);
        if at.as_micros() > before {
            let bits = match ip {
                None => 0,
                Some(IpAddr::V4(ip)) => ip.to_ipv6_mapped().to_bits(),
                Some(IpAddr::V6(ip)) => ip.to_bits(),
            };
            self.at.store(at.as_micros(), Relaxed);
            self.ip[0].store((bits >> 64) as u64, Relaxed);
            self.ip[1].store(bits as u64, Relaxed);
        }
        self.sequence.store(sequence.wrapping_add(2), Release);
        at.as_micros() / STRETCH != before / STRETCH
    }

    /// The use that was not yet told, if any; `Err` while somebody writes.
    fn take(&self) -> Result<Option<(Timestamp, Option<IpAddr>)>, ()> {
        for _ in 0..100 {
            let before = self.sequence.load(Acquire);
            let at = self.at.load(Relaxed);
            let bits = u128::from(self.ip[0].load(Relaxed)) << 64 | u128::from(self.ip[1].load(Relaxed));
            fence(Acquire);
            if before.is_multiple_of(2) && self.sequence.load(Relaxed) == before {
                let ip = (bits != 0).then(|| Ipv6Addr::from_bits(bits).to_canonical());
                let told = self.reported.swap(at, Relaxed);
                return Ok((at > told).then(|| (Timestamp::from_micros(at), ip)));
            }
            std::hint::spin_loop();
        }
        Err(())
    }
}

/// All meters that have counted.
pub(crate) struct Meters {
    /// Who came first is read first, so that nobody waits for ever.
    lists: [Mutex<VecDeque<Arc<CachedKey>>>; LISTS],
    /// Counts of past hours, and what a failed write gave back.
    kept: Mutex<UsageBatch>,
}

impl Meters {
    pub(crate) fn new() -> Self {
        Self {
            lists: Default::default(),
            kept: Mutex::default(),
        }
    }

    /// Counts an answer to `key`; whether it is to be noted in the log of recent requests.
    #[inline]
    pub(crate) fn count(&self, key: &Arc<CachedKey>, code: Code, now: Timestamp, ip: Option<IpAddr>) -> bool {
        let hour = (now.as_micros() / HOUR).max(0) as u64;
        if let Some(past) = add(key.meter.cell(code), hour) {
            self.kept.lock().counts.push(count_of(key, code, past));
        }
        let noteworthy = code != Code::Valid || key.meter.last.note(now, ip);
        // After the count, in one order with `take`, which clears the mark before it reads the count: whoever comes too
        // late for that reading finds the mark cleared.
        if !key.meter.dirty.load(SeqCst) {
            self.list(key);
        }
        noteworthy
    }

    #[cold]
    fn list(&self, key: &Arc<CachedKey>) {
        if !key.meter.dirty.swap(true, SeqCst) {
            let number = key.key.uuid().as_u128() as usize % LISTS;
            self.lists[number].lock().push_back(key.clone());
        }
    }

    /// What about `most` keys have counted.
    pub(crate) fn take(&self, most: usize) -> UsageBatch {
        let mut batch = std::mem::take(&mut *self.kept.lock());
        for list in &self.lists {
            let listed: Vec<_> = {
                let mut list = list.lock();
                let count = list.len().min(most.div_ceil(LISTS));
                list.drain(..count).collect()
            };
            for key in listed {
                self.read(&key, &mut batch);
            }
        }
        batch.merge();
        batch
    }

    pub(crate) fn give_back(&self, batch: UsageBatch) {
        let mut kept = self.kept.lock();
        kept.counts.extend(batch.counts);
        kept.uses.extend(batch.uses);
    }

    fn read(&self, key: &Arc<CachedKey>, batch: &mut UsageBatch) {
        let meter = &key.meter;
        meter.dirty.swap(false, SeqCst);
        let refused = meter.refused.get().map_or(&[][..], |cells| &cells[..]);
        for (code, cell) in Code::ALL
            .into_iter()
            .zip(refused)
            .chain([(Code::Valid, &meter.valid)])
        {
            let held = cell.swap(0, SeqCst);
            if held != 0 {
                batch.counts.push(count_of(key, code, held));
            }
        }
        match meter.last.take() {
            Ok(Some((at, ip))) => batch.uses.push((key.key, at, ip.map(|ip| ip.to_string()))),
            Ok(None) => {}
            Err(()) => self.list(key),
        }
    }
}

fn count_of(key: &CachedKey, code: Code, held: u64) -> Count {
    let hour = (held >> COUNT_BITS) as i64;
    Count {
        organisation: key.organisation.id,
        key: key.key,
        hour: Timestamp::from_micros(hour * HOUR),
        code,
        count: (held & ((1 << COUNT_BITS) - 1)) as i64,
    }
}
