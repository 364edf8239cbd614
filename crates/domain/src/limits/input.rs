//! What people and programs say about limits, checked field by field.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{MAX_RATE, Period, Quota, QuotaError, Rate, RateError, RateLimit};
use crate::input::{self, FieldError};
use crate::policy::Zone;
use crate::schema::{LimitName, Window};
use crate::span::Span;

/// Rate limits of one key, one account or one organisation at the most, and of one question.
pub const MAX_LIMITS: usize = 16;
const MAX_NAME: usize = 64;

/// A rate limit as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRateLimit)]
pub struct RateLimitDraft {
    /// What it is called, once in a list.
    #[schema(value_type = LimitName)]
    pub name: String,
    /// How many in a window.
    #[schema(minimum = 1, maximum = 1_000_000_000, example = 100)]
    pub limit: u64,
    /// The window.
    #[schema(value_type = Window)]
    pub window: Span,
    /// How many at once; as many as the limit when not said.
    #[schema(minimum = 1, maximum = 1_000_000_000, example = 20)]
    pub burst: Option<u64>,
}

/// A quota as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewQuota)]
pub struct QuotaDraft {
    /// How many.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_u64, example = 10_000)]
    pub limit: u64,
    /// In what time.
    pub per: Period,
    /// Where its days and months begin; UTC when not said.
    #[serde(default)]
    #[schema(value_type = Option<Zone>)]
    pub timezone: Option<Zone>,
}

/// Checks what a limit is called. The characters are those that mean nothing in a header, a log line or a terminal.
///
/// # Errors
/// What is wrong with it.
pub fn check_name(name: &str) -> Result<(), String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._:@/-".contains(&b);
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(plain) {
        return Err(format!("1 to {MAX_NAME} ASCII letters, digits and . _ : @ / -"));
    }
    if name == "quota" {
        return Err("is what the quota is called in answers; choose another".to_owned());
    }
    Ok(())
}

/// Checks how much a request counts.
///
/// # Errors
/// What is wrong with it.
pub fn check_cost(cost: u64) -> Result<u64, String> {
    match (1..=MAX_RATE).contains(&cost) {
        true => Ok(cost),
        false => Err(format!("from 1 to {MAX_RATE}")),
    }
}

/// Checks a list of rate limits.
pub fn check_rate_limits(all: Vec<RateLimitDraft>, faults: &mut Vec<FieldError>) -> Vec<RateLimit> {
    if input::too_many("rate_limits", all.len(), MAX_LIMITS, faults) {
        return Vec::new();
    }
    let mut names = BTreeSet::new();
    let mut checked = Vec::with_capacity(all.len());
    for (i, draft) in all.into_iter().enumerate() {
        let mut fault = |field: &str, detail: String| {
            faults.push(FieldError::new(format!("rate_limits[{i}].{field}"), detail));
        };
        if let Err(detail) = check_name(&draft.name) {
            fault("name", detail);
        } else if !names.insert(draft.name.clone()) {
            fault("name", "is there twice".to_owned());
        }
        match Rate::new(draft.limit, draft.window, draft.burst) {
            Ok(rate) => checked.push(RateLimit {
                name: draft.name.into(),
                rate,
            }),
            Err(RateError::Limit) => fault("limit", format!("from 1 to {MAX_RATE}")),
            Err(RateError::Burst) => fault("burst", format!("from 1 to {MAX_RATE}")),
            Err(RateError::Window | RateError::Form) => fault("window", "from 1s to 366d".to_owned()),
        }
    }
    checked
}

/// Checks a quota.
pub fn check_quota(draft: QuotaDraft, faults: &mut Vec<FieldError>) -> Option<Quota> {
    let checked = Quota::new(draft.limit, draft.per, draft.timezone.unwrap_or_default());
    checked
        .map_err(|error| {
            let text = error.to_string();
            let detail = match error {
                QuotaError::Limit => text.trim_start_matches("limit: "),
                QuotaError::Form => &text,
            };
            faults.push(FieldError::new("quota.limit", detail));
        })
        .ok()
}
