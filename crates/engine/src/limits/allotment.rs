//! What this node has of one key's quota: a block of units that the store has handed to it, and how many of them it has
//! let through. It never has more than the store knows of, so that whatever is lost is lost units and not lost counts.

use std::sync::Arc;
use std::sync::atomic::Ordering::Acquire;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::{KeyId, OrganisationId};
use domain::limits::{Allowance, Bounds, Quota};
use store::quotas::{Ask, Block, Holding, Share};

use super::{KeyQuota, Limiter, QuotaStanding};

/// The first block, and the largest. A block that lasts less than [`QUICK`] makes the next one larger.
const FIRST: u64 = 16;
const LARGEST: u64 = 65_536;
const QUICK: Duration = Duration::from_secs(1);
/// For how long the store is believed that nothing is left. What gives units back on this node ends that at once.
const DRY: Duration = Duration::from_secs(1);
/// After how long without use a block is given back.
const IDLE: Duration = Duration::from_secs(60);

/// Whether more units are asked for before these are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ahead {
    Idle,
    UnderWay,
    /// The last time brought nothing.
    Pointless,
}

pub(super) struct Allotment {
    quota: Quota,
    round: i64,
    /// Of the youngest key that has used it.
    epoch: u64,
    /// The limiter's turn in which the block was begun.
    of_turn: u32,
    bounds: Bounds,
    block: Block,
    /// Whether the store has written the block.
    written: bool,
    spent: u64,
    held: u64,
    /// What others had when the store was last asked, and the limit then.
    known: Option<(u64, u64)>,
    dry: Option<Duration>,
    /// Counts what makes an answer of the store void that is under way.
    turn: u64,
    ahead: Ahead,
    size: u64,
    asked_at: Duration,
    touched: Duration,
    /// Held by whoever asks the store.
    flight: Arc<tokio::sync::Mutex<()>>,
}

impl Allotment {
    pub(super) fn new(limiter: &Limiter, of: &KeyQuota, epoch: u64, now: Timestamp) -> Self {
        Self {
            quota: of.quota.clone(),
            round: of.round,
            epoch,
            of_turn: limiter.turn.load(Acquire),
            bounds: of.quota.bounds(now),
            block: limiter.fresh_block(),
            written: false,
            spent: 0,
            held: 0,
            known: None,
            dry: None,
            turn: 0,
            ahead: Ahead::Idle,
            size: FIRST,
            asked_at: Duration::ZERO,
            touched: Duration::ZERO,
            flight: Arc::default(),
        }
    }

    /// Takes the quota as the key's reader has found it, and the period of `now`, never an earlier one. A key that was read
    /// earlier than another that was here already changes nothing.
    #[inline]
    pub(super) fn adopt(&mut self, limiter: &Limiter, of: &KeyQuota, epoch: u64, now: Timestamp) {
        if epoch > self.epoch || (epoch == self.epoch && (of.round != self.round || of.quota != self.quota)) {
            self.take_over(limiter, of, epoch, now);
        }
        if self.bounds.end.is_some_and(|end| now >= end) {
            self.bounds = self.quota.bounds(now);
            self.begin(limiter);
        }
        if self.of_turn != limiter.turn.load(Acquire) {
            self.begin(limiter);
        }
    }

    #[cold]
    fn take_over(&mut self, limiter: &Limiter, of: &KeyQuota, epoch: u64, now: Timestamp) {
        self.epoch = epoch;
        self.dry = None;
        self.ahead = Ahead::Idle;
        let another = of.round != self.round
            || of.quota.per != self.quota.per
            || of.quota.timezone != self.quota.timezone;
        if another {
            self.quota = of.quota.clone();
            self.round = of.round;
            self.bounds = of.quota.bounds(now);
            self.begin(limiter);
        } else if of.quota.limit < self.quota.limit {
            // What is held was handed out under the higher limit.
            self.recall();
        }
        self.quota.limit = of.quota.limit;
        // Others may have been given something.
        self.known = self.known.map(|(others, _)| (others, of.quota.limit));
    }

    /// Begins a block of its own: what the one before has is left to the store, as used.
    fn begin(&mut self, limiter: &Limiter) {
        self.of_turn = limiter.turn.load(Acquire);
        self.block = limiter.fresh_block();
        self.written = false;
        self.spent = 0;
        self.held = 0;
        self.known = None;
        self.dry = None;
        self.ahead = Ahead::Idle;
        self.turn += 1;
    }

    /// Hands out no more of what is held.
    fn recall(&mut self) {
        self.held = 0;
        self.turn += 1;
    }

    #[inline]
    pub(super) fn allowance(&self, cost: u64, boottime: Duration) -> Allowance {
        match self.dry {
            Some(since) if self.held < cost && boottime < since + DRY => Allowance::Last(self.held),
            _ => Allowance::AtHand(self.held),
        }
    }

    /// Hands out units that are there; whether more should be asked for by and by.
    #[inline]
    pub(super) fn take(&mut self, cost: u64, boottime: Duration) -> bool {
        self.held = self.held.saturating_sub(cost);
        self.spent += cost;
        self.touched = boottime;
        let low = self.held < self.size / 4 && self.ahead == Ahead::Idle && self.dry.is_none();
        if low {
            self.ahead = Ahead::UnderWay;
        }
        low
    }

    pub(super) fn flight(&self) -> Arc<tokio::sync::Mutex<()>> {
        self.flight.clone()
    }

    /// Where it stands, once the store was asked.
    pub(super) fn standing(&self) -> Option<QuotaStanding> {
        let (others, limit) = self.known?;
        Some(QuotaStanding {
            remaining: limit.saturating_sub(others).saturating_sub(self.spent),
            quota: self.quota.clone(),
            reset_at: self.bounds.end,
        })
    }

    /// In what time it is filled again; none where that does not help.
    pub(super) fn refill(&self, cost: u64, now: Timestamp) -> Option<Duration> {
        let end = self.bounds.end.filter(|_| cost <= self.quota.limit)?;
        Some(end.since(now))
    }

    pub(super) fn holding(&self, organisation: OrganisationId, key: KeyId) -> Holding {
        Holding {
            organisation,
            key,
            round: self.round,
            bounds: self.bounds,
            block: self.block,
            written: self.written,
            spent: self.spent,
            held: self.held,
        }
    }

    /// A question for more, and the turn in which it is put.
    pub(super) fn ask(
        &mut self,
        organisation: OrganisationId,
        key: KeyId,
        cost: u64,
        boottime: Duration,
    ) -> (Ask, u64) {
        let quick = boottime.saturating_sub(self.asked_at) < QUICK;
        self.size = match quick {
            true => (self.size * 2).min(LARGEST),
            false => (self.size / 2).max(FIRST),
        };
        self.asked_at = boottime;
        let need = cost.saturating_sub(self.held);
        let ask = Ask {
            holding: self.holding(organisation, key),
            quota: self.quota.clone(),
            need,
            want: need.max(self.size),
        };
        (ask, self.turn)
    }

    /// Takes what the store has handed out, unless it was asked for in another turn: then the store learns with the next
    /// question that it is not held.
    pub(super) fn receive(
        &mut self,
        limiter: &Limiter,
        ask: &Ask,
        share: Share,
        turn: u64,
        boottime: Duration,
    ) {
        if turn != self.turn {
            return;
        }
        if share.void {
            return self.begin(limiter);
        }
        self.written |= share.granted > 0;
        self.held += share.granted;
        self.known = Some((share.others, share.limit));
        self.touched = boottime;
        let short = share.granted < ask.need;
        self.dry = short.then_some(boottime);
        self.ahead = match share.granted {
            0 => Ahead::Pointless,
            _ => Ahead::Idle,
        };
    }

    /// The store could not be asked ahead.
    pub(super) fn give_up_ahead(&mut self) {
        self.ahead = Ahead::Pointless;
    }

    /// The key is not there any more.
    pub(super) fn dry_up(&mut self, boottime: Duration) {
        self.dry = Some(boottime);
    }

    pub(super) fn is_idle(&self, boottime: Duration) -> bool {
        boottime >= self.touched + IDLE
    }

    /// Whether the store holds nothing for it.
    pub(super) fn is_empty(&self) -> bool {
        !self.written && self.spent == 0 && self.held == 0
    }

    /// Gives everything back; nothing is handed out until it is known that it was taken.
    pub(super) fn close(&mut self, organisation: OrganisationId, key: KeyId) -> Holding {
        self.recall();
        self.holding(organisation, key)
    }

    /// What was given back has been taken.
    pub(super) fn closed(&mut self, limiter: &Limiter, block: Block) {
        if self.block == block {
            self.begin(limiter);
        }
    }

    /// What was let through of a block, if it is this one.
    pub(super) fn spent_of(&self, block: Block) -> Option<u64> {
        (self.block == block).then_some(self.spent)
    }
}
