//! Under which prefixes tokens from elsewhere exist: these have no checksum of ours, and may be stored as SHA-256.

use std::collections::HashSet;

use domain::token::Presented;

/// Prefixes; `*` stands for any.
#[derive(Default)]
pub(crate) struct Foreign(HashSet<String>);

impl Foreign {
    pub(crate) fn new(prefixes: Vec<String>) -> Self {
        Self(prefixes.into_iter().collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this token may have been made elsewhere.
    pub(crate) fn admits(&self, presented: &Presented<'_>) -> bool {
        !self.is_empty() && (self.0.contains("*") || self.0.contains(presented.prefix()))
    }
}
