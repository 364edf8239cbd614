//! What a decision says of limits, as headers: `RateLimit-Policy` and `RateLimit` (IETF draft "RateLimit header fields for HTTP"),
//! and `Retry-After` for whoever has to wait.

use ::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use engine::Answer;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// What is left, and when to come again.
pub fn write(headers: &mut HeaderMap, answer: &Answer) {
    for (name, text) in [(POLICY, answer.rate_limit_policy()), (LIMIT, answer.rate_limit())] {
        if let Some(value) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(name, value);
        }
    }
    if let Some(seconds) = answer.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}
