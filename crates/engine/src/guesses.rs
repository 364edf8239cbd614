//! Who guesses tokens is slowed down by the address that the guesses come from, and nobody's real key with them.
//!
//! What is cached is answered before anybody looks here. An unknown token is charged to its address once it is known to be
//! unknown; an address that owes too much is told to wait, and what it asks that memory cannot answer is asked of the store
//! only a few at a time, in the order of coming. So a real key that is not cached yet still gets its answer.
//!
//! The table is bounded and its counters are approximate: an address that must make room begins anew, those that owe least
//! first; two addresses are taken for one about once in a hundred thousand times. IPv6 counts by /64, which is what one
//! subscriber is given. Requests without an address are one address.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use domain::limits::Rate;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How guesses are slowed down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guessing {
    /// How many unknown tokens an address may present; any number when none.
    pub rate: Option<Rate>,
    /// Addresses that are remembered at the most, rounded up to a power of two.
    pub addresses: usize,
    /// Questions to the store at a time for all addresses that owe too much.
    pub lookups: usize,
}

impl Default for Guessing {
    fn default() -> Self {
        Self {
            rate: "60/1m burst 120".parse().ok(),
            addresses: 65_536,
            lookups: 4,
        }
    }
}

/// Addresses that share a cache line.
const WAYS: usize = 8;
/// Bits of what an address owes, in [`TICK`]s since the start: 55 years. The address's mark stands above them.
const OWED_BITS: u32 = 44;
const TICK: u64 = 100;
/// All addresses together may guess as much as so many of them; beyond it everybody's misses take turns.
const NODE: u64 = 100;
/// Requests that may wait for their turn at the store.
const QUEUE: usize = 1_024;

#[repr(align(64))]
#[derive(Default)]
struct Bucket([AtomicU64; WAYS]);

/// The generic cell rate algorithm in ticks: what one guess costs, and how far ahead one may be.
#[derive(Clone, Copy)]
struct Pace {
    cost: u64,
    most: u64,
}

impl Pace {
    fn new(rate: &Rate) -> Self {
        let window = u64::try_from(rate.window().duration().as_micros()).unwrap_or(u64::MAX) / TICK;
        let cost = (window / rate.limit().max(1)).max(1);
        Self {
            cost,
            most: cost.saturating_mul(rate.burst().max(1)),
        }
    }

    /// Ticks until another guess is free; none if it is.
    fn wait(&self, owed_until: u64, now: u64) -> Option<u64> {
        let after = owed_until.max(now).saturating_add(self.cost);
        after
            .checked_sub(now.saturating_add(self.most))
            .filter(|wait| *wait > 0)
    }
}

/// Nobody may wait any longer: too many do.
#[derive(Debug)]
pub(crate) struct Crowded;

pub(crate) struct Guesses {
    pace: Option<Pace>,
    /// Boot time at the start.
    began: Duration,
    hasher: RandomState,
    buckets: Box<[Bucket]>,
    /// What all addresses owe together.
    node: AtomicU64,
    turns: Semaphore,
    waiting: AtomicUsize,
    counted: AtomicU64,
    throttled: AtomicU64,
    turned_away: AtomicU64,
}

/// What was seen of guesses since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GuessStats {
    /// Unknown tokens at the doors.
    pub counted: u64,
    /// Of those, the ones whose address was told to wait.
    pub throttled: u64,
    /// Requests that were turned away unanswered, because too many waited for their turn at the store.
    pub turned_away: u64,
    /// Requests that wait for their turn now.
    pub waiting: usize,
}

/// A place among those who wait, given up when dropped.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Guesses {
    pub(crate) fn new(options: &Guessing, began: Duration) -> Self {
        let count = options.addresses.div_ceil(WAYS).max(1).next_power_of_two();
        let pace = options.rate.as_ref().map(Pace::new);
        let buckets = if pace.is_some() { count } else { 0 };
        Self {
            pace,
            began,
            hasher: RandomState::new(),
            buckets: std::iter::repeat_with(Bucket::default).take(buckets).collect(),
            node: AtomicU64::new(0),
            turns: Semaphore::new(options.lookups.clamp(1, 1_024)),
            waiting: AtomicUsize::new(0),
            counted: AtomicU64::new(0),
            throttled: AtomicU64::new(0),
            turned_away: AtomicU64::new(0),
        }
    }

    /// Charges an unknown token to its address; the seconds that it is to wait, if it owes too much.
    pub(crate) fn charge(&self, from: Option<IpAddr>, boottime: Duration) -> Option<u32> {
        self.counted.fetch_add(1, Relaxed);
        let pace = self.pace?;
        let now = self.ticks(boottime);
        let (bucket, mark) = self.place(from);
        self.charge_node(pace, now);
        // Who loses the race to others this often is one of many guesses at once, and may have this one.
        for _ in 0..16 {
            let (slot, held) = find(bucket, mark);
            let owed_until = if held >> OWED_BITS == mark { owed(held) } else { 0 };
            if let Some(wait) = pace.wait(owed_until, now) {
                self.throttled.fetch_add(1, Relaxed);
                return Some(seconds(wait));
            }
            let next = (mark << OWED_BITS) | owed(owed_until.max(now).saturating_add(pace.cost));
            if slot.compare_exchange_weak(held, next, Relaxed, Relaxed).is_ok() {
                return None;
            }
        }
        None
    }

    /// Whether whoever asks from there takes turns at the store.
    fn takes_turns(&self, from: Option<IpAddr>, boottime: Duration) -> bool {
        let Some(pace) = self.pace else { return false };
        let now = self.ticks(boottime);
        let node = Pace {
            cost: pace.cost.div_ceil(NODE),
            most: pace.most,
        };
        if node.wait(self.node.load(Relaxed), now).is_some() {
            return true;
        }
        let (bucket, mark) = self.place(from);
        let (_, held) = find(bucket, mark);
        held >> OWED_BITS == mark && pace.wait(owed(held), now).is_some()
    }

    /// Waits for a turn at the store, where one is needed.
    pub(crate) async fn turn(
        &self,
        from: Option<IpAddr>,
        boottime: Duration,
    ) -> Result<Option<SemaphorePermit<'_>>, Crowded> {
        if !self.takes_turns(from, boottime) {
            return Ok(None);
        }
        let before = self.waiting.fetch_add(1, Relaxed);
        let _place = Place(&self.waiting);
        if before >= QUEUE {
            self.turned_away.fetch_add(1, Relaxed);
            return Err(Crowded);
        }
        // It is never closed.
        self.turns.acquire().await.map(Some).map_err(|_| Crowded)
    }

    pub(crate) fn stats(&self) -> GuessStats {
        GuessStats {
            counted: self.counted.load(Relaxed),
            throttled: self.throttled.load(Relaxed),
            turned_away: self.turned_away.load(Relaxed),
            waiting: self.waiting.load(Relaxed),
        }
    }

    fn ticks(&self, boottime: Duration) -> u64 {
        u64::try_from(boottime.saturating_sub(self.began).as_micros()).unwrap_or(u64::MAX) / TICK
    }

    fn charge_node(&self, pace: Pace, now: u64) {
        let (cost, most) = (pace.cost.div_ceil(NODE), pace.most);
        let held = self.node.load(Relaxed);
        let next = held.max(now).saturating_add(cost).min(now.saturating_add(most));
        // A guess that is lost to another thread's is no loss.
        self.node.store(next, Relaxed);
    }

    /// The bucket of an address, and its mark there, which is never 0.
    fn place(&self, from: Option<IpAddr>) -> (&Bucket, u64) {
        let network = match from.map(|ip| ip.to_canonical()) {
            None => 0,
            Some(IpAddr::V4(ip)) => (1 << 64) | u128::from(ip.to_bits()),
            Some(IpAddr::V6(ip)) => (2 << 64) | (ip.to_bits() >> 64),
        };
        let hash = self.hasher.hash_one(network);
        let bucket = &self.buckets[hash as usize & (self.buckets.len() - 1)];
        (bucket, (hash >> OWED_BITS).max(1))
    }
}

/// The slot of a mark and what it holds; where there is none, the slot of who owes least.
fn find(bucket: &Bucket, mark: u64) -> (&AtomicU64, u64) {
    let mut least = (&bucket.0[0], u64::MAX);
    for slot in &bucket.0 {
        let held = slot.load(Relaxed);
        if held >> OWED_BITS == mark {
            return (slot, held);
        }
        if owed(held) < owed(least.1) {
            least = (slot, held);
        }
    }
    least
}

fn owed(held: u64) -> u64 {
    held & ((1 << OWED_BITS) - 1)
}

fn seconds(ticks: u64) -> u32 {
    u32::try_from(ticks.div_ceil(1_000_000 / TICK)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn guesses(rate: &str, addresses: usize) -> Guesses {
        Guesses::new(
            &Guessing {
                rate: rate.parse().ok(),
                addresses,
                lookups: 1,
            },
            Duration::ZERO,
        )
    }

    fn at(millis: u64) -> Duration {
        Duration::from_millis(1_000_000 + millis)
    }

    #[test]
    fn an_address_may_be_wrong_so_often_and_is_then_told_how_long_to_wait() {
        let all = guesses("60/1m burst 5", 64);
        let ip = Some(IpAddr::from([192, 0, 2, 1]));
        for _ in 0..5 {
            assert_eq!(all.charge(ip, at(0)), None);
        }
        assert_eq!(all.charge(ip, at(0)), Some(1));
        assert!(all.takes_turns(ip, at(0)));
        assert_eq!(
            all.charge(Some(IpAddr::from([192, 0, 2, 2])), at(0)),
            None,
            "nobody else"
        );
        // One guess is paid for each second, however often it is tried meanwhile.
        assert_eq!(all.charge(ip, at(999)), Some(1));
        assert_eq!(all.charge(ip, at(1_000)), None);
        assert_eq!(all.charge(ip, at(1_000)), Some(1));
        assert_eq!(all.stats().throttled, 3);
        assert!(!all.takes_turns(ip, at(60_000)));
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_address_however_many_they_use() {
        let all = guesses("1/1h burst 8", 64);
        let ip = |n: u64| {
            Some(IpAddr::from(std::net::Ipv6Addr::from_bits(
                (0x2001_0db8_u128 << 96) | u128::from(n),
            )))
        };
        assert_eq!((0..8).filter_map(|n| all.charge(ip(n), at(0))).count(), 0);
        assert!(all.charge(ip(9), at(0)).is_some());
        let mapped = Some("::ffff:192.0.2.1".parse().unwrap());
        for _ in 0..8 {
            assert_eq!(all.charge(mapped, at(0)), None);
        }
        assert!(
            all.charge(Some(IpAddr::from([192, 0, 2, 1])), at(0)).is_some(),
            "one address, two forms"
        );
    }

    #[test]
    fn a_million_addresses_take_no_more_room_and_the_loudest_stays_known() {
        let all = guesses("60/1m burst 10", 1_024);
        let loud = Some(IpAddr::from([198, 51, 100, 1]));
        for _ in 0..10 {
            all.charge(loud, at(0));
        }
        for n in 0..1_000_000_u32 {
            all.charge(Some(IpAddr::from(n.to_be_bytes())), at(0));
        }
        assert_eq!(all.buckets.len() * WAYS, 1_024);
        assert!(all.charge(loud, at(0)).is_some());
        assert!(
            all.takes_turns(Some(IpAddr::from([203, 0, 113, 77])), at(0)),
            "the node as a whole is guessed at"
        );
    }

    #[test]
    fn few_addresses_are_counted_as_an_exact_count_would() {
        // An oracle with a map and whole arithmetic, over a walk of its own.
        let all = guesses("30/1m burst 4", 65_536);
        let mut oracle: HashMap<u8, u64> = HashMap::new();
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut now = 0;
        for _ in 0..20_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            now += state % 900;
            let who = (state >> 40) as u8 % 9;
            let until = oracle.entry(who).or_default();
            let after = (*until).max(now) + 2_000;
            let refused = after > now + 8_000;
            if !refused {
                *until = after;
            }
            let told = all.charge(Some(IpAddr::from([10, 0, 0, who])), Duration::from_millis(now));
            assert_eq!(told.is_some(), refused, "{who} at {now}");
        }
    }

    #[test]
    fn nobody_waits_where_nothing_is_limited() {
        let all = guesses("off", 64);
        assert!((0..10_000).all(|_| all.charge(None, at(0)).is_none()));
        assert!(!all.takes_turns(None, at(0)));
        assert_eq!(all.stats().counted, 10_000);
    }
}
