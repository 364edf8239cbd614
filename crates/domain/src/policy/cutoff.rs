//! Ends that are given as dates. What is stored, decided by and shown is always an instant; what a date means is for the
//! policy to say.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::Timestamp;
use crate::schema::described_as_text;

/// Which moment of a date is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cutoff {
    /// The key works through that day.
    #[default]
    EndOfDay,
    /// The key is dead on that day.
    StartOfDay,
}

/// Why a text is not a time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a time zone such as UTC or Europe/Berlin (IANA time zone database)")]
pub struct ZoneError;

/// A time zone by its name in the IANA time zone database.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Self, ZoneError> {
        if text == "UTC" {
            return Ok(Self::default());
        }
        TimeZone::get(text).map(Self).map_err(|_| ZoneError)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

described_as_text!(
    Zone,
    "A time zone by its name in the IANA time zone database.",
    "",
    "Europe/Berlin"
);

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Zone {
    /// The day in which `at` lies there; none beyond what can be written.
    pub(crate) fn date_of(&self, at: Timestamp) -> Option<Date> {
        let instant = jiff::Timestamp::from_microsecond(at.as_micros()).ok()?;
        Some(self.0.to_datetime(instant).date())
    }

    /// The first moment of a day. One that begins later than at midnight, because clocks are put forward then, begins when
    /// they say so.
    pub(crate) fn start_of(&self, date: Date) -> Option<Timestamp> {
        let start = date.to_zoned(self.0.clone()).and_then(|noon| noon.start_of_day());
        Some(Timestamp::from_micros(start.ok()?.timestamp().as_microsecond()))
    }

    /// An hour of a day; one that clocks skip comes when they say so.
    pub(crate) fn at(&self, date: Date, hour: i8) -> Option<Timestamp> {
        let then = date.at(hour, 0, 0, 0).to_zoned(self.0.clone()).ok()?;
        Some(Timestamp::from_micros(then.timestamp().as_microsecond()))
    }

    /// A day as people write it there, such as `31 March 2026`.
    pub fn written(&self, at: Timestamp) -> String {
        let Some(date) = self.date_of(at) else {
            return at.to_string();
        };
        date.strftime("%-d %B %Y").to_string()
    }

    /// An instant as people write it there, to the minute, such as `31 March 2026, 14:05 CEST`.
    pub fn written_to_the_minute(&self, at: Timestamp) -> String {
        let then = jiff::Timestamp::from_microsecond(at.as_micros()).map(|at| at.to_zoned(self.0.clone()));
        then.map_or_else(
            |_| at.to_string(),
            |then| then.strftime("%-d %B %Y, %H:%M %Z").to_string(),
        )
    }
}

impl Cutoff {
    /// The instant at which a key stops that ends on `date`: the first of the day, or the last microsecond of it. A day that
    /// begins later than at midnight, because clocks are put forward then, begins when they say so; one of 23 or 25
    /// hours ends where the next begins. None beyond the year 9999.
    pub fn instant(self, date: Date, zone: &Zone) -> Option<Timestamp> {
        match self {
            Self::StartOfDay => zone.start_of(date),
            Self::EndOfDay => {
                let next = zone.start_of(date.tomorrow().ok()?)?;
                Some(Timestamp::from_micros(next.as_micros() - 1))
            }
        }
    }

    /// The same for the day in which `at` lies.
    pub fn of_day(self, at: Timestamp, zone: &Zone) -> Option<Timestamp> {
        self.instant(zone.date_of(at)?, zone)
    }

    /// The same for the day after the one in which `at` lies.
    pub fn of_next_day(self, at: Timestamp, zone: &Zone) -> Option<Timestamp> {
        let instant = jiff::Timestamp::from_microsecond(at.as_micros()).ok()?;
        self.instant(zone.0.to_datetime(instant).date().tomorrow().ok()?, zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(cutoff: Cutoff, date: &str, zone: &str) -> String {
        let zone = zone.parse().expect("a zone");
        let date = date.parse().expect("a date");
        cutoff.instant(date, &zone).expect("within reach").to_string()
    }

    #[test]
    fn a_key_works_through_its_last_day_or_is_dead_on_it() {
        assert_eq!(
            instant(Cutoff::EndOfDay, "2026-01-10", "UTC"),
            "2026-01-10T23:59:59.999999Z"
        );
        assert_eq!(
            instant(Cutoff::StartOfDay, "2026-01-10", "UTC"),
            "2026-01-10T00:00:00Z"
        );
    }

    #[test]
    fn days_of_23_and_25_hours_end_where_the_next_begins() {
        for (date, end, start) in [
            // Clocks go forward on 29 March and back on 25 October 2026.
            (
                "2026-03-28",
                "2026-03-28T22:59:59.999999Z",
                "2026-03-27T23:00:00Z",
            ),
            (
                "2026-03-29",
                "2026-03-29T21:59:59.999999Z",
                "2026-03-28T23:00:00Z",
            ),
            (
                "2026-10-25",
                "2026-10-25T22:59:59.999999Z",
                "2026-10-24T22:00:00Z",
            ),
        ] {
            assert_eq!(instant(Cutoff::EndOfDay, date, "Europe/Berlin"), end);
            assert_eq!(instant(Cutoff::StartOfDay, date, "Europe/Berlin"), start);
        }
    }

    #[test]
    fn a_day_without_a_midnight_begins_when_its_clocks_say() {
        // In Beirut clocks go from 00:00 to 01:00 on 29 March 2026.
        assert_eq!(
            instant(Cutoff::StartOfDay, "2026-03-29", "Asia/Beirut"),
            "2026-03-28T22:00:00Z"
        );
        assert_eq!(
            instant(Cutoff::EndOfDay, "2026-03-28", "Asia/Beirut"),
            "2026-03-28T21:59:59.999999Z"
        );
    }

    #[test]
    fn a_midnight_that_there_is_twice_counts_when_it_comes_first() {
        // In Havana clocks go back from 01:00 to 00:00 on 1 November 2026: a day of 25 hours.
        for (cutoff, date, expected) in [
            (Cutoff::StartOfDay, "2026-11-01", "2026-11-01T04:00:00Z"),
            (Cutoff::EndOfDay, "2026-10-31", "2026-11-01T03:59:59.999999Z"),
            (Cutoff::EndOfDay, "2026-11-01", "2026-11-02T04:59:59.999999Z"),
        ] {
            assert_eq!(
                instant(cutoff, date, "America/Havana"),
                expected,
                "{cutoff:?} {date}"
            );
        }
        // In Sao Paulo they went back from 00:00 to 23:00 of the day before on 18 February 2018: that day's last hour
        // was there twice, and the key works through both.
        assert_eq!(
            instant(Cutoff::EndOfDay, "2018-02-17", "America/Sao_Paulo"),
            "2018-02-18T02:59:59.999999Z"
        );
        assert_eq!(
            instant(Cutoff::StartOfDay, "2018-02-18", "America/Sao_Paulo"),
            "2018-02-18T03:00:00Z"
        );
    }

    #[test]
    fn the_first_and_the_last_places_on_earth_have_their_own_day() {
        for (zone, start) in [
            ("Pacific/Kiritimati", "2026-06-30T10:00:00Z"),
            ("Etc/GMT+12", "2026-07-01T12:00:00Z"),
            ("Asia/Kolkata", "2026-06-30T18:30:00Z"),
            ("Asia/Kathmandu", "2026-06-30T18:15:00Z"),
            ("Pacific/Chatham", "2026-06-30T11:15:00Z"),
            ("America/St_Johns", "2026-07-01T02:30:00Z"),
        ] {
            assert_eq!(instant(Cutoff::StartOfDay, "2026-07-01", zone), start, "{zone}");
        }
        // Clocks on Lord Howe Island go by half an hour: a day of 23 and a half, and one of 24 and a half.
        let length = |date: &str, next: &str| {
            let zone = "Australia/Lord_Howe".parse().expect("a zone");
            let start = |date: &str| {
                let date = date.parse().expect("a date");
                Cutoff::StartOfDay.instant(date, &zone).expect("within reach")
            };
            start(next).since(start(date)).as_secs() / 60
        };
        assert_eq!(length("2026-10-04", "2026-10-05"), 23 * 60 + 30);
        assert_eq!(length("2026-04-05", "2026-04-06"), 24 * 60 + 30);
    }

    #[test]
    fn a_day_that_was_left_out_ends_with_the_one_before() {
        // In Samoa 30 December 2011 was left out.
        let end = instant(Cutoff::EndOfDay, "2011-12-29", "Pacific/Apia");
        assert_eq!(end, "2011-12-30T09:59:59.999999Z");
        assert_eq!(instant(Cutoff::EndOfDay, "2011-12-30", "Pacific/Apia"), end);
    }

    #[test]
    fn every_day_of_every_zone_begins_where_the_one_before_ended() {
        for zone in [
            "Europe/London",
            "America/Havana",
            "Asia/Beirut",
            "Africa/Cairo",
            "Pacific/Apia",
            "America/Santiago",
        ] {
            let zone: Zone = zone.parse().expect("a zone");
            let mut date: Date = "2025-12-31".parse().expect("a date");
            for _ in 0..730 {
                let end = Cutoff::EndOfDay.instant(date, &zone).expect("within reach");
                let last = Cutoff::StartOfDay.instant(date, &zone).expect("within reach");
                date = date.tomorrow().expect("a date");
                let start = Cutoff::StartOfDay.instant(date, &zone).expect("within reach");
                assert_eq!(start.as_micros() - end.as_micros(), 1, "{zone} {date}");
                let hours = start.since(last).as_secs() / 3600;
                assert!((23..=25).contains(&hours), "{zone} {date}: {hours} hours");
                assert_eq!(Cutoff::EndOfDay.of_day(last, &zone), Some(end), "{zone} {date}");
                assert_eq!(Cutoff::StartOfDay.of_day(end, &zone), Some(last), "{zone} {date}");
            }
        }
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for text in ["", "Middle/Earth", "../etc/passwd", "UTC\0", "+01:00 "] {
            assert_eq!(text.parse::<Zone>().err(), Some(ZoneError), "{text:?}");
        }
        let berlin: Zone = serde_json::from_str("\"Europe/Berlin\"").expect("a zone");
        assert_eq!(serde_json::to_string(&berlin).expect("JSON"), "\"Europe/Berlin\"");
    }

    #[test]
    fn the_last_day_that_can_be_written_has_no_end() {
        let zone = Zone::default();
        assert_eq!(
            Cutoff::EndOfDay.instant("9999-12-31".parse().expect("a date"), &zone),
            None
        );
    }
}
