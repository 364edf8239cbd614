//! Parameters that many routes take.

use ::http::{HeaderMap, header};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::Problem;
use crate::http::problem::Result;

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// Rows on the page; 50 when not said.
    #[param(minimum = 1, maximum = 500)]
    pub(super) limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the page before, for the same filters and order.
    pub(super) cursor: Option<String>,
}

/// For a handler that can be repeated safely.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "described here; the handler reads the header itself")]
pub(super) struct IdempotencyKey {
    /// 1 to 255 visible ASCII characters, remembered for a day: the same request again makes nothing anew.
    #[param(
        rename = "Idempotency-Key",
        required = false,
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]+$"
    )]
    idempotency_key: Option<String>,
}

/// For a handler that changes one version of a thing.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "described here; the handler reads the header itself")]
pub(super) struct IfMatch {
    /// The `ETag` of the version that is to be changed; any version without it.
    #[param(
        rename = "If-Match",
        required = false,
        example = "\"3\"",
        pattern = "^(\\*|\"[0-9]{1,18}\")$"
    )]
    if_match: Option<String>,
}

/// The version that `If-Match` names.
///
/// # Errors
/// When it is no `ETag` of ours.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<i64>> {
    match headers
        .get(header::IF_MATCH)
        .map(|value| value.to_str().unwrap_or_default())
    {
        None | Some("*") => Ok(None),
        Some(tag) => {
            let inner = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let digits = inner.filter(|inner| inner.bytes().all(|byte| byte.is_ascii_digit()));
            let version = digits.and_then(|digits| digits.parse().ok());
            version.map(Some).ok_or_else(|| {
                Problem::invalid("If-Match: expected the ETag of what is edited, such as \"3\"")
            })
        }
    }
}
