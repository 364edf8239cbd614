//! A quota: so many in a day, a month, or in total.

use std::fmt;
use std::str::FromStr;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::clock::Timestamp;
use crate::policy::Zone;

/// The largest quota: what a JSON number holds exactly in every language.
pub const MAX_QUOTA: u64 = (1 << 53) - 1;

/// For how long a quota lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = QuotaPeriod)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// It is filled again when a day begins.
    Day,
    /// It is filled again when a month begins.
    Month,
    /// It is never filled again by itself.
    Total,
}

impl Period {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::Total => "total",
        }
    }
}

impl FromStr for Period {
    type Err = QuotaError;

    fn from_str(text: &str) -> Result<Self, QuotaError> {
        [Self::Day, Self::Month, Self::Total]
            .into_iter()
            .find(|period| period.as_str() == text)
            .ok_or(QuotaError::Form)
    }
}

/// Why a quota cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuotaError {
    /// Nothing, or more than can be written.
    #[error("limit: from 1 to {MAX_QUOTA}")]
    Limit,
    /// Not of the form.
    #[error(
        "expected a quota such as 10000/month, 500/day or 1000000/total, and with a time zone 500/day Europe/Berlin"
    )]
    Form,
}

/// So many in a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Quota {
    /// How many.
    #[schema(example = 10_000)]
    pub limit: u64,
    /// In what time.
    pub per: Period,
    /// Where its days and months begin.
    pub timezone: Zone,
}

/// When a period begins, and when the next one does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Its first microsecond.
    pub start: Timestamp,
    /// The first of the next one; none where there is none.
    pub end: Option<Timestamp>,
}

impl Bounds {
    /// Whether `at` lies in it.
    pub fn contains(&self, at: Timestamp) -> bool {
        at >= self.start && self.end.is_none_or(|end| at < end)
    }
}

impl Quota {
    /// Checks the number.
    ///
    /// # Errors
    /// When it is nothing or too much.
    pub fn new(limit: u64, per: Period, timezone: Zone) -> Result<Self, QuotaError> {
        if !(1..=MAX_QUOTA).contains(&limit) {
            return Err(QuotaError::Limit);
        }
        Ok(Self { limit, per, timezone })
    }

    /// The period in which `at` lies. Days and months begin when the clocks of the zone say so, also where midnight is
    /// skipped; where they say it twice, the first time.
    pub fn bounds(&self, at: Timestamp) -> Bounds {
        let always = Bounds {
            start: Timestamp::default(),
            end: None,
        };
        let date = match self.per {
            Period::Total => return always,
            Period::Day => self.timezone.date_of(at),
            Period::Month => self.timezone.date_of(at).map(|date| date.first_of_month()),
        };
        let Some(mut date) = date else { return always };
        loop {
            let next = match self.per {
                Period::Month => date.last_of_month().tomorrow().ok(),
                Period::Day | Period::Total => date.tomorrow().ok(),
            };
            let Some(start) = self.timezone.start_of(date) else {
                return always;
            };
            let end = next.and_then(|next| self.timezone.start_of(next));
            match (next, end) {
                // The clocks went back over midnight: the day that began before is still the one that runs.
                (Some(next), Some(end)) if end <= at => date = next,
                (_, end) => return Bounds { start, end },
            }
        }
    }
}

impl FromStr for Quota {
    type Err = QuotaError;

    fn from_str(text: &str) -> Result<Self, QuotaError> {
        let (quota, zone) = match text.split_once(' ') {
            Some((quota, zone)) => (quota, zone.parse().map_err(|_| QuotaError::Form)?),
            None => (text, Zone::default()),
        };
        let (limit, per) = quota.split_once('/').ok_or(QuotaError::Form)?;
        if !limit.bytes().all(|b| b.is_ascii_digit()) {
            return Err(QuotaError::Form);
        }
        let limit = limit.parse().map_err(|_| QuotaError::Form)?;
        Self::new(limit, per.parse()?, zone)
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} {}", self.limit, self.per.as_str(), self.timezone)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    limit: u64,
    per: Period,
    #[serde(default)]
    timezone: Zone,
}

/// An object, or a text such as `10000/month`, for settings that are typed by hand.
impl<'de> Deserialize<'de> for Quota {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Quota;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a quota such as 10000/month, or an object with limit and per")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Quota, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Quota, A::Error> {
                let written = Written::deserialize(MapAccessDeserializer::new(map))?;
                Quota::new(written.limit, written.per, written.timezone).map_err(A::Error::custom)
            }
        }
        deserializer.deserialize_any(Either)
    }
}
