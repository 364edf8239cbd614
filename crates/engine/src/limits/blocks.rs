//! Units of quotas, had from the store and given back to it.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use domain::id::{KeyId, OrganisationId};
use domain::limits::Bounds;
use store::StoreError;
use store::quotas::{Holding, Use};
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use super::{SHARDS, State};
use crate::answer::VerifyError;
use crate::cached::CachedKey;
use crate::{Engine, Inner};

/// Blocks that are given back in one go.
const BATCH: usize = 256;

/// Whose use is asked for, and in which period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaAsked {
    /// The key.
    pub key: KeyId,
    /// How often what is used was set anew.
    pub round: i64,
    /// The period.
    pub bounds: Bounds,
}

/// A block that is on its way back, held against everybody else.
struct Closing {
    state: Arc<State>,
    holding: Holding,
    _flight: OwnedMutexGuard<()>,
}

impl Inner {
    /// Asks the store for units, so that a request of this cost may go on; or waits for another that asks. What has come of
    /// it is for the next look at the limits to say.
    pub(crate) async fn reserve(&self, key: &CachedKey, cost: u64, ahead: bool) -> Result<(), VerifyError> {
        let Some(limits) = &key.limits else { return Ok(()) };
        let Some(quota) = &limits.quota else { return Ok(()) };
        let flight = match &limits.state.0.lock().allotment {
            Some(allotment) => allotment.flight(),
            None => return Ok(()),
        };
        let _flight = flight.lock().await;
        let asked = {
            let mut held = limits.state.0.lock();
            let Some(allotment) = &mut held.allotment else {
                return Ok(());
            };
            let (now, boottime) = (self.now(), self.clock.boottime());
            allotment.adopt(&self.limiter, quota, key.epoch, now);
            let settled = match allotment.allowance(cost, boottime) {
                domain::limits::Allowance::AtHand(units) => units >= cost,
                _ => true,
            };
            // Somebody has asked meanwhile.
            if settled && !ahead {
                return Ok(());
            }
            let need = if ahead { 0 } else { cost };
            allotment.ask(key.organisation.id, key.key, need, boottime)
        };
        let (ask, turn) = asked;
        let answer = self.source.reserve_units(ask.clone()).await;
        let mut held = limits.state.0.lock();
        let Some(allotment) = &mut held.allotment else {
            return Ok(());
        };
        let boottime = self.clock.boottime();
        match answer {
            Ok(share) => allotment.receive(&self.limiter, &ask, share, turn, boottime),
            Err(StoreError::RowMissing) => allotment.dry_up(boottime),
            Err(_) if ahead => allotment.give_up_ahead(),
            Err(error) => {
                self.store_errors.fetch_add(1, Relaxed);
                return Err(VerifyError::Unavailable(Arc::new(error)));
            }
        }
        Ok(())
    }

    fn states_in(&self, shard: usize) -> Vec<(Uuid, Arc<State>)> {
        let shard = self.limiter.shards[shard].lock();
        shard.iter().map(|(id, state)| (*id, state.clone())).collect()
    }

    /// Gives blocks back that lie idle, or all of them.
    async fn give_back(&self, states: Vec<(Uuid, Arc<State>)>, all: bool) -> Result<(), StoreError> {
        let boottime = self.clock.boottime();
        let mut waiting = Vec::new();
        for (id, state) in states {
            let flight = {
                let held = state.0.lock();
                match &held.allotment {
                    Some(a) if !a.is_empty() && (all || a.is_idle(boottime)) => a.flight(),
                    _ => continue,
                }
            };
            // Nobody waits here for somebody who asks just now: then it does not lie idle.
            let flight = match all {
                true => flight.lock_owned().await,
                false => match flight.try_lock_owned() {
                    Ok(flight) => flight,
                    Err(_) => continue,
                },
            };
            let holding = match &mut state.0.lock().allotment {
                // The organisation is not asked for when a block is taken back.
                Some(a) if !a.is_empty() => a.close(OrganisationId::INSTALLATION, KeyId::from_uuid(id)),
                _ => continue,
            };
            waiting.push(Closing {
                state,
                holding,
                _flight: flight,
            });
            if waiting.len() == BATCH {
                self.close(std::mem::take(&mut waiting)).await?;
            }
        }
        self.close(waiting).await
    }

    async fn close(&self, closing: Vec<Closing>) -> Result<(), StoreError> {
        if closing.is_empty() {
            return Ok(());
        }
        let holdings = closing.iter().map(|one| one.holding).collect();
        self.source.close_blocks(holdings).await?;
        for one in &closing {
            if let Some(allotment) = &mut one.state.0.lock().allotment {
                allotment.closed(&self.limiter, one.holding.block);
            }
        }
        Ok(())
    }
}

impl Engine {
    /// Gives units of quotas back that lie idle, and forgets what need not be known of limits: a part of it each time.
    ///
    /// # Errors
    /// When the store fails; nothing is lost then but what a crash would lose.
    pub async fn tidy_limits(&self) -> Result<(), StoreError> {
        let inner = &*self.0;
        let shard = inner.limiter.next.fetch_add(1, Relaxed) % SHARDS;
        let done = inner.give_back(inner.states_in(shard), false).await;
        inner.limiter.sweep(shard, inner.clock.boottime());
        done
    }

    /// Gives all units of quotas back, before a stop.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn return_quotas(&self) -> Result<(), StoreError> {
        for shard in 0..SHARDS {
            self.0.give_back(self.0.states_in(shard), true).await?;
        }
        Ok(())
    }

    /// Gives the units of one key's quota back, so that the store knows what is used of it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn return_quota(&self, key: KeyId) -> Result<(), StoreError> {
        match self.0.limiter.known(key.uuid()) {
            Some(state) => self.0.give_back(vec![(key.uuid(), state)], true).await,
            None => Ok(()),
        }
    }

    /// What is used of quotas, with what this node has let through and not yet told. Of one key alone it is exact.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn quota_uses(&self, asked: &[QuotaAsked]) -> Result<Vec<u64>, StoreError> {
        let limiter = &self.0.limiter;
        // Held so that a block does not come or go between the two looks.
        let _flight = match asked {
            [one] => {
                let state = limiter.known(one.key.uuid());
                let flight = state.and_then(|state| Some(state.0.lock().allotment.as_ref()?.flight()));
                match flight {
                    Some(flight) => Some(flight.lock_owned().await),
                    None => None,
                }
            }
            _ => None,
        };
        let periods = asked.iter().map(|one| (one.key, one.round, one.bounds.start));
        let uses = self.0.source.quota_uses(periods.collect()).await?;
        let of = |(asked, found): (&QuotaAsked, Use)| {
            let state = limiter.known(asked.key.uuid());
            let in_blocks = found.blocks.iter().map(|out| {
                let spent = state
                    .as_ref()
                    .and_then(|state| state.0.lock().allotment.as_ref()?.spent_of(out.block));
                spent.map_or(out.granted, |spent| i64::try_from(spent).unwrap_or(i64::MAX))
            });
            // Below nothing in between, where some were given back that blocks have used.
            u64::try_from(found.used + in_blocks.sum::<i64>()).unwrap_or(0)
        };
        Ok(asked.iter().zip(uses).map(of).collect())
    }
}
