//! The hot path of verification on one node: answers from memory, asks the store on a miss, and forgets what has changed
//! before the change is acknowledged. It holds no SQL.

mod answer;
mod barrier;
mod cache;
mod cached;
mod directory;
mod epochs;
mod fetch;
mod fleet;
mod flights;
mod foreign;
mod guesses;
pub mod journal;
mod limits;
mod noting;
#[cfg(test)]
#[path = "../tests/race/mod.rs"]
mod race;
mod rewrites;
pub mod source;
mod table;
mod tally;
#[cfg(test)]
mod tests;
mod unknown;
mod verify;

#[cfg(test)]
extern crate self as engine;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use arc_swap::ArcSwap;
use domain::clock::Clock;
use domain::limits::Rate;
use domain::secret::Keyring;
use store::{Store, StoreError};
use uuid::Uuid;

pub use answer::{Answer, Door, Question, VerifyError};
pub use cached::{CachedGrants, CachedKey, CachedOrganisation, CachedOwner, Told};
pub use fleet::{DEAD, Member};
pub use guesses::{GuessStats, Guessing};
pub use limits::{Backend, KeyLimits, QuotaAsked, QuotaStanding, RateStanding, Scope};
pub use rewrites::Rewrite;
pub use tally::{BUCKETS, Decisions};

use cache::Cache;
use cached::Shared;
use directory::Directories;
use epochs::Epochs;
use fleet::Membership;
use flights::Flights;
use foreign::Foreign;
use guesses::Guesses;
use journal::{Journal, RollUp};
use limits::Limiter;
use noting::Prefixes;
use rewrites::Rewrites;
use source::Source;
use tally::Tally;
use unknown::UnknownTokens;

/// How much is remembered.
#[derive(Debug, Clone)]
pub struct Options {
    /// Secrets that are cached at the most.
    pub capacity: usize,
    /// Tokens that are remembered as unknown at the most.
    pub unknown_capacity: usize,
    /// For how long.
    pub unknown_ttl: Duration,
    /// Where limits are counted.
    pub limits: Backend,
    /// The rate limit of keys that have none by their own or their policy's word.
    pub default_rate: Option<Rate>,
    /// How guesses are slowed down.
    pub guessing: Guessing,
    /// Names this node in this run, for the units of quotas that it holds.
    pub node: Uuid,
    /// Where answers are recorded; in memory if nowhere.
    pub journal: Option<Arc<Journal>>,
    /// This node among others; none where it is the only one.
    pub member: Option<Member>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            capacity: 2_000_000,
            unknown_capacity: 65_536,
            unknown_ttl: Duration::from_secs(10),
            limits: Backend::Local,
            default_rate: None,
            guessing: Guessing::default(),
            node: Uuid::nil(),
            journal: None,
            member: None,
        }
    }
}

/// What happened since the start, and what is held now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Verifications answered from the cache; approximate.
    pub hits: u64,
    /// Verifications for which the store had to be asked.
    pub misses: u64,
    /// Verifications of tokens remembered as unknown; approximate.
    pub unknown_hits: u64,
    /// Bytes of the usage journal that are not rolled up.
    pub journal_bytes: u64,
    /// Answers that could not be recorded, since the data directory was made.
    pub dropped: u64,
    /// Records of the journal that were found damaged, since the start.
    pub damaged: u64,
    /// Questions that the store failed to answer.
    pub store_errors: u64,
    /// Questions that the store is asked now.
    pub flights: usize,
    /// Verifications that waited for a question that was under way.
    pub joined: u64,
    /// Secrets that made room in the cache for others.
    pub evicted: u64,
    /// What was seen of guesses.
    pub guesses: GuessStats,
    /// Secrets in the cache.
    pub cached: usize,
    /// Tokens remembered as unknown.
    pub unknown_tokens: usize,
    /// Keys, owners and organisations whose limits are kept.
    pub limited: usize,
    /// The last change that was applied.
    pub applied: i64,
    /// Whether it may answer from memory.
    pub fresh: bool,
}

/// The verification engine of one node. Clones share it.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    source: Box<dyn Source>,
    clock: Arc<dyn Clock>,
    keyring: ArcSwap<Keyring>,
    foreign: ArcSwap<Foreign>,
    epochs: Epochs,
    cache: Cache<Arc<CachedKey>>,
    unknown: UnknownTokens,
    shared: Shared,
    limiter: Limiter,
    directories: Directories,
    flights: Flights,
    guesses: Guesses,
    tally: Tally,
    journal: Arc<Journal>,
    prefixes: Prefixes,
    rewrites: Rewrites,
    /// The last change that was applied.
    applied: AtomicI64,
    /// The clock, in microseconds, when a change was last applied.
    not_before: AtomicI64,
    member: Option<Membership>,
    /// Held while changes are read.
    reading: tokio::sync::Mutex<()>,
    misses: AtomicU64,
    store_errors: AtomicU64,
    #[cfg(test)]
    faults: tests::Faults,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Engine").field(&self.stats()).finish()
    }
}

impl Engine {
    /// Serves with an empty cache, from the store's last change on.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn start(
        store: Store,
        keyring: Arc<Keyring>,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Result<Self, StoreError> {
        Self::over(Box::new(store), keyring, clock, options).await
    }

    /// The same over any source: the seam for simulations and benchmarks.
    ///
    /// # Errors
    /// When the source fails.
    pub async fn over(
        source: Box<dyn Source>,
        keyring: Arc<Keyring>,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Result<Self, StoreError> {
        let last = source.last_change().await?;
        let began = clock.boottime();
        let journal = match options.journal {
            Some(journal) => journal,
            None => Arc::new(Journal::in_memory()?),
        };
        let inner = Inner {
            source,
            clock,
            keyring: ArcSwap::new(keyring),
            foreign: ArcSwap::default(),
            epochs: Epochs::new(),
            cache: Cache::new(options.capacity),
            unknown: UnknownTokens::new(options.unknown_capacity, options.unknown_ttl),
            shared: Shared::new(),
            limiter: match options.limits {
                Backend::Local => Limiter::new(options.node, options.default_rate),
            },
            directories: Directories::default(),
            flights: Flights::default(),
            guesses: Guesses::new(&options.guessing, began),
            tally: Tally::new(),
            journal,
            prefixes: Prefixes::default(),
            rewrites: Rewrites::default(),
            applied: AtomicI64::new(last),
            not_before: AtomicI64::new(0),
            reading: tokio::sync::Mutex::new(()),
            member: options.member.map(Membership::new),
            misses: AtomicU64::new(0),
            store_errors: AtomicU64::new(0),
            #[cfg(test)]
            faults: tests::Faults::default(),
        };
        inner.load_foreign().await?;
        if let Some(member) = &inner.member {
            inner.renew(member).await?;
        }
        Ok(Self(Arc::new(inner)))
    }

    /// Whether a key that nobody else limits is limited by the installation.
    pub fn limits_every_key(&self) -> bool {
        self.0.limiter.default_rate.is_some()
    }

    /// Where answers are recorded.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.0.journal
    }

    /// A reader of a journal that is kept in memory, from its beginning.
    pub fn roll_up(&self) -> RollUp {
        RollUp::new(self.0.journal.clone(), &[])
    }

    /// Secrets to be stored under the current pepper, seen since the last call.
    pub fn take_rewrites(&self) -> Vec<Rewrite> {
        self.0.rewrites.take()
    }

    /// What was decided and how long it took, for metrics.
    pub fn decisions(&self) -> Decisions {
        self.0.tally.sum()
    }

    /// Figures for metrics.
    pub fn stats(&self) -> Stats {
        let inner = &*self.0;
        let depth = inner.journal.depth();
        Stats {
            hits: inner.cache.hits(),
            misses: inner.misses.load(Relaxed),
            unknown_hits: inner.unknown.hits(),
            journal_bytes: depth.bytes,
            dropped: depth.dropped,
            damaged: depth.damaged,
            store_errors: inner.store_errors.load(Relaxed),
            flights: inner.flights.under_way(),
            joined: inner.flights.joined(),
            evicted: inner.cache.evicted(),
            guesses: inner.guesses.stats(),
            cached: inner.cache.len(),
            unknown_tokens: inner.unknown.len(),
            limited: inner.limiter.len(),
            applied: inner.applied.load(Relaxed),
            fresh: inner.is_fresh(),
        }
    }
}
