//! The steps of a chart of usage. Days and months are those of a time zone, and what is stored are the days of UTC and their
//! hours: a step is made of whole days, and of the few hours by which its ends lie beside midnight in UTC. So a chart of a year
//! reads hundreds of rows and not thousands.

use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::policy::Zone;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// What a chart goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = UsageStep)]
pub enum Step {
    /// Minutes, which are kept for two days.
    Minute,
    /// Hours of UTC.
    #[default]
    Hour,
    /// Days of the time zone: 23 to 25 hours.
    Day,
    /// Months of the time zone.
    Month,
}

/// A stretch of time in steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps {
    /// Where each begins, and where the last one ends: one more than there are steps.
    bounds: Vec<Timestamp>,
    /// The midnights in UTC that are nearest to them.
    midnights: Vec<Timestamp>,
}

/// From one step to another; none is outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// Whose day the hour belongs to.
    pub from: Option<usize>,
    /// In which step it lies.
    pub to: Option<usize>,
}

fn midnight_near(at: Timestamp) -> Timestamp {
    let before = at.floor_to(DAY);
    if at.since(before) <= DAY / 2 {
        before
    } else {
        before.plus(DAY)
    }
}

/// Rounded up to a multiple of `span`.
fn ceil_to(at: Timestamp, span: Duration) -> Timestamp {
    let floor = at.floor_to(span);
    if floor == at { at } else { floor.plus(span) }
}

impl Step {
    /// The steps from the beginning of the one in which `since` lies to `until`, which is rounded up to a whole hour, or with
    /// minutes to a whole minute. None where that is beyond what can be written, or nothing lies between.
    pub fn between(self, since: Timestamp, until: Timestamp, zone: &Zone) -> Option<Steps> {
        let grain = if self == Self::Minute { MINUTE } else { HOUR };
        let end = ceil_to(until, grain);
        let mut bounds = match self {
            Self::Minute | Self::Hour => {
                let mut bounds = vec![since.floor_to(grain)];
                while let Some(next) = bounds.last().map(|last| last.plus(grain))
                    && next < end
                {
                    bounds.push(next);
                }
                bounds
            }
            Self::Day => civil(zone.date_of(since)?, end, zone, |date| date.tomorrow().ok())?,
            Self::Month => civil(zone.date_of(since)?.first_of_month(), end, zone, |date| {
                date.last_of_month().tomorrow().ok()
            })?,
        };
        bounds.retain(|bound| *bound < end);
        bounds.push(end);
        let midnights = bounds.iter().map(|bound| midnight_near(*bound)).collect();
        (bounds.len() > 1).then_some(Steps { bounds, midnights })
    }
}

fn civil(
    mut date: Date,
    end: Timestamp,
    zone: &Zone,
    next: impl Fn(Date) -> Option<Date>,
) -> Option<Vec<Timestamp>> {
    let mut bounds = vec![zone.start_of(date)?];
    loop {
        date = next(date)?;
        let start = zone.start_of(date)?;
        if start >= end {
            return Some(bounds);
        }
        // A day that a zone has left out begins where the next one does.
        if bounds.last() != Some(&start) {
            bounds.push(start);
        }
    }
}

fn place(bounds: &[Timestamp], at: Timestamp) -> Option<usize> {
    let after = bounds.partition_point(|bound| *bound <= at);
    (after < bounds.len()).then(|| after.checked_sub(1)).flatten()
}

impl Steps {
    /// How many there are.
    #[expect(clippy::len_without_is_empty, reason = "there is one at least")]
    pub fn len(&self) -> usize {
        self.bounds.len() - 1
    }

    /// All of them as one.
    #[must_use]
    pub fn one(&self) -> Self {
        let ((first, last), (from, to)) = (self.ends(), self.days());
        Self {
            bounds: vec![first, last],
            midnights: vec![from, to],
        }
    }

    /// Each with its beginning and its end.
    pub fn iter(&self) -> impl Iterator<Item = (Timestamp, Timestamp)> + '_ {
        self.bounds.windows(2).map(|pair| (pair[0], pair[1]))
    }

    /// Where they begin and end.
    pub fn ends(&self) -> (Timestamp, Timestamp) {
        (self.bounds[0], self.bounds[self.bounds.len() - 1])
    }

    /// Between which midnights the days are that they are made of.
    pub fn days(&self) -> (Timestamp, Timestamp) {
        (self.midnights[0], self.midnights[self.midnights.len() - 1])
    }

    /// The step in which something happened.
    pub fn of(&self, at: Timestamp) -> Option<usize> {
        place(&self.bounds, at)
    }

    /// The step to which a whole day of UTC is counted.
    pub fn of_day(&self, day: Timestamp) -> Option<usize> {
        place(&self.midnights, day)
    }

    /// The hours that lie in another step than their day is counted to.
    pub fn loose_hours(&self) -> Vec<Timestamp> {
        let mut hours = Vec::new();
        for (bound, midnight) in self.bounds.iter().zip(&self.midnights) {
            let mut hour = ceil_to(*bound, HOUR).min(*midnight);
            let end = (*bound).max(*midnight);
            while hour < end {
                hours.push(hour);
                hour = hour.plus(HOUR);
            }
        }
        hours.sort_unstable();
        hours.dedup();
        hours
    }

    /// What is to be done with such an hour.
    pub fn moved(&self, hour: Timestamp) -> Move {
        Move {
            from: self.of_day(hour.floor_to(DAY)),
            to: self.of(hour),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("an instant")
    }

    fn steps(step: Step, since: &str, until: &str, zone: &str) -> Steps {
        let zone = zone.parse().expect("a zone");
        step.between(at(since), at(until), &zone).expect("within reach")
    }

    fn hours(steps: &Steps) -> Vec<u64> {
        steps
            .iter()
            .map(|(start, end)| end.since(start).as_secs() / 3_600)
            .collect()
    }

    #[test]
    fn days_are_those_of_the_zone_with_23_and_25_hours() {
        // Clocks go forward on 29 March and back on 25 October 2026.
        let spring = steps(
            Step::Day,
            "2026-03-28T12:00:00Z",
            "2026-03-30T22:00:00Z",
            "Europe/Berlin",
        );
        assert_eq!(hours(&spring), [24, 23, 24]);
        assert_eq!(spring.ends().0, at("2026-03-27T23:00:00Z"));
        let autumn = steps(
            Step::Day,
            "2026-10-24T12:00:00Z",
            "2026-10-26T23:00:00Z",
            "Europe/Berlin",
        );
        assert_eq!(hours(&autumn), [24, 25, 24]);
        // There, midnight is left out on the day on which clocks go forward.
        let havana = steps(
            Step::Day,
            "2026-03-07T12:00:00Z",
            "2026-03-09T04:00:00Z",
            "America/Havana",
        );
        assert_eq!(hours(&havana), [24, 23]);
    }

    #[test]
    fn months_end_where_the_next_begins_and_the_last_step_at_the_asked_end() {
        let year = steps(Step::Month, "2024-01-31T12:00:00Z", "2024-04-02T03:30:00Z", "UTC");
        let starts: Vec<String> = year.iter().map(|(start, _)| start.to_string()).collect();
        assert_eq!(
            starts,
            [
                "2024-01-01T00:00:00Z",
                "2024-02-01T00:00:00Z",
                "2024-03-01T00:00:00Z",
                "2024-04-01T00:00:00Z"
            ]
        );
        assert_eq!(hours(&year), [31 * 24, 29 * 24, 31 * 24, 28], "leap day and all");
        let berlin = steps(
            Step::Month,
            "2026-03-15T00:00:00Z",
            "2026-04-30T22:00:00Z",
            "Europe/Berlin",
        );
        assert_eq!(hours(&berlin), [31 * 24 - 1, 30 * 24]);
    }

    #[test]
    fn a_day_that_a_zone_left_out_is_no_step() {
        let apia = steps(
            Step::Day,
            "2011-12-29T12:00:00Z",
            "2012-01-01T10:00:00Z",
            "Pacific/Apia",
        );
        assert!(hours(&apia).iter().all(|hours| *hours == 24), "{apia:?}");
    }

    #[test]
    fn days_with_their_loose_hours_moved_are_the_hours_themselves() {
        for (step, zone, since, until) in [
            (
                Step::Day,
                "Europe/Berlin",
                "2026-03-20T05:00:00Z",
                "2026-04-05T13:10:00Z",
            ),
            (
                Step::Day,
                "America/New_York",
                "2026-10-28T17:00:00Z",
                "2026-11-05T04:00:01Z",
            ),
            (
                Step::Day,
                "Asia/Kolkata",
                "2026-01-01T00:00:00Z",
                "2026-01-09T19:00:00Z",
            ),
            (
                Step::Day,
                "Pacific/Kiritimati",
                "2026-01-01T00:00:00Z",
                "2026-01-03T20:00:00Z",
            ),
            (Step::Day, "UTC", "2026-01-01T00:00:00Z", "2026-01-03T20:00:00Z"),
            (Step::Day, "UTC", "2026-01-01T07:00:00Z", "2026-01-01T09:00:00Z"),
            (
                Step::Month,
                "Pacific/Auckland",
                "2026-01-10T00:00:00Z",
                "2026-06-10T00:00:00Z",
            ),
        ] {
            let steps = steps(step, since, until, zone);
            let weight = |hour: Timestamp| hour.as_micros() / 3_600_000_000 % 997 + 1;
            let mut wanted = vec![0; steps.len()];
            let mut got = vec![0; steps.len()];
            let loose = steps.loose_hours();
            let mut hour = steps.ends().0.minus(DAY * 3).floor_to(DAY);
            while hour < steps.ends().1.plus(DAY * 3) {
                if let Some(n) = steps.of(hour) {
                    wanted[n] += weight(hour);
                }
                // A stored day holds all its hours.
                if let Some(n) = steps.of_day(hour.floor_to(DAY)) {
                    got[n] += weight(hour);
                }
                if loose.binary_search(&hour).is_ok() {
                    let moved = steps.moved(hour);
                    moved.from.into_iter().for_each(|n| got[n] -= weight(hour));
                    moved.to.into_iter().for_each(|n| got[n] += weight(hour));
                }
                hour = hour.plus(HOUR);
            }
            assert_eq!(got, wanted, "{step:?} {zone}");
        }
    }

    #[test]
    fn what_cannot_be_written_is_no_chart() {
        let zone = Zone::default();
        let last = at("9999-12-30T21:00:00Z");
        assert_eq!(Step::Day.between(last.minus(HOUR), last, &zone), None);
        assert_eq!(Step::Hour.between(last, last, &zone), None);
        let hour = Step::Hour.between(last.minus(HOUR), last, &zone);
        assert_eq!(hour.map(|steps| steps.len()), Some(1));
    }
}
