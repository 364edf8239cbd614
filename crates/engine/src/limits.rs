//! What each limit stands at, kept beside the cache: a key's state belongs to its id, so that neither an edit, nor a
//! rotation, nor an eviction gives anybody a fresh start.
//!
//! A key's limits stand under one lock of their own, its owner's and its organisation's under one each; they are taken in
//! that order, so that a request is counted against all of its limits or none. Nothing is shared by all keys.

mod admit;
mod allotment;
mod blocks;
mod state;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, Release};
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicUsize};

use domain::clock::Timestamp;
use domain::limits::{LimitName, Quota, Rate, RateLimit, Standing, retry_after};
use domain::limits::{rate_limit, rate_limit_policy};
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::time::Duration;
use store::quotas::Block;
use uuid::Uuid;

pub use blocks::QuotaAsked;
pub(crate) use state::State;

/// Where the limits of a node's keys are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Backend {
    /// On each node by itself.
    #[default]
    Local,
}

/// How much may be used of a key: what was read with it, and where that stands.
pub struct KeyLimits {
    /// Its own rate limits, or the one that it has by default.
    pub(crate) own: Arc<[RateLimit]>,
    /// Those of its owner.
    pub(crate) owner: Arc<[RateLimit]>,
    pub(crate) quota: Option<Box<KeyQuota>>,
    pub(crate) state: Arc<State>,
    pub(crate) owner_state: Option<Arc<State>>,
    pub(crate) organisation_state: Option<Arc<State>>,
}

impl fmt::Debug for KeyLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyLimits")
            .field("own", &self.own)
            .field("owner", &self.owner)
            .field("quota", &self.quota)
            .finish_non_exhaustive()
    }
}

/// A key's quota, as it was read with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyQuota {
    pub(crate) quota: Quota,
    pub(crate) round: i64,
}

/// Whose limit it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The key's own, or the one that it has by default.
    Key,
    /// Its service account's.
    Owner,
    /// Its organisation's.
    Organisation,
    /// Brought along by the request.
    Request,
}

impl Scope {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Owner => "owner",
            Self::Organisation => "organisation",
            Self::Request => "request",
        }
    }
}

/// Where a rate limit stands after a request.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) scope: Scope,
    /// In the list of its scope; its name, where the request brought it along.
    pub(crate) place: Result<u16, LimitName>,
    pub(crate) rate: Rate,
    pub(crate) remaining: u64,
    pub(crate) full_in: Duration,
}

/// Where the quota stands after a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaStanding {
    /// The quota.
    pub quota: Quota,
    /// What is left of it.
    pub remaining: u64,
    /// When it is filled again.
    pub reset_at: Option<Timestamp>,
}

/// Where a key's limits stand after a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limits {
    pub(crate) rates: SmallVec<[Told; 3]>,
    pub(crate) quota: Option<QuotaStanding>,
    /// The place among the rates of the one that refused.
    pub(crate) refused: Option<usize>,
    /// In what time the same request would be let through; none where that never comes, or where it was not refused.
    pub(crate) wait: Option<Duration>,
}

/// Where a rate limit stands, with its name.
#[derive(Debug, Clone, Copy)]
pub struct RateStanding<'a> {
    /// Whose it is.
    pub scope: Scope,
    /// What it is called.
    pub name: &'a str,
    /// What it is.
    pub rate: Rate,
    /// How many units are there.
    pub remaining: u64,
    /// In what time all of them are.
    pub full_in: Duration,
}

impl crate::Answer {
    /// Where each rate limit stands that the request was held against, the key's own first.
    pub fn rates(&self) -> impl Iterator<Item = RateStanding<'_>> {
        let rates = self.limits.iter().flat_map(|limits| &limits.rates);
        rates.map(|told| self.standing(told))
    }

    fn standing<'a>(&'a self, told: &'a Told) -> RateStanding<'a> {
        let limits = self.key.as_ref().and_then(|key| key.limits.as_ref());
        let name = match (&told.place, told.scope) {
            (Err(name), _) => Some(&**name),
            (Ok(_), Scope::Request) => None,
            (Ok(place), Scope::Key) => limits
                .and_then(|l| l.own.get(usize::from(*place)))
                .map(|l| &*l.name),
            (Ok(place), Scope::Owner) => limits
                .and_then(|l| l.owner.get(usize::from(*place)))
                .map(|l| &*l.name),
            (Ok(place), Scope::Organisation) => {
                let all = self.key.as_ref().map(|key| &key.organisation.rate_limits);
                all.and_then(|all| all.get(usize::from(*place))).map(|l| &*l.name)
            }
        };
        RateStanding {
            scope: told.scope,
            name: name.unwrap_or_default(),
            rate: told.rate,
            remaining: told.remaining,
            full_in: told.full_in,
        }
    }

    /// The rate limit that refused.
    pub fn limited_by(&self) -> Option<RateStanding<'_>> {
        let limits = self.limits.as_ref()?;
        let told = limits.rates.get(limits.refused?)?;
        Some(self.standing(told))
    }

    /// The value of `Retry-After`, in seconds, where the request was refused for a limit and would be let through later.
    pub fn retry_after(&self) -> Option<u64> {
        self.limits.as_ref()?.wait.map(retry_after)
    }

    /// Where the quota stands, as far as it is known.
    pub fn quota(&self) -> Option<&QuotaStanding> {
        self.limits.as_ref()?.quota.as_ref()
    }

    fn standings(&self) -> Standings<'_> {
        let mut all: Standings<'_> = self
            .rates()
            .map(|rate| {
                // Two of one name would be taken for one.
                let name = match rate.scope {
                    Scope::Key | Scope::Request => rate.name.into(),
                    Scope::Owner | Scope::Organisation => {
                        format!("{}/{}", rate.scope.as_str(), rate.name).into()
                    }
                };
                let standing = Standing {
                    name: "",
                    limit: rate.rate.limit(),
                    window: Some(rate.rate.window().duration()),
                    remaining: rate.remaining,
                    full_in: Some(rate.full_in),
                };
                (name, standing)
            })
            .collect();
        if let Some(quota) = self.quota() {
            let standing = Standing {
                name: "",
                limit: quota.quota.limit,
                window: None,
                remaining: quota.remaining,
                full_in: quota.reset_at.map(|at| at.since(self.at)),
            };
            all.push(("quota".into(), standing));
        }
        all
    }

    /// The values of `RateLimit-Policy` and of `RateLimit`; none where there is no limit.
    pub fn rate_limit_headers(&self) -> Option<(String, String)> {
        let all = self.standings();
        if all.is_empty() {
            return None;
        }
        let named = || all.iter().map(|(name, standing)| Standing { name, ..*standing });
        Some((rate_limit_policy(named()), rate_limit(named())))
    }
}

/// Limits by the names under which they are told.
type Standings<'a> = SmallVec<[(Cow<'a, str>, Standing<'static>); 4]>;

/// Shards of the map from ids to states. It is asked when a key is read into the cache, and not on the way of an answer.
const SHARDS: usize = 64;

type Shard = HashMap<Uuid, Arc<State>>;

/// All states.
pub(crate) struct Limiter {
    shards: [Mutex<Shard>; SHARDS],
    /// The shard that is swept next.
    next: AtomicUsize,
    node: Mutex<Uuid>,
    /// Counts the ids that the node has had: whatever was handed to another one is nobody's any more.
    turn: AtomicU32,
    /// The last number of a block.
    blocks: AtomicI64,
    /// The rate limit of keys that have none by their own or their policy's word.
    pub(crate) default_rate: Option<Arc<[RateLimit]>>,
}

impl Limiter {
    pub(crate) fn new(node: Uuid, default_rate: Option<Rate>) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            next: AtomicUsize::new(0),
            node: Mutex::new(node),
            turn: AtomicU32::new(0),
            blocks: AtomicI64::new(0),
            default_rate: default_rate.map(|rate| [RateLimit::by_default(rate)].into()),
        }
    }

    fn shard(&self, id: Uuid) -> &Mutex<Shard> {
        &self.shards[id.as_u128() as usize % SHARDS]
    }

    /// The state of whatever has that id.
    pub(crate) fn state(&self, id: Uuid) -> Arc<State> {
        self.shard(id).lock().entry(id).or_default().clone()
    }

    fn known(&self, id: Uuid) -> Option<Arc<State>> {
        self.shard(id).lock().get(&id).cloned()
    }

    fn fresh_block(&self) -> Block {
        Block {
            node: *self.node.lock(),
            number: self.blocks.fetch_add(1, Relaxed) + 1,
        }
    }

    /// Hands out no more of what it holds, and asks by another name from here on.
    pub(crate) fn begin_anew(&self, node: Uuid) {
        *self.node.lock() = node;
        self.turn.fetch_add(1, Release);
    }

    /// Forgets what says no more than a fresh state would, in one shard, and nobody holds.
    fn sweep(&self, shard: usize, boottime: Duration) {
        self.shards[shard]
            .lock()
            .retain(|_, state| Arc::strong_count(state) > 1 || !state.is_fresh(boottime));
    }

    /// States that are kept.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }
}
