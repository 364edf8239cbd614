//! Thirty days of verifications of a key, by the hour: nights are quieter than days, weekends than weeks, and now and
//! then something is refused. The last of them one by one.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use domain::clock::Timestamp;
use domain::decide::{Code, Source};
use domain::key::{AskedOf, Call, Key};
use store::usage::{Count, Required};

use super::dice::Dice;
use super::sample::{Sample, Traffic};

/// How long the sample's usage goes back.
pub(super) const DAYS: u32 = 30;
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
/// Requests that are told one by one, of each key.
const TOLD: usize = 10;
/// Where requests come from that a key's networks do not let in.
const ELSEWHERE: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0xbad, 0, 0, 0, 0, 0x17));
/// Refused callers are noticed and stop after this long.
const NOTICED: Duration = Duration::from_secs(4 * 86_400);

/// A share of the busiest hour, in percent, by the hour of a day.
const PUBLIC: [u32; 24] = [
    9, 6, 4, 3, 4, 8, 18, 34, 52, 63, 68, 72, 76, 70, 66, 67, 71, 80, 92, 100, 94, 71, 42, 20,
];
const OFFICE: [u32; 24] = [
    0, 0, 0, 0, 0, 0, 4, 22, 71, 97, 100, 92, 58, 78, 96, 90, 74, 41, 14, 5, 0, 0, 0, 0,
];

/// What a key was answered, and when and from where it was last accepted.
pub(super) struct Used {
    pub(super) counts: Vec<Count>,
    pub(super) last: Option<(Timestamp, IpAddr)>,
    pub(super) asked: Vec<AskedOf>,
}

fn share(traffic: Traffic, hour: Timestamp) -> u32 {
    let hours = hour.as_micros() / 3_600_000_000;
    // The first of January 1970 was a Thursday; 0 is Monday.
    let (of_day, weekday) = ((hours % 24) as usize, (hours / 24 + 3) % 7);
    let weekend = weekday >= 5;
    match traffic {
        Traffic::Machine => 92,
        Traffic::Public if weekend => PUBLIC[of_day] * 7 / 10,
        Traffic::Public => PUBLIC[of_day],
        Traffic::Office if weekend => 0,
        Traffic::Office => OFFICE[of_day],
        Traffic::Nightly if of_day == 2 => 100,
        Traffic::Weekly if of_day == 5 && weekday == 0 => 100,
        Traffic::Nightly | Traffic::Weekly | Traffic::Idle | Traffic::Never => 0,
    }
}

/// When a key stopped being accepted, and the answer since then.
fn end(key: &Key, disabled_at: Option<Timestamp>, now: Timestamp) -> Option<(Timestamp, Code)> {
    let over = key.revoked.as_ref().map(|revoked| revoked.at).or(key.deleted_at);
    let ends = [
        over.map(|at| (at, Code::Revoked)),
        disabled_at.map(|at| (at, Code::Disabled)),
        key.expires_at
            .filter(|at| *at <= now)
            .map(|at| (at, Code::Expired)),
    ];
    ends.into_iter().flatten().min_by_key(|(at, _)| *at)
}

/// The sample's use of a key up to `now`.
pub(super) fn used(
    sample: &Sample,
    key: &Key,
    disabled_at: Option<Timestamp>,
    now: Timestamp,
    dice: &mut Dice,
) -> Used {
    let end = end(key, disabled_at, now);
    let mut counts = Vec::new();
    let mut last = None;
    let first = now.minus(DAY * DAYS).floor_to(HOUR);
    let mut hour = first.max(key.created_at.floor_to(HOUR).plus(HOUR));
    while hour <= now {
        let whole_hour = now.since(hour).min(HOUR).as_secs();
        let busiest = sample.volume * share(sample.traffic, hour) / 100 * dice.between(80, 120) / 100;
        let wanted = (u64::from(busiest) * whole_hour / HOUR.as_secs()) as i64;
        let mut add = |code, count: i64| {
            if count > 0 {
                let (organisation, key) = (key.organisation, key.id);
                counts.push(Count {
                    organisation,
                    key,
                    hour,
                    code,
                    count,
                });
            }
        };
        match end {
            Some((at, code)) if at <= hour => {
                if hour.since(at) < NOTICED {
                    add(code, (wanted / 5).max(wanted.min(1)));
                }
            }
            _ => {
                add(Code::Valid, wanted);
                if wanted > 0 {
                    last = Some(hour);
                    if dice.chance(6) {
                        let denied = !key.networks.is_empty() && dice.chance(40);
                        let code = if denied {
                            Code::NetworkDenied
                        } else {
                            Code::InsufficientPermissions
                        };
                        add(code, i64::from(dice.between(1, 2 + busiest / 60)));
                    }
                }
            }
        }
        hour = hour.plus(HOUR);
    }
    let last = last.or_else(|| before_then(sample, key, end, first, dice));
    let last = last.map(|hour| {
        let until = end.map_or(now, |(at, _)| at.min(now)).min(hour.plus(HOUR));
        let at = hour.plus(until.since(hour) * dice.between(1, 99) / 100);
        (at, address(key, dice))
    });
    Used {
        asked: asked(key, &counts, last, now, dice),
        counts,
        last,
    }
}

/// What was required of a key's requests until its last use: something of all that it was granted, but for one of several.
pub(super) fn required(key: &Key, last: Option<(Timestamp, IpAddr)>, now: Timestamp) -> Vec<Required> {
    let Some((at, _)) = last.filter(|(at, _)| *at > now.minus(DAY * DAYS)) else {
        return Vec::new();
    };
    let granted: Vec<_> = key
        .permissions
        .iter()
        .filter(|pattern| !pattern.is_management())
        .collect();
    let needed = if granted.len() > 2 {
        granted.len() - 1
    } else {
        granted.len()
    };
    let one_of = |text: String| match text.as_str() {
        "*" => "orders:view".to_owned(),
        text => text.replace('*', "view"),
    };
    let granted = granted.into_iter().take(needed);
    granted
        .map(|pattern| Required {
            organisation: key.organisation,
            key: key.id,
            required: one_of(pattern.to_string()),
            day: at.floor_to(DAY),
        })
        .collect()
}

/// The youngest of what was counted, one by one; the last that was accepted is the key's last use.
fn asked(
    key: &Key,
    counts: &[Count],
    last: Option<(Timestamp, IpAddr)>,
    now: Timestamp,
    dice: &mut Dice,
) -> Vec<AskedOf> {
    let mut asked: Vec<AskedOf> = Vec::new();
    let source = dice.pick(&[Source::XApiKey, Source::Bearer]);
    for count in counts.iter().rev() {
        let wanted = (TOLD - asked.len()).min(usize::try_from(count.count).unwrap_or(TOLD)) as u32;
        let (last_at, usual) = last.unwrap_or((now, ELSEWHERE));
        let until = match count.code {
            Code::Valid => last_at.min(now),
            _ => now,
        };
        let until = until.min(count.hour.plus(HOUR));
        asked.extend((0..wanted).map(|n| AskedOf {
            organisation: key.organisation,
            key: key.id,
            at: until.minus(until.since(count.hour) * n / wanted),
            code: count.code,
            source: Some(source),
            ip: Some(if count.code == Code::NetworkDenied {
                ELSEWHERE
            } else {
                usual
            }),
            call: Call::default(),
        }));
    }
    asked
}

/// The last use of a key that was not used since `first`.
fn before_then(
    sample: &Sample,
    key: &Key,
    end: Option<(Timestamp, Code)>,
    first: Timestamp,
    dice: &mut Dice,
) -> Option<Timestamp> {
    if sample.traffic == Traffic::Never {
        return None;
    }
    let until = end.map_or(first, |(at, _)| at.min(first));
    let back = until.minus(HOUR * dice.between(3, 400));
    Some(back.max(key.created_at.plus(HOUR))).filter(|at| *at < until)
}

/// An address from the key's networks, or from those kept for documentation (RFC 5737, RFC 3849).
fn address(key: &Key, dice: &mut Dice) -> IpAddr {
    let number = dice.between(1, 200) as u8;
    match key.networks.first() {
        Some(network) => {
            let hosts = network.hosts().take(200).count().max(1);
            let host = network.hosts().nth(number as usize % hosts);
            host.unwrap_or_else(|| network.addr())
        }
        None if dice.chance(15) => {
            let part = u16::from(number);
            Ipv6Addr::new(0x2001, 0xdb8, part, 0, 0, 0, 0, part).into()
        }
        None => [203, 0, 113, number].into(),
    }
}
