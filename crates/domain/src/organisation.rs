//! An organisation is a tenant: everything but an operator belongs to exactly one.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::OrganisationId;

/// Whether an organisation's keys are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrganisationStatus {
    /// Its keys are served.
    Active,
    /// None of its keys is accepted until it is active again.
    Suspended,
    /// None of its keys is accepted, for good.
    Closed,
}

impl OrganisationStatus {
    /// As it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Closed => "closed",
        }
    }

    /// Reads the stored form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Suspended, Self::Closed]
            .into_iter()
            .find(|s| s.as_str() == text)
    }
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Organisation {
    /// Its id, for life.
    pub id: OrganisationId,
    /// Unique in the installation; names it in headers and on the command line.
    #[schema(example = "sample-ltd")]
    pub slug: String,
    /// What people call it.
    #[schema(example = "Sample Ltd")]
    pub name: String,
    /// Whether its keys are served.
    pub status: OrganisationStatus,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A slug for a name: lower-case letters, digits and single hyphens, 1 to 40 characters; `organisation` when nothing is left.
pub fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() == 40 {
            break;
        }
    }
    let slug = slug.trim_matches('-');
    if slug.is_empty() {
        "organisation".to_owned()
    } else {
        slug.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::slug_of;

    #[test]
    fn a_slug_is_safe_in_a_header_and_on_a_command_line() {
        assert_eq!(slug_of("  Sample & Söhne GmbH! "), "sample-s-hne-gmbh");
        assert_eq!(slug_of("日本"), "organisation");
        assert_eq!(slug_of(&"x".repeat(90)).len(), 40);
    }
}
