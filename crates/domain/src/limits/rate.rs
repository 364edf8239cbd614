//! A rate limit: so many in a window, with a burst, under a name.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::input::check_name;
use crate::schema::Window;
use crate::span::Span;

/// The largest limit and the largest burst.
pub const MAX_RATE: u64 = 1_000_000_000;
/// The longest window.
const LONGEST: Span = Span::days(366);

/// Why a rate cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// Nothing, or more than can be counted.
    #[error("limit: from 1 to {MAX_RATE}")]
    Limit,
    /// No time, or too long.
    #[error("window: from 1s to 366d")]
    Window,
    /// Nothing, or more than can be counted.
    #[error("burst: from 1 to {MAX_RATE}")]
    Burst,
    /// Not of the form.
    #[error("expected a limit and a window such as 100/1m, or with a burst, 100/1m burst 20")]
    Form,
}

/// So many in a window. It is a bucket of `burst` units (`limit` when not said), which fills up again evenly, `limit` units
/// in each `window` (the generic cell rate algorithm, ITU-T I.371).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    limit: u32,
    window: Span,
    burst: Option<u32>,
}

impl Rate {
    /// Checks the numbers.
    ///
    /// # Errors
    /// The first that cannot be.
    pub fn new(limit: u64, window: Span, burst: Option<u64>) -> Result<Self, RateError> {
        let number = |n: u64| u32::try_from(n).ok().filter(|_| (1..=MAX_RATE).contains(&n));
        let limit = number(limit).ok_or(RateError::Limit)?;
        if window == Span::ZERO || window > LONGEST {
            return Err(RateError::Window);
        }
        let burst = match burst {
            Some(burst) => Some(number(burst).ok_or(RateError::Burst)?),
            None => None,
        };
        Ok(Self { limit, window, burst })
    }

    /// How many in a window.
    pub fn limit(&self) -> u64 {
        self.limit.into()
    }

    /// The window.
    pub fn window(&self) -> Span {
        self.window
    }

    /// How many at once.
    pub fn burst(&self) -> u64 {
        self.burst.unwrap_or(self.limit).into()
    }

    /// The window in microseconds.
    pub(super) fn window_micros(&self) -> u64 {
        self.window.duration().as_secs() * 1_000_000
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let number = |text: &str| match text.bytes().all(|b| b.is_ascii_digit()) {
            true => text.parse::<u64>().ok(),
            false => None,
        };
        let (rate, burst) = match text.split_once(" burst ") {
            Some((rate, burst)) => (rate, Some(number(burst).ok_or(RateError::Form)?)),
            None => (text, None),
        };
        let (limit, window) = rate.split_once('/').ok_or(RateError::Form)?;
        let limit = number(limit).ok_or(RateError::Form)?;
        let window = window.parse().map_err(|_| RateError::Form)?;
        Self::new(limit, window, burst)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.limit, self.window)?;
        match self.burst {
            Some(burst) => write!(f, " burst {burst}"),
            None => Ok(()),
        }
    }
}

/// As it is written in JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    limit: u64,
    window: Span,
    #[serde(default)]
    burst: Option<u64>,
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = Written {
            limit: self.limit.into(),
            window: self.window,
            burst: self.burst.map(Into::into),
        };
        written.serialize(serializer)
    }
}

/// An object with its numbers, or a text such as `100/1m`, for settings that are typed by hand.
impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Rate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rate such as 100/1m, or an object with limit and window")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Rate, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Rate, A::Error> {
                let written = Written::deserialize(MapAccessDeserializer::new(map))?;
                Rate::new(written.limit, written.window, written.burst).map_err(A::Error::custom)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl utoipa::PartialSchema for Rate {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{AdditionalProperties, AnyOfBuilder, ObjectBuilder, SchemaType, Type};
        let number = |what: &str| {
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .minimum(Some(1))
                .maximum(Some(MAX_RATE as f64))
                .description(Some(what))
        };
        let burst = number("How many at once; as many as the limit when not said.")
            .schema_type(SchemaType::from_iter([Type::Integer, Type::Null]));
        let object = ObjectBuilder::new()
            .property("limit", number("How many in a window."))
            .property("window", Window::schema())
            .property("burst", burst)
            .required("limit")
            .required("window")
            .additional_properties(Some(AdditionalProperties::FreeForm(false)));
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(
            "^[1-9][0-9]{0,8}/[1-9][0-9]?[smhd]( burst [1-9][0-9]{0,8})?$",
        ));
        AnyOfBuilder::new()
            .item(object)
            .item(text)
            .description(Some(
                "So many in a window of 1s to 366d, as an object; a text such as `100/1m` or `100/1m burst 20` is read too.",
            ))
            .examples([serde_json::json!({"limit": 100, "window": "1m", "burst": 20})])
            .into()
    }
}

impl utoipa::ToSchema for Rate {}

/// What a limit is called: fit for a structured header (RFC 9651) as it is.
pub type LimitName = Arc<str>;

/// A rate limit by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RateLimit {
    /// What it is called.
    pub name: LimitName,
    /// What it is.
    pub rate: Rate,
}

impl RateLimit {
    /// The name of a limit that nobody has named.
    pub const DEFAULT: &str = "default";

    /// The one limit of keys that name none of their own.
    pub fn by_default(rate: Rate) -> Self {
        Self {
            name: Self::DEFAULT.into(),
            rate,
        }
    }
}

#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RateLimit)]
struct WrittenLimit {
    /// What it is called.
    #[schema(example = "requests")]
    name: String,
    /// How many in a window.
    #[schema(example = 100)]
    limit: u64,
    window: Span,
    /// How many at once; as many as the limit where none is set.
    #[serde(default)]
    #[schema(required, example = 20)]
    burst: Option<u64>,
}

impl Serialize for RateLimit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = WrittenLimit {
            name: (*self.name).to_owned(),
            limit: self.rate.limit.into(),
            window: self.rate.window,
            burst: self.rate.burst.map(Into::into),
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RateLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = WrittenLimit::deserialize(deserializer)?;
        check_name(&written.name).map_err(D::Error::custom)?;
        let rate = Rate::new(written.limit, written.window, written.burst).map_err(D::Error::custom)?;
        Ok(Self {
            name: written.name.into(),
            rate,
        })
    }
}

impl utoipa::PartialSchema for RateLimit {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        WrittenLimit::schema()
    }
}

impl utoipa::ToSchema for RateLimit {
    fn name() -> std::borrow::Cow<'static, str> {
        "RateLimit".into()
    }

    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>) {
        WrittenLimit::schemas(schemas);
    }
}
