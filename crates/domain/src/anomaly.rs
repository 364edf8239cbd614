//! Uses of a key that are unlike it: what they are held against, and what is told of them. Every threshold can be said in one line,
//! and is set so that a program that goes about its work raises none.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::span::Span;

const DAY: Duration = Duration::from_secs(86_400);
/// Days before today (UTC) in which the busiest hour of a key is looked for.
pub const BASELINE: Duration = DAY.saturating_mul(14);
/// A key has to be known for so long before anything is unlike it.
pub const KNOWN: Duration = DAY.saturating_mul(7);
/// A key that is known from more networks than that roams.
pub const ROAMING: usize = 8;
/// Fewer answers in an hour are no jump.
pub const MANY: i64 = 1_000;
/// Fewer refusals in an hour are no jump.
pub const MANY_REFUSED: i64 = 100;
/// Fewer uses of a revoked key in an hour are those of somebody who is just finding out.
pub const STILL_USED: i64 = 10;
/// Of one key and kind it is told once in that time.
pub const QUIET: Duration = DAY.saturating_mul(7);
/// So long it needs somebody, unless somebody says before that it was looked at.
pub const OPEN: Duration = DAY.saturating_mul(30);

/// In what way a use is unlike the key.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[schema(as = AnomalyKind)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It came from a network from which the key was never used, while it has kept to at most eight for a week or longer.
    NewNetwork,
    /// More answers in an hour than `factor` times the key's busiest hour of the fourteen days before, and at least 1,000.
    VolumeJump,
    /// More refusals in an hour than `factor` times the worst hour of the fourteen days before, and at least 100.
    FailuresJump,
    /// The key was not used for `dormant_after`, and then was.
    DormantUse,
    /// The key was presented ten times or more in an hour that began after it was revoked or deleted.
    UseAfterRevoke,
    /// A replaced secret was used in the last tenth of its grace, or in the last day of a long one.
    RetiringInUse,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::NewNetwork,
        Self::VolumeJump,
        Self::FailuresJump,
        Self::DormantUse,
        Self::UseAfterRevoke,
        Self::RetiringInUse,
    ];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewNetwork => "new_network",
            Self::VolumeJump => "volume_jump",
            Self::FailuresJump => "failures_jump",
            Self::DormantUse => "dormant_use",
            Self::UseAfterRevoke => "use_after_revoke",
            Self::RetiringInUse => "retiring_in_use",
        }
    }

    /// Reads what [`Kind::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// What helps, in words for a letter.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::NewNetwork => {
                "if nobody moved the program, rotate the key; if it is to stay where it was, allow those networks alone"
            }
            Self::VolumeJump => {
                "look at what it asks for, and give it a rate limit; if it is not your program, rotate the key"
            }
            Self::FailuresJump => "look at its recent requests: the code says what it lacks",
            Self::DormantUse => "ask whoever owns it; if nobody needs it, disable it",
            Self::UseAfterRevoke => {
                "find the program by its address and take the key out of it; every request is refused"
            }
            Self::RetiringInUse => {
                "give the new secret to the program at that address, or rotate again with a longer grace"
            }
        }
    }
}

/// What is watched for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = AnomaliesPolicy)]
#[serde(default, deny_unknown_fields)]
pub struct Anomalies {
    /// Of which kinds somebody is told; of none when empty.
    #[schema(max_items = 6)]
    pub watch: Vec<Kind>,
    /// How many times the busiest hour of the fourteen days before makes a jump.
    #[schema(minimum = 2, maximum = 1000)]
    pub factor: u32,
    /// A key that was not used for so long is dormant.
    pub dormant_after: Span,
}

impl Default for Anomalies {
    fn default() -> Self {
        Self {
            watch: Kind::ALL.to_vec(),
            factor: 10,
            dormant_after: Span::days(90),
        }
    }
}

/// A use that is unlike the key, with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Anomaly {
    /// As [`Kind::NewNetwork`] says.
    NewNetwork {
        /// When it came.
        at: Timestamp,
        /// From where.
        #[schema(example = "203.0.113.0/24")]
        network: String,
        /// How many networks the key had kept to.
        networks_before: i64,
    },
    /// As [`Kind::VolumeJump`] says.
    VolumeJump {
        /// When the hour began.
        hour: Timestamp,
        /// How many answers there were in it.
        requests: i64,
        /// How many there were in the busiest hour before.
        busiest_before: i64,
    },
    /// As [`Kind::FailuresJump`] says.
    FailuresJump {
        /// When the hour began.
        hour: Timestamp,
        /// How many requests were refused in it.
        refused: i64,
        /// How many were in the worst hour before.
        worst_before: i64,
    },
    /// As [`Kind::DormantUse`] says.
    DormantUse {
        /// When it was used.
        at: Timestamp,
        /// When it was used before that.
        last_used_before: Timestamp,
    },
    /// As [`Kind::UseAfterRevoke`] says.
    UseAfterRevoke {
        /// When the hour began.
        hour: Timestamp,
        /// How often it was presented in it.
        requests: i64,
        /// When it was revoked or deleted.
        ended_at: Timestamp,
    },
    /// As [`Kind::RetiringInUse`] says.
    RetiringInUse {
        /// When it was used last.
        at: Timestamp,
        /// From where, as far as that is known.
        #[schema(required, example = "203.0.113.9")]
        ip: Option<String>,
        /// When the secret ends.
        ends_at: Timestamp,
    },
}

impl Anomaly {
    /// Its kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NewNetwork { .. } => Kind::NewNetwork,
            Self::VolumeJump { .. } => Kind::VolumeJump,
            Self::FailuresJump { .. } => Kind::FailuresJump,
            Self::DormantUse { .. } => Kind::DormantUse,
            Self::UseAfterRevoke { .. } => Kind::UseAfterRevoke,
            Self::RetiringInUse { .. } => Kind::RetiringInUse,
        }
    }

    /// What was seen, in one line; instants as `written` writes them.
    pub fn evidence(&self, written: impl Fn(Timestamp) -> String) -> String {
        match self {
            Self::NewNetwork {
                at,
                network,
                networks_before,
            } => format!(
                "used from {network} on {}; before that from {} alone",
                written(*at),
                counted(*networks_before, "other network", "other networks")
            ),
            Self::VolumeJump {
                hour,
                requests,
                busiest_before,
            } => format!(
                "{requests} requests in the hour from {}; the busiest hour of the 14 days before had {busiest_before}",
                written(*hour)
            ),
            Self::FailuresJump {
                hour,
                refused,
                worst_before,
            } => format!(
                "{refused} refused requests in the hour from {}; the worst hour of the 14 days before had {worst_before}",
                written(*hour)
            ),
            Self::DormantUse { at, last_used_before } => format!(
                "used on {}, for the first time since {}",
                written(*at),
                written(*last_used_before)
            ),
            Self::UseAfterRevoke {
                hour,
                requests,
                ended_at,
            } => format!(
                "presented {} in the hour from {}, although it was ended on {}",
                counted(*requests, "time", "times"),
                written(*hour),
                written(*ended_at)
            ),
            Self::RetiringInUse { at, ip, ends_at } => format!(
                "the replaced secret was used on {}{}, and ends on {}",
                written(*at),
                ip.as_ref().map(|ip| format!(" from {ip}")).unwrap_or_default(),
                written(*ends_at)
            ),
        }
    }
}

fn counted(count: i64, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// What of an address names its site: the first 24 bits of IPv4, the first 48 of IPv6.
pub fn network_of(address: IpAddr) -> IpNet {
    let (address, length) = match address.to_canonical() {
        IpAddr::V4(four) => (IpAddr::V4(four), 24),
        IpAddr::V6(six) => (IpAddr::V6(six), 48),
    };
    // The lengths are of their families.
    IpNet::new(address, length).map_or_else(|_| address.into(), |net| net.trunc())
}

/// What a key did in one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hour {
    /// Answers in it.
    pub requests: i64,
    /// Those of them that were refusals.
    pub refused: i64,
    /// Those of them that say that the key or its secret is over.
    pub revoked: i64,
}

/// What a key's hours have come to in [`BASELINE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Baseline {
    /// The beginning of the first hour in which there was an answer.
    pub since: Option<Timestamp>,
    /// Answers in the busiest.
    pub busiest: i64,
    /// Refusals in the worst.
    pub worst: i64,
}

impl Anomalies {
    /// Whether somebody wants to be told of a kind.
    pub fn watches(&self, kind: Kind) -> bool {
        self.watch.contains(&kind)
    }

    /// How an hour is unlike those before it.
    pub fn jumps(&self, start: Timestamp, hour: Hour, before: Baseline) -> Vec<Anomaly> {
        let is_known = before.since.is_some_and(|since| since <= start.minus(KNOWN));
        let is_jump = |count: i64, most: i64, least: i64| {
            is_known && count >= least && count > most.saturating_mul(i64::from(self.factor))
        };
        let mut all = Vec::new();
        if self.watches(Kind::VolumeJump) && is_jump(hour.requests, before.busiest, MANY) {
            all.push(Anomaly::VolumeJump {
                hour: start,
                requests: hour.requests,
                busiest_before: before.busiest,
            });
        }
        if self.watches(Kind::FailuresJump) && is_jump(hour.refused, before.worst, MANY_REFUSED) {
            all.push(Anomaly::FailuresJump {
                hour: start,
                refused: hour.refused,
                worst_before: before.worst,
            });
        }
        all
    }
}

/// How long before its end a retiring secret should not be in use any more: a tenth of its grace, and at most a day.
pub fn last_stretch(replaced_at: Timestamp, ends_at: Timestamp) -> Duration {
    (ends_at.since(replaced_at) / 10).min(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: u64) -> Timestamp {
        Timestamp::from_micros(1_760_000_000_000_000).plus(Duration::from_secs(3600 * hours))
    }

    fn hour(requests: i64, refused: i64) -> Hour {
        Hour {
            requests,
            refused,
            revoked: 0,
        }
    }

    #[test]
    fn every_kind_is_read_as_it_is_written_and_helped() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            assert!(kind.remedy().len() > 20);
        }
    }

    #[test]
    fn a_jump_is_more_than_the_factor_above_the_busiest_hour_of_a_key_that_is_known_for_a_week() {
        let (policy, now) = (Anomalies::default(), at(24 * 8));
        let before = |busiest, worst| Baseline {
            since: Some(at(0)),
            busiest,
            worst,
        };
        let kinds = |hour, before| {
            let jumps = policy.jumps(now, hour, before);
            jumps.iter().map(Anomaly::kind).collect::<Vec<_>>()
        };
        assert_eq!(kinds(hour(2_001, 0), before(200, 0)), [Kind::VolumeJump]);
        assert_eq!(kinds(hour(2_000, 0), before(200, 0)), []);
        assert_eq!(kinds(hour(999, 99), before(1, 0)), [], "that is not many");
        assert_eq!(kinds(hour(200, 100), before(100, 0)), [Kind::FailuresJump]);
        assert_eq!(kinds(hour(200, 100), before(100, 10)), []);
        assert_eq!(
            kinds(hour(5_000, 5_000), before(1, 1)),
            [Kind::VolumeJump, Kind::FailuresJump]
        );
        for since in [None, Some(at(24 * 2))] {
            let unknown = Baseline {
                since,
                ..before(1, 0)
            };
            assert_eq!(kinds(hour(9_000, 9_000), unknown), [], "a new key has no habits");
        }
        let deaf = Anomalies {
            watch: Vec::new(),
            ..Anomalies::default()
        };
        assert_eq!(deaf.jumps(now, hour(9_000, 9_000), before(1, 0)), []);
    }

    #[test]
    fn a_network_is_a_site_however_its_address_is_written() {
        let network = |text: &str| network_of(text.parse().unwrap()).to_string();
        assert_eq!(network("203.0.113.77"), "203.0.113.0/24");
        assert_eq!(network("::ffff:203.0.113.77"), "203.0.113.0/24");
        assert_eq!(network("2001:db8:1:2:3::4"), "2001:db8:1::/48");
    }

    #[test]
    fn a_short_grace_has_a_short_last_stretch() {
        assert_eq!(last_stretch(at(0), at(1)), Duration::from_secs(360));
        assert_eq!(last_stretch(at(0), at(24 * 30)), DAY);
    }

    #[test]
    fn evidence_is_one_line_that_says_what_was_seen() {
        let jump = Anomaly::VolumeJump {
            hour: at(0),
            requests: 5_000,
            busiest_before: 12,
        };
        let line = jump.evidence(|at| at.to_string());
        assert_eq!(
            line,
            "5000 requests in the hour from 2025-10-09T08:53:20Z; the busiest hour of the 14 days before had 12"
        );
        let json = serde_json::to_value(&jump).unwrap();
        assert_eq!(json["kind"], "volume_jump");
        assert_eq!(serde_json::from_value::<Anomaly>(json).unwrap(), jump);
    }
}
