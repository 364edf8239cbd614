//! Where a token stands in a request: in its headers, and where a door looks there, in the query or a cookie.

use std::borrow::Cow;

use ::http::header::{self, HeaderName};
use ::http::{HeaderMap, StatusCode};
use domain::decide::{Source, Sources};
use domain::token::Presented;

use super::Problem;
use super::headers::Headers;

static X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
static APIKEY: HeaderName = HeaderName::from_static("apikey");
static AUTHORIZATION: HeaderName = header::AUTHORIZATION;
static COOKIE: HeaderName = header::COOKIE;

/// Two tokens of our shape that differ, in one request: guessing which is meant helps an attacker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict;

impl From<Conflict> for Problem {
    fn from(_: Conflict) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "conflicting_tokens",
            "Two tokens",
            "the request holds two different tokens",
        )
    }
}

/// Where a door looks for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places<'a> {
    /// The ways that count.
    pub sources: Sources,
    /// The cookie that holds one, where [`Source::Cookie`] counts.
    pub cookie: Cow<'a, str>,
}

impl Places<'_> {
    /// The same, for good.
    pub fn into_owned(self) -> Places<'static> {
        Places {
            sources: self.sources,
            cookie: self.cookie.into_owned().into(),
        }
    }
}

/// The token of a management request, from the first of the ways that are looked at: `X-API-Key`, then `Authorization: Bearer`.
///
/// # Errors
/// When two of them hold a token that looks like one of ours and they differ. A bearer token of somebody else's beside an
/// `X-API-Key` is none of our business.
pub fn presented(headers: &HeaderMap) -> Result<Option<(&[u8], Source)>, Problem> {
    let keys = headers.all(&X_API_KEY);
    let bearers = after_scheme(headers, b"bearer ");
    let tokens = keys
        .map(|token| (token, Source::XApiKey))
        .chain(bearers.map(|token| (token, Source::Bearer)));
    Ok(only(tokens, |_| true)?)
}

/// A token, and the way by which it came.
pub type Found<'a> = (Cow<'a, [u8]>, Source);

/// The token of a request at a door, from the first of the ways that count. Tokens in other headers that are made for them
/// count where they contradict it. A query is looked at only where that way counts, and so are cookies.
///
/// # Errors
/// As [`presented`].
pub fn at_door<'a>(
    headers: &'a (impl Headers + ?Sized),
    query: Option<&'a str>,
    places: &Places<'_>,
) -> Result<Option<Found<'a>>, Conflict> {
    let counts = |source| places.sources.accept(source);
    if !counts(Source::Query) && !counts(Source::Cookie) {
        let found = only(in_headers(headers), counts)?;
        return Ok(found.map(|(token, source)| (Cow::Borrowed(token), source)));
    }
    let queries = query.filter(|_| counts(Source::Query)).unwrap_or_default();
    let queries: Vec<Cow<'a, [u8]>> = in_query(queries).collect();
    let cookies = headers.all(&COOKIE).filter(|_| counts(Source::Cookie));
    let cookies = cookies.flat_map(|line| in_cookies(line, places.cookie.as_bytes()));
    let elsewhere = queries
        .iter()
        .map(|token| (&**token, Source::Query))
        .chain(cookies.map(|token| (token, Source::Cookie)))
        .filter(is_there);
    let found = only(in_headers(headers).chain(elsewhere), counts)?;
    Ok(found.map(|(token, source)| (Cow::Owned(token.to_vec()), source)))
}

/// What stands in headers that are made for it, in the order in which they are looked at.
fn in_headers(headers: &(impl Headers + ?Sized)) -> impl Iterator<Item = (&[u8], Source)> {
    headers
        .all(&X_API_KEY)
        .map(|token| (token, Source::XApiKey))
        .chain(after_scheme(headers, b"bearer ").map(|token| (token, Source::Bearer)))
        .chain(headers.all(&APIKEY).map(|token| (token, Source::Apikey)))
        .chain(after_scheme(headers, b"oaapikey ").map(|token| (token, Source::OaApiKey)))
        .filter(is_there)
}

fn is_there((token, _): &(&[u8], Source)) -> bool {
    !token.trim_ascii().is_empty()
}

/// The first that counts, unless another contradicts it.
fn only<'a>(
    tokens: impl Iterator<Item = (&'a [u8], Source)>,
    counts: impl Fn(Source) -> bool,
) -> Result<Option<(&'a [u8], Source)>, Conflict> {
    let ours = |token: &[u8]| Presented::parse(token).is_ok_and(|token| token.is_claviger_shaped());
    let mut first: Option<(&[u8], Source)> = None;
    let mut seen: Option<&[u8]> = None;
    for (token, source) in tokens {
        match seen {
            // The usual request has one token: nothing is parsed for it here.
            None => seen = Some(token),
            Some(other) if other.trim_ascii() == token.trim_ascii() || !ours(token) => {}
            Some(other) if ours(other) => return Err(Conflict),
            Some(_) => seen = Some(token),
        }
        if first.is_none() && counts(source) {
            first = Some((token, source));
        }
    }
    Ok(first)
}

/// The tokens after a scheme, in any case (RFC 6750, RFC 9110 section 11.1).
fn after_scheme<'a>(
    headers: &'a (impl Headers + ?Sized),
    scheme: &'static [u8],
) -> impl Iterator<Item = &'a [u8]> {
    headers.all(&AUTHORIZATION).filter_map(move |value| {
        let (named, rest) = value.split_at_checked(scheme.len())?;
        named.eq_ignore_ascii_case(scheme).then_some(rest)
    })
}

/// The values of the parameter `apikey`. Its name is taken as it stands, never decoded: gateways that strip it do no more.
fn in_query(query: &str) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let values = query.split('&').filter_map(|pair| pair.strip_prefix("apikey="));
    values.map(|value| percent_encoding::percent_decode_str(value).into())
}

fn in_cookies<'a>(line: &'a [u8], name: &[u8]) -> impl Iterator<Item = &'a [u8]> {
    line.split(|byte| *byte == b';').filter_map(move |pair| {
        let (found, value) = pair.split_at_checked(pair.iter().position(|byte| *byte == b'=')?)?;
        (found.trim_ascii() == name).then(|| value[1..].trim_ascii())
    })
}

#[cfg(test)]
mod tests {
    use ::http::HeaderValue;

    use super::*;

    const ONE: &str = "sk_live_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const TWO: &str = "sk_live_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn found(sources: &[Source], headers: &[(&'static str, String)], query: &str) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).expect("a value"));
        }
        let places = Places {
            sources: sources.iter().copied().collect(),
            cookie: "sample".into(),
        };
        match at_door(&map, Some(query), &places) {
            Err(Conflict) => "conflict".to_owned(),
            Ok(None) => "none".to_owned(),
            Ok(Some((token, source))) => {
                format!(
                    "{} {}",
                    source.as_str(),
                    String::from_utf8_lossy(token.trim_ascii())
                )
            }
        }
    }

    #[test]
    fn the_first_way_that_counts_gives_the_token() {
        let usual = &Source::USUAL[..];
        let key = |value: &str| ("x-api-key", value.to_owned());
        let authorization = |value: &str| ("authorization", value.to_owned());
        let apikey = |value: &str| ("apikey", value.to_owned());
        for (headers, expected) in [
            (vec![], "none".to_owned()),
            (vec![key(ONE)], format!("header:X-API-Key {ONE}")),
            (
                vec![key(""), authorization(&format!("bEARER {ONE}"))],
                format!("bearer {ONE}"),
            ),
            (
                vec![authorization(&format!("oaApiKey {ONE}"))],
                format!("scheme:OAApiKey {ONE}"),
            ),
            (vec![authorization(&format!("Basic {ONE}"))], "none".to_owned()),
            (vec![apikey(ONE)], format!("header:apikey {ONE}")),
            (vec![apikey(ONE), key(ONE)], format!("header:X-API-Key {ONE}")),
            (
                vec![key(ONE), authorization("Bearer ey.foreign.token")],
                format!("header:X-API-Key {ONE}"),
            ),
            (
                vec![key(ONE), authorization(&format!("Bearer {TWO}"))],
                "conflict".to_owned(),
            ),
            (vec![key(ONE), key(TWO)], "conflict".to_owned()),
            (
                vec![
                    key("foreign"),
                    apikey(ONE),
                    authorization(&format!("Bearer {TWO}")),
                ],
                "conflict".to_owned(),
            ),
        ] {
            assert_eq!(
                found(usual, &headers, &format!("apikey={TWO}")),
                expected,
                "{headers:?}"
            );
        }
    }

    #[test]
    fn a_header_that_does_not_count_still_contradicts() {
        let headers = [
            ("x-api-key", ONE.to_owned()),
            ("authorization", format!("Bearer {TWO}")),
        ];
        assert_eq!(found(&[Source::Bearer], &headers, ""), "conflict");
        assert_eq!(found(&[Source::Apikey], &headers[..1], ""), "none");
    }

    #[test]
    fn query_and_cookie_are_looked_at_only_where_they_count() {
        let cookie = [("cookie", format!("a=b; sample={ONE}; c"))];
        let query = format!("x=1&apikey={ONE}&%61pikey={TWO}&APIKEY={TWO}");
        assert_eq!(found(&Source::USUAL, &cookie, &query), "none");
        assert_eq!(found(&[Source::Cookie], &cookie, &query), format!("cookie {ONE}"));
        assert_eq!(
            found(&[Source::Query], &[], &query),
            format!("query:apikey {ONE}")
        );
        assert_eq!(
            found(&[Source::Query], &[], &format!("apikey={ONE}&apikey={TWO}")),
            "conflict"
        );
        assert_eq!(found(&[Source::Query], &[], "apikey=a%2Bb"), "query:apikey a+b");
        let both = [Source::Query, Source::Cookie];
        assert_eq!(found(&both, &cookie, &format!("apikey={TWO}")), "conflict");
    }
}
