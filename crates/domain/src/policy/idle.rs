//! What becomes of keys and service accounts that nobody uses.

use serde::{Deserialize, Serialize};

use crate::span::Span;

/// What becomes of keys and service accounts that nobody uses. Who was never used is idle since it was made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = IdlePolicy)]
#[serde(default, deny_unknown_fields)]
pub struct Idle {
    /// How long without a use until somebody is told.
    pub warn_after: Option<Span>,
    /// How long without a use until it is disabled.
    pub disable_after: Option<Span>,
}
