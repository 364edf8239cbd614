//! Time and randomness are handed in, so that a rule can be tested at any instant and a simulation can be replayed.
//! The system's own clock and generator are named here and nowhere else (`clippy.toml` bans the others).

use std::fmt;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant: microseconds since 1970-01-01T00:00:00Z. Shown and parsed as RFC 3339.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// The last microsecond of the year 9999, the end of what RFC 3339 can write.
const LATEST: i64 = 253_402_300_799_999_999;

impl Timestamp {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// This instant moved forward; stops at the end of the year 9999.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros).min(LATEST))
    }

    /// This instant moved back; stops at the epoch.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(micros).max(0))
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Rounded down to a multiple of `span` since the epoch: the bucket that it falls into.
    #[must_use]
    pub fn floor_to(self, span: Duration) -> Self {
        let step = i64::try_from(span.as_micros()).unwrap_or(i64::MAX).max(1);
        Self(self.0 - self.0.rem_euclid(step))
    }

    /// Parses RFC 3339, e.g. `2026-01-10T23:59:59Z`; an offset is needed.
    ///
    /// # Errors
    /// A sentence that says what is expected, when the text is not such an instant.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parsed: jiff::Timestamp = text
            .parse()
            .map_err(|_| "expected an RFC 3339 instant such as 2026-01-10T23:59:59Z".to_owned())?;
        Ok(Self(parsed.as_microsecond()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => write!(f, "{instant}"),
            Err(_) => write!(f, "out-of-range({})", self.0),
        }
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("An instant (RFC 3339); answers are in UTC."))
            .examples(["2026-01-10T23:59:59Z"])
            .into()
    }
}

impl utoipa::ToSchema for Timestamp {}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Timestamp;

    /// Time since an arbitrary start, going on while the machine sleeps (`CLOCK_BOOTTIME`); never steps back.
    fn boottime(&self) -> Duration;
}

/// Fills buffers with unpredictable bytes.
pub trait Random: Send + Sync {
    /// Fills `out` whole.
    fn fill(&self, out: &mut [u8]);
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[inline]
    fn now(&self) -> Timestamp {
        // By the system call itself: a third less than by way of the library's `SystemTime`, and each verification does it.
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
        let micros = now
            .tv_sec
            .saturating_mul(1_000_000)
            .saturating_add(now.tv_nsec / 1_000);
        Timestamp::from_micros(micros.clamp(0, LATEST))
    }

    fn boottime(&self) -> Duration {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::new(
            u64::try_from(now.tv_sec).unwrap_or(0),
            u32::try_from(now.tv_nsec).unwrap_or(0),
        )
    }
}

/// A clock that follows a database's: its time when it was last asked, and what has passed since by this machine's boottime. The answer was
/// written after the question was sent, so that this is never behind the database. It never goes backwards; where it would have to, it stands
/// still. Until it is steered it is the machine's own.
#[derive(Debug, Default)]
pub struct Steered {
    /// The database's time less boottime, in microseconds; 0 as long as it is not known.
    offset: AtomicI64,
    /// No time is before that one.
    floor: AtomicI64,
}

impl Steered {
    /// Takes over the database's time, for which it was asked at that boottime.
    pub fn steer(&self, at: Timestamp, asked: Duration) {
        let now = self.now().as_micros();
        let asked = i64::try_from(asked.as_micros()).unwrap_or(i64::MAX);
        if self.offset.load(Acquire) != 0 {
            self.floor.fetch_max(now, AcqRel);
        }
        self.offset
            .store(at.as_micros().saturating_sub(asked).max(1), Release);
    }
}

impl Clock for Steered {
    #[inline]
    fn now(&self) -> Timestamp {
        match self.offset.load(Acquire) {
            0 => SystemClock.now(),
            offset => {
                let passed = i64::try_from(self.boottime().as_micros()).unwrap_or(i64::MAX);
                let now = passed.saturating_add(offset).max(self.floor.load(Acquire));
                Timestamp::from_micros(now.clamp(0, LATEST))
            }
        }
    }

    fn boottime(&self) -> Duration {
        SystemClock.boottime()
    }
}

/// The operating system's cryptographically secure generator (`getrandom(2)`).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(
        clippy::disallowed_methods,
        clippy::expect_used,
        reason = "the one source; without it no secret may be made, so stopping is right"
    )]
    fn fill(&self, out: &mut [u8]) {
        getrandom::fill(out).expect("the operating system gives random bytes");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_survives_being_written_and_read() {
        let instant = Timestamp::from_micros(1_767_222_000_123_456);
        assert_eq!(Timestamp::parse(&instant.to_string()), Ok(instant));
    }

    #[test]
    fn arithmetic_stops_at_the_ends_of_the_calendar() {
        let late = Timestamp::from_micros(LATEST).plus(Duration::from_secs(1));
        assert_eq!(late.as_micros(), LATEST);
        assert_eq!(
            Timestamp::default().minus(Duration::from_secs(1)),
            Timestamp::default()
        );
    }

    #[test]
    fn a_text_without_offset_is_refused() {
        assert!(Timestamp::parse("2026-01-10T23:59:59").is_err());
        assert!(Timestamp::parse("2026-01-10").is_err());
    }
}
