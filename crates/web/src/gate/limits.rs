//! What a decision says of limits, as headers (IETF draft "RateLimit header fields for HTTP").

use ::http::HeaderMap;
use engine::Answer;

use super::verdict::Refusal;

/// What is left, for a request that passes.
pub fn write(_headers: &mut HeaderMap, _answer: &Answer) {}

/// What is left, and when to come again, for one that does not.
pub fn write_refused(_headers: &mut HeaderMap, _refusal: &Refusal) {}
