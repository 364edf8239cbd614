//! What a decision says of limits, as headers: `RateLimit-Policy` and `RateLimit` (IETF draft "RateLimit header fields for HTTP"),
//! and `Retry-After` for whoever has to wait.

use ::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use engine::Answer;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// Seconds.
const STALE_FOR: HeaderName = HeaderName::from_static("claviger-stale-for");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The same as lines of a head, of a request that may pass.
pub(super) fn write_lines(out: &mut Vec<u8>, answer: &Answer) {
    if let Some((policy, limit)) = answer.rate_limit_headers() {
        for (name, text) in [(&b"ratelimit-policy: "[..], policy), (b"ratelimit: ", limit)] {
            // A limit's name is a token of letters, digits and few signs.
            out.extend_from_slice(name);
            out.extend_from_slice(text.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
    if let Some(seconds) = answer.retry_after() {
        out.extend_from_slice(b"retry-after: ");
        out.extend_from_slice(seconds.to_string().as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

/// What is left, and when to come again; and for how long nobody could be asked whether that is still so.
pub fn write(headers: &mut HeaderMap, answer: &Answer) {
    if let Some(stale_for) = answer.stale_for {
        headers.insert(STALE_FOR, HeaderValue::from(stale_for.as_secs()));
    }
    if let Some((policy, limit)) = answer.rate_limit_headers() {
        for (name, text) in [(POLICY, policy), (LIMIT, limit)] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name, value);
            }
        }
    }
    if let Some(seconds) = answer.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}
