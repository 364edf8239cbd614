//! The second step of a decision: counts a request against its limits.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::limits::{Admission, Allowance, Charge, Gauge, Rate, Wish, admit};
use smallvec::SmallVec;

use super::allotment::Allotment;
use super::{KeyLimits, Limiter, Limits, Scope, Told};
use crate::answer::{Question, VerifyError};
use crate::cached::CachedKey;

/// What has come of it.
pub(crate) struct Admitted {
    pub(crate) admission: Admission,
    /// Where they stand, if there are any. Beside it, so that an answer without limits stays small.
    pub(crate) limits: Option<Box<Limits>>,
    /// Whether units of the quota should be asked for by and by.
    pub(crate) ahead: bool,
}

/// A limit that applies, with a copy of where it stands, so that nothing changes until all agree.
struct Slot {
    told: Told,
    gauge: Gauge,
    cost: u64,
}

type Slots = SmallVec<[Slot; 4]>;

fn slot(scope: Scope, place: usize, rate: Rate, gauge: Gauge, cost: u64) -> Slot {
    let told = Told {
        scope,
        // There are never as many.
        place: Ok(place as u16),
        rate,
        remaining: 0,
        full_in: Duration::ZERO,
    };
    Slot { told, gauge, cost }
}

impl Limiter {
    /// Counts a request against all the limits that it has, or none of them.
    ///
    /// # Errors
    /// When it names a limit that the key does not have, or too many of its own.
    #[inline]
    pub(crate) fn admit(
        &self,
        key: &CachedKey,
        question: &Question<'_>,
        now: Timestamp,
        boottime: impl FnOnce() -> Duration,
    ) -> Result<Admitted, VerifyError> {
        match &key.limits {
            Some(limits) => self.count(key, limits, question, now, boottime()),
            None if question.limits.is_empty() => Ok(Admitted {
                admission: Admission::Admitted,
                limits: None,
                ahead: false,
            }),
            // A key without limits that the request brings some for.
            None => {
                let limits = KeyLimits {
                    own: [].into(),
                    owner: [].into(),
                    quota: None,
                    state: self.state(key.key.uuid()),
                    owner_state: None,
                    organisation_state: None,
                };
                self.count(key, &limits, question, now, boottime())
            }
        }
    }

    fn count(
        &self,
        key: &CachedKey,
        limits: &KeyLimits,
        question: &Question<'_>,
        now: Timestamp,
        boottime: Duration,
    ) -> Result<Admitted, VerifyError> {
        let cost = question.cost.unwrap_or(1);
        let wishes = question.limits;
        let mut slots = Slots::new();
        let mut own = limits.state.0.lock();
        own.align(&limits.own);
        let selects =
            |wish: &Wish<'_>| wish.rate.is_none() && limits.own.iter().any(|limit| *limit.name == *wish.name);
        let selective = wishes.iter().any(selects);
        for (place, limit) in limits.own.iter().enumerate() {
            let wish = wishes.iter().find(|wish| *wish.name == *limit.name);
            if wish.is_some() || !selective {
                let cost = wish.and_then(|wish| wish.cost).unwrap_or(cost);
                slots.push(slot(Scope::Key, place, limit.rate, own.gauge(place), cost));
            }
        }
        for (i, wish) in wishes.iter().enumerate() {
            if limits.own.iter().any(|limit| *limit.name == *wish.name) {
                continue;
            }
            let Some(rate) = wish.rate else {
                return Err(VerifyError::limit(
                    i,
                    "the key has no limit of this name, and none is given with it",
                ));
            };
            let Some((name, gauge)) = own.brought(&wish.name, rate, boottime) else {
                return Err(VerifyError::limit(
                    i,
                    "too many limits are brought along for this key at once",
                ));
            };
            let mut brought = slot(Scope::Request, 0, rate, gauge, wish.cost.unwrap_or(cost));
            brought.told.place = Err(name);
            slots.push(brought);
        }
        let mut owner = limits.owner_state.as_deref().map(|state| state.0.lock());
        if let Some(owner) = &mut owner {
            owner.align(&limits.owner);
            for (place, limit) in limits.owner.iter().enumerate() {
                slots.push(slot(Scope::Owner, place, limit.rate, owner.gauge(place), cost));
            }
        }
        let mut organisation = limits.organisation_state.as_deref().map(|state| state.0.lock());
        if let Some(organisation) = &mut organisation {
            organisation.align(&key.organisation.rate_limits);
            for (place, limit) in key.organisation.rate_limits.iter().enumerate() {
                let gauge = organisation.gauge(place);
                slots.push(slot(Scope::Organisation, place, limit.rate, gauge, cost));
            }
        }
        let allowance = match &limits.quota {
            None => Allowance::Unlimited,
            Some(quota) => {
                let fresh = || Box::new(Allotment::new(self, quota, key.epoch, now));
                let allotment = own.allotment.get_or_insert_with(fresh);
                allotment.adopt(self, quota, key.epoch, now);
                allotment.allowance(cost, boottime)
            }
        };
        let mut charges: SmallVec<[Charge<'_>; 4]> = slots
            .iter_mut()
            .map(|slot| Charge {
                rate: slot.told.rate,
                gauge: &mut slot.gauge,
                cost: slot.cost,
            })
            .collect();
        let admission = admit(&mut charges, allowance, cost, boottime);
        drop(charges);
        let mut told = Box::<Limits>::default();
        let mut ahead = false;
        let allotment = own.allotment.as_mut().filter(|_| limits.quota.is_some());
        match admission {
            Admission::Wait => {
                return Ok(Admitted {
                    admission,
                    limits: None,
                    ahead,
                });
            }
            Admission::Admitted => ahead = allotment.is_some_and(|allotment| allotment.take(cost, boottime)),
            Admission::RateLimited(refusal) => {
                told.refused = Some(refusal.place);
                told.wait = refusal.wait;
            }
            Admission::QuotaExceeded => {
                told.wait = allotment.and_then(|allotment| allotment.refill(cost, now))
            }
        }
        if limits.quota.is_some() {
            told.quota = own.allotment.as_ref().and_then(|allotment| allotment.standing());
        }
        for mut slot in slots {
            if admission == Admission::Admitted {
                match (&slot.told.place, slot.told.scope, &mut owner, &mut organisation) {
                    (Err(name), ..) => own.set_brought(name, slot.told.rate, slot.gauge),
                    (Ok(place), Scope::Owner, Some(owner), _) => {
                        owner.set_gauge(usize::from(*place), slot.gauge);
                    }
                    (Ok(place), Scope::Organisation, _, Some(organisation)) => {
                        organisation.set_gauge(usize::from(*place), slot.gauge);
                    }
                    (Ok(place), ..) => own.set_gauge(usize::from(*place), slot.gauge),
                }
            }
            slot.told.remaining = slot.gauge.remaining(&slot.told.rate);
            slot.told.full_in = slot.gauge.full_in(&slot.told.rate);
            told.rates.push(slot.told);
        }
        Ok(Admitted {
            admission,
            limits: Some(told),
            ahead,
        })
    }
}
