//! What Maximo's callers send with every request, and how they write times.

use domain::policy::ExpiryRequest;
use domain::span::Span;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use utoipa::openapi::{ObjectBuilder, OneOfBuilder, RefOr, Schema, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::http::Problem;
use crate::http::problem::Result;

/// A hundred years: the longest that anything is kept here.
const MOST: i64 = 36_525 * 1_440;

/// What may stand in any query.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "taken and without effect: every answer is in the lean form"
)]
pub(super) struct Common {
    /// Whether names go without their namespaces; here they always do.
    #[param(example = "1")]
    lean: Option<String>,
    /// Sent by some clients; it changes nothing.
    #[param(example = "1")]
    ccm: Option<String>,
    /// The key by which the caller is known; better in the header of that name.
    apikey: Option<String>,
}

/// For how many minutes a key works from now on, as a number or a text; -1 for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Minutes(i64);

impl<'de> Deserialize<'de> for Minutes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(i64),
            Text(String),
        }
        let expected =
            || D::Error::custom("expected a whole number of minutes, or -1 for a key that never expires");
        let minutes = match Written::deserialize(deserializer).map_err(|_| expected())? {
            Written::Number(minutes) => Some(minutes),
            Written::Text(text) if text == "-1" => Some(-1),
            // As it is described: no sign, and nothing in front.
            Written::Text(text) => {
                let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
                text.parse().ok().filter(|_| is_plain)
            }
        };
        minutes.map(Self).ok_or_else(expected)
    }
}

impl PartialSchema for Minutes {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(-1))
            .maximum(Some(MOST));
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^(-1|[1-9][0-9]{0,7})$"));
        OneOfBuilder::new()
            .item(number)
            .item(text)
            .description(Some("For how many minutes a key works from now on; -1 for ever."))
            .examples([129_600])
            .into()
    }
}

impl ToSchema for Minutes {}

/// When a key is to end.
///
/// # Errors
/// For no minutes at all, and for more than a hundred years of them.
pub(super) fn expiry(minutes: Option<Minutes>) -> Result<ExpiryRequest> {
    match minutes {
        None => Ok(ExpiryRequest::Unsaid),
        Some(Minutes(-1)) => Ok(ExpiryRequest::Never),
        Some(Minutes(minutes)) => u32::try_from(minutes)
            .ok()
            .filter(|_| (1..=MOST).contains(&minutes))
            .map(|minutes| ExpiryRequest::In(Span::seconds(minutes * 60)))
            .ok_or_else(|| {
                Problem::invalid(format!(
                    "expiration: from 1 to {MOST} minutes, or -1 for a key that never expires"
                ))
            }),
    }
}
