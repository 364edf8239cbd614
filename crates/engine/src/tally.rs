//! What was decided and how long it took, counted for metrics: in shards on cache lines of their own, one for each thread as
//! far as they go round, so that no thread waits for another's count.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use domain::decide::Code;

use crate::answer::Door;

/// Upper ends of the buckets of latencies, in nanoseconds.
pub const BUCKETS: [u64; 19] = [
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
    200_000_000,
    500_000_000,
    1_000_000_000,
];

/// Of answers from memory one in so many is timed, and counts as so many: reading a clock twice would be a tenth of them.
const ONE_IN: u64 = 16;
const SHARDS: usize = 64;
const CODES: usize = Code::ALL.len();
const DOORS: usize = Door::ALL.len();

#[repr(align(128))]
struct Shard {
    decisions: [[AtomicU64; CODES]; DOORS],
    /// The last one is for what is beyond the others.
    latency: [AtomicU64; BUCKETS.len() + 1],
    nanos: AtomicU64,
}

pub(crate) struct Tally(Box<[Shard]>);

/// A sum over all threads since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decisions {
    /// How often each door answered with each code; what never happened is left out.
    pub counts: Vec<(Door, Code, u64)>,
    /// Answers that took at most as long as each of [`BUCKETS`] and longer than the one before, and at the end those that took
    /// longer. Answers from memory are timed one in 16.
    pub latency: Vec<u64>,
    /// How long they took together.
    pub took: Duration,
}

thread_local! {
    static NUMBER: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Relaxed)
    };
    static TIMED: Cell<u64> = const { Cell::new(0) };
}

impl Tally {
    pub(crate) fn new() -> Self {
        let shard = || Shard {
            decisions: Default::default(),
            latency: Default::default(),
            nanos: AtomicU64::new(0),
        };
        Self(std::iter::repeat_with(shard).take(SHARDS).collect())
    }

    #[inline]
    fn shard(&self) -> &Shard {
        &self.0[NUMBER.with(|number| *number) % SHARDS]
    }

    #[inline]
    pub(crate) fn count(&self, door: Door, code: Code) {
        self.shard().decisions[door.index()][code.index()].fetch_add(1, Relaxed);
    }

    /// Whether this answer from memory is to be timed.
    #[inline]
    pub(crate) fn is_timed(&self) -> bool {
        let turn = TIMED.get();
        TIMED.set(turn.wrapping_add(1));
        turn.is_multiple_of(ONE_IN)
    }

    /// Notes how long an answer from memory took that was timed.
    pub(crate) fn took_from_memory(&self, took: Duration) {
        self.took(took, ONE_IN);
    }

    /// Notes how long any other took.
    pub(crate) fn took_by_itself(&self, took: Duration) {
        self.took(took, 1);
    }

    fn took(&self, took: Duration, weight: u64) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let place = BUCKETS.partition_point(|end| *end < nanos);
        let shard = self.shard();
        shard.latency[place].fetch_add(weight, Relaxed);
        shard.nanos.fetch_add(nanos.saturating_mul(weight), Relaxed);
    }

    pub(crate) fn sum(&self) -> Decisions {
        let sum = |cell: &dyn Fn(&Shard) -> u64| self.0.iter().map(cell).sum::<u64>();
        let mut counts = Vec::new();
        for door in Door::ALL {
            for code in Code::ALL {
                let count = sum(&|shard| shard.decisions[door.index()][code.index()].load(Relaxed));
                if count > 0 {
                    counts.push((door, code, count));
                }
            }
        }
        Decisions {
            counts,
            latency: (0..=BUCKETS.len())
                .map(|place| sum(&|shard| shard.latency[place].load(Relaxed)))
                .collect(),
            took: Duration::from_nanos(sum(&|shard| shard.nanos.load(Relaxed))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn no_count_is_lost_between_more_threads_than_there_are_shards() {
        let tally = Arc::new(Tally::new());
        let threads: Vec<_> = (0..SHARDS + 8)
            .map(|_| {
                let tally = tally.clone();
                std::thread::spawn(move || {
                    for _ in 0..1_000 {
                        tally.count(Door::Nginx, Code::Valid);
                        tally.took_by_itself(Duration::from_nanos(1_000));
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let all = 1_000 * (SHARDS as u64 + 8);
        let sum = tally.sum();
        assert_eq!(sum.counts, [(Door::Nginx, Code::Valid, all)]);
        assert_eq!(sum.latency.iter().sum::<u64>(), all);
        assert_eq!(sum.latency[0], all, "a bucket holds its upper end");
        assert_eq!(sum.took, Duration::from_micros(all));
    }

    #[test]
    fn what_takes_longer_than_every_bucket_is_counted_too() {
        let tally = Tally::new();
        tally.took_from_memory(Duration::from_secs(3));
        assert_eq!(tally.sum().latency.last(), Some(&ONE_IN));
    }
}
