//! Spans of time as people write them: `0s`, `15m`, `24h`, `90d`, `2w`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::schema::described_as_text;

const UNITS: [(&str, u64); 5] = [("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
/// A hundred years: nothing that is kept here lasts longer, and sums of such spans never overflow.
const LONGEST: u64 = 36_525 * 86_400;

/// Why a text is not a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a whole number and a unit, such as 15m, 24h, 90d or 2w, of at most 36525d")]
pub struct SpanError;

/// A length of time in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(u64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// From days.
    pub const fn days(days: u32) -> Self {
        Self(days as u64 * 86_400)
    }

    /// From seconds.
    pub const fn seconds(seconds: u32) -> Self {
        Self(seconds as u64)
    }

    /// As the standard library's type.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

// Nothing of these forms is longer than what is read.
described_as_text!(
    Span,
    "A length of time: a whole number and a unit, `s`, `m`, `h`, `d` or `w`.",
    "^([0-9]{1,9}s|[0-9]{1,7}m|[0-9]{1,5}h|[0-9]{1,4}d|[0-9]{1,3}w)$",
    "90d"
);

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let (unit, seconds) = UNITS
            .iter()
            .find(|(unit, _)| text.ends_with(unit))
            .ok_or(SpanError)?;
        let digits = text.strip_suffix(unit).ok_or(SpanError)?;
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(SpanError);
        }
        let count: u64 = digits.parse().map_err(|_| SpanError)?;
        let total = count
            .checked_mul(*seconds)
            .filter(|total| *total <= LONGEST)
            .ok_or(SpanError)?;
        Ok(Self(total))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Weeks are read but not written: a person who said 90d should see 90d, and 14d reads as well as 2w.
        let (unit, seconds) = UNITS
            .iter()
            .skip(1)
            .find(|(_, s)| self.0 > 0 && self.0.is_multiple_of(*s))
            .copied()
            .unwrap_or(("s", 1));
        write!(f, "{}{unit}", self.0 / seconds)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_shown_as_it_was_written() {
        for text in ["0s", "15m", "24h", "90d", "366d", "61s"] {
            let shown = text.parse::<Span>().map(|span| span.to_string());
            // 24 hours are a day.
            assert_eq!(
                shown,
                Ok(if text == "24h" {
                    "1d".to_owned()
                } else {
                    text.to_owned()
                })
            );
        }
    }

    #[test]
    fn a_hostile_span_is_refused() {
        for text in [
            "",
            "d",
            "-1d",
            "1.5h",
            "1",
            "1y",
            " 1d",
            "1 d",
            "99999999999999999999d",
            "36526d",
            "١d",
        ] {
            assert_eq!(text.parse::<Span>(), Err(SpanError), "{text:?}");
        }
    }
}
