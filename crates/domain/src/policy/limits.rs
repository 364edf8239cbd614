//! How much keys may be used that say nothing of it themselves.

use serde::{Deserialize, Serialize};

use crate::limits::{Quota, QuotaDraft, Rate};

/// How much keys may be used that have no limits of their own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsPolicy {
    /// The rate limit of each key that names none; where this is none, the installation's own default.
    pub default_rate: Option<Rate>,
    /// The quota of each key that has none.
    #[schema(value_type = Option<QuotaDraft>)]
    pub default_quota: Option<Quota>,
}
