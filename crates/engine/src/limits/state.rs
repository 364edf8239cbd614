//! What one key, one owner or one organisation stands at.

use std::collections::HashMap;
use std::time::Duration;

use domain::limits::{Gauge, LimitName, Rate, RateLimit};
use parking_lot::Mutex;

use super::allotment::Allotment;

/// Limits that requests brought along, of one key at the most; those that are full again make room.
const MOST_BROUGHT: usize = 1_024;
/// Gauges of limits that are not set any more, which go on until they are full.
const MOST_LEFT: usize = 64;

/// Under a lock of its own.
#[derive(Default)]
pub(crate) struct State(pub(super) Mutex<Held>);

#[derive(Default)]
pub(super) struct Held {
    /// In the order of the limits as they were last asked for; behind them those that are not set any more.
    gauges: Vec<Named>,
    brought: Option<Box<Brought>>,
    pub(super) allotment: Option<Box<Allotment>>,
}

/// What requests brought along, by name. Nearly no key has any, so that it stands apart.
#[derive(Default)]
struct Brought(HashMap<LimitName, (Rate, Gauge)>);

struct Named {
    name: LimitName,
    rate: Rate,
    gauge: Gauge,
}

impl Held {
    /// Where each of these limits stands is at the same place in [`Held::gauge`] afterwards.
    #[inline]
    pub(super) fn align(&mut self, limits: &[RateLimit]) {
        for (place, limit) in limits.iter().enumerate() {
            match self.gauges.get_mut(place) {
                Some(named) if named.name == limit.name => named.rate = limit.rate,
                _ => {
                    // Nearly all keys keep the limits that they begin with: no room is kept for more.
                    self.gauges
                        .reserve_exact(limits.len().saturating_sub(self.gauges.len()));
                    self.place(place, limit);
                }
            }
        }
    }

    #[cold]
    fn place(&mut self, place: usize, limit: &RateLimit) {
        let known = self.gauges.iter().position(|named| named.name == limit.name);
        let at = known.unwrap_or_else(|| {
            self.gauges.push(Named {
                name: limit.name.clone(),
                rate: limit.rate,
                gauge: Gauge::default(),
            });
            self.gauges.len() - 1
        });
        self.gauges[at].rate = limit.rate;
        self.gauges.swap(place, at);
    }

    pub(super) fn gauge(&self, place: usize) -> Gauge {
        self.gauges[place].gauge
    }

    pub(super) fn set_gauge(&mut self, place: usize, gauge: Gauge) {
        self.gauges[place].gauge = gauge;
    }

    /// Where a limit stands that requests bring along; none where there are too many of them.
    pub(super) fn brought(&mut self, name: &str, rate: Rate, now: Duration) -> Option<(LimitName, Gauge)> {
        let brought = &mut self.brought.get_or_insert_default().0;
        if let Some((known, (_, gauge))) = brought.get_key_value(name) {
            return Some((known.clone(), *gauge));
        }
        if brought.len() >= MOST_BROUGHT {
            brought.retain(|_, (rate, gauge)| !gauge.is_full(rate, now));
            if brought.len() >= MOST_BROUGHT {
                return None;
            }
        }
        let name: LimitName = name.into();
        brought.insert(name.clone(), (rate, Gauge::default()));
        Some((name, Gauge::default()))
    }

    pub(super) fn set_brought(&mut self, name: &str, rate: Rate, gauge: Gauge) {
        if let Some(place) = self.brought.as_mut().and_then(|brought| brought.0.get_mut(name)) {
            *place = (rate, gauge);
        }
    }

    fn tidy(&mut self, now: Duration) {
        if self.gauges.len() > MOST_LEFT {
            self.gauges.retain(|named| !named.gauge.is_full(&named.rate, now));
        }
        if let Some(brought) = &mut self.brought {
            brought.0.retain(|_, (rate, gauge)| !gauge.is_full(rate, now));
            if brought.0.is_empty() {
                self.brought = None;
            }
        }
    }
}

impl State {
    /// Whether it says no more than a fresh one would.
    pub(super) fn is_fresh(&self, now: Duration) -> bool {
        let mut held = self.0.lock();
        held.tidy(now);
        held.brought.is_none()
            && held
                .allotment
                .as_ref()
                .is_none_or(|allotment| allotment.is_empty())
            && held
                .gauges
                .iter()
                .all(|named| named.gauge.is_full(&named.rate, now))
    }
}
