//! How long is kept what keys did.

use serde::{Deserialize, Serialize};

use crate::span::Span;

/// How long is kept what keys did, and what was done to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = RetentionPolicy)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Single requests.
    #[schema(example = "30d")]
    pub access_log: Span,
    /// Counts of requests.
    #[schema(example = "400d")]
    pub usage: Span,
    /// The audit log; for ever when it is not set.
    pub audit: Option<Span>,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            access_log: Span::days(30),
            usage: Span::days(400),
            audit: None,
        }
    }
}
