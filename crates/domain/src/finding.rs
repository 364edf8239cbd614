//! What about a key needs somebody: why, and from when on it does.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::anomaly::OPEN;
use crate::clock::Timestamp;
use crate::policy::Policy;
use crate::span::Span;

const DAY: Duration = Duration::from_secs(86_400);
/// Without a use for so long is idle, where the policy does not say.
const IDLE: Duration = DAY.saturating_mul(90);
/// Whoever has just made a key is let come to use it.
const NEVER_USED: Duration = DAY.saturating_mul(7);
/// A secret of that age is to be replaced, where the policy does not say.
const UNROTATED: Duration = DAY.saturating_mul(365);

/// Why a key needs somebody. All but [`Finding::Orphaned`] are about keys that would be accepted.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// It ends within the policy's window.
    ExpiringSoon,
    /// It was used in a way that is unlike it, in the last thirty days, and nobody has looked at that.
    Unusual,
    /// Since yesterday (UTC) it was refused more often than accepted, and at least twenty times.
    Failing,
    /// Whom it stands for may not act, or nobody active answers for its service account.
    Orphaned,
    /// It was used once, and not for long: `idle.warn_after` of the policy, or 90 days.
    Idle,
    /// It was made a week ago or more, and never used.
    NeverUsed,
    /// Its secret is old: `rotation.warn_after` of the policy, or a year.
    Unrotated,
    /// Nothing ends it.
    NoExpiry,
    /// No rate limit and no quota holds it: neither its own, its service account's, nor one of the policy.
    Unlimited,
}

impl Finding {
    /// Every one, the most pressing first.
    pub const ALL: [Self; 9] = [
        Self::ExpiringSoon,
        Self::Unusual,
        Self::Failing,
        Self::Orphaned,
        Self::Idle,
        Self::NeverUsed,
        Self::Unrotated,
        Self::NoExpiry,
        Self::Unlimited,
    ];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExpiringSoon => "expiring_soon",
            Self::Unusual => "unusual",
            Self::Failing => "failing",
            Self::Orphaned => "orphaned",
            Self::Idle => "idle",
            Self::NeverUsed => "never_used",
            Self::Unrotated => "unrotated",
            Self::NoExpiry => "no_expiry",
            Self::Unlimited => "unlimited",
        }
    }

    /// Reads what [`Finding::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|finding| finding.as_str() == text)
    }
}

/// A finding with the instants that an organisation's policy puts to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought {
    /// Ends within the window of the query.
    ExpiringSoon,
    /// Told to be unlike itself since then.
    Unusual(Timestamp),
    /// Failing since that day.
    Failing(Timestamp),
    /// Nobody active stands behind it.
    Orphaned,
    /// Last used before.
    Idle(Timestamp),
    /// Never used, and made before.
    NeverUsed(Timestamp),
    /// Its secret was made before.
    Unrotated(Timestamp),
    /// Nothing ends it.
    NoExpiry,
    /// Nothing limits it by itself.
    Unlimited,
    /// No key is: the policy limits every one.
    Nothing,
}

impl Policy {
    /// How long without a use is idle, as findings count it.
    pub fn idle_after(&self) -> Duration {
        self.idle.warn_after.map_or(IDLE, Span::duration)
    }

    /// What a finding means now.
    pub fn sought(&self, finding: Finding, now: Timestamp) -> Sought {
        match finding {
            Finding::ExpiringSoon => Sought::ExpiringSoon,
            Finding::Unusual => Sought::Unusual(now.minus(OPEN)),
            Finding::Failing => Sought::Failing(now.minus(DAY).floor_to(DAY)),
            Finding::Orphaned => Sought::Orphaned,
            Finding::Idle => Sought::Idle(now.minus(self.idle_after())),
            Finding::NeverUsed => Sought::NeverUsed(now.minus(NEVER_USED)),
            Finding::Unrotated => {
                let age = self.rotation.warn_after.map_or(UNROTATED, Span::duration);
                Sought::Unrotated(now.minus(age))
            }
            Finding::NoExpiry => Sought::NoExpiry,
            Finding::Unlimited if self.limits_every_key() => Sought::Nothing,
            Finding::Unlimited => Sought::Unlimited,
        }
    }

    fn limits_every_key(&self) -> bool {
        self.limits.default_rate.is_some() || self.limits.default_quota.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_is_read_as_it_is_written() {
        for finding in Finding::ALL {
            assert_eq!(Finding::parse(finding.as_str()), Some(finding));
            let json = serde_json::to_value(finding).expect("json");
            assert_eq!(json, finding.as_str());
        }
        assert_eq!(Finding::parse("Idle"), None);
    }

    #[test]
    fn the_policy_says_what_is_idle_old_and_unlimited() {
        let now = Timestamp::from_micros(1_760_000_000_000_000);
        let plain = Policy::default();
        assert_eq!(
            plain.sought(Finding::Idle, now),
            Sought::Idle(now.minus(90 * DAY))
        );
        assert_eq!(
            plain.sought(Finding::Unrotated, now),
            Sought::Unrotated(now.minus(365 * DAY))
        );
        assert_eq!(plain.sought(Finding::Unlimited, now), Sought::Unlimited);
        let strict = r#"{"idle":{"warn_after":"30d"},"rotation":{"warn_after":"60d"},
            "limits":{"default_rate":"10/1s"}}"#;
        let strict: Policy = serde_json::from_str(strict).expect("a policy");
        assert_eq!(
            strict.sought(Finding::Idle, now),
            Sought::Idle(now.minus(30 * DAY))
        );
        assert_eq!(
            strict.sought(Finding::Unrotated, now),
            Sought::Unrotated(now.minus(60 * DAY))
        );
        assert_eq!(strict.sought(Finding::Unlimited, now), Sought::Nothing);
    }
}
