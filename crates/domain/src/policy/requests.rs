//! Which requests are kept one by one.

use serde::{Deserialize, Serialize};

/// Which requests are kept one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = LoggedRequests)]
#[serde(rename_all = "snake_case")]
pub enum Logged {
    /// Every refusal, and of accepted requests the first of each minute; the last hundred of each key.
    #[default]
    Sampled,
    /// All of them, for as long as `retention.access_log` says.
    All,
}

/// The log of recent requests.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = RequestsPolicy)]
#[serde(default, deny_unknown_fields)]
pub struct RequestsPolicy {
    /// Which requests are kept one by one.
    pub logged: Logged,
}
