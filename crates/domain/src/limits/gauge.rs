//! Where a rate limit stands. Whole numbers throughout: what is owed is counted in parts so small that both a unit and a
//! microsecond of time are whole numbers of them, so that nothing is ever rounded away.

use std::time::Duration;

use super::Rate;

/// Where a rate limit stands: how much of its bucket is owed at some moment. A fresh one owes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gauge {
    /// Microseconds of a clock that never steps back.
    at: u64,
    /// One unit is as many parts as the window has microseconds; each microsecond pays as many parts as the limit says.
    owed: u128,
    /// The window that the parts are of.
    window: u64,
}

/// A refusal: by which limit, and after what time the same would be let through, if ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The place of the first limit that refuses.
    pub place: usize,
    /// None where it costs more than the limit ever holds.
    pub wait: Option<Duration>,
}

impl Refusal {
    /// Another limit refuses as well.
    pub(super) fn and(self, wait: Option<Duration>) -> Self {
        let wait = match (self.wait, wait) {
            (Some(first), Some(second)) => Some(first.max(second)),
            _ => None,
        };
        Self { wait, ..self }
    }
}

fn capacity(rate: &Rate) -> u128 {
    u128::from(rate.burst()) * u128::from(rate.window_micros())
}

/// Small numbers, which nearly all are, are divided at a fraction of the price.
fn divide(a: u128, b: u64) -> (u64, bool) {
    let (quotient, rest) = match u64::try_from(a) {
        Ok(a) => ((a / b).into(), !a.is_multiple_of(b)),
        Err(_) => (a / u128::from(b), !a.is_multiple_of(u128::from(b))),
    };
    (u64::try_from(quotient).unwrap_or(u64::MAX), rest)
}

fn rounded_up(parts: u128, rate: &Rate) -> Duration {
    let (micros, rest) = divide(parts, rate.limit());
    Duration::from_micros(micros.saturating_add(rest.into()))
}

impl Gauge {
    /// Brings it up to `now`. A clock that stands still or goes back pays nothing; an edited limit finds the units owed
    /// that were owed before, at most its whole bucket.
    pub fn settle(&mut self, rate: &Rate, now: Duration) {
        let now = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
        let paid = u128::from(now.saturating_sub(self.at)) * u128::from(rate.limit());
        self.at = self.at.max(now);
        let window = rate.window_micros();
        if self.window != window {
            let per_old = u128::from(self.window.max(1));
            // No sum of them is near the end of the numbers: 2^30 units of a window of 2^45 microseconds.
            self.owed = (self.owed * u128::from(window)).div_ceil(per_old);
            self.window = window;
        }
        self.owed = self.owed.saturating_sub(paid).min(capacity(rate));
    }

    /// Whether so many units are there. Settle it first; so for all that follows.
    pub fn admits(&self, rate: &Rate, cost: u64) -> bool {
        self.owed + u128::from(cost) * u128::from(self.window) <= capacity(rate)
    }

    /// Takes so many units.
    pub fn charge(&mut self, _rate: &Rate, cost: u64) {
        self.owed += u128::from(cost) * u128::from(self.window);
    }

    /// How many whole units are there.
    pub fn remaining(&self, rate: &Rate) -> u64 {
        divide(capacity(rate).saturating_sub(self.owed), self.window.max(1)).0
    }

    /// In what time the bucket is full again.
    pub fn full_in(&self, rate: &Rate) -> Duration {
        rounded_up(self.owed, rate)
    }

    /// In what time so many units are there; none if never.
    pub fn wait(&self, rate: &Rate, cost: u64) -> Option<Duration> {
        if cost > rate.burst() {
            return None;
        }
        let needed = self.owed + u128::from(cost) * u128::from(self.window);
        Some(rounded_up(needed.saturating_sub(capacity(rate)), rate))
    }

    /// Whether nothing is owed at `now`, so that it may be forgotten: a fresh one says the same.
    pub fn is_full(&self, rate: &Rate, now: Duration) -> bool {
        let mut settled = *self;
        settled.settle(rate, now);
        settled.owed == 0
    }
}
