//! What a client is told of its limits: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers) and
//! `Retry-After` (RFC 9110, section 10.2.3).

use std::fmt::Write as _;
use std::time::Duration;

/// Where one limit stands, as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing<'a> {
    /// What it is called: of the characters that a limit's name may have.
    pub name: &'a str,
    /// How many in a window.
    pub limit: u64,
    /// The window, where it has a length.
    pub window: Option<Duration>,
    /// How many are there.
    pub remaining: u64,
    /// In what time all of them are there again, where that is known.
    pub full_in: Option<Duration>,
}

/// Whole seconds, rounded up: after them it is certain.
fn seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

/// The value of `Retry-After`: whole seconds, rounded up, and at least one.
pub fn retry_after(wait: Duration) -> u64 {
    seconds(wait).max(1)
}

fn list<'a>(
    standings: impl Iterator<Item = Standing<'a>>,
    write: impl Fn(&mut String, Standing<'a>),
) -> String {
    // Room for two limits: it is written for every request.
    let mut text = String::with_capacity(64);
    for standing in standings {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push('"');
        text.push_str(standing.name);
        text.push('"');
        write(&mut text, standing);
    }
    text
}

/// The value of `RateLimit-Policy`, e.g. `"burst";q=100;w=60`; empty where there is no limit.
pub fn rate_limit_policy<'a>(standings: impl Iterator<Item = Standing<'a>>) -> String {
    list(standings, |text, standing| {
        // Writing to a String cannot fail.
        let _ = write!(text, ";q={}", standing.limit);
        if let Some(window) = standing.window {
            let _ = write!(text, ";w={}", window.as_secs());
        }
    })
}

/// The value of `RateLimit`, e.g. `"burst";r=50;t=30`; empty where there is no limit.
pub fn rate_limit<'a>(standings: impl Iterator<Item = Standing<'a>>) -> String {
    list(standings, |text, standing| {
        let _ = write!(text, ";r={}", standing.remaining);
        if let Some(full_in) = standing.full_in {
            let _ = write!(text, ";t={}", seconds(full_in));
        }
    })
}
