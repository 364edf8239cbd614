//! What people see of a token after it was made: enough to tell two keys apart, too little to guess one.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Presented, shape};
use crate::secret::Digest;

/// Characters that must stay hidden when a token made elsewhere is shown.
const HIDDEN: usize = 24;

/// The part of a token that may be shown, such as `sk_live_a1b2…t0uv`; it is stored in clear beside the digest.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DisplayForm(String);

impl DisplayForm {
    /// For a token of our shape: prefix, then the first and last four characters of the rest; [`super::TokenShape`] argues
    /// why that is safe. For any other: first and last four characters, or fewer if less than 24 would stay hidden.
    pub(super) fn of(token: &Presented<'_>) -> Self {
        let (lead, hidden) = if token.is_claviger_shaped() {
            let body = token.body();
            (&token.expose()[..token.expose().len() - body.len()], body)
        } else {
            ("", token.expose())
        };
        let shown = (hidden.len().saturating_sub(HIDDEN) / 2).min(shape::SHOWN / 2);
        let (first, last) = (&hidden[..shown], &hidden[hidden.len() - shown..]);
        Self(format!("{lead}{first}…{last}"))
    }

    /// For a secret of which only a SHA-256 hash is known: `sha256:` and eight hexadecimal digits of it.
    pub fn of_hash(digest: &Digest) -> Self {
        Self(format!("sha256:{}", digest.short()))
    }

    /// From the stored form.
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text to show.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DisplayForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
