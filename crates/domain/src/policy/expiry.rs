//! When a key ends: what its maker asked for, within what the policy allows.

use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer};

use super::{ExpiryMode, Policy};
use crate::clock::Timestamp;
use crate::span::Span;

/// What a caller asks of a key's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExpiryRequest {
    /// Says nothing.
    #[default]
    Unsaid,
    /// Asks that it never end.
    Never,
    /// Names the instant.
    At(Timestamp),
    /// Names the day; the policy says when that day is over.
    On(Date),
    /// Names the length of its life from now.
    In(Span),
}

/// An end as it is written: an instant, or a day of the organisation's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// RFC 3339, e.g. `2026-01-10T12:00:00Z`.
    At(Timestamp),
    /// RFC 3339 `full-date`, e.g. `2026-01-10`.
    On(Date),
}

impl FromStr for End {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The library would read far more forms of a date.
        if let [_, _, _, _, b'-', _, _, b'-', _, _] = text.as_bytes()
            && let Ok(date) = text.parse()
        {
            return Ok(Self::On(date));
        }
        let detail =
            "expected an RFC 3339 instant such as 2026-01-10T23:59:59Z, or a date such as 2026-01-10";
        Timestamp::parse(text)
            .map(Self::At)
            .map_err(|_| detail.to_owned())
    }
}

impl utoipa::PartialSchema for End {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::{KnownFormat, ObjectBuilder, OneOfBuilder, SchemaFormat, Type};
        let text = |format| {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .format(Some(SchemaFormat::KnownFormat(format)))
        };
        OneOfBuilder::new()
            .item(text(KnownFormat::DateTime))
            .item(text(KnownFormat::Date))
            .description(Some(
                "An instant (RFC 3339), or a date, which the policy makes one (`expiry.cutoff`, `expiry.timezone`).",
            ))
            .examples(["2027-01-10"])
            .into()
    }
}

impl utoipa::ToSchema for End {}

impl<'de> Deserialize<'de> for End {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl From<End> for ExpiryRequest {
    fn from(end: End) -> Self {
        match end {
            End::At(at) => Self::At(at),
            End::On(date) => Self::On(date),
        }
    }
}

/// Why an end is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExpiryError {
    /// It has passed already.
    #[error("the expiry lies in the past")]
    Past,
    /// It lies beyond what can be written.
    #[error("the expiry lies beyond the year 9999")]
    TooFar,
    /// The policy wants one.
    #[error("the organisation's policy requires an expiry")]
    Required,
    /// The policy limits it.
    #[error("the organisation's policy allows at most {0} from now")]
    BeyondMax(Span),
    /// The policy sets it by itself.
    #[error("the organisation's policy sets the expiry by itself; it cannot be chosen")]
    Automatic,
    /// The policy has none.
    #[error("the organisation's policy gives keys no expiry")]
    NotUsed,
    /// It may not be changed.
    #[error("the organisation's policy does not let an expiry be changed")]
    NotEditable,
}

impl Policy {
    /// The end of a key that is made now; none when it never ends.
    ///
    /// # Errors
    /// When the request is not allowed.
    pub fn expiry_of_new(
        &self,
        now: Timestamp,
        request: ExpiryRequest,
    ) -> Result<Option<Timestamp>, ExpiryError> {
        let default = self.expiry.default.map(|life| now.plus(life.duration()));
        match (self.expiry.mode, request) {
            (ExpiryMode::Never, ExpiryRequest::Unsaid | ExpiryRequest::Never) => Ok(None),
            (ExpiryMode::Never, _) => Err(ExpiryError::NotUsed),
            (ExpiryMode::Automatic, ExpiryRequest::Unsaid) => {
                // Where nobody chooses, an end is a matter of days.
                Ok(default.map(|at| self.day_after(now, at)))
            }
            (ExpiryMode::Automatic, _) => Err(ExpiryError::Automatic),
            (ExpiryMode::Required, ExpiryRequest::Unsaid) => default.ok_or(ExpiryError::Required).map(Some),
            (ExpiryMode::Optional, ExpiryRequest::Unsaid) if default.is_some() => Ok(default),
            (_, asked) => self.within_limits(now, asked),
        }
    }

    /// The end of a key that was made elsewhere and is brought in. One that has passed is kept: the key comes as an
    /// expired one. Where the policy sets ends by itself, an end from elsewhere holds if it is no later than that.
    ///
    /// # Errors
    /// When the request is not allowed.
    pub fn expiry_of_imported(
        &self,
        now: Timestamp,
        request: ExpiryRequest,
    ) -> Result<Option<Timestamp>, ExpiryError> {
        let asked = match request {
            ExpiryRequest::At(at) => Some(at),
            ExpiryRequest::On(date) => {
                let at = self.expiry.cutoff.instant(date, &self.expiry.timezone);
                Some(at.ok_or(ExpiryError::TooFar)?)
            }
            ExpiryRequest::In(life) => Some(now.plus(life.duration())),
            ExpiryRequest::Unsaid | ExpiryRequest::Never => None,
        };
        match (self.expiry.mode, asked) {
            (ExpiryMode::Automatic, asked) => {
                let own = self.expiry_of_new(now, ExpiryRequest::Unsaid)?;
                Ok(match (own, asked) {
                    (Some(own), Some(asked)) => Some(own.min(asked)),
                    (own, asked) => own.or(asked),
                })
            }
            (ExpiryMode::Optional | ExpiryMode::Required, Some(at)) if at <= now => Ok(Some(at)),
            _ => self.expiry_of_new(now, request),
        }
    }

    /// The new end of a key that exists; an expired key may be given a later end.
    ///
    /// # Errors
    /// When the change is not allowed.
    pub fn expiry_of_existing(
        &self,
        now: Timestamp,
        request: ExpiryRequest,
    ) -> Result<Option<Timestamp>, ExpiryError> {
        match self.expiry.mode {
            ExpiryMode::Never if request != ExpiryRequest::Never => return Err(ExpiryError::NotUsed),
            ExpiryMode::Automatic => return Err(ExpiryError::Automatic),
            _ if !self.expiry.editable => return Err(ExpiryError::NotEditable),
            _ => {}
        }
        self.within_limits(now, request)
    }

    fn within_limits(
        &self,
        now: Timestamp,
        request: ExpiryRequest,
    ) -> Result<Option<Timestamp>, ExpiryError> {
        let at = match request {
            ExpiryRequest::At(at) => at,
            ExpiryRequest::On(date) => {
                let at = self.expiry.cutoff.instant(date, &self.expiry.timezone);
                at.ok_or(ExpiryError::TooFar)?
            }
            ExpiryRequest::In(life) => now.plus(life.duration()),
            ExpiryRequest::Unsaid | ExpiryRequest::Never => {
                return match (self.expiry.mode, self.expiry.max) {
                    (ExpiryMode::Required, _) => Err(ExpiryError::Required),
                    (_, Some(max)) => Err(ExpiryError::BeyondMax(max)),
                    (_, None) => Ok(None),
                };
            }
        };
        if at <= now {
            return Err(ExpiryError::Past);
        }
        let limit = |max: Span| {
            let last = now.plus(max.duration());
            match request {
                // A day is within reach if any of its hours is.
                ExpiryRequest::On(_) => self.of_day(last),
                _ => last,
            }
        };
        match self.expiry.max {
            Some(max) if at > limit(max) => Err(ExpiryError::BeyondMax(max)),
            _ => Ok(Some(at)),
        }
    }

    /// The end of the day in which `at` lies, as the policy understands it. A day that is dead from its start on may be
    /// over already where the default is short; then it is the next one.
    fn day_after(&self, now: Timestamp, at: Timestamp) -> Timestamp {
        let end = self.of_day(at);
        if end > now {
            return end;
        }
        let next = self.expiry.cutoff.of_next_day(at, &self.expiry.timezone);
        next.filter(|end| *end > now).unwrap_or(at)
    }

    /// The end of the day in which `at` lies, as the policy understands it.
    fn of_day(&self, at: Timestamp) -> Timestamp {
        self.expiry.cutoff.of_day(at, &self.expiry.timezone).unwrap_or(at)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Expiry;
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn policy(mode: ExpiryMode, default: Option<u32>, max: Option<u32>) -> Policy {
        let expiry = Expiry {
            mode,
            default: default.map(Span::days),
            max: max.map(Span::days),
            ..Expiry::default()
        };
        Policy {
            expiry,
            ..Policy::default()
        }
    }

    #[test]
    fn an_end_in_the_past_is_refused_and_now_is_past() {
        let policy = policy(ExpiryMode::Optional, None, None);
        assert_eq!(
            policy.expiry_of_new(NOW, ExpiryRequest::At(NOW)),
            Err(ExpiryError::Past)
        );
        assert_eq!(
            policy.expiry_of_new(NOW, ExpiryRequest::In(Span::ZERO)),
            Err(ExpiryError::Past)
        );
    }

    #[test]
    fn an_end_is_an_instant_or_a_date_and_nothing_else() {
        assert!(matches!("2026-01-10".parse(), Ok(End::On(_))));
        assert!(matches!("2026-01-10T01:00:00+02:00".parse(), Ok(End::At(_))));
        for text in [
            "",
            "2026-13-01",
            "2026-02-30",
            "20260110",
            "2026-1-1",
            "+002026-01-10",
            "2026-01-10T",
            "tomorrow",
        ] {
            assert!(text.parse::<End>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_limit_also_forbids_a_key_that_never_ends() {
        let limited = policy(ExpiryMode::Optional, None, Some(30));
        let beyond = Err(ExpiryError::BeyondMax(Span::days(30)));
        assert_eq!(limited.expiry_of_new(NOW, ExpiryRequest::Never), beyond);
        assert_eq!(limited.expiry_of_new(NOW, ExpiryRequest::Unsaid), beyond);
        assert_eq!(
            limited.expiry_of_new(NOW, ExpiryRequest::In(Span::days(31))),
            beyond
        );
        assert!(
            limited
                .expiry_of_new(NOW, ExpiryRequest::In(Span::days(30)))
                .is_ok()
        );
    }

    #[test]
    fn each_mode_keeps_its_word() {
        use ExpiryRequest::{In, Never, Unsaid};
        let day = In(Span::days(1));
        let end = Ok(Some(NOW.plus(Span::days(90).duration())));
        assert_eq!(
            policy(ExpiryMode::Automatic, Some(90), None).expiry_of_new(NOW, Unsaid),
            Ok(Some(
                Timestamp::parse("2027-04-15T23:59:59.999999Z").expect("an instant")
            ))
        );
        assert_eq!(
            policy(ExpiryMode::Automatic, Some(90), None).expiry_of_new(NOW, day),
            Err(ExpiryError::Automatic)
        );
        assert_eq!(
            policy(ExpiryMode::Required, Some(90), None).expiry_of_new(NOW, Unsaid),
            end
        );
        assert_eq!(
            policy(ExpiryMode::Required, None, None).expiry_of_new(NOW, Unsaid),
            Err(ExpiryError::Required)
        );
        assert_eq!(
            policy(ExpiryMode::Required, None, None).expiry_of_new(NOW, Never),
            Err(ExpiryError::Required)
        );
        assert_eq!(
            policy(ExpiryMode::Never, None, None).expiry_of_new(NOW, day),
            Err(ExpiryError::NotUsed)
        );
        assert_eq!(
            policy(ExpiryMode::Optional, Some(90), None).expiry_of_new(NOW, Never),
            Ok(None)
        );
    }

    #[test]
    fn an_automatic_end_is_never_over_when_the_key_is_made() {
        use super::super::Cutoff;
        // A default of less than a day, from the first to the last minute of days of 23, 24 and 25 hours.
        let mut policy = policy(ExpiryMode::Automatic, None, None);
        policy.expiry.timezone = "Europe/Berlin".parse().expect("a zone");
        for date in ["2026-03-29", "2026-06-01", "2026-10-25"] {
            let date: Date = date.parse().expect("a date");
            let start = Cutoff::StartOfDay
                .instant(date, &policy.expiry.timezone)
                .expect("an instant");
            for minutes in 0..25 * 60 {
                let now = start.plus(Span::seconds(minutes * 60).duration());
                for default in ["1s", "1h", "1d", "25h"] {
                    policy.expiry.default = Some(default.parse().expect("a span"));
                    for cutoff in [Cutoff::StartOfDay, Cutoff::EndOfDay] {
                        policy.expiry.cutoff = cutoff;
                        let end = policy.expiry_of_new(now, ExpiryRequest::Unsaid).expect("an end");
                        let end = end.expect("an end");
                        assert!(end > now, "{now} {default} {cutoff:?}: {end}");
                        let again = cutoff.of_day(end, &policy.expiry.timezone);
                        assert_eq!(again, Some(end), "it is a day's");
                    }
                }
            }
        }
    }

    #[test]
    fn what_the_policy_sets_nobody_else_does() {
        let automatic = policy(ExpiryMode::Automatic, Some(90), None);
        let date = "2027-02-01".parse().expect("a date");
        for asked in [
            ExpiryRequest::Never,
            ExpiryRequest::At(NOW.plus(Span::days(1).duration())),
            ExpiryRequest::On(date),
            ExpiryRequest::In(Span::days(1)),
        ] {
            assert_eq!(automatic.expiry_of_new(NOW, asked), Err(ExpiryError::Automatic));
            assert_eq!(
                automatic.expiry_of_existing(NOW, asked),
                Err(ExpiryError::Automatic)
            );
        }
        let mut fixed = policy(ExpiryMode::Optional, None, None);
        fixed.expiry.editable = false;
        let later = ExpiryRequest::In(Span::days(1));
        assert!(fixed.expiry_of_new(NOW, later).is_ok());
        assert_eq!(
            fixed.expiry_of_existing(NOW, later),
            Err(ExpiryError::NotEditable)
        );
        // A longest life counts from the moment of asking, so that an expired key can be given another one.
        let limited = policy(ExpiryMode::Required, None, Some(30));
        let far = ExpiryRequest::In(Span::days(31));
        assert!(limited.expiry_of_existing(NOW, later).is_ok());
        assert_eq!(
            limited.expiry_of_existing(NOW, far),
            Err(ExpiryError::BeyondMax(Span::days(30)))
        );
        assert_eq!(
            limited.expiry_of_existing(NOW, ExpiryRequest::Never),
            Err(ExpiryError::Required)
        );
    }

    #[test]
    fn a_key_from_elsewhere_keeps_its_end_within_the_policy() {
        let at =
            |days: i64| ExpiryRequest::At(Timestamp::from_micros(NOW.as_micros() + days * 86_400_000_000));
        let end = |days: i64| {
            Ok(Some(Timestamp::from_micros(
                NOW.as_micros() + days * 86_400_000_000,
            )))
        };
        let optional = policy(ExpiryMode::Optional, None, Some(30));
        assert_eq!(optional.expiry_of_imported(NOW, at(-5)), end(-5));
        assert_eq!(optional.expiry_of_imported(NOW, at(5)), end(5));
        let beyond = Err(ExpiryError::BeyondMax(Span::days(30)));
        assert_eq!(optional.expiry_of_imported(NOW, at(31)), beyond);
        let automatic = policy(ExpiryMode::Automatic, Some(90), None);
        let own = automatic.expiry_of_new(NOW, ExpiryRequest::Unsaid);
        assert_eq!(automatic.expiry_of_imported(NOW, at(400)), own);
        assert_eq!(automatic.expiry_of_imported(NOW, at(5)), end(5));
        assert_eq!(automatic.expiry_of_imported(NOW, ExpiryRequest::Unsaid), own);
        let never = policy(ExpiryMode::Never, None, None);
        assert_eq!(never.expiry_of_imported(NOW, at(-5)), Err(ExpiryError::NotUsed));
    }

    #[test]
    fn a_date_is_taken_within_the_limits_and_today_may_be_the_last_day() {
        let limited = policy(ExpiryMode::Optional, None, Some(30));
        let on = |date: &str| limited.expiry_of_new(NOW, ExpiryRequest::On(date.parse().expect("a date")));
        let end = |text: &str| Ok(Some(Timestamp::parse(text).expect("an instant")));
        assert_eq!(on("2027-01-15"), end("2027-01-15T23:59:59.999999Z"));
        assert_eq!(on("2027-01-14"), Err(ExpiryError::Past));
        assert_eq!(on("2027-02-14"), end("2027-02-14T23:59:59.999999Z"));
        assert_eq!(on("2027-02-15"), Err(ExpiryError::BeyondMax(Span::days(30))));
        assert_eq!(on("9999-12-31"), Err(ExpiryError::TooFar));
    }
}
