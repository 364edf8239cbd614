//! On which morning somebody is reminded that a key ends.
//!
//! A threshold is a number of days before the end. It is reached at eight in the morning of the day that lies so many days before the
//! one on which the key ends, by the calendar and the clocks of the policy's zone: a day of 23 or 25 hours is a day. Of several that are
//! reached at once, because nobody looked for a while, only the latest counts.

use std::time::Duration;

use jiff::civil::Date;

use crate::clock::Timestamp;
use crate::policy::{Day, Zone};

/// The hour of the day, by the zone's clocks.
pub const HOUR: i8 = 8;
/// For so many days after the end the latest reminder is still sent, if it was not sent before.
pub const LATE: i32 = 7;
const A_DAY: Duration = Duration::from_secs(86_400);

/// One morning's look at what ends: there is one on each day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    date: Date,
    zone: Zone,
}

/// The day 1970-01-01, from which days are counted.
const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// How many days `later` is after `earlier`.
fn days(earlier: Date, later: Date) -> Option<i32> {
    Some(earlier.until(later).ok()?.get_days())
}

impl Round {
    /// The last that has begun; none beyond what a calendar can write.
    pub fn at(now: Timestamp, zone: &Zone) -> Option<Self> {
        let today = zone.date_of(now)?;
        let date = if zone.at(today, HOUR)? <= now {
            today
        } else {
            today.yesterday().ok()?
        };
        Some(Self {
            date,
            zone: zone.clone(),
        })
    }

    /// The number of its day, counted from 1970-01-01.
    pub fn day(&self) -> i64 {
        days(EPOCH, self.date).map_or(0, i64::from)
    }

    /// How many days are left of a key that ends then: 0 on the day itself, negative afterwards.
    pub fn days_left(&self, end: Timestamp) -> Option<i32> {
        days(self.date, self.zone.date_of(end)?)
    }

    /// The threshold that a key has reached by this morning, if it should be told of: the latest, unless it was reached before the key
    /// was made.
    pub fn reached(&self, end: Timestamp, made: Timestamp, thresholds: &[Day]) -> Option<Day> {
        let left = self.days_left(end)?;
        if left < -LATE {
            return None;
        }
        let latest = thresholds
            .iter()
            .filter(|day| i32::from(day.get()) >= left)
            .min()?;
        let ends_on = self.zone.date_of(end)?;
        let on = ends_on.checked_sub(jiff::Span::new().days(latest.get())).ok()?;
        (self.zone.at(on, HOUR)? > made).then_some(*latest)
    }

    /// Between which instants a key must end to have reached one of the thresholds; not quite to the hour, but nothing is left out.
    pub fn reach(&self, thresholds: &[Day]) -> Option<(Timestamp, Timestamp)> {
        let most = thresholds.iter().max()?;
        let start = self.zone.start_of(self.date)?;
        let late = u32::try_from(LATE).ok()?;
        Some((
            start.minus(A_DAY * (late + 1)),
            start.plus(A_DAY * (u32::from(most.get()) + 2)),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn thresholds() -> Vec<Day> {
        [30, 14, 7, 3, 2, 1, 0]
            .map(|day| Day::try_from(day).unwrap())
            .to_vec()
    }

    fn round(now: &str, zone: &str) -> Round {
        Round::at(at(now), &zone.parse().unwrap()).unwrap()
    }

    fn reached(now: &str, zone: &str, end: &str, made: &str) -> Option<u16> {
        let reached = round(now, zone).reached(at(end), at(made), &thresholds());
        reached.map(Day::get)
    }

    const LONG_AGO: &str = "2025-01-01T00:00:00Z";

    #[test]
    fn a_round_begins_at_eight_by_the_zone_s_clocks_before_and_after_they_are_changed() {
        let day = |now, zone| round(now, zone).day() - round("2026-03-01T12:00:00Z", "UTC").day();
        assert_eq!(day("2026-03-28T06:59:59Z", "Europe/Berlin"), 26);
        assert_eq!(day("2026-03-28T07:00:00Z", "Europe/Berlin"), 27);
        assert_eq!(day("2026-03-29T05:59:59Z", "Europe/Berlin"), 27);
        assert_eq!(day("2026-03-29T06:00:00Z", "Europe/Berlin"), 28);
        assert_eq!(
            day("2026-03-29T06:00:00Z", "Pacific/Auckland"),
            28,
            "there it is evening"
        );
    }

    #[test]
    fn the_latest_threshold_counts_and_one_from_before_the_key_was_made_does_not() {
        let end = "2026-03-31T21:59:59.999999Z";
        let zone = "Europe/Berlin";
        for (now, expected) in [
            ("2026-02-28T12:00:00Z", None),
            ("2026-03-01T06:59:59Z", None),
            ("2026-03-01T07:00:00Z", Some(30)),
            ("2026-03-10T12:00:00Z", Some(30)),
            ("2026-03-29T06:00:00Z", Some(2)),
            ("2026-03-31T05:59:00Z", Some(1)),
            ("2026-03-31T06:00:00Z", Some(0)),
            ("2026-04-07T12:00:00Z", Some(0)),
            ("2026-04-08T12:00:00Z", None),
        ] {
            assert_eq!(reached(now, zone, end, LONG_AGO), expected, "{now}");
        }
        let made = "2026-03-20T10:00:00Z";
        assert_eq!(reached("2026-03-21T12:00:00Z", zone, end, made), None);
        assert_eq!(reached("2026-03-24T12:00:00Z", zone, end, made), Some(7));
        let none = round("2026-03-31T06:00:00Z", zone).reached(at(end), at(LONG_AGO), &[]);
        assert_eq!(none, None);
    }

    #[test]
    fn whatever_has_reached_a_threshold_lies_within_reach() {
        let zones = ["UTC", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago"];
        for zone in zones {
            let round = round("2026-03-29T06:30:00Z", zone);
            let (from, upto) = round.reach(&thresholds()).unwrap();
            for hours in 0..24 * 60 {
                let end = at("2026-03-10T00:00:00Z").plus(Duration::from_secs(3600 * hours));
                if round.reached(end, at(LONG_AGO), &thresholds()).is_some() {
                    assert!(from <= end && end < upto, "{zone} {end}");
                }
            }
        }
    }
}
