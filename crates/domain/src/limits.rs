//! How much a key may be used: rate limits (so many in a window, with a burst) and quotas (so many in a day, a month or in
//! total). Pure: what is known of a limit goes in, and what it has become comes out; who keeps it is the engine's matter.

mod gauge;
mod headers;
mod input;
mod quota;
mod rate;
mod wish;

pub use gauge::{Gauge, Refusal};
pub use headers::{Standing, rate_limit, rate_limit_policy, retry_after};
pub use input::{
    MAX_LIMITS, QuotaDraft, RateLimitDraft, check_cost, check_name, check_quota, check_rate_limits,
};
pub use quota::{Bounds, MAX_QUOTA, Period, Quota, QuotaError};
pub use rate::{LimitName, MAX_RATE, Rate, RateError, RateLimit};
pub use wish::{Wish, WrittenWish, cost, wishes};

use std::time::Duration;

use crate::decide::Code;

/// One limit that a request is to be counted against.
#[derive(Debug)]
pub struct Charge<'a> {
    /// What the limit is.
    pub rate: Rate,
    /// Where it stands.
    pub gauge: &'a mut Gauge,
    /// How much the request counts.
    pub cost: u64,
}

/// What is known of a quota when a request asks for its share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance {
    /// There is none.
    Unlimited,
    /// So many units are at hand, and whether there are more is not known here.
    AtHand(u64),
    /// So many units are left, and no more.
    Last(u64),
}

/// Whether a request that may pass otherwise fits into its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It was counted against each limit. The caller takes its cost off the quota.
    Admitted,
    /// The limit in that place refuses it; nothing was counted.
    RateLimited(Refusal),
    /// The quota is used up; nothing was counted.
    QuotaExceeded,
    /// Units are to be had first, and then the question is put again; nothing was counted.
    Wait,
}

impl Admission {
    /// The answer, where there is one.
    pub fn code(self) -> Option<Code> {
        match self {
            Self::Admitted => Some(Code::Valid),
            Self::RateLimited(_) => Some(Code::RateLimited),
            Self::QuotaExceeded => Some(Code::QuotaExceeded),
            Self::Wait => None,
        }
    }
}

/// The second step of a decision, for requests that [`crate::decide::decide`] finds valid: rate limits, all or none of
/// them, then the quota. `now` is of a clock that never steps back.
pub fn admit(charges: &mut [Charge<'_>], allowance: Allowance, cost: u64, now: Duration) -> Admission {
    let mut refusal: Option<Refusal> = None;
    for (place, charge) in charges.iter_mut().enumerate() {
        charge.gauge.settle(&charge.rate, now);
        if !charge.gauge.admits(&charge.rate, charge.cost) {
            let wait = charge.gauge.wait(&charge.rate, charge.cost);
            refusal = Some(match refusal {
                None => Refusal { place, wait },
                Some(first) => first.and(wait),
            });
        }
    }
    if let Some(refusal) = refusal {
        return Admission::RateLimited(refusal);
    }
    match allowance {
        Allowance::AtHand(units) if units < cost => return Admission::Wait,
        Allowance::Last(units) if units < cost => return Admission::QuotaExceeded,
        Allowance::Unlimited | Allowance::AtHand(_) | Allowance::Last(_) => {}
    }
    for charge in charges {
        charge.gauge.charge(&charge.rate, charge.cost);
    }
    Admission::Admitted
}

#[cfg(test)]
mod tests;
