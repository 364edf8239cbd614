//! A limit as a request names it: one of the key's own by its name, or one that the request brings along.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::{MAX_LIMITS, Rate, RateError, check_cost, check_name};
use crate::span::Span;

/// A limit that a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish<'a> {
    /// Of one of the key's own limits; otherwise of one that belongs to the key and this name.
    pub name: Cow<'a, str>,
    /// What the limit is where the key has none of that name.
    pub rate: Option<Rate>,
    /// How much the request counts for this limit; as much as for the others when not said.
    pub cost: Option<u64>,
}

/// A limit that the request is held against.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NamedLimit)]
pub struct WrittenWish<'a> {
    /// Of one of the key's own limits: then of its own these apply and no others. Otherwise of one that is kept for the
    /// key under this name, and needs `limit` and `window`.
    #[serde(borrow)]
    #[schema(value_type = crate::schema::LimitName)]
    name: Cow<'a, str>,
    /// How many in a window, where the key has no limit of that name.
    #[schema(minimum = 1, maximum = 1_000_000_000, example = 5)]
    limit: Option<u64>,
    /// The window.
    #[schema(value_type = Option<crate::schema::Window>)]
    window: Option<Span>,
    /// How many at once; as many as the limit when not said.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    burst: Option<u64>,
    /// How much the request counts for this limit.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    cost: Option<u64>,
}

impl<'a> TryFrom<WrittenWish<'a>> for Wish<'a> {
    type Error = String;

    fn try_from(written: WrittenWish<'a>) -> Result<Self, String> {
        check_name(&written.name).map_err(|detail| format!("name: {detail}"))?;
        let rate = match (written.limit, written.window) {
            (Some(limit), Some(window)) => {
                Some(Rate::new(limit, window, written.burst).map_err(|error: RateError| error.to_string())?)
            }
            (None, None) if written.burst.is_none() => None,
            _ => return Err("limit and window go together, and burst with them".to_owned()),
        };
        let cost = written.cost.map(check_cost).transpose();
        Ok(Self {
            name: written.name,
            rate,
            cost: cost.map_err(|detail| format!("cost: {detail}"))?,
        })
    }
}

/// Reads the limits that a request names: a few, each once.
///
/// # Errors
/// What is wrong with them.
pub fn wishes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Wish<'de>>, D::Error> {
    let written = Option::<Vec<WrittenWish<'de>>>::deserialize(deserializer)?.unwrap_or_default();
    if written.len() > MAX_LIMITS {
        return Err(D::Error::custom(format!("at most {MAX_LIMITS} of them")));
    }
    let mut wishes: Vec<Wish<'de>> = Vec::with_capacity(written.len());
    for one in written {
        let wish = Wish::try_from(one).map_err(D::Error::custom)?;
        if wishes.iter().any(|other| other.name == wish.name) {
            return Err(D::Error::custom(format!("{} is there twice", wish.name)));
        }
        wishes.push(wish);
    }
    Ok(wishes)
}

/// Reads how much a request counts.
///
/// # Errors
/// When it is nothing or too much.
pub fn cost<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let cost = Option::<u64>::deserialize(deserializer)?;
    cost.map(check_cost).transpose().map_err(D::Error::custom)
}
