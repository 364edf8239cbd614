//! Where a token stands in a request's headers.

use ::http::{HeaderMap, HeaderValue, StatusCode, header};
use domain::decide::Source;
use domain::token::Presented;

use super::Problem;

/// The token of a request, from the first of the ways that are looked at: `X-API-Key`, then `Authorization: Bearer`.
///
/// # Errors
/// When two of them hold a token that looks like one of ours and they differ: guessing which is meant helps an attacker. A
/// bearer token of somebody else's beside an `X-API-Key` is none of our business.
pub fn presented(headers: &HeaderMap) -> Result<Option<(&[u8], Source)>, Problem> {
    let keys = headers.get_all("x-api-key").iter().map(HeaderValue::as_bytes);
    let bearers = headers.get_all(header::AUTHORIZATION).iter();
    let bearers = bearers.filter_map(|value| bearer(value.as_bytes()));
    let mut tokens = keys
        .map(|token| (token, Source::XApiKey))
        .chain(bearers.map(|token| (token, Source::Bearer)));
    let Some((first, source)) = tokens.next() else {
        return Ok(None);
    };
    let ours = |token: &[u8]| Presented::parse(token).is_ok_and(|token| token.is_claviger_shaped());
    // The usual request has one token: nothing is parsed for it here.
    for (other, _) in tokens {
        if other.trim_ascii() != first.trim_ascii() && ours(first) && ours(other) {
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "conflicting_tokens",
                "Two tokens",
                "the request's headers hold two different tokens",
            ));
        }
    }
    Ok(Some((first, source)))
}

/// The token after `Bearer`, in any case (RFC 6750, RFC 9110 section 11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(rest)
}
